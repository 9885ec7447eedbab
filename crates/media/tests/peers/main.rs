//! Offers as peers send them, each with the answer that we give, word for word.
//!
//! `BELLBIRD_BLESS=1 cargo test -p bellbird-media --test peers` writes the answers anew: read the difference.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall stop where it stands")]

use std::fs;
use std::path::Path;

use bellbird_base::{Codec, Instant, Seed};
use bellbird_media::sdp::SessionDescription;
use bellbird_media::{Event, Hold, KeysUnavailable, Negotiated, Output, Security, Session, SessionConfig, SrtpPolicy};

fn zero_keys(key: &mut [u8]) -> Result<(), KeysUnavailable> {
    key.fill(0);
    Ok(())
}

fn session(srtp: SrtpPolicy) -> Session {
    let address = "198.51.100.7:4000".parse().unwrap();
    let config = SessionConfig { srtp, ..SessionConfig::new(address, Box::new(zero_keys)) };
    Session::new(config, Seed::from_number(1), Instant::ORIGIN)
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

fn offer(name: &str) -> String {
    fs::read_to_string(folder().join("offers").join(name).with_extension("sdp")).unwrap()
}

/// The answer, or the words of the refusal.
fn reply(session: &mut Session, offer: &str) -> String {
    match session.answer(Instant::ORIGIN, offer) {
        Ok(answer) => answer,
        Err(refusal) => format!("{} {}\n", refusal.status, refusal.reason),
    }
}

fn negotiated(session: &mut Session) -> Negotiated {
    loop {
        match session.poll_output() {
            Output::Event(Event::Negotiated(negotiated)) => return negotiated,
            Output::Event(_) | Output::Transmit(_) => {}
            Output::Timeout(_) => panic!("not negotiated"),
        }
    }
}

fn answered(name: &str, srtp: SrtpPolicy) -> Negotiated {
    let mut session = session(srtp);
    session.answer(Instant::ORIGIN, &offer(name)).unwrap();
    negotiated(&mut session)
}

#[test]
fn every_offer_gets_the_answer_that_was_read_and_approved() {
    let mut names: Vec<String> = fs::read_dir(folder().join("offers"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 18);
    for (policy, suffix) in
        [(SrtpPolicy::Off, "plain"), (SrtpPolicy::Optional, "optional"), (SrtpPolicy::Required, "required")]
    {
        let replies: String =
            names.iter().map(|name| format!("=== {name}\n{}\n", reply(&mut session(policy), &offer(name)))).collect();
        let path = folder().join(format!("answers-{suffix}.txt"));
        if std::env::var_os("BELLBIRD_BLESS").is_some() {
            fs::write(&path, &replies).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), replies, "{suffix}");
    }
}

#[test]
fn every_offer_survives_parsing_and_writing() {
    for entry in fs::read_dir(folder().join("offers")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let description = SessionDescription::parse(&text).unwrap();
        let written = description.to_string();
        assert_eq!(SessionDescription::parse(&written).unwrap(), description);
    }
}

#[test]
fn peers_preference_rules_our_answer() {
    let codec = |name| answered(name, SrtpPolicy::Off).codec;
    assert_eq!([codec("baresip"), codec("yealink"), codec("asterisk")], [Codec::Opus, Codec::G722, Codec::Pcma]);
}

#[test]
fn desk_phones_optional_srtp_is_taken_only_where_the_policy_wants_it() {
    assert_eq!(answered("yealink", SrtpPolicy::Off).security, Security::None);
    assert!(matches!(answered("yealink", SrtpPolicy::Optional).security, Security::Sdes { .. }));
    assert!(matches!(answered("baresip-srtp-mandatory", SrtpPolicy::Off).security, Security::Sdes { .. }));
    assert_eq!(answered("polycom", SrtpPolicy::Off).security, Security::None);
    assert!(matches!(answered("polycom", SrtpPolicy::Optional).security, Security::Sdes { .. }));
}

#[test]
fn hold_is_understood_in_every_spelling() {
    let new = answered("grandstream-hold", SrtpPolicy::Off);
    assert_eq!((new.hold, new.send, new.receive), (Hold::Remote, false, true));
    let old = answered("old-hold", SrtpPolicy::Off);
    assert_eq!((old.hold, old.send, old.receive), (Hold::Remote, false, true));
}

#[test]
fn what_a_peer_wants_of_our_opus_encoder_is_told() {
    let opus = answered("cisco", SrtpPolicy::Off).opus;
    assert_eq!((opus.max_playback_rate, opus.max_average_bitrate, opus.inband_fec), (16_000, Some(64_000), false));
    let opus = answered("asterisk", SrtpPolicy::Off).opus;
    assert!(opus.inband_fec && opus.dtx);
}

#[test]
fn host_name_is_asked_for() {
    let mut session = session(SrtpPolicy::Off);
    session.answer(Instant::ORIGIN, &offer("hostname")).unwrap();
    let mut asked = false;
    loop {
        match session.poll_output() {
            Output::Event(Event::ResolveHost(host)) => asked |= host == "media.example.net",
            Output::Event(_) | Output::Transmit(_) => {}
            Output::Timeout(_) => break,
        }
    }
    assert!(asked);
}
