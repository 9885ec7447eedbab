//! TLS as SIP wants it: the certificate has to bear the SIP domain's name (RFC 5922).

mod anchors;
mod judge;
mod pinned;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::task;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::close::CloseReason;
use crate::config::{Pin, ServerIdentity, Trust};
use crate::stream::Stream;
use anchors::Anchors;
pub use judge::{Judge, Shown, client_config};
pub use pinned::verify_pinned;

/// The client's side of TLS. All connections share it, so that sessions are resumed.
pub(crate) struct Tls {
    trust: Trust,
    config: Mutex<Option<Arc<ClientConfig>>>,
    pinned: Mutex<Option<Pinned>>,
}

/// For servers that one authority has to vouch for.
struct Pinned {
    pin: Pin,
    config: Arc<ClientConfig>,
}

impl Tls {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, config: Mutex::default(), pinned: Mutex::default() }
    }

    /// Believes one authority alone for some servers, from the next connection on.
    pub(crate) fn pin(&self, pin: Option<Pin>) {
        let pinned = pin.and_then(|pin| match client_config(Anchors::Pinned(pin.authority.clone())) {
            Ok(config) => Some(Pinned { pin, config: Arc::new(config) }),
            Err(error) => {
                tracing::error!("an authority can't be pinned: {error}");
                None
            }
        });
        *self.pinned.lock().unwrap_or_else(PoisonError::into_inner) = pinned;
    }

    fn pinned(&self, name: &str) -> Option<Arc<ClientConfig>> {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let pinned = pinned.as_ref().filter(|it| it.pin.names.iter().any(|known| known.eq_ignore_ascii_case(name)));
        pinned.map(|pinned| Arc::clone(&pinned.config))
    }

    /// Shakes hands with a server that has to bear this name.
    pub(crate) async fn connect<S: Stream>(&self, name: &str, stream: S) -> Result<client::TlsStream<S>, CloseReason> {
        let config = match self.pinned(name) {
            Some(config) => config,
            None => self.config().await?,
        };
        let name = ServerName::try_from(name.to_owned()).map_err(|error| CloseReason::Tls(error.to_string()))?;
        let connector = TlsConnector::from(config);
        connector.connect(name, stream).await.map_err(|error| CloseReason::from(&error))
    }

    /// Reading the system's authorities takes a while, so it is done once and not before they are needed.
    async fn config(&self) -> Result<Arc<ClientConfig>, CloseReason> {
        if let Some(config) = &*self.slot() {
            return Ok(Arc::clone(config));
        }
        let trust = self.trust.clone();
        let config = task::spawn_blocking(move || client_config(Anchors::Known(trust.roots()))).await;
        let config = config.map_err(|error| CloseReason::Tls(error.to_string()))?;
        let config = Arc::new(config.map_err(|error| CloseReason::from(&error))?);
        Ok(Arc::clone(self.slot().get_or_insert(config)))
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<ClientConfig>>> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server's side of TLS.
pub(crate) fn acceptor(identity: &ServerIdentity) -> Result<TlsAcceptor, rustls::Error> {
    Ok(TlsAcceptor::from(Arc::new(identity.tls_config(&[])?)))
}

/// Shakes hands with a client.
pub(crate) async fn accept<S: Stream>(acceptor: &TlsAcceptor, stream: S) -> Result<server::TlsStream<S>, CloseReason> {
    acceptor.accept(stream).await.map_err(|error| CloseReason::from(&error))
}
