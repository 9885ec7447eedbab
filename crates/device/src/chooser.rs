use std::path::PathBuf;

use bellbird_base::{Duration, Instant};

use crate::catalogue::{Catalogue, DeviceId, Direction, Nature};

/// A device that could not be opened is left alone for this long.
const RETRY_AFTER: Duration = Duration::from_secs(3);

/// What a device is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// What the peer hears.
    Microphone,
    /// What the peer says, and call progress tones.
    Speaker,
    /// The ring of an incoming call.
    Ring,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Microphone, Self::Speaker, Self::Ring];

    /// Which way its samples go.
    pub const fn direction(self) -> Direction {
        match self {
            Self::Microphone => Direction::Capture,
            Self::Speaker | Self::Ring => Direction::Playback,
        }
    }
}

/// What a person chose for a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// Whatever the operating system takes, and its next choice when that changes.
    #[default]
    Default,
    /// This one, whenever it is there.
    Named(DeviceId),
    /// A WAV file: read for the microphone, written for the others.
    File {
        /// Where.
        path: PathBuf,
        /// Whether reading starts again at the end; silence otherwise.
        repeat: bool,
    },
    /// Silence in, nothing out.
    Null,
}

/// What to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Device(DeviceId),
    File { path: PathBuf, repeat: bool },
    Null,
}

/// Where a role stands.
///
/// ```text
///            switch on                    device gone, or can't be opened
///   Closed ─────────────► Open ──────────────────────────────────────────► FallenBack (the default device)
///      ▲                   ▲ ◄──────────── it returns ───────────────────────── │ ▲
///      │ switch off         \                                       no other one│ │one appears
///      └── (from all)        └──────────── it returns ────────────── Silent ◄───┘ ┘
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleState {
    /// Not in use: no device is touched.
    Closed,
    /// What was chosen is open. A device is named; files and null devices are not.
    Open(Option<DeviceId>),
    /// What was chosen is not there: the default device takes its place.
    FallenBack {
        /// What was chosen.
        wanted: DeviceId,
        /// What is used instead.
        using: DeviceId,
    },
    /// There is no device at all: a null device keeps time until one comes.
    Silent,
    /// The chosen file can't be used: a null device keeps time.
    Failed(String),
}

/// Decides what a role has open. It opens nothing itself: it is told what there is, and says what to open.
#[derive(Debug)]
pub(crate) struct Chooser {
    role: Role,
    choice: DeviceChoice,
    state: RoleState,
    /// What was said last.
    opened: Option<Target>,
    /// Devices that failed, and until when they are left alone.
    avoided: Vec<(DeviceId, Instant)>,
}

impl Chooser {
    pub(crate) const fn new(role: Role, choice: DeviceChoice) -> Self {
        Self { role, choice, state: RoleState::Closed, opened: None, avoided: Vec::new() }
    }

    pub(crate) const fn state(&self) -> &RoleState {
        &self.state
    }

    pub(crate) fn choose(&mut self, now: Instant, catalogue: &Catalogue, choice: DeviceChoice) -> Option<Target> {
        if self.choice != choice {
            self.choice = choice;
            self.avoided.clear();
            if matches!(self.state, RoleState::Failed(_)) {
                self.state = RoleState::Silent;
            }
        }
        self.observe(now, catalogue)
    }

    pub(crate) fn switch_on(&mut self, now: Instant, catalogue: &Catalogue) -> Option<Target> {
        match self.state {
            RoleState::Closed => self.settle(now, catalogue),
            RoleState::Open(_) | RoleState::FallenBack { .. } | RoleState::Silent | RoleState::Failed(_) => None,
        }
    }

    pub(crate) fn switch_off(&mut self) {
        self.state = RoleState::Closed;
        self.opened = None;
    }

    /// Devices came or went, or time passed: something else to open, perhaps.
    pub(crate) fn observe(&mut self, now: Instant, catalogue: &Catalogue) -> Option<Target> {
        match self.state {
            // A file that failed fails again: only another choice ends that.
            RoleState::Closed | RoleState::Failed(_) => None,
            RoleState::Open(_) | RoleState::FallenBack { .. } | RoleState::Silent => self.settle(now, catalogue),
        }
    }

    /// What is open broke, or could not be opened. A device is left alone for a while.
    pub(crate) fn broke(&mut self, now: Instant, catalogue: &Catalogue, problem: &str) -> Option<Target> {
        match self.opened.take()? {
            Target::Device(device) => {
                self.avoided.push((device, now + RETRY_AFTER));
                self.settle(now, catalogue)
            }
            Target::File { .. } => {
                self.state = RoleState::Failed(problem.to_owned());
                self.opened = Some(Target::Null);
                self.opened.clone()
            }
            Target::Null => {
                self.state = RoleState::Failed(problem.to_owned());
                None
            }
        }
    }

    /// Decides, and says what to open if that is something else than before.
    fn settle(&mut self, now: Instant, catalogue: &Catalogue) -> Option<Target> {
        self.avoided.retain(|(_, until)| *until > now);
        let (state, target) = self.decide(catalogue);
        self.state = state;
        if self.opened.as_ref() == Some(&target) {
            return None;
        }
        self.opened = Some(target);
        self.opened.clone()
    }

    fn decide(&self, catalogue: &Catalogue) -> (RoleState, Target) {
        match &self.choice {
            DeviceChoice::Null => (RoleState::Open(None), Target::Null),
            DeviceChoice::File { path, repeat } => {
                (RoleState::Open(None), Target::File { path: path.clone(), repeat: *repeat })
            }
            DeviceChoice::Default => match self.default_device(catalogue) {
                Some(device) => (RoleState::Open(Some(device.clone())), Target::Device(device)),
                None => (RoleState::Silent, Target::Null),
            },
            DeviceChoice::Named(wanted) => self.decide_named(catalogue, wanted),
        }
    }

    fn decide_named(&self, catalogue: &Catalogue, wanted: &DeviceId) -> (RoleState, Target) {
        let there = catalogue.find(wanted, self.role.direction()).is_some() && !self.avoids(wanted);
        if there {
            return (RoleState::Open(Some(wanted.clone())), Target::Device(wanted.clone()));
        }
        match self.default_device(catalogue) {
            Some(using) => {
                (RoleState::FallenBack { wanted: wanted.clone(), using: using.clone() }, Target::Device(using))
            }
            None => (RoleState::Silent, Target::Null),
        }
    }

    /// The system's default device, or another where that one just failed.
    fn default_device(&self, catalogue: &Catalogue) -> Option<DeviceId> {
        let direction = self.role.direction();
        let others = catalogue.devices.iter().filter(|device| device.direction == direction);
        let others = others.filter(|device| device.nature != Nature::Monitor);
        let mut candidates = catalogue.default_of(direction).into_iter().chain(others).map(|device| &device.id);
        candidates.find(|id| !self.avoids(id)).cloned()
    }

    fn avoids(&self, device: &DeviceId) -> bool {
        self.avoided.iter().any(|(avoided, _)| avoided == device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::DeviceInfo;

    const START: Instant = Instant::from_nanos(1_000_000_000_000);

    fn id(name: &str) -> DeviceId {
        DeviceId(name.to_owned())
    }

    /// Speakers of these names; the first is the default one.
    fn speakers(names: &[&str]) -> Catalogue {
        let device = |(index, name): (usize, &&str)| DeviceInfo {
            id: id(name),
            name: (*name).to_owned(),
            direction: Direction::Playback,
            default: index == 0,
            nature: Nature::Other,
        };
        Catalogue { devices: names.iter().enumerate().map(device).collect() }
    }

    fn open(choice: DeviceChoice, catalogue: &Catalogue) -> (Chooser, Option<Target>) {
        let mut chooser = Chooser::new(Role::Speaker, choice);
        let target = chooser.switch_on(START, catalogue);
        (chooser, target)
    }

    fn device(name: &str) -> Option<Target> {
        Some(Target::Device(id(name)))
    }

    #[test]
    fn nothing_is_opened_before_it_is_used() {
        let mut chooser = Chooser::new(Role::Speaker, DeviceChoice::Default);
        assert_eq!(chooser.observe(START, &speakers(&["a"])), None);
        assert_eq!(chooser.state(), &RoleState::Closed);
    }

    #[test]
    fn a_lost_device_falls_back_and_is_taken_again() {
        let both = speakers(&["built-in", "headset"]);
        let (mut chooser, first) = open(DeviceChoice::Named(id("headset")), &both);
        assert_eq!(first, device("headset"));
        assert_eq!(chooser.observe(START, &speakers(&["built-in"])), device("built-in"));
        assert_eq!(chooser.state(), &RoleState::FallenBack { wanted: id("headset"), using: id("built-in") });
        assert_eq!(chooser.observe(START, &speakers(&["built-in"])), None);
        assert_eq!(chooser.observe(START, &both), device("headset"));
        assert_eq!(chooser.state(), &RoleState::Open(Some(id("headset"))));
    }

    #[test]
    fn without_any_device_a_null_one_keeps_time() {
        let (mut chooser, first) = open(DeviceChoice::Default, &speakers(&[]));
        assert_eq!(first, Some(Target::Null));
        assert_eq!(chooser.state(), &RoleState::Silent);
        assert_eq!(chooser.observe(START, &speakers(&["usb"])), device("usb"));
    }

    #[test]
    fn the_default_choice_follows_the_system() {
        let (mut chooser, _) = open(DeviceChoice::Default, &speakers(&["a", "b"]));
        assert_eq!(chooser.observe(START, &speakers(&["b", "a"])), device("b"));
    }

    #[test]
    fn a_named_device_stays_when_the_default_changes() {
        let (mut chooser, _) = open(DeviceChoice::Named(id("a")), &speakers(&["a", "b"]));
        assert_eq!(chooser.observe(START, &speakers(&["b", "a"])), None);
    }

    #[test]
    fn a_device_that_can_not_be_opened_is_tried_again_later() {
        let both = speakers(&["built-in", "busy"]);
        let (mut chooser, _) = open(DeviceChoice::Named(id("busy")), &both);
        assert_eq!(chooser.broke(START, &both, "busy"), device("built-in"));
        assert_eq!(chooser.observe(START + Duration::from_secs(1), &both), None);
        assert_eq!(chooser.observe(START + RETRY_AFTER, &both), device("busy"));
    }

    #[test]
    fn the_only_device_that_breaks_leaves_silence_until_it_is_tried_again() {
        let one = speakers(&["only"]);
        let (mut chooser, _) = open(DeviceChoice::Default, &one);
        assert_eq!(chooser.broke(START, &one, "gone"), Some(Target::Null));
        assert_eq!(chooser.state(), &RoleState::Silent);
        assert_eq!(chooser.observe(START + RETRY_AFTER, &one), device("only"));
    }

    #[test]
    fn falling_back_to_the_device_in_use_does_not_reopen_it() {
        let both = speakers(&["a", "b"]);
        let (mut chooser, _) = open(DeviceChoice::Default, &both);
        assert_eq!(chooser.choose(START, &both, DeviceChoice::Named(id("unplugged"))), None);
        assert_eq!(chooser.state(), &RoleState::FallenBack { wanted: id("unplugged"), using: id("a") });
        assert_eq!(chooser.choose(START, &both, DeviceChoice::Named(id("a"))), None);
        assert_eq!(chooser.state(), &RoleState::Open(Some(id("a"))));
    }

    #[test]
    fn another_choice_is_opened_at_once_if_the_role_is_in_use() {
        let both = speakers(&["a", "b"]);
        let (mut chooser, _) = open(DeviceChoice::Default, &both);
        assert_eq!(chooser.choose(START, &both, DeviceChoice::Named(id("b"))), device("b"));
        assert_eq!(chooser.choose(START, &both, DeviceChoice::Null), Some(Target::Null));
        chooser.switch_off();
        assert_eq!(chooser.choose(START, &both, DeviceChoice::Default), None);
        assert_eq!(chooser.switch_on(START, &both), device("a"));
    }

    #[test]
    fn when_all_devices_fail_each_is_tried_once_and_then_silence_kept() {
        let both = speakers(&["a", "b"]);
        let (mut chooser, first) = open(DeviceChoice::Default, &both);
        assert_eq!(first, device("a"));
        assert_eq!(chooser.broke(START, &both, "broken"), device("b"));
        assert_eq!(chooser.broke(START, &both, "broken"), Some(Target::Null));
        assert_eq!(chooser.state(), &RoleState::Silent);
        assert_eq!(chooser.broke(START, &both, "no thread"), None);
    }

    #[test]
    fn another_file_is_another_target() {
        let file = |name: &str| DeviceChoice::File { path: PathBuf::from(name), repeat: false };
        let none = speakers(&[]);
        let (mut chooser, _) = open(file("one.wav"), &none);
        assert_eq!(chooser.observe(START, &none), None);
        assert!(matches!(chooser.choose(START, &none, file("two.wav")), Some(Target::File { .. })));
    }

    #[test]
    fn a_file_that_fails_is_told_and_not_tried_for_ever() {
        let file = DeviceChoice::File { path: PathBuf::from("missing.wav"), repeat: false };
        let (mut chooser, first) = open(file, &speakers(&["a"]));
        assert!(matches!(first, Some(Target::File { .. })));
        assert_eq!(chooser.broke(START, &speakers(&["a"]), "no such file"), Some(Target::Null));
        assert_eq!(chooser.observe(START, &speakers(&["a"])), None);
        assert_eq!(chooser.state(), &RoleState::Failed("no such file".to_owned()));
    }
}
