use std::path::PathBuf;
use std::sync::Arc;
use std::thread::Thread;

use super::*;

/// Wakes this test's thread.
fn wake() -> Wake {
    let thread: Thread = thread::current();
    Arc::new(move || thread.unpark())
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("bellbird-device-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn write_wav(name: &str, spec: WavSpec, samples: &[i32]) -> PathBuf {
    let path = scratch(name);
    let mut writer = WavWriter::create(&path, spec).unwrap();
    for &sample in samples {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    path
}

const fn spec(channels: u16, sample_rate: u32, bits_per_sample: u16) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int }
}

fn read(capture: &mut Capture, count: usize) -> Vec<f32> {
    let mut samples = Vec::new();
    while samples.len() < count {
        match capture.ring.pop() {
            Ok(sample) => samples.push(sample),
            Err(_) => thread::park(),
        }
    }
    samples
}

#[test]
fn a_stereo_file_of_any_rate_is_heard_as_mono_and_then_silence() {
    let path = write_wav("stereo.wav", spec(2, 11_025, 24), &[1 << 22, 1 << 22, -(1 << 22), 0]);
    let (ended, end) = mpsc::channel();
    let (_paced, mut capture) = file_capture(&path, false, &wake(), move || ended.send(()).unwrap()).unwrap();
    assert_eq!(capture.format, StreamFormat { rate: 11_025 });
    assert_eq!(read(&mut capture, 4), [0.5, -0.25, 0.0, 0.0]);
    end.recv().unwrap();
}

#[test]
fn a_file_that_repeats_starts_again_without_a_gap() {
    let path = write_wav("loop.wav", spec(1, 8_000, 16), &[16_384, -16_384, 8_192]);
    let (_paced, mut capture) = file_capture(&path, true, &wake(), || {}).unwrap();
    assert_eq!(read(&mut capture, 7), [0.5, -0.5, 0.25, 0.5, -0.5, 0.25, 0.5]);
}

#[test]
fn an_empty_file_is_silence_even_if_it_repeats() {
    let path = write_wav("empty.wav", spec(1, 8_000, 16), &[]);
    let (_paced, mut capture) = file_capture(&path, true, &wake(), || {}).unwrap();
    assert_eq!(read(&mut capture, 3), [0.0, 0.0, 0.0]);
}

#[test]
fn a_missing_file_and_one_that_is_no_sound_are_refused() {
    assert!(file_capture(&scratch("missing.wav"), false, &wake(), || {}).is_err());
    let path = scratch("text.wav");
    std::fs::write(&path, "this is not a sound").unwrap();
    assert!(file_capture(&path, false, &wake(), || {}).is_err());
}

#[test]
fn a_recording_holds_what_was_played_in_order() {
    let path = scratch("recording.wav");
    let (paced, mut playback) = file_playback(&path, &wake()).unwrap();
    let samples: Vec<f32> = (0..4_800).map(|n| f32::from(n as i16) / 8_192.0).collect();
    let mut rest = samples.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(playback.due().min(rest.len()));
        now.iter().for_each(|&sample| playback.ring.push(sample).unwrap());
        rest = later;
        if playback.due() == 0 {
            thread::park();
        }
    }
    drop(paced);
    let recorded: Vec<i16> = WavReader::open(&path).unwrap().into_samples().map(Result::unwrap).collect();
    let expected: Vec<i16> = samples.iter().map(|sample| (sample * 32_767.0).round() as i16).collect();
    assert_eq!(recorded, expected);
}

#[test]
fn a_recording_can_be_read_while_it_is_still_written() {
    let path = scratch("unfinished.wav");
    let (_paced, _playback) = file_playback(&path, &wake()).unwrap();
    assert_eq!(WavReader::open(&path).unwrap().spec().sample_rate, RATE);
}

#[test]
fn null_devices_keep_time() {
    let (_in, mut capture) = null_capture(&wake()).unwrap();
    let start = std::time::Instant::now();
    let samples = read(&mut capture, 4_800);
    assert!(samples.iter().all(|&sample| sample == 0.0));
    assert!(start.elapsed() >= Duration::from_millis(90));
}

#[test]
fn catching_up_does_not_ask_for_more_to_be_kept_ready() {
    let (mut sink, mut playback) = stream::playback(StreamFormat { rate: RATE }, period(), &wake());
    let due = playback.due();
    (0..3 * period()).for_each(|_| playback.ring.push(0.5).unwrap());
    assert_eq!(catch_up(&mut sink, 3 * period(), &mut None), 3 * period());
    assert_eq!(playback.due(), due);
}
