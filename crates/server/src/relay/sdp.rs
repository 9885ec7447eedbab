//! What a relay reads in a description and writes into it: addresses and ports, nothing else.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use bellbird_media::sdp::{Direction, Host, MediaDescription, SessionDescription};

/// Streams of one description that are relayed; more are rejected.
pub(crate) const MOST_STREAMS: usize = 4;

/// What a description says about where its writer wants media.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    /// By the index of their `m=`.
    pub(crate) streams: Vec<DescribedStream>,
    /// Whether its writer looks for a way by itself (RFC 8839).
    pub(crate) has_ice: bool,
}

/// Where one stream shall go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DescribedStream {
    /// It is rejected or removed: port 0.
    pub(crate) rejected: bool,
    /// RTP; nothing for a host name, or for `0.0.0.0`, which is hold as it was before RFC 3264.
    pub(crate) rtp: Option<SocketAddr>,
    /// RTCP, where it is not multiplexed.
    pub(crate) rtcp: Option<SocketAddr>,
}

impl Described {
    /// Reads a description; nothing where it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let parsed = SessionDescription::parse(text).ok()?;
        let has_ice = parsed.attribute("ice-ufrag").is_some() || parsed.media.iter().any(|m| m.has("ice-ufrag"));
        Some(Self { streams: parsed.media.iter().map(|media| stream(&parsed, media)).collect(), has_ice })
    }
}

fn stream(parsed: &SessionDescription<'_>, media: &MediaDescription<'_>) -> DescribedStream {
    let host = parsed.connection_of(media).and_then(|connection| connection.host());
    let Some(address) = address(host) else {
        return DescribedStream { rejected: media.port == 0, rtp: None, rtcp: None };
    };
    let rtcp = media.attribute("rtcp").and_then(|value| value.split_ascii_whitespace().next()?.parse::<u16>().ok());
    let rtcp = rtcp.or_else(|| media.port.checked_add(1)).filter(|_| !media.has("rtcp-mux"));
    let at = |port: u16| (port != 0).then(|| SocketAddr::new(address, port));
    DescribedStream { rejected: media.port == 0, rtp: at(media.port), rtcp: rtcp.and_then(at) }
}

fn address(host: Option<Host>) -> Option<IpAddr> {
    match host {
        Some(Host::Address(address)) => Some(address).filter(|address| !address.is_unspecified()),
        Some(Host::Name(_)) | None => None,
    }
}

/// The same description with media to us: `ports` holds those of RTP and RTCP by the index of the `m=`; a stream without
/// is rejected.
pub(crate) fn redirect(text: &str, address: IpAddr, ports: &[Option<(u16, u16)>], with_ice: bool) -> String {
    let connection = connection(address);
    let mut written = String::with_capacity(text.len() + 64);
    let mut index: Option<usize> = None;
    let session_has_connection = has_session_connection(text);
    let mut held = Held::default();
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        let (letter, value) = line.split_at_checked(2).unwrap_or((line, ""));
        match letter {
            "m=" => {
                held.end(&mut written);
                let next = index.map_or(0, |index| index + 1);
                index = Some(next);
                let own = ports.get(next).copied().flatten();
                put(&mut written, &media_line(value, own.map(|(rtp, _)| rtp)));
                held.begin();
                if !session_has_connection && !media_has_connection(text, next) {
                    put(&mut written, &connection);
                }
            }
            "c=" => {
                held.note_connection(value, index.is_some());
                put(&mut written, &connection);
            }
            "o=" => put(&mut written, &origin(value, &connection)),
            "a=" if !with_ice && tells_addresses(value) => {}
            "a=" if value.starts_with("rtcp:") => {
                if let Some((_, rtcp)) = index.and_then(|index| ports.get(index).copied().flatten()) {
                    put(&mut written, &format!("a=rtcp:{rtcp} {}", connection.trim_start_matches("c=")));
                }
            }
            _ => {
                held.note_attribute(value, index.is_some());
                put(&mut written, line);
            }
        }
    }
    held.end(&mut written);
    written
}

/// The same description without its directions: sound both ways.
pub(crate) fn without_hold(text: &str) -> String {
    let directs = |line: &str| line.strip_prefix("a=").is_some_and(is_direction);
    text.split(['\r', '\n']).filter(|line| !line.is_empty() && !directs(line)).fold(String::new(), |mut kept, line| {
        put(&mut kept, line);
        kept
    })
}

fn is_direction(attribute: &str) -> bool {
    matches!(attribute, "sendonly" | "recvonly" | "inactive" | "sendrecv")
}

/// Who made the description, without the address that he has at home: a session is known by its numbers.
fn origin(value: &str, connection: &str) -> String {
    let words: Vec<&str> = value.split_ascii_whitespace().take(3).collect();
    format!("o={} {}", words.join(" "), connection.trim_start_matches("c="))
}

/// What ICE writes, and the names of sources: addresses of all networks that the end is in (baresip's CNAME is one).
fn tells_addresses(attribute: &str) -> bool {
    ["candidate:", "ice-", "end-of-candidates", "remote-candidates", "ssrc:"]
        .iter()
        .any(|name| attribute.starts_with(name))
}

/// Hold by `c=0.0.0.0`, which an own address in its place would hide.
#[derive(Default)]
struct Held {
    session: bool,
    stream: Option<bool>,
    has_direction: bool,
    in_stream: bool,
}

impl Held {
    fn begin(&mut self) {
        (self.in_stream, self.stream, self.has_direction) = (true, None, false);
    }

    fn note_connection(&mut self, value: &str, in_stream: bool) {
        let held = value.ends_with(" 0.0.0.0");
        if in_stream {
            self.stream = Some(held);
        } else {
            self.session = held;
        }
    }

    fn note_attribute(&mut self, value: &str, in_stream: bool) {
        self.has_direction |= in_stream && is_direction(value);
    }

    fn end(&self, written: &mut String) {
        if self.in_stream && !self.has_direction && self.stream.unwrap_or(self.session) {
            put(written, "a=sendonly");
        }
    }
}

fn has_session_connection(text: &str) -> bool {
    text.split(['\r', '\n']).take_while(|line| !line.starts_with("m=")).any(|line| line.starts_with("c="))
}

fn media_has_connection(text: &str, index: usize) -> bool {
    let section = text.split("m=").nth(index + 1).unwrap_or_default();
    section.split(['\r', '\n']).any(|line| line.starts_with("c="))
}

/// `audio 4000/2 RTP/AVP 0` with another port.
fn media_line(value: &str, port: Option<u16>) -> String {
    let mut words = value.splitn(3, ' ');
    let (kind, old, rest) = (words.next(), words.next(), words.next());
    let rejected = old.is_some_and(|old| old.trim_start_matches('0').is_empty());
    let port = port.filter(|_| !rejected).unwrap_or(0);
    format!("m={} {port} {}", kind.unwrap_or("audio"), rest.unwrap_or_default())
}

fn connection(address: IpAddr) -> String {
    let family = if address.is_ipv4() { "IP4" } else { "IP6" };
    format!("c=IN {family} {address}")
}

fn put(written: &mut String, line: &str) {
    written.push_str(line);
    written.push_str("\r\n");
}

/// What the server does with a stream that it answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// Nothing flows until somebody is there.
    Silent,
    /// What comes in goes back.
    Echo,
}

/// The server's own answer: the first stream of sound that needs no handshake, with the offered formats.
pub(crate) fn own_answer(
    offer: &str,
    own: Own,
    address: IpAddr,
    ports: &[Option<(u16, u16)>],
    version: u64,
) -> Option<String> {
    let parsed = SessionDescription::parse(offer).ok()?;
    let taken = parsed.media.iter().position(takes)?;
    let mut answer = String::from("v=0\r\n");
    put(&mut answer, &format!("o=- {version} {version} {}", connection(address).trim_start_matches("c=")));
    put(&mut answer, "s=-");
    put(&mut answer, &connection(address));
    put(&mut answer, "t=0 0");
    for (index, media) in parsed.media.iter().enumerate() {
        let port = ports.get(index).copied().flatten().filter(|_| index == taken);
        let formats = media.formats.join(" ");
        put(&mut answer, &format!("m={} {} {} {formats}", media.kind, port.map_or(0, |(rtp, _)| rtp), media.protocol));
        if let Some((_, rtcp)) = port {
            write_stream(&mut answer, &parsed, media, own, rtcp);
        }
    }
    Some(answer)
}

fn takes(media: &MediaDescription<'_>) -> bool {
    let sdes = media.protocol.to_ascii_uppercase().contains("SAVP");
    let handshake = media.protocol.to_ascii_uppercase().contains("TLS") || media.has("fingerprint");
    media.port != 0 && media.is_rtp_audio() && !handshake && (!sdes || media.cryptos().next().is_some())
}

fn write_stream(
    answer: &mut String,
    parsed: &SessionDescription<'_>,
    media: &MediaDescription<'_>,
    own: Own,
    rtcp: u16,
) {
    let kept =
        |name: &str| ["rtpmap", "fmtp", "ptime", "rtcp-mux"].iter().any(|known| known.eq_ignore_ascii_case(name));
    for attribute in media.attributes.iter().filter(|attribute| kept(&attribute.name)) {
        // Its own line break comes with it.
        write!(answer, "{attribute}").ok();
    }
    if let Some(crypto) = media.all("crypto").next() {
        put(answer, &format!("a=crypto:{crypto}"));
    }
    if !media.has("rtcp-mux") {
        put(answer, &format!("a=rtcp:{rtcp}"));
    }
    let direction = match own {
        Own::Silent => Direction::Inactive,
        Own::Echo => parsed.direction_of(media).reversed(),
    };
    put(answer, &format!("a={}", direction.name()));
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.168.1.7\r\ns=-\r\nc=IN IP4 192.168.1.7\r\nt=0 0\r\n\
                         m=audio 4000 RTP/AVP 9 0\r\na=rtpmap:9 G722/8000\r\na=rtcp:4005 IN IP4 192.168.1.7\r\n\
                         m=video 0 RTP/AVP 99\r\n";

    fn own() -> IpAddr {
        "203.0.113.5".parse().unwrap()
    }

    #[test]
    fn only_where_media_goes_is_rewritten() {
        let written = redirect(OFFER, own(), &[Some((40_000, 40_001)), None], true);
        let expected = "v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n\
                        m=audio 40000 RTP/AVP 9 0\r\na=rtpmap:9 G722/8000\r\na=rtcp:40001 IN IP4 203.0.113.5\r\n\
                        m=video 0 RTP/AVP 99\r\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn no_address_of_the_inside_is_left_for_who_knows_no_ice() {
        let ice = "a=ice-ufrag:a1\r\na=candidate:1 1 UDP 2130706431 192.168.1.7 4000 typ host\r\na=end-of-candidates\r\n\
                   a=ssrc:1 cname:sip:244@192.168.1.7:5060\r\n";
        let offer = OFFER.replace("a=rtcp:4005", &format!("{ice}a=rtcp:4005"));
        let written = redirect(&offer, own(), &[Some((40_000, 40_001)), None], false);
        assert!(!written.contains("192.168.1.7") && !written.contains("a=ice"), "{written}");
        assert!(redirect(&offer, own(), &[Some((40_000, 40_001)), None], true).contains("a=candidate:1 "));
    }

    #[test]
    fn a_stream_that_was_rejected_stays_so() {
        let written = redirect(OFFER, own(), &[Some((40_000, 40_001)), Some((40_002, 40_003))], true);
        assert!(written.contains("m=video 0 RTP/AVP 99"), "{written}");
    }

    #[test]
    fn hold_by_an_empty_address_becomes_a_direction() {
        let hold = "v=0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
        let written = redirect(hold, own(), &[Some((40_000, 40_001))], true);
        assert!(written.contains("c=IN IP4 203.0.113.5") && written.ends_with("a=sendonly\r\n"), "{written}");
        assert_eq!(Described::read(hold).unwrap().streams[0].rtp, None);
    }

    #[test]
    fn addresses_of_streams_and_of_rtcp_are_read() {
        let described = Described::read(OFFER).unwrap();
        assert_eq!(described.streams[0].rtp, Some("192.168.1.7:4000".parse().unwrap()));
        assert_eq!(described.streams[0].rtcp, Some("192.168.1.7:4005".parse().unwrap()));
        assert!(described.streams[1].rejected && !described.has_ice);
        assert_eq!(Described::read("<html>"), None);
    }

    #[test]
    fn a_stream_with_its_own_connection_keeps_one_line_of_it() {
        let text = "v=0\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4002 RTP/AVP 0\r\n";
        let written = redirect(text, own(), &[Some((40_000, 40_001)), Some((40_002, 40_003))], true);
        assert_eq!(written.matches("c=IN IP4 203.0.113.5").count(), 2, "{written}");
        assert!(!written.contains("10.0.0.1"));
    }

    #[test]
    fn the_server_answers_with_the_offered_formats_and_refuses_handshakes() {
        let answer = own_answer(OFFER, Own::Silent, own(), &[Some((40_000, 40_001)), None], 3).unwrap();
        assert!(answer.contains("m=audio 40000 RTP/AVP 9 0\r\na=rtpmap:9 G722/8000\r\n"), "{answer}");
        assert!(answer.contains("a=inactive") && answer.contains("m=video 0 "), "{answer}");
        let dtls = OFFER.replace("RTP/AVP 9", "UDP/TLS/RTP/SAVPF 9");
        assert_eq!(own_answer(&dtls, Own::Silent, own(), &[Some((40_000, 40_001))], 1), None);
    }
}
