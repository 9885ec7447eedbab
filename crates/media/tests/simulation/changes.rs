use bellbird_base::{Codec, Duration};
use bellbird_media::{Input, OutgoingFrame, SessionConfig, SrtpPolicy};

use super::call::{ALICE, BOB, Call, FAIR, Side, address, config, keys, only, seconds};

#[test]
fn call_goes_on_after_a_change_of_address() {
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Required] {
        let mut call = Call::connected(srtp, 1, FAIR);
        call.run(seconds(2));
        let elsewhere = address("198.51.100.9:6000");
        call.bob.address = elsewhere;
        call.bob.session.set_addresses(elsewhere, Some(address("198.51.100.9:6001")));
        call.exchange_back();
        let heard = (call.alice.seen.frames.len(), call.bob.seen.frames.len());
        call.run(seconds(2));
        assert!(call.alice.seen.frames.len() > heard.0 + 95, "{srtp:?}");
        assert!(call.bob.seen.frames.len() > heard.1 + 95, "{srtp:?}");
    }
}

#[test]
fn somebody_else_may_take_over_a_protected_call_after_sequence_numbers_have_wrapped() {
    for offers in ["the new one", "we"] {
        let srtp = SrtpPolicy::Required;
        let mut call = Call::new(only(Codec::Pcma, config(ALICE, srtp)), only(Codec::Pcma, config(BOB, srtp)), 1, FAIR);
        call.exchange();
        // Only our counter matters here.
        call.bob.talks = false;
        call.run(seconds(23 * 60));
        let fresh = SessionConfig { keys: Box::new(keys(200)), ..only(Codec::Pcma, config("192.0.2.3:7000", srtp)) };
        call.bob = Side::new(fresh, 99);
        if offers == "we" {
            call.exchange()
        } else {
            call.exchange_back()
        }
        let heard = call.alice.seen.frames.len();
        call.run(seconds(2));
        assert!(call.alice.seen.frames.len() > heard + 90, "{offers} offers: we hear");
        assert!(call.bob.seen.frames.len() > 90, "{offers} offers: it hears");
    }
}

#[test]
fn silence_that_is_told_takes_no_packets_and_its_time() {
    let mut call = Call::connected(SrtpPolicy::Off, 1, FAIR);
    call.alice.talks = false;
    let frame = || OutgoingFrame { codec: Codec::Opus, ticks: 960, marker: false, payload: &[1] };
    call.alice.session.send_frame(call.now, frame()).unwrap();
    for _ in 0..50 {
        call.run(Duration::from_millis(20));
        call.alice.session.skip_frame(Codec::Opus, 960);
    }
    call.alice.session.send_frame(call.now, frame()).unwrap();
    call.run(seconds(1));
    let frames = &call.bob.seen.frames;
    assert_eq!((frames.len(), frames[1].0 - frames[0].0, frames[1].1 - frames[0].1), (2, 1, 51 * 960));
    assert_eq!(call.bob.session.report().lost_packets, 0);
}

#[test]
fn comfort_noise_is_sent_and_heard_where_both_know_it() {
    let narrow = |rtp| only(Codec::Pcmu, config(rtp, SrtpPolicy::Optional));
    let mut call = Call::new(narrow(ALICE), narrow(BOB), 1, FAIR);
    call.exchange();
    call.run(seconds(1));
    call.alice.session.send_comfort_noise(call.now, 64);
    call.run(seconds(1));
    assert_eq!(call.bob.seen.noises, [64]);
    let deaf = SessionConfig { comfort_noise: false, ..narrow(BOB) };
    let mut call = Call::new(narrow(ALICE), deaf, 1, FAIR);
    call.exchange();
    call.alice.session.send_comfort_noise(call.now, 64);
    call.run(seconds(1));
    assert!(call.bob.seen.noises.is_empty());
}

#[test]
fn peer_named_by_host_is_reached_once_it_is_resolved() {
    let mut call = Call::new(config(ALICE, SrtpPolicy::Off), config(BOB, SrtpPolicy::Off), 1, FAIR);
    let offer = call.alice.session.offer(call.now).unwrap();
    let answer = call.bob.session.answer(call.now, &offer).unwrap();
    let named = answer.replace("c=IN IP4 192.0.2.2", "c=IN IP4 bob.example.net");
    call.alice.session.accept_answer(call.now, &named).unwrap();
    call.bob.talks = false;
    call.run(seconds(1));
    assert_eq!(
        (call.alice.seen.hosts.as_slice(), call.bob.seen.frames.len()),
        (&["bob.example.net".to_owned()][..], 0)
    );
    call.alice.session.handle_input(Input::Resolved(call.now, address(BOB).ip()));
    call.run(seconds(1));
    assert!(call.bob.seen.frames.len() > 45);
}
