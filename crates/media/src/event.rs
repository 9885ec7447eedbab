use core::fmt;
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Codec, Duration, Instant};
use serde::Serialize;

use crate::srtp::Suite;

/// Which of the two sockets of an audio stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Audio; with `a=rtcp-mux` RTCP too.
    Rtp,
    /// RTCP on a port of its own.
    Rtcp,
}

/// What a driver tells a [`Session`](crate::Session).
#[derive(Debug)]
pub enum Input<'a> {
    /// The instant that [`Output::Timeout`] named has come; earlier or later does no harm.
    Timeout(Instant),
    /// A datagram came in on a component's socket, from this source. SRTP is undone in place.
    Receive(Instant, Component, SocketAddr, &'a mut [u8]),
    /// The answer to [`Event::ResolveHost`].
    Resolved(Instant, IpAddr),
}

/// What a [`Session`](crate::Session) tells its driver. It borrows the session until the next call.
#[derive(Debug)]
pub enum Output<'a> {
    /// Send this datagram.
    Transmit(Datagram<'a>),
    /// Something happened.
    Event(Event<'a>),
    /// Nothing more: come back with [`Input::Timeout`] at this instant, or with a packet before.
    Timeout(Instant),
}

/// A datagram to send.
pub struct Datagram<'a> {
    /// From which socket of ours.
    pub component: Component,
    /// Where to.
    pub destination: SocketAddr,
    /// The whole payload.
    pub payload: &'a [u8],
}

impl fmt::Debug for Datagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Datagram({:?}, {} bytes)", self.component, self.payload.len())
    }
}

/// What happens in a session.
#[derive(Debug)]
pub enum Event<'a> {
    /// An offer/answer exchange is complete; said again after each one that changes something.
    Negotiated(Negotiated),
    /// Encoded audio came in.
    Frame(RtpFrame<'a>),
    /// The peer pressed a digit and released it (RFC 4733): `0-9*#A-D`, or `!` for a hook flash.
    Digit {
        /// The digit.
        digit: char,
        /// How long it was held.
        duration: Duration,
    },
    /// Comfort noise came in (RFC 3389): the peer is silent.
    ComfortNoise {
        /// The codec whose clock it counts in.
        codec: Codec,
        /// Extended sequence number, as in [`RtpFrame::sequence`].
        sequence: u64,
        /// Extended timestamp, as in [`RtpFrame::timestamp`].
        timestamp: u64,
        /// When it came in.
        arrival: Instant,
        /// Loudness in −dBov: 0 is full scale, 127 is silence.
        level: u8,
        /// Reflection coefficients, quantised; may be empty.
        spectrum: &'a [u8],
    },
    /// We send to where the peer sends from (symmetric RTP), no longer to the SDP's address.
    Latched(Component, SocketAddr),
    /// Another source sends now (SSRC change or restart): start the jitter buffer afresh.
    SourceChanged {
        /// The new synchronisation source.
        ssrc: u32,
    },
    /// The last of the digits given to `send_digit` has been sent.
    DigitsSent,
    /// The peer left the RTP session (RTCP BYE).
    Bye,
    /// The SDP names a host instead of an address: resolve it and come back with [`Input::Resolved`].
    ResolveHost(&'a str),
    /// The peer's RTCP came in: [`report`](crate::Session::report) has news.
    ReportReceived,
}

/// Encoded audio out of one RTP packet.
pub struct RtpFrame<'a> {
    /// The codec of the payload.
    pub codec: Codec,
    /// Extended sequence number (RFC 3550 A.1): goes on over 2^16, starts above 2^16, restarts with the source.
    pub sequence: u64,
    /// Extended timestamp in ticks of [`Codec::clock_rate`]: goes on over 2^32.
    pub timestamp: u64,
    /// First packet after silence (RFC 3551 §4.1).
    pub marker: bool,
    /// When it came in.
    pub arrival: Instant,
    /// The encoded audio.
    pub payload: &'a [u8],
}

impl fmt::Debug for RtpFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RtpFrame({:?} #{} @{}, {} bytes)", self.codec, self.sequence, self.timestamp, self.payload.len())
    }
}

/// Encoded audio that shall be sent.
pub struct OutgoingFrame<'a> {
    /// The codec of the payload: the one that [`Negotiated`] named.
    pub codec: Codec,
    /// How much audio it holds, in ticks of [`Codec::clock_rate`]: the next frame's timestamp is this much later.
    pub ticks: u32,
    /// First frame after silence. Set by itself after [`skip_frame`](crate::Session::skip_frame).
    pub marker: bool,
    /// The encoded audio.
    pub payload: &'a [u8],
}

impl fmt::Debug for OutgoingFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutgoingFrame({:?}, {} ticks, {} bytes)", self.codec, self.ticks, self.payload.len())
    }
}

/// What an offer/answer exchange came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The codec to send.
    pub codec: Codec,
    /// All codecs that may come in.
    pub receivable: Vec<Codec>,
    /// How much audio the peer wants in a packet.
    pub ptime: Duration,
    /// Whether we may send audio now.
    pub send: bool,
    /// Whether we may get audio now.
    pub receive: bool,
    /// Who holds the call.
    pub hold: Hold,
    /// How the audio is protected.
    pub security: Security,
    /// Whether digits go as RTP events; else they have to go by SIP INFO or as tones.
    pub telephone_event: bool,
    /// Whether the peer knows comfort noise.
    pub comfort_noise: bool,
    /// What the peer wants of our Opus encoder.
    pub opus: OpusParameters,
}

/// Who holds a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// Nobody.
    None,
    /// We do.
    Local,
    /// The peer does.
    Remote,
    /// Both do.
    Both,
}

/// How audio is protected on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all: plain RTP.
    None,
    /// SRTP with keys in the SDP (RFC 4568).
    Sdes {
        /// Cipher and authentication.
        suite: Suite,
    },
}

/// What a peer wants of our Opus encoder, out of its `a=fmtp` (RFC 7587 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusParameters {
    /// Highest useful playback rate in Hz.
    pub max_playback_rate: u32,
    /// Highest average bit rate in bit/s, where given.
    pub max_average_bitrate: Option<u32>,
    /// Whether the peer prefers stereo.
    pub stereo: bool,
    /// Whether the bit rate shall be constant.
    pub constant_bitrate: bool,
    /// Whether the peer makes use of in-band forward error correction.
    pub inband_fec: bool,
    /// Whether the peer wants discontinuous transmission.
    pub dtx: bool,
}

impl Default for OpusParameters {
    fn default() -> Self {
        Self {
            max_playback_rate: 48_000,
            max_average_bitrate: None,
            stereo: false,
            constant_bitrate: false,
            inband_fec: false,
            dtx: false,
        }
    }
}
