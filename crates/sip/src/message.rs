//! SIP messages: reading them without copying, and building those that are sent.
//!
//! [`Message::parse`] reads a whole message (a datagram, a WebSocket message, or what
//! [`StreamFramer`](crate::framing::StreamFramer) cut out of a stream). The header fields that every message needs are
//! typed at once; all others are read on demand by the methods of [`Fields`]. What can't be read is told by a
//! [`Refusal`], which knows how to answer. [`Request`] and [`Response`] are built and written, never parsed into.

mod address;
mod build;
mod date;
mod fields;
mod headers;
mod method;
mod multipart;
mod name;
mod params;
mod refusal;
pub(crate) mod scan;
mod table;
mod values;
mod via;

use std::fmt;

use crate::status::StatusCode;
use crate::uri::UriRef;
use table::{Essential, Table};

pub use address::{Address, Contact, NameAddr};
pub use build::{Body, Request, Response};
pub use date::{Civil, InvalidDate};
pub use fields::{Addresses, Contacts, Fields, Items, Lines, Vias};
pub use headers::Headers;
pub use method::{CSeq, Extension, Method};
pub use multipart::{Part, Parts};
pub use name::HeaderName;
pub use params::{Param, ParamIter, Params};
pub(crate) use params::{quote, unescape};
pub use refusal::{Capabilities, Fault, Refusal};
pub use values::{
    Event, Info, MediaType, RAck, Reason, Refresher, Replaces, RetryAfter, SessionExpires, SubscriptionState, Token,
    Warning,
};
pub use via::{MAGIC_COOKIE, Via};

/// The most header fields that a message may have.
pub const MAX_FIELDS: usize = 255;

/// The longest start line and header part in bytes.
pub const MAX_HEAD: usize = 64 * 1024;

/// A value that does not follow its grammar; it says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct Malformed(pub &'static str);

/// The start line (RFC 3261 §7).
#[derive(Clone, Debug)]
pub enum StartLine<'a> {
    /// A request.
    Request {
        /// What is asked for.
        method: Method,
        /// Of whom.
        uri: UriRef<'a>,
    },
    /// A response.
    Response {
        /// How it went.
        status: StatusCode,
        /// In words; empty where it is not UTF-8.
        reason: &'a str,
    },
}

/// A message that points into the received bytes.
///
/// Parsing allocates nothing unless there are more than 32 header fields or the method is unknown.
pub struct Message<'a> {
    table: Table<'a>,
    start: StartLine<'a>,
    via: Via<'a>,
    from: NameAddr<'a>,
    to: NameAddr<'a>,
    call_id: &'a str,
    cseq: CSeq,
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a whole message.
    ///
    /// Without Content-Length the body goes to the end; bytes behind the Content-Length are ignored (RFC 3261 §18.3).
    ///
    /// # Errors
    /// A [`Refusal`], which may hold the response to send; where it holds none the bytes are to be dropped.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let table = Table::read(bytes)?;
        match Self::typed(&table) {
            Ok(Typed { start, via, from, to, call_id, cseq, body }) => {
                Ok(Self { table, start, via, from, to, call_id, cseq, body })
            }
            Err(fault) => Err(Refusal::of(&table, fault)),
        }
    }

    fn typed(table: &Table<'a>) -> Result<Typed<'a>, Fault> {
        let start = start_line(table.start_line())?;
        if let Some(fault) = table.fault() {
            return Err(fault);
        }
        let via = Via::parse_item(table.essential(Essential::Via)?).map_err(|_| Fault::Malformed("Via"))?.0;
        let from = table.address(Essential::From).map_err(|missing| missing.unwrap_or(Fault::Malformed("From")))?;
        let to = table.address(Essential::To).map_err(|missing| missing.unwrap_or(Fault::Malformed("To")))?;
        let call_id = table.essential(Essential::CallId)?;
        if !scan::is_call_id(call_id) {
            return Err(Fault::Malformed("Call-ID"));
        }
        let cseq = CSeq::parse(table.essential(Essential::CSeq)?).map_err(|_| Fault::Malformed("CSeq"))?;
        if let StartLine::Request { method, .. } = &start
            && *method != cseq.method
        {
            return Err(Fault::MethodMismatch);
        }
        Ok(Typed { start, via, from, to, call_id, cseq, body: table.body()? })
    }

    /// The start line.
    pub const fn start(&self) -> &StartLine<'a> {
        &self.start
    }

    /// Whether it is a request.
    pub const fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }

    /// The request's method; of a response the method that it answers.
    pub const fn method(&self) -> &Method {
        &self.cseq.method
    }

    /// The Request-URI; none of a response.
    pub const fn uri(&self) -> Option<&UriRef<'a>> {
        match &self.start {
            StartLine::Request { uri, .. } => Some(uri),
            StartLine::Response { .. } => None,
        }
    }

    /// The status; none of a request.
    pub const fn status(&self) -> Option<StatusCode> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => Some(status),
        }
    }

    /// The reason phrase; empty of a request.
    pub const fn reason(&self) -> &'a str {
        match self.start {
            StartLine::Request { .. } => "",
            StartLine::Response { reason, .. } => reason,
        }
    }

    /// The first value of the first Via.
    pub const fn via(&self) -> &Via<'a> {
        &self.via
    }

    /// From. Where its display name is no UTF-8 it is left out.
    pub const fn from(&self) -> &NameAddr<'a> {
        &self.from
    }

    /// To. Where its display name is no UTF-8 it is left out.
    pub const fn to(&self) -> &NameAddr<'a> {
        &self.to
    }

    /// Call-ID.
    pub const fn call_id(&self) -> &'a str {
        self.call_id
    }

    /// CSeq.
    pub const fn cseq(&self) -> &CSeq {
        &self.cseq
    }

    /// The body.
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// All header fields in order: the name as it was written and the raw value with its folds.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.table.fields()
    }

    /// The parts of a multipart body; of another body that one part.
    pub fn parts(&self) -> Parts<'a> {
        Parts::of(self.content_type(), self.body)
    }
}

/// What [`Message::typed`] finds.
struct Typed<'a> {
    start: StartLine<'a>,
    via: Via<'a>,
    from: NameAddr<'a>,
    to: NameAddr<'a>,
    call_id: &'a str,
    cseq: CSeq,
    body: &'a [u8],
}

impl<'a> Fields<'a> for &Message<'a> {
    fn next_line(self, name: HeaderName<'_>, position: &mut usize) -> Option<&'a [u8]> {
        self.table.next_line(name, position)
    }

    fn line_text(self, line: &'a [u8]) -> Option<&'a str> {
        self.table.text(line)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No address: a message may end up in a log.
        match &self.start {
            StartLine::Request { method, .. } => write!(f, "Message({method}, {} bytes body)", self.body.len()),
            StartLine::Response { status, .. } => {
                write!(f, "Message({status} to {}, {} bytes body)", self.cseq, self.body.len())
            }
        }
    }
}

fn start_line(line: &[u8]) -> Result<StartLine<'_>, Fault> {
    if line.get(..4).is_some_and(|version| version.eq_ignore_ascii_case(b"SIP/")) {
        return status_line(line);
    }
    let method_end = memchr::memchr(b' ', line).ok_or(Fault::NotSip)?;
    let version_start = memchr::memrchr(b' ', line).ok_or(Fault::NotSip)? + 1;
    let method = line.get(..method_end).and_then(|method| str::from_utf8(method).ok());
    let method = method.and_then(|method| Method::new(method).ok()).ok_or(Fault::NotSip)?;
    check_version(line, version_start)?;
    let uri = line.get(method_end + 1..version_start - 1).and_then(|uri| str::from_utf8(uri).ok());
    let uri = uri.and_then(|uri| UriRef::parse(uri).ok()).ok_or(Fault::Malformed("Request-URI"))?;
    Ok(StartLine::Request { method, uri })
}

fn check_version(line: &[u8], start: usize) -> Result<(), Fault> {
    let version = line.get(start..).unwrap_or_default();
    if version == b"SIP/2.0" || version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Ok(());
    }
    match version {
        [b'S' | b's', b'I' | b'i', b'P' | b'p', b'/', ..] => Err(Fault::Version),
        _ if memchr::memmem::find(line, b"SIP/").is_some() => Err(Fault::Malformed("Request-Line")),
        _ => Err(Fault::NotSip),
    }
}

/// `SIP/2.0 SP 3DIGIT [SP reason]`
fn status_line(line: &[u8]) -> Result<StartLine<'_>, Fault> {
    const WHAT: Fault = Fault::Malformed("Status-Line");
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    if !parts.next().is_some_and(|version| version.eq_ignore_ascii_case(b"SIP/2.0")) {
        return Err(Fault::Version);
    }
    let code = parts.next().filter(|code| code.len() == 3 && code.iter().all(u8::is_ascii_digit)).ok_or(WHAT)?;
    let code = code.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let reason = str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    Ok(StartLine::Response { status: StatusCode::new(code).ok_or(WHAT)?, reason })
}

#[cfg(test)]
mod tests;
