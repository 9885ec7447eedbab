//! Which stream a packet belongs to: a new one begins with another codec, and where the sender's timestamps jump.

use bellbird_base::Codec;

use super::timing::Timing;
use crate::Packet;

/// A jump of the transit by more than this is a new stream, not jitter.
const JUMP_NANOS: i64 = 2_000_000_000;
/// A packet that comes this much too early for its timestamp is of a new stream, too.
const EARLY_NANOS: i64 = 500_000_000;
/// Packets with a sequence number up to this far before a stream's first are stragglers of the one before.
const STRAGGLERS: u64 = 1_000;

#[derive(Clone, Debug)]
struct Origin {
    number: u32,
    codec: Codec,
    /// The timestamp that counts as 0.
    timestamp: u64,
    /// The sequence number of the first packet that came.
    sequence: u64,
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Counts the streams.
    pub(crate) stream: u32,
    /// In samples since the stream's origin.
    pub(crate) start: i64,
}

/// Assigns packets to streams and feeds their arrivals to [`Timing`].
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    newest: Option<Origin>,
    previous: Option<Origin>,
    restart: bool,
    begun: u32,
}

impl Streams {
    pub(crate) const fn new() -> Self {
        Self { newest: None, previous: None, restart: false, begun: 0 }
    }

    /// The next packet begins a new stream.
    pub(crate) fn restart(&mut self) {
        self.restart = true;
    }

    /// The place of a packet.
    pub(crate) fn place(&mut self, packet: &Packet<'_>, timing: &mut Timing) -> Place {
        self.as_straggler(packet)
            .or_else(|| self.in_newest(packet, timing))
            .unwrap_or_else(|| self.begin(packet, timing))
    }

    /// A packet of the codec before, overtaken by the first of the new one.
    fn as_straggler(&self, packet: &Packet<'_>) -> Option<Place> {
        let (newest, previous) = (self.newest.as_ref()?, self.previous.as_ref()?);
        let behind = newest.sequence.wrapping_sub(packet.sequence);
        let straggles = newest.codec != packet.codec && previous.codec == packet.codec;
        (straggles && (1..STRAGGLERS).contains(&behind)).then(|| previous.place(packet.timestamp))
    }

    fn in_newest(&self, packet: &Packet<'_>, timing: &mut Timing) -> Option<Place> {
        let newest = self.newest.as_ref().filter(|newest| newest.codec == packet.codec && !self.restart)?;
        let place = newest.place(packet.timestamp);
        let (arrival, media) = (arrival_nanos(packet), media_nanos(place.start, packet.codec));
        if !(-EARLY_NANOS..JUMP_NANOS).contains(&timing.delay(arrival, media)) {
            return None;
        }
        timing.observe(arrival, media);
        Some(place)
    }

    fn begin(&mut self, packet: &Packet<'_>, timing: &mut Timing) -> Place {
        self.restart = false;
        self.begun = self.begun.wrapping_add(1);
        let origin =
            Origin { number: self.begun, codec: packet.codec, timestamp: packet.timestamp, sequence: packet.sequence };
        self.previous = self.newest.replace(origin);
        timing.restart();
        timing.observe(arrival_nanos(packet), 0);
        Place { stream: self.begun, start: 0 }
    }
}

impl Origin {
    fn place(&self, timestamp: u64) -> Place {
        let ticks = timestamp.wrapping_sub(self.timestamp) as i64;
        let start = ticks.saturating_mul(i64::from(self.codec.sample_rate() / self.codec.clock_rate()));
        Place { stream: self.number, start }
    }
}

fn arrival_nanos(packet: &Packet<'_>) -> i64 {
    i64::try_from(packet.arrival.as_nanos()).unwrap_or(i64::MAX)
}

/// What a number of samples takes, in nanoseconds, bounded to a century.
pub(crate) fn media_nanos(samples: i64, codec: Codec) -> i64 {
    const CENTURY: i128 = 3_000_000_000_000_000_000;
    let nanos = i128::from(samples) * 1_000_000_000 / i128::from(codec.sample_rate());
    nanos.clamp(-CENTURY, CENTURY) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Payload;
    use crate::jitter::timing::Bounds;
    use bellbird_base::{Duration, Instant};

    fn timing() -> Timing {
        let wait = Duration::from_millis(40);
        Timing::new(Bounds { initial: wait, least: wait, most: wait })
    }

    fn packet(codec: Codec, sequence: u64, timestamp: u64, milliseconds: u64) -> Packet<'static> {
        let arrival = Instant::from_nanos(milliseconds * 1_000_000);
        Packet { codec, sequence, timestamp, arrival, payload: Payload::Audio(&[]) }
    }

    #[test]
    fn timestamps_of_g722_count_half_the_samples() {
        let (mut streams, mut timing) = (Streams::new(), timing());
        streams.place(&packet(Codec::G722, 1, 1_000, 0), &mut timing);
        let place = streams.place(&packet(Codec::G722, 2, 1_160, 20), &mut timing);
        assert_eq!(place, Place { stream: 1, start: 320 });
    }

    #[test]
    fn a_jump_of_the_timestamps_begins_a_stream() {
        let (mut streams, mut timing) = (Streams::new(), timing());
        for (n, timestamp, stream) in [(1, 0, 1), (2, 160, 1), (3, 80_000, 2), (4, 80_160, 2), (5, 0, 3)] {
            assert_eq!(streams.place(&packet(Codec::Pcma, n, timestamp, n * 20), &mut timing).stream, stream);
        }
        streams.restart();
        assert_eq!(streams.place(&packet(Codec::Pcma, 6, 160, 120), &mut timing).stream, 4);
    }

    #[test]
    fn stragglers_stay_with_their_codec_and_coming_back_is_a_new_stream() {
        let (mut streams, mut timing) = (Streams::new(), timing());
        streams.place(&packet(Codec::Pcma, 1, 0, 0), &mut timing);
        assert_eq!(streams.place(&packet(Codec::Opus, 3, 960, 40), &mut timing).stream, 2);
        assert_eq!(streams.place(&packet(Codec::Pcma, 2, 160, 45), &mut timing), Place { stream: 1, start: 160 });
        assert_eq!(streams.place(&packet(Codec::Pcma, 9, 1_280, 180), &mut timing).stream, 3);
    }
}
