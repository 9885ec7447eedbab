//! Whether packets get lost in a way that later packets can repair, and how long to wait for those.
//!
//! A copy of the lost frame (FEC) comes with the very next packet; a description (DRED) reaches back further. Waiting
//! costs delay, so it is done only while packets are lost.

/// Above this share of lost audio it pays to wait.
const WORTH_IT: f32 = 0.01;
/// What a second leaves of the share: half is forgotten after about 10 s.
const KEEP_PER_SECOND: f32 = 0.93;
/// Bursts are waited out up to this many samples at 48 kHz: 120 ms.
const MOST_BURST: usize = 5_760;
/// Every so many packets it is looked whether they describe the past.
const LOOK_EVERY: u32 = 25;

/// Learns what is lost and what could repair it. All lengths in samples at 48 kHz.
#[derive(Clone, Debug)]
pub(crate) struct Repair {
    lost_share: f32,
    burst: f32,
    frame: usize,
    /// Share of packets that carry a copy of the one before.
    copies: f32,
    described: usize,
    until_look: u32,
    /// The packet whose description was read, and how far back it reaches.
    read: Option<(i64, usize)>,
}

impl Repair {
    pub(crate) const fn new() -> Self {
        Self { lost_share: 0.0, burst: 0.0, frame: 960, copies: 0.0, described: 0, until_look: 1, read: None }
    }

    /// A packet of `samples` is decoded before which `missing` samples were lost.
    pub(crate) fn decoded(&mut self, samples: usize, missing: usize, has_copy: bool) {
        let span = samples + missing;
        let keep = KEEP_PER_SECOND.powf(span as f32 / crate::SAMPLE_RATE as f32);
        self.lost_share = keep * self.lost_share + (1.0 - keep) * (missing as f32 / span.max(1) as f32);
        // The typical burst: follows longer ones quickly, forgets within a minute.
        self.burst = (self.burst * keep.powf(0.25)).max(self.burst + 0.3 * (missing as f32 - self.burst)).max(0.0);
        self.copies += 0.05 * (f32::from(u8::from(has_copy)) - self.copies);
        self.frame = samples;
        self.until_look = self.until_look.saturating_sub(1);
    }

    /// Whether it is time to look for a description in a packet.
    pub(crate) fn wants_to_look(&self) -> bool {
        self.until_look == 0 && self.lost_share > WORTH_IT
    }

    /// A packet was looked at: how far back its description reaches.
    pub(crate) fn looked(&mut self, described: usize) {
        // Packets out of silence tell nothing of the past: that does not mean that none does.
        self.described = described.max(self.described * 9 / 10);
        self.until_look = LOOK_EVERY;
        self.read = None;
    }

    /// Whether packets describe the past.
    pub(crate) fn has_redundancy(&self) -> bool {
        self.described > 0
    }

    /// How far back the packet at `start` reaches; reads it if that has not been done.
    pub(crate) fn told(&mut self, start: i64, read: impl FnOnce() -> usize) -> usize {
        match self.read {
            Some((at, told)) if at == start => told,
            Some(_) | None => {
                let told = read();
                self.read = Some((start, told));
                told
            }
        }
    }

    /// How much longer to wait than jitter demands.
    pub(crate) fn wait(&self) -> usize {
        if self.lost_share < WORTH_IT {
            return 0;
        }
        if self.described > 0 && self.burst > self.frame as f32 * 1.5 {
            return (self.burst as usize).min(self.described).min(MOST_BURST);
        }
        if self.copies > 0.2 || self.described > 0 { self.frame.min(MOST_BURST) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_loss_nothing_is_waited_for() {
        let mut repair = Repair::new();
        for _ in 0..500 {
            repair.decoded(960, 0, true);
        }
        assert_eq!(repair.wait(), 0);
    }

    #[test]
    fn copies_are_worth_one_packet_while_packets_are_lost() {
        let mut repair = Repair::new();
        for n in 0..500 {
            repair.decoded(960, if n % 10 == 0 { 960 } else { 0 }, true);
        }
        assert_eq!(repair.wait(), 960);
        for _ in 0..3_000 {
            repair.decoded(960, 0, true);
        }
        assert_eq!(repair.wait(), 0);
    }

    #[test]
    fn bursts_are_waited_out_where_packets_describe_the_past() {
        let mut repair = Repair::new();
        for n in 0..1_000 {
            repair.decoded(960, if n % 40 == 0 { 4_800 } else { 0 }, false);
            if repair.wants_to_look() {
                repair.looked(6_000);
            }
        }
        assert!((3_600..=5_000).contains(&repair.wait()), "{}", repair.wait());
    }

    #[test]
    fn loss_without_remedy_costs_no_delay() {
        let mut repair = Repair::new();
        for n in 0..500 {
            repair.decoded(960, if n % 10 == 0 { 960 } else { 0 }, false);
        }
        assert_eq!(repair.wait(), 0);
    }
}
