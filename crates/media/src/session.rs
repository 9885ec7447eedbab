use std::net::SocketAddr;

use bellbird_base::{Codec, Duration, Instant, Seed};

use crate::{
    Hold, Input, OutgoingFrame, Output, Playout, QualityReport, RefusalKind, SdpRefusal, Security, SessionConfig,
};

/// One audio stream of one call.
///
/// Mutate it with any method, then drain [`poll_output`](Self::poll_output) until it gives [`Output::Timeout`].
/// Bytes from the network are never an `Err`: they are counted and dropped. `Err` means local misuse or an SDP to refuse.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
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

/// Why nothing was sent: local misuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not the codec that was agreed on.
    #[error("this codec was not agreed on")]
    WrongCodec,
    /// The peer takes no digits in RTP, or this is no digit.
    #[error("the peer takes no such digit in RTP")]
    NoSuchDigit,
    /// More than the peer's network could carry in a datagram.
    #[error("the payload is too long")]
    TooLong,
}

impl Session {
    /// A session without a peer yet.
    pub fn new(config: SessionConfig, _seed: Seed, _now: Instant) -> Self {
        Self { config }
    }

    /// Our offer. It stays pending until [`accept_answer`](Self::accept_answer) or [`rollback`](Self::rollback).
    pub fn offer(&mut self, _now: Instant) -> Result<String, OfferError> {
        Err(OfferError::KeysUnavailable)
    }

    /// Takes the peer's offer and gives our answer. After an `Err` everything is as it was.
    pub fn answer(&mut self, _now: Instant, _offer: &str) -> Result<String, SdpRefusal> {
        Err(SdpRefusal { kind: RefusalKind::NoAudio, status: 488, reason: String::new() })
    }

    /// Takes the answer to our offer; may be called again with the answer of another fork. After an `Err` the offer is
    /// still pending.
    pub fn accept_answer(&mut self, _now: Instant, _answer: &str) -> Result<(), SdpRefusal> {
        Err(SdpRefusal { kind: RefusalKind::NoAudio, status: 488, reason: String::new() })
    }

    /// Forgets the pending offer (491, 488, a timeout): everything is as it was before it.
    pub fn rollback(&mut self) {}

    /// Whether the next offer puts the peer on hold.
    pub fn set_hold(&mut self, _hold: bool) {}

    /// Our new addresses, for the next offer.
    pub fn set_addresses(&mut self, rtp: SocketAddr, rtcp: Option<SocketAddr>) {
        self.config.rtp_address = rtp;
        self.config.rtcp_address = rtcp;
    }

    /// What the jitter buffer knows, now.
    pub fn set_playout(&mut self, _playout: Playout) {}

    /// Takes a datagram, an instant or a resolved host.
    pub fn handle_input(&mut self, _input: Input<'_>) {}

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Output<'_> {
        Output::Timeout(Instant::FAR_FUTURE)
    }

    /// Sends audio. Where the direction forbids it nothing is sent, and that is no error.
    pub fn send_frame(&mut self, _now: Instant, _frame: OutgoingFrame<'_>) -> Result<(), SendError> {
        Ok(())
    }

    /// Sends nothing for this long (DTX): time goes on, and the next frame bears the marker.
    pub fn skip_frame(&mut self, _codec: Codec, _ticks: u32) {}

    /// Sends comfort noise (RFC 3389) in place of a frame, where the peer knows it. `level` in −dBov.
    pub fn send_comfort_noise(&mut self, _now: Instant, _level: u8) {}

    /// Queues a digit (`0-9*#A-D`, `!` for a hook flash); audio pauses while it sounds.
    pub fn send_digit(&mut self, _now: Instant, _digit: char, _duration: Duration) -> Result<(), SendError> {
        Err(SendError::NoSuchDigit)
    }

    /// Says goodbye (RTCP BYE). Drain the outputs once more.
    pub fn close(&mut self, _now: Instant) {}

    /// How the call sounds, now.
    pub fn report(&self) -> QualityReport {
        QualityReport {
            codec: None,
            security: Security::None,
            hold: Hold::None,
            sent_packets: 0,
            sent_bytes: 0,
            received_packets: 0,
            received_bytes: 0,
            lost_packets: 0,
            loss_percent: 0.0,
            discarded_packets: 0,
            late_packets: 0,
            jitter_ms: 0.0,
            max_jitter_ms: 0.0,
            round_trip_ms: None,
            remote_loss_percent: None,
            remote_jitter_ms: None,
            mos: 4.4,
            r_factor: 93.2,
            wrong_payload_type: 0,
            rejected_packets: 0,
        }
    }
}
