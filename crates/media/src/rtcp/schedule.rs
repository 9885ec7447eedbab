use bellbird_base::{Duration, Instant, Rng};

/// When to send RTCP (RFC 3550 §6.2 and A.7): the interval is drawn anew each time so that peers don't fall into step.
///
/// With two members and a phone's bandwidth the minimum always rules, so bandwidth and membership are not counted, and
/// there is nobody to reconsider for.
#[derive(Debug)]
pub(crate) struct Schedule {
    minimum: Duration,
    due: Option<Instant>,
}

impl Schedule {
    pub(crate) const fn new(minimum: Duration) -> Self {
        Self { minimum, due: None }
    }

    /// Starts, unless it runs. The first interval is half as long (§6.2).
    pub(crate) fn start(&mut self, now: Instant, rng: &mut Rng) {
        if self.due.is_none() {
            self.due = Some(now + drawn(self.minimum / 2, rng));
        }
    }

    pub(crate) fn stop(&mut self) {
        self.due = None;
    }

    /// Whether it is time; if so the next time is set.
    pub(crate) fn is_due(&mut self, now: Instant, rng: &mut Rng) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due {
            self.due = Some(now + drawn(self.minimum, rng));
        }
        is_due
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }
}

/// Half to one and a half of the interval, over e − 3/2, which makes up for what timer reconsideration does (§6.3.1).
fn drawn(interval: Duration, rng: &mut Rng) -> Duration {
    interval.mul_f64((0.5 + rng.unit()) / (core::f64::consts::E - 1.5))
}

#[cfg(test)]
mod tests {
    use bellbird_base::Seed;

    use super::*;

    #[test]
    fn intervals_vary_about_the_minimum_and_the_first_is_half() {
        let mut rng = Rng::new(&Seed::from_number(1));
        let mut schedule = Schedule::new(Duration::from_secs(5));
        let start = Instant::from_nanos(1);
        schedule.start(start, &mut rng);
        let first = schedule.due().unwrap();
        assert!((1_000..3_100).contains(&(first - start).as_millis()));
        assert!(!schedule.is_due(start, &mut rng) && schedule.is_due(first, &mut rng));
        let second = schedule.due().unwrap() - first;
        assert!((2_000..6_200).contains(&second.as_millis()));
    }
}
