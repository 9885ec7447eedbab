//! A call of two sessions: time, talk, and what each side has seen.

use std::net::SocketAddr;

use bellbird_base::{Codec, Duration, Instant, Seed};
use bellbird_media::{
    Component, Event, Input, KeysUnavailable, Negotiated, OutgoingFrame, Output, Session, SessionConfig, SrtpPolicy,
};

use super::network::{Network, Weather};

/// What one side has seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub negotiated: Vec<Negotiated>,
    /// Extended sequence number, timestamp and first byte of each frame.
    pub frames: Vec<(u64, u64, u8)>,
    pub digits: String,
    pub latched: Vec<(Component, SocketAddr)>,
    pub sources: usize,
    pub byes: usize,
    pub reports: usize,
    pub digits_sent: usize,
}

pub struct Side {
    pub session: Session,
    pub seen: Seen,
    pub address: SocketAddr,
    /// What the network shows of our address: another one behind a NAT.
    pub outside: SocketAddr,
    pub talks: bool,
    sent: u32,
}

pub struct Call {
    pub now: Instant,
    pub network: Network,
    pub alice: Side,
    pub bob: Side,
    next_frame: Instant,
}

/// Keys that tests can tell apart.
pub fn keys(mut fill: u8) -> impl FnMut(&mut [u8]) -> Result<(), KeysUnavailable> + Send {
    move |key| {
        fill = fill.wrapping_add(1);
        key.fill(fill);
        Ok(())
    }
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn config(rtp: &str, srtp: SrtpPolicy) -> SessionConfig {
    let fill = rtp.len() as u8 ^ rtp.as_bytes()[rtp.len() - 1];
    SessionConfig { srtp, ..SessionConfig::new(address(rtp), Box::new(keys(fill))) }
}

pub const ALICE: &str = "192.0.2.1:4000";
pub const BOB: &str = "192.0.2.2:5000";

impl Side {
    fn new(config: SessionConfig, seed: u64) -> Self {
        let address = config.rtp_address;
        let session = Session::new(config, Seed::from_number(seed), Instant::ORIGIN);
        Self { session, seen: Seen::default(), address, outside: address, talks: true, sent: 0 }
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
    fn drain(&mut self, now: Instant, network: &mut Network) -> Instant {
        loop {
            match self.session.poll_output() {
                Output::Transmit(datagram) => {
                    let shift = u16::from(datagram.component == Component::Rtcp);
                    let source = SocketAddr::new(self.outside.ip(), self.outside.port() + shift);
                    network.send(now, datagram.component, source, datagram.destination, datagram.payload);
                }
                Output::Event(event) => self.seen.note(event),
                Output::Timeout(instant) => return instant,
            }
        }
    }

    fn is_at(&self, destination: SocketAddr) -> Option<Component> {
        let from_here = |at: SocketAddr| {
            let is_here = at.ip() == destination.ip();
            match is_here.then(|| destination.port().checked_sub(at.port())).flatten() {
                Some(0) => Some(Component::Rtp),
                Some(1) => Some(Component::Rtcp),
                _ => None,
            }
        };
        from_here(self.outside)
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
            Event::ComfortNoise { .. } | Event::ResolveHost(_) => {}
        }
    }
}

impl Call {
    pub fn new(alice: SessionConfig, bob: SessionConfig, seed: u64, weather: Weather) -> Self {
        Self {
            now: Instant::ORIGIN,
            network: Network::new(seed, weather),
            alice: Side::new(alice, seed * 2 + 1),
            bob: Side::new(bob, seed * 2 + 2),
            next_frame: Instant::ORIGIN,
        }
    }

    /// A call that stands.
    pub fn connected(srtp: SrtpPolicy, seed: u64, weather: Weather) -> Self {
        let mut call = Self::new(config(ALICE, srtp), config(BOB, srtp), seed, weather);
        call.exchange();
        call
    }

    /// Alice offers, Bob answers.
    pub fn exchange(&mut self) {
        let offer = self.alice.session.offer(self.now).unwrap();
        let answer = self.bob.session.answer(self.now, &offer).unwrap();
        self.alice.session.accept_answer(self.now, &answer).unwrap();
        self.drain();
    }

    /// Bob offers, Alice answers.
    pub fn exchange_back(&mut self) {
        let offer = self.bob.session.offer(self.now).unwrap();
        let answer = self.alice.session.answer(self.now, &offer).unwrap();
        self.bob.session.accept_answer(self.now, &answer).unwrap();
        self.drain();
    }

    pub fn drain(&mut self) -> Instant {
        let alice = self.alice.drain(self.now, &mut self.network);
        let bob = self.bob.drain(self.now, &mut self.network);
        alice.min(bob)
    }

    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let timeout = self.drain();
            let next = [Some(timeout), self.network.next(), Some(self.next_frame)].into_iter().flatten().min().unwrap();
            if next > end {
                self.now = end;
                return;
            }
            self.now = next.max(self.now);
            self.step();
        }
    }

    fn step(&mut self) {
        if self.next_frame <= self.now {
            self.next_frame = self.now + Duration::from_millis(20);
            self.alice.talk(self.now);
            self.bob.talk(self.now);
        }
        while let Some(mut flying) = self.network.arrived(self.now) {
            for side in [&mut self.alice, &mut self.bob] {
                if let Some(component) = side.is_at(flying.to) {
                    let input = Input::Receive(self.now, component, flying.source, &mut flying.payload);
                    side.session.handle_input(input);
                    break;
                }
            }
        }
        for side in [&mut self.alice, &mut self.bob] {
            side.session.handle_input(Input::Timeout(self.now));
        }
    }

    /// A datagram out of nowhere.
    pub fn inject(&mut self, to_bob: bool, component: Component, source: &str, payload: &[u8]) {
        let side = if to_bob { &mut self.bob } else { &mut self.alice };
        let mut payload = payload.to_vec();
        side.session.handle_input(Input::Receive(self.now, component, address(source), &mut payload));
    }
}

pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn only(codec: Codec, config: SessionConfig) -> SessionConfig {
    SessionConfig { codecs: vec![codec], ..config }
}
