//! Digest authentication: RFC 3261 §22, RFC 7616 and RFC 8760, for both sides.
//!
//! A client reads [`Challenge`]s, picks one with [`strongest`] and answers it with a [`Session`]. A server gives
//! challenges out and checks [`Credentials`] with a [`Challenger`]. MD5, SHA-256, SHA-512-256, their `-sess` forms,
//! `auth` and `auth-int` are known; `userhash`, `nextnonce` and `rspauth` are not.

mod algorithm;
mod client;
mod fields;
mod server;

pub use algorithm::{Algorithm, Ha1, Hash, Qop, Secret};
pub use client::{AnswerError, Login, Session, strongest};
pub(crate) use fields::schemes;
pub use fields::{Challenge, Credentials};
pub use server::{Challenger, Verdict};

/// What a digest is computed over besides the secret.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The `uri` parameter: the Request-URI as it is sent.
    pub uri: &'a str,
    /// The body, which only `auth-int` takes in.
    pub body: &'a [u8],
}

/// The values that enter a response besides HA1 and [`Subject`].
struct Round<'a> {
    nonce: &'a str,
    /// `cnonce` and `nc` as written, with `qop`; `None` for the form of RFC 2069.
    protection: Option<(Qop, &'a str, &'a str)>,
}

/// The `response` parameter (RFC 7616 §3.4.1).
fn response(algorithm: Algorithm, ha1: &Ha1, cnonce: Option<&str>, round: &Round<'_>, subject: &Subject<'_>) -> String {
    let hash = algorithm.hash;
    let session_key = match (algorithm.session, cnonce) {
        (true, Some(cnonce)) => hash.hex(&[ha1.hex(), ":", round.nonce, ":", cnonce]),
        _ => ha1.hex().to_owned(),
    };
    let mut a2 = format!("{}:{}", subject.method, subject.uri);
    if let Some((Qop::AuthInt, ..)) = round.protection {
        a2 = format!("{a2}:{}", hash.hex_of(subject.body));
    }
    let ha2 = hash.hex(&[&a2]);
    match round.protection {
        Some((qop, cnonce, count)) => {
            hash.hex(&[&session_key, ":", round.nonce, ":", count, ":", cnonce, ":", qop.name(), ":", &ha2])
        }
        None => hash.hex(&[&session_key, ":", round.nonce, ":", &ha2]),
    }
}

#[cfg(test)]
mod tests;
