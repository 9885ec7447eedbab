use std::fmt;

use rubato::audioadapter_buffers::direct::SequentialSliceOfSlices;
use rubato::{
    Adjustable as _, Async, FixedAsync, PolynomialDegree, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

use crate::{BLOCK_SAMPLES, SAMPLE_RATE};

/// How far [`Resampler::set_drift`] may go, as a factor.
const MAX_DRIFT: f64 = 1.01;

/// Why a resampler could not be made or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResamplerError {
    /// The rate is not one of a sound device.
    #[error("{0} Hz is not a rate that can be converted")]
    Rate(u32),
    /// A buffer is too short: see `input_needed` and `output_most`.
    #[error("a buffer is too short")]
    Length,
}

/// Converts between a device's rate and 48 kHz in blocks of 10 ms, and stretches time by a few hundred ppm so that two
/// clocks stay together.
///
/// Two equal rates go through a cubic interpolator (2 samples of delay), others through a windowed sinc.
pub struct Resampler {
    inner: Async<f32>,
}

impl Resampler {
    /// From a device's rate to blocks: each call takes [`Resampler::input_needed`] samples and gives 480.
    pub fn to_blocks(device_rate: u32) -> Result<Self, ResamplerError> {
        Self::build(device_rate, f64::from(SAMPLE_RATE) / f64::from(device_rate.max(1)), FixedAsync::Output)
    }

    /// From blocks to a device's rate: each call takes 480 samples and gives up to [`Resampler::output_most`].
    pub fn from_blocks(device_rate: u32) -> Result<Self, ResamplerError> {
        Self::build(device_rate, f64::from(device_rate) / f64::from(SAMPLE_RATE), FixedAsync::Input)
    }

    fn build(device_rate: u32, ratio: f64, fixed: FixedAsync) -> Result<Self, ResamplerError> {
        if !(4_000..=384_000).contains(&device_rate) {
            return Err(ResamplerError::Rate(device_rate));
        }
        let inner = if device_rate == SAMPLE_RATE {
            Async::new_poly(ratio, MAX_DRIFT, PolynomialDegree::Cubic, BLOCK_SAMPLES, 1, fixed)
        } else {
            let sinc = SincInterpolationParameters::new(64, WindowFunction::Blackman2)
                .oversampling_factor(128)
                .interpolation(SincInterpolationType::Cubic);
            Async::new_sinc(ratio, MAX_DRIFT, &sinc, BLOCK_SAMPLES, 1, fixed)
        };
        Ok(Self { inner: inner.map_err(|_| ResamplerError::Rate(device_rate))? })
    }

    /// Samples that the next call takes; varies by one or two from call to call.
    pub fn input_needed(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// The most samples that any call takes.
    pub fn input_most(&self) -> usize {
        self.inner.input_frames_max()
    }

    /// The most samples that any call gives: how long `output` has to be.
    pub fn output_most(&self) -> usize {
        self.inner.output_frames_max()
    }

    /// Delay that the filter adds, in samples of the output.
    pub fn delay(&self) -> usize {
        self.inner.output_delay()
    }

    /// Gives more samples (positive) or fewer than the rates say, in parts per million up to ±10,000. Glides over the
    /// next block.
    pub fn set_drift(&mut self, parts_per_million: f64) {
        let relative = (1.0 + parts_per_million * 1e-6).clamp(1.0 / MAX_DRIFT, MAX_DRIFT);
        // Within the bounds that the constructor set, so it can't fail.
        let _ = self.inner.set_resample_ratio_relative(relative, true);
    }

    /// Converts; says how many samples were taken and given.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> Result<(usize, usize), ResamplerError> {
        let (taken, given) = (input.len(), output.len());
        let inputs = [input];
        let mut outputs = [output];
        let source = SequentialSliceOfSlices::new(&inputs, 1, taken).map_err(|_| ResamplerError::Length)?;
        let mut sink = SequentialSliceOfSlices::new_mut(&mut outputs, 1, given).map_err(|_| ResamplerError::Length)?;
        self.inner.process_into_buffer(&source, &mut sink, None).map_err(|_| ResamplerError::Length)
    }

    /// Forgets what went before.
    pub fn reset(&mut self) {
        self.inner.reset();
    }
}

impl fmt::Debug for Resampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resampler").finish_non_exhaustive()
    }
}

/// Keeps the fill of a ring between two clocks at a target by choosing the drift for a [`Resampler`].
///
/// A proportional–integral controller: slow enough that nobody hears the pitch move (at most 0.5 %), with the integral
/// learning the clocks' true difference.
#[derive(Clone, Debug)]
pub struct DriftControl {
    target: f64,
    smoothed: f64,
    integral: f64,
}

impl DriftControl {
    /// Aims at `target` samples in the ring.
    pub fn new(target: usize) -> Self {
        Self { target: target as f64, smoothed: target as f64, integral: 0.0 }
    }

    /// Takes the ring's fill, once in 10 ms; gives the drift in ppm for the resampler that *empties* the ring into
    /// blocks. Negate it for the one that fills the ring.
    pub fn update(&mut self, fill: usize) -> f64 {
        const SMOOTHING: f64 = 0.02;
        const PROPORTIONAL: f64 = 4.0;
        const INTEGRAL: f64 = 0.004;
        const MOST: f64 = 5_000.0;
        self.smoothed += SMOOTHING * (fill as f64 - self.smoothed);
        let excess = self.smoothed - self.target;
        self.integral = (self.integral + INTEGRAL * excess).clamp(-MOST, MOST);
        // More in the ring than wanted: give fewer samples for each one taken.
        -(PROPORTIONAL * excess + self.integral).clamp(-MOST, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(resampler: &mut Resampler, input: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        let mut block = vec![0.0; resampler.output_most()];
        let mut at = 0;
        while at + resampler.input_needed() <= input.len() {
            let needed = resampler.input_needed();
            let (taken, given) = resampler.process(&input[at..at + needed], &mut block).unwrap();
            at += taken;
            out.extend_from_slice(&block[..given]);
        }
        out
    }

    fn tone(hertz: f32, rate: f32, samples: usize) -> Vec<f32> {
        let phase = |n: usize| std::f64::consts::TAU * f64::from(hertz) * n as f64 / f64::from(rate);
        (0..samples).map(|n| phase(n).sin() as f32).collect()
    }

    /// Power of what is not the tone, relative to the tone, in dB.
    fn distortion(samples: &[f32], hertz: f32, rate: f32) -> f32 {
        let (mut re, mut im) = (0.0_f64, 0.0_f64);
        for (n, sample) in samples.iter().enumerate() {
            let phase = std::f64::consts::TAU * f64::from(hertz) * n as f64 / f64::from(rate);
            re += f64::from(*sample) * phase.cos();
            im += f64::from(*sample) * phase.sin();
        }
        let tone = 2.0 * (re * re + im * im) / (samples.len() as f64).powi(2);
        let total = f64::from(crate::level::mean_square(samples));
        10.0 * ((total - tone).max(1e-12) / tone).log10() as f32
    }

    #[test]
    fn device_rates_come_to_48_khz_clean() {
        for rate in [8_000, 16_000, 44_100, 48_000, 96_000] {
            let mut resampler = Resampler::to_blocks(rate).unwrap();
            let out = run(&mut resampler, &tone(1_000.0, rate as f32, rate as usize));
            assert!(out.len().abs_diff(48_000) < 1_500, "{rate}: {}", out.len());
            let noise = distortion(&out[2_400..2_400 + 43_200], 1_000.0, 48_000.0);
            assert!(noise < -58.0, "{rate}: {noise} dB");
        }
    }

    #[test]
    fn blocks_go_to_device_rates() {
        for rate in [8_000, 44_100, 48_000] {
            let mut resampler = Resampler::from_blocks(rate).unwrap();
            assert_eq!(resampler.input_needed(), 480);
            let out = run(&mut resampler, &tone(1_000.0, 48_000.0, 48_000));
            assert!(out.len().abs_diff(rate as usize) <= rate as usize / 100);
        }
    }

    #[test]
    fn drift_changes_how_much_comes_out() {
        let mut resampler = Resampler::from_blocks(48_000).unwrap();
        resampler.set_drift(1_000.0);
        let out = run(&mut resampler, &tone(400.0, 48_000.0, 480_000));
        assert!(out.len().abs_diff(480_480) < 10, "{}", out.len());
    }

    #[test]
    fn drift_control_learns_the_difference_of_two_clocks() {
        let mut control = DriftControl::new(960);
        let mut fill = 960.0_f64;
        for tick in 0..60_000 {
            let drift = control.update(fill as usize);
            // The device gives 200 ppm too much, the resampler takes 480 / (1 + drift).
            fill += 480.0 * 1.000_2 - 480.0 / (1.0 + drift * 1e-6);
            assert!(tick < 100 || (fill - 960.0).abs() < 200.0, "{fill}");
        }
        assert!((fill - 960.0).abs() < 5.0, "{fill}");
    }

    #[test]
    fn nonsense_rates_and_short_buffers_are_refused() {
        assert_eq!(Resampler::to_blocks(0).unwrap_err(), ResamplerError::Rate(0));
        let mut resampler = Resampler::from_blocks(48_000).unwrap();
        assert_eq!(resampler.process(&[0.0; 10], &mut [0.0; 10]), Err(ResamplerError::Length));
    }
}
