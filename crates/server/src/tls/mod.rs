//! Certificates: from files that are looked at again while the server runs, from an authority that speaks ACME, or from one
//! of the server's own.
//!
//! ```text
//! files ───────┐
//! ACME ────────┼─► ServerIdentity ─┬─► HTTPS          what is new holds from the next handshake on
//! authority ───┘                   └─► SIP TLS, WSS   and ends no connection
//! ```

mod acme;
mod authority;
mod figures;
mod listener;

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bellbird_net::{BadIdentity, ServerIdentity};
use thiserror::Error;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{Config, Tls, host_of};
use crate::domain::now;
use crate::store::Store;
use acme::Acme;
use authority::Authority;
pub use figures::CertificateFigures;
pub(crate) use listener::{Listener, Peer};

/// How often the files, or the names that the certificate has to bear, are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Below this, in seconds, a certificate of our own is made anew, and one from a file is warned of.
const SHORT: i64 = 30 * 86_400;

/// Why there is no certificate to show.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{key} = {path:?} can't be read: {error}. Name another file, or let the server's user read it.")]
    Unreadable {
        /// The key in the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{key} = {path:?}: {problem}. {advice}")]
    Unusable {
        /// The key in the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: BadIdentity,
        /// What to do.
        advice: &'static str,
    },
    /// The certificate has run out.
    #[error("certificate = {0:?} has run out. Renew it: phones refuse it.")]
    Expired(PathBuf),
    /// What ACME needs or got can't be used.
    #[error("{key} = {path:?} can't be used: {problem}. {advice}")]
    Acme {
        /// What it is.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// The authority in the data folder can't be used.
    #[error(
        "the authority in {path:?} can't be used: {problem}. Restore it, or move it away to get a new one; phones then need a new link."
    )]
    Authority {
        /// Its folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// What TLS shows of the server, and where it comes from.
pub struct ServerTls {
    identity: ServerIdentity,
    source: Source,
    figures: CertificateFigures,
}

enum Source {
    Files { certificate: PathBuf, key: PathBuf, seen: Pair },
    Lan { authority: Box<Authority>, names: BTreeSet<String>, config: Box<Config> },
    Acme(Box<Acme>),
}

/// Chain and key, as they stand in their files.
type Pair = (Vec<u8>, Vec<u8>);

impl ServerTls {
    /// Reads the files, or takes up the authority; nothing where the server has no certificate.
    ///
    /// # Errors
    /// Where what there is can't be used, in words for whoever starts the server.
    pub async fn start(config: &Config, store: &Store) -> anyhow::Result<Option<Self>> {
        Ok(match &config.tls {
            Tls::None => None,
            Tls::Files { certificate, key } => Some(Self::from_files(certificate, key)?),
            Tls::Lan => Some(Self::from_authority(config, names(config, store).await?)?),
            Tls::Acme(acme) => {
                let (acme, identity) = Acme::start(acme, config, store).await?;
                Some(Self::new(identity, Source::Acme(Box::new(acme))))
            }
        })
    }

    /// Looks at what the server would start with, without starting or asking anything.
    ///
    /// # Errors
    /// Where it can't be used, or has run out.
    pub fn check_config(config: &Config) -> Result<(), TlsError> {
        match &config.tls {
            Tls::None | Tls::Lan => Ok(()),
            Tls::Files { certificate, key } => Self::from_files(certificate, key)?.check(),
            Tls::Acme(acme) => acme::check(acme, &config.data),
        }
    }

    fn new(identity: ServerIdentity, source: Source) -> Self {
        let figures = CertificateFigures::default();
        figures.shown(&identity);
        Self { identity, source, figures }
    }

    /// Reads a chain and its key.
    ///
    /// # Errors
    /// Where one can't be read or used.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let seen = (read("certificate", certificate)?, read("key", key)?);
        let identity = ServerIdentity::from_pem(&seen.0, &seen.1).map_err(|error| unusable(certificate, key, error))?;
        let source = Source::Files { certificate: certificate.to_owned(), key: key.to_owned(), seen };
        Ok(Self::new(identity, source))
    }

    fn from_authority(config: &Config, names: BTreeSet<String>) -> Result<Self, TlsError> {
        let folder = config.data.join("authority");
        let authority = Box::new(Authority::take_up(&folder)?);
        let (chain, key) = authority.sign(&names)?;
        let broken = |error: BadIdentity| TlsError::Authority { path: folder, problem: error.to_string() };
        let identity = ServerIdentity::from_pem(&chain, &key).map_err(broken)?;
        Ok(Self::new(identity, Source::Lan { authority, names, config: Box::new(config.clone()) }))
    }

    /// For the listeners.
    pub fn identity(&self) -> ServerIdentity {
        self.identity.clone()
    }

    /// SHA-256 of the server's own authority, in hexadecimal, and its certificate as PEM.
    pub fn authority(&self) -> Option<(String, String)> {
        match &self.source {
            Source::Files { .. } | Source::Acme(_) => None,
            Source::Lan { authority, .. } => Some((authority.fingerprint(), authority.certificate().to_owned())),
        }
    }

    /// What Prometheus is told of the certificate.
    pub fn figures(&self) -> CertificateFigures {
        self.figures.clone()
    }

    /// What is wrong with the certificate, though it can be shown.
    ///
    /// # Errors
    /// Where it has run out.
    fn check(&self) -> Result<(), TlsError> {
        match &self.source {
            Source::Files { certificate, .. } if self.left() <= 0 => Err(TlsError::Expired(certificate.clone())),
            Source::Files { .. } | Source::Lan { .. } | Source::Acme(_) => Ok(()),
        }
    }

    /// Seconds until the certificate runs out.
    fn left(&self) -> i64 {
        self.identity.expires().map_or(i64::MAX, |end| end.saturating_sub(seconds_now()))
    }

    /// Keeps the certificate up to date for as long as it is polled.
    pub async fn watch(mut self, store: Store) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.warn();
        loop {
            ticks.tick().await;
            match self.look(&store).await {
                Ok(false) => {}
                Ok(true) => {
                    self.figures.renewed(&self.identity);
                    tracing::info!("a new certificate is shown from now on");
                    self.warn();
                }
                Err(error) => {
                    self.figures.failures.inc();
                    tracing::error!("the old certificate goes on being shown: {error:#}");
                }
            }
        }
    }

    /// Of one that the server renews itself, failures are told instead: it may be short.
    fn warn(&self) {
        let days = self.left() / 86_400;
        if self.left() < SHORT && !matches!(self.source, Source::Acme(_)) {
            tracing::warn!("the certificate runs out in {days} days");
        }
    }

    /// Takes what is new; whether there was something.
    async fn look(&mut self, store: &Store) -> anyhow::Result<bool> {
        let left = self.left();
        match &mut self.source {
            Source::Files { certificate, key, seen } => {
                let (chain_file, key_file) = (certificate.clone(), key.clone());
                let both = move || Ok::<_, TlsError>((read("certificate", &chain_file)?, read("key", &key_file)?));
                let found = tokio::task::spawn_blocking(both).await?;
                // A file that is being replaced can be away for a moment.
                let Ok(found) = found else { return Ok(false) };
                if found == *seen {
                    return Ok(false);
                }
                // Half of a pair is told once, and tried again with the other half.
                *seen = found;
                let replaced = self.identity.replace(&seen.0, &seen.1);
                replaced.map_err(|error| unusable(certificate, key, error))?;
                Ok(true)
            }
            Source::Lan { authority, names: known, config } => {
                let wanted = names(config, store).await?;
                if wanted == *known && left > SHORT {
                    return Ok(false);
                }
                let (chain, key) = authority.sign(&wanted)?;
                self.identity.replace(&chain, &key)?;
                *known = wanted;
                Ok(true)
            }
            Source::Acme(acme) => acme.look(&self.identity, store).await,
        }
    }
}

/// In seconds since 1970.
fn seconds_now() -> i64 {
    i64::try_from(now().0 / 1_000).unwrap_or(i64::MAX)
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Unreadable { key, path: path.to_owned(), error })
}

fn unusable(certificate: &Path, key: &Path, problem: BadIdentity) -> TlsError {
    let (name, path, advice) = match problem {
        BadIdentity::Certificate(_) => {
            ("certificate", certificate, "It has to hold PEM certificates, the server's own one first.")
        }
        BadIdentity::Key(_) => ("key", key, "It has to hold an unencrypted PEM private key."),
        BadIdentity::Mismatch => ("key", key, "Name the key that this certificate was asked for with."),
    };
    TlsError::Unusable { key: name, path: path.to_owned(), problem, advice }
}

/// What the server is called: by people and apps, by phones (RFC 5922: the SIP domain), by its addresses.
async fn names(config: &Config, store: &Store) -> anyhow::Result<BTreeSet<String>> {
    let mut names = hosts(config, store).await?;
    let addresses = [Some(config.http.ip()), config.sip.public_address];
    names.extend(addresses.into_iter().flatten().filter(|ip| !IpAddr::is_unspecified(ip)).map(|ip| ip.to_string()));
    Ok(names)
}

/// The hosts of its URLs, and its SIP domains.
async fn hosts(config: &Config, store: &Store) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::from([host_of(&config.public_url).to_owned()]);
    names.extend(config.sip.servers.iter().map(|server| host_of(server).to_owned()));
    names.extend(store.organisations().await?.into_iter().map(|organisation| organisation.domain));
    let bare = names.into_iter().map(|name| name.trim_matches(['[', ']']).to_lowercase());
    Ok(bare.filter(|name| !name.is_empty()).collect())
}
