//! How many requests a client may make, so that one that runs wild takes little from the others.
//!
//! Who has proved who he is has a measure of his own, which nobody else can use up. What comes without proof, or with a
//! wrong one, is measured by its address; a right proof from the same address is served all the same.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bellbird_contract::server::{OrgId, VoipAccountId};

use super::guesses::{Refused, network};

/// Measures kept; full ones, which hold nobody up, go first; where none is, all are
/// forgiven.
const KEPT: usize = 50_000;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PaceKey {
    /// A session, an app's token or an API key, by its id.
    Grant(OrgId, String),
    /// Requests that need no proof.
    Open(IpAddr),
    /// Requests with a wrong one.
    Guess(IpAddr),
    /// The action URLs of a device.
    Device(OrgId, VoipAccountId),
}

impl PaceKey {
    /// How many at once, and how many in a second after that.
    fn measure(&self) -> (f64, f64) {
        match self {
            Self::Grant(..) => (2_000.0, 200.0),
            // A whole office is one address, and comes back at once after a restart.
            Self::Open(_) => (2_000.0, 100.0),
            Self::Guess(_) => (300.0, 10.0),
            Self::Device(..) => (30.0, 1.0),
        }
    }

    fn by_network(self) -> Self {
        match self {
            Self::Open(address) => Self::Open(network(address)),
            Self::Guess(address) => Self::Guess(network(address)),
            other @ (Self::Grant(..) | Self::Device(..)) => other,
        }
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// The measures. In memory: a restart forgives.
#[derive(Default)]
pub struct Pace {
    buckets: Mutex<HashMap<PaceKey, Bucket>>,
}

impl Pace {
    /// Takes one from a measure.
    ///
    /// # Errors
    /// Where it is used up, with the time until there is one again.
    pub fn take(&self, key: PaceKey, now: Instant) -> Result<(), Refused> {
        let key = key.by_network();
        let (burst, a_second) = key.measure();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT {
            buckets.retain(|key, bucket| filled(key, *bucket, now) < key.measure().0);
            if buckets.len() >= KEPT {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key.clone()).or_insert(Bucket { left: burst, at: now });
        let left = filled(&key, *bucket, now);
        if left < 1.0 {
            return Err(Refused { after: Duration::from_secs_f64((1.0 - left) / a_second) });
        }
        *bucket = Bucket { left: left - 1.0, at: now };
        Ok(())
    }
}

fn filled(key: &PaceKey, bucket: Bucket, now: Instant) -> f64 {
    let (burst, a_second) = key.measure();
    (bucket.left + now.saturating_duration_since(bucket.at).as_secs_f64() * a_second).min(burst)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> PaceKey {
        PaceKey::Open(text.parse().unwrap())
    }

    fn exhaust(pace: &Pace, key: &PaceKey, now: Instant) -> Refused {
        (0..10_000).find_map(|_| pace.take(key.clone(), now).err()).unwrap()
    }

    #[test]
    fn a_measure_that_is_used_up_fills_again() {
        let (pace, now) = (Pace::default(), Instant::now());
        let refused = exhaust(&pace, &from("192.0.2.1"), now);
        assert_eq!(refused.after, Duration::from_millis(10));
        assert!(pace.take(from("192.0.2.1"), now + refused.after).is_ok());
        assert!(pace.take(from("192.0.2.1"), now + refused.after).is_err());
    }

    #[test]
    fn nobody_uses_up_the_measure_of_another() {
        let (pace, now) = (Pace::default(), Instant::now());
        exhaust(&pace, &from("192.0.2.1"), now);
        exhaust(&pace, &PaceKey::Guess("192.0.2.1".parse().unwrap()), now);
        exhaust(&pace, &PaceKey::Grant(OrgId(1), "wild".to_owned()), now);
        assert!(pace.take(from("192.0.2.2"), now).is_ok());
        assert!(pace.take(PaceKey::Grant(OrgId(1), "tame".to_owned()), now).is_ok());
        assert!(pace.take(PaceKey::Device(OrgId(1), VoipAccountId(1)), now).is_ok());
    }

    #[test]
    fn one_ipv6_network_has_one_measure() {
        let (pace, now) = (Pace::default(), Instant::now());
        exhaust(&pace, &from("2001:db8::1"), now);
        assert!(pace.take(from("2001:db8::2"), now).is_err());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (pace, now) = (Pace::default(), Instant::now());
        for number in 0..(KEPT as u32 + 10) {
            let _ = pace.take(
                PaceKey::Open(std::net::Ipv4Addr::from(number).into()),
                now + Duration::from_millis(u64::from(number)),
            );
        }
        assert!(pace.buckets.lock().unwrap().len() <= KEPT);
    }
}
