//! The small typed values: one struct a header field.

use std::borrow::Cow;

use super::params::unescape;
use super::scan::{is_token, quoted_end, saturating_number, skip_lws, skip_token, trim};
use super::{CSeq, Malformed, Method, NameAddr, Params};
use crate::uri::UriRef;

/// A token with parameters.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// The token.
    pub value: &'a str,
    /// What stands behind it.
    pub params: Params<'a>,
}

impl<'a> Token<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        let start = skip_lws(bytes, 0);
        let end = skip_token(bytes, start);
        let value = text.get(start..end).filter(|value| !value.is_empty()).ok_or(Malformed("token"))?;
        let (params, _) = Params::scan(text, end)?;
        Ok(Self { value, params })
    }
}

/// Content-Type (RFC 3261 §20.15). Type and subtype compare without regard to case.
#[derive(Clone, Copy, Debug)]
pub struct MediaType<'a> {
    /// The type, e.g. `application`.
    pub kind: &'a str,
    /// The subtype, e.g. `sdp`.
    pub subtype: &'a str,
    /// `charset`, `boundary` and others.
    pub params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// `type/subtype;parameters`
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        const WHAT: Malformed = Malformed("Content-Type");
        let bytes = text.as_bytes();
        let start = skip_lws(bytes, 0);
        let kind_end = skip_token(bytes, start);
        let slash = skip_lws(bytes, kind_end);
        if bytes.get(slash) != Some(&b'/') {
            return Err(WHAT);
        }
        let subtype_start = skip_lws(bytes, slash + 1);
        let subtype_end = skip_token(bytes, subtype_start);
        let (params, _) = Params::scan(text, subtype_end)?;
        let word = |start, end| text.get(start..end).filter(|word: &&str| !word.is_empty()).ok_or(WHAT);
        Ok(Self { kind: word(start, kind_end)?, subtype: word(subtype_start, subtype_end)?, params })
    }

    /// Whether it is this `type/subtype`.
    pub fn is(&self, essence: &str) -> bool {
        essence.split_once('/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_ascii_case(kind) && (subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype))
        })
    }
}

/// Event (RFC 6665 §8.2.1).
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The package with its templates.
    pub package: &'a str,
    /// `id` and others.
    pub params: Params<'a>,
}

impl<'a> Event<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed> {
        Token::parse(text).map(|token| Self { package: token.value, params: token.params })
    }

    /// The `id` parameter.
    pub fn id(&self) -> Option<&'a str> {
        self.params.get("id")
    }
}

/// Subscription-State (RFC 6665 §8.2.3).
#[derive(Clone, Copy, Debug)]
pub struct SubscriptionState<'a> {
    /// `active`, `pending`, `terminated` or another.
    pub state: &'a str,
    /// `reason`, `expires`, `retry-after` and others.
    pub params: Params<'a>,
}

impl<'a> SubscriptionState<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed> {
        Token::parse(text).map(|token| Self { state: token.value, params: token.params })
    }

    /// Why it ended.
    pub fn reason(&self) -> Option<&'a str> {
        self.params.get("reason")
    }

    /// How long it still lives, in s.
    pub fn expires(&self) -> Option<u32> {
        seconds(self.params, "expires")
    }

    /// When to try again, in s.
    pub fn retry_after(&self) -> Option<u32> {
        seconds(self.params, "retry-after")
    }
}

fn seconds(params: Params<'_>, name: &str) -> Option<u32> {
    params.get(name).and_then(saturating_number).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// Replaces (RFC 3891 §6.1), also from the headers of a Refer-To URI.
#[derive(Clone, Copy, Debug)]
pub struct Replaces<'a> {
    /// The dialog's Call-ID.
    pub call_id: &'a str,
    /// The tag of the side that gets this request.
    pub to_tag: &'a str,
    /// The tag of the other side.
    pub from_tag: &'a str,
    /// Only an early dialog is to be replaced.
    pub early_only: bool,
}

impl<'a> Replaces<'a> {
    /// `call-id;to-tag=…;from-tag=…[;early-only]`
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        const WHAT: Malformed = Malformed("Replaces");
        let text = trim(text);
        let (call_id, _) = text.split_once(';').ok_or(WHAT)?;
        let (params, end) = Params::scan(text, call_id.len())?;
        let call_id = trim(call_id);
        if !super::scan::is_call_id(call_id) || end != text.len() {
            return Err(WHAT);
        }
        let (to_tag, from_tag) = (params.get("to-tag").ok_or(WHAT)?, params.get("from-tag").ok_or(WHAT)?);
        Ok(Self { call_id, to_tag, from_tag, early_only: params.has("early-only") })
    }
}

/// One value of Reason (RFC 3326).
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850` or another.
    pub protocol: &'a str,
    /// `cause`, `text` and others.
    pub params: Params<'a>,
}

impl<'a> Reason<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed> {
        Token::parse(text).map(|token| Self { protocol: token.value, params: token.params })
    }

    /// The cause: a SIP status where the protocol is SIP.
    pub fn cause(&self) -> Option<u16> {
        self.params.get("cause")?.parse().ok()
    }

    /// In words.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        self.params.text("text")
    }
}

/// RAck (RFC 3262 §7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq of the response.
    pub rseq: u32,
    /// Its CSeq.
    pub cseq: CSeq,
}

impl RAck {
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        const WHAT: Malformed = Malformed("RAck");
        let mut words = text.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
        let mut number = || words.next().and_then(|word| word.parse().ok()).ok_or(WHAT);
        let (rseq, sequence) = (number()?, number()?);
        let method = Method::new(words.next().ok_or(WHAT)?).map_err(|_| WHAT)?;
        Ok(Self { rseq, cseq: CSeq { sequence, method } })
    }
}

impl std::fmt::Display for RAck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

/// Who refreshes a session (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answers it.
    Uas,
}

/// Session-Expires (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval in s.
    pub interval: u32,
    /// Who refreshes, where it is said.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let token = Token::parse(text)?;
        let interval = saturating_number(token.value).ok_or(Malformed("Session-Expires"))?;
        let refresher = match token.params.get("refresher") {
            Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        };
        Ok(Self { interval: u32::try_from(interval).unwrap_or(u32::MAX), refresher })
    }
}

impl std::fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.interval)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// Retry-After (RFC 3261 §20.33).
#[derive(Clone, Copy, Debug)]
pub struct RetryAfter<'a> {
    /// When to try again, in s.
    pub seconds: u32,
    /// `duration` and others; comments are passed over.
    pub params: Params<'a>,
}

impl<'a> RetryAfter<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed> {
        const WHAT: Malformed = Malformed("Retry-After");
        let text = trim(text);
        let digits = super::scan::skip_digits(text.as_bytes(), 0);
        let number = text.get(..digits).and_then(saturating_number).ok_or(WHAT)?;
        let behind = text.get(digits..).unwrap_or_default();
        let params = match behind.rfind(')').map_or(Some(0), |at| Some(at + 1)) {
            Some(at) => Params::scan(behind, at).map(|(params, _)| params).unwrap_or_default(),
            None => Params::default(),
        };
        Ok(Self { seconds: u32::try_from(number).unwrap_or(u32::MAX), params })
    }
}

/// One value of Warning (RFC 3261 §20.43).
#[derive(Clone, Debug)]
pub struct Warning<'a> {
    /// Three digits.
    pub code: u16,
    /// Who warns.
    pub agent: &'a str,
    /// In words.
    pub text: Cow<'a, str>,
}

impl<'a> Warning<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Malformed> {
        const WHAT: Malformed = Malformed("Warning");
        let quote = memchr::memchr(b'"', text.as_bytes()).ok_or(WHAT)?;
        let end = quoted_end(text.as_bytes(), quote)?;
        let mut words = text.get(..quote).unwrap_or_default().split_ascii_whitespace();
        let code = words.next().and_then(|code| code.parse().ok()).ok_or(WHAT)?;
        let agent = words.next().ok_or(WHAT)?;
        Ok(Self { code, agent, text: unescape(text.get(quote + 1..end).ok_or(WHAT)?) })
    }
}

/// One value of Alert-Info or Call-Info (RFC 3261 §20.4, §20.9).
#[derive(Clone, Copy, Debug)]
pub enum Info<'a> {
    /// `<uri>;parameters`, e.g. `answer-after`, `info`, `purpose`.
    Uri(UriRef<'a>, Params<'a>),
    /// Phones also send bare words (`Ring Answer`) and bare parameters (`info=alert-autoanswer`).
    Words(&'a str),
}

impl<'a> Info<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        match NameAddr::parse(text) {
            Ok(value) if text.starts_with('<') => Self::Uri(value.uri, value.params),
            _ => Self::Words(text),
        }
    }

    /// The value of a parameter, also where it stands bare.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        match self {
            Self::Uri(_, params) => params.get(name),
            Self::Words(words) => words.split(';').map(trim).find_map(|word| match word.split_once('=') {
                Some((found, value)) if trim(found).eq_ignore_ascii_case(name) => Some(trim(value)),
                None if word.eq_ignore_ascii_case(name) && is_token(word) => Some(""),
                _ => None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_compares_without_case() {
        let found = MediaType::parse("Application/SDP ; charset=utf-8").unwrap();
        assert!(found.is("application/sdp"));
        assert!(found.is("application/*"));
        assert_eq!(found.params.get("charset"), Some("utf-8"));
    }

    #[test]
    fn replaces_needs_both_tags() {
        assert!(Replaces::parse("a@b;to-tag=1").is_err());
        let replaces = Replaces::parse("a@b;from-tag=2;to-tag=1;early-only").unwrap();
        assert_eq!((replaces.call_id, replaces.to_tag, replaces.from_tag), ("a@b", "1", "2"));
        assert!(replaces.early_only);
    }

    #[test]
    fn retry_after_may_have_a_comment_and_parameters() {
        let retry = RetryAfter::parse("120 (I'm in a meeting);duration=3600").unwrap();
        assert_eq!(retry.seconds, 120);
        assert_eq!(retry.params.get("duration"), Some("3600"));
    }

    #[test]
    fn reason_tells_cause_and_text() {
        let reason = Reason::parse(r#"SIP ;cause=200 ;text="Call completed elsewhere""#).unwrap();
        assert_eq!(reason.cause(), Some(200));
        assert_eq!(reason.text().unwrap(), "Call completed elsewhere");
    }

    #[test]
    fn alert_info_is_read_with_and_without_a_uri() {
        assert_eq!(Info::parse("<http://a/b>;info=alert-autoanswer;delay=0").param("info"), Some("alert-autoanswer"));
        assert_eq!(Info::parse("info=alert-autoanswer").param("info"), Some("alert-autoanswer"));
        assert!(matches!(Info::parse("Ring Answer"), Info::Words("Ring Answer")));
    }

    #[test]
    fn rack_and_session_expires_are_read_and_written() {
        assert_eq!(RAck::parse("776656 1 INVITE").unwrap().to_string(), "776656 1 INVITE");
        assert_eq!(SessionExpires::parse("1800 ; Refresher=UAS").unwrap().to_string(), "1800;refresher=uas");
    }

    #[test]
    fn warning_is_read() {
        let warning = Warning::parse(r#"301 isi.edu "Incompatible \"E.164\"""#).unwrap();
        assert_eq!((warning.code, warning.agent, &*warning.text), (301, "isi.edu", "Incompatible \"E.164\""));
    }
}
