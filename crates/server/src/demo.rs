//! A small shop with people, phones, numbers and locks, to look at and to test with. On loopback only.

use bellbird_contract::Language;
use bellbird_contract::server::{
    AccountEdit, AccountKind, AdminChange, Author, BulkEdit, BulkUser, CallMethod, CalledNumberFrom, CountryCode,
    Destination, MediaProfile, Mode, NumberEdit, NumberFormat, OrgId, Permission, Personal, ReachableNumber, Role,
    TrunkEdit, TrunkLink, TrunkSettings, UserDraft, UserId,
};

use crate::auth::{TokenHash, new_token, sip_digests};
use crate::domain::{Actor, now};
use crate::store::{NewAccount, Store};

/// The demo's SIP domain.
pub const DOMAIN: &str = "demo.localhost";
/// Everybody's password.
pub const PASSWORD: &str = "bellbird-demo";
/// Every desk phone's SIP secret.
pub const SIP_SECRET: &str = "demo-only-9f4c-7k2m-x3vq-8rht";

/// First name, last name, e-mail, extension, role.
const PEOPLE: &[(&str, &str, &str, &str, Role)] = &[
    ("Linda", "de Vries", "linda", "601", Role::Member),
    ("Anna", "Bakker", "anna", "602", Role::Member),
    ("Tom", "Hughes", "tom", "603", Role::Member),
    ("Marieke", "Smit", "marieke", "604", Role::Admin),
    ("Joost", "van den Berg", "joost", "605", Role::Member),
    ("Priya", "Nair", "priya", "606", Role::CallDetails),
    ("Daan", "Visser", "daan", "607", Role::Member),
    ("Els", "Hoekstra", "els", "610", Role::AccountManagement),
    ("Femke", "Jansen", "femke", "612", Role::Receptionist),
];

/// Number of the desk phone, name, extensions of its owners.
const DESK_PHONES: &[(&str, &str, &[&str])] = &[
    ("203", "Desk phone", &["601"]),
    ("206", "Desk phone", &["606"]),
    ("210", "Counter", &["602", "603"]),
    ("240", "Desk phone", &["607"]),
    ("231", "Spare phone", &[]),
];

/// One way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The name.
    pub name: String,
    /// What is typed.
    pub login: String,
    /// The role, or what the phone is.
    pub what: String,
    /// The password or secret.
    pub secret: &'static str,
}

/// Fills an empty storage; says how to log in, also when it was filled before.
///
/// # Errors
/// Where the storage fails.
pub async fn seed(store: &Store) -> anyhow::Result<Vec<Known>> {
    let organisations = store.organisations().await?;
    match organisations.iter().find(|known| known.domain == DOMAIN) {
        Some(known) => Ok(known_log_ins(known.id, store).await?),
        None => fill(store).await,
    }
}

async fn fill(store: &Store) -> anyhow::Result<Vec<Known>> {
    let new = crate::admin::organisation("Voorbeeld Bikes", DOMAIN, &CountryCode("NL".into()), "Europe/Amsterdam");
    let org = store.create_organisation(new, now()).await?;
    let server = Actor::server(org, now());
    // One hash for all: they have one password, and a start should not take seconds.
    let hash = crate::auth::hash_password(PASSWORD)?;
    let mut users = Vec::new();
    for person in PEOPLE {
        users.push((person.3, store.create_user(&server, draft(person), Some(hash.clone())).await?.id));
    }
    desk_phones(store, &server, &users).await?;
    numbers(store, &server, &users).await?;
    locks(store, org, &users).await?;
    known_log_ins(org, store).await
}

fn draft(&(first, last, login, extension, role): &(&str, &str, &str, &str, Role)) -> UserDraft {
    let mobile = ReachableNumber { label: "Mobile".into(), number: "06 0012 5530".into() };
    let numbers = if login == "linda" { vec![mobile] } else { Vec::new() };
    UserDraft {
        first_name: first.into(),
        last_name: last.into(),
        email: format!("{login}@fiets.example"),
        extension: extension.into(),
        login: Some(login.into()),
        role,
        password: None,
        language: Language::System,
        personal: Personal { employer: "Voorbeeld Bikes".into(), numbers, ..Personal::default() },
        contact: None,
        reuse_extension: false,
    }
}

fn by_extension(users: &[(&str, UserId)], extension: &str) -> Option<UserId> {
    users.iter().find(|(known, _)| *known == extension).map(|(_, user)| *user)
}

async fn desk_phones(store: &Store, server: &Actor, users: &[(&str, UserId)]) -> anyhow::Result<()> {
    for (number, name, owners) in DESK_PHONES {
        let owners: Vec<UserId> = owners.iter().filter_map(|extension| by_extension(users, extension)).collect();
        let edit = AccountEdit {
            base: None,
            number: Some((*number).into()),
            name: (*name).into(),
            kind: AccountKind::DeskPhone { mac: None },
            shared: owners.len() > 1,
            owners,
            media: MediaProfile::Best,
            algorithm: None,
        };
        let auth_name = format!("v{number}-demo");
        let digests = sip_digests(&auth_name, DOMAIN, SIP_SECRET);
        let action_secret = TokenHash::of(&new_token("bba")?).0;
        store.create_account(server, edit, NewAccount { auth_name, digests, action_secret }).await?;
    }
    Ok(())
}

async fn numbers(store: &Store, server: &Actor, users: &[(&str, UserId)]) -> anyhow::Result<()> {
    let settings = TrunkSettings {
        name: "Demo trunk".into(),
        servers: vec!["127.0.0.1:5090".into()],
        transport: bellbird_contract::Transport::Udp,
        link: TrunkLink::ByAddress { from: vec!["127.0.0.1".into()] },
        domain: None,
        called_number: CalledNumberFrom::RequestUri,
        outgoing_format: NumberFormat::E164,
        country: CountryCode("NL".into()),
        caller_id: None,
        most_calls: Some(4),
        active: true,
        order: 1,
    };
    let trunk = store.create_trunk(server, TrunkEdit { base: None, settings, secret: None }).await?.id;
    for (number, extension) in [("+31200121000", None), ("+31200121101", Some("601")), ("+31200121102", Some("602"))] {
        let user = extension.and_then(|extension| by_extension(users, extension));
        let to = user.map(|user| Destination::User { user });
        store.create_number(server, NumberEdit { base: None, number: number.into(), to, trunk: Some(trunk) }).await?;
    }
    Ok(())
}

/// Linda: locked as in the picture. Tom may not call. Joost is not rung.
async fn locks(store: &Store, org: OrgId, users: &[(&str, UserId)]) -> anyhow::Result<()> {
    let marieke = by_extension(users, "604");
    let author = Author { user: marieke, name: "Marieke Smit".into(), role: Role::Admin };
    let actor = Actor { author, ..Actor::server(org, now()) };
    let revoke = |permission| AdminChange::Permission { permission, granted: false };
    let off = |note: &str| AdminChange::Incoming { base: None, mode: Mode::Disabled, note: Some(note.into()) };
    let desk =
        AdminChange::Outgoing { base: None, mode: Mode::Enabled, call_method: Some(CallMethod::DeskPhone), note: None };
    let silent =
        AdminChange::Outgoing { base: None, mode: Mode::Disabled, call_method: None, note: Some("Mobile only".into()) };
    let both = [revoke(Permission::ConfigureIncoming), revoke(Permission::ConfigureOutgoing)];
    let linda = [vec![off("At the desk you answer on the desk phone."), desk], both.to_vec()].concat();
    let tom = vec![silent, revoke(Permission::ConfigureOutgoing)];
    let joost = vec![off("Mobile only"), revoke(Permission::ConfigureIncoming)];
    for (extension, changes) in [("601", linda), ("603", tom), ("605", joost)] {
        let Some(user) = by_extension(users, extension) else { continue };
        let edit = BulkEdit { users: vec![BulkUser { user, incoming: None, outgoing: None }], changes };
        store.administer_settings(&actor, edit, false).await?;
    }
    Ok(())
}

async fn known_log_ins(org: OrgId, store: &Store) -> anyhow::Result<Vec<Known>> {
    let people = store.users(org).await?.into_iter().map(|user| Known {
        name: format!("{} {}", user.extension.clone().unwrap_or_default(), user.name()),
        what: crate::store::word(&user.role),
        login: user.login,
        secret: PASSWORD,
    });
    let people: Vec<Known> = people.collect();
    let phones = store.accounts(org).await?.into_iter().flat_map(|account| {
        let name = format!("{} {}", account.number, account.document.name);
        let own = account.credentials.into_iter().filter(|known| known.client.is_none());
        own.map(move |known| Known {
            name: name.clone(),
            login: known.auth_name,
            what: "deskPhone".into(),
            secret: SIP_SECRET,
        })
    });
    Ok(people.into_iter().chain(phones).collect())
}
