use std::net::IpAddr;

use bellbird_base::Protocol;

use bellbird_sip::agent::Question;

/// What to look up for a question (RFC 3263 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing: it is an address already.
    Literal(IpAddr, Vec<Door>),
    /// The host's addresses only.
    Addresses(Vec<Door>),
    /// The domain's services for these transports; the host's addresses if it has none.
    Services { protocols: Vec<Protocol>, doors: Vec<Door> },
}

/// A transport and the port where it is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) protocol: Protocol,
    pub(super) port: u16,
}

impl Plan {
    pub(super) fn of(question: &Question) -> Self {
        let doors = doors(question);
        let host = question.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = host.parse() {
            return Self::Literal(address, doors);
        }
        let protocols = services(question);
        if question.port.is_some() || protocols.is_empty() {
            return Self::Addresses(doors);
        }
        Self::Services { protocols, doors }
    }
}

/// The transports that a service may be found for. WebSocket has none: RFC 7118 leaves its server to configuration.
fn services(question: &Question) -> Vec<Protocol> {
    match (wanted(question), question.secure) {
        (Some(protocol @ (Protocol::Udp | Protocol::Tcp | Protocol::Tls)), _) => vec![protocol],
        (Some(Protocol::Ws | Protocol::Wss), _) => Vec::new(),
        (None, true) => vec![Protocol::Tls],
        (None, false) => vec![Protocol::Tls, Protocol::Tcp, Protocol::Udp],
    }
}

/// Where to knock when only addresses are known: the transport that was asked for, or TLS for `sips:`, or UDP as RFC 3263 §4.1
/// says; then TCP at the same port, for networks that let no UDP through.
fn doors(question: &Question) -> Vec<Door> {
    let protocols = match (wanted(question), question.secure) {
        (Some(protocol), _) => vec![protocol],
        (None, true) => vec![Protocol::Tls],
        (None, false) => vec![Protocol::Udp, Protocol::Tcp],
    };
    let door = |protocol: Protocol| Door { protocol, port: question.port.unwrap_or(protocol.default_port()) };
    protocols.into_iter().map(door).collect()
}

/// The transport that was asked for, encrypted if it has to be.
fn wanted(question: &Question) -> Option<Protocol> {
    match (question.protocol?, question.secure) {
        (Protocol::Udp | Protocol::Tcp | Protocol::Tls, true) => Some(Protocol::Tls),
        (Protocol::Ws | Protocol::Wss, true) => Some(Protocol::Wss),
        (protocol, false) => Some(protocol),
    }
}

/// The usual name of a transport's SRV records (RFC 3263 §4.1).
pub(super) fn service_name(protocol: Protocol, domain: &str) -> String {
    let prefix = match protocol {
        Protocol::Udp => "_sip._udp",
        Protocol::Tcp | Protocol::Ws => "_sip._tcp",
        Protocol::Tls | Protocol::Wss => "_sips._tcp",
    };
    format!("{prefix}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(host: &str) -> Question {
        Question { host: host.to_owned(), port: None, protocol: None, secure: false, path: String::new() }
    }

    fn door(protocol: Protocol, port: u16) -> Door {
        Door { protocol, port }
    }

    #[test]
    fn an_address_needs_no_lookup() {
        let doors = vec![door(Protocol::Udp, 5060), door(Protocol::Tcp, 5060)];
        let literal = |text: &str| Plan::Literal(text.parse().unwrap(), doors.clone());
        assert_eq!(Plan::of(&question("192.0.2.1")), literal("192.0.2.1"));
        assert_eq!(Plan::of(&question("2001:db8::1")), literal("2001:db8::1"));
        assert_eq!(Plan::of(&question("[2001:db8::1]")), literal("2001:db8::1"));
    }

    #[test]
    fn a_port_skips_services() {
        let asked = Question { port: Some(5070), protocol: Some(Protocol::Tcp), ..question("example.org") };
        assert_eq!(Plan::of(&asked), Plan::Addresses(vec![door(Protocol::Tcp, 5070)]));
    }

    #[test]
    fn a_bare_domain_is_asked_for_all_its_services_encrypted_first() {
        let Plan::Services { protocols, .. } = Plan::of(&question("example.org")) else { panic!("no services") };
        assert_eq!(protocols, [Protocol::Tls, Protocol::Tcp, Protocol::Udp]);
    }

    #[test]
    fn sips_never_leaves_encryption() {
        for protocol in [None, Some(Protocol::Udp), Some(Protocol::Tcp), Some(Protocol::Tls)] {
            let asked = Question { secure: true, protocol, ..question("example.org") };
            let doors = vec![door(Protocol::Tls, 5061)];
            assert_eq!(Plan::of(&asked), Plan::Services { protocols: vec![Protocol::Tls], doors });
        }
        let asked = Question { secure: true, protocol: Some(Protocol::Ws), ..question("example.org") };
        assert_eq!(Plan::of(&asked), Plan::Addresses(vec![door(Protocol::Wss, 443)]));
    }
}
