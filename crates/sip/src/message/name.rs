use std::fmt;

use super::scan::{is_token, same_name};

macro_rules! header_names {
    ($($variant:ident $text:literal $($compact:literal)?,)*) => {
        /// The name of a header field. Names compare without regard to case; compact forms are read as the long ones.
        #[derive(Clone, Copy)]
        pub enum HeaderName<'a> {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
            /// Any other; write it as it should stand in the message.
            Other(&'a str),
        }

        const NAMES: &[(&str, HeaderName<'static>)] = &[$(($text, HeaderName::$variant),)*];

        impl<'a> HeaderName<'a> {
            /// The name as we send it: the long form.
            pub const fn as_str(self) -> &'a str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(name) => name,
                }
            }

            const fn from_compact(letter: u8) -> Option<HeaderName<'static>> {
                match letter {
                    $($($compact => Some(HeaderName::$variant),)?)*
                    _ => None,
                }
            }
        }

        /// The same in one byte: the position in `NAMES`, or `Code::OTHER`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) struct Code(u8);

        #[repr(u8)]
        #[allow(clippy::enum_variant_names)]
        enum Position { $($variant,)* }

        impl Code {
            pub(crate) const fn of(name: HeaderName<'_>) -> Self {
                match name {
                    $(HeaderName::$variant => Self(Position::$variant as u8),)*
                    HeaderName::Other(_) => Self::OTHER,
                }
            }
        }
    };
}

header_names! {
    Accept "Accept",
    AcceptContact "Accept-Contact" b'a',
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" b'u',
    AnswerMode "Answer-Mode",
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" b'i',
    CallInfo "Call-Info",
    Contact "Contact" b'm',
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" b'e',
    ContentId "Content-ID",
    ContentLanguage "Content-Language",
    ContentLength "Content-Length" b'l',
    ContentTransferEncoding "Content-Transfer-Encoding",
    ContentType "Content-Type" b'c',
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event" b'o',
    Expires "Expires",
    FlowTimer "Flow-Timer",
    From "From" b'f',
    HistoryInfo "History-Info",
    Identity "Identity" b'y',
    InReplyTo "In-Reply-To",
    InfoPackage "Info-Package",
    Join "Join",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAccessNetworkInfo "P-Access-Network-Info",
    PAssertedIdentity "P-Asserted-Identity",
    PAssociatedUri "P-Associated-URI",
    PCalledPartyId "P-Called-Party-ID",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Priority "Priority",
    Privacy "Privacy",
    PrivAnswerMode "Priv-Answer-Mode",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthenticationInfo "Proxy-Authentication-Info",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    RecvInfo "Recv-Info",
    ReferredBy "Referred-By" b'b',
    ReferSub "Refer-Sub",
    ReferTo "Refer-To" b'r',
    RejectContact "Reject-Contact" b'j',
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" b'd',
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" b'x',
    SipEtag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    Subject "Subject" b's',
    SubscriptionState "Subscription-State",
    Supported "Supported" b'k',
    TargetDialog "Target-Dialog",
    Timestamp "Timestamp",
    To "To" b't',
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via" b'v',
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

/// A hash without collisions over all known names: length, first, middle and last byte, without regard to case. The
/// factor is searched for when this is compiled.
const SLOTS: usize = 1024;
const FACTOR: u32 = factor();
const POSITIONS: [u8; SLOTS] = match positions(FACTOR) {
    Some(positions) => positions,
    None => [u8::MAX; SLOTS],
};

const fn factor() -> u32 {
    let mut factor = 0x9e37_79b1_u32;
    while positions(factor).is_none() {
        factor = factor.wrapping_add(0x3c6e_f372);
    }
    factor
}

const fn positions(factor: u32) -> Option<[u8; SLOTS]> {
    let mut positions = [u8::MAX; SLOTS];
    let mut i = 0;
    while i < NAMES.len() {
        let slot = slot(NAMES[i].0.as_bytes(), factor);
        if positions[slot] != u8::MAX {
            return None;
        }
        positions[slot] = i as u8;
        i += 1;
    }
    Some(positions)
}

/// For names of at least one byte.
#[inline]
const fn slot(name: &[u8], factor: u32) -> usize {
    let (first, middle, last) = (name[0], name[name.len() / 2], name[name.len() - 1]);
    let key = u32::from_le_bytes([first | 0x20, middle | 0x20, last | 0x20, name.len() as u8]);
    (key.wrapping_mul(factor) >> 22) as usize
}

impl Code {
    pub(crate) const OTHER: Self = Self(NAMES.len() as u8);

    /// How many there are, `OTHER` included.
    pub(crate) const COUNT: usize = NAMES.len() + 1;

    /// Looks a name up as it stands in a message. Always inlined: every line of a message comes by here.
    #[inline(always)]
    pub(crate) fn lookup(name: &[u8]) -> Self {
        if let [letter] = name {
            return HeaderName::from_compact(letter.to_ascii_lowercase()).map_or(Self::OTHER, Self::of);
        }
        if name.is_empty() {
            return Self::OTHER;
        }
        let position = POSITIONS.get(slot(name, FACTOR)).copied().unwrap_or(u8::MAX);
        match NAMES.get(position as usize) {
            Some((known, _)) if same_name(known.as_bytes(), name) => Self(position),
            _ => Self::OTHER,
        }
    }

    /// The position in `NAMES`, or the one behind the last.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn name(self) -> Option<HeaderName<'static>> {
        NAMES.get(self.0 as usize).map(|known| known.1)
    }
}

impl<'a> HeaderName<'a> {
    /// The name as it stands in a message, long or compact, in any case. `None` where it is not a token.
    pub fn new(name: &'a str) -> Option<Self> {
        match Code::lookup(name.as_bytes()).name() {
            Some(known) => Some(known),
            None => is_token(name).then_some(Self::Other(name)),
        }
    }
}

impl PartialEq<HeaderName<'_>> for HeaderName<'_> {
    fn eq(&self, other: &HeaderName<'_>) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

impl Eq for HeaderName<'_> {}

impl fmt::Display for HeaderName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HeaderName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case() {
        for (text, name) in NAMES {
            assert_eq!(HeaderName::new(&text.to_uppercase()).unwrap(), *name);
            assert_eq!(Code::lookup(text.to_lowercase().as_bytes()), Code::of(*name));
        }
    }

    #[test]
    fn compact_forms_are_read_as_long_ones() {
        assert_eq!(HeaderName::new("V").unwrap().as_str(), "Via");
        assert_eq!(HeaderName::new("k").unwrap().as_str(), "Supported");
        assert_eq!(HeaderName::new("z").unwrap(), HeaderName::Other("Z"));
    }

    #[test]
    fn name_with_a_line_end_is_refused() {
        assert_eq!(HeaderName::new("X\r\nVia"), None);
    }
}
