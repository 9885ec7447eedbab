//! The inventory of numbers, and the trunks by which they come.

use bellbird_contract::server::{
    AuditSubject, Destination, NumberEdit, NumberEntry, NumberId, OrgId, Revision, TrunkEdit, TrunkId, TrunkSettings,
};
use bellbird_exchange::country::Location;
use serde::{Deserialize, Serialize};

use super::act::{Act, Told};
use super::connection::{Row, Transaction, Value, json};
use super::{Refusal, Store, StoreError, StoredOrganisation, StoredUser};
use crate::domain::{Actor, Change, check_text};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NumberDocument {
    to: Option<Destination>,
    trunk: Option<TrunkId>,
}

/// A trunk with what only the SIP side may read.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredTrunk {
    /// Which.
    pub id: TrunkId,
    /// Its settings.
    pub settings: TrunkSettings,
    /// Its password at the provider, in clear: the provider asks for it.
    pub secret: Option<String>,
    /// Grows with each change.
    pub revision: Revision,
}

impl std::fmt::Debug for StoredTrunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredTrunk").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Store {
    /// All numbers.
    pub async fn numbers(&self, org: OrgId) -> Result<Vec<NumberEntry>, StoreError> {
        self.read(move |tx| numbers(tx, org)).await
    }

    /// Takes a number into the inventory.
    pub async fn create_number(&self, actor: &Actor, edit: NumberEdit) -> Result<NumberEntry, StoreError> {
        self.act(actor, move |act| {
            let id = NumberId(act.next_id("number")?);
            put_number(act, id, &edit, 1)?;
            act.sign("number", id.0)?;
            tell_number(act, None, id)
        })
        .await
    }

    /// Changes a number.
    pub async fn change_number(
        &self,
        actor: &Actor,
        id: NumberId,
        edit: NumberEdit,
    ) -> Result<NumberEntry, StoreError> {
        self.act(actor, move |act| {
            let before = number(act.tx, act.org, id)?;
            act.unchanged("number", id.0, edit.base, before.revision)?;
            // Which numbers there are is an administrative matter; where they lead is not (U3).
            let mut edit = edit;
            if !act.actor.is_admin() {
                let trunk = edit.trunk.or(before.trunk);
                if e164(act, &edit.number)? != before.number || trunk != before.trunk {
                    return Err(StoreError::Refused(Refusal::NoPermission));
                }
                edit.trunk = trunk;
            }
            put_number(act, id, &edit, before.revision.0 + 1)?;
            act.sign("number", id.0)?;
            tell_number(act, Some(before), id)
        })
        .await
    }

    /// Takes a number out of the inventory.
    pub async fn delete_number(&self, actor: &Actor, id: NumberId) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let before = number(act.tx, act.org, id)?;
            let key = [act.org.0.into(), id.0.into()];
            act.tx.execute("DELETE FROM numbers WHERE org_id = $1 AND number_id = $2", &key)?;
            act.audit(Told::new(AuditSubject::Number).before(before.number), &[])?;
            act.tell(Change::NumberDeleted { number: id }).map(drop)
        })
        .await
    }

    /// All trunks, in the order in which they are tried.
    pub async fn trunks(&self, org: OrgId) -> Result<Vec<StoredTrunk>, StoreError> {
        self.read(move |tx| trunks(tx, org)).await
    }

    /// Adds a trunk.
    pub async fn create_trunk(&self, actor: &Actor, edit: TrunkEdit) -> Result<StoredTrunk, StoreError> {
        self.act(actor, move |act| {
            let id = TrunkId(act.next_id("trunk")?);
            put_trunk(act, id, &edit, None)
        })
        .await
    }

    /// Changes a trunk; without a secret the old one stays.
    pub async fn change_trunk(&self, actor: &Actor, id: TrunkId, edit: TrunkEdit) -> Result<StoredTrunk, StoreError> {
        self.act(actor, move |act| {
            let before = trunk(act.tx, act.org, id)?;
            act.unchanged("trunk", id.0, edit.base, before.revision)?;
            put_trunk(act, id, &edit, Some(before))
        })
        .await
    }

    /// Deletes a trunk; numbers that came by it stay.
    pub async fn delete_trunk(&self, actor: &Actor, id: TrunkId) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let before = trunk(act.tx, act.org, id)?;
            let key = [act.org.0.into(), id.0.into()];
            act.tx.execute("DELETE FROM trunks WHERE org_id = $1 AND trunk_id = $2", &key)?;
            act.audit(Told::new(AuditSubject::Trunk).before(before.settings.name), &[])?;
            act.tell(Change::TrunkDeleted { trunk: id }).map(drop)
        })
        .await
    }
}

const NUMBER: &str = "number_id, number, revision, document";

fn numbers(tx: &mut dyn Transaction, org: OrgId) -> Result<Vec<NumberEntry>, StoreError> {
    let sql = format!("SELECT {NUMBER} FROM numbers WHERE org_id = $1 ORDER BY number");
    tx.query(&sql, &[org.0.into()])?.iter().map(|row| entry(tx, org, row)).collect()
}

pub(crate) fn number(tx: &mut dyn Transaction, org: OrgId, id: NumberId) -> Result<NumberEntry, StoreError> {
    let sql = format!("SELECT {NUMBER} FROM numbers WHERE org_id = $1 AND number_id = $2");
    let row = tx.first(&sql, &[org.0.into(), id.0.into()])?.ok_or(StoreError::NotFound("number"))?;
    entry(tx, org, &row)
}

fn entry(tx: &mut dyn Transaction, org: OrgId, row: &Row) -> Result<NumberEntry, StoreError> {
    let document: NumberDocument = row.json(3)?;
    let to_name = match &document.to {
        Some(Destination::User { user }) => StoredUser::load(tx, org, *user).ok().map(|user| user.name()),
        Some(Destination::External { number }) => Some(number.clone()),
        Some(Destination::HangUp | Destination::Account { .. } | Destination::Unknown) | None => None,
    };
    let number = row.text(1)?;
    Ok(NumberEntry {
        id: NumberId(row.unsigned(0)?),
        written: written(&number),
        number,
        to: document.to,
        to_name,
        trunk: document.trunk,
        revision: Revision(row.unsigned(2)?),
    })
}

/// As people write it: the country apart, then groups of two from the end.
fn written(number: &str) -> String {
    let Some(digits) = number.strip_prefix("+31") else { return number.to_owned() };
    let (area, rest) = digits.split_at(digits.len().min(2));
    let (first, pairs) = rest.split_at(rest.len().min(2 + rest.len() % 2));
    let groups = pairs.as_bytes().chunks(2).map(|group| String::from_utf8_lossy(group));
    let rest: Vec<_> = std::iter::once(first.into()).chain(groups).collect();
    format!("0{area} {}", rest.join(" "))
}

/// In international form, however people of the organisation's country write it.
fn e164(act: &mut Act<'_>, typed: &str) -> Result<String, StoreError> {
    let settings = StoredOrganisation::load(act.tx, act.org)?.document.settings;
    let number = Location::of(&settings.country, settings.area_code.as_deref()).to_e164(typed);
    number.ok_or_else(|| StoreError::Invalid { field: "number", reason: "write it as +31201234567".to_owned() })
}

fn put_number(act: &mut Act<'_>, id: NumberId, edit: &NumberEdit, revision: u64) -> Result<(), StoreError> {
    let number = e164(act, &edit.number)?;
    let sql = "SELECT number_id FROM numbers WHERE org_id = $1 AND number = $2 AND number_id <> $3";
    if act.tx.first(sql, &[act.org.0.into(), number.as_str().into(), id.0.into()])?.is_some() {
        return Err(StoreError::taken("number", &number));
    }
    if let Some(Destination::User { user }) = &edit.to {
        StoredUser::load(act.tx, act.org, *user)?;
    }
    if let Some(id) = edit.trunk {
        trunk(act.tx, act.org, id)?;
    }
    let document = NumberDocument { to: edit.to.clone(), trunk: edit.trunk };
    act.tx
        .execute(
            "INSERT INTO numbers (org_id, number_id, number, revision, document) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (org_id, number_id)
         DO UPDATE SET number = excluded.number, revision = excluded.revision, document = excluded.document",
            &[act.org.0.into(), id.0.into(), number.as_str().into(), revision.into(), json(&document)?],
        )
        .map(drop)
}

fn tell_number(act: &mut Act<'_>, before: Option<NumberEntry>, id: NumberId) -> Result<NumberEntry, StoreError> {
    let after = number(act.tx, act.org, id)?;
    let told = match before {
        None => Told::new(AuditSubject::Number).after(&*after.number),
        Some(before) => {
            let (old, new) = (leads_to(act, before.to.as_ref())?, leads_to(act, after.to.as_ref())?);
            Told::changed(AuditSubject::Number, &after.number, old, new)
        }
    };
    act.audit(told, &[])?;
    act.tell(Change::Number { number: id })?;
    Ok(after)
}

fn leads_to(act: &mut Act<'_>, to: Option<&Destination>) -> Result<String, StoreError> {
    let to = to.map(serde_json::to_value).transpose()?;
    act.in_words(to.as_ref())
}

fn trunks(tx: &mut dyn Transaction, org: OrgId) -> Result<Vec<StoredTrunk>, StoreError> {
    let rows =
        tx.query("SELECT trunk_id, revision, secret, document FROM trunks WHERE org_id = $1", &[org.0.into()])?;
    let mut trunks = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    trunks.sort_by_key(|trunk| (trunk.settings.order, trunk.id));
    Ok(trunks)
}

pub(crate) fn trunk(tx: &mut dyn Transaction, org: OrgId, id: TrunkId) -> Result<StoredTrunk, StoreError> {
    let sql = "SELECT trunk_id, revision, secret, document FROM trunks WHERE org_id = $1 AND trunk_id = $2";
    stored(&tx.first(sql, &[org.0.into(), id.0.into()])?.ok_or(StoreError::NotFound("trunk"))?)
}

fn stored(row: &Row) -> Result<StoredTrunk, StoreError> {
    Ok(StoredTrunk {
        id: TrunkId(row.unsigned(0)?),
        revision: Revision(row.unsigned(1)?),
        secret: row.optional_text(2)?,
        settings: row.json(3)?,
    })
}

fn put_trunk(
    act: &mut Act<'_>,
    id: TrunkId,
    edit: &TrunkEdit,
    before: Option<StoredTrunk>,
) -> Result<StoredTrunk, StoreError> {
    check_text("name", &edit.settings.name, true)?;
    if edit.settings.servers.is_empty() {
        return Err(StoreError::Invalid { field: "servers", reason: "at least one is needed".to_owned() });
    }
    let given = edit.secret.as_ref().map(|secret| secret.expose().to_owned());
    let secret = given.or_else(|| before.as_ref().and_then(|before| before.secret.clone()));
    let revision = before.as_ref().map_or(1, |before| before.revision.0 + 1);
    act.tx.execute(
        "INSERT INTO trunks (org_id, trunk_id, revision, secret, document) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (org_id, trunk_id)
         DO UPDATE SET revision = excluded.revision, secret = excluded.secret, document = excluded.document",
        &[act.org.0.into(), id.0.into(), revision.into(), Value::from(secret), json(&edit.settings)?],
    )?;
    act.sign("trunk", id.0)?;
    match before {
        None => act.audit(Told::new(AuditSubject::Trunk).after(&*edit.settings.name), &[])?,
        Some(before) => act.audit_parts(AuditSubject::Trunk, (&before.settings, &edit.settings), &[])?,
    }
    act.tell(Change::Trunk { trunk: id })?;
    trunk(act.tx, act.org, id)
}
