//! Which streams are open, and what the user is told of devices.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::Thread;

use bellbird_contract::{AudioRole, AudioSettings, Device, DeviceChoice, DeviceInUse, DeviceKind, ErrorCode, Problem};
use bellbird_device::{
    Catalogue, DeviceId, DeviceInfo, Direction, Host, Nature, Role, RoleState, SoundEvent, SoundSystem,
};
use bellbird_phone::DevicesNow;
use bellbird_voice::Processing;

use super::audio::Order;
use super::ends::{CaptureEnd, PlaybackEnd};
use super::{Microphone, Output, SoundConfig};

/// Which streams are to be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) capture: bool,
    pub(super) playback: bool,
    pub(super) ring: bool,
}

/// What news of a device mean.
pub(super) enum News {
    /// A ring to hand to the sound thread.
    Open(Order),
    /// Devices, or which of them are used, changed.
    Changed,
    /// The microphone's file came to its end.
    PlayedOut,
    /// Nothing that anybody has to know.
    Nothing,
}

pub(super) struct Streams {
    system: SoundSystem,
    config: SoundConfig,
    settings: AudioSettings,
    devices: Catalogue,
    states: [(Role, RoleState); 3],
    open: Wanted,
    processing: Processing,
}

impl Streams {
    /// `listener` is given what has to be handed to [`hear`](Self::hear).
    pub(super) fn new(
        config: &SoundConfig,
        sound_thread: Thread,
        listener: impl FnMut(SoundEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let settings = AudioSettings::default();
        let device = bellbird_device::SoundConfig {
            host: if uses_devices(config) { Host::Automatic } else { Host::None },
            choices: choices(config, &settings).into(),
            wake: Arc::new(move || sound_thread.unpark()),
        };
        let system = SoundSystem::start(device, listener)?;
        Ok(Self {
            system,
            config: config.clone(),
            settings,
            devices: Catalogue::default(),
            states: Role::ALL.map(|role| (role, RoleState::Closed)),
            open: Wanted::default(),
            processing: Processing::OFF,
        })
    }

    /// Takes over what the user chose.
    pub(super) fn choose(&mut self, settings: &AudioSettings) {
        self.settings.clone_from(settings);
        for (role, choice) in choices(&self.config, settings) {
            self.system.choose(role, choice);
        }
    }

    pub(super) const fn open(&self) -> Wanted {
        self.open
    }

    /// Opens and closes; the rings come as news. Gives the ends that are to be dropped.
    pub(super) fn want(&mut self, wanted: Wanted) -> Vec<Order> {
        let mut orders = Vec::new();
        let was = std::mem::replace(&mut self.open, wanted);
        let roles = [
            (Role::Microphone, was.capture, wanted.capture),
            (Role::Speaker, was.playback, wanted.playback),
            (Role::Ring, was.ring, wanted.ring),
        ];
        for (role, before, after) in roles {
            match (before, after) {
                (false, true) => self.system.switch_on(role),
                (true, false) => {
                    self.system.switch_off(role);
                    orders.push(closing(role));
                }
                _ => {}
            }
        }
        orders
    }

    /// Takes in what happened to devices.
    pub(super) fn hear(&mut self, event: SoundEvent) -> News {
        match event {
            SoundEvent::Devices(devices) => {
                self.devices = Catalogue { devices };
                return News::Changed;
            }
            SoundEvent::State(role, state) => {
                self.states.iter_mut().filter(|(other, _)| *other == role).for_each(|(_, is)| *is = state.clone());
                return News::Changed;
            }
            SoundEvent::Capture(capture) => {
                return end(CaptureEnd::new(capture))
                    .map_or(News::Nothing, |end| News::Open(Order::Capture(Some(end))));
            }
            SoundEvent::Playback(role, playback) => {
                return end(PlaybackEnd::new(playback)).map_or(News::Nothing, |end| match role {
                    Role::Ring => News::Open(Order::Ringer(Some(end))),
                    Role::Speaker | Role::Microphone => News::Open(Order::Playback(Some(end))),
                });
            }
            SoundEvent::FileEnded => return News::PlayedOut,
            SoundEvent::System { name, refusals } => tracing::info!(?name, ?refusals, "sound system"),
            SoundEvent::Problem(role, problem) => tracing::warn!(?role, "{problem}"),
        }
        News::Nothing
    }

    /// Whether the sound thread has to be told; remembers that it was.
    pub(super) fn processing_changed(&mut self, processing: Processing) -> bool {
        std::mem::replace(&mut self.processing, processing) != processing
    }

    /// Whether what we hear can't get into the microphone.
    pub(super) fn is_headset(&self) -> bool {
        let nature = |role| self.device_of(role).map(|device| device.nature);
        nature(Role::Speaker) == Some(Nature::Headset) || self.config.speaker != Output::Device
    }

    /// What the page about sound shows.
    pub(super) fn devices(&self) -> DevicesNow {
        let shown = self.devices.devices.iter().filter(|device| device.nature != Nature::Monitor);
        DevicesNow {
            devices: shown.map(device_view).collect(),
            in_use: [Role::Microphone, Role::Speaker, Role::Ring].map(|role| self.in_use(role)).into(),
            problem: self.problem(),
        }
    }

    fn in_use(&self, role: Role) -> DeviceInUse {
        DeviceInUse {
            role: match role {
                Role::Microphone => AudioRole::Microphone,
                Role::Speaker => AudioRole::Speaker,
                Role::Ring => AudioRole::Ring,
            },
            device: self.device_of(role).map(device_view),
            stands_in: self.stands_in(role),
        }
    }

    fn stands_in(&self, role: Role) -> bool {
        match self.state(role) {
            Some(RoleState::FallenBack { .. }) => true,
            // A closed role says nothing yet: whether its choice is there can be seen all the same.
            Some(RoleState::Closed) => self.wished(role).is_some_and(|wished| self.find(wished, role).is_none()),
            Some(RoleState::Open(_) | RoleState::Silent | RoleState::Failed(_)) | None => false,
        }
    }

    /// The device that is open, or would be.
    fn device_of(&self, role: Role) -> Option<&DeviceInfo> {
        match self.state(role)? {
            RoleState::Open(Some(id)) | RoleState::FallenBack { using: id, .. } => self.find(&id.0, role),
            RoleState::Open(None) | RoleState::Silent | RoleState::Failed(_) => None,
            RoleState::Closed => {
                let wished = self.wished(role).and_then(|wished| self.find(wished, role));
                wished.or_else(|| self.devices.default_of(role.direction()))
            }
        }
    }

    fn wished(&self, role: Role) -> Option<&str> {
        match chosen(&self.settings, role) {
            DeviceChoice::Device { id, .. } => Some(id),
            DeviceChoice::System | DeviceChoice::Unknown => None,
        }
    }

    fn find(&self, id: &str, role: Role) -> Option<&DeviceInfo> {
        self.devices.find(&DeviceId(id.to_owned()), role.direction())
    }

    fn state(&self, role: Role) -> Option<&RoleState> {
        self.states.iter().find(|(other, _)| *other == role).map(|(_, state)| state)
    }

    fn problem(&self) -> Option<Problem> {
        let lacks = |role| matches!(self.state(role), Some(RoleState::Silent | RoleState::Failed(_)));
        if self.config.microphone == Microphone::Device && lacks(Role::Microphone) {
            return Some(Problem::new(ErrorCode::NoMicrophone));
        }
        let speaker = self.config.speaker == Output::Device && lacks(Role::Speaker);
        speaker.then(|| Problem::new(ErrorCode::NoSpeaker))
    }
}

fn uses_devices(config: &SoundConfig) -> bool {
    config.microphone == Microphone::Device || config.speaker == Output::Device || config.ring == Output::Device
}

fn closing(role: Role) -> Order {
    match role {
        Role::Microphone => Order::Capture(None),
        Role::Speaker => Order::Playback(None),
        Role::Ring => Order::Ringer(None),
    }
}

/// A rate that can't be converted is a device's fault; it stays silent.
fn end<T>(made: Result<T, bellbird_voice::ResamplerError>) -> Option<Box<T>> {
    made.inspect_err(|error| tracing::warn!("a device can't be used: {error}")).ok().map(Box::new)
}

fn choices(config: &SoundConfig, settings: &AudioSettings) -> [(Role, bellbird_device::DeviceChoice); 3] {
    use bellbird_device::DeviceChoice::{File, Null};
    let microphone = match &config.microphone {
        Microphone::Device => choice(&settings.microphone),
        Microphone::File { path, repeat } => File { path: path.clone(), repeat: *repeat },
        Microphone::Echo | Microphone::Silence => Null,
    };
    let output = |output: &Output, chosen| match output {
        Output::Device => choice(chosen),
        Output::File(path) => File { path: Path::to_owned(path), repeat: false },
        Output::Nowhere => Null,
    };
    [
        (Role::Microphone, microphone),
        (Role::Speaker, output(&config.speaker, &settings.speaker)),
        (Role::Ring, output(&config.ring, &settings.ring)),
    ]
}

fn choice(chosen: &DeviceChoice) -> bellbird_device::DeviceChoice {
    match chosen {
        DeviceChoice::Device { id, .. } => bellbird_device::DeviceChoice::Named(DeviceId(id.clone())),
        DeviceChoice::System | DeviceChoice::Unknown => bellbird_device::DeviceChoice::Default,
    }
}

const fn chosen(settings: &AudioSettings, role: Role) -> &DeviceChoice {
    match role {
        Role::Microphone => &settings.microphone,
        Role::Speaker => &settings.speaker,
        Role::Ring => &settings.ring,
    }
}

fn device_view(device: &DeviceInfo) -> Device {
    Device {
        id: device.id.0.clone(),
        name: device.name.clone(),
        kind: match device.direction {
            Direction::Capture => DeviceKind::Input,
            Direction::Playback => DeviceKind::Output,
        },
        system_default: device.default,
        headset: device.nature == Nature::Headset,
    }
}
