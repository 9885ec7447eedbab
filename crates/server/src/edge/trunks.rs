//! Trunks that register: the user agent's accounts for them, and how they stand.

use std::collections::BTreeMap;

use bellbird_base::Protocol;
use bellbird_contract::Transport;
use bellbird_contract::server::{OrgId, TrunkHealth, TrunkId, TrunkLink, TrunkSettings};
use bellbird_exchange::Command;
use bellbird_exchange::directory::{Directory, TrunkRouting};
use bellbird_net::clock;
use bellbird_sip::agent::{
    AccountConfig, AccountCredentials, AccountId, Callers, RegistrationFailure, RegistrationState,
};
use bellbird_sip::uri::Uri;

use super::driver::Driver;
use super::ids::Local as _;
use crate::domain::{Change, now};

/// The accounts of the user agent that are registered at trunks.
#[derive(Default)]
pub(crate) struct Trunks {
    accounts: BTreeMap<AccountId, TrunkId>,
}

impl Driver {
    /// Registers at trunks that are new or changed, and no longer at those that are gone.
    pub(super) fn set_trunks(&mut self, directory: &Directory, before: Option<&Directory>) {
        let org = directory.organisation.id;
        let old = |trunk: &TrunkRouting| before.and_then(|before| before.trunks.get(&trunk.id));
        let same = |trunk: &TrunkRouting| {
            old(trunk).is_some_and(|old| old.settings == trunk.settings && old.secret == trunk.secret)
        };
        let stale: Vec<(AccountId, TrunkId)> = self
            .trunks
            .accounts
            .iter()
            .filter(|(_, id)| id.organisation() == org && !directory.trunks.get(*id).is_some_and(same))
            .map(|(account, id)| (*account, *id))
            .collect();
        for (account, _) in stale {
            self.trunks.accounts.remove(&account);
            // It is there: it was added here.
            self.exchange.agent_mut().remove_account(clock::now(), account).ok();
        }
        for trunk in directory.trunks.values().filter(|trunk| !same(trunk)) {
            self.set_trunk(org, trunk);
        }
        self.exchange.settle();
    }

    fn set_trunk(&mut self, org: OrgId, trunk: &TrunkRouting) {
        let health = if trunk.settings.active { TrunkHealth::Unproven } else { TrunkHealth::Off };
        self.memory.lock().trunks.insert((org, trunk.id.outward()), health);
        let Some(config) = account(trunk) else { return };
        let agent = self.exchange.agent_mut();
        let account = agent.add_account(clock::now(), config);
        // It was added just now.
        agent.register(clock::now(), account).ok();
        self.trunks.accounts.insert(account, trunk.id);
        self.exchange.set_trunk_account(account, org, trunk.id);
    }

    pub(super) fn trunk_registration(&mut self, account: AccountId, state: &RegistrationState) {
        let Some(trunk) = self.trunks.accounts.get(&account).copied() else { return };
        let since = now();
        let health = match state {
            RegistrationState::Registered(_) => TrunkHealth::Up { since, millis: None },
            RegistrationState::Retrying { failure, .. } | RegistrationState::Failed(failure) => {
                TrunkHealth::Down { since, status: status(failure) }
            }
            RegistrationState::Registering | RegistrationState::Unregistering | RegistrationState::Unregistered => {
                return;
            }
        };
        let up = matches!(health, TrunkHealth::Up { .. });
        let key = (trunk.organisation(), trunk.outward());
        let before = self.memory.lock().trunks.insert(key, health.clone());
        let is_new = before.is_none_or(|before| {
            matches!(before, TrunkHealth::Up { .. }) != up || matches!(before, TrunkHealth::Unproven)
        });
        if is_new {
            self.command(Command::TrunkHealth(trunk, up));
            self.publish(trunk.organisation(), Change::Trunk { trunk: trunk.outward() });
        }
    }
}

fn status(failure: &RegistrationFailure) -> Option<u16> {
    match failure {
        RegistrationFailure::Refused(status, _) | RegistrationFailure::Unavailable(status, _) => Some(status.code()),
        RegistrationFailure::WrongPassword | RegistrationFailure::NoPassword => Some(401),
        RegistrationFailure::UntrustedChallenge
        | RegistrationFailure::NoAnswer
        | RegistrationFailure::Resolve(_)
        | RegistrationFailure::Connection(_) => None,
    }
}

/// The account of one that registers; none where it does not, or lacks something.
fn account(trunk: &TrunkRouting) -> Option<AccountConfig> {
    let settings: &TrunkSettings = &trunk.settings;
    let TrunkLink::Registering { user_name } = &settings.link else { return None };
    let server = settings.servers.first().filter(|_| settings.active)?.trim_start_matches("sip:");
    let proxy = Uri::parse(&format!("sip:{server}")).ok()?;
    let host = proxy.host()?.as_str().to_owned();
    let domain = settings.domain.clone().unwrap_or(host);
    let address = Uri::sip(Some(user_name), &domain, None).ok()?;
    let credentials = AccountCredentials {
        username: user_name.clone(),
        password: trunk.secret.clone()?,
        realm: None,
        sha256_only: false,
    };
    Some(AccountConfig {
        outbound_proxy: Some(proxy),
        protocol: protocol(settings.transport),
        credentials: Some(credentials),
        callers: Callers::Servers,
        ..AccountConfig::new(address)
    })
}

fn protocol(transport: Transport) -> Option<Protocol> {
    match transport {
        Transport::Udp => Some(Protocol::Udp),
        Transport::Tcp => Some(Protocol::Tcp),
        Transport::Tls => Some(Protocol::Tls),
        Transport::Ws | Transport::Wss | Transport::Automatic | Transport::Unknown => None,
    }
}
