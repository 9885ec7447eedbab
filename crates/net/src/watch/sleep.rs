use bellbird_base::{Duration, Instant};

/// A jump by more than this counts as sleep.
const JUMP: Duration = Duration::from_secs(5);

/// Finds out that time went on without this program: the machine slept, or the program was frozen.
///
/// Both look the same from outside. Servers and NATs have given up on who was silent, so both are treated the same: it
/// is the clock that runs on that counts, not one that stands still while the machine sleeps.
#[derive(Debug)]
pub(super) struct SleepDetector {
    before: Instant,
    tick: Duration,
}

impl SleepDetector {
    /// Will be asked every `tick` from now on.
    pub(super) const fn new(now: Instant, tick: Duration) -> Self {
        Self { before: now, tick }
    }

    /// Compares with the last time; a jump is its length.
    pub(super) fn observe(&mut self, now: Instant) -> Option<Duration> {
        let away = now.since(self.before).saturating_sub(self.tick);
        self.before = now;
        (away > JUMP).then_some(away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    const TICK: Duration = Duration::from_secs(1);

    #[test]
    fn a_jump_of_the_clock_is_sleep() {
        let mut detector = SleepDetector::new(at(100), TICK);
        assert_eq!(detector.observe(at(101)), None);
        assert_eq!(detector.observe(at(162)), Some(Duration::from_secs(60)));
        assert_eq!(detector.observe(at(163)), None);
    }

    #[test]
    fn a_busy_machine_has_not_slept() {
        let mut detector = SleepDetector::new(at(100), TICK);
        assert_eq!(detector.observe(at(105)), None);
        assert_eq!(detector.observe(at(111)), None);
    }
}
