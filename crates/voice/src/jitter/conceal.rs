//! Concealment for codecs without one of their own, and the background that is left when a voice has faded.
//!
//! The last 30 ms are taken apart into a filter (the mouth) and what excites it (the throat). The excitation's last
//! period goes on, mixed with noise as far as the voice was noisy, through the same filter with its memory, so that the
//! first made-up sample follows the last real one. Then it fades into the background.

use super::pitch;
use crate::codec::comfort::{ORDER as BACKGROUND_ORDER, ShapedNoise};
use crate::level::mean_square;
use crate::lpc::{Synthesis, WHITE_TO_UNIT, White, autocorrelation, predictor_of, reflection_of};

/// Poles of the filter.
const ORDER: usize = 16;
/// Longest excitation at the highest rate that needs concealment of ours (16 kHz): three periods of 15 ms.
const ROOM: usize = 3 * 15 * 16;
/// How much is analysed.
const ANALYSIS_MS: usize = 30;
/// For this long a voice goes on at full strength.
const HOLD_MS: usize = 20;
/// After this long nothing is left of it.
const GONE_MS: usize = 140;

/// Goes on with a voice after its last sample.
pub(crate) struct Concealer {
    filter: Synthesis<ORDER>,
    excitation: [f32; ROOM],
    period: usize,
    place: usize,
    /// Share of the period in the excitation, and of noise.
    voiced: f32,
    noise: f32,
    most: f32,
    produced: usize,
    per_ms: usize,
    white: White,
    background: Background,
}

impl Concealer {
    pub(crate) const fn new() -> Self {
        Self {
            filter: Synthesis::new(),
            excitation: [0.0; ROOM],
            period: 1,
            place: 0,
            voiced: 0.0,
            noise: 0.0,
            most: 0.0,
            produced: 0,
            per_ms: 8,
            white: White::new(),
            background: Background::new(),
        }
    }

    /// Listens to decoded audio, to know the background.
    pub(crate) fn listen(&mut self, samples: &[f32]) {
        self.background.listen(samples);
    }

    /// Another sender, another rate: forgets the background.
    pub(crate) fn reset(&mut self) {
        self.background = Background::new();
    }

    /// Learns the voice from the samples that were played last.
    pub(crate) fn begin(&mut self, past: &[f32], per_ms: usize) {
        let window = 20 * per_ms;
        let found = pitch::find(past, past.len().saturating_sub(window), window, pitch::longest(per_ms), per_ms);
        self.per_ms = per_ms;
        self.period = found.period.clamp(1, ROOM);
        self.place = 0;
        self.produced = 0;
        let recent = &past[past.len() - ANALYSIS_MS * per_ms..];
        self.most = recent.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs())) * 1.2;
        self.take_apart(recent, past);
        let likeness = found.likeness.clamp(0.0, 1.0);
        self.voiced = ((likeness - 0.3) / 0.5).clamp(0.0, 1.0);
        let power = mean_square(&self.excitation[..self.period]);
        self.noise = ((1.0 - self.voiced * self.voiced) * power).sqrt() * WHITE_TO_UNIT;
    }

    fn take_apart(&mut self, recent: &[f32], past: &[f32]) {
        let mut windowed = [0.0; ANALYSIS_MS * 16];
        let length = recent.len().min(windowed.len());
        let (windowed, recent) = (&mut windowed[..length], &recent[recent.len() - length..]);
        for (n, (out, sample)) in windowed.iter_mut().zip(recent).enumerate() {
            // Rises over the whole length and falls over the last tenth: the newest counts most.
            let along = n as f32 / recent.len() as f32;
            *out = sample * (along / 0.9).min((1.0 - along) / 0.1).min(1.0);
        }
        let mut correlation = [0.0; ORDER + 1];
        autocorrelation(windowed, &mut correlation);
        self.filter.predictor = predictor_of(&reflection_of::<ORDER>(&correlation));
        let mut widen = 1.0;
        for coefficient in &mut self.filter.predictor {
            widen *= 0.994;
            *coefficient *= widen;
        }
        for (memory, sample) in self.filter.memory.iter_mut().zip(past.iter().rev()) {
            *memory = *sample;
        }
        let first = past.len() - self.period;
        for (n, out) in self.excitation[..self.period].iter_mut().enumerate() {
            let before = past[..first + n].iter().rev();
            *out = past[first + n] + self.filter.predictor.iter().zip(before).map(|(a, x)| a * x).sum::<f32>();
        }
    }

    /// The voice's period in samples.
    pub(crate) fn period(&self) -> usize {
        self.period
    }

    /// Goes on for `out`'s length.
    pub(crate) fn generate(&mut self, out: &mut [f32]) {
        for sample in out {
            let excitation = self.voiced * self.excitation[self.place] + self.noise * self.white.next();
            let voice = self.filter.filter(excitation, self.most);
            let strength = self.strength();
            *sample = voice * strength + self.background.noise.next() * (1.0 - strength * strength).sqrt();
            self.place = if self.place + 1 >= self.period { 0 } else { self.place + 1 };
            self.produced = self.produced.saturating_add(1);
        }
    }

    /// How much of the voice is left.
    fn strength(&self) -> f32 {
        let (hold, gone) = (HOLD_MS * self.per_ms, GONE_MS * self.per_ms);
        1.0 - (self.produced.saturating_sub(hold) as f32 / (gone - hold) as f32).min(1.0)
    }
}

/// What is heard when nobody speaks: the quietest of the last seconds.
struct Background {
    noise: ShapedNoise,
    floor: f32,
}

impl Background {
    /// How fast the floor follows noise that grew: doubled in about two seconds.
    const RISE: f32 = 1.007;
    /// Louder than this (−40 dBFS) is no background.
    const LOUDEST: f32 = 1e-4;

    const fn new() -> Self {
        Self { noise: ShapedNoise::new(), floor: Self::LOUDEST }
    }

    fn listen(&mut self, samples: &[f32]) {
        let power = mean_square(samples);
        self.floor = (self.floor * Self::RISE).min(Self::LOUDEST);
        if power > self.floor {
            return;
        }
        self.floor = power.max(1e-10);
        let mut correlation = [0.0; BACKGROUND_ORDER + 1];
        autocorrelation(samples, &mut correlation);
        self.noise.shape(power.sqrt(), &reflection_of(&correlation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vowel(n: usize, per_ms: usize) -> f32 {
        let t = n as f32 / (per_ms as f32 * 1_000.0);
        (1..12)
            .map(|k| 0.1 / (1.0 + (k as f32 - 4.0).abs()) * (std::f32::consts::TAU * 150.0 * k as f32 * t).sin())
            .sum()
    }

    #[test]
    fn a_vowel_goes_on_as_it_would_have() {
        for per_ms in [8, 16] {
            let past: Vec<f32> = (0..60 * per_ms).map(|n| vowel(n, per_ms)).collect();
            let mut concealer = Concealer::new();
            concealer.begin(&past, per_ms);
            let mut out = vec![0.0; 20 * per_ms];
            concealer.generate(&mut out);
            let truth: Vec<f32> = (60 * per_ms..80 * per_ms).map(|n| vowel(n, per_ms)).collect();
            let error: Vec<f32> = out.iter().zip(&truth).map(|(a, b)| a - b).collect();
            let snr = 10.0 * (mean_square(&truth) / mean_square(&error)).log10();
            assert!(snr > 8.0, "{per_ms}/ms: {snr} dB");
        }
    }

    #[test]
    fn a_voice_fades_into_the_background() {
        let mut concealer = Concealer::new();
        let mut white = White::new();
        for _ in 0..100 {
            let noise: Vec<f32> = (0..160).map(|_| 0.002 * white.next()).collect();
            concealer.listen(&noise);
        }
        let past: Vec<f32> = (0..480).map(|n| vowel(n, 8)).collect();
        concealer.begin(&past, 8);
        let mut out = vec![0.0; 8 * 400];
        concealer.generate(&mut out);
        let late = mean_square(&out[8 * 200..]).sqrt();
        assert!((0.000_5..0.002).contains(&late), "{late}");
    }

    #[test]
    fn silence_stays_silent() {
        let mut concealer = Concealer::new();
        concealer.begin(&[0.0; 480], 8);
        let mut out = [1.0; 800];
        concealer.generate(&mut out);
        assert_eq!(out, [0.0; 800]);
    }
}
