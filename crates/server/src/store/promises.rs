//! What the SIP side has promised to others and must know again after a restart: registrations and answered calls.
//!
//! The documents are the SIP side's own; only it reads them.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{OrgId, VoipAccountId};
use serde_json::Value as Document;

use super::connection::json;
use super::{Store, StoreError};

/// A durable registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Whose account.
    pub account: VoipAccountId,
    /// Tells an account's registrations apart: instance and reg-id, or the contact.
    pub key: String,
    /// When it ends unless renewed.
    pub expires: Timestamp,
    /// The rest.
    pub document: Document,
}

/// An answered call that survives a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfirmedCall {
    /// Which.
    pub id: String,
    /// Both dialogs.
    pub document: Document,
}

impl Store {
    /// Keeps a registration. Its 200 goes out after this has returned.
    pub async fn keep_binding(&self, org: OrgId, binding: Binding, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO bindings (org_id, account_id, binding_key, expires_at, document) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (org_id, account_id, binding_key)
                 DO UPDATE SET expires_at = excluded.expires_at, document = excluded.document",
                &[
                    org.0.into(),
                    binding.account.0.into(),
                    binding.key.as_str().into(),
                    binding.expires.0.into(),
                    json(&binding.document)?,
                ],
            )?;
            let seen = [org.0.into(), binding.account.0.into(), now.0.into()];
            tx.execute("UPDATE accounts SET last_seen = $3 WHERE org_id = $1 AND account_id = $2", &seen).map(drop)
        })
        .await
    }

    /// Forgets a registration.
    pub async fn drop_binding(&self, org: OrgId, account: VoipAccountId, key: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "DELETE FROM bindings WHERE org_id = $1 AND account_id = $2 AND binding_key = $3";
            tx.execute(sql, &[org.0.into(), account.0.into(), key.into()]).map(drop)
        })
        .await
    }

    /// Registrations that have not ended; those that have are deleted.
    pub async fn bindings(&self, org: OrgId, now: Timestamp) -> Result<Vec<Binding>, StoreError> {
        self.write(move |tx| {
            tx.execute("DELETE FROM bindings WHERE org_id = $1 AND expires_at <= $2", &[org.0.into(), now.0.into()])?;
            let sql = "SELECT account_id, binding_key, expires_at, document FROM bindings WHERE org_id = $1
                       ORDER BY account_id, binding_key";
            let rows = tx.query(sql, &[org.0.into()])?;
            rows.iter()
                .map(|row| {
                    Ok(Binding {
                        account: VoipAccountId(row.unsigned(0)?),
                        key: row.text(1)?,
                        expires: Timestamp(row.unsigned(2)?),
                        document: row.json(3)?,
                    })
                })
                .collect()
        })
        .await
    }

    /// Keeps an answered call, or what a re-INVITE made of it.
    pub async fn keep_call(&self, org: OrgId, call: ConfirmedCall, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute(
                "INSERT INTO confirmed_calls (org_id, call_id, updated_at, document) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (org_id, call_id) DO UPDATE SET updated_at = excluded.updated_at, document = excluded.document",
                &[org.0.into(), call.id.as_str().into(), now.0.into(), json(&call.document)?],
            )
            .map(drop)
        })
        .await
    }

    /// Forgets a call that has ended.
    pub async fn drop_call(&self, org: OrgId, id: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "DELETE FROM confirmed_calls WHERE org_id = $1 AND call_id = $2";
            tx.execute(sql, &[org.0.into(), id.into()]).map(drop)
        })
        .await
    }

    /// Calls that were answered and have not ended.
    pub async fn confirmed_calls(&self, org: OrgId) -> Result<Vec<ConfirmedCall>, StoreError> {
        self.read(move |tx| {
            let sql = "SELECT call_id, document FROM confirmed_calls WHERE org_id = $1 ORDER BY call_id";
            let rows = tx.query(sql, &[org.0.into()])?;
            rows.iter().map(|row| Ok(ConfirmedCall { id: row.text(0)?, document: row.json(1)? })).collect()
        })
        .await
    }
}
