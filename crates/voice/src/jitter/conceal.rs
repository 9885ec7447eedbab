//! Concealment for codecs without one of their own: the last period goes on, and fades into background noise.

use super::pitch;

/// Longest period at 16 kHz, twice for safety.
const ROOM: usize = 512;
/// For this long the voice goes on at full strength.
const HOLD_MS: usize = 10;
/// After this long nothing is left of it.
const GONE_MS: usize = 80;
/// The step to the first repeated sample is spread over this long.
const SETTLE_MS: usize = 2;

/// Goes on with a voice after its last sample.
pub(crate) struct Concealer {
    cycle: [f32; ROOM],
    period: usize,
    place: usize,
    produced: usize,
    per_ms: usize,
    /// Difference between the last real sample and the one that the cycle follows on.
    step: f32,
}

impl Concealer {
    pub(crate) const fn new() -> Self {
        Self { cycle: [0.0; ROOM], period: 1, place: 0, produced: 0, per_ms: 8, step: 0.0 }
    }

    /// Learns the voice from the samples that were played last.
    pub(crate) fn begin(&mut self, past: &[f32], per_ms: usize) {
        let window = 20 * per_ms;
        let at = past.len().saturating_sub(window);
        let found = pitch::find(past, at, window, pitch::longest(per_ms), per_ms);
        // What does not repeat is no voice: a long cycle of it buzzes less.
        let period = if found.likeness < 0.4 { pitch::longest(per_ms) } else { found.period };
        self.period = period.clamp(1, ROOM.min(past.len() / 2));
        self.per_ms = per_ms;
        self.place = 0;
        self.produced = 0;
        self.learn(past);
    }

    fn learn(&mut self, past: &[f32]) {
        let (end, period) = (past.len(), self.period);
        self.cycle[..period].copy_from_slice(&past[end - period..]);
        // The last quarter turns into what came before the first sample, so that the cycle closes.
        let quarter = period / 4;
        for n in 0..quarter {
            let along = (n as f32 + 0.5) / quarter as f32;
            let place = period - quarter + n;
            let earlier = past[end - period - quarter + n];
            self.cycle[place] += (earlier - self.cycle[place]) * along;
        }
        self.step = past[end - 1] - past[end - 1 - period];
    }

    /// Goes on for `out`'s length.
    pub(crate) fn generate(&mut self, out: &mut [f32]) {
        for sample in out {
            let settle = 1.0 - self.produced as f32 / (SETTLE_MS * self.per_ms) as f32;
            *sample = (self.cycle[self.place] + self.step * settle.max(0.0)) * self.strength();
            self.place += 1;
            if self.place >= self.period {
                self.place = 0;
            }
            self.produced += 1;
        }
    }

    /// How much of the voice is left.
    pub(crate) fn strength(&self) -> f32 {
        let (hold, gone) = (HOLD_MS * self.per_ms, GONE_MS * self.per_ms);
        1.0 - (self.produced.saturating_sub(hold) as f32 / (gone - hold) as f32).min(1.0)
    }
}
