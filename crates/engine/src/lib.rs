//! The native driver of the phone.
//!
//! What it is: everything around [`bellbird_phone`] that has a clock, a socket, a thread or a file.
//!
//! ```text
//! shell → Command → driver task ⇄ Phone (sans-IO)
//!                     ⇄ bellbird-net      SIP flows, names, network changes
//!                     ⇄ server            HTTP, WebSocket
//!                     ⇄ RTP thread        sessions and their sockets        ⇄ rings ⇄ sound thread ⇄ devices
//!                     → keeper thread     database and secrets
//! shell ← EngineEvent
//! ```
//!
//! What it is not: it decides nothing about calls. It carries out what the phone asks for and tells it what happened.
//!
//! How to test it: `cargo test -p bellbird-engine`; with real peers through the end-to-end tests in `tests/`.

#![warn(missing_docs)]

pub mod account_file;
mod calendar;
mod call_media;
mod config;
pub mod devices;
mod driver;
mod engine;
mod keeper;
mod rtp;
pub mod secrets;
mod server;
mod sound;
pub mod store;

pub use bellbird_media::{Negotiated, QualityReport, Security};
pub use bellbird_phone::{AutoAnswer, LoadedAccount};
pub use calendar::today;
pub use config::EngineConfig;
pub use engine::{Engine, EngineEvent, StartError};
pub use keeper::Memory;
pub use rtp::PortRange;
pub use sound::{Microphone, Output, SoundConfig};
