use std::borrow::Cow;
use std::fmt;

use super::params::{quote, unescape};
use super::scan::{is_token, quoted_end, skip_lws, trim};
use super::{Malformed, Params};
use crate::uri::{Uri, UriRef};

/// A name-addr or addr-spec with the header's parameters: From, To, Contact, Route and their kind (RFC 3261 §20.10).
#[derive(Clone, Copy, Debug)]
pub struct NameAddr<'a> {
    display: Option<&'a str>,
    /// The URI.
    pub uri: UriRef<'a>,
    /// The header's parameters, e.g. `tag`, `expires`, `q`; not those of the URI.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// The whole of `text` as one value.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (value, end) = Self::parse_item(text)?;
        if end == text.len() { Ok(value) } else { Err(Malformed("address")) }
    }

    /// One value up to the end or to a comma; gives the position of either.
    pub(crate) fn parse_item(text: &'a str) -> Result<(Self, usize), Malformed> {
        const WHAT: Malformed = Malformed("address");
        let bytes = text.as_bytes();
        let start = skip_lws(bytes, 0);
        if bytes.get(start) == Some(&b'<') {
            return Self::parse_bracketed(text, start, None);
        }
        if bytes.get(start) == Some(&b'"') {
            let end = quoted_end(bytes, start)?;
            let bracket = skip_lws(bytes, end + 1);
            if bytes.get(bracket) != Some(&b'<') {
                return Err(WHAT);
            }
            return Self::parse_bracketed(text, bracket, text.get(start..=end));
        }
        match bytes.get(start..).and_then(|rest| memchr::memchr3(b'<', b';', b',', rest)) {
            Some(offset) if bytes.get(start + offset) == Some(&b'<') => {
                let display = trim(text.get(start..start + offset).ok_or(WHAT)?);
                Self::parse_bracketed(text, start + offset, Some(display))
            }
            Some(offset) => Self::parse_plain(text, start, start + offset),
            None => Self::parse_plain(text, start, bytes.len()),
        }
    }

    /// `bracket` is the position of `<`.
    fn parse_bracketed(text: &'a str, bracket: usize, display: Option<&'a str>) -> Result<(Self, usize), Malformed> {
        const WHAT: Malformed = Malformed("address");
        let bytes = text.as_bytes();
        let length = bytes.get(bracket..).and_then(|rest| memchr::memchr(b'>', rest)).ok_or(WHAT)?;
        let inner = text.get(bracket + 1..bracket + length).ok_or(WHAT)?;
        // Spaces inside the brackets are no URI, but there is no doubt what is meant (RFC 4475 §3.1.2.14).
        let uri = UriRef::parse(trim(inner))?;
        let (params, end) = Params::scan(text, bracket + length + 1)?;
        Ok((Self { display: display.filter(|display| !display.is_empty()), uri, params }, end))
    }

    /// Without brackets: a semicolon starts the header's parameters, not the URI's (RFC 3261 §20).
    fn parse_plain(text: &'a str, start: usize, uri_end: usize) -> Result<(Self, usize), Malformed> {
        let uri = UriRef::parse(trim(text.get(start..uri_end).unwrap_or_default()))?;
        let (params, end) = Params::scan(text, uri_end)?;
        Ok((Self { display: None, uri, params }, end))
    }

    /// The display name with quotes and escapes resolved.
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        let display = self.display?;
        match display.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
            Some(inner) => Some(unescape(inner)),
            None => Some(super::scan::unfold(display)),
        }
    }

    /// The `tag` parameter of From and To.
    pub fn tag(&self) -> Option<&'a str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// A copy that owns its text.
    pub fn to_owned(&self) -> Address {
        let mut address = Address::new(self.uri.to_owned());
        address.display = self.display_name().map(Cow::into_owned);
        for param in self.params {
            address.params.push((param.name.into(), param.raw_value.map(|_| param.unescaped().into_owned())));
        }
        address
    }
}

/// One value of a Contact header.
#[derive(Clone, Copy, Debug)]
pub enum Contact<'a> {
    /// `*`: all bindings, in a REGISTER that removes them (RFC 3261 §10.2.2).
    Any,
    /// An address with its parameters.
    Address(NameAddr<'a>),
}

impl<'a> Contact<'a> {
    /// The address; none for `*`.
    pub const fn address(self) -> Option<NameAddr<'a>> {
        match self {
            Self::Any => None,
            Self::Address(address) => Some(address),
        }
    }

    /// The `expires` parameter in s, where it is a number.
    pub fn expires(self) -> Option<u32> {
        let value = self.address()?.params.get("expires")?;
        super::scan::saturating_number(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The `q` parameter in thousandths, 1000 where there is none.
    pub fn q(self) -> u16 {
        let value = self.address().and_then(|address| address.params.get("q"));
        value.and_then(thousandths).unwrap_or(1000)
    }
}

fn thousandths(text: &str) -> Option<u16> {
    let value: f32 = text.parse().ok()?;
    (0.0..=1.0).contains(&value).then(|| (value * 1000.0).round() as u16)
}

/// An address to be sent: display name, URI and parameters. Always written with angle brackets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The display name as people read it; quoted and escaped when it is written.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// The header's parameters; values are quoted where they are no tokens.
    pub params: Vec<(String, Option<String>)>,
}

impl Address {
    /// Just the URI.
    pub const fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Vec::new() }
    }

    /// With a display name.
    #[must_use]
    pub fn with_display(mut self, display: Option<&str>) -> Self {
        self.display = display.map(str::to_owned);
        self
    }

    /// With a parameter, in place of one of the same name. Names that are no tokens are left out.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        self.params.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.params.push((name.to_owned(), value.map(str::to_owned)));
        self
    }

    /// With this `tag`.
    #[must_use]
    pub fn with_tag(self, tag: &str) -> Self {
        self.with_param("tag", Some(tag))
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&str> {
        let found = self.params.iter().find(|(name, _)| name.eq_ignore_ascii_case("tag"));
        found.and_then(|(_, value)| value.as_deref())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = self.display.as_deref().filter(|display| !display.is_empty()) {
            write!(f, "{} ", quote(display))?;
        }
        write!(f, "<{}>", self.uri)?;
        write_params(f, self.params.iter().map(|(name, value)| (name.as_str(), value.as_deref())))
    }
}

/// Writes `;name=value`, quoting what is no token. Parameters whose name is no token are left out.
pub(crate) fn write_params<'a>(
    f: &mut fmt::Formatter<'_>,
    params: impl Iterator<Item = (&'a str, Option<&'a str>)>,
) -> fmt::Result {
    for (name, value) in params.filter(|(name, _)| is_token(name)) {
        match value {
            None => write!(f, ";{name}")?,
            Some(value) if is_token(value) => write!(f, ";{name}={value}")?,
            Some(value) => write!(f, ";{name}={}", quote(value))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_display_name_with_escapes_is_resolved() {
        let address = NameAddr::parse(r#"  "J Rosenberg \\\"" <sip:jdrosen@example.com> ; tag = 98asjd8"#).unwrap();
        assert_eq!(address.display_name().unwrap(), r#"J Rosenberg \""#);
        assert_eq!(address.tag(), Some("98asjd8"));
    }

    #[test]
    fn parameters_without_brackets_belong_to_the_header() {
        let address = NameAddr::parse("sip:a@b;tag=1").unwrap();
        assert_eq!(address.uri.as_str(), "sip:a@b");
        assert_eq!(address.tag(), Some("1"));
    }

    #[test]
    fn parameters_inside_brackets_belong_to_the_uri() {
        let address = NameAddr::parse("A B <sip:a@b;lr>;q=0.5").unwrap();
        assert!(address.uri.params().has("lr"));
        assert_eq!(address.display_name().unwrap(), "A B");
        assert_eq!(Contact::Address(address).q(), 500);
    }

    #[test]
    fn unterminated_quote_or_bracket_is_refused() {
        assert!(NameAddr::parse(r#""Mr. J. User <sip:j.user@example.com>"#).is_err());
        assert!(NameAddr::parse("<sip:a@b").is_err());
        assert!(NameAddr::parse("").is_err());
    }

    #[test]
    fn owned_address_survives_a_round_trip() {
        let text = r#""A \"B\"" <sip:a@b;x=1>;tag=1;+sip.instance="<urn:uuid:1>""#;
        let address = NameAddr::parse(text).unwrap().to_owned();
        assert_eq!(address.to_string(), text);
    }

    #[test]
    fn display_name_can_not_inject_a_header() {
        let address = Address::new(Uri::parse("sip:a@b").unwrap()).with_display(Some("x\"\r\nVia: y"));
        assert_eq!(address.to_string(), r#""x\"Via: y" <sip:a@b>"#);
    }
}
