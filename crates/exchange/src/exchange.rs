//! The exchange itself: a user agent in the server's role, with gate, registrar, routing and notifier behind it.
//!
//! ```text
//! bytes ─► UserAgent ─┬─ REGISTER ──► gate ─► registrar ─► Store ─► 200
//!                     ├─ SUBSCRIBE ─► gate ─► notifier ──► NOTIFY
//!                     ├─ INVITE ────► gate ─► routing ───► node
//!                     └─ calls ─────► node ─► Media, Progress, CallOver
//! ```

mod calls;
mod clock;
mod invite;
mod itinerary;
mod keep_alive;
mod news;
mod requests;
mod silence;
mod talk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bellbird_base::{Duration, FlowId, Instant, Protocol, Rng, Seed, Transmit};
use bellbird_sip::agent::{
    self, AccountConfig, AccountId, CallId, Callers, Config, Reply, ServerEvent, ServerId, UserAgent, WatcherId,
};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

pub use calls::FirstLeg;
use calls::{Live, Party};
pub use clock::Clock;
pub use itinerary::{media_profile, trunk_server};
use keep_alive::KeepAlives;
pub use talk::{KeptCall, Talk, TalkParty};

use crate::directory::Directory;
use crate::guard::{Gate, GateConfig, Pace, PaceConfig};
use crate::node::{Node, SessionId};
use crate::notifier::Notifier;
use crate::notifier::lamps::WatchedDialog;
use crate::registrar::{Change, Registrar, RegistrarConfig};
use crate::routing::{FeatureAct, Load};
use crate::words::{DndAct, DndSource, HlcClock, OrgId, Presence, Timestamp, TrunkId, UserId, VoipAccountId};
use crate::{Command, Event, Input, NotStored, Output, StoreId, StoreRequest};

/// What holds for a whole exchange.
#[derive(Clone, Debug)]
pub struct ExchangeConfig {
    /// The user agent in the server's role.
    pub agent: Config,
    /// Bounds of registrations.
    pub registrar: RegistrarConfig,
    /// Bounds on failures.
    pub gate: GateConfig,
    /// How fast one account may begin calls.
    pub pace: PaceConfig,
    /// How often the way to a device behind NAT is kept open.
    pub keep_alive: Duration,
    /// Whose clock stamps acts of keys and star codes: one number for each server.
    pub node: u64,
    /// Whether calls of people who prove nothing are routed to personal numbers; else they are challenged.
    pub takes_strangers: bool,
}

impl Default for ExchangeConfig {
    fn default() -> Self {
        Self {
            agent: Config::server(),
            registrar: RegistrarConfig::default(),
            gate: GateConfig::default(),
            pace: PaceConfig::default(),
            keep_alive: Duration::from_secs(25),
            node: 0,
            takes_strangers: false,
        }
    }
}

/// What waits for the storage.
#[derive(Debug)]
struct Waiting {
    request: ServerId,
    answer: Answer,
    /// Requests to the storage that are not acknowledged yet.
    left: BTreeSet<StoreId>,
}

/// How a request is answered once all is stored.
#[derive(Debug)]
enum Answer {
    Reply(Reply),
    /// A SUBSCRIBE inside a subscription.
    Refresh {
        watcher: WatcherId,
        granted: Duration,
        device: Option<String>,
    },
}

/// An organisation on this server.
#[derive(Debug)]
struct Served {
    directory: Arc<Directory>,
    /// The user agent's account that answers for it.
    account: AccountId,
    /// Who was on Do Not Disturb when this was looked at last.
    on_dnd: BTreeSet<UserId>,
}

/// An exchange without I/O. Give [`Exchange::handle_input`], then drain [`Exchange::poll_output`] until it gives
/// [`Output::Timeout`].
#[derive(Debug)]
pub struct Exchange {
    config: ExchangeConfig,
    now: Instant,
    clock: Clock,
    agent: UserAgent,
    gate: Gate,
    pace: Pace,
    registrar: Registrar,
    notifier: Notifier,
    acts: HlcClock,
    served: BTreeMap<OrgId, Served>,
    load: Load,
    dialogs: BTreeMap<UserId, Vec<WatchedDialog>>,
    presence: BTreeMap<UserId, Presence>,
    /// The user agent's accounts that register at trunks.
    trunk_accounts: BTreeMap<AccountId, (OrgId, TrunkId)>,
    /// Which of a trunk's servers answered last.
    trunk_servers: BTreeMap<TrunkId, usize>,
    waiting: Vec<Waiting>,
    /// Calls that are being stored, each by its newest request.
    saving: BTreeMap<SessionId, StoreId>,
    keep_alives: KeepAlives,
    /// When the earliest Do Not Disturb ends by itself.
    dnd_ends: Option<Timestamp>,
    node: Node,
    /// Calls that were accepted and have no name yet.
    arriving: BTreeMap<CallId, (Live, Party)>,
    live: BTreeMap<SessionId, Live>,
    last_tag: u64,
    last_store: u64,
    outputs: VecDeque<Output>,
}

impl Exchange {
    /// Without any organisation. `time` is what the calendar says at `now`.
    pub fn new(config: ExchangeConfig, seed: &Seed, now: Instant, time: Timestamp) -> Self {
        let mut rng = Rng::new(seed);
        Self {
            now,
            clock: Clock::new(now, time),
            agent: UserAgent::new(config.agent.clone(), rng.fork(), now),
            gate: Gate::new(config.gate, &rng.fork()),
            pace: Pace::new(config.pace),
            registrar: Registrar::new(config.registrar),
            notifier: Notifier::default(),
            acts: HlcClock::new(config.node),
            served: BTreeMap::new(),
            load: Load { bridges_media: true, ..Load::default() },
            dialogs: BTreeMap::new(),
            presence: BTreeMap::new(),
            trunk_accounts: BTreeMap::new(),
            trunk_servers: BTreeMap::new(),
            waiting: Vec::new(),
            saving: BTreeMap::new(),
            keep_alives: KeepAlives::default(),
            dnd_ends: None,
            node: Node::new(),
            arriving: BTreeMap::new(),
            live: BTreeMap::new(),
            last_tag: 0,
            last_store: 0,
            outputs: VecDeque::new(),
            config,
        }
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, input: Input<'_>) {
        match input {
            Input::Timeout(now) => self.feed(now, agent::Input::Timeout(now)),
            Input::Receive(now, flow, bytes) => self.feed(now, agent::Input::Receive(now, flow, bytes)),
            Input::FlowOpened(now, flow, info) => self.feed(now, agent::Input::FlowOpened(now, flow, info)),
            Input::FlowClosed(now, flow, end) => self.feed(now, agent::Input::FlowClosed(now, flow, end)),
            Input::Resolved(now, id, result) => self.feed(now, agent::Input::Resolved(now, id, result)),
            Input::Stored(now, id, result) => {
                self.now = now;
                self.stored(id, result);
            }
            Input::Media(now, id, result) => {
                self.now = now;
                self.media_answered(id, result);
            }
            Input::Calendar(now, time) => {
                self.now = now;
                self.clock = Clock::new(now, time);
            }
            Input::Command(now, command) => {
                self.now = now;
                self.command(command);
            }
        }
        self.settle();
    }

    /// What the driver has to do next.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.next_timeout()))
    }

    /// Bindings, for who asks.
    pub fn registrar(&self) -> &Registrar {
        &self.registrar
    }

    /// What is going on. Calls are counted here; whether media can be bridged is for the layer above to say.
    pub fn load_mut(&mut self) -> &mut Load {
        &mut self.load
    }

    /// The user agent: trunks register by it, and the echo is answered by it. What follows comes out with [`Exchange::poll_output`] after the next input, or after [`Exchange::settle`].
    pub fn agent_mut(&mut self) -> &mut UserAgent {
        &mut self.agent
    }

    /// The user agent's account that answers for an organisation.
    pub fn account_of(&self, organisation: OrgId) -> Option<AccountId> {
        self.served.get(&organisation).map(|served| served.account)
    }

    /// Which trunk an account of the user agent is registered at: INVITEs from its server are the trunk's.
    pub fn set_trunk_account(&mut self, account: AccountId, organisation: OrgId, trunk: TrunkId) {
        self.trunk_accounts.insert(account, (organisation, trunk));
    }

    /// An account of the user agent is no longer registered at a trunk.
    pub fn forget_trunk_account(&mut self, account: AccountId) {
        self.trunk_accounts.remove(&account);
    }

    fn feed(&mut self, now: Instant, input: agent::Input<'_>) {
        self.now = now;
        self.agent.handle_input(input);
    }

    /// Carries out what is due, until nothing follows.
    pub fn settle(&mut self) {
        self.expire();
        self.keep_alive();
        self.tell_due();
        self.drain_agent();
        // What the node wants may let the agent say more.
        self.drain_node();
        self.drain_agent();
        self.tell_due();
        self.drain_agent();
        self.outputs.extend(self.gate.take_alarms().into_iter().map(|alarm| Output::Event(Event::Alarm(alarm))));
    }

    fn drain_agent(&mut self) {
        loop {
            match self.agent.poll_output() {
                agent::Output::Transmit(transmit) => self.outputs.push_back(Output::Transmit(transmit)),
                agent::Output::Connect(flow, remote) => self.outputs.push_back(Output::Connect(flow, remote)),
                agent::Output::Close(flow) => self.outputs.push_back(Output::Close(flow)),
                agent::Output::Resolve(id, question) => self.outputs.push_back(Output::Resolve(id, question)),
                agent::Output::Event(event) => self.heard(event),
                agent::Output::Timeout(..) => return,
            }
        }
    }

    fn heard(&mut self, event: agent::Event) {
        match event {
            agent::Event::Server(ServerEvent::Request(request)) => self.request(*request),
            agent::Event::Server(ServerEvent::Watcher(id, event)) => self.watcher(id, event),
            agent::Event::Server(ServerEvent::FlowClosed(flow, _)) => self.flow_closed(flow),
            agent::Event::Call(call, event) => {
                self.call_event(call, event);
                self.drain_node();
            }
            agent::Event::Server(ServerEvent::Cancelled(_))
            | agent::Event::Registration(..)
            | agent::Event::Subscription(..)
            | agent::Event::Publication(..)
            | agent::Event::Options(..)
            | agent::Event::Notify(..)
            | agent::Event::Message(..) => self.outputs.push_back(Output::Event(Event::Agent(Box::new(event)))),
        }
    }

    fn next_timeout(&mut self) -> Instant {
        let mut next = match self.agent.poll_output() {
            agent::Output::Timeout(at, _) => at,
            // Nothing else can be left: each input drains the agent.
            agent::Output::Transmit(_)
            | agent::Output::Connect(..)
            | agent::Output::Close(_)
            | agent::Output::Resolve(..)
            | agent::Output::Event(_) => self.now,
        };
        let calendar = [self.registrar.next_end(), self.dnd_ends].into_iter().flatten();
        for at in calendar.map(|time| self.clock.instant(time)) {
            next = next.min(at);
        }
        next = next.min(self.node.deadline().unwrap_or(Instant::FAR_FUTURE));
        next = next.min(self.notifier.next_due().unwrap_or(Instant::FAR_FUTURE));
        next.min(self.keep_alives.next())
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::SetDirectory(directory) => self.set_directory(directory),
            Command::RemoveOrganisation(organisation) => {
                let changes = self.registrar.remove_organisation(organisation);
                self.take_changes(changes);
                let watchers: Vec<_> = self.notifier.of(organisation).map(|(id, _)| id).collect();
                for id in watchers {
                    self.end_watcher(id, "noresource");
                }
                if let Some(served) = self.served.remove(&organisation) {
                    let _ = self.agent.remove_account(self.now, served.account);
                }
            }
            Command::RestoreBindings(bindings) => {
                for binding in bindings {
                    self.registrar.restore(binding);
                }
            }
            Command::RemoveBinding(id) => {
                let change = self.registrar.remove(&id);
                self.take_changes(change.into_iter().collect());
            }
            Command::RemoveBindings(account) => {
                let changes = self.registrar.remove_account(account);
                self.take_changes(changes);
            }
            Command::TrunkHealth(trunk, up) => {
                if up {
                    self.load.trunks_down.remove(&trunk);
                } else {
                    self.load.trunks_down.insert(trunk);
                }
            }
            Command::TrunkServer(trunk, server) => {
                self.trunk_servers.insert(trunk, server);
            }
            Command::RestoreCalls(calls) => self.restore_calls(calls),
        }
    }

    fn set_directory(&mut self, directory: Arc<Directory>) {
        let id = directory.organisation.id;
        let account = match self.served.get(&id) {
            Some(served) => served.account,
            None => {
                let Ok(address) = Uri::sip(None, &directory.organisation.domain, None) else { return };
                let config = AccountConfig { callers: Callers::Nobody, ..AccountConfig::local(address) };
                self.agent.add_account(self.now, config)
            }
        };
        for user in directory.users.values() {
            self.acts.observe(user.dnd.stamp());
        }
        let on_dnd = self.served.remove(&id).map(|served| served.on_dnd).unwrap_or_default();
        self.served.insert(id, Served { directory: Arc::clone(&directory), account, on_dnd });
        // Accounts that are gone can't stay registered.
        let gone: BTreeSet<VoipAccountId> =
            self.registrar.accounts(id).filter(|account| !directory.accounts.contains_key(account)).collect();
        for account in gone {
            let changes = self.registrar.remove_account(account);
            self.take_changes(changes);
        }
        self.look_at_dnd();
        self.notifier.changed(self.now, id, |_| true);
    }

    /// Makes something durable.
    fn store(&mut self, request: StoreRequest) -> StoreId {
        self.last_store += 1;
        let id = StoreId(self.last_store);
        self.outputs.push_back(Output::Store(id, request));
        id
    }

    /// Answers a request once all of this is stored.
    fn answer_when_stored(&mut self, request: ServerId, answer: Answer, left: BTreeSet<StoreId>) {
        if left.is_empty() {
            return self.answer(request, answer);
        }
        self.waiting.push(Waiting { request, answer, left });
    }

    fn answer(&mut self, request: ServerId, answer: Answer) {
        match answer {
            Answer::Reply(reply) => self.reply(request, reply),
            Answer::Refresh { watcher, granted, device } => {
                if self.agent.accept_refresh(self.now, watcher, request, granted).is_ok() {
                    self.notifier.refreshed(self.now, watcher, device.as_deref());
                }
            }
        }
    }

    fn reply(&mut self, request: ServerId, reply: Reply) {
        // A request that was given up meanwhile wants no answer.
        let _ = self.agent.respond(self.now, request, reply);
    }

    fn stored(&mut self, id: StoreId, result: Result<(), NotStored>) {
        if let Some((session, _)) = self.saving.extract_if(.., |_, saving| *saving == id).next() {
            return self.node.stored(&mut self.agent, self.now, session, result.is_ok());
        }
        let Some(position) = self.waiting.iter().position(|waiting| waiting.left.contains(&id)) else { return };
        let refused = match result {
            Ok(()) => None,
            Err(NotStored::Forbidden) => Some(Reply::new(StatusCode::FORBIDDEN).saying("Your administrator sets this")),
            Err(NotStored::Failed) => Some(Reply::new(StatusCode::SERVICE_UNAVAILABLE).after(Duration::from_secs(10))),
        };
        if let Some(waiting) = self.waiting.get_mut(position) {
            waiting.left.remove(&id);
            if refused.is_none() && !waiting.left.is_empty() {
                return;
            }
        }
        let waiting = self.waiting.swap_remove(position);
        match refused {
            Some(reply) => self.reply(waiting.request, reply),
            None => self.answer(waiting.request, waiting.answer),
        }
    }

    /// Changes of bindings: to the storage, to who watches, to whom it may concern.
    fn take_changes(&mut self, changes: Vec<Change>) -> BTreeSet<StoreId> {
        let mut stores = BTreeSet::new();
        let mut accounts = BTreeSet::new();
        for change in changes {
            let binding = match &change {
                Change::Saved(binding) | Change::Removed(binding) => binding,
            };
            accounts.insert((binding.organisation, binding.id.account));
            match change {
                Change::Saved(binding) => {
                    if let Some(flow) = binding.flow {
                        self.agent.hold_flow(flow);
                        // Calls of this device from before a restart go on over this flow.
                        self.agent.adopt_flow(self.now, flow, &binding.contact);
                        if binding.protocol == Protocol::Udp {
                            self.keep_alives.keep(flow, self.now + self.config.keep_alive);
                        }
                    }
                    stores.insert(self.store(StoreRequest::SaveBinding(binding)));
                }
                Change::Removed(binding) => {
                    self.release(binding.flow);
                    stores.insert(self.store(StoreRequest::RemoveBinding(binding.id)));
                }
            }
        }
        for (organisation, account) in accounts {
            self.registrations_changed(organisation, account);
        }
        stores
    }

    fn release(&mut self, flow: Option<FlowId>) {
        if let Some(flow) = flow.filter(|flow| !self.registrar.uses_flow(*flow)) {
            self.agent.release_flow(flow);
            self.keep_alives.leave(flow);
        }
    }

    fn flow_closed(&mut self, flow: FlowId) {
        self.keep_alives.leave(flow);
        for account in self.registrar.flow_closed(flow) {
            let organisation = self.registrar.of(account).next().map(|binding| binding.organisation);
            if let Some(organisation) = organisation {
                self.registrations_changed(organisation, account);
            }
        }
    }

    fn expire(&mut self) {
        let time = self.clock.time(self.now);
        let changes = self.registrar.expire(time);
        self.take_changes(changes);
        if self.dnd_ends.is_some_and(|ends| ends <= time) {
            self.look_at_dnd();
        }
    }

    /// The ways of datagrams through NATs close after half a minute of silence.
    fn keep_alive(&mut self) {
        while let Some(flow) = self.keep_alives.take_due(self.now) {
            if self.agent.flow(flow).is_some() && self.registrar.uses_flow(flow) {
                let payload = b"\r\n\r\n".to_vec();
                self.outputs.push_back(Output::Transmit(Transmit { flow, payload }));
                self.keep_alives.keep(flow, self.now + self.config.keep_alive);
            }
        }
    }

    /// What a key or a star code wants: to the storage, as any act. The next directory brings it back to all phones.
    fn feature(&mut self, user: UserId, act: FeatureAct, by: DndSource) -> StoreId {
        let request = match act {
            FeatureAct::Dnd(on) => {
                let stamp = self.acts.stamp(self.clock.time(self.now));
                StoreRequest::Dnd { user, act: DndAct { stamp, on, until: None, by } }
            }
            FeatureAct::Forward { kind, target } => StoreRequest::Forward { user, kind, target, by },
        };
        self.store(request)
    }
}
