use std::collections::{BTreeMap, BTreeSet};

use bellbird_base::Instant;

/// Instants by key, each key at most once. What was set is exactly what rings: there are no stale timers to ignore.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines<K> {
    queue: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K: Ord + Clone> Default for Deadlines<K> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), by_key: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Deadlines<K> {
    /// Sets, moves or (`None`) removes a key's instant.
    pub(crate) fn set(&mut self, key: &K, at: Option<Instant>) {
        if self.by_key.get(key).copied() == at {
            return;
        }
        if let Some(old) = self.by_key.remove(key) {
            self.queue.remove(&(old, key.clone()));
        }
        if let Some(at) = at {
            self.by_key.insert(key.clone(), at);
            self.queue.insert((at, key.clone()));
        }
    }

    /// The first one.
    pub(crate) fn next(&self) -> Option<(Instant, &K)> {
        self.queue.first().map(|(at, key)| (*at, key))
    }

    /// Takes out the first one that is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (at, _) = self.next()?;
        if at > now {
            return None;
        }
        let (_, key) = self.queue.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bellbird_base::Duration;

    #[test]
    fn moved_deadline_rings_once_at_its_new_instant() {
        let at = |ms| Instant::ORIGIN + Duration::from_millis(ms);
        let mut deadlines = Deadlines::default();
        deadlines.set(&'a', Some(at(5)));
        deadlines.set(&'b', Some(at(7)));
        deadlines.set(&'a', Some(at(9)));
        assert_eq!(deadlines.pop_due(at(6)), None);
        assert_eq!(deadlines.pop_due(at(20)), Some('b'));
        assert_eq!(deadlines.pop_due(at(20)), Some('a'));
        assert_eq!(deadlines.pop_due(at(20)), None);
    }
}
