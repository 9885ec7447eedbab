use std::net::IpAddr;
use std::sync::Arc;

use bellbird_sip::agent::{InboundRequest, Reply};
use bellbird_sip::message::{Fields, HeaderName, Request};
use bellbird_sip::status::StatusCode;

use super::{Answer, Exchange};
use crate::directory::{Directory, TrunkRouting};
use crate::guard::Access;
use crate::routing::{Branch, Call, Called, Caller, FeatureAct, Purpose, Service, Situation, Step, Target, plan};
use crate::words::{CalledNumberFrom, DndSource, TrunkId, TrunkLink, VoipAccountId};
use crate::{Event, Output, Routed};

impl Exchange {
    /// Whoever calls is known before anything else is looked at: a trunk by its address, an account by its digest.
    pub(super) fn invite(&mut self, invite: InboundRequest) {
        if (&invite.request.headers).max_forwards() == Some(0) {
            return self.reply(invite.id, Reply::new(StatusCode::TOO_MANY_HOPS));
        }
        if let Some((directory, trunk)) = self.trunk_of(&invite) {
            let Some(trunk) = directory.trunks.get(&trunk) else { return };
            let (caller, dialled) = (trunk_caller(trunk, &invite.request), called_by_trunk(trunk, &invite.request));
            return self.route(invite, &directory, caller, dialled);
        }
        let Some(directory) = self.directory_for(&invite.request) else {
            return self
                .reply(invite.id, Reply::new(StatusCode::NOT_FOUND).saying("Nobody is served under this domain"));
        };
        let dialled = invite.request.uri.as_ref().user_text().map(|user| user.into_owned()).unwrap_or_default();
        match self.check(&directory, &invite) {
            Access::Granted(proved) => {
                self.keep_pace(proved.account);
                // Whatever From says: the account is who proved it, and what others see follows from that.
                let binding = self.registrar.at(proved.account, invite.flow).map(|binding| binding.id.clone());
                let caller = Caller::Account { account: proved.account, client: proved.client, binding };
                self.route(invite, &directory, caller, dialled);
            }
            Access::Denied(_) if self.config.takes_strangers && is_stranger(&invite.request, &directory) => {
                let from = (&invite.request.headers).address(HeaderName::From);
                let name = from.and_then(|from| from.display_name().map(|name| name.into_owned()));
                self.route(invite, &directory, Caller::Stranger { name }, dialled);
            }
            Access::Denied(reply) => self.reply(invite.id, reply),
        }
    }

    fn route(&mut self, invite: InboundRequest, directory: &Arc<Directory>, caller: Caller, dialled: String) {
        let headers = &invite.request.headers;
        let withheld =
            headers.privacy().any(|value| value.eq_ignore_ascii_case("id") || value.eq_ignore_ascii_case("user"));
        let diversions =
            headers.addresses(HeaderName::Diversion).count() + headers.items(HeaderName::HistoryInfo).count();
        let call = Call {
            caller,
            called: Called::Dialled(dialled),
            withheld,
            purpose: Purpose::Call,
            diversions: u32::try_from(diversions).unwrap_or(u32::MAX),
        };
        let plan = self.plan(directory, &call);
        let routed = Box::new(Routed { organisation: directory.organisation.id, invite, call, plan });
        match routed.plan.step(routed.plan.first()) {
            Some(Step::End(refusal)) => {
                let reply = Reply::new(refusal.status).saying(refusal.words);
                self.reply(routed.invite.id, reply);
                return self.outputs.push_back(Output::Event(Event::Refused(routed)));
            }
            Some(Step::Serve(Service::Feature { user, act, .. })) => {
                let (user, act) = (*user, act.clone());
                // There is no voice to confirm it yet: the words on the phone's display do.
                let reply = Reply::new(StatusCode::TEMPORARILY_UNAVAILABLE).saying(confirmation(&act));
                let store = self.feature(user, act, DndSource::StarCode);
                return self.answer_when_stored(routed.invite.id, Answer::Reply(reply), [store].into());
            }
            Some(Step::Ring(ring)) => {
                if ring.branches.iter().any(is_emergency) {
                    self.note_emergency(directory, &routed.call);
                }
                self.connect(&routed, directory);
            }
            Some(Step::Serve(Service::Echo)) => return self.outputs.push_back(Output::Event(Event::Echo(routed))),
            None => {}
        }
        self.outputs.push_back(Output::Event(Event::Routed(routed)));
    }

    fn keep_pace(&mut self, account: VoipAccountId) {
        if self.pace.take(self.now, account) {
            self.load.too_fast.remove(&account);
        } else {
            self.load.too_fast.insert(account);
        }
    }

    /// Where a call goes now, also one that the server makes for a user.
    pub fn plan(&self, directory: &Directory, call: &Call) -> crate::routing::Plan {
        let now = self.clock.time(self.now);
        plan(call, &Situation { directory, where_: &self.registrar, load: &self.load, now })
    }

    /// For an hour calls from outside reach this user in spite of everything.
    pub(super) fn note_emergency(&mut self, directory: &Directory, call: &Call) {
        let user = match &call.caller {
            Caller::Account { account, .. } => directory.accounts.get(account).and_then(|account| account.user()),
            Caller::User(user) => Some(*user),
            Caller::Trunk { .. } | Caller::Stranger { .. } => None,
        };
        if let Some(user) = user {
            self.load.emergency_calls.insert(user, self.clock.time(self.now));
        }
    }

    /// The trunk that an INVITE comes from: by the account that is registered there, or by its address.
    fn trunk_of(&self, invite: &InboundRequest) -> Option<(Arc<Directory>, TrunkId)> {
        if let Some((organisation, trunk)) = invite.account.and_then(|account| self.trunk_accounts.get(&account)) {
            let served = self.served.get(organisation)?;
            return Some((Arc::clone(&served.directory), *trunk));
        }
        // A device that registered over this flow, or shows a digest, is itself, also where it shares a trunk's address.
        if self.registrar.uses_flow(invite.flow) || invite.request.headers.contains(HeaderName::Authorization) {
            return None;
        }
        let source = invite.via.remote.ip();
        let by_address = |trunk: &&TrunkRouting| match &trunk.settings.link {
            TrunkLink::ByAddress { from } => trunk.settings.active && from.iter().any(|range| contains(range, source)),
            TrunkLink::Registering { .. } | TrunkLink::Unknown => false,
        };
        self.served.values().find_map(|served| {
            let trunk = served.directory.trunks.values().find(by_address)?;
            Some((Arc::clone(&served.directory), trunk.id))
        })
    }
}

/// Whether this calls an emergency number.
pub(super) fn is_emergency(branch: &Branch) -> bool {
    matches!(branch.target, Target::Outside { emergency: true, .. })
}

/// Who calls, as a trunk says: P-Asserted-Identity before From.
fn trunk_caller(trunk: &TrunkRouting, request: &Request) -> Caller {
    let headers = &request.headers;
    let asserted = headers.address(HeaderName::PAssertedIdentity);
    let party = asserted.or_else(|| headers.address(HeaderName::From));
    let hidden = headers.privacy().any(|value| value.eq_ignore_ascii_case("id"));
    let anonymous =
        party.is_some_and(|party| party.uri.host().is_some_and(|host| host.as_str() == "anonymous.invalid"));
    let party = party.filter(|_| !hidden && !anonymous);
    let number = party.and_then(|party| party.uri.user_text().map(|user| user.into_owned()));
    let name = party.and_then(|party| party.display_name().map(|name| name.into_owned()));
    Caller::Trunk { trunk: trunk.id, number, name }
}

fn called_by_trunk(trunk: &TrunkRouting, request: &Request) -> String {
    let headers = &request.headers;
    let own = || request.uri.as_ref().user_text().map(|user| user.into_owned());
    let of = |name| headers.address(name).and_then(|address| address.uri.user_text().map(|user| user.into_owned()));
    let called = match trunk.settings.called_number {
        CalledNumberFrom::RequestUri | CalledNumberFrom::Unknown => own(),
        CalledNumberFrom::To => of(HeaderName::To),
        CalledNumberFrom::PCalledPartyId => of(HeaderName::PCalledPartyId).or_else(own),
    };
    called.unwrap_or_default()
}

/// Whether somebody from elsewhere calls: one of our own has to prove it.
fn is_stranger(request: &Request, directory: &Directory) -> bool {
    let headers = &request.headers;
    let from = headers.address(HeaderName::From).and_then(|from| from.uri.host().map(|host| host.as_str().to_owned()));
    let ours = from.is_none_or(|host| host.eq_ignore_ascii_case(&directory.organisation.domain));
    !ours && !headers.contains(HeaderName::Authorization)
}

/// What a phone shows after a star code.
fn confirmation(act: &FeatureAct) -> &'static str {
    match act {
        FeatureAct::Dnd(true) => "Do Not Disturb is on",
        FeatureAct::Dnd(false) => "Do Not Disturb is off",
        FeatureAct::Forward { target: Some(_), .. } => "Forwarding is on",
        FeatureAct::Forward { target: None, .. } => "Forwarding is off",
    }
}

/// Whether an address lies in `192.0.2.7` or `192.0.2.0/24`.
fn contains(range: &str, address: IpAddr) -> bool {
    let (network, length) = range.split_once('/').map_or((range, None), |(network, length)| (network, Some(length)));
    let Ok(network) = network.trim().parse::<IpAddr>() else { return false };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let ((network_bits, width), (address_bits, other)) = (bits(network), bits(address.to_canonical()));
    let length: u32 = length.map_or(Some(width), |length| length.trim().parse().ok()).unwrap_or(u32::MAX);
    if width != other || length > width {
        return false;
    }
    length == 0 || (network_bits ^ address_bits) >> (128 - length) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_in_networks_of_their_own_family() {
        let lies = |range: &str, address: &str| contains(range, address.parse().unwrap());
        assert!(
            lies("192.0.2.7", "192.0.2.7")
                && lies("192.0.2.0/24", "192.0.2.255")
                && lies("2001:db8::/32", "2001:db8::1")
        );
        assert!(
            !lies("192.0.2.0/24", "192.0.3.1")
                && !lies("0.0.0.0/0", "2001:db8::1")
                && !lies("192.0.2.0/33", "192.0.2.1")
        );
        assert!(!lies("provider.example", "192.0.2.1") && lies("192.0.2.7", "::ffff:192.0.2.7"));
    }
}
