use std::time::{Duration, Instant};

/// A schedule of frames that never drifts: what is due follows from the time since the start, not from the last step.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: u32,
    done: u64,
}

impl Pacer {
    /// How often it is asked.
    pub(crate) const PERIOD: Duration = Duration::from_millis(10);

    pub(crate) const fn new(rate: u32) -> Self {
        Self { rate, done: 0 }
    }

    /// Frames of the periods that ended `elapsed` after the start and were not handed out yet. Only whole periods: a thread
    /// that wakes a moment late must not look like a device whose callbacks vary. After a standstill of more than half a
    /// second the frames that were missed are skipped: nobody wants to hear them any more.
    pub(crate) fn due(&mut self, elapsed: Duration) -> usize {
        let time = elapsed.as_nanos() / Self::PERIOD.as_nanos() * Self::PERIOD.as_nanos();
        let due = u64::try_from(time * u128::from(self.rate) / 1_000_000_000).unwrap_or(u64::MAX);
        let frames = due.saturating_sub(self.done);
        self.done = self.done.max(due);
        let longest = u64::from(self.rate / 2);
        usize::try_from(frames.min(longest)).unwrap_or(0)
    }
}

/// The instants of a thread that steps every [`Pacer::PERIOD`].
pub(crate) struct Steps {
    start: Instant,
    next: Instant,
}

impl Steps {
    pub(crate) fn new() -> Self {
        let start = Instant::now();
        Self { start, next: start }
    }

    /// Waits for the next step, or until `stop` is hung up on. The time since the start, or nothing to stop.
    pub(crate) fn wait(&mut self, stop: &std::sync::mpsc::Receiver<std::convert::Infallible>) -> Option<Duration> {
        self.next += Pacer::PERIOD;
        let now = Instant::now();
        // After a standstill the steps start afresh instead of catching up.
        self.next = self.next.max(now.checked_sub(Pacer::PERIOD).unwrap_or(now));
        match stop.recv_timeout(self.next.saturating_duration_since(now)) {
            Ok(never) => match never {},
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Some(self.start.elapsed()),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_uneven_steps_hands_out_every_frame() {
        let mut pacer = Pacer::new(44_100);
        let mut total = 0;
        let mut elapsed = Duration::ZERO;
        while elapsed < Duration::from_secs(3_600) {
            elapsed += Duration::from_micros(9_973);
            total += pacer.due(elapsed);
        }
        let expected = elapsed.as_nanos() / 10_000_000 * 441;
        assert_eq!(total as u128, expected);
    }

    #[test]
    fn waking_late_changes_nothing_in_how_much_is_handed_out() {
        let mut pacer = Pacer::new(48_000);
        let late = [0, 900, 50, 3_000, 0].map(Duration::from_micros);
        let steps = late.iter().zip(1_u32..).map(|(late, n)| pacer.due(Pacer::PERIOD * n + *late));
        assert!(steps.eq([480; 5]));
    }

    #[test]
    fn a_standstill_is_not_caught_up() {
        let mut pacer = Pacer::new(48_000);
        assert_eq!(pacer.due(Duration::from_secs(60)), 24_000);
        assert_eq!(pacer.due(Duration::from_millis(60_010)), 480);
    }
}
