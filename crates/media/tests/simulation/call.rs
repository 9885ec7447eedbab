//! A call of two sessions: time, talk, and what each side has seen.

use std::net::SocketAddr;

use bellbird_base::{Codec, Duration, Instant, Seed};
use bellbird_media::{
    Component, Event, Input, KeysUnavailable, Negotiated, OutgoingFrame, Output, Session, SessionConfig, SrtpPolicy,
};
use bellbird_testkit::{Arrival, Link, Nat, Network};

/// What one side has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) negotiated: Vec<Negotiated>,
    /// Extended sequence number, timestamp and first byte of each frame.
    pub(crate) frames: Vec<(u64, u64, u8)>,
    pub(crate) digits: String,
    pub(crate) noises: Vec<u8>,
    pub(crate) hosts: Vec<String>,
    pub(crate) latched: Vec<(Component, SocketAddr)>,
    pub(crate) sources: usize,
    pub(crate) byes: usize,
    pub(crate) reports: usize,
    pub(crate) digits_sent: usize,
}

pub(crate) struct Side {
    pub(crate) session: Session,
    pub(crate) seen: Seen,
    pub(crate) address: SocketAddr,
    /// What was sent: destination and payload.
    pub(crate) wire: Vec<(SocketAddr, Vec<u8>)>,
    pub(crate) talks: bool,
    sent: u32,
}

pub(crate) struct Call {
    pub(crate) now: Instant,
    pub(crate) network: Network,
    pub(crate) alice: Side,
    pub(crate) bob: Side,
    next_frame: Instant,
}

/// Keys that tests can tell apart.
pub(crate) fn keys(mut fill: u8) -> impl FnMut(&mut [u8]) -> Result<(), KeysUnavailable> + Send {
    move |key| {
        fill = fill.wrapping_add(1);
        key.fill(fill);
        Ok(())
    }
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn config(rtp: &str, srtp: SrtpPolicy) -> SessionConfig {
    let fill = rtp.len() as u8 ^ rtp.as_bytes()[rtp.len() - 1];
    SessionConfig { srtp, ..SessionConfig::new(address(rtp), Box::new(keys(fill))) }
}

pub(crate) const ALICE: &str = "192.0.2.1:4000";
pub(crate) const BOB: &str = "192.0.2.2:5000";

impl Side {
    pub(crate) fn new(config: SessionConfig, seed: u64) -> Self {
        let address = config.rtp_address;
        let session = Session::new(config, Seed::from_number(seed), Instant::ORIGIN);
        Self { session, seen: Seen::default(), address, wire: Vec::new(), talks: true, sent: 0 }
    }

    fn talk(&mut self, now: Instant) {
        let Some(negotiated) = self.seen.negotiated.last().filter(|_| self.talks) else { return };
        let codec = negotiated.codec;
        let ticks = codec.clock_rate() / 1_000 * negotiated.ptime.as_millis() as u32;
        let payload = [self.sent as u8; 40];
        self.sent += 1;
        self.session.send_frame(now, OutgoingFrame { codec, ticks, marker: false, payload: &payload }).unwrap();
    }

    /// Gives the instant to come back at.
    fn drain(&mut self, network: &mut Network) -> Instant {
        loop {
            match self.session.poll_output() {
                Output::Transmit(datagram) => {
                    let port = self.address.port() + u16::from(datagram.component == Component::Rtcp);
                    let source = SocketAddr::new(self.address.ip(), port);
                    self.wire.push((datagram.destination, datagram.payload.to_vec()));
                    network.send(source, datagram.destination, datagram.payload.to_vec());
                }
                Output::Event(event) => self.seen.note(event),
                Output::Timeout(instant) => return instant,
            }
        }
    }

    fn is_at(&self, destination: SocketAddr) -> Option<Component> {
        let is_here = self.address.ip() == destination.ip();
        match is_here.then(|| destination.port().checked_sub(self.address.port())).flatten() {
            Some(0) => Some(Component::Rtp),
            Some(1) => Some(Component::Rtcp),
            _ => None,
        }
    }
}

impl Seen {
    fn note(&mut self, event: Event<'_>) {
        match event {
            Event::Negotiated(negotiated) => self.negotiated.push(negotiated),
            Event::Frame(frame) => self.frames.push((frame.sequence, frame.timestamp, frame.payload[0])),
            Event::Digit { digit, .. } => self.digits.push(digit),
            Event::Latched(component, source) => self.latched.push((component, source)),
            Event::SourceChanged { .. } => self.sources += 1,
            Event::DigitsSent => self.digits_sent += 1,
            Event::Bye => self.byes += 1,
            Event::ReportReceived => self.reports += 1,
            Event::ComfortNoise { level, .. } => self.noises.push(level),
            Event::ResolveHost(host) => self.hosts.push(host.to_owned()),
        }
    }
}

impl Call {
    pub(crate) fn new(alice: SessionConfig, bob: SessionConfig, seed: u64, link: Link) -> Self {
        Self {
            now: Instant::ORIGIN,
            network: Network::new(&Seed::from_number(seed), link),
            alice: Side::new(alice, seed * 2 + 1),
            bob: Side::new(bob, seed * 2 + 2),
            next_frame: Instant::ORIGIN,
        }
    }

    /// A call that stands.
    pub(crate) fn connected(srtp: SrtpPolicy, seed: u64, link: Link) -> Self {
        let mut call = Self::new(config(ALICE, srtp), config(BOB, srtp), seed, link);
        call.exchange();
        call
    }

    /// Alice offers, Bob answers.
    pub(crate) fn exchange(&mut self) {
        let offer = self.alice.session.offer(self.now).unwrap();
        let answer = self.bob.session.answer(self.now, &offer).unwrap();
        self.alice.session.accept_answer(self.now, &answer).unwrap();
        self.drain();
    }

    /// Bob offers, Alice answers.
    pub(crate) fn exchange_back(&mut self) {
        let offer = self.bob.session.offer(self.now).unwrap();
        let answer = self.alice.session.answer(self.now, &offer).unwrap();
        self.bob.session.accept_answer(self.now, &answer).unwrap();
        self.drain();
    }

    pub(crate) fn drain(&mut self) -> Instant {
        let alice = self.alice.drain(&mut self.network);
        let bob = self.bob.drain(&mut self.network);
        alice.min(bob)
    }

    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let timeout = self.drain();
            let next = [Some(timeout), self.network.next_arrival(), Some(self.next_frame)].into_iter().flatten().min();
            let next = next.unwrap();
            if next > end {
                self.now = end;
                self.network.advance(end);
                return;
            }
            self.now = next.max(self.now);
            self.network.advance(self.now);
            self.step();
        }
    }

    fn step(&mut self) {
        if self.next_frame <= self.now {
            self.next_frame = self.now + Duration::from_millis(20);
            self.alice.talk(self.now);
            self.bob.talk(self.now);
        }
        while let Some(arrival) = self.network.receive() {
            let Arrival::Datagram { from, to, mut payload } = arrival else { panic!("no streams here") };
            for side in [&mut self.alice, &mut self.bob] {
                if let Some(component) = side.is_at(to) {
                    side.session.handle_input(Input::Receive(self.now, component, from, &mut payload));
                    break;
                }
            }
        }
        for side in [&mut self.alice, &mut self.bob] {
            side.session.handle_input(Input::Timeout(self.now));
        }
    }

    /// A datagram out of nowhere.
    pub(crate) fn inject(&mut self, to_bob: bool, component: Component, source: &str, payload: &[u8]) {
        let side = if to_bob { &mut self.bob } else { &mut self.alice };
        let mut payload = payload.to_vec();
        side.session.handle_input(Input::Receive(self.now, component, address(source), &mut payload));
    }
}

/// Alice is behind a NAT and tells the address that she sees herself.
pub(crate) fn behind_nat(srtp: SrtpPolicy) -> Call {
    let mut call = Call::new(config(INSIDE, srtp), config(BOB, srtp), 1, FAIR);
    call.network.add_nat(Nat::new(PUBLIC.parse().unwrap(), [address(INSIDE).ip()]));
    call
}

pub(crate) const INSIDE: &str = "10.0.0.7:4000";
pub(crate) const PUBLIC: &str = "198.51.100.1";

/// 20 ms, and nothing is lost.
pub(crate) const FAIR: Link = Link::after(Duration::from_millis(20));

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn only(codec: Codec, config: SessionConfig) -> SessionConfig {
    SessionConfig { codecs: vec![codec], ..config }
}
