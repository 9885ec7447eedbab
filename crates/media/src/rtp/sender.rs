use bellbird_base::{Duration, Instant, Rng};

use super::packet::Header;
use crate::rtcp::{NtpTime, SenderInfo};

/// A silence that nobody told of: beyond it the timestamp follows the clock again.
const UNTOLD_GAP: Duration = Duration::from_millis(200);

/// What we send: source, sequence, timestamp and counts (RFC 3550 §5.1).
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) ssrc: u32,
    sequence: u16,
    timestamp: u32,
    clock_rate: u32,
    /// When the audio that has been sent or skipped ends.
    until: Option<Instant>,
    marks_next: bool,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

impl Sender {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Self {
            ssrc: rng.next_u32(),
            sequence: first_sequence(rng),
            timestamp: rng.next_u32(),
            clock_rate: 8_000,
            until: None,
            marks_next: true,
            packets: 0,
            bytes: 0,
        }
    }

    /// The header of the next frame of audio, and the time that it takes.
    pub(crate) fn frame(&mut self, now: Instant, clock_rate: u32, ticks: u32, marker: bool) -> (u16, u32, bool) {
        self.clock_rate = clock_rate;
        self.catch_up(now, ticks);
        let timestamp = self.timestamp;
        self.pass(now, ticks);
        (self.next_sequence(), timestamp, core::mem::take(&mut self.marks_next) || marker)
    }

    /// Time goes on without a packet; the next frame bears the marker.
    pub(crate) fn skip(&mut self, clock_rate: u32, ticks: u32) {
        self.clock_rate = clock_rate;
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.until = self.until.map(|until| until + self.duration_of(ticks));
        self.marks_next = true;
    }

    fn pass(&mut self, now: Instant, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
        let start = self.until.map_or(now, |until| if now > until + UNTOLD_GAP { now } else { until });
        self.until = Some(start + self.duration_of(ticks));
    }

    /// After a silence that nobody told of (a held call) the timestamp follows the clock, in whole frames.
    fn catch_up(&mut self, now: Instant, ticks: u32) {
        let Some(gap) = self.until.map(|until| now - until).filter(|gap| *gap > UNTOLD_GAP) else { return };
        let frames = gap.as_nanos() / self.duration_of(ticks.max(1)).as_nanos().max(1);
        self.timestamp = self.timestamp.wrapping_add((frames as u32).wrapping_mul(ticks));
        self.marks_next = true;
    }

    fn duration_of(&self, ticks: u32) -> Duration {
        Duration::from_nanos(u64::from(ticks) * 1_000_000_000 / u64::from(self.clock_rate))
    }

    /// The timestamp of the next frame.
    pub(crate) fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// No frame may come before this timestamp any more: an event has taken its time.
    pub(crate) fn advance_to(&mut self, timestamp: u32) {
        if (timestamp.wrapping_sub(self.timestamp) as i32) > 0 {
            self.timestamp = timestamp;
        }
        self.marks_next = true;
    }

    pub(crate) fn next_sequence(&mut self) -> u16 {
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        sequence
    }

    /// Another source, after a collision (RFC 3550 §8.2) or for another receiver. Its roll-over counter starts at nothing
    /// on both ends, so its sequence number has to start low again.
    pub(crate) fn change_source(&mut self, rng: &mut Rng) {
        self.ssrc = rng.next_u32();
        self.sequence = first_sequence(rng);
        self.marks_next = true;
        (self.packets, self.bytes) = (0, 0);
    }

    pub(crate) fn header(&self, payload_type: u8, (sequence, timestamp, marker): (u16, u32, bool)) -> Header {
        Header { marker, payload_type, sequence, timestamp, ssrc: self.ssrc }
    }

    pub(crate) fn count(&mut self, payload: usize) {
        self.packets += 1;
        self.bytes += payload as u64;
    }

    /// What a sender report says; nothing before the first packet.
    pub(crate) fn info(&self, now: Instant) -> Option<SenderInfo> {
        let until = self.until.filter(|_| self.packets > 0)?;
        let ticks = |duration: Duration| (duration.as_secs_f64() * f64::from(self.clock_rate)) as u32;
        let timestamp = self.timestamp.wrapping_add(ticks(now - until)).wrapping_sub(ticks(until - now));
        Some(SenderInfo { ntp: NtpTime::of(now), timestamp, packets: self.packets as u32, octets: self.bytes as u32 })
    }
}

/// In the lower half: lost first packets must not hide the first wrap from SRTP (RFC 3711 §3.3.1).
fn first_sequence(rng: &mut Rng) -> u16 {
    (rng.next_u32() >> 17) as u16
}

#[cfg(test)]
mod tests {
    use bellbird_base::Seed;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn sender() -> Sender {
        Sender::new(&mut Rng::new(&Seed::from_number(3)))
    }

    #[test]
    fn first_frame_and_the_one_after_silence_bear_the_marker() {
        let mut sender = sender();
        let first = sender.frame(at(0), 8_000, 160, false);
        let second = sender.frame(at(20), 8_000, 160, false);
        assert!(first.2 && !second.2);
        assert_eq!((second.0.wrapping_sub(first.0), second.1.wrapping_sub(first.1)), (1, 160));
        sender.skip(8_000, 160);
        let third = sender.frame(at(60), 8_000, 160, false);
        assert!(third.2);
        assert_eq!((third.0.wrapping_sub(second.0), third.1.wrapping_sub(second.1)), (1, 320));
    }

    #[test]
    fn late_frames_keep_their_timestamps_but_a_long_silence_moves_them_on() {
        let mut sender = sender();
        let first = sender.frame(at(0), 8_000, 160, false);
        let late = sender.frame(at(150), 8_000, 160, false);
        assert_eq!(late.1.wrapping_sub(first.1), 160);
        let resumed = sender.frame(at(10_000), 8_000, 160, false);
        assert!(resumed.2);
        let moved = resumed.1.wrapping_sub(first.1) / 8;
        assert!((9_900..=10_000).contains(&moved), "{moved} ms");
    }

    #[test]
    fn sender_report_puts_the_timestamp_at_its_own_instant() {
        let mut sender = sender();
        assert_eq!(sender.info(at(0)), None);
        let (_, start, _) = sender.frame(at(1_000), 8_000, 160, false);
        sender.count(160);
        let info = sender.info(at(1_100)).unwrap();
        assert_eq!(info.timestamp.wrapping_sub(start), 800);
    }
}
