//! The operating system's devices, by way of cpal.

use std::sync::Arc;

use bellbird_base::Duration;
use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use cpal::{
    BufferSize, DeviceDirection, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfig,
};
use thiserror::Error;

use crate::catalogue::{Catalogue, DeviceId, DeviceInfo, Direction, nature_of};
use crate::stream::{self, Capture, Playback, StreamFormat, StreamStats, Wake};

/// The rate that is asked for where the device leaves a choice.
const RATE: u32 = 48_000;
/// How long a device may take to open.
const PATIENCE: Duration = Duration::from_secs(3);
/// The sound systems to try, best first. PipeWire's own comes after PulseAudio's protocol, which PipeWire speaks too.
const PREFERRED: [&str; 3] = ["PulseAudio", "PipeWire", "ALSA"];

/// Why a device can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// It is not there, or not any more.
    #[error("the sound device is not connected")]
    NotThere,
    /// Another program has it.
    #[error("another program is using the sound device")]
    Busy,
    /// The operating system forbids it.
    #[error("this program may not use the sound device: allow it in the system's privacy settings")]
    Forbidden,
    /// There is no sound system at all.
    #[error("no sound system is running ({0})")]
    NoHost(String),
    /// Something else.
    #[error("the sound device does not work ({0})")]
    Broken(String),
}

impl From<cpal::Error> for DeviceError {
    fn from(error: cpal::Error) -> Self {
        #[allow(clippy::wildcard_enum_match_arm, reason = "cpal marks its kinds as not exhaustive")]
        match error.kind() {
            ErrorKind::DeviceNotAvailable => Self::NotThere,
            ErrorKind::DeviceBusy => Self::Busy,
            ErrorKind::PermissionDenied => Self::Forbidden,
            ErrorKind::HostUnavailable => Self::NoHost(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}

/// Which of the operating system's sound systems to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// The best that answers.
    #[default]
    Automatic,
    /// This one, by cpal's name: `PulseAudio`, `ALSA`, `WASAPI`, `CoreAudio`.
    Named(String),
    /// None: only files and null devices are used.
    None,
}

/// What devices there are, and through which sound system.
///
/// # Errors
/// Where no sound system answers.
pub fn list_devices(host: &Host) -> Result<(String, Vec<DeviceInfo>), DeviceError> {
    let system = System::open(host)?;
    let devices = system.catalogue()?.devices;
    Ok((system.name().to_owned(), devices))
}

/// A connection to a sound system.
pub(crate) struct System {
    host: cpal::Host,
    /// What was tried before and why it did not do.
    pub(crate) refusals: Vec<String>,
}

/// A stream of the system; it ends when this is dropped.
pub(crate) struct DeviceStream {
    _stream: cpal::Stream,
}

/// Told when a stream ends by itself; may be called from any thread.
pub(crate) type Broken = Box<dyn FnMut(DeviceError) + Send>;

impl System {
    /// The first sound system that gives a list of its devices. That one looks available does not mean that it is.
    pub(crate) fn open(host: &Host) -> Result<Self, DeviceError> {
        let mut refusals = Vec::new();
        for id in candidates(host) {
            let opened = cpal::host_from_id(id).and_then(|host| host.devices().map(|_| host));
            match opened {
                Ok(host) => return Ok(Self { host, refusals }),
                Err(error) => refusals.push(format!("{}: {error}", id.name())),
            }
        }
        Err(DeviceError::NoHost(refusals.join("; ")))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.host.id().name()
    }

    /// All devices there are now.
    pub(crate) fn catalogue(&self) -> Result<Catalogue, DeviceError> {
        let default = |device: Option<cpal::Device>| device.and_then(|device| device.id().ok());
        let defaults = [default(self.host.default_input_device()), default(self.host.default_output_device())];
        let described = self.host.devices()?.flat_map(|device| describe(&device, &defaults));
        Ok(Catalogue { devices: described.collect() })
    }

    pub(crate) fn capture(
        &self,
        id: &DeviceId,
        wake: &Wake,
        broken: Broken,
    ) -> Result<(DeviceStream, Capture), DeviceError> {
        let device = self.find(id)?;
        let supported = device.default_input_config()?;
        let config = self.config(&supported, || {
            device.supported_input_configs().is_ok_and(|mut all| all.any(|range| suits(&range, &supported)))
        });
        let format = StreamFormat { rate: config.sample_rate };
        let (source, capture) = stream::capture(format, wake);
        let stream = open_capture(&device, config, supported.sample_format(), source, broken)?;
        stream.play()?;
        Ok((DeviceStream { _stream: stream }, capture))
    }

    pub(crate) fn playback(
        &self,
        id: &DeviceId,
        wake: &Wake,
        broken: Broken,
    ) -> Result<(DeviceStream, Playback), DeviceError> {
        let device = self.find(id)?;
        let supported = device.default_output_config()?;
        let config = self.config(&supported, || {
            device.supported_output_configs().is_ok_and(|mut all| all.any(|range| suits(&range, &supported)))
        });
        let format = StreamFormat { rate: config.sample_rate };
        let period = match config.buffer_size {
            BufferSize::Fixed(frames) => usize::try_from(frames).unwrap_or(0),
            BufferSize::Default => 0,
        };
        let (sink, playback) = stream::playback(format, period, wake);
        let stream = open_playback(&device, config, supported.sample_format(), sink, broken)?;
        stream.play()?;
        Ok((DeviceStream { _stream: stream }, playback))
    }

    fn find(&self, id: &DeviceId) -> Result<cpal::Device, DeviceError> {
        let id: cpal::DeviceId = id.0.parse()?;
        self.host.device_by_id(&id).ok_or(DeviceError::NotThere)
    }

    /// The device's own format, at 48 kHz if it can, with short buffers.
    fn config(&self, supported: &SupportedStreamConfig, can_do_our_rate: impl Fn() -> bool) -> StreamConfig {
        let rate = if supported.sample_rate() == RATE || can_do_our_rate() { RATE } else { supported.sample_rate() };
        StreamConfig { channels: supported.channels(), sample_rate: rate, buffer_size: self.buffer_size(rate) }
    }

    /// PulseAudio's and ALSA's own choice is up to 2 s; others choose well. 10 ms crackle on a machine at work, 20 ms do not.
    fn buffer_size(&self, rate: u32) -> BufferSize {
        match self.name() {
            "PulseAudio" => BufferSize::Fixed(rate / 100),
            "ALSA" => BufferSize::Fixed(rate / 50),
            _ => BufferSize::Default,
        }
    }
}

fn candidates(host: &Host) -> Vec<cpal::HostId> {
    let available = cpal::available_hosts();
    let named = |name: &str| available.iter().copied().find(|id| id.name().eq_ignore_ascii_case(name));
    match host {
        Host::None => Vec::new(),
        Host::Named(name) => named(name).into_iter().collect(),
        Host::Automatic => {
            let preferred: Vec<_> = PREFERRED.into_iter().filter_map(named).collect();
            let others = available.iter().copied().filter(|id| !preferred.contains(id) && id.name() != "JACK");
            preferred.iter().copied().chain(others).collect()
        }
    }
}

fn describe(device: &cpal::Device, defaults: &[Option<cpal::DeviceId>; 2]) -> Vec<DeviceInfo> {
    let (Ok(description), Ok(id)) = (device.description(), device.id()) else { return Vec::new() };
    // ALSA's own null device keeps no time: it takes samples as fast as they come.
    if id.id() == "null" {
        return Vec::new();
    }
    let (captures, plays) = match description.direction() {
        DeviceDirection::Input => (true, false),
        DeviceDirection::Output => (false, true),
        DeviceDirection::Duplex => (true, true),
        DeviceDirection::Unknown | _ => (device.supports_input(), device.supports_output()),
    };
    let name = description.name().to_owned();
    let info = |direction, default: &Option<cpal::DeviceId>| DeviceInfo {
        id: DeviceId(id.to_string()),
        nature: nature_of(&id.to_string(), &name),
        name: name.clone(),
        direction,
        default: default.as_ref() == Some(&id),
    };
    let [default_capture, default_playback] = defaults;
    let capture = captures.then(|| info(Direction::Capture, default_capture));
    let playback = plays.then(|| info(Direction::Playback, default_playback));
    capture.into_iter().chain(playback).collect()
}

fn suits(range: &cpal::SupportedStreamConfigRange, own: &SupportedStreamConfig) -> bool {
    range.contains_rate(RATE) && range.channels() == own.channels() && range.sample_format() == own.sample_format()
}

fn open_capture(
    device: &cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
    source: stream::Source,
    broken: Broken,
) -> Result<cpal::Stream, DeviceError> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "cpal marks its formats as not exhaustive")]
    match format {
        SampleFormat::F32 => capture_as::<f32>(device, config, source, broken),
        SampleFormat::F64 => capture_as::<f64>(device, config, source, broken),
        SampleFormat::I8 => capture_as::<i8>(device, config, source, broken),
        SampleFormat::I16 => capture_as::<i16>(device, config, source, broken),
        SampleFormat::I24 => capture_as::<cpal::I24>(device, config, source, broken),
        SampleFormat::I32 => capture_as::<i32>(device, config, source, broken),
        SampleFormat::U8 => capture_as::<u8>(device, config, source, broken),
        SampleFormat::U16 => capture_as::<u16>(device, config, source, broken),
        SampleFormat::U32 => capture_as::<u32>(device, config, source, broken),
        other => Err(DeviceError::Broken(format!("samples of format {other} are not supported"))),
    }
}

fn capture_as<T: SizedSample>(
    device: &cpal::Device,
    config: StreamConfig,
    mut source: stream::Source,
    broken: Broken,
) -> Result<cpal::Stream, DeviceError>
where
    f32: FromSample<T>,
{
    let channels = usize::from(config.channels);
    let errors = on_error(source.stats(), broken);
    let callback = move |samples: &[T], _: &cpal::InputCallbackInfo| source.push_interleaved(samples, channels);
    Ok(device.build_input_stream(config, callback, errors, Some(PATIENCE))?)
}

fn open_playback(
    device: &cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
    sink: stream::Sink,
    broken: Broken,
) -> Result<cpal::Stream, DeviceError> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "cpal marks its formats as not exhaustive")]
    match format {
        SampleFormat::F32 => playback_as::<f32>(device, config, sink, broken),
        SampleFormat::F64 => playback_as::<f64>(device, config, sink, broken),
        SampleFormat::I8 => playback_as::<i8>(device, config, sink, broken),
        SampleFormat::I16 => playback_as::<i16>(device, config, sink, broken),
        SampleFormat::I24 => playback_as::<cpal::I24>(device, config, sink, broken),
        SampleFormat::I32 => playback_as::<i32>(device, config, sink, broken),
        SampleFormat::U8 => playback_as::<u8>(device, config, sink, broken),
        SampleFormat::U16 => playback_as::<u16>(device, config, sink, broken),
        SampleFormat::U32 => playback_as::<u32>(device, config, sink, broken),
        other => Err(DeviceError::Broken(format!("samples of format {other} are not supported"))),
    }
}

fn playback_as<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    mut sink: stream::Sink,
    broken: Broken,
) -> Result<cpal::Stream, DeviceError> {
    let channels = usize::from(config.channels);
    let errors = on_error(sink.stats(), broken);
    let callback = move |samples: &mut [T], _: &cpal::OutputCallbackInfo| sink.fill_interleaved(samples, channels);
    Ok(device.build_output_stream(config, callback, errors, Some(PATIENCE))?)
}

/// Glitches are counted; the end of the stream is told. What can't be classified counts as a glitch too: ALSA's way to
/// PulseAudio reports thousands of input/output errors before it starts to work. A stream that stands still is noticed anyway.
fn on_error(stats: Arc<StreamStats>, mut broken: Broken) -> impl FnMut(cpal::Error) + Send + 'static {
    #[allow(clippy::wildcard_enum_match_arm, reason = "cpal marks its kinds as not exhaustive")]
    move |error: cpal::Error| match error.kind() {
        ErrorKind::DeviceNotAvailable
        | ErrorKind::StreamInvalidated
        | ErrorKind::HostUnavailable
        | ErrorKind::PermissionDenied => broken(error.into()),
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
        _ => stats.glitch(),
    }
}
