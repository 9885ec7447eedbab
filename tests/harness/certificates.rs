//! A certificate authority for one test.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// The authority's certificate and a server's, signed by it, as PEM files.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// What clients trust.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
    /// Certificate and key in one file, as baresip wants it.
    pub combined: PathBuf,
}

impl Certificates {
    /// Writes them into `folder`, for the SIP domain `domain` and for loopback.
    pub fn write(folder: &Path, domain: &str) -> Self {
        let files = Self {
            authority: folder.join("ca.pem"),
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            combined: folder.join("both.pem"),
        };
        let authority_key = KeyPair::generate().expect("a key");
        let authority = authority_parameters();
        let authority_certificate = authority.self_signed(&authority_key).expect("a certificate");
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().expect("a key");
        let names = vec![domain.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut parameters = CertificateParams::new(names).expect("valid names");
        parameters.distinguished_name.push(DnType::CommonName, domain);
        parameters.use_authority_key_identifier_extension = true;
        let certificate = parameters.signed_by(&key, &issuer).expect("a certificate");
        write(&files.authority, &authority_certificate.pem());
        write(&files.certificate, &certificate.pem());
        write(&files.key, &key.serialize_pem());
        write(&files.combined, &(certificate.pem() + &key.serialize_pem()));
        files
    }
}

fn authority_parameters() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "Bellbird test authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the test's folder can be written");
}
