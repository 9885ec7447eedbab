use core::fmt;
use std::net::SocketAddr;

use bellbird_base::{Codec, Duration};

use crate::srtp::Suite;

/// What a [`Session`](crate::Session) is told once, when it is made.
pub struct SessionConfig {
    /// Codecs in our order of preference; the order of our offers.
    pub codecs: Vec<Codec>,
    /// Whether SRTP is offered or demanded.
    pub srtp: SrtpPolicy,
    /// SDES suites in our order of preference; the order of our offers.
    pub suites: Vec<Suite>,
    /// Where we receive RTP, as the peer can reach it: what `c=` and `m=` say.
    pub rtp_address: SocketAddr,
    /// Where we receive RTCP; `None` asks for `a=rtcp-mux`, RTP and RTCP on one port (RFC 5761).
    pub rtcp_address: Option<SocketAddr>,
    /// The canonical name in RTCP (RFC 7022); `None` draws a random one, which says nothing about the user.
    pub cname: Option<String>,
    /// How much audio a packet holds, unless the peer asks for something else.
    pub ptime: Duration,
    /// Whether digits go as RTP events (RFC 4733).
    pub telephone_event: bool,
    /// Whether comfort noise (RFC 3389, payload type 13) is offered and accepted.
    pub comfort_noise: bool,
    /// Whether we ask for, and answer, RTCP XR VoIP metrics (RFC 3611).
    pub extended_reports: bool,
    /// Whose packets are believed in when they do not come from the address in the SDP.
    pub latch: LatchPolicy,
    /// Shortest regular interval between RTCP reports; RFC 3550 §6.2 says 5 s.
    pub rtcp_interval: Duration,
    /// Where SRTP master keys come from: the crypto provider, never the seed.
    pub keys: Box<dyn KeySource>,
}

impl SessionConfig {
    /// A phone's usual choices: every codec, 20 ms, events, no SRTP, latching once.
    pub fn new(rtp_address: SocketAddr, keys: Box<dyn KeySource>) -> Self {
        let rtcp_port = rtp_address.port().saturating_add(1);
        Self {
            codecs: Codec::ALL.to_vec(),
            srtp: SrtpPolicy::Off,
            suites: Suite::OFFERED.to_vec(),
            rtp_address,
            rtcp_address: Some(SocketAddr::new(rtp_address.ip(), rtcp_port)),
            cname: None,
            ptime: Duration::from_millis(20),
            telephone_event: true,
            comfort_noise: true,
            extended_reports: true,
            latch: LatchPolicy::Once,
            rtcp_interval: Duration::from_secs(5),
            keys,
        }
    }
}

impl fmt::Debug for SessionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No addresses, no canonical name.
        f.debug_struct("SessionConfig")
            .field("codecs", &self.codecs)
            .field("srtp", &self.srtp)
            .field("ptime", &self.ptime)
            .finish_non_exhaustive()
    }
}

/// Whether SRTP with keys in the SDP (RFC 4568) is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpPolicy {
    /// Not offered. A peer that demands it (`RTP/SAVP`) gets it: the call is more use than a refusal.
    Off,
    /// `RTP/AVP` with `a=crypto`, as desk phones do: taken where the peer knows it.
    Optional,
    /// `RTP/SAVP`: a call without SRTP is refused.
    Required,
}

/// Whose packets are believed in when they come from elsewhere than the SDP said (symmetric RTP, RFC 4961).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatchPolicy {
    /// Nobody's.
    Never,
    /// Those of the address that sends the first valid packet, if its host is the one in the SDP.
    SameHost,
    /// Those of the address that sends the first valid packet.
    Once,
}

/// A source of SRTP master keys: the crypto provider's random generator, a counter in tests.
pub trait KeySource: Send {
    /// Fills `key` with fresh secret bytes.
    fn fill(&mut self, key: &mut [u8]) -> Result<(), KeysUnavailable>;
}

impl<F: FnMut(&mut [u8]) -> Result<(), KeysUnavailable> + Send> KeySource for F {
    fn fill(&mut self, key: &mut [u8]) -> Result<(), KeysUnavailable> {
        self(key)
    }
}

/// The crypto provider has no random bytes to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the crypto provider has no random bytes to give")]
pub struct KeysUnavailable;

/// The crypto provider's own generator: what an application passes as [`SessionConfig::keys`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ProviderKeys;

impl KeySource for ProviderKeys {
    fn fill(&mut self, key: &mut [u8]) -> Result<(), KeysUnavailable> {
        let provider = rtc_crypto::default_provider().map_err(|_| KeysUnavailable)?;
        provider.random().fill(key).map_err(|_| KeysUnavailable)
    }
}
