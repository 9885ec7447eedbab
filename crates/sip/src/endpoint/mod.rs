//! Transactions on flows: what lies between messages and whoever uses them.
//!
//! An [`Endpoint`] finds the way to a server (as questions to the driver), opens and keeps flows, runs the transactions
//! of [`transaction`](crate::transaction) over them and matches what comes in. It knows no dialog and no call. The user
//! agent stands on it, and so can a registrar or a B2BUA.
//!
//! ```text
//! send ──► Pending ── Resolve ──► targets ── Connect ──► flow ──► client transaction ──► Arrival::Response
//!             ▲                      └── next target after time-out, broken flow, 503 ◄──────┤
//!             └── Failed: no target is left ◄────────────────────────────────────────────────┘
//! receive ──► Arrival::Request ──► server transaction ◄── respond
//! ```

mod client;
mod deadlines;
mod flows;
mod route;
mod server;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use bellbird_base::{Duration, FlowId, FlowInfo, Instant, Remote, Rng, Transmit};

use crate::agent::{FlowEnd, Limits, Question, ResolveFailure, ResolveId, Timers};
use crate::message::{Address, Message, Request};
use crate::status::StatusCode;
use crate::uri::Uri;

pub(crate) use deadlines::Deadlines;
pub use route::Route;
pub(crate) use route::WayBack;

use client::{Client, ClientKey, Pending};
use flows::{Flow, FlowStep, Flows};
use server::Server;

/// A name for one request that we send, over all its targets and challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

/// A name for one request that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(u64);

/// A request to send.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Everything but Via, and Contact where `contact` says how to make it.
    pub request: Request,
    /// Where it goes.
    pub route: Route,
    /// The Contact, which can only be made when the flow is known.
    pub contact: Option<ContactTemplate>,
    /// Whether its owner has another way to try: of an INVITE it is told when its last server is silent.
    pub has_alternative: bool,
}

/// A Contact that lacks host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactTemplate {
    /// The user part.
    pub user: Option<String>,
    /// Whether it has to be a `sips:` URI.
    pub secure: bool,
    /// Parameters of the URI.
    pub uri_params: Vec<(String, Option<String>)>,
    /// Parameters of the header field.
    pub params: Vec<(String, Option<String>)>,
    /// The whole URI, where a registrar gave a GRUU.
    pub fixed: Option<Uri>,
}

impl ContactTemplate {
    /// The Contact as seen over a flow.
    pub fn on(&self, info: FlowInfo, address: SocketAddr) -> Option<Address> {
        let uri = match &self.fixed {
            Some(uri) => uri.clone(),
            None => self.uri(info, address)?,
        };
        let contact = Address::new(uri);
        Some(self.params.iter().fold(contact, |contact, (name, value)| contact.with_param(name, value.as_deref())))
    }

    fn uri(&self, info: FlowInfo, address: SocketAddr) -> Option<Uri> {
        let host = address.ip().to_string();
        let build = if self.secure { Uri::sips } else { Uri::sip };
        let mut uri = build(self.user.as_deref(), &host, Some(address.port())).ok()?;
        let transport = match info.protocol {
            bellbird_base::Protocol::Udp => None,
            bellbird_base::Protocol::Tcp => Some("tcp"),
            bellbird_base::Protocol::Tls if self.secure => None,
            bellbird_base::Protocol::Tls => Some("tls"),
            // RFC 7118 §5.2 names one for both.
            bellbird_base::Protocol::Ws | bellbird_base::Protocol::Wss => Some("ws"),
        };
        if let Some(transport) = transport {
            uri = uri.with_param("transport", Some(transport));
        }
        Some(self.uri_params.iter().fold(uri, |uri, (name, value)| uri.with_param(name, value.as_deref())))
    }
}

/// What a message that came in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing to do: a retransmission, an ACK of a refusal, garbage.
    Absorbed,
    /// A new request: answer it with [`Endpoint::respond`].
    Request(ServerId),
    /// The ACK of a 2xx.
    Ack,
    /// A CANCEL, already answered, for this INVITE that has no final response yet.
    Cancel(ServerId),
    /// A response to this request.
    Response(RequestId),
    /// A 2xx to an INVITE that is no longer known.
    StraySuccess,
}

/// What happened without a message.
#[derive(Clone, Debug)]
pub enum EndpointEvent {
    /// A request was put on a flow.
    Sent(RequestId, FlowId),
    /// A request got no final response.
    Failed(RequestId, Failure),
    /// An INVITE whose owner has an alternative got no response of its last server yet. It goes on.
    Silent(RequestId),
    /// No further response follows the 2xx of an INVITE.
    Over(RequestId),
    /// A refusal that we sent to an INVITE was never acknowledged.
    Unacknowledged(ServerId),
    /// A flow is open.
    FlowOpened(FlowId),
    /// A flow is gone.
    FlowClosed(FlowId, FlowEnd),
    /// The peer sees us at another address than we thought.
    SeenElsewhere(FlowId),
    /// Nobody asked to keep this flow and it was silent for long: close it with [`Endpoint::close`], or let it be.
    FlowIdle(FlowId),
}

/// Why a request got no final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered in time.
    Timeout,
    /// The flow could not be opened, or broke.
    Flow(FlowEnd),
    /// The name could not be resolved.
    Resolve(ResolveFailure),
    /// The URI can't be routed.
    NoRoute,
}

/// What the endpoint wants of the driver.
#[derive(Debug)]
pub enum Action {
    /// Send bytes.
    Transmit(Transmit),
    /// Open a flow.
    Connect(FlowId, Remote),
    /// Close a flow.
    Close(FlowId),
    /// Look a name up.
    Resolve(ResolveId, Question),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Client(ClientKey),
    /// The present server of an INVITE was silent for long.
    Attempt(RequestId),
    Server(ServerId),
    Flow(FlowId),
}

/// Transactions on flows. See the module's page.
#[derive(Debug)]
pub struct Endpoint {
    timers: Timers,
    limits: Limits,
    user_agent: String,
    rng: Rng,
    flows: Flows,
    pending: BTreeMap<RequestId, Pending>,
    resolving: BTreeMap<ResolveId, RequestId>,
    clients: BTreeMap<ClientKey, Client>,
    servers: BTreeMap<ServerId, Server>,
    server_keys: BTreeMap<String, ServerId>,
    merge_keys: BTreeMap<String, ServerId>,
    /// Addresses that refused TCP when a request was too large for UDP.
    udp_only: BTreeSet<SocketAddr>,
    deadlines: Deadlines<Due>,
    actions: VecDeque<Action>,
    events: VecDeque<EndpointEvent>,
    last_request: u64,
    last_server: u64,
    last_resolve: u64,
}

impl Endpoint {
    /// An endpoint without any flow.
    pub fn new(timers: Timers, limits: Limits, user_agent: String, rng: Rng) -> Self {
        Self {
            timers,
            limits,
            user_agent,
            rng,
            flows: Flows::default(),
            pending: BTreeMap::new(),
            resolving: BTreeMap::new(),
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            server_keys: BTreeMap::new(),
            merge_keys: BTreeMap::new(),
            udp_only: BTreeSet::new(),
            deadlines: Deadlines::default(),
            actions: VecDeque::new(),
            events: VecDeque::new(),
            last_request: 0,
            last_server: 0,
            last_resolve: 0,
        }
    }

    /// What the driver has to do, oldest first.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<EndpointEvent> {
        self.events.pop_front()
    }

    /// When [`Endpoint::fire`] is due, and whether that is for a flow rather than a transaction.
    pub fn next_timeout(&self) -> Option<(Instant, bool)> {
        self.deadlines.next().map(|(at, due)| (at, matches!(due, Due::Flow(_))))
    }

    /// Lets the timers ring that are due.
    pub fn fire(&mut self, now: Instant) {
        while let Some(due) = self.deadlines.pop_due(now) {
            match due {
                Due::Client(key) => self.fire_client(now, key),
                Due::Attempt(id) => self.fire_attempt(now, id),
                Due::Server(id) => self.fire_server(now, id),
                Due::Flow(id) => self.fire_flow(now, id),
            }
        }
    }

    /// What is known about a flow that is open.
    pub fn flow(&self, id: FlowId) -> Option<FlowInfo> {
        self.flows.info(id)
    }

    /// Our address as this flow's peer sees it.
    pub fn contact_address(&self, id: FlowId) -> Option<SocketAddr> {
        self.flows.get(id)?.contact_address()
    }

    /// The driver opened a flow that we asked for, or a peer opened one.
    pub fn flow_opened(&mut self, now: Instant, id: FlowId, info: FlowInfo) {
        let waiting = self.flows.opened(now, id, info);
        self.arm_flow(id);
        self.events.push_back(EndpointEvent::FlowOpened(id));
        for request in waiting {
            self.activate(now, request, id);
        }
        while let Some(surplus) = self.flows.surplus(self.limits.peer_flows) {
            self.close(now, surplus);
        }
    }

    /// A flow ended or could not be opened.
    pub fn flow_closed(&mut self, now: Instant, id: FlowId, end: FlowEnd) {
        let Some(flow) = self.flows.remove(id) else { return };
        self.deadlines.set(&Due::Flow(id), None);
        self.events.push_back(EndpointEvent::FlowClosed(id, end));
        self.fail_flow_users(now, id, flow, end);
    }

    /// Closes a flow. Requests on it go to their next target or fail.
    pub fn close(&mut self, now: Instant, id: FlowId) {
        if self.flows.get(id).is_some() {
            self.actions.push_back(Action::Close(id));
            self.flow_closed(now, id, FlowEnd::Ours);
        }
    }

    /// Closes all flows: the network is another one now.
    pub fn close_all(&mut self, now: Instant) {
        self.udp_only.clear();
        for id in self.flows.ids() {
            self.close(now, id);
        }
    }

    /// Pings on a flow every `interval` to keep it open; `None` stops that.
    pub fn keep_alive(&mut self, now: Instant, id: FlowId, interval: Option<Duration>) {
        if let Some(flow) = self.flows.get_mut(id) {
            flow.keep_alive(now, interval);
            self.arm_flow(id);
        }
    }

    /// Lets a flow live that was told to be idle.
    pub fn touch(&mut self, now: Instant, id: FlowId) {
        if let Some(flow) = self.flows.get_mut(id) {
            flow.touch(now);
            self.arm_flow(id);
        }
    }

    /// Cuts what came in on a flow into whole messages. Keep-alives are answered here. A stream that can't be cut any
    /// more is closed.
    pub fn frames(&mut self, now: Instant, id: FlowId, bytes: &[u8]) -> Vec<Vec<u8>> {
        let Some(flow) = self.flows.get_mut(id) else { return Vec::new() };
        let Some(info) = flow.info() else { return Vec::new() };
        if !info.protocol.is_stream() {
            let blank = bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0));
            flow.alive(now, blank);
            self.arm_flow(id);
            return if blank { Vec::new() } else { vec![bytes.to_vec()] };
        }
        let cut = client::cut_stream(flow, now, bytes);
        self.arm_flow(id);
        for _ in 0..cut.pings {
            self.transmit(id, b"\r\n".to_vec());
        }
        if cut.broken {
            self.close(now, id);
        }
        cut.messages
    }

    /// Says what a message is and drives its transaction.
    pub fn receive(&mut self, now: Instant, flow: FlowId, message: &Message<'_>) -> Arrival {
        match message.status() {
            Some(status) => self.receive_response(now, flow, message, status),
            None => self.receive_request(now, flow, message),
        }
    }

    fn fire_flow(&mut self, now: Instant, id: FlowId) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        let protocol = flow.info().map(|info| info.protocol);
        let step = flow.fire(now);
        match step {
            FlowStep::Nothing => {}
            FlowStep::Ping => {
                if protocol.is_some_and(Flow::pings) {
                    self.transmit(id, b"\r\n\r\n".to_vec());
                }
            }
            FlowStep::Dead => {
                self.actions.push_back(Action::Close(id));
                return self.flow_closed(now, id, FlowEnd::TimedOut);
            }
            FlowStep::Idle => {
                let in_use = self.clients.values().any(|client| client.flow == id)
                    || self.servers.values().any(|server| server.flow == id);
                if in_use {
                    self.touch(now, id);
                } else {
                    self.events.push_back(EndpointEvent::FlowIdle(id));
                }
                return;
            }
        }
        self.arm_flow(id);
    }

    fn arm_flow(&mut self, id: FlowId) {
        let at = self.flows.get(id).map(Flow::deadline);
        self.deadlines.set(&Due::Flow(id), at);
    }

    fn transmit(&mut self, flow: FlowId, payload: Vec<u8>) {
        self.actions.push_back(Action::Transmit(Transmit { flow, payload }));
    }
}

/// Whether a refusal says that another server might do better (RFC 3263 §4.3).
fn asks_for_failover(status: StatusCode) -> bool {
    status == StatusCode::SERVICE_UNAVAILABLE
}
