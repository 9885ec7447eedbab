//! What the server keeps: one method a use case, a transaction each.
//!
//! Use cases are written once, over [`connection::Transaction`]; SQLite and PostgreSQL give it connections. A change is
//! stored with its audit entry and its revision in one transaction, and told to those who listen after the commit.

mod accounts;
mod act;
mod audit;
mod calls;
pub mod conformance;
mod connection;
mod contacts;
mod credentials;
mod dnd;
mod error;
mod links;
mod migrations;
mod nodes;
mod numbers;
mod organisations;
mod outbox;
mod postgres;
mod promises;
mod requests;
mod rows;
mod settings;
pub mod sqlite;
mod teller;
mod threads;
mod users;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bellbird_contract::server::{OrgId, Revision};
use tokio::sync::broadcast;

pub use accounts::{AccountCredentials, NewAccount, StoredAccount};
pub(crate) use act::word;
pub use credentials::{Grant, GrantKind, Identity, NewGrant};
pub use error::{DeadLink, Refusal, StoreError};
pub use numbers::StoredTrunk;
pub use organisations::{NewOrganisation, StoredOrganisation};
pub use outbox::Missed;
pub use promises::{Binding, ConfirmedCall};
pub use rows::{NewClient, Profile, StoredClient, StoredUser};
pub(crate) use settings::changes_of;
pub use settings::{Bulk, BulkProblem, StoredSettings};
pub use users::Found;

use crate::domain::{Actor, Change};
use act::Act;
use connection::Transaction;
use teller::Teller;
use threads::Lane;

/// A change that was committed.
#[derive(Clone, Debug)]
pub struct Published {
    /// Whose.
    pub org: OrgId,
    /// The organisation's revision that it made, or the last one for what is not stored.
    pub revision: Revision,
    /// What.
    pub change: Change,
}

pub(crate) struct Lanes {
    writer: Lane,
    readers: Lane,
}

/// The open storage.
#[derive(Clone)]
pub struct Store {
    lanes: Arc<Lanes>,
    teller: Arc<Teller>,
}

impl Store {
    /// SQLite in a folder. Also says where a damaged file was moved to.
    ///
    /// # Errors
    /// Where the folder can't be written, or the file comes from a newer program.
    pub fn open_sqlite(folder: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        let opened = sqlite::open(folder)?;
        let store = Self { lanes: Arc::new(opened.lanes), teller: Arc::new(Teller::alone()) };
        Ok((store, opened.moved_aside))
    }

    /// PostgreSQL. Blocks, and may not be called on a thread of the async runtime.
    ///
    /// # Errors
    /// Where it can't be reached, or its schema comes from a newer program.
    pub fn open_postgres(url: &str) -> Result<Self, StoreError> {
        let (lanes, teller) = postgres::open(url)?;
        Ok(Self { lanes: Arc::new(lanes), teller })
    }

    /// Changes from now on, those of other nodes too, in the order of their revisions.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Published>> {
        self.teller.subscribe()
    }

    /// Tells a change that is not stored, to those who listen here.
    pub fn publish(&self, published: Published) {
        self.teller.tell(published);
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|tx| tx.query("SELECT count(*) FROM organisations", &[]).map(drop)).await
    }

    /// How writes were committed.
    pub(crate) fn commits(&self) -> &threads::Commits {
        self.lanes.writer.commits()
    }

    async fn read<R: Send + 'static>(
        &self,
        use_case: impl FnOnce(&mut dyn Transaction) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.lanes.readers.run(use_case, |_| ()).await
    }

    /// A write that nobody is told of.
    async fn write<R: Send + 'static>(
        &self,
        use_case: impl FnOnce(&mut dyn Transaction) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.lanes.writer.run(use_case, |_| ()).await
    }

    /// A write with audit and listeners.
    async fn act<R: Send + 'static>(
        &self,
        actor: &Actor,
        use_case: impl FnOnce(&mut Act<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (actor, teller) = (actor.clone(), Arc::clone(&self.teller));
        let run = move |tx: &mut dyn Transaction| {
            let mut act = Act::new(tx, &actor);
            let result = use_case(&mut act)?;
            Ok((result, act.into_changes()?))
        };
        let tell = move |(_, changes): &(R, Vec<Published>)| teller.tell_own(changes);
        Ok(self.lanes.writer.run(run, tell).await?.0)
    }
}
