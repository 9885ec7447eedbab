use std::fmt;

/// A name for a device that stays the same when it is unplugged and plugged in again, and over restarts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub String);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which way samples go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Into the computer.
    Capture,
    /// Out of it.
    Playback,
}

/// What a device is, as far as can be told from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    /// Worn on the head: no echo to remove.
    Headset,
    /// It gives back what another device plays.
    Monitor,
    /// Anything else.
    Other,
}

/// A device as a person chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its lasting name.
    pub id: DeviceId,
    /// Its name for people.
    pub name: String,
    /// Which way samples go; a headset is two devices.
    pub direction: Direction,
    /// Whether the operating system takes it where nothing else is chosen.
    pub default: bool,
    /// What it is.
    pub nature: Nature,
}

/// All devices there are at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// In the system's order.
    pub devices: Vec<DeviceInfo>,
}

impl Catalogue {
    /// The device of this name and direction, if it is there.
    pub fn find(&self, id: &DeviceId, direction: Direction) -> Option<&DeviceInfo> {
        self.devices.iter().find(|device| device.id == *id && device.direction == direction)
    }

    /// The system's choice. Where it names none, the first that is not a mere monitor.
    pub fn default_of(&self, direction: Direction) -> Option<&DeviceInfo> {
        let those = || self.devices.iter().filter(move |device| device.direction == direction);
        those().find(|device| device.default).or_else(|| those().find(|device| device.nature != Nature::Monitor))
    }
}

/// What the device of this id and name probably is.
pub(crate) fn nature_of(id: &str, name: &str) -> Nature {
    /// Words and makes that headsets bear in their names.
    const HEADSETS: [&str; 15] = [
        "headset",
        "headphone",
        "earphone",
        "earbud",
        "hands-free",
        "handsfree",
        "airpods",
        "buds",
        "jabra",
        "plantronics",
        "poly ",
        "blackwire",
        "voyager",
        "sennheiser",
        "evolve",
    ];
    let name = name.to_lowercase();
    if id.ends_with(".monitor") || name.starts_with("monitor of ") {
        return Nature::Monitor;
    }
    // PulseAudio's names for the profiles of Bluetooth that carry a microphone.
    let hands_free = id.starts_with("pulseaudio:bluez") && (id.contains("handsfree") || id.contains("headset"));
    match hands_free || HEADSETS.iter().any(|word| name.contains(word)) {
        true => Nature::Headset,
        false => Nature::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headsets_are_known_by_their_names() {
        assert_eq!(nature_of("pulseaudio:alsa_input.usb-1", "Jabra EVOLVE 20 Mono"), Nature::Headset);
        assert_eq!(nature_of("coreaudio:1", "Anna's AirPods Pro"), Nature::Headset);
        assert_eq!(nature_of("pulseaudio:bluez_sink.00.handsfree_head_unit", "WH-1000"), Nature::Headset);
        assert_eq!(nature_of("pulseaudio:alsa_output.pci", "Built-in Audio Analog Stereo"), Nature::Other);
    }

    #[test]
    fn a_monitor_is_not_taken_for_a_microphone() {
        let device = |id: &str, name: &str| DeviceInfo {
            id: DeviceId(id.to_owned()),
            name: name.to_owned(),
            direction: Direction::Capture,
            default: false,
            nature: nature_of(id, name),
        };
        let monitor = device("pulseaudio:speaker.monitor", "Monitor of Speaker");
        let microphone = device("pulseaudio:mic", "Microphone");
        let catalogue = Catalogue { devices: vec![monitor.clone(), microphone.clone()] };
        assert_eq!(catalogue.default_of(Direction::Capture), Some(&microphone));
        assert_eq!(Catalogue { devices: vec![monitor] }.default_of(Direction::Capture), None);
    }
}
