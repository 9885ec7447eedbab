//! A simulated network with its own clock, for tests. Development only.
//!
//! What it is: [`Network`] carries opaque datagrams and byte streams between socket addresses, over [`Link`]s that lose,
//! delay, reorder and duplicate, and through [`Nat`]s that rebind. Time moves only when it is told to. All chance comes
//! from one seed: a failing seed replays exactly. [`Simulation`] drives [`Node`]s over it.
//!
//! What it is not: it knows neither SIP nor RTP, opens no socket and reads no clock. Streams show what TCP shows to a
//! program (order, delay by loss, pieces, resets), not TCP itself.
//!
//! How to test it: `cargo test -p bellbird-testkit`.
//!
//! ```
//! use bellbird_base::{Duration, Seed};
//! use bellbird_testkit::{Arrival, Link, Network};
//!
//! let mut network = Network::new(&Seed::from_number(1), Link::after(Duration::from_millis(20)));
//! let (alice, bob) = ("10.0.0.1:5060".parse().unwrap(), "10.0.0.2:5060".parse().unwrap());
//! network.send(alice, bob, b"hello".to_vec());
//! network.advance(network.next_arrival().unwrap());
//! assert!(matches!(network.receive(), Some(Arrival::Datagram { payload, .. }) if payload == b"hello"));
//! ```

#![warn(missing_docs)]

mod link;
mod nat;
mod network;
mod simulation;
mod stream;

pub use link::Link;
pub use nat::{Filtering, Mapping, Nat};
pub use network::{Arrival, Network};
pub use simulation::{Node, Simulation};
pub use stream::{StreamEnd, StreamId};
