//! Sends a WAV file (16-bit mono) through encoder, a bad network and the jitter buffer, and writes what is heard.
//!
//! `cargo run --release -p bellbird-voice --example impair -- IN.wav OUT.wav codec=opus loss=10 burst=0 jitter=30`
//!
//! Parameters: `codec` (opus, g722, pcmu, pcma), `loss` in percent, `burst` in ms (0: each packet by itself), `jitter` in
//! ms, `drift` in ppm, `bitrate`, `report` (1: the sender is told of the loss), `seed`. Figures go to standard output.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::{env, fs};

use bellbird_base::{Codec, Duration, Instant, Rng, Seed};
use bellbird_voice::{
    BLOCK_SAMPLES, Downlink, DownlinkConfig, FrameKind, LossReport, Packet, Payload, Resampler, SILENCE, Uplink,
    UplinkConfig,
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (source, sink) = (&arguments[0], &arguments[1]);
    let options: HashMap<&str, &str> = arguments[2..].iter().filter_map(|pair| pair.split_once('=')).collect();
    let number = |name: &str, default: f64| options.get(name).map_or(default, |text| text.parse().expect("a number"));
    let codec = *Codec::ALL
        .iter()
        .find(|codec| codec.name().eq_ignore_ascii_case(options.get("codec").copied().unwrap_or("opus")))
        .expect("a codec");

    let samples = read_wav(source);
    let mut network =
        Network::new(number("seed", 1.0) as u64, number("loss", 0.0), number("burst", 0.0), number("jitter", 0.0));
    let mut uplink =
        Uplink::new(UplinkConfig { codec, bitrate: number("bitrate", 32_000.0) as u32, ..UplinkConfig::default() })
            .expect("an encoder");
    if number("report", 1.0) > 0.0 {
        let burst = Duration::from_millis(number("burst", 0.0) as u64);
        uplink.set_loss(LossReport { percent: number("loss", 0.0) as f32, burst });
    }
    let mut downlink =
        Downlink::new(DownlinkConfig { opus_complexity: number("complexity", 5.0) as u8, ..DownlinkConfig::default() })
            .expect("a decoder");

    let mut heard = Vec::with_capacity(samples.len());
    let (mut sequence, mut timestamp, mut bytes) = (0_u64, 0_u64, 0_usize);
    let pace = 1.0 + number("drift", 0.0) * 1e-6;
    let mut block = SILENCE;
    let mut chunks = samples.chunks_exact(BLOCK_SAMPLES).enumerate().peekable();
    for n in 0..samples.len() / BLOCK_SAMPLES {
        let time = 1_003_000_000 + n as u64 * 10_000_000;
        let spoken_at = |m: usize| 1_000_000_000 + (m as f64 * 1e7 * pace) as u64;
        while let Some((m, chunk)) = chunks.next_if(|(m, _)| spoken_at(*m) <= time) {
            block.copy_from_slice(chunk);
            uplink.process(&block, &mut |frame| {
                if frame.kind == FrameKind::Audio {
                    network.send(spoken_at(m), sequence, timestamp, frame.payload);
                    sequence += 1;
                    bytes += frame.payload.len();
                }
                timestamp += u64::from(frame.ticks);
            });
        }
        for (arrival, sequence, timestamp, payload) in network.arrived(time) {
            let (arrival, payload) = (Instant::from_nanos(arrival), Payload::Audio(&payload));
            downlink.push(Packet { codec, sequence, timestamp, arrival, payload });
        }
        downlink.pull(Instant::from_nanos(time), &mut block);
        heard.extend_from_slice(&block);
    }
    write_wav(sink, &heard);
    println!("{:?} {:.1} kbit/s", downlink.stats(), bytes as f64 * 8.0 / (samples.len() as f64 / 48.0));
}

/// A way with loss and jitter.
struct Network {
    rng: Rng,
    loss: f64,
    burst: f64,
    jitter: f64,
    gone_until: u64,
    flying: Vec<(u64, u64, u64, Vec<u8>)>,
}

impl Network {
    fn new(seed: u64, loss: f64, burst: f64, jitter: f64) -> Self {
        let rng = Rng::new(&Seed::from_number(seed));
        Self { rng, loss: loss / 100.0, burst, jitter, gone_until: 0, flying: Vec::new() }
    }

    fn send(&mut self, now: u64, sequence: u64, timestamp: u64, payload: &[u8]) {
        if self.burst > 0.0 {
            let packets = self.burst / 20.0;
            if now >= self.gone_until && self.rng.unit() < self.loss / packets / (1.0 - self.loss) {
                self.gone_until = now + (self.burst * 1e6) as u64;
            }
            if now < self.gone_until {
                return;
            }
        } else if self.rng.unit() < self.loss {
            return;
        }
        // Exponential, as queues are; a tenth is beyond 2.3 times the mean.
        let late = -self.jitter / 2.3 * (1.0 - self.rng.unit()).ln();
        self.flying.push((now + (late * 1e6) as u64, sequence, timestamp, payload.to_vec()));
    }

    /// What has arrived: arrival, sequence number, timestamp, payload.
    fn arrived(&mut self, now: u64) -> Vec<(u64, u64, u64, Vec<u8>)> {
        self.flying.sort_by_key(|packet| packet.0);
        let count = self.flying.iter().take_while(|packet| packet.0 <= now).count();
        self.flying.drain(..count).collect()
    }
}

/// Samples at 48 kHz out of a WAV file.
fn read_wav(path: &str) -> Vec<f32> {
    let bytes = fs::read(path).expect("a readable file");
    let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap());
    let data = bytes.windows(4).position(|window| window == b"data").expect("a WAV file") + 8;
    let samples: Vec<f32> = bytes[data..]
        .chunks_exact(2)
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
        .collect();
    if rate == 48_000 {
        return samples;
    }
    let mut resampler = Resampler::to_blocks(rate).expect("a usual rate");
    let (mut out, mut block, mut at) = (Vec::new(), SILENCE, 0);
    while at + resampler.input_needed() <= samples.len() {
        let end = at + resampler.input_needed();
        at += resampler.process(&samples[at..end], &mut block).expect("lengths that fit").0;
        out.extend_from_slice(&block);
    }
    out
}

fn write_wav(path: &str, samples: &[f32]) {
    let length = samples.len() as u32 * 2;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(length + 36).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend_from_slice(&48_000_u32.to_le_bytes());
    bytes.extend_from_slice(&96_000_u32.to_le_bytes());
    bytes.extend_from_slice(b"\x02\0\x10\0data");
    bytes.extend_from_slice(&length.to_le_bytes());
    for sample in samples {
        bytes.extend_from_slice(&((sample * 32_767.0).clamp(-32_768.0, 32_767.0) as i16).to_le_bytes());
    }
    fs::write(path, bytes).expect("a writable file");
}
