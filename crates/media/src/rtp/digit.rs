use std::collections::VecDeque;

use bellbird_base::{Duration, Instant};

/// Between the packets of an event; also between its end and its two repetitions.
const STEP: Duration = Duration::from_millis(20);
/// Between two digits, from the first end packet of one to the start of the next.
const PAUSE: Duration = Duration::from_millis(60);
/// An event without its end is over after this silence.
const SILENCE: Duration = Duration::from_millis(150);
/// Digits that wait; more than anybody types ahead.
const MAX_QUEUED: usize = 128;
/// Shortest and longest sounding digit.
const LENGTHS: (Duration, Duration) = (Duration::from_millis(40), Duration::from_secs(6));

const DIGITS: &[u8; 17] = b"0123456789*#ABCD!";

/// Volume of the events that we send: −10 dBm0.
const VOLUME: u8 = 10;

/// The event code of a digit (RFC 4733 §3.2).
fn code_of(digit: char) -> Option<u8> {
    let position = DIGITS.iter().position(|known| char::from(*known) == digit.to_ascii_uppercase())?;
    u8::try_from(position).ok()
}

/// A digit that was pressed and released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digit {
    pub(crate) digit: char,
    pub(crate) duration: Duration,
}

/// Sends digits one after the other as events (RFC 4733 §2.5.1).
///
/// ```text
/// Silent ──▶ Sounding ──▶ Ending (three end packets) ──▶ Pausing ──▶ Sounding or Silent
/// ```
#[derive(Debug, Default)]
pub(crate) struct DigitSender {
    queue: VecDeque<(u8, Duration)>,
    state: Sending,
}

#[derive(Clone, Copy, Debug, Default)]
enum Sending {
    #[default]
    Silent,
    Sounding {
        event: Sounding,
        next: Instant,
    },
    Ending {
        event: Sounding,
        left: u8,
        next: Instant,
    },
    Pausing {
        until: Instant,
    },
}

#[derive(Clone, Copy, Debug)]
struct Sounding {
    code: u8,
    /// Where the event, or its current segment, starts.
    timestamp: u32,
    /// Ticks since then, at most 0xffff.
    elapsed: u32,
    /// Ticks that are still to come.
    left: u32,
    clock_rate: u32,
}

/// One packet of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPacket {
    pub(crate) marker: bool,
    pub(crate) timestamp: u32,
    pub(crate) payload: [u8; 4],
}

/// What a step of the sender comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send this.
    Packet(EventPacket),
    /// A digit is over: audio goes on no earlier than at this timestamp.
    Over { timestamp: u32 },
    /// The last digit is over.
    Done,
}

impl DigitSender {
    /// Queues a digit; `false` if it is none or too many wait.
    pub(crate) fn push(&mut self, digit: char, duration: Duration) -> bool {
        let Some(code) = code_of(digit).filter(|_| self.queue.len() < MAX_QUEUED) else { return false };
        self.queue.push_back((code, duration.clamp(LENGTHS.0, LENGTHS.1)));
        true
    }

    /// Whether audio has to be silent.
    pub(crate) fn is_sounding(&self) -> bool {
        matches!(self.state, Sending::Sounding { .. } | Sending::Ending { .. })
    }

    /// When the next step is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.state {
            Sending::Silent => (!self.queue.is_empty()).then_some(Instant::ORIGIN),
            Sending::Sounding { next, .. } | Sending::Ending { next, .. } => Some(next),
            Sending::Pausing { until } => Some(until),
        }
    }

    /// Forgets all digits: the peer takes none any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the next step if it is due. `timestamp` is where audio stands.
    pub(crate) fn step(&mut self, now: Instant, timestamp: u32, clock_rate: u32) -> Option<Step> {
        if self.due()? > now {
            return None;
        }
        match self.state {
            Sending::Silent => self.start(now, timestamp, clock_rate),
            Sending::Sounding { mut event, next } => {
                event.advance();
                self.state = event.next_state(next + STEP);
                Some(Step::Packet(event.packet(self.is_ending())))
            }
            Sending::Ending { event, left: 0, .. } => {
                self.state = Sending::Pausing { until: now + PAUSE.saturating_sub(STEP * 3) };
                Some(Step::Over { timestamp: event.timestamp.wrapping_add(event.elapsed) })
            }
            Sending::Ending { event, left, next } => {
                self.state = Sending::Ending { event, left: left - 1, next: next + STEP };
                Some(Step::Packet(event.packet(true)))
            }
            Sending::Pausing { .. } => {
                self.state = Sending::Silent;
                if self.queue.is_empty() { Some(Step::Done) } else { self.start(now, timestamp, clock_rate) }
            }
        }
    }

    fn start(&mut self, now: Instant, timestamp: u32, clock_rate: u32) -> Option<Step> {
        let (code, duration) = self.queue.pop_front()?;
        let total = (duration.as_secs_f64() * f64::from(clock_rate)) as u32;
        let mut event = Sounding { code, timestamp, elapsed: 0, left: total, clock_rate };
        event.advance();
        self.state = event.next_state(now + STEP);
        let mut packet = event.packet(self.is_ending());
        packet.marker = true;
        Some(Step::Packet(packet))
    }

    fn is_ending(&self) -> bool {
        matches!(self.state, Sending::Ending { .. })
    }
}

impl Sounding {
    /// One step on. Where the duration field is full a new segment begins (RFC 4733 §2.5.1.3).
    fn advance(&mut self) {
        let step = (self.clock_rate / 50).min(self.left);
        self.left -= step;
        self.elapsed += step;
        if self.elapsed > 0xffff {
            self.timestamp = self.timestamp.wrapping_add(0xffff);
            self.elapsed -= 0xffff;
        }
    }

    fn next_state(self, next: Instant) -> Sending {
        match self.left {
            // The packet that goes out with this state is the first of three.
            0 => Sending::Ending { event: self, left: 2, next },
            _ => Sending::Sounding { event: self, next },
        }
    }

    fn packet(&self, end: bool) -> EventPacket {
        let [high, low] = (self.elapsed as u16).to_be_bytes();
        let payload = [self.code, u8::from(end) << 7 | VOLUME, high, low];
        EventPacket { marker: false, timestamp: self.timestamp, payload }
    }
}

/// Receives digits: one for each event, however many of its packets arrive (RFC 4733 §2.5.2).
///
/// ```text
/// Quiet ──▶ Pressed ── end packet, silence or the next event ──▶ Released ──▶ Pressed
/// ```
#[derive(Debug, Default)]
pub(crate) struct DigitReceiver {
    state: Receiving,
}

#[derive(Clone, Copy, Debug, Default)]
enum Receiving {
    #[default]
    Quiet,
    Pressed(Pressed),
    Released {
        timestamp: u32,
    },
}

#[derive(Clone, Copy, Debug)]
struct Pressed {
    code: u8,
    timestamp: u32,
    /// Ticks of the segments before this one.
    before: u32,
    duration: u32,
    clock_rate: u32,
    heard: Instant,
}

impl DigitReceiver {
    /// Takes an event packet; gives the digits that are over by it: the one before, this one, or both.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        timestamp: u32,
        clock_rate: u32,
        payload: &[u8],
    ) -> [Option<Digit>; 2] {
        let Some(&[code, flags, high, low]) = payload.first_chunk() else { return [None; 2] };
        if usize::from(code) >= DIGITS.len() {
            return [None; 2];
        }
        let duration = u32::from(u16::from_be_bytes([high, low]));
        let fresh = Pressed { code, timestamp, before: 0, duration, clock_rate, heard: now };
        let (before, pressed) = match self.state {
            Receiving::Quiet => (None, fresh),
            Receiving::Released { timestamp: last } if !is_after(timestamp, last) => return [None; 2],
            Receiving::Released { .. } => (None, fresh),
            Receiving::Pressed(pressed) if pressed.timestamp == timestamp => (None, pressed.lengthened(&fresh)),
            Receiving::Pressed(pressed) if !is_after(timestamp, pressed.timestamp) => return [None; 2],
            Receiving::Pressed(pressed) if pressed.goes_on_in(&fresh) => (None, pressed.continued(&fresh)),
            Receiving::Pressed(pressed) => (Some(pressed.digit()), fresh),
        };
        self.state = Receiving::Pressed(pressed);
        [before, if flags & 0x80 != 0 { self.release() } else { None }]
    }

    /// When an event without an end is over.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.state {
            Receiving::Pressed(pressed) => Some(pressed.heard + SILENCE),
            Receiving::Quiet | Receiving::Released { .. } => None,
        }
    }

    /// The digit whose end was lost, once it is due.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Digit> {
        self.due().filter(|due| *due <= now).and_then(|_| self.release())
    }

    /// Another source has other timestamps.
    pub(crate) fn restart(&mut self) -> Option<Digit> {
        let last = self.release();
        self.state = Receiving::Quiet;
        last
    }

    fn release(&mut self) -> Option<Digit> {
        let Receiving::Pressed(pressed) = self.state else { return None };
        self.state = Receiving::Released { timestamp: pressed.timestamp };
        Some(pressed.digit())
    }
}

impl Pressed {
    fn lengthened(self, packet: &Self) -> Self {
        Self { duration: self.duration.max(packet.duration), heard: packet.heard, ..self }
    }

    /// A segment starts where the one before was full (RFC 4733 §2.5.1.3).
    fn goes_on_in(&self, packet: &Self) -> bool {
        packet.code == self.code && packet.timestamp == self.timestamp.wrapping_add(0xffff)
    }

    fn continued(self, packet: &Self) -> Self {
        Self { before: self.before.saturating_add(0xffff), ..*packet }
    }

    fn digit(&self) -> Digit {
        let ticks = u64::from(self.before) + u64::from(self.duration);
        let nanos = ticks * 1_000_000_000 / u64::from(self.clock_rate.max(1));
        Digit { digit: char::from(DIGITS[usize::from(self.code)]), duration: Duration::from_nanos(nanos) }
    }
}

fn is_after(timestamp: u32, other: u32) -> bool {
    (timestamp.wrapping_sub(other) as i32) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    /// All packets that the queued digits come to, with their times in ms.
    fn sent(sender: &mut DigitSender, clock_rate: u32) -> Vec<(u64, EventPacket)> {
        let (mut packets, mut timestamp) = (Vec::new(), 1_000);
        for millis in 0..20_000 {
            while let Some(step) = sender.step(at(millis), timestamp, clock_rate) {
                match step {
                    Step::Packet(packet) => packets.push((millis, packet)),
                    Step::Over { timestamp: over } => timestamp = over,
                    Step::Done => return packets,
                }
            }
        }
        panic!("never done: {sender:?}")
    }

    fn digits(packets: &[(u64, EventPacket)], clock_rate: u32) -> Vec<Digit> {
        let mut receiver = DigitReceiver::default();
        let mut digits = Vec::new();
        for (millis, packet) in packets {
            digits.extend(receiver.expire(at(*millis)));
            let found = receiver.receive(at(*millis), packet.timestamp, clock_rate, &packet.payload);
            digits.extend(found.into_iter().flatten());
        }
        digits.extend(receiver.expire(at(60_000)));
        digits
    }

    fn typed(text: &str, millis: u64) -> DigitSender {
        let mut sender = DigitSender::default();
        text.chars().for_each(|digit| assert!(sender.push(digit, Duration::from_millis(millis))));
        sender
    }

    #[test]
    fn event_has_one_marker_one_timestamp_and_three_ends() {
        let packets = sent(&mut typed("5", 100), 8_000);
        let markers = packets.iter().filter(|(_, packet)| packet.marker).count();
        let ends: Vec<_> = packets.iter().filter(|(_, packet)| packet.payload[1] & 0x80 != 0).collect();
        assert_eq!((packets.len(), markers, ends.len()), (7, 1, 3));
        assert!(packets[0].1.marker && packets.iter().all(|(_, packet)| packet.timestamp == 1_000));
        assert!(ends.iter().all(|(_, packet)| packet.payload[2..] == [3, 0x20]));
    }

    #[test]
    fn digits_arrive_as_typed() {
        for clock_rate in [8_000, 48_000] {
            let packets = sent(&mut typed("112#*aD!", 80), clock_rate);
            let found = digits(&packets, clock_rate);
            assert_eq!(found.iter().map(|digit| digit.digit).collect::<String>(), "112#*AD!");
            assert!(found.iter().all(|digit| digit.duration == Duration::from_millis(80)), "{found:?}");
        }
    }

    #[test]
    fn lost_ends_and_duplicates_do_no_harm() {
        let packets = sent(&mut typed("123", 100), 8_000);
        let without_ends: Vec<_> = packets
            .iter()
            .filter(|(_, packet)| packet.payload[1] & 0x80 == 0)
            .flat_map(|packet| [*packet; 2])
            .collect();
        let found: String = digits(&without_ends, 8_000).iter().map(|digit| digit.digit).collect();
        assert_eq!(found, "123");
        let only_last_ends: Vec<_> = packets.iter().skip(6).step_by(7).copied().collect();
        let found: String = digits(&only_last_ends, 8_000).iter().map(|digit| digit.digit).collect();
        assert_eq!(found, "123");
    }

    #[test]
    fn long_event_is_sent_in_segments_and_heard_as_one() {
        let packets = sent(&mut typed("0", 3_000), 48_000);
        let found = digits(&packets, 48_000);
        assert_eq!(found.len(), 1);
        assert!((2_990..=3_010).contains(&found[0].duration.as_millis()), "{found:?}");
    }

    #[test]
    fn repeated_digit_is_two_events() {
        let packets = sent(&mut typed("77", 40), 8_000);
        assert_eq!(digits(&packets, 8_000).len(), 2);
    }

    #[test]
    fn reordered_packet_of_a_finished_digit_is_ignored() {
        let mut packets = sent(&mut typed("12", 100), 8_000);
        let late = packets.remove(1);
        packets.push(late);
        assert_eq!(digits(&packets, 8_000).len(), 2);
    }

    #[test]
    fn what_is_no_digit_is_refused_both_ways() {
        assert!(!DigitSender::default().push('x', STEP));
        let mut receiver = DigitReceiver::default();
        assert_eq!(receiver.receive(at(0), 1, 8_000, &[17, 0x80, 0, 1]), [None; 2]);
        assert_eq!(receiver.receive(at(0), 1, 8_000, &[1, 0x80]), [None; 2]);
    }
}
