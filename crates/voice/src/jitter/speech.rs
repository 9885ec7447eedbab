//! Decoded samples: what was played and what comes next, in one slice.

/// How much of the past is kept: enough for three periods of the lowest pitch.
const PAST_MS: usize = 60;
/// How much may wait decoded: two of the longest packets and what stretching adds.
const FUTURE_MS: usize = 320;

/// ```text
///  ├──── past (≤ 60 ms) ────┤──── future ────┤── room ──┤
///                          now              end
/// ```
pub(crate) struct Speech {
    samples: Vec<f32>,
    per_ms: usize,
    now: usize,
    end: usize,
}

impl Speech {
    /// Room for the highest rate; starts at `rate` Hz.
    pub(crate) fn new(rate: u32) -> Self {
        let most = crate::SAMPLE_RATE as usize / 1_000;
        let mut speech = Self { samples: vec![0.0; (2 * PAST_MS + FUTURE_MS) * most], per_ms: most, now: 0, end: 0 };
        speech.restart(rate);
        speech
    }

    /// Forgets everything and goes on at another rate.
    pub(crate) fn restart(&mut self, rate: u32) {
        self.per_ms = rate as usize / 1_000;
        self.now = PAST_MS * self.per_ms;
        self.end = self.now;
        self.samples.fill(0.0);
    }

    pub(crate) fn per_ms(&self) -> usize {
        self.per_ms
    }

    /// What was played last and what comes next, with the place where the future begins.
    pub(crate) fn all_mut(&mut self) -> (&mut [f32], usize) {
        let from = self.now - PAST_MS * self.per_ms;
        (&mut self.samples[from..self.end], self.now - from)
    }

    pub(crate) fn future(&self) -> usize {
        self.end - self.now
    }

    /// The last samples before the end, played or not: what a concealment goes on from.
    pub(crate) fn tail(&self) -> &[f32] {
        &self.samples[self.end - PAST_MS * self.per_ms..self.end]
    }

    /// Room behind the end; [`Speech::commit`] makes samples of it.
    pub(crate) fn room(&mut self) -> &mut [f32] {
        &mut self.samples[self.end..]
    }

    pub(crate) fn commit(&mut self, samples: usize) {
        self.end = (self.end + samples).min(self.samples.len());
    }

    /// The newest `samples` of the future.
    pub(crate) fn newest_mut(&mut self, samples: usize) -> &mut [f32] {
        let from = self.end - samples.min(self.future());
        &mut self.samples[from..self.end]
    }

    /// Shortens the future by `samples` at its end.
    pub(crate) fn shorten(&mut self, samples: usize) {
        self.end -= samples.min(self.future());
    }

    /// Plays samples; what the future lacks is silence.
    pub(crate) fn take(&mut self, out: &mut [f32]) {
        let count = out.len().min(self.future());
        out[..count].copy_from_slice(&self.samples[self.now..self.now + count]);
        out[count..].fill(0.0);
        self.now += count;
        let past = PAST_MS * self.per_ms;
        if self.now >= 2 * past {
            self.samples.copy_within(self.now - past..self.end, 0);
            self.end -= self.now - past;
            self.now = past;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_out_as_they_went_in_and_the_past_stays() {
        let mut speech = Speech::new(8_000);
        let mut next_in = 0.0;
        let mut next_out = 0.0;
        for _ in 0..100 {
            for sample in &mut speech.room()[..160] {
                *sample = next_in;
                next_in += 1.0;
            }
            speech.commit(160);
            for _ in 0..2 {
                let mut out = [0.0; 80];
                speech.take(&mut out);
                for sample in out {
                    assert_eq!(sample, next_out);
                    next_out += 1.0;
                }
                let (all, now) = speech.all_mut();
                assert_eq!((now, all[now - 1]), (480, next_out - 1.0));
            }
        }
        assert_eq!(speech.future(), 0);
    }
}
