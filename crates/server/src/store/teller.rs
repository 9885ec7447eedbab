//! Tells what was committed to those who listen, in the order of the revisions.
//!
//! With SQLite this program is the only one that writes, and its commits have that order. Over PostgreSQL another node may
//! commit in between: a change of our own is told at once where it is the next one, and else waits until what lies between
//! was read from the outbox. That is read whenever a node says that it wrote (`NOTIFY`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellbird_contract::server::{OrgId, Revision};
use tokio::sync::broadcast;

use super::Published;
use super::organisations::FIRST;

/// Changes that wait for the slowest listener; who falls further behind starts again from a snapshot.
const BACKLOG: usize = 1_024;

pub(crate) struct Teller {
    listeners: broadcast::Sender<Arc<Published>>,
    others: Others,
}

enum Others {
    /// Nobody else writes.
    None,
    /// Other nodes do. What was told of each organisation last; nothing for one that is new.
    Some(Mutex<BTreeMap<OrgId, Revision>>),
}

impl Teller {
    pub(crate) fn alone() -> Self {
        Self { listeners: broadcast::channel(BACKLOG).0, others: Others::None }
    }

    /// With the revisions that organisations have now.
    pub(crate) fn among_others(now: BTreeMap<OrgId, Revision>) -> Self {
        Self { listeners: broadcast::channel(BACKLOG).0, others: Others::Some(Mutex::new(now)) }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Published>> {
        self.listeners.subscribe()
    }

    /// What is not stored, and has no order.
    pub(crate) fn tell(&self, published: Published) {
        // Nobody may be listening.
        self.listeners.send(Arc::new(published)).ok();
    }

    /// What this program committed.
    pub(crate) fn tell_own(&self, changes: &[Published]) {
        let mut told = self.told();
        for change in changes {
            if told.as_mut().is_none_or(|told| is_next(told, change)) {
                self.tell(change.clone());
            }
        }
    }

    /// What the outbox holds, oldest first.
    pub(crate) fn tell_read(&self, changes: Vec<Published>) {
        let Some(mut told) = self.told() else { return };
        for change in changes {
            if last(&told, change.org) < change.revision {
                told.insert(change.org, change.revision);
                self.tell(change);
            }
        }
    }

    /// Whose changes up to this revision are not all told, and from where they are to be read.
    pub(crate) fn lacks(&self, org: OrgId, revision: Revision) -> Option<Revision> {
        let told = last(&*self.told()?, org);
        (told < revision).then_some(told)
    }

    /// What lies before this one is not to be had any more.
    pub(crate) fn skip_to(&self, org: OrgId, revision: Revision) {
        let Some(mut told) = self.told() else { return };
        let last = told.entry(org).or_insert(FIRST);
        *last = revision.max(*last);
    }

    fn told(&self) -> Option<MutexGuard<'_, BTreeMap<OrgId, Revision>>> {
        match &self.others {
            Others::None => None,
            Others::Some(told) => Some(told.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

fn last(told: &BTreeMap<OrgId, Revision>, org: OrgId) -> Revision {
    told.get(&org).copied().unwrap_or(FIRST)
}

/// Notes a change where nothing lies between it and the last one.
fn is_next(told: &mut BTreeMap<OrgId, Revision>, change: &Published) -> bool {
    let next = last(told, change.org).0 + 1 == change.revision.0;
    if next {
        told.insert(change.org, change.revision);
    }
    next
}

#[cfg(test)]
mod tests {
    use bellbird_contract::server::UserId;

    use super::*;
    use crate::domain::Change;

    const ORG: OrgId = OrgId(7);

    fn change(revision: u64) -> Published {
        Published { org: ORG, revision: Revision(revision), change: Change::Looking { user: UserId(revision) } }
    }

    fn told(listener: &mut broadcast::Receiver<Arc<Published>>) -> Vec<u64> {
        std::iter::from_fn(|| listener.try_recv().ok()).map(|it| it.revision.0).collect()
    }

    #[test]
    fn what_others_wrote_in_between_is_told_first_and_nothing_twice() {
        let teller = Teller::among_others([(ORG, Revision(4))].into());
        let mut listener = teller.subscribe();
        teller.tell_own(&[change(5)]);
        teller.tell_own(&[change(7), change(8)]);
        assert_eq!(told(&mut listener), [5], "6 is another node's, and not read yet");
        assert_eq!(teller.lacks(ORG, Revision(8)), Some(Revision(5)));
        teller.tell_read([5, 6, 7, 8].map(change).into());
        teller.tell_own(&[change(9)]);
        teller.tell_read([8, 9].map(change).into());
        assert_eq!(told(&mut listener), [6, 7, 8, 9]);
        assert_eq!(teller.lacks(ORG, Revision(9)), None);
    }

    #[test]
    fn program_that_writes_alone_tells_at_once() {
        let teller = Teller::alone();
        let mut listener = teller.subscribe();
        teller.tell_own(&[change(3)]);
        teller.tell_own(&[change(4)]);
        assert_eq!(told(&mut listener), [3, 4]);
        assert_eq!(teller.lacks(ORG, Revision(9)), None);
    }
}
