//! A telephone provider that wants a registration, and asks for the password at each request that begins or ends
//! something, in the middle of a call too.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Duration, FlowId, Instant, Seed, Transmit};
use bellbird_sip::agent::{
    AccountConfig, AccountId, Body, CallEvent, CallId, Callers, Config, Event, InboundRequest, Input, Invite, Reply,
    ServerEvent, UserAgent, Way,
};
use bellbird_sip::digest::{Algorithm, Challenger, Ha1, Secret, Subject, Verdict};
use bellbird_sip::message::{Fields, HeaderName, Message, Method, Response};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Network, Node};

use crate::host::{Driven, Heard, Sockets};

pub const PROVIDER_IP: &str = "10.0.8.8";
const REALM: &str = "provider.example";

pub struct Provider {
    ua: UserAgent,
    account: AccountId,
    sockets: Sockets,
    challenger: Challenger,
    /// Where our server is, as its last registration said.
    pub binding: Option<(Uri, FlowId)>,
    /// Proved requests, by method.
    pub proved: BTreeMap<String, u32>,
    /// Calls: whether each is over.
    pub calls: BTreeMap<CallId, bool>,
    timeout: Instant,
}

impl Provider {
    pub fn new(network: &mut Network) -> Self {
        let mut ua = UserAgent::new(Config::server(), Seed::from_number(88), network.now());
        let mut account = AccountConfig::local(Uri::sip(Some("provider"), PROVIDER_IP, None).unwrap());
        account.callers = Callers::Nobody;
        let account = ua.add_account(network.now(), account);
        Self {
            ua,
            account,
            sockets: Sockets::new(PROVIDER_IP.parse::<IpAddr>().unwrap(), network),
            challenger: Challenger::new(REALM, &Seed::from_number(89), Duration::from_secs(300)),
            binding: None,
            proved: BTreeMap::new(),
            calls: BTreeMap::new(),
            timeout: Instant::FAR_FUTURE,
        }
    }

    /// What a request is answered that proves nothing.
    fn challenge(&mut self, now: Instant, heard: &Heard) -> Option<Transmit> {
        let Heard::Received(flow, bytes) = heard else { return None };
        let request = Message::parse(bytes).ok().filter(|message| message.status().is_none())?;
        if !matches!(request.method(), Method::Register | Method::Invite | Method::Bye) {
            return None;
        }
        let method = request.method().as_str();
        let given = request.credentials(HeaderName::Authorization).flatten().next();
        let uri = given.as_ref().map(|given| given.uri().into_owned()).unwrap_or_default();
        let subject = Subject { method, uri: &uri, body: request.body() };
        let ha1 = |user: &str| Some(Ha1::new(Algorithm::MD5.hash, user, REALM, &Secret::new("s3cret")));
        let verdict = given.map(|given| self.challenger.verify(now, &given, &subject, ha1));
        if matches!(verdict, Some(Verdict::Accepted { .. })) {
            *self.proved.entry(method.to_owned()).or_default() += 1;
            return None;
        }
        let mut response = Response::answering(&request, StatusCode::UNAUTHORIZED, "challenge");
        let stale = verdict == Some(Verdict::Stale);
        response.headers.push(HeaderName::WwwAuthenticate, self.challenger.challenge(now, Algorithm::MD5, stale));
        Some(Transmit { flow: *flow, payload: response.to_bytes() })
    }

    fn drain(&mut self, network: &mut Network) {
        loop {
            match self.sockets.drive(&mut self.ua, network) {
                Driven::Event(event) => self.take(network.now(), event),
                Driven::Wait(at, _) => {
                    self.timeout = at;
                    return;
                }
            }
        }
    }

    fn take(&mut self, now: Instant, event: Event) {
        match event {
            Event::Server(ServerEvent::Request(request)) => self.request(now, &request),
            Event::Call(call, CallEvent::Incoming(_)) => self.ua.answer(now, call, Some(describe())).unwrap(),
            Event::Call(call, CallEvent::Offer(_)) => self.ua.respond_to_offer(now, call, Ok(describe())).unwrap(),
            Event::Call(call, CallEvent::Established) => drop(self.calls.insert(call, false)),
            Event::Call(call, CallEvent::Ended(_)) => drop(self.calls.insert(call, true)),
            _ => {}
        }
    }

    fn request(&mut self, now: Instant, inbound: &InboundRequest) {
        let headers = &inbound.request.headers;
        match inbound.request.method {
            Method::Register => {
                let contact = headers.address(HeaderName::Contact).unwrap().uri.to_owned();
                let field = format!("{};expires=600", headers.text(HeaderName::Contact).unwrap());
                self.binding = Some((contact, inbound.flow));
                self.ua.hold_flow(inbound.flow);
                self.ua.respond(now, inbound.id, Reply::new(StatusCode::OK).with(HeaderName::Contact, field)).unwrap();
            }
            Method::Invite => drop(self.ua.accept_invite(now, inbound.id, self.account)),
            _ => self.ua.respond(now, inbound.id, Reply::new(StatusCode::OK)).unwrap(),
        }
    }

    /// Brings a call to a number of ours.
    pub fn calls_in(&mut self, network: &mut Network, number: &str) {
        let (contact, flow) = self.binding.clone().unwrap();
        let host = contact.host().unwrap().as_str().to_owned();
        let target = Uri::sip(Some(number), &host, contact.port()).unwrap();
        let way = Some(Way { flow: Some(flow), received: None, path: Vec::new() });
        let invite = Invite { way, ..Invite::new(target, Some(describe())) };
        self.ua.invite(network.now(), self.account, invite).unwrap();
        self.drain(network);
    }

    pub fn hang_up(&mut self, network: &mut Network) {
        let up = self.calls.iter().filter(|(_, over)| !**over).map(|(call, _)| *call);
        for call in up.collect::<Vec<_>>() {
            self.ua.hang_up(network.now(), call).unwrap();
        }
        self.drain(network);
    }

    /// How many calls are up.
    pub fn up(&self) -> usize {
        self.calls.values().filter(|over| !**over).count()
    }
}

impl Node for Provider {
    fn owns(&self, address: SocketAddr) -> bool {
        address.ip() == self.sockets.ip
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.timeout)
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        for heard in self.sockets.hear(arrival) {
            match self.challenge(network.now(), &heard) {
                Some(challenge) => self.sockets.send(network, challenge),
                None => self.ua.handle_input(heard.as_input(network.now())),
            }
            self.drain(network);
        }
    }

    fn time_out(&mut self, network: &mut Network) {
        self.ua.handle_input(Input::Timeout(network.now()));
        self.drain(network);
    }
}

fn describe() -> Body {
    Body::sdp("v=0\r\no=provider 1 1 IN IP4 10.0.8.8\r\ns=-\r\n")
}
