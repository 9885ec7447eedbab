use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Timestamp;

/// A moment of a hybrid logical clock: wall time that never runs backwards and orders what happened in one millisecond.
/// Moments compare by time, then counter, then node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hlc {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[ts(type = "number")]
    pub millis: u64,
    /// Orders acts of the same millisecond.
    pub counter: u32,
    /// Whose clock: one number for each client or server node, at most 53 bits so that JavaScript carries it.
    #[ts(type = "number")]
    pub node: u64,
}

impl Hlc {
    /// The first moment of `node` that is later than this one and not before `now`.
    #[must_use]
    pub fn next(self, now: Timestamp, node: u64) -> Self {
        let later = Self { millis: self.millis, counter: self.counter.saturating_add(1), node };
        if now.0 > self.millis {
            Self { millis: now.0, counter: 0, node }
        } else if later > self {
            later
        } else {
            // The counter is exhausted: a millisecond on is the smallest step left.
            Self { millis: self.millis.saturating_add(1), counter: 0, node }
        }
    }

    /// This moment, or `now` if it lies in the future of `now`.
    #[must_use]
    pub fn clamp_future(self, now: Timestamp) -> Self {
        if self.millis > now.0 { Self { millis: now.0, ..self } } else { self }
    }
}

/// A hybrid logical clock: it stamps what happens here, later than anything seen so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HlcClock {
    #[ts(type = "number")]
    node: u64,
    latest: Hlc,
}

impl HlcClock {
    const NODES: u64 = (1 << 53) - 1;

    /// The clock of `node`, of which the lowest 53 bits count.
    pub fn new(node: u64) -> Self {
        Self { node: node & Self::NODES, latest: Hlc::default() }
    }

    /// Whose clock it is.
    pub const fn node(&self) -> u64 {
        self.node
    }

    /// Stamps what happens now; `now` is kept in step with the server's clock by the caller.
    pub fn stamp(&mut self, now: Timestamp) -> Hlc {
        self.latest = self.latest.next(now, self.node);
        self.latest
    }

    /// Notes a moment seen elsewhere, so that later stamps come after it.
    pub fn observe(&mut self, seen: Hlc) {
        self.latest = self.latest.max(seen);
    }
}
