//! Comfort noise for codecs without silence of their own (RFC 3389): a level and the shape of a spectrum.

use crate::level::{amplitude, decibels, mean_square};

/// The most bytes of a payload that we make: a level and [`ORDER`] coefficients.
pub const MAX_COMFORT_NOISE_BYTES: usize = 1 + ORDER;

/// Reflection coefficients that we send and take; more are ignored, which RFC 3389 §3.3 allows.
pub(crate) const ORDER: usize = 10;

/// The loudest level that is believed: nobody's background is louder than −20 dBov, and a stray packet shall not hiss.
const LOUDEST: u8 = 20;

/// White noise through an all-pole filter, with a level: background noise in nine numbers.
#[derive(Clone, Debug)]
pub(crate) struct ShapedNoise {
    gain: f32,
    predictor: [f32; ORDER],
    memory: [f32; ORDER],
    random: u32,
}

impl ShapedNoise {
    pub(crate) const fn new() -> Self {
        Self { gain: 0.0, predictor: [0.0; ORDER], memory: [0.0; ORDER], random: 0x2545_F491 }
    }

    /// Noise of this root mean square whose spectrum these reflection coefficients describe.
    pub(crate) fn shape(&mut self, rms: f32, reflection: &[f32; ORDER]) {
        self.predictor = predictor_of(reflection);
        let remaining: f32 = reflection.iter().map(|k| 1.0 - k * k).product();
        // Uniform noise in ±1 has a variance of 1/3.
        self.gain = rms * remaining.max(0.0).sqrt() * 3.0_f32.sqrt();
    }

    pub(crate) fn next(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let white = self.random as i32 as f32 / 2_147_483_648.0;
        self.filter(white * self.gain)
    }

    fn filter(&mut self, excitation: f32) -> f32 {
        let predicted: f32 = self.predictor.iter().zip(&self.memory).map(|(a, y)| a * y).sum();
        let output = excitation - predicted;
        self.memory.copy_within(..ORDER - 1, 1);
        self.memory[0] = output;
        output
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
        for (value, fresh) in self.correlation.iter_mut().zip(autocorrelation(samples)) {
            *value = KEEP * *value + (1.0 - KEEP) * fresh;
        }
    }

    /// Writes what was heard; says how many bytes it took.
    pub fn encode(&self, payload: &mut [u8; MAX_COMFORT_NOISE_BYTES]) -> usize {
        payload[0] = (-decibels(self.mean_square)).clamp(0.0, 127.0) as u8;
        let reflection = reflection_of(&self.correlation);
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

/// Autocorrelation at lags up to [`ORDER`].
pub(crate) fn autocorrelation(samples: &[f32]) -> [f32; ORDER + 1] {
    core::array::from_fn(|lag| {
        samples.iter().skip(lag).zip(samples).map(|(later, earlier)| later * earlier).sum::<f32>()
    })
}

/// Reflection coefficients of a signal with this autocorrelation (Levinson–Durbin), in the sign in which a low-pass
/// signal's first is negative.
pub(crate) fn reflection_of(correlation: &[f32; ORDER + 1]) -> [f32; ORDER] {
    let mut reflection = [0.0; ORDER];
    // White noise at −40 dB keeps the recursion away from singular matrices.
    let mut error = correlation[0] * 1.000_1 + 1e-9;
    let mut predictor = [0.0_f32; ORDER];
    for order in 0..ORDER {
        let past: f32 = (0..order).map(|i| predictor[i] * correlation[order - i]).sum();
        let k = (-(correlation[order + 1] + past) / error).clamp(-0.98, 0.98);
        raise(&mut predictor, order, k);
        error *= 1.0 - k * k;
        reflection[order] = k;
    }
    reflection
}

/// The direct-form predictor of these reflection coefficients.
pub(crate) fn predictor_of(reflection: &[f32; ORDER]) -> [f32; ORDER] {
    let mut predictor = [0.0; ORDER];
    for (order, k) in reflection.iter().enumerate() {
        raise(&mut predictor, order, *k);
    }
    predictor
}

/// One step of the recursion: from a predictor of `order` coefficients to one more.
fn raise(predictor: &mut [f32; ORDER], order: usize, k: f32) {
    let before = *predictor;
    for i in 0..order {
        predictor[i] = before[i] + k * before[order - 1 - i];
    }
    predictor[order] = k;
}
