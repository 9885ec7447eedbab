use bellbird_base::{Codec, Duration};
use bellbird_media::{Security, SrtpPolicy};

use super::call::{ALICE, BOB, Call, FAIR, config, only, seconds};

#[test]
fn both_sides_hear_each_other_in_every_codec_plain_and_protected() {
    for codec in Codec::ALL {
        for srtp in [SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required] {
            let (alice, bob) = (only(codec, config(ALICE, srtp)), only(codec, config(BOB, srtp)));
            let mut call = Call::new(alice, bob, 1, FAIR);
            call.exchange();
            call.run(seconds(2));
            for side in [&call.alice, &call.bob] {
                let negotiated = &side.seen.negotiated[0];
                assert_eq!(negotiated.codec, codec);
                assert_eq!(negotiated.security == Security::None, srtp == SrtpPolicy::Off);
                assert!((97..=101).contains(&side.seen.frames.len()), "{codec:?} {srtp:?}: {}", side.seen.frames.len());
                assert_eq!(side.seen.latched, [], "nobody is elsewhere than he says");
            }
        }
    }
}

#[test]
fn frames_come_with_steady_sequence_and_timestamp() {
    let mut call = Call::connected(SrtpPolicy::Off, 2, FAIR);
    call.run(seconds(1));
    let frames = &call.bob.seen.frames;
    assert!(frames.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1 && pair[1].1 == pair[0].1 + 960), "{frames:?}");
}

#[test]
fn same_seed_gives_the_same_call() {
    let play = || {
        let link = FAIR.losing(0.1).jittering(Duration::from_millis(50));
        let mut call = Call::connected(SrtpPolicy::Required, 7, link);
        call.run(seconds(20));
        (call.bob.seen.frames, serde_json::to_string(&call.bob.session.report()).unwrap())
    };
    assert_eq!(play(), play());
}
