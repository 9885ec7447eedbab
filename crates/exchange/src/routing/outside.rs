use super::Caller;
use super::plan::{Branch, Device, Next, Refusal, StepIndex, Target, TrunkLeg};
use super::planner::{BUSY, DECLINED, NO_ANSWER, OUTSIDE_RING_TIME, Planner, Whys, with};
use crate::directory::{AccountRouting, TrunkRouting, UserRouting};
use crate::words::{Cause, Destination, DeviceName, NumberFormat};
use bellbird_sip::status::StatusCode;

/// How often a call may have been sent on before it comes here, and still leave again.
const MAX_DIVERSIONS: u32 = 5;

/// Whether a number outside may ring, with respect to those whose it is (D3, D4).
enum Quorum {
    /// Nobody's, or nobody of them is on Do Not Disturb.
    Free,
    /// Some are, and this one is not.
    SharedWith(String),
    /// Its one owner is.
    Paused,
    /// All of several are.
    AllOnDnd,
}

impl Planner<'_> {
    /// An emergency call passes everything but authentication (P8).
    pub(super) fn emergency(&mut self, number: &str, whys: &mut Whys) -> StepIndex {
        let legs: Vec<TrunkLeg> =
            self.trunks(true).into_iter().map(|trunk| self.emergency_leg(trunk, number)).collect();
        let words = "No line to the outside can take this emergency call: use a mobile phone";
        let failed = self.end(Refusal { status: StatusCode::SERVICE_UNAVAILABLE, words });
        if legs.is_empty() {
            self.note(whys, Cause::NoTrunk, with(&[("number", number)]));
            return failed;
        }
        let device = Device::Outside(number.to_owned());
        let name = DeviceName::External { number: number.to_owned(), name: None };
        let params = with(&[("number", number)]);
        whys.push(self.why(device.clone(), Some(name), None, true, Cause::Emergency, params));
        let target = Target::Outside { legs, emergency: true };
        let branch = Branch { device, target, user: None, auto_answer: false };
        let next = Next {
            busy: self.end(BUSY),
            no_answer: self.end(NO_ANSWER),
            unreachable: failed,
            declined: self.end(DECLINED),
        };
        self.ring(vec![branch], OUTSIDE_RING_TIME * 5, next)
    }

    fn emergency_leg(&self, trunk: &TrunkRouting, number: &str) -> TrunkLeg {
        let shown = self.shown_in_emergency(trunk);
        TrunkLeg { trunk: trunk.id, number: number.to_owned(), shown, media: trunk.media }
    }

    /// A number outside for a user: a forwarding, a destination, a number beside the devices.
    pub(super) fn outside_for(
        &mut self,
        user: &UserRouting,
        typed: &str,
        cause: Cause,
        whys: &mut Whys,
    ) -> Option<Branch> {
        let location = self.directory().location_of_user(user.id);
        let e164 = location.to_e164(typed).filter(|_| location.emergency_number(typed).is_none());
        let Some(e164) = e164 else {
            self.note(whys, Cause::UnknownNumber, with(&[("number", typed)]));
            return None;
        };
        match self.quorum(&e164) {
            Quorum::Free => self.outside_branch(&e164, Some(user), cause, whys),
            Quorum::SharedWith(name) => self.shared_branch(&e164, user, &name, whys),
            Quorum::Paused => self.paused(&e164, user, Cause::ForwardingPaused, whys),
            Quorum::AllOnDnd => self.paused(&e164, user, Cause::SharedAllOnDnd, whys),
        }
    }

    /// A number outside that the organisation sends a call to.
    pub(super) fn outside_for_nobody(&mut self, typed: &str, whys: &mut Whys) -> Option<Branch> {
        let location = &self.directory().organisation.location;
        let e164 = location.to_e164(typed).filter(|_| location.emergency_number(typed).is_none());
        match e164 {
            Some(e164) => self.outside_branch(&e164, None, Cause::WentOut, whys),
            None => {
                self.note(whys, Cause::UnknownNumber, with(&[("number", typed)]));
                None
            }
        }
    }

    /// An account of kind *forward* is a number outside that belongs to whoever owns the account.
    pub(super) fn forward_account(
        &mut self,
        account: &AccountRouting,
        number: &str,
        user: Option<&UserRouting>,
        excepted: Option<Cause>,
        whys: &mut Whys,
    ) -> Option<Branch> {
        let own_call = excepted.is_some_and(|cause| cause != Cause::EmergencyCallBack);
        match user {
            Some(_) if own_call => None,
            Some(user) => self.outside_for(user, number, Cause::LinkedNumber, whys),
            None if account.owners.is_empty() => self.outside_for_nobody(number, whys),
            None => {
                let owner = account.owners.iter().find_map(|owner| self.directory().users.get(owner));
                owner.and_then(|owner| self.outside_for(owner, number, Cause::LinkedNumber, whys))
            }
        }
    }

    /// N9: the linked number rings beside the devices.
    pub(super) fn linked_number(
        &mut self,
        user: &UserRouting,
        excepted: Option<Cause>,
        whys: &mut Whys,
    ) -> Option<Branch> {
        let own_call = excepted.is_some_and(|cause| cause != Cause::EmergencyCallBack);
        let linked = user.telephony.linked_number.as_ref().filter(|linked| linked.active && !own_call)?;
        self.outside_for(user, &linked.number, Cause::LinkedNumber, whys)
    }

    /// D4: what still rings of a user on Do Not Disturb. Everything else outside is paused (D3).
    pub(super) fn shared_numbers(&mut self, user: &UserRouting, whys: &mut Whys) -> Vec<Branch> {
        let always = user.telephony.forwarding.always.as_ref().filter(|forwarding| forwarding.active);
        let always = always.and_then(|forwarding| match &forwarding.to {
            Destination::External { number } => Some(number.as_str()),
            Destination::HangUp | Destination::User { .. } | Destination::Account { .. } | Destination::Unknown => None,
        });
        let linked = user.telephony.linked_number.as_ref().filter(|linked| linked.active);
        let linked = linked.map(|linked| linked.number.as_str());
        let accounts = self.directory().accounts_of(user.id).filter_map(AccountRouting::forwards_to);
        let numbers: Vec<&str> = match always {
            Some(number) => vec![number],
            None => linked.into_iter().chain(accounts).collect(),
        };
        numbers.into_iter().filter_map(|number| self.outside_for(user, number, Cause::LinkedNumber, whys)).collect()
    }

    /// A number that nobody owns never suppresses.
    fn quorum(&self, e164: &str) -> Quorum {
        let owners: Vec<&UserRouting> = self.directory().owners_of(e164).collect();
        let available = owners.iter().find(|owner| !owner.is_on_dnd(self.at.now));
        match (owners.len(), available) {
            (0, _) => Quorum::Free,
            (_, Some(_)) if owners.iter().all(|owner| !owner.is_on_dnd(self.at.now)) => Quorum::Free,
            (_, Some(available)) => Quorum::SharedWith(available.name.clone()),
            (1, None) => Quorum::Paused,
            (_, None) => Quorum::AllOnDnd,
        }
    }

    fn shared_branch(&self, e164: &str, user: &UserRouting, name: &str, whys: &mut Whys) -> Option<Branch> {
        let branch = self.outside_branch(e164, Some(user), Cause::SharedWithAvailable, whys);
        if let Some(why) = whys.last_mut().filter(|_| branch.is_some()) {
            why.reason.params.insert("name".to_owned(), name.to_owned());
        }
        branch
    }

    fn paused(&self, e164: &str, user: &UserRouting, cause: Cause, whys: &mut Whys) -> Option<Branch> {
        let name = DeviceName::External { number: e164.to_owned(), name: None };
        whys.push(self.why(Device::Outside(e164.to_owned()), Some(name), Some(user.id), false, cause, with(&[])));
        None
    }

    /// A call to the outside, if the caller may make one and a trunk takes it.
    pub(super) fn outside_branch(
        &self,
        e164: &str,
        for_user: Option<&UserRouting>,
        cause: Cause,
        whys: &mut Whys,
    ) -> Option<Branch> {
        let device = Device::Outside(e164.to_owned());
        let name = DeviceName::External { number: e164.to_owned(), name: None };
        let id = for_user.map(|user| user.id);
        let authenticated = !matches!(self.call.caller, Caller::Stranger { .. });
        if self.call.diversions >= MAX_DIVERSIONS {
            whys.push(self.why(device, Some(name), id, false, Cause::Loop, with(&[("number", e164)])));
            return None;
        }
        let trunks = if authenticated { self.trunks(false) } else { Vec::new() };
        let legs: Vec<TrunkLeg> = trunks.into_iter().map(|trunk| self.leg(trunk, e164, for_user)).collect();
        let Some(first) = legs.first() else {
            whys.push(self.why(device, Some(name), id, false, Cause::NoTrunk, with(&[("number", e164)])));
            return None;
        };
        let trunk = self.directory().trunks.get(&first.trunk).map_or("", |trunk| trunk.settings.name.as_str());
        let shown = first.shown.number.clone().unwrap_or_default();
        let params = with(&[("number", e164), ("trunk", trunk), ("shown", &shown)]);
        whys.push(self.why(device.clone(), Some(name), id, true, cause, params));
        Some(Branch { device, target: Target::Outside { legs, emergency: false }, user: id, auto_answer: false })
    }

    fn leg(&self, trunk: &TrunkRouting, e164: &str, for_user: Option<&UserRouting>) -> TrunkLeg {
        let shown = self.shown_outside(trunk, e164, for_user);
        TrunkLeg { trunk: trunk.id, number: written(trunk, e164), shown, media: trunk.media }
    }

    /// The trunks that can take a call, in the order of trying. An emergency call also tries those that look dead.
    fn trunks(&self, emergency: bool) -> Vec<&TrunkRouting> {
        let load = self.at.load;
        let active = self.directory().trunks.values().filter(|trunk| trunk.settings.active);
        let down = |trunk: &TrunkRouting| load.trunks_down.contains(&trunk.id);
        let full = |trunk: &TrunkRouting| {
            let calls = load.trunks.get(&trunk.id).copied().unwrap_or(0);
            trunk.settings.most_calls.is_some_and(|most| calls >= most)
        };
        let mut usable: Vec<&TrunkRouting> =
            active.filter(|trunk| emergency || (!down(trunk) && !full(trunk))).collect();
        usable.sort_by_key(|trunk| (down(trunk) || full(trunk), trunk.settings.order, trunk.id));
        usable
    }
}

/// A number as a trunk writes it (N8).
pub(super) fn written(trunk: &TrunkRouting, e164: &str) -> String {
    match trunk.settings.outgoing_format {
        NumberFormat::E164 | NumberFormat::Unknown => e164.to_owned(),
        NumberFormat::E164WithoutPlus => e164.trim_start_matches('+').to_owned(),
        NumberFormat::National => trunk.location.to_national(e164),
    }
}
