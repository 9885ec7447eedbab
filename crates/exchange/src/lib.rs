//! The server's telephone exchange without I/O: who is registered where, where a call goes and why, and what desk
//! phones are told.
//!
//! What it is: [`directory`] (who there is), [`registrar`] (who is where), [`routing`] (a pure function from a call to a
//! plan with a reason for every device), [`notifier`] (feature keys, lamps, presence), [`guard`] (bounds and alarms),
//! [`node`] (the B2BUA that connects calls), and the [`Exchange`] that ties them to one user agent.
//!
//! What it is not: it opens no socket, reads no clock, stores nothing and handles no media. What has to be durable leaves
//! as [`StoreRequest`], and what is acknowledged to the network waits for [`Input::Stored`].
//!
//! How to test it: `cargo test -p bellbird-exchange`. `docs/SERVER.md` says what is supported and what is not.

#![warn(missing_docs)]

pub mod country;
pub mod directory;
mod exchange;
pub mod guard;
mod io;
pub mod node;
pub mod notifier;
pub mod registrar;
pub mod routing;
pub mod words;

pub use exchange::{Clock, Exchange, ExchangeConfig, FirstLeg, KeptCall, Talk, TalkParty, media_profile, trunk_server};
pub use io::{CallReport, Command, Event, ForwardKind, Input, NotStored, Output, Routed, StoreId, StoreRequest};
