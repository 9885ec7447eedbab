//! Waiting for peers that connect.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bellbird_base::{Duration, FlowId, FlowInfo, Protocol};
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time;
use tokio_rustls::TlsAcceptor;

use crate::flows::{Outbound, Pending, Queue};
use crate::handle::{ListenError, NetEvent, Shared};
use crate::stream::{self, Over, Stream, carry, within};
use crate::{tls, websocket};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 128;
/// How long to wait when the system has no more room for connections.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) fn listen(shared: &Arc<Shared>, protocol: Protocol, address: SocketAddr) -> Result<SocketAddr, ListenError> {
    let acceptor = match (protocol.is_secure(), &shared.config.identity) {
        (false, _) => None,
        (true, Some(identity)) => Some(tls::acceptor(identity).map_err(ListenError::Identity)?),
        (true, None) => return Err(ListenError::NoIdentity),
    };
    let listener = bind(shared, address)?;
    let local = listener.local_addr()?;
    shared.spawn(accept_all(Arc::clone(shared), listener, protocol, acceptor));
    Ok(local)
}

fn bind(shared: &Shared, address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows the same option would let another program take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let _entered = shared.runtime().enter();
    TcpListener::from_std(socket.into())
}

async fn accept_all(shared: Arc<Shared>, listener: TcpListener, protocol: Protocol, acceptor: Option<TlsAcceptor>) {
    let room = Arc::new(Semaphore::new(shared.config.max_accepted));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, remote)) => {
                let (task, acceptor) = (Arc::clone(&shared), acceptor.clone());
                shared.spawn(async move {
                    serve(task, protocol, acceptor, stream, remote).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(
    shared: Arc<Shared>,
    protocol: Protocol,
    acceptor: Option<TlsAcceptor>,
    tcp: TcpStream,
    remote: SocketAddr,
) {
    let Ok(local) = tcp.local_addr() else { return };
    stream::tune(&tcp, remote);
    let info = FlowInfo { protocol, local, remote };
    match acceptor {
        None => hand_over(&shared, info, tcp).await,
        Some(acceptor) => {
            let handshake = time::timeout(shared.config.handshake_timeout, tls::accept(&acceptor, tcp)).await;
            match handshake {
                Ok(Ok(stream)) => Box::pin(hand_over(&shared, info, stream)).await,
                Ok(Err(reason)) => tracing::debug!("a client's TLS handshake failed: {reason}"),
                Err(_) => tracing::debug!("a client's TLS handshake took too long"),
            }
        }
    }
}

/// Opens the flow and carries it until it ends.
async fn hand_over(shared: &Shared, info: FlowInfo, stream: impl Stream) {
    let (queue, mut pending) = Queue::new(shared.config.max_queued);
    let flow = shared.flows.next_accepted();
    let over = if websocket::carries(info.protocol) {
        match within(shared, &mut pending, websocket::accept(shared, stream)).await {
            Ok(socket) => {
                open(shared, flow, info, queue).await;
                websocket::carry(shared, flow, socket, &mut pending).await
            }
            Err(_) => return,
        }
    } else {
        open(shared, flow, info, queue).await;
        plain(shared, flow, stream, &mut pending).await
    };
    stream::tell(shared, flow, over);
}

async fn plain(shared: &Shared, flow: FlowId, stream: impl Stream, pending: &mut Pending) -> Over {
    carry(shared, flow, stream, pending).await
}

async fn open(shared: &Shared, flow: FlowId, info: FlowInfo, queue: Queue) {
    shared.flows.insert(flow, Outbound::Queue(queue));
    shared.report(NetEvent::Opened(flow, info)).await;
}
