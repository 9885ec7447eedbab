//! Passwords: argon2id on threads of their own, so many at a time and no more.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use bellbird_contract::Secret;
use thiserror::Error;
use tokio::sync::Semaphore;

/// OWASP's first choice: 19 MiB, two passes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Each takes a core for some 20 ms and 19 MiB.
const AT_ONCE: usize = 2;
/// Longer in the queue and the person has given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a password was not hashed.
#[derive(Debug, Error)]
pub enum PasswordsError {
    /// More people log in than can be served.
    #[error("too many log-ins at once")]
    Busy,
    /// The hash function itself failed.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    seats: Arc<Semaphore>,
    /// Checked when nobody has the name that was typed, so that the answer takes as long.
    decoy: Arc<str>,
}

impl Passwords {
    /// A pool with its decoy.
    pub fn new() -> Result<Self, PasswordsError> {
        let decoy = hash("nobody has this password")?;
        Ok(Self { seats: Arc::new(Semaphore::new(AT_ONCE)), decoy: decoy.into() })
    }

    /// A new hash in PHC form.
    pub async fn hash(&self, password: &Secret) -> Result<String, PasswordsError> {
        let password = password.clone();
        self.seated(move || hash(password.expose())).await?
    }

    /// Whether the password fits; with nothing to compare it takes as long and says no.
    pub async fn fits(&self, password: &Secret, hash: Option<String>) -> Result<bool, PasswordsError> {
        let (password, known) = (password.clone(), hash.is_some());
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        Ok(self.seated(move || verify(password.expose(), &hash)).await? && known)
    }

    async fn seated<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Result<R, PasswordsError> {
        let seat = tokio::time::timeout(PATIENCE, Arc::clone(&self.seats).acquire_owned()).await;
        let Ok(Ok(seat)) = seat else { return Err(PasswordsError::Busy) };
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(seat);
            result
        });
        done.await.map_err(|error| PasswordsError::Failed(error.to_string()))
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordsError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| PasswordsError::Failed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password on this thread: for the commands that have no runtime.
pub(crate) fn hash(password: &str) -> Result<String, PasswordsError> {
    let hash = argon2()?.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| PasswordsError::Failed(error.to_string()))
}

fn verify(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    argon2().is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_and_nobody_has_the_decoy() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash(&Secret::new("right")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.fits(&Secret::new("right"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.fits(&Secret::new("wrong"), Some(hash)).await.unwrap());
        assert!(!passwords.fits(&Secret::new("nobody has this password"), None).await.unwrap());
    }
}
