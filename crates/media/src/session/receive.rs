use std::net::SocketAddr;

use bellbird_base::{Codec, Instant};

use super::Session;
use crate::event::Component;
use crate::negotiation::{Format, RtcpTarget};
use crate::outputs::{FrameHeader, PlainEvent};
use crate::path::Admission;
use crate::rtcp::{self, Compound, Packet as RtcpPacket};
use crate::rtp::{Header, Packet, Reception, Verdict};
use crate::srtp::SrtpError;

/// Whom we hear.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    pub(super) source: Option<Reception>,
    /// Another source, and the sequence number that its next packet should have.
    candidate: Option<(u32, u16)>,
    /// Packets lost of sources before this one.
    pub(super) lost_before: u64,
    /// Packets expected of sources before this one.
    pub(super) expected_before: u64,
    /// The codec of the last audio: comfort noise counts in its clock.
    codec: Option<Codec>,
}

/// What was received and dropped.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) wrong_payload_type: u64,
    /// Neither RTP nor RTCP, or lengths that do not add up.
    pub(super) malformed: u64,
    /// Not authentic.
    pub(super) forged: u64,
    /// From an address that is not the peer's.
    pub(super) strangers: u64,
    pub(super) duplicates: u64,
}

impl Counters {
    /// Networks duplicate packets by themselves: what was seen before is no attack yet.
    fn judge(&mut self, unprotected: Result<usize, SrtpError>) -> Option<usize> {
        match unprotected {
            Ok(length) => return Some(length),
            Err(SrtpError::Replayed) => self.duplicates += 1,
            Err(SrtpError::TooShort | SrtpError::Authentication | SrtpError::Exhausted | SrtpError::Provider) => {
                self.forged += 1;
            }
        }
        None
    }
}

impl Session {
    pub(super) fn receive(&mut self, now: Instant, component: Component, source: SocketAddr, datagram: &mut [u8]) {
        if rtcp::is_rtcp(datagram) {
            self.receive_rtcp(now, component, source, datagram);
        } else if component == Component::Rtp {
            self.receive_rtp(now, source, datagram);
        } else {
            self.counters.malformed += 1;
        }
    }

    fn receive_rtp(&mut self, now: Instant, source: SocketAddr, datagram: &mut [u8]) {
        let Some(agreement) = &self.agreement else { return };
        let Some(header) = Header::read(datagram) else {
            self.counters.malformed += 1;
            return;
        };
        let format = agreement.receive.iter().find(|(_, number)| *number == header.payload_type);
        let Some((format, _)) = format.copied() else {
            self.counters.wrong_payload_type += 1;
            return;
        };
        if !self.is_safe_to_send() {
            self.counters.forged += 1;
            return;
        }
        let unprotected = self.protection.unprotect_rtp(datagram);
        let Some(length) = self.counters.judge(unprotected) else { return };
        let Some(Packet { payload, .. }) = datagram.get(..length).and_then(Packet::parse) else {
            self.counters.malformed += 1;
            return;
        };
        if self.is_own(now, &header, source) || !self.admit(now, source, &header) {
            return;
        }
        let Some((sequence, timestamp)) = self.place(&header) else { return };
        self.counters.packets += 1;
        self.counters.bytes += payload.len() as u64;
        self.hand_on(now, format, &header, sequence, timestamp, payload);
    }

    /// Our own SSRC from elsewhere is a collision, or a loop (RFC 3550 §8.2): either way the packet is not the peer's.
    fn is_own(&mut self, now: Instant, header: &Header, source: SocketAddr) -> bool {
        let is_own = header.ssrc == self.sender.ssrc;
        if is_own {
            self.counters.strangers += 1;
            self.resolve_collision(now, source);
        }
        is_own
    }

    fn admit(&mut self, now: Instant, source: SocketAddr, header: &Header) -> bool {
        let goes_on = self.hearing.source.as_ref().is_some_and(|reception| reception.is_continued_by(header));
        match self.rtp_path.admit(self.config.latch, source, now, goes_on) {
            Admission::Accepted => true,
            Admission::Latched => {
                self.outputs.event(PlainEvent::Latched(Component::Rtp, source));
                true
            }
            Admission::Rejected => {
                self.counters.strangers += 1;
                false
            }
        }
    }

    /// Puts a packet into its place in the stream: its extended sequence number and timestamp. `None` drops it.
    fn place(&mut self, header: &Header) -> Option<(u64, u64)> {
        match &mut self.hearing.source {
            None => self.hear_anew(header),
            Some(reception) if reception.ssrc == header.ssrc => {
                self.hearing.candidate = None;
                match reception.receive(header) {
                    Verdict::Accepted { sequence, timestamp } => Some((sequence, timestamp)),
                    Verdict::Duplicate => {
                        self.counters.duplicates += 1;
                        None
                    }
                    Verdict::Stray => None,
                    Verdict::Restarted => self.hear_anew(header),
                }
            }
            // Two in a row and none of the old one between them: the peer has changed its source (RFC 3550 A.1).
            Some(_) if self.hearing.candidate == Some((header.ssrc, header.sequence)) => self.hear_anew(header),
            Some(_) => {
                self.hearing.candidate = Some((header.ssrc, header.sequence.wrapping_add(1)));
                None
            }
        }
    }

    fn hear_anew(&mut self, header: &Header) -> Option<(u64, u64)> {
        let mut reception = Reception::new(header);
        let verdict = reception.receive(header);
        if let Some(before) = self.hearing.source.replace(reception) {
            self.hearing.lost_before += before.lost();
            self.hearing.expected_before += before.expected();
            self.peer_reports.forget_sender();
            if let Some(digit) = self.digit_receiver.restart() {
                self.outputs.event(PlainEvent::Digit(digit));
            }
            self.outputs.event(PlainEvent::SourceChanged { ssrc: header.ssrc });
        }
        self.hearing.candidate = None;
        match verdict {
            Verdict::Accepted { sequence, timestamp } => Some((sequence, timestamp)),
            Verdict::Duplicate | Verdict::Stray | Verdict::Restarted => None,
        }
    }

    fn hand_on(
        &mut self,
        arrival: Instant,
        format: Format,
        header: &Header,
        sequence: u64,
        timestamp: u64,
        payload: &[u8],
    ) {
        match format {
            Format::Audio(codec) => {
                self.hearing.codec = Some(codec);
                if let Some(reception) = &mut self.hearing.source {
                    reception.note_arrival(header.timestamp, codec.clock_rate(), arrival);
                }
                if self.is_receiving() && !payload.is_empty() {
                    let header = FrameHeader { codec, sequence, timestamp, marker: header.marker, arrival };
                    self.outputs.frame(header, payload);
                }
            }
            Format::Event { clock_rate } => {
                let digits = self.digit_receiver.receive(arrival, header.timestamp, clock_rate, payload);
                digits.into_iter().flatten().for_each(|digit| self.outputs.event(PlainEvent::Digit(digit)));
            }
            Format::ComfortNoise => {
                let codec = self.hearing.codec.unwrap_or(Codec::Pcmu);
                if let Some((level, spectrum)) = payload.split_first().filter(|_| self.is_receiving()) {
                    let header = FrameHeader { codec, sequence, timestamp, marker: header.marker, arrival };
                    self.outputs.comfort_noise(header, level & 0x7f, spectrum);
                }
            }
        }
    }

    /// Media may come before the change of direction has; what we did not agree to hear is not played.
    fn is_receiving(&self) -> bool {
        self.agreement.as_ref().is_some_and(|agreement| agreement.direction.receives())
    }

    fn receive_rtcp(&mut self, now: Instant, component: Component, source: SocketAddr, datagram: &mut [u8]) {
        if self.agreement.is_none() || !self.is_safe_to_send() {
            return;
        }
        let unprotected = self.protection.unprotect_rtcp(datagram);
        let Some(length) = self.counters.judge(unprotected) else { return };
        let Some(compound) = datagram.get(..length).and_then(Compound::parse) else {
            self.counters.malformed += 1;
            return;
        };
        if !self.admit_rtcp(now, component, source, compound) {
            self.counters.strangers += 1;
            return;
        }
        compound.for_each(|packet| self.note_rtcp(now, packet));
    }

    /// RTCP on RTP's port has to come from where RTP comes from; on its own port it may latch by itself.
    fn admit_rtcp(&mut self, now: Instant, component: Component, source: SocketAddr, compound: Compound<'_>) -> bool {
        let is_muxed = self.agreement.as_ref().is_some_and(|agreement| agreement.transport.rtcp == RtcpTarget::Muxed);
        if component == Component::Rtp {
            return self.rtp_path.is_from_peer(source) || (!is_muxed && self.rtcp_path.is_from_peer(source));
        }
        let ssrc = self.hearing.source.as_ref().map(|reception| reception.ssrc);
        let is_of_source = ssrc.is_some() && compound_ssrc(compound) == ssrc;
        let is_likely = self.protection.is_on() || is_of_source || self.rtcp_path.is_from_peer(source);
        if !is_likely {
            return false;
        }
        match self.rtcp_path.admit(self.config.latch, source, now, is_of_source) {
            Admission::Accepted => true,
            Admission::Latched => {
                self.outputs.event(PlainEvent::Latched(Component::Rtcp, source));
                true
            }
            Admission::Rejected => false,
        }
    }

    fn note_rtcp(&mut self, now: Instant, packet: RtcpPacket<'_>) {
        match packet {
            RtcpPacket::SenderReport { ssrc, info, blocks } => {
                if self.hears(ssrc) {
                    self.peer_reports.note_sender(now, info);
                }
                self.note_blocks(now, blocks);
            }
            RtcpPacket::ReceiverReport { blocks, .. } => self.note_blocks(now, blocks),
            RtcpPacket::Bye { mut sources } => {
                if sources.any(|ssrc| self.hears(ssrc)) {
                    self.outputs.event(PlainEvent::Bye);
                }
            }
            RtcpPacket::VoipMetrics { metrics, .. } => self.peer_reports.note_metrics(metrics),
            RtcpPacket::Other => {}
        }
    }

    fn note_blocks(&mut self, now: Instant, blocks: impl Iterator<Item = rtcp::ReportBlock>) {
        for block in blocks.filter(|block| block.ssrc == self.sender.ssrc).take(1) {
            self.peer_reports.note_block(now, block);
            self.outputs.event(PlainEvent::ReportReceived);
        }
    }

    fn hears(&self, ssrc: u32) -> bool {
        self.hearing.source.as_ref().is_some_and(|reception| reception.ssrc == ssrc)
    }
}

fn compound_ssrc(mut compound: Compound<'_>) -> Option<u32> {
    match compound.next()? {
        RtcpPacket::SenderReport { ssrc, .. }
        | RtcpPacket::ReceiverReport { ssrc, .. }
        | RtcpPacket::VoipMetrics { ssrc, .. } => Some(ssrc),
        RtcpPacket::Bye { .. } | RtcpPacket::Other => None,
    }
}
