use std::net::SocketAddr;

use bellbird_base::{FlowId, FlowInfo, Protocol};

use crate::agent::Question;
use crate::uri::{Scheme, Uri};

/// Where a request goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The flow to use as long as it is open.
    pub flow: Option<FlowId>,
    /// Else the server of this URI: the first route, or the Request-URI.
    pub uri: Uri,
    /// The transport to use where the URI names none.
    pub protocol: Option<Protocol>,
    /// The path of a WebSocket's handshake.
    pub path: String,
}

impl Route {
    /// To the server of this URI, over whatever RFC 3263 finds.
    pub fn to(uri: Uri) -> Self {
        Self { flow: None, uri, protocol: None, path: String::new() }
    }

    /// What to ask the resolver. `None` for a URI that names no host.
    pub(super) fn question(&self) -> Option<Question> {
        let host = self.uri.host()?;
        let secure = self.uri.scheme() == Scheme::Sips;
        let named = self.uri.param("transport").and_then(protocol_named);
        let protocol = match (named, self.protocol) {
            (Some(Protocol::Ws), Some(Protocol::Wss)) => Some(Protocol::Wss),
            (Some(named), _) => Some(named),
            (None, preferred) => preferred,
        };
        let protocol = protocol.map(|protocol| if secure { encrypted(protocol) } else { protocol });
        let host = self.uri.param("maddr").unwrap_or(host.as_str());
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Question { host, port: self.uri.port(), protocol, secure, path: self.path.clone() })
    }
}

/// The way back to whoever opened a flow to us: over that flow, whatever the Contact says; over UDP also to the address
/// that it came from, since a device behind a NAT is reached nowhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WayBack {
    pub(crate) flow: Option<FlowId>,
    pub(crate) peer: Option<(Protocol, SocketAddr)>,
}

impl WayBack {
    pub(crate) fn over(flow: FlowId, info: Option<FlowInfo>) -> Self {
        Self { flow: Some(flow), peer: info.map(|info| (info.protocol, info.remote)) }
    }

    /// The route of a request to this hop, or the hop's own address where no way back is known.
    pub(crate) fn route(&self, is_open: impl FnOnce(FlowId) -> bool, hop: &Uri) -> Route {
        match (self.flow.filter(|flow| is_open(*flow)), self.peer) {
            (Some(flow), _) => Route { flow: Some(flow), ..Route::to(hop.clone()) },
            (None, Some((Protocol::Udp, address))) => {
                let uri = Uri::sip(None, &address.ip().to_string(), Some(address.port()));
                Route { protocol: Some(Protocol::Udp), ..Route::to(uri.unwrap_or_else(|_| hop.clone())) }
            }
            (None, _) => Route::to(hop.clone()),
        }
    }
}

/// The transport that a URI's `transport` parameter names.
pub(crate) fn protocol_named(name: &str) -> Option<Protocol> {
    let all = [Protocol::Udp, Protocol::Tcp, Protocol::Tls, Protocol::Ws, Protocol::Wss];
    all.into_iter().find(|protocol| protocol.via_name().eq_ignore_ascii_case(name))
}

fn encrypted(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::Udp | Protocol::Tcp | Protocol::Tls => Protocol::Tls,
        Protocol::Ws | Protocol::Wss => Protocol::Wss,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(uri: &str, protocol: Option<Protocol>) -> Question {
        Route { protocol, ..Route::to(Uri::parse(uri).unwrap()) }.question().unwrap()
    }

    #[test]
    fn transport_parameter_goes_before_the_account() {
        assert_eq!(question("sip:example.org;transport=tcp", Some(Protocol::Tls)).protocol, Some(Protocol::Tcp));
        assert_eq!(question("sip:example.org", Some(Protocol::Tls)).protocol, Some(Protocol::Tls));
        assert_eq!(question("sip:example.org", None).protocol, None);
    }

    #[test]
    fn sips_makes_any_transport_encrypted() {
        let question = question("sips:example.org;transport=tcp", None);
        assert_eq!((question.protocol, question.secure), (Some(Protocol::Tls), true));
    }

    #[test]
    fn ipv6_address_is_asked_for_without_brackets() {
        let question = question("sip:alice@[2001:db8::1]:5070;lr", None);
        assert_eq!((question.host.as_str(), question.port), ("2001:db8::1", Some(5070)));
    }
}
