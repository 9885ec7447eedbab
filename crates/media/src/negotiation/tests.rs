use std::net::SocketAddr;

use bellbird_base::Seed;

use super::*;
use crate::config::KeysUnavailable;
use crate::event::Security;

const BOTH: Direction = Direction::SendRecv;
const HOLD: Direction = Direction::SendOnly;

/// A negotiator with its configuration.
struct Side {
    config: SessionConfig,
    negotiator: Negotiator,
}

impl Side {
    fn new(port: u16, srtp: SrtpPolicy) -> Self {
        let mut fill = port as u8;
        let keys = move |key: &mut [u8]| {
            fill = fill.wrapping_add(1);
            key.fill(fill);
            Ok::<(), KeysUnavailable>(())
        };
        let address = SocketAddr::from(([192, 0, 2, 1], port));
        let config = SessionConfig { srtp, ..SessionConfig::new(address, Box::new(keys)) };
        let mut rng = Rng::new(&Seed::from_number(u64::from(port)));
        Self { config, negotiator: Negotiator::new(&mut rng) }
    }

    fn offer(&mut self) -> String {
        self.negotiator.offer(&mut self.config, BOTH).unwrap().unwrap()
    }

    fn answer(&mut self, offer: &str) -> Result<String, SdpRefusal> {
        self.negotiator.answer(&mut self.config, BOTH, offer)
    }

    fn accept(&mut self, answer: &str) -> Result<(), SdpRefusal> {
        self.negotiator.accept_answer(&self.config, answer)
    }

    fn agreement(&self) -> &Agreement {
        self.negotiator.agreement().unwrap()
    }

    fn codec(&self) -> (Codec, u8) {
        self.agreement().codec().unwrap()
    }
}

fn pair(srtp: SrtpPolicy) -> (Side, Side) {
    let (mut alice, mut bob) = (Side::new(4_000, srtp), Side::new(5_000, srtp));
    let answer = bob.answer(&alice.offer()).unwrap();
    alice.accept(&answer).unwrap();
    (alice, bob)
}

fn sdp(lines: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{}\r\n",
        lines.replace('\n', "\r\n")
    )
}

/// The lines of a description that begin so.
fn lines<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

#[test]
fn offer_reads_as_written_down_here() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    side.config.codecs = vec![Codec::Opus, Codec::Pcmu];
    let offer = side.offer();
    let expected = "s=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 96 0 13 100 101\r\n\
        a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\n\
        a=rtpmap:100 telephone-event/48000\r\na=fmtp:100 0-16\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
        a=ptime:20\r\na=rtcp-xr:voip-metrics\r\na=sendrecv\r\n";
    assert!(offer.starts_with("v=0\r\no=- "), "{offer}");
    assert_eq!(offer.split_once("s=-").unwrap().1, expected.split_once("s=-").unwrap().1);
}

#[test]
fn keys_are_offered_only_when_the_policy_says_so() {
    let offer = |srtp| Side::new(4_000, srtp).offer();
    assert!(!offer(SrtpPolicy::Off).contains("crypto"));
    let optional = offer(SrtpPolicy::Optional);
    assert!(optional.contains(" RTP/AVP ") && lines(&optional, "a=crypto").len() == 4);
    assert!(offer(SrtpPolicy::Required).contains(" RTP/SAVP "));
}

#[test]
fn both_ends_agree_on_the_keys_crosswise() {
    for srtp in [SrtpPolicy::Optional, SrtpPolicy::Required] {
        let (alice, bob) = pair(srtp);
        let (Keys::Sdes { local: a, remote: b, .. }, Keys::Sdes { local: c, remote: d, .. }) =
            (&alice.agreement().keys, &bob.agreement().keys)
        else {
            panic!("not secured")
        };
        assert_eq!((a, b), (d, c));
        assert_ne!(a, b);
    }
}

#[test]
fn optional_srtp_with_a_peer_that_has_none_is_a_plain_call_and_a_required_one_none() {
    let plain = |srtp| {
        let (mut alice, mut bob) = (Side::new(4_000, srtp), Side::new(5_000, SrtpPolicy::Off));
        let answer = bob.answer(&alice.offer()).unwrap();
        alice.accept(&answer).map(|()| alice.agreement().security())
    };
    assert_eq!(plain(SrtpPolicy::Optional), Ok(Security::None));
    let mut required = Side::new(4_000, SrtpPolicy::Required);
    required.offer();
    let refusal = required.accept(&sdp("m=audio 7000 RTP/AVP 96")).unwrap_err();
    assert_eq!((refusal.kind, refusal.status), (RefusalKind::NotSecure, 488));
    let refusal = Side::new(4_000, SrtpPolicy::Required).answer(&sdp("m=audio 7000 RTP/AVP 0")).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotSecure);
}

#[test]
fn answer_that_is_secure_without_keys_is_refused() {
    let mut side = Side::new(4_000, SrtpPolicy::Optional);
    side.offer();
    assert_eq!(side.accept(&sdp("m=audio 7000 RTP/SAVP 96")).unwrap_err().kind, RefusalKind::UnknownSecurity);
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let strange = format!("m=audio 7000 RTP/SAVP 96\na=crypto:9 AES_256_CM_HMAC_SHA1_32 inline:{key}");
    assert_eq!(side.accept(&sdp(&strange)).unwrap_err().kind, RefusalKind::UnknownSecurity);
    let wrong_tag = format!("m=audio 7000 RTP/SAVP 96\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}");
    assert_eq!(side.accept(&sdp(&wrong_tag)), Ok(()), "some peers number their own lines");
}

#[test]
fn without_random_bytes_there_is_no_secure_offer() {
    let mut side = Side::new(4_000, SrtpPolicy::Required);
    side.config.keys = Box::new(|_: &mut [u8]| Err(KeysUnavailable));
    assert_eq!(side.negotiator.offer(&mut side.config, BOTH), Some(Err(RefusalKind::KeysUnavailable)));
    side.config.srtp = SrtpPolicy::Off;
    side.offer();
}

#[test]
fn our_order_rules_our_offer_and_theirs_our_answer() {
    let (mut alice, mut bob) = (Side::new(4_000, SrtpPolicy::Off), Side::new(5_000, SrtpPolicy::Off));
    alice.config.codecs = vec![Codec::Pcma, Codec::Opus];
    bob.config.codecs = vec![Codec::Opus, Codec::G722, Codec::Pcma];
    let answer = bob.answer(&alice.offer()).unwrap();
    alice.accept(&answer).unwrap();
    assert_eq!((alice.codec().0, bob.codec().0), (Codec::Pcma, Codec::Pcma));
}

#[test]
fn numbers_of_the_peer_are_used_and_kept() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    let offer = sdp("m=audio 7000 RTP/AVP 101 120 0\na=rtpmap:101 opus/48000/2\na=rtpmap:120 telephone-event/8000");
    let answer = side.answer(&offer).unwrap();
    assert_eq!(lines(&answer, "m="), ["m=audio 4000 RTP/AVP 101 120 0"]);
    let again = side.offer();
    assert!(again.contains("a=rtpmap:101 opus/48000/2") && again.contains("a=rtpmap:120 telephone-event/8000"));
    let numbers = lines(&again, "m=")[0].split(' ').skip(3);
    let mut unique: Vec<&str> = numbers.clone().collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), numbers.count());
}

#[test]
fn answer_with_other_numbers_is_sent_by_them_and_received_by_ours() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    side.offer();
    side.accept(&sdp("m=audio 7000 RTP/AVP 111\na=rtpmap:111 opus/48000/2")).unwrap();
    assert_eq!(side.codec(), (Codec::Opus, 111));
    let opus = Format::Audio(Codec::Opus);
    assert!(side.agreement().receive.contains(&(opus, 96)) && side.agreement().receive.contains(&(opus, 111)));
}

#[test]
fn re_offer_keeps_the_codec_in_use_the_version_and_the_streams() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    let offer =
        sdp("m=video 8000 RTP/AVP 99\na=rtpmap:99 H264/90000\nm=audio 7000 RTP/AVP 0 8\nm=image 9000 udptl t38");
    let answer = side.answer(&offer).unwrap();
    assert_eq!(lines(&answer, "m="), ["m=video 0 RTP/AVP 99", "m=audio 4000 RTP/AVP 0 8", "m=image 0 udptl t38"]);
    let again = side.offer();
    let media = lines(&again, "m=");
    assert!(media[0].starts_with("m=video 0") && media[1].starts_with("m=audio 4000 RTP/AVP 0 ") && media.len() == 3);
    assert_eq!(side.codec().0, Codec::Pcmu);
}

#[test]
fn version_goes_up_only_with_a_change() {
    let (mut alice, mut bob) = pair(SrtpPolicy::Required);
    let origin = |text: &str| lines(text, "o=")[0].to_owned();
    let same = alice.offer();
    assert!(origin(&same).contains(" 1 IN IP4"));
    let answer = bob.answer(&same).unwrap();
    assert!(origin(&answer).contains(" 1 IN IP4"));
    alice.accept(&answer).unwrap();
    let held = alice.negotiator.offer(&mut alice.config, HOLD).unwrap().unwrap();
    assert!(origin(&held).contains(" 2 IN IP4"));
    assert_eq!(origin(&held).split(' ').nth(1), origin(&same).split(' ').nth(1));
}

#[test]
fn keys_stay_in_re_offers_from_either_side() {
    let (mut alice, mut bob) = pair(SrtpPolicy::Optional);
    let before = (alice.agreement().keys.clone(), bob.agreement().keys.clone());
    let answer = alice.answer(&bob.offer()).unwrap();
    bob.accept(&answer).unwrap();
    assert_eq!((alice.agreement().keys.clone(), bob.agreement().keys.clone()), before);
}

#[test]
fn peer_with_a_new_key_gets_a_new_one_of_ours() {
    let offer = |key: &str| sdp(&format!("m=audio 7000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}"));
    let (first, second) = (offer(&"A".repeat(40)), offer(&"B".repeat(40)));
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    let answer = side.answer(&first).unwrap();
    assert_eq!(side.answer(&first).unwrap(), answer);
    let renewed = side.answer(&second).unwrap();
    assert_ne!(lines(&renewed, "a=crypto"), lines(&answer, "a=crypto"));
}

#[test]
fn rollback_restores_what_was() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    side.offer();
    assert!(side.negotiator.offer(&mut side.config, BOTH).is_none(), "one at a time");
    side.negotiator.rollback();
    assert!(side.negotiator.agreement().is_none());
    side.answer(&sdp("m=audio 7000 RTP/AVP 0")).unwrap();
    let before = side.agreement().clone();
    side.negotiator.offer(&mut side.config, HOLD).unwrap().unwrap();
    assert_eq!(side.answer(&sdp("m=audio 7000 RTP/AVP 0")).unwrap_err().status, 491);
    side.negotiator.rollback();
    assert_eq!(side.agreement(), &before);
    side.negotiator.rollback();
    assert_eq!(side.agreement(), &before);
}

#[test]
fn refused_offer_changes_nothing() {
    let (mut alice, _) = pair(SrtpPolicy::Off);
    let before = alice.agreement().clone();
    for offer in ["", "v=0\r\n", &sdp("m=audio 7000 RTP/AVP 18"), &sdp("m=audio 7000 UDP/TLS/RTP/SAVPF 96")] {
        assert!(alice.answer(offer).is_err());
        assert_eq!(alice.agreement(), &before);
    }
    let again = alice.offer();
    assert!(again.contains(" 1 IN IP4 192.0.2.1"), "{again}");
}

#[test]
fn answers_of_two_forks_may_come_to_one_offer() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    side.offer();
    side.accept(&sdp("m=audio 7000 RTP/AVP 0")).unwrap();
    side.accept(&sdp("m=audio 8000 RTP/AVP 8")).unwrap();
    assert_eq!(side.codec().0, Codec::Pcma);
    side.answer(&sdp("m=audio 8000 RTP/AVP 8")).unwrap();
    assert_eq!(side.accept(&sdp("m=audio 8000 RTP/AVP 8")).unwrap_err().kind, RefusalKind::NotAnAnswer);
}

#[test]
fn answer_without_an_offer_or_to_another_one_is_refused() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    assert_eq!(side.accept(&sdp("m=audio 7000 RTP/AVP 0")).unwrap_err().kind, RefusalKind::NotAnAnswer);
    side.offer();
    assert_eq!(side.accept(&sdp("a=nothing")).unwrap_err().kind, RefusalKind::NotAnAnswer);
    assert_eq!(side.accept(&sdp("m=audio 0 RTP/AVP 0")).unwrap_err().kind, RefusalKind::NoAudio);
    assert_eq!(side.accept(&sdp("m=audio 7000 RTP/AVP 18")).unwrap_err().kind, RefusalKind::NoCodec);
    assert_eq!(side.accept("v=0\r\nm=audio 7000 RTP/AVP 0\r\n").unwrap_err().kind, RefusalKind::NoAddress);
    assert_eq!(side.accept(&sdp("m=audio 7000 RTP/AVP 0")), Ok(()));
}

#[test]
fn direction_narrows_by_both_sides_wishes() {
    let directions = [BOTH, HOLD, Direction::RecvOnly, Direction::Inactive];
    let answered = |theirs: Direction, ours: Direction| {
        let mut side = Side::new(4_000, SrtpPolicy::Off);
        let offer = sdp(&format!("m=audio 7000 RTP/AVP 0\na={}", theirs.name()));
        side.negotiator.answer(&mut side.config, ours, &offer).unwrap();
        (side.agreement().direction, side.agreement().hold)
    };
    for theirs in directions {
        for ours in [BOTH, HOLD] {
            let (direction, hold) = answered(theirs, ours);
            assert_eq!(direction.sends(), theirs.receives(), "{theirs:?} {ours:?}");
            assert_eq!(direction.receives(), theirs.sends() && ours == BOTH, "{theirs:?} {ours:?}");
            assert_eq!(matches!(hold, Hold::Remote | Hold::Both), !theirs.receives(), "{theirs:?} {ours:?}");
            assert_eq!(matches!(hold, Hold::Local | Hold::Both), ours == HOLD, "{theirs:?} {ours:?}");
        }
    }
}

#[test]
fn hold_by_port_zero_is_answered_by_port_zero_and_resumed() {
    let (mut alice, _) = pair(SrtpPolicy::Off);
    let answer = alice.answer(&sdp("m=audio 0 RTP/AVP 0")).unwrap();
    assert!(lines(&answer, "m=")[0].starts_with("m=audio 0 RTP/AVP"));
    assert_eq!((alice.agreement().hold, alice.agreement().direction), (Hold::Remote, Direction::Inactive));
    assert_eq!(alice.agreement().transport.rtp, Target::Nowhere);
    let offer = alice.offer();
    assert!(lines(&offer, "m=")[0].starts_with("m=audio 4000 RTP/AVP"));
    alice.negotiator.rollback();
    alice.answer(&sdp("m=audio 7000 RTP/AVP 0")).unwrap();
    assert_eq!(alice.agreement().hold, Hold::None);
    let first = Side::new(4_000, SrtpPolicy::Off).answer(&sdp("m=audio 0 RTP/AVP 0")).unwrap_err();
    assert_eq!(first.kind, RefusalKind::NoAudio);
}

#[test]
fn re_offer_of_ours_answered_by_port_zero_suspends_the_stream() {
    let (mut alice, _) = pair(SrtpPolicy::Off);
    alice.offer();
    alice.accept(&sdp("m=audio 0 RTP/AVP 0")).unwrap();
    assert_eq!(alice.agreement().direction, Direction::Inactive);
}

#[test]
fn of_several_audio_streams_the_fitting_one_is_taken() {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let both = sdp(&format!(
        "m=audio 7000 RTP/AVP 0\nm=audio 7002 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}"
    ));
    let taken = |srtp| {
        let answer = Side::new(4_000, srtp).answer(&both).unwrap();
        lines(&answer, "m=").iter().position(|line| line.starts_with("m=audio 4000"))
    };
    assert_eq!(
        (taken(SrtpPolicy::Off), taken(SrtpPolicy::Optional), taken(SrtpPolicy::Required)),
        (Some(0), Some(1), Some(1))
    );
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    let answer = side.answer(&sdp("m=audio 7000 RTP/AVP 18\nm=audio 7002 RTP/AVP 8")).unwrap();
    assert_eq!(lines(&answer, "m="), ["m=audio 0 RTP/AVP 18", "m=audio 4000 RTP/AVP 8"]);
}

#[test]
fn ptime_follows_the_peer_within_what_we_pack() {
    let ptime = |lines: &str| {
        let mut side = Side::new(4_000, SrtpPolicy::Off);
        side.answer(&sdp(lines)).unwrap();
        side.agreement().ptime.as_millis()
    };
    let pcmu = |attributes: &str| ptime(&format!("m=audio 7000 RTP/AVP 0{attributes}"));
    assert_eq!(pcmu(""), 20);
    assert_eq!(
        [pcmu("\na=ptime:30"), pcmu("\na=ptime:10"), pcmu("\na=ptime:200"), pcmu("\na=ptime:5")],
        [30, 10, 60, 10]
    );
    assert_eq!([pcmu("\na=ptime:60\na=maxptime:40"), pcmu("\na=maxptime:10"), pcmu("\na=ptime:x")], [40, 10, 20]);
    assert_eq!(ptime("m=audio 7000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\na=ptime:30"), 20);
}

#[test]
fn rtcp_mux_and_bundle_are_answered_in_kind() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    let offer =
        sdp("a=group:BUNDLE a v\nm=audio 7000 RTP/AVP 0\na=mid:a\na=rtcp-mux\nm=video 7000 RTP/AVP 99\na=mid:v");
    let answer = side.answer(&offer).unwrap();
    assert_eq!(lines(&answer, "a=group"), ["a=group:BUNDLE a"]);
    assert_eq!(lines(&answer, "a=mid"), ["a=mid:a", "a=mid:v"]);
    assert_eq!(lines(&answer, "a=rtcp-mux").len(), 1);
    assert_eq!(side.agreement().transport.rtcp, RtcpTarget::Muxed);
    let plain = Side::new(4_000, SrtpPolicy::Off).answer(&sdp("m=audio 7000 RTP/AVP 0")).unwrap();
    assert!(!plain.contains("rtcp") && !plain.contains("mid") && !plain.contains("group"));
}

#[test]
fn rtcp_port_is_said_where_it_is_not_the_next() {
    let rtcp = |address: Option<&str>| {
        let mut side = Side::new(4_000, SrtpPolicy::Off);
        side.config.rtcp_address = address.map(|address| address.parse().unwrap());
        lines(&side.offer(), "a=rtcp").join(" ")
    };
    assert_eq!(rtcp(Some("192.0.2.1:4001")), "a=rtcp-xr:voip-metrics");
    assert_eq!(rtcp(Some("192.0.2.1:9000")), "a=rtcp:9000 a=rtcp-xr:voip-metrics");
    assert_eq!(rtcp(Some("192.0.2.2:4001")), "a=rtcp:4001 IN IP4 192.0.2.2 a=rtcp-xr:voip-metrics");
    assert_eq!(rtcp(None), "a=rtcp:4000 a=rtcp-mux a=rtcp-xr:voip-metrics");
}

#[test]
fn new_address_goes_into_the_next_offer() {
    let (mut alice, mut bob) = pair(SrtpPolicy::Off);
    alice.config.rtp_address = "[2001:db8::1]:4400".parse().unwrap();
    alice.config.rtcp_address = "[2001:db8::1]:4401".parse().ok();
    let offer = alice.offer();
    assert!(
        offer.contains("c=IN IP6 2001:db8::1\r\n") && offer.contains("m=audio 4400 ") && offer.contains(" 2 IN IP6 ")
    );
    bob.answer(&offer).unwrap();
    assert_eq!(bob.agreement().transport.rtp, Target::Address(alice.config.rtp_address));
}

#[test]
fn refusal_says_what_the_peer_has_and_nothing_else() {
    let refusal = Side::new(4_000, SrtpPolicy::Off)
        .answer(&sdp("m=audio 7000 RTP/AVP 18 97\na=rtpmap:18 G729/8000\na=rtpmap:97 iLBC/8000"))
        .unwrap_err();
    assert_eq!(refusal.to_string(), "no audio codec in common: the other side has G729, iLBC");
    assert_eq!(refusal.status, 488);
    assert_eq!(Side::new(4_000, SrtpPolicy::Off).answer("hello").unwrap_err().status, 400);
}

#[test]
fn description_without_an_address_is_refused() {
    let refusal = Side::new(4_000, SrtpPolicy::Off).answer("v=0\r\nm=audio 7000 RTP/AVP 0\r\n").unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NoAddress);
    let own = "v=0\r\nm=audio 7000 RTP/AVP 0\r\nc=IN IP4 192.0.2.9\r\n";
    assert!(Side::new(4_000, SrtpPolicy::Off).answer(own).is_ok());
}

#[test]
fn comfort_noise_needs_a_codec_of_its_clock() {
    let mut side = Side::new(4_000, SrtpPolicy::Off);
    let answer = side.answer(&sdp("m=audio 7000 RTP/AVP 96 13\na=rtpmap:96 opus/48000/2")).unwrap();
    assert_eq!(lines(&answer, "m="), ["m=audio 4000 RTP/AVP 96"]);
    side.answer(&sdp("m=audio 7000 RTP/AVP 0 13")).unwrap();
    assert_eq!(side.agreement().comfort_noise(), Some(13));
}
