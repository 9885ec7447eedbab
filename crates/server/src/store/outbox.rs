//! What changed, for those who were away.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{OrgId, Revision};

use super::connection::Transaction;
use super::{Store, StoreError};
use crate::domain::Change;

/// More than that and a snapshot is shorter.
const REPLAYED: i64 = 256;
/// Changes are kept for a day.
const KEPT_MILLIS: u64 = 24 * 3_600_000;

/// What somebody missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// These, oldest first.
    Changes(Vec<(Revision, Change)>),
    /// Too much, or too long ago: begin again from a snapshot.
    TooMuch,
}

impl Store {
    /// The organisation's revision now.
    pub async fn revision(&self, org: OrgId) -> Result<Revision, StoreError> {
        self.read(move |tx| revision(tx, org)).await
    }

    /// What changed after `since`.
    pub async fn missed(&self, org: OrgId, since: Revision) -> Result<Missed, StoreError> {
        self.read(move |tx| missed(tx, org, since)).await
    }

    /// Forgets changes that are too old to be replayed.
    pub async fn tidy_outbox(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.0.saturating_sub(KEPT_MILLIS);
        self.write(move |tx| tx.execute("DELETE FROM outbox WHERE at < $1", &[before.into()]).map(drop)).await
    }
}

fn revision(tx: &mut dyn Transaction, org: OrgId) -> Result<Revision, StoreError> {
    let row = tx.first("SELECT revision FROM organisations WHERE org_id = $1", &[org.0.into()])?;
    Ok(Revision(row.ok_or(StoreError::NotFound("organisation"))?.unsigned(0)?))
}

fn missed(tx: &mut dyn Transaction, org: OrgId, since: Revision) -> Result<Missed, StoreError> {
    let gap = revision(tx, org)?.0.checked_sub(since.0);
    let sql = "SELECT revision, document FROM outbox WHERE org_id = $1 AND revision > $2 ORDER BY revision LIMIT $3";
    let rows = tx.query(sql, &[org.0.into(), since.0.into(), (REPLAYED + 1).into()])?;
    // A gap in what is kept, or a revision from the future (an older backup was restored): nothing to build on.
    if gap != Some(rows.len() as u64) || rows.len() as i64 > REPLAYED {
        return Ok(Missed::TooMuch);
    }
    let changes = rows.iter().map(|row| Ok((Revision(row.unsigned(0)?), row.json(1)?)));
    changes.collect::<Result<_, StoreError>>().map(Missed::Changes)
}
