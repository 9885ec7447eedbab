//! From what was typed, pasted or clicked to a URI that can be called.

use bellbird_contract::TargetKind;
use bellbird_sip::uri::{Host, Uri};

use crate::emergency::Emergency;

/// What was typed, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing.
    Empty,
    /// Digits with `+`, `*`, `#`, without separators.
    Number { digits: String, kind: TargetKind },
    /// A user at the account's own domain.
    User(String),
    /// A whole address.
    Address(Uri),
    /// Words: to be searched for.
    Name,
}

/// Where numbers and bare users are called: the account's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Home {
    /// `host`, `host:port`, `[IPv6]`, `[IPv6]:port` or a bare IPv6 address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Host::new(host)?;
        Some(Self { host: host.to_owned(), port })
    }

    /// `sip:user@host:port`.
    pub(crate) fn address_of(&self, user: &str) -> Option<Uri> {
        Uri::sip(Some(user), &self.host, self.port).ok()
    }
}

impl Target {
    /// Understands what was typed.
    pub(crate) fn parse(typed: &str, emergency: &Emergency) -> Self {
        let typed = typed.trim();
        let (scheme, rest) = split_scheme(typed);
        match scheme {
            _ if rest.is_empty() => Self::Empty,
            Scheme::Tel => Self::number(&unescape(before(rest, ';')), emergency),
            Scheme::Callto => Self::bare(&unescape(rest), emergency),
            Scheme::Sip => Self::sip(typed, rest, emergency),
            Scheme::None => Self::bare(rest, emergency),
        }
    }

    /// The URI to call from an account at `home`.
    pub(crate) fn uri(&self, home: &Home) -> Option<Uri> {
        match self {
            Self::Number { digits, .. } => home.address_of(digits),
            Self::User(user) => home.address_of(user),
            Self::Address(uri) => Some(uri.clone()),
            Self::Empty | Self::Name => None,
        }
    }

    /// What it is.
    pub(crate) const fn kind(&self) -> TargetKind {
        match self {
            Self::Empty => TargetKind::Empty,
            Self::Number { kind, .. } => *kind,
            Self::User(_) | Self::Address(_) => TargetKind::Address,
            Self::Name => TargetKind::Name,
        }
    }

    /// As people write it; nothing where it can't be dialled.
    pub(crate) fn shown(&self, home: Option<&Home>) -> Option<String> {
        match self {
            Self::Number { digits, .. } => Some(digits.clone()),
            Self::User(user) => Some(home.map_or_else(|| user.clone(), |home| format!("{user}@{}", home.host))),
            Self::Address(uri) => Some(without_scheme(uri.as_str()).to_owned()),
            Self::Empty | Self::Name => None,
        }
    }

    fn bare(text: &str, emergency: &Emergency) -> Self {
        if text.contains('@') {
            return Uri::parse(&format!("sip:{text}")).map_or(Self::Name, |uri| Self::Address(callable(&uri)));
        }
        let number = Self::number(text, emergency);
        if number == Self::Name && is_user(text) { Self::User(text.to_owned()) } else { number }
    }

    fn sip(whole: &str, rest: &str, emergency: &Emergency) -> Self {
        // `sip:601` is a host by the grammar; whoever writes it means a number or a user.
        if !rest.contains('@') && Home::parse(before(rest, ';')).is_none_or(|home| !home.host.contains(['.', ':'])) {
            return Self::bare(before(rest, ';'), emergency);
        }
        Uri::parse(whole).map_or(Self::Name, |uri| Self::Address(callable(&uri)))
    }

    fn number(text: &str, emergency: &Emergency) -> Self {
        let Some(digits) = dialable(text) else { return Self::Name };
        let kind = match digits.as_bytes() {
            [] => return Self::Name,
            _ if emergency.is(&digits) => TargetKind::Emergency,
            [b'*' | b'#', ..] => TargetKind::Code,
            _ => TargetKind::Number,
        };
        Self::Number { digits, kind }
    }
}

#[derive(Clone, Copy)]
enum Scheme {
    None,
    Sip,
    Tel,
    Callto,
}

fn split_scheme(typed: &str) -> (Scheme, &str) {
    let Some((scheme, rest)) = typed.split_once(':') else { return (Scheme::None, typed) };
    // Some programs hand links over as `tel://…`.
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => (Scheme::Sip, rest),
        "tel" => (Scheme::Tel, rest),
        "callto" => (Scheme::Callto, rest),
        _ => (Scheme::None, typed),
    }
}

/// A link may carry header fields and a method; what is called is only who it names.
fn callable(uri: &Uri) -> Uri {
    uri.without_headers().without_param("method")
}

/// Digits, `*`, `#` and a leading `+` without the separators that people write; `None` if anything else is there.
fn dialable(text: &str) -> Option<String> {
    let text = text.trim();
    // `+31 (0)20`: the trunk prefix in brackets is not dialled from abroad.
    let text = if text.starts_with('+') { text.replace("(0)", "") } else { text.to_owned() };
    let mut digits = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '0'..='9' | '*' | '#' => digits.push(letter),
            '+' if digits.is_empty() => digits.push('+'),
            ' ' | '\u{a0}' | '\u{202f}' | '\t' | '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '.' | '/' | '(' | ')' => {
            }
            _ => return None,
        }
    }
    (digits != "+").then_some(digits)
}

fn is_user(text: &str) -> bool {
    text.contains(|letter: char| letter.is_ascii_alphanumeric())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.!~*'+=&$".contains(letter))
}

fn before(text: &str, end: char) -> &str {
    text.split(end).next().unwrap_or(text)
}

fn without_scheme(text: &str) -> &str {
    before(text.split_once(':').map_or(text, |(_, rest)| rest), ';')
}

/// Undoes `%2B` and its like; what is not an escape stays.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| core::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use bellbird_contract::ToneCountry;

    use super::*;

    fn called(typed: &str) -> Option<String> {
        let home = Home::parse("fiets.example").unwrap();
        Target::parse(typed, &Emergency::Country(ToneCountry::Nl)).uri(&home).map(|uri| uri.to_string())
    }

    #[test]
    fn numbers_lose_their_separators() {
        assert_eq!(called(" 020 012-88.40 ").unwrap(), "sip:0200128840@fiets.example");
        assert_eq!(called("+31 (0)20 012 88 40").unwrap(), "sip:+31200128840@fiets.example");
        assert_eq!(called("(020) 0128840").unwrap(), "sip:0200128840@fiets.example");
        assert_eq!(called("06\u{a0}0012\u{2011}7781").unwrap(), "sip:0600127781@fiets.example");
    }

    #[test]
    fn codes_keep_star_and_hash() {
        let target = Target::parse("*21*601#", &Emergency::Country(ToneCountry::Nl));
        assert_eq!(target.kind(), TargetKind::Code);
        assert_eq!(called("*21*601#").unwrap(), "sip:*21*601%23@fiets.example");
    }

    #[test]
    fn links_are_understood() {
        assert_eq!(called("tel:+31-20-0128840;phone-context=x").unwrap(), "sip:+31200128840@fiets.example");
        assert_eq!(called("TEL:%2B31200128840").unwrap(), "sip:+31200128840@fiets.example");
        assert_eq!(called("tel://601").unwrap(), "sip:601@fiets.example");
        assert_eq!(called("callto:anna@bel.example").unwrap(), "sip:anna@bel.example");
        assert_eq!(called("callto:601").unwrap(), "sip:601@fiets.example");
    }

    #[test]
    fn link_can_not_smuggle_headers_in() {
        assert_eq!(called("sip:a@b.example;method=REFER?Replaces=x").unwrap(), "sip:a@b.example");
        assert_eq!(called("sip:a@b.example\r\nVia: x"), None);
    }

    #[test]
    fn addresses_are_called_as_they_are() {
        assert_eq!(called("sip:anna@bel.example;transport=tcp").unwrap(), "sip:anna@bel.example;transport=tcp");
        assert_eq!(called("sips:anna@bel.example").unwrap(), "sips:anna@bel.example");
        assert_eq!(called("anna@127.0.0.1:5070").unwrap(), "sip:anna@127.0.0.1:5070");
        assert_eq!(called("sip:127.0.0.1:5070").unwrap(), "sip:127.0.0.1:5070");
    }

    #[test]
    fn bare_user_is_called_at_home() {
        assert_eq!(called("anna").unwrap(), "sip:anna@fiets.example");
        assert_eq!(called("sip:601").unwrap(), "sip:601@fiets.example");
        assert_eq!(called("sip:anna").unwrap(), "sip:anna@fiets.example");
    }

    #[test]
    fn words_and_nothing_are_not_called() {
        assert_eq!(called("Anna Bakker"), None);
        assert_eq!(called(""), None);
        assert_eq!(called("+"), None);
        assert_eq!(called("sip:"), None);
        assert_eq!(called("( )"), None);
    }

    #[test]
    fn emergency_number_is_told_apart_by_country() {
        assert_eq!(Target::parse("1 1 2", &Emergency::Country(ToneCountry::Nl)).kind(), TargetKind::Emergency);
        assert_eq!(Target::parse("tel:911", &Emergency::Country(ToneCountry::Us)).kind(), TargetKind::Emergency);
        assert_eq!(Target::parse("911", &Emergency::Country(ToneCountry::Nl)).kind(), TargetKind::Number);
    }

    #[test]
    fn home_may_have_a_port_and_be_an_address() {
        assert_eq!(Home::parse("127.0.0.1:5070"), Some(Home { host: "127.0.0.1".to_owned(), port: Some(5070) }));
        assert_eq!(Home::parse("[::1]:5070"), Some(Home { host: "::1".to_owned(), port: Some(5070) }));
        assert_eq!(Home::parse("::1"), Some(Home { host: "::1".to_owned(), port: None }));
        assert_eq!(Home::parse("fiets.example:x"), None);
        assert_eq!(Home::parse("a b"), None);
        assert_eq!(Home::parse(""), None);
    }
}
