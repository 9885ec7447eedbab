//! A server in a simulation: a user agent, a call node, a registrar that believes everybody and a table of numbers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bellbird_base::{Duration, Instant, Rng, Seed};
use bellbird_exchange::node::{
    Itinerary, MediaId, MediaKind, MediaRequest, MediaTag, Next, Node, Output as NodeOutput, Progress, Ring,
    SavedSession, SessionId, Step, Target,
};
use bellbird_sip::agent::{
    AccountConfig, AccountId, Body, CallEvent, Callers, Config, Event, Input, Invite, Reply, ServerEvent, UserAgent,
    Way,
};
use bellbird_sip::message::{Address, Fields, HeaderName, Method};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Network};

use crate::host::{DOMAIN, Driven, SERVER, Sockets};

pub struct Pbx {
    pub ua: UserAgent,
    pub node: Node,
    pub account: AccountId,
    sockets: Sockets,
    pub bindings: BTreeMap<String, Vec<(Uri, Way)>>,
    /// Whom a number rings: one step after the other, each with users that ring at once.
    pub numbers: BTreeMap<String, Vec<(Vec<&'static str>, Duration)>>,
    /// How long the media port takes, and what it knows nothing of.
    pub media_delay: Duration,
    pub media_refuses: Option<(MediaKind, MediaTag)>,
    media: BTreeMap<(Instant, MediaId), Result<Body, StatusCode>>,
    pub questions: Vec<MediaRequest>,
    pub progress: Vec<(SessionId, Progress)>,
    pub saved: BTreeMap<SessionId, SavedSession>,
    pub refuses_transfers: bool,
    /// Where somebody goes whom nobody takes after a transfer.
    pub recalls: Option<&'static str>,
    /// Whether those who are called want an offer in any case.
    pub wants_offers: bool,
    timeout: Instant,
    rng: Rng,
}

impl Pbx {
    pub fn new(seed: Seed, network: &mut Network) -> Self {
        let (ua, account) = agent(seed, network.now());
        Self {
            ua,
            node: Node::new(),
            account,
            sockets: Sockets::new(SERVER.parse().unwrap(), network),
            bindings: BTreeMap::new(),
            numbers: BTreeMap::new(),
            media_delay: Duration::ZERO,
            media_refuses: None,
            media: BTreeMap::new(),
            questions: Vec::new(),
            progress: Vec::new(),
            saved: BTreeMap::new(),
            refuses_transfers: false,
            recalls: None,
            wants_offers: false,
            timeout: Instant::FAR_FUTURE,
            rng: Rng::new(&seed_of(5)),
        }
    }

    /// The program dies and starts again with what was saved.
    pub fn restart(&mut self, network: &mut Network) {
        self.sockets.forget(network);
        let (now, saved) = (network.now(), core::mem::take(&mut self.saved));
        (self.ua, self.account) = agent(seed_of(4711), now);
        self.node = Node::new();
        self.media.clear();
        for session in saved.into_values() {
            let id = self.node.restore(&mut self.ua, now, (self.account, self.account), session.clone()).unwrap();
            self.saved.insert(id, session);
        }
        self.drain(network);
    }

    pub fn target(&self, uri: &Uri, way: &Way, from: &Address, tag: u64) -> Target {
        let headers = vec![("P-Asserted-Identity".to_owned(), from.to_string())];
        let invite =
            Invite { from: Some(from.clone()), way: Some(way.clone()), headers, ..Invite::new(uri.clone(), None) };
        Target {
            account: self.account,
            invite,
            media: MediaTag(tag),
            wants_offer: self.wants_offers,
            otherwise: Vec::new(),
        }
    }

    pub fn itinerary(&self, dialled: &str, from: &Address) -> Itinerary {
        let number = self.numbers.get(dialled).cloned();
        let plan = number.unwrap_or_else(|| {
            let user = self.bindings.keys().find(|user| *user == dialled);
            user.map(|user| (vec![&*user.clone().leak()], Duration::from_secs(25))).into_iter().collect()
        });
        let mut steps = Vec::new();
        for (users, time) in plan {
            let ways = users.iter().filter_map(|user| self.bindings.get(*user)).flatten();
            let targets: Vec<_> =
                ways.enumerate().map(|(tag, (uri, way))| self.target(uri, way, from, tag as u64)).collect();
            let next = steps.len() + 1;
            // Who declined does not want to be tried elsewhere.
            steps.push(Step::Ring(Ring { targets, time, next: Next { declined: usize::MAX, ..Next::always(next) } }));
        }
        steps.push(Step::End(None));
        Itinerary { steps }
    }

    /// Calls a user's first phone, and then a number. Gives its connection.
    pub fn dial(&mut self, network: &mut Network, first: &str, number: &str) -> Option<SessionId> {
        let from = Address::new(Uri::sip(Some(first), DOMAIN, None).unwrap());
        let (uri, way) = self.bindings.get(first)?.first()?.clone();
        let (first, itinerary) = (self.target(&uri, &way, &from, 70), self.itinerary(number, &from));
        let patience = Duration::from_secs(20);
        self.command(network, |node, ua, now| node.dial(ua, now, &first, patience, itinerary)).ok()
    }

    pub fn command<T>(
        &mut self,
        network: &mut Network,
        run: impl FnOnce(&mut Node, &mut UserAgent, Instant) -> T,
    ) -> T {
        let result = run(&mut self.node, &mut self.ua, network.now());
        self.drain(network);
        result
    }

    pub fn drain(&mut self, network: &mut Network) {
        loop {
            while let Some(output) = self.node.poll() {
                self.take_output(network.now(), output);
            }
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
            Event::Call(call, event) => {
                let ended = matches!(event, CallEvent::Ended(_));
                let known = self.node.take(&mut self.ua, now, call, event.clone());
                assert!(known || ended || self.node.session_of(call).is_none(), "{event:?}");
            }
            Event::Server(ServerEvent::Request(request)) => self.request(now, &request),
            _ => {}
        }
    }

    fn request(&mut self, now: Instant, inbound: &bellbird_sip::agent::InboundRequest) {
        let headers = &inbound.request.headers;
        let from = headers.address(HeaderName::From).unwrap();
        let user = from.uri.user().unwrap_or_default().to_owned();
        match inbound.request.method {
            Method::Register => {
                let contact = headers.text(HeaderName::Contact).unwrap().to_owned();
                let uri = headers.address(HeaderName::Contact).unwrap().uri.to_owned();
                let received = Some((inbound.via.protocol, inbound.via.remote));
                let expires = headers.expires().unwrap_or(600);
                let way = Way { flow: Some(inbound.flow), received, path: Vec::new() };
                let bindings = self.bindings.entry(user).or_default();
                bindings.retain(|(known, _)| {
                    known.host().map(|h| h.as_str().to_owned()) != uri.host().map(|h| h.as_str().to_owned())
                });
                if expires > 0 {
                    bindings.push((uri, way));
                    self.ua.hold_flow(inbound.flow);
                } else {
                    self.ua.release_flow(inbound.flow);
                }
                let reply =
                    Reply::new(StatusCode::OK).with(HeaderName::Contact, format!("{contact};expires={expires}"));
                self.ua.respond(now, inbound.id, reply).unwrap();
            }
            Method::Invite => {
                let dialled = inbound.request.uri.user().unwrap_or_default().to_owned();
                let name = format!("Name of {user}");
                let from = Address::new(Uri::sip(Some(&user), DOMAIN, None).unwrap()).with_display(Some(&name));
                let itinerary = self.itinerary(&dialled, &from);
                let _ = self.node.accept(&mut self.ua, now, inbound.id, self.account, itinerary, MediaTag(99));
            }
            _ => self.ua.respond(now, inbound.id, Reply::new(StatusCode::OK)).unwrap(),
        }
    }

    fn take_output(&mut self, now: Instant, output: NodeOutput) {
        match output {
            NodeOutput::Media(question) => {
                self.questions.push(question.clone());
                let refused = self.media_refuses == Some((question.kind, question.to.tag));
                let result = match question.kind {
                    _ if refused => Err(StatusCode::NOT_ACCEPTABLE_HERE),
                    MediaKind::Park => Ok(Body::sdp("v=0\r\no=server 1 1 IN IP4 10.0.0.1\r\ns=parked\r\n")),
                    MediaKind::Offer | MediaKind::Again | MediaKind::Answer => Ok(question.body),
                };
                let delay = self.media_delay.mul_f64(self.rng.unit());
                if delay.is_zero() {
                    self.node.media(&mut self.ua, now, question.id, result);
                } else {
                    self.media.insert((now + delay, question.id), result);
                }
            }
            NodeOutput::Transfer { session, target, .. } => {
                if self.refuses_transfers {
                    return self.node.refuse_transfer(&mut self.ua, now, session, StatusCode::DECLINE);
                }
                let from = Address::new(Uri::sip(Some("transferred"), DOMAIN, None).unwrap());
                let itinerary = self.itinerary(target.user().unwrap_or_default(), &from);
                let recall = self.recalls.map(|back| self.itinerary(back, &from));
                self.node.transfer_to(&mut self.ua, now, session, itinerary, recall);
            }
            NodeOutput::Progress(session, progress) => self.progress.push((session, progress)),
            NodeOutput::Save(session, saved) => {
                self.saved.insert(session, *saved);
                self.node.stored(&mut self.ua, now, session, true);
            }
            NodeOutput::Over(session) => drop(self.saved.remove(&session)),
        }
    }
}

impl bellbird_testkit::Node for Pbx {
    fn owns(&self, address: SocketAddr) -> bool {
        address.ip() == self.sockets.ip
    }

    fn deadline(&self) -> Option<Instant> {
        let media = self.media.first_key_value().map_or(Instant::FAR_FUTURE, |((at, _), _)| *at);
        Some(self.timeout.min(media).min(self.node.deadline().unwrap_or(Instant::FAR_FUTURE)))
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        for heard in self.sockets.hear(arrival) {
            self.ua.handle_input(heard.as_input(network.now()));
            self.drain(network);
        }
    }

    fn time_out(&mut self, network: &mut Network) {
        let now = network.now();
        if self.timeout <= now {
            self.ua.handle_input(Input::Timeout(now));
        }
        while let Some(entry) = self.media.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, id), result) = entry.remove_entry();
            self.node.media(&mut self.ua, now, id, result);
        }
        self.node.fire(&mut self.ua, now);
        self.drain(network);
    }
}

fn seed_of(number: u64) -> Seed {
    Seed::from_number(number)
}

fn agent(seed: Seed, now: Instant) -> (UserAgent, AccountId) {
    let mut ua = UserAgent::new(Config::server(), seed, now);
    let mut account = AccountConfig::local(Uri::sip(Some("pbx"), DOMAIN, None).unwrap());
    account.callers = Callers::Nobody;
    let account = ua.add_account(now, account);
    (ua, account)
}
