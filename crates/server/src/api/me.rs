//! One's own things.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bellbird_contract::Secret;
use bellbird_contract::server::{
    ApiKeyId, ApiKeyView, Availability, AvailabilityState, CallMethod, CallProgress, CallRecord, CallRequest,
    ChangeRequest, ChangeRequestDraft, ChangeRequestId, ClientId, ClientView, Colleague, DndAct, DndRequest, DndSource,
    DndView, IssuedApiKey, Me, MePhone, OwnSettings, PasswordChange, RecordQuery, ServerCallId, ServerErrorCode,
    SettingsChange, Telephony, TelephonyChange, UserChange, UserDetail, resolve,
};
use serde::Deserialize;

use super::authorise::{Caller, forbidden};
use super::{App, Body, Named, Params, Problem, not_found, views};
use crate::auth::{TokenHash, new_token};
use crate::domain::{check_password, check_text, now, utc_offset_minutes};
use crate::edge::CallOrder;
use crate::store::{GrantKind, NewGrant, Refusal, StoreError};

type Answer<T> = Result<Json<T>, Problem>;

/// Who is logged in.
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, body = Me)))]
pub(crate) async fn me(State(app): State<Arc<App>>, caller: Caller) -> Answer<Me> {
    Ok(Json(app.me(&caller).await?))
}

/// All that belongs to oneself, as far as one may see it: what administrators noted for themselves is left out.
#[utoipa::path(get, path = "/me/profile", tag = "me", responses((status = 200, body = UserDetail)))]
pub(crate) async fn own_profile(State(app): State<Arc<App>>, caller: Caller) -> Answer<UserDetail> {
    let mut detail = app.detail(caller.org(), caller.user()?).await?;
    detail.personal.description.clear();
    Ok(Json(detail))
}

/// Edits one's own profile (U15): names, work details, language, time zone.
#[utoipa::path(patch, path = "/me", tag = "me", request_body = UserChange, responses((status = 200, body = Me)))]
pub(crate) async fn change_me(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(change): Body<UserChange>,
) -> Answer<Me> {
    let user = caller.user()?;
    let mut change = change;
    if change.role.is_some() || change.extension.is_some() || change.login.is_some() || change.email.is_some() {
        return Err(forbidden("Your administrator sets this. Please contact them."));
    }
    if let Some(security) = &mut change.security {
        let kept = &caller.stored;
        security.disabled = kept.disabled;
        security.idle_log_out = kept.profile.idle_log_out;
        security.password_change_needed = kept.password_change_needed;
        security.country = kept.profile.country.clone();
    }
    if let Some(personal) = &mut change.personal {
        personal.description = caller.stored.profile.personal.description.clone();
    }
    app.store.change_user(&caller.actor, user, change).await?;
    Ok(Json(app.me(&caller).await?))
}

/// Sets one's own password; all sessions end, apps stay logged in.
#[utoipa::path(put, path = "/me/password", tag = "me", request_body = PasswordChange, responses((status = 204)))]
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let user = caller.user()?;
    let old =
        change.old.ok_or_else(|| Problem::new(ServerErrorCode::FieldMissing, "Type your password.").field("old"))?;
    let address = caller.address;
    let wait = |refused: crate::auth::Refused| {
        Problem::new(ServerErrorCode::TooManyTries, "Too many tries. Wait a little.")
            .retry_after(refused.after.as_secs().max(1))
    };
    app.guesses.check(address, &caller.stored.login, true, std::time::Instant::now()).map_err(wait)?;
    let identity = app.store.identity(caller.org(), user).await?;
    if !app.passwords.fits(&Secret::new(old.expose()), identity.password_hash).await? {
        app.guesses.failed(address, &caller.stored.login, std::time::Instant::now());
        return Err(Problem::new(ServerErrorCode::FieldInvalid, "This is not your password.").field("old"));
    }
    check_password(change.new.expose(), &caller.stored.login)?;
    let hash = app.passwords.hash(&Secret::new(change.new.expose())).await?;
    app.store.set_password(&caller.actor, user, hash, false, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a phone needs beside its secret.
#[utoipa::path(get, path = "/me/phone", tag = "me", responses((status = 200, body = MePhone)))]
pub(crate) async fn phone(State(app): State<Arc<App>>, caller: Caller) -> Answer<MePhone> {
    Ok(Json(app.phone(caller.org(), caller.user()?).await?))
}

/// One's call settings, as this client sees them.
#[utoipa::path(get, path = "/me/settings", tag = "me", responses((status = 200, body = OwnSettings)))]
pub(crate) async fn own_settings(State(app): State<Arc<App>>, caller: Caller) -> Answer<OwnSettings> {
    let (org, user) = (caller.org(), caller.user()?);
    let stored = app.store.settings(org, user).await?;
    Ok(Json(app.own_settings(org, user, &stored, caller.grant.client.as_ref())))
}

/// Changes one's call settings, where the permission is there: for this client, or for all.
#[utoipa::path(put, path = "/me/settings", tag = "me", request_body = SettingsChange,
    responses((status = 200, body = OwnSettings)))]
pub(crate) async fn change_own_settings(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(change): Body<SettingsChange>,
) -> Answer<OwnSettings> {
    let (org, user) = (caller.org(), caller.user()?);
    let incoming = matches!(change, SettingsChange::Incoming { .. });
    let stored = match app.store.change_own_settings(&caller.actor, user, change).await {
        Err(StoreError::Refused(Refusal::NoPermission)) => return Err(app.locked(&caller, user, incoming).await?),
        stored => stored?,
    };
    Ok(Json(app.own_settings(org, user, &stored, caller.grant.client.as_ref())))
}

impl App {
    /// The refusal of a change without the permission: it names whom to turn to.
    async fn locked(
        &self,
        caller: &Caller,
        user: bellbird_contract::server::UserId,
        incoming: bool,
    ) -> Result<Problem, Problem> {
        let refused = Problem::from(StoreError::Refused(Refusal::NoPermission));
        let settings = self.store.settings(caller.org(), user).await?;
        let effective = resolve(&settings.for_client(caller.grant.client.as_ref()));
        let Some(lock) = (if incoming { effective.receive.lock } else { effective.make.lock }) else {
            return Ok(refused);
        };
        let by = lock.contact.unwrap_or(lock.author).name;
        let refused = refused.with("by", by).with("since", lock.since.0.to_string());
        Ok(match lock.note {
            Some(note) => refused.with("note", note),
            None => refused,
        })
    }
}

/// One's Do Not Disturb.
#[utoipa::path(get, path = "/me/dnd", tag = "me", responses((status = 200, body = DndView)))]
pub(crate) async fn own_dnd(State(app): State<Arc<App>>, caller: Caller) -> Answer<DndView> {
    let (org, user) = (caller.org(), caller.user()?);
    Ok(Json(app.dnd_view(org, user, app.store.dnd(org, user).await?)))
}

/// Turns one's Do Not Disturb on or off; with a stamp an act from before, which counts if it is the newest.
#[utoipa::path(put, path = "/me/dnd", tag = "me", request_body = DndRequest, responses((status = 200, body = DndView)))]
pub(crate) async fn set_own_dnd(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(request): Body<DndRequest>,
) -> Answer<DndView> {
    let (org, user) = (caller.org(), caller.user()?);
    let by = source(&caller);
    Ok(Json(app.dnd_view(org, user, app.press_dnd(&caller, user, request, by).await?)))
}

fn source(caller: &Caller) -> DndSource {
    match (&caller.grant.client, caller.grant.kind) {
        (Some(client), _) => DndSource::App { client: client.clone() },
        (None, GrantKind::Session) => DndSource::Portal { user: caller.stored.id },
        (
            None,
            GrantKind::ApiKey | GrantKind::Device | GrantKind::Invitation | GrantKind::Reset | GrantKind::Provisioning,
        ) => DndSource::Api,
    }
}

impl App {
    pub(crate) async fn press_dnd(
        &self,
        caller: &Caller,
        user: bellbird_contract::server::UserId,
        request: DndRequest,
        by: DndSource,
    ) -> Result<bellbird_contract::server::DndState, Problem> {
        let stored = self.store.user(caller.org(), user).await?;
        let organisation = self.store.organisation(caller.org()).await?;
        // A toggle from a phone that was offline ends as counted from when it was pressed.
        let pressed = request.stamp.map_or(now(), |stamp| bellbird_contract::Timestamp(stamp.millis.min(now().0)));
        let offset = utc_offset_minutes(&views::time_zone(&stored, &organisation), pressed);
        let until = request.on.then_some(()).and(request.end).and_then(|end| end.moment(pressed, offset));
        let on = request.on;
        Ok(match request.stamp {
            Some(stamp) => self.store.merge_dnd(&caller.actor, user, DndAct { stamp, on, until, by }).await?,
            None => self.store.act_dnd(&caller.actor, user, on, until, by).await?,
        })
    }
}

/// Whether and where one can be reached (N5).
#[utoipa::path(get, path = "/me/availability", tag = "me", responses((status = 200, body = AvailabilityState)))]
pub(crate) async fn own_availability(State(app): State<Arc<App>>, caller: Caller) -> Answer<AvailabilityState> {
    Ok(Json(app.store.user(caller.org(), caller.user()?).await?.profile.availability))
}

/// Says whether and where one can be reached (N5).
#[utoipa::path(put, path = "/me/availability", tag = "me", request_body = Availability,
    responses((status = 200, body = AvailabilityState)))]
pub(crate) async fn set_own_availability(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(availability): Body<Availability>,
) -> Answer<AvailabilityState> {
    Ok(Json(app.store.set_availability(&caller.actor, caller.user()?, availability).await?))
}

/// What the call plan does for oneself.
#[utoipa::path(get, path = "/me/telephony", tag = "me", responses((status = 200, body = Telephony)))]
pub(crate) async fn own_telephony(State(app): State<Arc<App>>, caller: Caller) -> Answer<Telephony> {
    Ok(Json(app.store.user(caller.org(), caller.user()?).await?.profile.telephony))
}

/// Sets what the call plan does for oneself; caller ID is saved at once (U15).
#[utoipa::path(put, path = "/me/telephony", tag = "me", request_body = Telephony, responses((status = 200, body = Telephony)))]
pub(crate) async fn set_own_telephony(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(telephony): Body<Telephony>,
) -> Answer<Telephony> {
    Ok(Json(app.store.set_telephony(&caller.actor, caller.user()?, telephony).await?))
}

/// Changes a part of what the call plan does for oneself; the rest stays as it is by now.
#[utoipa::path(patch, path = "/me/telephony", tag = "me", request_body = TelephonyChange,
    responses((status = 200, body = Telephony)))]
pub(crate) async fn change_own_telephony(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(change): Body<TelephonyChange>,
) -> Answer<Telephony> {
    Ok(Json(app.store.change_telephony(&caller.actor, caller.user()?, change).await?))
}

/// Calls by desk phone or call-back (C2): one's own phone rings first.
#[utoipa::path(post, path = "/me/calls", tag = "calls", request_body = CallRequest,
    responses((status = 200, body = CallProgress)))]
pub(crate) async fn start_call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(request): Body<CallRequest>,
) -> Answer<CallProgress> {
    let (org, user) = (caller.org(), caller.user()?);
    if request.target.trim().is_empty() || check_text("target", &request.target, true).is_err() {
        return Err(Problem::new(ServerErrorCode::InvalidTarget, "This is no number.").field("target"));
    }
    let settings = app.store.settings(org, user).await?;
    let effective = resolve(&settings.for_client(caller.grant.client.as_ref()));
    let emergency = app.phone(org, user).await?.emergency_numbers.iter().any(|number| *number == request.target.trim());
    if !effective.make.value && !emergency {
        return Err(Problem::new(ServerErrorCode::MakingCallsOff, "Making calls is off for you."));
    }
    let method = request.method.unwrap_or(effective.call_method.value);
    if matches!(method, CallMethod::Softphone | CallMethod::Unknown) {
        return Err(Problem::new(ServerErrorCode::FieldInvalid, "The app makes this call itself.").field("method"));
    }
    let order = CallOrder { user, target: request.target, method, withhold_number: request.withhold_number };
    let started = app.edge.start_call(org, order).await;
    started.map(Json).map_err(|code| Problem::new(code, why_no_call(code)))
}

/// What is told about a call that was not set up, by its code.
const WHY_NO_CALL: &[(ServerErrorCode, &str)] = &[
    (ServerErrorCode::NoDeskPhone, "You have no desk phone to call with. Choose another call method."),
    (ServerErrorCode::DeskPhoneNotRegistered, "Your desk phone is not connected, so it can't ring. Check its cable."),
    (
        ServerErrorCode::NoExternalNumber,
        "There is no mobile or landline number to call you on. Add one to your account.",
    ),
    (ServerErrorCode::UnknownTarget, "Nobody has this number."),
    (ServerErrorCode::TooManyCalls, "You have as many calls as you may have at once."),
    (ServerErrorCode::TrunkUnavailable, "No line to the outside is free or working. Colleagues can be called."),
    (ServerErrorCode::MakingCallsOff, "Making calls is off for you."),
];

fn why_no_call(code: ServerErrorCode) -> &'static str {
    let known = WHY_NO_CALL.iter().find(|(known, _)| *known == code);
    known.map_or("The call could not be set up. Try again.", |(_, words)| words)
}

/// How far a call is that the server sets up.
#[utoipa::path(get, path = "/me/calls/{id}", tag = "calls", params(("id" = String, Path)),
    responses((status = 200, body = CallProgress)))]
pub(crate) async fn call_progress(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ServerCallId>,
) -> Answer<CallProgress> {
    let calls = app.edge.calls(caller.org(), caller.user()?);
    calls.into_iter().find(|call| call.id == id).map(Json).ok_or_else(|| not_found("call"))
}

/// Ends a call that the server sets up.
#[utoipa::path(delete, path = "/me/calls/{id}", tag = "calls", params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn cancel_call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ServerCallId>,
) -> Result<StatusCode, Problem> {
    let ended = app.edge.cancel_call(caller.org(), caller.user()?, &id).await;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(not_found("call")) }
}

/// What of the calls is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordParams {
    user: Option<u64>,
    search: Option<String>,
    before: Option<u64>,
    after: Option<u64>,
    missed_only: bool,
    limit: u32,
}

impl RecordParams {
    pub(crate) fn query(self) -> RecordQuery {
        RecordQuery {
            user: self.user.map(bellbird_contract::server::UserId),
            search: self.search,
            before: self.before.map(bellbird_contract::Timestamp),
            after: self.after.map(bellbird_contract::Timestamp),
            missed_only: self.missed_only,
            limit: self.limit,
        }
    }
}

/// One's own calls, newest first.
#[utoipa::path(get, path = "/me/records", tag = "calls", params(RecordParams), responses((status = 200, body = Vec<CallRecord>)))]
pub(crate) async fn own_records(
    State(app): State<Arc<App>>,
    caller: Caller,
    Params(params): Params<RecordParams>,
) -> Answer<Vec<CallRecord>> {
    let user = caller.user()?;
    let query = RecordQuery { user: Some(user), ..params.query() };
    let records = app.store.records(caller.org(), query).await?;
    Ok(Json(records.into_iter().map(|record| record.seen_by(user)).collect()))
}

/// What one asked for.
#[utoipa::path(get, path = "/me/requests", tag = "me", responses((status = 200, body = Vec<ChangeRequest>)))]
pub(crate) async fn own_requests(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<ChangeRequest>> {
    Ok(Json(app.store.requests(caller.org(), Some(caller.user()?)).await?))
}

/// Asks an administrator for a change.
#[utoipa::path(post, path = "/me/requests", tag = "me", request_body = ChangeRequestDraft,
    responses((status = 200, body = ChangeRequest)))]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(draft): Body<ChangeRequestDraft>,
) -> Answer<ChangeRequest> {
    Ok(Json(app.store.ask(&caller.actor, caller.user()?, draft).await?))
}

/// Takes a request back.
#[utoipa::path(delete, path = "/me/requests/{id}", tag = "me", params(("id" = u64, Path)),
    responses((status = 200, body = ChangeRequest)))]
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ChangeRequestId>,
) -> Answer<ChangeRequest> {
    Ok(Json(app.store.withdraw(&caller.actor, caller.user()?, id).await?))
}

/// One's API keys.
#[utoipa::path(get, path = "/me/api-keys", tag = "me", responses((status = 200, body = Vec<ApiKeyView>)))]
pub(crate) async fn api_keys(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<ApiKeyView>> {
    Ok(Json(app.store.api_keys(caller.org(), caller.user()?).await?))
}

/// What a new API key is called.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyDraft {
    /// Its name: `Payroll`.
    name: String,
}

/// Makes an API key; it is told this once.
#[utoipa::path(post, path = "/me/api-keys", tag = "me", request_body = ApiKeyDraft, responses((status = 200, body = IssuedApiKey)))]
pub(crate) async fn create_api_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(draft): Body<ApiKeyDraft>,
) -> Answer<IssuedApiKey> {
    check_text("name", &draft.name, true)?;
    let (id, token) = (app.store.next_api_key(caller.org()).await?, new_token("bbk")?);
    let grant = NewGrant {
        hash: TokenHash::of(&token),
        id: format!("key-{id}"),
        user: caller.user()?,
        kind: GrantKind::ApiKey,
        expires: None,
        idle_millis: None,
        words: draft.name.clone(),
    };
    app.store.issue(&caller.actor, grant).await?;
    let key = ApiKeyView { id, name: draft.name, created: caller.actor.now, last_used: None };
    Ok(Json(IssuedApiKey { key, secret: views::secret(&token) }))
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/me/api-keys/{id}", tag = "me", params(("id" = u64, Path)), responses((status = 204)))]
pub(crate) async fn revoke_api_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    app.store.revoke_api_key(&caller.actor, caller.user()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's apps.
#[utoipa::path(get, path = "/me/clients", tag = "me", responses((status = 200, body = Vec<ClientView>)))]
pub(crate) async fn own_clients(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<ClientView>> {
    Ok(Json(app.clients(caller.org(), caller.user()?).await?))
}

/// Logs one of one's apps out; the others stay.
#[utoipa::path(delete, path = "/me/clients/{id}", tag = "me", params(("id" = String, Path)), responses((status = 204)))]
pub(crate) async fn revoke_own_client(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(id): Named<ClientId>,
) -> Result<StatusCode, Problem> {
    app.store.revoke_client(&caller.actor, caller.user()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Colleagues and what they are doing.
#[utoipa::path(get, path = "/colleagues", tag = "colleagues", responses((status = 200, body = Vec<Colleague>)))]
pub(crate) async fn colleagues(State(app): State<Arc<App>>, caller: Caller) -> Answer<Vec<Colleague>> {
    Ok(Json(app.colleagues(caller.org()).await?))
}
