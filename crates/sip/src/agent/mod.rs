//! The user agent: accounts that register, call and are called.
//!
//! The loop contract: give [`UserAgent::handle_input`] or a command, then drain [`UserAgent::poll_output`] until it
//! gives [`Output::Timeout`]. Garbage from the network is counted and dropped; an `Err` means that a command made no
//! sense ([`Misuse`]).

pub(crate) mod account;
pub(crate) mod auth;
mod capabilities;
mod command;
mod commands;
mod config;
pub(crate) mod context;
mod dialogs;
mod dispatch;
mod event;
mod events;
mod io;
mod options;
mod server;
mod watchers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellbird_base::{Instant, Rng, Seed};

pub use command::{Invite, Misuse, Publish, Subscribe, Way};
pub use config::{
    AccountConfig, AccountCredentials, AccountId, Callers, Config, Limits, Reliability, Role, Secret,
    SessionTimerConfig, Timers,
};
pub use event::{
    Body, CallEnd, CallEvent, CallId, EndReason, EndedBy, Event, IncomingCall, Notification, OfferReason, OptionsEnd,
    OptionsId, Party, PublicationEvent, PublicationId, Registered, RegistrationFailure, RegistrationState,
    SubscriptionEnd, SubscriptionEvent, SubscriptionId,
};
pub use io::{FlowEnd, Input, Output, Question, ResolveFailure, ResolveId, TimeoutReason};
pub use server::{DialogName, InboundRequest, Reply, ServerEvent};
pub use watchers::{WatcherEnd, WatcherEvent, WatcherId};

pub use crate::call::{SavedCall, SavedSession};
pub use crate::endpoint::ServerId;

use crate::call::Call;
use crate::endpoint::{Action, Deadlines, Endpoint, RequestId};
use crate::message::Capabilities;
use crate::publication::Publication;
use crate::subscription::Subscription;
use account::Account;
use context::{Cx, Effect, Inflight, Owner};
use dialogs::{Dialogs, FlowUsers};

/// The methods that we take.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE";
/// The extensions that we know.
pub(crate) const SUPPORTED: &str = "100rel, timer, replaces, norefersub, outbound, path, gruu";

/// A SIP user agent without I/O. See the module's page.
#[derive(Debug)]
pub struct UserAgent {
    now: Instant,
    config: Config,
    rng: Rng,
    endpoint: Endpoint,
    capabilities: Capabilities,
    accounts: BTreeMap<AccountId, Account>,
    calls: BTreeMap<CallId, Call>,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    publications: BTreeMap<PublicationId, Publication>,
    watchers: BTreeMap<WatcherId, crate::notifier::Watcher>,
    /// A server's requests that wait for an answer.
    waiting: BTreeMap<ServerId, server::Waiting>,
    /// Flows that a server's owner wants to be kept.
    held_flows: BTreeSet<bellbird_base::FlowId>,
    inflight: BTreeMap<RequestId, Inflight>,
    dialogs: Dialogs,
    flow_users: FlowUsers,
    /// A server's restored calls whose device did not connect yet.
    orphans: BTreeSet<CallId>,
    /// When accounts, calls, subscriptions and publications want to be woken up.
    deadlines: Deadlines<Due>,
    events: VecDeque<Event>,
    effects: Vec<Effect>,
    counters: Counters,
    /// Accounts that were removed and whose last requests are still under way.
    leaving_accounts: BTreeSet<AccountId>,
    last_account: u64,
    last_call: u64,
    last_event_name: u64,
}

/// Whose timer rings; in the order in which those of one instant do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Registration(AccountId),
    Call(CallId),
    Subscription(SubscriptionId),
    Publication(PublicationId),
    Watcher(WatcherId),
}

impl Due {
    const fn reason(self) -> TimeoutReason {
        match self {
            Self::Registration(_) => TimeoutReason::Registration,
            Self::Call(_) => TimeoutReason::Call,
            Self::Subscription(_) | Self::Publication(_) | Self::Watcher(_) => TimeoutReason::Subscription,
        }
    }
}

/// What was counted and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages that could not be read.
    pub malformed: u64,
    /// Responses and ACKs that belong to nothing.
    pub stray: u64,
    /// Requests outside a dialog that no account takes.
    pub unclaimed: u64,
}

impl UserAgent {
    /// A user agent without accounts. All randomness follows from the seed.
    pub fn new(config: Config, seed: Seed, now: Instant) -> Self {
        let mut rng = Rng::new(&seed);
        let endpoint_rng = Rng::new(&rng.fork());
        let endpoint = Endpoint::new(config.timers, config.limits, config.user_agent.clone(), endpoint_rng);
        let capabilities = capabilities::of(config.role);
        Self {
            now,
            config,
            rng,
            endpoint,
            capabilities,
            accounts: BTreeMap::new(),
            calls: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            publications: BTreeMap::new(),
            watchers: BTreeMap::new(),
            waiting: BTreeMap::new(),
            held_flows: BTreeSet::new(),
            inflight: BTreeMap::new(),
            dialogs: Dialogs::default(),
            flow_users: FlowUsers::default(),
            orphans: BTreeSet::new(),
            deadlines: Deadlines::default(),
            events: VecDeque::new(),
            effects: Vec::new(),
            counters: Counters::default(),
            leaving_accounts: BTreeSet::new(),
            last_account: 0,
            last_call: 0,
            last_event_name: 0,
        }
    }

    /// Takes in what happened. Then drain [`UserAgent::poll_output`].
    pub fn handle_input(&mut self, input: Input<'_>) {
        match input {
            Input::Timeout(now) => self.tick(now),
            Input::Receive(now, flow, bytes) => {
                self.tick(now);
                self.receive(flow, bytes);
            }
            Input::FlowOpened(now, flow, info) => {
                self.tick(now);
                self.endpoint.flow_opened(now, flow, info);
            }
            Input::FlowClosed(now, flow, end) => {
                self.tick(now);
                self.endpoint.flow_closed(now, flow, end);
            }
            Input::Resolved(now, question, result) => {
                self.tick(now);
                self.endpoint.resolved(now, question, result);
            }
            Input::Resume(now) | Input::NetworkChanged(now) => self.start_over(now),
        }
        self.settle();
        self.forget_left_accounts();
    }

    /// What the driver has to do next; [`Output::Timeout`] when there is nothing more.
    pub fn poll_output(&mut self) -> Output {
        if let Some(action) = self.endpoint.poll_action() {
            return match action {
                Action::Transmit(transmit) => Output::Transmit(transmit),
                Action::Connect(flow, remote) => Output::Connect(flow, remote),
                Action::Close(flow) => Output::Close(flow),
                Action::Resolve(id, question) => Output::Resolve(id, question),
            };
        }
        match self.events.pop_front() {
            Some(event) => Output::Event(event),
            None => {
                let (at, reason) = self.next_timeout();
                Output::Timeout(at, reason)
            }
        }
    }

    /// How an account stands with its registrar.
    pub fn registration(&self, account: AccountId) -> Option<&RegistrationState> {
        let account = self.accounts.get(&account).filter(|account| !self.leaving_accounts.contains(&account.id));
        account.map(|account| account.registration.state())
    }

    /// The realm that asked an account for SHA-256, so that MD5 is not answered any more; to be remembered over restarts
    /// and given back as [`AccountCredentials::realm`] with [`AccountCredentials::sha256_only`].
    pub fn sha256_realm(&self, account: AccountId) -> Option<&str> {
        self.accounts.get(&account)?.auth.sha256_realm()
    }

    /// The Call-ID of a call's INVITE, until the call is forgotten.
    pub fn call_id(&self, call: CallId) -> Option<&str> {
        self.calls.get(&call).map(|call| call.call_id.as_str())
    }

    /// What was counted and dropped so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Calls that are not over; for tests and figures. A call that only waits for its BYE's response counts.
    pub fn open_calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether a peer still has to hear how a call ended: a CANCEL whose INVITE has no final response, a BYE without an
    /// answer, a refusal without its ACK. A program that ends before leaves the other side ringing, or in a call with
    /// nobody; it should not wait for ever either.
    pub fn has_unfinished_calls(&self) -> bool {
        let is_of_call = |owner| matches!(owner, Owner::Call(_) | Owner::Nobody(_));
        !self.calls.is_empty()
            || self.endpoint.has_unacknowledged()
            || self.inflight.iter().any(|(id, one)| is_of_call(one.owner) && self.endpoint.is_open(*id))
    }

    fn next_timeout(&self) -> (Instant, TimeoutReason) {
        let endpoint = self
            .endpoint
            .next_timeout()
            .map(|(at, flow)| (at, if flow { TimeoutReason::Flow } else { TimeoutReason::Transaction }));
        let own = self.deadlines.next().map(|(at, due)| (at, due.reason()));
        let first = endpoint.into_iter().chain(own).min_by_key(|(at, _)| *at);
        first.unwrap_or((Instant::FAR_FUTURE, TimeoutReason::Idle))
    }

    /// Lets everything ring that is due. The cost grows with what is due, not with what there is.
    fn tick(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.endpoint.fire(self.now);
        self.settle();
        while let Some(due) = self.deadlines.pop_due(self.now) {
            self.fire(due);
        }
    }

    fn fire(&mut self, due: Due) {
        match due {
            Due::Registration(account) => {
                self.with_account(account, crate::registration::fire);
            }
            Due::Call(call) => {
                self.with_call(call, Call::fire);
            }
            Due::Watcher(watcher) => {
                self.with_watcher(watcher, crate::notifier::Watcher::fire);
            }
            Due::Subscription(_) | Due::Publication(_) => self.fire_event(due),
        }
    }

    /// A new network: flows, registrations and the way of each call are built anew.
    fn start_over(&mut self, now: Instant) {
        self.tick(now);
        for account in self.accounts.values_mut() {
            account.flow = None;
        }
        self.endpoint.close_all(self.now);
        let accounts: Vec<AccountId> = self.accounts.keys().copied().collect();
        for account in accounts {
            self.with_account(account, crate::registration::renew);
        }
        self.settle();
        let calls: Vec<CallId> = self.calls.keys().copied().collect();
        for call in calls {
            self.with_call(call, Call::path_changed);
        }
    }

    /// Forgets removed accounts that nothing needs any more.
    fn forget_left_accounts(&mut self) {
        if self.leaving_accounts.is_empty() {
            return;
        }
        let busy = |id: &AccountId| {
            self.calls.values().any(|call| call.account == *id)
                || self.subscriptions.values().any(|one| one.account == *id)
                || self.publications.values().any(|one| one.account == *id)
                || self.inflight.values().any(|inflight| inflight.account == *id)
        };
        let (left, stay): (BTreeSet<_>, BTreeSet<_>) =
            core::mem::take(&mut self.leaving_accounts).into_iter().partition(|id| !busy(id));
        self.leaving_accounts = stay;
        self.accounts.retain(|id, _| !left.contains(id));
        for account in left {
            self.deadlines.set(&Due::Registration(account), None);
        }
    }

    /// Runs something on an account, with everything that it may touch.
    fn with_account<T>(&mut self, id: AccountId, run: impl FnOnce(&mut Cx<'_>) -> T) -> Option<T> {
        let account = self.accounts.get_mut(&id)?;
        let mut cx = Cx {
            now: self.now,
            config: &self.config,
            endpoint: &mut self.endpoint,
            rng: &mut self.rng,
            account,
            inflight: &mut self.inflight,
            events: &mut self.events,
            effects: &mut self.effects,
        };
        let result = run(&mut cx);
        self.deadlines.set(&Due::Registration(id), cx.account.registration.deadline());
        Some(result)
    }

    /// Runs something on a call, with everything that it may touch.
    fn with_call<T>(&mut self, id: CallId, run: impl FnOnce(&mut Call, &mut Cx<'_>) -> T) -> Option<T> {
        let mut call = self.calls.remove(&id)?;
        let flow = call.flow();
        let result = self.with_account(call.account, |cx| run(&mut call, cx));
        if call.is_over() {
            self.flow_users.moved(Owner::Call(id), flow, None);
            self.orphans.remove(&id);
            self.deadlines.set(&Due::Call(id), None);
            self.dialogs.forget(Owner::Call(id));
        } else {
            self.keep_call(call, flow);
        }
        result
    }

    /// Keeps a call that is new, or that was served by this flow before something was done with it.
    fn keep_call(&mut self, call: Call, flow: Option<bellbird_base::FlowId>) {
        self.flow_users.moved(Owner::Call(call.id), flow, call.flow());
        if call.is_orphaned() {
            self.orphans.insert(call.id);
        } else {
            self.orphans.remove(&call.id);
        }
        self.deadlines.set(&Due::Call(call.id), call.deadline());
        self.calls.insert(call.id, call);
    }
}
