//! Organisations: what each is called, its realm for ever, its settings.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AuditSubject, OrgId, Organisation, OrganisationChange, OrganisationName, OrganisationSettings, Revision, UserId,
};
use serde::{Deserialize, Serialize};

use super::act::next_id;
use super::connection::{Row, Transaction, json};
use super::{Store, StoreError};
use crate::domain::{Actor, Change, check_text, check_time_zone, emergency_numbers};

/// An organisation to be.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// What it is called.
    pub name: String,
    /// Its SIP domain.
    pub domain: String,
    /// Its settings.
    pub settings: OrganisationSettings,
}

/// An organisation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOrganisation {
    /// Which.
    pub id: OrgId,
    /// Its SIP domain.
    pub domain: String,
    /// The realm of all its digests, fixed when it was made.
    pub realm: String,
    /// The revision that counts its changes.
    pub changes: Revision,
    /// Name and settings.
    pub document: OrganisationDocument,
}

/// What of an organisation is kept as one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationDocument {
    /// What it is called.
    pub name: String,
    /// Its settings.
    pub settings: OrganisationSettings,
    /// Grows with each change of this document.
    pub revision: Revision,
}

const COLUMNS: &str = "org_id, domain, realm, revision, document";

impl StoredOrganisation {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: OrgId(row.unsigned(0)?),
            domain: row.text(1)?,
            realm: row.text(2)?,
            changes: Revision(row.unsigned(3)?),
            document: row.json(4)?,
        })
    }

    pub(crate) fn load(tx: &mut dyn Transaction, org: OrgId) -> Result<Self, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM organisations WHERE org_id = $1");
        let row = tx.first(&sql, &[org.0.into()])?.ok_or(StoreError::NotFound("organisation"))?;
        Self::from_row(&row)
    }

    /// By id and name.
    pub fn name(&self) -> OrganisationName {
        OrganisationName { id: self.id, name: self.document.name.clone() }
    }

    /// As it is shown.
    pub fn view(&self) -> Organisation {
        let settings = self.document.settings.clone();
        Organisation {
            id: self.id,
            name: self.document.name.clone(),
            domain: self.domain.clone(),
            realm: self.realm.clone(),
            emergency_numbers: emergency_numbers(&settings.country),
            settings,
            revision: self.document.revision,
        }
    }
}

/// Before anything changed.
pub(super) const FIRST: Revision = Revision(1);

impl Store {
    /// Makes an organisation. Its realm is its domain now, and stays so if the domain ever changes.
    pub async fn create_organisation(&self, new: NewOrganisation, now: Timestamp) -> Result<OrgId, StoreError> {
        self.write(move |tx| create(tx, &new, now)).await
    }

    /// One organisation.
    pub async fn organisation(&self, org: OrgId) -> Result<StoredOrganisation, StoreError> {
        self.read(move |tx| StoredOrganisation::load(tx, org)).await
    }

    /// All organisations, for the SIP side and the commands.
    pub async fn organisations(&self) -> Result<Vec<StoredOrganisation>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM organisations ORDER BY org_id");
        self.read(move |tx| tx.query(&sql, &[])?.iter().map(StoredOrganisation::from_row).collect()).await
    }

    /// Changes name or settings, if nobody did since `change.base`.
    pub async fn change_organisation(
        &self,
        actor: &Actor,
        change: OrganisationChange,
    ) -> Result<Organisation, StoreError> {
        self.act(actor, move |act| {
            let mut organisation = StoredOrganisation::load(act.tx, act.org)?;
            let before = organisation.document.clone();
            act.unchanged("organisation", 0, Some(change.base), before.revision)?;
            act.sign("organisation", 0)?;
            let after = &mut organisation.document;
            if let Some(name) = &change.name {
                check_text("name", name, true)?;
                after.name = name.trim().to_owned();
            }
            if let Some(settings) = &change.settings {
                check_time_zone(&settings.time_zone)?;
                after.settings = settings.clone();
            }
            after.revision = before.revision.next();
            let values = [act.org.0.into(), json(after)?];
            act.tx.execute("UPDATE organisations SET document = $2 WHERE org_id = $1", &values)?;
            let seen =
                |document: &OrganisationDocument| OrganisationDocument { revision: Revision(0), ..document.clone() };
            act.audit_parts(AuditSubject::Organisation, (&seen(&before), &seen(&organisation.document)), &[])?;
            act.tell(Change::Organisation)?;
            Ok(organisation.view())
        })
        .await
    }

    /// The organisations that a partner administers beside the own one.
    pub async fn administers(&self, home: OrgId, user: UserId) -> Result<Vec<OrganisationName>, StoreError> {
        self.read(move |tx| {
            let sql = "SELECT o.org_id, o.domain, o.realm, o.revision, o.document FROM partners p
                       JOIN organisations o ON o.org_id = p.org_id
                       WHERE p.home_org_id = $1 AND p.user_id = $2 ORDER BY o.org_id";
            let rows = tx.query(sql, &[home.0.into(), user.0.into()])?;
            rows.iter().map(|row| Ok(StoredOrganisation::from_row(row)?.name())).collect()
        })
        .await
    }

    /// Lets a partner administer another organisation.
    pub async fn make_partner(&self, org: OrgId, home: OrgId, user: UserId) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "INSERT INTO partners (org_id, home_org_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            tx.execute(sql, &[org.0.into(), home.0.into(), user.0.into()]).map(drop)
        })
        .await
    }

    /// Lets a partner administer another organisation no longer.
    pub async fn end_partner(&self, org: OrgId, home: OrgId, user: UserId) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "DELETE FROM partners WHERE org_id = $1 AND home_org_id = $2 AND user_id = $3";
            tx.execute(sql, &[org.0.into(), home.0.into(), user.0.into()]).map(drop)
        })
        .await
    }

    /// Something that concerns the whole installation, such as the set-up link's digest.
    pub async fn installation(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.read(move |tx| {
            let row = tx.first("SELECT content FROM installation WHERE name = $1", &[name.into()])?;
            row.map(|row| row.text(0)).transpose()
        })
        .await
    }

    /// Keeps something that concerns the whole installation; `None` forgets it.
    pub async fn set_installation(&self, name: &'static str, content: Option<String>) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute("DELETE FROM installation WHERE name = $1", &[name.into()])?;
            let Some(content) = content else { return Ok(()) };
            tx.execute("INSERT INTO installation (name, content) VALUES ($1, $2)", &[name.into(), content.into()])
                .map(drop)
        })
        .await
    }
}

pub(crate) fn create(tx: &mut dyn Transaction, new: &NewOrganisation, now: Timestamp) -> Result<OrgId, StoreError> {
    check_text("organisation", &new.name, true)?;
    check_text("domain", &new.domain, true)?;
    let domain = new.domain.trim().to_lowercase();
    if !tx.query("SELECT 1 FROM organisations WHERE domain = $1", &[domain.as_str().into()])?.is_empty() {
        return Err(StoreError::taken("domain", &domain));
    }
    // Ids of organisations are counted in the organisation that does not exist.
    let id = next_id(tx, OrgId(0), "organisation")?;
    let document = OrganisationDocument {
        name: new.name.trim().to_owned(),
        settings: new.settings.clone(),
        revision: Revision(1),
    };
    tx.execute(
        "INSERT INTO organisations (org_id, domain, realm, revision, created_at, document) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            id.into(),
            domain.as_str().into(),
            domain.as_str().into(),
            FIRST.0.into(),
            now.0.into(),
            json(&document)?,
        ],
    )?;
    Ok(OrgId(id))
}

impl Store {
    /// Makes the first organisation with its administrator: both or neither.
    pub async fn set_up(
        &self,
        new: NewOrganisation,
        admin: bellbird_contract::server::UserDraft,
        password_hash: String,
        now: Timestamp,
    ) -> Result<OrgId, StoreError> {
        self.write(move |tx| {
            let org = create(tx, &new, now)?;
            let server = Actor::server(org, now);
            super::users::create(&mut super::act::Act::new(tx, &server), &admin, Some(password_hash))?;
            Ok(org)
        })
        .await
    }
}
