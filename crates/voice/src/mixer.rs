use crate::{BLOCK_SAMPLES, Block, SILENCE};

/// Adds up any number of blocks and keeps the sum below full scale.
///
/// Below −1 dBFS the sum passes untouched. Above, a limiter turns the whole block down without distorting it, and lets
/// go over some 200 ms.
#[derive(Clone, Debug)]
pub struct Mixer {
    sum: Block,
    gain: f32,
}

/// The loudest sample that leaves.
const CEILING: f32 = 0.89;
/// How much of the way back to unity the gain goes in 10 ms.
const RELEASE: f32 = 0.05;

impl Mixer {
    /// A mixer with nothing in it.
    pub const fn new() -> Self {
        Self { sum: SILENCE, gain: 1.0 }
    }

    /// Adds a block.
    pub fn add(&mut self, block: &Block) {
        self.add_at(block, 1.0);
    }

    /// Adds a block with a linear gain.
    pub fn add_at(&mut self, block: &Block, gain: f32) {
        for (sum, sample) in self.sum.iter_mut().zip(block) {
            *sum += sample * gain;
        }
    }

    /// Takes the sum out and empties the mixer.
    pub fn take(&mut self, block: &mut Block) {
        let peak = self.sum.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let wanted = if peak.is_finite() && peak > CEILING { CEILING / peak } else { 1.0 };
        let start = self.gain;
        let end = wanted.min(start + (1.0 - start) * RELEASE);
        for (n, (out, sum)) in block.iter_mut().zip(&mut self.sum).enumerate() {
            // Down within 1 ms, up over the whole block; what the ramp is too slow for is clipped softly.
            let along = if end < start { (n as f32 / 48.0).min(1.0) } else { n as f32 / BLOCK_SAMPLES as f32 };
            *out = soft_clip(*sum * (start + (end - start) * along));
            *sum = 0.0;
        }
        self.gain = end;
    }
}

impl Default for Mixer {
    fn default() -> Self {
        Self::new()
    }
}

/// Leaves samples up to the ceiling alone and bends the rest into what is left below 1; not a number becomes silence.
fn soft_clip(sample: f32) -> f32 {
    let magnitude = sample.abs();
    if magnitude <= CEILING {
        return sample;
    }
    if magnitude.is_nan() {
        return 0.0;
    }
    let room = 1.0 - CEILING;
    (CEILING + room * (1.0 - (-(magnitude - CEILING) / room).exp())).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(amplitude: f32) -> Block {
        core::array::from_fn(|n| amplitude * (std::f32::consts::TAU * n as f32 / 48.0).sin())
    }

    #[test]
    fn quiet_inputs_add_up_exactly() {
        let mut mixer = Mixer::new();
        mixer.add(&sine(0.25));
        mixer.add_at(&sine(0.25), 2.0);
        let mut out = SILENCE;
        mixer.take(&mut out);
        for (got, wanted) in out.iter().zip(sine(0.75)) {
            assert!((got - wanted).abs() < 1e-6);
        }
        mixer.take(&mut out);
        assert_eq!(out, SILENCE);
    }

    #[test]
    fn loud_inputs_stay_below_full_scale_and_recover() {
        let mut mixer = Mixer::new();
        let mut out = SILENCE;
        for _ in 0..10 {
            for _ in 0..4 {
                mixer.add(&sine(0.9));
            }
            mixer.take(&mut out);
            assert!(out.iter().all(|sample| sample.abs() <= 1.0));
        }
        for _ in 0..100 {
            mixer.add(&sine(0.5));
            mixer.take(&mut out);
        }
        assert!(out.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs())) > 0.49);
    }

    #[test]
    fn not_a_number_becomes_silence() {
        let mut mixer = Mixer::new();
        mixer.add(&[f32::NAN; BLOCK_SAMPLES]);
        let mut out = SILENCE;
        mixer.take(&mut out);
        assert_eq!(out, SILENCE);
    }
}
