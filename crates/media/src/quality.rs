use bellbird_base::{Codec, Duration};
use serde::{Serialize, Serializer};

use crate::event::{Hold, Security};

/// What the jitter buffer knows and RTP does not; goes into the MOS estimate and RTCP XR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Playout {
    /// How long audio waits in the jitter buffer and the devices, now.
    pub delay: Duration,
    /// The jitter buffer's target.
    pub nominal: Duration,
    /// The most it was and can become.
    pub maximum: Duration,
    /// Packets that came too late or too early to be played, since the start.
    pub discarded: u64,
    /// Of these, the late ones.
    pub late: u64,
}

/// How a call sounds, by numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityReport {
    /// The codec that we send.
    #[serde(serialize_with = "codec_name")]
    pub codec: Option<Codec>,
    /// How the audio is protected.
    #[serde(serialize_with = "security_name")]
    pub security: Security,
    /// Who holds the call.
    pub hold: Hold,
    /// RTP packets sent.
    pub sent_packets: u64,
    /// Payload bytes sent, without headers.
    pub sent_bytes: u64,
    /// RTP packets received.
    pub received_packets: u64,
    /// Payload bytes received, without headers.
    pub received_bytes: u64,
    /// Packets that the peer sent and we never got.
    pub lost_packets: u64,
    /// The same in per cent of those expected.
    pub loss_percent: f64,
    /// Packets that came too late or too early to be played, as the jitter buffer said.
    pub discarded_packets: u64,
    /// Of these, the late ones.
    pub late_packets: u64,
    /// Interarrival jitter in ms (RFC 3550 A.8).
    pub jitter_ms: f64,
    /// The highest jitter so far in ms.
    pub max_jitter_ms: f64,
    /// Round-trip time in ms, once the peer's RTCP has told it.
    pub round_trip_ms: Option<f64>,
    /// Our packets that the peer never got, in per cent, once its RTCP has told it.
    pub remote_loss_percent: Option<f64>,
    /// The jitter that the peer sees in ms, once its RTCP has told it.
    pub remote_jitter_ms: Option<f64>,
    /// Mean opinion score of what we hear, 1.0 to 4.5, by a simplified E-model (ITU-T G.107).
    pub mos: f64,
    /// The E-model's rating of what we hear, 0 to 93.2.
    pub r_factor: f64,
    /// Received packets of a payload type that was not agreed on.
    pub wrong_payload_type: u64,
    /// Received packets that were no RTP, failed authentication, were replayed or came from elsewhere.
    pub rejected_packets: u64,
}

fn codec_name<S: Serializer>(codec: &Option<Codec>, serializer: S) -> Result<S::Ok, S::Error> {
    match codec {
        Some(codec) => serializer.serialize_some(codec.name()),
        None => serializer.serialize_none(),
    }
}

fn security_name<S: Serializer>(security: &Security, serializer: S) -> Result<S::Ok, S::Error> {
    match security {
        Security::None => serializer.serialize_str("none"),
        Security::Sdes { suite } => serializer.serialize_str(suite.name()),
    }
}
