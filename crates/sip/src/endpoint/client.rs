use std::collections::VecDeque;

use bellbird_base::{FlowId, FlowInfo, Instant, Protocol, Remote};

use super::flows::{Flow, FlowState};
use super::{Action, Arrival, Due, Endpoint, EndpointEvent, Failure, Outgoing, RequestId, asks_for_failover};
use crate::agent::{FlowEnd, ResolveFailure, ResolveId};
use crate::framing::{Frame, StreamFramer};
use crate::message::{Fields, HeaderName, Headers, Message, Method, Request, Via};
use crate::status::StatusCode;
use crate::transaction::{Class, ClientStep, InviteClient, NonInviteClient, Timer};

/// A request over this many bytes leaves UDP (RFC 3261 §18.1.1).
const DATAGRAM_LIMIT: usize = 1300;

/// Names a client transaction: the branch, and whether it is the CANCEL of the request with that branch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClientKey {
    branch: String,
    cancel: bool,
}

/// A client transaction with its bytes.
#[derive(Debug)]
pub(super) struct Client {
    machine: ClientMachine,
    pub(super) flow: FlowId,
    request: Request,
    bytes: Vec<u8>,
    /// The ACK of the refusal that an INVITE got.
    ack: Option<Vec<u8>>,
    /// Who gets the responses; nobody once the refusal was told.
    owner: Option<RequestId>,
}

#[derive(Debug)]
enum ClientMachine {
    Invite(InviteClient),
    Other(NonInviteClient),
}

impl ClientMachine {
    fn deadline(&self) -> Option<(Timer, Instant)> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
        }
    }

    fn fire(&mut self, now: Instant, timer: Timer) -> ClientStep {
        match self {
            Self::Invite(machine) => machine.fire(now, timer),
            Self::Other(machine) => machine.fire(now, timer),
        }
    }

    fn receive(&mut self, now: Instant, class: Class) -> ClientStep {
        match self {
            Self::Invite(machine) => machine.receive(now, class),
            Self::Other(machine) => machine.receive(now, class),
        }
    }

    fn transport_failed(&mut self) -> ClientStep {
        match self {
            Self::Invite(machine) => machine.transport_failed(),
            Self::Other(machine) => machine.transport_failed(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_over(),
            Self::Other(machine) => machine.is_over(),
        }
    }
}

/// A request that has no final response yet.
#[derive(Debug)]
pub(super) struct Pending {
    outgoing: Outgoing,
    stage: Stage,
    targets: VecDeque<Remote>,
}

/// ```text
/// Resolving ──► Connecting ──► Active ── final response ──► forgotten
///                   ▲─── next target ──┘
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Resolving(ResolveId),
    Connecting,
    Active(ClientKey),
}

impl Endpoint {
    /// Sends a request. An ACK is sent once and has no response.
    pub fn send(&mut self, now: Instant, outgoing: Outgoing) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.start(now, id, outgoing);
        id
    }

    /// Sends a request again under the name that it had, changed after a refusal: with credentials, to elsewhere.
    pub fn resend(&mut self, now: Instant, id: RequestId, outgoing: Outgoing) {
        self.start(now, id, outgoing);
    }

    /// Whether a request was put on a flow and has no final response yet.
    pub fn is_active(&self, id: RequestId) -> bool {
        self.pending.get(&id).is_some_and(|pending| matches!(pending.stage, Stage::Active(_)))
    }

    /// Whether a request has no final response yet.
    pub fn is_open(&self, id: RequestId) -> bool {
        self.pending.contains_key(&id)
    }

    /// Whether a provisional response to an INVITE has come and no final one, so that it may be cancelled.
    pub fn can_cancel(&self, id: RequestId) -> bool {
        self.invite_of(id).is_some_and(|(_, machine)| machine.is_proceeding())
    }

    /// Cancels an INVITE that has a provisional response. `reason` is sent along (RFC 3326).
    pub fn cancel(&mut self, now: Instant, id: RequestId, reason: Option<&str>) {
        let Some((key, _)) = self.invite_of(id) else { return };
        let key = key.clone();
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.targets.clear();
        }
        self.limit(now, id);
        let Some(client) = self.clients.get(&key) else { return };
        let (mut request, flow) = (within_transaction(&client.request, Method::Cancel), client.flow);
        if let Some(reason) = reason {
            request.headers.push(HeaderName::Reason, reason);
        }
        self.start_client(now, ClientKey { cancel: true, ..key }, flow, request, None);
    }

    /// Nobody wants the answer to this INVITE any more: it is given up when none comes soon.
    pub fn limit(&mut self, now: Instant, id: RequestId) {
        let Some(key) = self.invite_of(id).map(|(key, _)| key.clone()) else { return };
        if let Some(Client { machine: ClientMachine::Invite(machine), .. }) = self.clients.get_mut(&key) {
            machine.limit(now);
        }
        self.arm_client(&key);
    }

    /// Forgets a request, and ends its transaction without a word.
    pub fn abandon(&mut self, id: RequestId) {
        let Some(pending) = self.take_pending(id) else { return };
        match pending.stage {
            Stage::Resolving(question) => {
                self.resolving.remove(&question);
            }
            Stage::Connecting => {}
            Stage::Active(key) => self.end_client(&key),
        }
    }

    /// The driver found servers, or none.
    pub fn resolved(&mut self, now: Instant, question: ResolveId, result: Result<Vec<Remote>, ResolveFailure>) {
        let Some(id) = self.resolving.remove(&question) else { return };
        match result {
            Ok(targets) => {
                if let Some(pending) = self.pending.get_mut(&id) {
                    pending.targets = targets.into();
                }
                self.next_target(now, id, Failure::Resolve(ResolveFailure::NotFound));
            }
            Err(failure) => self.fail(id, Failure::Resolve(failure)),
        }
    }

    fn start(&mut self, now: Instant, id: RequestId, outgoing: Outgoing) {
        let flow = outgoing.route.flow.filter(|flow| self.flows.get(*flow).is_some());
        let question = outgoing.route.question();
        let pending = |stage| Pending { outgoing, stage, targets: VecDeque::new() };
        if let Some(flow) = flow {
            self.pending.insert(id, pending(Stage::Connecting));
            self.arm_attempt(now, id);
            return self.use_flow(now, id, flow);
        }
        let Some(question) = question else {
            self.pending.insert(id, pending(Stage::Connecting));
            return self.fail(id, Failure::NoRoute);
        };
        self.last_resolve += 1;
        let resolve = ResolveId(self.last_resolve);
        self.resolving.insert(resolve, id);
        self.pending.insert(id, pending(Stage::Resolving(resolve)));
        self.arm_attempt(now, id);
        self.actions.push_back(Action::Resolve(resolve, question));
    }

    /// Sends over a flow, as soon as it is open.
    fn use_flow(&mut self, now: Instant, id: RequestId, flow: FlowId) {
        let Some(entry) = self.flows.get_mut(flow) else { return };
        match &mut entry.state {
            FlowState::Open(_) => self.activate(now, id, flow),
            FlowState::Connecting { waiting, .. } => waiting.push(id),
        }
    }

    fn next_target(&mut self, now: Instant, id: RequestId, failure: Failure) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let Some(remote) = pending.targets.pop_front() else { return self.fail(id, failure) };
        pending.stage = Stage::Connecting;
        self.arm_attempt(now, id);
        self.connect(now, id, remote);
    }

    /// Waits for this server's first response only for a while, where there is something else to try.
    fn arm_attempt(&mut self, now: Instant, id: RequestId) {
        let Some(pending) = self.pending.get(&id) else { return };
        let elsewhere = pending.outgoing.has_alternative || !pending.targets.is_empty();
        let hurried = elsewhere && pending.outgoing.request.method == Method::Invite;
        self.deadlines.set(&Due::Attempt(id), hurried.then(|| now + self.timers.first_response));
    }

    /// The present server said nothing. The next one is tried; a CANCEL goes to this one should it wake up.
    pub(super) fn fire_attempt(&mut self, now: Instant, id: RequestId) {
        let Some(pending) = self.pending.get(&id) else { return };
        if pending.targets.is_empty() {
            return self.events.push_back(EndpointEvent::Silent(id));
        }
        match pending.stage.clone() {
            Stage::Resolving(_) => return,
            Stage::Connecting => self.stop_waiting(id),
            Stage::Active(key) => {
                self.limit(now, id);
                self.disown(&key);
            }
        }
        self.next_target(now, id, Failure::Timeout);
    }

    /// A request waits no longer for a connection. One over TCP that only its size took there goes back to UDP.
    fn stop_waiting(&mut self, id: RequestId) {
        let Some(flow) = self.flows.stop_waiting(id) else { return };
        if let Some(remote) = flow.remote.as_ref().filter(|remote| remote.protocol == Protocol::Tcp) {
            self.udp_only.insert(remote.address);
        }
    }

    fn take_pending(&mut self, id: RequestId) -> Option<Pending> {
        self.deadlines.set(&Due::Attempt(id), None);
        self.pending.remove(&id)
    }

    fn connect(&mut self, now: Instant, id: RequestId, remote: Remote) {
        match self.flows.find(&remote) {
            Some(flow) => self.use_flow(now, id, flow),
            None => {
                let flow = self.flows.start(now, remote.clone(), id);
                self.actions.push_back(Action::Connect(flow, remote));
                self.arm_flow(flow);
            }
        }
    }

    /// Puts a request on a flow that is open.
    pub(super) fn activate(&mut self, now: Instant, id: RequestId, flow: FlowId) {
        let Some((info, address)) = self.flows.get(flow).and_then(|flow| Some((flow.info()?, flow.contact_address()?)))
        else {
            return;
        };
        let branch = format!("{}{}", crate::message::MAGIC_COOKIE, self.rng.token(20));
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let mut request = pending.outgoing.request.clone();
        if let Some(contact) = pending.outgoing.contact.as_ref().and_then(|contact| contact.on(info, address)) {
            request.headers.set(HeaderName::Contact, contact);
        }
        request.headers.push_front(HeaderName::Via, via(info, &branch));
        if self.leaves_udp(now, id, flow, &request) {
            return;
        }
        self.events.push_back(EndpointEvent::Sent(id, flow));
        if request.method == Method::Ack {
            self.take_pending(id);
            return self.transmit(flow, request.to_bytes());
        }
        let key = ClientKey { branch, cancel: false };
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.stage = Stage::Active(key.clone());
        }
        self.start_client(now, key, flow, request, Some(id));
    }

    /// RFC 3261 §18.1.1: a large request goes over TCP to the same address, and back to UDP only where that fails. On a
    /// flow that the peer opened it stays: behind a NAT nobody is reached another way.
    fn leaves_udp(&mut self, now: Instant, id: RequestId, flow: FlowId, request: &Request) -> bool {
        let Some(info) = self.flows.info(flow) else { return false };
        if info.protocol != Protocol::Udp || self.udp_only.contains(&info.remote) {
            return false;
        }
        if self.flows.get(flow).is_some_and(|flow| flow.remote.is_none()) {
            return false;
        }
        if request.to_bytes().len() <= DATAGRAM_LIMIT {
            return false;
        }
        let known = self.flows.get(flow).and_then(|flow| flow.remote.clone());
        let server_name = known.map(|remote| remote.server_name).unwrap_or_default();
        let datagrams = Remote { protocol: Protocol::Udp, address: info.remote, server_name, path: String::new() };
        let stream = Remote { protocol: Protocol::Tcp, ..datagrams.clone() };
        let Some(pending) = self.pending.get_mut(&id) else { return false };
        pending.targets.push_front(datagrams);
        pending.stage = Stage::Connecting;
        self.connect(now, id, stream);
        true
    }

    fn start_client(&mut self, now: Instant, key: ClientKey, flow: FlowId, request: Request, owner: Option<RequestId>) {
        let Some(info) = self.flows.info(flow) else { return };
        let reliable = info.protocol.is_reliable();
        let machine = if request.method == Method::Invite {
            ClientMachine::Invite(InviteClient::new(now, reliable, self.timers))
        } else {
            ClientMachine::Other(NonInviteClient::new(now, reliable, self.timers))
        };
        let bytes = request.to_bytes();
        self.transmit(flow, bytes.clone());
        self.clients.insert(key.clone(), Client { machine, flow, request, bytes, ack: None, owner });
        self.arm_client(&key);
    }

    pub(super) fn receive_response(
        &mut self,
        now: Instant,
        flow: FlowId,
        message: &Message<'_>,
        status: StatusCode,
    ) -> Arrival {
        let branch = message.via().branch().unwrap_or_default().to_owned();
        let key = ClientKey { branch, cancel: *message.method() == Method::Cancel };
        let Some(client) = self.clients.get_mut(&key) else {
            let stray = status.is_success() && *message.method() == Method::Invite;
            return if stray { Arrival::StraySuccess } else { Arrival::Absorbed };
        };
        if client.request.method != *message.method() {
            return Arrival::Absorbed;
        }
        self.learn_address(flow, message.via());
        self.drive(now, &key, message, status)
    }

    fn drive(&mut self, now: Instant, key: &ClientKey, message: &Message<'_>, status: StatusCode) -> Arrival {
        let Some(client) = self.clients.get_mut(key) else { return Arrival::Absorbed };
        let (flow, owner) = (client.flow, client.owner);
        let step = client.machine.receive(now, Class::of(status.code()));
        if step == ClientStep::DeliverAndAcknowledge {
            client.ack = Some(refusal_ack(&client.request, message).to_bytes());
        }
        if matches!(step, ClientStep::DeliverAndAcknowledge | ClientStep::Acknowledge)
            && let Some(ack) = client.ack.clone()
        {
            self.transmit(flow, ack);
        }
        let arrival = match (step, owner) {
            (ClientStep::Deliver | ClientStep::DeliverAndAcknowledge, Some(owner)) => {
                self.deliver(now, key, owner, status)
            }
            (ClientStep::Deliver, None) if status.is_provisional() => {
                self.cancel_late(now, key);
                Arrival::Absorbed
            }
            _ => Arrival::Absorbed,
        };
        self.arm_client(key);
        arrival
    }

    /// A server wakes up whose INVITE has gone on to the next one: nobody must ring twice.
    fn cancel_late(&mut self, now: Instant, key: &ClientKey) {
        let cancel = ClientKey { cancel: true, ..key.clone() };
        let Some(client) = self.clients.get(key).filter(|_| !self.clients.contains_key(&cancel)) else { return };
        if matches!(client.machine, ClientMachine::Invite(_)) {
            let (request, flow) = (within_transaction(&client.request, Method::Cancel), client.flow);
            self.start_client(now, cancel, flow, request, None);
        }
    }

    fn deliver(&mut self, now: Instant, key: &ClientKey, owner: RequestId, status: StatusCode) -> Arrival {
        self.deadlines.set(&Due::Attempt(owner), None);
        if status.is_provisional() {
            return Arrival::Response(owner);
        }
        let more_targets = self.pending.get(&owner).is_some_and(|pending| !pending.targets.is_empty());
        if asks_for_failover(status) && more_targets {
            self.disown(key);
            self.next_target(now, owner, Failure::Timeout);
            return Arrival::Absorbed;
        }
        self.take_pending(owner);
        let invite = self.clients.get(key).is_some_and(|client| client.request.method == Method::Invite);
        if !(invite && status.is_success()) {
            self.disown(key);
        }
        Arrival::Response(owner)
    }

    fn disown(&mut self, key: &ClientKey) {
        if let Some(client) = self.clients.get_mut(key) {
            client.owner = None;
        }
    }

    pub(super) fn fire_client(&mut self, now: Instant, key: ClientKey) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let Some((timer, at)) = client.machine.deadline() else { return };
        if at > now {
            return self.arm_client(&key);
        }
        let step = client.machine.fire(now, timer);
        self.take_step(now, &key, step, Failure::Timeout);
        self.arm_client(&key);
    }

    fn take_step(&mut self, now: Instant, key: &ClientKey, step: ClientStep, failure: Failure) {
        let Some(client) = self.clients.get(key) else { return };
        let (flow, owner) = (client.flow, client.owner);
        match step {
            ClientStep::Retransmit => {
                let bytes = client.bytes.clone();
                self.transmit(flow, bytes);
            }
            ClientStep::GiveUp => {
                self.disown(key);
                if let Some(owner) = owner {
                    self.next_target(now, owner, failure);
                }
            }
            ClientStep::Nothing | ClientStep::Deliver | ClientStep::DeliverAndAcknowledge | ClientStep::Acknowledge => {
            }
        }
    }

    /// Everything that was on a flow or waited for it goes on without it.
    pub(super) fn fail_flow_users(&mut self, now: Instant, id: FlowId, flow: Flow, end: FlowEnd) {
        let failure = Failure::Flow(end);
        if let FlowState::Connecting { waiting, .. } = flow.state {
            if let Some(remote) = flow.remote.filter(|remote| remote.protocol == Protocol::Tcp) {
                self.udp_only.insert(remote.address);
            }
            for request in waiting {
                self.next_target(now, request, failure);
            }
        }
        let on_flow = |client: &Client| client.flow == id;
        let keys: Vec<ClientKey> =
            self.clients.iter().filter(|(_, client)| on_flow(client)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            let Some(client) = self.clients.get_mut(&key) else { continue };
            let step = client.machine.transport_failed();
            self.take_step(now, &key, step, failure);
            self.arm_client(&key);
        }
    }

    /// Sets a transaction's timer, or forgets one that is over.
    fn arm_client(&mut self, key: &ClientKey) {
        let Some(client) = self.clients.get(key) else { return };
        let deadline = client.machine.deadline().map(|(_, at)| at);
        let over = client.machine.is_over();
        self.deadlines.set(&Due::Client(key.clone()), deadline);
        if over {
            self.forget_client(key);
        }
    }

    fn forget_client(&mut self, key: &ClientKey) {
        self.deadlines.set(&Due::Client(key.clone()), None);
        let owner = self.clients.remove(key).and_then(|client| client.owner);
        if let Some(owner) = owner {
            self.events.push_back(EndpointEvent::Over(owner));
        }
    }

    fn end_client(&mut self, key: &ClientKey) {
        self.deadlines.set(&Due::Client(key.clone()), None);
        self.clients.remove(key);
    }

    fn fail(&mut self, id: RequestId, failure: Failure) {
        if self.take_pending(id).is_some() {
            self.events.push_back(EndpointEvent::Failed(id, failure));
        }
    }

    fn invite_of(&self, id: RequestId) -> Option<(&ClientKey, &InviteClient)> {
        let Stage::Active(key) = &self.pending.get(&id)?.stage else { return None };
        match &self.clients.get(key)?.machine {
            ClientMachine::Invite(machine) => Some((key, machine)),
            ClientMachine::Other(_) => None,
        }
    }

    fn learn_address(&mut self, id: FlowId, via: &Via<'_>) {
        let Some(flow) = self.flows.get_mut(id) else { return };
        if (via.received().is_some() || via.rport().is_some()) && flow.learn(via.received(), via.rport()) {
            self.events.push_back(EndpointEvent::SeenElsewhere(id));
        }
    }
}

fn via(info: FlowInfo, branch: &str) -> String {
    // RFC 5923: whoever connected may be reached over the same connection.
    let alias = if info.protocol.is_stream() { ";alias" } else { "" };
    format!("SIP/2.0/{} {};branch={branch};rport{alias}", info.protocol.via_name(), info.local)
}

/// A CANCEL or the ACK of a refusal: it takes the way that its INVITE took (RFC 3261 §9.1, §17.1.1.3).
fn within_transaction(invite: &Request, method: Method) -> Request {
    let mut headers = Headers::new();
    for name in [HeaderName::Via, HeaderName::Route, HeaderName::From, HeaderName::To, HeaderName::CallId] {
        let mut position = 0;
        while let Some(line) = (&invite.headers).next_line(name, &mut position) {
            headers.push_bytes(name, line);
            if name == HeaderName::Via {
                break;
            }
        }
    }
    headers.push(HeaderName::MaxForwards, 70);
    let sequence = (&invite.headers).number(HeaderName::CSeq).unwrap_or(1);
    headers.push(HeaderName::CSeq, format!("{sequence} {method}"));
    Request { method, uri: invite.uri.clone(), headers, body: Vec::new() }
}

fn refusal_ack(invite: &Request, refusal: &Message<'_>) -> Request {
    let mut ack = within_transaction(invite, Method::Ack);
    // The To of the response, with the tag that it brought.
    ack.headers.remove(HeaderName::To);
    ack.headers.copy(refusal, HeaderName::To);
    ack
}

/// What a piece of a stream held.
pub(super) struct Cut {
    pub(super) messages: Vec<Vec<u8>>,
    /// Pings to be answered.
    pub(super) pings: usize,
    /// Whether the stream can't be understood any more.
    pub(super) broken: bool,
}

pub(super) fn cut_stream(flow: &mut Flow, now: Instant, bytes: &[u8]) -> Cut {
    let mut cut = Cut { messages: Vec::new(), pings: 0, broken: false };
    let framer: &mut StreamFramer = &mut flow.framer;
    framer.push(bytes);
    let mut pong = false;
    loop {
        match framer.next_frame() {
            Ok(Some(Frame::Message(message))) => cut.messages.push(message.to_vec()),
            Ok(Some(Frame::Ping)) => cut.pings += 1,
            Ok(Some(Frame::Pong)) => pong = true,
            Ok(None) => break,
            Err(_) => {
                cut.broken = true;
                break;
            }
        }
    }
    flow.alive(now, pong);
    flow.note_unfinished(now, !cut.messages.is_empty());
    cut
}
