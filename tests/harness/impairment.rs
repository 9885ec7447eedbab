//! What a bad network does to a datagram, drawn from a seed.

use std::time::Duration;

use bellbird_base::Rng;

/// What happens to each datagram, in both directions alike.
#[derive(Clone, Copy, Debug, Default)]
pub struct Impairment {
    /// Share that is lost, 0 to 1.
    pub loss: f64,
    /// What each one takes at least.
    pub delay: Duration,
    /// Up to so much more; datagrams overtake each other.
    pub jitter: Duration,
    /// Share that arrives twice, 0 to 1.
    pub duplication: f64,
}

impl Impairment {
    /// How long each copy of the next datagram takes; nothing if it is lost.
    pub(crate) fn fate(&self, rng: &mut Rng) -> Vec<Duration> {
        if rng.unit() < self.loss {
            return Vec::new();
        }
        let copies = if rng.unit() < self.duplication { 2 } else { 1 };
        (0..copies).map(|_| self.delay + self.jitter.mul_f64(rng.unit())).collect()
    }

    /// The same way for what must not get lost.
    pub(crate) fn only_late(&self) -> Self {
        Self { loss: 0.0, duplication: 0.0, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use bellbird_base::Seed;

    use super::*;

    #[test]
    fn loss_and_duplication_are_as_often_as_asked_for() {
        let impairment = Impairment { loss: 0.1, duplication: 0.2, ..Impairment::default() };
        let mut rng = Rng::new(&Seed::from_number(1));
        let fates: Vec<_> = (0..10_000).map(|_| impairment.fate(&mut rng).len()).collect();
        let share = |copies| fates.iter().filter(|&&fate| fate == copies).count() as f64 / 10_000.0;
        assert!((share(0) - 0.1).abs() < 0.01 && (share(2) - 0.18).abs() < 0.015, "{} {}", share(0), share(2));
    }

    #[test]
    fn datagrams_take_the_delay_and_some_jitter() {
        let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(40));
        let mut rng = Rng::new(&Seed::from_number(1));
        let impairment = Impairment { delay, jitter, ..Impairment::default() };
        let times: Vec<_> = (0..1_000).flat_map(|_| impairment.fate(&mut rng)).collect();
        assert!(times.iter().all(|time| (delay..=delay + jitter).contains(time)));
        assert!(!times.is_sorted(), "they overtake each other");
    }
}
