//! The network as a SIP core sees it, on tokio: flows, names, and news that the network changed.
//!
//! ```text
//! NetHandle::connect/send/close ──► flow table ──► UDP socket, or a task for each connection
//! NetEvent ◄── Opened, Received, Closed ◄──────────┘
//! NetHandle::resolve ──► RFC 3263 over DNS ──► Resolved
//! netlink, clock ──► NetworkChanged, Resumed
//! ```
//!
//! What it is: UDP sockets shared by many flows, TCP, TLS and WebSocket connections (RFC 3261 §18, RFC 5922, RFC 7118), the
//! search for a domain's servers (RFC 3263), racing of a host's addresses (RFC 8305), and a watch on addresses, routes and
//! sleep. Bytes of a stream are handed on as they were read: framing is the business of `bellbird-sip`.
//!
//! What it is not: it parses no SIP and never retries. A flow that ended stays ended; whoever asked decides what comes next.
//! RTP has sockets of its own in the engine.
//!
//! How to test it: `cargo test -p bellbird-net`. The tests use loopback only, with a certificate authority and a name
//! server of their own.

#![warn(missing_docs)]

mod address;
pub mod clock;
mod close;
mod config;
mod flows;
mod handle;
mod listen;
mod race;
mod resolve;
mod stream;
mod tls;
mod udp;
mod watch;
mod websocket;

pub use address::local_address_towards;
pub use close::{CertificateProblem, CloseReason, WebSocketProblem};
pub use config::{BadIdentity, Dns, NetConfig, Pin, ServerIdentity, Trust};
pub use handle::{ListenError, NetEvent, NetHandle};
pub use tls::{Judge, Shown, client_config, verify_pinned};
