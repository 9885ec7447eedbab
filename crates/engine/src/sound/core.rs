//! What happens to 10 ms of sound, whichever device it comes from. This runs on the sound thread: nothing here locks,
//! logs, allocates or unwraps.
//!
//! ```text
//! capture   microphone → echo control → meter → each call's uplink → ring → RTP thread
//! playback  ring → each call's downlink → mixer + tones → echo control's far end → meter → speaker
//! ```

use std::sync::Arc;

use bellbird_base::{Codec, Duration, Instant};
use bellbird_contract::CallId;
use bellbird_media::{OpusParameters, Playout};
use bellbird_voice::tone::ToneGenerator;
use bellbird_voice::{
    Block, Downlink, EchoControl, EncodedFrame, FrameKind, LevelMeter, LossReport, Mixer, Packet, Processing, SILENCE,
    Silence, Uplink,
};

use crate::rtp::{FromSound, Payload, ToSound};

/// Calls at once; the phone allows fewer.
pub(super) const MAX_LEGS: usize = 32;
/// Tones are this far below full scale.
const TONE_DBFS: f32 = -22.0;
const RING_DBFS: f32 = -12.0;
/// How long the trial of the microphone records: 5 s of blocks.
pub(super) const TRIAL_BLOCKS: usize = 500;
/// Below this peak in dBFS a microphone is dead rather than quiet.
const DEAD_DBFS: f32 = -90.0;

/// What one call needs on the sound thread.
pub(crate) struct SoundLeg {
    pub(super) call: CallId,
    pub(super) uplink: Uplink,
    pub(super) downlink: Downlink,
    pub(super) from_rtp: rtrb::Consumer<ToSound>,
    pub(super) to_rtp: rtrb::Producer<FromSound>,
    pub(super) playout: rtrb::Producer<Playout>,
    pub(super) agreed: bool,
    pub(super) sends: bool,
    pub(super) plays: bool,
    pub(super) held: bool,
    pub(super) blocks: u32,
}

/// What an exchange of SDP means for a leg.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LegFormat {
    pub(crate) codec: Codec,
    pub(crate) ptime: Duration,
    pub(crate) sends: bool,
    pub(crate) plays: bool,
    pub(crate) opus: OpusParameters,
}

/// The trial of the microphone.
enum Trial {
    Idle,
    Recording(usize),
    PlayingBack(usize),
}

/// Where a trial is, for the page that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrialStage {
    Idle,
    Recording,
    PlayingBack,
}

pub(super) struct Core {
    legs: Vec<Box<SoundLeg>>,
    echo: Box<EchoControl>,
    mixer: Mixer,
    pub(super) tone: ToneGenerator,
    pub(super) ring: ToneGenerator,
    microphone: LevelMeter,
    speaker: LevelMeter,
    ringer: LevelMeter,
    trial: Trial,
    recording: Vec<Block>,
    waker: Arc<mio::Waker>,
    /// Send back what is heard, in place of the microphone.
    echo_back: bool,
    heard: Block,
    /// Blocks since the microphone gave more than silence.
    dead_blocks: u32,
}

/// How loud it is, in dBFS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Loudness {
    pub(super) microphone: f32,
    pub(super) speaker: f32,
    pub(super) ring: f32,
}

impl Core {
    pub(super) fn new(waker: Arc<mio::Waker>, echo_back: bool) -> Self {
        Self {
            legs: Vec::with_capacity(MAX_LEGS),
            echo: Box::new(EchoControl::new(Processing::OFF)),
            mixer: Mixer::new(),
            tone: ToneGenerator::new(TONE_DBFS),
            ring: ToneGenerator::new(RING_DBFS),
            microphone: LevelMeter::new(),
            speaker: LevelMeter::new(),
            ringer: LevelMeter::new(),
            trial: Trial::Idle,
            recording: vec![SILENCE; TRIAL_BLOCKS],
            waker,
            echo_back,
            heard: SILENCE,
            dead_blocks: 0,
        }
    }

    /// Takes a call in, or gives it back where there are too many.
    pub(super) fn add(&mut self, leg: Box<SoundLeg>) -> Option<Box<SoundLeg>> {
        if self.legs.len() >= MAX_LEGS {
            return Some(leg);
        }
        self.legs.push(leg);
        None
    }

    /// Gives a call back, to be freed elsewhere.
    pub(super) fn remove(&mut self, call: CallId) -> Option<Box<SoundLeg>> {
        let index = self.legs.iter().position(|leg| leg.call == call)?;
        Some(self.legs.swap_remove(index))
    }

    pub(super) fn leg(&mut self, call: CallId) -> Option<&mut SoundLeg> {
        self.legs.iter_mut().find(|leg| leg.call == call).map(|leg| &mut **leg)
    }

    /// Takes other processing into use, and gives the former back to be freed elsewhere.
    pub(super) fn replace_echo(&mut self, echo: Box<EchoControl>) -> Box<EchoControl> {
        std::mem::replace(&mut self.echo, echo)
    }

    pub(super) fn start_trial(&mut self, record: bool) {
        self.trial = if record { Trial::Recording(0) } else { Trial::Idle };
    }

    pub(super) const fn trial(&self) -> TrialStage {
        match self.trial {
            Trial::Idle => TrialStage::Idle,
            Trial::Recording(_) => TrialStage::Recording,
            Trial::PlayingBack(_) => TrialStage::PlayingBack,
        }
    }

    pub(super) fn loudness(&self) -> Loudness {
        Loudness {
            microphone: self.microphone.level().peak_dbfs,
            speaker: self.speaker.level().peak_dbfs,
            ring: self.ringer.level().peak_dbfs,
        }
    }

    /// Whether the microphone has given nothing at all for 5 s.
    pub(super) const fn microphone_is_dead(&self) -> bool {
        self.dead_blocks > 500
    }

    /// 10 ms came from the microphone.
    pub(super) fn capture(&mut self, block: &mut Block) {
        if self.echo_back {
            *block = self.heard;
        } else {
            self.echo.capture(block);
        }
        self.microphone.measure(block);
        let dead = self.microphone.level().peak_dbfs < DEAD_DBFS;
        self.dead_blocks = if dead { self.dead_blocks.saturating_add(1) } else { 0 };
        self.record(block);
        let mut sent = false;
        for leg in &mut self.legs {
            sent |= leg.capture(block);
        }
        // One system call for all calls' frames. A waker that fails leaves them to the next one.
        if sent {
            self.waker.wake().ok();
        }
    }

    fn record(&mut self, block: &Block) {
        if let Trial::Recording(position) = self.trial {
            match self.recording.get_mut(position) {
                Some(slot) => {
                    *slot = *block;
                    self.trial = Trial::Recording(position + 1);
                }
                None => self.trial = Trial::PlayingBack(0),
            }
        }
    }

    /// The speaker wants 10 ms.
    pub(super) fn play(&mut self, now: Instant, block: &mut Block) {
        for leg in &mut self.legs {
            leg.play(now, &mut self.mixer);
        }
        let mut tone = SILENCE;
        if self.tone.fill(&mut tone) {
            self.mixer.add(&tone);
        }
        self.play_back();
        self.mixer.take(block);
        self.heard = *block;
        self.echo.render(block);
        self.speaker.measure(block);
    }

    fn play_back(&mut self) {
        if let Trial::PlayingBack(position) = self.trial {
            match self.recording.get(position) {
                Some(recorded) => {
                    self.mixer.add(recorded);
                    self.trial = Trial::PlayingBack(position + 1);
                }
                None => self.trial = Trial::Idle,
            }
        }
    }

    /// The ring device wants 10 ms.
    pub(super) fn ring(&mut self, block: &mut Block) {
        self.ring.fill(block);
        self.ringer.measure(block);
    }
}

impl SoundLeg {
    /// Takes over what SDP says.
    pub(super) fn set_format(&mut self, format: LegFormat) {
        self.uplink.set_codec(format.codec, format.ptime);
        self.uplink.set_max_playback_rate(format.opus.max_playback_rate);
        if let Some(bitrate) = format.opus.max_average_bitrate {
            self.uplink.set_bitrate(bitrate);
        }
        let leaves_out = format.codec == Codec::Opus && format.opus.dtx;
        self.uplink.set_silence(if leaves_out { Silence::LeftOut } else { Silence::Sent });
        self.sends = format.sends;
        self.plays = format.plays;
        self.agreed = true;
    }

    pub(super) fn set_loss(&mut self, loss: LossReport) {
        self.uplink.set_loss(loss);
    }

    /// Whether a frame was handed to the RTP thread.
    fn capture(&mut self, block: &Block) -> bool {
        if !self.agreed || !self.sends || self.held {
            return false;
        }
        let to_rtp = &mut self.to_rtp;
        let mut sent = false;
        // A full ring means that the RTP thread stands still; then this frame would be late anyway.
        self.uplink.process(block, &mut |frame| sent |= to_rtp.push(outgoing(&frame)).is_ok());
        sent
    }

    fn play(&mut self, now: Instant, mixer: &mut Mixer) {
        while let Ok(packet) = self.from_rtp.pop() {
            self.take(&packet);
        }
        let mut block = SILENCE;
        self.downlink.pull(now, &mut block);
        if self.plays && !self.held {
            mixer.add(&block);
        }
        self.blocks += 1;
        if self.blocks.is_multiple_of(100) {
            self.tell_playout();
        }
    }

    fn take(&mut self, packet: &ToSound) {
        match packet {
            ToSound::Frame { codec, sequence, timestamp, arrival, payload, .. } => self.downlink.push(Packet {
                codec: *codec,
                sequence: *sequence,
                timestamp: *timestamp,
                arrival: *arrival,
                payload: bellbird_voice::Payload::Audio(payload.as_slice()),
            }),
            ToSound::ComfortNoise { codec, sequence, timestamp, arrival, level, spectrum } => {
                self.downlink.push(Packet {
                    codec: *codec,
                    sequence: *sequence,
                    timestamp: *timestamp,
                    arrival: *arrival,
                    payload: bellbird_voice::Payload::ComfortNoise { level: *level, spectrum: spectrum.as_slice() },
                });
            }
            ToSound::SourceChanged => self.downlink.restart(),
        }
    }

    /// Once a second; a full ring means that the last one was not read yet.
    fn tell_playout(&mut self) {
        let stats = self.downlink.stats();
        let playout = Playout {
            delay: stats.delay,
            nominal: stats.target,
            maximum: self.downlink.config().most_delay,
            discarded: stats.late + stats.discarded,
            late: stats.late,
        };
        self.playout.push(playout).ok();
    }
}

fn outgoing(frame: &EncodedFrame<'_>) -> FromSound {
    match frame.kind {
        FrameKind::Audio => FromSound::Frame {
            codec: frame.codec,
            ticks: frame.ticks,
            marker: frame.marker,
            payload: Payload::copy_of(frame.payload),
        },
        FrameKind::ComfortNoise => {
            FromSound::ComfortNoise { codec: frame.codec, ticks: frame.ticks, payload: Payload::copy_of(frame.payload) }
        }
        FrameKind::Skipped => FromSound::Silence { codec: frame.codec, ticks: frame.ticks },
    }
}
