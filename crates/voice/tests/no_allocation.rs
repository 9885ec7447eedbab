//! After construction the sample path does not allocate: a counting allocator watches it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bellbird_base::{Codec, Duration, Instant};
use bellbird_voice::tone::{Country, Digit, Progress, Ring, ToneGenerator};
use bellbird_voice::{
    BLOCK_SAMPLES, Block, Downlink, DownlinkConfig, EchoControl, FrameKind, LevelMeter, LossReport, Mixer, Packet,
    Payload, Processing, Resampler, SILENCE, Silence, Uplink, UplinkConfig,
};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often the closure allocated or freed.
fn allocations(action: impl FnOnce()) -> usize {
    let before = COUNT.with(Cell::get);
    action();
    COUNT.with(Cell::get) - before
}

fn voice(n: usize) -> Block {
    core::array::from_fn(|i| {
        let t = (n * BLOCK_SAMPLES + i) as f32 / 48_000.0;
        (1..10).map(|k| 0.05 * (std::f32::consts::TAU * 140.0 * k as f32 * t).sin()).sum()
    })
}

#[test]
fn a_call_with_loss_and_codec_changes_does_not_allocate() {
    let mut uplink = Uplink::new(UplinkConfig { silence: Silence::LeftOut, ..UplinkConfig::default() }).unwrap();
    let mut downlink = Downlink::new(DownlinkConfig::default()).unwrap();
    let mut mixer = Mixer::new();
    let mut meter = LevelMeter::new();
    let mut block = SILENCE;
    let (mut sequence, mut timestamp) = (0, 0);
    let count = allocations(|| {
        for n in 0..1_500 {
            let now = Instant::from_nanos(n as u64 * 10_000_000);
            if n % 300 == 0 {
                uplink.set_codec(Codec::ALL[n / 300 % 4], Duration::from_millis(20));
                let burst = Duration::from_millis(n as u64 / 5);
                uplink.set_loss(LossReport { percent: 10.0, burst });
                uplink.set_muted(n == 900);
            }
            let near = if n % 100 < 60 { voice(n) } else { SILENCE };
            uplink.process(&near, &mut |frame| {
                let payload = match frame.kind {
                    FrameKind::Audio => Payload::Audio(frame.payload),
                    FrameKind::ComfortNoise => {
                        Payload::ComfortNoise { level: frame.payload[0], spectrum: &frame.payload[1..] }
                    }
                    FrameKind::Skipped => return timestamp += u64::from(frame.ticks),
                };
                sequence += 1;
                if sequence % 9 > 1 {
                    downlink.push(Packet { codec: frame.codec, sequence, timestamp, arrival: now, payload });
                }
                timestamp += u64::from(frame.ticks);
            });
            if n == 1_000 {
                downlink.restart();
            }
            downlink.pull(now, &mut block);
            mixer.add(&block);
            mixer.take(&mut block);
            meter.measure(&block);
        }
    });
    assert_eq!(count, 0);
    assert!(downlink.stats().lost > 50 && downlink.stats().restarts > 3, "{:?}", downlink.stats());
}

#[test]
fn tones_do_not_allocate() {
    let mut tones = ToneGenerator::new(-20.0);
    let mut block = SILENCE;
    let count = allocations(|| {
        for n in 0..400 {
            match n % 80 {
                0 => tones.play_progress(Country::Nl, Progress::Busy),
                20 => tones.play_ring(Ring::Marimba),
                40 => tones.play_digit(Digit::new('7').unwrap(), Some(100)),
                60 => tones.stop(),
                _ => {}
            }
            tones.fill(&mut block);
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn resampling_does_not_allocate() {
    for rate in [8_000, 44_100, 48_000] {
        let mut from_device = Resampler::to_blocks(rate).unwrap();
        let mut to_device = Resampler::from_blocks(rate).unwrap();
        let input = vec![0.1; from_device.input_most()];
        let mut output = vec![0.0; to_device.output_most()];
        let mut block = SILENCE;
        let count = allocations(|| {
            for n in 0..100 {
                from_device.set_drift(f64::from(n));
                let needed = from_device.input_needed();
                from_device.process(&input[..needed], &mut block).unwrap();
                to_device.set_drift(f64::from(-n));
                to_device.process(&block, &mut output).unwrap();
            }
        });
        assert_eq!(count, 0, "{rate}");
    }
}

/// The one exception: sonora 0.2 takes some twenty small blocks for each 10 ms and gives them back. What is ours does
/// not, and it does not become more.
#[test]
fn echo_control_allocates_no_more_than_sonora_does() {
    let mut control = EchoControl::new(Processing::LOUDSPEAKER);
    let frames = |control: &mut EchoControl, count: usize| {
        allocations(|| {
            for n in 0..count {
                control.render(&voice(n));
                control.capture(&mut voice(n + 7));
            }
        })
    };
    assert!(frames(&mut control, 300) < 300 * 120);
    let mut control = EchoControl::new(Processing::OFF);
    assert_eq!(frames(&mut control, 10), 0);
}
