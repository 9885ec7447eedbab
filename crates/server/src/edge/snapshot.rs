//! The directory of an organisation as routing wants it, from what is stored.

use std::collections::BTreeMap;

use bellbird_contract::server::{
    AccountKind, ClientId, CountryCode, DigestAlgorithm, DndState, MediaProfile, OrgId, Stamp, UserId,
};
use bellbird_exchange::country::Location;
use bellbird_exchange::directory::{
    AccountRouting, AccountSecret, ClientLogin, ClientRouting, Directory, DirectoryParts, NumberRouting, Organisation,
    TrunkRouting, UserRouting,
};
use bellbird_sip::digest::{Ha1, Hash, Secret};

use super::ids::{self, Local as _};
use crate::store::{
    AccountCredentials, Store, StoreError, StoredAccount, StoredOrganisation, StoredSettings, StoredTrunk, StoredUser,
};

/// Calls of one account at once.
const CALLS_PER_ACCOUNT: u32 = 10;

/// Reads all that routing has to know.
pub(crate) async fn directory(store: &Store, org: OrgId) -> Result<Directory, StoreError> {
    // The organisation is read first: what changes meanwhile makes another snapshot.
    let organisation = store.organisation(org).await?;
    let accounts = store.accounts(org).await?;
    let settings: BTreeMap<UserId, StoredSettings> = store.all_settings(org).await?.into_iter().collect();
    let dnd: BTreeMap<UserId, DndState> = store.all_dnd(org).await?.into_iter().collect();
    let mut users = Vec::new();
    for user in store.users(org).await? {
        let Some(settings) = settings.get(&user.id) else { continue };
        let clients = clients(store, &user, settings, &accounts).await?;
        let dnd = dnd.get(&user.id).cloned().unwrap_or_default();
        users.push(user_routing(user, settings, dnd, clients));
    }
    let numbers = store.numbers(org).await?.into_iter().map(|entry| NumberRouting {
        id: entry.id,
        number: entry.number,
        to: entry.to.map(|to| ids::destination(to, org)),
    });
    Ok(Directory::new(DirectoryParts {
        revision: organisation.changes,
        numbers: numbers.collect(),
        trunks: store.trunks(org).await?.into_iter().map(|trunk| trunk_routing(trunk, org)).collect(),
        accounts: accounts.into_iter().map(|account| account_routing(account, org)).collect(),
        users,
        organisation: organisation_routing(organisation),
    }))
}

fn organisation_routing(stored: StoredOrganisation) -> Organisation {
    let settings = stored.document.settings;
    Organisation {
        id: stored.id,
        name: stored.document.name,
        domain: stored.domain,
        realm: stored.realm,
        location: location(&settings.country, settings.area_code.as_deref()),
        caller_id: settings.caller_id,
        unassigned: ids::destination(settings.unassigned_numbers, stored.id),
        calls_per_account: CALLS_PER_ACCOUNT,
    }
}

fn location(country: &CountryCode, area_code: Option<&str>) -> Location {
    Location::of(country, area_code)
}

/// What a user's apps are called and chose for themselves. Names are asked for only where there are apps.
async fn clients(
    store: &Store,
    user: &StoredUser,
    settings: &StoredSettings,
    accounts: &[StoredAccount],
) -> Result<BTreeMap<ClientId, ClientRouting>, StoreError> {
    let own = |account: &&StoredAccount| account.owners.iter().any(|owner| owner.id == user.id);
    let has_apps = accounts.iter().filter(own).any(|account| account.credentials.iter().any(|c| c.client.is_some()));
    let mut clients: BTreeMap<ClientId, ClientRouting> = BTreeMap::new();
    for (client, values) in &settings.clients {
        clients.entry(client.clone()).or_default().values = *values;
    }
    if has_apps {
        for client in store.clients(user.org, user.id).await? {
            clients.entry(client.id).or_default().name = client.description.name;
        }
    }
    Ok(clients)
}

fn user_routing(
    user: StoredUser,
    settings: &StoredSettings,
    dnd: DndState,
    clients: BTreeMap<ClientId, ClientRouting>,
) -> UserRouting {
    let document = &settings.document;
    UserRouting {
        id: user.id.inward(user.org),
        name: user.name(),
        numbers: user.extension.into_iter().collect(),
        disabled: user.disabled.then(|| Stamp::initial(user.created)),
        incoming: document.incoming.clone(),
        outgoing: document.outgoing.clone(),
        permissions: document.permissions.clone(),
        clients,
        dnd: ids::dnd(dnd, user.org),
        telephony: ids::telephony(user.profile.telephony, user.org),
        availability: ids::availability(user.profile.availability.availability, user.org),
        location: user.profile.country.map(|country| location(&country, None)),
    }
}

fn account_routing(account: StoredAccount, org: OrgId) -> AccountRouting {
    let own = account.credentials.iter().find(|known| known.client.is_none());
    let login = own.map_or_else(|| format!("account{}", account.id), |known| known.auth_name.clone());
    AccountRouting {
        id: account.id.inward(org),
        login,
        number: Some(account.number),
        name: account.document.name,
        owners: account.owners.iter().map(|owner| owner.id.inward(org)).collect(),
        secret: secret(&account.document.kind, own, &account.credentials),
        kind: account.document.kind,
        media: account.document.media,
        call_limit: None,
    }
}

/// Apps have a secret each; a desk phone has one, and none where it was never given out.
fn secret(kind: &AccountKind, own: Option<&AccountCredentials>, all: &[AccountCredentials]) -> AccountSecret {
    match (kind, own) {
        (AccountKind::DeskPhone { .. } | AccountKind::Unknown, Some(own)) => AccountSecret::Shared(ha1(own)),
        (
            AccountKind::App
            | AccountKind::Web
            | AccountKind::Forward { .. }
            | AccountKind::DeskPhone { .. }
            | AccountKind::Unknown,
            _,
        ) => {
            let login = |known: &AccountCredentials| {
                let client = known.client.clone()?;
                Some((client, ClientLogin { login: known.auth_name.clone(), ha1: ha1(known) }))
            };
            AccountSecret::PerClient(all.iter().filter_map(login).collect())
        }
    }
}

fn ha1(credentials: &AccountCredentials) -> Ha1 {
    let hash = match credentials.algorithm {
        DigestAlgorithm::Md5 | DigestAlgorithm::Unknown => Hash::Md5,
        DigestAlgorithm::Sha256 => Hash::Sha256,
    };
    Ha1::stored(hash, credentials.ha1.as_str())
}

fn trunk_routing(trunk: StoredTrunk, org: OrgId) -> TrunkRouting {
    TrunkRouting {
        id: trunk.id.inward(org),
        location: location(&trunk.settings.country, None),
        settings: trunk.settings,
        secret: trunk.secret.map(Secret::new),
        media: MediaProfile::Plain,
    }
}
