//! Playing faster or slower without changing the pitch: whole periods are taken out or put in, crossfaded.

use super::pitch;
use super::speech::Speech;
use crate::level::mean_square;

/// From this likeness on a period can be left out unnoticed.
const ALIKE: f32 = 0.85;
/// What suffices when there is much to catch up.
const ALIKE_ENOUGH: f32 = 0.6;
/// Below this power (−60 dBFS) anything may be cut.
const QUIET: f32 = 1e-6;

/// Below this power (−50 dBFS) nobody speaks, and little more than a room is heard.
const PAUSE: f32 = 1e-5;

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Only in a pause.
    Patient,
    /// Only where nobody hears it.
    Gentle,
    /// Delay is worse than a rough cut.
    Urgent,
}

/// Takes a period of at most `most` samples that `fits` out of the future. Says how many went.
pub(crate) fn shorten(speech: &mut Speech, most: usize, effort: Effort, fits: impl Fn(usize) -> bool) -> usize {
    let per_ms = speech.per_ms();
    let (all, now) = speech.all_mut();
    let future = all.len() - now;
    let limit = most.min(future / 2).min(pitch::longest(per_ms));
    // Seen from one period later, so that the search may look back at the future's start.
    let period = match suitable(&all[now..], limit, future - limit, limit, per_ms, effort) {
        Suitable::Nothing => return 0,
        Suitable::Period(period) => period,
        Suitable::Anything => (per_ms..=limit).rev().find(|cut| fits(*cut)).unwrap_or(0),
    };
    if period == 0 || !fits(period) {
        return 0;
    }
    let (front, back) = all[now..].split_at_mut(period);
    crossfade(front, &back[..period]);
    all.copy_within(now + 2 * period.., now + period);
    speech.shorten(period);
    period
}

/// Repeats a period of at most `most` samples before the future. Says how many were put in.
pub(crate) fn lengthen(speech: &mut Speech, most: usize) -> usize {
    let per_ms = speech.per_ms();
    let (all, now) = speech.all_mut();
    let future = all.len() - now;
    let limit = most.min(future).min(now / 2).min(pitch::longest(per_ms));
    let period = match suitable(all, now, future.min(limit), limit, per_ms, Effort::Gentle) {
        Suitable::Nothing => return 0,
        Suitable::Period(period) => period,
        Suitable::Anything => limit,
    };
    let mut inserted = [0.0; pitch_room()];
    let Some(inserted) = inserted.get_mut(..period) else { return 0 };
    inserted.copy_from_slice(&all[now..now + period]);
    crossfade(inserted, &all[now - period..now]);
    if speech.room().len() < period {
        return 0;
    }
    speech.commit(period);
    let (all, now) = speech.all_mut();
    let end = all.len() - period;
    all.copy_within(now..end, now + period);
    all[now..now + period].copy_from_slice(inserted);
    period
}

/// The longest period at the highest rate.
const fn pitch_room() -> usize {
    15 * 48
}

/// What may be taken out or repeated.
enum Suitable {
    Nothing,
    Period(usize),
    /// It is silent: as much as one likes.
    Anything,
}

fn suitable(signal: &[f32], at: usize, window: usize, most: usize, per_ms: usize, effort: Effort) -> Suitable {
    let least = 5 * per_ms / 2;
    if most < least || at + window > signal.len() {
        return Suitable::Nothing;
    }
    let quiet = if effort == Effort::Patient { PAUSE } else { QUIET };
    if mean_square(&signal[at.saturating_sub(most)..at + window]) < quiet {
        return Suitable::Anything;
    }
    if effort == Effort::Patient {
        return Suitable::Nothing;
    }
    let found = pitch::find(signal, at, window, most, per_ms);
    let enough = if effort == Effort::Urgent { ALIKE_ENOUGH } else { ALIKE };
    if found.likeness >= enough && found.period <= most { Suitable::Period(found.period) } else { Suitable::Nothing }
}

/// Turns `from` into `to` along its length.
fn crossfade(from: &mut [f32], to: &[f32]) {
    let length = from.len() as f32;
    for (n, (a, b)) in from.iter_mut().zip(to).enumerate() {
        let along = (n as f32 + 0.5) / length;
        *a += (b - *a) * along;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voiced(n: usize, per_ms: usize) -> f32 {
        let t = n as f32 / (per_ms as f32 * 1_000.0);
        (1..6).map(|k| 0.15 / k as f32 * (std::f32::consts::TAU * 140.0 * k as f32 * t).sin()).sum()
    }

    fn filled(per_ms: usize) -> Speech {
        let mut speech = Speech::new(per_ms as u32 * 1_000);
        for (n, sample) in speech.room()[..100 * per_ms].iter_mut().enumerate() {
            *sample = voiced(n, per_ms);
        }
        speech.commit(100 * per_ms);
        speech.take(&mut vec![0.0; 60 * per_ms]);
        speech
    }

    fn steepest(samples: &[f32]) -> f32 {
        samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_period_comes_out_and_goes_in_without_a_click() {
        for per_ms in [8, 16, 48] {
            let natural = steepest(&(0..1_000).map(|n| voiced(n, per_ms)).collect::<Vec<_>>());
            let mut speech = filled(per_ms);
            let removed = shorten(&mut speech, 15 * per_ms, Effort::Gentle, |_| true);
            assert!(removed.abs_diff(per_ms * 1_000 / 140) <= 1, "{removed}");
            assert_eq!(speech.future(), 40 * per_ms - removed);
            let (all, _) = speech.all_mut();
            assert!(steepest(all) < 1.2 * natural);
            let added = lengthen(&mut speech, 15 * per_ms);
            assert!(added.abs_diff(per_ms * 1_000 / 140) <= 1, "{added}");
            let (all, _) = speech.all_mut();
            assert!(steepest(all) < 1.2 * natural);
        }
    }

    #[test]
    fn silence_gives_way_by_as_much_as_is_asked() {
        let mut speech = Speech::new(8_000);
        speech.commit(400);
        assert_eq!(shorten(&mut speech, 100, Effort::Gentle, |_| true), 100);
        assert_eq!(lengthen(&mut speech, 100), 100);
        assert_eq!(speech.future(), 400);
    }

    #[test]
    fn too_little_future_is_left_alone() {
        let mut speech = Speech::new(8_000);
        speech.commit(30);
        assert_eq!(shorten(&mut speech, 100, Effort::Urgent, |_| true), 0);
    }
}
