use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Codec, Duration};

use super::format::Format;
use crate::event::{Hold, OpusParameters, Security};
use crate::sdp::{Direction, Host, MasterKey, MediaDescription, Mki, SessionDescription};

/// What an offer/answer exchange came to: all that RTP, RTCP and SRTP need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) profile: Profile,
    pub(crate) transport: Transport,
    pub(crate) keys: Keys,
    /// What we may send, by the peer's numbers; the first audio codec is what we send.
    pub(crate) send: Vec<(Format, u8)>,
    /// What may come in, by number.
    pub(crate) receive: Vec<(Format, u8)>,
    pub(crate) direction: Direction,
    pub(crate) hold: Hold,
    pub(crate) ptime: Duration,
    pub(crate) opus: OpusParameters,
    pub(crate) extended_reports: bool,
}

/// Where packets go. ICE will be another way to come to the same two targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transport {
    pub(crate) rtp: Target,
    pub(crate) rtcp: RtcpTarget,
}

/// One destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nowhere: port 0, `0.0.0.0`, or an address that a phone must not send to.
    Nowhere,
    /// An address.
    Address(SocketAddr),
    /// A name that has to be resolved first.
    Name { host: String, port: u16 },
}

/// Where RTCP goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RtcpTarget {
    /// Nowhere: the peer gives it no bandwidth (RFC 3556).
    Off,
    /// With RTP (RFC 5761).
    Muxed,
    /// To a port of its own.
    Separate(Target),
}

/// How packets are protected, with the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    None,
    Sdes { local: MasterKey, remote: MasterKey, remote_mki: Option<Mki> },
}

/// The `m=` line's profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Avp,
    Avpf,
    Savp,
    Savpf,
}

impl Keys {
    /// Whether the peer has another key than before: most likely somebody else, who does not know how often our sequence
    /// numbers have wrapped.
    pub(crate) fn is_other_peer(&self, after: &Self) -> bool {
        match (self, after) {
            (Self::Sdes { remote: before, .. }, Self::Sdes { remote: after, .. }) => before != after,
            (Self::None, _) | (_, Self::None) => false,
        }
    }
}

impl Agreement {
    pub(crate) fn security(&self) -> Security {
        match &self.keys {
            Keys::None => Security::None,
            Keys::Sdes { local, .. } => Security::Sdes { suite: local.suite() },
        }
    }

    pub(crate) fn is_protected(&self) -> bool {
        self.keys != Keys::None
    }

    /// The codec to send, with its number.
    pub(crate) fn codec(&self) -> Option<(Codec, u8)> {
        audio(&self.send).next()
    }

    /// The number and the clock rate by which to send digits: those that go with the codec's clock, else any.
    pub(crate) fn event(&self) -> Option<(u32, u8)> {
        let rate = self.codec().map(|(codec, _)| codec.clock_rate());
        let events = || {
            self.send.iter().filter_map(|(format, number)| match format {
                Format::Event { clock_rate } => Some((*clock_rate, *number)),
                Format::Audio(_) | Format::ComfortNoise => None,
            })
        };
        events().find(|(clock_rate, _)| Some(*clock_rate) == rate).or_else(|| events().next())
    }

    /// Whether the peer knows comfort noise.
    pub(crate) fn comfort_noise(&self) -> Option<u8> {
        self.send.iter().find(|(format, _)| *format == Format::ComfortNoise).map(|(_, number)| *number)
    }
}

pub(crate) fn audio(formats: &[(Format, u8)]) -> impl Iterator<Item = (Codec, u8)> {
    formats.iter().filter_map(|(format, number)| match format {
        Format::Audio(codec) => Some((*codec, *number)),
        Format::Event { .. } | Format::ComfortNoise => None,
    })
}

impl Profile {
    /// The profile of an `m=` line; `None` for DTLS and all others.
    pub(crate) fn of(protocol: &str) -> Option<Self> {
        const ALL: [Profile; 4] = [Profile::Avp, Profile::Avpf, Profile::Savp, Profile::Savpf];
        ALL.into_iter().find(|profile| profile.name().eq_ignore_ascii_case(protocol))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Avp => "RTP/AVP",
            Self::Avpf => "RTP/AVPF",
            Self::Savp => "RTP/SAVP",
            Self::Savpf => "RTP/SAVPF",
        }
    }

    pub(crate) const fn is_secure(self) -> bool {
        matches!(self, Self::Savp | Self::Savpf)
    }
}

impl Transport {
    /// Where the peer wants RTP and RTCP, by its description. `None` where it says nothing that can be understood.
    pub(crate) fn of(description: &SessionDescription<'_>, media: &MediaDescription<'_>, mux: bool) -> Option<Self> {
        let host = description.connection_of(media)?.host()?;
        let rtp = Target::of(host.clone(), media.port);
        let rtcp = if has_no_rtcp(media) {
            RtcpTarget::Off
        } else if mux {
            RtcpTarget::Muxed
        } else {
            RtcpTarget::Separate(separate_rtcp(host, media))
        };
        Some(Self { rtp, rtcp })
    }
}

/// `b=RS:0` and `b=RR:0` (RFC 3556 §2).
fn has_no_rtcp(media: &MediaDescription<'_>) -> bool {
    let has = |wanted: &str| media.other.iter().any(|(letter, value)| *letter == 'b' && value == wanted);
    has("RS:0") && has("RR:0")
}

fn separate_rtcp(host: Host, media: &MediaDescription<'_>) -> Target {
    match (media.rtcp(), media.port) {
        (Some(rtcp), _) => Target::of(rtcp.address.map_or(host, Host::Address), rtcp.port),
        (None, 0 | u16::MAX) => Target::Nowhere,
        (None, port) => Target::of(host, port + 1),
    }
}

impl Target {
    fn of(host: Host, port: u16) -> Self {
        match host {
            _ if port == 0 => Self::Nowhere,
            Host::Address(address) => Self::at(address, port),
            Host::Name(host) => Self::Name { host, port },
        }
    }

    /// Multicast and broadcast would make a phone an amplifier.
    pub(crate) fn at(address: IpAddr, port: u16) -> Self {
        let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
        match address.is_unspecified() || address.is_multicast() || is_broadcast {
            true => Self::Nowhere,
            false => Self::Address(SocketAddr::new(address, port)),
        }
    }

    /// The address, where it is known.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Nowhere | Self::Name { .. } => None,
        }
    }

    /// The name that has to be resolved.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Name { host, .. } => Some(host),
            Self::Nowhere | Self::Address(_) => None,
        }
    }

    /// Puts the address in place of the name.
    pub(crate) fn resolve(&mut self, address: IpAddr) {
        if let Self::Name { port, .. } = self {
            *self = Self::at(address, *port);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transport(lines: &str, mux: bool) -> Option<Transport> {
        let text = format!("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n{lines}");
        let description = SessionDescription::parse(&text).unwrap();
        Transport::of(&description, &description.media[0], mux)
    }

    fn at(address: &str) -> Target {
        Target::Address(address.parse().unwrap())
    }

    #[test]
    fn rtcp_goes_to_the_next_port_unless_told_otherwise() {
        let rtcp = |lines, mux| transport(lines, mux).unwrap().rtcp;
        assert_eq!(rtcp("", false), RtcpTarget::Separate(at("192.0.2.1:4001")));
        assert_eq!(rtcp("a=rtcp:53020\r\n", false), RtcpTarget::Separate(at("192.0.2.1:53020")));
        assert_eq!(rtcp("a=rtcp:9 IN IP4 192.0.2.9\r\n", false), RtcpTarget::Separate(at("192.0.2.9:9")));
        assert_eq!(rtcp("a=rtcp:53020\r\n", true), RtcpTarget::Muxed);
        assert_eq!(rtcp("b=RS:0\r\nb=RR:0\r\n", true), RtcpTarget::Off);
    }

    #[test]
    fn nothing_is_sent_to_unspecified_or_multicast_addresses() {
        for address in ["0.0.0.0", "224.0.0.1/127", "255.255.255.255"] {
            let line = format!("c=IN IP4 {address}\r\n");
            assert_eq!(transport(&line, false).unwrap().rtp, Target::Nowhere, "{address}");
        }
        assert_eq!(transport("c=IN IP6 ff02::1\r\n", false).unwrap().rtp, Target::Nowhere);
    }

    #[test]
    fn host_name_waits_for_its_address() {
        let mut rtp = transport("c=IN IP4 media.example.net\r\n", false).unwrap().rtp;
        assert_eq!(rtp.name(), Some("media.example.net"));
        rtp.resolve("192.0.2.7".parse().unwrap());
        assert_eq!(rtp, at("192.0.2.7:4000"));
    }
}
