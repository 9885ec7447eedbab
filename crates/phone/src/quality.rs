use bellbird_base::{Duration, Instant};
use bellbird_contract::{Culprit, Quality, QualityWord};

use crate::io::QualitySample;

/// How long it has to be fair or poor before it is told.
const TELL_AFTER: Duration = Duration::from_secs(5);
/// How long it has to be good before it is no longer told.
const FORGET_AFTER: Duration = Duration::from_secs(10);

/// Follows a call's quality, so that a word is not told and taken back each second.
#[derive(Clone, Debug, Default)]
pub(crate) struct QualityWatch {
    mood: Mood,
    shown: Option<Quality>,
}

/// ```text
/// Fine ──fair or poor──▶ Worse ──5 s──▶ Told ──good──▶ Better ──10 s──▶ Fine
///   ▲────────good──────────┘              ▲──fair or poor──┘
/// ```
#[derive(Clone, Copy, Debug, Default)]
enum Mood {
    #[default]
    Fine,
    Worse(Instant),
    Told,
    Better(Instant),
}

impl QualityWatch {
    /// Takes a new sample in.
    pub(crate) fn note(&mut self, now: Instant, sample: &QualitySample) {
        let (bars, word) = rate(sample.mos);
        let bad = bars <= 2 || sample.microphone_silent;
        self.mood = self.mood.next(now, bad);
        self.shown = Some(Quality {
            bars,
            word,
            culprit: culprit(sample, bars),
            tell: matches!(self.mood, Mood::Told | Mood::Better(_)),
            mos: sample.mos,
            loss_percent: sample.loss_percent,
            far_loss_percent: sample.far_loss_percent,
            jitter_ms: sample.jitter_ms,
            round_trip_ms: sample.round_trip_ms,
        });
    }

    /// What to show.
    pub(crate) fn shown(&self) -> Option<&Quality> {
        self.shown.as_ref()
    }
}

impl Mood {
    fn next(self, now: Instant, bad: bool) -> Self {
        match (self, bad) {
            (Self::Fine, true) => Self::Worse(now),
            (Self::Worse(since), true) if now.since(since) >= TELL_AFTER => Self::Told,
            (Self::Worse(_), false) => Self::Fine,
            (Self::Told, false) => Self::Better(now),
            (Self::Better(_), true) => Self::Told,
            (Self::Better(since), false) if now.since(since) >= FORGET_AFTER => Self::Fine,
            (mood, _) => mood,
        }
    }
}

fn rate(mos: f32) -> (u8, QualityWord) {
    match mos {
        mos if mos >= 4.0 => (4, QualityWord::Good),
        mos if mos >= 3.6 => (3, QualityWord::Fine),
        mos if mos >= 3.1 => (2, QualityWord::Fair),
        _ => (1, QualityWord::Poor),
    }
}

/// A silent microphone is ours. Loss or delay in both directions, or on our way out, is our network; sound that only
/// comes in badly left the far side badly.
fn culprit(sample: &QualitySample, bars: u8) -> Option<Culprit> {
    if sample.microphone_silent {
        return Some(Culprit::Microphone);
    }
    if bars >= 4 {
        return None;
    }
    let out = sample.far_loss_percent.unwrap_or(0.0);
    let only_in = sample.far_loss_percent.is_some() && sample.loss_percent > 1.0 && out < sample.loss_percent / 4.0;
    Some(if only_in { Culprit::FarSide } else { Culprit::Network })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: QualitySample = QualitySample {
        mos: 4.3,
        loss_percent: 0.0,
        far_loss_percent: Some(0.0),
        jitter_ms: 2.0,
        round_trip_ms: Some(20.0),
        microphone_silent: false,
    };

    fn told(watch: &QualityWatch) -> bool {
        watch.shown().unwrap().tell
    }

    fn seconds(n: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(n)
    }

    #[test]
    fn poor_quality_is_told_after_five_seconds_and_forgotten_after_ten_good_ones() {
        let poor = QualitySample { mos: 2.5, loss_percent: 9.0, ..GOOD };
        let mut watch = QualityWatch::default();
        for second in 0..5 {
            watch.note(seconds(second), &poor);
            assert!(!told(&watch), "{second}");
        }
        watch.note(seconds(5), &poor);
        assert!(told(&watch));
        for second in 6..16 {
            watch.note(seconds(second), &GOOD);
            assert!(told(&watch), "{second}");
        }
        watch.note(seconds(16), &GOOD);
        assert!(!told(&watch));
    }

    #[test]
    fn one_bad_second_is_not_told() {
        let poor = QualitySample { mos: 2.5, ..GOOD };
        let mut watch = QualityWatch::default();
        watch.note(seconds(0), &poor);
        watch.note(seconds(1), &GOOD);
        watch.note(seconds(6), &poor);
        assert!(!told(&watch));
    }

    #[test]
    fn culprit_is_named() {
        let silent = QualitySample { microphone_silent: true, ..GOOD };
        assert_eq!(culprit(&silent, 4), Some(Culprit::Microphone));
        let only_in = QualitySample { mos: 3.0, loss_percent: 8.0, ..GOOD };
        assert_eq!(culprit(&only_in, 1), Some(Culprit::FarSide));
        let both = QualitySample { mos: 3.0, loss_percent: 8.0, far_loss_percent: Some(7.0), ..GOOD };
        assert_eq!(culprit(&both, 1), Some(Culprit::Network));
        assert_eq!(culprit(&GOOD, 4), None);
    }
}
