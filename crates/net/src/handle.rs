use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bellbird_base::{FlowId, FlowInfo, Protocol, Remote, Transmit};
use bellbird_sip::agent::{Question, ResolveFailure};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::close::CloseReason;
use crate::config::{NetConfig, Pin};
use crate::flows::{Flows, Outbound, Queue};
use crate::listen;
use crate::resolve::Resolver;
use crate::stream;
use crate::tls::Tls;
use crate::udp::{self, UdpSockets};
use crate::watch as network;

/// How many events may wait for their reader before the peers' bytes stay in the system's buffers.
const EVENTS: usize = 4_096;

/// What the network says.
#[derive(Debug)]
pub enum NetEvent {
    /// A flow that was asked for is open, or a peer opened one.
    Opened(FlowId, FlowInfo),
    /// A flow ended or could not be opened. Never said of one that was closed with [`NetHandle::close`].
    Closed(FlowId, CloseReason),
    /// A datagram, a WebSocket message, or a piece of a stream as it was read.
    Received(FlowId, Vec<u8>),
    /// The answer to [`NetHandle::resolve`], best first.
    Resolved(u64, Result<Vec<Remote>, ResolveFailure>),
    /// Addresses or routes changed: open flows may be dead, and new ones may go another way.
    NetworkChanged,
    /// The machine slept, or stood still, for more than 5 s.
    Resumed,
}

/// Why a socket could not be opened to listen on.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The system refused.
    #[error("can't listen there: {0}")]
    Socket(#[from] io::Error),
    /// TLS needs a certificate and a key of ours.
    #[error("listening with TLS needs a certificate and its key")]
    NoIdentity,
    /// The certificate or its key can't be used.
    #[error("the certificate can't be used to listen with TLS: {0}")]
    Identity(rustls::Error),
}

/// The way to the network, from any thread. No method blocks. The network is left when the last clone is dropped.
#[derive(Clone)]
pub struct NetHandle {
    shared: Arc<Shared>,
    _running: Arc<watch::Sender<()>>,
}

/// What handle and tasks have in common.
pub(crate) struct Shared {
    pub(crate) config: NetConfig,
    pub(crate) flows: Flows,
    pub(crate) udp: UdpSockets,
    pub(crate) tls: Tls,
    pub(crate) resolver: Resolver,
    events: mpsc::Sender<NetEvent>,
    runtime: Handle,
    stopped: watch::Receiver<()>,
}

impl NetHandle {
    /// Starts on the tokio runtime that this is called in; it needs I/O and time enabled.
    pub fn start(config: NetConfig) -> (Self, mpsc::Receiver<NetEvent>) {
        let (events, receiver) = mpsc::channel(EVENTS);
        let (running, stopped) = watch::channel(());
        let shared = Arc::new(Shared {
            tls: Tls::new(config.trust.clone()),
            resolver: Resolver::new(config.dns.clone()),
            config,
            flows: Flows::new(),
            udp: UdpSockets::default(),
            events,
            runtime: Handle::current(),
            stopped,
        });
        if shared.config.watch {
            network::start(&shared);
        }
        (Self { shared, _running: Arc::new(running) }, receiver)
    }

    /// Opens a flow; [`NetEvent::Opened`] or [`NetEvent::Closed`] follows. Over UDP it opens at once. Over the others the
    /// addresses that were found for the same host race each other (RFC 8305).
    pub fn connect(&self, flow: FlowId, remote: Remote) {
        match remote.protocol {
            Protocol::Udp => udp::connect(&self.shared, flow, remote.address),
            Protocol::Tcp | Protocol::Tls | Protocol::Ws | Protocol::Wss => {
                let (queue, pending) = Queue::new(self.shared.config.max_queued);
                self.shared.flows.insert(flow, Outbound::Queue(queue));
                self.shared.spawn(stream::connect(Arc::clone(&self.shared), flow, remote, pending));
            }
        }
    }

    /// Lets one authority alone vouch for some servers, from the next connection to them on; without a pin again those that
    /// are believed anyway.
    pub fn pin(&self, pin: Option<Pin>) {
        self.shared.tls.pin(pin);
    }

    /// Sends bytes. Those for a flow that is not there are dropped, and so are datagrams that the system has no room for.
    pub fn send(&self, transmit: Transmit) {
        let Transmit { flow, payload } = transmit;
        let outcome = match self.shared.flows.table().get(&flow) {
            Some(Outbound::Datagram(endpoint, remote)) => {
                endpoint.send(*remote, &payload);
                Ok(())
            }
            Some(Outbound::Queue(queue)) => queue.push(payload),
            None => Ok(()),
        };
        if outcome.is_err() {
            self.shared.end(flow, CloseReason::Overrun);
        }
    }

    /// Closes a flow once its queued bytes are sent. Nothing is said of it any more, except what was under way already.
    pub fn close(&self, flow: FlowId) {
        if let Some(Outbound::Datagram(endpoint, remote)) = self.shared.flows.remove(flow) {
            endpoint.forget(flow, remote);
        }
    }

    /// Listens, and says where: the port is the system's choice if it was 0. Peers that come are [`NetEvent::Opened`].
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn listen(&self, protocol: Protocol, address: SocketAddr) -> Result<SocketAddr, ListenError> {
        let shared = &self.shared;
        match protocol {
            Protocol::Udp => Ok(udp::listen(shared, address)?),
            Protocol::Tcp | Protocol::Tls | Protocol::Ws | Protocol::Wss => listen::listen(shared, protocol, address),
        }
    }

    /// Asks where a domain's servers are (RFC 3263); [`NetEvent::Resolved`] with the same number follows within 6 s.
    pub fn resolve(&self, number: u64, question: Question) {
        let shared = Arc::clone(&self.shared);
        self.shared.spawn(async move {
            let answer = shared.resolver.resolve(question).await;
            shared.report(NetEvent::Resolved(number, answer)).await;
        });
    }
}

impl Shared {
    /// Runs a task until the last handle is gone.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stopped.clone();
        self.runtime.spawn(async move {
            tokio::select! {
                _ = stopped.changed() => {}
                () = task => {}
            }
        });
    }

    /// The runtime, for sockets that register themselves with it.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Says something, waiting while too much is unheard.
    pub(crate) async fn report(&self, event: NetEvent) {
        // Whoever dropped the receiver does not want to hear.
        self.events.send(event).await.ok();
    }

    /// Says something from where nothing can be awaited.
    pub(crate) fn report_now(&self, event: NetEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            let events = self.events.clone();
            self.spawn(async move {
                events.send(event).await.ok();
            });
        }
    }

    /// Takes a flow out of the table and says why, unless we closed it before.
    pub(crate) fn end(&self, flow: FlowId, reason: CloseReason) {
        if self.flows.remove(flow).is_some() {
            tracing::debug!(?flow, %reason, "flow ended");
            self.report_now(NetEvent::Closed(flow, reason));
        }
    }
}
