use std::fmt;

use md5::{Digest as _, Md5};
use sha2::{Sha256, Sha512_256};

/// A secret; its Debug output hides it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Gives it out, to be hashed or stored and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A hash function, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// Broken, but all that many phones know.
    Md5,
    /// FIPS 180-4
    Sha256,
    /// FIPS 180-4
    Sha512_256,
}

impl Hash {
    /// Lower-case hexadecimal of the hash over all parts.
    pub(super) fn hex(self, parts: &[&str]) -> String {
        self.hex_of(parts.concat().as_bytes())
    }

    pub(super) fn hex_of(self, bytes: &[u8]) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(bytes)),
            Self::Sha256 => hex(&Sha256::digest(bytes)),
            Self::Sha512_256 => hex(&Sha512_256::digest(bytes)),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[digit as usize])).collect()
}

/// The `algorithm` parameter. Without one it is MD5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Algorithm {
    /// The hash function.
    pub hash: Hash,
    /// The `-sess` form.
    pub session: bool,
}

impl Algorithm {
    /// `MD5`
    pub const MD5: Self = Self { hash: Hash::Md5, session: false };
    /// `SHA-256`
    pub const SHA_256: Self = Self { hash: Hash::Sha256, session: false };
    /// `SHA-512-256`
    pub const SHA_512_256: Self = Self { hash: Hash::Sha512_256, session: false };

    /// The name as it stands in headers.
    pub const fn name(self) -> &'static str {
        match (self.hash, self.session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512_256, false) => "SHA-512-256",
            (Hash::Sha512_256, true) => "SHA-512-256-sess",
        }
    }

    /// The algorithm of this name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        let (hash, session) = match name.len().checked_sub(5).and_then(|at| name.split_at_checked(at)) {
            Some((front, end)) if end.eq_ignore_ascii_case("-sess") => (front, true),
            _ => (name, false),
        };
        let hash = match () {
            () if hash.eq_ignore_ascii_case("MD5") => Hash::Md5,
            () if hash.eq_ignore_ascii_case("SHA-256") => Hash::Sha256,
            () if hash.eq_ignore_ascii_case("SHA-512-256") => Hash::Sha512_256,
            () => return None,
        };
        Some(Self { hash, session })
    }
}

/// Quality of protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qop {
    /// The start line.
    Auth,
    /// The start line and the body.
    AuthInt,
}

impl Qop {
    /// The name as it stands in headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Auth, Self::AuthInt].into_iter().find(|qop| qop.name().eq_ignore_ascii_case(name))
    }
}

/// HA1: the hash over user name, realm and secret. As good as the secret within its realm; Debug hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1 {
    hash: Hash,
    hex: String,
}

impl Ha1 {
    /// Computes it.
    pub fn new(hash: Hash, username: &str, realm: &str, secret: &Secret) -> Self {
        Self { hash, hex: hash.hex(&[username, ":", realm, ":", secret.expose()]) }
    }

    /// Takes a stored one in: the hexadecimal digits that [`Ha1::hex`] gave.
    pub fn stored(hash: Hash, hex: impl Into<String>) -> Self {
        Self { hash, hex: hex.into().to_ascii_lowercase() }
    }

    /// The hash function.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The hexadecimal digits, to be stored.
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ha1({:?}, ..)", self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithm_names_are_read_in_any_case() {
        for name in ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"] {
            assert_eq!(Algorithm::parse(&name.to_lowercase()).unwrap().name(), name);
        }
        assert_eq!(Algorithm::parse("AKAv1-MD5"), None);
        assert_eq!(Algorithm::parse("-sess"), None);
    }

    #[test]
    fn secrets_do_not_show() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(format!("{:?}", Ha1::new(Hash::Md5, "a", "b", &secret)), "Ha1(Md5, ..)");
    }
}
