//! Coming in: people with a password and a cookie, apps with a token, links that work once, the first set-up.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use bellbird_contract::Secret;
use bellbird_contract::server::{
    AuditSource, Author, ClientId, DigestAlgorithm, LinkInfo, LinkPurpose, LogIn, LogInResult, OrganisationName,
    PROTOCOL, PasswordChange, Role, ServerErrorCode, ServerHello, SessionRequest, SessionStart, SetUp, SipCredentials,
    WireSecret,
};

use super::authorise::{COOKIE_ENCRYPTED, COOKIE_PLAIN, Caller, From};
use super::problem::dead_link;
use super::{App, Body, Named, Problem};
use crate::auth::{TokenHash, new_id, new_sip_secret, new_token, sip_digests};
use crate::domain::{Actor, PASSWORD_LEAST, check_password, now};
use crate::store::{DeadLink, Grant, GrantKind, Identity, NewClient, NewGrant, StoredUser};

/// Where *log out after inactivity* is set (U4).
pub(crate) const IDLE_MINUTES: u32 = 10;
/// However busy: after so long somebody logs in again.
const SESSION_MILLIS: u64 = 30 * 86_400_000;

/// Who the server is, and which protocols it speaks.
#[utoipa::path(get, path = "/hello", tag = "log-in", responses((status = 200, body = ServerHello)))]
pub(crate) async fn hello(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<axum::Json<ServerHello>, Problem> {
    let organisations = app.store.organisations().await?;
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    // Where several live together, a stranger learns of none but the one that he named.
    let named = organisations.iter().find(|known| known.domain == host);
    let only = if organisations.len() == 1 { organisations.first() } else { None };
    Ok(axum::Json(ServerHello {
        protocol_min: 1,
        protocol_max: PROTOCOL,
        name: concat!("bellbird-server ", env!("CARGO_PKG_VERSION")).to_owned(),
        organisation: named.or(only).map(|known| known.name()),
        now: now(),
        needs_set_up: organisations.is_empty(),
        authority: app.authority.as_ref().map(|authority| authority.fingerprint.clone()),
    }))
}

/// Logs an app in: its client id, its token and its SIP credentials.
#[utoipa::path(post, path = "/log-in", tag = "log-in", request_body = LogIn, responses((status = 200, body = LogInResult)))]
pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    From(address): From,
    Body(request): Body<LogIn>,
) -> Result<axum::Json<LogInResult>, Problem> {
    if request.client.protocol < 1 {
        return Err(Problem::new(ServerErrorCode::ClientTooOld, "This app is too old for the server. Update it."));
    }
    let user = who_logs_in(&app, &request, address).await?;
    let organisation = app.store.organisation(user.org).await?;
    let client = own_client_id(&app, &user, request.client.id.as_ref()).await?;
    let (token, secret) = (new_token("bbd")?, new_sip_secret()?);
    let local = user.extension.clone().unwrap_or_else(|| format!("u{}", user.id));
    let auth_name = format!("{local}-{}", &new_id()?[..12]);
    let new = NewClient {
        user: user.id,
        id: client.clone(),
        description: request.client.clone(),
        token: TokenHash::of(&token),
        token_id: new_id()?,
        ha1: sip_digests(&auth_name, &organisation.realm, &secret).sha256,
        auth_name: auth_name.clone(),
    };
    let from = AuditSource::Client { name: request.client.name, address: address.to_string() };
    app.store.log_in_client(&as_user(&user, from), new, address.to_string()).await?;
    app.edge.caught_up(user.org, app.store.revision(user.org).await?).await;
    app.metrics.log_ins.inc();
    Ok(axum::Json(LogInResult {
        device_token: super::views::secret(&token),
        client,
        sip: SipCredentials {
            auth_name,
            realm: organisation.realm,
            secret: super::views::secret(&secret),
            algorithm: DigestAlgorithm::Sha256,
        },
        me: app.phone(user.org, user.id).await?,
    }))
}

/// By password, or by a provisioning link's token; with a new password where one has to be chosen first (U4).
async fn who_logs_in(app: &App, request: &LogIn, address: IpAddr) -> Result<StoredUser, Problem> {
    let by_link = request.secret.expose().starts_with("bbp_");
    if by_link {
        // A link works once: it is not used up by an app that first has to ask for a password.
        let grant = app.store.grant(TokenHash::of(request.secret.expose()), now()).await?;
        if let Some((_, user)) = &grant {
            chosen_password(app, user, request)?;
        }
    }
    let user = who_is_it(app, request, address).await?;
    let Some(new) = chosen_password(app, &user, request)? else { return Ok(user) };
    if !by_link && new.expose() == request.secret.expose() {
        return Err(Problem::new(ServerErrorCode::PasswordTooCommon, "Choose another one than the first.").field("new"));
    }
    let hash = app.passwords.hash(&Secret::new(new.expose())).await?;
    let from = AuditSource::Client { name: request.client.name.clone(), address: address.to_string() };
    app.store.set_password(&as_user(&user, from), user.id, hash, false, false).await?;
    Ok(app.store.user(user.org, user.id).await?)
}

/// The new password, where one has to be chosen.
fn chosen_password<'r>(app: &App, user: &StoredUser, request: &'r LogIn) -> Result<Option<&'r WireSecret>, Problem> {
    if !user.password_change_needed {
        return Ok(None);
    }
    let new = request.new_password.as_ref().ok_or_else(|| {
        Problem::new(ServerErrorCode::PasswordChangeNeeded, "Choose a new password first.")
            .with("portal", &*app.config.public_url)
            .with("least", PASSWORD_LEAST.to_string())
    })?;
    check_password(new.expose(), &user.login)?;
    Ok(Some(new))
}

async fn who_is_it(app: &App, request: &LogIn, address: IpAddr) -> Result<StoredUser, Problem> {
    if request.secret.expose().starts_with("bbp_") {
        let (org, user) = app.store.use_provisioning(TokenHash::of(request.secret.expose()), now()).await?;
        return Ok(app.store.user(org, user).await?);
    }
    check(app, &request.login, request.secret.expose(), address).await
}

/// The id from before if it is this user's, else a new one: nobody takes over another's values.
async fn own_client_id(app: &App, user: &StoredUser, asked: Option<&ClientId>) -> Result<ClientId, Problem> {
    let known = app.store.clients(user.org, user.id).await?;
    let own = asked.filter(|asked| known.iter().any(|client| client.id == **asked));
    Ok(own.cloned().unwrap_or_else(|| ClientId(uuid::Uuid::new_v4().to_string())))
}

fn as_user(user: &StoredUser, from: AuditSource) -> Actor {
    let author = Author { user: Some(user.id), name: user.name(), role: user.role };
    Actor { org: user.org, author, client: None, from, now: now() }
}

/// Finds whose name and password these are. Wrong name and wrong password look and take the same.
async fn check(app: &App, login: &str, password: &str, address: IpAddr) -> Result<StoredUser, Problem> {
    let identities = app.store.identities(login.to_owned(), address.to_string()).await?;
    let known = identities.iter().any(|identity| identity.known_address);
    app.guesses.check(address, login, known, Instant::now()).map_err(|refused| {
        Problem::new(ServerErrorCode::TooManyTries, "Too many tries. Wait a little.")
            .retry_after(refused.after.as_secs().max(1))
    })?;
    match fitting(app, identities, &Secret::new(password)).await? {
        Some(user) if user.disabled => {
            Err(Problem::new(ServerErrorCode::UserDisabled, "This account is disabled. Contact your administrator."))
        }
        Some(user) => Ok(user),
        None => {
            app.guesses.failed(address, login, Instant::now());
            app.metrics.failed_log_ins.inc();
            Err(Problem::new(ServerErrorCode::WrongCredentials, "The name or the password is wrong."))
        }
    }
}

async fn fitting(app: &App, identities: Vec<Identity>, password: &Secret) -> Result<Option<StoredUser>, Problem> {
    if identities.is_empty() {
        app.passwords.fits(password, None).await?;
    }
    for identity in identities {
        if app.passwords.fits(password, identity.password_hash).await? {
            return Ok(Some(identity.user));
        }
    }
    Ok(None)
}

/// Logs a person in to the portal; the cookie comes beside the answer.
#[utoipa::path(post, path = "/sessions", tag = "log-in", request_body = SessionRequest,
    responses((status = 200, body = SessionStart)))]
pub(crate) async fn begin_session(
    State(app): State<Arc<App>>,
    From(address): From,
    Body(request): Body<SessionRequest>,
) -> Result<impl IntoResponse, Problem> {
    let user = check(&app, &request.login, request.secret.expose(), address).await?;
    let (token, csrf, now) = (new_token("bbs")?, new_id()?, now());
    let grant = NewGrant {
        hash: TokenHash::of(&token),
        id: new_id()?,
        user: user.id,
        kind: GrantKind::Session,
        expires: Some(now.after(std::time::Duration::from_millis(SESSION_MILLIS))),
        idle_millis: user.profile.idle_log_out.then_some(u64::from(IDLE_MINUTES) * 60_000),
        words: csrf.clone(),
    };
    let actor = as_user(&user, AuditSource::Portal { address: address.to_string() });
    app.store.begin_session(&actor, grant.clone(), address.to_string()).await?;
    app.metrics.log_ins.inc();
    let hash = grant.hash.clone();
    let caller = Caller { actor, grant: granted(&user, grant), hash, stored: Arc::new(user), address };
    let start = SessionStart { me: app.me(&caller).await?, csrf };
    Ok(([(SET_COOKIE, cookie(&app, &token, SESSION_MILLIS / 1_000)?)], axum::Json(start)))
}

fn granted(user: &StoredUser, new: NewGrant) -> Grant {
    Grant {
        org: user.org,
        id: new.id,
        user: new.user,
        kind: new.kind,
        client: None,
        last_used: now(),
        idle_millis: new.idle_millis,
        words: new.words,
    }
}

fn cookie(app: &App, token: &str, seconds: u64) -> Result<HeaderValue, Problem> {
    let (name, secure) = if app.config.is_encrypted() { (COOKIE_ENCRYPTED, "; Secure") } else { (COOKIE_PLAIN, "") };
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).map_err(|_| Problem::new(ServerErrorCode::Internal, "The server failed."))
}

/// The session of this cookie: after a reload the page gets its CSRF token again.
#[utoipa::path(get, path = "/sessions/current", tag = "log-in", responses((status = 200, body = SessionStart)))]
pub(crate) async fn current_session(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<axum::Json<SessionStart>, Problem> {
    if caller.grant.kind != GrantKind::Session {
        return Err(super::not_found("session"));
    }
    Ok(axum::Json(SessionStart { me: app.me(&caller).await?, csrf: caller.grant.words }))
}

/// Logs out: this session, or the app whose token is shown.
#[utoipa::path(delete, path = "/sessions/current", tag = "log-in", responses((status = 204)))]
pub(crate) async fn end_session(State(app): State<Arc<App>>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    match &caller.grant.client {
        Some(client) => app.store.revoke_client(&caller.actor, caller.stored.id, client.clone()).await?,
        None => app.store.end_session(caller.grant.org, caller.grant.id.clone()).await?,
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie(&app, "", 0)?)]))
}

/// What a link is for.
#[utoipa::path(get, path = "/links/{token}", tag = "log-in", params(("token" = String, Path)),
    responses((status = 200, body = LinkInfo)))]
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    Named(token): Named<String>,
) -> Result<axum::Json<LinkInfo>, Problem> {
    let (grant, user) = app.store.link(TokenHash::of(&token), now()).await?;
    let purpose = match grant.kind {
        GrantKind::Invitation => LinkPurpose::Invitation,
        GrantKind::Reset => LinkPurpose::Reset,
        GrantKind::Provisioning => LinkPurpose::Provisioning,
        GrantKind::Session | GrantKind::Device | GrantKind::ApiKey => return Err(dead_link(DeadLink::Invalid)),
    };
    let organisation: OrganisationName = app.store.organisation(grant.org).await?.name();
    let password_least = u32::try_from(PASSWORD_LEAST).unwrap_or_default();
    let (name, password_change_needed) = (user.name(), user.password_change_needed);
    Ok(axum::Json(LinkInfo { purpose, name, login: user.login, organisation, password_least, password_change_needed }))
}

/// Sets the password that an invitation or reset link is for; the link is used up.
#[utoipa::path(post, path = "/links/{token}", tag = "log-in", params(("token" = String, Path)),
    request_body = PasswordChange, responses((status = 204)))]
pub(crate) async fn use_link(
    State(app): State<Arc<App>>,
    From(address): From,
    Named(token): Named<String>,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let (_, user) = app.store.link(TokenHash::of(&token), now()).await?;
    check_password(change.new.expose(), &user.login)?;
    let hash = app.passwords.hash(&Secret::new(change.new.expose())).await?;
    let actor = as_user(&user, AuditSource::Portal { address: address.to_string() });
    app.store.use_link(&actor, TokenHash::of(&token), hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a new server up, with the one-time link that it printed.
#[utoipa::path(post, path = "/set-up/{token}", tag = "log-in", params(("token" = String, Path)),
    request_body = SetUp, responses((status = 204)))]
pub(crate) async fn set_up(
    State(app): State<Arc<App>>,
    Named(token): Named<String>,
    Body(request): Body<SetUp>,
) -> Result<StatusCode, Problem> {
    if !app.store.organisations().await?.is_empty() {
        return Err(Problem::new(ServerErrorCode::AlreadySetUp, "This server is set up already."));
    }
    let expected = app.store.installation(crate::admin::SET_UP).await?;
    if expected != Some(TokenHash::of(&token).0) {
        // Each start of a server that waits prints a new one.
        let older = token.starts_with("bbi_");
        return Err(dead_link(if older { DeadLink::Replaced { at: now() } } else { DeadLink::Invalid }));
    }
    let password = request.admin.password.clone();
    let password =
        password.ok_or_else(|| Problem::new(ServerErrorCode::FieldMissing, "Choose a password.").field("password"))?;
    let login = request.admin.login.as_deref().unwrap_or(&request.admin.email);
    check_password(password.expose(), login)?;
    let hash = app.passwords.hash(&Secret::new(password.expose())).await?;
    let admin = bellbird_contract::server::UserDraft { role: Role::Admin, ..request.admin };
    let new = crate::admin::organisation(&request.organisation, &request.domain, &request.country, &request.time_zone);
    app.store.set_up(new, admin, hash, now()).await?;
    app.store.set_installation(crate::admin::SET_UP, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
