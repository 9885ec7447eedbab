use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Problem, Timestamp};

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum AudioRole {
    /// What others hear.
    Microphone,
    /// What we hear.
    Speaker,
    /// Where it rings.
    Ring,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Which way a device's sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceKind {
    /// In.
    Input,
    /// Out.
    Output,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A sound device that is there now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Stays the same when it is unplugged and plugged in again.
    pub id: String,
    /// As the system calls it.
    pub name: String,
    /// Which way its sound goes.
    pub kind: DeviceKind,
    /// Whether the system uses it where nobody chose.
    pub system_default: bool,
    /// Whether it looks like a headset: no echo to cancel.
    #[serde(default)]
    pub headset: bool,
}

/// Which device the user wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DeviceChoice {
    /// The system's default, whichever that is.
    #[default]
    System,
    /// This one, and the system's default while it is not there.
    Device {
        /// [`Device::id`].
        id: String,
        /// As it was called when it was chosen, to name it while it is away.
        name: String,
    },
    /// From a newer version; treated as the system's default.
    #[serde(other)]
    Unknown,
}

/// What the user chose about sound; it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct AudioSettings {
    /// What others hear.
    pub microphone: DeviceChoice,
    /// What we hear.
    pub speaker: DeviceChoice,
    /// Where it rings.
    pub ring: DeviceChoice,
    /// Which ringtone: a [`Ringtone::id`].
    pub ringtone: String,
    /// Takes fans, keyboards and traffic out.
    pub noise_suppression: bool,
    /// Takes our own speaker's sound out of the microphone's; bypassed on headsets.
    pub echo_cancellation: bool,
    /// Makes soft and loud come out alike.
    pub gain_control: bool,
}

impl Default for AudioSettings {
    fn default() -> Self {
        Self {
            microphone: DeviceChoice::System,
            speaker: DeviceChoice::System,
            ring: DeviceChoice::System,
            ringtone: "bellbird".to_owned(),
            noise_suppression: true,
            echo_cancellation: true,
            gain_control: true,
        }
    }
}

/// A ringtone that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Ringtone {
    /// Its name in settings.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// The device that is in use for a role, which need not be the one chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceInUse {
    /// For what.
    pub role: AudioRole,
    /// Which; nothing where there is none at all.
    pub device: Option<Device>,
    /// The chosen device is away and this one stands in for it.
    pub stands_in: bool,
}

/// A trial of the sound under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AudioTest {
    /// None.
    #[default]
    Idle,
    /// The microphone's level is shown: see [`Levels`].
    Metering,
    /// The microphone is recorded.
    Recording {
        /// Until then; after that it is played back.
        until: Timestamp,
    },
    /// What was recorded is played.
    PlayingBack {
        /// Until then.
        until: Timestamp,
    },
    /// A tone or ringtone is played.
    PlayingSound {
        /// On which device.
        role: AudioRole,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// All that the page about sound shows, but the levels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AudioView {
    /// What is there now.
    pub devices: Vec<Device>,
    /// What the user wants.
    pub settings: AudioSettings,
    /// What is used.
    pub in_use: Vec<DeviceInUse>,
    /// What can be chosen as a ringtone.
    pub ringtones: Vec<Ringtone>,
    /// The trial under way.
    pub test: AudioTest,
    /// No microphone, refused microphone, and the like.
    #[serde(default)]
    pub problem: Option<Problem>,
}

/// How loud it is now, sent apart from the view and at most 20 times a second while a call or a trial goes on.
///
/// 0 is −60 dBFS and below, 1 is full scale, linear in decibels between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Levels {
    /// What others hear.
    pub microphone: f32,
    /// What we hear.
    pub speaker: f32,
    /// Where it rings.
    pub ring: f32,
}
