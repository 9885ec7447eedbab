mod plan;
mod types;

use std::fmt;

use bellbird_base::{Codec, Duration, Instant};

use crate::codec::{CodecError, Decoder, OpusDecoder};
use crate::jitter::margins::Margins;
use crate::jitter::queue::{Content, Entry, PacketQueue, Verdict};
use crate::jitter::repair::Repair;
use crate::jitter::sound::{Before, Sound};
use crate::jitter::stream::{Streams, media_nanos};
use crate::jitter::stretch::Effort;
use crate::jitter::timing::{Bounds, Timing};
use crate::level::{Level, LevelMeter};
use crate::{BLOCK_SAMPLES, Block};
use plan::{State, Step};
pub use types::{DownlinkConfig, DownlinkStats, Packet, Payload, Playing, PullInfo};

/// Delay that is less than this above its target, or a third of it below, is left alone.
const LEAST_CHANGE_MS: usize = 12;
/// What is cut out must not make packets needed more than this much too soon, in ns: it would be put in again at once.
const NEEDED_AHEAD: i64 = LEAST_CHANGE_MS as i64 * 1_000_000 / 3;
/// Up to this much surplus delay waits for a pause in the speech: nobody notices it, while a cut in a word is heard.
const PATIENT_MS: usize = 30;
/// People pause for breath; whoever has not for so many packets (30 s at 20 ms) is cut short in a word after all.
const PATIENCE_PACKETS: u32 = 1_500;
/// Up to this much surplus delay goes only where the voice repeats itself closely.
const GENTLE_MS: usize = 100;

/// From RTP payloads to the loudspeaker: an adaptive jitter buffer with decoders, concealment and time stretching.
///
/// ```text
/// push → stream → timing (how late?) → queue
/// pull ← up to 48 kHz ← speech ← decode, recover, restore, conceal, noise ← plan ← queue
///                         └ shortened or lengthened by whole periods, to keep the delay at its target
/// ```
pub struct Downlink {
    config: DownlinkConfig,
    queue: PacketQueue,
    timing: Timing,
    streams: Streams,
    stream: u32,
    state: State,
    sound: Sound,
    margins: Margins,
    /// Packets in a row with surplus delay.
    surplus_packets: u32,
    repair: Repair,
    meter: LevelMeter,
    stats: DownlinkStats,
    /// What the block that is being pulled holds so far.
    block: Playing,
}

impl Downlink {
    /// Allocates the decoders of all codecs, so that a switch in mid-call does not.
    pub fn new(config: DownlinkConfig) -> Result<Self, CodecError> {
        let bounds = Bounds { initial: config.initial_delay, least: config.least_delay, most: config.most_delay };
        Ok(Self {
            queue: PacketQueue::new(),
            timing: Timing::new(bounds),
            streams: Streams::new(),
            stream: 0,
            state: State::Waiting,
            sound: Sound::new(config.opus_complexity)?,
            margins: Margins::default(),
            surplus_packets: 0,
            repair: Repair::new(),
            meter: LevelMeter::new(),
            stats: DownlinkStats::default(),
            block: Playing::Nothing,
            config,
        })
    }

    /// Takes a packet, in whatever order they come.
    pub fn push(&mut self, packet: Packet<'_>) {
        self.stats.received += 1;
        let (content, bytes, samples) = match packet.payload {
            Payload::Audio(bytes) => (Content::Audio, bytes, Decoder::duration(packet.codec, bytes)),
            Payload::ComfortNoise { level, spectrum } => (Content::ComfortNoise(level), spectrum, 0),
        };
        if content == Content::Audio && samples == 0 {
            self.stats.discarded += 1;
            return;
        }
        let place = self.streams.place(&packet, &mut self.timing);
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
        // Nearly every step gives samples and the others shorten the queue, so this ends; the bound is for the eye.
        for _ in 0..4 * BLOCK_SAMPLES {
            if self.sound.speech.future() >= self.sound.block() {
                break;
            }
            self.take_step(now);
        }
        self.sound.play(block);
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
        let of_an_older_stream = entry.stream.wrapping_sub(self.stream) > u32::MAX / 2;
        let played = self.state.expected().is_some_and(|expected| entry.start < expected);
        of_an_older_stream || entry.stream == self.stream && played
    }

    fn take_step(&mut self, now: i64) {
        match self.plan(now) {
            Step::Switch => self.switch(),
            Step::Drop => self.queue.pop(),
            Step::Skip => self.skip(),
            Step::Describe(level) => self.describe(level),
            Step::Decode => self.decode(now),
            Step::Recover(samples) => self.recover(samples),
            Step::Restore(before) => self.restore(before),
            Step::Conceal(samples) => self.conceal(samples),
            Step::Noise(samples) => self.make_noise(samples),
        }
    }

    fn switch(&mut self) {
        let Some((front, _)) = self.queue.front() else { return };
        self.sound.switch(front.codec, !matches!(self.state, State::Waiting));
        self.stream = front.stream;
        self.state = State::Waiting;
        self.margins = Margins::default();
        self.repair = Repair::new();
        self.timing.set_repair(0);
        self.stats.restarts += 1;
    }

    fn skip(&mut self) {
        let Some((front, _)) = self.queue.front() else { return };
        self.queue.pop();
        self.stats.discarded += 1;
        self.conceal(self.sound.speech.per_ms() * 5 / 2);
        let expected = front.start.saturating_add(front.samples as i64);
        self.state = State::Concealing { expected, sequence: front.sequence, made_up: 0 };
        self.margins.clear();
    }

    fn describe(&mut self, level: u8) {
        if let Some((front, spectrum)) = self.queue.front() {
            self.sound.describe(level, spectrum);
            self.state = State::Quiet { expected: front.start };
        }
        self.queue.pop();
    }

    fn decode(&mut self, now: i64) {
        let Some((front, payload)) = self.queue.front() else { return };
        let ahead = self.sound.speech.future();
        let opus = front.codec == Codec::Opus;
        let silence = opus && OpusDecoder::is_silence(payload);
        let has_copy = opus && OpusDecoder::has_fec(payload);
        let before = match self.state {
            State::Waiting | State::Playing { .. } => Before::Audio,
            State::Concealing { .. } => Before::Concealment,
            State::Quiet { .. } => Before::Noise,
        };
        let Ok((decoded, moved)) = self.sound.decode(payload, before) else {
            self.stats.discarded += 1;
            self.queue.pop();
            return;
        };
        if opus {
            self.learn_repair(&front, has_copy);
        }
        if moved {
            self.margins.clear();
        }
        self.queue.pop();
        self.count_losses(&front);
        let (expected, sequence) = (front.start.saturating_add(decoded as i64), front.sequence);
        self.state = if silence { State::Quiet { expected } } else { State::Playing { expected, sequence } };
        self.note(if silence { Playing::Silence } else { Playing::Audio });
        let needed = self.timing.delay(now, media_nanos(front.start, front.codec));
        let heard = needed.saturating_add(media_nanos(ahead as i64, front.codec));
        self.margins.push(needed, heard);
        self.stats.delay = from_nanos(heard);
        self.keep_pace(needed, heard);
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
            self.repair.looked(self.sound.read_redundancy(payload));
        }
        self.timing.set_repair(media_nanos(self.repair.wait() as i64, Codec::Opus));
    }

    fn count_losses(&mut self, front: &Entry) {
        let (expected, sequence, made_up) = match self.state {
            State::Playing { expected, sequence } => (expected, sequence, 0),
            State::Concealing { expected, sequence, made_up } => (expected, sequence, made_up),
            State::Waiting | State::Quiet { .. } => return,
        };
        let missing = front.sequence.wrapping_sub(sequence).wrapping_sub(1);
        if missing == 0 && made_up > 0 && front.start > expected {
            // The sender left silence out without a word: that was no loss.
            self.stats.concealed = self.stats.concealed.saturating_sub(self.time(made_up));
            self.stats.underruns = self.stats.underruns.saturating_sub(1);
        } else if missing < 1_000 {
            self.stats.lost += missing;
        }
    }

    /// Shortens or lengthens what was just decoded, where the delay has been off its target for some packets.
    fn keep_pace(&mut self, needed: i64, heard: i64) {
        let (needed, heard) = self.margins.least().unwrap_or((needed, heard));
        let per_ms = self.sound.speech.per_ms();
        // Where a device takes several blocks at once, packets are needed long before they are heard, and one packet says
        // little: what is spared must not be missed the next time.
        let spare = self.to_samples(heard.min(needed + NEEDED_AHEAD).saturating_sub(self.timing.target()));
        let short = self.to_samples(self.timing.target().saturating_sub(needed));
        let changed = if short > (LEAST_CHANGE_MS * per_ms / 3) as i64 {
            let added = self.sound.lengthen(15 * per_ms);
            self.stats.lengthened += self.time(added);
            added
        } else {
            let spare = usize::try_from(spare).unwrap_or(0);
            let known = self.margins.are_known() || spare > GENTLE_MS * per_ms;
            let surplus = spare >= LEAST_CHANGE_MS * per_ms;
            self.surplus_packets = if surplus { self.surplus_packets.saturating_add(1) } else { 0 };
            let effort = match spare / per_ms {
                ..=PATIENT_MS if self.surplus_packets < PATIENCE_PACKETS => Effort::Patient,
                ..=GENTLE_MS => Effort::Gentle,
                _ => Effort::Urgent,
            };
            let removed = if surplus && known { self.sound.shorten(spare, effort) } else { 0 };
            self.stats.shortened += self.time(removed);
            removed
        };
        if changed > 0 {
            self.margins.clear();
        }
    }

    fn recover(&mut self, samples: usize) {
        let Some((_, payload)) = self.queue.front() else { return };
        match self.sound.recover(payload, samples) {
            0 => self.conceal(samples),
            recovered => {
                self.stats.recovered += 1;
                self.note(Playing::Audio);
                self.state = self.state.made_up(recovered);
            }
        }
    }

    fn restore(&mut self, before: usize) {
        let Some((front, payload)) = self.queue.front() else { return };
        let told = self.repair.told(front.start, || self.sound.read_redundancy(payload));
        let restored = if told + self.sound.block() >= before { self.sound.restore(before) } else { 0 };
        if restored == 0 {
            return self.conceal(before.min(self.sound.block()));
        }
        self.stats.restored += self.time(restored);
        self.note(Playing::Audio);
        self.state = self.state.made_up(restored);
    }

    fn conceal(&mut self, samples: usize) {
        let begins = matches!(self.state, State::Playing { .. });
        if begins && self.queue.len() == 0 {
            self.stats.underruns += 1;
        }
        let before = if begins { Before::Audio } else { Before::Concealment };
        let made = self.sound.conceal(samples, before);
        self.stats.concealed += self.time(made);
        self.note(Playing::Concealment);
        self.state = self.state.made_up(made);
    }

    fn make_noise(&mut self, samples: usize) {
        if matches!(self.state, State::Quiet { .. }) {
            self.sound.make_noise(samples);
            self.note(Playing::Silence);
        } else {
            self.sound.make_silence(samples);
        }
    }

    /// A block is what its worst part is.
    fn note(&mut self, playing: Playing) {
        if self.block != Playing::Concealment {
            self.block = playing;
        }
    }

    fn time(&self, samples: usize) -> Duration {
        from_nanos(media_nanos(samples as i64, self.sound.codec))
    }
}

impl fmt::Debug for Downlink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downlink")
            .field("codec", &self.sound.codec)
            .field("state", &self.state)
            .field("queued", &self.queue.len())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

fn from_nanos(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}
