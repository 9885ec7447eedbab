//! How late packets come, and how long to wait for them.
//!
//! A packet's transit is its arrival minus its timestamp; its *lateness* is its transit minus the least transit of the
//! last seconds. The target delay covers the lateness of nearly all packets: of each half second the worst lateness goes
//! into a histogram that forgets exponentially, and the target is a high quantile of it.

use bellbird_base::Duration;

const NANOS_PER_MILLI: i64 = 1_000_000;

/// Width of the histogram's buckets in ms.
const BUCKET_MS: usize = 5;
/// Lateness up to 1 s is told apart.
const BUCKETS: usize = 200;
/// The worst lateness of this span counts.
const SPAN_NANOS: i64 = 500 * NANOS_PER_MILLI;
/// A span with fewer packets is prolonged: silence tells nothing.
const SPAN_PACKETS: u32 = 5;
/// Share of the spans whose worst packet shall still be in time.
const QUANTILE: f32 = 0.95;
/// What a span leaves of the histogram: half is forgotten after 11 s.
const KEEP: f32 = 0.97;

/// The least transit of the last four seconds.
#[derive(Clone, Debug)]
struct LeastTransit {
    /// Minima of half seconds, the present one at `at`.
    minima: [i64; 8],
    at: usize,
    since: i64,
}

impl LeastTransit {
    fn new(arrival: i64, transit: i64) -> Self {
        let mut minima = [i64::MAX; 8];
        minima[0] = transit;
        Self { minima, at: 0, since: arrival }
    }

    fn observe(&mut self, arrival: i64, transit: i64) {
        if arrival.saturating_sub(self.since) >= SPAN_NANOS {
            self.since = arrival;
            self.at = (self.at + 1) % self.minima.len();
            self.minima[self.at] = i64::MAX;
        }
        self.minima[self.at] = self.minima[self.at].min(transit);
    }

    fn get(&self) -> i64 {
        self.minima.iter().copied().min().unwrap_or(0)
    }
}

/// Bounds of the target delay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) initial: Duration,
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

/// Learns the target delay from arrivals.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    bounds: Bounds,
    least: Option<LeastTransit>,
    histogram: [f32; BUCKETS],
    spans: f32,
    worst: i64,
    packets: u32,
    span_start: i64,
    target: i64,
    /// Waited on top, so that a later packet can repair what was lost.
    repair: i64,
}

impl Timing {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            least: None,
            histogram: [0.0; BUCKETS],
            spans: 0.0,
            worst: 0,
            packets: 0,
            span_start: 0,
            target: nanos(bounds.initial),
            repair: 0,
        }
    }

    /// Takes the arrival of a packet and the time its first sample stands for, both in nanoseconds from any origin.
    /// Gives its lateness in nanoseconds; negative if it came earlier than any before.
    pub(crate) fn observe(&mut self, arrival: i64, media: i64) -> i64 {
        let transit = arrival.saturating_sub(media);
        let least = self.least.get_or_insert_with(|| LeastTransit::new(arrival, transit));
        let lateness = transit.saturating_sub(least.get());
        least.observe(arrival, transit);
        if self.packets == 0 {
            self.span_start = arrival;
        }
        self.worst = self.worst.max(lateness);
        self.packets += 1;
        if self.spans == 0.0 {
            // Nothing is known yet but these first packets: better to believe the worst of them than to wait for a span.
            let wanted = self.worst.saturating_add(BUCKET_MS as i64 * NANOS_PER_MILLI);
            self.target = self.target.max(wanted.min(nanos(self.bounds.most)));
        }
        // Packets that were held up together are one accident: they all belong to one span.
        let elapsed = arrival.saturating_sub(self.span_start);
        let calm = lateness <= (self.worst / 8).min(20 * NANOS_PER_MILLI) || elapsed >= 6 * SPAN_NANOS;
        if elapsed >= SPAN_NANOS && self.packets >= SPAN_PACKETS && calm {
            self.close_span();
        }
        lateness
    }

    /// Starts anew with the next packet, but remembers how the network behaved.
    pub(crate) fn restart(&mut self) {
        self.least = None;
        self.worst = 0;
        self.packets = 0;
    }

    /// How much later than the least transit a sample that stands for `media` is at `now`, in nanoseconds.
    pub(crate) fn delay(&self, now: i64, media: i64) -> i64 {
        now.saturating_sub(media).saturating_sub(self.least.as_ref().map_or(0, LeastTransit::get))
    }

    /// The delay to aim at, in nanoseconds.
    pub(crate) fn target(&self) -> i64 {
        (self.target + self.repair).min(nanos(self.bounds.most))
    }

    /// Waits this much longer, in nanoseconds, for later packets to repair what was lost.
    pub(crate) fn set_repair(&mut self, repair: i64) {
        self.repair = repair;
    }

    fn close_span(&mut self) {
        self.spans += 1.0;
        // At first all spans count alike.
        let keep = (1.0 - 1.0 / self.spans).min(KEEP);
        let bucket = usize::try_from(self.worst / (BUCKET_MS as i64 * NANOS_PER_MILLI)).unwrap_or(0).min(BUCKETS - 1);
        for share in &mut self.histogram {
            *share *= keep;
        }
        self.histogram[bucket] += 1.0 - keep;
        self.worst = 0;
        self.packets = 0;
        let covered = (self.quantile() + 1) * BUCKET_MS;
        let wanted = covered as i64 * NANOS_PER_MILLI;
        self.target = wanted.clamp(nanos(self.bounds.least), nanos(self.bounds.most));
    }

    /// The bucket that holds the quantile. One span alone is an accident, however few there were.
    fn quantile(&self) -> usize {
        let wanted = (1.0 - 1.5 / self.spans).clamp(0.5, QUANTILE);
        let mut sum = 0.0;
        let reaches = |share: &f32| {
            sum += share;
            sum >= wanted
        };
        self.histogram.iter().position(reaches).unwrap_or(BUCKETS - 1)
    }
}

/// A duration in nanoseconds, bounded.
pub(crate) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bellbird_base::{Rng, Seed};

    const MS: i64 = NANOS_PER_MILLI;

    fn timing() -> Timing {
        Timing::new(Bounds {
            initial: Duration::from_millis(40),
            least: Duration::from_millis(10),
            most: Duration::from_millis(500),
        })
    }

    fn run(timing: &mut Timing, packets: std::ops::Range<i64>, delay: &mut impl FnMut(i64) -> i64) -> i64 {
        for n in packets {
            timing.observe(n * 20 * MS + delay(n), n * 20 * MS);
        }
        timing.target() / MS
    }

    #[test]
    fn steady_arrivals_lead_to_the_least_delay() {
        assert_eq!(run(&mut timing(), 0..200, &mut |_| 30 * MS), 10);
    }

    #[test]
    fn the_target_covers_the_jitter_and_follows_it_down_again() {
        let mut rng = Rng::new(&Seed::from_number(1));
        let mut timing = timing();
        let jittery = run(&mut timing, 0..1_000, &mut |_| rng.below(60) as i64 * MS);
        assert!((50..=65).contains(&jittery), "{jittery}");
        let calm = run(&mut timing, 1_000..6_000, &mut |_| 5 * MS);
        assert_eq!(calm, 10);
    }

    #[test]
    fn a_single_spike_does_not_move_the_target_but_repeated_ones_do() {
        let mut once = timing();
        run(&mut once, 0..500, &mut |_| 0);
        assert_eq!(run(&mut once, 500..700, &mut |n| if n == 510 { 200 * MS } else { 0 }), 10);
        let mut often = timing();
        let target = run(&mut often, 0..1_500, &mut |n| if n % 200 == 0 { 120 * MS } else { 0 });
        assert!(target >= 120, "{target}");
    }

    #[test]
    fn drift_of_the_clocks_is_no_jitter() {
        assert_eq!(run(&mut timing(), 0..10_000, &mut |n| n * 20 * MS / 5_000), 10);
        assert_eq!(run(&mut timing(), 0..10_000, &mut |n| 100 * MS - n * 20 * MS / 5_000), 10);
    }

    #[test]
    fn a_route_that_became_longer_is_jitter_only_for_seconds() {
        let mut timing = timing();
        run(&mut timing, 0..500, &mut |_| 0);
        run(&mut timing, 500..760, &mut |_| 50 * MS);
        assert!(timing.delay(760 * 20 * MS, 760 * 20 * MS) == -50 * MS);
    }
}
