use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use bellbird_media::Component;
use mio::{Interest, Poll, Token};

/// Expedited forwarding, DSCP 46, in the upper six bits of the field (RFC 4594 §4.1).
const EXPEDITED_FORWARDING: u32 = 46 << 2;
/// How many pairs are tried before giving up.
const ATTEMPTS: u32 = 64;

/// Where RTP is received: even ports for RTP, the next one for RTCP (RFC 3550 §11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// The lowest port.
    pub first: u16,
    /// The highest port.
    pub last: u16,
}

impl Default for PortRange {
    fn default() -> Self {
        Self { first: 20_000, last: 39_998 }
    }
}

/// The two sockets of a leg.
pub(super) struct Sockets {
    rtp: mio::net::UdpSocket,
    rtcp: mio::net::UdpSocket,
}

impl Sockets {
    /// Takes an even port and the odd one after it. `choose` gives a number below its argument.
    pub(super) fn bind(address: IpAddr, ports: PortRange, mut choose: impl FnMut(u64) -> u64) -> io::Result<Self> {
        let pairs = u64::from(ports.last.saturating_sub(ports.first) / 2).max(1);
        let mut outcome = Err(io::Error::new(io::ErrorKind::AddrInUse, "no RTP port is free"));
        for _ in 0..ATTEMPTS {
            let offset = u16::try_from(choose(pairs) * 2).unwrap_or(0);
            outcome = bind_pair(address, (ports.first & !1).saturating_add(offset));
            match &outcome {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                _ => break,
            }
        }
        outcome
    }

    pub(super) fn register(&mut self, poll: &Poll, leg: usize) -> io::Result<()> {
        poll.registry().register(&mut self.rtp, Token(leg * 2), Interest::READABLE)?;
        poll.registry().register(&mut self.rtcp, Token(leg * 2 + 1), Interest::READABLE)
    }

    pub(super) fn deregister(&mut self, poll: &Poll) {
        for socket in [&mut self.rtp, &mut self.rtcp] {
            if let Err(error) = poll.registry().deregister(socket) {
                tracing::debug!("an RTP socket was not registered: {error}");
            }
        }
    }

    pub(super) fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.rtp.local_addr()?, self.rtcp.local_addr()?))
    }

    /// Sends, or drops where the system's buffer is full: late audio is of no use.
    pub(super) fn send(&self, component: Component, destination: SocketAddr, payload: &[u8]) {
        if let Err(error) = self.of(component).send_to(payload, destination) {
            tracing::trace!("an RTP packet was not sent: {error}");
        }
    }

    /// The next datagram, if one waits. An ICMP error of an earlier send is not the end of the socket.
    pub(super) fn receive(&self, component: Component, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        loop {
            match self.of(component).recv_from(buffer) {
                Ok(received) => return Some(received),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) if is_icmp(&error) => {}
                Err(error) => {
                    tracing::debug!("an RTP socket failed: {error}");
                    return None;
                }
            }
        }
    }

    const fn of(&self, component: Component) -> &mio::net::UdpSocket {
        match component {
            Component::Rtp => &self.rtp,
            Component::Rtcp => &self.rtcp,
        }
    }
}

fn is_icmp(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

fn bind_pair(address: IpAddr, port: u16) -> io::Result<Sockets> {
    let bind = |port| {
        let socket = UdpSocket::bind(SocketAddr::new(address, port))?;
        socket.set_nonblocking(true)?;
        mark(&socket);
        Ok::<_, io::Error>(mio::net::UdpSocket::from_std(socket))
    };
    Ok(Sockets { rtp: bind(port)?, rtcp: bind(port.saturating_add(1))? })
}

/// Asks routers for haste. Some systems refuse that, and the call goes on without.
fn mark(socket: &UdpSocket) {
    let socket = socket2::SockRef::from(socket);
    let marked = match socket.local_addr().map(|address| address.is_ipv6()) {
        Ok(true) => socket.set_tclass_v6(EXPEDITED_FORWARDING),
        _ => socket.set_tos_v4(EXPEDITED_FORWARDING),
    };
    if let Err(error) = marked {
        tracing::debug!("RTP goes unmarked: {error}");
    }
}
