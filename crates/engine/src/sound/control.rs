//! The control thread: which devices are open, what rings, how a trial goes.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bellbird_contract::{AudioRole, AudioSettings, AudioTest, CallId, Levels, ToneCountry};
use bellbird_phone::{MediaEvent, Sound, SoundTest, Tone};
use bellbird_voice::tone::{Country, Progress, Ring};
use bellbird_voice::{EchoControl, Processing};

use super::audio::{Audio, Gauges, Order, Scrap};
use super::core::{Core, TRIAL_BLOCKS, TrialStage};
use super::streams::{News, Streams, Wanted};
use super::{Microphone, SoundCommand, SoundConfig, SoundEvent};
use crate::calendar::today;

/// How often levels are told while they matter.
const LEVELS_INTERVAL: Duration = Duration::from_millis(50);
/// How often devices are looked at otherwise.
const IDLE_INTERVAL: Duration = Duration::from_millis(250);
/// How long a tone for trying a device plays.
const TRIAL_TONE: Duration = Duration::from_secs(3);
/// How long devices stay open after their last use, so that the next call does not wait for them.
const LINGER: Duration = Duration::from_secs(3);
/// Orders that may wait for the sound thread.
const ORDERS: usize = 256;

pub(super) struct Control<E> {
    config: SoundConfig,
    commands: mpsc::Receiver<SoundCommand>,
    events: E,
    orders: rtrb::Producer<Order>,
    scrap: rtrb::Consumer<Scrap>,
    gauges: Arc<Gauges>,
    audio: thread::JoinHandle<()>,
    streams: Streams,
    settings: AudioSettings,
    calls: BTreeSet<CallId>,
    sound: Sound,
    trial: Trial,
    told_trial: AudioTest,
    told_dead: bool,
    played_out: bool,
    last_use: Option<Instant>,
}

/// The trial of the sound under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trial {
    None,
    Meter,
    /// Recording, then playing back; the sound thread knows which.
    Microphone,
    Tone(AudioRole, Instant),
}

impl<E: FnMut(SoundEvent)> Control<E> {
    /// Starts the sound thread.
    pub(super) fn start(
        config: SoundConfig,
        waker: Arc<mio::Waker>,
        own: mpsc::Sender<SoundCommand>,
        commands: mpsc::Receiver<SoundCommand>,
        events: E,
    ) -> io::Result<Self> {
        let (orders, received) = rtrb::RingBuffer::new(ORDERS);
        let (thrown, scrap) = rtrb::RingBuffer::new(ORDERS);
        let gauges = Arc::new(Gauges::default());
        let audio = Audio {
            core: Core::new(waker, config.microphone == Microphone::Echo),
            orders: received,
            scrap: thrown,
            gauges: Arc::clone(&gauges),
            capture: None,
            playback: None,
            ringer: None,
        };
        let audio = thread::Builder::new().name("bellbird-sound".into()).spawn(move || audio.run())?;
        let streams = Streams::new(&config, audio.thread().clone(), move |event| {
            // The control thread outlives the devices' one.
            own.send(SoundCommand::Device(event)).ok();
        })?;
        Ok(Self {
            config,
            commands,
            events,
            orders,
            scrap,
            gauges,
            audio,
            streams,
            settings: AudioSettings::default(),
            calls: BTreeSet::new(),
            sound: Sound::default(),
            trial: Trial::None,
            told_trial: AudioTest::Idle,
            told_dead: false,
            played_out: false,
            last_use: None,
        })
    }

    pub(super) fn run(mut self) {
        self.tell_devices();
        loop {
            let interval = if self.is_busy() { LEVELS_INTERVAL } else { IDLE_INTERVAL };
            match self.commands.recv_timeout(interval) {
                Ok(SoundCommand::Quit) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Ok(command) => self.obey(command),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            self.tick();
        }
        self.order(Order::Quit);
        if self.audio.join().is_err() {
            tracing::error!("the sound thread had panicked");
        }
    }

    fn obey(&mut self, command: SoundCommand) {
        match command {
            SoundCommand::Add(leg) => {
                self.calls.insert(leg.call);
                self.order(Order::Add(leg));
            }
            SoundCommand::Remove(call) => {
                self.calls.remove(&call);
                self.order(Order::Remove(call));
            }
            SoundCommand::Format(call, format) => self.order(Order::Format(call, format)),
            SoundCommand::Hold(call, held) => self.order(Order::Hold(call, held)),
            SoundCommand::Mute(call, muted) => self.order(Order::Mute(call, muted)),
            SoundCommand::Loss(call, loss) => self.order(Order::Loss(call, loss)),
            SoundCommand::Ring(sound) => self.play(sound),
            SoundCommand::Settings(settings) => {
                self.streams.choose(&settings);
                self.settings = settings;
            }
            SoundCommand::Test(test) => self.test(test),
            SoundCommand::Device(event) => self.hear(event),
            SoundCommand::Quit => {}
        }
        self.open_what_is_wanted();
    }

    fn hear(&mut self, event: bellbird_device::SoundEvent) {
        match self.streams.hear(event) {
            News::Open(order) => self.order(order),
            News::Changed => self.tell_devices(),
            News::PlayedOut if !self.played_out => {
                self.played_out = true;
                (self.events)(SoundEvent::PlayedOut);
            }
            News::PlayedOut | News::Nothing => {}
        }
    }

    fn play(&mut self, sound: Sound) {
        if sound.ringtone != self.sound.ringtone {
            self.order(Order::Ring(sound.ringtone.as_deref().map(ringtone)));
        }
        if sound.tone != self.sound.tone {
            self.order(Order::Tone(sound.tone.map(|(tone, place)| (country(place), progress(tone)))));
        }
        self.sound = sound;
    }

    fn test(&mut self, test: SoundTest) {
        self.stop_trial();
        match test {
            SoundTest::Stop => {}
            SoundTest::Meter => self.trial = Trial::Meter,
            SoundTest::RecordAndPlayBack => {
                self.trial = Trial::Microphone;
                self.order(Order::Record);
            }
            SoundTest::Play(role) => {
                self.trial = Trial::Tone(role, Instant::now() + TRIAL_TONE);
                if role == AudioRole::Ring {
                    let ring = ringtone(&self.settings.ringtone);
                    self.order(Order::Ring(Some(ring)));
                } else {
                    self.order(Order::Tone(Some((Country::Gb, Progress::Ringback))));
                }
            }
        }
    }

    fn stop_trial(&mut self) {
        match self.trial {
            Trial::None | Trial::Meter => {}
            Trial::Microphone => self.order(Order::StopTrial),
            Trial::Tone(..) => {
                // What a call wants to be heard goes on.
                let sound = std::mem::take(&mut self.sound);
                self.order(Order::Ring(None));
                self.order(Order::Tone(None));
                self.play(sound);
            }
        }
        self.trial = Trial::None;
    }

    fn tick(&mut self) {
        while self.scrap.pop().is_ok() {}
        self.follow_trial();
        self.open_what_is_wanted();
        if self.is_busy() {
            self.tell_levels();
        }
    }

    fn follow_trial(&mut self) {
        match self.trial {
            Trial::Tone(_, until) if Instant::now() >= until => self.stop_trial(),
            Trial::Microphone if self.gauges.trial() == TrialStage::Idle && self.has_been_told_of_recording() => {
                self.trial = Trial::None;
            }
            Trial::None | Trial::Meter | Trial::Microphone | Trial::Tone(..) => {}
        }
        let now = today();
        let length = Duration::from_millis(10 * TRIAL_BLOCKS as u64);
        let stage = match (self.trial, self.gauges.trial()) {
            (Trial::None, _) => AudioTest::Idle,
            (Trial::Meter, _) => AudioTest::Metering,
            (Trial::Tone(role, _), _) => AudioTest::PlayingSound { role },
            (Trial::Microphone, TrialStage::PlayingBack) => AudioTest::PlayingBack { until: now.after(length) },
            (Trial::Microphone, _) => AudioTest::Recording { until: now.after(length) },
        };
        if std::mem::discriminant(&stage) != std::mem::discriminant(&self.told_trial) {
            self.told_trial = stage.clone();
            (self.events)(SoundEvent::Phone(MediaEvent::Test(stage)));
        }
    }

    fn has_been_told_of_recording(&self) -> bool {
        matches!(self.told_trial, AudioTest::PlayingBack { .. })
    }

    fn tell_devices(&mut self) {
        let devices = self.streams.devices();
        (self.events)(SoundEvent::Phone(MediaEvent::Devices(devices)));
    }

    fn tell_levels(&mut self) {
        let loudness = self.gauges.loudness();
        let bar = |decibels: f32| ((decibels + 60.0) / 60.0).clamp(0.0, 1.0);
        (self.events)(SoundEvent::Levels(Levels {
            microphone: bar(loudness.microphone),
            speaker: bar(loudness.speaker),
            ring: bar(loudness.ring),
        }));
        let dead = self.gauges.microphone_is_dead();
        if dead != self.told_dead {
            self.told_dead = dead;
            (self.events)(SoundEvent::MicrophoneSilent(dead));
        }
    }

    fn wanted(&self) -> Wanted {
        let in_call = !self.calls.is_empty();
        let tone = self.sound.tone.is_some() || matches!(self.trial, Trial::Tone(AudioRole::Speaker, _));
        let ring = self.sound.ringtone.is_some() || matches!(self.trial, Trial::Tone(AudioRole::Ring, _));
        let microphone = matches!(self.trial, Trial::Meter | Trial::Microphone);
        Wanted { capture: in_call || microphone, playback: in_call || tone || self.trial == Trial::Microphone, ring }
    }

    fn is_busy(&self) -> bool {
        self.wanted() != Wanted::default()
    }

    fn open_what_is_wanted(&mut self) {
        let mut wanted = self.wanted();
        if wanted != Wanted::default() {
            self.last_use = Some(Instant::now());
        } else if self.last_use.is_some_and(|last| last.elapsed() < LINGER) {
            wanted = self.streams.open();
        }
        for order in self.streams.want(wanted) {
            self.order(order);
        }
        let processing = self.processing();
        if self.streams.processing_changed(processing) {
            self.order(Order::Echo(Box::new(EchoControl::new(processing))));
        }
    }

    /// A headset has no echo to cancel, and cancelling one where there is none harms the voice.
    fn processing(&self) -> Processing {
        if !self.config.processing || self.config.microphone == Microphone::Echo {
            return Processing::OFF;
        }
        Processing {
            echo_cancellation: self.settings.echo_cancellation && !self.streams.is_headset(),
            noise_suppression: self.settings.noise_suppression,
            gain_control: self.settings.gain_control,
        }
    }

    fn order(&mut self, order: Order) {
        if self.orders.push(order).is_err() {
            tracing::error!("the sound thread stands still");
        }
        self.audio.thread().unpark();
    }
}

fn ringtone(name: &str) -> Ring {
    match name {
        "classic" => Ring::Warble,
        "discreet" => Ring::Discreet,
        _ => Ring::Marimba,
    }
}

const fn progress(tone: Tone) -> Progress {
    match tone {
        Tone::Ringback => Progress::Ringback,
        Tone::Busy => Progress::Busy,
        Tone::Congestion => Progress::Congestion,
        Tone::CallWaiting => Progress::CallWaiting,
    }
}

const fn country(country: ToneCountry) -> Country {
    match country {
        ToneCountry::Nl | ToneCountry::Unknown => Country::Nl,
        ToneCountry::Be => Country::Be,
        ToneCountry::De => Country::De,
        ToneCountry::Fr => Country::Fr,
        ToneCountry::Gb => Country::Gb,
        ToneCountry::Us => Country::Us,
    }
}
