//! What the SIP side is started with.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, bail};
use bellbird_base::Protocol;
use bellbird_net::ServerIdentity;

use crate::config::Sip;

/// What the SIP side is started with.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// Where it listens.
    pub listen: Vec<(Protocol, SocketAddr)>,
    /// What TLS and WSS show of themselves.
    pub identity: Option<ServerIdentity>,
    /// Our address as the outside sees it, behind a 1:1 NAT.
    pub public_address: Option<IpAddr>,
    /// The address for sound, if another one.
    pub media_address: Option<IpAddr>,
    /// Ports for sound, from and to.
    pub media_ports: (u16, u16),
}

impl EdgeConfig {
    /// As the configuration file says.
    ///
    /// # Errors
    /// Where a socket to listen on can't be understood.
    pub fn new(sip: &Sip) -> anyhow::Result<Self> {
        let listen = sip.listen.iter().map(|text| listen(text)).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            listen,
            identity: None,
            public_address: sip.public_address,
            media_address: sip.media_address,
            media_ports: sip.media_ports,
        })
    }

    /// With what TLS and WSS show of themselves.
    #[must_use]
    pub fn with_identity(self, identity: Option<ServerIdentity>) -> Self {
        Self { identity, ..self }
    }

    /// Whether all is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.listen.iter().all(|(_, address)| address.ip().is_loopback())
    }
}

fn listen(text: &str) -> anyhow::Result<(Protocol, SocketAddr)> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let protocol = match scheme {
        "udp" => Protocol::Udp,
        "tcp" => Protocol::Tcp,
        "tls" => Protocol::Tls,
        "ws" => Protocol::Ws,
        "wss" => Protocol::Wss,
        _ => bail!("sip.listen = {text:?}: write it as udp://0.0.0.0:5060, or tcp, tls, ws or wss"),
    };
    let address = rest.trim_end_matches('/').parse();
    let address = address.with_context(|| format!("sip.listen = {text:?}: write the address as 0.0.0.0:5060"))?;
    Ok((protocol, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_to_listen_on_are_read() {
        assert_eq!(listen("tls://[::]:5061").unwrap(), (Protocol::Tls, "[::]:5061".parse().unwrap()));
        assert!(listen("0.0.0.0:5060").unwrap_err().to_string().contains("udp://"));
        assert!(listen("udp://sip.example.com").unwrap_err().to_string().contains("udp://sip.example.com"));
    }
}
