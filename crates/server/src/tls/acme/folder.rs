//! What is kept of ACME in the data folder: the account, and the certificate with its key.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};

const ACCOUNT: &str = "account.json";
/// Chain and key in one file, so that one rename replaces both.
const CERTIFICATE: &str = "certificate.pem";

/// Files that nobody else may read.
#[derive(Clone)]
pub(super) struct Folder(PathBuf);

/// An account, where it is, and what was told there.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptAccount {
    pub(super) directory: String,
    pub(super) contact: Option<String>,
    pub(super) credentials: AccountCredentials,
}

impl Folder {
    pub(super) fn of(data: &Path) -> Self {
        Self(data.join("acme"))
    }

    pub(super) fn certificate_file(&self) -> PathBuf {
        self.0.join(CERTIFICATE)
    }

    pub(super) fn certificate(&self) -> io::Result<Option<Vec<u8>>> {
        read(&self.certificate_file())
    }

    pub(super) fn keep_certificate(&self, chain_and_key: &str) -> io::Result<()> {
        self.keep(CERTIFICATE, chain_and_key.as_bytes())
    }

    /// The account; none where it can't be understood, since another one can be had for the asking.
    pub(super) fn account(&self) -> io::Result<Option<KeptAccount>> {
        Ok(read(&self.0.join(ACCOUNT))?.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    pub(super) fn keep_account(&self, account: &KeptAccount) -> io::Result<()> {
        self.keep(ACCOUNT, &serde_json::to_vec_pretty(account)?)
    }

    pub(super) fn forget_account(&self) -> io::Result<()> {
        fs::remove_file(self.0.join(ACCOUNT))
    }

    /// Old or new, never half: also where the machine stops in between.
    fn keep(&self, name: &str, content: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let new = self.0.join(format!("{name}.new"));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&new, self.0.join(name))?;
        fs::File::open(&self.0)?.sync_all()
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_kept_for_the_server_alone_and_replaces_the_one_before() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::of(data.path());
        assert!(folder.certificate().unwrap().is_none());
        folder.keep_certificate("old").unwrap();
        fs::write(data.path().join("acme/certificate.pem.new"), "cut off").unwrap();
        folder.keep_certificate("new").unwrap();
        assert_eq!(folder.certificate().unwrap().unwrap(), b"new");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.certificate_file()), mode(&data.path().join("acme"))), (0o600, 0o700));
    }
}
