use super::cipher::{Cipher, Ciphers, GCM_TAG, Nonce, keystream, open, verify};
use super::protect::{associated, be16, be32};
use super::replay::ReplayWindow;
use super::{SrtpError, Suite};
use crate::rtp::header_length;
use crate::sdp::{MasterKey, Mki};

/// Sources kept for one key: the least recently heard one makes place. Only who has the key gets in.
const MAX_SOURCES: usize = 16;

/// Undoes the protection of what a peer sends with one master key.
#[derive(Debug)]
pub struct Unprotector {
    suite: Suite,
    ciphers: Ciphers,
    mki: Option<Mki>,
    sources: Vec<Source>,
    /// Roll-over counters under the key before this one: some peers go on with them after a change of keys.
    carried: Vec<(u32, u32)>,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    /// Highest index of RTP so far (RFC 3711 §3.3.1); nothing before the first packet.
    highest: Option<u64>,
    rtp: ReplayWindow,
    rtcp: ReplayWindow,
}

impl Unprotector {
    /// Derives the session keys. With an MKI, packets must bear it.
    pub fn new(key: &MasterKey, mki: Option<Mki>) -> Result<Self, SrtpError> {
        let ciphers = Ciphers::new(key)?;
        Ok(Self { suite: key.suite(), ciphers, mki, sources: Vec::new(), carried: Vec::new() })
    }

    /// The same for a new key in a session that goes on.
    pub fn after(key: &MasterKey, mki: Option<Mki>, before: &Self) -> Result<Self, SrtpError> {
        let roll_over = |source: &Source| source.highest.map(|highest| (source.ssrc, (highest >> 16) as u32));
        let carried = before.sources.iter().filter_map(roll_over).filter(|(_, roll_over)| *roll_over > 0).collect();
        Ok(Self { carried, ..Self::new(key, mki)? })
    }

    /// Undoes the protection of an RTP packet in place and gives the length of what is left.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let start = header_length(packet).ok_or(SrtpError::TooShort)?;
        let (sequence, ssrc) = (be16(packet, 2), be32(packet, 8));
        let known = self.sources.iter().position(|source| source.ssrc == ssrc);
        let (highest, is_new) = match known.and_then(|at| self.sources.get(at)) {
            Some(Source { highest: Some(highest), rtp, .. }) => {
                let index = guess(*highest, sequence);
                (Some(index), rtp.is_new(index))
            }
            Some(_) | None => (None, true),
        };
        if !is_new {
            return Err(SrtpError::Replayed);
        }
        let index = highest.unwrap_or(u64::from(sequence));
        let (index, length) = match self.carried_roll_over(ssrc).filter(|_| highest.is_none()) {
            None => (index, self.open_rtp(packet, start, ssrc, index)?),
            Some(roll_over) => self.open_either(packet, start, ssrc, [index, index | u64::from(roll_over) << 16])?,
        };
        let source = self.source(ssrc);
        source.rtp.accept(index);
        source.highest = Some(source.highest.map_or(index, |highest| highest.max(index)));
        Ok(length)
    }

    /// Undoes the protection of an RTCP compound packet in place and gives the length of what is left. A packet that is
    /// not encrypted, or not authentic, is never believed.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = be32(packet, 4);
        let (encrypted_and_index, length) = match &mut self.ciphers.rtcp {
            Cipher::Counter { stream, mac, salt } => {
                let tag_at = end_before(packet, self.suite.rtcp_tag_length(), 8)?;
                let index_at = end_before(packet, self.suite.rtcp_tag_length() + mki_length(self.mki) + 4, 8)?;
                check_mki(self.mki, &packet[index_at + 4..tag_at])?;
                let encrypted_and_index = be32(packet, index_at);
                verify(mac.as_mut(), &[&packet[..index_at + 4]], &packet[tag_at..])?;
                let nonce = rtcp_nonce(ssrc, encrypted_and_index)?;
                keystream(stream.as_mut(), salt, nonce, &mut packet[8..index_at])?;
                (encrypted_and_index, index_at)
            }
            Cipher::Aead { aead, salt } => {
                let index_at = end_before(packet, mki_length(self.mki) + 4, 8)?;
                let tag_at = end_before(packet, mki_length(self.mki) + 4 + GCM_TAG, 8)?;
                check_mki(self.mki, &packet[index_at + 4..])?;
                let encrypted_and_index = be32(packet, index_at);
                let nonce = rtcp_nonce(ssrc, encrypted_and_index)?;
                let (header, rest) = packet.split_at_mut(8);
                let (data, rest) = rest.split_at_mut(tag_at - 8);
                let associated = associated(header, encrypted_and_index.to_be_bytes());
                open(aead.as_mut(), salt, nonce, &associated, data, &rest[..GCM_TAG])?;
                (encrypted_and_index, tag_at)
            }
        };
        let index = u64::from(encrypted_and_index & !(1 << 31));
        let source = self.source(ssrc);
        if !source.rtcp.is_new(index) {
            return Err(SrtpError::Replayed);
        }
        source.rtcp.accept(index);
        Ok(length)
    }

    fn open_rtp(&mut self, packet: &mut [u8], start: usize, ssrc: u32, index: u64) -> Result<usize, SrtpError> {
        let mki = mki_length(self.mki);
        let nonce = Nonce { ssrc, index };
        match &mut self.ciphers.rtp {
            Cipher::Counter { stream, mac, salt } => {
                let tag_at = end_before(packet, self.suite.rtp_tag_length(), start)?;
                let end = end_before(packet, self.suite.rtp_tag_length() + mki, start)?;
                check_mki(self.mki, &packet[end..tag_at])?;
                let roll_over = (index >> 16) as u32;
                verify(mac.as_mut(), &[&packet[..end], &roll_over.to_be_bytes()], &packet[tag_at..])?;
                keystream(stream.as_mut(), salt, nonce, &mut packet[start..end])?;
                Ok(end)
            }
            Cipher::Aead { aead, salt } => {
                let mki_at = end_before(packet, mki, start)?;
                let end = end_before(packet, mki + GCM_TAG, start)?;
                check_mki(self.mki, &packet[mki_at..])?;
                let (header, rest) = packet.split_at_mut(start);
                let (data, rest) = rest.split_at_mut(end - start);
                open(aead.as_mut(), salt, nonce, header, data, &rest[..GCM_TAG])?;
                Ok(end)
            }
        }
    }

    /// The first packet after a change of keys, by either roll-over counter. A failed attempt may spoil the packet.
    fn open_either(
        &mut self,
        packet: &mut [u8],
        start: usize,
        ssrc: u32,
        [fresh, carried]: [u64; 2],
    ) -> Result<(u64, usize), SrtpError> {
        let copy = packet.to_vec();
        if let Ok(length) = self.open_rtp(packet, start, ssrc, fresh) {
            return Ok((fresh, length));
        }
        packet.copy_from_slice(&copy);
        Ok((carried, self.open_rtp(packet, start, ssrc, carried)?))
    }

    fn carried_roll_over(&self, ssrc: u32) -> Option<u32> {
        self.carried.iter().find(|(carried, _)| *carried == ssrc).map(|(_, roll_over)| *roll_over)
    }

    /// The state of a source, at the end of the list, where the most recently heard one is.
    fn source(&mut self, ssrc: u32) -> &mut Source {
        match self.sources.iter().position(|source| source.ssrc == ssrc) {
            Some(at) => self.sources[at..].rotate_left(1),
            None => {
                if self.sources.len() >= MAX_SOURCES {
                    self.sources.remove(0);
                }
                let (rtp, rtcp) = (ReplayWindow::default(), ReplayWindow::default());
                self.sources.push(Source { ssrc, highest: None, rtp, rtcp });
            }
        }
        let last = self.sources.len() - 1;
        &mut self.sources[last]
    }
}

/// The index that a sequence number most likely means: the one nearest to the highest so far (RFC 3711 §3.3.1).
fn guess(highest: u64, sequence: u16) -> u64 {
    let distance = sequence.wrapping_sub(highest as u16) as i16;
    highest.checked_add_signed(i64::from(distance)).unwrap_or(u64::from(sequence))
}

/// Where a trailer begins, if something of at least `start` bytes is before it.
fn end_before(packet: &[u8], trailer: usize, start: usize) -> Result<usize, SrtpError> {
    packet.len().checked_sub(trailer).filter(|end| *end >= start).ok_or(SrtpError::TooShort)
}

/// Clear RTCP was not agreed on (`UNENCRYPTED_SRTCP`): the E bit has to be set.
fn rtcp_nonce(ssrc: u32, encrypted_and_index: u32) -> Result<Nonce, SrtpError> {
    let is_encrypted = encrypted_and_index >> 31 == 1;
    let index = u64::from(encrypted_and_index & !(1 << 31));
    is_encrypted.then_some(Nonce { ssrc, index }).ok_or(SrtpError::Authentication)
}

fn mki_length(mki: Option<Mki>) -> usize {
    mki.map_or(0, |mki| usize::from(mki.length))
}

fn check_mki(mki: Option<Mki>, sent: &[u8]) -> Result<(), SrtpError> {
    let value = sent.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    mki.is_none_or(|mki| mki.value == value).then_some(()).ok_or(SrtpError::Authentication)
}
