//! A small registrar and stateful proxy on the crate's own transactions and digest: one domain, parallel forking.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bellbird_base::{Duration, FlowId, Instant, Rng, Seed};
use bellbird_sip::agent::{Limits, Timers};
use bellbird_sip::dialog::Dialog;
use bellbird_sip::digest::{Algorithm, Challenger, Ha1, Secret, Subject, Verdict};
use bellbird_sip::endpoint::{Action, Arrival as Kind, Endpoint, EndpointEvent, Outgoing, RequestId, Route, ServerId};
use bellbird_sip::message::{Body, Fields, HeaderName, Headers, Message, Method, Request, Response};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Network, Node};

use crate::host::{DOMAIN, Heard, SERVER, Sockets};

/// RFC 3261 §16.6: a proxy does not wait for ever for what a phone may have forgotten.
const TIMER_C: Duration = Duration::from_secs(200);

#[derive(Debug)]
pub struct Proxy {
    pub endpoint: Endpoint,
    sockets: Sockets,
    challenger: Challenger,
    /// Bindings: user, instance, Contact, flow, end.
    pub bindings: Vec<Binding>,
    forwards: BTreeMap<ServerId, Forward>,
    owners: BTreeMap<RequestId, ServerId>,
    /// Whether calls are challenged too.
    pub challenges_calls: bool,
    pub algorithm: Algorithm,
    /// The shortest registration that is granted, in s.
    pub shortest: u32,
    pub registrations: u64,
    pub subscriptions: u64,
    pub publications: u64,
    watchers: Vec<(Dialog, FlowId)>,
    pub published: Option<Body>,
    pub entity_tag: String,
    pub timeout: Instant,
}

#[derive(Clone, Debug)]
pub struct Binding {
    pub user: String,
    instance: String,
    contact: Uri,
    /// RFC 5627: the address of record with this phone's instance.
    gruu: Uri,
    flow: FlowId,
    end: Instant,
}

/// A request that was passed on, perhaps to several.
#[derive(Debug)]
struct Forward {
    method: Method,
    branches: Vec<Branch>,
    answered: bool,
    /// When an INVITE that was cancelled is given up.
    give_up: Option<Instant>,
}

#[derive(Debug)]
struct Branch {
    request: RequestId,
    refusal: Option<Response>,
    cancelled: bool,
}

impl Proxy {
    pub fn new(seed: Seed, network: &mut Network) -> Self {
        let mut rng = Rng::new(&seed);
        let challenger = Challenger::new(DOMAIN, &rng.fork(), Duration::from_secs(300));
        let rng = Rng::new(&rng.fork());
        Self {
            endpoint: Endpoint::new(Timers::default(), Limits::default(), "proxy".into(), rng),
            sockets: Sockets::new(SERVER.parse().unwrap(), network),
            challenger,
            bindings: Vec::new(),
            forwards: BTreeMap::new(),
            owners: BTreeMap::new(),
            challenges_calls: true,
            algorithm: Algorithm::SHA_256,
            shortest: 60,
            registrations: 0,
            subscriptions: 0,
            publications: 0,
            watchers: Vec::new(),
            published: None,
            entity_tag: String::new(),
            timeout: Instant::FAR_FUTURE,
        }
    }

    /// Everything but the users is forgotten, and all connections break.
    pub fn restart(&mut self, network: &mut Network, seed: Seed) {
        self.sockets.forget(network);
        let (challenges_calls, shortest) = (self.challenges_calls, self.shortest);
        *self = Self { challenges_calls, shortest, ..Self::new(seed, network) };
    }

    fn hear(&mut self, now: Instant, heard: Heard) {
        match heard {
            Heard::Received(flow, bytes) => {
                for frame in self.endpoint.frames(now, flow, &bytes) {
                    if let Ok(message) = Message::parse(&frame) {
                        self.take(now, flow, &message);
                    }
                }
            }
            Heard::Opened(flow, info) => self.endpoint.flow_opened(now, flow, info),
            Heard::Closed(flow, end) => self.endpoint.flow_closed(now, flow, end),
            Heard::Resolved(id, result) => self.endpoint.resolved(now, id, result),
        }
    }

    fn drain(&mut self, network: &mut Network) {
        let now = network.now();
        let mut heard = VecDeque::new();
        loop {
            while let Some(event) = self.endpoint.poll_event() {
                self.take_event(now, event);
            }
            match self.endpoint.poll_action() {
                Some(Action::Transmit(transmit)) => self.sockets.send(network, transmit),
                Some(Action::Connect(flow, remote)) => heard.extend(self.sockets.connect(network, flow, &remote)),
                Some(Action::Close(flow)) => self.sockets.close(network, flow),
                Some(Action::Resolve(id, question)) => {
                    heard.push_back(Heard::Resolved(id, Sockets::resolve(&question)));
                }
                None => match heard.pop_front() {
                    Some(heard) => self.hear(now, heard),
                    None => break,
                },
            }
        }
        let endpoint = self.endpoint.next_timeout().map_or(Instant::FAR_FUTURE, |(at, _)| at);
        let forwards = self.forwards.values().filter_map(|forward| forward.give_up);
        self.timeout = forwards.chain([endpoint]).min().unwrap();
    }

    fn take_event(&mut self, now: Instant, event: EndpointEvent) {
        match event {
            EndpointEvent::Failed(request, _) => {
                if let Some(server) = self.owners.remove(&request) {
                    let response = Response::new(StatusCode::REQUEST_TIMEOUT);
                    self.branch_refused(now, server, request, response);
                }
            }
            EndpointEvent::Over(request) => {
                if let Some(server) = self.owners.remove(&request) {
                    self.forwards.remove(&server);
                }
            }
            EndpointEvent::FlowIdle(flow) if self.bindings.iter().all(|binding| binding.flow != flow) => {
                self.endpoint.close(now, flow);
            }
            EndpointEvent::FlowClosed(flow, _) => self.bindings.retain(|binding| binding.flow != flow),
            EndpointEvent::FlowIdle(_)
            | EndpointEvent::Sent(..)
            | EndpointEvent::Unacknowledged(_)
            | EndpointEvent::FlowOpened(_)
            | EndpointEvent::SeenElsewhere(_)
            | EndpointEvent::Silent(_) => {}
        }
    }

    fn take(&mut self, now: Instant, flow: FlowId, message: &Message<'_>) {
        match self.endpoint.receive(now, flow, message) {
            Kind::Absorbed => {}
            Kind::Request(server) if *message.method() == Method::Register => self.register(now, server, flow, message),
            Kind::Request(server) if *message.method() == Method::Subscribe => {
                self.subscribe(now, server, flow, message)
            }
            Kind::Request(server) if *message.method() == Method::Publish => self.publish(now, server, message),
            Kind::Request(server) => self.forward(now, server, message),
            Kind::Ack => self.forward_ack(now, message),
            Kind::Cancel(server) => self.cancel(now, server, message.text(HeaderName::Reason)),
            Kind::Response(request) => self.receive_response(now, request, message),
            Kind::StraySuccess => self.forward_stray(now, message),
        }
    }

    fn register(&mut self, now: Instant, server: ServerId, flow: FlowId, message: &Message<'_>) {
        if !self.is_authorized(now, message, HeaderName::Authorization) {
            return self.challenge(now, server, StatusCode::UNAUTHORIZED, HeaderName::WwwAuthenticate, message);
        }
        let Some(Ok(contact)) = message.contacts().next() else { return };
        let Some(address) = contact.address() else { return };
        let expires = contact.expires().or(message.expires()).unwrap_or(3600);
        if expires > 0 && expires < self.shortest {
            let mut response = self.endpoint.response(server, StatusCode::INTERVAL_TOO_BRIEF);
            response.headers.push(HeaderName::MinExpires, self.shortest);
            return self.endpoint.respond(now, server, &response);
        }
        let user = message.to().uri.user().unwrap_or_default().to_owned();
        let instance = address.params.text("+sip.instance").unwrap_or_default().into_owned();
        self.bindings.retain(|binding| binding.user != user || binding.instance != instance);
        let mut response = self.endpoint.response(server, StatusCode::OK);
        if expires > 0 {
            let contact = address.uri.to_owned();
            let end = now + Duration::from_secs(expires.into());
            let gruu = Uri::sip(Some(&user), DOMAIN, None).unwrap();
            let gruu = gruu.with_param("gr", Some(instance.trim_matches(['<', '>'])));
            let given = if message.has_token(HeaderName::Supported, "gruu") {
                format!(";pub-gruu=\"{gruu}\";temp-gruu=\"sip:hidden@{DOMAIN};gr\"")
            } else {
                String::new()
            };
            let binding = format!("<{contact}>;+sip.instance=\"{instance}\"{given};expires={expires}");
            response.headers.push(HeaderName::Contact, binding);
            self.bindings.push(Binding { user, instance, contact, gruu, flow, end });
        }
        self.registrations += 1;
        self.endpoint.respond(now, server, &response);
    }

    fn is_authorized(&mut self, now: Instant, message: &Message<'_>, header: HeaderName<'_>) -> bool {
        let Some(Ok(credentials)) = message.credentials(header).next() else { return false };
        let uri = credentials.uri().into_owned();
        let subject = Subject { method: message.method().as_str(), uri: &uri, body: message.body() };
        let hash = self.algorithm.hash;
        let secret = Secret::new("secret");
        let verdict =
            self.challenger.verify(now, &credentials, &subject, |user| Some(Ha1::new(hash, user, DOMAIN, &secret)));
        matches!(verdict, Verdict::Accepted { .. })
    }

    fn challenge(
        &mut self,
        now: Instant,
        server: ServerId,
        status: StatusCode,
        header: HeaderName<'_>,
        message: &Message<'_>,
    ) {
        let answered = match status {
            StatusCode::UNAUTHORIZED => HeaderName::Authorization,
            _ => HeaderName::ProxyAuthorization,
        };
        // Good enough here: whoever answered in vain with an old nonce may try again.
        let stale = message.credentials(answered).flatten().next().is_some_and(|credentials| {
            let uri = credentials.uri().into_owned();
            let subject = Subject { method: message.method().as_str(), uri: &uri, body: message.body() };
            let (hash, secret) = (self.algorithm.hash, Secret::new("secret"));
            let verdict =
                self.challenger.verify(now, &credentials, &subject, |user| Some(Ha1::new(hash, user, DOMAIN, &secret)));
            verdict == Verdict::Stale
        });
        let mut response = self.endpoint.response(server, status);
        response.headers.push(header, self.challenger.challenge(now, self.algorithm, stale));
        self.endpoint.respond(now, server, &response);
    }

    /// Takes every subscription, and tells what was published.
    fn subscribe(&mut self, now: Instant, server: ServerId, flow: FlowId, message: &Message<'_>) {
        let expires = message.expires().unwrap_or(300);
        let mut response = self.endpoint.response(server, StatusCode::OK);
        response.headers.push(HeaderName::Contact, format!("<sip:{SERVER}>")).push(HeaderName::Expires, expires);
        let tag = self.endpoint.to_tag(server).unwrap().to_owned();
        let known = self.watchers.iter().position(|(dialog, _)| dialog.call_id == message.call_id());
        let dialog = match known {
            Some(known) => self.watchers.remove(known).0,
            None if message.to().tag().is_some() => {
                return self.endpoint.refuse(now, server, StatusCode::CALL_DOES_NOT_EXIST);
            }
            None => Dialog::uas(message, &tag).unwrap(),
        };
        self.subscriptions += 1;
        self.watchers.push((dialog, flow));
        // The news overtakes the response, as it may.
        let state = if expires > 0 { format!("active;expires={expires}") } else { "terminated;reason=timeout".into() };
        self.notify(now, self.watchers.len() - 1, &state);
        if expires == 0 {
            self.watchers.pop();
        }
        self.endpoint.respond(now, server, &response);
    }

    fn publish(&mut self, now: Instant, server: ServerId, message: &Message<'_>) {
        let mut response = self.endpoint.response(server, StatusCode::OK);
        match (message.text(HeaderName::SipIfMatch), message.expires()) {
            (Some(tag), _) if tag != self.entity_tag => {
                return self.endpoint.refuse(now, server, StatusCode::CONDITIONAL_REQUEST_FAILED);
            }
            (_, Some(0)) => self.published = None,
            (_, _) => self.published = Body::of(message).or(self.published.take()),
        }
        self.publications += 1;
        self.entity_tag = format!("tag-{}", self.publications);
        response.headers.push(HeaderName::SipEtag, &self.entity_tag).push(HeaderName::Expires, 600);
        self.endpoint.respond(now, server, &response);
        for watcher in 0..self.watchers.len() {
            self.notify(now, watcher, "active");
        }
    }

    fn notify(&mut self, now: Instant, watcher: usize, state: &str) {
        let (dialog, flow) = &mut self.watchers[watcher];
        let mut request = dialog.request(Method::Notify);
        request
            .headers
            .push(HeaderName::Contact, format!("<sip:{SERVER}>"))
            .push(HeaderName::Event, "presence")
            .push(HeaderName::SubscriptionState, state);
        request.set_body(self.published.as_ref());
        let route = Route { flow: Some(*flow), ..Route::to(dialog.next_hop().clone()) };
        self.endpoint.send(now, Outgoing { request, route, contact: None, has_alternative: false });
    }

    /// Ends all subscriptions for this reason, or forgets them without a word.
    pub fn end_subscriptions(&mut self, network: &mut Network, reason: Option<&str>) {
        for watcher in 0..self.watchers.len() {
            if let Some(reason) = reason {
                self.notify(network.now(), watcher, &format!("terminated;reason={reason}"));
            }
        }
        self.watchers.clear();
        self.drain(network);
    }

    fn forward(&mut self, now: Instant, server: ServerId, message: &Message<'_>) {
        let within = message.to().tag().is_some();
        let challenged = !within && self.challenges_calls && *message.method() == Method::Invite;
        if challenged
            && !self.is_authorized(now, message, HeaderName::ProxyAuthorization)
            && !self.is_authorized(now, message, HeaderName::Authorization)
        {
            let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
            return self.challenge(now, server, status, HeaderName::ProxyAuthenticate, message);
        }
        let targets = self.targets(now, message, within);
        if targets.is_empty() {
            return self.endpoint.refuse(now, server, StatusCode::TEMPORARILY_UNAVAILABLE);
        }
        let vias = self.endpoint.response(server, StatusCode::OK).headers;
        let method = message.method().clone();
        let give_up = (method == Method::Invite).then(|| now + TIMER_C);
        let mut forward = Forward { method, branches: Vec::new(), answered: false, give_up };
        for (uri, flow) in targets {
            let Some(request) = passed_on(message, &uri, Some(&vias), !within) else { continue };
            let route = Route { flow, ..Route::to(uri) };
            let request = self.endpoint.send(now, Outgoing { request, route, contact: None, has_alternative: false });
            self.owners.insert(request, server);
            forward.branches.push(Branch { request, refusal: None, cancelled: false });
        }
        self.forwards.insert(server, forward);
    }

    /// Where a request goes: inside a dialog to its Request-URI, outside to all who registered for it.
    fn targets(&mut self, now: Instant, message: &Message<'_>, within: bool) -> Vec<(Uri, Option<FlowId>)> {
        let Some(uri) = message.uri().map(|uri| uri.to_owned()) else { return Vec::new() };
        self.bindings.retain(|binding| binding.end > now);
        if uri.param("gr").is_some() {
            let known = self.bindings.iter().find(|binding| binding.gruu.same(&uri));
            return known.map(|binding| (binding.contact.clone(), Some(binding.flow))).into_iter().collect();
        }
        if within || uri.host().is_none_or(|host| host.as_str() != DOMAIN) {
            let known = self.bindings.iter().find(|binding| binding.contact.same(&uri)).map(|binding| binding.flow);
            return vec![(uri, known)];
        }
        let user = uri.user().unwrap_or_default();
        let bindings = self.bindings.iter().filter(|binding| binding.user == user);
        bindings.map(|binding| (binding.contact.clone(), Some(binding.flow))).collect()
    }

    fn forward_ack(&mut self, now: Instant, message: &Message<'_>) {
        for (uri, flow) in self.targets(now, message, true) {
            if let Some(request) = passed_on(message, &uri, None, false) {
                let route = Route { flow, ..Route::to(uri) };
                self.endpoint.send(now, Outgoing { request, route, contact: None, has_alternative: false });
            }
        }
    }

    /// A 2xx that comes after its transaction is over goes back the way that Via says (RFC 6026 §8.9 has no better).
    fn forward_stray(&mut self, _: Instant, _: &Message<'_>) {}

    fn receive_response(&mut self, now: Instant, request: RequestId, message: &Message<'_>) {
        let (Some(&server), Some(status)) = (self.owners.get(&request), message.status()) else { return };
        if status == StatusCode::TRYING {
            return;
        }
        let Some(mut response) = Response::of(message) else { return };
        self.put_vias(server, &mut response.headers);
        if status.is_provisional() {
            return self.endpoint.respond(now, server, &response);
        }
        let Some(forward) = self.forwards.get_mut(&server) else { return };
        let invite = forward.method == Method::Invite;
        if status.is_success() {
            forward.answered = true;
            self.endpoint.respond(now, server, &response);
            if invite {
                self.cancel_others(now, server, request);
            }
        } else {
            self.owners.remove(&request);
            self.branch_refused(now, server, request, response);
        }
        if !invite {
            self.owners.remove(&request);
            self.forwards.remove(&server);
        }
    }

    fn put_vias(&self, server: ServerId, headers: &mut Headers) {
        headers.remove(HeaderName::Via);
        let template = self.endpoint.response(server, StatusCode::OK);
        let vias: Vec<Vec<u8>> = template
            .headers
            .iter()
            .filter(|(name, _)| *name == HeaderName::Via)
            .map(|(_, value)| value.to_vec())
            .collect();
        for via in vias.iter().rev() {
            headers.push_front(HeaderName::Via, String::from_utf8_lossy(via));
        }
    }

    fn branch_refused(&mut self, now: Instant, server: ServerId, request: RequestId, response: Response) {
        let Some(forward) = self.forwards.get_mut(&server) else { return };
        if let Some(branch) = forward.branches.iter_mut().find(|branch| branch.request == request) {
            branch.refusal = Some(response);
        }
        if forward.answered || forward.branches.iter().any(|branch| branch.refusal.is_none()) {
            return;
        }
        let best = forward.branches.iter().filter_map(|branch| branch.refusal.as_ref());
        let Some(best) = best.min_by_key(|response| response.status.code()).cloned() else { return };
        self.forwards.remove(&server);
        let mut response = self.endpoint.response(server, best.status);
        if !best.headers.is_empty() {
            response = best;
            self.put_vias(server, &mut response.headers);
        }
        self.endpoint.respond(now, server, &response);
    }

    fn cancel_others(&mut self, now: Instant, server: ServerId, winner: RequestId) {
        let Some(forward) = self.forwards.get_mut(&server) else { return };
        for branch in &mut forward.branches {
            if branch.request != winner && branch.refusal.is_none() && !branch.cancelled {
                branch.cancelled = true;
                self.endpoint.cancel(now, branch.request, Some("SIP;cause=200;text=\"Call completed elsewhere\""));
            }
        }
    }

    fn cancel(&mut self, now: Instant, server: ServerId, reason: Option<&str>) {
        let Some(forward) = self.forwards.get_mut(&server) else {
            return self.endpoint.refuse(now, server, StatusCode::REQUEST_TERMINATED);
        };
        forward.give_up = Some(now + Timers::default().patience());
        for branch in &forward.branches {
            if branch.refusal.is_none() {
                self.endpoint.cancel(now, branch.request, reason);
            }
        }
    }

    /// Nobody answered the INVITE that was cancelled.
    fn give_up(&mut self, now: Instant, server: ServerId) {
        let Some(forward) = self.forwards.remove(&server) else { return };
        for branch in forward.branches {
            self.owners.remove(&branch.request);
            if !forward.answered {
                self.endpoint.abandon(branch.request);
            }
        }
        if !forward.answered {
            self.endpoint.refuse(now, server, StatusCode::REQUEST_TERMINATED);
        }
    }
}

impl Node for Proxy {
    fn owns(&self, address: SocketAddr) -> bool {
        address.ip() == self.sockets.ip
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.timeout)
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        for heard in self.sockets.hear(arrival) {
            self.hear(network.now(), heard);
        }
        self.drain(network);
    }

    fn time_out(&mut self, network: &mut Network) {
        let now = network.now();
        self.endpoint.fire(now);
        let late: Vec<ServerId> = self
            .forwards
            .iter()
            .filter(|(_, forward)| forward.give_up.is_some_and(|at| at <= now))
            .map(|(server, _)| *server)
            .collect();
        for server in late {
            self.give_up(now, server);
        }
        self.drain(network);
    }
}

/// The request as a proxy passes it on (RFC 3261 §16.6).
fn passed_on(message: &Message<'_>, uri: &Uri, vias: Option<&Headers>, record: bool) -> Option<Request> {
    let mut request = Request::of(message)?;
    request.uri = uri.clone();
    if let Some(vias) = vias {
        request.headers.remove(HeaderName::Via);
        let lines: Vec<Vec<u8>> =
            vias.iter().filter(|(name, _)| *name == HeaderName::Via).map(|(_, value)| value.to_vec()).collect();
        for line in lines.iter().rev() {
            request.headers.push_front(HeaderName::Via, String::from_utf8_lossy(line));
        }
    }
    let hops = message.max_forwards().unwrap_or(70).checked_sub(1)?;
    request.headers.set(HeaderName::MaxForwards, hops);
    request.headers.remove(HeaderName::ProxyAuthorization);
    // This proxy is alone: any Route names it.
    request.headers.remove(HeaderName::Route);
    if record {
        request.headers.push(HeaderName::RecordRoute, format!("<sip:{SERVER};lr>"));
    }
    Some(request)
}
