//! The call node's owner: who is in which call, what devices made of it, and what the record will say.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use bellbird_base::Duration;
use bellbird_sip::agent::{self, CallEvent, CallId, EndReason, Reply};
use bellbird_sip::message::{Body, Fields};
use bellbird_sip::status::StatusCode;

use super::Exchange;
use super::invite::is_emergency;
use super::itinerary::{Called as CalledDevice, asks_auto_answer};
use super::talk::KeptCall;
use crate::directory::{AccountRouting, Directory};
use crate::node::{End, Itinerary, MediaId, MediaTag, Output as NodeOutput, Progress, SessionId};
use crate::notifier::lamps::{DialogState, WatchedDialog};
use crate::routing::{Call, Called, Caller, Device, Plan, Purpose, Refusal, Step, StepIndex, Target, Why};
use crate::words::{Cause, ClientId, OrgId, Timestamp, TrunkId, UserId, VoipAccountId};
use crate::{CallReport, Event, Output, Routed, StoreRequest};

/// A call that goes on.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) organisation: OrgId,
    pub(super) call: Call,
    pub(super) plan: Plan,
    pub(super) called: BTreeMap<MediaTag, CalledDevice>,
    pub(super) legs: BTreeMap<CallId, Party>,
    /// Who took part, also those who left.
    pub(super) users: BTreeSet<UserId>,
    /// The Call-IDs of all legs, also those that are gone.
    pub(super) call_ids: BTreeSet<String>,
    pub(super) gone_through: Vec<StepIndex>,
    /// The reasons of a plan that held before, or of one's own leg of a call by desk phone.
    pub(super) before: Vec<Why>,
    /// What became of devices that were called.
    pub(super) fates: Vec<(Device, Cause)>,
    pub(super) started: Timestamp,
    pub(super) answered: Option<Timestamp>,
    pub(super) failed: Option<StatusCode>,
}

/// Who is at one leg.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub(super) user: Option<UserId>,
    pub(super) account: Option<VoipAccountId>,
    /// Which client of it, where its secret is one of an app: its settings bind what it does in the call.
    pub(super) client: Option<ClientId>,
    pub(super) trunk: Option<TrunkId>,
    pub(super) device: Device,
    pub(super) incoming: bool,
    pub(super) state: DialogState,
    pub(super) rang: bool,
}

/// How the first leg of a call that the server makes for a user is reached (C2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstLeg {
    /// A desk phone.
    DeskPhone(VoipAccountId),
    /// A number outside, as typed.
    Number(String),
}

/// How long the first leg rings.
const FIRST_LEG_PATIENCE: Duration = Duration::from_secs(30);

impl Exchange {
    /// Sends an INVITE on its way.
    pub(super) fn connect(&mut self, routed: &Routed, directory: &Arc<Directory>) {
        let Some(account) = self.account_of(routed.organisation) else { return };
        let mut resolved = self.resolve(directory, &routed.plan, asks_auto_answer(&routed.invite.request));
        if let Some(hops) = (&routed.invite.request.headers).max_forwards() {
            // A call that comes back to us again and again ends.
            resolved.itinerary.limit_hops(hops.saturating_sub(1));
        }
        let party = caller_party(directory, &routed.call.caller);
        let media = match (party.account, party.trunk) {
            (Some(account), _) => directory.accounts.get(&account).map(|account| account.media),
            (None, Some(trunk)) => directory.trunks.get(&trunk).map(|trunk| trunk.media),
            (None, None) => None,
        };
        let tag = self.tag(media.unwrap_or_default());
        let as_account = routed.invite.account.unwrap_or(account);
        let id = routed.invite.id;
        let accepted = self.node.accept(&mut self.agent, self.now, id, as_account, resolved.itinerary, tag);
        // Where it makes no call the agent answered it.
        let Ok(call) = accepted else { return };
        let live = self.begin(routed.organisation, &routed.call, &routed.plan, resolved.called);
        self.arriving.insert(call, (live, party));
    }

    fn begin(&self, organisation: OrgId, call: &Call, plan: &Plan, called: BTreeMap<MediaTag, CalledDevice>) -> Live {
        Live {
            organisation,
            call: call.clone(),
            plan: plan.clone(),
            called,
            legs: BTreeMap::new(),
            users: BTreeSet::new(),
            call_ids: BTreeSet::new(),
            gone_through: Vec::new(),
            before: Vec::new(),
            fates: Vec::new(),
            started: self.clock.time(self.now),
            answered: None,
            failed: None,
        }
    }

    /// Calls a user's desk phone or mobile first, then the target (C2), with or without showing who calls.
    ///
    /// # Errors
    /// Why the user may not call so, in words.
    pub fn dial(
        &mut self,
        organisation: OrgId,
        user: UserId,
        first: &FirstLeg,
        target: &str,
        withheld: bool,
    ) -> Result<SessionId, Refusal> {
        let unreachable = Refusal { status: StatusCode::TEMPORARILY_UNAVAILABLE, words: "This phone can't be reached" };
        let served = self.served.get(&organisation).ok_or_else(|| unreachable.clone())?;
        let directory = Arc::clone(&served.directory);
        let to_first = match first {
            FirstLeg::DeskPhone(account) => Called::Account(*account),
            FirstLeg::Number(number) => Called::Dialled(number.clone()),
        };
        let call =
            |called, purpose, withheld| Call { caller: Caller::User(user), called, withheld, purpose, diversions: 0 };
        let first = self.plan(&directory, &call(to_first, Purpose::ClickToDialLeg, false));
        let second_call = call(Called::Dialled(target.to_owned()), Purpose::Call, withheld);
        let second = self.plan(&directory, &second_call);
        if second.steps().flat_map(|(_, step)| step.branches()).any(is_emergency) {
            self.note_emergency(&directory, &second_call);
        }
        for plan in [&first, &second] {
            if let Some(Step::End(refusal)) = plan.step(plan.first()) {
                return Err(refusal.clone());
            }
        }
        let why_first = first.reasons(&[]);
        let first = self.resolve(&directory, &first, false);
        let target = first.itinerary.steps.iter().find_map(|step| match step {
            crate::node::Step::Ring(ring) => ring.targets.first(),
            crate::node::Step::End(_) => None,
        });
        let target = target.ok_or_else(|| unreachable.clone())?;
        let second_legs = self.resolve(&directory, &second, false);
        let (now, itinerary) = (self.now, second_legs.itinerary);
        let session = self.node.dial(&mut self.agent, now, target, FIRST_LEG_PATIENCE, itinerary);
        let session = session.map_err(|_| unreachable)?;
        let mut live = self.begin(organisation, &second_call, &second, second_legs.called);
        live.called.extend(first.called);
        live.before = why_first;
        self.live.insert(session, live);
        self.settle();
        Ok(session)
    }

    /// Where one end of a connection is, as its signalling shows: the leg's peer, or the device that is about to be
    /// called. Nothing for a trunk that has a name and was not called yet.
    pub fn place_of(&self, session: SessionId, end: &End) -> Option<SocketAddr> {
        if let Some(peer) = end.call.and_then(|call| self.agent.call_peer(call)) {
            return Some(peer);
        }
        let called = self.live.get(&session)?.called.get(&end.tag)?;
        match &called.branch.target {
            Target::Device { binding, .. } => self.registrar.get(binding).map(|binding| binding.received),
            Target::Outside { .. } => called.place,
        }
    }

    /// Whose device is at one end of a connection.
    pub fn account_at(&self, session: SessionId, end: &End) -> Option<VoipAccountId> {
        let live = self.live.get(&session)?;
        if let Some(party) = end.call.and_then(|call| live.legs.get(&call)) {
            return party.account;
        }
        match &live.called.get(&end.tag)?.branch.target {
            Target::Device { binding, .. } => Some(binding.account),
            Target::Outside { .. } => None,
        }
    }

    /// Ends calls that nobody has answered yet: the caller gets this status, devices stop ringing.
    pub fn end_unanswered(&mut self, status: StatusCode) {
        let unanswered = self.live.iter().filter(|(_, live)| live.answered.is_none()).map(|(session, _)| *session);
        for session in unanswered.collect::<Vec<_>>() {
            for call in self.node.legs(session) {
                // The leg of a call that the server makes is not one to refuse.
                let _ = self.agent.refuse(self.now, call, &Reply::new(status));
            }
            self.node.hang_up(&mut self.agent, self.now, session);
        }
        self.settle();
    }

    /// How many calls are up or on their way.
    pub fn calls(&self) -> usize {
        self.node.len()
    }

    /// What the record of a call would say if it ended now.
    pub fn report_so_far(&self, session: SessionId) -> Option<CallReport> {
        let live = self.live.get(&session)?;
        Some(live.clone().report(session, self.clock.time(self.now)))
    }

    /// Ends a call.
    pub fn hang_up(&mut self, session: SessionId) {
        self.node.hang_up(&mut self.agent, self.now, session);
        self.settle();
    }

    pub(super) fn call_event(&mut self, call: CallId, event: CallEvent) {
        let incoming = if let CallEvent::Incoming(incoming) = &event { Some(incoming.replaces) } else { None };
        if let Some(Some(replaced)) = incoming
            && !self.may_replace(call, replaced)
        {
            let reply = Reply::new(StatusCode::FORBIDDEN).saying("This is not your call");
            // The caller may be gone by now.
            let _ = self.agent.refuse(self.now, call, &reply);
            return;
        }
        let known = self.node.take(&mut self.agent, self.now, call, event.clone());
        if incoming.is_some()
            && let (Some(session), Some((live, party))) = (self.node.session_of(call), self.arriving.remove(&call))
        {
            let live = self.live.entry(session).or_insert(live);
            live.users.extend(party.user);
            live.call_ids.extend(self.agent.call_id(call).map(str::to_owned));
            live.legs.insert(call, party);
            let users = live.present();
            self.recount_all(users);
        }
        if matches!(event, CallEvent::Ended(_)) {
            self.arriving.remove(&call);
        }
        if !known {
            self.outputs.push_back(Output::Event(Event::Agent(Box::new(agent::Event::Call(call, event)))));
        }
    }

    /// A Replaces skips no check but within the user's own call (DESIGN §5).
    fn may_replace(&self, call: CallId, replaced: CallId) -> bool {
        let by = self.arriving.get(&call).and_then(|(_, party)| party.user);
        let session = self.node.session_of(replaced).and_then(|session| self.live.get(&session));
        let whose = session.and_then(|live| live.legs.get(&replaced)).and_then(|party| party.user);
        by.is_some() && by == whose
    }

    pub(super) fn drain_node(&mut self) {
        self.node.fire(&mut self.agent, self.now);
        while let Some(output) = self.node.poll() {
            self.node_said(output);
        }
    }

    fn node_said(&mut self, output: NodeOutput) {
        match output {
            NodeOutput::Media(request) => self.outputs.push_back(Output::Media(Box::new(request))),
            NodeOutput::Transfer { session, by, target, .. } => {
                self.transfer(session, by, target.user().unwrap_or_default())
            }
            NodeOutput::Progress(session, progress) => self.progress(session, progress),
            NodeOutput::Save(session, saved) => match self.kept(session, *saved) {
                Some(kept) => self.save(session, kept),
                None => self.node.stored(&mut self.agent, self.now, session, false),
            },
            NodeOutput::Over(session) => self.over(session),
        }
    }

    /// A transfer is a call by who asks for it: what he may not call he may not send others to.
    fn transfer(&mut self, session: SessionId, by: CallId, target: &str) {
        let plan = self.live.get(&session).and_then(|live| {
            let party = live.legs.get(&by)?;
            let caller = Caller::Account { account: party.account?, client: party.client.clone(), binding: None };
            let directory = Arc::clone(&self.served.get(&live.organisation)?.directory);
            let called = Called::Dialled(target.to_owned());
            let call = Call { caller, called, withheld: false, purpose: Purpose::Transfer, diversions: 0 };
            Some((self.plan(&directory, &call), call, directory))
        });
        match plan {
            Some((plan, call, directory)) => match plan.step(plan.first()) {
                Some(Step::Ring(ring)) => {
                    if ring.branches.iter().any(is_emergency) {
                        self.note_emergency(&directory, &call);
                    }
                    let resolved = self.resolve(&directory, &plan, false);
                    let recall = self.recall(&directory, session, by);
                    if let Some(live) = self.live.get_mut(&session) {
                        live.called.extend(resolved.called);
                    }
                    self.node.transfer_to(&mut self.agent, self.now, session, resolved.itinerary, recall);
                }
                Some(Step::End(refusal)) => {
                    self.node.refuse_transfer(&mut self.agent, self.now, session, refusal.status);
                }
                Some(Step::Serve(_)) | None => {
                    self.node.refuse_transfer(&mut self.agent, self.now, session, StatusCode::DECLINE);
                }
            },
            None => self.node.refuse_transfer(&mut self.agent, self.now, session, StatusCode::DECLINE),
        }
    }

    /// The way back to the user who sends somebody on: a call by that somebody, which rings in spite of Do Not Disturb
    /// (DESIGN §6a).
    fn recall(&mut self, directory: &Directory, session: SessionId, by: CallId) -> Option<Itinerary> {
        let live = self.live.get(&session)?;
        let called = Called::User(live.legs.get(&by)?.user?);
        let party = live.legs.get(&self.node.peer_of(by)?)?;
        let caller = party.as_caller(&live.call)?;
        let call = Call { caller, called, withheld: false, purpose: Purpose::TransferRecall, diversions: 0 };
        let plan = self.plan(directory, &call);
        let resolved = self.resolve(directory, &plan, false);
        self.live.get_mut(&session)?.called.extend(resolved.called);
        Some(resolved.itinerary)
    }

    fn progress(&mut self, session: SessionId, progress: Progress) {
        let now = self.clock.time(self.now);
        let Some(live) = self.live.get_mut(&session) else { return };
        let mut users = live.present();
        live.note(&progress, now);
        if let Progress::Called(call, _) = &progress {
            live.call_ids.extend(self.agent.call_id(*call).map(str::to_owned));
        }
        users.extend(live.present());
        self.recount_all(users);
        self.outputs.push_back(Output::Event(Event::Progress(session, progress)));
    }

    pub(super) fn save(&mut self, session: SessionId, kept: KeptCall) {
        let id = self.store(StoreRequest::SaveCall { session, kept: Box::new(kept) });
        self.saving.insert(session, id);
    }

    fn over(&mut self, session: SessionId) {
        if let Some(live) = self.live.remove(&session) {
            let (users, ended) = (live.present(), self.clock.time(self.now));
            self.pass_on(&live);
            self.recount_all(users);
            self.outputs.push_back(Output::Event(Event::CallOver(Box::new(live.report(session, ended)))));
        }
        // Also one of an earlier life, of which nothing more is known.
        self.store(StoreRequest::RemoveCall(session));
    }

    /// Legs of a call that is over may go on in another one: an attended transfer makes one of two.
    fn pass_on(&mut self, live: &Live) {
        for (call, party) in &live.legs {
            let other = self.node.session_of(*call).and_then(|session| self.live.get_mut(&session));
            if let Some(other) = other {
                other.users.extend(party.user);
                other.legs.insert(*call, party.clone());
            }
        }
    }

    pub(super) fn recount_all(&mut self, users: BTreeSet<UserId>) {
        for user in users {
            self.recount(user);
        }
        self.count_accounts();
    }

    /// A user's calls, as routing counts them and lamps show them.
    fn recount(&mut self, user: UserId) {
        let mut dialogs = Vec::new();
        let mut answered = 0;
        for (session, live) in &self.live {
            for (call, party) in live.legs.iter().filter(|(_, party)| party.user == Some(user)) {
                answered += u32::from(party.state == DialogState::Confirmed || !party.incoming);
                let incoming = party.incoming;
                let id = format!("{}-{}", session.0, call.0);
                dialogs.push(WatchedDialog { id, pick_up: None, incoming, state: party.state, remote: None });
            }
        }
        self.load.users.insert(user, answered);
        self.dialogs.insert(user, dialogs);
        self.user_changed(user);
    }

    fn count_accounts(&mut self) {
        self.load.accounts.clear();
        self.load.trunks.clear();
        for party in self.live.values().flat_map(|live| live.legs.values()) {
            if let Some(account) = party.account {
                *self.load.accounts.entry(account).or_default() += 1;
            }
            if let Some(trunk) = party.trunk {
                *self.load.trunks.entry(trunk).or_default() += 1;
            }
        }
    }

    pub(super) fn media_answered(&mut self, id: MediaId, result: Result<Body, StatusCode>) {
        self.node.media(&mut self.agent, self.now, id, result);
    }
}

impl Live {
    /// The users at its legs.
    pub(super) fn present(&self) -> BTreeSet<UserId> {
        self.legs.values().filter_map(|party| party.user).collect()
    }

    /// Whoever is not one of these two is no longer part of it: another device took the call, or somebody left it.
    fn only(&mut self, a: CallId, b: CallId) {
        let others = |call: &CallId, _: &mut Party| *call != a && *call != b;
        for party in self.legs.extract_if(.., others).map(|(_, party)| party) {
            if party.state != DialogState::Confirmed && party.incoming {
                self.fates.push((party.device, Cause::AnsweredElsewhere));
            }
        }
    }

    fn note(&mut self, progress: &Progress, now: Timestamp) {
        match progress {
            Progress::Called(call, tag) => {
                if let Some(called) = self.called.get(tag) {
                    let (step, party) = (called.step, called_party(called));
                    if !self.gone_through.contains(&step) {
                        self.rang_out();
                        self.gone_through.push(step);
                    }
                    self.users.extend(party.user);
                    self.legs.insert(*call, party);
                }
            }
            Progress::Ringing(call) => {
                if let Some(party) = self.legs.get_mut(call) {
                    party.rang = true;
                    party.state = DialogState::Early;
                }
            }
            Progress::FirstAnswered(call) => {
                if let Some(party) = self.legs.get_mut(call) {
                    party.state = DialogState::Confirmed;
                }
            }
            Progress::NotTaken(call, end) => {
                if let Some(party) = self.legs.remove(call) {
                    self.fates.push((party.device.clone(), fate(&party, end)));
                }
            }
            Progress::Connected(a, b) => {
                self.answered.get_or_insert(now);
                self.only(*a, *b);
                for call in [a, b] {
                    if let Some(party) = self.legs.get_mut(call) {
                        party.state = DialogState::Confirmed;
                    }
                }
                let answering = [b, a].into_iter().find_map(|call| self.legs.get(call).filter(|party| party.incoming));
                if let Some(device) = answering.map(|party| party.device.clone()) {
                    self.fates.push((device, Cause::Answered));
                }
            }
            Progress::Failed(status) => {
                self.rang_out();
                self.failed = Some(*status);
            }
        }
    }

    /// What still rings did so in vain: the call goes on elsewhere, or ends.
    fn rang_out(&mut self) {
        let ringing = |_: &CallId, party: &mut Party| party.incoming && party.state != DialogState::Confirmed;
        for party in self.legs.extract_if(.., ringing).map(|(_, party)| party) {
            let cause = unanswered(&party);
            self.fates.push((party.device, cause));
        }
    }

    /// What the record will say: the plan's reasons, and what became of each device.
    fn report(self, session: SessionId, ended: Timestamp) -> CallReport {
        let mut reasons = self.reasons();
        let answered = self.fates.iter().find(|(_, cause)| *cause == Cause::Answered).map(|(device, _)| device.clone());
        for Why { device, reason } in &mut reasons {
            let fate = self.fates.iter().rev().find(|(known, _)| known == device).map(|(_, cause)| *cause);
            match fate {
                Some(fate) => reason.cause = fate,
                // It rang, and nothing was heard of it: the caller gave up.
                None if reason.rang && answered.is_none() && self.failed.is_none() => {
                    reason.cause = Cause::CallerHungUp
                }
                None => {}
            }
            reason.rang = reason.rang && !matches!(reason.cause, Cause::SuspectedDeviceDnd | Cause::NoResponse);
        }
        let (organisation, call, started) = (self.organisation, self.call, self.started);
        CallReport {
            session,
            organisation,
            call,
            users: self.users,
            call_ids: self.call_ids,
            started,
            answered: self.answered,
            ended,
            answered_by: answered,
            failed: self.failed,
            reasons,
        }
    }
}

/// A device that never said that it rings was called in vain: it is gone, and its registration does not know yet.
const fn unanswered(party: &Party) -> Cause {
    if party.rang { Cause::NotAnswered } else { Cause::NoResponse }
}

fn fate(party: &Party, end: &agent::CallEnd) -> Cause {
    let status = end.status.map_or(0, StatusCode::code);
    match end.reason {
        EndReason::AnsweredElsewhere => Cause::AnsweredElsewhere,
        EndReason::Declined => Cause::Declined,
        // A phone that refuses before it rings may have a Do Not Disturb of its own: a suspicion, never an act.
        EndReason::Busy | EndReason::Unavailable if !party.rang && matches!(status, 480 | 486) => {
            Cause::SuspectedDeviceDnd
        }
        EndReason::Busy => Cause::BusyHere,
        EndReason::NotAcceptable => Cause::NoCodecInCommon,
        EndReason::NoAnswer | EndReason::Cancelled => unanswered(party),
        EndReason::NoResponse | EndReason::Unreachable | EndReason::Lost => Cause::NoResponse,
        EndReason::Unavailable
        | EndReason::HungUp
        | EndReason::NotFound
        | EndReason::WrongPassword
        | EndReason::Refused
        | EndReason::ServerFailed
        | EndReason::Redirected
        | EndReason::Replaced
        | EndReason::Transferred => {
            if party.trunk.is_some() {
                Cause::TrunkRefused
            } else {
                Cause::DeviceRefused
            }
        }
    }
}

impl Party {
    /// Who it is that calls, where this party of a call is sent back by the server.
    fn as_caller(&self, call: &Call) -> Option<Caller> {
        match (self.account, self.trunk) {
            (Some(account), _) => Some(Caller::Account { account, client: self.client.clone(), binding: None }),
            (None, Some(trunk)) => Some(match (&call.caller, &call.called) {
                (Caller::Trunk { .. }, _) => call.caller.clone(),
                (_, Called::Dialled(number)) => Caller::Trunk { trunk, number: Some(number.clone()), name: None },
                (_, Called::User(_) | Called::Account(_)) => Caller::Trunk { trunk, number: None, name: None },
            }),
            (None, None) => None,
        }
    }
}

fn caller_party(directory: &Directory, caller: &Caller) -> Party {
    let client = match caller {
        Caller::Account { client, .. } => client.clone(),
        Caller::User(_) | Caller::Trunk { .. } | Caller::Stranger { .. } => None,
    };
    let (account, user, trunk) = match caller {
        Caller::Account { account, .. } => {
            (Some(*account), directory.accounts.get(account).and_then(AccountRouting::user), None)
        }
        Caller::User(user) => (None, Some(*user), None),
        Caller::Trunk { trunk, .. } => (None, None, Some(*trunk)),
        Caller::Stranger { .. } => (None, None, None),
    };
    let (device, state) = (Device::Call, DialogState::Trying);
    Party { user, account, client, trunk, device, incoming: false, state, rang: false }
}

fn called_party(called: &CalledDevice) -> Party {
    let trunk = called.trunk;
    // A number outside that rings for a user is no phone of his that could be busy.
    let user = called.user.filter(|_| trunk.is_none());
    let (device, state) = (called.branch.device.clone(), DialogState::Trying);
    let (account, client) = (called.account, called.client.clone());
    Party { user, account, client, trunk, device, incoming: true, state, rang: false }
}
