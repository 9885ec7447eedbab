//! What both benchmarks do, by name.

use std::hint::black_box;
use std::net::SocketAddr;

use bellbird_base::{Codec, Duration, Instant, Seed};
use bellbird_media::sdp::{CryptoAttribute, MasterKey, SessionDescription};
use bellbird_media::srtp::{Protector, Suite, Unprotector};
use bellbird_media::{Component, Input, KeysUnavailable, OutgoingFrame, Output, Session, SessionConfig, SrtpPolicy};

/// An offer as a desk phone sends it.
pub(crate) const OFFER: &str = include_str!("../../tests/peers/offers/yealink.sdp");

/// 20 ms of Opus at 32 kbit/s.
const PAYLOAD: [u8; 80] = [0x5a; 80];

/// One thing to do over and over.
pub(crate) enum Work {
    Parse,
    Answer(Box<Session>),
    Send(Box<Pair>),
    Talk(Box<Pair>),
}

/// Two sessions that talk to each other.
pub(crate) struct Pair {
    alice: Session,
    bob: Session,
    now: Instant,
    wire: Vec<u8>,
}

pub(crate) const CASES: [&str; 8] = [
    "sdp_parse",
    "sdp_answer",
    "send_plain",
    "send_aes_cm_128_80",
    "send_aead_aes_256",
    "talk_plain",
    "talk_aes_cm_128_80",
    "talk_aead_aes_256",
];

impl Work {
    pub(crate) fn new(case: &str) -> Self {
        let suites = |case: &str| match case.split_once('_').map_or("", |(_, protection)| protection) {
            "aes_cm_128_80" => vec![Suite::AesCm128HmacSha1_80],
            "aead_aes_256" => vec![Suite::AeadAes256Gcm],
            _ => Vec::new(),
        };
        match case {
            "sdp_parse" => Self::Parse,
            "sdp_answer" => Self::Answer(Box::new(session(4_000, Vec::new()))),
            case if case.starts_with("send") => Self::Send(Box::new(Pair::new(&suites(case)))),
            case => Self::Talk(Box::new(Pair::new(&suites(case)))),
        }
    }

    pub(crate) fn run(&mut self) {
        match self {
            Self::Parse => drop(black_box(SessionDescription::parse(black_box(OFFER)))),
            Self::Answer(session) => drop(black_box(session.answer(Instant::ORIGIN, black_box(OFFER)))),
            Self::Send(pair) => pair.send(),
            Self::Talk(pair) => {
                pair.send();
                pair.receive();
            }
        }
    }
}

fn keys(key: &mut [u8]) -> Result<(), KeysUnavailable> {
    key.fill(7);
    Ok(())
}

fn session(port: u16, suites: Vec<Suite>) -> Session {
    let address = SocketAddr::from(([192, 0, 2, 1], port));
    let srtp = if suites.is_empty() { SrtpPolicy::Off } else { SrtpPolicy::Required };
    let config = SessionConfig { srtp, suites, ..SessionConfig::new(address, Box::new(keys)) };
    Session::new(config, Seed::from_number(u64::from(port)), Instant::ORIGIN)
}

impl Pair {
    fn new(suites: &[Suite]) -> Self {
        let (mut alice, mut bob) = (session(4_000, suites.to_vec()), session(5_000, suites.to_vec()));
        let offer = alice.offer(Instant::ORIGIN).unwrap();
        let answer = bob.answer(Instant::ORIGIN, &offer).unwrap();
        alice.accept_answer(Instant::ORIGIN, &answer).unwrap();
        while !matches!(bob.poll_output(), Output::Timeout(_)) {}
        Self { alice, bob, now: Instant::ORIGIN, wire: Vec::with_capacity(1_500) }
    }

    /// One frame from the encoder to the wire.
    fn send(&mut self) {
        self.now += Duration::from_millis(20);
        let frame = OutgoingFrame { codec: Codec::Opus, ticks: 960, marker: false, payload: black_box(&PAYLOAD) };
        self.alice.send_frame(self.now, frame).unwrap();
        loop {
            match self.alice.poll_output() {
                Output::Transmit(datagram) => {
                    self.wire.clear();
                    self.wire.extend_from_slice(datagram.payload);
                }
                Output::Event(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }

    /// One packet from the wire to the jitter buffer.
    fn receive(&mut self) {
        let source = SocketAddr::from(([192, 0, 2, 1], 4_000));
        self.bob.handle_input(Input::Receive(self.now, Component::Rtp, source, &mut self.wire));
        loop {
            match self.bob.poll_output() {
                Output::Transmit(_) => {}
                Output::Event(event) => drop(black_box(event)),
                Output::Timeout(_) => return,
            }
        }
    }
}

/// The SRTP alone, without the session: what the allocation test and the profile of a suite want.
#[allow(dead_code, reason = "one of the two benchmarks has no use for it")]
pub(crate) fn protect_and_unprotect(suite: Suite) -> impl FnMut() {
    let key = MasterKey::new(suite, vec![7; suite.key_length() + suite.salt_length()]).unwrap();
    let key = CryptoAttribute::new(1, key).key;
    let (mut protector, mut unprotector) = (Protector::new(&key).unwrap(), Unprotector::new(&key, None).unwrap());
    let (mut sequence, mut packet) = (0_u16, Vec::with_capacity(1_500));
    move || {
        sequence = sequence.wrapping_add(1);
        packet.clear();
        packet.extend_from_slice(&[0x80, 96]);
        packet.extend_from_slice(&sequence.to_be_bytes());
        packet.extend_from_slice(&[1; 8]);
        packet.extend_from_slice(&PAYLOAD);
        protector.protect_rtp(&mut packet).unwrap();
        unprotector.unprotect_rtp(black_box(&mut packet)).unwrap();
    }
}
