//! URIs: SIP and SIPS (RFC 3261 §19.1), TEL (RFC 3966), URN and any other scheme.
//!
//! [`UriRef`] points into the text it was parsed from; [`Uri`] owns its text and can be built and changed. Both keep
//! escapes as they came, so that what is sent on is what was received.

mod owned;
mod same;

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::message::scan::{
    is_uri_byte, skip_digits, skip_host, skip_plain_params, skip_plain_user, skip_plain_user_name,
};
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
#[inline]
pub(crate) fn scan_host(text: &str, from: usize) -> Result<(Host<'_>, usize), Malformed> {
    let end = host_end(text, from)?;
    Ok((Host(text.get(from..end).ok_or(WHAT)?), end))
}

#[inline]
fn host_end(text: &str, from: usize) -> Result<usize, Malformed> {
    let bytes = text.as_bytes();
    let end = skip_host(bytes, from);
    if end > from {
        return Ok(end);
    }
    reference_end(text, from)
}

/// The end of an IPv6 reference.
#[cold]
fn reference_end(text: &str, from: usize) -> Result<usize, Malformed> {
    let inner = text.get(from..).and_then(|rest| rest.strip_prefix('[')).ok_or(WHAT)?;
    let (address, _) = inner.split_once(']').ok_or(WHAT)?;
    reference_address(address).ok_or(WHAT)?;
    Ok(from + address.len() + 2)
}

/// The text of a URI is bounded so that positions fit.
#[inline]
const fn span(start: usize, end: usize) -> Span {
    Span(start as u16, end as u16)
}

/// `[:port]`; gives the position behind it. A colon without digits is refused.
pub(crate) fn scan_port(text: &str, from: usize) -> Result<(Option<u16>, usize), Malformed> {
    let bytes = text.as_bytes();
    if bytes.get(from) != Some(&b':') {
        return Ok((None, from));
    }
    let end = skip_digits(bytes, from + 1);
    let digits = text.get(from + 1..end).unwrap_or_default();
    let port = crate::message::scan::saturating_number(digits).and_then(|port| u16::try_from(port).ok());
    Ok((Some(port.ok_or(WHAT)?), end))
}

/// A URI that points into the text it was parsed from.
///
/// It holds positions, not slices: it is copied often, and half the size matters.
#[derive(Clone, Copy)]
pub struct UriRef<'a> {
    text: &'a str,
    scheme: Scheme,
    /// User part and password; empty where there is none.
    userinfo: Span,
    /// Where the password starts, relative to the text; 0 for none.
    password: u16,
    host: Span,
    port: Option<u16>,
    params: Span,
    /// Where the headers start; 0 for none.
    headers: u16,
}

/// From here up to there.
#[derive(Clone, Copy, Default)]
struct Span(u16, u16);

impl Span {
    fn of(self, text: &str) -> &str {
        text.get(self.0.into()..self.1.into()).unwrap_or_default()
    }

    const fn is_empty(self) -> bool {
        self.0 == self.1
    }
}

impl<'a> UriRef<'a> {
    /// The whole of `text` as a URI, without angle brackets. It may be up to 65,535 bytes long.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        if bytes.len() > u16::MAX.into() {
            return Err(WHAT);
        }
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
        let none = Span(0, 0);
        Self { text, scheme, userinfo: none, password: 0, host: none, port: None, params: none, headers: 0 }
    }

    fn parse_tel(text: &'a str) -> Result<Self, Malformed> {
        let start = 4;
        let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
        // `#`, `*` and letters occur in what people dial; only emptiness and blanks make it no number at all.
        if end == start || Params::scan(text, end)?.1 != text.len() {
            return Err(WHAT);
        }
        Ok(Self { userinfo: span(start, end), params: span(end, text.len()), ..Self::bare(text, Scheme::Tel) })
    }

    fn parse_sip(text: &'a str, scheme: Scheme, start: usize) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        let mut uri = Self::bare(text, scheme);
        // The first "@" ends the user part: neither it nor host, parameters may hold one unescaped (§25.1). Where
        // there is none before the end, everything is host.
        let mut host_start = start;
        if let Some(length) = bytes.get(start..).and_then(|rest| memchr::memchr(b'@', rest)) {
            let at = start + length;
            let name_end = user_part(bytes, start, at)?;
            uri.userinfo = span(start, at);
            uri.password = if name_end < at { (name_end + 1) as u16 } else { 0 };
            host_start = at + 1;
        }
        let host_end = host_end(text, host_start)?;
        uri.host = span(host_start, host_end);
        let (port, end) = scan_port(text, host_end)?;
        uri.port = port;
        uri.parse_tail(end)?;
        Ok(uri)
    }

    /// Parameters and headers.
    #[inline]
    fn parse_tail(&mut self, from: usize) -> Result<(), Malformed> {
        let bytes = self.text.as_bytes();
        if from == bytes.len() {
            return Ok(());
        }
        if !matches!(bytes.get(from), Some(b';' | b'?')) {
            return Err(WHAT);
        }
        let at = escaped(bytes, from, skip_plain_params)?;
        self.params = span(from, at);
        match bytes.get(at..) {
            None | Some([]) => Ok(()),
            Some([b'?', headers @ ..]) if headers.iter().copied().all(is_uri_byte) => {
                self.headers = (at + 1) as u16;
                Ok(())
            }
            Some(_) => Err(WHAT),
        }
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
    pub fn user(&self) -> Option<&'a str> {
        let end = if self.password > 0 { self.password - 1 } else { self.userinfo.1 };
        let span = Span(self.userinfo.0, end);
        (!span.is_empty()).then(|| span.of(self.text))
    }

    /// The user part with its escapes resolved; of a TEL URI the number.
    pub fn user_text(&self) -> Option<Cow<'a, str>> {
        self.user().map(percent_decode)
    }

    /// The password, which nobody should use (RFC 3261 §19.1.1).
    pub fn password(&self) -> Option<&'a str> {
        (self.password > 0).then(|| Span(self.password, self.userinfo.1).of(self.text))
    }

    /// The host of a SIP or SIPS URI.
    pub fn host(&self) -> Option<Host<'a>> {
        (!self.host.is_empty()).then(|| Host(self.host.of(self.text)))
    }

    /// The port, where one is written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The URI's own parameters.
    pub fn params(&self) -> Params<'a> {
        Params::trusted(self.params.of(self.text))
    }

    /// The value of a URI parameter; empty for a flag.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params().get(name)
    }

    /// What stands behind `?`.
    fn headers_text(&self) -> &'a str {
        if self.headers == 0 { "" } else { self.text.get(self.headers.into()..).unwrap_or_default() }
    }

    /// Names and values of the headers behind `?`, escapes left in.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.headers_text()
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once('=').unwrap_or((part, "")))
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

/// Checks user and password, behind which the "@" stands at `end`; gives the position of the colon between them, or
/// `end`.
#[inline]
fn user_part(bytes: &[u8], start: usize, end: usize) -> Result<usize, Malformed> {
    let name_end = escaped(bytes, start, skip_plain_user_name)?;
    if name_end == start {
        return Err(WHAT);
    }
    let checked = if name_end < end { escaped(bytes, name_end, skip_plain_user)? } else { name_end };
    if checked == end { Ok(name_end) } else { Err(WHAT) }
}

/// The position of the first byte that is neither plain by `skip` nor an escape.
#[inline]
fn escaped(bytes: &[u8], from: usize, skip: impl Fn(&[u8], usize) -> usize) -> Result<usize, Malformed> {
    let mut at = skip(bytes, from);
    while bytes.get(at) == Some(&b'%') {
        check_escape(bytes, at)?;
        at = skip(bytes, at + 3);
    }
    Ok(at)
}

fn check_escape(bytes: &[u8], at: usize) -> Result<(), Malformed> {
    match bytes.get(at + 1..at + 3) {
        Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => Ok(()),
        _ => Err(WHAT),
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
