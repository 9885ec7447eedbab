use core::fmt;
use std::net::SocketAddr;

/// One path to a peer: a connection, or for UDP a pair of local socket and remote address (RFC 5626 §3.1).
///
/// Whoever names a flow first chooses the number: a core counts up from 1 for those it asks the driver to connect,
/// a driver counts down from `u64::MAX` for those that a peer opened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u64);

impl fmt::Debug for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u64::MAX - self.0 {
            below if below < 1 << 32 => write!(f, "flow-in-{below}"),
            _ => write!(f, "flow-{}", self.0),
        }
    }
}

/// How bytes travel on a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Datagrams, RFC 3261 §18.
    Udp,
    /// A byte stream, RFC 3261 §18.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket without TLS, RFC 7118.
    Ws,
    /// WebSocket over TLS, RFC 7118.
    Wss,
}

impl Protocol {
    /// Whether bytes arrive in order or not at all, so that requests are not retransmitted (RFC 3261 §17.1.1.2).
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// Whether the flow is encrypted.
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// Whether bytes come as a stream that has to be framed; datagrams and WebSocket messages come whole.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls)
    }

    /// The port where none is given: 5061 for TLS, 443 for WSS, 80 for WS, else 5060 (RFC 3261 §19.1.2, RFC 7118).
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// The name as it stands in Via: `UDP`, `TCP`, `TLS`, `WS`, `WSS`.
    pub const fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.via_name())
    }
}

/// Where a driver is asked to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remote {
    /// How.
    pub protocol: Protocol,
    /// The address, already resolved.
    pub address: SocketAddr,
    /// The name that the certificate must bear (RFC 5922): the SIP domain that was asked for, not the host that DNS
    /// named. Also the `Host` of a WebSocket's handshake.
    pub server_name: String,
    /// The path of a WebSocket's handshake, `/` where none is given; nothing for other protocols.
    pub path: String,
}

/// What is known about an open flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowInfo {
    /// How bytes travel.
    pub protocol: Protocol,
    /// Our address as this flow's peer could see it: never unspecified.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
}

/// Bytes that a core wants to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Transmit {
    /// On which flow.
    pub flow: FlowId,
    /// One datagram, one WebSocket message, or a piece of the stream.
    pub payload: Vec<u8>,
}

impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads hold addresses and numbers: only their size goes into a log.
        write!(f, "Transmit({:?}, {} bytes)", self.flow, self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_of_a_transmit_hides_the_payload() {
        let transmit = Transmit { flow: FlowId(3), payload: b"INVITE sip:112".to_vec() };
        assert_eq!(format!("{transmit:?}"), "Transmit(flow-3, 14 bytes)");
    }

    #[test]
    fn flows_opened_by_peers_count_down() {
        assert_eq!(format!("{:?}", FlowId(u64::MAX - 2)), "flow-in-2");
    }
}
