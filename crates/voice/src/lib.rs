//! The pure sample path of a call: what happens to audio between a sound card's ring and an RTP payload.
//!
//! What it is: codecs, resampling, adaptive jitter buffer with concealment and time stretching, echo control, mixing,
//! tones and level meters. [`Uplink`] takes 10 ms of the microphone and gives encoded frames; [`Downlink`] takes
//! encoded frames and gives 10 ms for the loudspeaker. The currency is the [`Block`]: 480 samples, 48 kHz, mono,
//! nominally within ±1.
//!
//! What it is not: it opens no device and no socket, reads no clock, knows no RTP header and no SDP. It does not build
//! for wasm32, where the browser brings its own media.
//!
//! After construction nothing here allocates, locks, logs or panics, so that everything may be called on an audio
//! thread; a test with a counting allocator holds it to that. The one exception is [`EchoControl`]: sonora takes some
//! twenty small blocks for each 10 ms and gives them back. It belongs on the thread between the rings, not in a device's
//! callback.
//!
//! How to test it: `cargo test -p bellbird-voice`; how fast it is: `cargo bench -p bellbird-voice`.

#![warn(missing_docs)]

pub mod codec;
mod downlink;
mod echo;
mod jitter;
mod level;
mod lpc;
mod mixer;
mod rate;
mod resample;
pub mod tone;
mod uplink;

pub use downlink::{Downlink, DownlinkConfig, DownlinkStats, Packet, Payload, Playing, PullInfo};
pub use echo::{EchoControl, Processing};
pub use level::{Level, LevelMeter};
pub use mixer::Mixer;
pub use resample::{DriftControl, Resampler, ResamplerError};
pub use uplink::{EncodedFrame, FrameKind, LossReport, Silence, Uplink, UplinkConfig};

/// The rate of all audio between the parts, in Hz.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples in a [`Block`]: 10 ms.
pub const BLOCK_SAMPLES: usize = 480;

/// 10 ms of mono audio at 48 kHz, nominally within ±1.
pub type Block = [f32; BLOCK_SAMPLES];

/// A block of silence.
pub const SILENCE: Block = [0.0; BLOCK_SAMPLES];
