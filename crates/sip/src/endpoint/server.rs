use bellbird_base::{FlowId, FlowInfo, Instant};

use super::{Arrival, Due, Endpoint, EndpointEvent, ServerId};
use crate::message::{HeaderName, Message, Method, Response};
use crate::status::StatusCode;
use crate::transaction::{Class, InviteServer, NonInviteServer, ServerStep, Timer};

/// A server transaction with its last response.
#[derive(Debug)]
pub(super) struct Server {
    machine: ServerMachine,
    pub(super) flow: FlowId,
    origin: FlowInfo,
    key: String,
    merge_key: Option<String>,
    /// What every response to this request has in common, with our tag in To.
    template: Response,
    to_tag: String,
    last: Option<Vec<u8>>,
}

#[derive(Debug)]
enum ServerMachine {
    Invite(InviteServer),
    Other(NonInviteServer),
}

impl ServerMachine {
    fn deadline(&self) -> Option<(Timer, Instant)> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
        }
    }

    fn respond(&mut self, now: Instant, class: Class) -> ServerStep {
        match self {
            Self::Invite(machine) => machine.respond(now, class),
            Self::Other(machine) => machine.respond(now, class),
        }
    }

    fn receive_again(&mut self) -> ServerStep {
        match self {
            Self::Invite(machine) => machine.receive_again(),
            Self::Other(machine) => machine.receive_again(),
        }
    }

    fn fire(&mut self, now: Instant, timer: Timer) -> ServerStep {
        match self {
            Self::Invite(machine) => machine.fire(now, timer),
            Self::Other(machine) => machine.fire(timer),
        }
    }

    fn is_pending(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_pending(),
            Self::Other(machine) => machine.is_pending(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_over(),
            Self::Other(machine) => machine.is_over(),
        }
    }
}

impl Endpoint {
    /// The tag that our responses to this request bear in To.
    pub fn to_tag(&self, id: ServerId) -> Option<&str> {
        self.servers.get(&id).map(|server| server.to_tag.as_str())
    }

    /// On which flow a request came in.
    pub fn server_flow(&self, id: ServerId) -> Option<FlowId> {
        self.servers.get(&id).map(|server| server.flow)
    }

    /// Whether a request has no final response yet.
    pub fn is_pending(&self, id: ServerId) -> bool {
        self.servers.get(&id).is_some_and(|server| server.machine.is_pending())
    }

    /// Whether a refusal of an INVITE still waits for its ACK: the caller may not have heard it.
    pub fn has_unacknowledged(&self) -> bool {
        self.servers.values().any(|server| match &server.machine {
            ServerMachine::Invite(machine) => machine.is_unacknowledged(),
            ServerMachine::Other(_) => false,
        })
    }

    /// A response to this request, to be filled and given to [`Endpoint::respond`].
    pub fn response(&self, id: ServerId, status: StatusCode) -> Response {
        let mut response = match self.servers.get(&id) {
            Some(server) => server.template.clone(),
            None => Response::new(status),
        };
        response.status = status;
        response.reason = status.reason().to_owned();
        response
    }

    /// Answers a request. A 2xx to an INVITE may be given again until its ACK comes.
    pub fn respond(&mut self, now: Instant, id: ServerId, response: &Response) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        if server.machine.respond(now, Class::of(response.status.code())) == ServerStep::Respond {
            server.last = Some(response.to_bytes());
            self.send_last(id);
        }
        self.arm_server(id);
    }

    /// Answers a request that could not be read, without a transaction.
    pub fn respond_stateless(&mut self, flow: FlowId, response: &mut Response) {
        self.set_source(flow, response);
        self.transmit(flow, response.to_bytes());
    }

    /// Answers a request with a bare status.
    pub fn refuse(&mut self, now: Instant, id: ServerId, status: StatusCode) {
        let response = self.response(id, status);
        self.respond(now, id, &response);
    }

    pub(super) fn receive_request(&mut self, now: Instant, flow: FlowId, message: &Message<'_>) -> Arrival {
        let key = server_key(message, message.method());
        if *message.method() == Method::Ack {
            return self.receive_ack(now, message);
        }
        if self.server_keys.contains_key(&key) {
            self.receive_again(&key);
            return Arrival::Absorbed;
        }
        if *message.method() == Method::Cancel {
            return self.receive_cancel(now, flow, message, key);
        }
        self.receive_new(now, flow, message, key)
    }

    fn receive_again(&mut self, key: &str) {
        let Some(&id) = self.server_keys.get(key) else { return };
        let Some(server) = self.servers.get_mut(&id) else { return };
        if server.machine.receive_again() == ServerStep::Respond {
            self.send_last(id);
        }
    }

    fn receive_ack(&mut self, now: Instant, message: &Message<'_>) -> Arrival {
        let Some(&id) = self.server_keys.get(&server_key(message, &Method::Invite)) else { return Arrival::Ack };
        let Some(Server { machine: ServerMachine::Invite(machine), .. }) = self.servers.get_mut(&id) else {
            return Arrival::Absorbed;
        };
        let step = machine.receive_ack(now);
        self.arm_server(id);
        if step == ServerStep::DeliverAck { Arrival::Ack } else { Arrival::Absorbed }
    }

    /// RFC 3261 §9.2: 200 where the INVITE is known, even if it is too late; else 481.
    fn receive_cancel(&mut self, now: Instant, flow: FlowId, message: &Message<'_>, key: String) -> Arrival {
        let invite = self.server_keys.get(&server_key(message, &Method::Invite)).copied();
        let Some(id) = self.open_server(now, flow, message, key) else { return Arrival::Absorbed };
        let Some(invite) = invite else {
            self.refuse(now, id, StatusCode::CALL_DOES_NOT_EXIST);
            return Arrival::Absorbed;
        };
        self.refuse(now, id, StatusCode::OK);
        if self.is_pending(invite) { Arrival::Cancel(invite) } else { Arrival::Absorbed }
    }

    fn receive_new(&mut self, now: Instant, flow: FlowId, message: &Message<'_>, key: String) -> Arrival {
        let merge_key = message.to().tag().is_none().then(|| merge_key(message));
        let merged = merge_key.as_ref().is_some_and(|key| self.merge_keys.contains_key(key));
        let Some(id) = self.open_server(now, flow, message, key) else { return Arrival::Absorbed };
        if merged {
            self.refuse(now, id, StatusCode::LOOP_DETECTED);
            return Arrival::Absorbed;
        }
        if let (Some(merge_key), Some(server)) = (merge_key, self.servers.get_mut(&id)) {
            server.merge_key = Some(merge_key.clone());
            self.merge_keys.insert(merge_key, id);
        }
        if *message.method() == Method::Invite {
            let mut trying = Response::answering(message, StatusCode::TRYING, "");
            self.set_source(flow, &mut trying);
            self.respond(now, id, &trying);
        }
        Arrival::Request(id)
    }

    /// Opens a transaction, or refuses to hold any more.
    fn open_server(&mut self, now: Instant, flow: FlowId, message: &Message<'_>, key: String) -> Option<ServerId> {
        let to_tag = self.rng.token(12);
        let mut template = Response::answering(message, StatusCode::OK, &to_tag);
        self.set_source(flow, &mut template);
        if matches!(message.method(), Method::Invite | Method::Subscribe | Method::Refer | Method::Notify) {
            // RFC 3261 §12.1.1: both ends of a dialog have to know the route.
            template.headers.copy(message, HeaderName::RecordRoute);
        }
        if !self.user_agent.is_empty() {
            template.headers.push(HeaderName::Server, &self.user_agent);
        }
        if self.servers.len() >= self.limits.server_transactions {
            template.status = StatusCode::SERVICE_UNAVAILABLE;
            template.reason = StatusCode::SERVICE_UNAVAILABLE.reason().to_owned();
            template.headers.push(HeaderName::RetryAfter, 10);
            self.transmit(flow, template.to_bytes());
            return None;
        }
        let origin = self.flow(flow)?;
        let reliable = origin.protocol.is_reliable();
        let machine = if *message.method() == Method::Invite {
            ServerMachine::Invite(InviteServer::new(reliable, self.timers))
        } else {
            ServerMachine::Other(NonInviteServer::new(reliable, self.timers))
        };
        self.last_server += 1;
        let id = ServerId(self.last_server);
        let to_tag = message.to().tag().map_or(to_tag, str::to_owned);
        self.server_keys.insert(key.clone(), id);
        self.servers.insert(id, Server { machine, flow, origin, key, merge_key: None, template, to_tag, last: None });
        self.flows.get_mut(flow)?.touch(now);
        Some(id)
    }

    fn set_source(&self, flow: FlowId, response: &mut Response) {
        if let Some(info) = self.flow(flow) {
            response.set_source(info.remote);
        }
    }

    pub(super) fn fire_server(&mut self, now: Instant, id: ServerId) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let Some((timer, at)) = server.machine.deadline() else { return };
        if at > now {
            return self.arm_server(id);
        }
        match server.machine.fire(now, timer) {
            ServerStep::Respond => self.send_last(id),
            ServerStep::GiveUp => self.events.push_back(EndpointEvent::Unacknowledged(id)),
            ServerStep::Nothing | ServerStep::DeliverAck => {}
        }
        self.arm_server(id);
    }

    /// Over the flow that the request came in on; where that is gone, over another to the same address.
    fn send_last(&mut self, id: ServerId) {
        let Some(server) = self.servers.get(&id) else { return };
        let Some(bytes) = server.last.clone() else { return };
        let known = self.flows.get(server.flow).map(|_| server.flow);
        if let Some(flow) = known.or_else(|| self.flows.find_open(server.origin.protocol, server.origin.remote)) {
            self.transmit(flow, bytes);
        }
    }

    fn arm_server(&mut self, id: ServerId) {
        let Some(server) = self.servers.get(&id) else { return };
        let deadline = server.machine.deadline().map(|(_, at)| at);
        let over = server.machine.is_over();
        self.deadlines.set(&Due::Server(id), deadline);
        if over && let Some(server) = self.servers.remove(&id) {
            self.server_keys.remove(&server.key);
            if let Some(key) = server.merge_key {
                self.merge_keys.remove(&key);
            }
        }
    }
}

/// What matches requests to transactions (RFC 3261 §17.2.3): branch and sent-by, and for peers of RFC 2543 what stood
/// in their place. ACK and CANCEL look for the key of the INVITE.
fn server_key(message: &Message<'_>, method: &Method) -> String {
    let via = message.via();
    if via.has_magic_cookie() {
        let branch = via.branch().unwrap_or_default();
        return format!("{branch} {}:{} {method}", via.host, via.port.unwrap_or(0));
    }
    let (from, uri) = (message.from().tag().unwrap_or_default(), message.uri().map_or("", |uri| uri.as_str()));
    format!("{} {from} {} {uri} {via} {method}", message.call_id(), message.cseq().sequence)
}

/// What a request has in common with itself when it comes over two ways (RFC 3261 §8.2.2.2).
fn merge_key(message: &Message<'_>) -> String {
    format!("{} {} {}", message.call_id(), message.from().tag().unwrap_or_default(), message.cseq())
}
