//! The server's own certificate authority, for a network that has no other: kept in the data folder, told to phones by the
//! fingerprint in their link.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use sha2::{Digest as _, Sha256};

use super::TlsError;

const CERTIFICATE: &str = "authority.pem";
const KEY: &str = "authority.key";
/// How long an authority is good for, in years.
const YEARS: i64 = 20;
/// How long a certificate of it is good for, in days. It is made anew long before.
const DAYS: i64 = 180;

/// An authority that signs for this server alone.
pub(super) struct Authority {
    certificate: String,
    fingerprint: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The one in this folder; a new one where there is none.
    pub(super) fn take_up(folder: &Path) -> Result<Self, TlsError> {
        let known = folder.join(CERTIFICATE).exists() || folder.join(KEY).exists();
        let taken = if known { load(folder) } else { create(folder) };
        taken.map_err(|problem| TlsError::Authority { path: folder.to_owned(), problem })
    }

    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    pub(super) fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    /// A new key, and its certificate for these names with the authority's own behind it, both PEM.
    pub(super) fn sign(&self, names: &BTreeSet<String>) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
        let signed = || -> Result<_, rcgen::Error> {
            let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
            params.distinguished_name.push(DnType::CommonName, "Bellbird server");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.use_authority_key_identifier_extension = true;
            valid_for(&mut params, DAYS);
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &self.issuer)?;
            Ok((certificate.pem() + &self.certificate, key.serialize_pem()))
        };
        let (chain, key) = signed().map_err(|error| TlsError::Authority {
            path: "authority".into(),
            problem: format!("it can't sign for {}: {error}", names.iter().cloned().collect::<Vec<_>>().join(", ")),
        })?;
        Ok((chain.into_bytes(), key.into_bytes()))
    }

    fn new(certificate: String, key: &str) -> Result<Self, String> {
        let words = |error: rcgen::Error| error.to_string();
        let key = KeyPair::from_pem(key).map_err(words)?;
        let der = pem(&certificate)?;
        let fingerprint = Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect();
        let issuer = Issuer::from_ca_cert_pem(&certificate, key).map_err(words)?;
        Ok(Self { certificate, fingerprint, issuer })
    }
}

fn pem(certificate: &str) -> Result<Vec<u8>, String> {
    use base64::Engine as _;
    let lines = certificate.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    let body: String = lines.take_while(|line| !line.starts_with("-----END")).map(str::trim).collect();
    base64::engine::general_purpose::STANDARD.decode(body).map_err(|error| error.to_string())
}

fn load(folder: &Path) -> Result<Authority, String> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    Authority::new(read(CERTIFICATE)?, &read(KEY)?)
}

fn create(folder: &Path) -> Result<Authority, String> {
    let made = || -> Result<_, rcgen::Error> {
        let mut params = CertificateParams::default();
        let key = KeyPair::generate()?;
        // Two servers' authorities are told apart where both are installed.
        let mark: String =
            Sha256::digest(key.public_key_raw()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        params.distinguished_name.push(DnType::CommonName, format!("Bellbird authority {mark}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        valid_for(&mut params, YEARS * 365);
        Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
    };
    let (certificate, key) = made().map_err(|error| error.to_string())?;
    let kept = fs::create_dir_all(folder)
        .and_then(|()| write(&folder.join(KEY), &key, 0o600))
        .and_then(|()| write(&folder.join(CERTIFICATE), &certificate, 0o644));
    kept.map_err(|error| error.to_string())?;
    Authority::new(certificate, &key)
}

/// Nobody else may read a key, not even for the moment until its rights are set.
fn write(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// From yesterday, since clocks differ, for so many days.
fn valid_for(params: &mut CertificateParams, days: i64) {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    let midnight = |date: jiff::civil::Date| date_time_ymd(date.year().into(), part(date.month()), part(date.day()));
    params.not_before = midnight(today.saturating_sub(jiff::Span::new().days(1)));
    params.not_after = midnight(today.saturating_add(jiff::Span::new().days(days)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_stays_the_same_over_restarts_and_its_key_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let first = Authority::take_up(folder.path()).unwrap();
        let again = Authority::take_up(folder.path()).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        let mode = fs::metadata(folder.path().join(KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn half_an_authority_is_not_replaced_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        Authority::take_up(folder.path()).unwrap();
        fs::remove_file(folder.path().join(KEY)).unwrap();
        let error = Authority::take_up(folder.path()).err().unwrap().to_string();
        assert!(error.contains("authority.key") && error.contains("Restore it"), "{error}");
    }
}
