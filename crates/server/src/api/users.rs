//! Users, as administrators see and change them.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bellbird_contract::Secret;
use bellbird_contract::server::{
    AccountKind, AdminChange, ApiKeyId, ApiProblem, Availability, AvailabilityState, BulkEdit, BulkUser, CallMethod,
    ClientId, Destination, DndRequest, DndSource, DndView, DryRun, DryRunProblem, IssuedLink, LinkPurpose, Mode,
    OwnSettings, Page, PasswordReset, Role, ServerErrorCode, SettingsDocument, UserChange, UserCreated, UserDetail,
    UserDraft, UserId, UserQuery, UserRow, UserSort, Warning,
};
use serde::Deserialize;

use super::authorise::{Caller, forbidden};
use super::{App, Body, Named, Params, Problem, views};
use crate::auth::{TokenHash, new_id, new_token};
use crate::domain::check_password;
use crate::store::{Bulk, BulkProblem, GrantKind, NewGrant, StoredAccount};

type Answer<T> = Result<Json<T>, Problem>;

const LINK_MILLIS: u64 = 7 * 86_400_000;

/// What of the users is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserParams {
    search: Option<String>,
    #[param(inline)]
    sort: UserSort,
    descending: bool,
    #[param(inline)]
    role: Option<Role>,
    offset: u32,
    limit: u32,
}

/// Users by search, role and order.
#[utoipa::path(get, path = "/users", tag = "users", params(UserParams), responses((status = 200, body = Page<UserRow>)))]
pub(crate) async fn users(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(params): Params<UserParams>,
) -> Answer<Page<UserRow>> {
    let UserParams { search, sort, descending, role, offset, limit } = params;
    let query = UserQuery { search, sort, descending, role, offset, limit };
    let found = app.store.find_users(caller.org(), query).await?;
    Ok(Json(Page { items: app.rows(caller.org(), &found.users).await?, total: found.total }))
}

/// Creates a user: with a first password, which has to be changed, or with an invitation.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserDraft, responses((status = 201, body = UserCreated)))]
pub(crate) async fn create_user(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(draft): Body<UserDraft>,
) -> Result<(StatusCode, Json<UserCreated>), Problem> {
    let hash = match &draft.password {
        Some(password) => {
            check_password(password.expose(), draft.login.as_deref().unwrap_or(&draft.email))?;
            Some(app.passwords.hash(&Secret::new(password.expose())).await?)
        }
        None => None,
    };
    let invite = hash.is_none();
    let user = app.store.create_user(&caller.actor, draft, hash).await?;
    let invitation = if invite { Some(app.link(&caller, user.id, LinkPurpose::Invitation).await?) } else { None };
    Ok((StatusCode::CREATED, Json(UserCreated { user: app.detail(caller.org(), user.id).await?, invitation })))
}

/// One user with all that belongs to him.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = u64, Path)), responses((status = 200, body = UserDetail)))]
pub(crate) async fn user(State(app): State<Arc<App>>, caller: Caller, Named(id): Named<UserId>) -> Answer<UserDetail> {
    Ok(Json(app.detail(caller.org(), id).await?))
}

/// Changes what is named, if nobody changed the user since.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = u64, Path)), request_body = UserChange,
    responses((status = 200, body = UserDetail)))]
pub(crate) async fn change_user(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
    Body(change): Body<UserChange>,
) -> Answer<UserDetail> {
    app.store.change_user(&caller.actor, id, change).await?;
    Ok(Json(app.detail(caller.org(), id).await?))
}

/// Deletes a user for ever; records keep name and number as they were.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = u64, Path)), responses((status = 204)))]
pub(crate) async fn delete_user(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
) -> Result<StatusCode, Problem> {
    if caller.actor.user() == Some(id) {
        return Err(Problem::new(ServerErrorCode::NotYourself, "Somebody else has to delete you."));
    }
    app.store.delete_user(&caller.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A user's call settings.
#[utoipa::path(get, path = "/users/{id}/settings", tag = "users", params(("id" = u64, Path)),
    responses((status = 200, body = OwnSettings)))]
pub(crate) async fn user_settings(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
) -> Answer<OwnSettings> {
    let stored = app.store.settings(caller.org(), id).await?;
    Ok(Json(app.own_settings(caller.org(), id, &stored, None)))
}

/// Sets a user's mode, call method or permission.
#[utoipa::path(put, path = "/users/{id}/settings", tag = "users", params(("id" = u64, Path)), request_body = AdminChange,
    responses((status = 200, body = OwnSettings)))]
pub(crate) async fn administer_settings(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
    Body(change): Body<AdminChange>,
) -> Answer<OwnSettings> {
    let edit = BulkEdit { users: vec![BulkUser { user: id, incoming: None, outgoing: None }], changes: vec![change] };
    let bulk = app.store.administer_settings(&caller.actor, edit, false).await?;
    if let Some(problem) = bulk.problems.first() {
        return Err(Problem::new(problem.code, "This change can't be made.").with("by", &*problem.by));
    }
    let stored = app.store.settings(caller.org(), id).await?;
    Ok(Json(app.own_settings(caller.org(), id, &stored, None)))
}

/// Whether to try only.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryParams {
    /// Says what would happen and changes nothing.
    dry_run: bool,
}

/// Changes several users' settings: all or nothing. With `dry_run` it says what would change, and for whom it is a problem.
#[utoipa::path(post, path = "/users/bulk", tag = "users", params(DryParams), request_body = BulkEdit,
    responses((status = 200, body = DryRun)))]
pub(crate) async fn bulk(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(params): Params<DryParams>,
    Body(edit): Body<BulkEdit>,
) -> Answer<DryRun> {
    let bulk = app.store.administer_settings(&caller.actor, edit, params.dry_run).await?;
    let mut report = crate::store::changes_of(&bulk);
    report.warnings = app.warnings(&caller, &bulk).await?;
    report.problems = bulk.problems.into_iter().map(problem).collect();
    Ok(Json(report))
}

fn problem(BulkProblem { user, code, by }: BulkProblem) -> DryRunProblem {
    DryRunProblem { user, problem: ApiProblem::new(code, "This change can't be made.").with("by", by) }
}

impl App {
    async fn warnings(&self, caller: &Caller, bulk: &Bulk) -> Result<Vec<Warning>, Problem> {
        let org = caller.org();
        let (accounts, numbers) = (self.store.accounts(org).await?, self.store.numbers(org).await?);
        let mut warnings = Vec::new();
        for (owner, _, after) in &bulk.users {
            let user = self.store.user(org, owner.id).await?;
            let own: Vec<&StoredAccount> =
                accounts.iter().filter(|account| account.owners.iter().any(|known| known.id == owner.id)).collect();
            if is_unreachable(after, &own, &user.profile.telephony) {
                warnings.push(Warning::Unreachable { user: owner.clone() });
                let theirs = numbers.iter().filter(|entry| entry.to == Some(Destination::User { user: owner.id }));
                for entry in theirs {
                    let calls_a_day = self.calls_a_day(caller, &entry.number).await?;
                    warnings.push(Warning::NumberWithoutPhone { number: entry.number.clone(), calls_a_day });
                }
            }
            if let Some(method) = impossible_method(after, &own, &user) {
                warnings.push(Warning::MethodNotPossible { user: owner.clone(), method });
            }
        }
        Ok(warnings)
    }

    /// How many calls came in on a number, by the day, over the last four weeks.
    async fn calls_a_day(&self, caller: &Caller, number: &str) -> Result<u32, Problem> {
        const DAYS: u64 = 28;
        let after = bellbird_contract::Timestamp(caller.actor.now.0.saturating_sub(DAYS * 86_400_000));
        let query =
            bellbird_contract::server::RecordQuery { after: Some(after), limit: u32::MAX, ..Default::default() };
        let records = self.store.records(caller.org(), query).await?;
        let count = records.iter().filter(|record| record.dialled == number).count() as u64;
        Ok(u32::try_from(count.div_ceil(DAYS)).unwrap_or(u32::MAX))
    }

    async fn link(&self, caller: &Caller, user: UserId, purpose: LinkPurpose) -> Result<IssuedLink, Problem> {
        let (prefix, kind, path) = match purpose {
            LinkPurpose::Invitation => ("bbl", GrantKind::Invitation, "invitation"),
            LinkPurpose::Reset => ("bbl", GrantKind::Reset, "reset"),
            LinkPurpose::Provisioning => ("bbp", GrantKind::Provisioning, "provisioning"),
            LinkPurpose::Unknown => {
                return Err(Problem::new(ServerErrorCode::FieldInvalid, "There is no such link.").field("purpose"));
            }
        };
        let token = new_token(prefix)?;
        let expires = caller.actor.now.after(Duration::from_millis(LINK_MILLIS));
        let grant = NewGrant {
            hash: TokenHash::of(&token),
            id: new_id()?,
            user,
            kind,
            expires: Some(expires),
            idle_millis: None,
            words: String::new(),
        };
        self.store.issue(&caller.actor, grant).await?;
        // Behind the #, so that it reaches no log of a proxy.
        let pin = match &self.authority {
            Some(authority) if purpose == LinkPurpose::Provisioning => format!("&authority={}", authority.fingerprint),
            Some(_) | None => String::new(),
        };
        let url = views::secret(&format!("{}/{path}#{token}{pin}", self.config.public_url));
        Ok(IssuedLink { purpose, url, expires, sent: false })
    }
}

fn is_unreachable(
    after: &SettingsDocument,
    own: &[&StoredAccount],
    telephony: &bellbird_contract::server::Telephony,
) -> bool {
    let others = own.iter().any(|account| !matches!(account.document.kind, AccountKind::App | AccountKind::Web));
    let linked = telephony.linked_number.as_ref().is_some_and(|number| number.active);
    let forwarded = telephony.forwarding.always.as_ref().is_some_and(|forwarding| forwarding.active);
    after.incoming.mode == Mode::Disabled && !others && !linked && !forwarded
}

fn impossible_method(
    after: &SettingsDocument,
    own: &[&StoredAccount],
    user: &crate::store::StoredUser,
) -> Option<CallMethod> {
    let desk_phone = own.iter().any(|account| matches!(account.document.kind, AccountKind::DeskPhone { .. }));
    let telephony = &user.profile.telephony;
    let mobile = telephony.call_back_number.is_some()
        || telephony.linked_number.is_some()
        || !user.profile.personal.numbers.is_empty();
    let missing = match after.outgoing.call_method {
        CallMethod::DeskPhone => !desk_phone,
        CallMethod::Mobile => !mobile,
        CallMethod::Softphone | CallMethod::Unknown => false,
    };
    (missing && after.outgoing.mode == Mode::Enabled).then_some(after.outgoing.call_method)
}

/// Turns a user's Do Not Disturb on or off for him.
#[utoipa::path(put, path = "/users/{id}/dnd", tag = "users", params(("id" = u64, Path)), request_body = DndRequest,
    responses((status = 200, body = DndView)))]
pub(crate) async fn set_user_dnd(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
    Body(request): Body<DndRequest>,
) -> Answer<DndView> {
    let request = DndRequest { stamp: None, ..request };
    let state = app.press_dnd(&caller, id, request, DndSource::Portal { user: caller.stored.id }).await?;
    Ok(Json(app.dnd_view(caller.org(), id, state)))
}

/// Says for a user whether and where he can be reached.
#[utoipa::path(put, path = "/users/{id}/availability", tag = "users", params(("id" = u64, Path)), request_body = Availability,
    responses((status = 200, body = AvailabilityState)))]
pub(crate) async fn set_user_availability(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
    Body(availability): Body<Availability>,
) -> Answer<AvailabilityState> {
    Ok(Json(app.store.set_availability(&caller.actor, id, availability).await?))
}

/// Resets a password: sessions end, apps only where asked. Without a typed password a link is made.
#[utoipa::path(post, path = "/users/{id}/password", tag = "users", params(("id" = u64, Path)), request_body = PasswordReset,
    responses((status = 200, body = Option<IssuedLink>)))]
pub(crate) async fn reset_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
    Body(reset): Body<PasswordReset>,
) -> Answer<Option<IssuedLink>> {
    let user = app.may_let_in(&caller, id).await?;
    // Without a typed one: a password that nobody knows, until the link sets another.
    let password = reset.password.as_ref().map(|password| password.expose().to_owned());
    let typed = password.is_some();
    let password = password.map_or_else(|| new_token("none"), Ok)?;
    if typed {
        check_password(&password, &user.login)?;
    }
    let hash = app.passwords.hash(&Secret::new(password)).await?;
    app.store.set_password(&caller.actor, id, hash, typed, reset.revoke_clients).await?;
    Ok(Json(if typed { None } else { Some(app.link(&caller, id, LinkPurpose::Reset).await?) }))
}

impl App {
    /// Whoever can let himself in as an administrator is one.
    async fn may_let_in(&self, caller: &Caller, user: UserId) -> Result<crate::store::StoredUser, Problem> {
        let user = self.store.user(caller.org(), user).await?;
        let own = caller.actor.user() == Some(user.id);
        if user.role == Role::Admin && !own && !caller.actor.is_admin() {
            return Err(forbidden("Only an administrator may do this to an administrator."));
        }
        Ok(user)
    }
}

/// Which link is wanted.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkDraft {
    /// What it is for.
    purpose: LinkPurpose,
}

/// Makes a link that works once: an invitation, a password reset, or one that logs an app in.
#[utoipa::path(post, path = "/users/{id}/links", tag = "users", params(("id" = u64, Path)), request_body = LinkDraft,
    responses((status = 200, body = IssuedLink)))]
pub(crate) async fn issue_link(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<UserId>,
    Body(draft): Body<LinkDraft>,
) -> Answer<IssuedLink> {
    app.may_let_in(&caller, id).await?;
    Ok(Json(app.link(&caller, id, draft.purpose).await?))
}

/// Logs one of a user's apps out.
#[utoipa::path(delete, path = "/users/{id}/clients/{client}", tag = "users",
    params(("id" = u64, Path), ("client" = String, Path)), responses((status = 204)))]
pub(crate) async fn revoke_client(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named((id, client)): Named<(UserId, ClientId)>,
) -> Result<StatusCode, Problem> {
    app.store.revoke_client(&caller.actor, id, client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes one of a user's API keys.
#[utoipa::path(delete, path = "/users/{id}/api-keys/{key}", tag = "users",
    params(("id" = u64, Path), ("key" = u64, Path)), responses((status = 204)))]
pub(crate) async fn revoke_user_api_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named((id, key)): Named<(UserId, ApiKeyId)>,
) -> Result<StatusCode, Problem> {
    app.may_let_in(&caller, id).await?;
    app.store.revoke_api_key(&caller.actor, id, key).await?;
    Ok(StatusCode::NO_CONTENT)
}
