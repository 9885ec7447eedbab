//! What to do next for more samples: pure decisions from the queue's front, the clock and the state.

use bellbird_base::Codec;

use super::Downlink;
use crate::codec::OpusDecoder;
use crate::jitter::queue::{Content, Entry};
use crate::jitter::stream::media_nanos;
use crate::jitter::timing::nanos;

/// After a gap of this many blocks the stream begins at its time again, as after silence: 500 ms.
const LONG_GAP_BLOCKS: usize = 50;

/// Where playing is in a stream. Positions are samples since the stream's origin.
///
/// ```text
///           at its time            packet missing
/// Waiting ─────────────▶ Playing ─────────────────▶ Concealing
///    ▲                    │  ▲ ▲                         │
///    └─another stream─────┤  │ └─────────packet is there──┘
///                         ▼  │ at its time
///                        Quiet
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// Nothing of this stream has been played.
    Waiting,
    /// Samples up to `expected` are decoded.
    Playing { expected: i64, sequence: u64 },
    /// `made_up` samples went out in place of those from `expected` on.
    Concealing { expected: i64, sequence: u64, made_up: usize },
    /// The sender is silent since `expected`: DTX or comfort noise.
    Quiet { expected: i64 },
}

impl State {
    /// The first sample that has not been played, once one has.
    pub(super) fn expected(self) -> Option<i64> {
        match self {
            Self::Waiting => None,
            Self::Playing { expected, .. } | Self::Concealing { expected, .. } | Self::Quiet { expected } => {
                Some(expected)
            }
        }
    }

    /// The state after so many more samples were made up.
    pub(super) fn made_up(self, samples: usize) -> Self {
        match self {
            Self::Playing { expected, sequence } => Self::Concealing { expected, sequence, made_up: samples },
            Self::Concealing { expected, sequence, made_up } => {
                Self::Concealing { expected, sequence, made_up: made_up.saturating_add(samples) }
            }
            Self::Waiting | Self::Quiet { .. } => self,
        }
    }
}

/// What to do for more samples; lengths in samples.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Decode the front packet.
    Decode,
    /// Decode the copy of the frame before that the front packet carries.
    Recover(usize),
    /// Make 10 ms of what was so many samples before the front packet, as that packet describes it.
    Restore(usize),
    /// Make up what is missing.
    Conceal(usize),
    /// Wait: noise while the sender is silent, silence before the first packet.
    Noise(usize),
    /// The front packet's time is over.
    Drop,
    /// Leave the front packet out: the delay is beyond all bounds.
    Skip,
    /// The front packet describes the sender's background.
    Describe(u8),
    /// The front packet begins another stream.
    Switch,
}

impl Downlink {
    pub(super) fn plan(&self, now: i64) -> Step {
        let block = self.sound.block();
        let Some((front, payload)) = self.queue.front() else {
            return match self.state {
                State::Waiting | State::Quiet { .. } => Step::Noise(block),
                State::Playing { .. } | State::Concealing { .. } => Step::Conceal(block),
            };
        };
        if front.stream != self.stream {
            return self.before_switch(now, &front);
        }
        if self.state.expected().is_some_and(|expected| front.start < expected) {
            return Step::Drop;
        }
        let (expected, sequence, made_up) = match self.state {
            State::Waiting | State::Quiet { .. } => return self.at_its_time(now, &front),
            State::Playing { expected, sequence } => (expected, sequence, 0),
            State::Concealing { expected, sequence, made_up } => (expected, sequence, made_up),
        };
        let gap = usize::try_from(front.start.saturating_sub(expected)).unwrap_or(usize::MAX);
        if gap == 0 {
            return if self.is_hopelessly_late(now, &front) { Step::Skip } else { begin(&front) };
        }
        let paused = front.sequence == sequence.wrapping_add(1) || front.content != Content::Audio;
        if paused || gap > LONG_GAP_BLOCKS * block {
            return match self.at_its_time(now, &front) {
                Step::Noise(samples) => Step::Conceal(samples),
                step @ (Step::Decode
                | Step::Recover(_)
                | Step::Restore(_)
                | Step::Conceal(_)
                | Step::Drop
                | Step::Skip
                | Step::Describe(_)
                | Step::Switch) => step,
            };
        }
        self.across_gap(gap, made_up, &front, payload)
    }

    /// Some packets are missing before `front`: how to get there.
    fn across_gap(&self, gap: usize, made_up: usize, front: &Entry, payload: &[u8]) -> Step {
        let (per_ms, block) = (self.sound.speech.per_ms(), self.sound.block());
        let left = self.gap_to_play(gap).saturating_sub(made_up);
        if left < per_ms * 5 / 2 {
            return Step::Decode;
        }
        let frame = front.samples.min(20 * per_ms);
        if self.sound.codec == Codec::Opus {
            if left <= frame && OpusDecoder::has_fec(payload) {
                return Step::Recover(left);
            }
            if self.repair.has_redundancy() {
                return Step::Restore(left);
            }
        }
        Step::Conceal(left.min(block))
    }

    /// How long a gap shall last: as long as it is, unless the delay wants to change anyway.
    fn gap_to_play(&self, gap: usize) -> usize {
        let target = self.timing.target();
        let excess = self.margins.least().map_or(0, |(needed, _)| self.to_samples(needed.saturating_sub(target)));
        let slack = self.sound.block() as i64;
        let change = if excess > slack { slack - excess } else { (-excess).max(0) };
        usize::try_from((gap as i64).saturating_add(change)).unwrap_or(0)
    }

    /// Whether even urgent shortening would take seconds to catch up.
    fn is_hopelessly_late(&self, now: i64, front: &Entry) -> bool {
        let delay = self.timing.delay(now, media_nanos(front.start, front.codec));
        delay > self.timing.target().saturating_add(nanos(self.config.most_delay)) && self.queue.len() > 1
    }

    /// After silence: wait until the packet's delay has reached the target.
    fn at_its_time(&self, now: i64, front: &Entry) -> Step {
        let codec = self.sound.codec;
        let played_at = now.saturating_add(media_nanos(self.sound.speech.future() as i64, codec));
        let delay = self.timing.delay(played_at, media_nanos(front.start, codec));
        match usize::try_from(self.to_samples(self.timing.target().saturating_sub(delay))) {
            Ok(missing) if missing > self.sound.speech.per_ms() => Step::Noise(missing.min(self.sound.block())),
            Ok(_) | Err(_) => begin(front),
        }
    }

    /// The stream that plays has nothing more: when does the next one begin?
    fn before_switch(&self, now: i64, front: &Entry) -> Step {
        let waited = self.timing.delay(now, media_nanos(front.start, front.codec));
        if waited >= self.timing.target() || matches!(self.state, State::Quiet { .. }) {
            return Step::Switch;
        }
        match self.state {
            State::Waiting | State::Quiet { .. } => Step::Noise(self.sound.block()),
            State::Playing { .. } | State::Concealing { .. } => Step::Conceal(self.sound.block()),
        }
    }

    pub(super) fn to_samples(&self, nanos: i64) -> i64 {
        nanos / 1_000 * self.sound.speech.per_ms() as i64 / 1_000
    }
}

fn begin(front: &Entry) -> Step {
    match front.content {
        Content::Audio => Step::Decode,
        Content::ComfortNoise(level) => Step::Describe(level),
    }
}
