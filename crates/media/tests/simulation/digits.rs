use bellbird_base::{Codec, Duration};
use bellbird_media::{SendError, SessionConfig, SrtpPolicy};

use super::call::{ALICE, BOB, Call, FAIR, config, only, seconds};

const HELD: Duration = Duration::from_millis(100);

fn typed(call: &mut Call, digits: &str) {
    digits.chars().for_each(|digit| call.alice.session.send_digit(call.now, digit, HELD).unwrap());
}

#[test]
fn digits_arrive_once_each_in_either_clock() {
    for codec in [Codec::Opus, Codec::Pcmu] {
        let srtp = SrtpPolicy::Optional;
        let mut call = Call::new(only(codec, config(ALICE, srtp)), only(codec, config(BOB, srtp)), 1, FAIR);
        call.exchange();
        call.run(seconds(1));
        typed(&mut call, "1123#*D");
        call.run(seconds(3));
        assert_eq!((call.bob.seen.digits.as_str(), call.alice.seen.digits_sent), ("1123#*D", 1), "{codec:?}");
    }
}

#[test]
fn digits_survive_loss_duplication_and_reordering() {
    for seed in 0..50 {
        let link = FAIR.losing(0.1).duplicating(0.1).jittering(Duration::from_millis(30));
        let mut call = Call::connected(SrtpPolicy::Off, seed, link);
        call.run(seconds(1));
        typed(&mut call, "0123456789");
        call.run(seconds(4));
        assert_eq!(call.bob.seen.digits, "0123456789", "seed {seed}");
    }
}

#[test]
fn audio_pauses_while_a_digit_sounds_and_its_time_goes_on() {
    let mut call = Call::connected(SrtpPolicy::Off, 1, FAIR);
    call.run(seconds(1));
    typed(&mut call, "5");
    call.run(seconds(1));
    let frames = &call.bob.seen.frames;
    let pause = frames.windows(2).map(|pair| pair[1].1 - pair[0].1).max().unwrap();
    assert!((5 * 960..=9 * 960).contains(&pause), "{pause}");
    assert!(frames.iter().all(|frame| (frame.1 - frames[0].1).is_multiple_of(960)));
}

#[test]
fn digits_without_any_audio_are_apart_too() {
    let mut call = Call::connected(SrtpPolicy::Off, 1, FAIR);
    call.alice.talks = false;
    typed(&mut call, "7777");
    call.run(seconds(2));
    assert_eq!(call.bob.seen.digits, "7777");
}

#[test]
fn peer_without_events_is_told_apart() {
    let alice = config(ALICE, SrtpPolicy::Off);
    let bob = SessionConfig { telephone_event: false, ..config(BOB, SrtpPolicy::Off) };
    let mut call = Call::new(alice, bob, 1, FAIR);
    call.exchange();
    assert!(!call.alice.seen.negotiated[0].telephone_event);
    assert_eq!(call.alice.session.send_digit(call.now, '1', HELD), Err(SendError::NoSuchDigit));
}
