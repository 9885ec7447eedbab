use bellbird_base::{Codec, Instant};

/// The most that goes through a ring at once: an Ethernet frame's worth.
const CAPACITY: usize = 1_472;

/// Bytes of their own, so that the threads pass them on without allocating.
#[derive(Clone)]
pub(crate) struct Payload {
    length: usize,
    bytes: [u8; CAPACITY],
}

impl Payload {
    /// A copy of `bytes`, cut where it is longer than any packet.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        let length = bytes.len().min(CAPACITY);
        let mut payload = Self { length, bytes: [0; CAPACITY] };
        payload.bytes[..length].copy_from_slice(&bytes[..length]);
        payload
    }

    /// The bytes.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// What goes from the RTP thread to the sound thread.
pub(crate) enum ToSound {
    /// Encoded audio out of one packet; the fields as in [`bellbird_media::RtpFrame`].
    Frame {
        /// How it is encoded.
        codec: Codec,
        /// Extended sequence number.
        sequence: u64,
        /// Extended timestamp.
        timestamp: u64,
        /// When it came in.
        arrival: Instant,
        /// The encoded audio.
        payload: Payload,
    },
    /// The far end is silent and sounds like this (RFC 3389).
    ComfortNoise {
        /// The codec that it interrupts.
        codec: Codec,
        /// Extended sequence number.
        sequence: u64,
        /// Extended timestamp.
        timestamp: u64,
        /// When it came in.
        arrival: Instant,
        /// Loudness in −dBov.
        level: u8,
        /// Quantised reflection coefficients.
        spectrum: Payload,
    },
    /// Another source sends now: start afresh.
    SourceChanged,
}

/// What goes from the sound thread to the RTP thread.
pub(crate) enum FromSound {
    /// Encoded audio.
    Frame {
        /// How it is encoded.
        codec: Codec,
        /// How much it holds, in ticks of the codec's RTP clock.
        ticks: u32,
        /// First after silence.
        marker: bool,
        /// The encoded audio.
        payload: Payload,
    },
    /// Silence that sounds like this (RFC 3389): level, then spectrum.
    ComfortNoise {
        /// The codec in use.
        codec: Codec,
        /// How long, in ticks of its RTP clock.
        ticks: u32,
        /// The payload.
        payload: Payload,
    },
    /// Nothing for this long.
    Silence {
        /// The codec in use.
        codec: Codec,
        /// How long, in ticks of its RTP clock.
        ticks: u32,
    },
}
