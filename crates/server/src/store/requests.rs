//! Users ask for a change that they may not make; an administrator answers.

use bellbird_contract::server::{
    AdminChange, AuditSubject, ChangeRequest, ChangeRequestAnswer, ChangeRequestDraft, ChangeRequestId,
    ChangeRequestState, Direction, Mode, OrgId, Permission, Revision, SettingsDocument, Stamp, UserId, administer,
};

use super::act::{Act, Told, word};
use super::connection::{Transaction, json};
use super::{Refusal, Store, StoreError, StoredUser, settings};
use crate::domain::{Actor, Change, check_words};

impl Store {
    /// Requests, open ones first, then newest first; of one user or of all.
    pub async fn requests(&self, org: OrgId, user: Option<UserId>) -> Result<Vec<ChangeRequest>, StoreError> {
        self.read(move |tx| {
            let sql = "SELECT document FROM change_requests WHERE org_id = $1 AND ($2 = 0 OR user_id = $2)
                       ORDER BY open DESC, created_at DESC, request_id DESC LIMIT 500";
            let user = user.map_or(0, |user| user.0);
            tx.query(sql, &[org.0.into(), user.into()])?.iter().map(|row| row.json(0)).collect()
        })
        .await
    }

    /// One request.
    pub async fn request(&self, org: OrgId, id: ChangeRequestId) -> Result<ChangeRequest, StoreError> {
        self.read(move |tx| load(tx, org, id)).await
    }

    /// Asks for a change. One open request a direction is enough.
    pub async fn ask(
        &self,
        actor: &Actor,
        user: UserId,
        draft: ChangeRequestDraft,
    ) -> Result<ChangeRequest, StoreError> {
        self.act(actor, move |act| ask(act, user, draft)).await
    }

    /// Takes an open request of one's own back.
    pub async fn withdraw(
        &self,
        actor: &Actor,
        user: UserId,
        id: ChangeRequestId,
    ) -> Result<ChangeRequest, StoreError> {
        self.act(actor, move |act| {
            let request = load(act.tx, act.org, id)?;
            if request.user.id != user {
                return Err(StoreError::NotFound("request"));
            }
            let state = ChangeRequestState::Withdrawn { at: act.actor.now };
            settle(act, request, state)
        })
        .await
    }

    /// Answers a request. What was asked for happens with it.
    pub async fn answer(
        &self,
        actor: &Actor,
        id: ChangeRequestId,
        answer: ChangeRequestAnswer,
    ) -> Result<ChangeRequest, StoreError> {
        self.act(actor, move |act| {
            let request = load(act.tx, act.org, id)?;
            let stamp = Stamp { author: act.actor.author.clone(), since: act.actor.now, note: None };
            let state = match answer {
                ChangeRequestAnswer::Accept => {
                    change_settings(act, &request, &granted(&request))?;
                    ChangeRequestState::Accepted { stamp }
                }
                ChangeRequestAnswer::Permit => {
                    let permission = permission(request.asked.direction)?;
                    change_settings(act, &request, &AdminChange::Permission { permission, granted: true })?;
                    ChangeRequestState::Permitted { stamp }
                }
                ChangeRequestAnswer::Decline { note } => {
                    check_words("note", &note)?;
                    ChangeRequestState::Declined { stamp: Stamp { note: Some(note), ..stamp } }
                }
                ChangeRequestAnswer::Unknown => {
                    return Err(StoreError::Invalid { field: "answer", reason: "this answer is not known".to_owned() });
                }
            };
            settle(act, request, state)
        })
        .await
    }
}

fn load(tx: &mut dyn Transaction, org: OrgId, id: ChangeRequestId) -> Result<ChangeRequest, StoreError> {
    let sql = "SELECT document FROM change_requests WHERE org_id = $1 AND request_id = $2";
    tx.first(sql, &[org.0.into(), id.0.into()])?.ok_or(StoreError::NotFound("request"))?.json(0)
}

fn ask(act: &mut Act<'_>, id: UserId, asked: ChangeRequestDraft) -> Result<ChangeRequest, StoreError> {
    check_words("text", &asked.text)?;
    permission(asked.direction)?;
    let user = StoredUser::load(act.tx, act.org, id)?;
    let open = "SELECT document FROM change_requests WHERE org_id = $1 AND user_id = $2 AND open = 1";
    for row in act.tx.query(open, &[act.org.0.into(), id.0.into()])? {
        if row.json::<ChangeRequest>(0)?.asked.direction == asked.direction {
            return Err(StoreError::taken("request", ""));
        }
    }
    let document = settings::load(act.tx, act.org, id)?.document;
    let set_by = stamp_of(&document, asked.direction).clone();
    let request = ChangeRequest {
        id: ChangeRequestId(act.next_id("request")?),
        user: user.owner(),
        extension: user.extension.clone(),
        at: act.actor.now,
        locked_with: locked_with(act, id, asked.direction, &set_by)?,
        set_by: Some(set_by),
        asked,
        state: ChangeRequestState::Open,
        revision: Revision(1),
    };
    act.tx.execute(
        "INSERT INTO change_requests (org_id, request_id, user_id, open, created_at, document) VALUES ($1, $2, $3, 1, $4, $5)",
        &[act.org.0.into(), request.id.0.into(), id.0.into(), request.at.0.into(), json(&request)?],
    )?;
    let told = Told::changed(AuditSubject::ChangeRequest, &word(&request.asked.direction), "", "open");
    act.audit(told, std::slice::from_ref(&request.user))?;
    act.tell(Change::Request { request: request.id, user: id })?;
    Ok(request)
}

fn stamp_of(document: &SettingsDocument, direction: Direction) -> &Stamp {
    if direction == Direction::Outgoing { &document.outgoing.stamp } else { &document.incoming.stamp }
}

/// How many others were set by the same act.
fn locked_with(act: &mut Act<'_>, user: UserId, direction: Direction, set_by: &Stamp) -> Result<u32, StoreError> {
    let sql = "SELECT document FROM call_settings WHERE org_id = $1 AND user_id <> $2";
    let others = act.tx.query(sql, &[act.org.0.into(), user.0.into()])?;
    let mut count = 0;
    for row in &others {
        let document: SettingsDocument = row.json(0)?;
        let same = stamp_of(&document, direction);
        count += u32::from(!set_by.author.is_server() && same.author == set_by.author && same.since == set_by.since);
    }
    Ok(count)
}

fn permission(direction: Direction) -> Result<Permission, StoreError> {
    match direction {
        Direction::Incoming => Ok(Permission::ConfigureIncoming),
        Direction::Outgoing => Ok(Permission::ConfigureOutgoing),
        Direction::Unknown => {
            Err(StoreError::Invalid { field: "direction", reason: "this direction is not known".to_owned() })
        }
    }
}

/// The change that was wished for; without a wish: on.
fn granted(request: &ChangeRequest) -> AdminChange {
    let wish = request.asked.wish.as_ref();
    let mode = if wish.and_then(|wish| wish.on).unwrap_or(true) { Mode::Enabled } else { Mode::Disabled };
    if request.asked.direction == Direction::Outgoing {
        let call_method = wish.and_then(|wish| wish.call_method);
        AdminChange::Outgoing { base: None, mode, call_method, note: None }
    } else {
        AdminChange::Incoming { base: None, mode, note: None }
    }
}

fn change_settings(act: &mut Act<'_>, request: &ChangeRequest, change: &AdminChange) -> Result<(), StoreError> {
    let before = settings::load(act.tx, act.org, request.user.id)?.document;
    let after = administer(&before, change, &settings::writer(act))
        .map_err(|code| StoreError::Invalid { field: "wish", reason: word(&code) })?;
    settings::save(act.tx, act.org, request.user.id, &after)?;
    settings::tell(act, &request.user, &before, &after)
}

fn settle(
    act: &mut Act<'_>,
    mut request: ChangeRequest,
    state: ChangeRequestState,
) -> Result<ChangeRequest, StoreError> {
    if request.state != ChangeRequestState::Open {
        return Err(StoreError::Refused(Refusal::AlreadySettled));
    }
    request.state = state;
    request.revision = request.revision.next();
    let values = [act.org.0.into(), request.id.0.into(), json(&request)?];
    act.tx
        .execute("UPDATE change_requests SET open = 0, document = $3 WHERE org_id = $1 AND request_id = $2", &values)?;
    let state = act.in_words(Some(&serde_json::to_value(&request.state)?))?;
    let told = Told::changed(AuditSubject::ChangeRequest, "state", "open", state);
    act.audit(told, std::slice::from_ref(&request.user))?;
    act.tell(Change::Request { request: request.id, user: request.user.id })?;
    Ok(request)
}
