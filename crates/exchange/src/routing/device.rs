use super::plan::{Branch, Device, Target};
use super::planner::{Params, Planner, Whys, stamped, with};
use super::{Caller, Reachable};
use crate::directory::{AccountRouting, UserRouting};
use crate::words::{Cause, MediaProfile, Scope, UserId, VoipAccountId, resolve};

impl Planner<'_> {
    /// The devices of an account that ring for a user's call, and why the others do not.
    pub(super) fn consider(
        &mut self,
        account: &AccountRouting,
        user: Option<&UserRouting>,
        excepted: Option<Cause>,
        whys: &mut Whys,
    ) -> Vec<Branch> {
        if let Some(number) = account.forwards_to() {
            return self.forward_account(account, number, user, excepted, whys).into_iter().collect();
        }
        let devices = self.at.where_.reachable(account.id);
        if devices.is_empty() {
            self.not_registered(account, user.map(|user| user.id), whys);
        }
        devices.into_iter().filter_map(|device| self.consider_device(account, &device, user, excepted, whys)).collect()
    }

    fn consider_device(
        &self,
        account: &AccountRouting,
        found: &Reachable,
        user: Option<&UserRouting>,
        excepted: Option<Cause>,
        whys: &mut Whys,
    ) -> Option<Branch> {
        let device = Device::Binding(found.binding.clone());
        let name = self.name_of(account, found.client.as_ref());
        let id = user.map(|user| user.id);
        if let Some((cause, params)) = self.obstacle(account, found, user, excepted) {
            whys.push(self.why(device, Some(name), id, false, cause, params));
            return None;
        }
        let seconds = user.map_or(0, |user| user.telephony.ring_seconds).to_string();
        let cause = excepted.unwrap_or(Cause::Rang);
        whys.push(self.why(device.clone(), Some(name), id, true, cause, with(&[("seconds", &seconds)])));
        let shown = self.shown_inside(user.map(|user| user.id));
        let target = Target::Device { binding: found.binding.clone(), media: account.media, shown };
        Some(Branch { device, target, user: id, auto_answer: user.is_some_and(|user| user.telephony.auto_answer) })
    }

    /// What keeps a registered device from ringing.
    fn obstacle(
        &self,
        account: &AccountRouting,
        found: &Reachable,
        user: Option<&UserRouting>,
        excepted: Option<Cause>,
    ) -> Option<(Cause, Params)> {
        if self.is_callers_own(found) {
            return Some((Cause::Loop, with(&[])));
        }
        if excepted.is_none() && account.is_client() {
            // Settings are the owner's, also where the call comes to the account by another way.
            let owner = user.or_else(|| self.directory().users.get(account.owners.first()?));
            let off = owner.and_then(|owner| receive_off(owner, found));
            if off.is_some() {
                return off;
            }
        }
        let most = account.call_limit.unwrap_or(self.directory().organisation.calls_per_account);
        if self.at.load.accounts.get(&account.id).copied().unwrap_or(0) >= most {
            return Some((Cause::TooManyCalls, with(&[("most", &most.to_string())])));
        }
        (!self.media_meets(account.media)).then(|| (Cause::NoCodecInCommon, with(&[])))
    }

    fn is_callers_own(&self, found: &Reachable) -> bool {
        match &self.call.caller {
            Caller::Account { binding, .. } => binding.as_ref() == Some(&found.binding),
            Caller::User(_) | Caller::Trunk { .. } | Caller::Stranger { .. } => false,
        }
    }

    /// Whether caller and callee have a way of media in common, or something between them bridges.
    fn media_meets(&self, callee: MediaProfile) -> bool {
        let caller = match &self.call.caller {
            Caller::Account { account, .. } => self.directory().accounts.get(account).map(|account| account.media),
            Caller::Trunk { trunk, .. } => self.directory().trunks.get(trunk).map(|trunk| trunk.media),
            Caller::User(_) | Caller::Stranger { .. } => None,
        };
        let open = |profile| matches!(profile, MediaProfile::Best | MediaProfile::Unknown);
        let meets = caller.is_none_or(|caller| open(caller) || open(callee) || caller == callee);
        meets || self.at.load.bridges_media
    }

    /// No device of the user rings, for this reason.
    pub(super) fn hold_back(&self, user: &UserRouting, cause: Cause, params: &Params, whys: &mut Whys) {
        for account in self.directory().accounts_of(user.id) {
            self.hold_back_account(account, Some(user.id), cause, params, whys);
        }
    }

    /// All devices but those of one account.
    pub(super) fn hold_back_others(&self, user: &UserRouting, but: VoipAccountId, cause: Cause, whys: &mut Whys) {
        let at = self.directory().accounts.get(&but).map_or("", |account| account.name.as_str());
        for account in self.directory().accounts_of(user.id).filter(|account| account.id != but) {
            self.hold_back_account(account, Some(user.id), cause, &with(&[("at", at)]), whys);
        }
    }

    pub(super) fn hold_back_account(
        &self,
        account: &AccountRouting,
        user: Option<UserId>,
        cause: Cause,
        params: &Params,
        whys: &mut Whys,
    ) {
        if account.forwards_to().is_some() {
            // Numbers outside have reasons of their own.
            return;
        }
        let devices = self.at.where_.reachable(account.id);
        if devices.is_empty() {
            self.not_registered(account, user, whys);
        }
        for found in devices {
            let name = self.name_of(account, found.client.as_ref());
            whys.push(self.why(Device::Binding(found.binding), Some(name), user, false, cause, params.clone()));
        }
    }

    fn not_registered(&self, account: &AccountRouting, user: Option<UserId>, whys: &mut Whys) {
        let name = self.name_of(account, None);
        whys.push(self.why(Device::Account(account.id), Some(name), user, false, Cause::NotRegistered, with(&[])));
    }
}

/// C6
fn receive_off(owner: &UserRouting, found: &Reachable) -> Option<(Cause, Params)> {
    let receive = resolve(&owner.settings(found.client.as_ref())).receive;
    if receive.value {
        return None;
    }
    let cause = match receive.scope {
        Scope::ThisClient => Cause::ReceiveOffHere,
        Scope::AllClients | Scope::Unknown => Cause::ReceiveOffEverywhere,
    };
    Some((cause, stamped(&owner.incoming.stamp)))
}
