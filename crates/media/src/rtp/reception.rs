use bellbird_base::{Duration, Instant};

use super::burst::{BurstMetrics, Bursts};
use super::packet::Header;
use crate::rtcp::ReportBlock;
use crate::srtp::ReplayWindow;

/// A gap above this is a restart of the source, not loss (RFC 3550 A.1).
const MAX_DROPOUT: i16 = 3_000;
/// A packet later than this is a restart too.
const MAX_MISORDER: i16 = 100;
/// A packet this far behind the newest counts as lost for good.
const SETTLED: u64 = 64;

/// What is known about the source that we hear (RFC 3550 §6.4.1, A.1, A.3, A.8).
#[derive(Debug)]
pub(crate) struct Reception {
    pub(crate) ssrc: u32,
    base: u64,
    highest: u64,
    timestamp: u64,
    received: u64,
    seen: ReplayWindow,
    restart: Option<u16>,
    prior: (u64, u64),
    jitter: Jitter,
    bursts: Bursts,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Handed on, with its extended sequence number and timestamp.
    Accepted { sequence: u64, timestamp: u64 },
    /// Seen before.
    Duplicate,
    /// Far from the others; the next one tells whether the source has restarted.
    Stray,
    /// The source has restarted: make a new reception of it.
    Restarted,
}

impl Reception {
    /// Of the first packet of a source; that packet still has to be [`receive`](Self::receive)d.
    pub(crate) fn new(header: &Header) -> Self {
        // One wrap up, so that a packet from before the first one has a number too.
        let base = 1 << 16 | u64::from(header.sequence);
        Self {
            ssrc: header.ssrc,
            base,
            highest: base,
            timestamp: 1 << 32 | u64::from(header.timestamp),
            received: 0,
            seen: ReplayWindow::default(),
            restart: None,
            prior: (0, 0),
            jitter: Jitter::default(),
            bursts: Bursts::default(),
        }
    }

    pub(crate) fn receive(&mut self, header: &Header) -> Verdict {
        let distance = header.sequence.wrapping_sub(self.highest as u16) as i16;
        if !(-MAX_MISORDER..MAX_DROPOUT).contains(&distance) {
            return self.stray(header.sequence);
        }
        self.restart = None;
        let sequence = self.highest.saturating_add_signed(i64::from(distance));
        if !self.seen.is_new(sequence) {
            return Verdict::Duplicate;
        }
        self.settle(sequence);
        self.seen.accept(sequence);
        self.received += 1;
        self.base = self.base.min(sequence);
        let timestamp = self.extended_timestamp(header.timestamp);
        if sequence >= self.highest {
            self.highest = sequence;
            self.timestamp = timestamp;
        }
        Verdict::Accepted { sequence, timestamp }
    }

    /// Two in a row far from the others mean a restart (RFC 3550 A.1).
    fn stray(&mut self, sequence: u16) -> Verdict {
        if self.restart == Some(sequence) {
            return Verdict::Restarted;
        }
        self.restart = Some(sequence.wrapping_add(1));
        Verdict::Stray
    }

    /// Tells the model of bursts about the packets that are old enough to be lost for good.
    fn settle(&mut self, sequence: u64) {
        let from = self.highest.saturating_sub(SETTLED) + 1;
        let to = sequence.saturating_sub(SETTLED);
        for index in from.max(self.base)..=to {
            self.bursts.packet(self.seen.is_new(index));
        }
    }

    fn extended_timestamp(&self, timestamp: u32) -> u64 {
        let distance = timestamp.wrapping_sub(self.timestamp as u32) as i32;
        self.timestamp.saturating_add_signed(i64::from(distance))
    }

    /// Takes an audio packet's arrival into the jitter; events and comfort noise do not keep time.
    pub(crate) fn note_arrival(&mut self, timestamp: u32, clock_rate: u32, arrival: Instant) {
        self.jitter.note(timestamp, clock_rate, arrival);
    }

    pub(crate) fn jitter(&self) -> Duration {
        self.jitter.current()
    }

    pub(crate) fn max_jitter(&self) -> Duration {
        self.jitter.greatest
    }

    pub(crate) fn expected(&self) -> u64 {
        if self.received == 0 { 0 } else { self.highest - self.base + 1 }
    }

    pub(crate) fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    pub(crate) fn bursts(&self, packet: Duration) -> BurstMetrics {
        self.bursts.metrics(packet)
    }

    /// Whether a sequence number follows on what we have heard: what nobody off the path can know.
    pub(crate) fn is_continued_by(&self, header: &Header) -> bool {
        let distance = header.sequence.wrapping_sub(self.highest as u16) as i16;
        header.ssrc == self.ssrc && (1..MAX_DROPOUT).contains(&distance)
    }

    /// The report block about this source, and a new interval for the fraction lost (RFC 3550 A.3).
    pub(crate) fn report(&mut self, last_sender_report: u32, delay: u32) -> ReportBlock {
        let (expected, received) = (self.expected() - self.prior.0, self.received - self.prior.1);
        self.prior = (self.expected(), self.received);
        let lost = expected.saturating_sub(received);
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from((lost * 256).checked_div(expected).unwrap_or(0)).unwrap_or(u8::MAX),
            lost: i32::try_from(self.lost()).unwrap_or(i32::MAX),
            // One wrap less: ours starts one up.
            highest_sequence: (self.highest - (1 << 16).min(self.highest)) as u32,
            jitter: self.jitter.ticks as u32,
            last_sender_report,
            delay,
        }
    }
}

/// Interarrival jitter (RFC 3550 A.8).
#[derive(Debug, Default)]
struct Jitter {
    ticks: f64,
    clock_rate: u32,
    last: Option<(Instant, u32)>,
    greatest: Duration,
}

impl Jitter {
    fn note(&mut self, timestamp: u32, clock_rate: u32, arrival: Instant) {
        if clock_rate != self.clock_rate {
            let factor = f64::from(clock_rate) / f64::from(self.clock_rate.max(1));
            self.ticks = if self.clock_rate == 0 { 0.0 } else { self.ticks * factor };
            (self.clock_rate, self.last) = (clock_rate, None);
        }
        if let Some((last_arrival, last_timestamp)) = self.last.replace((arrival, timestamp)) {
            let elapsed = (arrival - last_arrival).as_secs_f64() - (last_arrival - arrival).as_secs_f64();
            let sent = f64::from(timestamp.wrapping_sub(last_timestamp) as i32);
            let difference = (elapsed * f64::from(clock_rate) - sent).abs();
            self.ticks += (difference - self.ticks) / 16.0;
            self.greatest = self.greatest.max(self.current());
        }
    }

    fn current(&self) -> Duration {
        Duration::from_secs_f64(self.ticks / f64::from(self.clock_rate.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16) -> Header {
        let timestamp = u32::from(sequence).wrapping_mul(160);
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 1 }
    }

    fn after(sequences: impl IntoIterator<Item = u16>) -> Reception {
        let mut sequences = sequences.into_iter().peekable();
        let mut reception = Reception::new(&header(*sequences.peek().unwrap()));
        sequences.for_each(|sequence| {
            reception.receive(&header(sequence));
        });
        reception
    }

    #[test]
    fn sequence_goes_on_over_the_wrap() {
        let mut reception = after(65_530..=65_535);
        let verdict = reception.receive(&header(2));
        assert!(matches!(verdict, Verdict::Accepted { sequence, .. } if sequence == (2 << 16) + 2), "{verdict:?}");
        assert_eq!((reception.expected(), reception.lost()), (9, 2));
        let late = reception.receive(&header(0));
        assert!(matches!(late, Verdict::Accepted { sequence, .. } if sequence == 2 << 16), "{late:?}");
        assert_eq!(reception.lost(), 1);
    }

    #[test]
    fn timestamp_goes_on_over_the_wrap() {
        let mut reception = Reception::new(&Header { timestamp: u32::MAX - 100, ..header(1) });
        reception.receive(&Header { timestamp: u32::MAX - 100, ..header(1) });
        let verdict = reception.receive(&Header { timestamp: 59, ..header(2) });
        assert!(matches!(verdict, Verdict::Accepted { timestamp, .. } if timestamp == (2 << 32) + 59), "{verdict:?}");
    }

    #[test]
    fn duplicates_are_neither_handed_on_nor_counted() {
        let mut reception = after([1, 2, 3]);
        assert_eq!(reception.receive(&header(2)), Verdict::Duplicate);
        assert_eq!((reception.lost(), reception.received), (0, 3));
    }

    #[test]
    fn packet_from_before_the_first_counts() {
        let mut reception = after([10, 11]);
        assert!(matches!(reception.receive(&header(9)), Verdict::Accepted { .. }));
        assert_eq!((reception.expected(), reception.lost()), (3, 0));
    }

    #[test]
    fn restart_takes_two_packets_in_a_row() {
        let mut reception = after([1, 2, 3]);
        assert_eq!(reception.receive(&header(30_000)), Verdict::Stray);
        assert_eq!(reception.receive(&header(40_000)), Verdict::Stray);
        assert!(matches!(reception.receive(&header(4)), Verdict::Accepted { .. }));
        assert_eq!(reception.receive(&header(30_000)), Verdict::Stray);
        assert_eq!(reception.receive(&header(30_001)), Verdict::Restarted);
    }

    #[test]
    fn fraction_lost_is_of_the_interval() {
        let mut reception = after((1..=100).filter(|n| n % 4 != 0 || *n == 100));
        assert_eq!(reception.report(0, 0).fraction_lost, 61);
        (101..=200).for_each(|n| {
            reception.receive(&header(n));
        });
        let report = reception.report(0, 0);
        assert_eq!((report.fraction_lost, report.lost, report.highest_sequence), (0, 24, 200));
    }

    #[test]
    fn jitter_of_a_steady_stream_is_none_and_of_a_shaky_one_its_size() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let mut reception = after([1]);
        (0..500_u32).for_each(|n| reception.note_arrival(n * 160, 8_000, at(u64::from(n) * 20)));
        assert!(reception.jitter() < Duration::from_micros(100));
        (500..1_000_u32).for_each(|n| {
            reception.note_arrival(n * 160, 8_000, at(u64::from(n) * 20 + u64::from(n % 2) * 8));
        });
        assert!((7..=9).contains(&reception.jitter().as_millis()), "{:?}", reception.jitter());
    }
}
