//! One order at the authority, from its account to the certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::http::Request;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, Error,
    HttpClient, Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use thiserror::Error;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::challenges::Challenges;
use super::folder::{Folder, KeptAccount};
use crate::config::Acme;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the authority may take to look at names, and to sign.
const POLLS: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Why there is no certificate.
#[derive(Debug, Error)]
pub(super) enum OrderError {
    /// The authority does not vouch for some of the names.
    #[error("the authority refuses {}", told(.0))]
    Refused(BTreeMap<String, String>),
    /// The authority does not know us any more.
    #[error("the authority does not know the account any more")]
    NoAccount,
    /// Something else.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

fn told(refused: &BTreeMap<String, String>) -> String {
    refused.iter().map(|(name, why)| format!("{name} ({why})")).collect::<Vec<_>>().join(", ")
}

impl From<Error> for OrderError {
    fn from(error: Error) -> Self {
        let Error::Api(problem) = &error else { return Self::Failed(error.into()) };
        if problem.r#type.as_deref() == Some(NO_ACCOUNT) {
            return Self::NoAccount;
        }
        let named = problem.subproblems.iter().filter_map(|part| match &part.identifier {
            Some(Identifier::Dns(name)) => Some((name.to_lowercase(), part.detail.clone().unwrap_or_default())),
            Some(_) | None => None,
        });
        let refused: BTreeMap<_, _> = named.collect();
        if refused.is_empty() { Self::Failed(error.into()) } else { Self::Refused(refused) }
    }
}

/// Chain and key, as PEM.
pub(super) struct Issued {
    pub(super) chain: String,
    pub(super) key: String,
}

/// The account at the directory: the one that is kept, else a new one.
pub(super) async fn account(acme: &Acme, folder: &Folder) -> Result<Account, OrderError> {
    let contacts: Vec<&str> = acme.contact.as_deref().into_iter().collect();
    let builder = builder(acme.authority.as_deref()).await?;
    let Some(kept) = kept(acme, folder)? else {
        let new = NewAccount { contact: &contacts, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder.create(&new, acme.directory.clone(), None).await?;
        keep(acme, folder, credentials)?;
        return Ok(account);
    };
    let contact = kept.contact;
    let account = builder.from_credentials(kept.credentials).await?;
    if contact != acme.contact {
        account.update_contacts(&contacts).await?;
        if let Some(again) = self::kept(acme, folder)? {
            keep(acme, folder, again.credentials)?;
        }
    }
    Ok(account)
}

fn kept(acme: &Acme, folder: &Folder) -> anyhow::Result<Option<KeptAccount>> {
    Ok(folder.account().context("the account can't be read")?.filter(|kept| kept.directory == acme.directory))
}

fn keep(acme: &Acme, folder: &Folder, credentials: AccountCredentials) -> anyhow::Result<()> {
    let kept = KeptAccount { directory: acme.directory.clone(), contact: acme.contact.clone(), credentials };
    folder.keep_account(&kept).context("the account can't be kept in the data folder")
}

/// Proves that the names are ours, and gets a certificate for them with a new key.
pub(super) async fn order(
    account: &Account,
    names: &BTreeSet<String>,
    challenges: &Challenges,
) -> Result<Issued, OrderError> {
    let identifiers: Vec<_> = names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    prove(&mut order, challenges).await?;
    match order.poll_ready(&POLLS).await {
        Ok(OrderStatus::Ready) => {}
        Ok(other) => return Err(why_not(&mut order, anyhow::anyhow!("the order is {other:?}").into()).await),
        Err(error) => return Err(why_not(&mut order, error.into()).await),
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&POLLS).await?;
    Ok(Issued { chain, key })
}

async fn prove(order: &mut Order, challenges: &Challenges) -> Result<(), OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        // Proved lately.
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization
            .challenge(ChallengeType::Http01)
            .ok_or_else(|| anyhow::anyhow!("the authority does not offer HTTP-01"))?;
        challenges.answer(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    Ok(())
}

/// Which names it is about, if it is about names.
async fn why_not(order: &mut Order, otherwise: OrderError) -> OrderError {
    let mut refused = BTreeMap::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { return otherwise };
        if state.status == AuthorizationStatus::Invalid {
            let details = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref()?.detail.clone());
            refused.insert(state.identifier().to_string().to_lowercase(), details.collect::<Vec<_>>().join("; "));
        }
    }
    if refused.is_empty() { otherwise } else { OrderError::Refused(refused) }
}

/// The way to the directory, over HTTPS alone.
struct Http(Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>);

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let asked = self.0.request(request);
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, asked).await {
                Ok(Ok(response)) => Ok(BytesResponse::from(response)),
                Ok(Err(error)) => Err(Error::Other(Box::new(error))),
                Err(error) => Err(Error::Other(Box::new(error))),
            }
        })
    }
}

async fn builder(authority: Option<&Path>) -> anyhow::Result<AccountBuilder> {
    let authority = authority.map(Path::to_owned);
    // Reading the system's authorities takes a while.
    let roots = tokio::task::spawn_blocking(move || roots(authority.as_deref())).await??;
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
    Ok(Account::builder_with_http(Box::new(Http(Client::builder(TokioExecutor::new()).build(connector)))))
}

/// Whom to believe of the directory: the authority that is named, else those that the system knows.
pub(super) fn roots(authority: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match authority {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file)? {
                roots.add(certificate?)?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    anyhow::ensure!(!roots.is_empty(), "it holds no certificate");
    Ok(roots)
}
