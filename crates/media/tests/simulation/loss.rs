use bellbird_base::{Codec, Duration};
use bellbird_media::SrtpPolicy;

use super::call::{ALICE, BOB, Call, FAIR, config, only, seconds};

#[test]
fn loss_is_counted_on_both_ends_and_costs_the_score() {
    let mut call = Call::connected(SrtpPolicy::Required, 3, FAIR.losing(0.1));
    call.run(seconds(60));
    let (alice, bob) = (call.alice.session.report(), call.bob.session.report());
    assert!((8.0..12.0).contains(&bob.loss_percent), "{bob:?}");
    assert!((alice.remote_loss_percent.unwrap() - bob.loss_percent).abs() < 2.0, "{alice:?} {bob:?}");
    assert_eq!(bob.lost_packets + bob.received_packets, 3_000);
    assert!(bob.mos < 3.8, "{}", bob.mos);
    assert!(alice.remote_mos.unwrap() < 3.9, "{alice:?}");
}

#[test]
fn every_frame_comes_once_whatever_the_network_does() {
    for seed in 0..100 {
        let link = FAIR.losing(0.05).duplicating(0.2).jittering(Duration::from_millis(80));
        let mut call = Call::connected(if seed % 2 == 0 { SrtpPolicy::Off } else { SrtpPolicy::Required }, seed, link);
        call.run(seconds(10));
        for side in [&call.alice, &call.bob] {
            let mut sequences: Vec<u64> = side.seen.frames.iter().map(|frame| frame.0).collect();
            sequences.sort_unstable();
            let all = sequences.len();
            sequences.dedup();
            assert_eq!(sequences.len(), all, "seed {seed}");
            assert!(side.seen.frames.iter().all(|frame| {
                let first = side.seen.frames[0];
                frame.1.wrapping_sub(first.1) as i64 == (frame.0 as i64 - first.0 as i64) * 960
            }));
            assert!((420..=500).contains(&all), "seed {seed}: {all}");
            assert_eq!((side.seen.sources, side.session.report().rejected_packets), (0, 0), "seed {seed}");
        }
    }
}

#[test]
fn sequence_numbers_wrap_under_srtp_in_a_long_call() {
    // 65,536 packets of 20 ms are 22 minutes.
    let link = FAIR.losing(0.02).jittering(Duration::from_millis(60));
    let (alice, bob) = (config(ALICE, SrtpPolicy::Required), config(BOB, SrtpPolicy::Required));
    let mut call = Call::new(only(Codec::Pcma, alice), only(Codec::Pcma, bob), 5, link);
    call.exchange();
    for minute in 0..24 {
        call.run(seconds(60));
        if minute % 7 == 0 {
            // Refreshes of the session must not touch the roll-over counter.
            call.exchange();
        }
    }
    let frames = &call.bob.seen.frames;
    assert!(frames.last().unwrap().0 - frames[0].0 > 65_536);
    let report = call.bob.session.report();
    assert_eq!(report.rejected_packets, 0);
    assert!((1.5..2.5).contains(&report.loss_percent), "{report:?}");
}
