use std::f32::consts::TAU;

use super::{Country, Digit, Melody, Progress, Ring, Step, Timbre};
use crate::level::amplitude;
use crate::{Block, SAMPLE_RATE};

/// Rise and fall of each tone: 5 ms, so that nothing clicks.
const EDGE_SAMPLES: f32 = 240.0;

/// Plays one melody at a time. Starting, changing and stopping never clicks: what sounds fades first.
#[derive(Clone, Debug)]
pub struct ToneGenerator {
    state: State,
    /// What is to sound when the present tone has faded, and for how many samples if not to its end.
    next: Option<(Melody, Option<u32>)>,
    gain: f32,
    voices: [Voice; 3],
}

/// ```text
/// Silent ──play──▶ Sounding ──last step over──▶ Silent
///                    │    ▲
///          play, stop│    │faded, next is set
///                    ▼    │
///                   Fading ──faded, nothing next──▶ Silent
/// ```
#[derive(Clone, Copy, Debug)]
enum State {
    Silent,
    Sounding { melody: Melody, step: usize, sample: u32, left: Option<u32> },
    Fading { left: f32, envelope: f32, timbre: Timbre, age: u32 },
}

#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    phase: f32,
    increment: f32,
}

impl ToneGenerator {
    /// A silent generator whose tones have `level_dbfs` for each frequency, e.g. −20.
    pub fn new(level_dbfs: f32) -> Self {
        Self { state: State::Silent, next: None, gain: amplitude(level_dbfs), voices: [Voice::default(); 3] }
    }

    /// Plays a call progress tone.
    pub fn play_progress(&mut self, country: Country, progress: Progress) {
        self.play(country.melody(progress));
    }

    /// Plays a ring tone.
    pub fn play_ring(&mut self, ring: Ring) {
        self.play(ring.melody());
    }

    /// Plays a melody from its start.
    pub fn play(&mut self, melody: Melody) {
        self.start(melody, None);
    }

    /// Plays the two frequencies of a key until [`stop`](Self::stop), or for a time.
    pub fn play_digit(&mut self, digit: Digit, milliseconds: Option<u16>) {
        let samples = milliseconds.map(|time| u32::from(time) * (SAMPLE_RATE / 1_000));
        self.start(digit.melody(), samples);
    }

    /// Fades what sounds.
    pub fn stop(&mut self) {
        self.next = None;
        self.fade();
    }

    /// Whether nothing sounds and nothing is to come.
    pub fn is_silent(&self) -> bool {
        matches!(self.state, State::Silent) && self.next.is_none()
    }

    /// Writes the next 10 ms; says whether there is anything in it.
    pub fn fill(&mut self, block: &mut Block) -> bool {
        if self.is_silent() {
            block.fill(0.0);
            return false;
        }
        for sample in block.iter_mut() {
            *sample = self.sample();
        }
        true
    }

    fn start(&mut self, melody: Melody, samples: Option<u32>) {
        self.fade();
        self.next = Some((melody, samples));
    }

    fn fade(&mut self) {
        if let State::Sounding { melody, step, sample, .. } = self.state {
            let envelope = melody.steps.get(step).map_or(0.0, |current| edge(*current, melody.timbre, sample));
            self.state = State::Fading { left: EDGE_SAMPLES, envelope, timbre: melody.timbre, age: sample };
        }
    }

    fn begin(&mut self) {
        self.state = match self.next.take() {
            Some((melody, left)) => State::Sounding { melody, step: 0, sample: 0, left },
            None => State::Silent,
        };
        self.tune();
    }

    fn sample(&mut self) -> f32 {
        match &mut self.state {
            State::Silent => {
                self.begin();
                0.0
            }
            State::Fading { left, envelope, timbre, age } => {
                *left -= 1.0;
                let (loudness, over) = (*envelope * (*left / EDGE_SAMPLES).max(0.0), *left <= 0.0);
                let (timbre, age) = (*timbre, *age);
                if over {
                    self.begin();
                }
                loudness * self.tone(timbre, age)
            }
            State::Sounding { melody, step, sample, left } => {
                let Some(current) = melody.steps.get(*step).copied() else {
                    self.state = State::Silent;
                    return 0.0;
                };
                let (loudness, timbre, age) = (edge(current, melody.timbre, *sample), melody.timbre, *sample);
                *sample = sample.saturating_add(1);
                let over = current.milliseconds != 0 && *sample >= length(current);
                let last = left.as_mut().is_some_and(|left| {
                    *left = left.saturating_sub(1);
                    *left == EDGE_SAMPLES as u32
                });
                let value = loudness * self.tone(timbre, age);
                if last {
                    self.fade();
                } else if over {
                    self.advance();
                }
                value
            }
        }
    }

    fn advance(&mut self) {
        let State::Sounding { melody, step, sample, .. } = &mut self.state else { return };
        *sample = 0;
        *step += 1;
        if *step >= melody.steps.len() {
            match melody.repeat_from {
                Some(again) => *step = again,
                None => self.state = State::Silent,
            }
        }
        self.tune();
    }

    /// Sets the oscillators to the frequencies of the present step; phases start at 0, where a sine is silent.
    fn tune(&mut self) {
        let State::Sounding { melody, step, .. } = &self.state else { return };
        let frequencies = melody.steps.get(*step).map_or([0; 3], |current| current.frequencies);
        for (voice, frequency) in self.voices.iter_mut().zip(frequencies) {
            *voice = Voice { phase: 0.0, increment: TAU * f32::from(frequency) / SAMPLE_RATE as f32 };
        }
    }

    fn tone(&mut self, timbre: Timbre, age: u32) -> f32 {
        let mut sum = 0.0;
        for voice in self.voices.iter_mut().filter(|voice| voice.increment > 0.0) {
            sum += match timbre {
                Timbre::Sine => voice.phase.sin(),
                Timbre::Bell => bell(voice.phase, age),
            };
            voice.phase += voice.increment;
            if voice.phase > TAU * 16.0 {
                voice.phase -= TAU * 16.0;
            }
        }
        sum * self.gain
    }
}

fn length(step: Step) -> u32 {
    u32::from(step.milliseconds) * (SAMPLE_RATE / 1_000)
}

/// Loudness at this sample of a step: 0 at both ends, 1 between.
fn edge(step: Step, timbre: Timbre, sample: u32) -> f32 {
    let rise = if timbre == Timbre::Bell { 96.0 } else { EDGE_SAMPLES };
    let from_start = sample as f32 / rise;
    let to_end = if step.milliseconds == 0 { 1.0 } else { length(step).saturating_sub(sample) as f32 / EDGE_SAMPLES };
    raised_cosine(from_start.min(to_end).clamp(0.0, 1.0))
}

fn raised_cosine(along: f32) -> f32 {
    0.5 - 0.5 * (along * std::f32::consts::PI).cos()
}

/// A struck bar: the tone and its fourth and tenth partials, the higher ones gone the sooner.
fn bell(phase: f32, age: u32) -> f32 {
    let seconds = age as f32 / SAMPLE_RATE as f32;
    let fundamental = (-seconds * 7.0).exp() * phase.sin();
    let fourth = 0.25 * (-seconds * 22.0).exp() * (phase * 4.0).sin();
    let tenth = 0.06 * (-seconds * 60.0).exp() * (phase * 10.0).sin();
    1.6 * (fundamental + fourth + tenth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SILENCE;

    fn record(generator: &mut ToneGenerator, blocks: usize) -> Vec<f32> {
        let mut out = Vec::new();
        let mut block = SILENCE;
        for _ in 0..blocks {
            generator.fill(&mut block);
            out.extend_from_slice(&block);
        }
        out
    }

    fn power_at(samples: &[f32], hertz: f32) -> f32 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            let phase = TAU * hertz * n as f32 / 48_000.0;
            re += sample * phase.cos();
            im += sample * phase.sin();
        }
        10.0 * (4.0 * (re * re + im * im) / (samples.len() as f32).powi(2)).log10()
    }

    fn steepest(samples: &[f32]) -> f32 {
        samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn dutch_busy_is_425_hz_half_a_second_on_and_off() {
        let mut generator = ToneGenerator::new(-20.0);
        generator.play_progress(Country::Nl, Progress::Busy);
        let out = record(&mut generator, 100);
        assert!((power_at(&out[4_800..19_200], 425.0) + 20.0).abs() < 1.0);
        assert!(out[24_100..47_900].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn every_country_has_every_tone() {
        for country in Country::ALL {
            for progress in Progress::ALL {
                let mut generator = ToneGenerator::new(-20.0);
                generator.play_progress(country, progress);
                let out = record(&mut generator, 200);
                assert!(crate::level::mean_square(&out) > 1e-6, "{country:?} {progress:?}");
                assert!(steepest(&out) < 0.06, "{country:?} {progress:?}: {}", steepest(&out));
            }
        }
    }

    #[test]
    fn digits_have_both_frequencies_of_q23() {
        let mut generator = ToneGenerator::new(-12.0);
        for (character, low, high) in
            [('1', 697.0, 1_209.0), ('5', 770.0, 1_336.0), ('#', 941.0, 1_477.0), ('d', 941.0, 1_633.0)]
        {
            let digit = Digit::new(character).unwrap();
            generator.play_digit(digit, Some(100));
            let out = record(&mut generator, 12);
            assert!((power_at(&out[480..4_320], low) + 12.0).abs() < 1.0, "{character}");
            assert!((power_at(&out[480..4_320], high) + 12.0).abs() < 1.0, "{character}");
            assert!(generator.is_silent());
            assert!(out[4_860..].iter().all(|sample| *sample == 0.0));
        }
        assert_eq!(Digit::new('x'), None);
    }

    #[test]
    fn changing_and_stopping_never_clicks() {
        let mut generator = ToneGenerator::new(-12.0);
        let mut out = Vec::new();
        for round in 0..20 {
            match round % 4 {
                0 => generator.play_digit(Digit::new('8').unwrap(), None),
                1 => generator.play_progress(Country::Gb, Progress::Ringback),
                2 => generator.play_ring(Ring::Marimba),
                _ => generator.stop(),
            }
            out.extend(record(&mut generator, 7));
        }
        let steepest = steepest(&out);
        assert!(steepest < 0.15, "{steepest}");
    }
}
