//! The address book: people who are no users, and where they work.

use std::collections::BTreeSet;

use bellbird_contract::server::{AuditSubject, Contact, ContactEdit, ContactId, OrgId, Personal, Revision};
use serde::{Deserialize, Serialize};

use super::act::{Act, Told};
use super::connection::{Row, Transaction, json};
use super::{Store, StoreError};
use crate::domain::{Actor, check_email, check_personal, check_text};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContactDocument {
    first_name: String,
    last_name: String,
    email: String,
    personal: Personal,
}

impl Store {
    /// Everybody in the address book who is no user, by name.
    pub async fn contacts(&self, org: OrgId) -> Result<Vec<Contact>, StoreError> {
        self.read(move |tx| all(tx, org)).await
    }

    /// Takes somebody into the address book.
    pub async fn create_contact(&self, actor: &Actor, edit: ContactEdit) -> Result<Contact, StoreError> {
        self.act(actor, move |act| {
            let id = ContactId(act.next_id("contact")?);
            put(act, id, &edit, Revision(1))?;
            let contact = one(act.tx, act.org, id)?;
            act.audit(Told::new(AuditSubject::Contact).after(name(&contact)), &[])?;
            Ok(contact)
        })
        .await
    }

    /// Changes somebody in the address book, if nobody did since `edit.base`.
    pub async fn change_contact(&self, actor: &Actor, id: ContactId, edit: ContactEdit) -> Result<Contact, StoreError> {
        self.act(actor, move |act| {
            let before = one(act.tx, act.org, id)?;
            act.unchanged("contact", id.0, edit.base, before.revision)?;
            put(act, id, &edit, before.revision.next())?;
            let after = one(act.tx, act.org, id)?;
            // The revision is no part of what people read.
            let seen = Contact { revision: after.revision, ..before };
            act.audit_parts(AuditSubject::Contact, (&seen, &after), &[])?;
            Ok(after)
        })
        .await
    }

    /// Takes somebody out of the address book.
    pub async fn delete_contact(&self, actor: &Actor, id: ContactId) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let contact = one(act.tx, act.org, id)?;
            remove(act.tx, act.org, id)?;
            act.audit(Told::new(AuditSubject::Contact).before(name(&contact)), &[])
        })
        .await
    }

    /// Where users and other people work, each employer once.
    pub async fn employers(&self, org: OrgId) -> Result<Vec<String>, StoreError> {
        self.read(move |tx| {
            let users = super::users::all(tx, org)?.into_iter().map(|user| user.profile.personal.employer);
            let others = all(tx, org)?.into_iter().map(|contact| contact.personal.employer);
            let employers: BTreeSet<String> = users.chain(others).map(|name| name.trim().to_owned()).collect();
            Ok(employers.into_iter().filter(|name| !name.is_empty()).collect())
        })
        .await
    }
}

/// Somebody of the address book becomes a user.
pub(crate) fn becomes_user(act: &mut Act<'_>, id: ContactId) -> Result<(), StoreError> {
    one(act.tx, act.org, id)?;
    remove(act.tx, act.org, id)
}

const COLUMNS: &str = "contact_id, revision, document";

fn all(tx: &mut dyn Transaction, org: OrgId) -> Result<Vec<Contact>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM contacts WHERE org_id = $1");
    let mut contacts: Vec<Contact> = tx.query(&sql, &[org.0.into()])?.iter().map(from_row).collect::<Result<_, _>>()?;
    contacts.sort_by_cached_key(|contact| (name(contact).to_lowercase(), contact.id));
    Ok(contacts)
}

fn one(tx: &mut dyn Transaction, org: OrgId, id: ContactId) -> Result<Contact, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM contacts WHERE org_id = $1 AND contact_id = $2");
    from_row(&tx.first(&sql, &[org.0.into(), id.0.into()])?.ok_or(StoreError::NotFound("person"))?)
}

fn from_row(row: &Row) -> Result<Contact, StoreError> {
    let ContactDocument { first_name, last_name, email, personal } = row.json(2)?;
    let (id, revision) = (ContactId(row.unsigned(0)?), Revision(row.unsigned(1)?));
    Ok(Contact { id, first_name, last_name, email, personal, revision })
}

fn put(act: &mut Act<'_>, id: ContactId, edit: &ContactEdit, revision: Revision) -> Result<(), StoreError> {
    check_text("firstName", &edit.first_name, true)?;
    check_text("lastName", &edit.last_name, false)?;
    let email = edit.email.trim().to_lowercase();
    if !email.is_empty() {
        check_email(&email)?;
    }
    check_personal(&edit.personal)?;
    let document = ContactDocument {
        first_name: edit.first_name.trim().to_owned(),
        last_name: edit.last_name.trim().to_owned(),
        email,
        personal: edit.personal.clone(),
    };
    act.sign("contact", id.0)?;
    let sql = "INSERT INTO contacts (org_id, contact_id, revision, document) VALUES ($1, $2, $3, $4)
               ON CONFLICT (org_id, contact_id)
               DO UPDATE SET revision = excluded.revision, document = excluded.document";
    act.tx.execute(sql, &[act.org.0.into(), id.0.into(), revision.0.into(), json(&document)?]).map(drop)
}

fn remove(tx: &mut dyn Transaction, org: OrgId, id: ContactId) -> Result<(), StoreError> {
    let key = [org.0.into(), id.0.into()];
    tx.execute("DELETE FROM contacts WHERE org_id = $1 AND contact_id = $2", &key).map(drop)
}

fn name(contact: &Contact) -> String {
    format!("{} {}", contact.first_name, contact.last_name).trim().to_owned()
}
