use crate::negotiation::Keys;
use crate::srtp::{Protector, SrtpError, Unprotector};

/// What stands between RTP and the wire.
#[derive(Debug, Default)]
pub(super) enum Protection {
    #[default]
    None,
    Srtp(Box<Srtp>),
}

#[derive(Debug)]
pub(super) struct Srtp {
    keys: Keys,
    protector: Protector,
    unprotector: Unprotector,
    /// Of the peer's key before this one, until a packet under the new key has come.
    retired: Option<Unprotector>,
}

impl Protection {
    /// Takes the keys of a new agreement. The same keys keep their state, and with it the roll-over counters: to start
    /// afresh under the same key would repeat its keystream.
    pub(super) fn renew(&mut self, keys: &Keys) {
        let before = core::mem::take(self);
        *self = match (before, keys) {
            (_, Keys::None) => Self::None,
            (Self::Srtp(srtp), keys) if srtp.keys == *keys => Self::Srtp(srtp),
            (before, Keys::Sdes { .. }) => {
                Srtp::after(before, keys).map_or(Self::None, |srtp| Self::Srtp(Box::new(srtp)))
            }
        };
    }

    /// Whether packets in the clear are to be refused; also when the crypto provider has failed.
    pub(super) fn is_on(&self) -> bool {
        matches!(self, Self::Srtp(_))
    }

    pub(super) fn protect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        match self {
            Self::None => Ok(()),
            Self::Srtp(srtp) => srtp.protector.protect_rtp(packet),
        }
    }

    pub(super) fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        match self {
            Self::None => Ok(()),
            Self::Srtp(srtp) => srtp.protector.protect_rtcp(packet),
        }
    }

    /// Undoes the protection in place; gives the length of what is left.
    pub(super) fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        match self {
            Self::None => Ok(packet.len()),
            Self::Srtp(srtp) => srtp.unprotect(packet, Unprotector::unprotect_rtp),
        }
    }

    pub(super) fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        match self {
            Self::None => Ok(packet.len()),
            Self::Srtp(srtp) => srtp.unprotect(packet, Unprotector::unprotect_rtcp),
        }
    }
}

type Unprotect = fn(&mut Unprotector, &mut [u8]) -> Result<usize, SrtpError>;

impl Srtp {
    fn after(before: Protection, keys: &Keys) -> Option<Self> {
        let Keys::Sdes { local, remote, remote_mki } = keys else { return None };
        let Protection::Srtp(before) = before else {
            let (protector, unprotector) = (Protector::new(local).ok()?, Unprotector::new(remote, *remote_mki).ok()?);
            return Some(Self { keys: keys.clone(), protector, unprotector, retired: None });
        };
        let Keys::Sdes { local: old_local, remote: old_remote, remote_mki: old_mki } = before.keys else { return None };
        let protector = if old_local == *local { before.protector } else { Protector::new(local).ok()? };
        let (unprotector, retired) = if old_remote == *remote && old_mki == *remote_mki {
            (before.unprotector, before.retired)
        } else {
            (Unprotector::after(remote, *remote_mki, &before.unprotector).ok()?, Some(before.unprotector))
        };
        Some(Self { keys: keys.clone(), protector, unprotector, retired })
    }

    /// Packets under the old key may be under way while the new one is agreed on.
    fn unprotect(&mut self, packet: &mut [u8], unprotect: Unprotect) -> Result<usize, SrtpError> {
        let Some(retired) = &mut self.retired else { return unprotect(&mut self.unprotector, packet) };
        let copy = packet.to_vec();
        match unprotect(&mut self.unprotector, packet) {
            Err(SrtpError::Authentication) => {
                packet.copy_from_slice(&copy);
                unprotect(retired, packet)
            }
            result => {
                if result.is_ok() {
                    self.retired = None;
                }
                result
            }
        }
    }
}
