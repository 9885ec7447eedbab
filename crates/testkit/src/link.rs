use bellbird_base::{Duration, Rng};

/// What happens to packets on their way from one host to another. Both directions have links of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// The time that each packet takes at least.
    pub delay: Duration,
    /// On top of it a random time up to this, evenly spread. More than the packets' spacing reorders them.
    pub jitter: Duration,
    /// The share of packets that is lost, 0.0 to 1.0.
    pub loss: f64,
    /// How many packets are lost in a row on average; 1.0 loses each by itself.
    pub burst: f64,
    /// The share of packets that arrives twice, the second time with a delay of its own.
    pub duplication: f64,
    /// The share of packets that is held back by `hold`, so that later ones overtake.
    pub reordering: f64,
    /// How long a reordered packet is held back.
    pub hold: Duration,
}

impl Link {
    /// Everything arrives, at once.
    pub const PERFECT: Self = Self::after(Duration::ZERO);

    /// Nothing arrives.
    pub const DOWN: Self = Self::after(Duration::ZERO).losing(1.0);

    /// Everything arrives after this time.
    pub const fn after(delay: Duration) -> Self {
        Self {
            delay,
            jitter: Duration::ZERO,
            loss: 0.0,
            burst: 1.0,
            duplication: 0.0,
            reordering: 0.0,
            hold: Duration::from_millis(100),
        }
    }

    /// With this share of packets lost, each by itself.
    #[must_use]
    pub const fn losing(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    /// With this share of packets lost, this many in a row on average.
    #[must_use]
    pub const fn losing_in_bursts(self, loss: f64, burst: f64) -> Self {
        Self { loss, burst, ..self }
    }

    /// With a random time on top of the delay.
    #[must_use]
    pub const fn jittering(self, jitter: Duration) -> Self {
        Self { jitter, ..self }
    }

    /// With this share of packets arriving twice.
    #[must_use]
    pub const fn duplicating(self, duplication: f64) -> Self {
        Self { duplication, ..self }
    }

    /// With this share of packets held back for this time.
    #[must_use]
    pub const fn reordering(self, reordering: f64, hold: Duration) -> Self {
        Self { reordering, hold, ..self }
    }
}

/// A link and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct LinkState {
    pub(crate) link: Link,
    in_burst: bool,
}

impl LinkState {
    pub(crate) const fn new(link: Link) -> Self {
        Self { link, in_burst: false }
    }

    /// Two states after Gilbert: in a burst everything is lost. The chance to enter one follows from the share of lost
    /// packets and the length of the bursts.
    pub(crate) fn loses(&mut self, rng: &mut Rng) -> bool {
        let Link { loss, burst, .. } = self.link;
        if loss <= 0.0 {
            return false;
        }
        if loss >= 1.0 {
            return true;
        }
        if burst <= 1.0 {
            return rng.unit() < loss;
        }
        let leaving = 1.0 / burst;
        let entering = (loss * leaving / (1.0 - loss)).min(1.0);
        self.in_burst = if self.in_burst { rng.unit() >= leaving } else { rng.unit() < entering };
        self.in_burst
    }

    /// How long one packet takes.
    pub(crate) fn transit(&self, rng: &mut Rng) -> Duration {
        let held = if rng.unit() < self.link.reordering { self.link.hold } else { Duration::ZERO };
        self.link.delay + self.link.jitter.mul_f64(rng.unit()) + held
    }

    pub(crate) fn duplicates(&self, rng: &mut Rng) -> bool {
        rng.unit() < self.link.duplication
    }
}

#[cfg(test)]
mod tests {
    use bellbird_base::Seed;

    use super::*;

    /// The lengths of the runs of lost packets among `count` packets.
    fn runs(link: Link, count: usize) -> Vec<usize> {
        let (mut state, mut rng) = (LinkState::new(link), Rng::new(&Seed::from_number(1)));
        let fates: Vec<bool> = (0..count).map(|_| state.loses(&mut rng)).collect();
        fates.chunk_by(|a, b| a == b).filter(|run| run[0]).map(<[bool]>::len).collect()
    }

    #[test]
    fn share_of_lost_packets_is_as_asked_with_and_without_bursts() {
        for link in [Link::PERFECT.losing(0.1), Link::PERFECT.losing_in_bursts(0.1, 5.0)] {
            let lost: usize = runs(link, 100_000).iter().sum();
            assert!((9_000..11_000).contains(&lost), "{lost}");
        }
    }

    #[test]
    fn bursts_are_as_long_as_asked() {
        let runs = runs(Link::PERFECT.losing_in_bursts(0.1, 5.0), 100_000);
        let mean = runs.iter().sum::<usize>() as f64 / runs.len() as f64;
        assert!((4.5..5.5).contains(&mean), "{mean}");
    }

    #[test]
    fn transit_lies_between_delay_and_delay_plus_jitter() {
        let state = LinkState::new(Link::after(Duration::from_millis(20)).jittering(Duration::from_millis(10)));
        let mut rng = Rng::new(&Seed::from_number(1));
        let transits: Vec<_> = (0..1_000).map(|_| state.transit(&mut rng).as_millis()).collect();
        assert!(transits.iter().all(|ms| (20..=30).contains(ms)));
        assert!(transits.contains(&20) && transits.contains(&29));
    }
}
