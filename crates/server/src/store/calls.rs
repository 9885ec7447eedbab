//! Call records and the reasons beside them.

use bellbird_contract::server::{CallOutcome, CallRecord, CallRecordId, OrgId, Reason, RecordQuery, UserId};

use super::connection::{Row, Transaction, json};
use super::{Store, StoreError};
use crate::domain::{Actor, Change};

const PAGE: u32 = 200;

impl Store {
    /// Keeps a call, or what became of one that was kept before.
    pub async fn keep_record(&self, actor: &Actor, record: CallRecord) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            keep(act.tx, act.org, &record)?;
            act.tell(Change::Record { record: record.id.clone(), users: record.users.clone() }).map(drop)
        })
        .await
    }

    /// One call, with its reasons as long as they are kept.
    pub async fn record(&self, org: OrgId, id: CallRecordId) -> Result<CallRecord, StoreError> {
        self.read(move |tx| {
            let key = [org.0.into(), id.as_str().into()];
            let sql = "SELECT document FROM call_records WHERE org_id = $1 AND record_id = $2";
            let mut record: CallRecord = tx.first(sql, &key)?.ok_or(StoreError::NotFound("call"))?.json(0)?;
            let sql = "SELECT document FROM call_reasons WHERE org_id = $1 AND record_id = $2";
            record.why = tx.first(sql, &key)?.map(|row| row.json::<Vec<Reason>>(0)).transpose()?.unwrap_or_default();
            Ok(record)
        })
        .await
    }

    /// Calls without their reasons, newest first.
    pub async fn records(&self, org: OrgId, query: RecordQuery) -> Result<Vec<CallRecord>, StoreError> {
        self.read(move |tx| {
            let limit = if query.limit == 0 { PAGE } else { query.limit.min(PAGE) } as usize;
            let records = rows(tx, org, &query)?;
            let records = records
                .iter()
                .map(|row| row.json::<CallRecord>(0))
                .filter(|record| record.as_ref().map_or(true, |record| wanted(record, &query)));
            records.take(limit).collect()
        })
        .await
    }
}

fn rows(tx: &mut dyn Transaction, org: OrgId, query: &RecordQuery) -> Result<Vec<Row>, StoreError> {
    let before = query.before.map_or(i64::MAX.into(), |before| before.0.into());
    let after = query.after.map_or((-1_i64).into(), |after| after.0.into());
    let Some(UserId(user)) = query.user else {
        let sql = "SELECT document FROM call_records WHERE org_id = $1 AND started_at < $2 AND started_at > $3
                   ORDER BY started_at DESC, record_id LIMIT 5000";
        return tx.query(sql, &[org.0.into(), before, after]);
    };
    let sql = "SELECT r.document FROM call_record_users u
               JOIN call_records r ON r.org_id = u.org_id AND r.record_id = u.record_id
               WHERE u.org_id = $1 AND u.started_at < $2 AND u.started_at > $3 AND u.user_id = $4
               ORDER BY u.started_at DESC, u.record_id LIMIT 5000";
    tx.query(sql, &[org.0.into(), before, after, user.into()])
}

fn wanted(record: &CallRecord, query: &RecordQuery) -> bool {
    let missed = !matches!(record.outcome, CallOutcome::Answered | CallOutcome::Forwarded);
    let search = query.search.as_deref().unwrap_or_default().to_lowercase();
    let words =
        || serde_json::to_string(&(&record.from, &record.to, &record.dialled)).unwrap_or_default().to_lowercase();
    (!query.missed_only || missed) && (search.is_empty() || words().contains(&search))
}

fn keep(tx: &mut dyn Transaction, org: OrgId, record: &CallRecord) -> Result<(), StoreError> {
    let key: [super::connection::Value; 3] = [org.0.into(), record.id.as_str().into(), record.started.0.into()];
    let [org_id, id, started] = key;
    let bare = CallRecord { why: Vec::new(), ..record.clone() };
    for (table, document) in [("call_records", json(&bare)?), ("call_reasons", json(&record.why)?)] {
        tx.execute(
            &format!(
                "INSERT INTO {table} (org_id, record_id, started_at, document) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (org_id, record_id) DO UPDATE SET document = excluded.document"
            ),
            &[org_id.clone(), id.clone(), started.clone(), document],
        )?;
    }
    for user in &record.users {
        let sql = "INSERT INTO call_record_users (org_id, user_id, record_id, started_at) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (org_id, user_id, record_id) DO NOTHING";
        tx.execute(sql, &[org_id.clone(), user.0.into(), id.clone(), started.clone()])?;
    }
    Ok(())
}
