use bellbird_contract::server::CallRecordId;
use bellbird_contract::{CallDirection, HistoryEntry, HistoryId, Outcome, Party};

/// More than anybody scrolls through; older calls stay where they are kept.
const SHOWN: usize = 500;

/// Calls that are over, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    entries: Vec<HistoryEntry>,
}

impl History {
    /// Takes in what had been kept; what happened meanwhile stays.
    pub(crate) fn load(&mut self, kept: Vec<HistoryEntry>) {
        let known = core::mem::take(&mut self.entries);
        self.entries = kept;
        self.entries.retain(|entry| known.iter().all(|other| other.id != entry.id));
        self.entries.extend(known);
        self.entries.sort_by_key(|entry| core::cmp::Reverse(entry.started_at));
        self.entries.truncate(SHOWN);
    }

    /// Adds a call that is over.
    pub(crate) fn add(&mut self, entry: HistoryEntry) {
        let at = self.entries.partition_point(|other| other.started_at > entry.started_at);
        self.entries.insert(at, entry);
        self.entries.truncate(SHOWN);
    }

    /// Newest first.
    pub(crate) fn entries(&self) -> &[HistoryEntry] {
        &self.entries
    }

    /// How many missed calls have not been seen.
    pub(crate) fn missed(&self) -> u32 {
        let missed = self.entries.iter().filter(|entry| is_unseen(entry)).count();
        u32::try_from(missed).unwrap_or(u32::MAX)
    }

    /// Notes that missed calls were seen; gives those that changed.
    pub(crate) fn mark_seen(&mut self) -> Vec<HistoryEntry> {
        let unseen = self.entries.iter_mut().filter(|entry| is_unseen(entry));
        unseen
            .map(|entry| {
                entry.seen = true;
                entry.clone()
            })
            .collect()
    }

    /// Notes which record the server has of those calls of which that was not known; gives those that changed.
    pub(crate) fn link(&mut self, record_of: impl Fn(&str) -> Option<CallRecordId>) -> Vec<HistoryEntry> {
        let unlinked = self.entries.iter_mut().filter(|entry| entry.record.is_none());
        unlinked
            .filter_map(|entry| {
                entry.record = Some(record_of(entry.call_id.as_deref()?)?);
                Some(entry.clone())
            })
            .collect()
    }

    /// Removes one; whether it was there.
    pub(crate) fn delete(&mut self, id: &HistoryId) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id != *id);
        self.entries.len() < before
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Whom we called last.
    pub(crate) fn last_called(&self) -> Option<&Party> {
        let outgoing = self.entries.iter().find(|entry| entry.direction == CallDirection::Outgoing);
        outgoing.map(|entry| &entry.party)
    }
}

fn is_unseen(entry: &HistoryEntry) -> bool {
    entry.outcome == Outcome::Missed && !entry.seen
}

#[cfg(test)]
pub(crate) mod tests {
    use bellbird_contract::{AccountId, Timestamp};

    use super::*;

    pub(crate) fn entry(id: &str, number: &str, at: u64) -> HistoryEntry {
        HistoryEntry {
            id: HistoryId(id.to_owned()),
            account: AccountId(1),
            direction: CallDirection::Incoming,
            party: Party { name: None, number: number.to_owned(), address: Some(number.to_owned()) },
            started_at: Timestamp(at),
            answered_at: None,
            ended_at: Timestamp(at + 1),
            outcome: Outcome::Missed,
            problem: None,
            seen: false,
            call_id: None,
            record: None,
            quality: None,
        }
    }

    #[test]
    fn newest_call_comes_first_also_after_loading() {
        let mut history = History::default();
        history.add(entry("b", "601", 20));
        history.load(vec![entry("a", "602", 10), entry("c", "603", 30), entry("b", "stale", 20)]);
        let ids: Vec<&str> = history.entries().iter().map(|entry| entry.id.0.as_str()).collect();
        assert_eq!(ids, ["c", "b", "a"]);
        assert_eq!(history.entries()[1].party.number, "601");
    }

    #[test]
    fn missed_calls_are_counted_until_seen() {
        let mut history = History::default();
        history.add(entry("a", "601", 1));
        history.add(HistoryEntry { outcome: Outcome::AnsweredElsewhere, ..entry("b", "601", 2) });
        assert_eq!(history.missed(), 1);
        assert_eq!(history.mark_seen().len(), 1);
        assert_eq!(history.missed(), 0);
        assert_eq!(history.mark_seen(), []);
    }
}
