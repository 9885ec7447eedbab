use bellbird_device::{Capture, Playback};
use bellbird_voice::{Block, Resampler, ResamplerError, SILENCE};

/// The sound thread's end of a microphone's ring.
pub(super) struct CaptureEnd {
    capture: Capture,
    resampler: Resampler,
    input: Vec<f32>,
    /// More than this much waiting is old: the thread stood still.
    most: usize,
}

impl CaptureEnd {
    pub(super) fn new(capture: Capture) -> Result<Self, ResamplerError> {
        let rate = capture.format.rate;
        let resampler = Resampler::to_blocks(rate)?;
        let input = vec![0.0; resampler.input_most()];
        // 200 ms: beyond what any system's scheduling explains.
        Ok(Self { capture, resampler, input, most: rate as usize / 5 })
    }

    /// The next 10 ms, once they are there.
    pub(super) fn read(&mut self, block: &mut Block) -> bool {
        self.drop_what_is_old();
        let needed = self.resampler.input_needed();
        let (Ok(chunk), Some(input)) = (self.capture.ring.read_chunk(needed), self.input.get_mut(..needed)) else {
            return false;
        };
        let (first, second) = chunk.as_slices();
        let (head, tail) = input.split_at_mut(first.len());
        head.copy_from_slice(first);
        tail.copy_from_slice(second);
        chunk.commit_all();
        self.resampler.process(input, block).is_ok()
    }

    fn drop_what_is_old(&mut self) {
        let surplus = self.capture.ring.slots().saturating_sub(self.most);
        if surplus > 0
            && let Ok(chunk) = self.capture.ring.read_chunk(surplus)
        {
            chunk.commit_all();
        }
    }
}

/// The sound thread's end of a speaker's ring.
pub(super) struct PlaybackEnd {
    playback: Playback,
    resampler: Resampler,
    output: Vec<f32>,
}

impl PlaybackEnd {
    pub(super) fn new(playback: Playback) -> Result<Self, ResamplerError> {
        let resampler = Resampler::from_blocks(playback.format.rate)?;
        let output = vec![0.0; resampler.output_most()];
        Ok(Self { playback, resampler, output })
    }

    /// Whether the device will want 10 ms soon.
    pub(super) fn is_hungry(&self) -> bool {
        self.playback.due() > 0 && !self.playback.ring.is_abandoned()
    }

    /// Hands 10 ms over.
    pub(super) fn write(&mut self, block: &Block) {
        let Ok((_, given)) = self.resampler.process(block, &mut self.output) else { return };
        let Some(output) = self.output.get(..given) else { return };
        if let Ok(chunk) = self.playback.ring.write_chunk_uninit(given) {
            chunk.fill_from_iter(output.iter().copied());
        }
    }
}

/// A block to read into.
pub(super) const fn empty() -> Block {
    SILENCE
}
