use bellbird_base::Protocol;

/// Where is the server for a URI? Answered after RFC 3263.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// Domain, host name or IP literal (IPv6 without brackets).
    pub host: String,
    /// The port, if the URI names one: then neither NAPTR nor SRV is asked.
    pub port: Option<u16>,
    /// The transport, if the URI or the account names one; else TLS before TCP before UDP, as found.
    pub protocol: Option<Protocol>,
    /// Whether only encrypted transports will do (`sips:`).
    pub secure: bool,
    /// The path of a WebSocket's handshake.
    pub path: String,
}

/// Why no address was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResolveFailure {
    /// The name does not exist or has no address.
    NotFound,
    /// No name server answered: worth another try.
    Unreachable,
}

/// Why a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowEnd {
    /// The peer closed it in good order.
    Closed,
    /// It broke: reset, or the peer vanished.
    Broken,
    /// Nobody listens there, or a datagram came back as undeliverable.
    Refused,
    /// There is no way there.
    Unreachable,
    /// No connection within the driver's patience.
    TimedOut,
    /// The certificate is not good for the name that was asked for.
    BadCertificate,
    /// The handshake of TLS or WebSocket failed for another reason.
    HandshakeFailed,
    /// We closed it.
    Ours,
}
