use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Duration, FlowId, FlowInfo, Instant, Protocol, Remote};

use super::RequestId;
use crate::framing::StreamFramer;

/// How long a flow that nobody asks to keep stays open without traffic.
const IDLE: Duration = Duration::from_secs(120);
/// How long a pong may take before the flow counts as dead (RFC 5626 §4.4.1).
const PONG_PATIENCE: Duration = Duration::from_secs(10);
/// How long a message on a stream may take from its first byte to its last. Who dribbles holds what a real peer needs.
const MESSAGE_PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection attempt may take before the next target is tried, whatever the driver thinks.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// All flows, those that we opened and those that peers did.
#[derive(Debug, Default)]
pub(super) struct Flows {
    flows: BTreeMap<FlowId, Flow>,
    /// How many of them peers opened.
    theirs: usize,
    last: u64,
}

/// One flow.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) state: FlowState,
    /// Where we connected to; nothing for flows that a peer opened.
    pub(super) remote: Option<Remote>,
    pub(super) framer: StreamFramer,
    /// Our address as the peer sees it (`received` and `rport`), once a response told.
    pub(super) seen_as: Option<SocketAddr>,
    keep_alive: KeepAlive,
    last_traffic: Instant,
    /// Since when a message is under way.
    unfinished: Option<Instant>,
}

/// ```text
///            FlowOpened          FlowClosed
/// Connecting ──────────► Open ──────────────► forgotten
///     └── FlowClosed, no connection in time ──────▲
/// ```
#[derive(Debug)]
pub(super) enum FlowState {
    /// The driver was asked to connect; these requests wait for it.
    Connecting { waiting: Vec<RequestId>, give_up: Instant },
    /// Ready.
    Open(FlowInfo),
}

#[derive(Debug, Default)]
enum KeepAlive {
    /// Nobody needs it: the flow is closed when it is idle.
    #[default]
    Off,
    /// A ping is due then.
    Ping { interval: Duration, at: Instant, peer_pongs: bool },
    /// A ping is out. Only a peer that answered one before is held to it.
    AwaitPong { interval: Duration, give_up: Instant },
}

/// What a flow's timer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowStep {
    Nothing,
    /// Send a CRLF ping.
    Ping,
    /// The peer is gone, or did not accept the connection in time.
    Dead,
    /// Nobody uses it.
    Idle,
}

impl Flows {
    pub(super) fn get(&self, id: FlowId) -> Option<&Flow> {
        self.flows.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: FlowId) -> Option<&mut Flow> {
        self.flows.get_mut(&id)
    }

    /// What is known about a flow, if it is open.
    pub(super) fn info(&self, id: FlowId) -> Option<FlowInfo> {
        self.flows.get(&id)?.info()
    }

    pub(super) fn ids(&self) -> Vec<FlowId> {
        self.flows.keys().copied().collect()
    }

    /// A flow to this target that is open or being opened.
    pub(super) fn find(&self, remote: &Remote) -> Option<FlowId> {
        let matches = |flow: &Flow| match (&flow.remote, &flow.state) {
            (Some(known), _) => leads_to(known, remote),
            // A connection that the peer opened serves its address as well (RFC 5923), and any datagram flow does. One
            // that is encrypted does not: nobody checked the peer's name.
            (None, FlowState::Open(info)) => {
                info.protocol == remote.protocol && info.remote == remote.address && !info.protocol.is_secure()
            }
            (None, FlowState::Connecting { .. }) => false,
        };
        self.flows.iter().find(|(_, flow)| matches(flow)).map(|(id, _)| *id)
    }

    /// An open flow to this address, whoever opened it.
    pub(super) fn find_open(&self, protocol: Protocol, address: SocketAddr) -> Option<FlowId> {
        let matches = |info: FlowInfo| info.protocol == protocol && info.remote == address;
        self.flows.iter().find(|(_, flow)| flow.info().is_some_and(matches)).map(|(id, _)| *id)
    }

    /// Names a new flow that the driver will be asked to connect.
    pub(super) fn start(&mut self, now: Instant, remote: Remote, request: RequestId) -> FlowId {
        self.last += 1;
        let id = FlowId(self.last);
        let state = FlowState::Connecting { waiting: vec![request], give_up: now + CONNECT_PATIENCE };
        self.flows.insert(id, Flow::new(now, state, Some(remote)));
        id
    }

    /// The driver opened a flow, or a peer did; gives the requests that waited for it.
    pub(super) fn opened(&mut self, now: Instant, id: FlowId, info: FlowInfo) -> Vec<RequestId> {
        let theirs = &mut self.theirs;
        let flow = self.flows.entry(id).or_insert_with(|| {
            *theirs += 1;
            Flow::new(now, FlowState::Open(info), None)
        });
        flow.last_traffic = now;
        match core::mem::replace(&mut flow.state, FlowState::Open(info)) {
            FlowState::Connecting { waiting, .. } => waiting,
            FlowState::Open(_) => Vec::new(),
        }
    }

    /// A request waits no longer for its flow to open; gives that flow.
    pub(super) fn stop_waiting(&mut self, request: RequestId) -> Option<&Flow> {
        self.flows.values_mut().find_map(|flow| {
            let FlowState::Connecting { waiting, .. } = &mut flow.state else { return None };
            let position = waiting.iter().position(|known| *known == request)?;
            waiting.remove(position);
            Some(&*flow)
        })
    }

    pub(super) fn remove(&mut self, id: FlowId) -> Option<Flow> {
        let flow = self.flows.remove(&id)?;
        self.theirs -= usize::from(flow.remote.is_none());
        Some(flow)
    }

    /// The flow that a peer opened and that was silent for the longest time, where there are more than `limit`.
    pub(super) fn surplus(&self, limit: usize) -> Option<FlowId> {
        if self.theirs <= limit {
            return None;
        }
        let theirs = self.flows.iter().filter(|(_, flow)| flow.remote.is_none());
        theirs.min_by_key(|(id, flow)| (flow.last_traffic, **id)).map(|(id, _)| *id)
    }
}

/// Whether a flow to `known` is as good as one to `wanted`. The name matters where a certificate was checked for it.
fn leads_to(known: &Remote, wanted: &Remote) -> bool {
    let same_path = (known.protocol, known.address, &known.path) == (wanted.protocol, wanted.address, &wanted.path);
    same_path && (!known.protocol.is_secure() || known.server_name == wanted.server_name)
}

impl Flow {
    fn new(now: Instant, state: FlowState, remote: Option<Remote>) -> Self {
        let framer = StreamFramer::new();
        Self { state, remote, framer, seen_as: None, keep_alive: KeepAlive::Off, last_traffic: now, unfinished: None }
    }

    pub(super) fn info(&self) -> Option<FlowInfo> {
        match &self.state {
            FlowState::Open(info) => Some(*info),
            FlowState::Connecting { .. } => None,
        }
    }

    /// Our host and port as the peer can reach them over this flow.
    pub(super) fn contact_address(&self) -> Option<SocketAddr> {
        Some(self.seen_as.unwrap_or(self.info()?.local))
    }

    /// A response's Via told how the peer sees us. Gives whether that is news.
    pub(super) fn learn(&mut self, received: Option<IpAddr>, rport: Option<u16>) -> bool {
        let Some(info) = self.info() else { return false };
        let known = self.seen_as.unwrap_or(info.local);
        let seen = SocketAddr::new(received.unwrap_or(known.ip()), rport.unwrap_or(known.port()));
        self.seen_as = Some(seen);
        seen != known
    }

    pub(super) fn touch(&mut self, now: Instant) {
        self.last_traffic = now;
    }

    /// Pings from now on, every `interval`; `None` stops that.
    pub(super) fn keep_alive(&mut self, now: Instant, interval: Option<Duration>) {
        // Whoever does not need it any more starts its idle time.
        self.touch(now);
        self.keep_alive = match (interval, &self.keep_alive) {
            (None, _) => KeepAlive::Off,
            (Some(interval), KeepAlive::Off) => KeepAlive::Ping { interval, at: now + interval, peer_pongs: false },
            (Some(interval), KeepAlive::Ping { at, peer_pongs, .. }) => {
                KeepAlive::Ping { interval, at: (*at).min(now + interval), peer_pongs: *peer_pongs }
            }
            (Some(interval), KeepAlive::AwaitPong { give_up, .. }) => {
                KeepAlive::AwaitPong { interval, give_up: *give_up }
            }
        };
    }

    /// A pong, or anything else, came in: the peer lives.
    pub(super) fn alive(&mut self, now: Instant, pong: bool) {
        self.touch(now);
        match &mut self.keep_alive {
            KeepAlive::AwaitPong { interval, .. } => {
                let interval = *interval;
                self.keep_alive = KeepAlive::Ping { interval, at: now + interval, peer_pongs: true };
            }
            KeepAlive::Ping { peer_pongs, .. } => *peer_pongs |= pong,
            KeepAlive::Off => {}
        }
    }

    /// Notes whether bytes of a message are held back that is not whole; `news`: one was finished just now.
    pub(super) fn note_unfinished(&mut self, now: Instant, news: bool) {
        let since = self.unfinished.filter(|_| !news).unwrap_or(now);
        self.unfinished = (self.framer.pending() > 0).then_some(since);
    }

    fn is_too_slow(&self, now: Instant) -> bool {
        self.unfinished.is_some_and(|since| now - since >= MESSAGE_PATIENCE)
    }

    pub(super) fn deadline(&self) -> Instant {
        let unfinished = self.unfinished.map_or(Instant::FAR_FUTURE, |since| since + MESSAGE_PATIENCE);
        self.next_look().min(unfinished)
    }

    fn next_look(&self) -> Instant {
        match (&self.state, &self.keep_alive) {
            (FlowState::Connecting { give_up, .. }, _) => *give_up,
            (FlowState::Open(_), KeepAlive::Off) => self.last_traffic + IDLE,
            (FlowState::Open(_), KeepAlive::Ping { at, .. }) => *at,
            (FlowState::Open(_), KeepAlive::AwaitPong { give_up, .. }) => *give_up,
        }
    }

    pub(super) fn fire(&mut self, now: Instant) -> FlowStep {
        if self.deadline() > now {
            return FlowStep::Nothing;
        }
        if self.is_too_slow(now) {
            return FlowStep::Dead;
        }
        match (&self.state, &self.keep_alive) {
            (FlowState::Connecting { .. }, _) | (FlowState::Open(_), KeepAlive::AwaitPong { .. }) => FlowStep::Dead,
            (FlowState::Open(_), KeepAlive::Off) => FlowStep::Idle,
            (FlowState::Open(info), KeepAlive::Ping { interval, peer_pongs, .. }) => {
                self.keep_alive = if *peer_pongs && info.protocol.is_stream() {
                    KeepAlive::AwaitPong { interval: *interval, give_up: now + PONG_PATIENCE }
                } else {
                    KeepAlive::Ping { interval: *interval, at: now + *interval, peer_pongs: *peer_pongs }
                };
                FlowStep::Ping
            }
        }
    }

    /// Whether a ping of four bytes means anything on this flow; WebSocket has pings of its own.
    pub(super) fn pings(protocol: Protocol) -> bool {
        !matches!(protocol, Protocol::Ws | Protocol::Wss)
    }
}
