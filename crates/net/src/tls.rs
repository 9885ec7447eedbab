//! TLS as SIP wants it: the certificate has to bear the SIP domain's name (RFC 5922).

mod verifier;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::task;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::close::CloseReason;
use crate::config::{ServerIdentity, Trust};
use crate::stream::Stream;
use verifier::SipVerifier;

/// The client's side of TLS. All connections share it, so that sessions are resumed.
pub(crate) struct Tls {
    trust: Trust,
    config: Mutex<Option<Arc<ClientConfig>>>,
}

impl Tls {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, config: Mutex::default() }
    }

    /// Shakes hands with a server that has to bear this name.
    pub(crate) async fn connect<S: Stream>(&self, name: &str, stream: S) -> Result<client::TlsStream<S>, CloseReason> {
        let name = ServerName::try_from(name.to_owned()).map_err(|error| CloseReason::Tls(error.to_string()))?;
        let connector = TlsConnector::from(self.config().await?);
        connector.connect(name, stream).await.map_err(|error| CloseReason::from(&error))
    }

    /// Reading the system's authorities takes a while, so it is done once and not before they are needed.
    async fn config(&self) -> Result<Arc<ClientConfig>, CloseReason> {
        if let Some(config) = &*self.slot() {
            return Ok(Arc::clone(config));
        }
        let trust = self.trust.clone();
        let config = task::spawn_blocking(move || client_config(&trust)).await;
        let config = config.map_err(|error| CloseReason::Tls(error.to_string()))?;
        let config = Arc::new(config.map_err(|error| CloseReason::from(&error))?);
        Ok(Arc::clone(self.slot().get_or_insert(config)))
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<ClientConfig>>> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client_config(trust: &Trust) -> Result<ClientConfig, rustls::Error> {
    let provider = provider();
    let verifier = SipVerifier::new(roots(trust), &provider);
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn roots(trust: &Trust) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    if trust.system {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!("some of the system's certificate authorities can't be read: {error}");
        }
        roots.add_parsable_certificates(found.certs);
    }
    roots.add_parsable_certificates(trust.authorities.iter().cloned());
    if roots.is_empty() {
        tracing::warn!("no certificate authority is known: every encrypted connection will be refused");
    }
    roots
}

/// The server's side of TLS.
pub(crate) fn acceptor(identity: &ServerIdentity) -> Result<TlsAcceptor, rustls::Error> {
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let config = config.with_no_client_auth().with_single_cert(identity.chain.clone(), identity.key.clone_key())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Shakes hands with a client.
pub(crate) async fn accept<S: Stream>(acceptor: &TlsAcceptor, stream: S) -> Result<server::TlsStream<S>, CloseReason> {
    acceptor.accept(stream).await.map_err(|error| CloseReason::from(&error))
}
