use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Duration, Instant};

/// Whether the port that a NAT gives depends on the destination (RFC 4787 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// One port for all destinations.
    EndpointIndependent,
    /// A port for each destination address and port: "symmetric".
    AddressAndPortDependent,
}

/// From whom a NAT lets packets in (RFC 4787 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filtering {
    /// From anybody.
    EndpointIndependent,
    /// From hosts that were sent to.
    AddressDependent,
    /// From addresses and ports that were sent to.
    AddressAndPortDependent,
}

/// A network address translator before some hosts.
#[derive(Clone, Debug)]
pub struct Nat {
    public: IpAddr,
    inside: BTreeSet<IpAddr>,
    mapping: Mapping,
    filtering: Filtering,
    /// How long a binding lives without a packet from inside.
    lifetime: Duration,
    bindings: BTreeMap<u16, Binding>,
    next_port: u16,
    generation: u64,
}

#[derive(Clone, Debug)]
struct Binding {
    inside: SocketAddr,
    /// The destination that a symmetric binding is for.
    destination: Option<SocketAddr>,
    permitted: BTreeSet<SocketAddr>,
    expires: Instant,
}

impl Nat {
    /// A NAT as homes have it: one port for all destinations, filtering by address and port, 60 s.
    pub fn new(public: IpAddr, inside: impl IntoIterator<Item = IpAddr>) -> Self {
        Self {
            public,
            inside: inside.into_iter().collect(),
            mapping: Mapping::EndpointIndependent,
            filtering: Filtering::AddressAndPortDependent,
            lifetime: Duration::from_secs(60),
            bindings: BTreeMap::new(),
            next_port: 20_000,
            generation: 0,
        }
    }

    /// With another behaviour.
    #[must_use]
    pub fn behaving(self, mapping: Mapping, filtering: Filtering) -> Self {
        Self { mapping, filtering, ..self }
    }

    /// With another time that a binding lives without a packet from inside.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// The address that the world sees.
    pub const fn public(&self) -> IpAddr {
        self.public
    }

    pub(crate) fn has_inside(&self, host: IpAddr) -> bool {
        self.inside.contains(&host)
    }

    /// Changes with each rebinding: what was opened before is dead.
    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    /// All bindings are forgotten; what is sent from now on gets other ports.
    pub(crate) fn rebind(&mut self) {
        self.bindings.clear();
        self.generation += 1;
    }

    /// The source that the world sees; opens or refreshes the binding.
    pub(crate) fn outbound(&mut self, now: Instant, from: SocketAddr, to: SocketAddr) -> SocketAddr {
        self.bindings.retain(|_, binding| binding.expires > now);
        let destination = (self.mapping == Mapping::AddressAndPortDependent).then_some(to);
        let found = self.bindings.iter().find(|(_, known)| known.inside == from && known.destination == destination);
        let port = match found {
            Some((port, _)) => *port,
            None => self.bind(from, destination),
        };
        if let Some(binding) = self.bindings.get_mut(&port) {
            binding.permitted.insert(to);
            binding.expires = now + self.lifetime;
        }
        SocketAddr::new(self.public, port)
    }

    fn bind(&mut self, inside: SocketAddr, destination: Option<SocketAddr>) -> u16 {
        let port = self.next_port;
        self.next_port = self.next_port.checked_add(1).unwrap_or(20_000);
        let binding = Binding { inside, destination, permitted: BTreeSet::new(), expires: Instant::ORIGIN };
        self.bindings.insert(port, binding);
        port
    }

    /// The host that a public port was given to.
    pub(crate) fn inside_of(&self, port: u16) -> Option<IpAddr> {
        self.bindings.get(&port).map(|binding| binding.inside.ip())
    }

    /// The host inside that a packet to `to` goes to; `None` where it is not let in.
    pub(crate) fn inbound(&self, now: Instant, from: SocketAddr, to: SocketAddr) -> Option<SocketAddr> {
        let binding = self.bindings.get(&to.port()).filter(|binding| binding.expires > now)?;
        let permitted = match self.filtering {
            Filtering::EndpointIndependent => true,
            Filtering::AddressDependent => binding.permitted.iter().any(|known| known.ip() == from.ip()),
            Filtering::AddressAndPortDependent => binding.permitted.contains(&from),
        };
        permitted.then_some(binding.inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn home() -> Nat {
        Nat::new("198.51.100.1".parse().unwrap(), ["10.0.0.1".parse().unwrap()])
    }

    #[test]
    fn answers_come_in_and_strangers_do_not() {
        let mut nat = home();
        let outside = nat.outbound(Instant::ORIGIN, at("10.0.0.1:5060"), at("192.0.2.1:5060"));
        assert_eq!(nat.inbound(Instant::ORIGIN, at("192.0.2.1:5060"), outside), Some(at("10.0.0.1:5060")));
        assert_eq!(nat.inbound(Instant::ORIGIN, at("192.0.2.1:5061"), outside), None);
        assert_eq!(nat.inbound(Instant::ORIGIN, at("192.0.2.2:5060"), outside), None);
    }

    #[test]
    fn symmetric_mapping_gives_each_destination_its_port() {
        let mut nat = home().behaving(Mapping::AddressAndPortDependent, Filtering::AddressAndPortDependent);
        let first = nat.outbound(Instant::ORIGIN, at("10.0.0.1:5060"), at("192.0.2.1:5060"));
        let second = nat.outbound(Instant::ORIGIN, at("10.0.0.1:5060"), at("192.0.2.2:5060"));
        assert_ne!(first, second);
        assert_eq!(nat.outbound(Instant::ORIGIN, at("10.0.0.1:5060"), at("192.0.2.1:5060")), first);
    }

    #[test]
    fn binding_expires_without_packets_from_inside() {
        let mut nat = home();
        let outside = nat.outbound(Instant::ORIGIN, at("10.0.0.1:5060"), at("192.0.2.1:5060"));
        let late = Instant::ORIGIN + Duration::from_secs(60);
        assert_eq!(nat.inbound(late, at("192.0.2.1:5060"), outside), None);
        assert_ne!(nat.outbound(late, at("10.0.0.1:5060"), at("192.0.2.1:5060")), outside);
    }

    #[test]
    fn rebinding_changes_the_port() {
        let mut nat = home();
        let before = nat.outbound(Instant::ORIGIN, at("10.0.0.1:5060"), at("192.0.2.1:5060"));
        nat.rebind();
        assert_eq!(nat.inbound(Instant::ORIGIN, at("192.0.2.1:5060"), before), None);
        assert_ne!(nat.outbound(Instant::ORIGIN, at("10.0.0.1:5060"), at("192.0.2.1:5060")), before);
    }
}
