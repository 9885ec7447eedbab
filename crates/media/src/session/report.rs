use std::net::SocketAddr;

use bellbird_base::{Codec, Duration, Instant};

use super::Session;
use crate::event::{Component, Hold, Security};
use crate::negotiation::{Agreement, RtcpTarget};
use crate::quality::{Impairments, QualityReport, mos};
use crate::rtcp::{NtpTime, ReportBlock, SenderInfo, VoipMetrics, Writer, round_trip};

/// What the peer's RTCP has told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PeerReports {
    /// The last sender report's time, and when it came in.
    sender: Option<(NtpTime, Instant)>,
    block: Option<ReportBlock>,
    round_trip: Option<Duration>,
    metrics: Option<VoipMetrics>,
}

impl PeerReports {
    pub(super) fn note_sender(&mut self, now: Instant, info: SenderInfo) {
        self.sender = Some((info.ntp, now));
    }

    pub(super) fn note_block(&mut self, now: Instant, block: ReportBlock) {
        self.round_trip = round_trip(&block, now).or(self.round_trip);
        self.block = Some(block);
    }

    pub(super) fn note_metrics(&mut self, metrics: VoipMetrics) {
        self.metrics = Some(metrics);
    }

    /// Another source has sent no report yet.
    pub(super) fn forget_sender(&mut self) {
        self.sender = None;
    }

    /// LSR and DLSR of our report block (RFC 3550 §6.4.1).
    fn last_sender_report(&self, now: Instant) -> (u32, u32) {
        let Some((ntp, arrival)) = self.sender else { return (0, 0) };
        let delay = (now - arrival).as_nanos() * 65_536 / 1_000_000_000;
        (ntp.middle(), u32::try_from(delay).unwrap_or(u32::MAX))
    }
}

impl Session {
    /// How the call sounds, now.
    pub fn report(&self) -> QualityReport {
        let source = self.hearing.source.as_ref();
        let lost = self.hearing.lost_before + source.map_or(0, |source| source.lost());
        let expected = self.hearing.expected_before + source.map_or(0, |source| source.expected());
        let rating = self.impairments().r_factor();
        let block = self.peer_reports.block;
        QualityReport {
            codec: self.codec(),
            security: self.agreement.as_ref().map_or(Security::None, Agreement::security),
            hold: self.agreement.as_ref().map_or(Hold::None, |agreement| agreement.hold),
            sent_packets: self.sender.packets,
            sent_bytes: self.sender.bytes,
            received_packets: self.counters.packets,
            received_bytes: self.counters.bytes,
            lost_packets: lost,
            loss_percent: percent(lost, expected),
            discarded_packets: self.playout.discarded,
            late_packets: self.playout.late,
            jitter_ms: source.map_or(0.0, |source| millis(source.jitter())),
            max_jitter_ms: source.map_or(0.0, |source| millis(source.max_jitter())),
            round_trip_ms: self.peer_reports.round_trip.map(millis),
            remote_loss_percent: block
                .map(|block| percent(u64::try_from(block.lost).unwrap_or(0), self.sender.packets)),
            remote_jitter_ms: block.and_then(|block| {
                let clock_rate = self.codec()?.clock_rate();
                Some(f64::from(block.jitter) * 1_000.0 / f64::from(clock_rate))
            }),
            remote_mos: self.peer_reports.metrics.and_then(mos_of_peer),
            mos: mos(rating),
            r_factor: rating,
            wrong_payload_type: self.counters.wrong_payload_type,
            rejected_packets: self.counters.malformed + self.counters.forged + self.counters.strangers,
        }
    }

    /// Says goodbye (RTCP BYE). Drain the outputs once more.
    pub fn close(&mut self, now: Instant) {
        self.schedule.stop();
        self.digit_sender.clear();
        self.transmit_rtcp(now, |writer| {
            writer.bye();
        });
    }

    pub(super) fn send_report(&mut self, now: Instant) {
        let wants_metrics = self.agreement.as_ref().is_some_and(|agreement| agreement.extended_reports);
        let metrics = self.voip_metrics().filter(|_| wants_metrics);
        self.transmit_rtcp(now, |writer| {
            if let Some(metrics) = metrics {
                writer.voip_metrics(&metrics);
            }
        });
    }

    /// A report, the canonical name, and what is added.
    fn transmit_rtcp(&mut self, now: Instant, add: impl FnOnce(&mut Writer<'_>)) {
        let Some((component, destination)) = self.rtcp_destination() else { return };
        let info = self.sender.info(now);
        let (last_sender_report, delay) = self.peer_reports.last_sender_report(now);
        let block = self.hearing.source.as_mut().map(|source| source.report(last_sender_report, delay));
        let mut packet = self.outputs.buffer();
        let mut writer = Writer::new(&mut packet, self.sender.ssrc);
        writer.report(info.as_ref(), block.as_ref()).description(&self.cname);
        add(&mut writer);
        if self.is_safe_to_send() && self.protection.protect_rtcp(&mut packet).is_ok() {
            self.outputs.datagram(component, destination, packet);
        } else {
            self.outputs.recycle(packet);
        }
    }

    fn rtcp_destination(&self) -> Option<(Component, SocketAddr)> {
        let component = if self.config.rtcp_address.is_some() { Component::Rtcp } else { Component::Rtp };
        match self.agreement.as_ref()?.transport.rtcp {
            RtcpTarget::Off => None,
            RtcpTarget::Muxed => Some((Component::Rtp, self.rtp_destination()?)),
            RtcpTarget::Separate(_) => Some((component, self.rtcp_path.destination()?)),
        }
        .filter(|(_, destination)| destination.is_ipv4() == self.config.rtp_address.is_ipv4())
    }

    /// Takes another SSRC after a collision, with a BYE of the old one (RFC 3550 §8.2). Our own packets that come back
    /// from where they came back before are a loop, and changing would not help.
    pub(super) fn resolve_collision(&mut self, now: Instant, source: SocketAddr) {
        if self.collided_with == Some(source) {
            return;
        }
        self.collided_with = Some(source);
        self.transmit_rtcp(now, |writer| {
            writer.bye();
        });
        self.sender.change_source(&mut self.rng);
    }

    fn codec(&self) -> Option<Codec> {
        self.agreement.as_ref()?.codec().map(|(codec, _)| codec)
    }

    fn packet_time(&self) -> Duration {
        self.agreement.as_ref().map_or(self.config.ptime, |agreement| agreement.ptime)
    }

    /// Half the round trip, the playout's delay and one packet's time: mouth to ear as far as it is known.
    fn impairments(&self) -> Impairments {
        let source = self.hearing.source.as_ref();
        let bursts = source.map(|source| source.bursts(self.packet_time())).unwrap_or_default();
        let expected = source.map_or(0, |source| source.expected());
        let missing = source.map_or(0, |source| source.lost()) + self.playout.discarded;
        Impairments {
            codec: self.codec().unwrap_or(Codec::Pcmu),
            delay: self.peer_reports.round_trip.unwrap_or_default() / 2 + self.playout.delay + self.packet_time(),
            loss: percent(missing, expected) / 100.0,
            burst_ratio: bursts.burst_ratio.max(1.0),
        }
    }

    /// What we tell of the peer's stream (RFC 3611 §4.7).
    fn voip_metrics(&self) -> Option<VoipMetrics> {
        let source = self.hearing.source.as_ref()?;
        let bursts = source.bursts(self.packet_time());
        let impairments = self.impairments();
        Some(VoipMetrics {
            ssrc: source.ssrc,
            loss_rate: fraction(percent(source.lost(), source.expected()) / 100.0),
            discard_rate: fraction(percent(self.playout.discarded, source.expected()) / 100.0),
            burst_density: fraction(bursts.burst_density),
            gap_density: fraction(bursts.gap_density),
            burst_duration: short_millis(bursts.burst_duration),
            gap_duration: short_millis(bursts.gap_duration),
            round_trip: short_millis(self.peer_reports.round_trip.unwrap_or_default()),
            end_system_delay: short_millis(self.playout.delay + self.packet_time()),
            r_factor: impairments.r_factor() as u8,
            mos_lq: (mos(impairments.listening_r_factor()) * 10.0) as u8,
            mos_cq: (mos(impairments.r_factor()) * 10.0) as u8,
            jitter_nominal: short_millis(self.playout.nominal),
            jitter_maximum: short_millis(self.playout.maximum),
            jitter_absolute_maximum: short_millis(self.playout.maximum),
            ..VoipMetrics::default()
        })
    }
}

/// MOS-CQ of the peer's XR; 127 and figures out of range are unknown.
fn mos_of_peer(metrics: VoipMetrics) -> Option<f64> {
    (10..=50).contains(&metrics.mos_cq).then(|| f64::from(metrics.mos_cq) / 10.0)
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 * 100.0 / whole as f64).min(100.0) }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// In 1/256.
fn fraction(share: f64) -> u8 {
    (share * 256.0).clamp(0.0, 255.0) as u8
}

fn short_millis(duration: Duration) -> u16 {
    u16::try_from(duration.as_millis()).unwrap_or(u16::MAX)
}
