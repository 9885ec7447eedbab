use super::cipher::{Cipher, Ciphers, Nonce, keystream, seal, sign};
use super::{SrtpError, Suite};
use crate::rtp::header_length;
use crate::sdp::MasterKey;

/// Protects what we send with one master key.
#[derive(Debug)]
pub struct Protector {
    suite: Suite,
    ciphers: Ciphers,
    sources: Vec<Source>,
    rtcp_index: u32,
}

/// Roll-over counter of a source of ours (RFC 3711 §3.3.1).
#[derive(Debug)]
struct Source {
    ssrc: u32,
    roll_over: u32,
    sequence: u16,
}

impl Protector {
    /// Derives the session keys.
    pub fn new(key: &MasterKey) -> Result<Self, SrtpError> {
        Ok(Self { suite: key.suite(), ciphers: Ciphers::new(key)?, sources: Vec::new(), rtcp_index: 0 })
    }

    /// Protects an RTP packet in place; its length grows by the tag. Sequence numbers must only go up.
    pub fn protect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let start = header_length(packet).ok_or(SrtpError::TooShort)?;
        let (sequence, ssrc) = (be16(packet, 2), be32(packet, 8));
        let roll_over = self.roll_over(ssrc, sequence)?;
        let index = u64::from(roll_over) << 16 | u64::from(sequence);
        let (header, payload) = packet.split_at_mut(start);
        match &mut self.ciphers.rtp {
            Cipher::Counter { stream, mac, salt } => {
                keystream(stream.as_mut(), salt, Nonce { ssrc, index }, payload)?;
                let tag = sign(mac.as_mut(), &[packet, &roll_over.to_be_bytes()])?;
                packet.extend_from_slice(&tag[..self.suite.rtp_tag_length()]);
            }
            Cipher::Aead { aead, salt } => {
                let tag = seal(aead.as_mut(), salt, Nonce { ssrc, index }, header, payload)?;
                packet.extend_from_slice(&tag);
            }
        }
        Ok(())
    }

    /// Protects an RTCP compound packet in place; its length grows by the tag and the index.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        if packet.len() < 8 {
            return Err(SrtpError::TooShort);
        }
        self.rtcp_index = Some(self.rtcp_index + 1).filter(|index| *index < 1 << 31).ok_or(SrtpError::Exhausted)?;
        let nonce = Nonce { ssrc: be32(packet, 4), index: u64::from(self.rtcp_index) };
        let encrypted_and_index = (1 << 31 | self.rtcp_index).to_be_bytes();
        let (header, payload) = packet.split_at_mut(8);
        match &mut self.ciphers.rtcp {
            Cipher::Counter { stream, mac, salt } => {
                keystream(stream.as_mut(), salt, nonce, payload)?;
                packet.extend_from_slice(&encrypted_and_index);
                let tag = sign(mac.as_mut(), &[packet])?;
                packet.extend_from_slice(&tag[..self.suite.rtcp_tag_length()]);
            }
            Cipher::Aead { aead, salt } => {
                let associated = associated(header, encrypted_and_index);
                let tag = seal(aead.as_mut(), salt, nonce, &associated, payload)?;
                packet.extend_from_slice(&tag);
                packet.extend_from_slice(&encrypted_and_index);
            }
        }
        Ok(())
    }

    fn roll_over(&mut self, ssrc: u32, sequence: u16) -> Result<u32, SrtpError> {
        let Some(source) = self.sources.iter_mut().find(|source| source.ssrc == ssrc) else {
            self.sources.push(Source { ssrc, roll_over: 0, sequence });
            return Ok(0);
        };
        if sequence < source.sequence {
            source.roll_over = source.roll_over.checked_add(1).ok_or(SrtpError::Exhausted)?;
        }
        source.sequence = sequence;
        Ok(source.roll_over)
    }
}

/// What GCM authenticates beside the ciphertext of RTCP (RFC 7714 §9.2).
pub(super) fn associated(header: &[u8], encrypted_and_index: [u8; 4]) -> [u8; 12] {
    let mut associated = [0; 12];
    associated.iter_mut().zip(header.iter().chain(&encrypted_and_index)).for_each(|(to, from)| *to = *from);
    associated
}

/// 16 bits at an offset; 0 beyond the end.
pub(super) fn be16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// 32 bits at an offset; 0 beyond the end.
pub(super) fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
