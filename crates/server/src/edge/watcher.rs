//! Keeps the exchange's directories in step with the storage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bellbird_contract::server::{OrgId, Revision};
use bellbird_exchange::directory::Directory;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::driver::Report;
use super::snapshot;
use crate::domain::Change;
use crate::store::{Published, Store, StoreError};

/// How often it is looked whether there are organisations that nothing told of.
const LOOK: Duration = Duration::from_secs(10);
/// When a directory that could not be read is read again.
const AGAIN: Duration = Duration::from_millis(500);

/// Reads all organisations.
pub(crate) async fn all(store: &Store) -> Result<BTreeMap<OrgId, Arc<Directory>>, StoreError> {
    let mut directories = BTreeMap::new();
    for organisation in store.organisations().await? {
        directories.insert(organisation.id, Arc::new(snapshot::directory(store, organisation.id).await?));
    }
    Ok(directories)
}

/// Sends a directory for each change, until nobody listens.
pub(crate) async fn watch(
    store: Store,
    mut changes: Receiver<Arc<Published>>,
    mut known: BTreeSet<OrgId>,
    reports: mpsc::WeakUnboundedSender<Report>,
) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut due = Due::default();
    while reports.strong_count() > 0 {
        tokio::select! {
            change = changes.recv() => match change {
                Ok(change) => due.note(&change),
                Err(RecvError::Lagged(_)) => due.directories.extend(&known),
                Err(RecvError::Closed) => return,
            },
            () = sleep(AGAIN), if !due.directories.is_empty() => {}
            _ = look.tick() => match store.organisations().await {
                Ok(all) => due.directories.extend(all.iter().map(|org| org.id).filter(|org| !known.contains(org))),
                Err(error) => tracing::error!("the organisations could not be read: {error}"),
            },
        }
        // What waits already is in the same snapshot.
        while let Ok(change) = changes.try_recv() {
            due.note(&change);
        }
        for org in std::mem::take(&mut due.directories) {
            match snapshot::directory(&store, org).await {
                Ok(directory) => {
                    known.insert(org);
                    let Some(reports) = reports.upgrade() else { return };
                    if reports.send(Report::Directory(Arc::new(directory))).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!("the directory of organisation {org} could not be read: {error}");
                    due.directories.insert(org);
                }
            }
        }
        for (org, revision) in due.unchanged() {
            let Some(reports) = reports.upgrade() else { return };
            if reports.send(Report::Unchanged(org, revision)).is_err() {
                return;
            }
        }
    }
}

/// What the exchange has to be told.
#[derive(Default)]
struct Due {
    directories: BTreeSet<OrgId>,
    /// Revisions that changed nothing for calls.
    passed: BTreeMap<OrgId, Revision>,
}

impl Due {
    fn note(&mut self, published: &Published) {
        match matter(&published.change) {
            Matter::Directory => drop(self.directories.insert(published.org)),
            Matter::Elsewhere => drop(self.passed.insert(published.org, published.revision)),
            Matter::NotStored => {}
        }
    }

    /// Those of organisations whose directory is not due: that would be of an older revision.
    fn unchanged(&mut self) -> BTreeMap<OrgId, Revision> {
        let (due, passed) =
            std::mem::take(&mut self.passed).into_iter().partition(|(org, _)| self.directories.contains(org));
        self.passed = due;
        passed
    }
}

/// For what a change matters.
enum Matter {
    /// Calls go by it.
    Directory,
    /// It is stored, and calls go as before.
    Elsewhere,
    /// The SIP side itself told it.
    NotStored,
}

fn matter(change: &Change) -> Matter {
    match change {
        Change::Settings { .. }
        | Change::Dnd { .. }
        | Change::Availability { .. }
        | Change::Telephony { .. }
        | Change::User { .. }
        | Change::UserDeleted { .. }
        | Change::Account { .. }
        | Change::AccountDeleted { .. }
        | Change::Number { .. }
        | Change::NumberDeleted { .. }
        | Change::Trunk { .. }
        | Change::TrunkDeleted { .. }
        | Change::Organisation
        | Change::LoggedOut { .. }
        | Change::Unknown => Matter::Directory,
        Change::Request { .. } | Change::Record { .. } => Matter::Elsewhere,
        Change::Presence { .. }
        | Change::Registrations { .. }
        | Change::Receipts { .. }
        | Change::CallProgress { .. }
        | Change::Looking { .. } => Matter::NotStored,
    }
}
