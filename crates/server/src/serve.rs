//! The running server: its sockets, what it does by the hour, how it ends.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};

use crate::api::{App, router};
use crate::config::Config;
use crate::domain::now;
use crate::edge::Edge;
use crate::store::{Store, StoreError};

const HOUR: Duration = Duration::from_secs(3_600);

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

/// Serves until `ended`; connections that are busy may finish.
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
    let listener = TcpListener::bind(config.http).await?;
    listening(listener.local_addr()?);
    let app = App::new(store.clone(), edge, config)?;
    let housekeeping = tokio::spawn(keep_house(store));
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(ended).await;
    housekeeping.abort();
    Ok(served?)
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
