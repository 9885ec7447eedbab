//! Links that work once: whether one still does, and what became of one that does not.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{OrgId, UserId};

use super::act::word;
use super::connection::Transaction;
use super::credentials::{Grant, GrantKind, find};
use super::error::DeadLink;
use super::{Refusal, Store, StoreError, StoredUser};
use crate::auth::TokenHash;

/// For so long it is known what became of a link, in milliseconds: 90 days.
const REMEMBERED: u64 = 90 * 86_400_000;

/// Which links are spent.
pub(crate) enum Which<'a> {
    /// One.
    This(&'a TokenHash),
    /// All of these kinds that somebody has.
    Of(UserId, &'a [GrantKind]),
}

impl Store {
    /// A link that works, and whose it is.
    ///
    /// # Errors
    /// [`Refusal::Link`] for one that does not.
    pub async fn link(&self, hash: TokenHash, now: Timestamp) -> Result<(Grant, StoredUser), StoreError> {
        self.read(move |tx| {
            let grant = live(tx, &hash, now)?;
            let user = StoredUser::load(tx, grant.org, grant.user)?;
            Ok((grant, user))
        })
        .await
    }
}

/// What a link is for, if it still works.
pub(crate) fn live(tx: &mut dyn Transaction, link: &TokenHash, now: Timestamp) -> Result<Grant, StoreError> {
    match find(tx, link, now)? {
        Some(grant) => Ok(grant),
        None => Err(StoreError::Refused(Refusal::Link(dead(tx, link)?))),
    }
}

/// What became of a link that does not work.
fn dead(tx: &mut dyn Transaction, link: &TokenHash) -> Result<DeadLink, StoreError> {
    // What is there and was not found has run out.
    if tx.first("SELECT 1 FROM tokens WHERE hash = $1", &[link.0.as_str().into()])?.is_some() {
        return Ok(DeadLink::Expired);
    }
    let sql = "SELECT why, spent_at FROM spent_links WHERE hash = $1";
    let Some(row) = tx.first(sql, &[link.0.as_str().into()])? else { return Ok(DeadLink::Invalid) };
    let at = Timestamp(row.unsigned(1)?);
    Ok(match row.text(0)?.as_str() {
        "used" => DeadLink::Used { at },
        "replaced" => DeadLink::Replaced { at },
        _ => DeadLink::Expired,
    })
}

/// Takes links away, and remembers why. Links that have run out by themselves keep that reason.
pub(crate) fn spend(
    tx: &mut dyn Transaction,
    org: OrgId,
    which: Which<'_>,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let remember = "INSERT INTO spent_links (hash, org_id, why, spent_at)
        SELECT hash, org_id, CASE WHEN expires_at <= $2 THEN 'expired' ELSE $1 END, $2 FROM tokens";
    match which {
        Which::This(hash) => {
            let key = [why.into(), now.0.into(), hash.0.as_str().into()];
            tx.execute(&format!("{remember} WHERE hash = $3 ON CONFLICT DO NOTHING"), &key)?;
            tx.execute("DELETE FROM tokens WHERE hash = $1", &[hash.0.as_str().into()])?;
        }
        Which::Of(user, kinds) => {
            for kind in kinds {
                let kind = word(kind);
                let key = [why.into(), now.0.into(), org.0.into(), user.0.into(), kind.as_str().into()];
                let of = "WHERE org_id = $3 AND user_id = $4 AND kind = $5";
                tx.execute(&format!("{remember} {of} ON CONFLICT DO NOTHING"), &key)?;
                let sql = "DELETE FROM tokens WHERE org_id = $1 AND user_id = $2 AND kind = $3";
                tx.execute(sql, &[org.0.into(), user.0.into(), kind.as_str().into()])?;
            }
        }
    }
    Ok(())
}

/// Remembers which links ran out before they are forgotten, and forgets what is long ago.
pub(crate) fn tidy(tx: &mut dyn Transaction, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO spent_links (hash, org_id, why, spent_at)
               SELECT hash, org_id, 'expired', expires_at FROM tokens
               WHERE expires_at < $1 AND kind IN ('invitation', 'reset', 'provisioning') ON CONFLICT DO NOTHING";
    tx.execute(sql, &[now.0.into()])?;
    let before = now.0.saturating_sub(REMEMBERED);
    tx.execute("DELETE FROM spent_links WHERE spent_at < $1", &[before.into()]).map(drop)
}
