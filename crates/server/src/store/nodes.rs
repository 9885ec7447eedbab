//! What other nodes wrote, over PostgreSQL's LISTEN and NOTIFY.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use bellbird_contract::server::{OrgId, Revision};
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::{Client, Config, NoTls};

use super::teller::Teller;
use super::{Published, StoreError};

/// The channel; a notification says `org revision`.
const CHANNEL: &str = "bellbird_changes";
/// How often the thread looks whether anybody still needs it.
const LOOK: Duration = Duration::from_secs(1);
/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is read at once.
const READ: i64 = 1_024;

/// For `pg_notify`: told with the commit, and only then.
pub(super) const NOTIFY: &str = "SELECT pg_notify('bellbird_changes', $1)";

pub(super) fn payload(last: &Published) -> String {
    format!("{} {}", last.org.0, last.revision.0)
}

/// Starts to listen, from the revisions of now on.
pub(super) fn listen(config: Config) -> Result<Arc<Teller>, StoreError> {
    let mut client = connect(&config)?;
    let teller = Arc::new(Teller::among_others(revisions(&mut client)?));
    let weak = Arc::downgrade(&teller);
    thread::Builder::new().name("store-nodes".into()).spawn(move || run(client, &config, &weak))?;
    Ok(teller)
}

fn connect(config: &Config) -> Result<Client, StoreError> {
    let mut client = config.connect(NoTls)?;
    client.batch_execute(&format!("LISTEN {CHANNEL}"))?;
    Ok(client)
}

/// Until the storage is closed.
fn run(mut client: Client, config: &Config, teller: &Weak<Teller>) {
    let mut waiting = Vec::new();
    while let Some(teller) = teller.upgrade() {
        if let Err(error) = catch_up(&mut client, &teller, &waiting) {
            tracing::warn!("what other nodes change can't be heard: {error}");
            client = match again(config, &teller) {
                Some(client) => client,
                None => return,
            };
        }
        drop(teller);
        waiting = heard(&mut client);
    }
}

/// Connects once more, and reads what was said meanwhile.
fn again(config: &Config, teller: &Arc<Teller>) -> Option<Client> {
    // This thread and the storage.
    while Arc::strong_count(teller) > 1 {
        let revived = connect(config).and_then(|mut client| {
            let now: Vec<_> = revisions(&mut client)?.into_iter().collect();
            catch_up(&mut client, teller, &now)?;
            Ok(client)
        });
        if let Ok(client) = revived {
            return Some(client);
        }
        thread::sleep(LOOK);
    }
    None
}

/// What nodes said within a moment.
fn heard(client: &mut Client) -> Vec<(OrgId, Revision)> {
    let mut notifications = client.notifications();
    let first = notifications.timeout_iter(LOOK).next().ok().flatten();
    let mut heard: Vec<_> = first.iter().filter_map(|it| read(it.payload())).collect();
    while let Ok(Some(next)) = notifications.iter().next() {
        heard.extend(read(next.payload()));
    }
    heard
}

fn read(payload: &str) -> Option<(OrgId, Revision)> {
    let (org, revision) = payload.split_once(' ')?;
    Some((OrgId(org.parse().ok()?), Revision(revision.parse().ok()?)))
}

fn revisions(client: &mut Client) -> Result<BTreeMap<OrgId, Revision>, StoreError> {
    let rows = client.query("SELECT org_id, revision FROM organisations", &[])?;
    rows.iter().map(|row| Ok((OrgId(unsigned(row, 0)?), Revision(unsigned(row, 1)?)))).collect()
}

/// Reads what is not told yet, and tells it. Where nobody said anything, finds out whether the connection still is one.
fn catch_up(client: &mut Client, teller: &Teller, said: &[(OrgId, Revision)]) -> Result<(), StoreError> {
    if said.is_empty() {
        return Ok(client.is_valid(PATIENCE)?);
    }
    for (org, revision) in said {
        while let Some(since) = teller.lacks(*org, *revision) {
            let changes = outbox(client, *org, since)?;
            if changes.is_empty() {
                tracing::error!("changes of organisation {} after {} are too old to be told", org.0, since.0);
                teller.skip_to(*org, *revision);
            }
            teller.tell_read(changes);
        }
    }
    Ok(())
}

fn outbox(client: &mut Client, org: OrgId, since: Revision) -> Result<Vec<Published>, StoreError> {
    let sql = "SELECT revision, document FROM outbox WHERE org_id = $1 AND revision > $2 ORDER BY revision LIMIT $3";
    let (id, after) = (i64::try_from(org.0), i64::try_from(since.0));
    let (Ok(id), Ok(after)) = (id, after) else { return Ok(Vec::new()) };
    let rows = client.query(sql, &[&id, &after, &READ])?;
    let change = |row: &postgres::Row| {
        let change = serde_json::from_str(row.try_get(1)?)?;
        Ok(Published { org, revision: Revision(unsigned(row, 0)?), change })
    };
    rows.iter().map(change).collect()
}

fn unsigned(row: &postgres::Row, column: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or_default())
}
