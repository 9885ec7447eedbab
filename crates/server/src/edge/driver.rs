//! The loop around the exchange: one task that owns it, feeds it what happened and carries out what it asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration as StdDuration;

use bellbird_base::{FlowId, FlowInfo, Instant};
use bellbird_contract::server::{
    CallProgress, CallRecord, NetworkTest, OrgId, RegistrationId, Revision, ServerCallId, ServerErrorCode, TrunkId,
    TrunkTest, UserId, VoipAccountId,
};
use bellbird_exchange::directory::{AccountSecret, Directory};
use bellbird_exchange::node::{MediaRequest, SessionId};
use bellbird_exchange::registrar::{Binding, BindingId};
use bellbird_exchange::words::Presence;
use bellbird_exchange::{Command, Event, Exchange, Input, KeptCall, NotStored, Output, StoreId};
use bellbird_net::{NetEvent, NetHandle, clock};
use bellbird_sip::agent::{self, CallId, ResolveId};
use bellbird_sip::status::StatusCode;
use tokio::sync::{mpsc, oneshot};

use super::CallOrder;
use super::calls::ServedCalls;
use super::ids::Local as _;
use super::keeper::Keeper;
use super::media::{MediaPort, Places};
use super::memory::SharedMemory;
use super::probe::{Probe, Probes};
use super::records;
use super::saved;
use super::trunks::Trunks;
use crate::domain::{Change, now};
use crate::relay::{EndKey, Quality, is_outside};
use crate::store::{Published, Store};

/// How often the calendar is read anew and what is over is tidied.
const TICK: StdDuration = StdDuration::from_secs(5);

/// What comes in from other tasks, in one queue so that nothing overtakes.
pub(crate) enum Report {
    Stored(StoreId, Result<(), NotStored>),
    Directory(Arc<Directory>),
    /// What was stored up to here changes nothing for calls.
    Unchanged(OrgId, Revision),
    RemoveRegistration(OrgId, VoipAccountId, RegistrationId, oneshot::Sender<bool>),
    /// An OPTIONS to each registration.
    Probe(OrgId, VoipAccountId, oneshot::Sender<Vec<Probe>>),
    /// Those that were not answered are sent again.
    Repeat,
    TestTrunk(OrgId, TrunkId, oneshot::Sender<TrunkTest>),
    StartCall(OrgId, CallOrder, oneshot::Sender<Result<CallProgress, ServerErrorCode>>),
    CancelCall(ServerCallId),
    /// How sound arrives in the calls that go on is noted.
    Measure(oneshot::Sender<()>),
    /// Nothing new is taken any more; answered when all is kept.
    End(oneshot::Sender<()>),
}

pub(crate) struct Driver {
    pub(super) exchange: Exchange,
    pub(super) net: NetHandle,
    net_events: mpsc::Receiver<NetEvent>,
    reports: mpsc::UnboundedReceiver<Report>,
    pub(super) store: Store,
    pub(super) keeper: Keeper,
    pub(super) memory: SharedMemory,
    pub(super) media: MediaPort,
    probes: Probes,
    pub(super) trunks: Trunks,
    pub(super) calls: ServedCalls,
    public_address: Option<IpAddr>,
    flows: BTreeMap<FlowId, FlowInfo>,
    pub(super) ringing: BTreeSet<UserId>,
    pub(super) echoes: BTreeMap<CallId, Option<IpAddr>>,
    /// Whose device sends sound to which end of which session.
    pub(super) ends: BTreeMap<(SessionId, EndKey), VoipAccountId>,
    deadline: Instant,
    /// Whether who is on a call may have changed.
    stir: bool,
    /// A call of an earlier life is being taken up.
    resuming: Option<Resuming>,
    /// The records of calls of an earlier life: the exchange knows no more who rang, and why.
    records: BTreeMap<SessionId, (OrgId, CallRecord)>,
}

/// A call of an earlier life.
pub(crate) struct Resumed {
    pub(crate) kept: KeptCall,
    pub(crate) record: Option<CallRecord>,
}

/// What belongs to the call that is being taken up.
struct Resuming {
    org: OrgId,
    record: Option<CallRecord>,
}

/// What [`Driver::new`] is given.
pub(crate) struct Parts {
    pub(crate) exchange: Exchange,
    pub(crate) net: NetHandle,
    pub(crate) net_events: mpsc::Receiver<NetEvent>,
    pub(crate) reports: mpsc::UnboundedReceiver<Report>,
    pub(crate) store: Store,
    pub(crate) keeper: Keeper,
    pub(crate) memory: SharedMemory,
    pub(crate) media: MediaPort,
    pub(crate) public_address: Option<IpAddr>,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let mut exchange = parts.exchange;
        // The relay leads packets on as they are: it can't stand between DTLS and plain RTP.
        exchange.load_mut().bridges_media = false;
        Self {
            exchange,
            net: parts.net,
            net_events: parts.net_events,
            reports: parts.reports,
            store: parts.store,
            keeper: parts.keeper,
            memory: parts.memory,
            media: parts.media,
            probes: Probes::default(),
            trunks: Trunks::default(),
            calls: ServedCalls::default(),
            public_address: parts.public_address,
            flows: BTreeMap::new(),
            ringing: BTreeSet::new(),
            echoes: BTreeMap::new(),
            ends: BTreeMap::new(),
            deadline: Instant::ORIGIN,
            stir: false,
            resuming: None,
            records: BTreeMap::new(),
        }
    }

    /// Takes up where an earlier life ended: first who there is, then who is where, then who talks.
    pub(crate) fn restore(
        &mut self,
        directories: BTreeMap<OrgId, Arc<Directory>>,
        bindings: Vec<Binding>,
        calls: Vec<Resumed>,
    ) {
        for directory in directories.into_values() {
            self.set_directory(directory);
        }
        let accounts: BTreeSet<VoipAccountId> = bindings.iter().map(|binding| binding.id.account).collect();
        self.command(Command::RestoreBindings(bindings));
        for account in accounts {
            self.registrations_changed(account);
        }
        for Resumed { kept, record } in calls {
            let org = kept.organisation;
            self.resuming = Some(Resuming { org, record });
            self.command(Command::RestoreCalls(vec![kept]));
            self.drain();
            if let Some(Resuming { record: Some(record), .. }) = self.resuming.take() {
                self.keep_ended(org, record);
            }
        }
    }

    /// A call of an earlier life is over.
    fn keep_ended(&self, org: OrgId, record: CallRecord) {
        self.keeper.record(org, CallRecord { ended: Some(now()), ..record });
    }

    /// Runs until nobody asks any more.
    pub(crate) async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            self.drain();
            let wait = self.deadline.since(clock::now());
            tokio::select! {
                Some(event) = self.net_events.recv() => self.hear_net(event),
                report = self.reports.recv() => match report {
                    Some(report) => self.hear(report),
                    None => return,
                },
                () = tokio::time::sleep(wait) => self.feed(Input::Timeout(clock::now())),
                _ = tick.tick() => {
                    self.media.relay().tidy();
                    self.feed(Input::Calendar(clock::now(), now()));
                    self.look_after_trunks();
                }
            }
        }
    }

    pub(super) fn feed(&mut self, input: Input<'_>) {
        self.exchange.handle_input(input);
    }

    pub(super) fn command(&mut self, command: Command) {
        self.feed(Input::Command(clock::now(), command));
    }

    fn hear_net(&mut self, event: NetEvent) {
        let at = clock::now();
        match event {
            NetEvent::Opened(flow, info) => {
                let info = self.as_seen(info);
                self.flows.insert(flow, info);
                self.feed(Input::FlowOpened(at, flow, info));
            }
            NetEvent::Closed(flow, reason) => {
                tracing::debug!("{flow:?} ended: {reason}");
                self.flows.remove(&flow);
                self.feed(Input::FlowClosed(at, flow, reason.flow_end()));
            }
            NetEvent::Received(flow, bytes) => {
                self.probes.heard(&bytes);
                self.feed(Input::Receive(at, flow, &bytes));
            }
            NetEvent::Resolved(number, answer) => self.feed(Input::Resolved(at, ResolveId(number), answer)),
            NetEvent::NetworkChanged => {}
            NetEvent::Resumed => self.feed(Input::Calendar(at, now())),
        }
    }

    /// Behind a 1:1 NAT peers outside know us by another address than the socket.
    fn as_seen(&self, info: FlowInfo) -> FlowInfo {
        match self.public_address.filter(|_| is_outside(info.remote.ip())) {
            Some(address) => FlowInfo { local: SocketAddr::new(address, info.local.port()), ..info },
            None => info,
        }
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Stored(id, result) => self.feed(Input::Stored(clock::now(), id, result)),
            Report::Directory(directory) => self.set_directory(directory),
            Report::Unchanged(org, revision) => self.memory.note_reached(org, revision),
            Report::RemoveRegistration(org, account, id, done) => {
                // Whoever asked may be gone.
                done.send(self.remove_registration(account.inward(org), &id)).ok();
            }
            Report::Probe(org, account, done) => {
                let bindings = self.exchange.registrar().of(account.inward(org)).cloned().collect();
                done.send(self.probes.ask(bindings, &self.flows, &self.net)).ok();
            }
            Report::Repeat => self.probes.repeat(&self.net),
            Report::TestTrunk(org, trunk, done) => self.test_trunk(trunk.inward(org), done),
            Report::StartCall(org, order, done) => {
                let started = self.start_call(org, &order);
                done.send(started).ok();
            }
            Report::CancelCall(id) => {
                if let Some(session) = self.calls.session(&id) {
                    self.feed(Input::Timeout(clock::now()));
                    self.exchange.hang_up(session);
                }
            }
            Report::Measure(done) => {
                self.measure(None);
                // Whoever asked may be gone.
                done.send(()).ok();
            }
            Report::End(done) => self.end(done),
        }
    }

    /// Who still hears it ring is told that it came to nothing: nobody would take the call up again. Calls that are up
    /// stay as they are kept.
    fn end(&mut self, done: oneshot::Sender<()>) {
        self.feed(Input::Timeout(clock::now()));
        self.exchange.end_unanswered(StatusCode::SERVICE_UNAVAILABLE);
        self.drain();
        self.keeper.when_kept(done);
    }

    fn set_directory(&mut self, directory: Arc<Directory>) {
        let org = directory.organisation.id;
        let before = self.memory.lock().directories.insert(org, Arc::clone(&directory));
        if let Some(before) = &before {
            self.end_revoked(before, &directory);
        }
        self.command(Command::SetDirectory(Arc::clone(&directory)));
        self.set_trunks(&directory, before.as_deref());
        for user in directory.users.keys() {
            self.receipts_changed(*user);
        }
        self.memory.note_reached(org, directory.revision);
    }

    /// Whoever registered with a secret that no longer holds is not registered any more.
    fn end_revoked(&mut self, before: &Directory, after: &Directory) {
        for (id, account) in &after.accounts {
            let Some(old) = before.accounts.get(id) else { continue };
            match (&old.secret, &account.secret) {
                (AccountSecret::Shared(old), AccountSecret::Shared(new)) if old.hex() != new.hex() => {
                    self.command(Command::RemoveBindings(*id));
                }
                (_, AccountSecret::PerClient(clients)) => {
                    let bindings = self.exchange.registrar().of(*id);
                    let revoked =
                        |binding: &&Binding| binding.client.as_ref().is_some_and(|c| !clients.contains_key(c));
                    let gone: Vec<BindingId> = bindings.filter(revoked).map(|binding| binding.id.clone()).collect();
                    for binding in gone {
                        self.command(Command::RemoveBinding(binding));
                    }
                }
                (_, AccountSecret::Shared(_)) => {}
            }
        }
    }

    fn remove_registration(&mut self, account: VoipAccountId, id: &RegistrationId) -> bool {
        let known = self.exchange.registrar().of(account).find(|binding| saved::key(&binding.id.key) == id.as_str());
        let Some(binding) = known.map(|binding| binding.id.clone()) else { return false };
        self.command(Command::RemoveBinding(binding));
        true
    }

    pub(super) fn drain(&mut self) {
        loop {
            match self.exchange.poll_output() {
                Output::Transmit(transmit) => self.net.send(transmit),
                Output::Connect(flow, remote) => self.net.connect(flow, remote),
                Output::Close(flow) => {
                    self.flows.remove(&flow);
                    self.net.close(flow);
                }
                Output::Resolve(id, question) => self.net.resolve(id.0, question),
                Output::Store(id, request) => self.keep(id, request),
                Output::Media(request) => self.carry_media(&request),
                Output::Event(event) => self.hear_event(event),
                Output::Timeout(at) if self.stir => {
                    self.deadline = at;
                    self.stir = false;
                    self.look_at_phones();
                }
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
            }
        }
    }

    fn carry_media(&mut self, request: &MediaRequest) {
        let place = |end| self.exchange.place_of(request.session, end).map(|address| address.ip());
        if let Some(account) = self.exchange.account_at(request.session, &request.from) {
            self.ends.insert((request.session, EndKey(request.from.tag.0)), account);
        }
        let places = Places { from: place(&request.from), to: place(&request.to) };
        let answer = self.media.answer(request, places);
        self.feed(Input::Media(clock::now(), request.id, answer));
    }

    /// Notes how sound arrives: of all that talk, or of a session that is over.
    pub(super) fn measure(&mut self, over: Option<SessionId>) {
        for ((session, end), account) in &self.ends {
            if over.is_none_or(|over| over == *session)
                && let Some(Quality { loss, jitter }) = self.media.relay().quality(*end)
            {
                let test = NetworkTest { at: now(), loss, jitter_millis: jitter, round_trip_millis: None };
                self.memory.lock().network.insert((account.organisation(), account.outward()), test);
            }
        }
        if let Some(over) = over {
            self.ends.retain(|(session, _), _| *session != over);
        }
    }

    fn keep(&mut self, id: StoreId, request: bellbird_exchange::StoreRequest) {
        use bellbird_exchange::StoreRequest;
        let mut so_far = None;
        match &request {
            StoreRequest::SaveCall { session, kept } => {
                if let Some(resuming) = &mut self.resuming {
                    self.media.resume(*session, &kept.saved);
                    self.records.extend(resuming.record.take().map(|record| (*session, (resuming.org, record))));
                }
                self.media.talks(*session, &kept.saved);
                so_far = self.record_so_far(*session, kept.organisation);
            }
            StoreRequest::RemoveCall(session) => {
                self.stir = true;
                self.measure(Some(*session));
                self.media.over(*session);
                // Who talked was not kept with it: nothing else tells that it is over.
                if let Some((org, record)) = self.records.remove(session) {
                    self.keep_ended(org, record);
                }
            }
            StoreRequest::SaveBinding(_)
            | StoreRequest::RemoveBinding(_)
            | StoreRequest::Dnd { .. }
            | StoreRequest::Forward { .. } => {}
        }
        self.keeper.keep(id, request, so_far);
    }

    fn record_so_far(&self, session: SessionId, org: OrgId) -> Option<CallRecord> {
        let report = self.exchange.report_so_far(session);
        match self.records.get(&session) {
            Some((_, earlier)) => Some(records::of_both(earlier.clone(), report.as_ref())),
            None => Some(records::of_report(report?, self.directory(org).as_deref())),
        }
    }

    fn hear_event(&mut self, event: Event) {
        match event {
            Event::Registrations(account, _) => self.registrations_changed(account),
            Event::Alarm(alarm) => {
                self.memory.lock().alarms += 1;
                tracing::warn!("somebody guesses: {alarm:?}");
            }
            Event::Receipt(user, _) => self.receipts_changed(user),
            Event::Presence(user, presence) => {
                if presence == Presence::Ringing {
                    self.ringing.insert(user);
                } else {
                    self.ringing.remove(&user);
                }
                self.stir = true;
                self.phone_changed(user, true);
            }
            Event::Routed(_) => self.stir = true,
            Event::Echo(routed) => self.echo(&routed),
            Event::Progress(session, progress) => {
                self.stir = true;
                self.served_progress(session, &progress);
            }
            Event::CallOver(report) => {
                self.stir = true;
                let org = report.organisation;
                self.served_over(report.session, report.failed);
                self.suspect(&report);
                match self.records.remove(&report.session) {
                    Some((_, earlier)) => self.keep_ended(org, records::of_both(earlier, Some(&report))),
                    None => self.keeper.record(org, records::of_report(*report, self.directory(org).as_deref())),
                }
            }
            Event::Refused(routed) => {
                let directory = self.directory(routed.organisation);
                let record = records::of_refusal(&routed, directory.as_deref(), now());
                self.keeper.record(routed.organisation, record);
            }
            Event::Agent(event) => self.hear_agent(*event),
        }
    }

    fn hear_agent(&mut self, event: agent::Event) {
        match event {
            agent::Event::Registration(account, state) => self.trunk_registration(account, &state),
            agent::Event::Options(asked, end) => self.trunk_answered(asked, &end),
            agent::Event::Call(call, event) => self.hear_echo(call, event),
            agent::Event::Subscription(..)
            | agent::Event::Publication(..)
            | agent::Event::Notify(..)
            | agent::Event::Message(..)
            | agent::Event::Server(_) => {}
        }
    }

    pub(super) fn directory(&self, org: OrgId) -> Option<Arc<Directory>> {
        self.memory.lock().directories.get(&org).cloned()
    }

    /// Tells what is not stored, to those who look now.
    pub(super) fn publish(&self, org: OrgId, change: Change) {
        let revision = self.directory(org).map_or(Revision(0), |directory| directory.revision);
        self.store.publish(Published { org, revision, change });
    }
}
