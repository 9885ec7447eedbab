//! A phone in a simulation: a user agent, and a user whose habits are data.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Duration, Instant, Protocol, Seed};
use bellbird_sip::agent::{
    AccountConfig, AccountCredentials, AccountId, Body, CallEnd, CallEvent, CallId, Callers, Config, Event, Input,
    Invite, OfferReason, RegistrationState, Secret, TimeoutReason, UserAgent,
};
use bellbird_sip::message::{Fields, Message, Method};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Network};

use crate::host::{DOMAIN, Driven, Heard, Sockets};

/// What the user does when the phone rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Rings, and answers after this.
    Answer(Duration),
    /// Sends early media at once and answers after this.
    Early(Duration),
    Refuse(StatusCode),
    /// Lets it ring.
    Ignore,
}

/// What a phone knows about one of its calls.
#[derive(Clone, Debug, Default)]
pub struct CallView {
    pub ringing: bool,
    pub early: usize,
    pub answered: bool,
    pub established: bool,
    pub offers: usize,
    pub answers: usize,
    pub rejected: Vec<StatusCode>,
    pub transfer: Vec<StatusCode>,
    pub digits: String,
    pub ended: Option<CallEnd>,
}

#[derive(Debug)]
pub struct Phone {
    pub name: String,
    pub registers: bool,
    setup: Setup,
    pub ua: UserAgent,
    pub account: AccountId,
    pub habit: Habit,
    /// Whether the user goes along with transfers.
    pub transfers: bool,
    /// Whether it takes another description in mid-call.
    pub takes_offers: bool,
    /// Whether it refuses calls without an offer, as some gateways do.
    pub needs_offers: bool,
    pub calls: BTreeMap<CallId, CallView>,
    pub events: Vec<(Instant, Event)>,
    /// How many hops each INVITE might still take.
    pub hops: Vec<u8>,
    pub timeout: (Instant, TimeoutReason),
    sockets: Sockets,
    todo: BTreeMap<(Instant, CallId), Option<Body>>,
    versions: u32,
}

/// How a phone is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    pub ip: IpAddr,
    pub registers: bool,
    pub password: &'static str,
    /// Tells apart the phones of one user.
    pub instance: &'static str,
    pub protocol: Option<Protocol>,
    pub gruu: bool,
    pub config: Config,
    pub callers: Callers,
}

impl Setup {
    pub fn new(name: &'static str, ip: &str) -> Self {
        let (registers, protocol) = (true, Some(Protocol::Udp));
        Self {
            name,
            ip: ip.parse().unwrap(),
            registers,
            password: "secret",
            instance: name,
            protocol,
            gruu: false,
            config: Config::default(),
            callers: Callers::Anyone,
        }
    }

    pub fn direct(name: &'static str, ip: &str) -> Self {
        Self { registers: false, ..Self::new(name, ip) }
    }

    pub fn over(self, protocol: Protocol) -> Self {
        Self { protocol: Some(protocol), ..self }
    }

    fn account(&self) -> AccountConfig {
        let host = if self.registers { DOMAIN.to_owned() } else { self.ip.to_string() };
        let address = Uri::sip(Some(self.name), &host, None).unwrap();
        let mut account = if self.registers { AccountConfig::new(address) } else { AccountConfig::local(address) };
        account.protocol = self.protocol;
        account.gruu = self.gruu;
        account.callers = self.callers;
        account.instance_id = Some(format!("urn:uuid:{}", self.instance));
        account.credentials = Some(AccountCredentials {
            username: self.name.to_owned(),
            password: Secret::new(self.password),
            realm: None,
            sha256_only: false,
        });
        account
    }

    pub fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }
}

impl Phone {
    pub fn new(setup: Setup, seed: Seed, network: &mut Network) -> Self {
        let now = network.now();
        let mut ua = UserAgent::new(setup.config.clone(), seed, now);
        let account = ua.add_account(now, setup.account());
        Self {
            name: setup.name.to_owned(),
            registers: setup.registers,
            setup: setup.clone(),
            ua,
            account,
            habit: Habit::Answer(Duration::from_secs(1)),
            transfers: true,
            takes_offers: true,
            needs_offers: false,
            calls: BTreeMap::new(),
            events: Vec::new(),
            hops: Vec::new(),
            timeout: (Instant::FAR_FUTURE, TimeoutReason::Idle),
            sockets: Sockets::new(setup.ip, network),
            todo: BTreeMap::new(),
            versions: 0,
        }
    }

    pub fn owns(&self, address: SocketAddr) -> bool {
        address.ip() == self.sockets.ip
    }

    /// The address that others call directly.
    pub fn direct_uri(&self) -> Uri {
        Uri::sip(Some(&self.name), &self.sockets.ip.to_string(), None).unwrap()
    }

    pub fn registration(&self) -> &RegistrationState {
        self.ua.registration(self.account).unwrap()
    }

    pub fn is_registered(&self) -> bool {
        matches!(self.registration(), RegistrationState::Registered(_))
    }

    pub fn register(&mut self, network: &mut Network) {
        self.ua.register(network.now(), self.account).unwrap();
        self.drain(network);
    }

    pub fn change_account(&mut self, network: &mut Network, password: &'static str) {
        self.setup.password = password;
        let (account, config) = (self.account, self.setup.account());
        self.command(network, |ua, now| ua.update_account(now, account, config)).unwrap();
    }

    pub fn unregister(&mut self, network: &mut Network) {
        self.ua.unregister(network.now(), self.account).unwrap();
        self.drain(network);
    }

    pub fn call(&mut self, network: &mut Network, target: Uri) -> CallId {
        let offer = self.describe("offer");
        self.invite(network, Invite::new(target, Some(offer)))
    }

    pub fn invite(&mut self, network: &mut Network, invite: Invite) -> CallId {
        let call = self.ua.invite(network.now(), self.account, invite).unwrap();
        self.calls.insert(call, CallView::default());
        self.drain(network);
        call
    }

    /// Runs a command of the user and what follows from it.
    pub fn command<T>(&mut self, network: &mut Network, run: impl FnOnce(&mut UserAgent, Instant) -> T) -> T {
        let result = run(&mut self.ua, network.now());
        self.drain(network);
        result
    }

    pub fn view(&self, call: CallId) -> &CallView {
        &self.calls[&call]
    }

    /// The newest call that is not over.
    pub fn live_call(&self) -> Option<CallId> {
        self.calls.iter().rev().find(|(_, view)| view.ended.is_none()).map(|(id, _)| *id)
    }

    pub fn live_calls(&self) -> Vec<CallId> {
        self.calls.iter().filter(|(_, view)| view.ended.is_none()).map(|(id, _)| *id).collect()
    }

    /// A description that differs from all before it.
    pub fn describe(&mut self, what: &str) -> Body {
        self.versions += 1;
        Body::sdp(format!("v=0\r\no={} 1 {} IN IP4 {}\r\ns={what}\r\n", self.name, self.versions, self.sockets.ip))
    }

    pub fn deadline(&self) -> Instant {
        let todo = self.todo.first_key_value().map_or(Instant::FAR_FUTURE, |((at, _), _)| *at);
        self.timeout.0.min(todo)
    }

    pub fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        for heard in self.sockets.hear(arrival) {
            if let Heard::Received(_, bytes) = &heard
                && let Ok(invite) = Message::parse(bytes)
                && *invite.method() == Method::Invite
                && invite.status().is_none()
            {
                self.hops.extend(invite.max_forwards());
            }
            self.ua.handle_input(heard.as_input(network.now()));
            self.drain(network);
        }
    }

    pub fn time_out(&mut self, network: &mut Network) {
        let now = network.now();
        if self.timeout.0 <= now {
            self.ua.handle_input(Input::Timeout(now));
        }
        while let Some(entry) = self.todo.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, call), body) = entry.remove_entry();
            // The caller may be gone by now.
            let _ = self.ua.answer(now, call, body);
        }
        self.drain(network);
        assert!(
            self.timeout.0 > now || self.timeout.1 == TimeoutReason::Idle,
            "{}: {:?} at {now:?}",
            self.name,
            self.timeout
        );
    }

    /// The machine got another address.
    pub fn move_to(&mut self, network: &mut Network, ip: &str) {
        self.sockets.forget(network);
        self.sockets = Sockets::new(ip.parse().unwrap(), network);
        self.ua.handle_input(Input::NetworkChanged(network.now()));
        self.drain(network);
    }

    /// The program ends and starts again; only the set-up is left.
    pub fn reset(&mut self, network: &mut Network, change: impl FnOnce(&mut Config)) {
        self.sockets.forget(network);
        change(&mut self.setup.config);
        self.ua = UserAgent::new(self.setup.config.clone(), Seed::from_number(77), network.now());
        self.account = self.ua.add_account(network.now(), self.setup.account());
        self.calls.clear();
        self.todo.clear();
        self.drain(network);
    }

    /// The machine is gone without a word, and its connections break.
    pub fn vanish(&mut self, network: &mut Network) {
        self.sockets.forget(network);
        self.sockets.ip = "10.9.9.9".parse().unwrap();
        self.ua = UserAgent::new(self.setup.config.clone(), Seed::from_number(78), network.now());
        self.calls.clear();
        self.drain(network);
    }

    pub fn drain(&mut self, network: &mut Network) {
        loop {
            match self.sockets.drive(&mut self.ua, network) {
                Driven::Event(event) => self.take(network.now(), event),
                Driven::Wait(at, reason) => {
                    self.timeout = (at, reason);
                    return;
                }
            }
        }
    }

    fn take(&mut self, now: Instant, event: Event) {
        if let Event::Call(call, event) = &event {
            self.take_call_event(now, *call, event.clone());
        }
        self.events.push((now, event));
    }

    fn take_call_event(&mut self, now: Instant, call: CallId, event: CallEvent) {
        if let CallEvent::Incoming(incoming) = &event {
            self.calls.insert(call, CallView::default());
            return self.decide(now, call, incoming.offer.is_some(), incoming.replaces.is_some());
        }
        let view = self.calls.entry(call).or_default();
        assert!(view.ended.is_none(), "{}: {event:?} after the end of {call:?}", self.name);
        match event {
            CallEvent::Incoming(_) | CallEvent::Trying => {}
            CallEvent::Ringing { .. } => view.ringing = true,
            CallEvent::EarlyMedia { .. } => view.early += 1,
            CallEvent::Answered { .. } => view.answered = true,
            CallEvent::Established => view.established = true,
            CallEvent::Offer(_) => {
                view.offers += 1;
                let answer = self.describe("answer");
                let answer = if self.takes_offers { Ok(answer) } else { Err(StatusCode::NOT_ACCEPTABLE_HERE) };
                let _ = self.ua.respond_to_offer(now, call, answer);
            }
            CallEvent::OfferNeeded(OfferReason::PeerAsked | OfferReason::PathChanged) => {
                let offer = self.describe("needed");
                let _ = self.ua.provide_offer(now, call, Ok(offer));
            }
            CallEvent::OfferAnswered(_) => view.answers += 1,
            CallEvent::OfferRejected(status) => view.rejected.push(status),
            CallEvent::TransferRequested { .. } => self.go_along(now, call),
            CallEvent::TransferProgress { status } => {
                view.transfer.push(status);
                // Whoever transferred a call leaves it when it worked.
                if status.is_success() {
                    let _ = self.ua.hang_up(now, call);
                }
            }
            CallEvent::DigitInfo(digit, _) => view.digits.push(digit),
            CallEvent::Info(_) | CallEvent::RemoteIdentity(_) => {}
            CallEvent::Ended(end) => view.ended = Some(end),
        }
    }

    fn decide(&mut self, now: Instant, call: CallId, offered: bool, replaces: bool) {
        let body = self.describe(if offered { "answer" } else { "offer" });
        match self.habit {
            _ if self.needs_offers && !offered => {
                self.ua.reject(now, call, StatusCode::NOT_ACCEPTABLE_HERE, None).unwrap();
            }
            _ if replaces => self.ua.answer(now, call, Some(body)).unwrap(),
            Habit::Answer(after) => {
                self.ua.ring(now, call, None).unwrap();
                self.todo.insert((now + after, call), Some(body));
            }
            Habit::Early(after) => {
                self.ua.ring(now, call, Some(body)).unwrap();
                self.todo.insert((now + after, call), None);
            }
            Habit::Refuse(status) => self.ua.reject(now, call, status, None).unwrap(),
            Habit::Ignore => self.ua.ring(now, call, None).unwrap(),
        }
    }

    fn go_along(&mut self, now: Instant, call: CallId) {
        if !self.transfers {
            return self.ua.refuse_transfer(now, call).unwrap();
        }
        let offer = self.describe("transferred");
        if let Ok(new) = self.ua.accept_transfer(now, call, Some(offer)) {
            self.calls.insert(new, CallView::default());
        }
    }
}
