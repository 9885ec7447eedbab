use std::fmt;

use super::Malformed;
use super::scan::{is_lws, is_token, saturating_number, skip_digits, trim};

/// A request method. Methods compare with regard to case (RFC 3261 §7.1).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Method {
    /// RFC 3261 §17
    Invite,
    /// RFC 3261 §17
    Ack,
    /// RFC 3261 §15
    Bye,
    /// RFC 3261 §9
    Cancel,
    /// RFC 3261 §10
    Register,
    /// RFC 3261 §11
    Options,
    /// RFC 6086
    Info,
    /// RFC 3262
    Prack,
    /// RFC 3311
    Update,
    /// RFC 3515
    Refer,
    /// RFC 6665
    Subscribe,
    /// RFC 6665
    Notify,
    /// RFC 3903
    Publish,
    /// RFC 3428
    Message,
    /// One that this list doesn't name: always a token, see [`Method::new`].
    Other(Extension),
}

/// The name of a method that [`Method`] doesn't list; a token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Extension(Box<str>);

impl Method {
    /// The method of this name; fails where the name is not a token.
    pub fn new(name: &str) -> Result<Self, Malformed> {
        if let Some(known) = Self::known(name.as_bytes()) {
            return Ok(known);
        }
        if is_token(name) { Ok(Self::Other(Extension(name.into()))) } else { Err(Malformed("method")) }
    }

    fn known(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"INVITE" => Self::Invite,
            b"ACK" => Self::Ack,
            b"BYE" => Self::Bye,
            b"CANCEL" => Self::Cancel,
            b"REGISTER" => Self::Register,
            b"OPTIONS" => Self::Options,
            b"INFO" => Self::Info,
            b"PRACK" => Self::Prack,
            b"UPDATE" => Self::Update,
            b"REFER" => Self::Refer,
            b"SUBSCRIBE" => Self::Subscribe,
            b"NOTIFY" => Self::Notify,
            b"PUBLISH" => Self::Publish,
            b"MESSAGE" => Self::Message,
            _ => return None,
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Register => "REGISTER",
            Self::Options => "OPTIONS",
            Self::Info => "INFO",
            Self::Prack => "PRACK",
            Self::Update => "UPDATE",
            Self::Refer => "REFER",
            Self::Subscribe => "SUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::Publish => "PUBLISH",
            Self::Message => "MESSAGE",
            Self::Other(name) => &name.0,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Method {
    type Err = Malformed;

    fn from_str(name: &str) -> Result<Self, Malformed> {
        Self::new(name)
    }
}

/// The CSeq header: sequence number and method (RFC 3261 §20.16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Less than 2^31.
    pub sequence: u32,
    /// The request's method.
    pub method: Method,
}

impl CSeq {
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        const WHAT: Malformed = Malformed("CSeq");
        let text = trim(text);
        let end = skip_digits(text.as_bytes(), 0);
        let (number, method) = text.split_at_checked(end).ok_or(WHAT)?;
        if !method.bytes().next().is_some_and(is_lws) {
            return Err(WHAT);
        }
        let sequence = saturating_number(number).ok_or(WHAT)?;
        let sequence = u32::try_from(sequence).map_err(|_| WHAT)?;
        if sequence >= 1 << 31 {
            return Err(WHAT);
        }
        Ok(Self { sequence, method: Method::new(trim(method)).map_err(|_| WHAT)? })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sequence, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_in_lower_case_is_another_method() {
        assert_ne!(Method::new("invite").unwrap(), Method::Invite);
        assert_eq!(Method::new("INVITE").unwrap(), Method::Invite);
    }

    #[test]
    fn method_that_is_no_token_is_refused() {
        assert!(Method::new("IN VITE").is_err());
        assert!(Method::new("").is_err());
    }

    #[test]
    fn sequence_number_beyond_31_bits_is_refused() {
        assert!(CSeq::parse("36893488147419103232 REGISTER").is_err());
        assert!(CSeq::parse("2147483648 REGISTER").is_err());
        assert_eq!(CSeq::parse("0009\r\n  INVITE").unwrap(), CSeq { sequence: 9, method: Method::Invite });
    }
}
