//! Calls over a simulated network: seeded, without a clock, and what is heard is measured.

mod network;

use bellbird_base::{Codec, Duration, Instant, Rng, Seed};
use bellbird_voice::{Downlink, DownlinkConfig, Packet, Payload, Playing, SILENCE, Silence};
use network::{Call, Heard, Impairment, clicks};

const SECOND: usize = 100;

fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn on_a_clean_network_the_delay_settles_low_and_nothing_is_made_up() {
    for codec in Codec::ALL {
        let heard = Call { pauses: true, ..Call::new(codec, Impairment::default()) }.run(10 * SECOND);
        assert_eq!(heard.stats.concealed, Duration::ZERO, "{codec:?}");
        assert_eq!(heard.stats.lost + heard.stats.late + heard.stats.underruns, 0);
        assert!(heard.stats.delay <= millis(30), "{codec:?}: {:?}", heard.stats);
        assert_eq!(clicks(&heard), 0, "{codec:?}");
    }
}

#[test]
fn jitter_is_absorbed_by_as_much_delay_as_it_needs() {
    for codec in [Codec::Opus, Codec::Pcma] {
        let heard = Call::new(codec, Impairment { jitter: millis(60), ..Impairment::default() }).run(60 * SECOND);
        let made_up = heard.after(5 * SECOND).made_up();
        assert!(made_up < 0.005, "{codec:?}: {made_up} {:?}", heard.stats);
        assert!((millis(50)..millis(100)).contains(&heard.stats.target), "{:?}", heard.stats);
        assert!(heard.stats.delay < millis(110));
        assert_eq!(clicks(&heard), 0);
    }
}

#[test]
fn delay_comes_down_again_when_the_jitter_ends() {
    let calm_after = 10 * SECOND;
    let network = Impairment { jitter: millis(100), calm_after, ..Impairment::default() };
    let heard = Call { pauses: true, ..Call::new(Codec::Opus, network) }.run(80 * SECOND);
    assert!(heard.stats.delay < millis(35), "{:?}", heard.stats);
    assert!(heard.stats.shortened > millis(50));
    assert_eq!(heard.after(12 * SECOND).made_up(), 0.0);
    assert_eq!(clicks(&heard), 0);
}

#[test]
fn loss_is_concealed_without_clicks() {
    for codec in Codec::ALL {
        let heard = Call::new(codec, Impairment { loss: 0.1, ..Impairment::default() }).run(20 * SECOND);
        let share = heard.stats.lost as f64 / 1_000.0;
        assert!((0.07..0.13).contains(&share), "{codec:?}: {:?}", heard.stats);
        assert!(heard.stats.concealed < millis(2_600));
        assert!(clicks(&heard) <= 2, "{codec:?}: {}", clicks(&heard));
        assert!(heard.stats.delay < millis(50), "{:?}", heard.stats);
    }
}

#[test]
fn a_sender_that_knows_of_the_loss_repairs_it() {
    let impairment = Impairment { loss: 0.1, ..Impairment::default() };
    let heard = Call { reported: 10.0, ..Call::new(Codec::Opus, impairment) }.run(30 * SECOND);
    assert!(heard.stats.recovered * 100 > heard.stats.lost * 55, "{:?}", heard.stats);
}

#[test]
fn bursts_are_restored_from_what_later_packets_tell() {
    let impairment = Impairment { loss: 0.2, burst: millis(100), ..Impairment::default() };
    let call = Call { reported: 20.0, ..Call::new(Codec::Opus, impairment) };
    let heard = call.run(40 * SECOND);
    let late = heard.after(10 * SECOND);
    assert!(heard.stats.restored > millis(3_000), "{:?}", heard.stats);
    assert!(late.made_up() < 0.1, "{} {:?}", late.made_up(), heard.stats);
}

#[test]
fn an_outage_of_a_second_fades_out_and_comes_back() {
    for codec in [Codec::Opus, Codec::G722] {
        let impairment = Impairment { outage: 5 * SECOND..6 * SECOND, ..Impairment::default() };
        let heard = Call::new(codec, impairment).run(10 * SECOND);
        assert!(heard.level(5 * SECOND + 50..5 * SECOND + 90) < -45.0, "{codec:?}");
        assert!(heard.level(6 * SECOND + 20..7 * SECOND) > -30.0);
        assert!(heard.stats.delay < millis(60), "{:?}", heard.stats);
        assert_eq!(heard.after(6 * SECOND + 20).made_up(), 0.0);
        assert!(clicks(&heard) <= 1, "{codec:?}: {}", clicks(&heard));
    }
}

#[test]
fn after_packets_were_held_up_the_delay_is_caught_up() {
    for (codec, blocks) in [(Codec::Opus, 30), (Codec::Pcmu, 60), (Codec::Opus, 150)] {
        let impairment = Impairment { stall: 5 * SECOND..5 * SECOND + blocks, ..Impairment::default() };
        let heard = Call::new(codec, impairment).run(20 * SECOND);
        assert!(heard.stats.delay < millis(60), "{codec:?} {blocks}: {:?}", heard.stats);
        assert_eq!(heard.after(10 * SECOND).made_up(), 0.0, "{codec:?} {blocks}: {:?}", heard.stats);
        assert!(clicks(&heard) <= 1, "{codec:?} {blocks}: {}", clicks(&heard));
    }
}

#[test]
fn reordered_and_repeated_packets_do_no_harm() {
    let impairment = Impairment { reorder: 0.05, repeat: 0.05, ..Impairment::default() };
    let heard = Call::new(Codec::Opus, impairment).run(60 * SECOND);
    assert!(heard.stats.duplicate + heard.stats.late > 50, "{:?}", heard.stats);
    assert!(heard.after(10 * SECOND).made_up() < 0.01, "{} {:?}", heard.after(10 * SECOND).made_up(), heard.stats);
    assert_eq!(heard.stats.restarts, 1);
}

#[test]
fn clocks_that_drift_apart_cost_neither_delay_nor_sound() {
    for drift in [-200.0, 200.0] {
        let heard = Call::new(Codec::Pcmu, Impairment { drift, ..Impairment::default() }).run(300 * SECOND);
        assert!(heard.stats.delay < millis(45), "{drift}: {:?}", heard.stats);
        assert!(heard.made_up() < 0.000_5, "{drift}: {:?}", heard.stats);
        assert!(heard.stats.shortened + heard.stats.lengthened > millis(30));
        assert_eq!(clicks(&heard), 0);
    }
}

#[test]
fn a_device_that_takes_several_blocks_at_once_is_served() {
    for at_once in [2, 3, 5] {
        let heard = Call { at_once, ..Call::new(Codec::Opus, Impairment::default()) }.run(30 * SECOND);
        assert!(heard.after(2 * SECOND).made_up() < 0.001, "{at_once}: {:?}", heard.stats);
        assert!(heard.stats.delay < millis(30 + 10 * at_once as u64), "{at_once}: {:?}", heard.stats);
    }
}

#[test]
fn silence_that_is_left_out_is_no_loss() {
    for codec in [Codec::Opus, Codec::Pcmu, Codec::G722] {
        let call = Call { silence: Silence::LeftOut, pauses: true, ..Call::new(codec, Impairment::default()) };
        let heard = call.run(30 * SECOND);
        assert!(heard.stats.received < 1_200, "{codec:?}: {:?}", heard.stats);
        assert_eq!(heard.stats.lost, 0, "{codec:?}: {:?}", heard.stats);
        assert!(heard.blocks.iter().filter(|playing| **playing == Playing::Silence).count() > 3 * SECOND);
        assert!(heard.made_up() < 0.002, "{codec:?}: {} {:?}", heard.made_up(), heard.stats);
        assert!(clicks(&heard) <= 1, "{codec:?}: {}", clicks(&heard));
    }
}

#[test]
fn a_new_source_is_heard_at_once_and_without_a_click() {
    for (codec, jump) in [(Codec::Opus, 1 << 40), (Codec::Pcma, 500_000)] {
        let call = Call { source_change: Some((5 * SECOND, jump)), ..Call::new(codec, Impairment::default()) };
        let heard = call.run(10 * SECOND);
        assert_eq!(heard.stats.restarts, 2, "{codec:?}: {:?}", heard.stats);
        assert!(heard.level(5 * SECOND + 10..6 * SECOND) > -30.0);
        assert!(heard.after(5 * SECOND + 10).made_up() < 0.01);
        assert_eq!(clicks(&heard), 0, "{codec:?}");
    }
}

#[test]
fn the_codec_changes_in_mid_call_without_a_click() {
    for (from, to) in [(Codec::Opus, Codec::Pcmu), (Codec::Pcma, Codec::G722), (Codec::G722, Codec::Opus)] {
        let call = Call { codec_change: Some((5 * SECOND, to)), ..Call::new(from, Impairment::default()) };
        let heard = call.run(10 * SECOND);
        assert_eq!(heard.stats.restarts, 2, "{from:?} {to:?}: {:?}", heard.stats);
        assert!(heard.level(5 * SECOND + 10..6 * SECOND) > -30.0);
        assert!(clicks(&heard) <= 1, "{from:?} {to:?}: {}", clicks(&heard));
    }
}

#[test]
fn many_bad_networks_are_survived() {
    for seed in 0..100 {
        let mut rng = Rng::new(&Seed::from_number(seed));
        let impairment = Impairment {
            seed,
            loss: rng.unit() * 0.3,
            burst: millis(rng.below(200)),
            jitter: millis(rng.below(200)),
            reorder: rng.unit() * 0.1,
            repeat: rng.unit() * 0.1,
            drift: rng.unit() * 1_000.0 - 500.0,
            ..Impairment::default()
        };
        let codec = Codec::ALL[rng.below(4) as usize];
        let call = Call { at_once: 1 + rng.below(3) as usize, reported: 10.0, ..Call::new(codec, impairment) };
        let heard = call.run(4 * SECOND);
        assert!(heard.samples.iter().all(|sample| sample.abs() < 1.5), "seed {seed}");
        assert!(heard.stats.target <= millis(500), "seed {seed}");
        assert!(heard.stats.delay <= millis(900), "seed {seed}: {:?}", heard.stats);
    }
}

#[test]
fn garbage_never_panics_and_audio_follows_it() {
    let mut rng = Rng::new(&Seed::from_number(99));
    let mut downlink = Downlink::new(DownlinkConfig::default()).unwrap();
    let mut block = SILENCE;
    let mut bytes = [0; 1_600];
    for n in 0..5_000_u64 {
        rng.fill(&mut bytes);
        let length = rng.below(1_600) as usize;
        let wild = rng.below(3);
        let payload = match rng.below(4) {
            0 => Payload::ComfortNoise { level: bytes[0], spectrum: &bytes[1..=length % 40] },
            _ => Payload::Audio(&bytes[..length]),
        };
        downlink.push(Packet {
            codec: Codec::ALL[rng.below(4) as usize],
            sequence: if wild == 0 { rng.next_u64() } else { n },
            timestamp: if wild == 1 { rng.next_u64() } else { n * 160 },
            arrival: Instant::from_nanos(if wild == 2 { rng.next_u64() } else { n * 10_000_000 }),
            payload,
        });
        let now = if rng.below(50) == 0 { rng.next_u64() } else { n * 10_000_000 };
        downlink.pull(Instant::from_nanos(now), &mut block);
        assert!(block.iter().all(|sample| sample.is_finite()));
    }
}

impl Heard {
    /// What was heard from this block on.
    fn after(&self, block: usize) -> Self {
        Self {
            samples: self.samples[block * 480..].to_vec(),
            blocks: self.blocks[block..].to_vec(),
            stats: self.stats,
            steepest: self.steepest,
        }
    }
}
