//! Who changed what.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{AuditEntry, AuditQuery, OrgId};

use super::act::word;
use super::{Store, StoreError};

const PAGE: u32 = 200;

impl Store {
    /// Entries, newest first.
    pub async fn audit(&self, org: OrgId, query: AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(move |tx| {
            let limit = if query.limit == 0 { PAGE } else { query.limit.min(PAGE) };
            let what = query.what.as_ref().map(word).unwrap_or_default();
            let sql = "SELECT document FROM audit WHERE org_id = $1 AND audit_id < $2 AND at > $3
                       AND ($4 = 0 OR author_id = $4) AND ($5 = 0 OR about_user = $5) AND ($6 = '' OR what = $6)
                       ORDER BY audit_id DESC LIMIT $7";
            let values = [
                org.0.into(),
                query.before.map_or(i64::MAX.into(), |before| before.0.into()),
                query.after.map_or((-1_i64).into(), |after| after.0.into()),
                query.author.map_or(0, |user| user.0).into(),
                query.for_whom.map_or(0, |user| user.0).into(),
                what.into(),
                u64::from(limit).into(),
            ];
            tx.query(sql, &values)?.iter().map(|row| row.json(0)).collect()
        })
        .await
    }

    /// Deletes records, reasons and audit that are older than the organisation keeps them.
    pub async fn forget_old(&self, org: OrgId, now: Timestamp) -> Result<u64, StoreError> {
        let retention = self.organisation(org).await?.document.settings.retention;
        let before = move |days: Option<u32>| days.map_or(0, |days| now.0.saturating_sub(u64::from(days) * 86_400_000));
        self.write(move |tx| {
            let mut gone = 0;
            for (table, column, days) in [
                ("call_records", "started_at", retention.records_days),
                ("call_record_users", "started_at", retention.records_days),
                ("call_reasons", "started_at", retention.reasons_days.or(retention.records_days)),
                ("audit", "at", retention.audit_days),
            ] {
                let sql = format!("DELETE FROM {table} WHERE org_id = $1 AND {column} < $2");
                gone += tx.execute(&sql, &[org.0.into(), before(days).into()])?;
            }
            Ok(gone)
        })
        .await
    }
}
