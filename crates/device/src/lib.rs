//! Sound devices: which there are, which one is used, and their samples in rings.
//!
//! ```text
//! microphone → callback, or WAV file → pacer ──► ring ──► Capture  (read by the sound thread)
//! speaker, ring device ← callback, or pacer → WAV file ◄── ring ◄── Playback (written by the sound thread)
//! system ─► Catalogue ─► Chooser of each role ─► open, fall back, take again ─► SoundEvent
//! ```
//!
//! What it is: [`SoundSystem`], a thread that owns the operating system's streams, watches devices come and go, and hands
//! out [`Capture`] and [`Playback`], both mono `f32` at the device's own rate. WAV files and null devices are devices like
//! others, paced by a clock of ours. A device that is lost is replaced by the default one and taken again when it returns.
//!
//! What it is not: it neither resamples nor mixes nor measures loudness; that is `bellbird-voice`. A stream's ends are made
//! anew each time another device is opened.
//!
//! How to test it: `cargo test -p bellbird-device`. The choice of devices is a state machine that needs no sound card.
//! `tests/pulseaudio.rs` starts a PulseAudio server of its own on a socket of its own.

#![warn(missing_docs)]

mod catalogue;
mod chooser;
mod pacer;
mod real_time;
mod stream;
mod system;
mod thread;
mod virtual_device;
mod watch;

pub use catalogue::{Catalogue, DeviceId, DeviceInfo, Direction, Nature};
pub use chooser::{DeviceChoice, Role, RoleState};
pub use real_time::ask_for_real_time;
pub use stream::{Capture, Playback, StreamFormat, StreamStats, Wake};
pub use system::{DeviceError, Host, list_devices};
pub use thread::{SoundConfig, SoundEvent, SoundSystem};
