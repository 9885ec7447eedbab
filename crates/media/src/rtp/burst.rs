use bellbird_base::Duration;

/// Packets in a row without loss that end a burst (RFC 3611 §4.7.2).
pub(crate) const GMIN: u32 = 16;

/// Bursts and gaps of loss by the four-state Markov model of RFC 3611 A.2. The counters' names are the RFC's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bursts {
    /// Packets since the last loss.
    since_loss: u32,
    losses_in_burst: u32,
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
}

/// What the model says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct BurstMetrics {
    /// Share of loss within bursts, 0 to 1.
    pub(crate) burst_density: f64,
    /// Share of loss in gaps, 0 to 1.
    pub(crate) gap_density: f64,
    pub(crate) burst_duration: Duration,
    pub(crate) gap_duration: Duration,
    /// How much longer runs of loss are than at random: 1 is random (ITU-T G.107 §7.2).
    pub(crate) burst_ratio: f64,
}

impl Bursts {
    /// The next packet in order of sequence.
    pub(crate) fn packet(&mut self, lost: bool) {
        if !lost {
            self.since_loss = self.since_loss.saturating_add(1);
            return;
        }
        if self.since_loss >= GMIN {
            // The very first loss follows on no burst.
            if self.losses_in_burst <= 1 {
                self.c14 += 1
            } else {
                self.c13 += 1
            }
            self.losses_in_burst = 1;
            self.c11 += u64::from(self.since_loss);
        } else {
            self.losses_in_burst += 1;
            if self.since_loss == 0 {
                self.c33 += 1;
            } else {
                self.c23 += 1;
                self.c22 += u64::from(self.since_loss - 1);
            }
        }
        self.since_loss = 0;
    }

    pub(crate) fn metrics(&self, packet: Duration) -> BurstMetrics {
        let [c11, c13, c14, c22, c23, c33] =
            [self.c11 + u64::from(self.since_loss), self.c13, self.c14, self.c22, self.c23, self.c33].map(|c| c as f64);
        let total = c11 + c14 + 2.0 * c13 + c22 + 2.0 * c23 + c33;
        let p32 = ratio(c23, c13 + c23 + c33, 0.0);
        let p23 = 1.0 - ratio(c22, c22 + c23, 0.0);
        let bursts = c13.max(1.0);
        let gap = (c11 + c14 + c13) / bursts;
        let losses = c13 + c14 + c23 + c33;
        BurstMetrics {
            burst_density: if c13 + c23 + c33 > 0.0 { ratio(p23, p23 + p32, 0.0) } else { 0.0 },
            gap_density: ratio(c14, c11 + c14, 0.0),
            burst_duration: packet.mul_f64((total / bursts - gap).max(0.0)),
            gap_duration: packet.mul_f64(gap),
            burst_ratio: burst_ratio(losses, c33, total),
        }
    }
}

/// Mean run of losses over what it would be at random, 1 / (1 − p).
fn burst_ratio(losses: f64, followed: f64, total: f64) -> f64 {
    let runs = losses - followed;
    if runs < 1.0 || total <= losses {
        return 1.0;
    }
    (losses / runs * (1.0 - losses / total)).max(1.0)
}

fn ratio(part: f64, whole: f64, otherwise: f64) -> f64 {
    if whole > 0.0 { part / whole } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: Duration = Duration::from_millis(20);

    fn metrics(lost: impl Fn(u32) -> bool) -> BurstMetrics {
        let mut bursts = Bursts::default();
        (0..10_000).for_each(|n| bursts.packet(lost(n)));
        bursts.metrics(PACKET)
    }

    #[test]
    fn scattered_loss_is_in_gaps() {
        let found = metrics(|n| n % 100 == 99);
        assert!((found.gap_density - 0.01).abs() < 0.002, "{found:?}");
        assert!(found.burst_density < 0.01 && (found.burst_ratio - 1.0).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn runs_of_loss_are_bursts() {
        let found = metrics(|n| n % 500 >= 495);
        assert!(found.burst_density > 0.9 && found.burst_ratio > 4.0, "{found:?}");
        assert!((80..=120).contains(&found.burst_duration.as_millis()), "{found:?}");
    }

    #[test]
    fn no_loss_is_no_burst() {
        let found = metrics(|_| false);
        assert_eq!((found.burst_density, found.gap_density, found.burst_ratio), (0.0, 0.0, 1.0));
        assert_eq!(found.burst_duration, Duration::ZERO);
    }
}
