//! Where a phone registers, and as whom.

use std::path::PathBuf;

use crate::kamailio::{DOMAIN, Kamailio, Transport, secret_of};

/// An account at a registrar, as it is typed into a phone that nobody here wrote.
#[derive(Clone, Debug)]
pub struct SipAccount {
    /// The user part of the address of record.
    pub user: String,
    /// The domain, which is the realm as well.
    pub domain: String,
    /// The user name for authentication.
    pub login: String,
    /// The secret for authentication.
    pub secret: String,
    /// The registrar's URI: `sip:127.0.0.1:5060;transport=udp`.
    pub registrar: String,
    /// Who signed the registrar's certificate.
    pub authority: Option<PathBuf>,
}

impl SipAccount {
    /// A user of Kamailio.
    pub fn at(kamailio: &Kamailio, transport: Transport, user: &str) -> Self {
        Self {
            user: user.to_owned(),
            domain: DOMAIN.to_owned(),
            login: user.to_owned(),
            secret: secret_of(user),
            registrar: kamailio.uri(transport),
            authority: Some(kamailio.certificates.authority.clone()),
        }
    }

    /// The address of record.
    pub fn address(&self) -> String {
        format!("sip:{}@{}", self.user, self.domain)
    }

    /// `udp`, `tcp` or `tls`.
    pub fn transport(&self) -> &str {
        self.registrar.rsplit("transport=").next().unwrap_or("udp")
    }

    /// The registrar's host and port.
    pub fn socket(&self) -> &str {
        self.registrar.trim_start_matches("sip:").split(';').next().unwrap_or_default()
    }
}
