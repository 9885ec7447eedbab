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
    /// Mean opinion score of what the peer hears, once its RTCP XR has told it.
    pub remote_mos: Option<f64>,
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

/// What the E-model is fed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Impairments {
    pub(crate) codec: Codec,
    /// Mouth to ear, one way.
    pub(crate) delay: Duration,
    /// Lost or discarded, 0 to 1.
    pub(crate) loss: f64,
    /// 1 where loss is random, more where it comes in bursts.
    pub(crate) burst_ratio: f64,
}

/// Rating without any impairment of ours (ITU-T G.107 §7.1 with all defaults).
const BEST: f64 = 93.2;

impl Impairments {
    /// The E-model's rating with delay and loss, all else at its defaults (ITU-T G.107 §7).
    pub(crate) fn r_factor(&self) -> f64 {
        (BEST - self.delay_impairment() - self.equipment_impairment()).clamp(0.0, BEST)
    }

    /// The same for who only listens: delay does no harm.
    pub(crate) fn listening_r_factor(&self) -> f64 {
        (BEST - self.equipment_impairment()).clamp(0.0, BEST)
    }

    /// The usual approximation of G.107's Id: turns get hard beyond 177 ms.
    fn delay_impairment(&self) -> f64 {
        let millis = self.delay.as_secs_f64() * 1_000.0;
        0.024 * millis + 0.11 * (millis - 177.3).max(0.0)
    }

    /// Ie-eff (G.107 §7.2).
    fn equipment_impairment(&self) -> f64 {
        let (impairment, robustness) = equipment(self.codec);
        let loss = self.loss.clamp(0.0, 1.0) * 100.0;
        impairment + (95.0 - impairment) * loss / (loss / self.burst_ratio.max(1.0) + robustness)
    }
}

/// Impairment and robustness against loss: G.711 with concealment from G.113 Appendix I; the wide-band codecs have no
/// figures on the narrow-band scale, so they start from none, and the robustness is that of concealment like ours.
const fn equipment(codec: Codec) -> (f64, f64) {
    match codec {
        Codec::Pcmu | Codec::Pcma => (0.0, 25.1),
        Codec::G722 => (0.0, 20.0),
        Codec::Opus => (0.0, 30.0),
    }
}

/// MOS of a rating (G.107 Annex B).
pub(crate) fn mos(r_factor: f64) -> f64 {
    if r_factor <= 0.0 {
        return 1.0;
    }
    let r = r_factor.min(100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: Impairments =
        Impairments { codec: Codec::Pcmu, delay: Duration::from_millis(50), loss: 0.0, burst_ratio: 1.0 };

    fn score(impairments: Impairments) -> f64 {
        mos(impairments.r_factor())
    }

    #[test]
    fn clean_call_scores_as_the_model_has_it() {
        assert!((score(Impairments { delay: Duration::ZERO, ..CLEAN }) - 4.41).abs() < 0.01);
        assert!(score(CLEAN) > 4.35);
    }

    #[test]
    fn loss_bursts_and_delay_each_cost() {
        let lossy = Impairments { loss: 0.03, ..CLEAN };
        let bursty = Impairments { burst_ratio: 4.0, ..lossy };
        let late = Impairments { delay: Duration::from_millis(400), ..CLEAN };
        assert!(score(lossy) < score(CLEAN) && score(bursty) < score(lossy) && score(late) < score(CLEAN));
        assert!((score(late) - 3.2).abs() < 0.3, "{}", score(late));
        assert_eq!(score(Impairments { loss: 1.0, delay: Duration::from_secs(2), ..CLEAN }), 1.0);
    }

    #[test]
    fn mos_goes_up_with_the_rating() {
        let scores: Vec<f64> = (10..=93).map(|r| mos(f64::from(r))).collect();
        assert!(scores.is_sorted(), "{scores:?}");
    }
}
