use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::judge::{Judge, Shown};
use super::pinned::verify_pinned;

/// Who may vouch for a server: a certificate is accepted that they signed for the SIP domain, as `sip:` URI or DNS name
/// (RFC 5922 §7).
///
/// Wildcards in DNS names are accepted, though RFC 5922 §7.2 forbids them: providers use them widely, and RFC 9525 §6.3 finds
/// them safe as the whole leftmost label.
#[derive(Debug)]
pub(super) enum Anchors {
    /// Any of these.
    Known(RootCertStore),
    /// The one with this fingerprint.
    Pinned(String),
}

impl Judge for Anchors {
    fn judge(&self, shown: &Shown<'_>) -> Result<(), Error> {
        let certificate = ParsedCertificate::try_from(shown.certificate)?;
        match self {
            Self::Known(roots) => {
                let algorithms = shown.algorithms.all;
                verify_server_cert_signed_by_trust_anchor(&certificate, roots, shown.beside, shown.now, algorithms)?;
            }
            Self::Pinned(authority) => verify_pinned(authority, shown)?,
        }
        match verify_server_name(&certificate, shown.name) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if bears_sip_uri(shown.certificate, shown.name) => Ok(()),
            outcome => outcome,
        }
    }
}

/// Whether one of the certificate's URIs is `sip:` and this domain, without a user (RFC 5922 §7.1).
fn bears_sip_uri(certificate: &CertificateDer<'_>, server_name: &ServerName<'_>) -> bool {
    let ServerName::DnsName(domain) = server_name else { return false };
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return false };
    let uris = names
        .value
        .general_names
        .iter()
        .filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None });
    uris.filter_map(sip_domain).any(|host| host.eq_ignore_ascii_case(domain.as_ref()))
}

/// The domain of a URI that names a SIP domain and nothing more.
fn sip_domain(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let host = rest.split([';', '?']).next().unwrap_or_default();
    let plain = scheme.eq_ignore_ascii_case("sip") && !host.is_empty() && !host.contains(['@', ':', '[']);
    plain.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sip_uri_without_user_names_a_domain() {
        assert_eq!(sip_domain("sip:example.org"), Some("example.org"));
        assert_eq!(sip_domain("SIP:example.org;transport=tls"), Some("example.org"));
        for uri in ["sips:example.org", "sip:bob@example.org", "https://example.org", "sip:", "example.org"] {
            assert_eq!(sip_domain(uri), None, "{uri}");
        }
    }
}
