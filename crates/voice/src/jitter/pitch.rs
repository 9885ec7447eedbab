//! The period of a voice, by autocorrelation.

/// The shortest period that is looked for: 400 Hz.
const LEAST_US: usize = 2_500;
/// The longest: 66 Hz.
const MOST_US: usize = 15_000;
/// The search runs at this rate.
const COARSE_PER_MS: usize = 8;
/// Longest stretch of signal that is looked at, at the coarse rate: 60 ms.
const COARSE: usize = 60 * COARSE_PER_MS;

/// A period that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pitch {
    /// In samples at the signal's rate.
    pub(crate) period: usize,
    /// How much the signal resembles itself a period later: −1 to 1.
    pub(crate) likeness: f32,
}

/// Looks for the period in `[LEAST, most]` at which the `window` samples from `at` on resemble those a period
/// *earlier*. `signal` must reach back `most` samples before `at`.
pub(crate) fn find(signal: &[f32], at: usize, window: usize, most: usize, per_ms: usize) -> Pitch {
    let step = (per_ms / COARSE_PER_MS).max(1);
    let least = LEAST_US * per_ms / 1_000;
    let most = most.min(longest(per_ms)).min(at);
    let window = window.min(signal.len() - at);
    if most <= least || window < least {
        return Pitch { period: least.max(1), likeness: 0.0 };
    }
    let coarse = coarse_period(&signal[at - most..at + window], most, least, step);
    fine_period(signal, at, window, coarse.saturating_sub(step).max(least)..=(coarse + step).min(most))
}

/// The longest period that is looked for, in samples.
pub(crate) fn longest(per_ms: usize) -> usize {
    MOST_US * per_ms / 1_000
}

fn coarse_period(signal: &[f32], at: usize, least: usize, step: usize) -> usize {
    let mut low = [0.0_f32; COARSE];
    let count = (signal.len() / step).min(COARSE);
    for (value, group) in low[..count].iter_mut().zip(signal.chunks_exact(step)) {
        *value = group.iter().sum();
    }
    let (at, window) = (at / step, count - (at / step).min(count));
    let mut best = (f32::MIN, least / step);
    for lag in least / step..=at {
        let likeness = resemblance(&low[..count], at, lag, window);
        // A multiple of the period resembles as much: the shorter one wins unless the longer is clearly better.
        if likeness > best.0 + 0.02 {
            best = (likeness, lag);
        }
    }
    best.1 * step
}

fn fine_period(signal: &[f32], at: usize, window: usize, lags: core::ops::RangeInclusive<usize>) -> Pitch {
    let mut best = Pitch { period: *lags.start(), likeness: f32::MIN };
    for lag in lags {
        let likeness = resemblance(signal, at, lag, window);
        if likeness > best.likeness {
            best = Pitch { period: lag, likeness };
        }
    }
    best
}

/// Normalised correlation of `signal[at..at + window]` with the same `lag` samples earlier.
fn resemblance(signal: &[f32], at: usize, lag: usize, window: usize) -> f32 {
    match (signal.get(at..at + window), at.checked_sub(lag).and_then(|from| signal.get(from..from + window))) {
        (Some(late), Some(early)) => likeness(late, early, window),
        _ => 0.0,
    }
}

/// Normalised correlation of the first `window` samples of two signals, or of as many as both have.
pub(crate) fn likeness(one: &[f32], other: &[f32], window: usize) -> f32 {
    let (mut cross, mut one_energy, mut other_energy) = (0.0_f32, 1e-9_f32, 1e-9_f32);
    for (a, b) in one.iter().zip(other).take(window) {
        cross += a * b;
        one_energy += a * a;
        other_energy += b * b;
    }
    cross / (one_energy * other_energy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulses(period: usize, samples: usize, per_ms: usize) -> Vec<f32> {
        let decay = per_ms as f32;
        (0..samples)
            .map(|n| (-((n % period) as f32) / decay).exp() * ((n % period) as f32 * 2.0 / decay).cos())
            .collect()
    }

    #[test]
    fn the_period_of_a_voice_is_found_at_every_rate() {
        for per_ms in [8, 16, 48] {
            for hertz in [80, 125, 210, 350] {
                let period = per_ms * 1_000 / hertz;
                let signal = pulses(period, 60 * per_ms, per_ms);
                let pitch = find(&signal, 40 * per_ms, 15 * per_ms, longest(per_ms), per_ms);
                // Two periods serve as well as one.
                let apart = (pitch.period % period).min(period - pitch.period % period);
                assert!(apart <= 1, "{per_ms}/ms {hertz} Hz: {pitch:?}, not {period}");
                assert!(pitch.likeness > 0.95);
            }
        }
    }

    #[test]
    fn noise_resembles_nothing() {
        let mut seed = 1_u32;
        let noise: Vec<f32> = (0..480)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed as i32 as f32 / 2_147_483_648.0
            })
            .collect();
        assert!(find(&noise, 320, 160, 120, 8).likeness < 0.5);
    }

    #[test]
    fn too_little_signal_is_no_pitch() {
        assert_eq!(find(&[0.0; 10], 5, 5, 120, 8).likeness, 0.0);
    }
}
