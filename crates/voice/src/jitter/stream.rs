//! Which stream a packet belongs to: a new one begins with another codec, and where the sender's timestamps jump.

use bellbird_base::{Codec, Instant};

use super::timing::Timing;

/// A jump of the transit by more than this is a new stream, not jitter.
const JUMP_NANOS: i64 = 2_000_000_000;
/// A packet that comes this much too early for its timestamp is of a new stream, too.
const EARLY_NANOS: i64 = 500_000_000;

/// The stream that the sender sends now.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) number: u32,
    pub(crate) codec: Codec,
    /// The timestamp that counts as 0.
    timestamp: u64,
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) stream: u32,
    /// In samples since the stream's origin.
    pub(crate) start: i64,
}

/// Assigns packets to streams and feeds their arrivals to [`Timing`].
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    newest: Option<Origin>,
    previous: Option<Origin>,
    restart: bool,
    begun: u32,
}

impl Streams {
    pub(crate) const fn new() -> Self {
        Self { newest: None, previous: None, restart: false, begun: 0 }
    }

    /// The next packet begins a new stream.
    pub(crate) fn restart(&mut self) {
        self.restart = true;
    }

    /// The place of a packet; a straggler of the stream before the newest is still placed there.
    pub(crate) fn place(&mut self, codec: Codec, timestamp: u64, arrival: Instant, timing: &mut Timing) -> Place {
        if let Some(previous) = self.previous.as_ref().filter(|previous| previous.codec == codec) {
            if self.newest.as_ref().is_some_and(|newest| newest.codec != codec) {
                return Place { stream: previous.number, start: previous.samples(timestamp) };
            }
        }
        let arrival = i64::try_from(arrival.as_nanos()).unwrap_or(i64::MAX);
        if let Some(newest) = self.newest.as_ref().filter(|newest| newest.codec == codec && !self.restart) {
            let start = newest.samples(timestamp);
            let media = media_nanos(start, codec);
            let lateness = timing.delay(arrival, media);
            if (-EARLY_NANOS..JUMP_NANOS).contains(&lateness) {
                timing.observe(arrival, media);
                return Place { stream: newest.number, start };
            }
        }
        self.begin(codec, timestamp);
        timing.restart();
        timing.observe(arrival, 0);
        Place { stream: self.begun, start: 0 }
    }

    fn begin(&mut self, codec: Codec, timestamp: u64) {
        self.restart = false;
        self.begun = self.begun.wrapping_add(1);
        self.previous = self.newest.replace(Origin { number: self.begun, codec, timestamp });
    }
}

impl Origin {
    fn samples(&self, timestamp: u64) -> i64 {
        let ticks = timestamp.wrapping_sub(self.timestamp) as i64;
        ticks.saturating_mul(i64::from(self.codec.sample_rate() / self.codec.clock_rate()))
    }
}

/// What a number of samples takes, in nanoseconds, bounded to a century.
pub(crate) fn media_nanos(samples: i64, codec: Codec) -> i64 {
    const CENTURY: i128 = 3_000_000_000_000_000_000;
    let nanos = i128::from(samples) * 1_000_000_000 / i128::from(codec.sample_rate());
    nanos.clamp(-CENTURY, CENTURY) as i64
}
