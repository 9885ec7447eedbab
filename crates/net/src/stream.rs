//! Connections: from the first packet to the last byte.
//!
//! ```text
//! race → TCP ─┬──────────────────────────────► carry bytes
//!             ├─ TLS handshake ──────────────► carry bytes
//!             └─ (TLS) WebSocket handshake ──► carry messages
//! ```

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bellbird_base::{Duration, FlowId, FlowInfo, Protocol, Remote};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time;

use crate::close::CloseReason;
use crate::flows::Pending;
use crate::handle::{NetEvent, Shared};
use crate::{race, udp, websocket};

/// How much is read at once.
const READ_SIZE: usize = 16 * 1024;
/// How long a peer may take to make room for what is sent to it.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// How long the end of a connection may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// A stream of bytes in both directions, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Why a connection is over: by our wish, or for a reason that is to be told.
pub(crate) enum Over {
    /// [`crate::NetHandle::close`] was called.
    Ours,
    /// Else.
    Because(CloseReason),
}

impl<E> From<E> for Over
where
    CloseReason: From<E>,
{
    fn from(error: E) -> Self {
        Self::Because(CloseReason::from(error))
    }
}

/// Connects a flow and carries it until it ends.
pub(crate) async fn connect(shared: Arc<Shared>, flow: FlowId, remote: Remote, mut pending: Pending) {
    let connected = tokio::select! {
        connected = dial(&shared, &remote) => connected,
        () = pending.closed() => return,
    };
    let over = match connected {
        Ok((stream, info)) => Box::pin(shake_hands(&shared, flow, &remote, stream, info, &mut pending)).await,
        Err(error) => Over::from(&error),
    };
    tell(&shared, flow, over);
}

/// Says that a flow is over, unless it was our wish.
pub(crate) fn tell(shared: &Shared, flow: FlowId, over: Over) {
    match over {
        Over::Ours => drop(shared.flows.remove(flow)),
        Over::Because(reason) => shared.end(flow, reason),
    }
}

async fn dial(shared: &Shared, remote: &Remote) -> io::Result<(TcpStream, FlowInfo)> {
    let addresses = shared.resolver.siblings().of(remote);
    let stream = race::connect(&addresses, shared.config.connect_timeout).await?;
    let (local, address) = (stream.local_addr()?, stream.peer_addr()?);
    tune(&stream, address);
    Ok((stream, FlowInfo { protocol: remote.protocol, local, remote: address }))
}

/// Small messages leave at once; a peer that vanished is noticed.
pub(crate) fn tune(stream: &TcpStream, remote: SocketAddr) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(30)).with_interval(Duration::from_secs(10));
    #[cfg(target_os = "linux")]
    let unanswered = socket.set_tcp_user_timeout(Some(WRITE_PATIENCE));
    #[cfg(not(target_os = "linux"))]
    let unanswered = Ok(());
    for outcome in [stream.set_nodelay(true), socket.set_tcp_keepalive(&keepalive), unanswered] {
        if let Err(error) = outcome {
            tracing::debug!("a connection could not be tuned: {error}");
        }
    }
    udp::mark(&socket, remote);
}

async fn shake_hands(
    shared: &Shared,
    flow: FlowId,
    remote: &Remote,
    tcp: TcpStream,
    info: FlowInfo,
    pending: &mut Pending,
) -> Over {
    let opened = || shared.report(NetEvent::Opened(flow, info));
    let name = &remote.server_name;
    match remote.protocol {
        Protocol::Udp | Protocol::Tcp => {
            opened().await;
            carry(shared, flow, tcp, pending).await
        }
        Protocol::Tls => match within(shared, pending, shared.tls.connect(name, tcp)).await {
            Ok(stream) => {
                opened().await;
                carry(shared, flow, stream, pending).await
            }
            Err(over) => over,
        },
        Protocol::Ws => match within(shared, pending, websocket::connect(shared, remote, tcp)).await {
            Ok(socket) => {
                opened().await;
                websocket::carry(shared, flow, socket, pending).await
            }
            Err(over) => over,
        },
        Protocol::Wss => {
            let handshakes = async {
                let stream = shared.tls.connect(name, tcp).await?;
                websocket::connect(shared, remote, stream).await
            };
            match within(shared, pending, Box::pin(handshakes)).await {
                Ok(socket) => {
                    opened().await;
                    websocket::carry(shared, flow, socket, pending).await
                }
                Err(over) => over,
            }
        }
    }
}

/// Waits for a handshake, but neither for ever nor for a flow that nobody wants any more.
pub(crate) async fn within<T>(
    shared: &Shared,
    pending: &mut Pending,
    handshake: impl Future<Output = Result<T, CloseReason>>,
) -> Result<T, Over> {
    tokio::select! {
        outcome = time::timeout(shared.config.handshake_timeout, handshake) => match outcome {
            Ok(outcome) => outcome.map_err(Over::Because),
            Err(_) => Err(Over::Because(CloseReason::TimedOut)),
        },
        () = pending.closed() => Err(Over::Ours),
    }
}

/// Carries bytes both ways until one direction ends.
pub(crate) async fn carry(shared: &Shared, flow: FlowId, stream: impl Stream, pending: &mut Pending) -> Over {
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        reason = read(shared, flow, reader) => Over::Because(reason),
        over = write(writer, pending) => over,
    }
}

async fn read(shared: &Shared, flow: FlowId, mut reader: impl AsyncRead + Unpin) -> CloseReason {
    let mut buffer = vec![0; READ_SIZE];
    loop {
        match reader.read(&mut buffer).await {
            Ok(0) => return CloseReason::PeerClosed,
            Ok(length) => {
                let piece = buffer.get(..length).unwrap_or_default().to_vec();
                shared.report(NetEvent::Received(flow, piece)).await;
            }
            // A peer that hangs up without TLS's farewell is common, and SIP frames its messages itself.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return CloseReason::PeerClosed,
            Err(error) => return CloseReason::from(&error),
        }
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, pending: &mut Pending) -> Over {
    while let Some(payload) = pending.next().await {
        let written = time::timeout(WRITE_PATIENCE, write_all(&mut writer, payload, pending)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Over::from(&error),
            Err(_) => return Over::Because(CloseReason::TimedOut),
        }
    }
    // The flow is closed whether the peer takes the farewell or not.
    time::timeout(CLOSE_PATIENCE, writer.shutdown()).await.ok();
    Over::Ours
}

/// Writes what waits, and flushes once.
async fn write_all(writer: &mut (impl AsyncWrite + Unpin), first: Vec<u8>, pending: &mut Pending) -> io::Result<()> {
    let mut next = Some(first);
    while let Some(payload) = next {
        writer.write_all(&payload).await?;
        next = pending.more();
    }
    writer.flush().await
}
