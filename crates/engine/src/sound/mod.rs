//! Sound: one thread that processes it, paced by the devices, and one that looks after devices, rings and trials.
//!
//! ```text
//! driver → SoundCommand → control thread → orders (ring) → sound thread ⇄ device rings
//!                         control thread ← gauges, scrap ← sound thread
//! ```
//!
//! Opening a device blocks, and what is freed takes a lock: that is the control thread's work, so that the sound thread
//! does neither.

mod audio;
mod control;
mod core;
mod ends;
mod streams;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;

use bellbird_contract::{AudioSettings, CallId, Levels};
use bellbird_media::Playout;
use bellbird_phone::{MediaEvent, Sound, SoundTest};
use bellbird_voice::{Downlink, DownlinkConfig, LossReport, Uplink, UplinkConfig};

pub(crate) use self::core::{LegFormat, SoundLeg};
use crate::rtp::{FromSound, LegRings, ToSound};
use control::Control;

/// How many packets may wait between the threads: 1.3 s of 20 ms packets.
const RING: usize = 64;

/// Where sound comes from and goes to.
#[derive(Clone, Debug)]
pub struct SoundConfig {
    /// What others hear.
    pub microphone: Microphone,
    /// What we hear.
    pub speaker: Output,
    /// Where it rings.
    pub ring: Output,
    /// Whether echo, noise and level are seen to, as the user's settings say.
    pub processing: bool,
}

impl Default for SoundConfig {
    fn default() -> Self {
        Self { microphone: Microphone::Device, speaker: Output::Device, ring: Output::Device, processing: true }
    }
}

/// Where the near end comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Microphone {
    /// The device of the user's choice.
    Device,
    /// A WAV file, then silence or the file again.
    File {
        /// Which.
        path: PathBuf,
        /// Whether it begins again at its end.
        repeat: bool,
    },
    /// What the far end says.
    Echo,
    /// Nowhere.
    Silence,
}

/// Where sound goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The device of the user's choice.
    Device,
    /// A WAV file: 48 kHz, mono, 16 bit.
    File(PathBuf),
    /// Nowhere.
    Nowhere,
}

/// What the driver wants of sound.
pub(crate) enum SoundCommand {
    Add(Box<SoundLeg>),
    Remove(CallId),
    Format(CallId, LegFormat),
    Hold(CallId, bool),
    Mute(CallId, bool),
    Loss(CallId, LossReport),
    Ring(Sound),
    Settings(AudioSettings),
    Test(SoundTest),
    /// News of the devices' own thread.
    Device(bellbird_device::SoundEvent),
    Quit,
}

/// What sound tells the driver.
#[derive(Debug)]
pub(crate) enum SoundEvent {
    /// Something the phone has to know.
    Phone(MediaEvent),
    /// How loud it is.
    Levels(Levels),
    /// The microphone gives nothing at all, or something again.
    MicrophoneSilent(bool),
    /// The file that stands in for the microphone is over.
    PlayedOut,
}

/// The driver's end of both threads.
pub(crate) struct SoundThread {
    commands: mpsc::Sender<SoundCommand>,
    thread: Option<thread::JoinHandle<()>>,
}

impl SoundThread {
    /// Starts the threads. `events` is called on the control thread.
    pub(crate) fn start(
        config: SoundConfig,
        waker: Arc<mio::Waker>,
        events: impl FnMut(SoundEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let (commands, received) = mpsc::channel();
        let control = Control::start(config, waker, commands.clone(), received, events)?;
        let thread = thread::Builder::new().name("bellbird-devices".into()).spawn(move || control.run())?;
        Ok(Self { commands, thread: Some(thread) })
    }

    pub(crate) fn command(&mut self, command: SoundCommand) {
        if self.commands.send(command).is_err() {
            tracing::error!("the thread that looks after sound has ended");
        }
    }

    /// What a call needs on the sound thread, and the RTP thread's ends of its rings.
    pub(crate) fn leg(&self, call: CallId) -> Option<(Box<SoundLeg>, LegRings)> {
        let (to_sound, from_rtp) = rtrb::RingBuffer::<ToSound>::new(RING);
        let (to_rtp, from_sound) = rtrb::RingBuffer::<FromSound>::new(RING);
        let (playout, told_playout) = rtrb::RingBuffer::<Playout>::new(2);
        let uplink = Uplink::new(UplinkConfig::default());
        let downlink = Downlink::new(DownlinkConfig::default());
        let (Ok(uplink), Ok(downlink)) = (uplink, downlink) else { return None };
        let leg = SoundLeg {
            call,
            uplink,
            downlink,
            from_rtp,
            to_rtp,
            playout,
            agreed: false,
            sends: false,
            plays: false,
            held: false,
            blocks: 0,
        };
        Some((Box::new(leg), LegRings { to_sound, from_sound, playout: told_playout }))
    }
}

impl Drop for SoundThread {
    fn drop(&mut self) {
        self.command(SoundCommand::Quit);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that looks after sound had panicked");
        }
    }
}
