use core::fmt;

use serde::{Deserialize, Serialize};

/// Names an HTTP request until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpId(pub u64);

/// Names a channel of events until it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventsId(pub u64);

/// What is wanted of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpMethod {
    /// Read it.
    Get,
    /// Make something there.
    Post,
    /// Write it.
    Put,
    /// Change a part of it.
    Patch,
    /// Take it away.
    Delete,
}

impl HttpMethod {
    /// As HTTP writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerAddress {
    /// Whether TLS is used; without it only on the computer itself.
    pub secure: bool,
    /// Name or address, IPv6 in brackets.
    pub host: String,
    /// The port; nothing for the usual one.
    #[serde(default)]
    pub port: Option<u16>,
    /// The only authority to believe, by the SHA-256 of its certificate in lower-case hexadecimal; nothing to believe those
    /// that the system knows.
    #[serde(default)]
    pub authority: Option<String>,
}

/// The authority that a link named, for the servers that calls go over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPin {
    /// The SHA-256 of its certificate in lower-case hexadecimal.
    pub authority: String,
    /// The names of the servers that nobody else may vouch for, as they stand in [`bellbird_base::Remote::server_name`].
    pub names: Vec<String>,
}

/// A request to the server. Answer it with [`crate::Input::Http`], in any order, within a quarter of a minute.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// For the answer.
    pub id: HttpId,
    /// What is wanted.
    pub method: HttpMethod,
    /// Where.
    pub server: ServerAddress,
    /// Path and query, beginning with a slash.
    pub path: String,
    /// Fields beside those that HTTP itself needs.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

/// Bodies and fields hold secrets.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({:?} {} {})", self.id, self.method.name(), self.path)
    }
}

/// What a server answered, with any status.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// A body holds secrets.
impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// Nothing has this name.
    NotFound,
    /// Nobody listens there, or it did not answer in time.
    Unreachable,
    /// There is no network.
    Offline,
    /// The certificate is not to be trusted.
    Certificate,
    /// What answers does not speak HTTP as it should, or the connection broke.
    Broken(String),
}

/// A WebSocket that the server pushes events on.
#[derive(Clone, PartialEq, Eq)]
pub struct EventsRequest {
    /// For what happens on it.
    pub id: EventsId,
    /// Where.
    pub server: ServerAddress,
    /// Path, beginning with a slash.
    pub path: String,
    /// Fields of the handshake beside its own.
    pub headers: Vec<(&'static str, String)>,
}

/// The fields hold the token.
impl fmt::Debug for EventsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventsRequest({:?} {})", self.id, self.path)
    }
}

/// What happens on a channel of events. After an end nothing follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsInput {
    /// It is open.
    Opened,
    /// A text message came.
    Message(String),
    /// The server refused the handshake with this answer.
    Refused(HttpResponse),
    /// It ended, or could not be opened.
    Closed(HttpFailure),
}
