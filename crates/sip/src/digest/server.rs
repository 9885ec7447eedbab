use std::collections::BTreeMap;
use std::fmt;

use bellbird_base::{Duration, Instant, Rng, Seed};
use sha2::{Digest as _, Sha512_256};

use super::algorithm::hex;
use super::{Algorithm, Credentials, Ha1, Hash, Qop, Round, Secret, Subject, response};
use crate::message::quote;
use crate::uri::UriRef;

/// What a check of credentials gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This user sent it.
    Accepted {
        /// The user name.
        username: String,
    },
    /// The secret is right but the nonce is old or used up: challenge again with `stale`.
    Stale,
    /// Anything else. Unknown users and wrong secrets are not told apart (challenge again, or 403).
    Rejected,
}

/// Gives challenges out for one realm and checks the answers (RFC 7616 §3.3, §3.4).
///
/// A nonce holds the time, a number and a MAC over both, so that nothing is kept for a client that never answers. Only
/// nonces that were used rightly are remembered, with the counts that were seen, until they expire.
pub struct Challenger {
    realm: String,
    key: [u8; 32],
    rng: Rng,
    lifetime: Duration,
    used: BTreeMap<Nonce, Counts>,
}

/// How many used nonces are remembered at most; then the oldest ones become stale early.
const MAX_USED: usize = 100_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Nonce {
    /// In ms on the challenger's clock. First, so that the oldest nonces sort first.
    issued: u64,
    number: u64,
}

/// The counts seen with a nonce: requests in parallel may overtake one another by up to 64.
#[derive(Clone, Copy, Default)]
struct Counts {
    highest: u32,
    /// Bit n: `highest - n` was seen.
    seen: u64,
}

impl Counts {
    /// Whether this count is new.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let step = count - self.highest;
            self.seen = self.seen.checked_shl(step).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let bit = 1_u64.checked_shl(self.highest - count).unwrap_or(0);
        let new = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

impl Challenger {
    /// For a realm. The seed gives the key of the MAC and the numbers; another seed makes all older nonces stale.
    pub fn new(realm: impl Into<String>, seed: &Seed, lifetime: Duration) -> Self {
        let mut rng = Rng::new(seed);
        let mut key = [0; 32];
        rng.fill(&mut key);
        Self { realm: realm.into(), key, rng, lifetime, used: BTreeMap::new() }
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The value of WWW-Authenticate or Proxy-Authenticate.
    pub fn challenge(&mut self, now: Instant, algorithm: Algorithm, stale: bool) -> String {
        let nonce = Nonce { issued: now.as_millis(), number: self.rng.next_u64() };
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "Digest realm={}, nonce=\"{}\", algorithm={}, qop=\"auth\"{stale}",
            quote(&self.realm),
            self.write_nonce(nonce),
            algorithm.name()
        )
    }

    /// Checks credentials against the HA1 that `lookup` gives for the user name.
    ///
    /// `subject.uri` is the Request-URI. A nonce counts for each `nc` once; without `qop` it counts once.
    pub fn verify(
        &mut self,
        now: Instant,
        credentials: &Credentials<'_>,
        subject: &Subject<'_>,
        lookup: impl FnOnce(&str) -> Option<Ha1>,
    ) -> Verdict {
        let username = credentials.username();
        // For an unknown user the same work is done, so that the time taken tells nothing.
        let found = lookup(&username);
        let known = found.is_some();
        let hash = credentials.algorithm().map_or(Hash::Md5, |algorithm| algorithm.hash);
        let ha1 = found.unwrap_or_else(|| Ha1::new(hash, &username, &self.realm, &Secret::default()));
        let (Some(nonce), true) =
            (self.read_nonce(&credentials.nonce()), self.is_right(credentials, subject, &ha1) && known)
        else {
            return Verdict::Rejected;
        };
        if !self.take(now, nonce, credentials) {
            return Verdict::Stale;
        }
        Verdict::Accepted { username: username.into_owned() }
    }

    fn is_right(&self, credentials: &Credentials<'_>, subject: &Subject<'_>, ha1: &Ha1) -> bool {
        let (Some(algorithm), Some(qop)) = (credentials.algorithm(), credentials.qop()) else { return false };
        let uri = credentials.uri();
        let cnonce = credentials.cnonce();
        let protection =
            qop.map(|qop: Qop| (qop, cnonce.as_deref().unwrap_or_default(), credentials.nonce_count_text()));
        let nonce = credentials.nonce();
        let round = Round { nonce: &nonce, protection };
        let expected = response(algorithm, ha1, cnonce.as_deref(), &round, &Subject { uri: &uri, ..*subject });
        let counted = qop.is_none() || (cnonce.is_some() && credentials.nonce_count().is_some());
        credentials.is_digest()
            && counted
            && algorithm.hash == ha1.hash()
            && credentials.realm() == self.realm
            && same_uri(&uri, subject.uri)
            && same_in_constant_time(&expected, &credentials.response().to_ascii_lowercase())
    }

    /// Whether nonce and count are fresh; notes them as used.
    fn take(&mut self, now: Instant, nonce: Nonce, credentials: &Credentials<'_>) -> bool {
        let lifetime = u64::try_from(self.lifetime.as_millis()).unwrap_or(u64::MAX);
        let now = now.as_millis();
        let oldest = now.saturating_sub(lifetime);
        self.used = self.used.split_off(&Nonce { issued: oldest, number: 0 });
        if nonce.issued < oldest || nonce.issued > now {
            return false;
        }
        let full = self.used.len() >= MAX_USED && !self.used.contains_key(&nonce);
        // A nonce older than all that are remembered may have been one that was forgotten.
        if full && self.used.first_key_value().is_some_and(|(first, _)| nonce < *first) {
            return false;
        }
        if full {
            self.used.pop_first();
        }
        let counts = self.used.entry(nonce).or_default();
        match credentials.qop() {
            Some(Some(_)) => credentials.nonce_count().is_some_and(|count| counts.take(count)),
            _ => counts.take(u32::MAX),
        }
    }

    fn write_nonce(&self, nonce: Nonce) -> String {
        format!("{:016x}{:016x}{}", nonce.issued, nonce.number, self.mac(nonce))
    }

    fn read_nonce(&self, text: &str) -> Option<Nonce> {
        let number = |range| u64::from_str_radix(text.get(range)?, 16).ok();
        let nonce = Nonce { issued: number(0..16)?, number: number(16..32)? };
        same_in_constant_time(&self.write_nonce(nonce), text).then_some(nonce)
    }

    /// SHA-512/256 with the key in front: its truncation keeps out extension of the length, so that no HMAC is needed.
    fn mac(&self, nonce: Nonce) -> String {
        let mut hasher = Sha512_256::new();
        hasher.update(self.key);
        hasher.update(nonce.issued.to_be_bytes());
        hasher.update(nonce.number.to_be_bytes());
        hex(hasher.finalize().get(..16).unwrap_or_default())
    }
}

impl fmt::Debug for Challenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenger({} nonces in use)", self.used.len())
    }
}

/// The `uri` parameter has to name the Request-URI (RFC 7616 §3.4.6), if not letter by letter.
fn same_uri(a: &str, b: &str) -> bool {
    let parsed = || Some(UriRef::parse(a).ok()?.same(&UriRef::parse(b).ok()?));
    a == b || parsed().unwrap_or(false)
}

fn same_in_constant_time(a: &str, b: &str) -> bool {
    let difference = a.bytes().zip(b.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
    a.len() == b.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_is_taken_once_and_overtaking_is_allowed() {
        let mut counts = Counts::default();
        assert!(counts.take(1));
        assert!(!counts.take(1));
        assert!(counts.take(5));
        assert!(counts.take(3));
        assert!(!counts.take(3));
        assert!(counts.take(100));
        assert!(!counts.take(5));
        assert!(counts.take(99));
    }
}
