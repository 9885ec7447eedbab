//! How the sound of one end arrives: loss and jitter of its RTP (RFC 3550 §6.4.1 and appendix A), read from headers that
//! SRTP leaves in the clear.

use bellbird_base::Instant;

/// Clock rates that audio has; the nearest one to what is seen holds.
const RATES: [f64; 4] = [8_000.0, 16_000.0, 32_000.0, 48_000.0];
/// Seconds of sound from which the clock rate is told.
const SEEN: f64 = 0.5;
/// A jump of the sequence number beyond this is a new stream (RFC 3550 appendix A.1).
const MAX_DROPOUT: u16 = 3_000;

/// What arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Arrival {
    current: Option<Current>,
    /// Of streams before the current one.
    expected: u64,
    received: u64,
    /// Seconds.
    jitter: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Current {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
    began: (Instant, u32),
    rate: Option<f64>,
    /// When the last packet came, in seconds since the first, less its own time.
    transit: Option<f64>,
}

/// How it was, in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quality {
    /// Packets lost, in hundredths of a per cent.
    pub(crate) loss: u32,
    /// Milliseconds.
    pub(crate) jitter: u32,
}

struct Header {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

fn header(packet: &[u8]) -> Option<Header> {
    let head: &[u8; 12] = packet.first_chunk()?;
    // Version 2, and none of the payload types that RTCP on the same port looks like (RFC 5761 §4).
    if head[0] >> 6 != 2 || (64..96).contains(&(head[1] & 0x7f)) {
        return None;
    }
    let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    Some(Header { sequence: u16::from_be_bytes([head[2], head[3]]), timestamp: word(4), ssrc: word(8) })
}

impl Arrival {
    /// Takes a packet in; what is no RTP is left alone.
    pub(crate) fn hear(&mut self, now: Instant, packet: &[u8]) {
        let Some(header) = header(packet) else { return };
        match &mut self.current {
            Some(current) if current.goes_on(&header) => {
                if let Some(step) = current.take(now, &header) {
                    self.jitter += (step - self.jitter) / 16.0;
                }
            }
            _ => self.begin(now, &header),
        }
    }

    fn begin(&mut self, now: Instant, header: &Header) {
        if let Some(old) = self.current.take() {
            self.expected += old.expected();
            self.received += old.received;
        }
        let sequence = u64::from(header.sequence) + (1 << 16);
        self.current = Some(Current {
            ssrc: header.ssrc,
            first: sequence,
            highest: sequence,
            received: 1,
            began: (now, header.timestamp),
            rate: None,
            transit: None,
        });
    }

    /// Figures, once enough was heard to tell.
    pub(crate) fn quality(&self) -> Option<Quality> {
        let current = self.current.filter(|current| current.rate.is_some())?;
        let expected = self.expected + current.expected();
        let received = self.received + current.received;
        let lost = expected.saturating_sub(received);
        let loss = u32::try_from(lost * 10_000 / expected.max(1)).unwrap_or(10_000);
        Some(Quality { loss, jitter: (self.jitter * 1_000.0).round() as u32 })
    }
}

impl Current {
    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    /// Whether a packet belongs to the same stream, also where it is late.
    fn goes_on(&self, header: &Header) -> bool {
        let ahead = header.sequence.wrapping_sub(self.highest as u16);
        self.ssrc == header.ssrc && !(MAX_DROPOUT..=u16::MAX - MAX_DROPOUT).contains(&ahead)
    }

    /// By how many seconds the way took longer or shorter than that of the packet before.
    fn take(&mut self, now: Instant, header: &Header) -> Option<f64> {
        self.received += 1;
        let ahead = header.sequence.wrapping_sub(self.highest as u16);
        if ahead >= MAX_DROPOUT {
            // It was overtaken: counted, and no measure of time.
            return None;
        }
        self.highest += u64::from(ahead);
        let elapsed = now.since(self.began.0).as_secs_f64();
        let units = f64::from(header.timestamp.wrapping_sub(self.began.1));
        if self.rate.is_none() && elapsed >= SEEN {
            self.rate = nearest(units / elapsed);
        }
        let transit = elapsed - units / self.rate?;
        let before = self.transit.replace(transit)?;
        Some((transit - before).abs())
    }
}

fn nearest(seen: f64) -> Option<f64> {
    RATES.into_iter().find(|rate| (seen / rate - 1.0).abs() < 0.3)
}

#[cfg(test)]
mod tests {
    use bellbird_base::Duration;

    use super::*;

    fn packet(sequence: u16, timestamp: u32, ssrc: u32) -> Vec<u8> {
        let mut bytes = vec![0x80, 0];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(ssrc.to_be_bytes());
        bytes.extend([0; 160]);
        bytes
    }

    fn at(millis: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(millis)
    }

    /// A stream of 20 ms packets; `late` says by how many milliseconds each comes late, or that it does not come.
    fn heard(rate: u32, packets: u16, late: impl Fn(u16) -> Option<u64>) -> Arrival {
        let mut arrival = Arrival::default();
        for number in 0..packets {
            if let Some(late) = late(number) {
                let timestamp = u32::from(number) * rate / 50;
                // Around the end of the numbers, as real ones do.
                arrival.hear(at(u64::from(number) * 20 + late), &packet(number.wrapping_sub(50), timestamp, 7));
            }
        }
        arrival
    }

    #[test]
    fn even_streams_of_any_clock_rate_have_neither_loss_nor_jitter() {
        for rate in [8_000, 16_000, 48_000] {
            assert_eq!(heard(rate, 200, |_| Some(0)).quality(), Some(Quality { loss: 0, jitter: 0 }));
        }
    }

    #[test]
    fn loss_is_told_in_hundredths_of_a_per_cent() {
        let quality = heard(8_000, 200, |number| (number % 20 != 10).then_some(0)).quality().unwrap();
        assert_eq!(quality, Quality { loss: 500, jitter: 0 });
    }

    #[test]
    fn jitter_is_the_mean_deviation_of_the_ways_length() {
        let quality = heard(48_000, 400, |number| Some(if number % 2 == 0 { 0 } else { 10 })).quality().unwrap();
        assert!((9..=10).contains(&quality.jitter), "{quality:?}");
    }

    #[test]
    fn packets_that_were_overtaken_are_not_lost() {
        let mut arrival = heard(8_000, 100, |number| (number != 60).then_some(0));
        arrival.hear(at(2_000), &packet(60_u16.wrapping_sub(50), 60 * 160, 7));
        assert_eq!(arrival.quality().unwrap().loss, 0);
    }

    #[test]
    fn a_new_source_goes_on_where_the_old_one_ended_and_no_rtp_counts_for_nothing() {
        let mut arrival = heard(8_000, 100, |number| (number != 60).then_some(0));
        for number in 0..100_u16 {
            arrival.hear(at(5_000 + u64::from(number) * 20), &packet(number, u32::from(number) * 160, 8));
            arrival.hear(at(5_000), &[0x81, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
            arrival.hear(at(5_000), b"stun or worse");
        }
        assert_eq!(arrival.quality().unwrap().loss, 50, "one of two hundred");
    }

    #[test]
    fn nothing_is_told_of_a_moment() {
        assert_eq!(heard(8_000, 10, |_| Some(0)).quality(), None);
    }
}
