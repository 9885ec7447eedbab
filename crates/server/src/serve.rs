//! The running server: its sockets, what it does by the hour, how it ends.

use std::future::{Future, IntoFuture as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::api::{App, OwnAuthority, router};
use crate::config::Config;
use crate::domain::now;
use crate::edge::Edge;
use crate::store::{Store, StoreError};
use crate::tls::{Listener, Peer, ServerTls};

const HOUR: Duration = Duration::from_secs(3_600);
/// How long each part of the end may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the storage that the configuration names.
///
/// # Errors
/// Where it can't be opened, in words for whoever starts the server.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    if let Some(url) = config.database.clone() {
        let opened = tokio::task::spawn_blocking(move || Store::open_postgres(&url)).await?;
        return Ok(opened?);
    }
    let folder = config.data.clone();
    let (store, moved_aside) = tokio::task::spawn_blocking(move || Store::open_sqlite(&folder)).await??;
    if let Some(path) = moved_aside {
        tracing::error!("the database was damaged and has been moved to {}; this one is new", path.display());
    }
    Ok(store)
}

/// Serves until `ended`, without TLS.
///
/// # Errors
/// Where the socket can't be opened.
pub async fn serve(
    config: Config,
    store: Store,
    edge: Arc<dyn Edge>,
    listening: impl FnOnce(SocketAddr) + Send,
    ended: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    Serving { config, store, edge, tls: None }.run(listening, ended).await
}

/// What a server is made of.
pub struct Serving {
    /// What holds.
    pub config: Config,
    /// The storage.
    pub store: Store,
    /// The SIP side.
    pub edge: Arc<dyn Edge>,
    /// What TLS shows.
    pub tls: Option<ServerTls>,
}

impl Serving {
    /// Serves until `ended`. Then clients of events are sent away, busy requests get a moment, and what the SIP side keeps
    /// is kept.
    ///
    /// # Errors
    /// Where the socket can't be opened.
    pub async fn run(
        self,
        listening: impl FnOnce(SocketAddr) + Send,
        ended: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let Self { config, store, edge, tls } = self;
        let acceptor = tls.as_ref().filter(|_| config.http_tls).map(acceptor).transpose()?;
        let listener = Listener::bind(config.http, acceptor).await?;
        listening(listener.address());
        let authority = tls.as_ref().and_then(ServerTls::authority);
        let authority = authority.map(|(fingerprint, certificate)| OwnAuthority { fingerprint, certificate });
        let app = App::new(store.clone(), Arc::clone(&edge), config, authority, tls.as_ref().map(ServerTls::figures))?;
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_house(store.clone()));
        if let Some(tls) = tls {
            tasks.spawn(tls.watch(store));
        }
        let (end, ends) = watch::channel(false);
        let served = serve_until(listener, Arc::clone(&app), ends);
        let in_good_order = async {
            ended.await;
            end.send_replace(true);
            timeout(PATIENCE, app.end()).await.ok();
        };
        let (served, ()) = tokio::join!(served, in_good_order);
        // Last: a request that was busy may have asked for something to be kept.
        if timeout(PATIENCE, edge.end()).await.is_err() {
            tracing::error!("the SIP side did not end in time");
        }
        served
    }
}

/// Serves until told otherwise; connections that are busy then get a moment.
async fn serve_until(listener: Listener, app: Arc<App>, ends: watch::Receiver<bool>) -> anyhow::Result<()> {
    let told = |mut ends: watch::Receiver<bool>| async move { drop(ends.wait_for(|ends| *ends).await) };
    let service = router(app).into_make_service_with_connect_info::<Peer>();
    let served = axum::serve(listener, service).with_graceful_shutdown(told(ends.clone()));
    let out_of_patience = async {
        told(ends).await;
        sleep(PATIENCE).await;
    };
    tokio::select! {
        served = served.into_future() => Ok(served?),
        () = out_of_patience => {
            tracing::warn!("some requests were cut off");
            Ok(())
        }
    }
}

fn acceptor(tls: &ServerTls) -> anyhow::Result<TlsAcceptor> {
    Ok(TlsAcceptor::from(Arc::new(tls.identity().tls_config(&["http/1.1"])?)))
}

async fn keep_house(store: Store) {
    let mut hours = interval(HOUR);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        hours.tick().await;
        if let Err(error) = tidy(&store).await {
            tracing::error!("what is old could not be forgotten: {error}");
        }
    }
}

async fn tidy(store: &Store) -> Result<(), StoreError> {
    store.tidy_tokens(now()).await?;
    store.tidy_outbox(now()).await?;
    for organisation in store.organisations().await? {
        store.forget_old(organisation.id, now()).await?;
    }
    Ok(())
}
