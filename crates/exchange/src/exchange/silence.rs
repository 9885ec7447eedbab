//! Do Not Disturb that begins while a call rings (DESIGN §6a).

use std::sync::Arc;

use bellbird_sip::agent::CallId;

use super::Exchange;
use super::calls::Live;
use crate::node::SessionId;
use crate::notifier::lamps::DialogState;
use crate::routing::{Call, Called, Caller, Device, Plan, Purpose, Why};
use crate::words::{Cause, UserId};

impl Exchange {
    /// The user's devices stop ringing at once, and the calls go where Do Not Disturb sends them.
    pub(super) fn silence(&mut self, user: UserId) {
        let ringing: Vec<SessionId> =
            self.live.iter().filter(|(_, live)| !live.ringing(user).is_empty()).map(|(session, _)| *session).collect();
        for session in ringing {
            self.send_another_way(session, user);
        }
    }

    fn send_another_way(&mut self, session: SessionId, user: UserId) {
        let Some(live) = self.live.get(&session) else { return };
        let Some(served) = self.served.get(&live.organisation) else { return };
        let directory = Arc::clone(&served.directory);
        let by_user = match &live.call.caller {
            Caller::Account { account, .. } => directory.accounts.get(account).and_then(|account| account.user()),
            Caller::User(user) => Some(*user),
            Caller::Trunk { .. } | Caller::Stranger { .. } => None,
        };
        let plan = self.plan(&directory, &live.call_to(user));
        // One's own first leg of a call by desk phone, a moved call, a recall: these ring in spite of it.
        if by_user == Some(user) || plan.rings(user) {
            return;
        }
        let resolved = self.resolve(&directory, &plan, false);
        let Some(live) = self.live.get_mut(&session) else { return };
        let mut users = live.present();
        live.go_another_way(user, plan);
        live.called.extend(resolved.called);
        users.extend(live.present());
        self.node.reroute(&mut self.agent, self.now, session, resolved.itinerary);
        self.recount_all(users);
    }
}

impl Live {
    /// The legs at which the user's devices ring.
    fn ringing(&self, user: UserId) -> Vec<CallId> {
        let rings = |(_, party): &(&CallId, &super::Party)| {
            party.user == Some(user) && party.incoming && party.state != DialogState::Confirmed
        };
        self.legs.iter().filter(rings).map(|(call, _)| *call).collect()
    }

    /// The call as it is to be planned anew: as it came, or, where it was sent on to the user, from there.
    fn call_to(&self, user: UserId) -> Call {
        let as_it_came = self.answered.is_none() && self.gone_through.as_slice() == [self.plan.first()];
        if as_it_came {
            return self.call.clone();
        }
        let diversions = self.call.diversions + 1;
        Call { called: Called::User(user), purpose: Purpose::Call, diversions, ..self.call.clone() }
    }

    /// What rang rings no more, and another plan holds. What was is kept for the record.
    fn go_another_way(&mut self, user: UserId, plan: Plan) {
        let silent = self.legs.extract_if(.., |_, party| party.incoming && party.state != DialogState::Confirmed);
        for party in silent.map(|(_, party)| party).collect::<Vec<_>>() {
            let cause = if party.user == Some(user) { Cause::DoNotDisturb } else { Cause::NotAnswered };
            self.fates.push((party.device, cause));
        }
        let before = std::mem::replace(&mut self.plan, plan);
        self.before.extend(before.reasons(&self.gone_through));
        self.gone_through.clear();
    }

    /// The reasons of all plans that held, each device once; what rang before did ring.
    pub(super) fn reasons(&self) -> Vec<Why> {
        let mut reasons = self.before.clone();
        for mut why in self.plan.reasons(&self.gone_through) {
            let same = |known: &&mut Why| known.device == why.device && why.device != Device::Call;
            match reasons.iter_mut().find(same) {
                Some(known) => {
                    why.reason.rang |= known.reason.rang;
                    *known = why;
                }
                None => reasons.push(why),
            }
        }
        reasons
    }
}
