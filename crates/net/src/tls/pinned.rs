use ring::digest::{SHA256, digest};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use super::judge::Shown;

/// Whether the authority with this fingerprint (SHA-256, lower-case hexadecimal) vouches for a certificate. The server has to
/// send the authority's certificate along; whose name the certificate bears is still to be looked at.
///
/// # Errors
/// Where it does not, or the certificate is not valid now.
pub fn verify_pinned(authority: &str, shown: &Shown<'_>) -> Result<(), Error> {
    let is_it = |certificate: &CertificateDer<'_>| fingerprint(certificate) == authority;
    // A certificate that signed itself is its own authority.
    if is_it(shown.certificate) {
        return Ok(());
    }
    let sent = shown.beside.iter().find(|certificate| is_it(certificate));
    let sent = sent.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
    let mut roots = RootCertStore::empty();
    roots.add(sent.clone().into_owned())?;
    let certificate = ParsedCertificate::try_from(shown.certificate)?;
    verify_server_cert_signed_by_trust_anchor(&certificate, &roots, shown.beside, shown.now, shown.algorithms.all)
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    digest(&SHA256, certificate).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
