use bellbird_base::{Codec, Duration};
use bellbird_media::rtcp::Writer;
use bellbird_media::rtp::Header;
use bellbird_media::{Component, LatchPolicy, SessionConfig, SrtpPolicy};
use bellbird_testkit::Nat;

use super::call::{ALICE, BOB, Call, FAIR, INSIDE, PUBLIC, address, behind_nat, config, only, seconds};

const ATTACKER: &str = "203.0.113.66:666";

fn rtp(payload_type: u8, sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = Vec::new();
    Header { marker: false, payload_type, sequence, timestamp: 160 * u32::from(sequence), ssrc }.write(&mut packet);
    packet.extend_from_slice(&[0xff; 40]);
    packet
}

fn latched_hosts(call: &Call) -> Vec<String> {
    let latched = call.bob.seen.latched.iter().filter(|(component, _)| *component == Component::Rtp);
    latched.map(|(_, source)| source.ip().to_string()).collect()
}

fn plain(seed: u64) -> Call {
    let (alice, bob) = (config(ALICE, SrtpPolicy::Off), config(BOB, SrtpPolicy::Off));
    let mut call = Call::new(only(Codec::Pcmu, alice), only(Codec::Pcmu, bob), seed, FAIR);
    call.exchange();
    call
}

#[test]
fn peer_behind_a_nat_is_latched_on_to_once() {
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Required] {
        let mut call = behind_nat(srtp);
        call.exchange();
        call.run(seconds(2));
        assert_eq!(latched_hosts(&call), [PUBLIC]);
        assert!(call.alice.seen.frames.len() > 90, "{srtp:?}: {}", call.alice.seen.frames.len());
    }
}

#[test]
fn nat_that_rebinds_in_mid_call_is_followed() {
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Required] {
        let mut call = behind_nat(srtp);
        call.exchange();
        call.run(seconds(2));
        call.network.rebind(PUBLIC.parse().unwrap());
        let heard = call.bob.seen.frames.len();
        call.run(seconds(2));
        assert!(call.bob.seen.frames.len() > heard + 70, "{srtp:?}: back within half a second");
        assert_eq!(latched_hosts(&call), [PUBLIC, PUBLIC]);
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
    let mut call = Call::connected(SrtpPolicy::Required, 1, FAIR);
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
    let mut call = Call::connected(SrtpPolicy::Required, 1, FAIR);
    call.run(seconds(2));
    call.alice.talks = false;
    call.run(seconds(2));
    let captured = call.alice.wire.clone();
    captured.iter().for_each(|(_, payload)| call.inject(true, Component::Rtp, ATTACKER, payload));
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
        let sent = call.alice.wire.iter().rev().find(|(to, _)| *to == address(BOB));
        Header::read(&sent.unwrap().1).unwrap().ssrc
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
    let mut call = Call::new(config(INSIDE, SrtpPolicy::Off), bob, 1, FAIR);
    call.network.add_nat(Nat::new(PUBLIC.parse().unwrap(), [address(INSIDE).ip()]));
    call.exchange();
    call.run(seconds(1));
    assert_eq!((call.bob.seen.frames.len(), call.bob.seen.latched.len()), (0, 0));
}
