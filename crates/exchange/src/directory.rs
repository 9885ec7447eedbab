//! Who there is: a snapshot of one organisation, plain data, built by the server on each change.
//!
//! [`Directory::new`] takes the parts and makes the indexes that routing asks: who has this number, which account bears
//! this login, whose is this external number. The exchange asks nothing back.

use std::collections::{BTreeMap, BTreeSet};

use bellbird_sip::digest::{Ha1, Secret};

use crate::country::Location;
use crate::words::{
    AccountKind, Availability, CallerId, ClientId, ClientValues, Destination, DndState, IncomingDocument, MediaProfile,
    NumberId, OrgId, OutgoingDocument, Permissions, ReachedAt, Revision, SettingsDocument, Stamp, Telephony, Timestamp,
    TrunkId, TrunkSettings, UserId, VoipAccountId,
};

/// One organisation as routing sees it. Cheap to share in an `Arc`.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Counts the snapshots of this organisation.
    pub revision: Revision,
    /// The organisation itself.
    pub organisation: Organisation,
    /// Its people.
    pub users: BTreeMap<UserId, UserRouting>,
    /// Credentials for devices.
    pub accounts: BTreeMap<VoipAccountId, AccountRouting>,
    /// Numbers that can be reached from outside.
    pub numbers: BTreeMap<NumberId, NumberRouting>,
    /// Ways to the outside.
    pub trunks: BTreeMap<TrunkId, TrunkRouting>,
    index: Index,
}

#[derive(Clone, Debug, Default)]
struct Index {
    logins: BTreeMap<String, VoipAccountId>,
    addresses: BTreeMap<String, VoipAccountId>,
    internal: BTreeMap<String, Internal>,
    outside: BTreeMap<String, NumberId>,
    user_accounts: BTreeMap<UserId, BTreeSet<VoipAccountId>>,
    external_owners: BTreeMap<String, BTreeSet<UserId>>,
}

/// Whom an internal number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internal {
    /// A person.
    User(UserId),
    /// One account's devices.
    Account(VoipAccountId),
}

/// What holds for the whole organisation.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Its SIP domain.
    pub domain: String,
    /// The realm of its digests, fixed at installation.
    pub realm: String,
    /// Where it is, unless a user is elsewhere.
    pub location: Location,
    /// Shown outward where a user has no number of his own.
    pub caller_id: CallerId,
    /// Where calls to an unassigned number go.
    pub unassigned: Destination,
    /// Calls of one account at once.
    pub calls_per_account: u32,
}

/// One person.
#[derive(Clone, Debug)]
pub struct UserRouting {
    /// The id.
    pub id: UserId,
    /// First and last name.
    pub name: String,
    /// Personal internal numbers, the first one is shown.
    pub numbers: Vec<String>,
    /// Since when, and by whom, the user is switched off.
    pub disabled: Option<Stamp>,
    /// Settings of incoming calls.
    pub incoming: IncomingDocument,
    /// Settings of outgoing calls.
    pub outgoing: OutgoingDocument,
    /// What the user may change.
    pub permissions: Permissions,
    /// Apps and browsers: what they are called and chose for themselves.
    pub clients: BTreeMap<ClientId, ClientRouting>,
    /// Do Not Disturb.
    pub dnd: DndState,
    /// Ring time, forwarding, caller ID and the like.
    pub telephony: Telephony,
    /// Where, and whether, the user is available.
    pub availability: Availability,
    /// Where the user is, if not where the organisation is.
    pub location: Option<Location>,
}

/// An app or a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientRouting {
    /// What it calls itself: `Firefox on Windows`.
    pub name: String,
    /// What it chose for itself.
    pub values: ClientValues,
}

impl UserRouting {
    /// A person with all at its default.
    pub fn new(id: UserId, name: &str, number: &str) -> Self {
        let settings = SettingsDocument::initial(Timestamp::default());
        Self {
            id,
            name: name.to_owned(),
            numbers: vec![number.to_owned()],
            disabled: None,
            incoming: settings.incoming,
            outgoing: settings.outgoing,
            permissions: settings.permissions,
            clients: BTreeMap::new(),
            dnd: DndState::default(),
            telephony: Telephony::default(),
            availability: Availability::Available { at: ReachedAt::AllDevices },
            location: None,
        }
    }

    /// The number that others see.
    pub fn number(&self) -> Option<&str> {
        self.numbers.first().map(String::as_str)
    }

    /// What the one rule of the settings is asked for one client.
    pub fn settings(&self, client: Option<&ClientId>) -> SettingsDocument {
        SettingsDocument {
            incoming: self.incoming.clone(),
            outgoing: self.outgoing.clone(),
            permissions: self.permissions.clone(),
            client: client.and_then(|client| self.clients.get(client)).map_or_else(ClientValues::default, |c| c.values),
        }
    }

    /// Whether Do Not Disturb is on.
    pub fn is_on_dnd(&self, now: Timestamp) -> bool {
        self.dnd.is_on(now)
    }

    /// All numbers outside that belong to this user: linked ones and targets of active forwarding, as typed.
    fn external_numbers(&self) -> impl Iterator<Item = &str> {
        let forwarding = &self.telephony.forwarding;
        let forwardings = [&forwarding.always, &forwarding.busy, &forwarding.no_answer, &forwarding.unreachable];
        let active = forwardings.into_iter().flatten().filter(|forwarding| forwarding.active);
        let targets = active.filter_map(|forwarding| match &forwarding.to {
            Destination::External { number } => Some(number.as_str()),
            Destination::HangUp | Destination::User { .. } | Destination::Account { .. } | Destination::Unknown => None,
        });
        let linked = self.telephony.linked_number.iter().filter(|linked| linked.active);
        targets.chain(linked.map(|linked| linked.number.as_str()))
    }
}

/// Credentials of one or more devices.
#[derive(Clone, Debug)]
pub struct AccountRouting {
    /// The id.
    pub id: VoipAccountId,
    /// The user part of its address of record, and the user name in its digests unless each client has its own.
    pub login: String,
    /// The account's own internal number: `202`.
    pub number: Option<String>,
    /// What it is called.
    pub name: String,
    /// For what.
    pub kind: AccountKind,
    /// Whose: nobody's, one user's, or several who share it.
    pub owners: BTreeSet<UserId>,
    /// What its digests are checked against.
    pub secret: AccountSecret,
    /// How its devices take media.
    pub media: MediaProfile,
    /// Calls at once, if other than the organisation's.
    pub call_limit: Option<u32>,
}

impl AccountRouting {
    /// Whether *Receive incoming calls* and *Make calls* bind it (DESIGN §6).
    pub fn is_client(&self) -> bool {
        matches!(self.kind, AccountKind::App | AccountKind::Web)
    }

    /// The number outside that this stands for, if it is no device.
    pub fn forwards_to(&self) -> Option<&str> {
        match &self.kind {
            AccountKind::Forward { number } => Some(number),
            AccountKind::App | AccountKind::Web | AccountKind::DeskPhone { .. } | AccountKind::Unknown => None,
        }
    }

    /// The one user that this belongs to; none where it is shared or nobody's.
    pub fn user(&self) -> Option<UserId> {
        self.owners.first().copied().filter(|_| self.owners.len() == 1)
    }
}

/// What an account's digests are checked against. The hash of the HA1 is the account's one algorithm.
#[derive(Clone, Debug)]
pub enum AccountSecret {
    /// One secret for all its devices.
    Shared(Ha1),
    /// A user name and a secret for each client, revocable alone.
    PerClient(BTreeMap<ClientId, ClientLogin>),
}

/// The digest login of one client.
#[derive(Clone, Debug)]
pub struct ClientLogin {
    /// The user name in its digests.
    pub login: String,
    /// HA1 of that.
    pub ha1: Ha1,
}

/// A number that can be reached from outside.
#[derive(Clone, Debug)]
pub struct NumberRouting {
    /// The id.
    pub id: NumberId,
    /// E.164.
    pub number: String,
    /// Where calls to it go; `None` is unassigned.
    pub to: Option<Destination>,
}

/// A way to the outside.
#[derive(Clone, Debug)]
pub struct TrunkRouting {
    /// The id.
    pub id: TrunkId,
    /// All but its secret.
    pub settings: TrunkSettings,
    /// The secret of one that registers; debug output hides it.
    pub secret: Option<Secret>,
    /// How its numbers are written.
    pub location: Location,
    /// How media goes there.
    pub media: MediaProfile,
}

/// The parts of a [`Directory`].
#[derive(Clone, Debug)]
pub struct DirectoryParts {
    /// Counts the snapshots.
    pub revision: Revision,
    /// The organisation itself.
    pub organisation: Organisation,
    /// Its people.
    pub users: Vec<UserRouting>,
    /// Credentials for devices.
    pub accounts: Vec<AccountRouting>,
    /// Numbers that can be reached from outside.
    pub numbers: Vec<NumberRouting>,
    /// Ways to the outside.
    pub trunks: Vec<TrunkRouting>,
}

impl Directory {
    /// Sorts the parts and makes the indexes. Of two that claim the same number the lower id has it, persons first.
    pub fn new(parts: DirectoryParts) -> Self {
        let mut directory = Self {
            revision: parts.revision,
            organisation: parts.organisation,
            users: parts.users.into_iter().map(|user| (user.id, user)).collect(),
            accounts: parts.accounts.into_iter().map(|account| (account.id, account)).collect(),
            numbers: parts.numbers.into_iter().map(|number| (number.id, number)).collect(),
            trunks: parts.trunks.into_iter().map(|trunk| (trunk.id, trunk)).collect(),
            index: Index::default(),
        };
        directory.index = Index::of(&directory);
        directory
    }

    /// The account that digests of this user name are for.
    pub fn account_by_login(&self, login: &str) -> Option<&AccountRouting> {
        self.accounts.get(self.index.logins.get(login)?)
    }

    /// The account whose address of record has this user part.
    pub fn account_by_address(&self, user: &str) -> Option<&AccountRouting> {
        self.accounts.get(self.index.addresses.get(user)?)
    }

    /// Whom an internal number means.
    pub fn internal(&self, number: &str) -> Option<Internal> {
        self.index.internal.get(number).copied()
    }

    /// The number of the inventory; E.164.
    pub fn outside_number(&self, e164: &str) -> Option<&NumberRouting> {
        self.numbers.get(self.index.outside.get(e164)?)
    }

    /// A user's accounts, in the order of their ids.
    pub fn accounts_of(&self, user: UserId) -> impl Iterator<Item = &AccountRouting> {
        let ids = self.index.user_accounts.get(&user).into_iter().flatten();
        ids.filter_map(|id| self.accounts.get(id))
    }

    /// The users who linked, or forward to, an external number (E.164).
    pub fn owners_of(&self, e164: &str) -> impl Iterator<Item = &UserRouting> {
        let ids = self.index.external_owners.get(e164).into_iter().flatten();
        ids.filter_map(|id| self.users.get(id))
    }

    /// Where an account's one user, or the organisation, is.
    pub fn location_of(&self, account: &AccountRouting) -> &Location {
        account.user().map_or(&self.organisation.location, |user| self.location_of_user(user))
    }

    /// Where a user is.
    pub fn location_of_user(&self, user: UserId) -> &Location {
        self.users.get(&user).and_then(|user| user.location.as_ref()).unwrap_or(&self.organisation.location)
    }

    /// The client whose secret a digest with this user name is made of.
    pub fn client_by_login(&self, account: &AccountRouting, login: &str) -> Option<ClientId> {
        match &account.secret {
            AccountSecret::Shared(_) => None,
            AccountSecret::PerClient(clients) => {
                clients.iter().find(|(_, known)| known.login == login).map(|(client, _)| client.clone())
            }
        }
    }

    /// HA1 for a digest with this user name.
    pub fn ha1(&self, login: &str) -> Option<Ha1> {
        match &self.account_by_login(login)?.secret {
            AccountSecret::Shared(ha1) => Some(ha1.clone()),
            AccountSecret::PerClient(clients) => {
                clients.values().find(|known| known.login == login).map(|known| known.ha1.clone())
            }
        }
    }
}

impl Index {
    fn of(directory: &Directory) -> Self {
        let mut index = Self::default();
        for user in directory.users.values() {
            index.add_user(user, directory.location_of_user(user.id));
        }
        for account in directory.accounts.values() {
            index.add_account(account, directory.location_of(account));
        }
        for number in directory.numbers.values() {
            index.outside.entry(number.number.clone()).or_insert(number.id);
        }
        index
    }

    fn add_user(&mut self, user: &UserRouting, location: &Location) {
        for number in &user.numbers {
            self.internal.entry(number.clone()).or_insert(Internal::User(user.id));
        }
        for number in user.external_numbers().filter_map(|number| location.to_e164(number)) {
            self.external_owners.entry(number).or_default().insert(user.id);
        }
    }

    fn add_account(&mut self, account: &AccountRouting, location: &Location) {
        match &account.secret {
            AccountSecret::Shared(_) => {
                self.logins.entry(account.login.clone()).or_insert(account.id);
            }
            AccountSecret::PerClient(clients) => {
                for client in clients.values() {
                    self.logins.entry(client.login.clone()).or_insert(account.id);
                }
            }
        }
        self.addresses.entry(account.login.clone()).or_insert(account.id);
        if let Some(number) = &account.number {
            self.internal.entry(number.clone()).or_insert(Internal::Account(account.id));
        }
        let outside = account.forwards_to().and_then(|number| location.to_e164(number));
        for user in &account.owners {
            self.user_accounts.entry(*user).or_default().insert(account.id);
            if let Some(number) = &outside {
                self.external_owners.entry(number.clone()).or_default().insert(*user);
            }
        }
    }
}
