use bellbird_base::Duration;
use bellbird_media::rtcp::{Compound, Packet};
use bellbird_media::{SessionConfig, SrtpPolicy};
use bellbird_testkit::Link;

use super::call::{ALICE, BOB, Call, FAIR, config, seconds};

#[test]
fn round_trip_jitter_and_packet_counts_are_told() {
    let link = Link::after(Duration::from_millis(60)).jittering(Duration::from_millis(10));
    let mut call = Call::connected(SrtpPolicy::Required, 1, link);
    call.run(seconds(30));
    let report = call.alice.session.report();
    let round_trip = report.round_trip_ms.unwrap();
    assert!((118.0..=145.0).contains(&round_trip), "{round_trip}");
    assert!((1.0..=10.0).contains(&report.jitter_ms) && report.max_jitter_ms >= report.jitter_ms, "{report:?}");
    assert!((1.0..=10.0).contains(&report.remote_jitter_ms.unwrap()), "{report:?}");
    assert_eq!(report.sent_packets, 1_501);
    assert!(report.mos > 4.2);
}

#[test]
fn reports_come_about_every_five_seconds_and_not_in_step() {
    let mut call = Call::connected(SrtpPolicy::Off, 1, FAIR);
    call.run(seconds(120));
    for side in [&call.alice, &call.bob] {
        assert!((22..=36).contains(&side.seen.reports), "{}", side.seen.reports);
    }
}

#[test]
fn close_says_goodbye() {
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Required] {
        let mut call = Call::connected(srtp, 1, FAIR);
        call.run(seconds(1));
        call.alice.session.close(call.now);
        call.alice.talks = false;
        call.run(seconds(1));
        assert_eq!(call.bob.seen.byes, 1);
    }
}

#[test]
fn rtcp_shares_the_port_where_both_want_it() {
    let muxed = |rtp| SessionConfig { rtcp_address: None, ..config(rtp, SrtpPolicy::Off) };
    let mut call = Call::new(muxed(ALICE), muxed(BOB), 1, FAIR);
    call.exchange();
    call.run(seconds(10));
    assert!(call.alice.seen.reports > 0 && call.bob.seen.reports > 0);
    // One that has a second port answers an offer with rtcp-mux all the same.
    let mut call = Call::new(muxed(ALICE), config(BOB, SrtpPolicy::Off), 1, FAIR);
    call.exchange();
    call.run(seconds(10));
    assert!(call.alice.seen.reports > 0 && call.bob.seen.reports > 0);
}

#[test]
fn first_report_is_a_receiver_report_where_nothing_was_sent() {
    let mut call = Call::connected(SrtpPolicy::Off, 1, FAIR);
    call.alice.talks = false;
    call.run(seconds(10));
    assert!(!call.alice.wire.is_empty());
    for (_, payload) in &call.alice.wire {
        let first = Compound::parse(payload).unwrap().next();
        assert!(matches!(first, Some(Packet::ReceiverReport { blocks, .. }) if blocks.count() == 1), "{first:?}");
    }
}

#[test]
fn canonical_name_is_random_unless_given() {
    let names = |seed, cname: Option<&str>| {
        let alice = SessionConfig { cname: cname.map(str::to_owned), ..config(ALICE, SrtpPolicy::Off) };
        let mut call = Call::new(alice, config(BOB, SrtpPolicy::Off), seed, FAIR);
        call.exchange();
        call.run(seconds(10));
        let reports = call.alice.wire.iter().filter(|(to, _)| to.port() == 5_001);
        let names: Vec<Vec<u8>> = reports.filter_map(|(_, payload)| cname_of(payload)).collect();
        assert!(names.windows(2).all(|pair| pair[0] == pair[1]));
        names.into_iter().next().unwrap()
    };
    assert_eq!(names(1, Some("given")), b"given");
    assert_eq!(names(1, None).len(), 20);
    assert_ne!(names(1, None), names(2, None));
}

/// The canonical name in the source description of a compound packet (RFC 3550 §6.5).
fn cname_of(mut compound: &[u8]) -> Option<Vec<u8>> {
    loop {
        let length = 4 * (usize::from(u16::from_be_bytes([*compound.get(2)?, *compound.get(3)?])) + 1);
        let (packet, rest) = compound.split_at_checked(length)?;
        if packet[1] == 202 {
            return Some(packet[10..10 + usize::from(packet[9])].to_vec());
        }
        compound = rest;
    }
}
