//! What is heard of one stream after the other: decoders, concealment, noise, and the joints between them.
//!
//! All lengths are samples at the present codec's rate. What a function makes is appended to the future; how much that
//! was is what it gives back.

use bellbird_base::Codec;

use super::conceal::Concealer;
use super::merge;
use super::speech::Speech;
use super::stretch::{self, Effort};
use crate::codec::{CodecError, ComfortNoiseDecoder, Decoder};
use crate::rate::Upsampler;
use crate::{BLOCK_SAMPLES, Block, SILENCE};

/// How far back deep redundancy may reach: 1 s at 48 kHz.
const MOST_REDUNDANCY: usize = 48_000;

/// What went before a decoded frame, and so how it is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Audio,
    Concealment,
    Noise,
}

pub(crate) struct Sound {
    pub(crate) codec: Codec,
    pub(crate) speech: Speech,
    decoders: Decoders,
    concealer: Concealer,
    noise: ComfortNoiseDecoder,
    fade: Fade,
    up: [Upsampler; 3],
    tail: Option<Block>,
}

impl Sound {
    pub(crate) fn new(opus_complexity: u8) -> Result<Self, CodecError> {
        Ok(Self {
            codec: Codec::Opus,
            speech: Speech::new(Codec::Opus.sample_rate()),
            decoders: Decoders::new(opus_complexity)?,
            concealer: Concealer::new(),
            noise: ComfortNoiseDecoder::new(),
            fade: Fade::new(),
            up: [Upsampler::new(1), Upsampler::new(3), Upsampler::new(6)],
            tail: None,
        })
    }

    /// Samples of 10 ms.
    pub(crate) fn block(&self) -> usize {
        self.codec.sample_rate() as usize / 100
    }

    /// Plays 10 ms, which have to be there.
    pub(crate) fn play(&mut self, block: &mut Block) {
        let mut played = [0.0; BLOCK_SAMPLES];
        let count = self.block();
        self.speech.take(&mut played[..count]);
        self.up[lane(self.codec)].process(&played[..count], block);
        let Some(tail) = self.tail.take() else { return };
        for (n, (sample, old)) in block.iter_mut().zip(&tail).enumerate() {
            *sample = *sample * (n as f32 / BLOCK_SAMPLES as f32) + old;
        }
    }

    /// Goes over to another stream. What sounded is blended with its beginning.
    pub(crate) fn switch(&mut self, codec: Codec, sounded: bool) {
        if sounded {
            self.keep_tail();
        }
        self.codec = codec;
        self.speech.restart(codec.sample_rate());
        self.up[lane(codec)].reset();
        self.decoders.of(codec).reset();
        self.concealer.reset();
        self.fade = Fade::new();
    }

    /// What would have sounded next, faded out.
    fn keep_tail(&mut self) {
        let count = self.block();
        while self.speech.future() < count {
            self.conceal(count, Before::Concealment);
        }
        let mut samples = [0.0; BLOCK_SAMPLES];
        self.speech.take(&mut samples[..count]);
        let mut tail = SILENCE;
        self.up[lane(self.codec)].process(&samples[..count], &mut tail);
        for (n, sample) in tail.iter_mut().enumerate() {
            *sample *= 1.0 - n as f32 / BLOCK_SAMPLES as f32;
        }
        self.tail = Some(tail);
    }

    /// Decodes a payload and joins it to what went before. Says how many samples it holds, and whether the delay changed.
    pub(crate) fn decode(&mut self, payload: &[u8], before: Before) -> Result<(usize, bool), CodecError> {
        let decoded = self.decoders.of(self.codec).decode(payload, self.speech.room())?;
        self.speech.commit(decoded);
        self.fade.back_in(self.speech.newest_mut(decoded));
        if self.codec == Codec::Opus {
            return Ok((decoded, false));
        }
        let moved = match before {
            Before::Audio => 0,
            Before::Noise => merge::into_noise(&mut self.speech, decoded, &mut self.noise),
            Before::Concealment => merge::into_voice(&mut self.speech, decoded, &mut self.concealer),
        };
        self.concealer.listen(self.speech.newest_mut(decoded));
        Ok((decoded, moved != 0))
    }

    /// Goes on with a voice for `samples` or, with Opus, the next multiple of 2.5 ms.
    pub(crate) fn conceal(&mut self, samples: usize, before: Before) -> usize {
        let made = match self.decoders.of(self.codec) {
            Decoder::Opus(opus) => {
                let samples = whole_opus_frames(samples);
                let room = &mut self.speech.room()[..samples];
                if self.fade.is_out() || opus.conceal(room).is_err() {
                    room.fill(0.0);
                }
                self.fade.out(room);
                samples
            }
            Decoder::G722(_) | Decoder::G711(_) => {
                if before == Before::Audio {
                    self.concealer.begin(self.speech.tail(), self.speech.per_ms());
                }
                self.concealer.generate(&mut self.speech.room()[..samples]);
                samples
            }
        };
        self.speech.commit(made);
        made
    }

    /// Restores the frame before `payload` by the copy that `payload` carries; 0 where it can't.
    pub(crate) fn recover(&mut self, payload: &[u8], samples: usize) -> usize {
        let Decoder::Opus(opus) = &mut self.decoders.opus else { return 0 };
        let room = &mut self.speech.room()[..whole_opus_frames(samples)];
        let recovered = opus.recover(payload, room).unwrap_or(0);
        self.keep_restored(recovered)
    }

    /// Restores up to 10 ms of what was `before` samples before the payload that was read last; 0 where it can't.
    pub(crate) fn restore(&mut self, before: usize) -> usize {
        let samples = whole_opus_frames(before.min(self.block()));
        let Decoder::Opus(opus) = &mut self.decoders.opus else { return 0 };
        let restored = opus.restore(before, &mut self.speech.room()[..samples]).unwrap_or(0);
        self.keep_restored(restored)
    }

    fn keep_restored(&mut self, samples: usize) -> usize {
        self.speech.commit(samples);
        self.fade.back_in(self.speech.newest_mut(samples));
        samples
    }

    /// How far back an Opus payload describes the past.
    pub(crate) fn read_redundancy(&mut self, payload: &[u8]) -> usize {
        match &mut self.decoders.opus {
            Decoder::Opus(opus) => opus.read_redundancy(payload, MOST_REDUNDANCY),
            Decoder::G722(_) | Decoder::G711(_) => 0,
        }
    }

    /// Takes the sender's description of its background.
    pub(crate) fn describe(&mut self, level: u8, spectrum: &[u8]) {
        self.noise.update(level, spectrum);
    }

    /// The sender is silent: Opus goes on by itself, other codecs get comfort noise.
    pub(crate) fn make_noise(&mut self, samples: usize) -> usize {
        let made = match self.decoders.of(self.codec) {
            Decoder::Opus(opus) => {
                let samples = whole_opus_frames(samples);
                let room = &mut self.speech.room()[..samples];
                if opus.conceal(room).is_err() {
                    room.fill(0.0);
                }
                samples
            }
            Decoder::G722(_) | Decoder::G711(_) => {
                self.noise.generate(&mut self.speech.room()[..samples]);
                samples
            }
        };
        self.speech.commit(made);
        made
    }

    /// Nothing at all.
    pub(crate) fn make_silence(&mut self, samples: usize) {
        self.speech.room()[..samples].fill(0.0);
        self.speech.commit(samples);
    }

    /// Takes up to `spare` samples out of the future, if a good place is found. Blocks are played whole: a cut that
    /// leaves part of one needs the next packet so much sooner, which has to be spared too.
    pub(crate) fn shorten(&mut self, spare: usize, effort: Effort) -> usize {
        let (future, block) = (self.speech.future(), self.block());
        let fits = |cut: usize| cut + (future - cut) % block <= spare;
        stretch::shorten(&mut self.speech, spare, effort, fits)
    }

    /// Puts up to `most` samples before the future, if a good place is found.
    pub(crate) fn lengthen(&mut self, most: usize) -> usize {
        stretch::lengthen(&mut self.speech, most)
    }
}

/// What libopus takes: a multiple of 2.5 ms, at least one and at most 120 ms.
fn whole_opus_frames(samples: usize) -> usize {
    (samples.div_ceil(120) * 120).clamp(120, 5_760)
}

fn lane(codec: Codec) -> usize {
    match codec {
        Codec::Opus => 0,
        Codec::G722 => 1,
        Codec::Pcmu | Codec::Pcma => 2,
    }
}

/// Opus conceals for ever at full strength when its neural network does it: after 120 ms that is faded out.
struct Fade {
    concealed: usize,
    gain: f32,
}

impl Fade {
    /// At 48 kHz.
    const HOLD: usize = 120 * 48;
    const STEP: f32 = 1.0 / (200.0 * 48.0);
    const STEP_BACK: f32 = 1.0 / (5.0 * 48.0);

    const fn new() -> Self {
        Self { concealed: 0, gain: 1.0 }
    }

    fn is_out(&self) -> bool {
        self.gain <= 0.0
    }

    fn out(&mut self, samples: &mut [f32]) {
        for sample in samples {
            self.concealed = self.concealed.saturating_add(1);
            if self.concealed > Self::HOLD {
                self.gain = (self.gain - Self::STEP).max(0.0);
            }
            *sample *= self.gain;
        }
    }

    fn back_in(&mut self, samples: &mut [f32]) {
        self.concealed = 0;
        for sample in samples {
            if self.gain >= 1.0 {
                return;
            }
            self.gain = (self.gain + Self::STEP_BACK).min(1.0);
            *sample *= self.gain;
        }
    }
}

/// One decoder of each codec, so that a change does not allocate.
struct Decoders {
    opus: Decoder,
    g722: Decoder,
    pcmu: Decoder,
    pcma: Decoder,
}

impl Decoders {
    fn new(opus_complexity: u8) -> Result<Self, CodecError> {
        let mut decoders = Self {
            opus: Decoder::new(Codec::Opus)?,
            g722: Decoder::new(Codec::G722)?,
            pcmu: Decoder::new(Codec::Pcmu)?,
            pcma: Decoder::new(Codec::Pcma)?,
        };
        if let Decoder::Opus(opus) = &mut decoders.opus {
            opus.set_complexity(opus_complexity)?;
        }
        Ok(decoders)
    }

    fn of(&mut self, codec: Codec) -> &mut Decoder {
        match codec {
            Codec::Opus => &mut self.opus,
            Codec::G722 => &mut self.g722,
            Codec::Pcmu => &mut self.pcmu,
            Codec::Pcma => &mut self.pcma,
        }
    }
}
