//! When the authority is asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// The wait after the first failure; each further one doubles it. Let's Encrypt takes five failures in an hour.
const FIRST: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(6 * 3_600);
/// How long a name that the authority refused is left out.
const WITHOUT: Duration = Duration::from_secs(86_400);

/// Waits that grow with failures, and names that are left out for a while.
#[derive(Default)]
pub(super) struct Pace {
    failures: u32,
    not_before: Option<Instant>,
    refused: BTreeMap<String, Instant>,
}

impl Pace {
    /// Whether it may be asked now.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|moment| moment <= now)
    }

    /// Notes a failure; how long to wait.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + wait);
        wait
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = None;
    }

    /// Leaves these out from now on.
    pub(super) fn refuse(&mut self, names: impl IntoIterator<Item = String>, now: Instant) {
        self.refused.extend(names.into_iter().map(|name| (name, now)));
    }

    /// These without those that are left out.
    pub(super) fn without_refused(&self, names: &BTreeSet<String>, now: Instant) -> BTreeSet<String> {
        let refused = |name: &&String| self.refused.get(*name).is_some_and(|when| now < *when + WITHOUT);
        names.iter().filter(|name| !refused(name)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_waited_for_longer_and_longer_and_a_success_ends_it() {
        let mut pace = Pace::default();
        let start = Instant::now();
        assert!(pace.may_ask(start));
        let minutes: Vec<u64> = (0..9).map(|_| pace.failed(start).as_secs() / 60).collect();
        assert_eq!(minutes, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
        assert!(!pace.may_ask(start + LONGEST - Duration::from_secs(1)));
        assert!(pace.may_ask(start + LONGEST));
        pace.succeeded();
        assert!(pace.may_ask(start));
        assert_eq!(pace.failed(start), FIRST);
    }

    #[test]
    fn a_refused_name_is_asked_for_again_after_a_day() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let names = BTreeSet::from(["a.nl".to_owned(), "b.nl".to_owned()]);
        pace.refuse(["b.nl".to_owned()], start);
        assert_eq!(pace.without_refused(&names, start), BTreeSet::from(["a.nl".to_owned()]));
        assert_eq!(pace.without_refused(&names, start + WITHOUT), names);
    }
}
