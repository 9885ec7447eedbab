//! Whose certificates are believed: those of the system's authorities, or of the one that a link named.

use std::sync::Arc;

use bellbird_net::{Judge, Shown, Trust, client_config, verify_pinned};
use bellbird_phone::HttpFailure;
use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, Error};

/// The client's side of TLS. With an authority nobody else is believed, the system's included.
pub(super) async fn config(trust: &Trust, authority: Option<String>) -> Result<Arc<ClientConfig>, HttpFailure> {
    let broken = |error: Error| HttpFailure::Broken(error.to_string());
    if let Some(authority) = authority {
        return Ok(Arc::new(client_config(Pinned(authority)).map_err(broken)?));
    }
    let trust = trust.clone();
    // Reading the system's authorities takes a while.
    let roots = tokio::task::spawn_blocking(move || trust.roots()).await;
    let roots = roots.map_err(|error| HttpFailure::Broken(error.to_string()))?;
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(broken)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Believes the authority with this fingerprint (SHA-256, lower-case hexadecimal), which the server has to send along, and
/// nobody else.
#[derive(Debug)]
struct Pinned(String);

impl Judge for Pinned {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), Error> {
        verify_pinned(&self.0, shown)?;
        verify_server_name(&ParsedCertificate::try_from(shown.certificate)?, shown.name)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

    use super::*;

    fn fingerprint(certificate: &CertificateDer<'_>) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    struct Authority {
        certificate: Certificate,
        issuer: Issuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let certificate = params.self_signed(&key).unwrap();
            Self { certificate, issuer: Issuer::new(params, key) }
        }

        fn sign(&self, name: &str) -> CertificateDer<'static> {
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().clone()
        }
    }

    fn is_believed(pin: &CertificateDer<'_>, shown: &CertificateDer<'_>, beside: &[CertificateDer<'_>]) -> bool {
        let name = ServerName::try_from("bel.fiets.example").unwrap();
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        let shown = Shown { certificate: shown, beside, name: &name, now: UnixTime::now(), algorithms: &algorithms };
        Pinned(fingerprint(pin)).judge(&shown).is_ok()
    }

    #[test]
    fn authority_of_the_link_is_believed_and_no_other() {
        let (ours, other) = (Authority::new(), Authority::new());
        let pin = ours.certificate.der().clone();
        assert!(is_believed(&pin, &ours.sign("bel.fiets.example"), std::slice::from_ref(&pin)));
        assert!(!is_believed(&pin, &other.sign("bel.fiets.example"), &[other.certificate.der().clone()]));
        // Sending the right authority along proves nothing.
        assert!(!is_believed(&pin, &other.sign("bel.fiets.example"), std::slice::from_ref(&pin)));
        assert!(!is_believed(&pin, &ours.sign("bel.fiets.example"), &[]));
    }

    #[test]
    fn certificate_has_to_bear_the_servers_name() {
        let ours = Authority::new();
        let pin = ours.certificate.der().clone();
        assert!(!is_believed(&pin, &ours.sign("elsewhere.example"), std::slice::from_ref(&pin)));
    }

    #[test]
    fn certificate_that_signed_itself_can_be_pinned() {
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["bel.fiets.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        assert!(is_believed(own.der(), own.der(), &[]));
        let ours = Authority::new();
        assert!(!is_believed(own.der(), &ours.sign("bel.fiets.example"), &[]));
    }
}
