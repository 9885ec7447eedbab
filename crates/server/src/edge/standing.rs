//! What is told of phones and people as calls and registrations come and go: who is there, who talks, which phone may
//! have a Do Not Disturb of its own.

use std::collections::BTreeSet;

use bellbird_contract::server::{Cause, UserId, VoipAccountId};
use bellbird_exchange::CallReport;
use bellbird_exchange::routing::{Device, WhoIsWhere as _};

use super::driver::Driver;
use super::ids::Local as _;
use super::memory;
use crate::domain::{Change, now};

impl Driver {
    pub(super) fn registrations_changed(&mut self, account: VoipAccountId) {
        let org = account.organisation();
        let at = now();
        let views = self.exchange.registrar().of(account).map(|binding| memory::registration(binding, at)).collect();
        self.memory.lock().registrations.insert((org, account.outward()), views);
        self.publish(org, Change::Registrations { account: account.outward() });
        let owners = self.directory(org).and_then(|directory| directory.accounts.get(&account).cloned());
        for user in owners.map(|account| account.owners).unwrap_or_default() {
            self.phone_changed(user, false);
            self.receipts_changed(user);
        }
    }

    pub(super) fn receipts_changed(&mut self, user: UserId) {
        let org = user.organisation();
        let Some(directory) = self.directory(org) else { return };
        let receipts = self.exchange.receipts(&directory, user).into_iter();
        let receipts: Vec<_> = receipts.map(super::ids::receipt_outward).collect();
        let key = (org, user.outward());
        let before = self.memory.lock().desk.insert(key, receipts.clone());
        if before.unwrap_or_default() != receipts {
            self.publish(org, Change::Receipts { user: user.outward() });
        }
    }

    /// A phone that refuses before it rings may have a Do Not Disturb of its own; one that rang has none.
    pub(super) fn suspect(&mut self, report: &CallReport) {
        let org = report.organisation;
        for why in &report.reasons {
            let account = match &why.device {
                Device::Account(account) => *account,
                Device::Binding(binding) => binding.account,
                Device::Outside(_) | Device::Call => continue,
            };
            let key = (org, account.outward());
            let mut memory = self.memory.lock();
            let known = memory.suspected.contains_key(&key);
            let suspected = why.reason.cause == Cause::SuspectedDeviceDnd;
            if suspected {
                memory.suspected.insert(key, report.ended);
            } else if known && rang(why.reason.cause) {
                memory.suspected.remove(&key);
            }
            let changed = known != memory.suspected.contains_key(&key);
            drop(memory);
            if changed {
                self.publish(org, Change::Registrations { account: account.outward() });
            }
        }
    }

    /// Who began or ended a call.
    pub(super) fn look_at_phones(&mut self) {
        let known: BTreeSet<UserId> = self.exchange.load_mut().users.keys().copied().collect();
        for user in known {
            self.phone_changed(user, false);
        }
        let trunks = self.exchange.load_mut().trunks.clone();
        let by_id = trunks.into_iter().map(|(trunk, calls)| ((trunk.organisation(), trunk.outward()), calls));
        let sessions = self.exchange.calls() as u64;
        let mut memory = self.memory.lock();
        memory.trunk_calls = by_id.collect();
        memory.sessions = sessions;
    }

    pub(super) fn phone_changed(&mut self, user: UserId, tell: bool) {
        let org = user.organisation();
        let Some(directory) = self.directory(org) else { return };
        let registrar = self.exchange.registrar();
        let registered = directory.accounts_of(user).any(|account| !registrar.reachable(account.id).is_empty());
        let talks = self.exchange.load_mut().users.get(&user).copied().unwrap_or(0) > 0;
        let changed = {
            let mut memory = self.memory.lock();
            let known = memory.phones.entry((org, user.outward())).or_default();
            let before = *known;
            known.registered = registered;
            known.ringing = self.ringing.contains(&user);
            let since = || self.exchange.talks_since(user).unwrap_or_else(now);
            known.on_call = talks.then(|| before.on_call.unwrap_or_else(since));
            *known != before
        };
        if changed || tell {
            self.publish(org, Change::Presence { user: user.outward() });
        }
    }
}

fn rang(cause: Cause) -> bool {
    matches!(cause, Cause::Rang | Cause::Answered | Cause::NotAnswered | Cause::AnsweredElsewhere | Cause::CallerHungUp)
}
