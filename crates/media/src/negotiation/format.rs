use bellbird_base::Codec;

use crate::sdp::{MediaDescription, RtpMap};

/// What a payload type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Encoded audio.
    Audio(Codec),
    /// Digits as events, RFC 4733, whose durations count in this clock.
    Event {
        /// In Hz.
        clock_rate: u32,
    },
    /// Comfort noise, RFC 3389.
    ComfortNoise,
}

/// Comfort noise at 8 kHz (RFC 3551 §6).
pub(crate) const COMFORT_NOISE: u8 = 13;

impl Format {
    /// What a payload type of the peer's stands for: by `a=rtpmap`, else by RFC 3551's table.
    pub(crate) fn of(media: &MediaDescription<'_>, payload_type: u8) -> Option<Self> {
        match media.rtpmap(payload_type) {
            Some(map) => Self::of_map(&map),
            None => Self::of_static(payload_type),
        }
    }

    fn of_map(map: &RtpMap<'_>) -> Option<Self> {
        let is = |name: &str| map.encoding.eq_ignore_ascii_case(name);
        if is("telephone-event") {
            let known = matches!(map.clock_rate, 8_000 | 48_000);
            return known.then_some(Self::Event { clock_rate: map.clock_rate });
        }
        if is("CN") {
            return (map.clock_rate == 8_000).then_some(Self::ComfortNoise);
        }
        let codec = Codec::ALL.into_iter().find(|codec| is(codec.name()))?;
        // Some peers name G.722 by the rate that it samples at.
        let rate_fits = map.clock_rate == codec.clock_rate() || map.clock_rate == codec.sample_rate();
        let channels_fit = map.channels == 1 || codec == Codec::Opus;
        (rate_fits && channels_fit).then_some(Self::Audio(codec))
    }

    fn of_static(payload_type: u8) -> Option<Self> {
        if payload_type == COMFORT_NOISE {
            return Some(Self::ComfortNoise);
        }
        Codec::ALL.into_iter().find(|codec| codec.static_payload_type() == Some(payload_type)).map(Self::Audio)
    }

    /// The `a=rtpmap` of a payload type of ours.
    pub(crate) fn rtpmap(self, payload_type: u8) -> String {
        let (encoding, clock_rate, channels) = match self {
            Self::Audio(Codec::Opus) => ("opus", 48_000, 2),
            Self::Audio(codec) => (codec.name(), codec.clock_rate(), 1),
            Self::Event { clock_rate } => ("telephone-event", clock_rate, 1),
            Self::ComfortNoise => ("CN", 8_000, 1),
        };
        RtpMap { payload_type, encoding, clock_rate, channels }.to_string()
    }

    /// The number that it has by RFC 3551, or that we like best.
    const fn preferred_number(self) -> u8 {
        match self {
            Self::Audio(Codec::Opus) => 96,
            Self::Audio(Codec::G722) => 9,
            Self::Audio(Codec::Pcmu) => 0,
            Self::Audio(Codec::Pcma) => 8,
            Self::Event { clock_rate: 8_000 } => 101,
            Self::Event { .. } => 100,
            Self::ComfortNoise => COMFORT_NOISE,
        }
    }
}

/// Our numbers: once given they hold for the whole session (RFC 3264 §8.3.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct PayloadTypes {
    assigned: Vec<(Format, u8)>,
}

impl PayloadTypes {
    /// The number of a format.
    pub(crate) fn assign(&mut self, format: Format) -> u8 {
        if let Some((_, number)) = self.assigned.iter().find(|(known, _)| *known == format) {
            return *number;
        }
        let is_free = |number: &u8| self.assigned.iter().all(|(_, taken)| taken != number);
        let preferred = Some(format.preferred_number()).filter(is_free);
        let number = preferred.or_else(|| (96..128).chain(35..64).find(is_free)).unwrap_or(127);
        self.assigned.push((format, number));
        number
    }

    /// Takes over the number that the peer offers for a format: our answer uses the same.
    pub(crate) fn adopt(&mut self, format: Format, number: u8) {
        self.assigned.retain(|(known, taken)| *known != format && *taken != number);
        self.assigned.push((format, number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::SessionDescription;

    fn formats(lines: &str, payload_types: &[u8]) -> Vec<Option<Format>> {
        let text = format!("v=0\r\nm=audio 4000 RTP/AVP 0\r\n{lines}");
        let description = SessionDescription::parse(&text).unwrap();
        payload_types.iter().map(|number| Format::of(&description.media[0], *number)).collect()
    }

    #[test]
    fn static_numbers_need_no_rtpmap_and_yield_to_one() {
        let expected = [Some(Format::Audio(Codec::Pcmu)), Some(Format::Audio(Codec::G722)), None];
        assert_eq!(formats("", &[0, 9, 96]), expected);
        assert_eq!(formats("a=rtpmap:9 speex/16000\r\n", &[9]), [None]);
    }

    #[test]
    fn dynamic_numbers_are_read_in_every_spelling() {
        let lines = "a=rtpmap:111 OPUS/48000/2\r\na=rtpmap:97 opus/48000\r\na=rtpmap:98 G722/16000\r\n\
            a=rtpmap:99 telephone-event/8000\r\na=rtpmap:100 telephone-event/16000\r\n";
        let opus = Some(Format::Audio(Codec::Opus));
        let expected = [opus, opus, Some(Format::Audio(Codec::G722)), Some(Format::Event { clock_rate: 8_000 }), None];
        assert_eq!(formats(lines, &[111, 97, 98, 99, 100]), expected);
    }

    #[test]
    fn number_once_given_stays_and_the_peers_is_taken_over() {
        let mut numbers = PayloadTypes::default();
        numbers.adopt(Format::Audio(Codec::Opus), 101);
        let event = Format::Event { clock_rate: 8_000 };
        assert_eq!(numbers.assign(event), 96, "101 is taken");
        assert_eq!(numbers.assign(event), 96);
        assert_eq!(numbers.assign(Format::Audio(Codec::Opus)), 101);
    }
}
