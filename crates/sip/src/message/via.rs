use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::scan::{skip_lws, skip_token};
use super::{Malformed, Params};
use crate::uri::{Host, scan_host, scan_port};

/// The start of a branch that RFC 3261 §8.1.1.7 makes unique.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One value of a Via header (RFC 3261 §20.42).
#[derive(Clone, Copy, Debug)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, `WS`, `WSS` or another; compares without regard to case.
    pub transport: &'a str,
    /// The host of sent-by.
    pub host: Host<'a>,
    /// The port of sent-by, where one is written.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport` and others.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// The whole of `text` as one value.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (via, end) = Self::parse_item(text)?;
        if end == text.len() { Ok(via) } else { Err(Malformed("Via")) }
    }

    /// One value up to the end or to a comma; gives the position of either.
    pub(crate) fn parse_item(text: &'a str) -> Result<(Self, usize), Malformed> {
        const WHAT: Malformed = Malformed("Via");
        let bytes = text.as_bytes();
        let at = if bytes.starts_with(b"SIP/2.0/") { 8 } else { sent_protocol(text)? };
        let end = skip_token(bytes, at);
        let transport = text.get(at..end).filter(|transport| !transport.is_empty()).ok_or(WHAT)?;
        let host_start = skip_lws(bytes, end);
        if host_start == end {
            return Err(WHAT);
        }
        let (host, end) = scan_host(text, host_start).map_err(|_| WHAT)?;
        let (port, end) = scan_sent_by_port(text, end)?;
        let (params, end) = Params::scan_strictly(text, end)?;
        Ok((Self { transport, host, port, params }, end))
    }

    /// The `branch` parameter.
    pub fn branch(&self) -> Option<&'a str> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// Whether the branch names the transaction (RFC 3261 §17.1.3): the magic cookie with something behind it.
    pub fn has_magic_cookie(&self) -> bool {
        let branch = self.branch().unwrap_or_default();
        let cookie = branch.get(..MAGIC_COOKIE.len()).unwrap_or_default();
        cookie.eq_ignore_ascii_case(MAGIC_COOKIE) && branch.len() > MAGIC_COOKIE.len()
    }

    /// The `received` parameter. RFC 5118 §4.5: IPv6 occurs with and without brackets.
    pub fn received(&self) -> Option<IpAddr> {
        Host::new(self.params.get("received")?)?.ip()
    }

    /// Whether `rport` is there, with or without a value (RFC 3581).
    pub fn wants_rport(&self) -> bool {
        self.params.has("rport")
    }

    /// The value of `rport`.
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }

    /// The text that a server puts in place of this one: `received` and `rport` filled in from where the request came
    /// (RFC 3261 §18.2.1, RFC 3581 §4).
    pub fn with_source(&self, source: SocketAddr) -> String {
        let mut text = format!("SIP/2.0/{} {}", self.transport, self.host);
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        for param in self.params {
            if param.name.eq_ignore_ascii_case("received") || param.name.eq_ignore_ascii_case("rport") {
                continue;
            }
            text.push_str(&format!(";{}", param.name));
            if let Some(value) = param.raw_value {
                text.push_str(&format!("={}", super::scan::unfold(value)));
            }
        }
        let wants_rport = self.wants_rport();
        if wants_rport || self.host.ip() != Some(source.ip()) {
            text.push_str(&format!(";received={}", source.ip()));
        }
        if wants_rport {
            text.push_str(&format!(";rport={}", source.port()));
        }
        text
    }
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&super::scan::unfold(self.params.as_str()))
    }
}

/// `SIP / 2.0 /` with white space where RFC 3261 lets it stand; gives the position of the transport.
fn sent_protocol(text: &str) -> Result<usize, Malformed> {
    const WHAT: Malformed = Malformed("Via");
    let bytes = text.as_bytes();
    let mut at = 0;
    for word in ["SIP", "2.0"] {
        let start = skip_lws(bytes, at);
        let end = skip_token(bytes, start);
        if !text.get(start..end).is_some_and(|found| found.eq_ignore_ascii_case(word)) {
            return Err(WHAT);
        }
        at = skip_lws(bytes, end);
        if bytes.get(at) != Some(&b'/') {
            return Err(WHAT);
        }
        at += 1;
    }
    Ok(skip_lws(bytes, at))
}

/// White space may stand around the colon.
fn scan_sent_by_port(text: &str, at: usize) -> Result<(Option<u16>, usize), Malformed> {
    let bytes = text.as_bytes();
    if bytes.get(at) == Some(&b';') {
        return Ok((None, at));
    }
    let colon = skip_lws(bytes, at);
    if bytes.get(colon) != Some(&b':') {
        return Ok((None, colon));
    }
    let digits = skip_lws(bytes, colon + 1);
    scan_port(text, colon).or_else(|_| {
        let end = super::scan::skip_digits(bytes, digits);
        let port = text.get(digits..end).and_then(|digits| digits.parse().ok()).ok_or(Malformed("Via"))?;
        Ok((Some(port), end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_around_slashes_and_colons_are_allowed() {
        let via = Via::parse("SIP  / 2.0\r\n /UDP\r\n    192.0.2.2 : 5062;rport;branch=390skdjuw").unwrap();
        assert_eq!(via.transport, "UDP");
        assert_eq!(via.port, Some(5062));
        assert_eq!(via.branch(), Some("390skdjuw"));
        assert!(!via.has_magic_cookie());
    }

    #[test]
    fn received_may_be_ipv6_with_or_without_brackets() {
        let with = Via::parse("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3").unwrap();
        let without = Via::parse("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3").unwrap();
        assert_eq!(with.received(), Some("2001:db8::9:255".parse().unwrap()));
        assert_eq!(with.received(), without.received());
        assert!(with.has_magic_cookie());
    }

    #[test]
    fn cookie_alone_names_no_transaction() {
        assert!(!Via::parse("SIP/2.0/UDP a;branch=z9hG4bK").unwrap().has_magic_cookie());
    }

    #[test]
    fn source_is_filled_in_for_a_response() {
        let via = Via::parse("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK1").unwrap();
        let text = via.with_source("192.0.2.7:33000".parse().unwrap());
        assert_eq!(text, "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;received=192.0.2.7;rport=33000");
    }

    #[test]
    fn via_without_host_or_with_another_protocol_is_refused() {
        assert!(Via::parse("SIP/2.0/UDP ;branch=1").is_err());
        assert!(Via::parse("SIP/2.0/UDP").is_err());
        assert!(Via::parse("SIP/7.0/UDP a").is_err());
    }
}
