//! Where a server is, from what people type and from the links that they get.

use bellbird_contract::{ErrorCode, Problem, Secret};

use super::wire::ServerAddress;

impl ServerAddress {
    /// `bel.fiets.example`, with or without a port or `https://`. On the computer itself, and nowhere else, plain HTTP is
    /// spoken where nothing else is asked for.
    ///
    /// # Errors
    /// [`ErrorCode::FieldInvalid`] for what can't be an address, and for plain HTTP to another computer.
    pub fn parse(typed: &str) -> Result<Self, Problem> {
        let invalid = || Problem::new(ErrorCode::FieldInvalid).with("field", "server");
        let typed = typed.trim();
        let (scheme, rest) = match typed.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, typed),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // Whoever types an e-mail address means the part behind the @.
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = split_port(authority).ok_or_else(invalid)?;
        if !is_host(&host) {
            return Err(invalid());
        }
        let secure = match scheme.as_deref() {
            Some("https" | "wss" | "bellbird") => true,
            Some("http" | "ws") if is_loopback(&host) => false,
            Some(_) => return Err(invalid()),
            None => !is_loopback(&host),
        };
        Ok(Self { secure, host, port, authority: None })
    }

    /// As people write it.
    pub fn shown(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Where TCP connects to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// The address that was meant perhaps, where nothing answers at this one: servers are often called so.
    pub(super) fn guess(&self) -> Option<Self> {
        let named = self.host.contains('.') && self.host.chars().any(char::is_alphabetic);
        let guess = Self { host: format!("bel.{}", self.host), ..self.clone() };
        (named && self.secure && !self.host.starts_with("bel.")).then_some(guess)
    }
}

/// An invitation, a provisioning link or what a QR code holds: `https://server/provisioning#TOKEN`, and perhaps
/// `&authority=` with the fingerprint of the only authority to believe.
pub(super) struct Link {
    pub(super) server: ServerAddress,
    pub(super) token: Secret,
}

impl Link {
    pub(super) fn parse(link: &str) -> Result<Self, Problem> {
        let invalid = || Problem::new(ErrorCode::LinkInvalid);
        let link = link.trim();
        let whole = link.contains("://");
        let server = ServerAddress::parse(link).ok().filter(|_| whole);
        let mut server = server.ok_or_else(invalid)?;
        let kind = |part: &str| matches!(part, "provisioning" | "invitation" | "reset");
        let mut parts = link.split(['/', '#', '?', '&']).skip_while(|part| !kind(part));
        let token = parts.nth(1).filter(|token| is_token(token)).ok_or_else(invalid)?;
        server.authority = match link.split(['?', '&', '#']).find_map(|part| part.strip_prefix("authority=")) {
            Some(fingerprint) => Some(fingerprint_of(fingerprint).ok_or_else(invalid)?),
            None => None,
        };
        Ok(Self { server, token: Secret::new(token) })
    }
}

fn is_token(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// SHA-256 in hexadecimal, with or without colons.
fn fingerprint_of(text: &str) -> Option<String> {
    let digits: String =
        text.chars().filter(|letter| *letter != ':').map(|letter| letter.to_ascii_lowercase()).collect();
    (digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

fn split_port(authority: &str) -> Option<(String, Option<u16>)> {
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            Some((host.to_ascii_lowercase(), Some(port.parse().ok()?)))
        }
        Some(_) if !authority.starts_with('[') => Some((format!("[{}]", authority.to_ascii_lowercase()), None)),
        _ => Some((authority.to_ascii_lowercase(), None)),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<core::net::Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
    };
    host.len() < 254 && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
}

/// Whether this is the computer itself and nothing else: a name that only looks like it is not.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<core::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(typed: &str) -> (bool, String) {
        let address = ServerAddress::parse(typed).unwrap();
        (address.secure, address.shown())
    }

    #[test]
    fn address_is_understood_as_people_write_it() {
        assert_eq!(address(" Bel.Fiets.example "), (true, "bel.fiets.example".to_owned()));
        assert_eq!(address("https://bel.fiets.example:8443/portal"), (true, "bel.fiets.example:8443".to_owned()));
        assert_eq!(address("linda@fiets.example"), (true, "fiets.example".to_owned()));
        assert_eq!(address("2001:db8::1"), (true, "[2001:db8::1]".to_owned()));
        for wrong in ["", "not an address", "ftp://fiets.example", "bel.fiets.example:x", "a..b"] {
            assert_eq!(ServerAddress::parse(wrong).unwrap_err().code, ErrorCode::FieldInvalid, "{wrong}");
        }
    }

    #[test]
    fn plain_http_reaches_no_further_than_this_computer() {
        assert_eq!(address("127.0.0.1:8080"), (false, "127.0.0.1:8080".to_owned()));
        assert_eq!(address("http://[::1]:8080"), (false, "[::1]:8080".to_owned()));
        assert!(address("https://localhost").0);
        for far in
            ["http://fiets.example", "http://127.0.0.1.fiets.example", "http://10.0.0.1", "ws://localhost.example"]
        {
            assert!(ServerAddress::parse(far).is_err(), "{far}");
        }
    }

    #[test]
    fn link_gives_server_token_and_the_authority_to_believe() {
        let fingerprint = "AB:".repeat(31) + "AB";
        let links = [
            "https://bel.fiets.example/provisioning#0123456789abcdef0123",
            "https://bel.fiets.example/#/invitation/0123456789abcdef0123",
            &format!("bellbird://bel.fiets.example/provisioning#0123456789abcdef0123&authority={fingerprint}"),
        ];
        for link in links {
            let parsed = Link::parse(link).ok().unwrap();
            assert_eq!((parsed.server.shown().as_str(), parsed.server.secure), ("bel.fiets.example", true));
            assert_eq!(parsed.token.expose(), "0123456789abcdef0123");
            assert_eq!(parsed.server.authority, link.contains("authority").then(|| "ab".repeat(32)));
        }
        for wrong in
            ["https://bel.fiets.example/", "https://bel.fiets.example/reset#short", "provisioning#0123456789abcdef0123"]
        {
            assert!(Link::parse(wrong).is_err(), "{wrong}");
        }
        let cut = "https://bel.fiets.example/provisioning#0123456789abcdef0123&authority=abcd";
        assert!(Link::parse(cut).is_err());
    }
}
