//! Devices that are none: WAV files and silence, paced by the clock.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use bellbird_base::Duration;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::pacer::{Pacer, Steps};
use crate::real_time::ask_for_real_time;
use crate::stream::{self, Capture, Playback, Sink, Source, StreamFormat, Wake};

/// The rate of null devices and of files that are written.
const RATE: u32 = 48_000;
/// The rate of files that can't be told from a mistake.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;
/// A file that is written has a good header at least this often, whatever happens to the program.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// The sound thread may be late by this much before its lack counts as silence.
const PATIENCE: Duration = Duration::from_millis(200);

/// A paced thread; it ends when this is dropped.
pub(crate) struct Paced {
    stop: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Paced {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of a virtual sound device panicked");
        }
    }
}

impl Paced {
    fn spawn(name: &str, run: impl FnOnce(Receiver<Infallible>) + Send + 'static) -> Result<Self, String> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            ask_for_real_time();
            run(stopped);
        });
        Ok(Self { stop: Some(stop), thread: Some(thread.map_err(|error| error.to_string())?) })
    }
}

/// A microphone that hears nothing.
pub(crate) fn null_capture(wake: &Wake) -> Result<(Paced, Capture), String> {
    let format = StreamFormat { rate: RATE };
    let (source, capture) = stream::capture(format, wake);
    let paced = Paced::spawn("null-microphone", move |stop| feed(source, format, std::iter::repeat(0.0), &stop))?;
    Ok((paced, capture))
}

/// A speaker that nobody hears.
pub(crate) fn null_playback(wake: &Wake) -> Result<(Paced, Playback), String> {
    let (sink, playback) = stream::playback(StreamFormat { rate: RATE }, period(), wake);
    let paced = Paced::spawn("null-speaker", move |stop| drain(sink, None, &stop))?;
    Ok((paced, playback))
}

/// A microphone that hears a file: any rate, any number of channels, integers or floats. `ended` is called at its end;
/// silence follows.
pub(crate) fn file_capture(
    path: &Path,
    repeat: bool,
    wake: &Wake,
    ended: impl FnOnce() + Send + 'static,
) -> Result<(Paced, Capture), String> {
    let mut file = WavFile::open(path)?;
    let format = StreamFormat { rate: file.rate() };
    let (source, capture) = stream::capture(format, wake);
    let paced = Paced::spawn("file-microphone", move |stop| {
        let mut ended = Some(ended);
        let samples = std::iter::from_fn(move || {
            let next = file.next().or_else(|| repeat.then(|| file.rewind()).flatten());
            if next.is_none()
                && let Some(ended) = ended.take()
            {
                ended();
            }
            Some(next.unwrap_or(0.0))
        });
        feed(source, format, samples, &stop);
    })?;
    Ok((paced, capture))
}

/// A speaker that is written to a file: 48 kHz, mono, 16 bits.
pub(crate) fn file_playback(path: &Path, wake: &Wake) -> Result<(Paced, Playback), String> {
    let spec = WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec).map_err(|error| error.to_string())?;
    writer.flush().map_err(|error| error.to_string())?;
    let (sink, playback) = stream::playback(StreamFormat { rate: RATE }, period(), wake);
    let paced = Paced::spawn("file-speaker", move |stop| drain(sink, Some(writer), &stop))?;
    Ok((paced, playback))
}

fn period() -> usize {
    usize::try_from(u128::from(RATE) * Pacer::PERIOD.as_millis() / 1_000).unwrap_or(0)
}

fn feed(mut source: Source, format: StreamFormat, mut samples: impl Iterator<Item = f32>, stop: &Receiver<Infallible>) {
    let (mut pacer, mut steps) = (Pacer::new(format.rate), Steps::new());
    while let Some(elapsed) = steps.wait(stop) {
        let due = pacer.due(elapsed);
        source.push(due, samples.by_ref().take(due));
    }
}

type Writer = WavWriter<BufWriter<File>>;

/// Takes what is due. What the sound thread has not ready yet is taken later, or is silence after a while.
fn drain(mut sink: Sink, mut writer: Option<Writer>, stop: &Receiver<Infallible>) {
    let (mut pacer, mut steps) = (Pacer::new(RATE), Steps::new());
    let (mut behind, mut unflushed) = (0, 0);
    let patience = frames(PATIENCE);
    while let Some(elapsed) = steps.wait(stop) {
        behind += pacer.due(elapsed);
        let taken = catch_up(&mut sink, behind, &mut writer);
        behind -= taken;
        let silence = behind.saturating_sub(patience);
        (0..silence).for_each(|_| write(&mut writer, 0.0));
        behind -= silence;
        unflushed += taken + silence;
        if unflushed >= frames(FLUSH_EVERY) {
            unflushed = 0;
            flush(&mut writer);
        }
        sink.wake();
    }
    // What the sound thread wrote before the end belongs into the file too.
    sink.drain(|sample| write(&mut writer, sample));
    flush(&mut writer);
}

/// Takes what is there of `behind` frames, a period at a time: were it more at once, as much would be kept ready from then
/// on, though nothing is lost here by being late, and calls would be stretched to make room for it.
fn catch_up(sink: &mut Sink, behind: usize, writer: &mut Option<Writer>) -> usize {
    let mut taken = 0;
    while taken < behind {
        let wanted = period().min(behind - taken);
        let ready = sink.pop(wanted, |sample| write(writer, sample));
        taken += ready;
        if ready < wanted {
            break;
        }
    }
    taken
}

fn frames(duration: Duration) -> usize {
    usize::try_from(u128::from(RATE) * duration.as_millis() / 1_000).unwrap_or(0)
}

fn write(writer: &mut Option<Writer>, sample: f32) {
    let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
    let failed = writer.as_mut().and_then(|writer| writer.write_sample(sample).err());
    give_up(writer, failed);
}

/// Writes the header that fits what is written so far.
fn flush(writer: &mut Option<Writer>) {
    let failed = writer.as_mut().and_then(|writer| writer.flush().err());
    give_up(writer, failed);
}

fn give_up(writer: &mut Option<Writer>, failed: Option<hound::Error>) {
    if let Some(error) = failed {
        tracing::error!("a recording stopped: {error}");
        *writer = None;
    }
}

/// A WAV file as mono samples, read as they are needed.
struct WavFile {
    reader: WavReader<BufReader<File>>,
    spec: WavSpec,
}

impl WavFile {
    fn open(path: &Path) -> Result<Self, String> {
        let reader = WavReader::open(path).map_err(|error| error.to_string())?;
        let spec = reader.spec();
        if spec.channels == 0 || !RATES.contains(&spec.sample_rate) {
            return Err(format!("{} channels at {} Hz are not sound", spec.channels, spec.sample_rate));
        }
        Ok(Self { reader, spec })
    }

    const fn rate(&self) -> u32 {
        self.spec.sample_rate
    }

    fn next(&mut self) -> Option<f32> {
        let mut sum = 0.0;
        for _ in 0..self.spec.channels {
            sum += self.next_sample()?;
        }
        Some(sum / f32::from(self.spec.channels))
    }

    /// A damaged file ends where the damage begins.
    fn next_sample(&mut self) -> Option<f32> {
        match self.spec.sample_format {
            SampleFormat::Float => self.reader.samples::<f32>().next()?.ok(),
            SampleFormat::Int => {
                let sample = self.reader.samples::<i32>().next()?.ok()?;
                let full_scale = (1_i64 << (self.spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
                Some(sample as f32 / full_scale)
            }
        }
    }

    /// Goes back to the start; the first sample, if there is any.
    fn rewind(&mut self) -> Option<f32> {
        self.reader.seek(0).ok()?;
        self.next()
    }
}

#[cfg(test)]
mod tests;
