//! The server of a simulation: the exchange, a storage with a delay, a media port that hands everything on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use bellbird_base::{Duration, Instant, Protocol, Seed};
use bellbird_exchange::country::Location;
use bellbird_exchange::directory::{
    AccountRouting, AccountSecret, Directory, DirectoryParts, NumberRouting, Organisation, TrunkRouting, UserRouting,
};
use bellbird_exchange::node::{MediaKind, SessionId};
use bellbird_exchange::registrar::{Binding, BindingId};
use bellbird_exchange::words::*;
use bellbird_exchange::{
    Command, Event, Exchange, ExchangeConfig, Input, KeptCall, NotStored, Output, StoreId, StoreRequest,
};
use bellbird_sip::agent::{self, AccountConfig, AccountCredentials, Body, Callers};
use bellbird_sip::digest::{Ha1, Hash, Secret};
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Network, Node};

use crate::host::{DOMAIN, Heard, SERVER, Sockets};
use crate::provider::PROVIDER_IP;

pub const ORG: OrgId = OrgId(1);
pub const ALICE: UserId = UserId(1);
pub const BOB: UserId = UserId(2);
pub const CAROL: UserId = UserId(3);
pub const APP: VoipAccountId = VoipAccountId(11);
pub const DESK: VoipAccountId = VoipAccountId(13);
pub const BOBS: VoipAccountId = VoipAccountId(21);
pub const CAROLS: VoipAccountId = VoipAccountId(31);
pub const TRUNK: TrunkId = TrunkId(1);
/// The fake trunk: nothing leaves the simulation.
pub const TRUNK_IP: &str = "10.0.9.9";
pub const START: Timestamp = Timestamp(1_800_000_000_000);

pub struct Office {
    pub exchange: Exchange,
    sockets: Sockets,
    pub parts: DirectoryParts,
    pub bindings: BTreeMap<BindingId, Binding>,
    pub calls: BTreeMap<SessionId, KeptCall>,
    pub events: Vec<Event>,
    /// How long the storage takes, and whether it works.
    pub store_delay: Duration,
    pub store_fails: Option<NotStored>,
    /// Whether it registers at its trunk.
    registers: bool,
    storing: BTreeMap<(Instant, StoreId), Result<StoreRequest, NotStored>>,
    timeout: Instant,
    lives: u64,
    seed: u64,
}

impl Office {
    pub fn new(seed: u64, network: &mut Network) -> Self {
        let mut office = Self {
            exchange: exchange(seed, network.now()),
            sockets: Sockets::new(SERVER.parse().unwrap(), network),
            parts: parts(),
            bindings: BTreeMap::new(),
            calls: BTreeMap::new(),
            events: Vec::new(),
            store_delay: Duration::from_millis(2),
            store_fails: None,
            registers: false,
            storing: BTreeMap::new(),
            timeout: Instant::FAR_FUTURE,
            lives: 0,
            seed,
        };
        office.publish(network);
        office
    }

    /// The program dies, and starts again with what was acknowledged.
    pub fn restart(&mut self, network: &mut Network) {
        self.sockets.forget(network);
        self.lives += 1;
        self.exchange = exchange(self.seed ^ (self.lives << 32), network.now());
        self.storing.clear();
        self.publish(network);
        if self.registers {
            self.register_trunk(network);
        }
        let bindings = self.bindings.values().cloned().collect();
        self.command(network, Command::RestoreBindings(bindings));
        let calls = std::mem::take(&mut self.calls).into_values().collect();
        self.command(network, Command::RestoreCalls(calls));
    }

    /// The trunk is one that wants a registration, from now on.
    pub fn registers_at_its_trunk(&mut self, network: &mut Network) {
        let settings = &mut self.parts.trunks[0].settings;
        settings.servers = vec![PROVIDER_IP.into()];
        settings.link = TrunkLink::Registering { user_name: "office".into() };
        self.registers = true;
        self.publish(network);
        self.register_trunk(network);
    }

    fn register_trunk(&mut self, network: &mut Network) {
        let mut config = AccountConfig::new(Uri::sip(Some("office"), PROVIDER_IP, None).unwrap());
        (config.protocol, config.callers) = (Some(Protocol::Udp), Callers::Servers);
        let (username, password) = ("office".to_owned(), Secret::new("s3cret"));
        config.credentials = Some(AccountCredentials { username, password, realm: None, sha256_only: false });
        let agent = self.exchange.agent_mut();
        let account = agent.add_account(network.now(), config);
        agent.register(network.now(), account).unwrap();
        self.exchange.set_trunk_account(account, ORG, TRUNK);
        self.exchange.settle();
        self.drain(network);
    }

    pub fn user(&mut self, id: UserId) -> &mut UserRouting {
        self.parts.users.iter_mut().find(|user| user.id == id).unwrap()
    }

    /// A change in the storage reaches the exchange.
    pub fn publish(&mut self, network: &mut Network) {
        self.parts.revision = self.parts.revision.next();
        let directory = Arc::new(Directory::new(self.parts.clone()));
        self.command(network, Command::SetDirectory(directory));
    }

    pub fn command(&mut self, network: &mut Network, command: Command) {
        self.exchange.handle_input(Input::Command(network.now(), command));
        self.drain(network);
    }

    pub fn registered(&self, account: VoipAccountId) -> usize {
        self.exchange.registrar().of(account).count()
    }

    fn hear(&mut self, now: Instant, heard: &Heard) {
        self.exchange.handle_input(match heard.as_input(now) {
            agent::Input::Receive(now, flow, bytes) => Input::Receive(now, flow, bytes),
            agent::Input::FlowOpened(now, flow, info) => Input::FlowOpened(now, flow, info),
            agent::Input::FlowClosed(now, flow, end) => Input::FlowClosed(now, flow, end),
            agent::Input::Resolved(now, id, result) => Input::Resolved(now, id, result),
            agent::Input::Timeout(now) | agent::Input::Resume(now) | agent::Input::NetworkChanged(now) => {
                Input::Timeout(now)
            }
        });
    }

    pub fn drain(&mut self, network: &mut Network) {
        let mut heard: VecDeque<Heard> = VecDeque::new();
        loop {
            match self.exchange.poll_output() {
                Output::Transmit(transmit) => self.sockets.send(network, transmit),
                Output::Connect(flow, remote) => heard.extend(self.sockets.connect(network, flow, &remote)),
                Output::Close(flow) => self.sockets.close(network, flow),
                Output::Resolve(id, question) => heard.push_back(Heard::Resolved(id, Sockets::resolve(&question))),
                Output::Store(id, request) => {
                    let result = self.store_fails.map_or(Ok(request), Err);
                    self.storing.insert((network.now() + self.store_delay, id), result);
                }
                Output::Media(question) => {
                    let body = match question.kind {
                        MediaKind::Park => Body::sdp("v=0\r\no=server 1 1 IN IP4 10.0.0.1\r\ns=parked\r\n"),
                        MediaKind::Offer | MediaKind::Again | MediaKind::Answer => question.body,
                    };
                    self.exchange.handle_input(Input::Media(network.now(), question.id, Ok(body)));
                }
                Output::Event(event) => self.events.push(event),
                Output::Timeout(at) => match heard.pop_front() {
                    Some(heard) => self.hear(network.now(), &heard),
                    None => {
                        self.timeout = at;
                        break;
                    }
                },
            }
        }
    }

    /// Gives whether the directory changed.
    fn store(&mut self, request: StoreRequest) -> bool {
        match request {
            StoreRequest::SaveBinding(binding) => {
                self.bindings.insert(binding.id.clone(), *binding);
                false
            }
            StoreRequest::RemoveBinding(id) => {
                self.bindings.remove(&id);
                false
            }
            StoreRequest::SaveCall { session, kept } => {
                self.calls.insert(session, *kept);
                false
            }
            StoreRequest::RemoveCall(session) => {
                self.calls.remove(&session);
                false
            }
            StoreRequest::Dnd { user, act } => self.user(user).dnd.merge(act),
            StoreRequest::Forward { user, kind, target, .. } => {
                assert_eq!(kind, bellbird_exchange::ForwardKind::Always);
                let forwarding = target.map(|number| Forwarding { active: true, to: Destination::External { number } });
                self.user(user).telephony.forwarding.always = forwarding;
                true
            }
        }
    }
}

impl Node for Office {
    fn owns(&self, address: SocketAddr) -> bool {
        address.ip() == self.sockets.ip
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.timeout.min(self.storing.first_key_value().map_or(Instant::FAR_FUTURE, |((at, _), _)| *at)))
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        for heard in self.sockets.hear(arrival) {
            self.hear(network.now(), &heard);
            self.drain(network);
        }
    }

    fn time_out(&mut self, network: &mut Network) {
        let now = network.now();
        while let Some(entry) = self.storing.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, id), result) = entry.remove_entry();
            let result = result.map(|request| self.store(request));
            if result == Ok(true) {
                self.publish(network);
            }
            self.exchange.handle_input(Input::Stored(now, id, result.map(drop)));
            self.drain(network);
        }
        if self.timeout <= now {
            self.exchange.handle_input(Input::Timeout(now));
        }
        self.drain(network);
        assert!(self.timeout > now, "the exchange wants to be woken up at once, again and again");
    }
}

fn exchange(seed: u64, now: Instant) -> Exchange {
    let time = START.after(now - Instant::ORIGIN);
    Exchange::new(ExchangeConfig::default(), &Seed::from_number(seed), now, time)
}

pub fn parts() -> DirectoryParts {
    let location = Location::of(&"NL".into(), None);
    let organisation = Organisation {
        id: ORG,
        name: "Office".into(),
        domain: DOMAIN.into(),
        realm: DOMAIN.into(),
        location: location.clone(),
        caller_id: CallerId::Number { number: NumberId(1) },
        unassigned: Destination::HangUp,
        calls_per_account: 8,
    };
    let users = vec![
        UserRouting::new(ALICE, "Alice", "601"),
        UserRouting::new(BOB, "Bob", "602"),
        UserRouting::new(CAROL, "Carol", "603"),
    ];
    let desk = || AccountKind::DeskPhone { mac: None };
    let accounts = vec![
        account(APP, "alice-app", "204", AccountKind::App, ALICE, Hash::Sha256),
        account(DESK, "alice-desk", "203", desk(), ALICE, Hash::Md5),
        account(BOBS, "bob", "212", desk(), BOB, Hash::Md5),
        account(CAROLS, "carol", "222", AccountKind::App, CAROL, Hash::Sha256),
    ];
    let number =
        NumberRouting { id: NumberId(1), number: "+31201230601".into(), to: Some(Destination::User { user: ALICE }) };
    let settings = TrunkSettings {
        name: "Fake".into(),
        servers: vec![TRUNK_IP.into()],
        transport: bellbird_contract::Transport::Udp,
        link: TrunkLink::ByAddress { from: vec![TRUNK_IP.into()] },
        domain: None,
        called_number: CalledNumberFrom::RequestUri,
        outgoing_format: NumberFormat::E164,
        country: "NL".into(),
        caller_id: None,
        most_calls: None,
        active: true,
        order: 1,
    };
    let trunk = TrunkRouting { id: TRUNK, settings, secret: None, location, media: MediaProfile::Plain };
    DirectoryParts { revision: Revision(1), organisation, users, accounts, numbers: vec![number], trunks: vec![trunk] }
}

fn account(
    id: VoipAccountId,
    login: &str,
    number: &str,
    kind: AccountKind,
    user: UserId,
    hash: Hash,
) -> AccountRouting {
    AccountRouting {
        id,
        login: login.into(),
        number: Some(number.into()),
        name: login.into(),
        kind,
        owners: BTreeSet::from([user]),
        secret: AccountSecret::Shared(Ha1::new(hash, login, DOMAIN, &Secret::new("secret"))),
        media: MediaProfile::Best,
        call_limit: None,
    }
}
