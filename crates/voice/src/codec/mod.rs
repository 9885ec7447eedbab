//! Encoders and decoders between samples at the codec's own rate and RTP payloads.

pub(crate) mod comfort;
mod opus;
mod telephone;

pub use comfort::{ComfortNoiseDecoder, ComfortNoiseEncoder, MAX_COMFORT_NOISE_BYTES};
pub use opus::{OpusDecoder, OpusEncoder};

use bellbird_base::Codec;
use telephone::{G711, G722Decoder, G722Encoder, Law};

/// The most samples that one packet may hold: 120 ms at 48 kHz (RFC 6716 §2.1.4).
pub const MAX_FRAME_SAMPLES: usize = 5_760;

/// The most bytes that a payload may have: what fits an Ethernet packet.
pub const MAX_PAYLOAD_BYTES: usize = 1_500;

/// Why a codec refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The payload is not one of this codec, or is longer than 120 ms.
    #[error("the payload is damaged or too long")]
    BadPayload,
    /// The frame's length is none that this codec knows, or a buffer is too small.
    #[error("the frame's length does not suit the codec")]
    BadLength,
    /// The library could not allocate its state.
    #[error("the codec could not be set up")]
    Setup,
    /// The library was built without this feature.
    #[error("the codec was built without this feature")]
    Unsupported,
}

/// An encoder of any of our codecs.
#[derive(Debug)]
pub enum Encoder {
    /// Opus.
    Opus(OpusEncoder),
    /// G.722.
    G722(Box<G722Encoder>),
    /// G.711, either law.
    G711(G711),
}

impl Encoder {
    /// An encoder with this codec's usual settings. Allocates.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        Ok(match codec {
            Codec::Opus => Self::Opus(OpusEncoder::new()?),
            Codec::G722 => Self::G722(Box::new(G722Encoder::new())),
            Codec::Pcmu => Self::G711(G711::new(Law::Mu)),
            Codec::Pcma => Self::G711(G711::new(Law::A)),
        })
    }

    /// Encodes one frame at [`Codec::sample_rate`] into `payload`; says how many bytes it took. At most 120 ms, for
    /// Opus exactly 2.5, 5, 10, 20, 40 or 60 ms or a multiple of 20 ms.
    pub fn encode(&mut self, samples: &[f32], payload: &mut [u8]) -> Result<usize, CodecError> {
        match self {
            Self::Opus(encoder) => encoder.encode(samples, payload),
            Self::G722(encoder) => encoder.encode(samples, payload),
            Self::G711(encoder) => encoder.encode(samples, payload),
        }
    }

    /// Forgets what was encoded before.
    pub fn reset(&mut self) {
        match self {
            Self::Opus(encoder) => encoder.reset(),
            Self::G722(encoder) => encoder.reset(),
            Self::G711(encoder) => encoder.reset(),
        }
    }
}

/// A decoder of any of our codecs.
#[derive(Debug)]
pub enum Decoder {
    /// Opus.
    Opus(OpusDecoder),
    /// G.722.
    G722(Box<G722Decoder>),
    /// G.711, either law.
    G711(G711),
}

impl Decoder {
    /// A decoder with this codec's usual settings. Allocates.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        Ok(match codec {
            Codec::Opus => Self::Opus(OpusDecoder::new()?),
            Codec::G722 => Self::G722(Box::new(G722Decoder::new())),
            Codec::Pcmu => Self::G711(G711::new(Law::Mu)),
            Codec::Pcma => Self::G711(G711::new(Law::A)),
        })
    }

    /// Decodes one payload to samples at [`Codec::sample_rate`]; says how many.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [f32]) -> Result<usize, CodecError> {
        match self {
            Self::Opus(decoder) => decoder.decode(payload, samples),
            Self::G722(decoder) => decoder.decode(payload, samples),
            Self::G711(decoder) => decoder.decode(payload, samples),
        }
    }

    /// How many samples this payload holds at [`Codec::sample_rate`]; 0 for a damaged one.
    pub fn duration(codec: Codec, payload: &[u8]) -> usize {
        match codec {
            Codec::Opus => OpusDecoder::duration(payload),
            Codec::G722 => payload.len() * 2,
            Codec::Pcmu | Codec::Pcma => payload.len(),
        }
    }

    /// Forgets what was decoded before.
    pub fn reset(&mut self) {
        match self {
            Self::Opus(decoder) => decoder.reset(),
            Self::G722(decoder) => decoder.reset(),
            Self::G711(_) => {}
        }
    }
}

/// A sample as 16-bit PCM, rounded and clipped.
pub(crate) fn to_pcm(sample: f32) -> i16 {
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

/// 16-bit PCM as a sample.
pub(crate) fn from_pcm(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

#[cfg(test)]
mod tests;
