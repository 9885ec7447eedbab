//! G.711 and G.722, the codecs that every telephone speaks.

use std::fmt;

use audio_codec::{Decoder as _, Encoder as _, g722, pcma, pcmu};

use super::{CodecError, from_pcm, to_pcm};

/// The longest frame: 120 ms at 16 kHz.
const MAX_SAMPLES: usize = 1_920;

/// Which of G.711's two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    /// µ-law: North America, Japan.
    Mu,
    /// A-law: elsewhere.
    A,
}

/// G.711, both ways: a sample is a byte. Only what the telephone's band leaves out has a memory.
#[derive(Clone, Copy, Debug)]
pub struct G711 {
    law: Law,
    band: TelephoneBand,
}

impl G711 {
    pub(super) const fn new(law: Law) -> Self {
        Self { law, band: TelephoneBand { kept: [0.0; 2] } }
    }

    pub(super) const fn reset(&mut self) {
        *self = Self::new(self.law);
    }

    pub(super) fn encode(&mut self, samples: &[f32], payload: &mut [u8]) -> Result<usize, CodecError> {
        let mut pcm = [0; MAX_SAMPLES];
        let pcm = pcm.get_mut(..samples.len()).ok_or(CodecError::BadLength)?;
        for (quantised, sample) in pcm.iter_mut().zip(samples) {
            *quantised = to_pcm(self.band.pass(*sample));
        }
        match self.law {
            Law::Mu => pcmu::PcmuEncoder::new().encode_into(pcm, payload),
            Law::A => pcma::PcmaEncoder::new().encode_into(pcm, payload),
        }
        .map_err(|_| CodecError::BadLength)
    }

    pub(super) fn decode(&mut self, payload: &[u8], samples: &mut [f32]) -> Result<usize, CodecError> {
        let mut pcm = [0; MAX_SAMPLES];
        let decoded = match self.law {
            Law::Mu => pcmu::PcmuDecoder::new().decode_into(payload, &mut pcm),
            Law::A => pcma::PcmaDecoder::new().decode_into(payload, &mut pcm),
        };
        restore(pcm.get(..decoded.map_err(|_| CodecError::BadPayload)?), samples)
    }
}

/// A high-pass at 200 Hz of the second order, at 8 kHz (Butterworth).
///
/// The telephone's band begins at 300 Hz (ITU-T G.712). What lies below carries most of a voice's power and little that
/// is heard, and the louder a sample is, the coarser are the law's steps: without it speech is as loud and less noisy.
#[derive(Clone, Copy, Debug)]
struct TelephoneBand {
    kept: [f32; 2],
}

impl TelephoneBand {
    const FORWARD: [f32; 3] = [0.894_86, -1.789_72, 0.894_86];
    const BACK: [f32; 2] = [-1.778_633, 0.800_804];
    /// Far below the law's smallest step; numbers that fade on and on cost time.
    const NOTHING: f32 = 1e-12;

    fn pass(&mut self, sample: f32) -> f32 {
        let ([b0, b1, b2], [a1, a2], [first, second]) = (Self::FORWARD, Self::BACK, self.kept);
        let passed = b0 * sample + first;
        let kept = [b1 * sample - a1 * passed + second, b2 * sample - a2 * passed];
        self.kept = kept.map(|kept| if kept.abs() < Self::NOTHING { 0.0 } else { kept });
        passed
    }
}

/// G.722 at 64 kbit/s: 16 kHz in, a byte for two samples.
pub struct G722Encoder(g722::G722Encoder);

impl G722Encoder {
    pub(super) fn new() -> Self {
        Self(g722::G722Encoder::new())
    }

    pub(super) fn encode(&mut self, samples: &[f32], payload: &mut [u8]) -> Result<usize, CodecError> {
        if !samples.len().is_multiple_of(2) {
            return Err(CodecError::BadLength);
        }
        let mut pcm = [0; MAX_SAMPLES];
        self.0.encode_into(quantise(samples, &mut pcm)?, payload).map_err(|_| CodecError::BadLength)
    }

    pub(super) fn reset(&mut self) {
        self.0 = g722::G722Encoder::new();
    }
}

/// G.722 at 64 kbit/s back to 16 kHz.
pub struct G722Decoder(g722::G722Decoder);

impl G722Decoder {
    pub(super) fn new() -> Self {
        Self(g722::G722Decoder::new())
    }

    pub(super) fn decode(&mut self, payload: &[u8], samples: &mut [f32]) -> Result<usize, CodecError> {
        let mut pcm = [0; MAX_SAMPLES];
        let decoded = self.0.decode_into(payload, &mut pcm).map_err(|_| CodecError::BadPayload)?;
        restore(pcm.get(..decoded), samples)
    }

    pub(super) fn reset(&mut self) {
        self.0 = g722::G722Decoder::new();
    }
}

fn quantise<'a>(samples: &[f32], pcm: &'a mut [i16; MAX_SAMPLES]) -> Result<&'a [i16], CodecError> {
    let pcm = pcm.get_mut(..samples.len()).ok_or(CodecError::BadLength)?;
    for (quantised, sample) in pcm.iter_mut().zip(samples) {
        *quantised = to_pcm(*sample);
    }
    Ok(pcm)
}

fn restore(pcm: Option<&[i16]>, samples: &mut [f32]) -> Result<usize, CodecError> {
    let pcm = pcm.ok_or(CodecError::BadPayload)?;
    let samples = samples.get_mut(..pcm.len()).ok_or(CodecError::BadLength)?;
    for (sample, quantised) in samples.iter_mut().zip(pcm) {
        *sample = from_pcm(*quantised);
    }
    Ok(pcm.len())
}

impl fmt::Debug for G722Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("G722Encoder")
    }
}

impl fmt::Debug for G722Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("G722Decoder")
    }
}
