//! Exact conversion between 48 kHz and a codec's rate: polyphase filters by whole factors.
//!
//! `rubato` works in chunks and adds 5 ms at 8 kHz; these take any number of samples and add 2 ms (8 kHz) or 1 ms
//! (16 kHz), which is heard at both ends of a call.

use std::f64::consts::PI;

/// Taps per phase, at the lower rate.
const TAPS: usize = 32;

/// Kaiser window's shape for 60 dB of stop band.
const KAISER_BETA: f64 = 5.65;

/// Raises the rate by a whole factor.
#[derive(Clone, Debug)]
pub(crate) struct Upsampler {
    /// One row of [`TAPS`] for each of `factor` output phases, newest input first.
    phases: Vec<[f32; TAPS]>,
    history: History,
}

impl Upsampler {
    pub(crate) fn new(factor: usize) -> Self {
        let prototype = low_pass(factor);
        let row = |phase: usize| core::array::from_fn(|tap| prototype[tap * factor + phase] * factor as f32);
        Self { phases: (0..factor).map(row).collect(), history: History::new() }
    }

    /// `output` is `factor` times as long as `input`.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut [f32]) {
        if self.phases.len() == 1 {
            return copy(input, output);
        }
        for (sample, out) in input.iter().zip(output.chunks_exact_mut(self.phases.len())) {
            let window = self.history.push(*sample);
            for (value, row) in out.iter_mut().zip(&self.phases) {
                *value = dot(row, window);
            }
        }
    }

    pub(crate) fn reset(&mut self) {
        self.history = History::new();
    }
}

/// Lowers the rate by a whole factor.
#[derive(Clone, Debug)]
pub(crate) struct Downsampler {
    phases: Vec<[f32; TAPS]>,
    histories: Vec<History>,
}

impl Downsampler {
    pub(crate) fn new(factor: usize) -> Self {
        let prototype = low_pass(factor);
        // Of each group of `factor` inputs the last is the newest: it meets the prototype's phase 0.
        let row = |place: usize| core::array::from_fn(|tap| prototype[tap * factor + (factor - 1 - place)]);
        Self { phases: (0..factor).map(row).collect(), histories: vec![History::new(); factor] }
    }

    /// `input` is `factor` times as long as `output`.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut [f32]) {
        if self.phases.len() == 1 {
            return copy(input, output);
        }
        for (group, out) in input.chunks_exact(self.phases.len()).zip(output) {
            let parts = group.iter().zip(&self.phases).zip(&mut self.histories);
            *out = parts.map(|((sample, row), history)| dot(row, history.push(*sample))).sum();
        }
    }

    pub(crate) fn reset(&mut self) {
        self.histories.fill(History::new());
    }
}

/// The last [`TAPS`] samples as one slice, newest first: written twice, so that it never has to wrap.
#[derive(Clone, Debug)]
struct History {
    samples: [f32; 2 * TAPS],
    newest: usize,
}

impl History {
    const fn new() -> Self {
        Self { samples: [0.0; 2 * TAPS], newest: 0 }
    }

    fn push(&mut self, sample: f32) -> &[f32] {
        self.newest = if self.newest == 0 { TAPS - 1 } else { self.newest - 1 };
        self.samples[self.newest] = sample;
        self.samples[self.newest + TAPS] = sample;
        &self.samples[self.newest..self.newest + TAPS]
    }
}

fn dot(row: &[f32; TAPS], window: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (taps, samples) in row.chunks_exact(8).zip(window.chunks_exact(8)) {
        for lane in 0..8 {
            sums[lane] += taps[lane] * samples[lane];
        }
    }
    sums.iter().sum()
}

fn copy(input: &[f32], output: &mut [f32]) {
    for (out, sample) in output.iter_mut().zip(input) {
        *out = *sample;
    }
}

/// A windowed sinc of unit gain at 0 Hz, [`TAPS`] · `factor` long, whose cutoff is a hair below the lower rate's half.
fn low_pass(factor: usize) -> Vec<f32> {
    let length = TAPS * factor;
    let cutoff = 0.97 / factor as f64;
    let middle = (length - 1) as f64 / 2.0;
    let tap = |n: usize| {
        let x = n as f64 - middle;
        let sinc = if x == 0.0 { 1.0 } else { (PI * cutoff * x).sin() / (PI * cutoff * x) };
        let window = bessel(KAISER_BETA * (1.0 - (x / middle).powi(2)).max(0.0).sqrt()) / bessel(KAISER_BETA);
        sinc * window
    };
    let taps: Vec<f64> = (0..length).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / sum) as f32).collect()
}

/// The modified Bessel function of order 0.
fn bessel(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, rate: f32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| (std::f32::consts::TAU * hertz * n as f32 / rate).sin()).collect()
    }

    fn power(samples: &[f32]) -> f32 {
        10.0 * crate::level::mean_square(samples).log10()
    }

    #[test]
    fn speech_band_passes_and_the_image_is_60_db_down() {
        for (factor, rate) in [(6, 8_000.0), (3, 16_000.0)] {
            let mut up = Upsampler::new(factor);
            let mut down = Downsampler::new(factor);
            let input = tone(0.4 * rate, rate, 8_000);
            let mut high = vec![0.0; 8_000 * factor];
            up.process(&input, &mut high);
            let mut back = vec![0.0; 8_000];
            down.process(&high, &mut back);
            assert!((power(&high[4_000..]) + 3.0).abs() < 0.3, "{}", power(&high[4_000..]));
            assert!((power(&back[4_000..]) + 3.0).abs() < 0.5);
        }
    }

    #[test]
    fn what_lies_above_the_lower_rate_does_not_fold_back() {
        let mut down = Downsampler::new(6);
        let mut out = vec![0.0; 8_000];
        down.process(&tone(5_000.0, 48_000.0, 48_000), &mut out);
        assert!(power(&out[1_000..]) < -55.0, "{}", power(&out[1_000..]));
    }

    #[test]
    fn pieces_of_any_length_give_the_same_as_the_whole() {
        let input = tone(1_000.0, 8_000.0, 160);
        let (mut whole, mut pieces) = (vec![0.0; 960], vec![0.0; 960]);
        Upsampler::new(6).process(&input, &mut whole);
        let mut up = Upsampler::new(6);
        up.process(&input[..37], &mut pieces[..222]);
        up.process(&input[37..], &mut pieces[222..]);
        assert_eq!(whole, pieces);
    }
}
