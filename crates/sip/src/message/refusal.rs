use std::fmt;

use super::table::{Essential, Table};
use super::{Fields, HeaderName, Headers, Message, Method, Response, StartLine};
use crate::status::StatusCode;
use crate::uri::Scheme;

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1).
    Empty,
    /// The first line is neither a request's nor a response's.
    NotSip,
    /// A version other than SIP/2.0.
    Version,
    /// A start line or a header field that every message needs does not follow its grammar.
    Malformed(&'static str),
    /// A header field that every message needs is missing.
    Missing(&'static str),
    /// A header field that may stand once stands twice with different values.
    Repeated(&'static str),
    /// CSeq names another method than the start line.
    MethodMismatch,
    /// The body is shorter than Content-Length, or the header part breaks off.
    Truncated,
    /// More header fields or bytes than the limits allow.
    TooLarge,
    /// The Request-URI has a scheme that we don't serve.
    Scheme,
    /// A method that we don't know.
    Method,
    /// A method that we know and don't serve.
    MethodNotAllowed,
    /// An extension that is required and that we don't know.
    Extension,
    /// A body of a type or an encoding that we don't know.
    MediaType,
    /// The sender accepts no answer that we could give.
    NotAcceptable,
    /// A response with more than one Via is not for us (RFC 3261 §8.1.3.3).
    Misrouted,
}

impl Fault {
    const fn status(self) -> StatusCode {
        match self {
            Self::Empty | Self::NotSip | Self::Malformed(_) | Self::Missing(_) | Self::Repeated(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::MethodMismatch | Self::Truncated | Self::Misrouted => StatusCode::BAD_REQUEST,
            Self::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Self::TooLarge => StatusCode::MESSAGE_TOO_LARGE,
            Self::Scheme => StatusCode::UNSUPPORTED_URI_SCHEME,
            Self::Method => StatusCode::NOT_IMPLEMENTED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Extension => StatusCode::BAD_EXTENSION,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::NotSip => f.write_str("Not SIP"),
            Self::Version => f.write_str("Version Not Supported"),
            Self::Malformed(what) => write!(f, "Malformed {what}"),
            Self::Missing(what) => write!(f, "Missing {what}"),
            Self::Repeated(what) => write!(f, "Repeated {what}"),
            Self::MethodMismatch => f.write_str("CSeq Names Another Method"),
            Self::Truncated => f.write_str("Message Is Cut Short"),
            Self::TooLarge => f.write_str("Message Too Large"),
            Self::Scheme => f.write_str("Unsupported URI Scheme"),
            Self::Method => f.write_str("Method Not Implemented"),
            Self::MethodNotAllowed => f.write_str("Method Not Allowed"),
            Self::Extension => f.write_str("Bad Extension"),
            Self::MediaType => f.write_str("Unsupported Media Type"),
            Self::NotAcceptable => f.write_str("Not Acceptable"),
            Self::Misrouted => f.write_str("Response To Somebody Else"),
        }
    }
}

/// The verdict on a message that can't be taken: status, fault, and the response where one can be given.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status} {fault}")]
pub struct Refusal {
    /// The status that answers it.
    pub status: StatusCode,
    /// What is wrong.
    pub fault: Fault,
    response: Option<Box<Response>>,
}

impl Refusal {
    /// To be dropped without an answer.
    pub(super) const fn drop(fault: Fault) -> Self {
        Self { status: fault.status(), fault, response: None }
    }

    /// The verdict on a message whose table could be read. Requests other than ACK are answered where there is a Via to
    /// give back (RFC 3261 §8.2.6); everything else is dropped.
    #[cold]
    pub(super) fn of(table: &Table<'_>, fault: Fault) -> Self {
        let start = table.start_line();
        let is_response = start.get(..4).is_some_and(|version| version.eq_ignore_ascii_case(b"SIP/"));
        let can_answer = table.essential_bytes(Essential::Via).is_some_and(|via| !via.is_empty());
        if is_response || start.starts_with(b"ACK ") || fault == Fault::NotSip || !can_answer {
            return Self::drop(fault);
        }
        let mut headers = Headers::new();
        for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
            let mut position = 0;
            while let Some(line) = table.next_line(name, &mut position) {
                headers.push_bytes(name, line);
                if name != HeaderName::Via {
                    break;
                }
            }
        }
        Self::answered(fault, headers)
    }

    fn answered(fault: Fault, headers: Headers) -> Self {
        let status = fault.status();
        let reason = if status == StatusCode::BAD_REQUEST { fault.to_string() } else { status.reason().into() };
        let response = Response { status, reason, headers, body: Vec::new() };
        Self { status, fault, response: Some(Box::new(response)) }
    }

    /// Puts what the sender may do instead (Allow, Unsupported, Accept) into a response of one's own making.
    pub(crate) fn hint(&self, response: &mut Response) {
        let Some(own) = self.response.as_deref() else { return };
        for name in [HeaderName::Allow, HeaderName::Unsupported, HeaderName::Accept, HeaderName::AcceptEncoding] {
            if let Some(value) = (&own.headers).text(name) {
                response.headers.set(name, value);
            }
        }
    }

    /// Whether there is nothing to send.
    pub const fn is_silent(&self) -> bool {
        self.response.is_none()
    }

    /// The response to send on the flow that the request came by, with `to_tag` where To has none. `None`: drop
    /// silently. The Via may be one that can't be read.
    pub fn response(&self, to_tag: &str) -> Option<Response> {
        let mut response = self.response.as_deref()?.clone();
        response.ensure_to_tag(to_tag);
        Some(response)
    }
}

/// What a user agent can take, for [`Capabilities::check`] (RFC 3261 §8.1.3, §8.2).
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Methods that are served.
    pub methods: Vec<Method>,
    /// Schemes that a Request-URI may have.
    pub schemes: Vec<Scheme>,
    /// Option tags that may stand in Require.
    pub extensions: Vec<String>,
    /// Types of body (`type/subtype`) that can be read; `multipart/*` is always opened.
    pub media_types: Vec<String>,
    /// Methods whose body is handed on unread: its type is no reason to refuse them.
    pub opaque: Vec<Method>,
}

impl Capabilities {
    /// The verdict on a well-formed message. Requests in the order of RFC 3261 §8.2: method, scheme, Require, content,
    /// and for INVITE whether an answer is accepted. Responses have to be ours: one Via.
    ///
    /// # Errors
    /// A [`Refusal`] with the response: 501, 405, 416, 420, 415 or 406, with Allow, Unsupported or Accept as the RFC
    /// asks.
    pub fn check(&self, message: &Message<'_>) -> Result<(), Refusal> {
        let StartLine::Request { method, uri } = message.start() else {
            return if message.vias().nth(1).is_none() { Ok(()) } else { Err(Refusal::drop(Fault::Misrouted)) };
        };
        if !self.methods.contains(method) {
            let unknown = matches!(method, Method::Other(_));
            return Err(self.refuse(message, if unknown { Fault::Method } else { Fault::MethodNotAllowed }));
        }
        if !self.schemes.contains(&uri.scheme()) {
            return Err(self.refuse(message, Fault::Scheme));
        }
        // ACK and CANCEL have to be taken as they are (§8.2.2.3).
        if matches!(method, Method::Ack | Method::Cancel) {
            return Ok(());
        }
        if required(message).any(|tag| !self.knows_extension(tag)) {
            return Err(self.refuse(message, Fault::Extension));
        }
        if !message.body().is_empty() && !self.opaque.contains(method) && !self.can_read_body(message) {
            return Err(self.refuse(message, Fault::MediaType));
        }
        if *method == Method::Invite && !self.is_answer_accepted(message) {
            return Err(self.refuse(message, Fault::NotAcceptable));
        }
        Ok(())
    }

    /// Without Accept, SDP is accepted (RFC 3261 §20.1).
    fn is_answer_accepted(&self, message: &Message<'_>) -> bool {
        let mut accepted = message.tokens(HeaderName::Accept).filter_map(media_range).peekable();
        let covers = |(kind, subtype): (&str, &str), ours: &String| {
            let ours = ours.split_once('/').unwrap_or_default();
            (kind == "*" || kind.eq_ignore_ascii_case(ours.0))
                && (subtype == "*" || subtype.eq_ignore_ascii_case(ours.1))
        };
        accepted.peek().is_none() || accepted.any(|range| self.media_types.iter().any(|ours| covers(range, ours)))
    }

    fn knows_extension(&self, tag: &str) -> bool {
        self.extensions.iter().any(|known| known.eq_ignore_ascii_case(tag))
    }

    /// An optional body is no reason to refuse (Content-Disposition `handling=optional`).
    fn can_read_body(&self, message: &Message<'_>) -> bool {
        let disposition = message.text(HeaderName::ContentDisposition).unwrap_or_default();
        if disposition.to_ascii_lowercase().replace(' ', "").contains("handling=optional") {
            return true;
        }
        let encoded =
            message.tokens(HeaderName::ContentEncoding).any(|coding| !coding.eq_ignore_ascii_case("identity"));
        let known = message.content_type().is_none_or(|found| {
            found.kind.eq_ignore_ascii_case("multipart") || self.media_types.iter().any(|known| found.is(known))
        });
        known && !encoded
    }

    fn refuse(&self, message: &Message<'_>, fault: Fault) -> Refusal {
        if *message.method() == Method::Ack {
            return Refusal::drop(fault);
        }
        let mut refusal = Refusal::answered(fault, Headers::answering(message));
        if let Some(response) = refusal.response.as_deref_mut() {
            self.add_hints(message, fault, &mut response.headers);
        }
        refusal
    }

    fn add_hints(&self, message: &Message<'_>, fault: Fault, headers: &mut Headers) {
        let (name, list): (_, Vec<&str>) = match fault {
            Fault::Method | Fault::MethodNotAllowed => {
                (HeaderName::Allow, self.methods.iter().map(Method::as_str).collect())
            }
            Fault::Extension => {
                (HeaderName::Unsupported, required(message).filter(|tag| !self.knows_extension(tag)).collect())
            }
            Fault::MediaType | Fault::NotAcceptable => {
                (HeaderName::Accept, self.media_types.iter().map(String::as_str).collect())
            }
            Fault::Empty
            | Fault::NotSip
            | Fault::Version
            | Fault::Malformed(_)
            | Fault::Missing(_)
            | Fault::Repeated(_)
            | Fault::MethodMismatch
            | Fault::Truncated
            | Fault::TooLarge
            | Fault::Scheme
            | Fault::Misrouted => return,
        };
        headers.push(name, list.join(", "));
        if fault == Fault::MediaType {
            headers.push(HeaderName::AcceptEncoding, "identity");
        }
    }
}

/// Type and subtype of `type/subtype;q=0.5`.
fn media_range(range: &str) -> Option<(&str, &str)> {
    range.split(';').next()?.trim_end().split_once('/')
}

fn required<'m>(message: &'m Message<'_>) -> impl Iterator<Item = &'m str> {
    message.tokens(HeaderName::Require).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:c@d>;tag=1\r\n\
        To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nRequire: nothingSupportsThis, 100rel\r\n\r\n";

    fn phone() -> Capabilities {
        Capabilities {
            methods: vec![Method::Invite, Method::Ack],
            schemes: vec![Scheme::Sip],
            extensions: vec!["100rel".into()],
            media_types: vec!["application/sdp".into()],
            opaque: vec![Method::Info],
        }
    }

    fn request(method: &str, more: &str) -> Vec<u8> {
        let text = format!(
            "{method} sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:c@d>;tag=1\r\n\
             To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 {method}\r\n{more}\r\nhello"
        );
        text.into_bytes()
    }

    fn verdict(capabilities: &Capabilities, method: &str, more: &str) -> Option<u16> {
        let bytes = request(method, more);
        let message = Message::parse(&bytes).unwrap();
        capabilities.check(&message).err().map(|refusal| refusal.status.code())
    }

    #[test]
    fn method_that_is_known_and_not_served_is_told_from_an_unknown_one() {
        assert_eq!(verdict(&phone(), "REGISTER", ""), Some(405));
        assert_eq!(verdict(&phone(), "FROBNICATE", ""), Some(501));
    }

    #[test]
    fn body_is_judged_only_where_somebody_reads_it() {
        let mut phone = phone();
        phone.methods.push(Method::Info);
        let text = "Content-Type: text/plain\r\nContent-Length: 5\r\n";
        assert_eq!(verdict(&phone, "INVITE", text), Some(415));
        assert_eq!(verdict(&phone, "INFO", text), None);
    }

    #[test]
    fn answer_is_accepted_whatever_parameters_its_type_has() {
        let with = |accept: &str| format!("Accept: {accept}\r\nContent-Length: 0\r\n");
        assert_eq!(verdict(&phone(), "INVITE", &with("text/plain, application/sdp;level=1")), None);
        assert_eq!(verdict(&phone(), "INVITE", &with("text/plain")), Some(406));
    }

    #[test]
    fn unknown_extension_is_named_in_the_response() {
        let refusal = phone().check(&Message::parse(INVITE).unwrap()).unwrap_err();
        assert_eq!(refusal.status, StatusCode::BAD_EXTENSION);
        let response = refusal.response("tag9").unwrap();
        assert_eq!((&response.headers).text(HeaderName::Unsupported), Some("nothingSupportsThis"));
        assert_eq!((&response.headers).address(HeaderName::To).unwrap().tag(), Some("tag9"));
    }

    #[test]
    fn malformed_ack_and_malformed_response_are_dropped() {
        let ack = b"ACK sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\n\r\n";
        assert!(Message::parse(ack).unwrap_err().is_silent());
        let response = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n";
        assert!(Message::parse(response).unwrap_err().is_silent());
    }

    #[test]
    fn refused_request_is_answered_with_what_could_be_read() {
        let text = b"BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 BYE\r\n\r\n";
        let refusal = Message::parse(text).unwrap_err();
        assert_eq!(refusal.fault, Fault::Missing("From"));
        let response = String::from_utf8(refusal.response("t").unwrap().to_bytes()).unwrap();
        assert!(response.starts_with("SIP/2.0 400 Missing From\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"));
    }
}
