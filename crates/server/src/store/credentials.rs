//! What people and programs show: sessions, device tokens, API keys, links. Only digests are kept.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{ApiKeyId, ApiKeyView, AuditSubject, ClientId, OrgId, UserId, VoipAccountId};
use serde::{Deserialize, Serialize};

use super::act::{Act, Told, from_word, word};
use super::connection::{Row, Transaction, Value, json};
use super::rows::{NewClient, StoredClient};
use super::{DeadLink, Refusal, Store, StoreError, StoredUser};
use crate::auth::TokenHash;
use crate::domain::{Actor, Change};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GrantKind {
    /// A person in the portal.
    Session,
    /// An app.
    Device,
    /// A program.
    ApiKey,
    /// Sets a first password, once.
    Invitation,
    /// Sets a new password, once.
    Reset,
    /// Logs an app in, once.
    Provisioning,
}

/// A token to keep.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Its digest.
    pub hash: TokenHash,
    /// Its public id.
    pub id: String,
    /// Whose.
    pub user: UserId,
    /// What for.
    pub kind: GrantKind,
    /// Until when, at most.
    pub expires: Option<Timestamp>,
    /// And how long without use.
    pub idle_millis: Option<u64>,
    /// A key's name, or a session's CSRF token.
    pub words: String,
}

/// A token that was found and has not run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Where.
    pub org: OrgId,
    /// Its public id.
    pub id: String,
    /// Whose.
    pub user: UserId,
    /// What for.
    pub kind: GrantKind,
    /// The app that it belongs to.
    pub client: Option<ClientId>,
    /// When it was last used.
    pub last_used: Timestamp,
    /// How long it lasts without use.
    pub idle_millis: Option<u64>,
    /// A key's name, or a session's CSRF token.
    pub words: String,
}

/// Who may be meant by a log-in name, with the password's hash.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who.
    pub user: StoredUser,
    /// The password's hash.
    pub password_hash: Option<String>,
    /// Logged in from this address before.
    pub known_address: bool,
}

/// A name that many organisations use is tried in so many of them.
const CANDIDATES: i64 = 4;

const COLUMNS: &str = "org_id, token_id, user_id, kind, client_id, last_used_at, expires_at, idle_ms, document";

impl Store {
    /// Who is meant by a log-in name or an e-mail address, in any organisation.
    pub async fn identities(&self, login: String, address: String) -> Result<Vec<Identity>, StoreError> {
        self.read(move |tx| {
            let login = login.trim().to_lowercase();
            let sql = format!(
                "SELECT {}, password_hash FROM users WHERE login = $1 OR email = $1 ORDER BY org_id LIMIT $2",
                StoredUser::COLUMNS
            );
            let rows = tx.query(&sql, &[login.into(), CANDIDATES.into()])?;
            rows.iter().map(|row| identity(tx, row, &address)).collect()
        })
        .await
    }

    /// One user's identity, to check the old password before a new one.
    pub async fn identity(&self, org: OrgId, user: UserId) -> Result<Identity, StoreError> {
        self.read(move |tx| {
            let sql =
                format!("SELECT {}, password_hash FROM users WHERE org_id = $1 AND user_id = $2", StoredUser::COLUMNS);
            let row = tx.first(&sql, &[org.0.into(), user.0.into()])?.ok_or(StoreError::NotFound("user"))?;
            identity(tx, &row, "")
        })
        .await
    }

    /// What somebody shows, and whose it is. Nothing for what is unknown or has run out.
    pub async fn grant(&self, hash: TokenHash, now: Timestamp) -> Result<Option<(Grant, StoredUser)>, StoreError> {
        self.read(move |tx| {
            let Some(grant) = find(tx, &hash, now)? else { return Ok(None) };
            let user = StoredUser::load(tx, grant.org, grant.user)?;
            Ok(Some((grant, user)))
        })
        .await
    }

    /// Writes down that a token was used.
    pub async fn touch(&self, org: OrgId, id: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "UPDATE tokens SET last_used_at = $3 WHERE org_id = $1 AND token_id = $2";
            tx.execute(sql, &[org.0.into(), id.into(), now.0.into()]).map(drop)
        })
        .await
    }

    /// Begins a session, and remembers the address.
    pub async fn begin_session(&self, actor: &Actor, grant: NewGrant, address: String) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            insert(act.tx, act.org, &grant, None, act.actor.now)?;
            logged_in(act, grant.user, &address)
        })
        .await
    }

    /// Makes an API key or a link. A new link of one kind replaces the last.
    pub async fn issue(&self, actor: &Actor, grant: NewGrant) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let owner = StoredUser::load(act.tx, act.org, grant.user)?.owner();
            if grant.kind != GrantKind::ApiKey {
                let (org, now) = (act.org, act.actor.now);
                super::links::spend(act.tx, org, super::links::Which::Of(grant.user, &[grant.kind]), "replaced", now)?;
            }
            insert(act.tx, act.org, &grant, None, act.actor.now)?;
            let what = if grant.kind == GrantKind::ApiKey { AuditSubject::ApiKey } else { AuditSubject::Password };
            let told = if what == AuditSubject::ApiKey { grant.words.clone() } else { word(&grant.kind) };
            act.audit(Told::new(what).after(told), &[owner])
        })
        .await
    }

    /// A number for the next API key.
    pub async fn next_api_key(&self, org: OrgId) -> Result<ApiKeyId, StoreError> {
        self.write(move |tx| Ok(ApiKeyId(super::act::next_id(tx, org, "apiKey")?))).await
    }

    /// A user's API keys.
    pub async fn api_keys(&self, org: OrgId, user: UserId) -> Result<Vec<ApiKeyView>, StoreError> {
        self.read(move |tx| {
            let sql = "SELECT token_id, document, created_at, last_used_at FROM tokens
                       WHERE org_id = $1 AND user_id = $2 AND kind = 'apiKey' ORDER BY created_at";
            let rows = tx.query(sql, &[org.0.into(), user.0.into()])?;
            rows.iter().map(key_view).collect()
        })
        .await
    }

    /// Revokes one API key, and nothing else.
    pub async fn revoke_api_key(&self, actor: &Actor, user: UserId, key: ApiKeyId) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let which = "FROM tokens WHERE org_id = $1 AND user_id = $2 AND kind = 'apiKey' AND token_id = $3";
            let values = [act.org.0.into(), user.0.into(), format!("key-{}", key.0).into()];
            let row = act.tx.first(&format!("SELECT document {which}"), &values)?;
            let name: String = row.ok_or(StoreError::NotFound("API key"))?.json(0)?;
            act.tx.execute(&format!("DELETE {which}"), &values)?;
            let owner = StoredUser::load(act.tx, act.org, user)?.owner();
            act.audit(Told::new(AuditSubject::ApiKey).before(name), &[owner])
        })
        .await
    }

    /// Ends one session.
    pub async fn end_session(&self, org: OrgId, id: String) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute("DELETE FROM tokens WHERE org_id = $1 AND token_id = $2", &[org.0.into(), id.into()]).map(drop)
        })
        .await
    }

    /// Sets a password: sessions end, apps only where asked.
    pub async fn set_password(
        &self,
        actor: &Actor,
        user: UserId,
        hash: String,
        must_change: bool,
        revoke_clients: bool,
    ) -> Result<(), StoreError> {
        self.act(actor, move |act| set_password(act, user, &hash, must_change, revoke_clients)).await
    }

    /// Sets a password by a one-time link, which is used up with it.
    pub async fn use_link(&self, actor: &Actor, link: TokenHash, hash: String) -> Result<UserId, StoreError> {
        self.act(actor, move |act| {
            let grant = super::links::live(act.tx, &link, act.actor.now)?;
            if !matches!(grant.kind, GrantKind::Invitation | GrantKind::Reset) {
                return Err(StoreError::Refused(Refusal::Link(DeadLink::Invalid)));
            }
            super::links::spend(act.tx, grant.org, super::links::Which::This(&link), "used", act.actor.now)?;
            set_password(act, grant.user, &hash, false, false)?;
            Ok(grant.user)
        })
        .await
    }

    /// Logs an app in: its client, its token and its SIP credentials, replacing those that this client had.
    pub async fn log_in_client(
        &self,
        actor: &Actor,
        new: NewClient,
        address: String,
    ) -> Result<VoipAccountId, StoreError> {
        self.act(actor, move |act| {
            let account = super::accounts::for_client(act, new.user, new.description.web)?;
            revoke(act, &new.id)?;
            keep_client(act, &new, account)?;
            logged_in(act, new.user, &address)?;
            act.tell(Change::Account { account })?;
            Ok(account)
        })
        .await
    }

    /// Uses up a provisioning link; says whose it was.
    pub async fn use_provisioning(&self, link: TokenHash, now: Timestamp) -> Result<(OrgId, UserId), StoreError> {
        self.write(move |tx| {
            let grant = super::links::live(tx, &link, now)?;
            if grant.kind != GrantKind::Provisioning {
                return Err(StoreError::Refused(Refusal::Link(DeadLink::Invalid)));
            }
            super::links::spend(tx, grant.org, super::links::Which::This(&link), "used", now)?;
            Ok((grant.org, grant.user))
        })
        .await
    }

    /// Logs one client out; the user's others stay.
    pub async fn revoke_client(&self, actor: &Actor, user: UserId, client: ClientId) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let known = clients(act.tx, act.org, user)?.into_iter().find(|known| known.id == client);
            let known = known.ok_or(StoreError::NotFound("client"))?;
            revoke(act, &client)?;
            let owner = StoredUser::load(act.tx, act.org, user)?.owner();
            act.audit(Told::new(AuditSubject::ClientRevoked).before(known.description.name), &[owner])?;
            act.tell(Change::LoggedOut { user, client: Some(client) })?;
            act.tell(Change::Account { account: known.account }).map(drop)
        })
        .await
    }

    /// A user's clients.
    pub async fn clients(&self, org: OrgId, user: UserId) -> Result<Vec<StoredClient>, StoreError> {
        self.read(move |tx| clients(tx, org, user)).await
    }

    /// Forgets tokens that have run out.
    pub async fn tidy_tokens(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            super::links::tidy(tx, now)?;
            tx.execute("DELETE FROM tokens WHERE expires_at < $1", &[now.0.into()])?;
            let sql = "DELETE FROM tokens WHERE kind = 'session' AND last_used_at + idle_ms < $1";
            tx.execute(sql, &[now.0.into()]).map(drop)
        })
        .await
    }
}

fn identity(tx: &mut dyn Transaction, row: &Row, address: &str) -> Result<Identity, StoreError> {
    let user = StoredUser::from_row(row)?;
    let sql = "SELECT 1 FROM known_addresses WHERE org_id = $1 AND user_id = $2 AND address = $3";
    let known_address = tx.first(sql, &[user.org.0.into(), user.id.0.into(), address.into()])?.is_some();
    Ok(Identity { user, password_hash: row.optional_text(12)?, known_address })
}

pub(crate) fn find(tx: &mut dyn Transaction, hash: &TokenHash, now: Timestamp) -> Result<Option<Grant>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM tokens WHERE hash = $1");
    let Some(row) = tx.first(&sql, &[hash.0.as_str().into()])? else { return Ok(None) };
    let grant = Grant {
        org: OrgId(row.unsigned(0)?),
        id: row.text(1)?,
        user: UserId(row.unsigned(2)?),
        kind: from_word(&row.text(3)?)?,
        client: row.optional_text(4)?.map(ClientId),
        last_used: Timestamp(row.unsigned(5)?),
        idle_millis: row.optional_unsigned(7)?,
        words: row.json(8)?,
    };
    let expired = row.optional_unsigned(6)?.is_some_and(|end| end <= now.0);
    let idle = grant.idle_millis.is_some_and(|idle| grant.last_used.0 + idle <= now.0);
    Ok((!expired && !idle).then_some(grant))
}

fn insert(
    tx: &mut dyn Transaction,
    org: OrgId,
    grant: &NewGrant,
    client: Option<&ClientId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO tokens (hash, org_id, token_id, user_id, kind, client_id, created_at, last_used_at, expires_at,
             idle_ms, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10)",
        &[
            grant.hash.0.as_str().into(),
            org.0.into(),
            grant.id.as_str().into(),
            grant.user.0.into(),
            word(&grant.kind).into(),
            Value::from(client.map(ClientId::as_str)),
            now.0.into(),
            grant.expires.map(|end| end.0).into(),
            grant.idle_millis.into(),
            json(&grant.words)?,
        ],
    )
    .map(drop)
}

fn logged_in(act: &mut Act<'_>, user: UserId, address: &str) -> Result<(), StoreError> {
    let mut stored = StoredUser::load(act.tx, act.org, user)?;
    super::users::logged_in(act.tx, &mut stored, act.actor.now)?;
    act.tx.execute(
        "INSERT INTO known_addresses (org_id, user_id, address, seen_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (org_id, user_id, address) DO UPDATE SET seen_at = excluded.seen_at",
        &[act.org.0.into(), user.0.into(), address.into(), act.actor.now.0.into()],
    )?;
    act.audit(Told::new(AuditSubject::LoggedIn), &[stored.owner()])
}

fn set_password(
    act: &mut Act<'_>,
    user: UserId,
    hash: &str,
    must_change: bool,
    revoke_clients: bool,
) -> Result<(), StoreError> {
    let owner = StoredUser::load(act.tx, act.org, user)?.owner();
    let sql = "UPDATE users SET password_hash = $3, must_change_password = $4 WHERE org_id = $1 AND user_id = $2";
    act.tx.execute(sql, &[act.org.0.into(), user.0.into(), hash.into(), must_change.into()])?;
    end_sessions(act.tx, act.org, user, act.actor.now)?;
    if revoke_clients {
        for client in clients(act.tx, act.org, user)? {
            revoke(act, &client.id)?;
            act.tell(Change::LoggedOut { user, client: Some(client.id) })?;
        }
    }
    act.audit(Told::new(AuditSubject::Password), &[owner])
}

/// Ends a user's sessions and links; apps and keys stay.
pub(crate) fn end_sessions(
    tx: &mut dyn Transaction,
    org: OrgId,
    user: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let links = super::links::Which::Of(user, &[GrantKind::Reset, GrantKind::Invitation]);
    super::links::spend(tx, org, links, "replaced", now)?;
    let sql = "DELETE FROM tokens WHERE org_id = $1 AND user_id = $2 AND kind = 'session'";
    tx.execute(sql, &[org.0.into(), user.0.into()]).map(drop)
}

fn keep_client(act: &mut Act<'_>, new: &NewClient, account: VoipAccountId) -> Result<(), StoreError> {
    let (org, now) = (act.org, act.actor.now);
    // An id that is another user's would hand over that user's values: the caller gives a new one then.
    act.tx.execute(
        "INSERT INTO clients (org_id, client_id, user_id, account_id, created_at, document) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (org_id, client_id) DO UPDATE SET account_id = excluded.account_id, document = excluded.document",
        &[
            org.0.into(),
            new.id.as_str().into(),
            new.user.0.into(),
            account.0.into(),
            now.0.into(),
            json(&new.description)?,
        ],
    )?;
    let grant = NewGrant {
        hash: new.token.clone(),
        id: new.token_id.clone(),
        user: new.user,
        kind: GrantKind::Device,
        expires: None,
        idle_millis: None,
        words: String::new(),
    };
    insert(act.tx, org, &grant, Some(&new.id), now)?;
    act.tx.execute(
        "INSERT INTO sip_credentials (org_id, user_name, account_id, client_id, algorithm, ha1) VALUES ($1, $2, $3, $4, 'sha256', $5)",
        &[
            org.0.into(),
            new.auth_name.as_str().into(),
            account.0.into(),
            new.id.as_str().into(),
            new.ha1.as_str().into(),
        ],
    )
    .map(drop)
}

fn revoke(act: &mut Act<'_>, client: &ClientId) -> Result<(), StoreError> {
    for table in ["tokens", "sip_credentials"] {
        let sql = format!("DELETE FROM {table} WHERE org_id = $1 AND client_id = $2");
        act.tx.execute(&sql, &[act.org.0.into(), client.as_str().into()])?;
    }
    Ok(())
}

fn clients(tx: &mut dyn Transaction, org: OrgId, user: UserId) -> Result<Vec<StoredClient>, StoreError> {
    let values = super::settings::load(tx, org, user)?.clients;
    let sql = "SELECT c.client_id, c.account_id, c.created_at, c.document, t.last_used_at FROM clients c
               LEFT JOIN tokens t ON t.org_id = c.org_id AND t.client_id = c.client_id
               WHERE c.org_id = $1 AND c.user_id = $2 ORDER BY c.created_at, c.client_id";
    let rows = tx.query(sql, &[org.0.into(), user.0.into()])?;
    rows.iter()
        .map(|row| {
            let id = ClientId(row.text(0)?);
            let own = values.iter().find(|(client, _)| *client == id).map(|(_, values)| *values);
            Ok(StoredClient {
                user,
                account: VoipAccountId(row.unsigned(1)?),
                since: Timestamp(row.unsigned(2)?),
                last_seen: row.optional_unsigned(4)?.map(Timestamp),
                description: row.json(3)?,
                values: own.unwrap_or_default(),
                id,
            })
        })
        .collect()
}

fn key_view(row: &Row) -> Result<ApiKeyView, StoreError> {
    let number = row.text(0)?.trim_start_matches("key-").parse().unwrap_or_default();
    let (created, last_used) = (row.unsigned(2)?, row.unsigned(3)?);
    Ok(ApiKeyView {
        id: ApiKeyId(number),
        name: row.json(1)?,
        created: Timestamp(created),
        last_used: (last_used > created).then_some(Timestamp(last_used)),
    })
}
