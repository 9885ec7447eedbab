use std::fmt::Write as _;

use super::{Algorithm, Challenge, Ha1, Qop, Round, Secret, Subject, response};
use crate::message::quote;

/// Why a challenge can't be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Another scheme than Digest, or no realm or nonce.
    #[error("not a digest challenge")]
    NotDigest,
    /// An algorithm or a quality of protection that is not known.
    #[error("unknown algorithm or quality of protection")]
    Unknown,
    /// The stored HA1 is of another hash function.
    #[error("the stored key is for another algorithm")]
    OtherHash,
}

/// Who answers, and with what.
#[derive(Clone, Debug)]
pub enum Login {
    /// With the password.
    Password {
        /// The user name.
        username: String,
        /// The password.
        secret: Secret,
    },
    /// With a stored HA1, which fits one realm and one hash function.
    Ha1 {
        /// The user name.
        username: String,
        /// The hash.
        ha1: Ha1,
    },
}

impl Login {
    fn username(&self) -> &str {
        match self {
            Self::Password { username, .. } | Self::Ha1 { username, .. } => username,
        }
    }

    fn ha1(&self, algorithm: Algorithm, realm: &str) -> Result<Ha1, AnswerError> {
        match self {
            Self::Password { username, secret } => Ok(Ha1::new(algorithm.hash, username, realm, secret)),
            Self::Ha1 { ha1, .. } if ha1.hash() == algorithm.hash => Ok(ha1.clone()),
            Self::Ha1 { .. } => Err(AnswerError::OtherHash),
        }
    }
}

/// The strongest digest that `allowed` (realm, algorithm) lets pass; the first of equals.
pub fn strongest<'a>(
    challenges: impl IntoIterator<Item = Challenge<'a>>,
    allowed: impl Fn(&str, Algorithm) -> bool,
) -> Option<Challenge<'a>> {
    let mut best: Option<(Challenge<'a>, Algorithm)> = None;
    for challenge in challenges {
        let Some(algorithm) = challenge.algorithm().filter(|_| challenge.is_digest()) else { continue };
        let better = best.is_none_or(|(_, best)| algorithm.hash > best.hash);
        if better && allowed(&challenge.realm(), algorithm) {
            best = Some((challenge, algorithm));
        }
    }
    best.map(|(challenge, _)| challenge)
}

/// A challenge that is being answered, for one request or for many; counts the uses of its nonce.
#[derive(Clone)]
pub struct Session {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether the server named the algorithm: some servers fail on one that they didn't name.
    names_algorithm: bool,
    qop: Option<Qop>,
    cnonce: String,
    count: u32,
}

impl Session {
    /// `cnonce` is a fresh random token. `auth` is preferred to `auth-int`, which proxies that touch the body break.
    ///
    /// # Errors
    /// Where the challenge is no digest, or wants what we don't know.
    pub fn new(challenge: &Challenge<'_>, cnonce: impl Into<String>) -> Result<Self, AnswerError> {
        if !challenge.is_digest() {
            return Err(AnswerError::NotDigest);
        }
        let algorithm = challenge.algorithm().ok_or(AnswerError::Unknown)?;
        let qop = match challenge.has_qop() {
            false => None,
            true => Some(
                [Qop::Auth, Qop::AuthInt].into_iter().find(|qop| challenge.offers(*qop)).ok_or(AnswerError::Unknown)?,
            ),
        };
        Ok(Self {
            realm: challenge.realm().into_owned(),
            nonce: challenge.nonce().into_owned(),
            opaque: challenge.opaque().map(Into::into),
            algorithm,
            names_algorithm: challenge.names_algorithm(),
            qop,
            cnonce: cnonce.into(),
            count: 0,
        })
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The nonce: the same one again without `stale` means that the login is wrong.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The value of Authorization or Proxy-Authorization for the next request.
    ///
    /// # Errors
    /// Where the login holds an HA1 of another hash function.
    pub fn authorize(&mut self, login: &Login, subject: &Subject<'_>) -> Result<String, AnswerError> {
        let ha1 = login.ha1(self.algorithm, &self.realm)?;
        self.count = self.count.saturating_add(1);
        let count = format!("{:08x}", self.count);
        let protection = self.qop.map(|qop| (qop, self.cnonce.as_str(), count.as_str()));
        let round = Round { nonce: &self.nonce, protection };
        let response = response(self.algorithm, &ha1, Some(&self.cnonce), &round, subject);
        Ok(self.write(login.username(), subject.uri, &response, &count))
    }

    fn write(&self, username: &str, uri: &str, response: &str, count: &str) -> String {
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quote(username),
            quote(&self.realm),
            quote(&self.nonce),
            quote(uri)
        );
        // Writing to a String can't fail.
        if self.names_algorithm || self.algorithm != Algorithm::MD5 {
            let _ = write!(value, ", algorithm={}", self.algorithm.name());
        }
        if let Some(qop) = self.qop {
            let _ = write!(value, ", cnonce={}, qop={}, nc={count}", quote(&self.cnonce), qop.name());
        } else if self.algorithm.session {
            let _ = write!(value, ", cnonce={}", quote(&self.cnonce));
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(value, ", opaque={}", quote(opaque));
        }
        value
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, used {} times)", self.algorithm.name(), self.count)
    }
}
