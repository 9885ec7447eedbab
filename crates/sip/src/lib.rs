//! SIP without I/O: messages, transactions, dialogs, calls, registration, events.
//!
//! What it is: a parser and serialiser of our own ([`message`], [`uri`], [`status`]), framing of streams
//! ([`framing`]), digest authentication for both sides ([`digest`]), and a user agent on top of them.
//!
//! What it is not: it opens no socket, reads no clock and draws no randomness but from a seed. SDP and event packages
//! are opaque bytes to it.
//!
//! How to test it: `cargo test -p bellbird-sip`; `cargo bench -p bellbird-sip` for the parser's speed; the targets in
//! `fuzz/` for its robustness. It builds for wasm32. `docs/SIP.md` says what is supported and what is not.

#![warn(missing_docs)]

pub mod agent;
mod call;
pub mod dialog;
pub mod digest;
pub mod endpoint;
pub mod framing;
#[doc(hidden)]
pub mod fuzzing;
pub mod message;
mod notifier;
mod publication;
mod registration;
pub mod status;
mod subscription;
pub mod transaction;
pub mod uri;
