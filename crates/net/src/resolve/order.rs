use bellbird_base::{Protocol, Rng};

use super::plan::Door;

/// An SRV record with the transport that it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) protocol: Protocol,
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    pub(super) host: String,
}

impl Service {
    pub(super) const fn door(&self) -> Door {
        Door { protocol: self.protocol, port: self.port }
    }
}

/// A NAPTR record that a phone can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    pub(super) order: u16,
    pub(super) preference: u16,
    pub(super) protocol: Protocol,
    pub(super) to: Replacement,
}

/// What a NAPTR record points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// The name of SRV records (flag `s`).
    Service(String),
    /// The name of a host (flag `a`).
    Host(String),
}

/// The transport that a NAPTR service means (RFC 3263 §4.1).
pub(super) fn protocol_of(service: &[u8]) -> Option<Protocol> {
    let known: [(&[u8], Protocol); 3] =
        [(b"SIP+D2U", Protocol::Udp), (b"SIP+D2T", Protocol::Tcp), (b"SIPS+D2T", Protocol::Tls)];
    known.into_iter().find_map(|(name, protocol)| service.eq_ignore_ascii_case(name).then_some(protocol))
}

/// Puts pointers into the order that their owner wants (RFC 3403 §4.1).
pub(super) fn by_order(mut pointers: Vec<Pointer>) -> Vec<Pointer> {
    pointers.sort_by_key(|pointer| (pointer.order, pointer.preference));
    pointers
}

/// Puts services into the order to try them in: by priority, and within one by lot, weighted (RFC 2782).
pub(super) fn by_lot(mut services: Vec<Service>, rng: &mut Rng) -> Vec<Service> {
    // Those without weight go first, so that the lot can fall on them too.
    services.sort_by_key(|service| (service.priority, service.weight != 0));
    let mut ordered = Vec::with_capacity(services.len());
    while let Some(priority) = services.first().map(|service| service.priority) {
        let rivals = services.partition_point(|service| service.priority <= priority);
        let weights = services.iter().take(rivals).map(|service| u64::from(service.weight));
        let lot = rng.below(weights.clone().sum::<u64>() + 1);
        let mut sum = 0;
        let drawn = weights.map(|weight| {
            sum += weight;
            sum
        });
        let winner = drawn.into_iter().position(|sum| sum >= lot).unwrap_or(0);
        ordered.push(services.remove(winner));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use bellbird_base::Seed;

    use super::*;

    fn service(priority: u16, weight: u16, host: &str) -> Service {
        Service { protocol: Protocol::Udp, priority, weight, port: 5060, host: host.to_owned() }
    }

    #[test]
    fn lower_priority_numbers_come_first() {
        let mut rng = Rng::new(&Seed::from_number(1));
        let ordered = by_lot(vec![service(20, 0, "c"), service(5, 0, "a"), service(10, 100, "b")], &mut rng);
        let hosts: Vec<_> = ordered.iter().map(|service| service.host.as_str()).collect();
        assert_eq!(hosts, ["a", "b", "c"]);
    }

    #[test]
    fn the_lot_falls_by_weight() {
        let mut rng = Rng::new(&Seed::from_number(2));
        let first = |rng: &mut Rng| by_lot(vec![service(1, 30, "light"), service(1, 70, "heavy")], rng)[0].host.clone();
        let heavy = (0..1_000).filter(|_| first(&mut rng) == "heavy").count();
        assert!((630..770).contains(&heavy), "{heavy} of 1000");
    }

    #[test]
    fn no_service_is_lost_whatever_the_weights() {
        let mut rng = Rng::new(&Seed::from_number(3));
        let all = vec![service(1, 0, "a"), service(1, 0, "b"), service(1, u16::MAX, "c"), service(2, 0, "d")];
        for _ in 0..100 {
            assert_eq!(by_lot(all.clone(), &mut rng).len(), 4);
        }
    }

    #[test]
    fn unknown_services_point_nowhere() {
        assert_eq!(protocol_of(b"sips+d2t"), Some(Protocol::Tls));
        assert_eq!(protocol_of(b"SIP+D2S"), None);
        assert_eq!(protocol_of(b"E2U+sip"), None);
    }
}
