use bellbird_base::{Duration, Instant};

use super::xr::VoipMetrics;

/// A datagram of RTCP packets whose lengths add up (RFC 3550 A.2). It need not begin with a report (RFC 5506).
#[derive(Clone, Copy, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

/// One RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SR.
    SenderReport {
        /// Who sends it.
        ssrc: u32,
        /// What it has sent.
        info: SenderInfo,
        /// What it has received.
        blocks: Blocks<'a>,
    },
    /// RR.
    ReceiverReport {
        /// Who sends it.
        ssrc: u32,
        /// What it has received.
        blocks: Blocks<'a>,
    },
    /// BYE.
    Bye {
        /// Who leaves: four bytes a source.
        sources: Sources<'a>,
    },
    /// XR with a VoIP metrics block.
    VoipMetrics {
        /// Who sends it.
        ssrc: u32,
        /// The metrics.
        metrics: VoipMetrics,
    },
    /// SDES, APP, feedback, other XR: not of use here.
    Other,
}

/// The report blocks of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

/// The sources that a BYE names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources<'a>(&'a [u8]);

/// What a sender says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// When the report was sent.
    pub ntp: NtpTime,
    /// The same instant in ticks of the codec's clock.
    pub timestamp: u32,
    /// RTP packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// What a receiver says about one source (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source it is about.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the start; negative with duplicates. 24 bits.
    pub lost: i32,
    /// Highest sequence number received, with the count of wraps above.
    pub highest_sequence: u32,
    /// Interarrival jitter in ticks.
    pub jitter: u32,
    /// Middle 32 bits of the last sender report's NTP time; 0 for none.
    pub last_sender_report: u32,
    /// Time since then in 1/65536 s.
    pub delay: u32,
}

/// Time in NTP's format: seconds and 2^-32 seconds. Ours counts from the clock's origin, as RFC 3550 §4 allows: it
/// tells nobody the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// The instant in NTP's format.
    pub fn of(instant: Instant) -> Self {
        let (seconds, nanos) = (instant.as_nanos() / 1_000_000_000, instant.as_nanos() % 1_000_000_000);
        // 0 would mean "no report yet".
        Self(((seconds + 1) << 32) | ((nanos << 32) / 1_000_000_000))
    }

    /// The middle 32 bits.
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// The round trip that a report block tells (RFC 3550 §6.4.1), given when it came in.
pub(crate) fn round_trip(block: &ReportBlock, arrival: Instant) -> Option<Duration> {
    let elapsed = NtpTime::of(arrival).middle().wrapping_sub(block.last_sender_report).wrapping_sub(block.delay);
    // The peer's clock may run faster than ours; an implausible figure is not one.
    let plausible = block.last_sender_report != 0 && elapsed < 30 << 16;
    plausible.then(|| Duration::from_nanos((u64::from(elapsed) * 1_000_000_000) >> 16))
}

impl<'a> Compound<'a> {
    /// Checks the lengths of the whole datagram.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let mut rest = datagram;
        while !rest.is_empty() {
            rest = split(rest)?.1;
        }
        (!datagram.is_empty()).then_some(Self { rest: datagram })
    }
}

/// The first packet and the rest.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [first, _, high, low] = *bytes.first_chunk()?;
    let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
    (first >> 6 == 2).then(|| bytes.split_at_checked(length)).flatten()
}

impl<'a> Iterator for Compound<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let (packet, rest) = split(self.rest)?;
        self.rest = rest;
        Some(typed(packet).unwrap_or(Packet::Other))
    }
}

fn typed(packet: &[u8]) -> Option<Packet<'_>> {
    let [first, packet_type, ..] = *packet else { return None };
    let count = usize::from(first & 0x1f);
    let ssrc = word(packet, 4);
    Some(match packet_type {
        200 => Packet::SenderReport {
            ssrc: ssrc?,
            info: sender_info(packet)?,
            blocks: Blocks(packet.get(28..28 + 24 * count)?),
        },
        201 => Packet::ReceiverReport { ssrc: ssrc?, blocks: Blocks(packet.get(8..8 + 24 * count)?) },
        203 => Packet::Bye { sources: Sources(packet.get(4..4 + 4 * count)?) },
        207 => Packet::VoipMetrics { ssrc: ssrc?, metrics: VoipMetrics::find(packet.get(8..)?)? },
        _ => Packet::Other,
    })
}

fn sender_info(packet: &[u8]) -> Option<SenderInfo> {
    let ntp = NtpTime(u64::from(word(packet, 8)?) << 32 | u64::from(word(packet, 12)?));
    Some(SenderInfo { ntp, timestamp: word(packet, 16)?, packets: word(packet, 20)?, octets: word(packet, 24)? })
}

pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let block = ReportBlock::parse(self.0)?;
        self.0 = self.0.get(24..)?;
        Some(block)
    }
}

impl Iterator for Sources<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let ssrc = word(self.0, 0)?;
        self.0 = self.0.get(4..)?;
        Some(ssrc)
    }
}

impl ReportBlock {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let loss = word(bytes, 4)?;
        Some(Self {
            ssrc: word(bytes, 0)?,
            fraction_lost: (loss >> 24) as u8,
            // Sign-extends 24 bits.
            lost: (loss << 8) as i32 >> 8,
            highest_sequence: word(bytes, 8)?,
            jitter: word(bytes, 12)?,
            last_sender_report: word(bytes, 16)?,
            delay: word(bytes, 20)?,
        })
    }

    pub(super) fn write(&self, packet: &mut Vec<u8>) {
        let loss = u32::from(self.fraction_lost) << 24 | (self.lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff);
        let words = [self.ssrc, loss, self.highest_sequence, self.jitter, self.last_sender_report, self.delay];
        words.iter().for_each(|word| packet.extend_from_slice(&word.to_be_bytes()));
    }
}
