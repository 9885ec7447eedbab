use std::fmt;

use bellbird_base::{Codec, Duration, Instant};

use crate::codec::{CodecError, ComfortNoiseDecoder, Decoder, OpusDecoder};
use crate::jitter::conceal::Concealer;
use crate::jitter::merge;
use crate::jitter::queue::{Content, Entry, PacketQueue, Verdict};
use crate::jitter::repair::Repair;
use crate::jitter::speech::Speech;
use crate::jitter::stream::{Streams, media_nanos};
use crate::jitter::stretch::{self, Effort};
use crate::jitter::timing::{Bounds, Timing};
use crate::level::{Level, LevelMeter};
use crate::rate::Upsampler;
use crate::{BLOCK_SAMPLES, Block, SILENCE};

/// How to play.
#[derive(Clone, Debug)]
pub struct DownlinkConfig {
    /// How long the first packet waits, before anything is known of the network.
    pub initial_delay: Duration,
    /// The least that packets wait.
    pub least_delay: Duration,
    /// The most that packets wait.
    pub most_delay: Duration,
    /// Opus: 0–10; from 5 on lost frames are concealed by a neural network, from 6 on low rates are enhanced.
    pub opus_complexity: u8,
}

impl Default for DownlinkConfig {
    fn default() -> Self {
        Self {
            initial_delay: Duration::from_millis(40),
            least_delay: Duration::from_millis(10),
            most_delay: Duration::from_millis(500),
            opus_complexity: 5,
        }
    }
}

/// One packet from the network.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// What its payload type stands for; for comfort noise the codec it interrupts.
    pub codec: Codec,
    /// Extended sequence number: goes on over 2^16.
    pub sequence: u64,
    /// Extended timestamp in ticks of [`Codec::clock_rate`]: goes on over 2^32.
    pub timestamp: u64,
    /// When it came in, by the clock that [`Downlink::pull`] is told.
    pub arrival: Instant,
    /// What it holds.
    pub payload: Payload<'a>,
}

/// What a packet holds.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    /// Encoded audio.
    Audio(&'a [u8]),
    /// Comfort noise (RFC 3389): the sender is silent.
    ComfortNoise {
        /// Loudness in −dBov.
        level: u8,
        /// Quantised reflection coefficients; may be empty.
        spectrum: &'a [u8],
    },
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audio(bytes) => write!(f, "Audio({} bytes)", bytes.len()),
            Self::ComfortNoise { level, .. } => write!(f, "ComfortNoise(-{level} dBov)"),
        }
    }
}

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playing {
    /// Nothing has come yet.
    Nothing,
    /// Decoded audio.
    Audio,
    /// At least in part made up for what is missing.
    Concealment,
    /// The sender is silent; comfort noise.
    Silence,
}

/// What [`Downlink::pull`] gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PullInfo {
    /// What the block holds.
    pub playing: Playing,
    /// Its level, smoothed.
    pub level: Level,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DownlinkStats {
    /// How long the latest packet waited in the buffer beyond the fastest packet's way: the delay that jitter costs.
    pub delay: Duration,
    /// The delay that is aimed at.
    pub target: Duration,
    /// Packets that were given to the buffer.
    pub received: u64,
    /// Packets that came after their turn.
    pub late: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Packets that could not be used: damaged, too long, or pushed out of a full buffer.
    pub discarded: u64,
    /// Packets that were missing when their turn came.
    pub lost: u64,
    /// Of those, how many the next packet restored (Opus FEC).
    pub recovered: u64,
    /// Audio that a later packet described (Opus DRED).
    pub restored: Duration,
    /// Audio that was made up.
    pub concealed: Duration,
    /// Audio that was left out to catch up.
    pub shortened: Duration,
    /// Audio that was put in to fall back.
    pub lengthened: Duration,
    /// How often there was nothing to play though the sender was not silent.
    pub underruns: u64,
    /// How often a new stream began: another codec, another source, a jump in time.
    pub restarts: u64,
}

/// From RTP payloads to the loudspeaker: an adaptive jitter buffer with decoders, concealment and time stretching.
///
/// ```text
/// push → stream → timing (how late?) → queue
/// pull ← up to 48 kHz ← speech ← decode, recover, conceal, noise ← queue
///                         └ shorten or lengthen by whole periods, to keep the delay at its target
/// ```
pub struct Downlink {
    config: DownlinkConfig,
    queue: PacketQueue,
    timing: Timing,
    streams: Streams,
    decoders: Decoders,
    codec: Codec,
    stream: u32,
    state: State,
    speech: Speech,
    concealer: Concealer,
    noise: ComfortNoiseDecoder,
    up: [Upsampler; 3],
    tail: Option<Block>,
    margins: Margins,
    repair: Repair,
    fade: Fade,
    meter: LevelMeter,
    stats: DownlinkStats,
    block: Playing,
}

/// ```text
///            due                 nothing there             long gone
/// Waiting ───────────▶ Playing ───────────────▶ Concealing ──────────▶ Waiting
///    ▲                  │  ▲ ◀──────────────────────┘  │
///    └──another stream──┘  │ due                       │
///                       Quiet ◀────── DTX or comfort noise
/// ```
#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing of this stream has been played.
    Waiting,
    /// Samples up to `expected` are decoded.
    Playing { expected: i64, sequence: u64 },
    /// `made_up` samples went out in place of those from `expected` on.
    Concealing { expected: i64, sequence: u64, made_up: usize },
    /// The sender is silent since `expected`.
    Quiet { expected: i64, sequence: u64 },
}

/// What to do for more samples.
#[derive(Clone, Copy, Debug)]
enum Step {
    Decode,
    /// By the copy of the frame before that the next packet carries.
    Recover(usize),
    /// By the description of the past that the next packet carries: so many samples before it.
    Restore(usize),
    Conceal(usize),
    Noise(usize),
    Drop,
    Describe(u8),
    Switch,
}

impl Downlink {
    /// Allocates the decoders of all codecs, so that a switch in mid-call does not.
    pub fn new(config: DownlinkConfig) -> Result<Self, CodecError> {
        let bounds = Bounds { initial: config.initial_delay, least: config.least_delay, most: config.most_delay };
        Ok(Self {
            queue: PacketQueue::new(),
            timing: Timing::new(bounds),
            streams: Streams::new(),
            decoders: Decoders::new(config.opus_complexity)?,
            codec: Codec::Opus,
            stream: 0,
            state: State::Waiting,
            speech: Speech::new(Codec::Opus.sample_rate()),
            concealer: Concealer::new(),
            noise: ComfortNoiseDecoder::new(),
            up: [Upsampler::new(1), Upsampler::new(3), Upsampler::new(6)],
            tail: None,
            margins: Margins::default(),
            repair: Repair::new(),
            fade: Fade::new(),
            meter: LevelMeter::new(),
            stats: DownlinkStats::default(),
            block: Playing::Nothing,
            config,
        })
    }

    /// Takes a packet, in whatever order they come.
    pub fn push(&mut self, packet: Packet<'_>) {
        self.stats.received += 1;
        let (content, bytes) = match packet.payload {
            Payload::Audio(bytes) => (Content::Audio, bytes),
            Payload::ComfortNoise { level, spectrum } => (Content::ComfortNoise(level), spectrum),
        };
        let samples = match content {
            Content::Audio => Decoder::duration(packet.codec, bytes),
            Content::ComfortNoise(_) => 0,
        };
        if content == Content::Audio && samples == 0 {
            self.stats.discarded += 1;
            return;
        }
        let place = self.streams.place(packet.codec, packet.timestamp, packet.arrival, &mut self.timing);
        let entry = Entry {
            codec: packet.codec,
            content,
            stream: place.stream,
            sequence: packet.sequence,
            start: place.start,
            samples,
        };
        if self.is_late(&entry) {
            self.stats.late += 1;
            return;
        }
        match self.queue.insert(entry, bytes) {
            Verdict::Queued => {}
            Verdict::Duplicate => self.stats.duplicate += 1,
            Verdict::Overflowed | Verdict::TooLong => self.stats.discarded += 1,
        }
    }

    /// The sender began anew (another SSRC): the next packet's timestamp has nothing to do with those before.
    pub fn restart(&mut self) {
        self.streams.restart();
    }

    /// Gives the next 10 ms. To be called every 10 ms on average; two at once and then none is fine.
    pub fn pull(&mut self, now: Instant, block: &mut Block) -> PullInfo {
        let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
        self.block = Playing::Nothing;
        let mut played = [0.0; BLOCK_SAMPLES];
        // Each step but a few gives samples, so this ends; the bound is for the eye.
        for _ in 0..4 * BLOCK_SAMPLES {
            if self.speech.future() >= self.block_samples() {
                break;
            }
            self.fill(now);
        }
        let count = self.block_samples();
        self.speech.take(&mut played[..count]);
        self.up[lane(self.codec)].process(&played[..count], block);
        self.blend_tail(block);
        self.meter.measure(block);
        PullInfo { playing: self.block, level: self.meter.level() }
    }

    /// What happened so far.
    pub fn stats(&self) -> DownlinkStats {
        DownlinkStats { target: from_nanos(self.timing.target()), ..self.stats }
    }

    /// Level of what was played.
    pub fn level(&self) -> Level {
        self.meter.level()
    }

    /// The bounds and settings it was made with.
    pub fn config(&self) -> &DownlinkConfig {
        &self.config
    }

    fn is_late(&self, entry: &Entry) -> bool {
        let expected = match self.state {
            State::Waiting => {
                return entry.stream != self.stream && entry.stream.wrapping_sub(self.stream) > u32::MAX / 2;
            }
            State::Playing { expected, .. } | State::Concealing { expected, .. } | State::Quiet { expected, .. } => {
                expected
            }
        };
        let older_stream = entry.stream.wrapping_sub(self.stream) > u32::MAX / 2;
        older_stream || entry.stream == self.stream && entry.start < expected
    }

    fn block_samples(&self) -> usize {
        self.codec.sample_rate() as usize / 100
    }

    fn fill(&mut self, now: i64) {
        match self.decide(now) {
            Step::Switch => self.switch(),
            Step::Drop => self.queue.pop(),
            Step::Describe(level) => self.describe(level),
            Step::Decode => self.decode(now),
            Step::Recover(samples) => self.recover(samples),
            Step::Restore(before) => self.restore(before),
            Step::Conceal(samples) => self.conceal(samples),
            Step::Noise(samples) => self.make_noise(samples),
        }
    }

    fn decide(&self, now: i64) -> Step {
        let block = self.block_samples();
        let Some((front, payload)) = self.queue.front() else {
            return match self.state {
                State::Waiting | State::Quiet { .. } => Step::Noise(block),
                State::Playing { .. } | State::Concealing { .. } => Step::Conceal(block),
            };
        };
        if front.stream != self.stream {
            return self.before_switch(now, &front);
        }
        let (expected, sequence, made_up) = match self.state {
            State::Waiting => return self.at_its_time(now, &front),
            State::Quiet { expected, .. } if front.start < expected => return Step::Drop,
            State::Quiet { .. } => return self.at_its_time(now, &front),
            State::Playing { expected, sequence } => (expected, sequence, 0),
            State::Concealing { expected, sequence, made_up } => (expected, sequence, made_up),
        };
        if front.start < expected {
            return Step::Drop;
        }
        let gap = usize::try_from(front.start.saturating_sub(expected)).unwrap_or(usize::MAX);
        if gap == 0 {
            return begin(&front);
        }
        let paused = front.sequence == sequence.wrapping_add(1) || front.content != Content::Audio;
        if paused || gap > 50 * block {
            return match self.at_its_time(now, &front) {
                Step::Noise(samples) if made_up == 0 || !paused => Step::Conceal(samples),
                step => step,
            };
        }
        self.across_gap(gap, made_up, &front, payload)
    }

    /// Some packets are missing before `front`: how to get there.
    fn across_gap(&self, gap: usize, made_up: usize, front: &Entry, payload: &[u8]) -> Step {
        let per_ms = self.speech.per_ms();
        let wanted = self.gap_to_play(gap);
        let left = wanted.saturating_sub(made_up);
        if left < per_ms * 5 / 2 {
            return Step::Decode;
        }
        let frame = front.samples.min(20 * per_ms);
        if self.codec == Codec::Opus {
            if left <= frame && OpusDecoder::has_fec(payload) {
                return Step::Recover(left);
            }
            if self.repair.has_redundancy() {
                return Step::Restore(left);
            }
        }
        Step::Conceal((left.saturating_sub(frame)).clamp(1, self.block_samples()).max(left.min(self.block_samples())))
    }

    /// How long a gap shall last: as long as it is, unless the delay wants to change anyway.
    fn gap_to_play(&self, gap: usize) -> usize {
        let excess = self.excess_samples();
        let slack = 10 * self.speech.per_ms() as i64;
        let change = if excess > slack { slack - excess } else { (-excess).max(0) };
        usize::try_from(gap as i64 + change).unwrap_or(0)
    }

    /// By how much the delay exceeds its target, in samples.
    fn excess_samples(&self) -> i64 {
        self.margins.least().map_or(0, |(needed, _)| self.to_samples(needed.saturating_sub(self.timing.target())))
    }

    fn to_samples(&self, nanos: i64) -> i64 {
        nanos / 1_000 * self.speech.per_ms() as i64 / 1_000
    }

    /// After silence: noise until the packet's delay has reached the target.
    fn at_its_time(&self, now: i64, front: &Entry) -> Step {
        let played_at = now.saturating_add(media_nanos(self.speech.future() as i64, self.codec));
        let missing =
            self.timing.target().saturating_sub(self.timing.delay(played_at, media_nanos(front.start, self.codec)));
        match usize::try_from(self.to_samples(missing)) {
            Ok(samples) if samples > self.speech.per_ms() => Step::Noise(samples.min(self.block_samples())),
            _ => begin(front),
        }
    }

    /// The stream that plays has nothing more: when does the next one begin?
    fn before_switch(&self, now: i64, front: &Entry) -> Step {
        let waited = self.timing.delay(now, media_nanos(front.start, front.codec));
        let due = waited >= self.timing.target() || matches!(self.state, State::Quiet { .. });
        match self.state {
            _ if due => Step::Switch,
            State::Waiting | State::Quiet { .. } => Step::Noise(self.block_samples()),
            State::Playing { .. } | State::Concealing { .. } => Step::Conceal(self.block_samples()),
        }
    }

    fn switch(&mut self) {
        let Some((front, _)) = self.queue.front() else { return };
        self.keep_tail();
        self.stream = front.stream;
        self.codec = front.codec;
        self.state = State::Waiting;
        self.speech.restart(self.codec.sample_rate());
        self.up[lane(self.codec)].reset();
        self.decoders.of(self.codec).reset();
        self.concealer.reset();
        self.margins = Margins::default();
        self.repair = Repair::new();
        self.fade = Fade::new();
        self.timing.set_repair(0);
        self.stats.restarts += 1;
    }

    /// What the old stream would have played next, faded out, to be blended with the new one's beginning.
    fn keep_tail(&mut self) {
        if matches!(self.state, State::Waiting) {
            return;
        }
        let count = self.block_samples();
        if self.speech.future() < count {
            self.conceal(count);
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

    fn blend_tail(&mut self, block: &mut Block) {
        let Some(tail) = self.tail.take() else { return };
        for (n, (sample, old)) in block.iter_mut().zip(&tail).enumerate() {
            *sample = *sample * (n as f32 / BLOCK_SAMPLES as f32) + old;
        }
    }

    fn describe(&mut self, level: u8) {
        if let Some((front, spectrum)) = self.queue.front() {
            self.noise.update(level, spectrum);
            self.state = State::Quiet { expected: front.start, sequence: front.sequence };
        }
        self.queue.pop();
    }

    fn decode(&mut self, now: i64) {
        let Some((front, payload)) = self.queue.front() else { return };
        let ahead = self.speech.future();
        let silence = front.codec == Codec::Opus && OpusDecoder::is_silence(payload);
        let payload_repairs = front.codec == Codec::Opus && OpusDecoder::has_fec(payload);
        let decoded = match self.decoders.of(front.codec).decode(payload, self.speech.room()) {
            Ok(samples) => samples,
            Err(_) => {
                self.stats.discarded += 1;
                self.queue.pop();
                return;
            }
        };
        if front.codec == Codec::Opus {
            self.learn_repair(&front, payload_repairs);
        }
        self.queue.pop();
        self.count_losses(&front);
        self.speech.commit(decoded);
        self.fade.back_in(self.speech.newest_mut(decoded));
        self.smooth_return(decoded);
        if self.codec != Codec::Opus {
            self.concealer.listen(self.speech.newest_mut(decoded));
        }
        let (expected, sequence) = (front.start.saturating_add(decoded as i64), front.sequence);
        self.state = if silence { State::Quiet { expected, sequence } } else { State::Playing { expected, sequence } };
        self.note(if silence { Playing::Silence } else { Playing::Audio });
        let needed = self.timing.delay(now, media_nanos(front.start, front.codec));
        let heard = needed.saturating_add(media_nanos(ahead as i64, front.codec));
        self.margins.push(needed, heard);
        self.stats.delay = from_nanos(heard);
        self.keep_pace();
    }

    /// Where packets get lost and those after them can repair it, it pays to wait for them.
    fn learn_repair(&mut self, front: &Entry, has_copy: bool) {
        let missing = match self.state {
            State::Playing { expected, sequence } | State::Concealing { expected, sequence, .. }
                if front.sequence != sequence.wrapping_add(1) =>
            {
                usize::try_from(front.start.saturating_sub(expected)).unwrap_or(0)
            }
            State::Waiting | State::Playing { .. } | State::Concealing { .. } | State::Quiet { .. } => 0,
        };
        self.repair.decoded(front.samples, missing, has_copy);
        if self.repair.wants_to_look() {
            let Some((_, payload)) = self.queue.front() else { return };
            if let Decoder::Opus(opus) = &mut self.decoders.opus {
                self.repair.looked(opus.read_redundancy(payload, MOST_REDUNDANCY));
            }
        }
        self.timing.set_repair(media_nanos(self.repair.wait() as i64, Codec::Opus));
    }

    fn count_losses(&mut self, front: &Entry) {
        let (sequence, made_up) = match self.state {
            State::Playing { sequence, .. } => (sequence, 0),
            State::Concealing { sequence, made_up, .. } => (sequence, made_up),
            State::Waiting | State::Quiet { .. } => return,
        };
        let missing = front.sequence.wrapping_sub(sequence).wrapping_sub(1);
        if missing == 0 && made_up > 0 && self.concealed_pause(front) {
            // The sender left silence out without a word: that was no loss.
            self.stats.concealed = self.stats.concealed.saturating_sub(self.time(made_up));
            self.stats.underruns = self.stats.underruns.saturating_sub(1);
        } else if missing < 1_000 {
            self.stats.lost += missing;
        }
    }

    fn concealed_pause(&self, front: &Entry) -> bool {
        matches!(self.state, State::Concealing { expected, .. } if front.start > expected)
    }

    /// After made-up audio of our own the decoded audio fades in; Opus does that itself.
    fn smooth_return(&mut self, decoded: usize) {
        let moved = match self.state {
            _ if self.codec == Codec::Opus => return,
            State::Waiting | State::Playing { .. } => return,
            State::Quiet { .. } => merge::into_noise(&mut self.speech, decoded, &mut self.noise),
            State::Concealing { .. } => merge::into_voice(&mut self.speech, decoded, &mut self.concealer),
        };
        self.settle(usize::try_from(moved.abs()).unwrap_or(0));
    }

    /// Shortens or lengthens what was just decoded, where the delay is off its target.
    fn keep_pace(&mut self) {
        let Some((needed, heard)) = self.margins.least() else { return };
        let per_ms = self.speech.per_ms();
        let spare = self.to_samples(heard.saturating_sub(self.timing.target()));
        let short = self.to_samples(self.timing.target().saturating_sub(needed));
        if short > (LEAST_CHANGE_MS * per_ms / 2) as i64 {
            let added = stretch::lengthen(&mut self.speech, (short as usize).max(15 * per_ms));
            self.stats.lengthened += self.time(added);
            self.settle(added);
        } else if let Ok(spare) = usize::try_from(spare - (LEAST_CHANGE_MS * per_ms) as i64) {
            let spare = spare + LEAST_CHANGE_MS * per_ms;
            let effort = if spare > 100 * per_ms { Effort::Urgent } else { Effort::Gentle };
            // Blocks are pulled whole: a cut that leaves part of one needs the next packet so much sooner.
            let (future, block) = (self.speech.future(), self.block_samples());
            let fits = |cut: usize| cut + (future - cut) % block <= spare;
            let removed = stretch::shorten(&mut self.speech, spare, effort, fits);
            self.stats.shortened += self.time(removed);
            self.settle(removed);
        }
    }

    fn settle(&mut self, changed: usize) {
        if changed > 0 {
            self.margins.clear();
        }
    }

    fn recover(&mut self, samples: usize) {
        let Some((_, payload)) = self.queue.front() else { return };
        let samples = whole_opus_frames(samples);
        let room = &mut self.speech.room()[..samples];
        let recovered = match self.decoders.of(Codec::Opus) {
            Decoder::Opus(opus) => opus.recover(payload, room).unwrap_or(0),
            Decoder::G722(_) | Decoder::G711(_) => 0,
        };
        if recovered == 0 {
            return self.conceal(samples);
        }
        self.speech.commit(recovered);
        self.fade.back_in(self.speech.newest_mut(recovered));
        self.stats.recovered += 1;
        self.note(Playing::Audio);
        self.made_up(recovered);
    }

    fn restore(&mut self, before: usize) {
        let Some((front, payload)) = self.queue.front() else { return };
        let samples = whole_opus_frames(before.min(self.block_samples()));
        let room = &mut self.speech.room()[..samples];
        let restored = match self.decoders.of(Codec::Opus) {
            Decoder::Opus(opus) => {
                let told = self.repair.told(front.start, || opus.read_redundancy(payload, MOST_REDUNDANCY));
                if told + samples >= before { opus.restore(before, room).unwrap_or(0) } else { 0 }
            }
            Decoder::G722(_) | Decoder::G711(_) => 0,
        };
        if restored == 0 {
            return self.conceal(samples);
        }
        self.speech.commit(restored);
        self.fade.back_in(self.speech.newest_mut(restored));
        self.stats.restored += self.time(restored);
        self.note(Playing::Audio);
        self.made_up(restored);
    }

    fn conceal(&mut self, samples: usize) {
        if matches!(self.state, State::Playing { .. }) {
            if self.codec != Codec::Opus {
                self.concealer.begin(self.speech.tail(), self.speech.per_ms());
            }
            if self.queue.len() == 0 {
                self.stats.underruns += 1;
            }
        }
        let made = match self.decoders.of(self.codec) {
            Decoder::Opus(opus) => {
                let samples = whole_opus_frames(samples);
                let room = &mut self.speech.room()[..samples];
                if opus.conceal(room).is_err() {
                    room.fill(0.0);
                }
                self.fade.out(room);
                samples
            }
            Decoder::G722(_) | Decoder::G711(_) => {
                self.concealer.generate(&mut self.speech.room()[..samples]);
                samples
            }
        };
        self.speech.commit(made);
        self.stats.concealed += self.time(made);
        self.note(Playing::Concealment);
        self.made_up(made);
    }

    fn made_up(&mut self, samples: usize) {
        self.state = match self.state {
            State::Playing { expected, sequence } => State::Concealing { expected, sequence, made_up: samples },
            State::Concealing { expected, sequence, made_up } => {
                State::Concealing { expected, sequence, made_up: made_up + samples }
            }
            other @ (State::Waiting | State::Quiet { .. }) => other,
        };
    }

    /// The sender is silent: Opus goes on by itself, other codecs get comfort noise.
    fn make_noise(&mut self, samples: usize) {
        let quiet = matches!(self.state, State::Quiet { .. });
        let made = match self.decoders.of(self.codec) {
            Decoder::Opus(opus) if quiet => {
                let samples = whole_opus_frames(samples);
                opus.conceal(&mut self.speech.room()[..samples]).unwrap_or(samples)
            }
            Decoder::Opus(_) | Decoder::G722(_) | Decoder::G711(_) => {
                let room = &mut self.speech.room()[..samples];
                if quiet {
                    self.noise.generate(room);
                } else {
                    room.fill(0.0);
                }
                samples
            }
        };
        self.speech.commit(made);
        self.note(if quiet { Playing::Silence } else { Playing::Nothing });
    }

    /// A block is what its worst part is.
    fn note(&mut self, playing: Playing) {
        if self.block != Playing::Concealment {
            self.block = playing;
        }
    }

    fn time(&self, samples: usize) -> Duration {
        from_nanos(media_nanos(samples as i64, self.codec))
    }
}

impl fmt::Debug for Downlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downlink")
            .field("codec", &self.codec)
            .field("state", &self.state)
            .field("queued", &self.queue.len())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

fn begin(front: &Entry) -> Step {
    match front.content {
        Content::Audio => Step::Decode,
        Content::ComfortNoise(level) => Step::Describe(level),
    }
}

/// Delay that is less than this off its target is left alone.
const LEAST_CHANGE_MS: usize = 8;

/// How far back deep redundancy may reach: 1 s.
const MOST_REDUNDANCY: usize = 48_000;

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

fn from_nanos(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// Opus conceals for ever at full strength when its neural network does it: after 120 ms that is faded out.
#[derive(Debug)]
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

/// How early the last packets came before they were needed, and how long before they were heard, in nanoseconds of
/// delay. A block needs its packet when it is pulled, up to 10 ms before the packet's first sample is heard.
#[derive(Debug, Default)]
struct Margins {
    needed: [i64; Self::KEPT],
    heard: [i64; Self::KEPT],
    count: usize,
}

impl Margins {
    const KEPT: usize = 10;

    fn push(&mut self, needed: i64, heard: i64) {
        self.needed[self.count % Self::KEPT] = needed;
        self.heard[self.count % Self::KEPT] = heard;
        self.count += 1;
    }

    /// The least of the last ones, as (when needed, when heard).
    fn least(&self) -> Option<(i64, i64)> {
        let kept = self.count.min(Self::KEPT);
        let least = |values: &[i64]| values[..kept].iter().copied().min();
        Some((least(&self.needed)?, least(&self.heard)?))
    }

    /// Playing changed its delay: what was measured before says nothing of what comes.
    fn clear(&mut self) {
        self.count = 0;
    }
}

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
