use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use bellbird_base::Duration;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// How the network is used. [`NetConfig::default`] suits a phone.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// Whom to believe.
    pub trust: Trust,
    /// What TLS and WSS listeners show of themselves; without it they can't be opened.
    pub identity: Option<ServerIdentity>,
    /// Which name servers to ask.
    pub dns: Dns,
    /// How long TCP's connection may take, each address of a race counted for itself.
    pub connect_timeout: Duration,
    /// How long the handshakes of TLS and WebSocket may take together.
    pub handshake_timeout: Duration,
    /// After how long a silent UDP flow that a peer opened is forgotten.
    pub accepted_idle: Duration,
    /// How many flows that peers opened are kept, for each listening socket.
    pub max_accepted: usize,
    /// The longest WebSocket message that is taken, in bytes.
    pub max_message: usize,
    /// How many bytes may wait for a slow peer before its flow is given up.
    pub max_queued: usize,
    /// How often a WebSocket is pinged; a peer that stays silent for twice as long is gone.
    pub ping_interval: Duration,
    /// Whether to watch for changes of the network and for sleep.
    pub watch: bool,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            trust: Trust::default(),
            identity: None,
            dns: Dns::System,
            connect_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            accepted_idle: Duration::from_secs(300),
            max_accepted: 4_096,
            max_message: 128 * 1024,
            max_queued: 1024 * 1024,
            ping_interval: Duration::from_secs(30),
            watch: true,
        }
    }
}

/// Which certificate authorities are believed.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Those that the operating system knows.
    pub system: bool,
    /// Own ones beside them.
    pub authorities: Vec<CertificateDer<'static>>,
}

impl Default for Trust {
    fn default() -> Self {
        Self { system: true, authorities: Vec::new() }
    }
}

impl Trust {
    /// Believes the authorities in this PEM file too.
    ///
    /// # Errors
    /// Where the file can't be read or holds no certificate.
    pub fn add_file(&mut self, path: &Path) -> Result<(), BadIdentity> {
        self.authorities.extend(certificates(CertificateDer::pem_file_iter(path))?);
        Ok(())
    }

    /// All of them. Reading the system's takes a while and blocks.
    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        if self.system {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!("some of the system's certificate authorities can't be read: {error}");
            }
            roots.add_parsable_certificates(found.certs);
        }
        roots.add_parsable_certificates(self.authorities.iter().cloned());
        if roots.is_empty() {
            tracing::warn!("no certificate authority is known: every encrypted connection will be refused");
        }
        roots
    }
}

/// An authority known by its certificate's fingerprint, as a link names it. Servers have to send its certificate along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// SHA-256 of the authority's certificate, in lower-case hexadecimal.
    pub authority: String,
    /// The servers that have to be vouched for by it and by nobody else, as [`bellbird_base::Remote::server_name`] says it.
    pub names: Vec<String>,
}

/// Certificate chain and key of a listener. Clones share it: what one of them takes, all show from the next handshake on,
/// while open connections stay.
#[derive(Clone, Debug)]
pub struct ServerIdentity {
    current: Arc<RwLock<Arc<CertifiedKey>>>,
}

impl ServerIdentity {
    /// Reads the chain (own certificate first) and the key from PEM text.
    ///
    /// # Errors
    /// Where one of them is missing or malformed, or the two don't belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, BadIdentity> {
        Ok(Self { current: Arc::new(RwLock::new(Arc::new(certified(chain, key)?))) })
    }

    /// Takes another chain and key.
    ///
    /// # Errors
    /// As [`ServerIdentity::from_pem`]; then the old ones stay.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), BadIdentity> {
        let new = Arc::new(certified(chain, key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// When the certificate runs out, in seconds since 1970.
    pub fn expires(&self) -> Option<i64> {
        self.validity().map(|(_, end)| end)
    }

    /// From when until when the certificate is good, in seconds since 1970.
    pub fn validity(&self) -> Option<(i64, i64)> {
        let current = self.current();
        let (_, certificate) = X509Certificate::from_der(current.end_entity_cert().ok()?).ok()?;
        let validity = certificate.validity();
        Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
    }

    /// The DNS names that the certificate bears, in lower case.
    pub fn names(&self) -> BTreeSet<String> {
        let current = self.current();
        let Ok(Ok((_, certificate))) = current.end_entity_cert().map(|der| X509Certificate::from_der(der)) else {
            return BTreeSet::new();
        };
        let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return BTreeSet::new() };
        let dns = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some(name.to_lowercase()),
            GeneralName::OtherName(..)
            | GeneralName::RFC822Name(_)
            | GeneralName::X400Address(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::URI(_)
            | GeneralName::IPAddress(_)
            | GeneralName::RegisteredID(_)
            | GeneralName::Invalid(..) => None,
        };
        alternative.value.general_names.iter().filter_map(dns).collect()
    }

    /// The server's side of TLS that shows this; with the names of the protocols that are spoken over it, if they matter.
    ///
    /// # Errors
    /// Where no version of TLS can be had.
    pub fn tls_config(&self, protocols: &[&str]) -> Result<ServerConfig, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(config)
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for ServerIdentity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn certified(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, BadIdentity> {
    let chain = certificates(Ok(CertificateDer::pem_slice_iter(chain)))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| BadIdentity::Key(error.to_string()))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| {
        if matches!(error, rustls::Error::InconsistentKeys(_)) {
            BadIdentity::Mismatch
        } else if matches!(error, rustls::Error::InvalidCertificate(_)) {
            BadIdentity::Certificate(error.to_string())
        } else {
            BadIdentity::Key(error.to_string())
        }
    })
}

fn certificates<I>(found: Result<I, rustls::pki_types::pem::Error>) -> Result<Vec<CertificateDer<'static>>, BadIdentity>
where
    I: Iterator<Item = Result<CertificateDer<'static>, rustls::pki_types::pem::Error>>,
{
    let chain: Result<Vec<_>, _> = found.and_then(Iterator::collect);
    let chain = chain.map_err(|error| BadIdentity::Certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(BadIdentity::Certificate("there is none in it".to_owned()));
    }
    Ok(chain)
}

/// Why certificates or a key could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadIdentity {
    /// The certificates.
    #[error("the certificate file can't be used: {0}")]
    Certificate(String),
    /// The key.
    #[error("the key file can't be used: {0}")]
    Key(String),
    /// Each can be read, but they are not a pair.
    #[error("the key is not the one of the certificate")]
    Mismatch,
}

/// Which name servers are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dns {
    /// Those of the operating system, read again whenever they may have changed; its own resolver is the last resort.
    #[default]
    System,
    /// These alone.
    Servers(Vec<SocketAddr>),
}
