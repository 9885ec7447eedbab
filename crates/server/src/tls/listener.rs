//! The API's socket, with TLS or without.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How long a client may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Clients that shake hands at once: who waits longer in the system's queue harms nobody.
const HANDSHAKES: usize = 512;
/// How long to wait when the system has no more room for connections.
const PAUSE: Duration = Duration::from_millis(100);

/// Who connected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A connection, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Accepted = (Box<dyn Stream>, SocketAddr);

/// Connections that are ready to be served. Its task ends with it.
pub(crate) struct Listener {
    accepted: mpsc::Receiver<Accepted>,
    local: SocketAddr,
    task: tokio::task::AbortHandle,
}

impl Listener {
    /// Listens; with TLS where there is something to show.
    pub(crate) async fn bind(address: SocketAddr, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        let (ready, accepted) = mpsc::channel(64);
        let task = tokio::spawn(accept_all(listener, tls, ready)).abort_handle();
        Ok(Self { accepted, local, task })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl axum::serve::Listener for Listener {
    type Io = Box<dyn Stream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            // The task ends with the listener only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}

async fn accept_all(listener: TcpListener, tls: Option<TlsAcceptor>, ready: mpsc::Sender<Accepted>) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (tls, ready) = (tls.clone(), ready.clone());
                tokio::spawn(async move {
                    if let Some(stream) = shake_hands(tls, stream).await {
                        // At the end nobody takes it.
                        ready.send((stream, peer)).await.ok();
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

/// One slow client keeps nobody else waiting.
async fn shake_hands(tls: Option<TlsAcceptor>, stream: TcpStream) -> Option<Box<dyn Stream>> {
    stream.set_nodelay(true).ok();
    let Some(tls) = tls else { return Some(Box::new(stream)) };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!("a client's TLS handshake failed: {error}");
            None
        }
        Err(_) => {
            tracing::debug!("a client's TLS handshake took too long");
            None
        }
    }
}
