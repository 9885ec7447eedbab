//! Call settings: the documents, each client's own values, and edits of several users at once.

use bellbird_contract::server::{
    AdminChange, AuditSubject, BulkEdit, ClientId, ClientValues, DryRun, OrgId, Owner, ServerErrorCode, SettingsChange,
    SettingsDocument, UserId, Writer, administer, apply,
};

use super::act::{Act, Told, word};
use super::connection::{Transaction, json};
use super::{Refusal, Store, StoreError, StoredUser};
use crate::domain::{Actor, Change};

/// A user's settings with what each client chose for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSettings {
    /// The user's documents and permissions; its client part is empty.
    pub document: SettingsDocument,
    /// By client.
    pub clients: Vec<(ClientId, ClientValues)>,
}

impl StoredSettings {
    /// The document as one client sees it.
    pub fn for_client(&self, client: Option<&ClientId>) -> SettingsDocument {
        let own = client.and_then(|client| self.clients.iter().find(|(id, _)| id == client));
        SettingsDocument { client: own.map(|(_, values)| *values).unwrap_or_default(), ..self.document.clone() }
    }
}

/// What an edit of several users did, or would do.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// Before and after, by user.
    pub users: Vec<(Owner, SettingsDocument, SettingsDocument)>,
    /// What could not be done; then nothing was.
    pub problems: Vec<BulkProblem>,
}

/// Why a user's settings could not be changed.
#[derive(Clone, Debug)]
pub struct BulkProblem {
    /// Whose.
    pub user: Owner,
    /// Why.
    pub code: ServerErrorCode,
    /// Who wrote what stands there now.
    pub by: String,
}

impl Store {
    /// A user's settings.
    pub async fn settings(&self, org: OrgId, user: UserId) -> Result<StoredSettings, StoreError> {
        self.read(move |tx| load(tx, org, user)).await
    }

    /// All users' settings, for the SIP side.
    pub async fn all_settings(&self, org: OrgId) -> Result<Vec<(UserId, StoredSettings)>, StoreError> {
        self.read(move |tx| {
            let users =
                tx.query("SELECT user_id FROM call_settings WHERE org_id = $1 ORDER BY user_id", &[org.0.into()])?;
            users
                .iter()
                .map(|row| {
                    let user = UserId(row.unsigned(0)?);
                    Ok((user, load(tx, org, user)?))
                })
                .collect()
        })
        .await
    }

    /// The user's own change, from `actor.client`. The permission is checked here: the page is not the lock.
    pub async fn change_own_settings(
        &self,
        actor: &Actor,
        user: UserId,
        change: SettingsChange,
    ) -> Result<StoredSettings, StoreError> {
        self.act(actor, move |act| {
            let stored = load(act.tx, act.org, user)?;
            let before = stored.for_client(act.actor.client.as_ref());
            let after = apply(&before, &change, &writer(act)).map_err(|code| refused(code, &before, &change))?;
            save(act.tx, act.org, user, &after)?;
            if let Some(client) = act.actor.client.clone() {
                save_values(act.tx, act.org, user, &client, &after.client)?;
            }
            let owner = StoredUser::load(act.tx, act.org, user)?.owner();
            tell(act, &owner, &before, &after)?;
            load(act.tx, act.org, user)
        })
        .await
    }

    /// What an administrator does to several users: all of it or nothing. With `dry` nothing in any case.
    pub async fn administer_settings(&self, actor: &Actor, edit: BulkEdit, dry: bool) -> Result<Bulk, StoreError> {
        if dry {
            let actor = actor.clone();
            return self.read(move |tx| plan(&mut Act::new(tx, &actor), &edit)).await;
        }
        self.act(actor, move |act| {
            let bulk = plan(act, &edit)?;
            if bulk.problems.is_empty() {
                for (owner, before, after) in &bulk.users {
                    save(act.tx, act.org, owner.id, after)?;
                    tell(act, owner, before, after)?;
                }
            }
            Ok(bulk)
        })
        .await
    }
}

pub(crate) fn create(act: &mut Act<'_>, user: UserId) -> Result<(), StoreError> {
    save(act.tx, act.actor.org, user, &SettingsDocument::initial(act.actor.now))
}

pub(crate) fn load(tx: &mut dyn Transaction, org: OrgId, user: UserId) -> Result<StoredSettings, StoreError> {
    let key = [org.0.into(), user.0.into()];
    let row = tx.first("SELECT document FROM call_settings WHERE org_id = $1 AND user_id = $2", &key)?;
    let document = row.ok_or(StoreError::NotFound("user"))?.json(0)?;
    let clients = tx
        .query(
            "SELECT client_id, document FROM client_values WHERE org_id = $1 AND user_id = $2 ORDER BY client_id",
            &key,
        )?
        .iter()
        .map(|row| Ok((ClientId(row.text(0)?), row.json(1)?)))
        .collect::<Result<_, StoreError>>()?;
    Ok(StoredSettings { document, clients })
}

pub(crate) fn writer(act: &Act<'_>) -> Writer {
    Writer { author: act.actor.author.clone(), at: act.actor.now }
}

pub(crate) fn save(
    tx: &mut dyn Transaction,
    org: OrgId,
    user: UserId,
    document: &SettingsDocument,
) -> Result<(), StoreError> {
    let shared = SettingsDocument { client: ClientValues::default(), ..document.clone() };
    tx.execute(
        "INSERT INTO call_settings (org_id, user_id, document) VALUES ($1, $2, $3)
         ON CONFLICT (org_id, user_id) DO UPDATE SET document = excluded.document",
        &[org.0.into(), user.0.into(), json(&shared)?],
    )
    .map(drop)
}

fn save_values(
    tx: &mut dyn Transaction,
    org: OrgId,
    user: UserId,
    client: &ClientId,
    values: &ClientValues,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO client_values (org_id, user_id, client_id, document) VALUES ($1, $2, $3, $4)
         ON CONFLICT (org_id, user_id, client_id) DO UPDATE SET document = excluded.document",
        &[org.0.into(), user.0.into(), client.as_str().into(), json(values)?],
    )
    .map(drop)
}

/// Writes down what differs and tells the user's clients.
pub(crate) fn tell(
    act: &mut Act<'_>,
    owner: &Owner,
    before: &SettingsDocument,
    after: &SettingsDocument,
) -> Result<(), StoreError> {
    let about = std::slice::from_ref(owner);
    for (what, field, before, after) in differences(before, after) {
        act.audit(Told::changed(what, field, before, after), about)?;
    }
    act.tell(Change::Settings { user: owner.id, author: Some(act.actor.author.clone()) }).map(drop)
}

/// What differs between two documents, in words of the wire.
pub(crate) fn differences(
    before: &SettingsDocument,
    after: &SettingsDocument,
) -> Vec<(AuditSubject, &'static str, String, String)> {
    let (old, new) = (&before.permissions, &after.permissions);
    let all = [
        (AuditSubject::IncomingCalls, "mode", word(&before.incoming.mode), word(&after.incoming.mode)),
        (AuditSubject::IncomingCalls, "receive", word(&before.client.receive), word(&after.client.receive)),
        (AuditSubject::OutgoingCalls, "mode", word(&before.outgoing.mode), word(&after.outgoing.mode)),
        (
            AuditSubject::OutgoingCalls,
            "callMethod",
            word(&before.outgoing.call_method),
            word(&after.outgoing.call_method),
        ),
        (AuditSubject::OutgoingCalls, "make", word(&before.client.make), word(&after.client.make)),
        (
            AuditSubject::OutgoingCalls,
            "ownCallMethod",
            word(&before.client.call_method),
            word(&after.client.call_method),
        ),
        (AuditSubject::Permission, "configureIncoming", word(&old.configure_incoming), word(&new.configure_incoming)),
        (AuditSubject::Permission, "configureOutgoing", word(&old.configure_outgoing), word(&new.configure_outgoing)),
    ];
    all.into_iter().filter(|(_, _, before, after)| before != after).collect()
}

fn refused(code: ServerErrorCode, document: &SettingsDocument, change: &SettingsChange) -> StoreError {
    let (stamp, revision) = match change {
        SettingsChange::Outgoing { .. } => (&document.outgoing.stamp, document.outgoing.revision),
        SettingsChange::Incoming { .. } | SettingsChange::Unknown => {
            (&document.incoming.stamp, document.incoming.revision)
        }
    };
    if code == ServerErrorCode::Conflict {
        StoreError::Conflict { by: stamp.author.name.clone(), revision: revision.0 }
    } else if code == ServerErrorCode::LockedByAdministrator || code == ServerErrorCode::Forbidden {
        StoreError::Refused(Refusal::NoPermission)
    } else {
        StoreError::Invalid { field: "direction", reason: "this change is not known".to_owned() }
    }
}

fn plan(act: &mut Act<'_>, edit: &BulkEdit) -> Result<Bulk, StoreError> {
    let mut bulk = Bulk { users: Vec::new(), problems: Vec::new() };
    for chosen in &edit.users {
        let owner = StoredUser::load(act.tx, act.org, chosen.user)?.owner();
        let before = load(act.tx, act.org, chosen.user)?.document;
        let seen = |change: &AdminChange| with_base(change, chosen.incoming, chosen.outgoing);
        let changes = edit.changes.iter().map(seen).collect::<Vec<_>>();
        let mut after = Ok(before.clone());
        for change in &changes {
            after = after.and_then(|document| {
                administer(&document, change, &writer(act)).map_err(|code| (code, last_author(&document, change)))
            });
        }
        match after {
            Ok(after) => bulk.users.push((owner, before, after)),
            Err((code, by)) => bulk.problems.push(BulkProblem { user: owner, code, by }),
        }
    }
    Ok(bulk)
}

/// Who wrote the part that a change is about.
fn last_author(document: &SettingsDocument, change: &AdminChange) -> String {
    let stamp = match change {
        AdminChange::Outgoing { .. } => &document.outgoing.stamp,
        AdminChange::Incoming { .. } | AdminChange::Permission { .. } | AdminChange::Unknown => {
            &document.incoming.stamp
        }
    };
    stamp.author.name.clone()
}

/// The revision that was seen, of this very user.
fn with_base(
    change: &AdminChange,
    incoming: Option<bellbird_contract::server::Revision>,
    outgoing: Option<bellbird_contract::server::Revision>,
) -> AdminChange {
    let mut change = change.clone();
    match &mut change {
        AdminChange::Incoming { base, .. } => *base = incoming.or(*base),
        AdminChange::Outgoing { base, .. } => *base = outgoing.or(*base),
        AdminChange::Permission { .. } | AdminChange::Unknown => {}
    }
    change
}

/// The part of a dry run that the documents tell.
pub(crate) fn changes_of(bulk: &Bulk) -> DryRun {
    let changes =
        bulk.users.iter().flat_map(|(owner, before, after)| {
            differences(before, after).into_iter().map(|(what, _, before, after)| {
                bellbird_contract::server::DryRunChange { user: owner.clone(), what, before, after }
            })
        });
    DryRun { changes: changes.collect(), warnings: Vec::new(), problems: Vec::new() }
}
