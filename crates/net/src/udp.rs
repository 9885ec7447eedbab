//! Datagram sockets, each shared by all flows that use its local address and port.

#[cfg(target_os = "linux")]
mod undeliverable;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellbird_base::{FlowId, FlowInfo, Protocol};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::{self, Instant};

use crate::address::{local_address_towards, unspecified_like};
use crate::close::CloseReason;
use crate::flows::Outbound;
use crate::handle::{NetEvent, Shared};

/// Signalling's class of service, CS3 (RFC 4594 §4.2), in the upper six bits of the field.
pub(crate) const SIGNALLING_CLASS: u32 = 24 << 2;
/// The longest datagram there can be.
const MAX_DATAGRAM: usize = 65_535;
/// So many failures in a row are the end of a socket.
const MAX_FAILURES: u32 = 32;

/// A bound datagram socket and who is reached through it.
pub(crate) struct Endpoint {
    socket: UdpSocket,
    local: SocketAddr,
    peers: Mutex<HashMap<SocketAddr, Peer>>,
}

struct Peer {
    flow: FlowId,
    opened_by: OpenedBy,
    last_used: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OpenedBy {
    Us,
    Peer,
}

/// All bound datagram sockets.
#[derive(Default)]
pub(crate) struct UdpSockets(Mutex<Vec<Arc<Endpoint>>>);

impl UdpSockets {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<Endpoint>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket that sends from `source`: one bound to it before one bound to all addresses.
    fn sending_from(&self, source: SocketAddr) -> Option<Arc<Endpoint>> {
        let all = self.all();
        let exact = all.iter().find(|endpoint| endpoint.local.ip() == source.ip());
        let any = || all.iter().find(|endpoint| endpoint.local.ip() == unspecified_like(source));
        exact.or_else(any).map(Arc::clone)
    }
}

/// Opens a flow from the socket that suits, which is bound to a port of the system's choice if there is none yet.
pub(crate) fn connect(shared: &Arc<Shared>, flow: FlowId, remote: SocketAddr) {
    match open(shared, flow, remote) {
        Ok(info) => shared.report_now(NetEvent::Opened(flow, info)),
        Err(error) => shared.report_now(NetEvent::Closed(flow, CloseReason::from(&error))),
    }
}

fn open(shared: &Arc<Shared>, flow: FlowId, remote: SocketAddr) -> io::Result<FlowInfo> {
    let source = SocketAddr::new(local_address_towards(remote)?, 0);
    let endpoint = match shared.udp.sending_from(source) {
        Some(endpoint) => endpoint,
        None => bind(shared, SocketAddr::new(unspecified_like(remote), 0))?,
    };
    let peer = Peer { flow, opened_by: OpenedBy::Us, last_used: Instant::now() };
    let before = endpoint.peers().insert(remote, peer);
    let local = SocketAddr::new(source.ip(), endpoint.local.port());
    shared.flows.insert(flow, Outbound::Datagram(endpoint, remote));
    if let Some(Peer { flow: accepted, opened_by: OpenedBy::Peer, .. }) = before {
        // Its peer's datagrams come in on the new flow from now on.
        shared.end(accepted, CloseReason::Idle);
    }
    Ok(FlowInfo { protocol: Protocol::Udp, local, remote })
}

pub(crate) fn listen(shared: &Arc<Shared>, address: SocketAddr) -> io::Result<SocketAddr> {
    Ok(bind(shared, address)?.local)
}

fn bind(shared: &Arc<Shared>, address: SocketAddr) -> io::Result<Arc<Endpoint>> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    mark(&SockRef::from(&socket), address);
    #[cfg(target_os = "linux")]
    undeliverable::ask_for(&socket, address)?;
    let entered = shared.runtime().enter();
    let socket = UdpSocket::from_std(socket.into())?;
    drop(entered);
    let endpoint = Arc::new(Endpoint { local: socket.local_addr()?, socket, peers: Mutex::default() });
    shared.udp.all().push(Arc::clone(&endpoint));
    shared.spawn(receive(Arc::clone(shared), Arc::clone(&endpoint)));
    Ok(endpoint)
}

/// Asks routers to treat signalling as such. Some systems refuse that, and it goes on without.
pub(crate) fn mark(socket: &SockRef<'_>, address: SocketAddr) {
    let marked = match address {
        SocketAddr::V4(_) => socket.set_tos_v4(SIGNALLING_CLASS),
        #[cfg(unix)]
        SocketAddr::V6(_) => socket.set_tclass_v6(SIGNALLING_CLASS),
        #[cfg(not(unix))]
        SocketAddr::V6(_) => Ok(()),
    };
    if let Err(error) = marked {
        tracing::debug!("signalling goes unmarked: {error}");
    }
}

impl Endpoint {
    fn peers(&self) -> MutexGuard<'_, HashMap<SocketAddr, Peer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends now or drops: a datagram may get lost anyway.
    pub(crate) fn send(&self, remote: SocketAddr, payload: &[u8]) {
        if let Some(peer) = self.peers().get_mut(&remote) {
            peer.last_used = Instant::now();
        }
        // Past tokio, which would want to be polled first to know whether there is room.
        let (socket, address) = (SockRef::from(&self.socket), remote.into());
        let sent = socket.send_to(payload, &address).or_else(|error| {
            // An error that an earlier datagram came back with is told once, to whoever sends next.
            if is_icmp(&error) { socket.send_to(payload, &address) } else { Err(error) }
        });
        if let Err(error) = sent {
            tracing::debug!("a datagram of {} bytes was not sent: {error}", payload.len());
        }
    }

    /// Forgets a peer, unless it belongs to another flow by now.
    pub(crate) fn forget(&self, flow: FlowId, remote: SocketAddr) {
        let mut peers = self.peers();
        if peers.get(&remote).is_some_and(|peer| peer.flow == flow) {
            peers.remove(&remote);
        }
    }

    fn known(&self, remote: SocketAddr) -> Option<FlowId> {
        let mut peers = self.peers();
        let peer = peers.get_mut(&remote)?;
        peer.last_used = Instant::now();
        Some(peer.flow)
    }

    /// Takes those out that came by themselves and have been silent since `before`.
    fn take_idle(&self, before: Instant) -> Vec<FlowId> {
        let mut idle = Vec::new();
        self.peers().retain(|_, peer| {
            let stays = peer.opened_by == OpenedBy::Us || peer.last_used > before;
            if !stays {
                idle.push(peer.flow);
            }
            stays
        });
        idle
    }

    fn accepted(&self) -> usize {
        self.peers().values().filter(|peer| peer.opened_by == OpenedBy::Peer).count()
    }
}

async fn receive(shared: Arc<Shared>, endpoint: Arc<Endpoint>) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    let mut sweep = time::interval(shared.config.accepted_idle / 4);
    let mut failures = 0;
    while failures < MAX_FAILURES {
        tokio::select! {
            ready = endpoint.socket.ready(Interest::READABLE | INTEREST_IN_ERRORS) => {
                failures = if ready.is_ok() && drain(&shared, &endpoint, &mut buffer).await.is_ok() { 0 } else { failures + 1 };
            }
            _ = sweep.tick() => end_idle(&shared, &endpoint),
        }
    }
    give_up(&shared, &endpoint);
}

#[cfg(target_os = "linux")]
const INTEREST_IN_ERRORS: Interest = Interest::ERROR;
#[cfg(not(target_os = "linux"))]
const INTEREST_IN_ERRORS: Interest = Interest::READABLE;

/// Handles all that waits in the socket.
async fn drain(shared: &Arc<Shared>, endpoint: &Arc<Endpoint>, buffer: &mut [u8]) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    for (remote, reason) in undeliverable::read(&endpoint.socket) {
        came_back(shared, endpoint, remote, reason);
    }
    loop {
        match endpoint.socket.try_recv_from(buffer) {
            Ok((length, remote)) => {
                let payload = buffer.get(..length).unwrap_or_default();
                received(shared, endpoint, remote, payload).await;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if is_icmp(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn received(shared: &Arc<Shared>, endpoint: &Arc<Endpoint>, remote: SocketAddr, payload: &[u8]) {
    let flow = match endpoint.known(remote) {
        Some(flow) => flow,
        None => match accept(shared, endpoint, remote, payload).await {
            Some(flow) => flow,
            None => return,
        },
    };
    shared.report(NetEvent::Received(flow, payload.to_vec())).await;
}

/// A datagram from somebody unknown opens a flow, unless it says nothing or there are too many of them already.
async fn accept(shared: &Arc<Shared>, endpoint: &Arc<Endpoint>, remote: SocketAddr, payload: &[u8]) -> Option<FlowId> {
    let says_nothing = payload.iter().all(|&byte| byte == 0 || byte.is_ascii_whitespace());
    if says_nothing || endpoint.accepted() >= shared.config.max_accepted {
        return None;
    }
    let local = match endpoint.local.ip() {
        ip if ip.is_unspecified() => local_address_towards(remote).ok()?,
        ip => ip,
    };
    let flow = shared.flows.next_accepted();
    let info = FlowInfo { protocol: Protocol::Udp, local: SocketAddr::new(local, endpoint.local.port()), remote };
    endpoint.peers().insert(remote, Peer { flow, opened_by: OpenedBy::Peer, last_used: Instant::now() });
    shared.flows.insert(flow, Outbound::Datagram(Arc::clone(endpoint), remote));
    shared.report(NetEvent::Opened(flow, info)).await;
    Some(flow)
}

#[cfg(target_os = "linux")]
fn came_back(shared: &Arc<Shared>, endpoint: &Arc<Endpoint>, remote: SocketAddr, reason: CloseReason) {
    let peer = endpoint.peers().remove(&remote);
    if let Some(peer) = peer {
        shared.end(peer.flow, reason);
    }
}

fn end_idle(shared: &Arc<Shared>, endpoint: &Arc<Endpoint>) {
    let Some(before) = Instant::now().checked_sub(shared.config.accepted_idle) else { return };
    for flow in endpoint.take_idle(before) {
        shared.end(flow, CloseReason::Idle);
    }
}

fn give_up(shared: &Arc<Shared>, endpoint: &Arc<Endpoint>) {
    shared.udp.all().retain(|other| !Arc::ptr_eq(other, endpoint));
    let peers = std::mem::take(&mut *endpoint.peers());
    for peer in peers.into_values() {
        shared.end(peer.flow, CloseReason::Broken(io::ErrorKind::Other));
    }
}

fn is_icmp(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
    )
}
