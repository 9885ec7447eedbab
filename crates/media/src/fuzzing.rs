//! What the fuzz targets check, as plain functions, so that their corpus replays on a stable compiler. Not for use.

use std::net::SocketAddr;

use crate::rtcp::Compound;
use crate::rtp::Packet;
use crate::sdp::{CryptoAttribute, MasterKey, SessionDescription};
use crate::srtp::{Protector, Suite, Unprotector};
use crate::{Component, Event, Input, KeysUnavailable, OutgoingFrame, Output, Session, SessionConfig, SrtpPolicy};
use bellbird_base::{Codec, Duration, Instant, Seed};

/// A description that parses can be written, and what was written says the same.
pub fn sdp(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Ok(description) = SessionDescription::parse(text) else { return };
    let written = description.to_string();
    let again = SessionDescription::parse(&written).unwrap();
    assert_eq!(again.to_string(), written);
    assert_eq!(again.media.len(), description.media.len());
    for media in &description.media {
        media.payload_types().for_each(|number| {
            let _ = (media.rtpmap(number), media.fmtp(number));
        });
        let _ = (media.ptime(), media.rtcp(), description.direction_of(media));
        for crypto in media.cryptos() {
            assert_eq!(CryptoAttribute::parse(&crypto.to_string()), Some(crypto));
        }
    }
}

fn keys(key: &mut [u8]) -> Result<(), KeysUnavailable> {
    key.fill(7);
    Ok(())
}

fn fresh(srtp: SrtpPolicy) -> Session {
    let address = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let config = SessionConfig { srtp, ..SessionConfig::new(address, Box::new(keys)) };
    Session::new(config, Seed::from_number(1), Instant::ORIGIN)
}

/// Texts separated by a zero byte are offers and answers in turn: whatever they are, the session stays usable and what it
/// says is a description.
pub fn sdp_exchange(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required] {
        let mut session = fresh(srtp);
        for (round, text) in text.split('\0').take(6).enumerate() {
            session.set_hold(round % 3 == 2);
            if let Ok(answer) = session.answer(Instant::ORIGIN, text) {
                let (offered, answered) = (SessionDescription::parse(text), SessionDescription::parse(&answer));
                assert_eq!(offered.unwrap().media.len(), answered.unwrap().media.len());
            }
            let offer = session.offer(Instant::ORIGIN).unwrap();
            assert!(SessionDescription::parse(&offer).is_ok());
            if session.accept_answer(Instant::ORIGIN, text).is_err() {
                session.rollback();
            }
            drain(&mut session);
        }
    }
}

fn drain(session: &mut Session) -> Instant {
    loop {
        match session.poll_output() {
            Output::Transmit(datagram) => assert!(datagram.payload.len() <= 1_500 && datagram.destination.port() > 0),
            Output::Event(Event::Frame(frame)) => assert!(!frame.payload.is_empty()),
            Output::Event(_) => {}
            Output::Timeout(instant) => return instant,
        }
    }
}

/// Packet parsers and SRTP on raw bytes.
pub fn rtp(data: &[u8]) {
    if let Some(packet) = Packet::parse(data) {
        assert!(packet.payload.len() + 12 <= data.len());
    }
    if let Some(compound) = Compound::parse(data) {
        assert!(compound.count() <= data.len() / 4);
    }
    for suite in Suite::ALL {
        let key = MasterKey::new(suite, vec![7; suite.key_length() + suite.salt_length()]).unwrap();
        let mut unprotector = Unprotector::new(&key, None).unwrap();
        let _ = unprotector.unprotect_rtp(&mut data.to_vec());
        let _ = unprotector.unprotect_rtcp(&mut data.to_vec());
        let (mut protector, mut packet) = (Protector::new(&key).unwrap(), data.to_vec());
        if protector.protect_rtp(&mut packet).is_ok() {
            let length = unprotector.unprotect_rtp(&mut packet).unwrap();
            assert_eq!(packet[..length], *data);
        }
        let mut packet = data.to_vec();
        if protector.protect_rtcp(&mut packet).is_ok() {
            let length = unprotector.unprotect_rtcp(&mut packet).unwrap();
            assert_eq!(packet[..length], *data);
        }
    }
}

const PEER: &str = "v=0\r\nc=IN IP4 192.0.2.2\r\nm=audio 5000 RTP/AVP 0 13 101 96\r\na=rtpmap:101 telephone-event/8000\r\n\
    a=rtpmap:96 opus/48000/2\r\na=rtcp-xr:voip-metrics\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";

/// A stream of records (kind, length, bytes) is what a session lives through: datagrams in the clear and under the right
/// key, time, talk and digits.
pub fn media_session(data: &[u8]) {
    for srtp in [SrtpPolicy::Off, SrtpPolicy::Required] {
        let mut session = fresh(srtp);
        session.answer(Instant::ORIGIN, PEER).unwrap();
        let key = MasterKey::new(Suite::AesCm128HmacSha1_80, vec![0; 30]).unwrap();
        let mut protector = Protector::new(&key).unwrap();
        let (mut now, mut rest) = (Instant::ORIGIN, data);
        while let [kind, length, tail @ ..] = rest {
            let (bytes, tail) = tail.split_at(tail.len().min(usize::from(*length)));
            rest = tail;
            now += Duration::from_millis(u64::from(kind >> 3));
            let source = SocketAddr::from(([192, 0, 2, 2], if kind & 4 == 0 { 5_000 } else { 666 }));
            let mut packet = bytes.to_vec();
            match kind & 3 {
                0 => session.handle_input(Input::Receive(now, Component::Rtp, source, &mut packet)),
                1 => {
                    let _ = protector.protect_rtp(&mut packet);
                    session.handle_input(Input::Receive(now, Component::Rtp, source, &mut packet));
                }
                2 => {
                    let _ = protector.protect_rtcp(&mut packet);
                    session.handle_input(Input::Receive(now, Component::Rtcp, source, &mut packet));
                }
                _ => {
                    let frame = OutgoingFrame { codec: Codec::Pcmu, ticks: 160, marker: false, payload: bytes };
                    session.send_frame(now, frame).unwrap();
                    if let Some(digit) = bytes.first() {
                        let _ = session.send_digit(now, char::from(*digit), Duration::from_millis(50));
                    }
                }
            }
            if drain(&mut session) <= now {
                session.handle_input(Input::Timeout(now));
            }
        }
        let report = session.report();
        assert!((1.0..=4.5).contains(&report.mos) && (0.0..=100.0).contains(&report.loss_percent));
        session.close(now);
        drain(&mut session);
    }
}
