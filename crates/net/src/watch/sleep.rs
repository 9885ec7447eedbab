use bellbird_base::{Duration, Instant};

/// A jump by more than this counts as sleep.
const JUMP: Duration = Duration::from_secs(5);

/// Finds out that the machine slept: the clock that runs on is ahead of the one that stands still.
#[derive(Debug)]
pub(super) struct SleepDetector {
    running: Instant,
    awake: Instant,
}

impl SleepDetector {
    pub(super) const fn new(running: Instant, awake: Instant) -> Self {
        Self { running, awake }
    }

    /// Compares both clocks with the last time; a jump is its length.
    pub(super) fn observe(&mut self, running: Instant, awake: Instant) -> Option<Duration> {
        let slept = running.since(self.running).saturating_sub(awake.since(self.awake));
        *self = Self { running, awake };
        (slept > JUMP).then_some(slept)
    }
}

/// The clock that stands still while the machine sleeps.
pub(super) fn awake() -> Instant {
    use std::sync::OnceLock;
    static START: OnceLock<tokio::time::Instant> = OnceLock::new();
    Instant::ORIGIN + START.get_or_init(tokio::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_jump_of_one_clock_alone_is_sleep() {
        let mut detector = SleepDetector::new(at(100), at(50));
        assert_eq!(detector.observe(at(101), at(51)), None);
        assert_eq!(detector.observe(at(162), at(52)), Some(Duration::from_secs(60)));
        assert_eq!(detector.observe(at(163), at(53)), None);
    }

    #[test]
    fn a_busy_machine_has_not_slept() {
        let mut detector = SleepDetector::new(at(100), at(50));
        assert_eq!(detector.observe(at(130), at(80)), None);
    }

    #[test]
    fn a_short_nap_does_not_count() {
        let mut detector = SleepDetector::new(at(100), at(50));
        assert_eq!(detector.observe(at(106), at(51)), None);
    }
}
