use bellbird_base::{Codec, Duration, Instant};

use super::Session;
use crate::event::{Component, OutgoingFrame};
use crate::negotiation::{Agreement, audio};
use crate::outputs::PlainEvent;
use crate::rtp::{EventPacket, Step};

/// Largest payload: leaves room for headers and tags in an Ethernet's packet over IPv6.
const MAX_PAYLOAD: usize = 1_400;

/// Why nothing was sent: local misuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not a codec that was agreed on.
    #[error("this codec was not agreed on")]
    WrongCodec,
    /// The peer takes no digits in RTP or none now, this is no digit, or too many wait.
    #[error("the peer takes no such digit in RTP")]
    NoSuchDigit,
    /// More than a datagram should carry.
    #[error("the payload is too long")]
    TooLong,
}

impl Session {
    /// Sends audio. Where the direction forbids it, while a digit sounds and before there is an agreement nothing is
    /// sent, and that is no error.
    pub fn send_frame(&mut self, now: Instant, frame: OutgoingFrame<'_>) -> Result<(), SendError> {
        let OutgoingFrame { codec, ticks, marker, payload } = frame;
        if payload.len() > MAX_PAYLOAD {
            return Err(SendError::TooLong);
        }
        let Some(agreement) = &self.agreement else { return Ok(()) };
        let number = audio(&agreement.send).find(|(known, _)| *known == codec).map(|(_, number)| number);
        let number = number.ok_or(SendError::WrongCodec)?;
        if !agreement.direction.sends() || self.digit_sender.is_sounding() {
            self.skip_frame(codec, ticks);
            return Ok(());
        }
        let position = self.sender.frame(now, codec.clock_rate(), ticks, marker);
        self.send_packet(number, position, payload);
        Ok(())
    }

    /// Sends nothing for this long (DTX): time goes on, and the next frame bears the marker.
    pub fn skip_frame(&mut self, codec: Codec, ticks: u32) {
        self.sender.skip(codec.clock_rate(), ticks);
    }

    /// Sends comfort noise (RFC 3389) at the next frame's timestamp, where the peer knows it. `level` in −dBov. The time
    /// that it lasts has to be [skipped](Self::skip_frame).
    pub fn send_comfort_noise(&mut self, _now: Instant, level: u8) {
        let Some(agreement) = &self.agreement else { return };
        let Some(number) = agreement.comfort_noise().filter(|_| agreement.direction.sends()) else { return };
        if !self.digit_sender.is_sounding() {
            let position = (self.sender.next_sequence(), self.sender.timestamp(), false);
            self.send_packet(number, position, &[level.min(127)]);
        }
    }

    /// Queues a digit (`0-9*#A-D`, `!` for a hook flash); audio pauses while it sounds.
    pub fn send_digit(&mut self, now: Instant, digit: char, duration: Duration) -> Result<(), SendError> {
        let takes_events = |agreement: &Agreement| agreement.event().is_some() && agreement.direction.sends();
        if !self.agreement.as_ref().is_some_and(takes_events) || !self.digit_sender.push(digit, duration) {
            return Err(SendError::NoSuchDigit);
        }
        self.step_digits(now);
        Ok(())
    }

    /// Sends what is due of the digits.
    pub(super) fn step_digits(&mut self, now: Instant) {
        let Some((clock_rate, number)) = self.agreement.as_ref().and_then(|agreement| agreement.event()) else {
            return;
        };
        while let Some(step) = self.digit_sender.step(now, self.sender.timestamp(), clock_rate) {
            match step {
                Step::Packet(EventPacket { marker, timestamp, payload }) => {
                    let position = (self.sender.next_sequence(), timestamp, marker);
                    self.send_packet(number, position, &payload);
                }
                Step::Over { timestamp } => self.sender.advance_to(timestamp),
                Step::Done => self.outputs.event(PlainEvent::DigitsSent),
            }
        }
    }

    /// Sequence number, timestamp and marker are `position`.
    fn send_packet(&mut self, number: u8, position: (u16, u32, bool), payload: &[u8]) {
        let Some(destination) = self.rtp_destination() else { return };
        let mut packet = self.outputs.buffer();
        self.sender.header(number, position).write(&mut packet);
        packet.extend_from_slice(payload);
        if self.is_safe_to_send() && self.protection.protect_rtp(&mut packet).is_ok() {
            self.sender.count(payload.len());
            self.outputs.datagram(Component::Rtp, destination, packet);
        } else {
            self.outputs.recycle(packet);
        }
    }

    /// Never in the clear what was agreed on to be protected, even if the crypto provider fails.
    pub(super) fn is_safe_to_send(&self) -> bool {
        let agreed = self.agreement.as_ref().is_some_and(|agreement| agreement.is_protected());
        agreed == self.protection.is_on()
    }

    /// Where RTP goes; nowhere if our socket can't reach it.
    pub(super) fn rtp_destination(&self) -> Option<std::net::SocketAddr> {
        let ours = self.config.rtp_address;
        self.rtp_path.destination().filter(|destination| destination.is_ipv4() == ours.is_ipv4())
    }
}
