//! Limits on failed log-ins that nobody can use to lock another person out.
//!
//! Failures are counted by the address they come from, and by the name that is tried. The count of a name never holds up
//! an address from which that person logged in before. A success costs nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that an address or a name may have at once.
const BURST: f64 = 10.0;
/// And after that one more in each of these, in seconds.
const REFILL_SECONDS: f64 = 6.0;
/// Entries kept; the fullest, which hold nobody up, go first.
const KEPT: usize = 20_000;

/// Too many failures: ask again after so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For the `Retry-After` header.
    pub after: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Name(String),
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn left(self, now: Instant) -> f64 {
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() / REFILL_SECONDS;
        (self.left + refilled).min(BURST)
    }
}

/// The counts. In memory: a restart forgives.
#[derive(Default)]
pub struct Guesses {
    buckets: Mutex<HashMap<Key, Bucket>>,
}

impl Guesses {
    /// Whether a log-in may be tried. `known` says that this person logged in from this address before.
    pub fn check(&self, address: IpAddr, name: &str, known: bool, now: Instant) -> Result<(), Refused> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |key: &Key| buckets.get(key).map_or(BURST, |bucket| bucket.left(now));
        let of_name = if known { BURST } else { left(&Key::Name(name.to_lowercase())) };
        let least = left(&Key::Address(network(address))).min(of_name);
        if least >= 1.0 {
            Ok(())
        } else {
            Err(Refused { after: Duration::from_secs_f64((1.0 - least) * REFILL_SECONDS) })
        }
    }

    /// Counts a failure.
    pub fn failed(&self, address: IpAddr, name: &str, now: Instant) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for key in [Key::Address(network(address)), Key::Name(name.to_lowercase())] {
            let bucket = buckets.entry(key).or_insert(Bucket { left: BURST, at: now });
            *bucket = Bucket { left: (bucket.left(now) - 1.0).max(0.0), at: now };
        }
        if buckets.len() > KEPT {
            buckets.retain(|_, bucket| bucket.left(now) < BURST - 1.5);
        }
    }
}

/// Who has one IPv6 address has a /64 of them.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        IpAddr::V4(address) => IpAddr::V4(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACKER: &str = "192.0.2.66";
    const HOME: &str = "198.51.100.7";

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn after_ten_failures(from: &str, now: Instant) -> Guesses {
        let guesses = Guesses::default();
        for _ in 0..10 {
            guesses.check(address(from), "linda", false, now).unwrap();
            guesses.failed(address(from), "linda", now);
        }
        guesses
    }

    #[test]
    fn guessing_from_one_address_ends_after_ten() {
        let now = Instant::now();
        let guesses = after_ten_failures(ATTACKER, now);
        let refused = guesses.check(address(ATTACKER), "anna", false, now).unwrap_err();
        assert_eq!(refused.after, Duration::from_secs(6));
        assert!(guesses.check(address(ATTACKER), "anna", false, now + refused.after).is_ok());
    }

    #[test]
    fn guesses_of_others_do_not_lock_out_who_logged_in_from_here_before() {
        let now = Instant::now();
        let guesses = after_ten_failures(ATTACKER, now);
        assert!(guesses.check(address(HOME), "linda", true, now).is_ok());
        assert!(guesses.check(address(HOME), "linda", false, now).is_err(), "an unknown address waits its turn");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let now = Instant::now();
        let guesses = after_ten_failures("2001:db8::1", now);
        assert!(guesses.check(address("2001:db8::2"), "anna", false, now).is_err());
        assert!(guesses.check(address("2001:db8:0:1::2"), "anna", false, now).is_ok());
    }
}
