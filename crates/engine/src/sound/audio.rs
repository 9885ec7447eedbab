//! The sound thread's loop. It never locks, logs, allocates or unwraps, and it does not sleep: it parks until a device's
//! callback, or the control thread, unparks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use bellbird_contract::CallId;
use bellbird_net::clock;
use bellbird_voice::tone::{Country, Progress, Ring};
use bellbird_voice::{EchoControl, LossReport};

use super::LegFormat;
use super::core::{Core, Loudness, SoundLeg, TrialStage};
use super::ends::{CaptureEnd, PlaybackEnd, empty};

/// Parking ends by itself after this long, should a wake-up get lost with a device.
const LONGEST_PARK: Duration = Duration::from_millis(200);

/// What the control thread tells the sound thread; everything is made beforehand and freed elsewhere.
pub(super) enum Order {
    Add(Box<SoundLeg>),
    Remove(CallId),
    Format(CallId, LegFormat),
    Hold(CallId, bool),
    Mute(CallId, bool),
    Loss(CallId, LossReport),
    Capture(Option<Box<CaptureEnd>>),
    Playback(Option<Box<PlaybackEnd>>),
    Ringer(Option<Box<PlaybackEnd>>),
    Tone(Option<(Country, Progress)>),
    Ring(Option<Ring>),
    Echo(Box<EchoControl>),
    Record,
    StopTrial,
    Quit,
}

/// What the sound thread is done with; the control thread frees it.
pub(super) enum Scrap {
    Leg(#[expect(dead_code, reason = "held to be freed")] Box<SoundLeg>),
    Capture(#[expect(dead_code, reason = "held to be freed")] Box<CaptureEnd>),
    Playback(#[expect(dead_code, reason = "held to be freed")] Box<PlaybackEnd>),
    Echo(#[expect(dead_code, reason = "held to be freed")] Box<EchoControl>),
}

/// What the control thread may look at any time.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    microphone: AtomicU32,
    speaker: AtomicU32,
    ring: AtomicU32,
    trial: AtomicU32,
    dead: AtomicU32,
}

impl Gauges {
    /// Peaks in dBFS.
    pub(super) fn loudness(&self) -> Loudness {
        let read = |gauge: &AtomicU32| f32::from_bits(gauge.load(Ordering::Relaxed));
        Loudness { microphone: read(&self.microphone), speaker: read(&self.speaker), ring: read(&self.ring) }
    }

    pub(super) fn trial(&self) -> TrialStage {
        match self.trial.load(Ordering::Relaxed) {
            1 => TrialStage::Recording,
            2 => TrialStage::PlayingBack,
            _ => TrialStage::Idle,
        }
    }

    pub(super) fn microphone_is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed) == 1
    }

    fn set(&self, core: &Core) {
        let loudness = core.loudness();
        self.microphone.store(loudness.microphone.to_bits(), Ordering::Relaxed);
        self.speaker.store(loudness.speaker.to_bits(), Ordering::Relaxed);
        self.ring.store(loudness.ring.to_bits(), Ordering::Relaxed);
        let trial = match core.trial() {
            TrialStage::Idle => 0,
            TrialStage::Recording => 1,
            TrialStage::PlayingBack => 2,
        };
        self.trial.store(trial, Ordering::Relaxed);
        self.dead.store(u32::from(core.microphone_is_dead()), Ordering::Relaxed);
    }
}

pub(super) struct Audio {
    pub(super) core: Core,
    pub(super) orders: rtrb::Consumer<Order>,
    pub(super) scrap: rtrb::Producer<Scrap>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) capture: Option<Box<CaptureEnd>>,
    pub(super) playback: Option<Box<PlaybackEnd>>,
    pub(super) ringer: Option<Box<PlaybackEnd>>,
}

impl Audio {
    pub(super) fn run(mut self) {
        bellbird_device::ask_for_real_time();
        loop {
            while let Ok(order) = self.orders.pop() {
                if matches!(order, Order::Quit) {
                    return;
                }
                self.obey(order);
            }
            self.work();
            self.gauges.set(&self.core);
            thread::park_timeout(LONGEST_PARK);
        }
    }

    /// Moves whole blocks while there are any. The far end is rendered before the near end is captured.
    fn work(&mut self) {
        let mut block = empty();
        while let Some(playback) = self.playback.as_mut().filter(|playback| playback.is_hungry()) {
            self.core.play(clock::now(), &mut block);
            playback.write(&block);
        }
        while self.capture.as_mut().is_some_and(|capture| capture.read(&mut block)) {
            self.core.capture(&mut block);
        }
        while let Some(ringer) = self.ringer.as_mut().filter(|ringer| ringer.is_hungry()) {
            self.core.ring(&mut block);
            ringer.write(&block);
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Add(leg) => {
                let refused = self.core.add(leg);
                self.discard(refused.map(Scrap::Leg));
            }
            Order::Remove(call) => {
                let leg = self.core.remove(call);
                self.discard(leg.map(Scrap::Leg));
            }
            Order::Format(call, format) => self.with(call, |leg| leg.set_format(format)),
            Order::Hold(call, held) => self.with(call, |leg| leg.held = held),
            Order::Mute(call, muted) => self.with(call, |leg| leg.uplink.set_muted(muted)),
            Order::Loss(call, loss) => self.with(call, |leg| leg.set_loss(loss)),
            Order::Capture(end) => {
                let former = std::mem::replace(&mut self.capture, end);
                self.discard(former.map(Scrap::Capture));
            }
            Order::Playback(end) => {
                let former = std::mem::replace(&mut self.playback, end);
                self.discard(former.map(Scrap::Playback));
            }
            Order::Ringer(end) => {
                let former = std::mem::replace(&mut self.ringer, end);
                self.discard(former.map(Scrap::Playback));
            }
            Order::Tone(Some((country, progress))) => self.core.tone.play_progress(country, progress),
            Order::Tone(None) => self.core.tone.stop(),
            Order::Ring(Some(ring)) => self.core.ring.play_ring(ring),
            Order::Ring(None) => self.core.ring.stop(),
            Order::Echo(echo) => {
                let former = self.core.replace_echo(echo);
                self.discard(Some(Scrap::Echo(former)));
            }
            Order::Record => self.core.start_trial(true),
            Order::StopTrial => self.core.start_trial(false),
            Order::Quit => {}
        }
    }

    fn with(&mut self, call: CallId, act: impl FnOnce(&mut SoundLeg)) {
        if let Some(leg) = self.core.leg(call) {
            act(leg);
        }
    }

    /// Hands over what has to be freed. The ring is emptied far more often than it can fill; were it full, freeing here
    /// is the lesser evil than leaking.
    fn discard(&mut self, scrap: Option<Scrap>) {
        if let Some(scrap) = scrap {
            self.scrap.push(scrap).ok();
        }
    }
}
