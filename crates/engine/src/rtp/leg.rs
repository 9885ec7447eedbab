use std::io;
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Duration, Instant, Rng, Seed};
use bellbird_contract::CallId;
use bellbird_media::{
    Component, Event, Input, Negotiated, OutgoingFrame, Output, Playout, QualityReport, SdpRefusal, Session,
    SessionConfig,
};
use mio::Poll;

use super::packet::{FromSound, Payload, ToSound};
use super::sockets::{PortRange, Sockets};
use super::{REPORT_INTERVAL, RtpEvent};

/// The RTP thread's ends of the rings to and from the sound thread.
pub(crate) struct LegRings {
    /// What was received.
    pub(crate) to_sound: rtrb::Producer<ToSound>,
    /// What is to be sent.
    pub(crate) from_sound: rtrb::Consumer<FromSound>,
    /// What the jitter buffer says of itself.
    pub(crate) playout: rtrb::Consumer<Playout>,
}

/// What happened on a leg, before it is known whose it is.
pub(super) enum LegEvent {
    Negotiated(Negotiated),
    Digit(char),
    Report(QualityReport),
    ResolveHost(String),
}

impl LegEvent {
    pub(super) fn of(self, call: CallId) -> RtpEvent {
        match self {
            Self::Negotiated(negotiated) => RtpEvent::Negotiated(call, negotiated),
            Self::Digit(digit) => RtpEvent::Digit(call, digit),
            Self::Report(report) => RtpEvent::Report { call, report: Box::new(report), last: false },
            Self::ResolveHost(host) => RtpEvent::ResolveHost(call, host),
        }
    }
}

/// One call's session, its sockets and its rings.
pub(super) struct Leg {
    number: usize,
    session: Session,
    sockets: Sockets,
    rings: LegRings,
    rng: Rng,
    session_deadline: Instant,
    next_report: Instant,
    buffer: Box<[u8; 2_048]>,
}

impl Leg {
    #[expect(clippy::too_many_arguments, reason = "called once, with the fields of one command")]
    pub(super) fn open(
        poll: &Poll,
        ports: PortRange,
        number: usize,
        address: IpAddr,
        configure: Box<dyn FnOnce(SocketAddr, SocketAddr) -> SessionConfig + Send>,
        seed: Seed,
        rings: LegRings,
        now: Instant,
    ) -> io::Result<Self> {
        let mut rng = Rng::new(&seed);
        let mut sockets = Sockets::bind(address, ports, |bound| rng.below(bound))?;
        sockets.register(poll, number)?;
        let (rtp, rtcp) = sockets.addresses()?;
        let session = Session::new(configure(rtp, rtcp), rng.fork(), now);
        Ok(Self {
            number,
            session,
            sockets,
            rings,
            rng,
            session_deadline: now,
            next_report: now + REPORT_INTERVAL,
            buffer: Box::new([0; 2_048]),
        })
    }

    pub(super) const fn number(&self) -> usize {
        self.number
    }

    pub(super) fn deadline(&self) -> Instant {
        self.session_deadline.min(self.next_report)
    }

    pub(super) fn offer(&mut self, now: Instant) -> Result<String, String> {
        self.session.offer(now).map_err(|error| error.to_string())
    }

    pub(super) fn answer(&mut self, now: Instant, offer: &str) -> Result<String, SdpRefusal> {
        self.session.answer(now, offer)
    }

    pub(super) fn accept_answer(&mut self, now: Instant, answer: &str) -> Result<(), SdpRefusal> {
        self.session.accept_answer(now, answer)
    }

    pub(super) fn rollback(&mut self) {
        self.session.rollback();
    }

    pub(super) fn set_hold(&mut self, hold: bool) {
        self.session.set_hold(hold);
    }

    pub(super) fn resolved(&mut self, now: Instant, address: IpAddr) {
        self.session.handle_input(Input::Resolved(now, address));
    }

    /// Whether the digit goes out as RTP events.
    pub(super) fn send_digit(&mut self, now: Instant, digit: char, duration: Duration) -> bool {
        self.session.send_digit(now, digit, duration).is_ok()
    }

    pub(super) fn change_address(&mut self, poll: &Poll, ports: PortRange, address: IpAddr) -> io::Result<()> {
        let mut sockets = Sockets::bind(address, ports, |bound| self.rng.below(bound))?;
        self.sockets.deregister(poll);
        sockets.register(poll, self.number)?;
        self.sockets = sockets;
        let (rtp, rtcp) = self.sockets.addresses()?;
        self.session.set_addresses(rtp, Some(rtcp));
        Ok(())
    }

    pub(super) fn receive(
        &mut self,
        now: &impl Fn() -> Instant,
        component: Component,
        events: &mut impl FnMut(LegEvent),
    ) {
        while let Some((length, source)) = self.sockets.receive(component, &mut self.buffer[..]) {
            let datagram = &mut self.buffer[..length];
            self.session.handle_input(Input::Receive(now(), component, source, datagram));
            self.drain(events);
        }
    }

    /// Hands what the sound thread has encoded to the session.
    pub(super) fn send_frames(&mut self, now: Instant) {
        while let Ok(frame) = self.rings.from_sound.pop() {
            match frame {
                FromSound::Frame { codec, ticks, marker, payload } => {
                    let frame = OutgoingFrame { codec, ticks, marker, payload: payload.as_slice() };
                    if let Err(error) = self.session.send_frame(now, frame) {
                        // The codec has just changed, and this frame is of the old one.
                        tracing::debug!("a frame was not sent: {error}");
                    }
                }
                FromSound::ComfortNoise { codec, ticks, payload } => {
                    let level = payload.as_slice().first().copied().unwrap_or(127);
                    self.session.send_comfort_noise(now, level);
                    self.session.skip_frame(codec, ticks);
                }
                FromSound::Silence { codec, ticks } => self.session.skip_frame(codec, ticks),
            }
        }
    }

    pub(super) fn pass_time(&mut self, now: Instant, events: &mut impl FnMut(LegEvent)) {
        while let Ok(playout) = self.rings.playout.pop() {
            self.session.set_playout(playout);
        }
        if self.session_deadline <= now {
            self.session.handle_input(Input::Timeout(now));
        }
        self.drain(events);
        if self.next_report <= now {
            self.next_report = now + REPORT_INTERVAL;
            events(LegEvent::Report(self.session.report()));
        }
    }

    /// Says goodbye and gives the last figures.
    pub(super) fn close(&mut self, poll: &Poll, now: Instant) -> QualityReport {
        let report = self.session.report();
        self.session.close(now);
        self.drain(&mut |_| {});
        self.sockets.deregister(poll);
        report
    }

    fn drain(&mut self, events: &mut impl FnMut(LegEvent)) {
        loop {
            match self.session.poll_output() {
                Output::Transmit(datagram) => {
                    self.sockets.send(datagram.component, datagram.destination, datagram.payload);
                }
                Output::Event(event) => pass_on(event, &mut self.rings.to_sound, events),
                Output::Timeout(deadline) => {
                    self.session_deadline = deadline;
                    return;
                }
            }
        }
    }
}

/// Sound goes into the ring; where that is full the sound thread stands still, and the oldest audio is of no use anyway.
fn pass_on(event: Event<'_>, to_sound: &mut rtrb::Producer<ToSound>, events: &mut impl FnMut(LegEvent)) {
    let sound = match event {
        Event::Frame(frame) => ToSound::Frame {
            codec: frame.codec,
            sequence: frame.sequence,
            timestamp: frame.timestamp,
            arrival: frame.arrival,
            payload: Payload::copy_of(frame.payload),
        },
        Event::ComfortNoise { codec, sequence, timestamp, arrival, level, spectrum } => {
            ToSound::ComfortNoise { codec, sequence, timestamp, arrival, level, spectrum: Payload::copy_of(spectrum) }
        }
        Event::SourceChanged { .. } => ToSound::SourceChanged,
        Event::Negotiated(negotiated) => return events(LegEvent::Negotiated(negotiated)),
        Event::Digit { digit, .. } => return events(LegEvent::Digit(digit)),
        Event::ResolveHost(host) => return events(LegEvent::ResolveHost(host.to_owned())),
        Event::DigitsSent | Event::Latched(..) | Event::Bye | Event::ReportReceived => return,
    };
    if to_sound.push(sound).is_err() {
        tracing::debug!("the sound thread is behind: a packet was dropped");
    }
}
