use bellbird_base::Duration;
use bellbird_sip::status::StatusCode;

use super::plan::{Branch, Next, Refusal, StepIndex};
use super::planner::{BUSY, DECLINED, DEVICE_RING_TIME, NO_ANSWER, OWN_RING_TIME, Planner, Whys, stamped, with};
use super::{Caller, Purpose};
use crate::directory::{AccountRouting, UserRouting};
use crate::words::{Availability, Cause, Destination, Forwarding, ReachedAt, UserId, VoipAccountId};

/// How a call comes to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Somebody dialled the personal number.
    Direct,
    /// By a number of the inventory, a forwarding or somebody's destination if no answer.
    Sent,
}

/// Through how many people a call may be handed on.
const MAX_DEPTH: usize = 5;
/// How long after an emergency call calls from outside ring in spite of everything.
const EMERGENCY_CALL_BACK: Duration = Duration::from_secs(60 * 60);

/// What follows where a user's devices did not take the call.
#[derive(Clone, Copy)]
struct Fallback {
    /// The destination if no answer, or what the one before wanted.
    step: Option<StepIndex>,
}

impl Planner<'_> {
    /// The call as it reaches a person. `path` is whom it passed before, `after` what follows when all is exhausted.
    pub(super) fn user(
        &mut self,
        id: UserId,
        path: &[UserId],
        after: Option<StepIndex>,
        way: Way,
        whys: &mut Whys,
    ) -> StepIndex {
        let Some(user) = self.directory().users.get(&id) else {
            return after.unwrap_or_else(|| self.unknown("", whys));
        };
        if path.contains(&id) || path.len() >= MAX_DEPTH {
            self.note(whys, Cause::Loop, with(&[("to", &user.name)]));
            return after.unwrap_or_else(|| self.end(LOOP));
        }
        let path = &[path, &[id]].concat();
        let excepted = self.exception(user, path);
        let fallback = self.fallback(user, path, after);
        if let Some(stamp) = &user.disabled {
            self.hold_back(user, Cause::UserDisabled, &stamped(stamp), whys);
            return self.or_end(fallback, NO_ANSWER);
        }
        if excepted.is_none() && !user.availability.is_available(self.at.now) {
            self.hold_back(user, Cause::NotAvailable, &with(&[]), whys);
            return self.or_end(fallback, NO_ANSWER);
        }
        if excepted.is_none() && user.is_on_dnd(self.at.now) {
            return self.undisturbed(user, fallback, whys);
        }
        let always = user.telephony.forwarding.always.as_ref().filter(|_| excepted.is_none());
        if let Some(step) = always.and_then(|to| self.forward(user, to, Cause::ForwardedAlways, path, fallback, whys)) {
            self.hold_back(user, Cause::ForwardedAlways, &with(&[]), whys);
            return step;
        }
        if excepted.is_none() && self.is_busy(user) {
            self.hold_back(user, Cause::OnAnotherCall, &with(&[]), whys);
            let busy = user.telephony.forwarding.busy.as_ref();
            let step = busy.and_then(|to| self.forward(user, to, Cause::ForwardedBusy, path, fallback, whys));
            return step.unwrap_or_else(|| self.or_end(fallback, BUSY));
        }
        self.reached_at(user, path, fallback, way, excepted, whys)
    }

    /// N4 and N5: where the user wants to be reached.
    fn reached_at(
        &mut self,
        user: &UserRouting,
        path: &[UserId],
        fallback: Fallback,
        way: Way,
        excepted: Option<Cause>,
        whys: &mut Whys,
    ) -> StepIndex {
        let (at, cause) = self.chosen(user, way, excepted);
        match at {
            Some(ReachedAt::Account { account }) => {
                self.hold_back_others(user, account, cause, whys);
                self.ring_user(user, path, Some(account), fallback, excepted, whys)
            }
            Some(ReachedAt::External { number }) => {
                self.hold_back(user, cause, &with(&[("at", &number)]), whys);
                let to = Destination::External { number };
                let end = self.or_end(fallback, NO_ANSWER);
                self.destination(&to, Some(user), path, end, whys)
            }
            Some(ReachedAt::AllDevices | ReachedAt::Unknown) | None => {
                self.ring_user(user, path, None, fallback, excepted, whys)
            }
        }
    }

    fn chosen(&self, user: &UserRouting, way: Way, excepted: Option<Cause>) -> (Option<ReachedAt>, Cause) {
        if excepted.is_some() {
            return (None, Cause::ReachedElsewhere);
        }
        let colleague = way == Way::Direct && matches!(self.call.caller, Caller::Account { .. } | Caller::User(_));
        if let Some(at) = user.telephony.number_for_colleagues.clone().filter(|_| colleague) {
            return (Some(at), Cause::ColleaguesElsewhere);
        }
        match &user.availability {
            Availability::Available { at } => (Some(at.clone()), Cause::ReachedElsewhere),
            Availability::NotAvailable { .. } | Availability::Unknown => (None, Cause::ReachedElsewhere),
        }
    }

    /// Rings the user's devices, or one account's, and the linked number beside them.
    fn ring_user(
        &mut self,
        user: &UserRouting,
        path: &[UserId],
        only: Option<VoipAccountId>,
        fallback: Fallback,
        excepted: Option<Cause>,
        whys: &mut Whys,
    ) -> StepIndex {
        let directory = self.directory();
        let accounts: Vec<&AccountRouting> = match only {
            Some(account) => directory.accounts.get(&account).into_iter().collect(),
            None => directory.accounts_of(user.id).collect(),
        };
        let mut branches: Vec<Branch> = Vec::new();
        for account in &accounts {
            branches.extend(self.consider(account, Some(user), excepted, whys));
        }
        if only.is_none() {
            branches.extend(self.linked_number(user, excepted, whys));
        }
        if accounts.is_empty() {
            self.note(whys, Cause::NoDevice, with(&[]));
        }
        if branches.is_empty() {
            let registered = accounts.iter().any(|account| !self.at.where_.reachable(account.id).is_empty());
            return if registered {
                self.or_end(fallback, NO_ANSWER)
            } else {
                self.unreachable(user, path, fallback, whys)
            };
        }
        let next = self.next(user, path, fallback, excepted);
        let time = if excepted.is_some() { OWN_RING_TIME } else { ring_time(user) };
        self.ring(branches, time, next)
    }

    /// N9: what follows a ring that nobody took.
    fn next(&mut self, user: &UserRouting, path: &[UserId], fallback: Fallback, excepted: Option<Cause>) -> Next {
        if excepted.is_some_and(|cause| cause != Cause::EmergencyCallBack) {
            let unanswered = self.end(NO_ANSWER);
            let (busy, declined) = (self.end(BUSY), self.end(DECLINED));
            return Next { busy, no_answer: unanswered, unreachable: unanswered, declined };
        }
        let forwarding = &user.telephony.forwarding;
        let busy = self.forward_later(user, forwarding.busy.as_ref(), Cause::ForwardedBusy, path, fallback);
        let silent = self.forward_later(user, forwarding.no_answer.as_ref(), Cause::ForwardedNoAnswer, path, fallback);
        let mut whys = Whys::new();
        let unreachable = self.unreachable(user, path, fallback, &mut whys);
        self.attach(unreachable, whys);
        Next {
            busy: busy.unwrap_or_else(|| self.or_end(fallback, BUSY)),
            no_answer: silent.unwrap_or_else(|| self.or_end(fallback, NO_ANSWER)),
            unreachable,
            declined: self.or_end(fallback, DECLINED),
        }
    }

    /// No device is registered, or none could be reached.
    fn unreachable(&mut self, user: &UserRouting, path: &[UserId], fallback: Fallback, whys: &mut Whys) -> StepIndex {
        let forwarding = user.telephony.forwarding.unreachable.as_ref();
        let forwarded =
            forwarding.and_then(|to| self.forward(user, to, Cause::ForwardedUnreachable, path, fallback, whys));
        if let Some(step) = forwarded {
            return step;
        }
        let end = self.or_end(fallback, NO_ANSWER);
        let Some(instead) = &user.telephony.network_unavailability else { return end };
        let branch = self.outside_for(user, &instead.number, Cause::NetworkUnavailability, whys);
        match branch {
            Some(branch) => {
                let time = Duration::from_secs(u64::from(instead.ring_seconds.max(1)));
                self.ring(vec![branch], time, Next { busy: end, no_answer: end, unreachable: end, declined: end })
            }
            None => end,
        }
    }

    /// D2, D3, D4, D6: nothing of the user rings but numbers shared with somebody who is available.
    fn undisturbed(&mut self, user: &UserRouting, fallback: Fallback, whys: &mut Whys) -> StepIndex {
        let mut params = with(&[]);
        if let Some(act) = &user.dnd.act {
            params.insert("since".to_owned(), act.stamp.millis.to_string());
            params.extend(act.until.map(|until| ("until".to_owned(), until.0.to_string())));
        }
        self.hold_back(user, Cause::DoNotDisturb, &params, whys);
        let branches = self.shared_numbers(user, whys);
        let end = self.or_end(fallback, NO_ANSWER);
        if branches.is_empty() {
            return end;
        }
        self.ring(branches, ring_time(user), Next { busy: end, no_answer: end, unreachable: end, declined: end })
    }

    /// A call to one account: its own number was dialled, or something leads to just this device.
    pub(super) fn account(
        &mut self,
        id: VoipAccountId,
        path: &[UserId],
        after: Option<StepIndex>,
        whys: &mut Whys,
    ) -> StepIndex {
        let directory = self.directory();
        let Some(account) = directory.accounts.get(&id) else {
            return after.unwrap_or_else(|| self.unknown("", whys));
        };
        let owner = account.user().and_then(|user| directory.users.get(&user));
        let Some(user) = owner else { return self.shared_account(account, after, whys) };
        let been = path.contains(&user.id) || path.len() >= MAX_DEPTH;
        let path = &[path, &[user.id]].concat();
        let excepted = self.exception(user, path);
        let fallback = if been { Fallback { step: after } } else { self.fallback(user, path, after) };
        let refused = match excepted {
            _ if user.disabled.is_some() => Some((Cause::UserDisabled, NO_ANSWER)),
            Some(_) => None,
            None if user.is_on_dnd(self.at.now) => Some((Cause::DoNotDisturb, NO_ANSWER)),
            None if self.is_busy(user) => Some((Cause::OnAnotherCall, BUSY)),
            None => None,
        };
        if let Some((cause, refusal)) = refused {
            self.hold_back_account(account, Some(user.id), cause, &with(&[]), whys);
            return self.or_end(fallback, refusal);
        }
        let branches = self.consider(account, Some(user), excepted, whys);
        let end = self.or_end(fallback, NO_ANSWER);
        if branches.is_empty() {
            return end;
        }
        let (busy, declined) = (self.or_end(fallback, BUSY), self.or_end(fallback, DECLINED));
        let next = Next { busy, no_answer: end, unreachable: end, declined };
        self.ring(branches, ring_time(user), next)
    }

    /// An account that is nobody's, or several people's: it rests only while all of them are on Do Not Disturb.
    fn shared_account(&mut self, account: &AccountRouting, after: Option<StepIndex>, whys: &mut Whys) -> StepIndex {
        let end = after.unwrap_or_else(|| self.end(NO_ANSWER));
        let owners = account.owners.iter().filter_map(|owner| self.directory().users.get(owner));
        let resting = |user: &UserRouting| user.disabled.is_some() || user.is_on_dnd(self.at.now);
        let (count, rest) = owners.fold((0, true), |(count, rest), user| (count + 1, rest && resting(user)));
        if count > 0 && rest {
            self.hold_back_account(account, None, Cause::DoNotDisturb, &with(&[]), whys);
            return end;
        }
        let branches = self.consider(account, None, None, whys);
        if branches.is_empty() {
            return end;
        }
        let busy = after.unwrap_or_else(|| self.end(BUSY));
        let declined = after.unwrap_or_else(|| self.end(DECLINED));
        self.ring(branches, DEVICE_RING_TIME, Next { busy, no_answer: end, unreachable: end, declined })
    }

    /// Where a call goes that was not taken; `end` follows that.
    pub(super) fn destination(
        &mut self,
        to: &Destination,
        from: Option<&UserRouting>,
        path: &[UserId],
        end: StepIndex,
        whys: &mut Whys,
    ) -> StepIndex {
        match to {
            Destination::HangUp | Destination::Unknown => end,
            Destination::User { user } => self.user(*user, path, Some(end), Way::Sent, whys),
            Destination::Account { account } => self.account(*account, path, Some(end), whys),
            Destination::External { number } => {
                let branch = match from {
                    Some(user) => self.outside_for(user, number, Cause::WentOut, whys),
                    None => self.outside_for_nobody(number, whys),
                };
                let next = Next { busy: end, no_answer: end, unreachable: end, declined: end };
                branch.map_or(end, |branch| self.ring(vec![branch], DEVICE_RING_TIME, next))
            }
        }
    }

    /// The destination if no answer of a user, with its own reasons.
    fn fallback(&mut self, user: &UserRouting, path: &[UserId], after: Option<StepIndex>) -> Fallback {
        let to = &user.telephony.no_answer;
        if matches!(to, Destination::HangUp | Destination::Unknown) {
            return Fallback { step: after };
        }
        let end = after.unwrap_or_else(|| self.end(NO_ANSWER));
        let mut whys = Whys::new();
        self.note(&mut whys, Cause::DestinationIfNoAnswer, with(&[("to", &self.words_for(to))]));
        let step = self.destination(to, Some(user), path, end, &mut whys);
        self.attach(step, whys);
        Fallback { step: Some(step) }
    }

    fn forward_later(
        &mut self,
        user: &UserRouting,
        to: Option<&Forwarding>,
        cause: Cause,
        path: &[UserId],
        fallback: Fallback,
    ) -> Option<StepIndex> {
        let mut whys = Whys::new();
        let step = self.forward(user, to?, cause, path, fallback, &mut whys)?;
        self.attach(step, whys);
        Some(step)
    }

    /// A forwarding that is active.
    fn forward(
        &mut self,
        user: &UserRouting,
        forwarding: &Forwarding,
        cause: Cause,
        path: &[UserId],
        fallback: Fallback,
        whys: &mut Whys,
    ) -> Option<StepIndex> {
        if !forwarding.active || matches!(forwarding.to, Destination::HangUp | Destination::Unknown) {
            return None;
        }
        self.note(whys, cause, with(&[("to", &self.words_for(&forwarding.to))]));
        let end = self.or_end(fallback, NO_ANSWER);
        Some(self.destination(&forwarding.to, Some(user), path, end, whys))
    }

    fn or_end(&mut self, fallback: Fallback, refusal: Refusal) -> StepIndex {
        fallback.step.unwrap_or_else(|| self.end(refusal))
    }

    /// What makes the user's devices ring in spite of Do Not Disturb and *Receive incoming calls* off (DESIGN §6a).
    fn exception(&self, user: &UserRouting, path: &[UserId]) -> Option<Cause> {
        if path.len() > 1 {
            return None;
        }
        let own = self.calling_user().is_some_and(|caller| caller.id == user.id);
        match self.call.purpose {
            Purpose::TransferRecall => return Some(Cause::TransferRecall),
            Purpose::MovedCall if own => return Some(Cause::MovedHere),
            Purpose::ClickToDialLeg if own => return Some(Cause::CallMethod),
            Purpose::MovedCall | Purpose::ClickToDialLeg | Purpose::Transfer | Purpose::Call => {}
        }
        let called = self.at.load.emergency_calls.get(&user.id);
        let recent = called.is_some_and(|at| self.at.now.since(*at) <= EMERGENCY_CALL_BACK);
        let outside = matches!(self.call.caller, Caller::Trunk { .. });
        (recent && outside).then_some(Cause::EmergencyCallBack)
    }

    /// Busy is per user (DESIGN §6b).
    fn is_busy(&self, user: &UserRouting) -> bool {
        !user.telephony.call_waiting && self.at.load.users.get(&user.id).copied().unwrap_or(0) > 0
    }

    fn words_for(&self, to: &Destination) -> String {
        let directory = self.directory();
        match to {
            Destination::User { user } => directory.users.get(user).map_or_else(String::new, |user| user.name.clone()),
            Destination::Account { account } => {
                directory.accounts.get(account).map_or_else(String::new, |account| account.name.clone())
            }
            Destination::External { number } => number.clone(),
            Destination::HangUp | Destination::Unknown => String::new(),
        }
    }
}

fn ring_time(user: &UserRouting) -> Duration {
    Duration::from_secs(u64::from(user.telephony.ring_seconds.clamp(1, 600)))
}

const LOOP: Refusal = Refusal { status: StatusCode::LOOP_DETECTED, words: "The call was forwarded in a circle" };
