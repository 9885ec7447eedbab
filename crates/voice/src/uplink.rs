use bellbird_base::{Codec, Duration};

use crate::codec::{
    CodecError, ComfortNoiseEncoder, Encoder, MAX_COMFORT_NOISE_BYTES, MAX_FRAME_SAMPLES, MAX_PAYLOAD_BYTES,
    OpusDecoder,
};
use crate::level::{Level, LevelMeter};
use crate::rate::Downsampler;
use crate::{BLOCK_SAMPLES, Block, SAMPLE_RATE, SILENCE};

/// How to encode.
#[derive(Clone, Debug)]
pub struct UplinkConfig {
    /// With which codec to start.
    pub codec: Codec,
    /// Audio in a packet: 10–120 ms, a multiple of 10 ms that the codec knows.
    pub ptime: Duration,
    /// Opus: bits per second.
    pub bitrate: u32,
    /// Opus: 0–10.
    pub complexity: u8,
    /// What happens to silence.
    pub silence: Silence,
}

impl Default for UplinkConfig {
    fn default() -> Self {
        Self {
            codec: Codec::Opus,
            ptime: Duration::from_millis(20),
            bitrate: 48_000,
            complexity: 9,
            silence: Silence::Sent,
        }
    }
}

/// What happens to silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Silence {
    /// It is sent like everything else.
    #[default]
    Sent,
    /// It is left out: by DTX with Opus, by comfort noise packets (RFC 3389) with G.711 and G.722. The peer must have
    /// agreed to `CN` for the latter.
    LeftOut,
}

/// What the peer reports of our packets (RTCP), or what we conclude from its own.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct LossReport {
    /// Lost packets in percent, 0–100.
    pub percent: f32,
    /// How long packets are missing in a row, typically; zero where unknown.
    pub burst: Duration,
}

/// What an [`EncodedFrame`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Audio in the codec's format.
    Audio,
    /// A comfort noise payload (RFC 3389): goes out with payload type 13.
    ComfortNoise,
    /// Nothing to send; time passes all the same.
    Skipped,
}

/// One frame for RTP.
#[derive(Clone, Copy, Debug)]
pub struct EncodedFrame<'a> {
    /// With which codec it was made.
    pub codec: Codec,
    /// What it holds.
    pub kind: FrameKind,
    /// How much time it covers, in ticks of [`Codec::clock_rate`]: the next frame's timestamp is this much later.
    pub ticks: u32,
    /// First frame after silence that was left out (RFC 3551 §4.1), or after a change of codec.
    pub marker: bool,
    /// The payload; empty for [`FrameKind::Skipped`].
    pub payload: &'a [u8],
}

/// From the microphone to RTP payloads.
///
/// ```text
/// block → mute → meter → down to the codec's rate → frame of ptime → encode → sink
///                                                        └ silence left out → comfort noise → sink
/// ```
#[derive(Debug)]
pub struct Uplink {
    codec: Codec,
    ptime: Duration,
    bitrate: u32,
    silence: Silence,
    encoders: Encoders,
    down: [Downsampler; 2],
    frame: Box<[f32; MAX_FRAME_SAMPLES]>,
    filled: usize,
    payload: Box<[u8; MAX_PAYLOAD_BYTES]>,
    activity: Activity,
    mute: Mute,
    meter: LevelMeter,
    next_is_first: bool,
    /// Whether the peer was told that silence is left out now (Opus DTX).
    announced: bool,
}

impl Uplink {
    /// Allocates the encoders of all codecs, so that a switch in mid-call does not.
    pub fn new(config: UplinkConfig) -> Result<Self, CodecError> {
        let mut encoders = Encoders::new()?;
        if let Encoder::Opus(opus) = &mut encoders.opus {
            opus.set_bitrate(config.bitrate)?;
            opus.set_complexity(config.complexity)?;
            opus.set_dtx(config.silence == Silence::LeftOut)?;
        }
        Ok(Self {
            codec: config.codec,
            ptime: packet_length(config.codec, config.ptime),
            bitrate: config.bitrate,
            silence: config.silence,
            encoders,
            down: [Downsampler::new(6), Downsampler::new(3)],
            frame: Box::new([0.0; MAX_FRAME_SAMPLES]),
            filled: 0,
            payload: Box::new([0; MAX_PAYLOAD_BYTES]),
            activity: Activity::default(),
            mute: Mute::default(),
            meter: LevelMeter::new(),
            next_is_first: true,
            announced: false,
        })
    }

    /// Takes 10 ms of the microphone; gives a frame to `sink` whenever one is complete.
    pub fn process(&mut self, block: &Block, sink: &mut impl FnMut(EncodedFrame<'_>)) {
        let mut block = *block;
        self.mute.apply(&mut block);
        self.meter.measure(&block);
        self.gather(&block);
        if self.filled >= self.frame_samples() {
            self.emit(sink);
        }
    }

    /// The codec in use.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Changes codec and packet length; at most one packet's worth of audio is lost.
    pub fn set_codec(&mut self, codec: Codec, ptime: Duration) {
        let ptime = packet_length(codec, ptime);
        if codec == self.codec && ptime == self.ptime {
            return;
        }
        self.codec = codec;
        self.ptime = ptime;
        self.filled = 0;
        self.next_is_first = true;
        self.encoders.of(codec).reset();
        for down in &mut self.down {
            down.reset();
        }
    }

    /// Whether silence goes out in place of the microphone. Fades over 10 ms.
    pub fn set_muted(&mut self, muted: bool) {
        self.mute.target = if muted { 0.0 } else { 1.0 };
    }

    /// Whether silence goes out.
    pub fn is_muted(&self) -> bool {
        self.mute.target == 0.0
    }

    /// What happens to silence from now on.
    pub fn set_silence(&mut self, silence: Silence) {
        self.silence = silence;
        if let Encoder::Opus(opus) = &mut self.encoders.opus {
            // A setting that every build knows.
            let _ = opus.set_dtx(silence == Silence::LeftOut);
        }
    }

    /// Opus: bits per second.
    pub fn set_bitrate(&mut self, bits_per_second: u32) {
        self.bitrate = bits_per_second;
        if let Encoder::Opus(opus) = &mut self.encoders.opus {
            // The value is clamped to what libopus takes.
            let _ = opus.set_bitrate(bits_per_second);
        }
    }

    /// Opus: the highest rate that the peer plays, in Hz (`maxplaybackrate`, RFC 7587 §6.1).
    pub fn set_max_playback_rate(&mut self, hertz: u32) {
        if let Encoder::Opus(opus) = &mut self.encoders.opus {
            // A setting that every build knows.
            let _ = opus.set_max_playback_rate(hertz);
        }
    }

    /// Tells what is lost on the way, so that Opus protects itself: single packets by a copy of each in the next (FEC),
    /// bursts by a description of the past in every packet (DRED, which peers with libopus 1.5 or later understand).
    pub fn set_loss(&mut self, report: LossReport) {
        if let Encoder::Opus(opus) = &mut self.encoders.opus {
            let percent = report.percent.clamp(0.0, 100.0).ceil() as u8;
            let described = if percent == 0 || report.burst < BURST { 0 } else { described(report.burst) };
            let describes = opus.set_deep_redundancy(described).is_ok() && described > 0;
            // Side by side each starves the other of bits. Settings that every build knows.
            let _ = opus.set_fec(percent >= 1 && !describes);
            let _ = opus.set_expected_loss(percent.min(40));
        }
    }

    /// Level of what goes out, after mute.
    pub fn level(&self) -> Level {
        self.meter.level()
    }

    fn frame_samples(&self) -> usize {
        samples(self.ptime, self.codec)
    }

    fn gather(&mut self, block: &Block) {
        let count = self.codec.sample_rate() as usize / 100;
        let Some(room) = self.frame.get_mut(self.filled..self.filled + count) else { return };
        match self.codec {
            Codec::Opus => room.copy_from_slice(block),
            Codec::G722 => self.down[1].process(block, room),
            Codec::Pcmu | Codec::Pcma => self.down[0].process(block, room),
        }
        self.filled += count;
    }

    fn emit(&mut self, sink: &mut impl FnMut(EncodedFrame<'_>)) {
        let Some(frame) = self.frame.get(..self.filled) else { return };
        let ticks = ticks(self.ptime, self.codec);
        let verdict = match (self.silence, self.codec) {
            (Silence::Sent, _) | (Silence::LeftOut, Codec::Opus) => Verdict::Voice,
            (Silence::LeftOut, _) => self.activity.judge(frame, self.ptime),
        };
        let (kind, bytes) = match verdict {
            Verdict::Voice => match self.encoders.of(self.codec).encode(frame, &mut self.payload[..]) {
                Ok(bytes) if self.codec == Codec::Opus && OpusDecoder::is_silence(&self.payload[..bytes]) => {
                    // The first one goes out, to say that silence begins.
                    let first = !std::mem::replace(&mut self.announced, true);
                    if first { (FrameKind::Audio, bytes) } else { (FrameKind::Skipped, 0) }
                }
                Ok(bytes) => {
                    self.announced = false;
                    (FrameKind::Audio, bytes)
                }
                Err(_) => (FrameKind::Skipped, 0),
            },
            Verdict::Describe => (FrameKind::ComfortNoise, self.activity.describe(&mut self.payload)),
            Verdict::Quiet => (FrameKind::Skipped, 0),
        };
        self.filled = 0;
        let marker = kind == FrameKind::Audio && self.next_is_first;
        self.next_is_first = kind != FrameKind::Audio;
        sink(EncodedFrame { codec: self.codec, kind, ticks, marker, payload: &self.payload[..bytes] });
    }
}

/// A packet length that our blocks can make up and the codec knows: 10–120 ms, rounded down.
fn packet_length(codec: Codec, ptime: Duration) -> Duration {
    let blocks = (ptime.as_millis() / 10).clamp(1, 12) as u64;
    let blocks = match (codec, blocks) {
        (Codec::Opus, 3) => 2,
        (Codec::Opus, 5) => 4,
        (Codec::Opus, 7..) => blocks & !1,
        (_, fitting) => fitting,
    };
    Duration::from_millis(blocks * 10)
}

fn samples(ptime: Duration, codec: Codec) -> usize {
    ptime.as_millis() as usize * codec.sample_rate() as usize / 1_000
}

fn ticks(ptime: Duration, codec: Codec) -> u32 {
    ptime.as_millis() as u32 * codec.clock_rate() / 1_000
}

/// Losses of this length and more are bursts, which a copy in the next packet can't repair.
const BURST: Duration = Duration::from_millis(50);

/// How much of the past to describe, in units of 10 ms: the burst and a packet more.
fn described(burst: Duration) -> u8 {
    u8::try_from(burst.as_millis() / 10 + 2).unwrap_or(100).min(100)
}

#[derive(Debug)]
struct Encoders {
    opus: Encoder,
    g722: Encoder,
    pcmu: Encoder,
    pcma: Encoder,
}

impl Encoders {
    fn new() -> Result<Self, CodecError> {
        Ok(Self {
            opus: Encoder::new(Codec::Opus)?,
            g722: Encoder::new(Codec::G722)?,
            pcmu: Encoder::new(Codec::Pcmu)?,
            pcma: Encoder::new(Codec::Pcma)?,
        })
    }

    fn of(&mut self, codec: Codec) -> &mut Encoder {
        match codec {
            Codec::Opus => &mut self.opus,
            Codec::G722 => &mut self.g722,
            Codec::Pcmu => &mut self.pcmu,
            Codec::Pcma => &mut self.pcma,
        }
    }
}

/// The gain of mute, gliding.
#[derive(Debug)]
struct Mute {
    gain: f32,
    target: f32,
}

impl Default for Mute {
    fn default() -> Self {
        Self { gain: 1.0, target: 1.0 }
    }
}

impl Mute {
    fn apply(&mut self, block: &mut Block) {
        if self.gain == 0.0 && self.target == 0.0 {
            *block = SILENCE;
            return;
        }
        if self.gain == self.target {
            return;
        }
        let step = (self.target - self.gain) / BLOCK_SAMPLES as f32;
        for sample in block.iter_mut() {
            self.gain += step;
            *sample *= self.gain;
        }
        self.gain = self.target;
    }
}

/// Tells voice from background by its energy over the noise floor, for codecs without DTX of their own.
#[derive(Debug)]
struct Activity {
    floor: f32,
    hangover: Duration,
    since_description: Duration,
    described_dbfs: f32,
    noise: ComfortNoiseEncoder,
}

enum Verdict {
    Voice,
    Describe,
    Quiet,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            floor: -40.0,
            hangover: Self::HANGOVER,
            since_description: Self::DESCRIBE_EVERY,
            described_dbfs: 0.0,
            noise: ComfortNoiseEncoder::new(),
        }
    }
}

impl Activity {
    /// How long after the last loud frame audio is sent: the ends of words are quiet.
    const HANGOVER: Duration = Duration::from_millis(300);
    /// At least this often the background is described anew; more often where it changes by 3 dB.
    const DESCRIBE_EVERY: Duration = Duration::from_millis(2_000);
    const SOONEST: Duration = Duration::from_millis(100);

    fn judge(&mut self, frame: &[f32], ptime: Duration) -> Verdict {
        let level = crate::level::decibels(crate::level::mean_square(frame));
        // Up by 1 dB a second, down at once.
        self.floor = level.min(self.floor + ptime.as_secs_f32()).max(-75.0);
        if level > (self.floor + 9.0).max(-60.0) {
            self.hangover = Self::HANGOVER;
            self.since_description = Self::DESCRIBE_EVERY;
            return Verdict::Voice;
        }
        self.noise.listen(frame);
        if !self.hangover.is_zero() {
            self.hangover = self.hangover.saturating_sub(ptime);
            return Verdict::Voice;
        }
        self.since_description += ptime;
        let moved = (self.noise.level_dbfs() - self.described_dbfs).abs() > 3.0;
        if self.since_description >= Self::DESCRIBE_EVERY || moved && self.since_description >= Self::SOONEST {
            return Verdict::Describe;
        }
        Verdict::Quiet
    }

    fn describe(&mut self, payload: &mut [u8; MAX_PAYLOAD_BYTES]) -> usize {
        let mut description = [0; MAX_COMFORT_NOISE_BYTES];
        let bytes = self.noise.encode(&mut description);
        payload[..MAX_COMFORT_NOISE_BYTES].copy_from_slice(&description);
        self.since_description = Duration::ZERO;
        self.described_dbfs = self.noise.level_dbfs();
        bytes
    }
}

const _: () = assert!(SAMPLE_RATE as usize == BLOCK_SAMPLES * 100);

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(block: usize) -> Block {
        core::array::from_fn(|n| {
            let t = (block * 480 + n) as f32 / 48_000.0;
            0.3 * (std::f32::consts::TAU * 200.0 * t).sin() * (0.6 + 0.4 * (std::f32::consts::TAU * 3.0 * t).sin())
        })
    }

    fn hiss(block: usize) -> Block {
        let mut seed = block as u32 * 7_919 + 1;
        core::array::from_fn(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.001 * (seed as i32 as f32 / 2_147_483_648.0)
        })
    }

    #[test]
    fn frames_come_at_ptime_with_the_right_ticks() {
        for (codec, ptime, blocks, ticks) in
            [(Codec::Opus, 20, 2, 960), (Codec::Pcmu, 20, 2, 160), (Codec::G722, 30, 3, 240), (Codec::Pcma, 10, 1, 80)]
        {
            let config = UplinkConfig { codec, ptime: Duration::from_millis(ptime), ..UplinkConfig::default() };
            let mut uplink = Uplink::new(config).unwrap();
            let mut frames = 0;
            for n in 0..12 {
                uplink.process(&voice(n), &mut |frame| {
                    assert_eq!((frame.codec, frame.ticks, frame.kind), (codec, ticks, FrameKind::Audio));
                    assert_eq!(frame.marker, frames == 0);
                    frames += 1;
                });
            }
            assert_eq!(frames, 12 / blocks);
        }
    }

    #[test]
    fn mute_sends_silence_without_stopping() {
        let mut uplink = Uplink::new(UplinkConfig { codec: Codec::Pcma, ..UplinkConfig::default() }).unwrap();
        uplink.set_muted(true);
        let mut last = Vec::new();
        for n in 0..10 {
            uplink.process(&voice(n), &mut |frame| last = frame.payload.to_vec());
        }
        assert!(uplink.is_muted());
        assert!(last.iter().all(|byte| *byte == 0xD5));
    }

    #[test]
    fn silence_left_out_becomes_comfort_noise_and_then_nothing() {
        let config = UplinkConfig { codec: Codec::Pcmu, silence: Silence::LeftOut, ..UplinkConfig::default() };
        let mut uplink = Uplink::new(config).unwrap();
        let mut kinds = Vec::new();
        for n in 0..50 {
            uplink.process(&voice(n), &mut |frame| kinds.push((frame.kind, frame.marker)));
        }
        assert!(kinds.iter().all(|(kind, _)| *kind == FrameKind::Audio));
        kinds.clear();
        for n in 0..200 {
            uplink.process(&hiss(n), &mut |frame| kinds.push((frame.kind, frame.marker)));
        }
        let described = kinds.iter().filter(|(kind, _)| *kind == FrameKind::ComfortNoise).count();
        let skipped = kinds.iter().filter(|(kind, _)| *kind == FrameKind::Skipped).count();
        assert!((1..=8).contains(&described), "{described}");
        assert!(skipped > 60, "{skipped}");
        kinds.clear();
        for n in 0..4 {
            uplink.process(&voice(n), &mut |frame| kinds.push((frame.kind, frame.marker)));
        }
        assert_eq!(kinds.first(), Some(&(FrameKind::Audio, true)));
    }

    #[test]
    fn codec_changes_in_mid_call() {
        let mut uplink = Uplink::new(UplinkConfig::default()).unwrap();
        uplink.process(&voice(0), &mut |_| {});
        uplink.set_codec(Codec::G722, Duration::from_millis(20));
        let mut seen = Vec::new();
        for n in 1..5 {
            uplink.process(&voice(n), &mut |frame| seen.push((frame.codec, frame.marker, frame.payload.len())));
        }
        assert_eq!(seen, [(Codec::G722, true, 160), (Codec::G722, false, 160)]);
    }
}
