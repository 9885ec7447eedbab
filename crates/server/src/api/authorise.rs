//! Who asks, and whether he may: the one place that decides, before any handler runs.
//!
//! Each operation is in [`TABLE`]; what is not there is refused. Handlers get a [`Caller`] that has passed.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use bellbird_contract::server::{AuditSource, Author, OrgId, Role, ServerErrorCode, UserId};
use subtle::ConstantTimeEq as _;

use super::{App, Problem};
use crate::auth::{PaceKey, TokenHash};
use crate::domain::{Actor, now};
use crate::store::{Grant, GrantKind, StoredUser};
use crate::tls::Peer;

/// What an operation does, as far as roles matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// One's own things, and what every colleague sees.
    Own,
    /// Users, their settings and devices, requests, assigning numbers.
    ManageUsers,
    /// Everybody's call records.
    ReadRecords,
    /// Audit, numbers and organisation, to look at.
    ReadAdministration,
    /// The organisation, trunks, which numbers there are.
    Administer,
}

/// The table of roles (U3).
pub fn allows(role: Role, action: Action) -> bool {
    match action {
        Action::Own => role != Role::Unknown,
        Action::ManageUsers | Action::ReadAdministration => matches!(role, Role::Admin | Role::AccountManagement),
        Action::ReadRecords => matches!(role, Role::Admin | Role::AccountManagement | Role::CallDetails),
        Action::Administer => role == Role::Admin,
    }
}

/// Every operation that needs somebody to be logged in.
pub const TABLE: &[(&str, &str, Action)] = &[
    ("GET", "/sessions/current", Action::Own),
    ("DELETE", "/sessions/current", Action::Own),
    ("GET", "/me", Action::Own),
    ("PATCH", "/me", Action::Own),
    ("GET", "/me/profile", Action::Own),
    ("PUT", "/me/password", Action::Own),
    ("GET", "/me/phone", Action::Own),
    ("GET", "/me/settings", Action::Own),
    ("PUT", "/me/settings", Action::Own),
    ("GET", "/me/dnd", Action::Own),
    ("PUT", "/me/dnd", Action::Own),
    ("GET", "/me/availability", Action::Own),
    ("PUT", "/me/availability", Action::Own),
    ("GET", "/me/telephony", Action::Own),
    ("PUT", "/me/telephony", Action::Own),
    ("PATCH", "/me/telephony", Action::Own),
    ("POST", "/me/calls", Action::Own),
    ("GET", "/me/calls/{id}", Action::Own),
    ("DELETE", "/me/calls/{id}", Action::Own),
    ("GET", "/me/records", Action::Own),
    ("GET", "/me/requests", Action::Own),
    ("POST", "/me/requests", Action::Own),
    ("DELETE", "/me/requests/{id}", Action::Own),
    ("GET", "/me/api-keys", Action::Own),
    ("POST", "/me/api-keys", Action::Own),
    ("DELETE", "/me/api-keys/{id}", Action::Own),
    ("GET", "/me/clients", Action::Own),
    ("DELETE", "/me/clients/{id}", Action::Own),
    ("GET", "/colleagues", Action::Own),
    ("GET", "/events", Action::Own),
    ("GET", "/users", Action::ManageUsers),
    ("POST", "/users", Action::ManageUsers),
    ("POST", "/users/bulk", Action::ManageUsers),
    ("GET", "/users/{id}", Action::ManageUsers),
    ("PATCH", "/users/{id}", Action::ManageUsers),
    ("DELETE", "/users/{id}", Action::ManageUsers),
    ("GET", "/users/{id}/settings", Action::ManageUsers),
    ("PUT", "/users/{id}/settings", Action::ManageUsers),
    ("PUT", "/users/{id}/dnd", Action::ManageUsers),
    ("PUT", "/users/{id}/availability", Action::ManageUsers),
    ("POST", "/users/{id}/password", Action::ManageUsers),
    ("POST", "/users/{id}/links", Action::ManageUsers),
    ("DELETE", "/users/{id}/clients/{client}", Action::ManageUsers),
    ("DELETE", "/users/{id}/api-keys/{key}", Action::ManageUsers),
    ("GET", "/contacts", Action::ManageUsers),
    ("POST", "/contacts", Action::ManageUsers),
    ("PUT", "/contacts/{id}", Action::ManageUsers),
    ("DELETE", "/contacts/{id}", Action::ManageUsers),
    ("GET", "/employers", Action::ManageUsers),
    ("GET", "/accounts", Action::ManageUsers),
    ("POST", "/accounts", Action::ManageUsers),
    ("GET", "/accounts/{id}", Action::ManageUsers),
    ("PUT", "/accounts/{id}", Action::ManageUsers),
    ("DELETE", "/accounts/{id}", Action::ManageUsers),
    ("POST", "/accounts/{id}/secret", Action::ManageUsers),
    ("POST", "/accounts/{id}/action-urls", Action::ManageUsers),
    ("POST", "/accounts/{id}/sip-test", Action::ManageUsers),
    ("POST", "/accounts/{id}/network-test", Action::ManageUsers),
    ("DELETE", "/accounts/{id}/registrations/{registration}", Action::ManageUsers),
    ("GET", "/numbers", Action::ReadAdministration),
    ("POST", "/numbers", Action::Administer),
    ("PUT", "/numbers/{id}", Action::ManageUsers),
    ("DELETE", "/numbers/{id}", Action::Administer),
    ("GET", "/trunks", Action::ReadAdministration),
    ("POST", "/trunks", Action::Administer),
    ("PUT", "/trunks/{id}", Action::Administer),
    ("DELETE", "/trunks/{id}", Action::Administer),
    ("POST", "/trunks/{id}/test", Action::Administer),
    ("GET", "/requests", Action::ManageUsers),
    ("POST", "/requests/{id}/answer", Action::ManageUsers),
    ("GET", "/audit", Action::ReadAdministration),
    ("GET", "/calls", Action::ReadRecords),
    // One's own call too: the handler lets nobody else's through.
    ("GET", "/calls/{id}/why", Action::Own),
    ("GET", "/organisation", Action::ReadAdministration),
    ("PATCH", "/organisation", Action::Administer),
];

/// Operations that are open while a new password has to be set first.
const BEFORE_PASSWORD: &[(&str, &str)] =
    &[("GET", "/sessions/current"), ("DELETE", "/sessions/current"), ("GET", "/me"), ("PUT", "/me/password")];

/// The session's cookie; the prefix keeps other hosts and unencrypted pages from setting it.
pub(crate) const COOKIE_PLAIN: &str = "bellbird_session";
pub(crate) const COOKIE_ENCRYPTED: &str = "__Host-bellbird_session";
/// Lets a partner act in another organisation (U14).
const ORGANISATION: &str = "x-organisation";
const CSRF: &str = "x-csrf-token";
/// A use is written down no more often than this, in milliseconds.
const TOUCH_EVERY: u64 = 15_000;

/// Who has been let through.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) grant: Grant,
    /// Finds the grant again, as long as it is there.
    pub(crate) hash: TokenHash,
    /// The user in his own organisation.
    pub(crate) stored: Arc<StoredUser>,
    pub(crate) address: IpAddr,
}

impl Caller {
    pub(crate) fn org(&self) -> OrgId {
        self.actor.org
    }

    /// The user, who has to be one of the organisation that is acted in.
    pub(crate) fn user(&self) -> Result<UserId, Problem> {
        self.actor.user().ok_or_else(|| forbidden("You are a guest in this organisation."))
    }

    pub(crate) fn may(&self, action: Action) -> bool {
        allows(self.actor.author.role, action)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(not_logged_in)
    }
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct From(pub(crate) IpAddr);

impl FromRequestParts<Arc<App>> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0.0.ip());
        let peer = peer.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)).to_canonical();
        Ok(Self(behind_proxies(peer, &parts.headers, &app.config.trusted_proxies)))
    }
}

/// The last address that a proxy of ours saw; what stands before it anybody can write.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let chain: Vec<IpAddr> =
        values.flat_map(|value| value.split(',')).filter_map(|part| part.trim().parse().ok()).collect();
    chain.into_iter().rev().find(|address| !trusted.contains(address)).unwrap_or(peer)
}

/// The middleware in front of every operation of [`TABLE`].
pub(crate) async fn authorise(
    State(app): State<Arc<App>>,
    path: MatchedPath,
    From(address): From,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = path.as_str().trim_start_matches("/api/v1");
    let method = request.method().clone();
    let action = action(&method, path).ok_or_else(|| forbidden("Nobody may do this."))?;
    let caller = match authenticate(&app, &method, request.headers(), elsewhere(&request), address).await {
        Ok(caller) => caller,
        Err(problem) => {
            app.pace(PaceKey::Guess(address))?;
            return Err(problem);
        }
    };
    app.pace(PaceKey::Grant(caller.grant.org, caller.grant.id.clone()))?;
    if caller.stored.password_change_needed && !BEFORE_PASSWORD.contains(&(method.as_str(), path)) {
        return Err(Problem::new(ServerErrorCode::PasswordChangeNeeded, "Set a new password first."));
    }
    if !caller.may(action) {
        return Err(forbidden("Your role does not allow this."));
    }
    let org = caller.org();
    request.extensions_mut().insert(caller);
    let answer = next.run(request).await;
    if !method.is_safe() && answer.status().is_success() {
        // What is acknowledged holds for the next call.
        app.edge.caught_up(org, app.store.revision(org).await?).await;
    }
    Ok(answer)
}

fn action(method: &Method, path: &str) -> Option<Action> {
    // A HEAD is a GET without its body.
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    TABLE.iter().find(|(verb, pattern, _)| *verb == method && *pattern == path).map(|(_, _, action)| *action)
}

/// The organisation that a partner acts in. A browser's WebSocket has no headers of its own: there it is in the query.
fn elsewhere(request: &Request) -> Option<&str> {
    let named = request.headers().get(ORGANISATION).and_then(|value| value.to_str().ok());
    let is_socket = request.uri().path().ends_with("/events");
    let query = request.uri().query().filter(|_| is_socket).unwrap_or_default();
    named.or_else(|| query.split('&').find_map(|pair| pair.strip_prefix("organisation=")))
}

async fn authenticate(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    elsewhere: Option<&str>,
    address: IpAddr,
) -> Result<Caller, Problem> {
    let (token, by_cookie) = shown(headers).ok_or_else(not_logged_in)?;
    let now = now();
    let hash = TokenHash::of(&token);
    let (grant, user) = app.store.grant(hash.clone(), now).await?.ok_or_else(|| lost(by_cookie))?;
    let is_session = grant.kind == GrantKind::Session;
    if is_session != by_cookie || !matches!(grant.kind, GrantKind::Session | GrantKind::Device | GrantKind::ApiKey) {
        return Err(not_logged_in());
    }
    if user.disabled {
        return Err(Problem::new(
            ServerErrorCode::UserDisabled,
            "This account is disabled. Contact your administrator.",
        ));
    }
    if is_session {
        check_origin(app, method, headers, &grant)?;
    }
    if now.0.saturating_sub(grant.last_used.0) > TOUCH_EVERY {
        app.store.touch(grant.org, grant.id.clone(), now).await?;
    }
    let actor = actor(app, elsewhere, &grant, &user, address).await?;
    Ok(Caller { actor, grant, hash, stored: Arc::new(user), address })
}

fn shown(headers: &HeaderMap) -> Option<(String, bool)> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| (token.trim().to_owned(), false));
    }
    let cookies =
        headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(name, _)| [COOKIE_ENCRYPTED, COOKIE_PLAIN].contains(name)).map(|(_, token)| (token.to_owned(), true))
}

/// A page of somebody else's can send our cookie, but neither read the CSRF token nor lie about its origin.
fn check_origin(app: &App, method: &Method, headers: &HeaderMap, grant: &Grant) -> Result<(), Problem> {
    let missing = || Problem::new(ServerErrorCode::CsrfMissing, "Load the page again.");
    if let Some(origin) = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()) {
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        let same_host = origin.split_once("://").is_some_and(|(_, rest)| rest == host);
        if !same_host && origin != app.config.public_url {
            return Err(missing());
        }
    }
    if method.is_safe() {
        return Ok(());
    }
    let sent = headers.get(CSRF).map(|value| value.as_bytes()).unwrap_or_default();
    if bool::from(sent.ct_eq(grant.words.as_bytes())) { Ok(()) } else { Err(missing()) }
}

async fn actor(
    app: &App,
    elsewhere: Option<&str>,
    grant: &Grant,
    user: &StoredUser,
    address: IpAddr,
) -> Result<Actor, Problem> {
    let address = address.to_string();
    let from = match grant.kind {
        GrantKind::ApiKey => AuditSource::Api { key: grant.words.clone(), address },
        GrantKind::Device => AuditSource::Client { name: client_name(app, grant).await, address },
        GrantKind::Session | GrantKind::Invitation | GrantKind::Reset | GrantKind::Provisioning => {
            AuditSource::Portal { address }
        }
    };
    let author = Author { user: Some(user.id), name: user.name(), role: user.role };
    let actor = Actor { org: grant.org, author, client: grant.client.clone(), from, now: now() };
    match elsewhere {
        Some(other) => as_partner(app, actor, other).await,
        None => Ok(actor),
    }
}

async fn client_name(app: &App, grant: &Grant) -> String {
    let clients = app.store.clients(grant.org, grant.user).await.unwrap_or_default();
    let own = clients.into_iter().find(|client| Some(&client.id) == grant.client.as_ref());
    own.map(|client| client.description.name).unwrap_or_default()
}

/// A partner acts as an administrator without being a user there.
async fn as_partner(app: &App, actor: Actor, other: &str) -> Result<Actor, Problem> {
    let wanted = other.parse().map(OrgId).map_err(|_| super::not_found("organisation"))?;
    if wanted == actor.org {
        return Ok(actor);
    }
    let user = actor.author.user.ok_or_else(not_logged_in)?;
    let administers = app.store.administers(actor.org, user).await?;
    if !administers.iter().any(|organisation| organisation.id == wanted) {
        return Err(super::not_found("organisation"));
    }
    let home = app.store.organisation(actor.org).await?.document.name;
    let author = Author { user: None, name: format!("{} ({home})", actor.author.name), role: Role::Admin };
    Ok(Actor { org: wanted, author, client: None, ..actor })
}

pub(crate) fn not_logged_in() -> Problem {
    Problem::new(ServerErrorCode::NotLoggedIn, "Log in first.")
}

fn lost(by_cookie: bool) -> Problem {
    if by_cookie {
        Problem::new(ServerErrorCode::IdleLogOut, "You were logged out. Log in again.")
    } else {
        Problem::new(ServerErrorCode::ClientRevoked, "This app was logged out. Log in again.")
    }
}

pub(crate) fn forbidden(title: &str) -> Problem {
    Problem::new(ServerErrorCode::Forbidden, title)
}
