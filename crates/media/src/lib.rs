//! The media session of a call: SDP offer/answer, RTP, RTCP and SRTP of one audio stream, sans-IO.
//!
//! What it is: [`Session`] takes datagrams, instants and session descriptions, and gives datagrams, encoded audio, events
//! and the next instant at which it wants to be woken. [`sdp`], [`rtp`], [`rtcp`] and [`srtp`] are its parts, usable alone.
//!
//! What it is not: it opens no socket, reads no clock, and neither encodes nor plays audio (`bellbird-voice` does).
//!
//! ```text
//! send     frame → payload type, sequence, timestamp → SRTP → Output::Transmit
//! receive  Input::Receive → RTP or RTCP? → SRTP → source and latch → statistics → Event::Frame
//! ```
//!
//! How to test it: `cargo test -p bellbird-media`. Two sessions talk over a simulated network in `tests/`.

#![warn(missing_docs)]

mod config;
mod event;
#[doc(hidden)]
#[allow(clippy::unwrap_used, reason = "a finding shall stop the fuzzer")]
pub mod fuzzing;
mod negotiation;
mod outputs;
mod path;
mod quality;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
mod session;
pub mod srtp;

pub use config::{KeySource, KeysUnavailable, LatchPolicy, ProviderKeys, SessionConfig, SrtpPolicy};
pub use event::{
    Component, Datagram, Event, Hold, Input, Negotiated, OpusParameters, OutgoingFrame, Output, RtpFrame, Security,
};
pub use negotiation::{RefusalKind, SdpRefusal};
pub use quality::{Playout, QualityReport};
pub use session::{OfferError, SendError, Session};
