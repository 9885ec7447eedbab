use std::io;

use bellbird_sip::agent::FlowEnd;
use thiserror::Error;

/// Why a flow ended, in words for a person. [`CloseReason::flow_end`] is what a core needs of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// The peer closed it in good order.
    #[error("the other side closed the connection")]
    PeerClosed,
    /// It broke.
    #[error("the connection broke ({0})")]
    Broken(io::ErrorKind),
    /// Nobody listens there, or a datagram came back as undeliverable.
    #[error("nobody answers at that address and port")]
    Refused,
    /// There is no way there.
    #[error("no way leads to that address: check the network")]
    Unreachable,
    /// No connection within the time allowed, or a peer that stopped taking bytes.
    #[error("the other side did not answer in time")]
    TimedOut,
    /// The certificate is not good for the name that was asked for.
    #[error("the server's certificate is not accepted: {0}")]
    Certificate(CertificateProblem),
    /// The handshake of TLS failed for another reason.
    #[error("no encrypted connection came about ({0})")]
    Tls(String),
    /// The handshake of the WebSocket failed, or its rules were broken.
    #[error("no WebSocket connection came about: {0}")]
    WebSocket(WebSocketProblem),
    /// A peer that opened a flow was silent for too long, or there are too many of them.
    #[error("the flow was not used any more")]
    Idle,
    /// The peer takes less than is sent to it.
    #[error("the other side takes data too slowly")]
    Overrun,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CertificateProblem {
    /// It was good once.
    #[error("it has expired, or this computer's clock is wrong")]
    Expired,
    /// It will be good later.
    #[error("it is not valid yet, or this computer's clock is wrong")]
    NotYetValid,
    /// Nobody we trust signed it.
    #[error("it was issued by an authority that is not known here")]
    UnknownAuthority,
    /// It is somebody else's (RFC 5922 §7.2).
    #[error("it does not belong to {expected}")]
    WrongName {
        /// The name that it should bear.
        expected: String,
    },
    /// Its issuer took it back.
    #[error("it was revoked")]
    Revoked,
    /// It can't be used for another reason.
    #[error("it can't be used ({0})")]
    Unusable(String),
}

/// What is wrong with a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebSocketProblem {
    /// The server does not speak SIP on it (RFC 7118 §4).
    #[error("the server does not offer SIP there")]
    NoSip,
    /// The server answered the handshake with another HTTP status than 101.
    #[error("the server answered with HTTP status {0}")]
    Http(u16),
    /// The peer broke the protocol's rules, or sent more than is accepted.
    #[error("the rules of WebSocket were broken ({0})")]
    Protocol(String),
}

impl CloseReason {
    /// What a core needs to know of it.
    pub const fn flow_end(&self) -> FlowEnd {
        match self {
            Self::PeerClosed | Self::Idle => FlowEnd::Closed,
            Self::Broken(_) | Self::Overrun => FlowEnd::Broken,
            Self::Refused => FlowEnd::Refused,
            Self::Unreachable => FlowEnd::Unreachable,
            Self::TimedOut => FlowEnd::TimedOut,
            Self::Certificate(_) => FlowEnd::BadCertificate,
            Self::Tls(_) | Self::WebSocket(_) => FlowEnd::HandshakeFailed,
        }
    }
}

impl From<&io::Error> for CloseReason {
    fn from(error: &io::Error) -> Self {
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::from(inner);
        }
        #[allow(clippy::wildcard_enum_match_arm, reason = "the list of kinds grows with the standard library")]
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::NetworkDown => Self::Unreachable,
            io::ErrorKind::TimedOut => Self::TimedOut,
            kind => Self::Broken(kind),
        }
    }
}

impl From<&rustls::Error> for CloseReason {
    fn from(error: &rustls::Error) -> Self {
        #[allow(clippy::wildcard_enum_match_arm, reason = "rustls marks its errors as not exhaustive")]
        match error {
            rustls::Error::InvalidCertificate(problem) => Self::Certificate(problem.into()),
            other => Self::Tls(other.to_string()),
        }
    }
}

impl From<&rustls::CertificateError> for CertificateProblem {
    fn from(error: &rustls::CertificateError) -> Self {
        use rustls::CertificateError as E;
        #[allow(clippy::wildcard_enum_match_arm, reason = "rustls marks its errors as not exhaustive")]
        match error {
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            // A signature that fails is that of somebody who bears a known authority's name.
            E::UnknownIssuer | E::BadSignature => Self::UnknownAuthority,
            E::NotValidForNameContext { expected, .. } => Self::WrongName { expected: expected.to_str().into_owned() },
            E::NotValidForName => Self::WrongName { expected: "the name that was asked for".to_owned() },
            E::Revoked => Self::Revoked,
            other => Self::Unusable(other.to_string()),
        }
    }
}
