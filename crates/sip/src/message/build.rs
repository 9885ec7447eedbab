use std::fmt;
use std::net::SocketAddr;

use super::{Fields, HeaderName, Headers, Message, Method, StartLine, Via};
use crate::status::StatusCode;
use crate::uri::Uri;

/// A body and what it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// The Content-Type, e.g. `application/sdp`.
    pub content_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Body {
    /// A body of this type.
    pub fn new(content_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { content_type: content_type.into(), bytes: bytes.into() }
    }

    /// `application/sdp`
    pub fn sdp(text: impl Into<String>) -> Self {
        Self::new("application/sdp", text.into())
    }

    /// The body of a message; none where it is empty.
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let content_type = message.text(HeaderName::ContentType).unwrap_or("application/octet-stream");
        (!message.body().is_empty()).then(|| Self::new(super::scan::unfold(content_type), message.body()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SDP holds addresses and keys.
        write!(f, "Body({}, {} bytes)", self.content_type, self.bytes.len())
    }
}

/// A request to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// Of whom. Headers behind `?` are left out when it is written (RFC 3261 §19.1.5).
    pub uri: Uri,
    /// All header fields but Content-Length.
    pub headers: Headers,
    /// The body; Content-Length is counted from it.
    pub body: Vec<u8>,
}

impl Request {
    /// Without any header field yet.
    pub const fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::new(), body: Vec::new() }
    }

    /// A copy of a received request, unfolded.
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let StartLine::Request { method, uri } = message.start() else { return None };
        let (headers, body) = (all_headers(message), message.body().to_vec());
        Some(Self { method: method.clone(), uri: uri.to_owned(), headers, body })
    }

    /// Sets body and Content-Type, or takes both away.
    pub fn set_body(&mut self, body: Option<&Body>) {
        set_body(&mut self.headers, &mut self.body, body);
    }

    /// The request on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + self.body.len());
        let uri = self.uri.without_headers();
        for part in [self.method.as_str(), " ", uri.as_str(), " SIP/2.0\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        write_tail(&mut out, &self.headers, &self.body);
        out
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({}, {} bytes body)", self.method, self.body.len())
    }
}

/// A response to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// How it went.
    pub status: StatusCode,
    /// In words. Control characters become spaces when it is written.
    pub reason: String,
    /// All header fields but Content-Length.
    pub headers: Headers,
    /// The body; Content-Length is counted from it.
    pub body: Vec<u8>,
}

impl Response {
    /// Without any header field yet, with the registered reason phrase.
    pub fn new(status: StatusCode) -> Self {
        Self { status, reason: status.reason().into(), headers: Headers::new(), body: Vec::new() }
    }

    /// The answer to a request: Via, From, To, Call-ID and CSeq taken over, Timestamp in a 100 (RFC 3261 §8.2.6).
    /// `to_tag` is added where To has none; a 100 gets none.
    pub fn answering(request: &Message<'_>, status: StatusCode, to_tag: &str) -> Self {
        let mut response = Self { headers: Headers::answering(request), ..Self::new(status) };
        if status == StatusCode::TRYING {
            response.headers.copy(request, HeaderName::Timestamp);
        } else {
            response.ensure_to_tag(to_tag);
        }
        response
    }

    /// A copy of a received response, unfolded.
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let StartLine::Response { status, reason } = message.start() else { return None };
        let (headers, body) = (all_headers(message), message.body().to_vec());
        Some(Self { status: *status, reason: (*reason).to_owned(), headers, body })
    }

    /// Adds a tag to To where it has none.
    pub fn ensure_to_tag(&mut self, tag: &str) {
        let has_tag = (&self.headers).address(HeaderName::To).is_some_and(|to| to.tag().is_some());
        if !has_tag {
            self.headers.amend_first(HeaderName::To, |to| [to, b";tag=", tag.as_bytes()].concat());
        }
    }

    /// Fills `received` and `rport` of the top Via in from where the request came (RFC 3261 §18.2.1, RFC 3581 §4).
    pub fn set_source(&mut self, source: SocketAddr) {
        self.headers.amend_first(HeaderName::Via, |line| {
            let text = String::from_utf8_lossy(line);
            match Via::parse_item(&text) {
                Ok((via, end)) => format!("{}{}", via.with_source(source), text.get(end..).unwrap_or_default()),
                Err(_) => text.into_owned(),
            }
            .into_bytes()
        });
    }

    /// Sets body and Content-Type, or takes both away.
    pub fn set_body(&mut self, body: Option<&Body>) {
        set_body(&mut self.headers, &mut self.body, body);
    }

    /// The response on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + self.body.len());
        let reason = self.reason.replace(char::is_control, " ");
        out.extend_from_slice(format!("SIP/2.0 {} {reason}\r\n", self.status).as_bytes());
        write_tail(&mut out, &self.headers, &self.body);
        out
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({:?}, {} bytes body)", self.status, self.body.len())
    }
}

fn all_headers(message: &Message<'_>) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in message.fields() {
        if let Some(name) = str::from_utf8(name).ok().and_then(HeaderName::new) {
            headers.push_bytes(name, value);
        }
    }
    headers
}

fn set_body(headers: &mut Headers, bytes: &mut Vec<u8>, body: Option<&Body>) {
    headers.remove(HeaderName::ContentType);
    bytes.clear();
    if let Some(body) = body {
        headers.push(HeaderName::ContentType, &body.content_type);
        bytes.extend_from_slice(&body.bytes);
    }
}

fn write_tail(out: &mut Vec<u8>, headers: &Headers, body: &[u8]) {
    headers.write(out);
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1,\r\n \
        SIP/2.0/TCP c;branch=z9hG4bK0\r\nf: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\ni: x\r\nCSeq: 1 OPTIONS\r\n\r\n";

    #[test]
    fn response_takes_over_what_names_the_transaction() {
        let request = Message::parse(OPTIONS).unwrap();
        let mut response = Response::answering(&request, StatusCode::OK, "77");
        response.set_source("192.0.2.9:5070".parse().unwrap());
        response.set_body(Some(&Body::sdp("v=0\r\n")));
        let bytes = response.to_bytes();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "SIP/2.0 200 OK\r\n\
             Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.9;rport=5070, SIP/2.0/TCP c;branch=z9hG4bK0\r\n\
             From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>;tag=77\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\
             Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
        );
    }

    #[test]
    fn reason_phrase_can_not_inject_a_header() {
        let response = Response { reason: "No\r\nVia: x".into(), ..Response::new(StatusCode::DECLINE) };
        assert!(response.to_bytes().starts_with(b"SIP/2.0 603 No  Via: x\r\nContent-Length: 0\r\n\r\n"));
    }

    #[test]
    fn copy_of_a_request_reads_the_same() {
        let message = Message::parse(OPTIONS).unwrap();
        let bytes = Request::of(&message).unwrap().to_bytes();
        let again = Message::parse(&bytes).unwrap();
        assert_eq!(again.call_id(), "x");
        assert_eq!(again.vias().count(), 2);
    }
}
