use super::Caller;
use super::outside::written;
use super::plan::Shown;
use super::planner::Planner;
use crate::country::is_in_country;
use crate::directory::{AccountRouting, TrunkRouting, UserRouting};
use crate::words::{CallerId, NumberId, UserId};

impl Planner<'_> {
    /// Who calls, as a device of ours shows it: the person, never the device, where N3 is on.
    pub(super) fn shown_inside(&self, to: Option<UserId>) -> Shown {
        if self.withheld {
            return Shown { withheld: true, ..Shown::default() };
        }
        let (number, name) = match &self.call.caller {
            Caller::Account { account, .. } => {
                self.directory().accounts.get(account).map_or((None, None), |account| self.account_as_shown(account))
            }
            Caller::User(user) => self.directory().users.get(user).map_or((None, None), person),
            Caller::Trunk { trunk, number, name } => {
                let location = self.directory().trunks.get(trunk).map(|trunk| &trunk.location);
                let here =
                    to.map_or(&self.directory().organisation.location, |to| self.directory().location_of_user(to));
                let e164 = number.as_deref().and_then(|number| location?.to_e164(number));
                (e164.map(|e164| here.to_national(&e164)).or_else(|| number.clone()), name.clone())
            }
            Caller::Stranger { name } => (None, name.clone()),
        };
        let asserted = number.clone().filter(|_| !matches!(self.call.caller, Caller::Stranger { .. }));
        Shown { number, name, asserted, withheld: false, diverted_by: None }
    }

    fn account_as_shown(&self, account: &AccountRouting) -> (Option<String>, Option<String>) {
        let user = account.user().and_then(|user| self.directory().users.get(&user));
        match user.filter(|user| user.telephony.calls_from_user_account && user.number().is_some()) {
            Some(user) => person(user),
            None => (account.number.clone().or_else(|| Some(account.login.clone())), Some(account.name.clone())),
        }
    }

    /// Who calls, as the outside sees it (N6). A call that is sent on bears its caller's number, vouched for by the user
    /// who sends it.
    pub(super) fn shown_outside(&self, trunk: &TrunkRouting, e164: &str, for_user: Option<&UserRouting>) -> Shown {
        let paying = for_user.or_else(|| self.calling_user().filter(|user| user.telephony.calls_from_user_account));
        let own = paying.and_then(|user| self.outward_number(&user.telephony.caller_id, e164));
        let number = own.or_else(|| self.default_number(trunk, e164)).map(|number| written(trunk, &number));
        let hidden = paying.is_some_and(|user| user.telephony.caller_id == CallerId::Withheld);
        let withheld = self.withheld || (for_user.is_none() && hidden);
        let inside = self.shown_inside(None);
        let name = inside.name.filter(|_| for_user.is_some());
        let original = match (&self.call.caller, for_user) {
            (Caller::Trunk { trunk: from, number, .. }, Some(_)) => {
                let location = self.directory().trunks.get(from).map(|from| &from.location);
                number.as_deref().and_then(|number| location?.to_e164(number)).map(|number| written(trunk, &number))
            }
            (Caller::Account { .. } | Caller::User(_) | Caller::Stranger { .. } | Caller::Trunk { .. }, _) => None,
        };
        let shown = original.or_else(|| number.clone());
        Shown {
            number: shown.filter(|_| !withheld),
            name: name.filter(|_| !withheld),
            diverted_by: number.clone().filter(|_| for_user.is_some()),
            asserted: number,
            withheld,
        }
    }

    /// The number that an emergency centre calls back: never withheld.
    pub(super) fn shown_in_emergency(&self, trunk: &TrunkRouting) -> Shown {
        let own = self.calling_user().and_then(|user| self.outward_number(&user.telephony.caller_id, ""));
        let number = own.or_else(|| self.default_number(trunk, "")).map(|number| written(trunk, &number));
        let name = self.calling_user().map(|user| user.name.clone());
        Shown { asserted: number.clone(), number, name, withheld: false, diverted_by: None }
    }

    fn default_number(&self, trunk: &TrunkRouting, e164: &str) -> Option<String> {
        let of_organisation = self.outward_number(&self.directory().organisation.caller_id, e164);
        of_organisation.or_else(|| trunk.settings.caller_id.and_then(|number| self.number_of(number)))
    }

    fn outward_number(&self, rule: &CallerId, e164: &str) -> Option<String> {
        match rule {
            CallerId::Number { number } => self.number_of(*number),
            CallerId::PerCountry { numbers } => {
                let fitting = numbers.iter().find(|entry| is_in_country(e164, &entry.country));
                fitting.and_then(|entry| self.number_of(entry.number))
            }
            CallerId::AccountDefault | CallerId::Withheld | CallerId::Unknown => None,
        }
    }

    fn number_of(&self, number: NumberId) -> Option<String> {
        self.directory().numbers.get(&number).map(|number| number.number.clone())
    }
}

fn person(user: &UserRouting) -> (Option<String>, Option<String>) {
    (user.number().map(str::to_owned), Some(user.name.clone()))
}
