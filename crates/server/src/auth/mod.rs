//! Who is asking: secrets, password hashes, and the guards against guessing.

mod guesses;
mod pace;
mod passwords;
mod secrets;

pub use guesses::{Guesses, Refused};
pub use pace::{Pace, PaceKey};
pub(crate) use passwords::hash as hash_password;
pub use passwords::{Passwords, PasswordsError};
pub use secrets::{RandomError, SipDigests, TokenHash, new_id, new_sip_secret, new_token, sip_digests};
