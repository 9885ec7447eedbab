use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::address::local_address_towards;

/// An address of the internet for each family, from the ranges for documentation: only the route there is looked up.
const FAR_AWAY: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// What matters of a network for a phone. Two that are equal leave open flows alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    addresses: BTreeSet<(String, IpAddr)>,
    sources: [Option<IpAddr>; 2],
    gateways: BTreeSet<String>,
}

impl Snapshot {
    pub(super) fn take() -> Self {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let addresses = interfaces.into_iter().filter(|interface| !is_local(interface.ip()));
        let addresses = addresses.map(|interface| (interface.name.clone(), interface.ip())).collect();
        let sources = FAR_AWAY.map(|ip| local_address_towards(SocketAddr::new(ip, 9)).ok());
        Self { addresses, sources, gateways: gateways() }
    }
}

fn is_local(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    ip.is_loopback() || link_local
}

/// Interface and gateway of the default routes: another network may give the same address.
#[cfg(target_os = "linux")]
fn gateways() -> BTreeSet<String> {
    let v4 = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let v6 = std::fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    v4.lines().filter_map(default_v4).chain(v6.lines().filter_map(default_v6)).collect()
}

#[cfg(not(target_os = "linux"))]
fn gateways() -> BTreeSet<String> {
    BTreeSet::new()
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`
#[cfg(target_os = "linux")]
fn default_v4(line: &str) -> Option<String> {
    let fields: Vec<_> = line.split_whitespace().collect();
    match *fields.as_slice() {
        [interface, "00000000", gateway, _, _, _, _, "00000000", ..] => Some(format!("{interface} {gateway}")),
        _ => None,
    }
}

/// `destination length source length gateway metric references use flags interface`
#[cfg(target_os = "linux")]
fn default_v6(line: &str) -> Option<String> {
    let fields: Vec<_> = line.split_whitespace().collect();
    match *fields.as_slice() {
        [destination, "00", _, _, gateway, .., interface] if interface != "lo" => {
            destination.bytes().all(|digit| digit == b'0').then(|| format!("{interface} {gateway}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_looks_at_a_quiet_network_are_equal() {
        assert_eq!(Snapshot::take(), Snapshot::take());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn default_routes_are_told_from_others() {
        let default = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0";
        assert_eq!(default_v4(default).as_deref(), Some("eth0 0101A8C0"));
        assert_eq!(default_v4("eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0"), None);
        let zeros = "0".repeat(32);
        let gateway = "fe800000000000000000000000000001";
        let line = format!("{zeros} 00 {zeros} 00 {gateway} 00000400 00000001 00000000 00000003     eth0");
        assert_eq!(default_v6(&line), Some(format!("eth0 {gateway}")));
    }
}
