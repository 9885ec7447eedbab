use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address of ours that a packet to `remote` would leave from, by the system's routing table. Sends nothing.
///
/// # Errors
/// Where no route leads there.
pub fn local_address_towards(remote: SocketAddr) -> io::Result<IpAddr> {
    // Connecting a datagram socket looks the route up and sends nothing. Port 0 is refused by some systems.
    let remote = if remote.port() == 0 { SocketAddr::new(remote.ip(), 9) } else { remote };
    let probe = UdpSocket::bind(SocketAddr::new(unspecified_like(remote), 0))?;
    probe.connect(remote)?;
    let local = probe.local_addr()?.ip();
    if local.is_unspecified() {
        return Err(io::Error::new(io::ErrorKind::NetworkUnreachable, "the system names no source address"));
    }
    Ok(local)
}

/// The unspecified address of the same family.
pub(crate) fn unspecified_like(address: SocketAddr) -> IpAddr {
    match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Orders addresses as RFC 8305 §4 asks: families take turns, the family of the first one begins. Those that no route
/// leads to are left out, unless none has a route.
pub(crate) fn in_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let (routed, unrouted): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|&address| local_address_towards(address).is_ok());
    interleave(if routed.is_empty() { unrouted } else { routed })
}

pub(crate) fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return addresses };
    let starts_with_v6 = first.is_ipv6();
    let (leading, following): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == starts_with_v6);
    let mut ordered = Vec::with_capacity(leading.len() + following.len());
    let (mut leading, mut following) = (leading.into_iter(), following.into_iter());
    loop {
        let pair = (leading.next(), following.next());
        if pair == (None, None) {
            return ordered;
        }
        ordered.extend(pair.0.into_iter().chain(pair.1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn source_towards_loopback_is_loopback() {
        let local = local_address_towards("127.0.0.1:5060".parse().unwrap()).unwrap();
        assert_eq!(local, IpAddr::from(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn families_take_turns() {
        let mixed = addresses(&["[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"]);
        let ordered = addresses(&["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1", "192.0.2.2:1", "192.0.2.3:1"]);
        assert_eq!(interleave(mixed), ordered);
    }
}
