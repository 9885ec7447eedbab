use std::fmt;

use bellbird_base::{Codec, Duration, Instant};

use crate::level::Level;

/// How to play.
#[derive(Clone, Debug)]
pub struct DownlinkConfig {
    /// How long the first packet waits, before anything is known of the network.
    pub initial_delay: Duration,
    /// The least that packets wait.
    pub least_delay: Duration,
    /// The most that packets wait.
    pub most_delay: Duration,
    /// Opus: 0–10; from 5 on lost frames are concealed by a neural network, from 6 on low rates are enhanced.
    pub opus_complexity: u8,
}

impl Default for DownlinkConfig {
    fn default() -> Self {
        Self {
            initial_delay: Duration::from_millis(20),
            least_delay: Duration::from_millis(20),
            most_delay: Duration::from_millis(500),
            opus_complexity: 5,
        }
    }
}

/// One packet from the network.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// What its payload type stands for; for comfort noise the codec it interrupts.
    pub codec: Codec,
    /// Extended sequence number: goes on over 2^16. Not looked at for comfort noise.
    pub sequence: u64,
    /// Extended timestamp in ticks of [`Codec::clock_rate`]: goes on over 2^32.
    pub timestamp: u64,
    /// When it came in, by the clock that [`Downlink::pull`] is told.
    pub arrival: Instant,
    /// What it holds.
    pub payload: Payload<'a>,
}

/// What a packet holds.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    /// Encoded audio.
    Audio(&'a [u8]),
    /// Comfort noise (RFC 3389): the sender is silent.
    ComfortNoise {
        /// Loudness in −dBov.
        level: u8,
        /// Quantised reflection coefficients; may be empty.
        spectrum: &'a [u8],
    },
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audio(bytes) => write!(f, "Audio({} bytes)", bytes.len()),
            Self::ComfortNoise { level, .. } => write!(f, "ComfortNoise(-{level} dBov)"),
        }
    }
}

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playing {
    /// Nothing has come yet.
    Nothing,
    /// Decoded audio.
    Audio,
    /// At least in part made up for what is missing.
    Concealment,
    /// The sender is silent; comfort noise.
    Silence,
}

/// What [`Downlink::pull`] gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PullInfo {
    /// What the block holds.
    pub playing: Playing,
    /// Its level, smoothed.
    pub level: Level,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DownlinkStats {
    /// How long the latest packet waited in the buffer beyond the fastest packet's way: the delay that jitter costs.
    pub delay: Duration,
    /// The delay that is aimed at.
    pub target: Duration,
    /// Packets that were given to the buffer.
    pub received: u64,
    /// Packets that came after their turn.
    pub late: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Packets that could not be used: damaged, too long, or pushed out of a full buffer.
    pub discarded: u64,
    /// Packets that were missing when their turn came.
    pub lost: u64,
    /// Of those, how many the next packet restored (Opus FEC).
    pub recovered: u64,
    /// Audio that a later packet described (Opus DRED).
    pub restored: Duration,
    /// Audio that was made up.
    pub concealed: Duration,
    /// Audio that was left out to catch up.
    pub shortened: Duration,
    /// Audio that was put in to fall back.
    pub lengthened: Duration,
    /// How often there was nothing to play though the sender was not silent.
    pub underruns: u64,
    /// How often a new stream began: another codec, another source, a jump in time.
    pub restarts: u64,
}
