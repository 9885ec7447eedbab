//! A sender, a network and a receiver in simulated time.

#![allow(clippy::unwrap_used)] // Only tests use it.

use std::ops::Range;

use bellbird_base::{Codec, Duration, Instant, Rng, Seed};
use bellbird_voice::{
    BLOCK_SAMPLES, Block, Downlink, DownlinkConfig, DownlinkStats, FrameKind, LossReport, Packet, Payload, Playing,
    SILENCE, Silence, Uplink, UplinkConfig,
};

/// What the network does to packets.
#[derive(Clone, Debug)]
pub(crate) struct Impairment {
    pub(crate) seed: u64,
    /// Share of packets that are lost.
    pub(crate) loss: f64,
    /// How long losses last; zero for each packet by itself.
    pub(crate) burst: Duration,
    /// Delay is even between nothing and this.
    pub(crate) jitter: Duration,
    /// Block from which on there is no jitter any more.
    pub(crate) calm_after: usize,
    /// Share of packets that are overtaken by the next.
    pub(crate) reorder: f64,
    /// Share of packets that come twice.
    pub(crate) repeat: f64,
    /// How much slower the sender's clock runs, in ppm.
    pub(crate) drift: f64,
    /// Blocks in which everything is lost.
    pub(crate) outage: Range<usize>,
    /// Blocks in which everything is held up, to arrive at once at their end.
    pub(crate) stall: Range<usize>,
}

impl Default for Impairment {
    fn default() -> Self {
        Self {
            seed: 1,
            loss: 0.0,
            burst: Duration::ZERO,
            jitter: Duration::ZERO,
            calm_after: usize::MAX,
            reorder: 0.0,
            repeat: 0.0,
            drift: 0.0,
            outage: 0..0,
            stall: 0..0,
        }
    }
}

/// One direction of a call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) codec: Codec,
    pub(crate) impairment: Impairment,
    /// Loss that the sender is told of, in percent.
    pub(crate) reported: f32,
    pub(crate) silence: Silence,
    /// Whether the speaker pauses.
    pub(crate) pauses: bool,
    /// How many blocks the loudspeaker takes at once.
    pub(crate) at_once: usize,
    /// At this block timestamps jump by so much.
    pub(crate) source_change: Option<(usize, u64)>,
    pub(crate) codec_change: Option<(usize, Codec)>,
}

/// What came out.
pub(crate) struct Heard {
    pub(crate) samples: Vec<f32>,
    pub(crate) blocks: Vec<Playing>,
    pub(crate) stats: DownlinkStats,
    /// The steepest step between two samples that the speaker's own voice has.
    pub(crate) steepest: f32,
}

impl Heard {
    /// Share of blocks that hold concealment.
    pub(crate) fn made_up(&self) -> f64 {
        let concealed = self.blocks.iter().filter(|playing| **playing == Playing::Concealment).count();
        concealed as f64 / self.blocks.len() as f64
    }

    /// Level of some blocks in dBFS.
    pub(crate) fn level(&self, blocks: Range<usize>) -> f32 {
        let samples = &self.samples[blocks.start * BLOCK_SAMPLES..blocks.end * BLOCK_SAMPLES];
        10.0 * (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).max(1e-10).log10()
    }
}

/// How often two samples lie further apart than a voice ever steps, codec noise included.
pub(crate) fn clicks(heard: &Heard) -> usize {
    let limit = 1.6 * heard.steepest + 0.01;
    heard.samples.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > limit).count()
}

struct Flying {
    arrival: u64,
    codec: Codec,
    sequence: u64,
    timestamp: u64,
    kind: FrameKind,
    payload: Vec<u8>,
}

impl Call {
    pub(crate) fn new(codec: Codec, impairment: Impairment) -> Self {
        Self {
            codec,
            impairment,
            reported: 0.0,
            silence: Silence::Sent,
            pauses: false,
            at_once: 1,
            source_change: None,
            codec_change: None,
        }
    }

    pub(crate) fn run(&self, blocks: usize) -> Heard {
        let mut uplink = Uplink::new(UplinkConfig {
            codec: self.codec,
            silence: self.silence,
            complexity: 1,
            ..UplinkConfig::default()
        })
        .unwrap();
        uplink.set_loss(LossReport { percent: self.reported, burst: self.impairment.burst });
        let mut downlink = Downlink::new(DownlinkConfig::default()).unwrap();
        let mut way = Way::new(&self.impairment);
        let mut speaker = Speaker::new(self.pauses);
        let (mut sequence, mut timestamp) = (1 << 16, 7_000);
        let mut heard =
            Heard { samples: Vec::new(), blocks: Vec::new(), stats: DownlinkStats::default(), steepest: 0.0 };
        let mut spoken = 0;
        for n in 0..blocks {
            let now = 1_004_000_000 + n as u64 * 10_000_000;
            while self.spoken_at(spoken) <= now {
                match self.codec_change {
                    Some((at, codec)) if at == spoken => uplink.set_codec(codec, Duration::from_millis(20)),
                    _ => {}
                }
                match self.source_change {
                    Some((at, jump)) if at == spoken => timestamp += jump,
                    _ => {}
                }
                let near = speaker.speak();
                let steepest = near.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
                heard.steepest = heard.steepest.max(steepest);
                let arrival = self.spoken_at(spoken);
                uplink.process(&near, &mut |frame| {
                    if frame.kind != FrameKind::Skipped {
                        let (codec, kind, payload) = (frame.codec, frame.kind, frame.payload.to_vec());
                        way.send(spoken, Flying { arrival, codec, sequence, timestamp, kind, payload });
                        sequence += 1;
                    }
                    timestamp += u64::from(frame.ticks);
                });
                spoken += 1;
            }
            if (n + 1) % self.at_once == 0 {
                way.deliver(now, &mut downlink);
                self.listen(now, &mut downlink, &mut heard);
            }
        }
        heard.stats = downlink.stats();
        heard
    }

    /// When a block is spoken, by the receiver's clock.
    fn spoken_at(&self, block: usize) -> u64 {
        1_000_000_000 + (block as f64 * 1e7 * (1.0 + self.impairment.drift * 1e-6)) as u64
    }

    fn listen(&self, now: u64, downlink: &mut Downlink, heard: &mut Heard) {
        let mut block = SILENCE;
        for _ in 0..self.at_once {
            let info = downlink.pull(Instant::from_nanos(now), &mut block);
            heard.blocks.push(info.playing);
            heard.samples.extend_from_slice(&block);
        }
    }
}

struct Way {
    impairment: Impairment,
    rng: Rng,
    gone_until: u64,
    flying: Vec<Flying>,
}

impl Way {
    fn new(impairment: &Impairment) -> Self {
        let rng = Rng::new(&Seed::from_number(impairment.seed));
        Self { impairment: impairment.clone(), rng, gone_until: 0, flying: Vec::new() }
    }

    fn send(&mut self, block: usize, mut packet: Flying) {
        if self.is_lost(packet.arrival) || self.impairment.outage.contains(&block) {
            return;
        }
        if block < self.impairment.calm_after {
            packet.arrival += (self.rng.unit() * self.impairment.jitter.as_nanos() as f64) as u64;
        }
        if self.impairment.stall.contains(&block) {
            packet.arrival = 1_000_000_000 + self.impairment.stall.end as u64 * 10_000_000;
        }
        if self.rng.unit() < self.impairment.reorder {
            packet.arrival += 25_000_000;
        }
        if self.rng.unit() < self.impairment.repeat {
            let (arrival, payload) = (packet.arrival + 5_000_000, packet.payload.clone());
            self.flying.push(Flying { arrival, payload, ..packet });
        }
        self.flying.push(packet);
    }

    fn is_lost(&mut self, now: u64) -> bool {
        if self.impairment.burst.is_zero() {
            return self.rng.unit() < self.impairment.loss;
        }
        let packets = (self.impairment.burst.as_secs_f64() / 0.02).max(1.0);
        if now >= self.gone_until && self.rng.unit() < self.impairment.loss / packets / (1.0 - self.impairment.loss) {
            self.gone_until = now + self.impairment.burst.as_nanos() as u64;
        }
        now < self.gone_until
    }

    fn deliver(&mut self, now: u64, downlink: &mut Downlink) {
        self.flying.sort_by_key(|packet| packet.arrival);
        let count = self.flying.iter().take_while(|packet| packet.arrival <= now).count();
        for packet in self.flying.drain(..count) {
            let payload = match packet.kind {
                FrameKind::ComfortNoise => {
                    Payload::ComfortNoise { level: packet.payload[0], spectrum: &packet.payload[1..] }
                }
                FrameKind::Audio | FrameKind::Skipped => Payload::Audio(&packet.payload),
            };
            downlink.push(Packet {
                codec: packet.codec,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                arrival: Instant::from_nanos(packet.arrival),
                payload,
            });
        }
    }
}

/// Somebody who says vowels whose pitch moves, with pauses of background noise if wanted.
struct Speaker {
    pauses: bool,
    sample: u64,
    phase: f32,
    noise: u32,
}

impl Speaker {
    fn new(pauses: bool) -> Self {
        Self { pauses, sample: 0, phase: 0.0, noise: 1 }
    }

    fn speak(&mut self) -> Block {
        core::array::from_fn(|_| {
            let t = self.sample as f32 / 48_000.0;
            self.sample += 1;
            self.phase += std::f32::consts::TAU * (140.0 + 25.0 * (2.3 * t).sin()) / 48_000.0;
            self.phase %= std::f32::consts::TAU;
            self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = 0.000_5 * (self.noise as i32 as f32 / 2_147_483_648.0);
            let loud = if self.pauses && t % 3.0 > 1.2 { 0.0 } else { 0.7 + 0.3 * (9.0 * t).sin() };
            let formant = 4.0 + 2.0 * (3.1 * t).sin();
            let voice: f32 = harmonics(self.phase).map(|(k, sine)| 0.08 / (1.0 + (k - formant).abs()) * sine).sum();
            loud * voice + hiss
        })
    }
}

/// The sines of 1 to 15 times a phase, by recurrence.
fn harmonics(phase: f32) -> impl Iterator<Item = (f32, f32)> {
    let (sine, cosine) = phase.sin_cos();
    let mut pair = (0.0, sine);
    (1..16_u8).map(move |k| {
        let present = pair.1;
        pair = (present, 2.0 * cosine * present - pair.0);
        (f32::from(k), present)
    })
}
