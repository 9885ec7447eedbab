//! Comfort noise for codecs without silence of their own (RFC 3389): a level and the shape of a spectrum.

use crate::level::{amplitude, decibels, mean_square};
use crate::lpc::{Synthesis, WHITE_TO_UNIT, White, autocorrelation, predictor_of, reflection_of};

/// The most bytes of a payload that we make: a level and [`ORDER`] coefficients.
pub const MAX_COMFORT_NOISE_BYTES: usize = 1 + ORDER;

/// Reflection coefficients that we send and take; more are ignored, which RFC 3389 §3.3 allows.
pub(crate) const ORDER: usize = 10;

/// The loudest level that is believed: nobody's background is louder than −20 dBov, and a stray packet shall not hiss.
const LOUDEST: u8 = 20;

/// White noise through an all-pole filter, with a level: background noise in eleven numbers.
#[derive(Clone, Debug)]
pub(crate) struct ShapedNoise {
    gain: f32,
    /// No sample is louder: an absurd spectrum can make the filter ring.
    most: f32,
    filter: Synthesis<ORDER>,
    white: White,
}

impl ShapedNoise {
    pub(crate) const fn new() -> Self {
        Self { gain: 0.0, most: 0.0, filter: Synthesis::new(), white: White::new() }
    }

    /// Noise of this root mean square whose spectrum these reflection coefficients describe.
    pub(crate) fn shape(&mut self, rms: f32, reflection: &[f32; ORDER]) {
        self.filter.predictor = predictor_of(reflection);
        self.most = 5.0 * rms;
        let remaining: f32 = reflection.iter().map(|k| 1.0 - k * k).product();
        self.gain = rms * remaining.max(0.0).sqrt() * WHITE_TO_UNIT;
    }

    pub(crate) fn next(&mut self) -> f32 {
        self.filter.filter(self.white.next() * self.gain, self.most)
    }
}

/// Plays comfort noise as the peer describes it.
#[derive(Clone, Debug)]
pub struct ComfortNoiseDecoder {
    noise: ShapedNoise,
}

impl ComfortNoiseDecoder {
    /// A decoder that is silent until it is told something.
    pub const fn new() -> Self {
        Self { noise: ShapedNoise::new() }
    }

    /// Takes a comfort noise payload: the level in −dBov, then the quantised reflection coefficients (RFC 3389 §3).
    pub fn update(&mut self, level: u8, spectrum: &[u8]) {
        let mut reflection = [0.0; ORDER];
        for (k, byte) in reflection.iter_mut().zip(spectrum) {
            *k = ((f32::from(*byte) - 127.0) / 128.0).clamp(-0.98, 0.98);
        }
        let level = f32::from((level & 0x7F).max(LOUDEST));
        self.noise.shape(amplitude(-level), &reflection);
    }

    /// Fills `samples`.
    pub fn generate(&mut self, samples: &mut [f32]) {
        samples.fill_with(|| self.noise.next());
    }
}

impl Default for ComfortNoiseDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Describes background noise.
#[derive(Clone, Debug, Default)]
pub struct ComfortNoiseEncoder {
    correlation: [f32; ORDER + 1],
    mean_square: f32,
}

impl ComfortNoiseEncoder {
    /// An encoder that has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to a frame of background noise.
    pub fn listen(&mut self, samples: &[f32]) {
        const KEEP: f32 = 0.7;
        self.mean_square = KEEP * self.mean_square + (1.0 - KEEP) * mean_square(samples);
        let mut fresh = [0.0; ORDER + 1];
        autocorrelation(samples, &mut fresh);
        for (value, fresh) in self.correlation.iter_mut().zip(fresh) {
            *value = KEEP * *value + (1.0 - KEEP) * fresh;
        }
    }

    /// Writes what was heard; says how many bytes it took.
    pub fn encode(&self, payload: &mut [u8; MAX_COMFORT_NOISE_BYTES]) -> usize {
        payload[0] = (-decibels(self.mean_square)).clamp(0.0, 127.0) as u8;
        let reflection = reflection_of::<ORDER>(&self.correlation);
        for (byte, k) in payload[1..].iter_mut().zip(reflection) {
            *byte = (127.0 + k * 128.0).round().clamp(0.0, 254.0) as u8;
        }
        MAX_COMFORT_NOISE_BYTES
    }

    /// Level of what was heard, in dBFS.
    pub(crate) fn level_dbfs(&self) -> f32 {
        decibels(self.mean_square)
    }
}
