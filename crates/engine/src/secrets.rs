//! Where passwords stay: the system's key store, else an encrypted file.
//!
//! The file protects against a copy of the data folder's database and settings falling into the wrong hands, not
//! against somebody who may read the whole folder: its key lies beside it. That is why its use is a warning.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use thiserror::Error;

/// The service name under which the key store files our entries.
const SERVICE: &str = "bellbird";
const NONCE_LENGTH: usize = 12;
const KEY_LENGTH: usize = 32;

/// Why a password could not be kept or found.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The key store answered with an error of its own.
    #[error("the key store refused: {0}")]
    Store(#[from] keyring::Error),
    /// The encrypted file could not be read or written.
    #[error("the encrypted file of secrets could not be used: {0}")]
    File(#[from] io::Error),
    /// The encrypted file was changed by somebody else, or its key was.
    #[error("the encrypted file of secrets is damaged; it was left as it is, enter the password again")]
    Damaged,
}

/// Which place is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// The system's key store (Secret Service, Keychain, Credential Manager).
    KeyStore,
    /// The encrypted file in this folder, because there is no key store: tell the user.
    EncryptedFile(PathBuf),
}

/// Keeps one secret for each account name.
///
/// A key store may refuse (it is locked, and nobody unlocks it): what it does not take goes into the encrypted file,
/// which therefore always holds the newer secret where both hold one.
#[derive(Debug)]
pub struct Secrets {
    place: SecretPlace,
    folder: PathBuf,
}

impl Secrets {
    /// Takes the system's key store if it answers, else the encrypted file in `folder`. Blocks on D-Bus: call it off
    /// the async threads.
    pub fn open(folder: &Path) -> Self {
        match key_store_answers() {
            true => Self { place: SecretPlace::KeyStore, folder: folder.to_owned() },
            false => Self::in_file(folder),
        }
    }

    /// Takes the encrypted file in `folder` without asking for a key store.
    pub fn in_file(folder: &Path) -> Self {
        Self { place: SecretPlace::EncryptedFile(folder.to_owned()), folder: folder.to_owned() }
    }

    /// Which place is in use.
    pub const fn place(&self) -> &SecretPlace {
        &self.place
    }

    /// The secret kept under `name`, if there is one. Blocks while the key store asks the user to unlock it.
    pub fn find(&self, name: &str) -> Result<Option<String>, SecretError> {
        let in_file = SecretFile::load(&self.folder).map(|mut file| file.secrets.remove(name));
        match (&self.place, in_file) {
            (SecretPlace::EncryptedFile(_), found) => found,
            (SecretPlace::KeyStore, Ok(Some(secret))) => Ok(Some(secret)),
            (SecretPlace::KeyStore, Ok(None) | Err(_)) => find_in_key_store(name),
        }
    }

    /// Keeps `secret` under `name`, in place of what was there; says where it is now. Blocks as [`Self::find`] does.
    pub fn keep(&self, name: &str, secret: &str) -> Result<SecretPlace, SecretError> {
        if self.place == SecretPlace::KeyStore {
            match keep_in_key_store(name, secret) {
                Ok(()) => {
                    self.forget_in_file(name)?;
                    return Ok(SecretPlace::KeyStore);
                }
                Err(error) => tracing::warn!("a secret goes into the encrypted file: {error}"),
            }
        }
        let mut file = SecretFile::load(&self.folder)?;
        file.secrets.insert(name.to_owned(), secret.to_owned());
        file.save(&self.folder)?;
        Ok(SecretPlace::EncryptedFile(self.folder.clone()))
    }

    /// Forgets what is kept under `name`; nothing there is no error.
    pub fn forget(&self, name: &str) -> Result<(), SecretError> {
        self.forget_in_file(name)?;
        match self.place {
            SecretPlace::KeyStore => forget_in_key_store(name),
            SecretPlace::EncryptedFile(_) => Ok(()),
        }
    }

    fn forget_in_file(&self, name: &str) -> Result<(), SecretError> {
        let mut file = SecretFile::load(&self.folder)?;
        if file.secrets.remove(name).is_some() { file.save(&self.folder) } else { Ok(()) }
    }
}

fn find_in_key_store(name: &str) -> Result<Option<String>, SecretError> {
    match keyring::Entry::new(SERVICE, name)?.get_password() {
        Ok(secret) => Ok(Some(secret)),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn keep_in_key_store(name: &str, secret: &str) -> Result<(), SecretError> {
    Ok(keyring::Entry::new(SERVICE, name)?.set_password(secret)?)
}

fn forget_in_key_store(name: &str) -> Result<(), SecretError> {
    match keyring::Entry::new(SERVICE, name)?.delete_credential() {
        Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The secret that the system's key store holds for an address, put there by hand.
pub fn from_key_store(address: &str) -> Option<String> {
    keyring::Entry::new(SERVICE, address).and_then(|entry| entry.get_password()).ok()
}

/// Asks for an entry that nobody has: any answer but "no such entry" means that there is no usable key store.
fn key_store_answers() -> bool {
    let probe = keyring::Entry::new(SERVICE, "probe").and_then(|entry| entry.get_password());
    matches!(probe, Ok(_) | Err(keyring::Error::NoEntry))
}

/// `secrets.bin`: nonce, then ChaCha20-Poly1305 over lines of JSON; `secrets.key`: the key, mode 0600.
struct SecretFile {
    key: [u8; KEY_LENGTH],
    secrets: BTreeMap<String, String>,
}

impl SecretFile {
    fn load(folder: &Path) -> Result<Self, SecretError> {
        let key = match fs::read(folder.join("secrets.key")) {
            Ok(bytes) => bytes.try_into().map_err(|_| SecretError::Damaged)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => random_bytes()?,
            Err(error) => return Err(error.into()),
        };
        let secrets = match fs::read(folder.join("secrets.bin")) {
            Ok(sealed) => open_sealed(&key, sealed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { key, secrets })
    }

    fn save(&self, folder: &Path) -> Result<(), SecretError> {
        fs::create_dir_all(folder)?;
        let plain = serde_json::to_vec(&self.secrets).map_err(io::Error::from)?;
        let sealed = seal(&self.key, plain)?;
        write_private(&folder.join("secrets.key"), &self.key)?;
        Ok(write_private(&folder.join("secrets.bin"), &sealed)?)
    }
}

fn seal(key: &[u8; KEY_LENGTH], mut plain: Vec<u8>) -> Result<Vec<u8>, SecretError> {
    let nonce: [u8; NONCE_LENGTH] = random_bytes()?;
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(SERVICE), &mut plain)
        .map_err(|_| SecretError::Damaged)?;
    let mut sealed = nonce.to_vec();
    sealed.append(&mut plain);
    Ok(sealed)
}

fn open_sealed(key: &[u8; KEY_LENGTH], mut sealed: Vec<u8>) -> Result<BTreeMap<String, String>, SecretError> {
    let (nonce, body) = sealed.split_at_mut_checked(NONCE_LENGTH).ok_or(SecretError::Damaged)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SecretError::Damaged)?;
    let plain = cipher(key)?.open_in_place(nonce, Aad::from(SERVICE), body).map_err(|_| SecretError::Damaged)?;
    serde_json::from_slice(plain).map_err(|_| SecretError::Damaged)
}

fn cipher(key: &[u8; KEY_LENGTH]) -> Result<LessSafeKey, SecretError> {
    UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new).map_err(|_| SecretError::Damaged)
}

/// Fresh bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(bytes)
}

/// Writes beside and renames, so that a crash leaves either the old file or the new one, never half of it.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_in_the_encrypted_file_and_is_not_readable_there() {
        let folder = tempfile::tempdir().unwrap();
        Secrets::in_file(folder.path()).keep("linda@fiets.example", "trapper7").unwrap();
        let found = Secrets::in_file(folder.path()).find("linda@fiets.example").unwrap();
        assert_eq!(found.as_deref(), Some("trapper7"));
        let sealed = fs::read(folder.path().join("secrets.bin")).unwrap();
        assert!(!sealed.windows(8).any(|window| window == b"trapper7"));
    }

    #[test]
    fn a_forgotten_secret_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::in_file(folder.path());
        secrets.keep("linda", "trapper7").unwrap();
        secrets.forget("linda").unwrap();
        assert_eq!(secrets.find("linda").unwrap(), None);
    }

    #[test]
    fn a_damaged_file_is_reported_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::in_file(folder.path());
        secrets.keep("linda", "trapper7").unwrap();
        let path = folder.path().join("secrets.bin");
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(secrets.find("linda"), Err(SecretError::Damaged)));
        assert!(matches!(secrets.keep("tom", "x"), Err(SecretError::Damaged)));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Secrets::in_file(folder.path()).keep("linda", "trapper7").unwrap();
        for name in ["secrets.key", "secrets.bin"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
}
