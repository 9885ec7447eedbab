use bellbird_base::{FlowId, FlowInfo, Instant, Protocol, Remote, Transmit};

use super::event::Event;

/// What happens to a user agent.
#[derive(Debug)]
pub enum Input<'a> {
    /// The instant of the last [`Output::Timeout`] has come.
    Timeout(Instant),
    /// A datagram, a WebSocket message or a piece of a stream came in.
    Receive(Instant, FlowId, &'a [u8]),
    /// A flow that we asked for is open, or a peer opened one.
    FlowOpened(Instant, FlowId, FlowInfo),
    /// A flow ended, or could not be opened.
    FlowClosed(Instant, FlowId, FlowEnd),
    /// The answer to [`Output::Resolve`]: where to connect to, best first.
    Resolved(Instant, ResolveId, Result<Vec<Remote>, ResolveFailure>),
    /// The machine slept, or the clock jumped by more than 5 s.
    Resume(Instant),
    /// The machine's addresses or routes changed.
    NetworkChanged(Instant),
}

/// What a user agent wants of its driver.
#[derive(Debug)]
pub enum Output {
    /// Send bytes.
    Transmit(Transmit),
    /// Open a flow and say [`Input::FlowOpened`] or [`Input::FlowClosed`]. One over UDP opens at once.
    Connect(FlowId, Remote),
    /// Close a flow; nothing is said back.
    Close(FlowId),
    /// Look a name up and say [`Input::Resolved`].
    Resolve(ResolveId, Question),
    /// Something the layer above has to know.
    Event(Event),
    /// Nothing more to do before this instant: give [`Input::Timeout`] then. [`Instant::FAR_FUTURE`] where nothing
    /// is under way.
    Timeout(Instant, TimeoutReason),
}

/// Why a user agent wants to be woken up; for logs and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutReason {
    /// Nothing is under way.
    Idle,
    /// A transaction's timer (RFC 3261 §17).
    Transaction,
    /// A flow's keep-alive or connection attempt.
    Flow,
    /// A registration's refresh or retry.
    Registration,
    /// A call's timer.
    Call,
    /// A subscription's or publication's refresh.
    Subscription,
}

/// A name for one question to the resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResolveId(pub u64);

/// Where is the server for a URI? The driver runs RFC 3263 over it.
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
    /// The path of a WebSocket's handshake, to go into [`Remote::path`].
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
