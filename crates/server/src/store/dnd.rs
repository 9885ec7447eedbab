//! Do Not Disturb: each user's newest act.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{AuditSubject, DndAct, DndRegister, DndSource, DndState, OrgId, UserId};

use super::act::{Act, Told};
use super::connection::{Transaction, json};
use super::{Store, StoreError, StoredUser};
use crate::domain::{Actor, Change};

/// Acts that have no clock of their own are stamped here.
const SERVER_NODE: u64 = 0;

impl Store {
    /// A user's state.
    pub async fn dnd(&self, org: OrgId, user: UserId) -> Result<DndState, StoreError> {
        self.read(move |tx| Ok(load(tx, org, user)?.state)).await
    }

    /// All users' states; who never pressed it is not among them.
    pub async fn all_dnd(&self, org: OrgId) -> Result<Vec<(UserId, DndState)>, StoreError> {
        self.read(move |tx| {
            let rows = tx.query("SELECT user_id, document FROM dnd WHERE org_id = $1", &[org.0.into()])?;
            rows.iter().map(|row| Ok((UserId(row.unsigned(0)?), row.json::<DndRegister>(1)?.state))).collect()
        })
        .await
    }

    /// Merges an act that a phone stamped, perhaps long ago. Returns what holds now.
    pub async fn merge_dnd(&self, actor: &Actor, user: UserId, dnd: DndAct) -> Result<DndState, StoreError> {
        self.act(actor, move |act| {
            let mut register = load(act.tx, act.org, user)?;
            let before = register.state.clone();
            register.admit(dnd, act.actor.now);
            keep(act, user, &before, &register)?;
            Ok(register.state)
        })
        .await
    }

    /// Takes an act from something without a clock: it counts as of now.
    pub async fn act_dnd(
        &self,
        actor: &Actor,
        user: UserId,
        on: bool,
        until: Option<Timestamp>,
        by: DndSource,
    ) -> Result<DndState, StoreError> {
        self.act(actor, move |act| {
            let mut register = load(act.tx, act.org, user)?;
            let before = register.state.clone();
            register.act_now(on, until, by, act.actor.now, SERVER_NODE);
            keep(act, user, &before, &register)?;
            Ok(register.state)
        })
        .await
    }

    /// A key of a phone says what shall be. What is so already stays as it is, with its end: a phone that was told also
    /// says it.
    pub async fn say_dnd(&self, actor: &Actor, user: UserId, on: bool, by: DndSource) -> Result<DndState, StoreError> {
        self.act(actor, move |act| {
            let mut register = load(act.tx, act.org, user)?;
            let before = register.state.clone();
            if before.is_on(act.actor.now) == on {
                return Ok(before);
            }
            register.act_now(on, None, by, act.actor.now, SERVER_NODE);
            keep(act, user, &before, &register)?;
            Ok(register.state)
        })
        .await
    }
}

fn load(tx: &mut dyn Transaction, org: OrgId, user: UserId) -> Result<DndRegister, StoreError> {
    let row =
        tx.first("SELECT document FROM dnd WHERE org_id = $1 AND user_id = $2", &[org.0.into(), user.0.into()])?;
    row.map_or_else(|| Ok(DndRegister::default()), |row| row.json(0))
}

fn keep(act: &mut Act<'_>, user: UserId, before: &DndState, after: &DndRegister) -> Result<(), StoreError> {
    let owner = StoredUser::load(act.tx, act.org, user)?.owner();
    act.tx.execute(
        "INSERT INTO dnd (org_id, user_id, document) VALUES ($1, $2, $3)
         ON CONFLICT (org_id, user_id) DO UPDATE SET document = excluded.document",
        &[act.org.0.into(), user.0.into(), json(after)?],
    )?;
    if *before == after.state {
        return Ok(());
    }
    let now = act.actor.now;
    act.audit(
        Told::changed(AuditSubject::DoNotDisturb, "dnd", words(before, now), words(&after.state, now)),
        &[owner],
    )?;
    act.tell(Change::Dnd { user }).map(drop)
}

fn words(state: &DndState, now: Timestamp) -> String {
    match (state.is_on(now), state.ends(now)) {
        (false, _) => "off".to_owned(),
        (true, None) => "on".to_owned(),
        (true, Some(end)) => format!("on until {}", end.0),
    }
}
