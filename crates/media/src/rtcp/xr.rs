use super::packet::word;

/// The VoIP metrics report block (RFC 3611 §4.7). Times in ms, rates in 1/256; 127 is "unknown" for the signed and the
/// quality fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoipMetrics {
    /// The source it is about.
    pub ssrc: u32,
    /// Lost on the way.
    pub loss_rate: u8,
    /// Discarded by the jitter buffer.
    pub discard_rate: u8,
    /// Lost or discarded within bursts.
    pub burst_density: u8,
    /// Lost or discarded between them.
    pub gap_density: u8,
    /// Mean length of a burst.
    pub burst_duration: u16,
    /// Mean length between them.
    pub gap_duration: u16,
    /// Round trip between the RTP ends.
    pub round_trip: u16,
    /// Delay within our end: jitter buffer, codec, devices.
    pub end_system_delay: u16,
    /// Loss-free packets that end a burst.
    pub gmin: u8,
    /// Rating of the E-model, 0 to 100.
    pub r_factor: u8,
    /// Listening quality, MOS times ten.
    pub mos_lq: u8,
    /// Conversational quality, MOS times ten.
    pub mos_cq: u8,
    /// The jitter buffer's nominal delay.
    pub jitter_nominal: u16,
    /// Its greatest delay so far.
    pub jitter_maximum: u16,
    /// The greatest that it can take.
    pub jitter_absolute_maximum: u16,
}

/// Enhanced concealment, adaptive jitter buffer, rate unknown (RFC 3611 §4.7.6).
const RX_CONFIG: u8 = 0b1011_0000;
const UNKNOWN: u8 = 127;
const BLOCK_TYPE: u8 = 7;

impl Default for VoipMetrics {
    fn default() -> Self {
        Self {
            ssrc: 0,
            loss_rate: 0,
            discard_rate: 0,
            burst_density: 0,
            gap_density: 0,
            burst_duration: 0,
            gap_duration: 0,
            round_trip: 0,
            end_system_delay: 0,
            gmin: 16,
            r_factor: UNKNOWN,
            mos_lq: UNKNOWN,
            mos_cq: UNKNOWN,
            jitter_nominal: 0,
            jitter_maximum: 0,
            jitter_absolute_maximum: 0,
        }
    }
}

impl VoipMetrics {
    /// The first VoIP metrics block among report blocks.
    pub(super) fn find(mut blocks: &[u8]) -> Option<Self> {
        loop {
            let [block_type, _, high, low] = *blocks.first_chunk()?;
            let (block, rest) = blocks.split_at_checked(4 + 4 * usize::from(u16::from_be_bytes([high, low])))?;
            if block_type == BLOCK_TYPE {
                return Self::parse(block);
            }
            blocks = rest;
        }
    }

    fn parse(block: &[u8]) -> Option<Self> {
        let bytes: &[u8; 36] = block.first_chunk()?;
        let pair = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Some(Self {
            ssrc: word(bytes, 4)?,
            loss_rate: bytes[8],
            discard_rate: bytes[9],
            burst_density: bytes[10],
            gap_density: bytes[11],
            burst_duration: pair(12),
            gap_duration: pair(14),
            round_trip: pair(16),
            end_system_delay: pair(18),
            gmin: bytes[23],
            r_factor: bytes[24],
            mos_lq: bytes[26],
            mos_cq: bytes[27],
            jitter_nominal: pair(30),
            jitter_maximum: pair(32),
            jitter_absolute_maximum: pair(34),
        })
    }

    pub(super) fn write(&self, packet: &mut Vec<u8>) {
        packet.extend_from_slice(&[BLOCK_TYPE, 0, 0, 8]);
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(&[self.loss_rate, self.discard_rate, self.burst_density, self.gap_density]);
        for pair in [self.burst_duration, self.gap_duration, self.round_trip, self.end_system_delay] {
            packet.extend_from_slice(&pair.to_be_bytes());
        }
        // Signal level, noise level and echo return loss are the sample path's: unknown here.
        packet.extend_from_slice(&[UNKNOWN, UNKNOWN, UNKNOWN, self.gmin]);
        packet.extend_from_slice(&[self.r_factor, UNKNOWN, self.mos_lq, self.mos_cq, RX_CONFIG, 0]);
        for pair in [self.jitter_nominal, self.jitter_maximum, self.jitter_absolute_maximum] {
            packet.extend_from_slice(&pair.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_comes_back_as_written_behind_an_unknown_one() {
        let metrics = VoipMetrics { ssrc: 7, loss_rate: 12, gap_duration: 5_000, mos_lq: 41, ..VoipMetrics::default() };
        let mut blocks = vec![99, 0, 0, 1, 1, 2, 3, 4];
        metrics.write(&mut blocks);
        assert_eq!(VoipMetrics::find(&blocks), Some(metrics));
        assert_eq!(VoipMetrics::find(&blocks[..blocks.len() - 1]), None);
    }
}
