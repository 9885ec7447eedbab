//! Who there is: a snapshot of one organisation, plain data, built by the server on each change.
//!
//! [`Directory::new`] takes the parts and makes the indexes that routing asks: who has this number, which account bears
//! this login, whose is this external number. The exchange asks nothing back.

use std::collections::{BTreeMap, BTreeSet};

use bellbird_base::Duration;
use bellbird_sip::digest::Ha1;

use crate::words::{
    ClientId, ClientValues, DndState, IncomingDocument, NumberId, OrgId, OutgoingDocument, Permissions, Revision,
    SettingsDocument, Timestamp, TrunkId, UserId, VoipAccountId,
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
    /// Shown outward where a user has no number of his own; E.164.
    pub default_caller_id: Option<String>,
    /// Whether calls bear the personal number (N3) where a user did not decide.
    pub call_as_user: bool,
    /// Where calls to an unassigned number go.
    pub unassigned: Destination,
    /// Calls of one account at once.
    pub calls_per_account: u32,
}

/// A country's way to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// ISO 3166: `NL`.
    pub country: String,
    /// `31`
    pub calling_code: String,
    /// What stands before a number of the same country: `0`, or nothing.
    pub national_prefix: String,
    /// What stands before a calling code: `00`.
    pub international_prefix: String,
    /// Always dialled: `112`.
    pub emergency: BTreeSet<String>,
}

impl Location {
    /// The Netherlands.
    pub fn netherlands() -> Self {
        Self {
            country: "NL".into(),
            calling_code: "31".into(),
            national_prefix: "0".into(),
            international_prefix: "00".into(),
            emergency: ["112".to_owned()].into(),
        }
    }

    /// A dialled number in E.164 with `+`; none where it is no external number as this country writes them.
    pub fn to_e164(&self, dialled: &str) -> Option<String> {
        let number: String = dialled.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
        let e164 = if let Some(rest) = number.strip_prefix('+') {
            rest.to_owned()
        } else if let Some(rest) = strip(&number, &self.international_prefix) {
            rest.to_owned()
        } else {
            format!("{}{}", self.calling_code, strip(&number, &self.national_prefix)?)
        };
        let plausible = (7..=15).contains(&e164.len()) && e164.bytes().all(|byte| byte.is_ascii_digit());
        plausible.then(|| format!("+{e164}"))
    }

    /// An E.164 number as a subscriber of this country dials it.
    pub fn to_national(&self, e164: &str) -> String {
        let digits = e164.trim_start_matches('+');
        match digits.strip_prefix(self.calling_code.as_str()) {
            Some(rest) => format!("{}{rest}", self.national_prefix),
            None => format!("{}{digits}", self.international_prefix),
        }
    }
}

fn strip<'a>(number: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() { None } else { number.strip_prefix(prefix) }
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
    /// Whether the user may use anything at all.
    pub enabled: bool,
    /// Settings of incoming calls.
    pub incoming: IncomingDocument,
    /// Settings of outgoing calls.
    pub outgoing: OutgoingDocument,
    /// What the user may change.
    pub permissions: Permissions,
    /// What each client chose for itself.
    pub clients: BTreeMap<ClientId, ClientValues>,
    /// Do Not Disturb.
    pub dnd: DndState,
    /// Where calls are sent on.
    pub forwarding: Forwarding,
    /// External numbers that ring beside the devices; several users may share one. E.164.
    pub linked_numbers: BTreeSet<String>,
    /// Where, and whether, the user is available.
    pub availability: Availability,
    /// Whether a second call rings.
    pub call_waiting: bool,
    /// How long the devices ring.
    pub ring_time: Duration,
    /// Where an unanswered call goes.
    pub if_no_answer: Destination,
    /// Dialled while no device is registered.
    pub unavailability: Option<UnavailabilityNumber>,
    /// What is shown outward.
    pub caller_id: CallerId,
    /// Whether calls bear the personal number (N3); `None` leaves it to the organisation.
    pub call_as_user: Option<bool>,
    /// Where colleagues reach the user (N4), if not everywhere.
    pub for_colleagues: Option<Destination>,
    /// Whether devices are asked to answer by themselves.
    pub auto_answer: bool,
    /// Where the user is, if not where the organisation is.
    pub location: Option<Location>,
}

impl UserRouting {
    /// A person with all at its default.
    pub fn new(id: UserId, name: &str, number: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            numbers: vec![number.to_owned()],
            enabled: true,
            incoming: IncomingDocument::default(),
            outgoing: OutgoingDocument::default(),
            permissions: Permissions::default(),
            clients: BTreeMap::new(),
            dnd: DndState::default(),
            forwarding: Forwarding::default(),
            linked_numbers: BTreeSet::new(),
            availability: Availability::At(Destination::AllDevices),
            call_waiting: true,
            ring_time: Duration::from_secs(25),
            if_no_answer: Destination::HangUp,
            unavailability: None,
            caller_id: CallerId::default(),
            call_as_user: None,
            for_colleagues: None,
            auto_answer: false,
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
            permissions: self.permissions,
            client: client.and_then(|client| self.clients.get(client)).copied().unwrap_or_default(),
        }
    }

    /// Whether Do Not Disturb is on.
    pub fn is_on_dnd(&self, now: Timestamp) -> bool {
        self.dnd.is_on(now)
    }
}

/// Where calls of a user are sent on (N9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarding {
    /// Whatever happens.
    pub always: Option<String>,
    /// While the user is busy.
    pub busy: Option<String>,
    /// When nobody answers.
    pub no_answer: Option<String>,
    /// When no device is registered.
    pub unreachable: Option<String>,
}

impl Forwarding {
    /// All targets that are set, as dialled.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        [&self.always, &self.busy, &self.no_answer, &self.unreachable].into_iter().filter_map(Option::as_deref)
    }
}

/// Whether the call plan reaches a user, and where (N5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Available there.
    At(Destination),
    /// Left out.
    NotAvailable,
}

/// Where a call can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// All devices of the user that this is about.
    AllDevices,
    /// The apps and webphones of the user that this is about.
    Apps,
    /// The devices of one account.
    Account(VoipAccountId),
    /// Another user.
    User(UserId),
    /// A number outside, as dialled.
    External(String),
    /// Nowhere.
    HangUp,
}

/// Dialled while no device is registered (U8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnavailabilityNumber {
    /// The number, as dialled.
    pub number: String,
    /// How long it rings.
    pub ring_time: Duration,
}

/// What is shown outward (N6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallerId {
    /// What the account shows: its trunk's or organisation's number.
    #[default]
    AccountDefault,
    /// The user's own number; E.164.
    Own(String),
    /// One number for each country, by calling code; the default elsewhere.
    PerCountry(BTreeMap<String, String>),
    /// Nothing.
    Withheld,
}

/// What an account is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// An app: settings bind it.
    App,
    /// A webphone: settings bind it.
    Web,
    /// A desk phone.
    DeskPhone,
    /// No device at all: an external number that rings along; E.164.
    Forward(String),
}

impl AccountKind {
    /// Whether *Receive incoming calls* and *Make calls* bind it (DESIGN §6).
    pub fn is_client(&self) -> bool {
        matches!(self, Self::App | Self::Web)
    }
}

/// How an account's devices take media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaProfile {
    /// ICE and DTLS-SRTP.
    WebRtc,
    /// SDES-SRTP.
    Sdes,
    /// RTP.
    Plain,
    /// Whatever the device offers.
    Best,
}

/// Credentials of one or more devices.
#[derive(Clone, Debug)]
pub struct AccountRouting {
    /// The id.
    pub id: VoipAccountId,
    /// The user name in the digest and in the address of record.
    pub login: String,
    /// The account's own internal number: `202`.
    pub number: Option<String>,
    /// What it is called.
    pub name: String,
    /// For what.
    pub kind: AccountKind,
    /// Whose, if anybody's.
    pub user: Option<UserId>,
    /// Whether it may be used.
    pub enabled: bool,
    /// The digest's HA1: its hash is the one algorithm of this account.
    pub secret: AccountSecret,
    /// How its devices take media.
    pub media: MediaProfile,
    /// Calls at once, if other than the organisation's.
    pub call_limit: Option<u32>,
    /// Where emergency calls of this device come from, if not where its user is.
    pub location: Option<Location>,
}

/// What an account's digests are checked against.
#[derive(Clone, Debug)]
pub enum AccountSecret {
    /// One secret for all its devices.
    Shared(Ha1),
    /// A login `login-client` with a secret for each client, revocable alone; the hash of all of them is the same.
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
    /// Whose; `None` is unassigned.
    pub assigned: Option<Destination>,
}

/// A way to the outside.
#[derive(Clone, Debug)]
pub struct TrunkRouting {
    /// The id.
    pub id: TrunkId,
    /// What it is called.
    pub name: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// How it is reached.
    pub connection: TrunkConnection,
    /// Lower comes first.
    pub order: u32,
    /// Where its numbers are written as they come: E.164 in and out by location.
    pub location: Location,
    /// How numbers are written towards it.
    pub format: NumberFormat,
    /// Where the called number of its calls stands.
    pub called_number: CalledNumber,
    /// Shown where nothing else is; E.164.
    pub default_caller_id: Option<String>,
    /// Calls at once; `None` is unbounded.
    pub channels: Option<u32>,
    /// Whether emergency calls may leave here.
    pub emergency: bool,
    /// How media goes there.
    pub media: MediaProfile,
}

/// How a trunk is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrunkConnection {
    /// We register there.
    Registering {
        /// `sip:provider.example`
        registrar: String,
        /// The user name.
        username: String,
        /// The password; debug output hides it.
        secret: bellbird_sip::digest::Secret,
        /// Where requests go, if not to the registrar.
        proxy: Option<String>,
    },
    /// Known by its address.
    Peer {
        /// `sip:10.0.0.1:5060;transport=tcp`
        address: String,
        /// Whose requests are the trunk's: addresses.
        sources: BTreeSet<std::net::IpAddr>,
    },
}

/// How numbers are written towards a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// `+31201234567`
    E164,
    /// `31201234567`
    E164WithoutPlus,
    /// `0201234567`, `004930…`
    National,
}

/// Where the called number of a trunk's calls stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledNumber {
    /// Request-URI
    RequestUri,
    /// To
    To,
    /// P-Called-Party-ID (RFC 7315)
    PCalledPartyId,
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

    /// The account with this digest user name or address of record.
    pub fn account_by_login(&self, login: &str) -> Option<&AccountRouting> {
        self.accounts.get(self.index.logins.get(login)?)
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

    /// Where an account's user, or the organisation, is.
    pub fn location_of<'a>(&'a self, account: &'a AccountRouting) -> &'a Location {
        let user = account.user.and_then(|user| self.users.get(&user));
        account.location.as_ref().or_else(|| user?.location.as_ref()).unwrap_or(&self.organisation.location)
    }

    /// Where a user is.
    pub fn location_of_user(&self, user: UserId) -> &Location {
        self.users.get(&user).and_then(|user| user.location.as_ref()).unwrap_or(&self.organisation.location)
    }
}

impl Index {
    fn of(directory: &Directory) -> Self {
        let mut index = Self::default();
        for user in directory.users.values() {
            for number in &user.numbers {
                index.internal.entry(number.clone()).or_insert(Internal::User(user.id));
            }
            let location = directory.location_of_user(user.id);
            let forwards = user.forwarding.targets().filter_map(|target| location.to_e164(target));
            for number in user.linked_numbers.iter().cloned().chain(forwards) {
                index.external_owners.entry(number).or_default().insert(user.id);
            }
        }
        for account in directory.accounts.values() {
            index.add_account(account);
        }
        for number in directory.numbers.values() {
            index.outside.entry(number.number.clone()).or_insert(number.id);
        }
        index
    }

    fn add_account(&mut self, account: &AccountRouting) {
        self.logins.entry(account.login.clone()).or_insert(account.id);
        if let AccountSecret::PerClient(clients) = &account.secret {
            for client in clients.values() {
                self.logins.entry(client.login.clone()).or_insert(account.id);
            }
        }
        if let Some(number) = &account.number {
            self.internal.entry(number.clone()).or_insert(Internal::Account(account.id));
        }
        let Some(user) = account.user else { return };
        self.user_accounts.entry(user).or_default().insert(account.id);
        if let AccountKind::Forward(number) = &account.kind {
            self.external_owners.entry(number.clone()).or_default().insert(user);
        }
    }
}
