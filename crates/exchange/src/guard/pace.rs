use std::collections::BTreeMap;

use bellbird_base::{Duration, Instant};

use crate::words::VoipAccountId;

/// How fast one account may begin calls. A stolen secret, or a phone that redials by itself, is held back; emergency
/// calls are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceConfig {
    /// Calls that may begin at once.
    pub at_once: u32,
    /// After that one more each time this has passed.
    pub then_every: Duration,
}

impl Default for PaceConfig {
    fn default() -> Self {
        Self { at_once: 60, then_every: Duration::from_secs(1) }
    }
}

/// How fast accounts begin calls: a bucket for each that called lately.
#[derive(Debug)]
pub(crate) struct Pace {
    config: PaceConfig,
    /// When each account's bucket is full again.
    full: BTreeMap<VoipAccountId, Instant>,
}

impl Pace {
    pub(crate) fn new(config: PaceConfig) -> Self {
        Self { config, full: BTreeMap::new() }
    }

    /// Counts a call that begins. Gives whether it may.
    pub(crate) fn take(&mut self, now: Instant, account: VoipAccountId) -> bool {
        self.full.retain(|_, full| *full > now);
        let full = self.full.get(&account).copied().unwrap_or(now) + self.config.then_every;
        let allowed = full <= now + self.config.then_every * self.config.at_once;
        if allowed {
            self.full.insert(account, full);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_begins_some_calls_at_once_and_then_one_at_a_time() {
        let mut pace = Pace::new(PaceConfig { at_once: 3, then_every: Duration::from_secs(2) });
        let at = |millis| Instant::ORIGIN + Duration::from_millis(millis);
        let taken = |pace: &mut Pace, millis| pace.take(at(millis), VoipAccountId(1));
        assert_eq!([0, 0, 0, 0].map(|millis| taken(&mut pace, millis)), [true, true, true, false]);
        assert!(pace.take(at(0), VoipAccountId(2)), "another account is not held back");
        assert_eq!([1_999, 2_000, 2_001, 4_000].map(|millis| taken(&mut pace, millis)), [false, true, false, true]);
        assert_eq!([60_000; 4].map(|millis| taken(&mut pace, millis)), [true, true, true, false]);
        assert_eq!(pace.full.len(), 1, "who is silent is forgotten");
    }
}
