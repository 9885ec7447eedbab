//! The thread that owns the system's streams, looks for devices that come and go, and opens what the choosers say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time;

use bellbird_base::{Duration, Instant};

use crate::catalogue::{Catalogue, DeviceInfo};
use crate::chooser::{Chooser, DeviceChoice, Role, RoleState, Target};
use crate::stream::{Capture, Playback, StreamStats, Wake};
use crate::system::{Broken, DeviceStream, Host, System};
use crate::virtual_device::{self as virtual_device, Paced};
use crate::watch::Watch;

/// How often streams are looked after, and devices looked for where nobody tells that they came or went.
const LOOK_EVERY: Duration = Duration::from_millis(1_000);
/// A stream that neither took nor gave samples for so long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(3);

/// How sound is used.
pub struct SoundConfig {
    /// Which sound system.
    pub host: Host,
    /// What a person chose, by role; the default device for those left out.
    pub choices: Vec<(Role, DeviceChoice)>,
    /// Wakes the thread that reads and writes the rings.
    pub wake: Wake,
}

/// What happens to sound.
pub enum SoundEvent {
    /// The devices there are, whenever that changes.
    Devices(Vec<DeviceInfo>),
    /// The sound system in use, and why others that were tried before are not.
    System {
        /// Its name; nothing where there is none.
        name: Option<String>,
        /// A sentence for each that refused.
        refusals: Vec<String>,
    },
    /// The microphone is another one from now on.
    Capture(Capture),
    /// The device of this role is another one from now on.
    Playback(Role, Playback),
    /// Where a role stands, whenever that changes.
    State(Role, RoleState),
    /// A device could not be opened, or broke.
    Problem(Role, String),
    /// The file that plays the microphone's part was heard to its end.
    FileEnded,
}

/// Where the thread's events go; called on that thread.
type Listener = Box<dyn FnMut(SoundEvent) + Send>;

enum Command {
    Choose(Role, DeviceChoice),
    SwitchOn(Role),
    SwitchOff(Role),
    Broken(Role, u64, String),
    FileEnded(u64),
    Look,
    News,
    Stop,
}

/// Sound, from any thread. Devices are closed when this is dropped.
pub struct SoundSystem {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl SoundSystem {
    /// Starts the thread. No device is opened before its role is switched on.
    ///
    /// # Errors
    /// Where the system allows no more threads.
    pub fn start(config: SoundConfig, listener: impl FnMut(SoundEvent) + Send + 'static) -> std::io::Result<Self> {
        let (commands, received) = mpsc::channel();
        let own = commands.clone();
        let run = move || Keeper::new(config, own, Box::new(listener)).run(&received);
        let thread = thread::Builder::new().name("sound-devices".to_owned()).spawn(run)?;
        Ok(Self { commands, thread: Some(thread) })
    }

    /// Uses another device for a role from now on.
    pub fn choose(&self, role: Role, choice: DeviceChoice) {
        self.tell(Command::Choose(role, choice));
    }

    /// Opens the device of a role: [`SoundEvent::Capture`] or [`SoundEvent::Playback`] follows, whatever is there.
    pub fn switch_on(&self, role: Role) {
        self.tell(Command::SwitchOn(role));
    }

    /// Closes the device of a role.
    pub fn switch_off(&self, role: Role) {
        self.tell(Command::SwitchOff(role));
    }

    /// Looks for devices now instead of within a second.
    pub fn look(&self) {
        self.tell(Command::Look);
    }

    fn tell(&self, command: Command) {
        // The thread ends only when this is dropped.
        self.commands.send(command).ok();
    }
}

impl Drop for SoundSystem {
    fn drop(&mut self) {
        self.tell(Command::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the sound devices panicked");
        }
    }
}

/// Whatever keeps a ring's other end moving.
enum Open {
    Device(#[allow(dead_code, reason = "held until it is to end")] DeviceStream),
    Virtual(#[allow(dead_code, reason = "held until it is to end")] Paced),
}

/// An open stream and its pulse.
struct Opened {
    generation: u64,
    _open: Open,
    stats: Arc<StreamStats>,
    callbacks: u64,
    last_beat: time::Instant,
}

impl Opened {
    /// Looks whether samples still come or go.
    fn is_dead(&mut self) -> bool {
        let callbacks = self.stats.callbacks();
        if callbacks != self.callbacks {
            self.callbacks = callbacks;
            self.last_beat = time::Instant::now();
        }
        self.last_beat.elapsed() > DEAD_AFTER
    }
}

struct Keeper {
    host: Host,
    system: Option<System>,
    watch: Option<Watch>,
    /// News that wait to be looked at: some come by the dozen.
    news: Arc<AtomicBool>,
    catalogue: Catalogue,
    choosers: BTreeMap<Role, Chooser>,
    open: BTreeMap<Role, Opened>,
    /// Tells the news of a stream from those of one that was open before.
    generation: u64,
    wake: Wake,
    commands: Sender<Command>,
    listener: Listener,
    start: time::Instant,
}

impl Keeper {
    fn new(config: SoundConfig, commands: Sender<Command>, listener: Listener) -> Self {
        let mut choices: BTreeMap<_, _> = config.choices.into_iter().collect();
        let mut chooser = |role| (role, Chooser::new(role, choices.remove(&role).unwrap_or_default()));
        Self {
            host: config.host,
            system: None,
            watch: None,
            news: Arc::default(),
            catalogue: Catalogue::default(),
            choosers: Role::ALL.into_iter().map(&mut chooser).collect(),
            open: BTreeMap::new(),
            generation: 0,
            wake: config.wake,
            commands,
            listener,
            start: time::Instant::now(),
        }
    }

    fn run(mut self, commands: &Receiver<Command>) {
        self.look(true);
        let mut next_look = time::Instant::now() + LOOK_EVERY;
        loop {
            match commands.recv_timeout(next_look.saturating_duration_since(time::Instant::now())) {
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {
                    self.tick();
                    next_look = time::Instant::now() + LOOK_EVERY;
                }
            }
        }
    }

    fn obey(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Choose(role, choice) => {
                self.with(role, |chooser, catalogue| chooser.choose(now, catalogue, choice));
            }
            Command::SwitchOn(role) => self.with(role, |chooser, catalogue| chooser.switch_on(now, catalogue)),
            Command::SwitchOff(role) => {
                self.open.remove(&role);
                self.with(role, |chooser, _| {
                    chooser.switch_off();
                    None
                });
            }
            Command::Broken(role, generation, problem) if self.is_current(role, generation) => {
                self.broke(role, &problem)
            }
            Command::FileEnded(generation) if self.is_current(Role::Microphone, generation) => {
                (self.listener)(SoundEvent::FileEnded);
            }
            Command::Look => self.look(false),
            Command::News => {
                self.news.store(false, Ordering::Release);
                self.look(false);
            }
            Command::Broken(..) | Command::FileEnded(_) | Command::Stop => {}
        }
    }

    /// Looks after the streams, and for devices unless they are watched.
    fn tick(&mut self) {
        if self.watch.as_ref().is_none_or(Watch::is_over) {
            self.look(false);
        } else {
            self.look_after_roles();
        }
    }

    /// Sees what there is, and says what changed.
    fn look(&mut self, first: bool) {
        if self.system.is_none() {
            self.connect(first);
        }
        // Watched first and listed then, nothing is missed in between.
        if self.watch.as_ref().is_none_or(Watch::is_over) {
            self.watch = self.watch();
        }
        let catalogue = match self.system.as_ref().map(System::catalogue) {
            Some(Ok(catalogue)) => catalogue,
            Some(Err(error)) => {
                tracing::warn!("the sound system does not answer any more: {error}");
                self.system = None;
                self.watch = None;
                Catalogue::default()
            }
            None => Catalogue::default(),
        };
        if catalogue != self.catalogue || first {
            self.catalogue = catalogue;
            (self.listener)(SoundEvent::Devices(self.catalogue.devices.clone()));
        }
        self.look_after_roles();
    }

    fn look_after_roles(&mut self) {
        let now = self.now();
        for role in Role::ALL {
            self.with(role, |chooser, catalogue| chooser.observe(now, catalogue));
            if self.open.get_mut(&role).is_some_and(Opened::is_dead) {
                self.broke(role, "the sound device stands still");
            }
        }
    }

    fn connect(&mut self, first: bool) {
        match System::open(&self.host) {
            Ok(system) => {
                let (name, refusals) = (Some(system.name().to_owned()), system.refusals.clone());
                self.system = Some(system);
                (self.listener)(SoundEvent::System { name, refusals });
            }
            Err(error) if first => {
                (self.listener)(SoundEvent::System { name: None, refusals: vec![error.to_string()] });
            }
            Err(_) => {}
        }
    }

    fn watch(&self) -> Option<Watch> {
        let (commands, waiting) = (self.commands.clone(), Arc::clone(&self.news));
        Watch::on(self.system.as_ref()?.name(), move || {
            if !waiting.swap(true, Ordering::AcqRel) {
                drop(commands.send(Command::News));
            }
        })
    }

    /// Lets a role's chooser decide, opens what it says and tells where the role stands.
    fn with(&mut self, role: Role, decide: impl FnOnce(&mut Chooser, &Catalogue) -> Option<Target>) {
        let Some(chooser) = self.choosers.get_mut(&role) else { return };
        let before = chooser.state().clone();
        let mut target = decide(chooser, &self.catalogue);
        while let Some(next) = target.take() {
            if let Err(problem) = self.open(role, &next) {
                target = self.decide_after_failure(role, &problem);
                (self.listener)(SoundEvent::Problem(role, problem));
            }
        }
        self.tell_state(role, &before);
    }

    fn decide_after_failure(&mut self, role: Role, problem: &str) -> Option<Target> {
        let now = self.now();
        self.choosers.get_mut(&role)?.broke(now, &self.catalogue, problem)
    }

    fn broke(&mut self, role: Role, problem: &str) {
        (self.listener)(SoundEvent::Problem(role, problem.to_owned()));
        let now = self.now();
        // It may be that the device is gone: its stream often tells before the list of devices does.
        self.with(role, |chooser, catalogue| chooser.broke(now, catalogue, problem));
    }

    fn tell_state(&mut self, role: Role, before: &RoleState) {
        let Some(chooser) = self.choosers.get(&role) else { return };
        if chooser.state() != before {
            (self.listener)(SoundEvent::State(role, chooser.state().clone()));
        }
    }

    /// Closes what the role has open, and opens this.
    fn open(&mut self, role: Role, target: &Target) -> Result<(), String> {
        // Some devices can be open only once.
        self.open.remove(&role);
        self.generation += 1;
        let (open, stats, event) = match role {
            Role::Microphone => {
                let (open, capture) = self.open_capture(target)?;
                (open, Arc::clone(&capture.stats), SoundEvent::Capture(capture))
            }
            Role::Speaker | Role::Ring => {
                let (open, playback) = self.open_playback(role, target)?;
                (open, Arc::clone(&playback.stats), SoundEvent::Playback(role, playback))
            }
        };
        let opened =
            Opened { generation: self.generation, _open: open, stats, callbacks: 0, last_beat: time::Instant::now() };
        self.open.insert(role, opened);
        (self.listener)(event);
        Ok(())
    }

    fn open_capture(&self, target: &Target) -> Result<(Open, Capture), String> {
        match target {
            Target::Null => virtual_device::null_capture(&self.wake).map(|(paced, end)| (Open::Virtual(paced), end)),
            Target::File { path, repeat } => {
                let (commands, generation) = (self.commands.clone(), self.generation);
                let ended = move || drop(commands.send(Command::FileEnded(generation)));
                let opened = virtual_device::file_capture(path, *repeat, &self.wake, ended);
                opened.map(|(paced, end)| (Open::Virtual(paced), end))
            }
            Target::Device(id) => {
                let opened = self.system()?.capture(id, &self.wake, self.when_broken(Role::Microphone));
                opened.map(|(stream, end)| (Open::Device(stream), end)).map_err(|error| error.to_string())
            }
        }
    }

    fn open_playback(&self, role: Role, target: &Target) -> Result<(Open, Playback), String> {
        match target {
            Target::Null => virtual_device::null_playback(&self.wake).map(|(paced, end)| (Open::Virtual(paced), end)),
            Target::File { path, .. } => {
                virtual_device::file_playback(path, &self.wake).map(|(paced, end)| (Open::Virtual(paced), end))
            }
            Target::Device(id) => {
                let opened = self.system()?.playback(id, &self.wake, self.when_broken(role));
                opened.map(|(stream, end)| (Open::Device(stream), end)).map_err(|error| error.to_string())
            }
        }
    }

    fn system(&self) -> Result<&System, String> {
        self.system.as_ref().ok_or_else(|| "no sound system is running".to_owned())
    }

    fn when_broken(&self, role: Role) -> Broken {
        let (commands, generation) = (self.commands.clone(), self.generation);
        Box::new(move |error| drop(commands.send(Command::Broken(role, generation, error.to_string()))))
    }

    fn is_current(&self, role: Role, generation: u64) -> bool {
        self.open.get(&role).is_some_and(|opened| opened.generation == generation)
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.start.elapsed()
    }
}
