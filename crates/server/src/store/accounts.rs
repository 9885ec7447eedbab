//! VoIP accounts: what devices register with, to whom they belong, what they prove themselves with.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AccountEdit, AccountKind, AuditSubject, ClientId, DigestAlgorithm, MediaProfile, OrgId, Owner, Revision, UserId,
    VoipAccountId,
};
use serde::{Deserialize, Serialize};

use super::act::{Act, Told, from_word, word};
use super::connection::{Row, Transaction, Value, json};
use super::{Store, StoreError, StoredUser};
use crate::domain::{Actor, Change, check_extension, check_text};

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// Which.
    pub id: VoipAccountId,
    /// Its own number.
    pub number: String,
    /// To whom it belongs.
    pub owners: Vec<Owner>,
    /// When something was last registered.
    pub last_seen: Option<Timestamp>,
    /// Grows with each change.
    pub revision: Revision,
    /// The rest.
    pub document: AccountDocument,
    /// What its devices prove themselves with.
    pub credentials: Vec<AccountCredentials>,
}

/// What of an account is kept as one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountDocument {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub kind: AccountKind,
    /// Whether several may own it.
    #[serde(default)]
    pub shared: bool,
    /// How sound reaches it.
    #[serde(default)]
    pub media: MediaProfile,
    /// The digest of the secret in its action URLs.
    #[serde(default)]
    pub action_secret: Option<String>,
}

/// What one device proves itself with.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountCredentials {
    /// The user name.
    pub auth_name: String,
    /// The app that they belong to.
    pub client: Option<ClientId>,
    /// The one algorithm that is asked for.
    pub algorithm: DigestAlgorithm,
    /// The HA1 in that algorithm, over the organisation's realm.
    pub ha1: String,
}

impl std::fmt::Debug for AccountCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountCredentials").field("client", &self.client).finish_non_exhaustive()
    }
}

/// A secret that was just made for a device.
#[derive(Clone)]
pub struct NewAccount {
    /// The user name.
    pub auth_name: String,
    /// Both digests; the account's algorithm chooses.
    pub digests: crate::auth::SipDigests,
    /// The digest of the secret in its action URLs.
    pub action_secret: String,
}

impl Store {
    /// All accounts.
    pub async fn accounts(&self, org: OrgId) -> Result<Vec<StoredAccount>, StoreError> {
        self.read(move |tx| all(tx, org)).await
    }

    /// One account.
    pub async fn account(&self, org: OrgId, account: VoipAccountId) -> Result<StoredAccount, StoreError> {
        self.read(move |tx| one(tx, org, account)).await
    }

    /// Creates an account for a device; `secret` is what the device will prove itself with.
    pub async fn create_account(
        &self,
        actor: &Actor,
        edit: AccountEdit,
        secret: NewAccount,
    ) -> Result<StoredAccount, StoreError> {
        self.act(actor, move |act| {
            let id = insert(act, &edit)?;
            act.sign("account", id.0)?;
            set_secret(act, id, edit.algorithm.unwrap_or(DigestAlgorithm::Md5), &secret)?;
            one(act.tx, act.org, id)
        })
        .await
    }

    /// Changes an account. One device belongs to one user, unless it is shared.
    pub async fn change_account(
        &self,
        actor: &Actor,
        account: VoipAccountId,
        edit: AccountEdit,
    ) -> Result<StoredAccount, StoreError> {
        self.act(actor, move |act| change(act, account, &edit)).await
    }

    /// Gives an account a new secret; the old one stops working.
    pub async fn reset_account(
        &self,
        actor: &Actor,
        account: VoipAccountId,
        secret: NewAccount,
    ) -> Result<StoredAccount, StoreError> {
        self.act(actor, move |act| {
            let stored = one(act.tx, act.org, account)?;
            let algorithm = stored.credentials.first().map_or(DigestAlgorithm::Md5, |known| known.algorithm);
            set_secret(act, account, algorithm, &secret)?;
            act.audit(Told::new(AuditSubject::SipSecret).after(stored.number), &stored.owners)?;
            act.tell(Change::Account { account })?;
            one(act.tx, act.org, account)
        })
        .await
    }

    /// Gives an account new action URLs; the old ones stop working, its secret stays.
    pub async fn renew_action_urls(
        &self,
        actor: &Actor,
        account: VoipAccountId,
        hash: String,
    ) -> Result<StoredAccount, StoreError> {
        self.act(actor, move |act| {
            let stored = one(act.tx, act.org, account)?;
            set_action_secret(act, account, &hash)?;
            act.audit(Told::changed(AuditSubject::Account, "actionUrls", "", stored.number), &stored.owners)?;
            act.tell(Change::Account { account })?;
            one(act.tx, act.org, account)
        })
        .await
    }

    /// The account whose action URL holds a token of this digest, and its organisation.
    pub async fn account_of_action(&self, hash: String) -> Result<Option<(OrgId, StoredAccount)>, StoreError> {
        self.read(move |tx| {
            let sql = "SELECT org_id, account_id FROM action_urls WHERE hash = $1";
            let Some(row) = tx.first(sql, &[hash.into()])? else { return Ok(None) };
            let (org, id) = (OrgId(row.unsigned(0)?), VoipAccountId(row.unsigned(1)?));
            Ok(Some((org, one(tx, org, id)?)))
        })
        .await
    }

    /// Writes down that somebody took a registration away.
    pub async fn registration_removed(
        &self,
        actor: &Actor,
        account: VoipAccountId,
        address: String,
    ) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let stored = one(act.tx, act.org, account)?;
            let words = format!("{}, {address}", stored.number);
            act.audit(Told::new(AuditSubject::Registration).before(words), &stored.owners)
        })
        .await
    }

    /// Deletes an account with its registrations.
    pub async fn delete_account(&self, actor: &Actor, account: VoipAccountId) -> Result<(), StoreError> {
        self.act(actor, move |act| {
            let stored = one(act.tx, act.org, account)?;
            delete(act, account)?;
            act.audit(Told::new(AuditSubject::Account).before(stored.number), &stored.owners)
        })
        .await
    }
}

const COLUMNS: &str = "account_id, number, last_seen, revision, document";

fn from_row(tx: &mut dyn Transaction, org: OrgId, row: &Row) -> Result<StoredAccount, StoreError> {
    let id = row.unsigned(0)?;
    let key = [org.0.into(), id.into()];
    let sql = "SELECT user_id FROM account_owners WHERE org_id = $1 AND account_id = $2 ORDER BY user_id";
    let owners = tx.query(sql, &key)?;
    let owners = owners.iter().map(|row| Ok(StoredUser::load(tx, org, UserId(row.unsigned(0)?))?.owner()));
    let owners = owners.collect::<Result<_, StoreError>>()?;
    let sql = "SELECT user_name, client_id, algorithm, ha1 FROM sip_credentials WHERE org_id = $1 AND account_id = $2
               ORDER BY user_name";
    let credentials = tx.query(sql, &key)?;
    let credentials = credentials.iter().map(|row| {
        Ok(AccountCredentials {
            auth_name: row.text(0)?,
            client: row.optional_text(1)?.map(ClientId),
            algorithm: from_word(&row.text(2)?)?,
            ha1: row.text(3)?,
        })
    });
    Ok(StoredAccount {
        id: VoipAccountId(id),
        number: row.text(1)?,
        owners,
        last_seen: row.optional_unsigned(2)?.map(Timestamp),
        revision: Revision(row.unsigned(3)?),
        document: row.json(4)?,
        credentials: credentials.collect::<Result<_, StoreError>>()?,
    })
}

fn all(tx: &mut dyn Transaction, org: OrgId) -> Result<Vec<StoredAccount>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE org_id = $1 ORDER BY number");
    tx.query(&sql, &[org.0.into()])?.iter().map(|row| from_row(tx, org, row)).collect()
}

fn one(tx: &mut dyn Transaction, org: OrgId, account: VoipAccountId) -> Result<StoredAccount, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE org_id = $1 AND account_id = $2");
    let row = tx.first(&sql, &[org.0.into(), account.0.into()])?.ok_or(StoreError::NotFound("account"))?;
    from_row(tx, org, &row)
}

/// The user's account for apps or for browsers, made when first needed.
pub(crate) fn for_client(act: &mut Act<'_>, user: UserId, web: bool) -> Result<VoipAccountId, StoreError> {
    let kind = if web { AccountKind::Web } else { AccountKind::App };
    let sql = "SELECT a.account_id FROM accounts a
               JOIN account_owners o ON o.org_id = a.org_id AND o.account_id = a.account_id
               WHERE a.org_id = $1 AND o.user_id = $2 AND a.kind = $3 ORDER BY a.account_id";
    if let Some(row) = act.tx.first(sql, &[act.org.0.into(), user.0.into(), kind_word(&kind).into()])? {
        return Ok(VoipAccountId(row.unsigned(0)?));
    }
    let name = if web { "Webphone" } else { "App" };
    let edit = AccountEdit {
        base: None,
        number: None,
        name: name.to_owned(),
        kind,
        owners: vec![user],
        shared: false,
        media: if web { MediaProfile::WebRtc } else { MediaProfile::Best },
        algorithm: Some(DigestAlgorithm::Sha256),
    };
    insert(act, &edit)
}

fn insert(act: &mut Act<'_>, edit: &AccountEdit) -> Result<VoipAccountId, StoreError> {
    check(edit)?;
    let number = match &edit.number {
        Some(number) => number.clone(),
        None => free_number(act)?,
    };
    number_is_free(act, &number, None)?;
    mac_is_free(act, mac(&edit.kind), None)?;
    let id = VoipAccountId(act.next_id("account")?);
    let document = document(edit, None);
    act.tx.execute(
        "INSERT INTO accounts (org_id, account_id, number, kind, mac, revision, document) VALUES ($1, $2, $3, $4, $5, 1, $6)",
        &[
            act.org.0.into(),
            id.0.into(),
            number.as_str().into(),
            kind_word(&edit.kind).into(),
            Value::from(mac(&edit.kind)),
            json(&document)?,
        ],
    )?;
    let owners = set_owners(act, id, edit)?;
    act.audit(Told::new(AuditSubject::Account).after(number), &owners)?;
    act.tell(Change::Account { account: id })?;
    Ok(id)
}

fn check(edit: &AccountEdit) -> Result<(), StoreError> {
    check_text("name", &edit.name, true)?;
    if let Some(number) = &edit.number {
        check_extension("number", number)?;
    }
    if matches!(edit.kind, AccountKind::Unknown) {
        return Err(StoreError::Invalid { field: "kind", reason: "this kind is not known".to_owned() });
    }
    if let AccountKind::DeskPhone { mac: Some(mac) } = &edit.kind
        && (mac.len() != 12 || !mac.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(StoreError::Invalid { field: "mac", reason: "write its twelve letters and digits".to_owned() });
    }
    if edit.owners.len() > 1 && !edit.shared {
        return Err(StoreError::Invalid { field: "owners", reason: "only a shared device has several".to_owned() });
    }
    Ok(())
}

fn kind_word(kind: &AccountKind) -> &'static str {
    match kind {
        AccountKind::App => "app",
        AccountKind::Web => "web",
        AccountKind::DeskPhone { .. } => "deskPhone",
        AccountKind::Forward { .. } => "forward",
        AccountKind::Unknown => "unknown",
    }
}

fn mac(kind: &AccountKind) -> Option<String> {
    if let AccountKind::DeskPhone { mac } = kind { mac.as_ref().map(|mac| mac.to_lowercase()) } else { None }
}

fn document(edit: &AccountEdit, action_secret: Option<String>) -> AccountDocument {
    AccountDocument {
        name: edit.name.trim().to_owned(),
        kind: edit.kind.clone(),
        shared: edit.shared,
        media: edit.media,
        action_secret,
    }
}

/// Devices are numbered from 201.
fn free_number(act: &mut Act<'_>) -> Result<String, StoreError> {
    for _ in 0..10_000 {
        let number = (200 + act.next_id("accountNumber")?).to_string();
        if number_is_free(act, &number, None).is_ok() {
            return Ok(number);
        }
    }
    Err(StoreError::Invalid { field: "number", reason: "no number is free".to_owned() })
}

fn number_is_free(act: &mut Act<'_>, number: &str, but: Option<VoipAccountId>) -> Result<(), StoreError> {
    let values = [act.org.0.into(), number.into()];
    if act.tx.first("SELECT 1 FROM users WHERE org_id = $1 AND extension = $2", &values)?.is_some() {
        return Err(StoreError::taken("number", number));
    }
    let known = act.tx.first("SELECT account_id FROM accounts WHERE org_id = $1 AND number = $2", &values)?;
    let other = known.map(|row| row.unsigned(0)).transpose()?.filter(|id| Some(VoipAccountId(*id)) != but);
    if other.is_some() { Err(StoreError::taken("number", number)) } else { Ok(()) }
}

fn mac_is_free(act: &mut Act<'_>, mac: Option<String>, but: Option<VoipAccountId>) -> Result<(), StoreError> {
    let Some(mac) = mac else { return Ok(()) };
    let sql = "SELECT account_id, number FROM accounts WHERE org_id = $1 AND mac = $2";
    let Some(row) = act.tx.first(sql, &[act.org.0.into(), mac.as_str().into()])? else { return Ok(()) };
    if Some(VoipAccountId(row.unsigned(0)?)) == but {
        return Ok(());
    }
    Err(StoreError::Taken { field: "mac", value: mac, by: Some(row.text(1)?), free: None })
}

fn set_owners(act: &mut Act<'_>, id: VoipAccountId, edit: &AccountEdit) -> Result<Vec<Owner>, StoreError> {
    let key = [act.org.0.into(), id.0.into()];
    act.tx.execute("DELETE FROM account_owners WHERE org_id = $1 AND account_id = $2", &key)?;
    let mut owners = Vec::new();
    for user in &edit.owners {
        owners.push(StoredUser::load(act.tx, act.org, *user)?.owner());
        act.tx.execute(
            "INSERT INTO account_owners (org_id, account_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[act.org.0.into(), id.0.into(), user.0.into()],
        )?;
    }
    Ok(owners)
}

fn change(act: &mut Act<'_>, id: VoipAccountId, edit: &AccountEdit) -> Result<StoredAccount, StoreError> {
    check(edit)?;
    let before = one(act.tx, act.org, id)?;
    act.unchanged("account", id.0, edit.base, before.revision)?;
    act.sign("account", id.0)?;
    let number = edit.number.clone().unwrap_or_else(|| before.number.clone());
    number_is_free(act, &number, Some(id))?;
    mac_is_free(act, mac(&edit.kind), Some(id))?;
    let after = document(edit, before.document.action_secret.clone());
    act.tx.execute(
        "UPDATE accounts SET number = $3, kind = $4, mac = $5, revision = revision + 1, document = $6
         WHERE org_id = $1 AND account_id = $2",
        &[
            act.org.0.into(),
            id.0.into(),
            number.as_str().into(),
            kind_word(&edit.kind).into(),
            Value::from(mac(&edit.kind)),
            json(&after)?,
        ],
    )?;
    let owners = set_owners(act, id, edit)?;
    let after = one(act.tx, act.org, id)?;
    let about = if owners.is_empty() { &before.owners } else { &owners };
    act.audit_parts(AuditSubject::Account, (&readable(&before), &readable(&after)), about)?;
    act.tell(Change::Account { account: id })?;
    Ok(after)
}

/// What of an account people read in the audit.
fn readable(account: &StoredAccount) -> serde_json::Value {
    let owners: Vec<&str> = account.owners.iter().map(|owner| owner.name.as_str()).collect();
    let AccountDocument { name, kind, media, .. } = &account.document;
    let calls = if let AccountKind::Forward { number } = kind { number.as_str() } else { "" };
    serde_json::json!({
        "number": account.number, "name": name, "type": kind_word(kind), "mac": mac(kind), "media": media,
        "forwardsTo": calls, "owners": owners.join(", "),
    })
}

fn set_secret(
    act: &mut Act<'_>,
    id: VoipAccountId,
    algorithm: DigestAlgorithm,
    secret: &NewAccount,
) -> Result<(), StoreError> {
    let ha1 = match algorithm {
        DigestAlgorithm::Md5 | DigestAlgorithm::Unknown => &secret.digests.md5,
        DigestAlgorithm::Sha256 => &secret.digests.sha256,
    };
    let key = [act.org.0.into(), id.0.into()];
    act.tx.execute("DELETE FROM sip_credentials WHERE org_id = $1 AND account_id = $2 AND client_id IS NULL", &key)?;
    act.tx.execute(
        "INSERT INTO sip_credentials (org_id, user_name, account_id, algorithm, ha1) VALUES ($1, $2, $3, $4, $5)",
        &[act.org.0.into(), secret.auth_name.as_str().into(), id.0.into(), word(&algorithm).into(), ha1.into()],
    )?;
    set_action_secret(act, id, &secret.action_secret)
}

/// The old action URLs stop working.
fn set_action_secret(act: &mut Act<'_>, id: VoipAccountId, hash: &str) -> Result<(), StoreError> {
    let key = [act.org.0.into(), id.0.into()];
    act.tx.execute("DELETE FROM action_urls WHERE org_id = $1 AND account_id = $2", &key)?;
    let sql = "INSERT INTO action_urls (hash, org_id, account_id) VALUES ($1, $2, $3)";
    act.tx.execute(sql, &[hash.into(), act.org.0.into(), id.0.into()])?;
    let mut account = one(act.tx, act.org, id)?;
    account.document.action_secret = Some(hash.to_owned());
    let values = [act.org.0.into(), id.0.into(), json(&account.document)?];
    act.tx.execute("UPDATE accounts SET document = $3 WHERE org_id = $1 AND account_id = $2", &values).map(drop)
}

fn delete(act: &mut Act<'_>, id: VoipAccountId) -> Result<(), StoreError> {
    let key = [act.org.0.into(), id.0.into()];
    for table in ["accounts", "account_owners", "sip_credentials", "bindings", "clients", "action_urls"] {
        act.tx.execute(&format!("DELETE FROM {table} WHERE org_id = $1 AND account_id = $2"), &key)?;
    }
    act.tell(Change::AccountDeleted { account: id }).map(drop)
}

/// A user goes: accounts for apps go too, devices stay without an owner.
pub(crate) fn leave_all(act: &mut Act<'_>, user: UserId) -> Result<(), StoreError> {
    let sql = "SELECT a.account_id, a.kind FROM accounts a
               JOIN account_owners o ON o.org_id = a.org_id AND o.account_id = a.account_id
               WHERE a.org_id = $1 AND o.user_id = $2";
    for row in act.tx.query(sql, &[act.org.0.into(), user.0.into()])? {
        let account = VoipAccountId(row.unsigned(0)?);
        if ["app", "web"].contains(&row.text(1)?.as_str()) {
            delete(act, account)?;
        } else {
            let sql = "DELETE FROM account_owners WHERE org_id = $1 AND account_id = $2 AND user_id = $3";
            act.tx.execute(sql, &[act.org.0.into(), account.0.into(), user.0.into()])?;
            act.tell(Change::Account { account })?;
        }
    }
    Ok(())
}
