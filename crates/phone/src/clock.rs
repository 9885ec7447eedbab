use bellbird_base::Instant;
use bellbird_contract::Timestamp;

/// What the calendar says at an instant of the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    at: Instant,
    shown: Timestamp,
}

impl WallClock {
    pub(crate) const fn new(at: Instant, shown: Timestamp) -> Self {
        Self { at, shown }
    }

    /// The calendar's time at `instant`, also before the clock was set.
    pub(crate) fn at(self, instant: Instant) -> Timestamp {
        let behind = u64::try_from(self.at.since(instant).as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.shown.after(instant.since(self.at)).0.saturating_sub(behind))
    }
}

#[cfg(test)]
mod tests {
    use bellbird_base::Duration;

    use super::*;

    #[test]
    fn calendar_follows_the_monotonic_clock_both_ways() {
        let start = Instant::ORIGIN + Duration::from_secs(10);
        let clock = WallClock::new(start, Timestamp(1_000_000));
        assert_eq!(clock.at(start + Duration::from_secs(2)), Timestamp(1_002_000));
        assert_eq!(clock.at(start - Duration::from_secs(3)), Timestamp(997_000));
    }
}
