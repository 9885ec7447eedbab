//! The four transaction machines of RFC 3261 §17 with the corrections of RFC 6026.
//!
//! They know no message, socket or clock: they are told what came in and which timer rang, and say what to do. Who
//! holds the bytes and the flow is [`Endpoint`](crate::endpoint::Endpoint). Timer C is a proxy's and is not here.

mod client;
mod server;

pub use client::{ClientStep, InviteClient, NonInviteClient};
pub use server::{InviteServer, NonInviteServer, ServerStep};

use bellbird_base::{Duration, Instant};

/// The timers of RFC 3261 (table 4) and RFC 6026 §8.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Retransmits an INVITE.
    A,
    /// Gives an INVITE up.
    B,
    /// Absorbs retransmitted final responses to an INVITE.
    D,
    /// Retransmits another request.
    E,
    /// Gives another request up.
    F,
    /// Retransmits a refusal of an INVITE.
    G,
    /// Gives the ACK of a refusal up.
    H,
    /// Absorbs retransmitted ACKs.
    I,
    /// Absorbs retransmitted requests.
    J,
    /// Absorbs retransmitted responses.
    K,
    /// Absorbs retransmitted INVITEs after a 2xx.
    L,
    /// Lets further 2xx of a forked INVITE through.
    M,
}

/// The class of a status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx.
    Refusal,
}

impl Class {
    /// The class of a code.
    pub const fn of(code: u16) -> Self {
        match code {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            _ => Self::Refusal,
        }
    }
}

/// A retransmission that doubles its interval, up to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// When it is due.
    pub(crate) at: Instant,
    interval: Duration,
    limit: Duration,
}

impl Backoff {
    pub(crate) fn new(now: Instant, first: Duration, limit: Duration) -> Self {
        Self { at: now + first, interval: first, limit }
    }

    /// The one after this.
    pub(crate) fn next(self, now: Instant) -> Self {
        let interval = (self.interval * 2).min(self.limit);
        Self { at: now + interval, interval, limit: self.limit }
    }

    /// The same, but already at its limit.
    pub(crate) fn slowed(self, now: Instant) -> Self {
        Self { at: now + self.limit, interval: self.limit, limit: self.limit }
    }
}

fn earliest(retransmit: Option<(Timer, Instant)>, end: (Timer, Instant)) -> (Timer, Instant) {
    match retransmit {
        Some(first) if first.1 <= end.1 => first,
        Some(_) | None => end,
    }
}
