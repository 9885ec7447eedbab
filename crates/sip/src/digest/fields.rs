use std::borrow::Cow;
use std::fmt;

use super::{Algorithm, Qop};
use crate::message::scan::{is_lws, quoted_end, skip_bare_value, skip_lws, skip_token, trim};
use crate::message::{Malformed, unescape};

/// A value as it was written, with its quotes where it has any.
type Raw<'a> = Option<&'a str>;

/// The parameters that either header may have.
#[derive(Clone, Copy, Default)]
struct Known<'a> {
    realm: Raw<'a>,
    nonce: Raw<'a>,
    opaque: Raw<'a>,
    algorithm: Raw<'a>,
    qop: Raw<'a>,
    stale: Raw<'a>,
    domain: Raw<'a>,
    username: Raw<'a>,
    uri: Raw<'a>,
    response: Raw<'a>,
    cnonce: Raw<'a>,
    nc: Raw<'a>,
}

impl<'a> Known<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Raw<'a>> {
        let slot = match name {
            "username" => &mut self.username,
            "realm" => &mut self.realm,
            "nonce" => &mut self.nonce,
            "uri" => &mut self.uri,
            "response" => &mut self.response,
            "algorithm" => &mut self.algorithm,
            "cnonce" => &mut self.cnonce,
            "opaque" => &mut self.opaque,
            "qop" => &mut self.qop,
            "nc" => &mut self.nc,
            "stale" => &mut self.stale,
            "domain" => &mut self.domain,
            _ if name.bytes().any(|byte| byte.is_ascii_uppercase()) => return self.slot(&name.to_ascii_lowercase()),
            _ => return None,
        };
        Some(slot)
    }
}

fn bare(raw: Raw<'_>) -> &str {
    let raw = raw.unwrap_or_default();
    raw.strip_prefix('"').map_or(raw, |inner| inner.strip_suffix('"').unwrap_or(inner))
}

fn plain(raw: Raw<'_>) -> Cow<'_, str> {
    unescape(bare(raw))
}

/// One challenge of WWW-Authenticate or Proxy-Authenticate.
#[derive(Clone, Copy)]
pub struct Challenge<'a> {
    /// `Digest` or another.
    pub scheme: &'a str,
    known: Known<'a>,
}

impl<'a> Challenge<'a> {
    /// `scheme name=value, …`
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (scheme, known) = parse(text)?;
        Ok(Self { scheme, known })
    }

    /// Whether it is a digest that can be answered as far as its form goes.
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest") && self.known.realm.is_some() && self.known.nonce.is_some()
    }

    /// `realm`
    pub fn realm(&self) -> Cow<'a, str> {
        plain(self.known.realm)
    }

    /// `nonce`
    pub fn nonce(&self) -> Cow<'a, str> {
        plain(self.known.nonce)
    }

    /// `opaque`
    pub fn opaque(&self) -> Option<Cow<'a, str>> {
        self.known.opaque.map(|raw| plain(Some(raw)))
    }

    /// `algorithm`, MD5 where there is none; `None` for one that is not known.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.known.algorithm.map_or(Some(Algorithm::MD5), |raw| Algorithm::parse(bare(Some(raw))))
    }

    /// Whether the algorithm is written down.
    pub(super) fn names_algorithm(&self) -> bool {
        self.known.algorithm.is_some()
    }

    /// Whether `qop` offers this.
    pub fn offers(&self, qop: Qop) -> bool {
        bare(self.known.qop).split(',').any(|name| Qop::parse(trim(name)) == Some(qop))
    }

    /// Whether there is a `qop` at all; without one the form of RFC 2069 is meant.
    pub fn has_qop(&self) -> bool {
        !trim(bare(self.known.qop)).is_empty()
    }

    /// Whether only the nonce was too old.
    pub fn is_stale(&self) -> bool {
        bare(self.known.stale).eq_ignore_ascii_case("true")
    }
}

impl fmt::Debug for Challenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({}, {:?})", self.scheme, self.algorithm())
    }
}

/// The value of Authorization or Proxy-Authorization.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// `Digest` or another.
    pub scheme: &'a str,
    known: Known<'a>,
}

impl<'a> Credentials<'a> {
    /// `scheme name=value, …`
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (scheme, known) = parse(text)?;
        Ok(Self { scheme, known })
    }

    /// Whether it is a digest with everything that a check needs.
    pub fn is_digest(&self) -> bool {
        let Known { username, realm, nonce, uri, response, .. } = self.known;
        let complete = [username, realm, nonce, uri, response].iter().all(Option::is_some);
        self.scheme.eq_ignore_ascii_case("Digest") && complete
    }

    /// `username`
    pub fn username(&self) -> Cow<'a, str> {
        plain(self.known.username)
    }

    /// `realm`
    pub fn realm(&self) -> Cow<'a, str> {
        plain(self.known.realm)
    }

    /// `nonce`
    pub fn nonce(&self) -> Cow<'a, str> {
        plain(self.known.nonce)
    }

    /// `uri`
    pub fn uri(&self) -> Cow<'a, str> {
        plain(self.known.uri)
    }

    /// `response`: hexadecimal digits.
    pub fn response(&self) -> &'a str {
        bare(self.known.response)
    }

    /// `cnonce`
    pub fn cnonce(&self) -> Option<Cow<'a, str>> {
        self.known.cnonce.map(|raw| plain(Some(raw)))
    }

    /// `nc` as it was written.
    pub fn nonce_count_text(&self) -> &'a str {
        bare(self.known.nc)
    }

    /// `nc`, which is hexadecimal.
    pub fn nonce_count(&self) -> Option<u32> {
        u32::from_str_radix(self.nonce_count_text(), 16).ok()
    }

    /// `qop`; the outer `None` is one that is not known, the inner one that there is none.
    pub fn qop(&self) -> Option<Option<Qop>> {
        self.known.qop.map_or(Some(None), |raw| Qop::parse(bare(Some(raw))).map(Some))
    }

    /// `algorithm`, MD5 where there is none; `None` for one that is not known.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.known.algorithm.map_or(Some(Algorithm::MD5), |raw| Algorithm::parse(bare(Some(raw))))
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, {:?})", self.scheme, self.algorithm())
    }
}

/// The scheme and its parameters. Empty list items and unknown parameters are passed over; of a parameter that stands
/// twice the first holds. Other schemes than Digest may have a body that is no list of parameters: it is not read.
fn parse(text: &str) -> Result<(&str, Known<'_>), Malformed> {
    const WHAT: Malformed = Malformed("authentication");
    let bytes = text.as_bytes();
    let start = skip_lws(bytes, 0);
    let end = skip_token(bytes, start);
    let scheme = text.get(start..end).filter(|scheme| !scheme.is_empty()).ok_or(WHAT)?;
    let mut known = Known::default();
    if !scheme.eq_ignore_ascii_case("Digest") {
        return Ok((scheme, known));
    }
    let mut at = end;
    loop {
        at = skip_separators(bytes, at);
        if at >= bytes.len() {
            return Ok((scheme, known));
        }
        let (name, value, end) = parameter(text, at)?;
        if let Some(slot) = known.slot(name) {
            slot.get_or_insert(value);
        }
        at = end;
    }
}

fn skip_separators(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| *byte == b',' || is_lws(*byte)) {
        at += 1;
    }
    at
}

/// `name = token` or `name = "quoted"`; unquoted values may hold what tokens don't, as in `uri=sip:a`.
fn parameter(text: &str, at: usize) -> Result<(&str, &str, usize), Malformed> {
    const WHAT: Malformed = Malformed("authentication");
    let bytes = text.as_bytes();
    let name_end = skip_token(bytes, at);
    let equals = skip_lws(bytes, name_end);
    if name_end == at || bytes.get(equals) != Some(&b'=') {
        return Err(WHAT);
    }
    let start = skip_lws(bytes, equals + 1);
    let end =
        if bytes.get(start) == Some(&b'"') { quoted_end(bytes, start)? + 1 } else { skip_bare_value(bytes, start) };
    Ok((text.get(at..name_end).ok_or(WHAT)?, text.get(start..end).ok_or(WHAT)?, end))
}

/// Splits a line that, against RFC 3261 §20.44, holds several challenges: a scheme is a token followed by another
/// token, where a parameter would have its equals sign.
pub(crate) fn schemes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = skip_separators(rest.as_bytes(), 0);
        rest = rest.get(start..)?;
        if rest.is_empty() {
            return None;
        }
        let end = next_scheme(rest).unwrap_or(rest.len());
        let (one, behind) = rest.split_at_checked(end)?;
        rest = behind;
        Some(one.trim_end_matches([',', ' ', '\t', '\r', '\n']))
    })
}

/// Where the second scheme of `text` starts.
fn next_scheme(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = skip_token(bytes, 0);
    loop {
        at = crate::message::scan::list_item_end(bytes, at);
        let start = skip_separators(bytes, at);
        if start >= bytes.len() {
            return None;
        }
        let name_end = skip_token(bytes, start);
        let next = skip_lws(bytes, name_end);
        if name_end > start && next > name_end && bytes.get(next) != Some(&b'=') {
            return Some(start);
        }
        at = name_end.max(start + 1);
    }
}
