//! `/api/v1`: what phones, the portal and other programs do over HTTP.
//!
//! A request goes through [`authorise`] (who, and may he), a handler (words in, one use case, words out), and back. What
//! goes wrong is `application/problem+json`. The description is made from the handlers: `/api/v1/openapi.json`, to be read
//! at `/api/v1/docs`.

mod actions;
mod administration;
pub mod authorise;
mod contacts;
mod devices;
mod events;
mod me;
mod metrics;
mod portal;
mod problem;
mod sessions;
mod users;
mod views;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use bellbird_contract::server::ServerErrorCode;
use tokio::sync::watch;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use authorise::From;
use metrics::Metrics;
pub(crate) use problem::{Body, Named, Params, Problem, not_found};

use crate::auth::{Guesses, Pace, PaceKey, Passwords, PasswordsError};
use crate::config::Config;
use crate::edge::Edge;
use crate::store::Store;
use crate::tls::CertificateFigures;

/// Documents of ours are short; a longer body is a mistake or an attack.
const LONGEST_BODY: usize = 256 * 1024;

/// What all handlers share.
pub struct App {
    pub(crate) store: Store,
    pub(crate) edge: Arc<dyn Edge>,
    pub(crate) passwords: Passwords,
    pub(crate) guesses: Guesses,
    pub(crate) config: Config,
    pub(crate) metrics: Metrics,
    pub(crate) viewers: events::Viewers,
    pub(crate) pace: Pace,
    pub(crate) authority: Option<OwnAuthority>,
    /// Whether the server ends. Clients that are connected for events hold a receiver each.
    pub(crate) ending: watch::Sender<bool>,
}

/// The server's own certificate authority, as it is told.
#[derive(Clone, Debug)]
pub struct OwnAuthority {
    /// SHA-256 of its certificate, in hexadecimal.
    pub fingerprint: String,
    /// Its certificate, PEM.
    pub certificate: String,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// Where passwords can't be hashed.
    pub fn new(
        store: Store,
        edge: Arc<dyn Edge>,
        config: Config,
        authority: Option<OwnAuthority>,
        certificate: Option<CertificateFigures>,
    ) -> Result<Arc<Self>, PasswordsError> {
        Ok(Arc::new(Self {
            metrics: Metrics::new(&store, certificate),
            store,
            edge,
            passwords: Passwords::new()?,
            guesses: Guesses::default(),
            config,
            viewers: events::Viewers::default(),
            pace: Pace::default(),
            authority,
            ending: watch::Sender::new(false),
        }))
    }

    /// Sends the clients that are connected for events away, and waits until they are.
    pub(crate) async fn end(&self) {
        self.ending.send_replace(true);
        self.ending.closed().await;
    }

    fn pace(&self, key: PaceKey) -> Result<(), Problem> {
        self.pace.take(key, Instant::now()).map_err(|refused| {
            self.metrics.refused_requests.inc();
            let seconds = refused.after.as_secs().max(1);
            Problem::new(ServerErrorCode::RateLimited, "Too many requests. Wait a moment.")
                .with("seconds", seconds.to_string())
                .retry_after(seconds)
        })
    }
}

/// The middleware in front of what needs no log-in.
async fn paced(
    State(app): State<Arc<App>>,
    From(address): From,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    app.pace(PaceKey::Open(address))?;
    Ok(next.run(request).await)
}

#[derive(OpenApi)]
#[openapi(info(title = "Bellbird", description = "People, numbers, call settings and calls of a Bellbird server."))]
struct Description;

fn protected() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::current_session, sessions::end_session))
        .routes(routes!(me::me, me::change_me))
        .routes(routes!(me::own_profile))
        .routes(routes!(me::change_password))
        .routes(routes!(me::phone))
        .routes(routes!(me::own_settings, me::change_own_settings))
        .routes(routes!(me::own_dnd, me::set_own_dnd))
        .routes(routes!(me::own_availability, me::set_own_availability))
        .routes(routes!(me::own_telephony, me::set_own_telephony, me::change_own_telephony))
        .routes(routes!(me::start_call))
        .routes(routes!(me::call_progress, me::cancel_call))
        .routes(routes!(me::own_records))
        .routes(routes!(me::own_requests, me::ask))
        .routes(routes!(me::withdraw))
        .routes(routes!(me::api_keys, me::create_api_key))
        .routes(routes!(me::revoke_api_key))
        .routes(routes!(me::own_clients))
        .routes(routes!(me::revoke_own_client))
        .routes(routes!(me::colleagues))
        .routes(routes!(events::events))
        .routes(routes!(users::users, users::create_user))
        .routes(routes!(users::bulk))
        .routes(routes!(users::user, users::change_user, users::delete_user))
        .routes(routes!(users::user_settings, users::administer_settings))
        .routes(routes!(users::set_user_dnd))
        .routes(routes!(users::set_user_availability))
        .routes(routes!(users::reset_password))
        .routes(routes!(users::issue_link))
        .routes(routes!(users::revoke_client))
        .routes(routes!(users::revoke_user_api_key))
        .routes(routes!(contacts::contacts, contacts::create_contact))
        .routes(routes!(contacts::change_contact, contacts::delete_contact))
        .routes(routes!(contacts::employers))
        .routes(routes!(devices::accounts, devices::create_account))
        .routes(routes!(devices::account, devices::change_account, devices::delete_account))
        .routes(routes!(devices::reset_secret))
        .routes(routes!(devices::renew_action_urls))
        .routes(routes!(devices::sip_test))
        .routes(routes!(devices::network_test))
        .routes(routes!(devices::remove_registration))
        .routes(routes!(administration::numbers, administration::create_number))
        .routes(routes!(administration::change_number, administration::delete_number))
        .routes(routes!(administration::trunks, administration::create_trunk))
        .routes(routes!(administration::change_trunk, administration::delete_trunk))
        .routes(routes!(administration::test_trunk))
        .routes(routes!(administration::requests))
        .routes(routes!(administration::answer))
        .routes(routes!(administration::audit))
        .routes(routes!(administration::calls))
        .routes(routes!(administration::why))
        .routes(routes!(administration::organisation, administration::change_organisation))
}

fn open() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::hello))
        .routes(routes!(sessions::log_in))
        .routes(routes!(sessions::begin_session))
        .routes(routes!(sessions::link, sessions::use_link))
        .routes(routes!(sessions::set_up))
}

fn described(app: &Arc<App>) -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    let slow = middleware::from_fn_with_state(Arc::clone(app), paced);
    let guard = middleware::from_fn_with_state(Arc::clone(app), authorise::authorise);
    OpenApiRouter::with_openapi(Description::openapi())
        .nest("/api/v1", open().route_layer(slow).merge(protected().route_layer(guard)))
        .split_for_parts()
}

/// The API, the portal's files, and what watches over the server asks for.
pub fn router(app: Arc<App>) -> Router {
    let (api, description) = described(&app);
    let docs = utoipa_swagger_ui::SwaggerUi::new("/api/v1/docs").url("/api/v1/openapi.json", description);
    let portal: Option<PathBuf> = app.config.portal.clone();
    let router = api
        .merge(Router::new().merge(docs))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::metrics))
        .route("/authority.pem", get(authority_file))
        .route("/action/dnd/{state}/{token}", get(actions::dnd).post(actions::dnd))
        .fallback(move |request| portal::serve(portal.clone(), request))
        .with_state(app)
        .layer(axum::extract::DefaultBodyLimit::max(LONGEST_BODY));
    careful(router)
}

/// Headers that keep browsers from guessing, framing and remembering.
fn careful(router: Router) -> Router {
    let header = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; \
                  frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
    router
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(REFERRER_POLICY, "no-referrer"))
        .layer(header(CACHE_CONTROL, "no-store"))
        .layer(header(CONTENT_SECURITY_POLICY, policy))
}

async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    app.store.ping().await?;
    Ok("ready")
}

/// For phones that have to be given the authority as a file.
async fn authority_file(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Problem> {
    let authority = app.authority.as_ref().ok_or_else(|| not_found("authority"))?;
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], authority.certificate.clone()))
}
