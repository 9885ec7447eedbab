use bellbird_base::Instant;

use crate::words::Timestamp;

/// What the calendar says at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    instant: Instant,
    time: Timestamp,
}

impl Clock {
    /// At `instant` the calendar said `time`.
    pub const fn new(instant: Instant, time: Timestamp) -> Self {
        Self { instant, time }
    }

    /// The calendar at an instant.
    pub fn time(&self, at: Instant) -> Timestamp {
        if at >= self.instant {
            self.time.after(at - self.instant)
        } else {
            let earlier = u64::try_from((self.instant - at).as_millis()).unwrap_or(u64::MAX);
            Timestamp(self.time.0.saturating_sub(earlier))
        }
    }

    /// The first instant at which the calendar says so; now where that is past.
    pub fn instant(&self, time: Timestamp) -> Instant {
        self.instant + time.since(self.time)
    }
}
