//! The two ends of a stream: the sound thread's, and the callback's of the operating system.
//!
//! Nothing of the callback's end locks, logs, allocates or panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use bellbird_base::Duration;
use cpal::{FromSample, Sample};
use rtrb::{Consumer, Producer, RingBuffer};

/// Wakes the sound thread: called from callbacks, so it may neither block nor allocate. `Thread::unpark` is good for it.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// How long a ring is. What is in it is latency: a full one is a standstill of the sound thread.
const RING: Duration = Duration::from_millis(500);
/// More than this is kept ready beyond one callback's worth, because the sound thread may be late.
const MARGIN: Duration = Duration::from_millis(10);
/// The largest callback is that of so many: many systems begin with one of twice the size, which would stay as latency.
const WINDOW: u64 = 100;

/// What a stream's samples are: mono `f32` in `-1.0..=1.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// Frames a second, the device's own.
    pub rate: u32,
}

impl StreamFormat {
    fn frames(self, duration: Duration) -> usize {
        usize::try_from(u128::from(self.rate) * duration.as_micros() / 1_000_000).unwrap_or(usize::MAX)
    }
}

/// How a stream does; readable from any thread.
#[derive(Debug, Default)]
pub struct StreamStats {
    callbacks: AtomicU64,
    glitches: AtomicU64,
    largest: AtomicUsize,
    largest_in_window: AtomicUsize,
    peak: AtomicU32,
}

impl StreamStats {
    /// How often the device took or gave samples.
    pub fn callbacks(&self) -> u64 {
        self.callbacks.load(Ordering::Relaxed)
    }

    /// How often samples were missing or too many, ours and the device's together.
    pub fn glitches(&self) -> u64 {
        self.glitches.load(Ordering::Relaxed)
    }

    /// The most frames that a callback wanted or brought lately.
    pub fn largest_callback(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }

    /// The greatest magnitude of a sample since the last time this was asked.
    pub fn take_peak(&self) -> f32 {
        f32::from_bits(self.peak.swap(0, Ordering::Relaxed))
    }

    pub(crate) fn glitch(&self) {
        self.glitches.fetch_add(1, Ordering::Relaxed);
    }

    fn called(&self, frames: usize, peak: f32) {
        let callbacks = self.callbacks.fetch_add(1, Ordering::Relaxed) + 1;
        let recent = self.largest_in_window.fetch_max(frames, Ordering::Relaxed).max(frames);
        self.largest.fetch_max(frames, Ordering::Relaxed);
        if callbacks.is_multiple_of(WINDOW) {
            self.largest.store(recent, Ordering::Relaxed);
            self.largest_in_window.store(0, Ordering::Relaxed);
        }
        // The bits of floats that are not negative are in the order of the floats.
        self.peak.fetch_max(peak.abs().to_bits(), Ordering::Relaxed);
    }
}

/// Samples from a microphone or a file.
pub struct Capture {
    /// The samples. It is abandoned (`is_abandoned`) when the device is closed or lost.
    pub ring: Consumer<f32>,
    /// Their format.
    pub format: StreamFormat,
    /// How it does.
    pub stats: Arc<StreamStats>,
}

/// Samples to a speaker or a file.
pub struct Playback {
    /// Where they go. It is abandoned (`is_abandoned`) when the device is closed or lost.
    pub ring: Producer<f32>,
    /// Their format.
    pub format: StreamFormat,
    /// How it does.
    pub stats: Arc<StreamStats>,
    capacity: usize,
}

impl Playback {
    /// How many frames to write now so that the next callback is served, were the sound thread to be 10 ms late.
    pub fn due(&self) -> usize {
        let waiting = self.capacity - self.ring.slots();
        let wanted = self.stats.largest_callback().saturating_add(self.format.frames(MARGIN));
        wanted.min(self.capacity).saturating_sub(waiting)
    }

    /// How many frames were written and not played yet.
    pub fn waiting(&self) -> usize {
        self.capacity - self.ring.slots()
    }
}

/// The device's end of a [`Capture`].
pub(crate) struct Source {
    ring: Producer<f32>,
    stats: Arc<StreamStats>,
    wake: Wake,
}

/// The device's end of a [`Playback`].
pub(crate) struct Sink {
    ring: Consumer<f32>,
    stats: Arc<StreamStats>,
    wake: Wake,
}

pub(crate) fn capture(format: StreamFormat, wake: &Wake) -> (Source, Capture) {
    let (producer, consumer) = RingBuffer::new(format.frames(RING));
    let stats = Arc::new(StreamStats::default());
    let source = Source { ring: producer, stats: Arc::clone(&stats), wake: Arc::clone(wake) };
    (source, Capture { ring: consumer, format, stats })
}

/// `period` is the size of callback to expect, in frames.
pub(crate) fn playback(format: StreamFormat, period: usize, wake: &Wake) -> (Sink, Playback) {
    let capacity = format.frames(RING);
    let (producer, consumer) = RingBuffer::new(capacity);
    let stats = Arc::new(StreamStats::default());
    stats.largest.store(period, Ordering::Relaxed);
    let sink = Sink { ring: consumer, stats: Arc::clone(&stats), wake: Arc::clone(wake) };
    (sink, Playback { ring: producer, format, stats, capacity })
}

impl Source {
    pub(crate) fn stats(&self) -> Arc<StreamStats> {
        Arc::clone(&self.stats)
    }

    /// Takes interleaved samples in, all channels mixed to one. What the ring has no room for is lost.
    pub(crate) fn push_interleaved<T: Copy>(&mut self, samples: &[T], channels: usize)
    where
        f32: FromSample<T>,
    {
        let scale = 1.0 / channels.max(1) as f32;
        let frames = samples.chunks_exact(channels.max(1));
        let mono = frames.map(|frame| frame.iter().map(|&sample| f32::from_sample_(sample)).sum::<f32>() * scale);
        self.push(mono.len(), mono);
    }

    /// Takes `frames` samples in.
    pub(crate) fn push(&mut self, frames: usize, samples: impl Iterator<Item = f32>) {
        let room = frames.min(self.ring.slots());
        let mut peak = 0.0_f32;
        if let Ok(chunk) = self.ring.write_chunk_uninit(room) {
            chunk.fill_from_iter(samples.inspect(|sample| peak = peak.max(sample.abs())));
        }
        if room < frames {
            self.stats.glitch();
        }
        self.stats.called(frames, peak);
        (self.wake)();
    }
}

impl Sink {
    pub(crate) fn stats(&self) -> Arc<StreamStats> {
        Arc::clone(&self.stats)
    }

    /// Fills a buffer of interleaved samples, the same in the first two channels and silence in the others. What is missing
    /// is silence.
    pub(crate) fn fill_interleaved<T: Sample + FromSample<f32>>(&mut self, samples: &mut [T], channels: usize) {
        let channels = channels.max(1);
        let frames = samples.len() / channels;
        let mut buffer = samples.chunks_exact_mut(channels);
        let played = self.pop(frames, |sample| {
            if let Some(frame) = buffer.next() {
                let (heard, unheard) = frame.split_at_mut(channels.min(2));
                heard.fill(T::from_sample(sample));
                unheard.fill(T::EQUILIBRIUM);
            }
        });
        buffer.for_each(|frame| frame.fill(T::EQUILIBRIUM));
        if played < frames {
            self.stats.glitch();
        }
        (self.wake)();
    }

    /// Hands out up to `frames` samples, and says how many there were.
    pub(crate) fn pop(&mut self, frames: usize, each: impl FnMut(f32)) -> usize {
        let (ready, peak) = self.take(frames, each);
        self.stats.called(frames, peak);
        ready
    }

    /// Hands out what is left when the device ends. It says nothing of how much the device takes at once.
    pub(crate) fn drain(&mut self, each: impl FnMut(f32)) {
        self.take(usize::MAX, each);
    }

    fn take(&mut self, most: usize, mut each: impl FnMut(f32)) -> (usize, f32) {
        let ready = most.min(self.ring.slots());
        let mut peak = 0.0_f32;
        if let Ok(chunk) = self.ring.read_chunk(ready) {
            for sample in chunk {
                peak = peak.max(sample.abs());
                each(sample);
            }
        }
        (ready, peak)
    }

    pub(crate) fn wake(&self) {
        (self.wake)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: StreamFormat = StreamFormat { rate: 48_000 };

    fn asleep() -> Wake {
        Arc::new(|| {})
    }

    #[test]
    fn channels_are_mixed_to_one() {
        let (mut source, mut capture) = capture(FORMAT, &asleep());
        source.push_interleaved(&[i16::MAX, 0, -16_384, -16_384], 2);
        let first = capture.ring.pop().unwrap();
        assert!((first - 0.5).abs() < 0.001, "{first}");
        assert!((capture.ring.pop().unwrap() + 0.5).abs() < 0.001);
        assert!(capture.ring.pop().is_err());
        assert!((capture.stats.take_peak() - 0.5).abs() < 0.001);
        assert!(capture.stats.take_peak() == 0.0);
    }

    #[test]
    fn a_full_ring_loses_the_newest_and_counts_it() {
        let (mut source, capture) = capture(StreamFormat { rate: 100 }, &asleep());
        source.push_interleaved(&[0.25_f32; 60], 1);
        assert_eq!(capture.ring.slots(), 50);
        assert_eq!(capture.stats.glitches(), 1);
    }

    #[test]
    fn missing_samples_are_silence_and_other_channels_too() {
        let (mut sink, mut playback) = playback(FORMAT, 480, &asleep());
        playback.ring.push(0.5).unwrap();
        let mut buffer = [1.0_f32; 6];
        sink.fill_interleaved(&mut buffer, 3);
        assert_eq!(buffer, [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(playback.stats.glitches(), 1);
    }

    #[test]
    fn as_much_is_due_as_the_largest_callback_takes_and_a_margin() {
        let (mut sink, mut playback) = playback(FORMAT, 480, &asleep());
        assert_eq!(playback.due(), 960);
        for _ in 0..960 {
            playback.ring.push(0.0).unwrap();
        }
        assert_eq!(playback.due(), 0);
        let mut buffer = [0.0_f32; 960];
        sink.fill_interleaved(&mut buffer, 1);
        assert_eq!(playback.due(), 960 + 480);
    }

    #[test]
    fn a_large_callback_at_the_start_is_not_latency_for_ever() {
        let (mut sink, playback) = playback(FORMAT, 480, &asleep());
        sink.fill_interleaved(&mut [0.0_f32; 1_920], 1);
        assert_eq!(playback.stats.largest_callback(), 1_920);
        (0..2 * WINDOW).for_each(|_| sink.fill_interleaved(&mut [0.0_f32; 480], 1));
        assert_eq!(playback.stats.largest_callback(), 480);
    }

    #[test]
    fn what_is_drained_at_the_end_is_no_callback() {
        let (mut sink, mut playback) = playback(FORMAT, 480, &asleep());
        playback.ring.push(0.5).unwrap();
        let mut drained = Vec::new();
        sink.drain(|sample| drained.push(sample));
        assert_eq!(drained, [0.5]);
        assert_eq!(playback.due(), 960);
    }

    #[test]
    fn each_callback_wakes_the_sound_thread() {
        let woken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&woken);
        let wake: Wake = Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let (mut source, _capture) = capture(FORMAT, &wake);
        let (mut sink, _playback) = playback(FORMAT, 480, &wake);
        source.push_interleaved(&[0_i16; 10], 1);
        sink.fill_interleaved(&mut [0_i16; 10], 1);
        assert_eq!(woken.load(Ordering::Relaxed), 2);
    }
}
