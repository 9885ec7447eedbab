//! `bellbird devices`: what there is to speak into and to hear from.

use std::io::{self, Write as _};

use bellbird_engine::devices::{Direction, Nature, list};

use crate::words::Exit;

/// Lists them on standard output.
pub(crate) fn print(json: bool) -> anyhow::Result<Exit> {
    let (system, devices) = match list() {
        Ok(found) => found,
        Err(error) => {
            anyhow::bail!("{error}. Calls can still be made with --play FILE and --record FILE, or with --null-audio.")
        }
    };
    let mut out = io::stdout().lock();
    for device in devices.iter().filter(|device| device.nature != Nature::Monitor) {
        let kind = match device.direction {
            Direction::Capture => "microphone",
            Direction::Playback => "speaker",
        };
        if json {
            let line = serde_json::json!({
                "system": system, "id": device.id.0, "name": device.name, "kind": kind, "default": device.default,
                "headset": device.nature == Nature::Headset,
            });
            writeln!(out, "{line}")?;
        } else {
            let default = if device.default { " (default)" } else { "" };
            writeln!(out, "{kind:10}  {}{default}", device.name)?;
        }
    }
    Ok(if devices.is_empty() { Exit::NoDevice } else { Exit::Done })
}
