//! Certificates by ACME (RFC 8555): asked for, proved by HTTP-01, kept in the data folder, and renewed in time.
//!
//! ```text
//! names, age ─► due? ─► order ─► HTTP-01 ─► certificate ─► ServerIdentity, DATA/acme
//!                │        └── failure: a wait that grows; the certificate that is shown stays
//!                └── no
//! ```

mod challenges;
mod folder;
mod order;
mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bellbird_net::ServerIdentity;
use tokio::time::{Instant, timeout};

use super::{TlsError, hosts, seconds_now};
use crate::config::{Acme as Settings, Config, host_of, is_public_name};
use crate::store::Store;
use challenges::Challenges;
use folder::Folder;
use order::{Issued, OrderError};
use pace::Pace;

/// How long all of it may take.
const ATTEMPT: Duration = Duration::from_secs(600);

/// A certificate from somebody else, and what it takes to get the next one.
pub(super) struct Acme {
    settings: Settings,
    config: Config,
    folder: Folder,
    challenges: Challenges,
    pace: Pace,
    held: Held,
}

/// What is shown.
enum Held {
    /// One of the server's own, which nobody believes.
    Nothing,
    /// The authority's.
    Certificate {
        /// What was asked for: the authority may put more on it.
        names: BTreeSet<String>,
        /// Whether it is of the directory that is asked now.
        of_directory: bool,
    },
}

/// What the certificate is to bear.
struct Names {
    /// Without these there is no use in it.
    needed: BTreeSet<String>,
    /// These too, if the authority sees that they are ours. A SIP domain often leads elsewhere, and is found by SRV.
    welcome: BTreeSet<String>,
}

impl Acme {
    /// Takes up what is kept, and listens for the authority. Where nothing is kept, a certificate of the server's own is shown
    /// until there is a better one.
    pub(super) async fn start(
        settings: &Settings,
        config: &Config,
        store: &Store,
    ) -> anyhow::Result<(Self, ServerIdentity)> {
        let folder = Folder::of(&config.data);
        let challenges = Challenges::bind(settings.http01).await.with_context(|| {
            format!("acme.http01 = {}: this socket can't be had, and the authority asks there", settings.http01)
        })?;
        let (held, identity) = match kept(&folder)? {
            Some(identity) => {
                let account = folder.account().context("the account in the data folder can't be read")?;
                let of_directory = account.is_some_and(|account| account.directory == settings.directory);
                (Held::Certificate { names: identity.names(), of_directory }, identity)
            }
            None => {
                tracing::warn!(
                    "there is no certificate yet: one that nobody believes is shown until the authority gives one"
                );
                (Held::Nothing, self_made(&names(settings, config, store).await?)?)
            }
        };
        let (settings, config) = (settings.clone(), config.clone());
        Ok((Self { settings, config, folder, challenges, pace: Pace::default(), held }, identity))
    }

    /// Gets a new certificate if one is due; whether there is one.
    pub(super) async fn look(&mut self, identity: &ServerIdentity, store: &Store) -> anyhow::Result<bool> {
        if !self.pace.may_ask(Instant::now()) {
            return Ok(false);
        }
        let names = names(&self.settings, &self.config, store).await?;
        let wanted = self.pace.without_refused(&names.all(), Instant::now());
        if !self.is_due(identity, &wanted) {
            return Ok(false);
        }
        let done = match timeout(ATTEMPT, Box::pin(self.renew(identity, &names))).await {
            Ok(done) => done,
            Err(_) => Err(anyhow::anyhow!("the authority takes too long")),
        };
        self.challenges.clear();
        match done {
            Ok(renewed) => {
                self.pace.succeeded();
                Ok(renewed)
            }
            Err(error) => {
                let minutes = self.pace.failed(Instant::now()).as_secs() / 60;
                Err(error.context(format!("the authority gave no new one; it is asked again in {minutes} minutes")))
            }
        }
    }

    fn is_due(&self, identity: &ServerIdentity, wanted: &BTreeSet<String>) -> bool {
        match &self.held {
            Held::Nothing => true,
            Held::Certificate { names, of_directory } => {
                !of_directory || names != wanted || is_old(identity, seconds_now())
            }
        }
    }

    /// Orders, with fewer names where the authority refuses some that can be done without.
    async fn renew(&mut self, identity: &ServerIdentity, names: &Names) -> anyhow::Result<bool> {
        loop {
            let wanted = self.pace.without_refused(&names.all(), Instant::now());
            if !self.is_due(identity, &wanted) {
                return Ok(false);
            }
            tracing::info!("a certificate is asked for, for {}", listed(&wanted));
            match self.order(&wanted).await {
                Ok(issued) => return self.take(identity, &issued, wanted).await.map(|()| true),
                Err(OrderError::Refused(refused)) if names.can_do_without(&refused, &wanted) => {
                    tracing::warn!(
                        "the certificate will not bear some names: {}",
                        OrderError::Refused(refused.clone())
                    );
                    self.pace.refuse(refused.into_keys(), Instant::now());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn order(&self, names: &BTreeSet<String>) -> Result<Issued, OrderError> {
        let ordered = self.order_once(names).await;
        if !matches!(ordered, Err(OrderError::NoAccount)) {
            return ordered;
        }
        self.folder.forget_account().map_err(anyhow::Error::from)?;
        self.order_once(names).await
    }

    async fn order_once(&self, names: &BTreeSet<String>) -> Result<Issued, OrderError> {
        let account = order::account(&self.settings, &self.folder).await?;
        order::order(&account, names, &self.challenges).await
    }

    /// Shows what was issued, and keeps it. What is no good is not shown.
    async fn take(
        &mut self,
        identity: &ServerIdentity,
        issued: &Issued,
        wanted: BTreeSet<String>,
    ) -> anyhow::Result<()> {
        let Issued { chain, key } = issued;
        let new = ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes())?;
        let lacking: BTreeSet<_> = wanted.difference(&new.names()).cloned().collect();
        if !lacking.is_empty() {
            bail!("the certificate that came does not bear {}", listed(&lacking));
        }
        if is_old(&new, seconds_now()) {
            bail!("the certificate that came is old already: see whether this machine's clock is right");
        }
        identity.replace(chain.as_bytes(), key.as_bytes())?;
        tracing::info!("the authority has given a certificate for {}", listed(&wanted));
        self.held = Held::Certificate { names: wanted, of_directory: true };
        let (folder, both) = (self.folder.clone(), format!("{}\n{key}", chain.trim_end()));
        if let Err(error) = tokio::task::spawn_blocking(move || folder.keep_certificate(&both)).await? {
            tracing::error!("the new certificate is shown, but can't be kept in the data folder: {error}");
        }
        Ok(())
    }
}

impl Names {
    fn all(&self) -> BTreeSet<String> {
        self.needed.union(&self.welcome).cloned().collect()
    }

    /// Whether an order without these is worth while, and another one than the last.
    fn can_do_without(&self, refused: &BTreeMap<String, String>, ordered: &BTreeSet<String>) -> bool {
        refused.keys().all(|name| self.welcome.contains(name) && ordered.contains(name))
    }
}

/// Whether what `start` would take up can be used.
pub(super) fn check(settings: &Settings, data: &Path) -> Result<(), TlsError> {
    if let Some(path) = &settings.authority {
        order::roots(Some(path)).map_err(|error| TlsError::Acme {
            key: "acme.authority",
            path: path.clone(),
            problem: error.to_string(),
            advice: "It has to hold PEM certificates; leave it out where the system knows the directory's authority.",
        })?;
    }
    kept(&Folder::of(data)).map(|_| ())
}

fn kept(folder: &Folder) -> Result<Option<ServerIdentity>, TlsError> {
    let unusable = |problem: String| TlsError::Acme {
        key: "the certificate by ACME",
        path: folder.certificate_file(),
        problem,
        advice: "Let the server's user read it, or move it away: then a new one is asked for.",
    };
    let Some(pem) = folder.certificate().map_err(|error| unusable(error.to_string()))? else { return Ok(None) };
    ServerIdentity::from_pem(&pem, &pem).map(Some).map_err(|error| unusable(error.to_string()))
}

async fn names(settings: &Settings, config: &Config, store: &Store) -> anyhow::Result<Names> {
    let lower = |name: &String| name.to_lowercase();
    if !settings.names.is_empty() {
        return Ok(Names { needed: settings.names.iter().map(lower).collect(), welcome: BTreeSet::new() });
    }
    let needed = BTreeSet::from([host_of(&config.public_url).to_lowercase()]);
    let mut welcome = hosts(config, store).await?;
    welcome.retain(|name| is_public_name(name) && !needed.contains(name));
    Ok(Names { needed, welcome })
}

fn self_made(names: &Names) -> anyhow::Result<ServerIdentity> {
    let made = rcgen::generate_simple_self_signed(names.needed.iter().cloned().collect::<Vec<_>>())?;
    Ok(ServerIdentity::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())?)
}

/// Whether two thirds of its life are over at `now`, in seconds since 1970.
fn is_old(identity: &ServerIdentity, now: i64) -> bool {
    let Some((begin, end)) = identity.validity() else { return true };
    now.saturating_sub(begin).saturating_mul(3) >= end.saturating_sub(begin).saturating_mul(2)
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_old_when_two_thirds_of_its_life_are_over() {
        let mut params = rcgen::CertificateParams::new(vec!["sip.fiets.nl".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let identity = ServerIdentity::from_pem(pem.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        let (begin, day) = (identity.validity().unwrap().0, 86_400);
        assert!(!is_old(&identity, begin + 60 * day - 1));
        assert!(is_old(&identity, begin + 60 * day));
        assert_eq!(identity.names(), BTreeSet::from(["sip.fiets.nl".to_owned()]));
    }

    #[test]
    fn names_that_were_asked_for_by_hand_are_never_left_out() {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
        let names = Names { needed: set(&["sip.fiets.nl"]), welcome: set(&["fiets.nl"]) };
        let refused = |names: &[&str]| names.iter().map(|&name| (name.to_owned(), String::new())).collect();
        assert!(names.can_do_without(&refused(&["fiets.nl"]), &names.all()));
        assert!(!names.can_do_without(&refused(&["fiets.nl", "sip.fiets.nl"]), &names.all()));
        assert!(!names.can_do_without(&refused(&["fiets.nl"]), &names.needed), "it was not asked for");
    }
}
