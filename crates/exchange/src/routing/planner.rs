use std::collections::BTreeMap;

use bellbird_base::Duration;
use bellbird_sip::status::StatusCode;

use super::code::Code;
use super::plan::{Branch, Device, Next, Plan, Refusal, Ring, Service, Step, StepIndex, Why};
use super::user::Way;
use super::{Call, Called, Caller, Purpose, Situation};
use crate::country::Location;
use crate::directory::{AccountRouting, Directory, Internal, UserRouting};
use crate::words::{
    AccountKind, CallMethod, Cause, ClientId, Destination, DeviceName, Reason, Stamp, TrunkId, UserId, VoipAccountId,
    resolve,
};

/// A plan in the making.
pub(super) struct Planner<'a> {
    pub(super) call: &'a Call,
    pub(super) at: &'a Situation<'a>,
    pub(super) withheld: bool,
    steps: Vec<Step>,
    pub(super) reasons: Vec<(StepIndex, Why)>,
}

/// Reasons that wait until it is known at which step they come up.
pub(super) type Whys = Vec<Why>;

/// How long a number outside rings where a user says nothing.
pub(super) const OUTSIDE_RING_TIME: Duration = Duration::from_secs(60);
/// How long devices ring that belong to nobody.
pub(super) const DEVICE_RING_TIME: Duration = Duration::from_secs(60);
/// How long the first leg of a call by desk phone rings, and a transfer that came back.
pub(super) const OWN_RING_TIME: Duration = Duration::from_secs(30);

impl<'a> Planner<'a> {
    pub(super) fn new(call: &'a Call, at: &'a Situation<'a>) -> Self {
        Self { call, at, withheld: call.withheld, steps: Vec::new(), reasons: Vec::new() }
    }

    pub(super) fn plan(mut self) -> Plan {
        let mut whys = Whys::new();
        let first = self.begin(&mut whys);
        self.attach(first, whys);
        Plan { steps: self.steps, first, reasons: self.reasons }
    }

    fn begin(&mut self, whys: &mut Whys) -> StepIndex {
        if let (Called::Dialled(dialled), Some(location)) = (&self.call.called, self.callers_location())
            && let Some(number) = location.emergency_number(dialled)
        {
            return self.emergency(&number, whys);
        }
        if let Some(refusal) = self.refuse_caller(whys) {
            return self.end(refusal);
        }
        match self.call.called.clone() {
            Called::User(user) => self.user(user, &[], None, Way::Direct, whys),
            Called::Account(account) => self.account(account, &[], None, whys),
            Called::Dialled(dialled) => self.dialled(&dialled, whys),
        }
    }

    fn dialled(&mut self, dialled: &str, whys: &mut Whys) -> StepIndex {
        match self.call.caller.clone() {
            Caller::Account { account, .. } => match Code::read(dialled) {
                Some(Code::Act(act)) => self.feature(account, act, whys),
                Some(Code::Echo) => self.step(Step::Serve(Service::Echo)),
                Some(Code::Withheld(number)) => {
                    self.withheld = true;
                    self.number(&number, whys)
                }
                None => self.number(dialled, whys),
            },
            Caller::User(_) => self.number(dialled, whys),
            Caller::Trunk { trunk, .. } => self.brought_by_trunk(trunk, dialled, whys),
            Caller::Stranger { .. } => self.asked_by_stranger(dialled, whys),
        }
    }

    fn feature(&mut self, account: VoipAccountId, act: super::FeatureAct, whys: &mut Whys) -> StepIndex {
        let user = self.directory().accounts.get(&account).and_then(AccountRouting::user);
        match user {
            Some(user) => self.step(Step::Serve(Service::Feature { user, account, act })),
            None => self.unknown("", whys),
        }
    }

    /// A number that one of our own dialled.
    pub(super) fn number(&mut self, dialled: &str, whys: &mut Whys) -> StepIndex {
        match self.directory().internal(dialled) {
            Some(Internal::User(user)) => self.user(user, &[], None, Way::Direct, whys),
            Some(Internal::Account(account)) => self.account(account, &[], None, whys),
            None => match self.callers_location().and_then(|location| location.to_e164(dialled)) {
                Some(e164) => self.e164(&e164, whys),
                None => self.unknown(dialled, whys),
            },
        }
    }

    fn e164(&mut self, e164: &str, whys: &mut Whys) -> StepIndex {
        if self.directory().outside_number(e164).is_some() {
            return self.inventory(e164, whys);
        }
        let (status, words) = (StatusCode::SERVICE_UNAVAILABLE, "No line to the outside can take this call");
        let failed = self.end(Refusal { status, words });
        match self.outside_branch(e164, None, Cause::WentOut, whys) {
            Some(branch) => {
                let next = Next {
                    busy: self.end(BUSY),
                    no_answer: self.end(NO_ANSWER),
                    unreachable: failed,
                    declined: self.end(DECLINED),
                };
                self.ring(vec![branch], OUTSIDE_RING_TIME * 3, next)
            }
            None => failed,
        }
    }

    /// A number of the inventory: whoever calls it, it follows where it is assigned to (N8).
    fn inventory(&mut self, e164: &str, whys: &mut Whys) -> StepIndex {
        let to = self.directory().outside_number(e164).and_then(|number| number.to.clone());
        let cause = if to.is_some() { Cause::NumberLeadsTo } else { Cause::NumberUnassigned };
        self.note(whys, cause, with(&[("number", e164)]));
        let to = to.unwrap_or_else(|| self.directory().organisation.unassigned.clone());
        match to {
            // Nothing follows where it leads: who is busy is busy to the outside, too.
            Destination::User { user } => self.user(user, &[], None, Way::Sent, whys),
            Destination::Account { account } => self.account(account, &[], None, whys),
            Destination::External { .. } | Destination::HangUp | Destination::Unknown => {
                let end = self.end(NO_ANSWER);
                self.destination(&to, None, &[], end, whys)
            }
        }
    }

    fn brought_by_trunk(&mut self, trunk: TrunkId, dialled: &str, whys: &mut Whys) -> StepIndex {
        let Some(trunk) = self.directory().trunks.get(&trunk) else { return self.unknown(dialled, whys) };
        let known = |e164: &String| self.directory().outside_number(e164).is_some();
        let as_written = trunk.location.to_e164(dialled);
        let without_plus = format!("+{}", crate::country::bare(dialled));
        match as_written.clone().filter(known).or_else(|| Some(without_plus).filter(known)).or(as_written) {
            // A trunk reaches the inventory and nothing else: never an internal number, never another trunk.
            Some(e164) if self.owns(&e164) => self.inventory(&e164, whys),
            Some(_) | None => self.unknown(dialled, whys),
        }
    }

    /// Whether calls to this number are for us: one of the inventory, or all that a trunk brings for numbers nobody has.
    fn owns(&self, e164: &str) -> bool {
        let unassigned = &self.directory().organisation.unassigned;
        self.directory().outside_number(e164).is_some()
            || !matches!(unassigned, Destination::HangUp | Destination::Unknown)
    }

    /// Who proved nothing reaches people by their personal number, and no line to the outside.
    fn asked_by_stranger(&mut self, dialled: &str, whys: &mut Whys) -> StepIndex {
        match self.directory().internal(dialled) {
            Some(Internal::User(user)) => self.user(user, &[], None, Way::Direct, whys),
            Some(Internal::Account(_)) | None => self.unknown(dialled, whys),
        }
    }

    fn refuse_caller(&mut self, whys: &mut Whys) -> Option<Refusal> {
        if self.call.purpose == Purpose::TransferRecall {
            return None;
        }
        match &self.call.caller {
            Caller::Account { account, client, .. } => {
                let account = self.directory().accounts.get(account);
                account.and_then(|account| self.refuse_account(account, client.as_ref(), whys))
            }
            Caller::User(user) => {
                let user = self.directory().users.get(user);
                user.and_then(|user| self.refuse_user(user, None, true, whys))
            }
            Caller::Trunk { .. } | Caller::Stranger { .. } => None,
        }
    }

    fn refuse_account(&self, account: &AccountRouting, client: Option<&ClientId>, whys: &mut Whys) -> Option<Refusal> {
        let most = account.call_limit.unwrap_or(self.directory().organisation.calls_per_account);
        let busy = self.at.load.accounts.get(&account.id).copied().unwrap_or(0) >= most;
        let too_fast = self.at.load.too_fast.contains(&account.id);
        if busy || too_fast {
            self.note(whys, Cause::TooManyCalls, with(&[("most", &most.to_string())]));
            return Some(if busy { TOO_MANY } else { TOO_FAST });
        }
        let user = account.user().and_then(|user| self.directory().users.get(&user))?;
        self.refuse_user(user, client, account.is_client(), whys)
    }

    /// C6: the settings bind apps, browsers and what the server does for the user, not a desk phone's own dialling.
    fn refuse_user(
        &self,
        user: &UserRouting,
        client: Option<&ClientId>,
        bound: bool,
        whys: &mut Whys,
    ) -> Option<Refusal> {
        if let Some(stamp) = &user.disabled {
            self.note(whys, Cause::UserDisabled, stamped(stamp));
            return Some(USER_DISABLED);
        }
        let settings = resolve(&user.settings(client));
        if bound && !settings.make.value {
            self.note(whys, Cause::MakingCallsOff, stamped(&user.outgoing.stamp));
            return Some(MAKING_CALLS_OFF);
        }
        let direct = matches!(self.call.caller, Caller::Account { .. }) && self.call.purpose != Purpose::Transfer;
        if bound && direct && settings.call_method.value != CallMethod::Softphone {
            self.note(whys, Cause::MakingCallsOff, stamped(&user.outgoing.stamp));
            return Some(OTHER_METHOD);
        }
        None
    }

    /// Where the caller is, if he is one of ours.
    pub(super) fn callers_location(&self) -> Option<&'a Location> {
        match &self.call.caller {
            Caller::Account { account, .. } => Some(self.directory().accounts.get(account).map_or_else(
                || &self.directory().organisation.location,
                |account| self.directory().location_of(account),
            )),
            Caller::User(user) => Some(self.directory().location_of_user(*user)),
            Caller::Trunk { .. } | Caller::Stranger { .. } => None,
        }
    }

    /// The user who calls, if it is one.
    pub(super) fn calling_user(&self) -> Option<&'a UserRouting> {
        let user = match &self.call.caller {
            Caller::Account { account, .. } => self.directory().accounts.get(account)?.user()?,
            Caller::User(user) => *user,
            Caller::Trunk { .. } | Caller::Stranger { .. } => return None,
        };
        self.directory().users.get(&user)
    }

    pub(super) fn directory(&self) -> &'a Directory {
        self.at.directory
    }

    pub(super) fn unknown(&mut self, dialled: &str, whys: &mut Whys) -> StepIndex {
        self.note(whys, Cause::UnknownNumber, with(&[("number", dialled)]));
        self.end(Refusal { status: StatusCode::NOT_FOUND, words: "Nobody has this number" })
    }

    pub(super) fn step(&mut self, step: Step) -> StepIndex {
        let known = self.steps.iter().position(|known| matches!(known, Step::End(_)) && *known == step);
        StepIndex(known.unwrap_or_else(|| {
            self.steps.push(step);
            self.steps.len() - 1
        }))
    }

    pub(super) fn end(&mut self, refusal: Refusal) -> StepIndex {
        self.step(Step::End(refusal))
    }

    pub(super) fn ring(&mut self, branches: Vec<Branch>, time: Duration, next: Next) -> StepIndex {
        self.step(Step::Ring(Ring { branches, time, next }))
    }

    pub(super) fn attach(&mut self, step: StepIndex, whys: Whys) {
        self.reasons.extend(whys.into_iter().map(|why| (step, why)));
    }

    /// A reason about the call itself.
    pub(super) fn note(&self, whys: &mut Whys, cause: Cause, params: Params) {
        whys.push(self.why(Device::Call, None, None, false, cause, params));
    }

    pub(super) fn why(
        &self,
        device: Device,
        name: Option<DeviceName>,
        user: Option<UserId>,
        rang: bool,
        cause: Cause,
        params: Params,
    ) -> Why {
        Why { device, reason: Reason { at: self.at.now, device: name, user, rang, cause, params } }
    }

    /// An account's device as people name it.
    pub(super) fn name_of(&self, account: &AccountRouting, client: Option<&ClientId>) -> DeviceName {
        let user = account.user().and_then(|user| self.directory().users.get(&user));
        match (&account.kind, client) {
            (AccountKind::App | AccountKind::Web, Some(client)) => DeviceName::Client {
                client: client.clone(),
                name: user.and_then(|user| user.clients.get(client)).map_or_else(String::new, |c| c.name.clone()),
                web: account.kind == AccountKind::Web,
            },
            (AccountKind::Forward { number }, _) => {
                DeviceName::External { number: number.clone(), name: Some(account.name.clone()) }
            }
            (AccountKind::App | AccountKind::Web | AccountKind::DeskPhone { .. } | AccountKind::Unknown, _) => {
                DeviceName::DeskPhone {
                    account: account.id,
                    number: account.number.clone().unwrap_or_default(),
                    name: account.name.clone(),
                }
            }
        }
    }
}

/// What the words of a reason need.
pub(super) type Params = BTreeMap<String, String>;

pub(super) fn with(pairs: &[(&str, &str)]) -> Params {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Who wrote a setting and when, as the words of reasons want it.
pub(super) fn stamped(stamp: &Stamp) -> Params {
    let since = stamp.since.0.to_string();
    let mut params = with(&[("by", &stamp.author.name), ("since", &since)]);
    if let Some(note) = &stamp.note {
        params.insert("note".to_owned(), note.clone());
    }
    params
}

pub(super) const BUSY: Refusal = Refusal { status: StatusCode::BUSY_HERE, words: "Busy" };
pub(super) const NO_ANSWER: Refusal = Refusal { status: StatusCode::TEMPORARILY_UNAVAILABLE, words: "No answer" };
pub(super) const DECLINED: Refusal = Refusal { status: StatusCode::DECLINE, words: "Declined" };
const TOO_MANY: Refusal =
    Refusal { status: StatusCode::BUSY_HERE, words: "This account has as many calls as it may have" };
const TOO_FAST: Refusal =
    Refusal { status: StatusCode::BUSY_HERE, words: "Calls of this account follow each other too fast: wait a moment" };
const USER_DISABLED: Refusal = Refusal { status: StatusCode::FORBIDDEN, words: "This user was disabled" };
const MAKING_CALLS_OFF: Refusal =
    Refusal { status: StatusCode::FORBIDDEN, words: "Making calls is off: your administrator or you turned it off" };
const OTHER_METHOD: Refusal =
    Refusal { status: StatusCode::FORBIDDEN, words: "Your calls are made with your desk phone or mobile" };
