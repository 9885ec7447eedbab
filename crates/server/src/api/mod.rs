//! `/api/v1`: what phones, the portal and other programs do over HTTP.
//!
//! A request goes through [`authorise`] (who, and may he), a handler (words in, one use case, words out), and back. What
//! goes wrong is `application/problem+json`. The description is made from the handlers: `/api/v1/openapi.json`, to be read
//! at `/api/v1/docs`.

mod administration;
pub mod authorise;
mod devices;
mod events;
mod me;
mod portal;
mod problem;
mod sessions;
mod users;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Router, middleware};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use problem::{Body, Named, Params, Problem, not_found};

use crate::auth::{Guesses, Passwords, PasswordsError};
use crate::config::Config;
use crate::edge::Edge;
use crate::store::Store;

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
}

/// What Prometheus is told.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) failed_log_ins: Counter,
    pub(crate) log_ins: Counter,
    pub(crate) event_clients: Gauge,
    pub(crate) snapshots: Counter,
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::with_prefix("bellbird");
        let (failed_log_ins, log_ins, snapshots) = (Counter::default(), Counter::default(), Counter::default());
        let event_clients = Gauge::default();
        registry.register("failed_log_ins", "Log-ins with a wrong name or password", failed_log_ins.clone());
        registry.register("log_ins", "Log-ins of people and apps", log_ins.clone());
        registry.register("event_clients", "Clients that are connected for events", event_clients.clone());
        registry.register("event_snapshots", "Snapshots sent, at first or to catch up", snapshots.clone());
        Self { registry, failed_log_ins, log_ins, event_clients, snapshots }
    }
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// Where passwords can't be hashed.
    pub fn new(store: Store, edge: Arc<dyn Edge>, config: Config) -> Result<Arc<Self>, PasswordsError> {
        Ok(Arc::new(Self {
            store,
            edge,
            passwords: Passwords::new()?,
            guesses: Guesses::default(),
            config,
            metrics: Metrics::new(),
            viewers: events::Viewers::default(),
        }))
    }
}

#[derive(OpenApi)]
#[openapi(info(title = "Bellbird", description = "People, numbers, call settings and calls of a Bellbird server."))]
struct Description;

fn protected() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::current_session, sessions::end_session))
        .routes(routes!(me::me, me::change_me))
        .routes(routes!(me::change_password))
        .routes(routes!(me::phone))
        .routes(routes!(me::own_settings, me::change_own_settings))
        .routes(routes!(me::own_dnd, me::set_own_dnd))
        .routes(routes!(me::own_availability, me::set_own_availability))
        .routes(routes!(me::own_telephony, me::set_own_telephony))
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
        .routes(routes!(devices::accounts, devices::create_account))
        .routes(routes!(devices::account, devices::change_account, devices::delete_account))
        .routes(routes!(devices::reset_secret))
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
    let guard = middleware::from_fn_with_state(Arc::clone(app), authorise::authorise);
    OpenApiRouter::with_openapi(Description::openapi())
        .nest("/api/v1", open().merge(protected().route_layer(guard)))
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
        .route("/metrics", get(metrics))
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

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let mut text = String::new();
    let encoded = prometheus_client::encoding::text::encode(&mut text, &app.metrics.registry);
    if encoded.is_err() {
        tracing::error!("the metrics could not be written");
    }
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}
