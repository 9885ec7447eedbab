use std::borrow::Cow;
use std::fmt;

use super::{Host, Scheme, UriRef};
use crate::message::scan::is_token_byte;
use crate::message::{Malformed, Params};

/// A URI that owns its text.
///
/// It can only be made by parsing or by parts that are checked and escaped, so that it never breaks out of the header
/// that it stands in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uri(Box<str>);

impl Uri {
    /// Parses the whole of `text`, without angle brackets.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Ok(UriRef::parse(text)?.to_owned())
    }

    /// `sip:user@host:port`. The user is escaped where it has to be; an IPv6 address gets its brackets.
    pub fn sip(user: Option<&str>, host: &str, port: Option<u16>) -> Result<Self, Malformed> {
        Self::build("sip", user, host, port)
    }

    /// `sips:user@host:port`, else as [`Uri::sip`].
    pub fn sips(user: Option<&str>, host: &str, port: Option<u16>) -> Result<Self, Malformed> {
        Self::build("sips", user, host, port)
    }

    /// `tel:number`; the number holds digits, `*`, `#`, `+` and visual separators.
    pub fn tel(number: &str) -> Result<Self, Malformed> {
        let dialable =
            |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b'+' | b'*' | b'#' | b'-' | b'.' | b'(' | b')');
        if number.is_empty() || !number.bytes().all(dialable) {
            return Err(Malformed("telephone number"));
        }
        Self::parse(&format!("tel:{number}"))
    }

    fn build(scheme: &str, user: Option<&str>, host: &str, port: Option<u16>) -> Result<Self, Malformed> {
        Host::new(host).ok_or(Malformed("host"))?;
        let mut text = format!("{scheme}:");
        if let Some(user) = user.filter(|user| !user.is_empty()) {
            text.push_str(&escape(user, is_user_byte));
            text.push('@');
        }
        let bare_ipv6 = host.contains(':') && !host.starts_with('[');
        text.push_str(&if bare_ipv6 { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host) });
        if let Some(port) = port {
            text.push_str(&format!(":{port}"));
        }
        Self::parse(&text)
    }

    pub(super) const fn trusted(text: Box<str>) -> Self {
        Self(text)
    }

    /// The parts of it.
    pub fn as_ref(&self) -> UriRef<'_> {
        // Only text that parsed gets in here; the fallback is never taken.
        UriRef::parse(&self.0).unwrap_or(UriRef::bare(&self.0, Scheme::Other))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind.
    pub fn scheme(&self) -> Scheme {
        self.as_ref().scheme()
    }

    /// The user part, escapes left in; of a TEL URI the number.
    pub fn user(&self) -> Option<&str> {
        self.as_ref().user()
    }

    /// The host of a SIP or SIPS URI.
    pub fn host(&self) -> Option<Host<'_>> {
        self.as_ref().host()
    }

    /// The port, where one is written.
    pub fn port(&self) -> Option<u16> {
        self.as_ref().port()
    }

    /// The URI's own parameters.
    pub fn params(&self) -> Params<'_> {
        self.as_ref().params()
    }

    /// The value of a URI parameter; empty for a flag.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.as_ref().param(name)
    }

    /// Whether both name the same resource (RFC 3261 §19.1.4).
    pub fn same(&self, other: &Self) -> bool {
        self.as_ref().same(&other.as_ref())
    }

    /// With this parameter set; the value is escaped. A parameter of that name is replaced.
    #[must_use]
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Self {
        let name = escape(name, is_param_byte);
        let mut part = format!(";{name}");
        if let Some(value) = value {
            part.push('=');
            part.push_str(&escape(value, is_param_byte));
        }
        let base = self.without_param(&name);
        let (front, headers) = base.split_headers();
        Self(format!("{front}{part}{headers}").into())
    }

    /// Without the parameters of this name.
    #[must_use]
    pub fn without_param(&self, name: &str) -> Self {
        let uri = self.as_ref();
        let mut text = String::from(self.0.get(..self.params_start(&uri)).unwrap_or_default());
        for param in uri.params().iter().filter(|param| !param.name.eq_ignore_ascii_case(name)) {
            text.push(';');
            text.push_str(param.name);
            if let Some(value) = param.raw_value {
                text.push('=');
                text.push_str(value);
            }
        }
        text.push_str(self.split_headers().1);
        Self(text.into())
    }

    /// With this header behind `?`; the value is escaped. What a Refer-To with Replaces needs.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let separator = if self.split_headers().1.is_empty() { '?' } else { '&' };
        let (name, value) = (escape(name, is_header_byte), escape(value, is_header_byte));
        Self(format!("{}{separator}{name}={value}", self.0).into())
    }

    /// Without the headers behind `?`, as a Request-URI has to be (RFC 3261 §19.1.5).
    #[must_use]
    pub fn without_headers(&self) -> Self {
        Self(self.split_headers().0.into())
    }

    /// The address that stays when parameters and headers go: who it is, not how to reach it.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self(self.0.get(..self.params_start(&self.as_ref())).unwrap_or_default().into())
    }

    fn split_headers(&self) -> (&str, &str) {
        match usize::from(self.as_ref().headers) {
            0 => (&self.0, ""),
            start => self.0.split_at_checked(start - 1).unwrap_or((&self.0, "")),
        }
    }

    fn params_start(&self, uri: &UriRef<'_>) -> usize {
        let headers = self.split_headers().1.len();
        self.0.len() - headers - uri.params().as_str().len()
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Uri {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

const fn is_user_byte(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/')
}

const fn is_param_byte(byte: u8) -> bool {
    // All characters of a token but the percent sign, and those that URI parameters have on top of it.
    (is_token_byte(byte) && byte != b'%' && byte != b'`') || matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'$')
}

const fn is_header_byte(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'[' | b']' | b'/' | b'?' | b':' | b'+' | b'$')
}

fn escape(text: &str, legal: fn(u8) -> bool) -> Cow<'_, str> {
    if text.bytes().all(legal) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if legal(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_is_escaped_when_a_uri_is_built() {
        let uri = Uri::sip(Some("a b@c\r\nVia: x>"), "::1", Some(5062)).unwrap();
        assert_eq!(uri.as_str(), "sip:a%20b%40c%0D%0AVia%3A%20x%3E@[::1]:5062");
        assert_eq!(uri.as_ref().user_text().unwrap(), "a b@c\r\nVia: x>");
    }

    #[test]
    fn host_that_is_none_is_refused() {
        assert!(Uri::sip(None, "a b", None).is_err());
        assert!(Uri::sip(None, "example.com;lr", None).is_err());
        assert!(Uri::sip(None, "", None).is_err());
    }

    #[test]
    fn parameters_are_set_replaced_and_removed_before_headers() {
        let uri = Uri::parse("sip:a@b;x=1;lr?h=1").unwrap();
        assert_eq!(uri.with_param("X", Some("a;b")).as_str(), "sip:a@b;lr;X=a%3Bb?h=1");
        assert_eq!(uri.without_param("lr").as_str(), "sip:a@b;x=1?h=1");
        assert_eq!(uri.with_param("ob", None).as_str(), "sip:a@b;x=1;lr;ob?h=1");
        assert_eq!(uri.without_headers().as_str(), "sip:a@b;x=1;lr");
        assert_eq!(uri.bare().as_str(), "sip:a@b");
    }

    #[test]
    fn replaces_survives_the_way_through_a_refer_to() {
        let uri = Uri::parse("sip:a@b").unwrap().with_header("Replaces", "1@x;to-tag=a;from-tag=b");
        assert_eq!(uri.as_str(), "sip:a@b?Replaces=1%40x%3Bto-tag%3Da%3Bfrom-tag%3Db");
        assert_eq!(uri.as_ref().header("replaces").unwrap(), "1@x;to-tag=a;from-tag=b");
    }

    #[test]
    fn telephone_number_is_checked() {
        assert_eq!(Uri::tel("+31-20").unwrap().as_str(), "tel:+31-20");
        assert!(Uri::tel("12;x=3").is_err());
    }
}
