//! Who may send to which port, and where it goes on: decisions without sockets.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Duration, Instant};
use thiserror::Error;

use super::sdp::{Described, MOST_STREAMS};

/// How long ports stay open after a call: what is under way still comes in.
const LINGER: Duration = Duration::from_secs(5);
/// An end that nobody sends to, and that offers nothing, is forgotten after this long, also where no one said that its
/// call is over: a call on hold may be silent for hours.
const IDLE: Duration = Duration::from_secs(4 * 3_600);

/// One end of a connection: the number of its media tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EndKey(pub(crate) u64);

/// Why a description is not relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum RelayError {
    /// It is no session description.
    #[error("this is no session description")]
    NotSdp,
    /// Nothing in it can be answered without a handshake.
    #[error("no stream can be answered by the server itself")]
    NoStream,
    /// All ports are in use.
    #[error("all ports for media are in use")]
    NoPorts,
    /// We have no address that an end outside can reach.
    #[error("no address that the other side can reach: set sip.media_address")]
    NoAddress,
}

/// Where a packet goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    /// From which of our ports.
    pub(crate) port: u16,
    /// To whom.
    pub(crate) to: SocketAddr,
    /// Whether the source has to get another name: a phone does not listen to its own (RFC 3550 §8.2).
    pub(crate) renamed: bool,
}

/// What an end hears that is connected with nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alone {
    /// Nothing.
    Silent,
    /// Itself, packet by packet as it is: encrypted sound can't be changed.
    Echo,
    /// Itself, as another source.
    RenamedEcho,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Component {
    Rtp,
    Rtcp,
}

/// The other side of one port.
#[derive(Clone, Copy, Debug, Default)]
struct Peer {
    described: Option<SocketAddr>,
    latch: Latch,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Latch {
    #[default]
    Open,
    /// From an address that nothing speaks for: the first packet from a better one counts instead.
    Loose(SocketAddr),
    Fast(SocketAddr),
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    /// The port of RTP; that of RTCP is the next one.
    port: u16,
    rtp: Peer,
    rtcp: Peer,
}

#[derive(Clone, Debug)]
struct End {
    session: u64,
    streams: Vec<Option<Stream>>,
    partner: Option<EndKey>,
    alone: Alone,
    /// Where its signalling comes from.
    place: Option<IpAddr>,
    used: Instant,
    over: Option<Instant>,
}

/// All ends. See the module's page.
#[derive(Debug, Default)]
pub(crate) struct Core {
    ends: BTreeMap<EndKey, End>,
    ports: HashMap<u16, (EndKey, usize, Component)>,
    /// Whether media may go to this machine itself: only where all is on loopback.
    loopback: bool,
}

impl Core {
    pub(crate) fn new(loopback: bool) -> Self {
        Self { loopback, ..Self::default() }
    }

    /// Notes an end, and in which connection it is now.
    pub(crate) fn touch(&mut self, key: EndKey, session: u64, place: Option<IpAddr>, now: Instant) {
        let fresh =
            || End { session, streams: Vec::new(), partner: None, alone: Alone::Silent, place, used: now, over: None };
        let end = self.ends.entry(key).or_insert_with(fresh);
        (end.session, end.used, end.over) = (session, now, None);
        end.place = place.or(end.place);
    }

    /// Notes in which connection an end is now: it ends with that one, and with no other.
    pub(crate) fn belongs(&mut self, key: EndKey, session: u64) {
        if let Some(end) = self.ends.get_mut(&key) {
            end.session = session;
        }
    }

    /// Which of its streams still need ports.
    pub(crate) fn lacks(&self, key: EndKey, described: &Described) -> Vec<usize> {
        let Some(end) = self.ends.get(&key) else { return Vec::new() };
        let wanted = described.streams.iter().enumerate().take(MOST_STREAMS).filter(|(_, stream)| !stream.rejected);
        wanted.map(|(index, _)| index).filter(|index| end.streams.get(*index).copied().flatten().is_none()).collect()
    }

    /// Gives a stream its ports.
    pub(crate) fn give(&mut self, key: EndKey, index: usize, port: u16) {
        let Some(end) = self.ends.get_mut(&key) else { return };
        if end.streams.len() <= index {
            end.streams.resize(index + 1, None);
        }
        if let Some(stream) = end.streams.get_mut(index) {
            *stream = Some(Stream { port, rtp: Peer::default(), rtcp: Peer::default() });
        }
        self.ports.insert(port, (key, index, Component::Rtp));
        self.ports.insert(port + 1, (key, index, Component::Rtcp));
    }

    /// The ports of an end, by stream.
    pub(crate) fn ports_of(&self, key: EndKey) -> Vec<Option<(u16, u16)>> {
        let streams = self.ends.get(&key).map_or(&[][..], |end| &end.streams);
        streams.iter().map(|stream| stream.map(|stream| (stream.port, stream.port + 1))).collect()
    }

    /// Takes in where an end wants its media. Another address than before is latched anew.
    pub(crate) fn describe(&mut self, key: EndKey, described: &Described) {
        let loopback = self.loopback;
        let Some(end) = self.ends.get_mut(&key) else { return };
        for (stream, wanted) in end.streams.iter_mut().zip(&described.streams) {
            let Some(stream) = stream else { continue };
            stream.rtp.describe(wanted.rtp.filter(|to| may_send_to(*to, loopback)));
            stream.rtcp.describe(wanted.rtcp.filter(|to| may_send_to(*to, loopback)));
        }
    }

    /// These two hear each other from now on.
    pub(crate) fn link(&mut self, one: EndKey, other: EndKey) {
        for (key, partner) in [(one, other), (other, one)] {
            if let Some(end) = self.ends.get_mut(&key) {
                (end.partner, end.alone) = (Some(partner), Alone::Silent);
            }
        }
    }

    /// Whoever sends hears nobody, or itself.
    pub(crate) fn alone(&mut self, key: EndKey, alone: Alone) {
        if let Some(end) = self.ends.get_mut(&key) {
            (end.partner, end.alone) = (None, alone);
        }
    }

    /// A packet came in.
    pub(crate) fn packet(&mut self, now: Instant, port: u16, from: SocketAddr) -> Option<Forward> {
        let (key, index, component) = *self.ports.get(&port)?;
        let end = self.ends.get_mut(&key)?;
        end.used = now;
        let (place, alone, partner) = (end.place, end.alone, end.partner);
        let peer = end.streams.get_mut(index)?.as_mut()?.peer(component);
        if !peer.admit(from, place) {
            return None;
        }
        match (alone, component) {
            (Alone::Silent, _) => {}
            // Its own reports are of no use to it.
            (Alone::Echo | Alone::RenamedEcho, Component::Rtcp) => return None,
            (Alone::Echo, Component::Rtp) => return Some(Forward { port, to: from, renamed: false }),
            (Alone::RenamedEcho, Component::Rtp) => return Some(Forward { port, to: from, renamed: true }),
        }
        // Who is not, or no longer, the partner of its partner is heard by nobody.
        let partner = self.ends.get_mut(&partner?).filter(|partner| partner.partner == Some(key))?;
        let stream = partner.streams.get_mut(index)?.as_mut()?;
        let to = stream.peer(component).destination()?;
        let port = match component {
            Component::Rtp => stream.port,
            Component::Rtcp => stream.port + 1,
        };
        Some(Forward { port, to, renamed: false })
    }

    /// A connection is over: its ends go soon, unless another one takes them over.
    pub(crate) fn over(&mut self, session: u64, now: Instant) {
        for end in self.ends.values_mut().filter(|end| end.session == session) {
            end.over = Some(now + LINGER);
        }
    }

    /// Forgets what is over, and gives the ports that are free.
    pub(crate) fn tidy(&mut self, now: Instant) -> Vec<u16> {
        let gone = |end: &End| end.over.is_some_and(|at| at <= now) || now - end.used >= IDLE;
        let keys: Vec<EndKey> = self.ends.iter().filter(|(_, end)| gone(end)).map(|(key, _)| *key).collect();
        let mut free = Vec::new();
        for end in keys.iter().filter_map(|key| self.ends.remove(key)) {
            free.extend(end.streams.into_iter().flatten().flat_map(|stream| [stream.port, stream.port + 1]));
        }
        for port in &free {
            self.ports.remove(port);
        }
        free
    }
}

impl Stream {
    fn peer(&mut self, component: Component) -> &mut Peer {
        match component {
            Component::Rtp => &mut self.rtp,
            Component::Rtcp => &mut self.rtcp,
        }
    }
}

impl Peer {
    fn describe(&mut self, wanted: Option<SocketAddr>) {
        // Hold by 0.0.0.0 moves nobody.
        if wanted.is_some() && wanted != self.described {
            *self = Self { described: wanted, latch: Latch::Open };
        }
    }

    /// Symmetric RTP: the first source counts. One that neither description nor signalling speak for is replaced by the
    /// first that they do speak for.
    fn admit(&mut self, from: SocketAddr, place: Option<IpAddr>) -> bool {
        let vouched = self.described.map(|described| described.ip()) == Some(from.ip()) || place == Some(from.ip());
        match self.latch {
            Latch::Fast(known) => known == from,
            Latch::Loose(known) if !vouched => known == from,
            Latch::Open if !vouched => {
                self.latch = Latch::Loose(from);
                true
            }
            Latch::Open | Latch::Loose(_) => {
                self.latch = Latch::Fast(from);
                true
            }
        }
    }

    fn destination(&self) -> Option<SocketAddr> {
        match self.latch {
            Latch::Open => self.described,
            Latch::Loose(known) | Latch::Fast(known) => Some(known),
        }
    }
}

/// A description could send media anywhere: not to groups, and not to this machine itself.
fn may_send_to(to: SocketAddr, loopback: bool) -> bool {
    let ip = to.ip();
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    to.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast && (loopback || !ip.is_loopback())
}

/// Whether an address is one of the world at large.
pub(crate) fn is_outside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sdp::DescribedStream;
    use super::*;

    const A: EndKey = EndKey(1);
    const B: EndKey = EndKey(2);
    const C: EndKey = EndKey(3);

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn described(rtp: &str) -> Described {
        let rtp = address(rtp);
        let rtcp = Some(SocketAddr::new(rtp.ip(), rtp.port() + 1));
        Described { streams: vec![DescribedStream { rejected: false, rtp: Some(rtp), rtcp }], has_ice: false }
    }

    fn end(core: &mut Core, key: EndKey, port: u16, rtp: &str) {
        core.touch(key, 7, None, at(0));
        for index in core.lacks(key, &described(rtp)) {
            core.give(key, index, port);
        }
        core.describe(key, &described(rtp));
    }

    fn talking() -> Core {
        let mut core = Core::new(false);
        end(&mut core, A, 40_000, "192.0.2.1:4000");
        end(&mut core, B, 40_002, "198.51.100.1:6000");
        core.link(A, B);
        core
    }

    #[test]
    fn a_packet_leaves_from_the_port_that_the_other_end_was_told() {
        let mut core = talking();
        let forward = core.packet(at(1), 40_000, address("192.0.2.1:4000"));
        assert_eq!(forward, Some(Forward { port: 40_002, to: address("198.51.100.1:6000"), renamed: false }));
        let rtcp = core.packet(at(1), 40_003, address("198.51.100.1:6001"));
        assert_eq!(rtcp, Some(Forward { port: 40_001, to: address("192.0.2.1:4001"), renamed: false }));
    }

    #[test]
    fn an_end_behind_nat_is_sent_to_where_it_sends_from() {
        let mut core = talking();
        core.packet(at(1), 40_002, address("203.0.113.9:61000"));
        let forward = core.packet(at(1), 40_000, address("192.0.2.1:4000"));
        assert_eq!(forward.map(|forward| forward.to), Some(address("203.0.113.9:61000")));
    }

    #[test]
    fn it_latches_once() {
        let mut core = talking();
        assert!(core.packet(at(1), 40_000, address("192.0.2.1:4000")).is_some());
        assert_eq!(core.packet(at(2), 40_000, address("192.0.2.66:4000")), None);
        assert_eq!(core.packet(at(2), 40_000, address("192.0.2.1:4444")), None);
    }

    #[test]
    fn whom_the_description_speaks_for_takes_the_place_of_a_stranger() {
        let mut core = talking();
        assert!(core.packet(at(1), 40_000, address("203.0.113.66:9999")).is_some());
        assert!(core.packet(at(2), 40_000, address("192.0.2.1:4000")).is_some());
        assert_eq!(core.packet(at(3), 40_000, address("203.0.113.66:9999")), None);
    }

    #[test]
    fn another_address_in_a_new_description_is_latched_anew_and_the_ports_stay() {
        let mut core = talking();
        core.packet(at(1), 40_000, address("192.0.2.1:4000"));
        assert_eq!(core.lacks(A, &described("192.0.2.44:5000")), Vec::<usize>::new());
        core.describe(A, &described("192.0.2.44:5000"));
        assert!(core.packet(at(2), 40_000, address("192.0.2.44:5000")).is_some());
        assert_eq!(core.packet(at(2), 40_000, address("192.0.2.1:4000")), None);
        // The same again, as on resume: what is latched stays.
        core.describe(A, &described("192.0.2.44:5000"));
        assert_eq!(core.packet(at(3), 40_000, address("192.0.2.1:4000")), None);
    }

    #[test]
    fn a_device_that_did_not_get_the_call_is_heard_by_nobody() {
        let mut core = talking();
        end(&mut core, C, 40_004, "198.51.100.2:7000");
        core.link(A, C);
        core.link(A, B);
        assert_eq!(core.packet(at(1), 40_004, address("198.51.100.2:7000")), None);
    }

    #[test]
    fn media_goes_neither_to_this_machine_nor_to_groups() {
        let mut core = Core::new(false);
        end(&mut core, A, 40_000, "192.0.2.1:4000");
        for wrong in ["127.0.0.1:5060", "239.1.2.3:4000", "255.255.255.255:4000"] {
            end(&mut core, B, 40_002, wrong);
            core.link(A, B);
            assert_eq!(core.packet(at(1), 40_000, address("192.0.2.1:4000")), None, "{wrong}");
        }
    }

    #[test]
    fn an_echo_goes_back_to_its_source() {
        let mut core = talking();
        core.alone(A, Alone::RenamedEcho);
        let forward = core.packet(at(1), 40_000, address("192.0.2.1:4000"));
        assert_eq!(forward, Some(Forward { port: 40_000, to: address("192.0.2.1:4000"), renamed: true }));
        assert_eq!(core.packet(at(1), 40_001, address("192.0.2.1:4001")), None, "reports stay");
    }

    #[test]
    fn ports_are_free_a_moment_after_the_end_and_never_while_an_end_is_taken_over() {
        let mut core = talking();
        core.over(7, at(10));
        assert_eq!(core.tidy(at(11)), Vec::<u16>::new());
        core.touch(A, 8, None, at(12));
        assert_eq!(core.tidy(at(16)), [40_002, 40_003]);
        assert!(core.packet(at(17), 40_002, address("198.51.100.1:6000")).is_none());
    }

    #[test]
    fn an_end_whose_transfer_failed_outlives_the_connection_that_wanted_it() {
        let mut core = talking();
        core.touch(B, 8, None, at(9));
        core.belongs(B, 7);
        core.over(8, at(10));
        assert_eq!(core.tidy(at(20)), Vec::<u16>::new());
        assert!(core.packet(at(21), 40_002, address("198.51.100.1:6000")).is_some());
    }

    #[test]
    fn an_end_that_nobody_uses_is_forgotten() {
        let mut core = talking();
        core.packet(at(100), 40_000, address("192.0.2.1:4000"));
        assert_eq!(core.tidy(at(4 * 3_600)), [40_002, 40_003]);
        assert_eq!(core.tidy(at(4 * 3_600 + 100)), [40_000, 40_001]);
    }

    #[test]
    fn addresses_of_homes_and_carriers_are_inside() {
        for inside in ["10.0.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"] {
            assert!(!is_outside(inside.parse().unwrap()), "{inside}");
        }
        assert!(is_outside("203.0.113.5".parse().unwrap()) && is_outside("2001:db8::1".parse().unwrap()));
    }
}
