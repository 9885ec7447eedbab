//! A writing use case at work: its statements, its audit entries, its changes.

use std::collections::{BTreeMap, BTreeSet};

use bellbird_contract::server::{AuditEntry, AuditId, AuditSubject, OrgId, Owner, Revision, UserId};

use serde_json::Value as Json;

use super::connection::{Transaction, json};
use super::{Published, StoreError};
use crate::domain::{Actor, Change};

pub(crate) struct Act<'t> {
    pub(crate) tx: &'t mut dyn Transaction,
    pub(crate) actor: &'t Actor,
    pub(crate) org: OrgId,
    changes: Vec<Published>,
}

/// What an entry says besides who, when and from where.
pub(crate) struct Told {
    pub(crate) what: AuditSubject,
    pub(crate) field: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl Told {
    pub(crate) fn new(what: AuditSubject) -> Self {
        Self { what, field: None, before: None, after: None }
    }

    pub(crate) fn changed(
        what: AuditSubject,
        field: &str,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> Self {
        Self { what, field: Some(field.to_owned()), before: Some(before.into()), after: Some(after.into()) }
    }

    pub(crate) fn after(self, after: impl Into<String>) -> Self {
        Self { after: Some(after.into()), ..self }
    }

    pub(crate) fn before(self, before: impl Into<String>) -> Self {
        Self { before: Some(before.into()), ..self }
    }
}

const USER: &str = "SELECT extension FROM users WHERE org_id = $1 AND user_id = $2";
const ACCOUNT: &str = "SELECT number FROM accounts WHERE org_id = $1 AND account_id = $2";
const NUMBER: &str = "SELECT number FROM numbers WHERE org_id = $1 AND number_id = $2";

impl<'t> Act<'t> {
    pub(crate) fn new(tx: &'t mut dyn Transaction, actor: &'t Actor) -> Self {
        Self { tx, actor, org: actor.org, changes: Vec::new() }
    }

    /// What was changed, of which other nodes hear with the commit.
    pub(crate) fn into_changes(self) -> Result<Vec<Published>, StoreError> {
        if let Some(last) = self.changes.last() {
            self.tx.tell_nodes(last)?;
        }
        Ok(self.changes)
    }

    /// The next id of a kind in this organisation.
    pub(crate) fn next_id(&mut self, kind: &'static str) -> Result<u64, StoreError> {
        next_id(self.tx, self.actor.org, kind)
    }

    /// Gives a change its revision, for those who listen now and those who come back later.
    pub(crate) fn tell(&mut self, change: Change) -> Result<Revision, StoreError> {
        let org = self.org;
        let sql = "UPDATE organisations SET revision = revision + 1 WHERE org_id = $1 RETURNING revision";
        let row = self.tx.first(sql, &[org.0.into()])?.ok_or(StoreError::NotFound("organisation"))?;
        let revision = Revision(row.unsigned(0)?);
        let values = [org.0.into(), revision.0.into(), self.actor.now.0.into(), json(&change)?];
        self.tx.execute("INSERT INTO outbox (org_id, revision, at, document) VALUES ($1, $2, $3, $4)", &values)?;
        self.changes.push(Published { org, revision, change });
        Ok(revision)
    }

    /// Notes who wrote a thing last.
    pub(crate) fn sign(&mut self, kind: &'static str, id: u64) -> Result<(), StoreError> {
        let sql = "INSERT INTO writers (org_id, kind, id, name) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (org_id, kind, id) DO UPDATE SET name = excluded.name";
        let name = self.actor.author.name.as_str();
        self.tx.execute(sql, &[self.org.0.into(), kind.into(), id.into(), name.into()]).map(drop)
    }

    /// Refuses what was written over something that somebody changed in the meantime.
    pub(crate) fn unchanged(
        &mut self,
        kind: &'static str,
        id: u64,
        seen: Option<Revision>,
        held: Revision,
    ) -> Result<(), StoreError> {
        if seen.is_none_or(|seen| seen == held) {
            return Ok(());
        }
        let sql = "SELECT name FROM writers WHERE org_id = $1 AND kind = $2 AND id = $3";
        let row = self.tx.first(sql, &[self.org.0.into(), kind.into(), id.into()])?;
        let by = row.map(|row| row.text(0)).transpose()?.unwrap_or_default();
        Err(StoreError::Conflict { by, revision: held.0 })
    }

    /// Writes down each part of a document that differs, by its path.
    pub(crate) fn audit_parts(
        &mut self,
        what: AuditSubject,
        (before, after): (&impl serde::Serialize, &impl serde::Serialize),
        for_whom: &[Owner],
    ) -> Result<(), StoreError> {
        let (before, after) = (parts(before)?, parts(after)?);
        let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for path in paths {
            let (old, new) = (before.get(path), after.get(path));
            if old != new {
                let (old, new) = (self.part_in_words(path, old)?, self.part_in_words(path, new)?);
                self.audit(Told::changed(what, path, old, new), for_whom)?;
            }
        }
        Ok(())
    }

    /// A part of a document as people read it. Some parts name a thing by its bare id.
    fn part_in_words(&mut self, path: &str, value: Option<&Json>) -> Result<String, StoreError> {
        let name = path.rsplit('.').next().unwrap_or(path);
        match (name, value.and_then(Json::as_u64)) {
            ("callerId", Some(id)) => self.named(NUMBER, id),
            ("deskPhone", Some(id)) => self.named(ACCOUNT, id),
            (_, Some(_) | None) => self.in_words(value),
        }
    }

    /// A value as people read it: whoever a call goes to by name or number, not by id. What is chosen among words stays
    /// a word of the wire, in front of the rest; the portal says it in the language of whoever reads it.
    pub(crate) fn in_words(&mut self, value: Option<&Json>) -> Result<String, StoreError> {
        let Some(value) = value else { return Ok(String::new()) };
        if let Some(list) = value.as_array() {
            let words = list.iter().map(|one| self.in_words(Some(one))).collect::<Result<Vec<_>, _>>()?;
            return Ok(words.join(", "));
        }
        let id = |name| value.get(name).and_then(Json::as_u64);
        if let Some(user) = id("user") {
            return self.named(USER, user);
        }
        if let Some(account) = id("account") {
            return self.named(ACCOUNT, account);
        }
        let kind = value.get("kind").map(word);
        // Beside a country or in a caller ID it is the id of a number, elsewhere the number itself.
        if let Some(number) = id("number") {
            let number = self.named(NUMBER, number)?;
            return Ok(value.get("country").map_or(number.clone(), |country| format!("{} {number}", word(country))));
        }
        let rest = ["numbers", "at", "until", "userName", "from", "label"].iter().find_map(|name| value.get(name));
        let number = value.get("number").map(word);
        match (kind, rest) {
            (Some(kind), Some(rest)) => Ok(format!("{kind} {}", self.in_words(Some(rest))?)),
            (None, Some(label)) => Ok(format!("{} {}", word(label), number.unwrap_or_default())),
            (kind, None) => Ok(number.or(kind).unwrap_or_else(|| word(value))),
        }
    }

    fn named(&mut self, sql: &str, id: u64) -> Result<String, StoreError> {
        let row = self.tx.first(sql, &[self.org.0.into(), id.into()])?;
        Ok(row.map(|row| row.optional_text(0)).transpose()?.flatten().unwrap_or_default())
    }

    /// Writes down what was done.
    pub(crate) fn audit(&mut self, told: Told, for_whom: &[Owner]) -> Result<(), StoreError> {
        let id = self.next_id("audit")?;
        let entry = AuditEntry {
            id: AuditId(id),
            at: self.actor.now,
            author: self.actor.author.clone(),
            what: told.what,
            field: told.field,
            before: told.before,
            after: told.after,
            for_whom: for_whom.to_vec(),
            from: self.actor.from.clone(),
        };
        let about: Option<UserId> = for_whom.first().map(|owner| owner.id);
        self.tx.execute(
            "INSERT INTO audit (org_id, audit_id, at, author_id, about_user, what, document) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                self.org.0.into(),
                id.into(),
                entry.at.0.into(),
                entry.author.user.map(|user| user.0).into(),
                about.map(|user| user.0).into(),
                word(&entry.what).into(),
                json(&entry)?,
            ],
        )?;
        Ok(())
    }
}

/// The parts of a document by their paths. What has a kind is one part.
fn parts(document: &impl serde::Serialize) -> Result<BTreeMap<String, Json>, StoreError> {
    let mut parts = BTreeMap::new();
    collect(&mut parts, "", serde_json::to_value(document)?);
    Ok(parts)
}

fn collect(parts: &mut BTreeMap<String, Json>, path: &str, value: Json) {
    match value {
        Json::Object(object) if !object.contains_key("kind") => {
            for (name, value) in object {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                collect(parts, &path, value);
            }
        }
        Json::Null => {}
        Json::Object(_) | Json::Array(_) | Json::String(_) | Json::Number(_) | Json::Bool(_) => {
            parts.insert(path.to_owned(), value);
        }
    }
}

pub(crate) fn next_id(tx: &mut dyn Transaction, org: OrgId, kind: &'static str) -> Result<u64, StoreError> {
    let sql = "INSERT INTO counters (org_id, kind, last) VALUES ($1, $2, 1)
               ON CONFLICT (org_id, kind) DO UPDATE SET last = counters.last + 1 RETURNING last";
    let row = tx.first(sql, &[org.0.into(), kind.into()])?.ok_or(StoreError::NotFound("organisation"))?;
    row.unsigned(0)
}

/// An enum's word on the wire.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// An enum from its word.
pub(crate) fn from_word<T: serde::de::DeserializeOwned>(word: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word.to_owned()))?)
}
