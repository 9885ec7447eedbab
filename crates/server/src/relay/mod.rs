//! The media relay: RTP between ends that can't meet directly (DESIGN §5).
//!
//! ```text
//! description ─► [`sdp`] ─► own address and port in c=, m= and rtcp
//! packet ─► [`core`]: from whom, on which port? ─► to whom, from which port ─► socket
//! ```
//!
//! What it is: an own pair of ports for each stream of each end, that stays through hold and re-INVITE; symmetric: an end
//! is sent to where its first packet came from, latched once. What it is not: it neither decrypts, transcodes nor mixes.
//!
//! How to test it: `cargo test -p bellbird-server relay`. The decisions are made without sockets.

mod arrival;
mod core;
mod reports;
mod sdp;
mod sockets;

pub(crate) use self::arrival::Quality;
pub(crate) use self::core::{EndKey, RelayError, is_outside};
pub(crate) use sdp::{Described, Own, without_hold};
pub(crate) use sockets::{Place, Relay, RelayConfig};
