//! What the server has to know to get its certificate by ACME.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, host_of};

const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Ends of names that no public authority vouches for (RFC 6761, 6762, 7686, 8375, 9476, and `.internal`).
const PRIVATE: [&str; 9] =
    ["alt", "example", "home.arpa", "internal", "invalid", "local", "localhost", "onion", "test"];

/// Where certificates are asked for, and for what (RFC 8555).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Acme {
    /// Whom the authority writes to: `mailto:admin@fiets.example`.
    pub contact: Option<String>,
    /// The authority's directory.
    pub directory: String,
    /// The PEM authority that vouches for the directory's own HTTPS, where the system doesn't know it. It alone is believed.
    pub authority: Option<PathBuf>,
    /// The names on the certificate. Empty: the hosts of `public_url` and `sip.servers` and the SIP domains, as far as they
    /// are public DNS names.
    pub names: Vec<String>,
    /// The socket that the authority reaches at port 80 of each name, to see that the name is ours (HTTP-01).
    pub http01: SocketAddr,
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            contact: None,
            directory: LETS_ENCRYPT.to_owned(),
            authority: None,
            names: Vec::new(),
            http01: SocketAddr::from(([0, 0, 0, 0], 80)),
        }
    }
}

impl Acme {
    pub(super) fn check(&self, public_url: &str, http: SocketAddr) -> Result<(), ConfigError> {
        let unusable = |key, value: &str, problem| Err(ConfigError::Unusable { key, value: value.to_owned(), problem });
        if let Some(contact) = self.contact.as_deref().filter(|contact| !contact.starts_with("mailto:")) {
            return unusable("acme.contact", contact, "write it as mailto:somebody@fiets.example, or leave it out");
        }
        if !self.directory.starts_with("https://") {
            return unusable("acme.directory", &self.directory, "write it as https://…, as the authority tells it");
        }
        if let Some(name) = self.names.iter().find(|name| !is_dns_name(name)) {
            let problem = "name hosts by DNS, such as sip.fiets.example; HTTP-01 proves no addresses and no wildcards";
            return unusable("acme.names", name, problem);
        }
        if self.names.is_empty() && !is_public_name(host_of(public_url)) {
            let problem = "an authority vouches for public names: write public_url = \"https://sip.fiets.example\" with yours, \
                or say with acme.names what the certificate is to bear";
            return unusable("public_url", public_url, problem);
        }
        if self.http01.port() != 0 && self.http01 == http {
            return unusable(
                "acme.http01",
                &self.http01.to_string(),
                "`http` has this socket: let one of them be another",
            );
        }
        Ok(())
    }
}

/// Whether it is a host's name in DNS, no address and no wildcard.
fn is_dns_name(name: &str) -> bool {
    let fits = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(fits) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a public authority may vouch for it.
pub(crate) fn is_public_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends_in = |end: &&str| name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    is_dns_name(&name) && name.contains('.') && !PRIVATE.iter().any(ends_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(acme: &Acme, public_url: &str) -> String {
        acme.check(public_url, SocketAddr::from(([0, 0, 0, 0], 443))).unwrap_err().to_string()
    }

    #[test]
    fn public_names_are_told_from_addresses_and_names_of_a_network() {
        for public in ["fiets.nl", "sip.fiets.nl", "SIP.Fiets.NL", "xn--fts-7na.nl", "mylocal.nl"] {
            assert!(is_public_name(public), "{public}");
        }
        let private =
            ["", "fiets", "192.168.0.1", "[::1]", "demo.localhost", "pbx.local", "x.home.arpa", "*.fiets.nl", "a..nl"];
        for private in private {
            assert!(!is_public_name(private), "{private}");
        }
    }

    #[test]
    fn what_no_certificate_can_be_had_with_is_refused_with_what_to_do() {
        let good = Acme::default();
        good.check("https://sip.fiets.nl", SocketAddr::from(([0, 0, 0, 0], 443))).unwrap();
        assert!(refusal(&good, "https://192.168.0.1").starts_with("public_url"));
        assert!(refusal(&Acme { contact: Some("a@b.nl".into()), ..good.clone() }, "https://a.nl").contains("mailto:"));
        assert!(refusal(&Acme { directory: "http://ca".into(), ..good.clone() }, "https://a.nl").contains("https://…"));
        assert!(refusal(&Acme { names: vec!["*.a.nl".into()], ..good.clone() }, "https://a.nl").contains("wildcards"));
        let same = Acme { http01: SocketAddr::from(([0, 0, 0, 0], 443)), ..good };
        assert!(refusal(&same, "https://a.nl").starts_with("acme.http01"));
    }

    #[test]
    fn names_of_a_private_network_can_be_asked_for_where_somebody_says_so() {
        let private = Acme { names: vec!["pbx.local".into()], ..Acme::default() };
        private.check("https://192.168.0.1", SocketAddr::from(([0, 0, 0, 0], 443))).unwrap();
    }
}
