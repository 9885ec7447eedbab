use bellbird_base::{Codec, Duration};
use bellbird_media::rtcp::Writer;
use bellbird_media::rtp::Header;
use bellbird_media::{Component, LatchPolicy, SessionConfig, SrtpPolicy};

use super::call::{ALICE, BOB, Call, address, config, only, seconds};
use super::network::Weather;

const ATTACKER: &str = "203.0.113.66:666";

fn rtp(payload_type: u8, sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = Vec::new();
    Header { marker: false, payload_type, sequence, timestamp: 160 * u32::from(sequence), ssrc }.write(&mut packet);
    packet.extend_from_slice(&[0xff; 40]);
    packet
}

fn plain(seed: u64) -> Call {
    let (alice, bob) = (config(ALICE, SrtpPolicy::Off), config(BOB, SrtpPolicy::Off));
    let mut call = Call::new(only(Codec::Pcmu, alice), only(Codec::Pcmu, bob), seed, Weather::FAIR);
    call.exchange();
    call
}

#[test]
fn peer_behind_a_nat_is_latched_on_to_once() {
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Required] {
        let mut call = Call::new(config("10.0.0.7:4000", srtp), config(BOB, srtp), 1, Weather::FAIR);
        call.alice.outside = address("198.51.100.1:62000");
        call.exchange();
        call.run(seconds(2));
        let expected = (Component::Rtp, address("198.51.100.1:62000"));
        assert_eq!(call.bob.seen.latched.iter().filter(|latched| **latched == expected).count(), 1);
        assert!(call.alice.seen.frames.len() > 90, "{srtp:?}: {}", call.alice.seen.frames.len());
    }
}

#[test]
fn nat_that_rebinds_in_mid_call_is_followed() {
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Required] {
        let mut call = Call::new(config("10.0.0.7:4000", srtp), config(BOB, srtp), 1, Weather::FAIR);
        call.alice.outside = address("198.51.100.1:62000");
        call.exchange();
        call.run(seconds(2));
        call.alice.outside = address("198.51.100.1:63500");
        let heard = call.bob.seen.frames.len();
        call.run(seconds(2));
        assert!(call.bob.seen.frames.len() > heard + 70, "{srtp:?}: back within half a second");
        assert_eq!(call.bob.seen.latched.last(), Some(&(Component::Rtp, address("198.51.100.1:63500"))));
    }
}

#[test]
fn spray_of_forged_packets_neither_gets_in_nor_turns_the_stream_away() {
    let mut call = plain(1);
    call.run(seconds(1));
    for sequence in 0..5_000 {
        call.inject(true, Component::Rtp, ATTACKER, &rtp(0, sequence, u32::from(sequence)));
    }
    let heard = call.bob.seen.frames.len();
    call.run(seconds(1));
    assert_eq!(call.bob.seen.latched, []);
    assert!((45..=55).contains(&(call.bob.seen.frames.len() - heard)));
    assert!(call.alice.seen.frames.len() > 90);
    assert_eq!(call.bob.session.report().rejected_packets, 5_000);
}

#[test]
fn attacker_does_not_get_the_stream_while_the_peer_is_silent() {
    let mut call = plain(1);
    call.run(seconds(1));
    call.alice.talks = false;
    call.run(seconds(5));
    for sequence in 0..1_000 {
        call.inject(true, Component::Rtp, ATTACKER, &rtp(0, sequence, 77));
    }
    call.run(seconds(1));
    assert_eq!(call.bob.seen.latched, []);
    call.alice.talks = true;
    let heard = call.bob.seen.frames.len();
    call.run(seconds(1));
    assert!(call.bob.seen.frames.len() > heard + 45);
}

#[test]
fn refresh_of_the_session_is_no_chance_for_attackers() {
    let mut call = plain(1);
    call.run(seconds(1));
    call.exchange();
    call.inject(true, Component::Rtp, ATTACKER, &rtp(0, 1, 77));
    call.inject(true, Component::Rtp, ATTACKER, &rtp(0, 2, 77));
    call.run(seconds(1));
    assert_eq!(call.bob.seen.latched, []);
}

#[test]
fn clear_packets_are_dropped_where_srtp_was_agreed_on() {
    let mut call = Call::connected(SrtpPolicy::Required, 1, Weather::FAIR);
    let mut bye = Vec::new();
    Writer::new(&mut bye, 1).report(None, None).bye();
    for sequence in 0..100 {
        call.inject(true, Component::Rtp, ALICE, &rtp(96, sequence, 1));
        call.inject(true, Component::Rtcp, "192.0.2.1:4001", &bye);
    }
    call.run(seconds(1));
    assert_eq!(call.bob.seen.byes, 0);
    assert_eq!(call.bob.session.report().rejected_packets, 200);
    assert!((45..=50).contains(&call.bob.seen.frames.len()));
}

#[test]
fn replayed_srtp_from_another_address_does_not_take_the_stream_over() {
    let mut call = Call::connected(SrtpPolicy::Required, 1, Weather::FAIR);
    let mut captured = Vec::new();
    for _ in 0..100 {
        call.run(Duration::from_millis(20));
        captured.extend(call.network.flying.iter().filter(|flying| flying.to == address(BOB)).cloned());
    }
    call.alice.talks = false;
    call.run(seconds(2));
    captured.iter().for_each(|flying| call.inject(true, Component::Rtp, ATTACKER, &flying.payload));
    call.run(seconds(1));
    assert_eq!(call.bob.seen.latched, []);
}

#[test]
fn wrong_payload_types_are_counted_and_dropped() {
    let mut call = plain(1);
    call.run(seconds(1));
    let heard = call.bob.seen.frames.len();
    (0..50).for_each(|sequence| call.inject(true, Component::Rtp, ALICE, &rtp(3, sequence, 1)));
    call.drain();
    assert_eq!(call.bob.seen.frames.len(), heard);
    assert_eq!(call.bob.session.report().wrong_payload_type, 50);
}

#[test]
fn change_of_source_takes_two_packets_and_is_told() {
    let mut call = plain(1);
    call.run(seconds(1));
    call.alice.talks = false;
    call.run(seconds(1));
    let heard = call.bob.seen.frames.len();
    (100..110).for_each(|sequence| call.inject(true, Component::Rtp, ALICE, &rtp(0, sequence, 0xabcd)));
    call.drain();
    assert_eq!((call.bob.seen.sources, call.bob.seen.frames.len() - heard), (1, 9));
}

#[test]
fn collision_of_sources_gives_us_another_one() {
    let mut call = plain(1);
    call.run(Duration::from_millis(200));
    let ours = |call: &Call| {
        let flying = call.network.flying.iter().find(|flying| flying.to == address(BOB)).unwrap();
        Header::read(&flying.payload).unwrap().ssrc
    };
    let before = ours(&call);
    for sequence in 0..3 {
        call.inject(false, Component::Rtp, ATTACKER, &rtp(0, sequence, before));
    }
    call.run(Duration::from_millis(500));
    assert_ne!(ours(&call), before);
    let once = ours(&call);
    call.inject(false, Component::Rtp, ATTACKER, &rtp(0, 9, once));
    call.run(Duration::from_millis(500));
    assert_eq!(ours(&call), once, "packets that come back from there again are a loop");
    assert_eq!(call.bob.seen.sources, 1);
}

#[test]
fn policy_may_forbid_other_hosts() {
    let bob = SessionConfig { latch: LatchPolicy::SameHost, ..config(BOB, SrtpPolicy::Off) };
    let mut call = Call::new(config("10.0.0.7:4000", SrtpPolicy::Off), bob, 1, Weather::FAIR);
    call.alice.outside = address("198.51.100.1:62000");
    call.exchange();
    call.run(seconds(1));
    assert_eq!((call.bob.seen.frames.len(), call.bob.seen.latched.len()), (0, 0));
}
