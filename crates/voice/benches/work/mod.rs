//! What the benchmarks run: each case does the work of 10 ms of a call.

use bellbird_base::{Codec, Duration, Instant};
use bellbird_voice::{
    BLOCK_SAMPLES, Block, Downlink, DownlinkConfig, EchoControl, FrameKind, LossReport, Mixer, Packet, Payload,
    Processing, Resampler, SILENCE, Uplink, UplinkConfig,
};

pub(crate) const CASES: [&str; 15] = [
    "up_opus",
    "up_opus_fec",
    "up_opus_dred",
    "up_g722",
    "up_pcmu",
    "down_opus",
    "down_opus_fec",
    "down_opus_dred",
    "down_g722",
    "down_pcmu",
    "down_pcmu_loss",
    "echo_loudspeaker",
    "echo_headset",
    "resample_44100",
    "mix_3",
];

/// Packets of a second that is played over and over, and of what is lost of it.
struct Playback {
    downlink: Downlink,
    codec: Codec,
    packets: Vec<Vec<u8>>,
    lost: fn(usize) -> bool,
    at: usize,
}

enum Part {
    Up(Box<Uplink>),
    Down(Box<Playback>),
    Echo(Box<EchoControl>),
    Resample(Box<Resampler>),
    Mix(Box<Mixer>),
}

/// A case and how far it is.
pub(crate) struct Work {
    part: Part,
    blocks: Vec<Block>,
    at: usize,
}

impl Work {
    pub(crate) fn new(case: &str) -> Self {
        let loss = |percent: f32, burst: u64| LossReport { percent, burst: Duration::from_millis(burst) };
        let nothing: fn(usize) -> bool = |_| false;
        let part = match case {
            "up_opus" => up(Codec::Opus, loss(0.0, 0)),
            "up_opus_fec" => up(Codec::Opus, loss(10.0, 0)),
            "up_opus_dred" => up(Codec::Opus, loss(20.0, 100)),
            "up_g722" => up(Codec::G722, loss(0.0, 0)),
            "up_pcmu" => up(Codec::Pcmu, loss(0.0, 0)),
            "down_opus" => down(Codec::Opus, loss(0.0, 0), nothing),
            "down_opus_fec" => down(Codec::Opus, loss(10.0, 0), |n| n % 10 == 3),
            "down_opus_dred" => down(Codec::Opus, loss(20.0, 100), |n| n % 25 < 5),
            "down_g722" => down(Codec::G722, loss(0.0, 0), nothing),
            "down_pcmu" => down(Codec::Pcmu, loss(0.0, 0), nothing),
            "down_pcmu_loss" => down(Codec::Pcmu, loss(0.0, 0), |n| n % 10 == 3),
            "echo_loudspeaker" => Part::Echo(Box::new(EchoControl::new(Processing::LOUDSPEAKER))),
            "echo_headset" => Part::Echo(Box::new(EchoControl::new(Processing::HEADSET))),
            "resample_44100" => Part::Resample(Box::new(Resampler::to_blocks(44_100).unwrap())),
            "mix_3" => Part::Mix(Box::default()),
            other => panic!("no case {other}"),
        };
        Self { part, blocks: (0..100).map(voice).collect(), at: 0 }
    }

    pub(crate) fn run(&mut self) {
        self.at += 1;
        let block = &self.blocks[self.at % self.blocks.len()];
        let mut out = *block;
        match &mut self.part {
            Part::Up(uplink) => uplink.process(block, &mut |frame| {
                std::hint::black_box(frame.payload.len());
            }),
            Part::Down(playback) => playback.step(&mut out),
            Part::Echo(control) => {
                control.render(block);
                control.capture(&mut out);
            }
            Part::Resample(resampler) => {
                let needed = resampler.input_needed();
                resampler.process(&block[..needed], &mut out).unwrap();
            }
            Part::Mix(mixer) => {
                for _ in 0..3 {
                    mixer.add(block);
                }
                mixer.take(&mut out);
            }
        }
        std::hint::black_box(out);
    }
}

impl Playback {
    fn step(&mut self, out: &mut Block) {
        self.at += 1;
        let at = self.at;
        let now = Instant::from_nanos(1_000_000_000 + at as u64 * 10_000_000);
        if at.is_multiple_of(2) && !(self.lost)(at / 2) {
            let sequence = at as u64 / 2;
            let timestamp = sequence * u64::from(self.codec.clock_rate()) / 50;
            let payload = Payload::Audio(&self.packets[at / 2 % self.packets.len()]);
            self.downlink.push(Packet { codec: self.codec, sequence, timestamp, arrival: now, payload });
        }
        self.downlink.pull(now, out);
    }
}

fn up(codec: Codec, loss: LossReport) -> Part {
    let mut uplink = Uplink::new(UplinkConfig { codec, ..UplinkConfig::default() }).unwrap();
    uplink.set_loss(loss);
    Part::Up(Box::new(uplink))
}

fn down(codec: Codec, loss: LossReport, lost: fn(usize) -> bool) -> Part {
    let mut uplink = Uplink::new(UplinkConfig { codec, ..UplinkConfig::default() }).unwrap();
    uplink.set_loss(loss);
    let mut packets = Vec::new();
    for n in 0..100 {
        uplink.process(&voice(n), &mut |frame| {
            if frame.kind == FrameKind::Audio {
                packets.push(frame.payload.to_vec());
            }
        });
    }
    let downlink = Downlink::new(DownlinkConfig::default()).unwrap();
    let mut playback = Playback { downlink, codec, packets, lost, at: 0 };
    // The buffer learns of the loss before it is measured.
    let mut out = SILENCE;
    for _ in 0..400 {
        playback.step(&mut out);
    }
    Part::Down(Box::new(playback))
}

fn voice(block: usize) -> Block {
    core::array::from_fn(|n| {
        let t = (block * BLOCK_SAMPLES + n) as f32 / 48_000.0;
        let phase = std::f32::consts::TAU * (140.0 * t + 3.0 * (4.0 * t).sin());
        let loud = 0.6 + 0.4 * (12.0 * t).sin();
        (1..20).map(|k| loud * 0.06 / (1.0 + (k as f32 - 5.0).abs() / 3.0) * (phase * k as f32).sin()).sum()
    })
}
