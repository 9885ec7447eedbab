use core::fmt;
use std::net::IpAddr;

use super::description::Attribute;

/// Which way media flows, seen from who wrote the description (RFC 8866 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// The writer sends only: the other side is on hold.
    SendOnly,
    /// The writer receives only.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The direction in which each way is open or not, seen from the writer.
    pub const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the writer sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same seen from the other side.
    pub const fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    /// Open only where both are.
    pub const fn and(self, other: Self) -> Self {
        Self::of(self.sends() && other.sends(), self.receives() && other.receives())
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The last one among attributes.
    pub(super) fn find(attributes: &[Attribute<'_>]) -> Option<Self> {
        const ALL: [Direction; 4] =
            [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
        attributes.iter().rev().find_map(|attribute| ALL.into_iter().find(|direction| attribute.is(direction.name())))
    }
}

/// `a=rtpmap`: what a payload type means (RFC 8866 §6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpMap<'a> {
    /// The payload type.
    pub payload_type: u8,
    /// The encoding name, in any case.
    pub encoding: &'a str,
    /// Rate of the RTP timestamp in Hz.
    pub clock_rate: u32,
    /// Number of channels.
    pub channels: u8,
}

impl<'a> RtpMap<'a> {
    /// Parses the attribute's value.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (payload_type, map) = value.trim_start().split_once(char::is_whitespace)?;
        let mut parts = map.trim().split('/');
        Some(Self {
            payload_type: payload_type.parse().ok().filter(|payload_type| *payload_type < 128)?,
            encoding: parts.next().filter(|encoding| !encoding.is_empty())?,
            clock_rate: parts.next()?.trim().parse().ok()?,
            channels: parts.next().and_then(|channels| channels.trim().parse().ok()).unwrap_or(1),
        })
    }
}

impl fmt::Display for RtpMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.encoding, self.clock_rate)?;
        if self.channels > 1 { write!(f, "/{}", self.channels) } else { Ok(()) }
    }
}

/// `a=rtcp`: where RTCP goes when it is not RTP's port plus one (RFC 3605).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtcpAttribute {
    /// The port.
    pub port: u16,
    /// The address, where it differs from RTP's.
    pub address: Option<IpAddr>,
}

impl RtcpAttribute {
    /// Parses the attribute's value.
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let port = words.next()?.parse().ok()?;
        Some(Self { port, address: words.nth(2).and_then(|address| address.parse().ok()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_reverses_and_narrows() {
        assert_eq!(Direction::SendOnly.reversed(), Direction::RecvOnly);
        assert_eq!(Direction::SendOnly.and(Direction::SendRecv), Direction::SendOnly);
        assert_eq!(Direction::SendOnly.and(Direction::RecvOnly), Direction::Inactive);
    }

    #[test]
    fn rtpmap_is_read_with_and_without_channels() {
        let opus = RtpMap::parse("96 opus/48000/2").unwrap();
        assert_eq!((opus.encoding, opus.clock_rate, opus.channels), ("opus", 48_000, 2));
        assert_eq!(opus.to_string(), "96 opus/48000/2");
        assert_eq!(RtpMap::parse("0 PCMU/8000/1").unwrap().to_string(), "0 PCMU/8000");
        for bad in ["", "0", "0 PCMU", "0 /8000", "128 PCMU/8000", "0 PCMU/x"] {
            assert_eq!(RtpMap::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn rtcp_attribute_may_name_an_address() {
        assert_eq!(RtcpAttribute::parse("53020"), Some(RtcpAttribute { port: 53_020, address: None }));
        let address = RtcpAttribute::parse("53020 IN IP6 2001:db8::1").unwrap().address;
        assert_eq!(address, "2001:db8::1".parse().ok());
    }
}
