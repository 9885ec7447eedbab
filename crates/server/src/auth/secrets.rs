//! Random secrets, and the digests that are kept of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The system has no randomness to give.
#[derive(Debug, Error)]
#[error("the system's source of randomness failed")]
pub struct RandomError;

/// The SHA-256 of a token, in hexadecimal. A token has 256 random bits, so no salt and no slow hash is needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub String);

impl TokenHash {
    /// The digest of what somebody shows.
    pub fn of(token: &str) -> Self {
        Self(hex(&Sha256::digest(token.as_bytes())))
    }
}

/// A token of 256 random bits behind a prefix that says what it is: `bbk_…`.
pub fn new_token(prefix: &str) -> Result<String, RandomError> {
    Ok(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// A SIP secret of 160 random bits, in letters that are read over the telephone without mistakes.
pub fn new_sip_secret() -> Result<String, RandomError> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789X";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    Ok(random::<32>()?.iter().map(letter).collect())
}

/// A public id of 128 random bits, in hexadecimal.
pub fn new_id() -> Result<String, RandomError> {
    Ok(hex(&random::<16>()?))
}

/// What a registrar needs to check either digest algorithm.
#[derive(Clone, PartialEq, Eq)]
pub struct SipDigests {
    /// `MD5(user:realm:secret)` in hexadecimal (RFC 7616 §3.4.2).
    pub md5: String,
    /// `SHA-256(user:realm:secret)` in hexadecimal.
    pub sha256: String,
}

/// The HA1 of a SIP account over the organisation's realm.
pub fn sip_digests(user_name: &str, realm: &str, secret: &str) -> SipDigests {
    let words = format!("{user_name}:{realm}:{secret}");
    SipDigests { md5: hex(&Md5::digest(words.as_bytes())), sha256: hex(&Sha256::digest(words.as_bytes())) }
}

fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_rfc() {
        // RFC 7616 §3.9.1
        let digests = sip_digests("Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(digests.md5, "3d78807defe7de2157e2b0b6573a855f");
        assert_eq!(digests.sha256, "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232");
    }

    #[test]
    fn secrets_differ_and_are_long() {
        let (one, other) = (new_sip_secret().unwrap(), new_sip_secret().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 32);
        assert!(new_token("bbs").unwrap().len() > 46);
    }
}
