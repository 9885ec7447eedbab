//! Users: found, created, changed, deleted.

use bellbird_contract::Timestamp;
use bellbird_contract::server::{
    AuditSubject, Availability, AvailabilityState, CallerId, Destination, NumberId, OrgId, Revision, Role, Security,
    Stamp, Telephony, TelephonyChange, UserChange, UserDraft, UserId, UserQuery, UserSort,
};

use super::act::{Act, Told, word};
use super::connection::{Transaction, Value, json};
use super::rows::{Profile, StoredUser};
use super::{Refusal, Store, StoreError};
use crate::domain::{
    Actor, Change, check_draft, check_email, check_extension, check_personal, check_text, check_time_zone,
};

/// A part of the users.
#[derive(Clone, Debug)]
pub struct Found {
    /// The part.
    pub users: Vec<StoredUser>,
    /// How many there are in all.
    pub total: u32,
}

/// At most so many at once.
const PAGE: u32 = 500;
/// A free extension is looked for among so many after the one that is taken.
const NEAR: u64 = 500;

impl Store {
    /// One user.
    pub async fn user(&self, org: OrgId, user: UserId) -> Result<StoredUser, StoreError> {
        self.read(move |tx| StoredUser::load(tx, org, user)).await
    }

    /// All users of an organisation.
    pub async fn users(&self, org: OrgId) -> Result<Vec<StoredUser>, StoreError> {
        self.read(move |tx| all(tx, org)).await
    }

    /// Users by search, role and order.
    pub async fn find_users(&self, org: OrgId, query: UserQuery) -> Result<Found, StoreError> {
        self.read(move |tx| Ok(find(all(tx, org)?, &query))).await
    }

    /// Creates a user with call settings as they are at first. `password_hash` is nothing where an invitation follows.
    pub async fn create_user(
        &self,
        actor: &Actor,
        draft: UserDraft,
        password_hash: Option<String>,
    ) -> Result<StoredUser, StoreError> {
        self.act(actor, move |act| create(act, &draft, password_hash)).await
    }

    /// Changes what `change` names, if nobody changed the user since `change.base`.
    pub async fn change_user(&self, actor: &Actor, user: UserId, change: UserChange) -> Result<StoredUser, StoreError> {
        self.act(actor, move |act| edit(act, user, &change)).await
    }

    /// Deletes a user and all that is his; records keep his name and number as they were.
    pub async fn delete_user(&self, actor: &Actor, user: UserId) -> Result<(), StoreError> {
        self.act(actor, move |act| delete(act, user)).await
    }

    /// Says whether and where the user can be reached.
    pub async fn set_availability(
        &self,
        actor: &Actor,
        user: UserId,
        availability: Availability,
    ) -> Result<AvailabilityState, StoreError> {
        self.act(actor, move |act| {
            let mut stored = StoredUser::load(act.tx, act.org, user)?;
            let stamp = Stamp { author: act.actor.author.clone(), since: act.actor.now, note: None };
            let before = std::mem::replace(&mut stored.profile.availability, AvailabilityState { availability, stamp });
            save_profile(act.tx, &stored)?;
            let state = stored.profile.availability.clone();
            let parts = (&before.availability, &state.availability);
            act.audit_parts(AuditSubject::Availability, parts, &[stored.owner()])?;
            act.tell(Change::Availability { user })?;
            Ok(state)
        })
        .await
    }

    /// Sets what the call plan does for a user.
    pub async fn set_telephony(
        &self,
        actor: &Actor,
        user: UserId,
        telephony: Telephony,
    ) -> Result<Telephony, StoreError> {
        self.act(actor, move |act| {
            let mut stored = StoredUser::load(act.tx, act.org, user)?;
            replace_telephony(act, &mut stored, &telephony)?;
            save_profile(act.tx, &stored)?;
            Ok(telephony)
        })
        .await
    }

    /// Changes a part of what the call plan does for a user.
    pub async fn change_telephony(
        &self,
        actor: &Actor,
        user: UserId,
        change: TelephonyChange,
    ) -> Result<Telephony, StoreError> {
        self.act(actor, move |act| {
            let mut stored = StoredUser::load(act.tx, act.org, user)?;
            let telephony = change.applied(&stored.profile.telephony);
            replace_telephony(act, &mut stored, &telephony)?;
            save_profile(act.tx, &stored)?;
            Ok(telephony)
        })
        .await
    }
}

pub(crate) fn all(tx: &mut dyn Transaction, org: OrgId) -> Result<Vec<StoredUser>, StoreError> {
    let sql = format!("SELECT {} FROM users WHERE org_id = $1 ORDER BY user_id", StoredUser::COLUMNS);
    tx.query(&sql, &[org.0.into()])?.iter().map(StoredUser::from_row).collect()
}

fn find(mut users: Vec<StoredUser>, query: &UserQuery) -> Found {
    let wanted = query.search.as_deref().unwrap_or_default().trim().to_lowercase();
    users.retain(|user| query.role.is_none_or(|role| user.role == role) && matches(user, &wanted));
    users.sort_by_cached_key(|user| sort_key(user, query.sort));
    if query.descending {
        users.reverse();
    }
    let total = u32::try_from(users.len()).unwrap_or(u32::MAX);
    let limit = if query.limit == 0 { PAGE } else { query.limit.min(PAGE) };
    let users = users.into_iter().skip(query.offset as usize).take(limit as usize).collect();
    Found { users, total }
}

fn matches(user: &StoredUser, wanted: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    wanted.is_empty() || holds(&user.name()) || holds(&user.email) || user.extension.as_deref().is_some_and(holds)
}

fn sort_key(user: &StoredUser, sort: UserSort) -> (String, u64) {
    let words = match sort {
        UserSort::Name | UserSort::Unknown => user.name().to_lowercase(),
        UserSort::Email => user.email.to_lowercase(),
        // Shorter numbers first, as people count.
        UserSort::Extension => user.extension.as_ref().map_or(String::new(), |number| format!("{:>12}", number)),
        UserSort::Role => word(&user.role),
        UserSort::Created => format!("{:020}", user.created.0),
    };
    (words, user.id.0)
}

pub(crate) fn create(
    act: &mut Act<'_>,
    draft: &UserDraft,
    password_hash: Option<String>,
) -> Result<StoredUser, StoreError> {
    check_draft(draft)?;
    may_give(act.actor, draft.role)?;
    let (login, email) = (login_of(draft), draft.email.trim().to_lowercase());
    is_free(act, "login", &login, None)?;
    is_free(act, "email", &email, None)?;
    extension_is_free(act, &draft.extension, None, draft.reuse_extension)?;
    if let Some(contact) = draft.contact {
        super::contacts::becomes_user(act, contact)?;
    }
    let organisation = super::StoredOrganisation::load(act.tx, act.org)?;
    let id = UserId(act.next_id("user")?);
    let mut profile = Profile::new(&draft.first_name, &draft.last_name, act.actor.now);
    profile.personal = draft.personal.clone();
    profile.language = draft.language;
    profile.telephony.calls_from_user_account = organisation.document.settings.calls_from_user_account;
    act.tx.execute(
        "INSERT INTO users (org_id, user_id, login, email, extension, role, disabled, password_hash,
             must_change_password, created_at, revision, document)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, 1, $10)",
        &[
            act.org.0.into(),
            id.0.into(),
            login.into(),
            email.into(),
            draft.extension.as_str().into(),
            word(&draft.role).into(),
            password_hash.clone().into(),
            // Whoever typed the password for somebody else knows it.
            (password_hash.is_some() && act.actor.user().is_some()).into(),
            act.actor.now.0.into(),
            json(&profile)?,
        ],
    )?;
    super::settings::create(act, id)?;
    let user = StoredUser::load(act.tx, act.org, id)?;
    act.audit(
        Told::new(AuditSubject::UserCreated).after(format!("{}, {}", user.name(), draft.extension)),
        &[user.owner()],
    )?;
    tell_user(act, id)?;
    Ok(user)
}

fn login_of(draft: &UserDraft) -> String {
    let typed = draft.login.as_deref().map(str::trim).filter(|login| !login.is_empty());
    typed.unwrap_or_else(|| draft.email.trim()).to_lowercase()
}

/// Only an administrator makes administrators.
fn may_give(actor: &Actor, role: Role) -> Result<(), StoreError> {
    if role == Role::Unknown {
        return Err(StoreError::Invalid { field: "role", reason: "this role is not known".to_owned() });
    }
    if role == Role::Admin && !actor.is_admin() { Err(StoreError::Refused(Refusal::NoPermission)) } else { Ok(()) }
}

/// A log-in name and an e-mail address both log in: neither may be anybody else's, as either.
fn is_free(act: &mut Act<'_>, field: &'static str, value: &str, but: Option<UserId>) -> Result<(), StoreError> {
    let sql = format!("SELECT {} FROM users WHERE org_id = $1 AND (login = $2 OR email = $2)", StoredUser::COLUMNS);
    let rows = act.tx.query(&sql, &[act.org.0.into(), value.into()])?;
    for user in rows.iter().map(StoredUser::from_row) {
        let user = user?;
        if Some(user.id) != but {
            return Err(StoreError::Taken { field, value: value.to_owned(), by: Some(user.name()), free: None });
        }
    }
    Ok(())
}

fn extension_is_free(act: &mut Act<'_>, extension: &str, but: Option<UserId>, reuse: bool) -> Result<(), StoreError> {
    let org = act.org;
    let values = [org.0.into(), extension.into()];
    let sql = format!("SELECT {} FROM users WHERE org_id = $1 AND extension = $2", StoredUser::COLUMNS);
    if let Some(row) = act.tx.first(&sql, &values)? {
        let user = StoredUser::from_row(&row)?;
        if Some(user.id) == but {
            return Ok(());
        }
        return Err(extension_taken(act, extension, Some(user.name()))?);
    }
    if act.tx.first("SELECT 1 FROM accounts WHERE org_id = $1 AND number = $2", &values)?.is_some() {
        return Err(extension_taken(act, extension, None)?);
    }
    let former = act.tx.first("SELECT name FROM former_extensions WHERE org_id = $1 AND extension = $2", &values)?;
    match former {
        Some(row) if !reuse => {
            let (value, by) = (extension.to_owned(), Some(row.text(0)?));
            Err(StoreError::Taken { field: "extensionUsedBefore", value, by, free: None })
        }
        Some(_) => {
            act.tx.execute("DELETE FROM former_extensions WHERE org_id = $1 AND extension = $2", &values).map(drop)
        }
        None => Ok(()),
    }
}

/// Who has it, and the next one that nobody has or had.
fn extension_taken(act: &mut Act<'_>, extension: &str, by: Option<String>) -> Result<StoreError, StoreError> {
    let mut free = None;
    for next in extension.parse::<u64>().into_iter().flat_map(|from| (from + 1)..=(from + NEAR)) {
        let next = format!("{next:0>width$}", width = extension.len());
        if next.len() == extension.len() && nobody_has(act, &next)? {
            free = Some(next);
            break;
        }
    }
    Ok(StoreError::Taken { field: "extension", value: extension.to_owned(), by, free })
}

fn nobody_has(act: &mut Act<'_>, extension: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM users WHERE org_id = $1 AND extension = $2
               UNION ALL SELECT 1 FROM accounts WHERE org_id = $1 AND number = $2
               UNION ALL SELECT 1 FROM former_extensions WHERE org_id = $1 AND extension = $2";
    Ok(act.tx.first(sql, &[act.org.0.into(), extension.into()])?.is_none())
}

fn edit(act: &mut Act<'_>, user: UserId, change: &UserChange) -> Result<StoredUser, StoreError> {
    let before = StoredUser::load(act.tx, act.org, user)?;
    act.unchanged("user", user.0, Some(change.base), before.revision)?;
    if before.role == Role::Admin && !act.actor.is_admin() && act.actor.user() != Some(user) {
        return Err(StoreError::Refused(Refusal::NoPermission));
    }
    let mut after = before.clone();
    edit_identity(act, &mut after, change)?;
    edit_role(act, &mut after, change)?;
    edit_profile(act, &mut after, change)?;
    save(act.tx, &after)?;
    act.sign("user", user.0)?;
    after.revision = after.revision.next();
    tell_user(act, user)?;
    Ok(after)
}

fn edit_identity(act: &mut Act<'_>, user: &mut StoredUser, change: &UserChange) -> Result<(), StoreError> {
    let id = Some(user.id);
    if let Some(email) = change.email.as_deref().map(|email| email.trim().to_lowercase()) {
        check_email(&email)?;
        is_free(act, "email", &email, id)?;
        note(act, user, "email", &user.email, &email)?;
        user.email = email;
    }
    if let Some(login) = change.login.as_deref().map(|login| login.trim().to_lowercase()) {
        check_text("login", &login, true)?;
        is_free(act, "login", &login, id)?;
        note(act, user, "login", &user.login, &login)?;
        user.login = login;
    }
    if let Some(extension) = &change.extension {
        check_extension("extension", extension)?;
        extension_is_free(act, extension, id, change.reuse_extension)?;
        note(act, user, "extension", user.extension.as_deref().unwrap_or_default(), extension)?;
        user.extension = Some(extension.clone());
    }
    Ok(())
}

fn note(act: &mut Act<'_>, user: &StoredUser, field: &str, before: &str, after: &str) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    act.audit(Told::changed(AuditSubject::UserDetails, field, before, after), &[user.owner()])
}

fn edit_role(act: &mut Act<'_>, user: &mut StoredUser, change: &UserChange) -> Result<(), StoreError> {
    let Some(role) = change.role.filter(|role| *role != user.role) else { return Ok(()) };
    may_give(act.actor, role)?;
    let told = Told::changed(AuditSubject::Role, "role", word(&user.role), word(&role));
    act.audit(told, &[user.owner()])?;
    if user.role == Role::Admin {
        keep_an_admin(act, user.id)?;
    }
    user.role = role;
    Ok(())
}

fn edit_profile(act: &mut Act<'_>, user: &mut StoredUser, change: &UserChange) -> Result<(), StoreError> {
    for (field, name) in [("firstName", &change.first_name), ("lastName", &change.last_name)] {
        let Some(name) = name else { continue };
        check_text(field, name, true)?;
        let place = if field == "firstName" { &mut user.profile.first_name } else { &mut user.profile.last_name };
        let before = std::mem::replace(place, name.trim().to_owned());
        note(act, user, field, &before, name.trim())?;
    }
    if let Some(personal) = &change.personal {
        check_personal(personal)?;
        act.audit_parts(AuditSubject::UserDetails, (&user.profile.personal, personal), &[user.owner()])?;
        user.profile.personal = personal.clone();
    }
    if let Some(telephony) = &change.telephony {
        replace_telephony(act, user, telephony)?;
    }
    if let Some(security) = &change.security {
        edit_security(act, user, security)?;
    }
    if let Some(language) = change.language {
        edit_security(act, user, &Security { language, ..security_of(user) })?;
    }
    Ok(())
}

fn edit_security(act: &mut Act<'_>, user: &mut StoredUser, security: &Security) -> Result<(), StoreError> {
    if security.disabled && !user.disabled {
        if user.role == Role::Admin {
            keep_an_admin(act, user.id)?;
        }
        super::credentials::end_sessions(act.tx, user.org, user.id, act.actor.now)?;
        act.tell(Change::LoggedOut { user: user.id, client: None })?;
    }
    if let Some(zone) = &security.time_zone {
        check_time_zone(zone)?;
    }
    let before = security_of(user);
    let profile = &mut user.profile;
    profile.language = security.language;
    profile.time_zone = security.time_zone.clone();
    profile.country = security.country.clone();
    profile.idle_log_out = security.idle_log_out;
    user.password_change_needed = security.password_change_needed;
    user.disabled = security.disabled;
    act.audit_parts(AuditSubject::Security, (&before, security), &[user.owner()])
}

fn security_of(user: &StoredUser) -> Security {
    Security {
        language: user.profile.language,
        time_zone: user.profile.time_zone.clone(),
        country: user.profile.country.clone(),
        idle_log_out: user.profile.idle_log_out,
        password_change_needed: user.password_change_needed,
        disabled: user.disabled,
    }
}

fn replace_telephony(act: &mut Act<'_>, user: &mut StoredUser, telephony: &Telephony) -> Result<(), StoreError> {
    let away = telephony.network_unavailability.as_ref().map_or(telephony.ring_seconds, |away| away.ring_seconds);
    if [telephony.ring_seconds, away].iter().any(|seconds| !(5..=300).contains(seconds)) {
        return Err(StoreError::Invalid { field: "ringSeconds", reason: "it has to be 5 to 300 seconds".to_owned() });
    }
    check_caller_id(act, user, telephony)?;
    let before = std::mem::replace(&mut user.profile.telephony, telephony.clone());
    if before != *telephony {
        act.audit_parts(AuditSubject::Telephony, (&before, telephony), &[user.owner()])?;
        act.tell(Change::Telephony { user: user.id })?;
    }
    Ok(())
}

/// Numbers that are shown are the organisation's; who looks after himself alone shows none of other people's (N6).
fn check_caller_id(act: &mut Act<'_>, user: &StoredUser, telephony: &Telephony) -> Result<(), StoreError> {
    let before = &user.profile.telephony.caller_id;
    if *before == telephony.caller_id {
        return Ok(());
    }
    let own = Some(Destination::User { user: user.id });
    for id in numbers_shown(&telephony.caller_id) {
        let number = super::numbers::number(act.tx, act.org, id)?;
        let may = act.actor.author.role.manages_users() || number.to == own || numbers_shown(before).contains(&id);
        if !may {
            return Err(StoreError::Refused(Refusal::NoPermission));
        }
    }
    Ok(())
}

fn numbers_shown(caller_id: &CallerId) -> Vec<NumberId> {
    match caller_id {
        CallerId::Number { number } => vec![*number],
        CallerId::PerCountry { numbers } => numbers.iter().map(|shown| shown.number).collect(),
        CallerId::AccountDefault | CallerId::Withheld | CallerId::Unknown => Vec::new(),
    }
}

/// Refuses to take away the last administrator who can log in.
fn keep_an_admin(act: &mut Act<'_>, but: UserId) -> Result<(), StoreError> {
    let sql = "SELECT count(*) FROM users WHERE org_id = $1 AND role = 'admin' AND disabled = 0 AND user_id <> $2";
    let others = act.tx.first(sql, &[act.org.0.into(), but.0.into()])?.map_or(Ok(0), |row| row.int(0))?;
    if others == 0 { Err(StoreError::Refused(Refusal::LastAdmin)) } else { Ok(()) }
}

fn save(tx: &mut dyn Transaction, user: &StoredUser) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET login = $3, email = $4, extension = $5, role = $6, disabled = $7, must_change_password = $8,
             revision = revision + 1, document = $9 WHERE org_id = $1 AND user_id = $2",
        &[
            user.org.0.into(),
            user.id.0.into(),
            user.login.as_str().into(),
            user.email.as_str().into(),
            Value::from(user.extension.as_deref()),
            word(&user.role).into(),
            user.disabled.into(),
            user.password_change_needed.into(),
            json(&user.profile)?,
        ],
    )
    .map(drop)
}

/// Saves what is no part of the user's page: its revision stays, so that nobody's open page is out of date.
pub(crate) fn save_profile(tx: &mut dyn Transaction, user: &StoredUser) -> Result<(), StoreError> {
    let values = [user.org.0.into(), user.id.0.into(), json(&user.profile)?];
    tx.execute("UPDATE users SET document = $3 WHERE org_id = $1 AND user_id = $2", &values).map(drop)
}

fn delete(act: &mut Act<'_>, id: UserId) -> Result<(), StoreError> {
    let user = StoredUser::load(act.tx, act.org, id)?;
    if user.role == Role::Admin {
        may_give(act.actor, Role::Admin)?;
        keep_an_admin(act, id)?;
    }
    let key = [act.org.0.into(), id.0.into()];
    if let Some(extension) = &user.extension {
        act.tx.execute(
            "INSERT INTO former_extensions (org_id, extension, name, freed_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org_id, extension) DO UPDATE SET name = excluded.name, freed_at = excluded.freed_at",
            &[act.org.0.into(), extension.into(), user.name().into(), act.actor.now.0.into()],
        )?;
    }
    super::accounts::leave_all(act, id)?;
    for table in
        ["users", "call_settings", "client_values", "dnd", "clients", "tokens", "change_requests", "known_addresses"]
    {
        act.tx.execute(&format!("DELETE FROM {table} WHERE org_id = $1 AND user_id = $2"), &key)?;
    }
    act.tx.execute("DELETE FROM partners WHERE home_org_id = $1 AND user_id = $2", &key)?;
    act.audit(Told::new(AuditSubject::UserDeleted).before(user.name()), &[user.owner()])?;
    act.tell(Change::UserDeleted { user: id }).map(drop)
}

fn tell_user(act: &mut Act<'_>, user: UserId) -> Result<Revision, StoreError> {
    let author = act.actor.author.clone();
    act.tell(Change::User { user, author })
}

/// Who changed something about a user last.
pub(crate) fn logged_in(tx: &mut dyn Transaction, user: &mut StoredUser, now: Timestamp) -> Result<(), StoreError> {
    user.profile.last_log_in = Some(now);
    save_profile(tx, user)
}
