//! Writes as fast as the storage acknowledges, for tests that kill it.

use std::io::Write as _;

use bellbird_contract::Timestamp;
use bellbird_contract::server::OrgId;

use crate::store::{ConfirmedCall, Store};

/// Writes at once; so that commits carry several.
const WRITERS: u64 = 8;
const ORG: OrgId = OrgId(u64::MAX >> 1);

/// Writes documents until it is killed, and prints the name of each after its acknowledgement.
///
/// # Errors
/// Where nobody reads the names.
pub async fn write(store: Store, round: u64) -> anyhow::Result<()> {
    let (done, mut acknowledged) = tokio::sync::mpsc::channel(1);
    for writer in 0..WRITERS {
        let (store, done) = (store.clone(), done.clone());
        tokio::spawn(async move {
            for number in 0_u64.. {
                let id = format!("{round}-{writer}-{number}");
                let call = ConfirmedCall { id: id.clone(), document: serde_json::json!({"number": number}) };
                if store.keep_call(ORG, call, Timestamp(0)).await.is_err() || done.send(id).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(done);
    let mut out = std::io::stdout();
    while let Some(id) = acknowledged.recv().await {
        writeln!(out, "{id}")?;
    }
    Ok(())
}

/// Prints the names of all documents.
///
/// # Errors
/// Where the storage fails.
pub async fn list(store: Store) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for call in store.confirmed_calls(ORG).await? {
        writeln!(out, "{}", call.id)?;
    }
    Ok(())
}
