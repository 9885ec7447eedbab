//! The words that all Bellbird crates share.
//!
//! What it is: [`Instant`] (time that a sans-IO core can hold), [`Seed`] and [`Rng`] (randomness that replays), and
//! [`FlowId`], [`Protocol`], [`FlowInfo`], [`Remote`], [`Transmit`] (the network as a core sees it), and [`Codec`].
//!
//! What it is not: it opens no socket, reads no clock and knows neither SIP nor RTP. It depends on no other crate of ours.
//!
//! How to test it: `cargo test -p bellbird-base`. It builds for wasm32.

#![warn(missing_docs)]

mod codec;
mod flow;
mod instant;
mod random;

pub use codec::Codec;
pub use core::time::Duration;
pub use flow::{FlowId, FlowInfo, Protocol, Remote, Transmit};
pub use instant::Instant;
pub use random::{Rng, Seed};
