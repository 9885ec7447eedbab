//! Who proved what, and bounds on those who try: digests, guessing, floods.
//!
//! ```text
//! request ─► credentials? ──no──► 401, the account's one algorithm; unknown users look like known ones
//!                │yes
//!                ├─ source or account under attack, and not a place the account is known at ─► 503, unchecked
//!                ├─ wrong ─► counted for source and account ─► 401
//!                ├─ nonce used or old ─► 401 stale
//!                └─ right ─► the account
//! ```
//!
//! Nobody is locked out by others: a phone that is registered from an address keeps working from there, whatever else
//! comes from that address or is tried with its account.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use bellbird_base::{Duration, Instant, Rng, Seed};
use bellbird_sip::agent::Reply;
use bellbird_sip::digest::{Algorithm, Challenger, Ha1, Hash, Secret, Subject, Verdict};
use bellbird_sip::message::{Fields, HeaderName, Request};
use bellbird_sip::status::StatusCode;

use crate::directory::{AccountRouting, AccountSecret, Directory, Internal};
use crate::words::{ClientId, OrgId, VoipAccountId};

mod pace;
#[cfg(test)]
mod tests;

pub(crate) use pace::Pace;
pub use pace::PaceConfig;

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// An address fails digest after digest.
    Guessing {
        /// From where; the network of an IPv6 host.
        source: IpAddr,
        /// How often within the window.
        failures: u32,
    },
    /// An account is tried with wrong secrets.
    AccountUnderAttack {
        /// Which.
        account: VoipAccountId,
        /// How often within the window.
        failures: u32,
    },
}

/// Bounds on failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateConfig {
    /// Failures of one address in a window, before it is no longer checked.
    pub failures_per_source: u32,
    /// Failures with one account in a window, before it is checked only where it is known.
    pub failures_per_account: u32,
    /// How long a window is.
    pub window: Duration,
    /// How long a nonce is good.
    pub nonce_lifetime: Duration,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            failures_per_source: 20,
            failures_per_account: 50,
            window: Duration::from_secs(600),
            nonce_lifetime: Duration::from_secs(300),
        }
    }
}

/// What comes of a request at the gate.
#[derive(Clone, Debug)]
pub enum Access {
    /// Proved.
    Granted(Proved),
    /// Answer this; the request goes no further.
    Denied(Reply),
}

/// Who proved to know a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Which account.
    pub account: VoipAccountId,
    /// The client whose secret it was.
    pub client: Option<ClientId>,
}

/// Checks digests and counts who fails.
#[derive(Debug)]
pub struct Gate {
    config: GateConfig,
    rng: Rng,
    /// Chooses the algorithm that unknown users are challenged with.
    key: String,
    challengers: BTreeMap<OrgId, Challenger>,
    sources: BTreeMap<IpAddr, Failures>,
    accounts: BTreeMap<VoipAccountId, Failures>,
    alarms: Vec<Alarm>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    since: Instant,
    count: u32,
}

/// Sources and accounts that are counted at once; the oldest window makes room.
const MAX_COUNTED: usize = 20_000;

impl Gate {
    /// A gate that saw nothing yet. The seed gives nonces; another one makes older nonces stale.
    pub fn new(config: GateConfig, seed: &Seed) -> Self {
        let mut rng = Rng::new(seed);
        let key = rng.token(32);
        let (challengers, sources, accounts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { config, rng, key, challengers, sources, accounts, alarms: Vec::new() }
    }

    /// Checks a request. `known` says whether an account is registered from where it comes.
    pub fn check(
        &mut self,
        now: Instant,
        directory: &Directory,
        request: &Request,
        source: IpAddr,
        known: impl Fn(VoipAccountId) -> bool,
    ) -> Access {
        let realm = directory.organisation.realm.as_str();
        let credentials = (&request.headers).credentials(HeaderName::Authorization).flatten();
        let Some(credentials) = credentials.into_iter().find(|found| found.is_digest() && found.realm() == realm)
        else {
            return self.challenge(now, directory, &claimed_user(request), false);
        };
        let login = credentials.username().into_owned();
        let account = directory.account_by_login(&login);
        let at_home = account.is_some_and(|account| known(account.id));
        if !at_home && self.is_under_attack(now, source, account) {
            let wait = Reply::new(StatusCode::SERVICE_UNAVAILABLE).saying("Too many wrong passwords");
            return Access::Denied(wait.after(self.config.window));
        }
        let uri = request.uri.without_headers();
        let subject = Subject { method: request.method.as_str(), uri: uri.as_str(), body: &request.body };
        let challenger = self.challenger(directory);
        match challenger.verify(now, &credentials, &subject, |login| directory.ha1(login)) {
            Verdict::Accepted { .. } => match account {
                Some(account) => {
                    let client = directory.client_by_login(account, &login);
                    Access::Granted(Proved { account: account.id, client })
                }
                None => self.challenge(now, directory, &login, false),
            },
            Verdict::Stale => self.challenge(now, directory, &login, true),
            Verdict::Rejected => {
                self.count(now, source, account.map(|account| account.id));
                self.challenge(now, directory, &login, false)
            }
        }
    }

    /// What people should look at, oldest first.
    pub fn take_alarms(&mut self) -> Vec<Alarm> {
        std::mem::take(&mut self.alarms)
    }

    fn challenge(&mut self, now: Instant, directory: &Directory, login: &str, stale: bool) -> Access {
        let algorithm = self.algorithm_for(directory, login);
        let challenge = self.challenger(directory).challenge(now, algorithm, stale);
        Access::Denied(Reply::new(StatusCode::UNAUTHORIZED).with(HeaderName::WwwAuthenticate, challenge))
    }

    /// One algorithm for each account. For a user that does not exist one is drawn, the same each time.
    fn algorithm_for(&self, directory: &Directory, login: &str) -> Algorithm {
        let account = directory.account_by_login(login).or_else(|| directory.account_by_address(login));
        let hash = account.and_then(hash_of).or_else(|| hash_by_number(directory, login)).unwrap_or_else(|| {
            let drawn = Ha1::new(Hash::Sha256, login, "algorithm", &Secret::new(self.key.as_str()));
            if drawn.hex().as_bytes().first().is_some_and(|digit| digit % 2 == 0) { Hash::Md5 } else { Hash::Sha256 }
        });
        match hash {
            Hash::Md5 => Algorithm::MD5,
            Hash::Sha256 => Algorithm::SHA_256,
            Hash::Sha512_256 => Algorithm::SHA_512_256,
        }
    }

    fn challenger(&mut self, directory: &Directory) -> &mut Challenger {
        let (rng, lifetime) = (&mut self.rng, self.config.nonce_lifetime);
        let realm = &directory.organisation.realm;
        let challenger = self.challengers.entry(directory.organisation.id);
        challenger.or_insert_with(|| Challenger::new(realm.clone(), &rng.fork(), lifetime))
    }

    fn is_under_attack(&self, now: Instant, source: IpAddr, account: Option<&AccountRouting>) -> bool {
        let over = |failures: Option<&Failures>, most: u32| {
            failures.is_some_and(|failures| now - failures.since < self.config.window && failures.count >= most)
        };
        over(self.sources.get(&network(source)), self.config.failures_per_source)
            || account.is_some_and(|account| over(self.accounts.get(&account.id), self.config.failures_per_account))
    }

    fn count(&mut self, now: Instant, source: IpAddr, account: Option<VoipAccountId>) {
        let source = network(source);
        let window = self.config.window;
        if let Some(failures) = one_more(&mut self.sources, source, now, window, self.config.failures_per_source) {
            self.alarms.push(Alarm::Guessing { source, failures });
        }
        let Some(account) = account else { return };
        if let Some(failures) = one_more(&mut self.accounts, account, now, window, self.config.failures_per_account) {
            self.alarms.push(Alarm::AccountUnderAttack { account, failures });
        }
    }
}

/// Counts a failure; gives the count where it is worth an alarm: at the limit, and each time that it doubled.
fn one_more<K: Ord + Copy>(
    counted: &mut BTreeMap<K, Failures>,
    key: K,
    now: Instant,
    window: Duration,
    limit: u32,
) -> Option<u32> {
    if counted.len() >= MAX_COUNTED && !counted.contains_key(&key) {
        counted.retain(|_, failures| now - failures.since < window);
        if counted.len() >= MAX_COUNTED {
            let oldest = counted.iter().min_by_key(|(_, failures)| failures.since).map(|(key, _)| *key);
            oldest.and_then(|key| counted.remove(&key));
        }
    }
    let failures = counted.entry(key).or_insert(Failures { since: now, count: 0 });
    if now - failures.since >= window {
        *failures = Failures { since: now, count: 0 };
    }
    failures.count += 1;
    let times = failures.count / limit.max(1);
    (failures.count.is_multiple_of(limit.max(1)) && times.is_power_of_two()).then_some(failures.count)
}

/// An IPv6 host has a whole network to come from.
fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        },
    }
}

/// Whom a request without credentials claims to be from.
fn claimed_user(request: &Request) -> String {
    let from = (&request.headers).address(HeaderName::From);
    from.and_then(|from| from.uri.user_text().map(std::borrow::Cow::into_owned)).unwrap_or_default()
}

/// Phones may name a number before they name their login: a person's is what apps register as, an account's is a desk
/// phone's.
fn hash_by_number(directory: &Directory, number: &str) -> Option<Hash> {
    match directory.internal(number)? {
        Internal::Account(account) => directory.accounts.get(&account).and_then(hash_of),
        Internal::User(user) => {
            let apps = directory.accounts_of(user).filter(|account| account.is_client());
            apps.chain(directory.accounts_of(user)).find_map(hash_of)
        }
    }
}

fn hash_of(account: &AccountRouting) -> Option<Hash> {
    match &account.secret {
        AccountSecret::Shared(ha1) => Some(ha1.hash()),
        AccountSecret::PerClient(clients) => clients.values().next().map(|client| client.ha1.hash()),
    }
}
