use bellbird_base::{Duration, Protocol};

pub use crate::digest::Secret;
use crate::uri::{Scheme, Uri};

/// What holds for the whole user agent.
#[derive(Clone, Debug)]
pub struct Config {
    /// What `User-Agent` and `Server` say; nothing is sent where this is empty.
    pub user_agent: String,
    /// The base timers of RFC 3261.
    pub timers: Timers,
    /// How long an incoming call rings before it is refused with 480.
    pub ring_timeout: Duration,
    /// How long an outgoing call may ring before it is cancelled.
    pub answer_timeout: Duration,
    /// What session timer calls ask for (RFC 4028).
    pub session: SessionTimerConfig,
    /// When provisional responses are made reliable (RFC 3262).
    pub reliable_provisional: Reliability,
    /// How often a CRLF keeps an idle flow open (RFC 5626 §4.4.1).
    pub keep_alive: Duration,
    /// Redirections (3xx) followed for one call.
    pub redirect_limit: u8,
    /// Bounds on what peers can make us hold.
    pub limits: Limits,
    /// Whether this is somebody's phone or a server.
    pub role: Role,
}

/// What a user agent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A phone: requests that no account takes are refused.
    Phone,
    /// A server: requests outside a dialog are told ([`ServerEvent::Request`](super::ServerEvent)), and devices are
    /// reached over the flows that they opened.
    Server {
        /// How long a call stands whose TCP, TLS or WebSocket flow is gone, until its device comes over another one.
        flow_grace: Duration,
    },
}

impl Role {
    /// Whether it is a server.
    pub const fn is_server(self) -> bool {
        matches!(self, Self::Server { .. })
    }
}

impl Config {
    /// What a server wants: it decides itself how long calls ring, follows no redirection and holds thousands of calls.
    pub fn server() -> Self {
        let an_hour = Duration::from_secs(3600);
        Self {
            ring_timeout: an_hour,
            answer_timeout: an_hour,
            redirect_limit: 0,
            limits: Limits::server(),
            role: Role::Server { flow_grace: Duration::from_secs(30) },
            ..Self::default()
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_agent: concat!("Bellbird/", env!("CARGO_PKG_VERSION")).to_owned(),
            timers: Timers::default(),
            ring_timeout: Duration::from_secs(180),
            answer_timeout: Duration::from_secs(180),
            session: SessionTimerConfig::default(),
            reliable_provisional: Reliability::WhenItMatters,
            keep_alive: Duration::from_secs(25),
            redirect_limit: 5,
            limits: Limits::default(),
            role: Role::Phone,
        }
    }
}

/// The base timers, RFC 3261 §17.1.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Round-trip estimate.
    pub t1: Duration,
    /// Greatest interval between retransmissions.
    pub t2: Duration,
    /// How long a message may stay in the network.
    pub t4: Duration,
    /// How long an INVITE waits for its first response where another server is left to try; timer B (64·T1) holds where
    /// none is. A server that is there says 100 within 200 ms (RFC 3261 §17.2.1).
    pub first_response: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            first_response: Duration::from_secs(4),
        }
    }
}

impl Timers {
    /// 64·T1: how long a transaction waits before it gives up (timers B, F, H, J, L, M).
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }
}

/// Session timers, RFC 4028.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimerConfig {
    /// The interval that calls ask for; `None` leaves session timers to the peer.
    pub interval: Option<Duration>,
    /// The least interval that is accepted; a shorter one is refused with 422.
    pub minimum: Duration,
}

impl Default for SessionTimerConfig {
    fn default() -> Self {
        Self { interval: Some(Duration::from_secs(1800)), minimum: Duration::from_secs(90) }
    }
}

/// When a provisional response is sent reliably (RFC 3262), where the peer can take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    /// Only where the peer requires it.
    Required,
    /// Where it carries SDP or the peer requires it.
    WhenItMatters,
    /// Whenever the peer supports it.
    Always,
}

/// Bounds on what peers can make us hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Server transactions at once; more are refused with 503.
    pub server_transactions: usize,
    /// Flows that peers opened; the oldest idle one goes first.
    pub peer_flows: usize,
    /// Calls at once; more are refused with 486.
    pub calls: usize,
    /// Early dialogs of one outgoing call; 18x responses of more are ignored.
    pub forks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { server_transactions: 1024, peer_flows: 256, calls: 64, forks: 16 }
    }
}

impl Limits {
    /// Those of a server: tens of thousands of transactions and flows, thousands of calls.
    pub const fn server() -> Self {
        Self { server_transactions: 50_000, peer_flows: 50_000, calls: 10_000, forks: 16 }
    }
}

/// A name among the accounts of one user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u64);

/// One identity that calls are made and taken as.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    /// The address of record: `sip:alice@example.org`.
    pub address: Uri,
    /// The name that stands in From.
    pub display_name: Option<String>,
    /// Where to register; `None` for an account that calls and is called directly.
    pub registrar: Option<Uri>,
    /// Where all requests outside a dialog are sent first; else the registrar's domain.
    pub outbound_proxy: Option<Uri>,
    /// The only transport to use, or `None` to prefer TLS, then TCP, then UDP as RFC 3263 finds them.
    pub protocol: Option<Protocol>,
    /// The path of a WebSocket's handshake; `/` where empty.
    pub websocket_path: String,
    /// How to answer challenges.
    pub credentials: Option<AccountCredentials>,
    /// `+sip.instance`: `urn:uuid:…`, constant over restarts (RFC 5626 §4.1).
    pub instance_id: Option<String>,
    /// Whether the registrar is asked for a GRUU (RFC 5627), to be the Contact of dialogs. Only for servers that are
    /// known to route requests inside a dialog by it: many hand one out and can't.
    pub gruu: bool,
    /// The lifetime that registrations ask for.
    pub expires: Duration,
    /// From whom calls are taken.
    pub callers: Callers,
}

impl AccountConfig {
    /// An account of this address that registers at its domain.
    pub fn new(address: Uri) -> Self {
        let host = address.host().map(|host| host.as_str().to_owned()).unwrap_or_default();
        let build = if address.scheme() == Scheme::Sips { Uri::sips } else { Uri::sip };
        let registrar = build(None, &host, address.port()).ok();
        Self { registrar, ..Self::local(address) }
    }

    /// An account that calls and is called directly, without a registrar.
    pub fn local(address: Uri) -> Self {
        Self {
            address,
            display_name: None,
            registrar: None,
            outbound_proxy: None,
            protocol: None,
            websocket_path: String::new(),
            credentials: None,
            instance_id: None,
            gruu: false,
            expires: Duration::from_secs(600),
            callers: Callers::Anyone,
        }
    }
}

/// Whose requests outside a dialog an account takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Only those that come from the servers that the account registered at or sent requests to.
    Servers,
    /// Everybody's, if the request's user is the account's, or for an account without registrar in any case.
    Anyone,
    /// Nobody's: a server's account, which gets its calls by [`accept_invite`](super::UserAgent::accept_invite).
    Nobody,
}

/// How an account answers challenges.
#[derive(Clone, Debug)]
pub struct AccountCredentials {
    /// The user name; often the address's user part.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The realm that these are for; `None` for the first one that the registrar names.
    pub realm: Option<String>,
    /// Whether only SHA-256 challenges are answered, because the realm is known to offer them (never back to MD5).
    pub sha256_only: bool,
}
