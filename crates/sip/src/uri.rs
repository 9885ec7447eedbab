//! URIs: SIP and SIPS (RFC 3261 §19.1), TEL (RFC 3966), URN and any other scheme.
//!
//! [`UriRef`] points into the text it was parsed from; [`Uri`] owns its text and can be built and changed. Both keep
//! escapes as they came, so that what is sent on is what was received.

mod owned;
mod same;

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::message::scan::{is_hex, is_uri_byte, skip_digits, skip_host};
use crate::message::{Malformed, Params};

pub use owned::Uri;

const WHAT: Malformed = Malformed("URI");

/// The kind of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// `urn:`
    Urn,
    /// Any other.
    Other,
}

impl Scheme {
    /// Whether it is `sip:` or `sips:`.
    pub const fn is_sip(self) -> bool {
        matches!(self, Self::Sip | Self::Sips)
    }
}

/// A host as it stands in a URI or a Via: a name, an IPv4 address or an IPv6 reference in brackets.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Host<'a>(&'a str);

impl<'a> Host<'a> {
    /// A name or an address; an IPv6 address may come with or without its brackets.
    pub fn new(text: &'a str) -> Option<Self> {
        let length = scan_host(text, 0).ok().map(|(_, end)| end);
        (length == Some(text.len()) || text.parse::<Ipv6Addr>().is_ok()).then_some(Self(text))
    }

    /// The text, an IPv6 reference with its brackets.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The address, where it is one and no name.
    pub fn ip(self) -> Option<IpAddr> {
        match self.0.strip_prefix('[') {
            Some(inner) => reference_address(inner.strip_suffix(']')?).map(IpAddr::V6),
            None => self.0.parse().ok(),
        }
    }

    /// Names compare without regard to case or a last dot, addresses as numbers.
    pub fn same(self, other: Host<'_>) -> bool {
        match (self.ip(), other.ip()) {
            (Some(a), Some(b)) => a == b,
            (None, None) => self.0.trim_end_matches('.').eq_ignore_ascii_case(other.0.trim_end_matches('.')),
            _ => false,
        }
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What stands between the brackets. Tolerates the third colon of RFC 3261's own grammar (RFC 5118 §4.10) and a zone.
fn reference_address(inner: &str) -> Option<Ipv6Addr> {
    let address = inner.split('%').next().unwrap_or(inner);
    address.parse().ok().or_else(|| address.replacen(":::", "::", 1).parse().ok())
}

/// A host at the start of `text[from..]`; gives the position behind it.
pub(crate) fn scan_host(text: &str, from: usize) -> Result<(Host<'_>, usize), Malformed> {
    let bytes = text.as_bytes();
    if bytes.get(from) == Some(&b'[') {
        let length = bytes.get(from..).and_then(|rest| memchr::memchr(b']', rest)).ok_or(WHAT)?;
        let end = from + length + 1;
        let inner = text.get(from + 1..end - 1).ok_or(WHAT)?;
        reference_address(inner).ok_or(WHAT)?;
        return Ok((Host(text.get(from..end).ok_or(WHAT)?), end));
    }
    let end = skip_host(bytes, from);
    if end == from {
        return Err(WHAT);
    }
    Ok((Host(text.get(from..end).ok_or(WHAT)?), end))
}

/// `[:port]`; gives the position behind it. A colon without digits is refused.
pub(crate) fn scan_port(text: &str, from: usize) -> Result<(Option<u16>, usize), Malformed> {
    let bytes = text.as_bytes();
    if bytes.get(from) != Some(&b':') {
        return Ok((None, from));
    }
    let end = skip_digits(bytes, from + 1);
    let port = text.get(from + 1..end).and_then(|digits| digits.parse().ok()).ok_or(WHAT)?;
    Ok((Some(port), end))
}

/// A URI that points into the text it was parsed from.
#[derive(Clone, Copy)]
pub struct UriRef<'a> {
    text: &'a str,
    scheme: Scheme,
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: Option<Host<'a>>,
    port: Option<u16>,
    params: Params<'a>,
    headers: Option<&'a str>,
}

impl<'a> UriRef<'a> {
    /// The whole of `text` as a URI, without angle brackets.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        let colon = match bytes {
            [b's' | b'S', b'i' | b'I', b'p' | b'P', b':', ..] => return Self::parse_sip(text, Scheme::Sip, 4),
            [b's' | b'S', b'i' | b'I', b'p' | b'P', b's' | b'S', b':', ..] => {
                return Self::parse_sip(text, Scheme::Sips, 5);
            }
            _ => scheme_end(bytes).ok_or(WHAT)?,
        };
        if bytes.len() == colon + 1 || !bytes.iter().copied().all(is_uri_byte) {
            return Err(WHAT);
        }
        match text.get(..colon) {
            Some(scheme) if scheme.eq_ignore_ascii_case("tel") => Self::parse_tel(text),
            Some(scheme) if scheme.eq_ignore_ascii_case("urn") => Ok(Self::bare(text, Scheme::Urn)),
            _ => Ok(Self::bare(text, Scheme::Other)),
        }
    }

    const fn bare(text: &'a str, scheme: Scheme) -> Self {
        let params = Params::trusted("");
        Self { text, scheme, user: None, password: None, host: None, port: None, params, headers: None }
    }

    fn parse_tel(text: &'a str) -> Result<Self, Malformed> {
        let start = 4;
        let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
        let number = text.get(start..end).ok_or(WHAT)?;
        // `#`, `*` and letters occur in what people dial; only emptiness and blanks make it no number at all.
        if number.is_empty() {
            return Err(WHAT);
        }
        let (params, end) = Params::scan(text, end)?;
        if end != text.len() {
            return Err(WHAT);
        }
        Ok(Self { user: Some(number), params, ..Self::bare(text, Scheme::Tel) })
    }

    fn parse_sip(text: &'a str, scheme: Scheme, start: usize) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        // The first "@" ends the user part: neither it nor host, parameters may hold one unescaped (§25.1). Where
        // there is none before the end, everything is host.
        let host_start = match user_end(bytes, start)? {
            Some(at) => at + 1,
            None => start,
        };
        let (host, end) = scan_host(text, host_start)?;
        let (port, end) = scan_port(text, end)?;
        let mut uri = Self { host: Some(host), port, ..Self::bare(text, scheme) };
        if host_start > start {
            let (user, password) = split_password(text.get(start..host_start - 1).ok_or(WHAT)?);
            if user.is_empty() {
                return Err(WHAT);
            }
            uri.user = Some(user);
            uri.password = password;
        }
        uri.parse_tail(end)
    }

    /// Parameters and headers.
    fn parse_tail(mut self, from: usize) -> Result<Self, Malformed> {
        let bytes = self.text.as_bytes();
        if from == bytes.len() {
            return Ok(self);
        }
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'?' => break,
                b'%' => check_escape(bytes, at)?,
                _ if !is_uri_byte(byte) => return Err(WHAT),
                _ => {}
            }
            at += 1;
        }
        let params = self.text.get(from..at).ok_or(WHAT)?;
        if !(params.is_empty() || params.starts_with(';')) {
            return Err(WHAT);
        }
        self.params = Params::trusted(params);
        if at < bytes.len() {
            let headers = self.text.get(at + 1..).ok_or(WHAT)?;
            if !headers.bytes().all(is_uri_byte) {
                return Err(WHAT);
            }
            self.headers = Some(headers);
        }
        Ok(self)
    }

    /// The text as it stands.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The kind.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The user part as it stands, escapes left in; of a TEL URI the number.
    pub const fn user(&self) -> Option<&'a str> {
        self.user
    }

    /// The user part with its escapes resolved; of a TEL URI the number.
    pub fn user_text(&self) -> Option<Cow<'a, str>> {
        self.user.map(percent_decode)
    }

    /// The password, which nobody should use (RFC 3261 §19.1.1).
    pub const fn password(&self) -> Option<&'a str> {
        self.password
    }

    /// The host of a SIP or SIPS URI.
    pub const fn host(&self) -> Option<Host<'a>> {
        self.host
    }

    /// The port, where one is written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The URI's own parameters.
    pub const fn params(&self) -> Params<'a> {
        self.params
    }

    /// The value of a URI parameter; empty for a flag.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }

    /// Names and values of the headers behind `?`, escapes left in.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let headers = self.headers.unwrap_or_default();
        headers.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
    }

    /// The value of a header behind `?` with its escapes resolved, e.g. the `Replaces` of a Refer-To.
    pub fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        let found = self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| percent_decode(value))
    }

    /// Whether both name the same resource (RFC 3261 §19.1.4, RFC 3966 §5 for TEL).
    pub fn same(&self, other: &UriRef<'_>) -> bool {
        same::same(self, other)
    }

    /// A copy that owns its text.
    pub fn to_owned(&self) -> Uri {
        Uri::trusted(self.text.into())
    }
}

impl fmt::Display for UriRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for UriRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// The position of the colon behind `ALPHA *(ALPHA / DIGIT / "+" / "-" / ".")`.
fn scheme_end(bytes: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', bytes)?;
    let scheme = bytes.get(..colon)?;
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    (scheme.first()?.is_ascii_alphabetic() && scheme.iter().all(legal)).then_some(colon)
}

/// The position of the "@" behind user and password; `None` where there is none.
#[inline]
fn user_end(bytes: &[u8], start: usize) -> Result<Option<usize>, Malformed> {
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'@' => return Ok(Some(at)),
            b'%' => check_escape(bytes, at)?,
            _ if !is_uri_byte(byte) => return Err(WHAT),
            _ => {}
        }
        at += 1;
    }
    Ok(None)
}

fn check_escape(bytes: &[u8], at: usize) -> Result<(), Malformed> {
    match bytes.get(at + 1..at + 3) {
        Some([high, low]) if is_hex(*high) && is_hex(*low) => Ok(()),
        _ => Err(WHAT),
    }
}

fn split_password(userinfo: &str) -> (&str, Option<&str>) {
    match userinfo.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (userinfo, None),
    }
}

/// Resolves `%xx`; where the bytes are no UTF-8, or an escape is broken, the text stays as it is.
pub(crate) fn percent_decode(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'%', text.as_bytes()).is_none() {
        return text.into();
    }
    percent_decode_bytes(text.as_bytes())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map_or(text.into(), Cow::Owned)
}

fn percent_decode_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        if let (b'%', [high, low, tail @ ..]) = (*byte, tail) {
            plain.push((hex_value(*high)? << 4) | hex_value(*low)?);
            rest = tail;
        } else {
            plain.push(*byte);
            rest = tail;
        }
    }
    Some(plain)
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> UriRef<'_> {
        UriRef::parse(text).unwrap()
    }

    #[test]
    fn all_parts_of_a_sip_uri_are_found() {
        let uri = parse("sips:alice:secret@example.com:5071;transport=TCP;lr?Subject=a%20b&x=");
        assert_eq!(uri.scheme(), Scheme::Sips);
        assert_eq!(uri.user(), Some("alice"));
        assert_eq!(uri.password(), Some("secret"));
        assert_eq!(uri.host().unwrap().as_str(), "example.com");
        assert_eq!(uri.port(), Some(5071));
        assert_eq!(uri.param("Transport"), Some("TCP"));
        assert!(uri.params().has("lr"));
        assert_eq!(uri.header("subject").unwrap(), "a b");
    }

    #[test]
    fn user_part_may_hold_semicolons_question_marks_and_slashes() {
        let uri = parse("sip:+31;ext=5?x/y*#@example.com");
        assert_eq!(uri.user(), Some("+31;ext=5?x/y*#"));
        assert_eq!(uri.host().unwrap().as_str(), "example.com");
    }

    #[test]
    fn ipv6_reference_is_a_host() {
        let uri = parse("sip:[2001:db8::10]:5070");
        assert_eq!(uri.host().unwrap().ip(), Some("2001:db8::10".parse().unwrap()));
        assert_eq!(uri.port(), Some(5070));
    }

    #[test]
    fn ipv6_address_without_brackets_is_refused() {
        assert!(UriRef::parse("sip:2001:db8::10").is_err());
    }

    #[test]
    fn port_is_not_taken_from_inside_the_brackets() {
        let uri = parse("sip:[2001:db8::10:5070]");
        assert_eq!(uri.port(), None);
    }

    #[test]
    fn third_colon_of_the_old_grammar_is_tolerated() {
        let host = parse("sip:[2001:db8:::192.0.2.1]").host().unwrap();
        assert_eq!(host.ip(), Some("2001:db8::192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn telephone_number_is_the_user() {
        let uri = parse("tel:+31-20-123;phone-context=example.com");
        assert_eq!(uri.user(), Some("+31-20-123"));
        assert_eq!(uri.param("phone-context"), Some("example.com"));
    }

    #[test]
    fn unknown_scheme_is_kept_as_it_is() {
        assert_eq!(parse("nobodyKnowsThisScheme:totallyopaquecontent").scheme(), Scheme::Other);
        assert_eq!(parse("urn:service:sos").scheme(), Scheme::Urn);
    }

    #[test]
    fn malformed_uris_are_refused() {
        for text in
            ["", "sip:", "sip:@host", "sip:a@", "sip:a@b:", "sip:a@b:x", "sip:a b@c", "sip:a%4@b", "sip:a@b>", "x"]
        {
            assert!(UriRef::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn broken_utf8_in_an_escape_is_left_alone() {
        assert_eq!(parse("sip:%ff@b").user_text().unwrap(), "%ff");
        assert_eq!(parse("sip:%C3%A9@b").user_text().unwrap(), "é");
    }
}
