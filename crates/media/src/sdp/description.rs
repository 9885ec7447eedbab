use core::fmt;
use std::borrow::Cow;
use std::net::IpAddr;

use super::attribute::{Direction, RtcpAttribute, RtpMap};
use super::crypto::CryptoAttribute;
use super::parse::{self, ParseError};

/// A session description. Text that was parsed is borrowed from the input.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SessionDescription<'a> {
    /// `o=`, where there is one.
    pub origin: Option<Origin<'a>>,
    /// `s=`; `-` where there is none.
    pub name: Cow<'a, str>,
    /// The session's `c=`.
    pub connection: Option<Connection<'a>>,
    /// All other lines of the session (`i= u= e= p= b= t= r= z= k=` and unknown ones) by letter, in their order.
    pub other: Vec<(char, Cow<'a, str>)>,
    /// The session's `a=`.
    pub attributes: Vec<Attribute<'a>>,
    /// `m=` and what belongs to it, in order: the index is a stream's identity (RFC 3264 §8).
    pub media: Vec<MediaDescription<'a>>,
}

/// `o=`: who made this description, and which version it is (RFC 8866 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// User name, mostly `-`.
    pub username: Cow<'a, str>,
    /// Session id: digits, longer than 64 bits from some peers.
    pub session_id: Cow<'a, str>,
    /// Version: goes up by one with each change.
    pub version: Cow<'a, str>,
    /// Where the session was made: means nothing for media.
    pub address: Connection<'a>,
}

/// `c=`: where media shall be sent (RFC 8866 §5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection<'a> {
    /// `IP4` or `IP6`, as given.
    pub address_type: Cow<'a, str>,
    /// Address or host name, as given, with the TTL of multicast.
    pub address: Cow<'a, str>,
}

/// What a `c=` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name that has to be resolved.
    Name(String),
}

/// `m=` and the lines below it (RFC 8866 §5.14).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MediaDescription<'a> {
    /// `audio`, `video`, `image`, …
    pub kind: Cow<'a, str>,
    /// Port of RTP; 0 rejects or removes the stream.
    pub port: u16,
    /// Number of port pairs after the `/`, where given.
    pub port_count: Option<u16>,
    /// `RTP/AVP`, `RTP/SAVP`, …
    pub protocol: Cow<'a, str>,
    /// Payload types for RTP, in order of preference.
    pub formats: Vec<Cow<'a, str>>,
    /// The stream's own `c=`.
    pub connection: Option<Connection<'a>>,
    /// All other lines by letter, in their order.
    pub other: Vec<(char, Cow<'a, str>)>,
    /// The stream's `a=`.
    pub attributes: Vec<Attribute<'a>>,
}

/// `a=name` or `a=name:value` (RFC 8866 §5.13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Before the colon.
    pub name: Cow<'a, str>,
    /// After it.
    pub value: Option<Cow<'a, str>>,
}

impl<'a> SessionDescription<'a> {
    /// Parses a session description (RFC 8866 §5).
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        parse::session(text)
    }

    /// The value of a session attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        value_of(&self.attributes, name)
    }

    /// The direction of a stream: its own, else the session's, else both ways (RFC 8866 §6.7).
    pub fn direction_of(&self, media: &MediaDescription<'_>) -> Direction {
        Direction::find(&media.attributes).or_else(|| Direction::find(&self.attributes)).unwrap_or_default()
    }

    /// The `c=` that holds for a stream: its own, else the session's.
    pub fn connection_of<'b>(&'b self, media: &'b MediaDescription<'a>) -> Option<&'b Connection<'a>> {
        media.connection.as_ref().or(self.connection.as_ref())
    }

    /// Whether `mid` is in a `BUNDLE` group (RFC 9143).
    pub fn bundles(&self, mid: &str) -> bool {
        self.attributes.iter().filter(|attribute| attribute.is("group")).any(|attribute| {
            let mut words = attribute.value().split_ascii_whitespace();
            words.next().is_some_and(|semantics| semantics.eq_ignore_ascii_case("BUNDLE"))
                && words.any(|member| member == mid)
        })
    }
}

impl<'a> MediaDescription<'a> {
    /// Whether this is audio over RTP of any profile.
    pub fn is_rtp_audio(&self) -> bool {
        self.kind.eq_ignore_ascii_case("audio") && self.protocol.to_ascii_uppercase().contains("RTP/")
    }

    /// The value of an attribute; empty for one without a value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        value_of(&self.attributes, name)
    }

    /// Whether the attribute is there.
    pub fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.is(name))
    }

    /// The values of all attributes of this name.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        self.attributes.iter().filter(move |attribute| attribute.is(name)).map(Attribute::value)
    }

    /// The payload types in order of preference; what is none is left out.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.formats.iter().filter_map(|format| format.parse().ok()).filter(|payload_type| *payload_type < 128)
    }

    /// What a payload type means by `a=rtpmap`.
    pub fn rtpmap(&self, payload_type: u8) -> Option<RtpMap<'_>> {
        self.all("rtpmap").filter_map(RtpMap::parse).find(|map| map.payload_type == payload_type)
    }

    /// The parameters of a payload type: what follows it in `a=fmtp`.
    pub fn fmtp(&self, payload_type: u8) -> Option<&str> {
        self.all("fmtp").find_map(|value| {
            let (format, parameters) = value.trim_start().split_once(char::is_whitespace)?;
            (format.parse() == Ok(payload_type)).then_some(parameters.trim())
        })
    }

    /// `a=ptime` in ms; some peers write fractions.
    pub fn ptime(&self) -> Option<u32> {
        milliseconds(self.attribute("ptime")?)
    }

    /// `a=maxptime` in ms.
    pub fn maxptime(&self) -> Option<u32> {
        milliseconds(self.attribute("maxptime")?)
    }

    /// `a=rtcp` (RFC 3605).
    pub fn rtcp(&self) -> Option<RtcpAttribute> {
        RtcpAttribute::parse(self.attribute("rtcp")?)
    }

    /// The `a=crypto` lines that we understand, in order of preference (RFC 4568).
    pub fn cryptos(&self) -> impl Iterator<Item = CryptoAttribute> {
        self.all("crypto").filter_map(CryptoAttribute::parse)
    }
}

fn milliseconds(text: &str) -> Option<u32> {
    let number: f64 = text.trim().parse().ok()?;
    (1.0..=1_000.0).contains(&number).then_some(number as u32)
}

fn value_of<'b>(attributes: &'b [Attribute<'_>], name: &str) -> Option<&'b str> {
    attributes.iter().find(|attribute| attribute.is(name)).map(Attribute::value)
}

impl<'a> Attribute<'a> {
    /// `a=name`.
    pub fn flag(name: impl Into<Cow<'a, str>>) -> Self {
        Self { name: name.into(), value: None }
    }

    /// `a=name:value`.
    pub fn new(name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        Self { name: name.into(), value: Some(value.into()) }
    }

    /// Whether it has this name; peers vary the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value; empty where there is none.
    pub fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }
}

impl Connection<'_> {
    /// The `c=` of an address of ours.
    pub fn of(address: IpAddr) -> Connection<'static> {
        let address_type = if address.is_ipv4() { "IP4" } else { "IP6" };
        Connection { address_type: address_type.into(), address: address.to_string().into() }
    }

    /// What is named. `[::1]` and addresses under the wrong type are understood too.
    pub fn host(&self) -> Option<Host> {
        let text = self.address.split('/').next()?.trim_matches(['[', ']']);
        match text.parse::<IpAddr>() {
            Ok(address) => Some(Host::Address(address)),
            Err(_) => is_host_name(text).then(|| Host::Name(text.to_owned())),
        }
    }
}

fn is_host_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !text.is_empty() && text.len() <= 253 && text.bytes().all(allowed)
}

impl fmt::Display for SessionDescription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v=0\r\n")?;
        if let Some(origin) = &self.origin {
            let Origin { username, session_id, version, address } = origin;
            write!(f, "o={username} {session_id} {version} {address}\r\n")?;
        }
        let name = if self.name.is_empty() { "-" } else { self.name.as_ref() };
        write!(f, "s={name}\r\n")?;
        write_lines(f, &self.other, "iuep")?;
        write_connection(f, self.connection.as_ref())?;
        write_lines(f, &self.other, "b")?;
        if !self.other.iter().any(|(letter, _)| *letter == 't') {
            f.write_str("t=0 0\r\n")?;
        }
        write_other_lines(f, &self.other, "iuepb")?;
        self.attributes.iter().try_for_each(|attribute| write!(f, "{attribute}"))?;
        self.media.iter().try_for_each(|media| write!(f, "{media}"))
    }
}

impl fmt::Display for MediaDescription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {}", self.kind, self.port)?;
        if let Some(count) = self.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.protocol)?;
        self.formats.iter().try_for_each(|format| write!(f, " {format}"))?;
        f.write_str("\r\n")?;
        write_lines(f, &self.other, "i")?;
        write_connection(f, self.connection.as_ref())?;
        write_other_lines(f, &self.other, "i")?;
        self.attributes.iter().try_for_each(|attribute| write!(f, "{attribute}"))
    }
}

type OtherLines<'a> = [(char, Cow<'a, str>)];

fn write_lines(f: &mut fmt::Formatter<'_>, lines: &OtherLines<'_>, letters: &str) -> fmt::Result {
    let wanted = lines.iter().filter(|(letter, _)| letters.contains(*letter));
    wanted.into_iter().try_for_each(|(letter, value)| write!(f, "{letter}={value}\r\n"))
}

fn write_other_lines(f: &mut fmt::Formatter<'_>, lines: &OtherLines<'_>, written: &str) -> fmt::Result {
    let wanted = lines.iter().filter(|(letter, _)| !written.contains(*letter));
    wanted.into_iter().try_for_each(|(letter, value)| write!(f, "{letter}={value}\r\n"))
}

fn write_connection(f: &mut fmt::Formatter<'_>, connection: Option<&Connection<'_>>) -> fmt::Result {
    connection.map_or(Ok(()), |connection| write!(f, "c={connection}\r\n"))
}

impl fmt::Display for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IN {} {}", self.address_type, self.address)
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "a={}:{value}\r\n", self.name),
            None => write!(f, "a={}\r\n", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_names_addresses_and_hosts() {
        let host = |address: &'static str| {
            Connection { address_type: "IP4".into(), address: address.into() }.host().map(|host| match host {
                Host::Address(address) => address.to_string(),
                Host::Name(name) => name,
            })
        };
        assert_eq!(host("192.0.2.1"), Some("192.0.2.1".into()));
        assert_eq!(host("224.2.1.1/127"), Some("224.2.1.1".into()));
        assert_eq!(host("[2001:db8::1]"), Some("2001:db8::1".into()));
        assert_eq!(host("media.example.net"), Some("media.example.net".into()));
        assert_eq!(host("bad host"), None);
    }

    #[test]
    fn direction_of_the_session_holds_where_the_stream_says_nothing() {
        let text = "v=0\r\na=sendonly\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\na=inactive\r\n";
        let description = SessionDescription::parse(text).unwrap();
        assert_eq!(description.direction_of(&description.media[0]), Direction::SendOnly);
        assert_eq!(description.direction_of(&description.media[1]), Direction::Inactive);
    }

    #[test]
    fn written_lines_stand_in_the_order_of_the_rfc() {
        let text = "m=ignored\nv=0\nt=1 2\nb=AS:64\nc=IN IP4 192.0.2.1\ni=info\ns=talk\no=a 1 2 IN IP4 192.0.2.1\n";
        let description = SessionDescription::parse(&text[10..]).unwrap();
        let written =
            "v=0\r\no=a 1 2 IN IP4 192.0.2.1\r\ns=talk\r\ni=info\r\nc=IN IP4 192.0.2.1\r\nb=AS:64\r\nt=1 2\r\n";
        assert_eq!(description.to_string(), written);
    }
}
