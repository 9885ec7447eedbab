mod protection;
mod receive;
mod report;
mod send;

use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Instant, Rng, Seed};

use crate::config::SessionConfig;
use crate::event::{Input, Negotiated, Output};
use crate::negotiation::{Agreement, Negotiator, RefusalKind, RtcpTarget, SdpRefusal};
use crate::outputs::{Outputs, PlainEvent};
use crate::path::Path;
use crate::quality::Playout;
use crate::rtcp::Schedule;
use crate::rtp::{DigitReceiver, DigitSender, Sender};
use crate::sdp::Direction;
use protection::Protection;
use receive::{Counters, Hearing};
use report::PeerReports;

pub use send::SendError;

/// One audio stream of one call.
///
/// Mutate it with any method, then drain [`poll_output`](Self::poll_output) until it gives [`Output::Timeout`].
/// Bytes from the network are never an `Err`: they are counted and dropped. `Err` means local misuse or an SDP to refuse.
///
/// Negotiation, path and protection are parts of their own: ICE will be another way to find the path, DTLS another one to
/// agree on the keys.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    rng: Rng,
    cname: String,
    negotiator: Negotiator,
    /// What we want of the next exchange: less than both ways while we hold.
    wanted: Direction,
    /// What RTP runs by: a copy of the negotiator's, so that changes are seen.
    agreement: Option<Agreement>,
    protection: Protection,
    rtp_path: Path,
    rtcp_path: Path,
    sender: Sender,
    digit_sender: DigitSender,
    digit_receiver: DigitReceiver,
    hearing: Hearing,
    counters: Counters,
    schedule: Schedule,
    peer_reports: PeerReports,
    playout: Playout,
    /// Where our own SSRC came from, if it did.
    collided_with: Option<SocketAddr>,
    outputs: Outputs,
}

/// Why there is no offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// An offer of ours waits for its answer (RFC 3264 §4).
    #[error("an offer of ours waits for its answer")]
    OfferPending,
    /// The crypto provider gave no keys.
    #[error("the crypto provider gave no keys")]
    KeysUnavailable,
}

impl Session {
    /// A session without a peer yet.
    pub fn new(config: SessionConfig, seed: Seed, _now: Instant) -> Self {
        let mut rng = Rng::new(&seed);
        let cname = config.cname.clone().unwrap_or_else(|| rng.token(20));
        Self {
            cname,
            negotiator: Negotiator::new(&mut rng),
            wanted: Direction::SendRecv,
            agreement: None,
            protection: Protection::default(),
            rtp_path: Path::default(),
            rtcp_path: Path::default(),
            sender: Sender::new(&mut rng),
            digit_sender: DigitSender::default(),
            digit_receiver: DigitReceiver::default(),
            hearing: Hearing::default(),
            counters: Counters::default(),
            schedule: Schedule::new(config.rtcp_interval),
            peer_reports: PeerReports::default(),
            playout: Playout::default(),
            collided_with: None,
            outputs: Outputs::default(),
            config,
            rng,
        }
    }

    /// Our offer. It stays pending until [`accept_answer`](Self::accept_answer) or [`rollback`](Self::rollback).
    pub fn offer(&mut self, _now: Instant) -> Result<String, OfferError> {
        match self.negotiator.offer(&mut self.config, self.wanted) {
            None => Err(OfferError::OfferPending),
            Some(offer) => offer.map_err(|_: RefusalKind| OfferError::KeysUnavailable),
        }
    }

    /// Takes the peer's offer and gives our answer. After an `Err` everything is as it was.
    pub fn answer(&mut self, now: Instant, offer: &str) -> Result<String, SdpRefusal> {
        let answer = self.negotiator.answer(&mut self.config, self.wanted, offer)?;
        self.apply(now);
        Ok(answer)
    }

    /// Takes the answer to our offer; may be called again with the answer of another fork. After an `Err` the offer is
    /// still pending.
    pub fn accept_answer(&mut self, now: Instant, answer: &str) -> Result<(), SdpRefusal> {
        self.negotiator.accept_answer(&self.config, answer)?;
        self.apply(now);
        Ok(())
    }

    /// Forgets the pending offer (491, 488, a timeout): everything is as it was before it.
    pub fn rollback(&mut self) {
        self.negotiator.rollback();
    }

    /// Whether the next offer or answer puts the peer on hold. Until then nothing changes.
    pub fn set_hold(&mut self, hold: bool) {
        self.wanted = if hold { Direction::SendOnly } else { Direction::SendRecv };
    }

    /// Our new addresses, for the next offer or answer.
    pub fn set_addresses(&mut self, rtp: SocketAddr, rtcp: Option<SocketAddr>) {
        self.config.rtp_address = rtp;
        self.config.rtcp_address = rtcp;
    }

    /// What the jitter buffer knows, now.
    pub fn set_playout(&mut self, playout: Playout) {
        self.playout = playout;
    }

    /// Takes a datagram, an instant or a resolved host.
    pub fn handle_input(&mut self, input: Input<'_>) {
        match input {
            Input::Timeout(now) => self.pass_time(now),
            Input::Receive(now, component, source, datagram) => self.receive(now, component, source, datagram),
            Input::Resolved(now, address) => self.resolved(now, address),
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output<'_> {
        // What is due is asked for first: the borrow of an output would last to the end of the method.
        let timeout = self.timeout();
        self.outputs.pop().unwrap_or(Output::Timeout(timeout))
    }

    fn timeout(&self) -> Instant {
        let due = [self.schedule.due(), self.digit_sender.due(), self.digit_receiver.due()];
        due.into_iter().flatten().min().unwrap_or(Instant::FAR_FUTURE)
    }

    fn pass_time(&mut self, now: Instant) {
        self.step_digits(now);
        if let Some(digit) = self.digit_receiver.expire(now) {
            self.outputs.event(PlainEvent::Digit(digit));
        }
        if self.schedule.is_due(now, &mut self.rng) {
            self.send_report(now);
        }
    }

    fn resolved(&mut self, now: Instant, address: IpAddr) {
        self.negotiator.resolve(address);
        self.apply(now);
    }

    /// Makes RTP run by what the negotiator has come to.
    fn apply(&mut self, now: Instant) {
        let Some(agreement) = self.negotiator.agreement() else { return };
        if self.agreement.as_ref() == Some(agreement) {
            return;
        }
        let agreement = agreement.clone();
        let before = self.agreement.as_ref().and_then(negotiated);
        if self.agreement.as_ref().is_some_and(|before| before.keys.is_other_peer(&agreement.keys)) {
            self.sender.change_source(&mut self.rng);
        }
        self.protection.renew(&agreement.keys);
        self.rtp_path.renegotiate(now, agreement.transport.rtp.address());
        let rtcp_address = match &agreement.transport.rtcp {
            RtcpTarget::Separate(target) => target.address(),
            RtcpTarget::Off | RtcpTarget::Muxed => None,
        };
        self.rtcp_path.renegotiate(now, rtcp_address);
        match agreement.transport.rtcp {
            RtcpTarget::Off => self.schedule.stop(),
            RtcpTarget::Muxed | RtcpTarget::Separate(_) => self.schedule.start(now, &mut self.rng),
        }
        if agreement.event().is_none() || !agreement.direction.sends() {
            self.digit_sender.clear();
        }
        if let Some(host) = agreement.transport.rtp.name() {
            self.outputs.resolve_host(host);
        }
        let after = negotiated(&agreement);
        self.agreement = Some(agreement);
        if let Some(after) = after.filter(|after| before.as_ref() != Some(after)) {
            self.outputs.event(PlainEvent::Negotiated(Box::new(after)));
        }
    }
}

/// What the application is told of an agreement.
fn negotiated(agreement: &Agreement) -> Option<Negotiated> {
    let (codec, _) = agreement.codec()?;
    let mut receivable = Vec::with_capacity(4);
    for (codec, _) in crate::negotiation::audio(&agreement.receive) {
        if !receivable.contains(&codec) {
            receivable.push(codec);
        }
    }
    Some(Negotiated {
        codec,
        receivable,
        ptime: agreement.ptime,
        send: agreement.direction.sends(),
        receive: agreement.direction.receives(),
        hold: agreement.hold,
        security: agreement.security(),
        telephone_event: agreement.event().is_some(),
        comfort_noise: agreement.comfort_noise().is_some(),
        opus: agreement.opus,
    })
}
