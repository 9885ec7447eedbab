//! The thin part around the decisions: sockets, and a task for each.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellbird_net::clock;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use super::arrival::{Arrival, Quality};
use super::core::{Alone, Core, EndKey, Forward, RelayError, is_outside};
use super::reports;
use super::sdp::{self, Described, Own};

/// The longest datagram of sound; what is longer is cut, and dropped by its receiver.
const LONGEST: usize = 2_048;
/// Pairs that are tried before all count as taken.
const TRIES: u16 = 200;
/// Where a packet to the world at large would leave from; the address is set aside for documentation (RFC 5737).
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), 9);

/// How the relay is reached.
#[derive(Clone, Debug)]
pub(crate) struct RelayConfig {
    /// Our address as ends outside see it: of a cloud's 1:1 NAT. Else the one that packets to them leave from.
    pub(crate) address: Option<IpAddr>,
    /// From and to which port.
    pub(crate) ports: (u16, u16),
    /// Everything is on this machine, as in a demo: only then media may go to loopback.
    pub(crate) loopback: bool,
}

/// One end, as a description passes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Which.
    pub(crate) key: EndKey,
    /// Where its signalling comes from or goes to, if known.
    pub(crate) signalling: Option<IpAddr>,
    /// Whether it may look for a way of its own.
    pub(crate) with_ice: bool,
}

/// The relay, from any thread.
#[derive(Clone)]
pub(crate) struct Relay(Arc<Inner>);

struct Inner {
    config: RelayConfig,
    state: Mutex<State>,
}

struct State {
    core: Core,
    sockets: HashMap<u16, Port>,
    next: u16,
    version: u64,
    /// What arrives on each port.
    arrivals: HashMap<u16, Arrival>,
    /// That came in, and of these those that nobody was to get.
    packets: (u64, u64),
}

struct Port {
    socket: Arc<UdpSocket>,
    task: AbortHandle,
}

impl Drop for Port {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    /// A relay without any end.
    pub(crate) fn new(config: RelayConfig) -> Self {
        let core = Core::new(config.loopback);
        let state = State {
            core,
            sockets: HashMap::new(),
            next: config.ports.0,
            version: 0,
            arrivals: HashMap::new(),
            packets: (0, 0),
        };
        Self(Arc::new(Inner { config, state: Mutex::new(state) }))
    }

    /// How sound of an end arrives, once there was enough to tell.
    pub(crate) fn quality(&self, end: EndKey) -> Option<Quality> {
        let state = self.state();
        let ports = state.core.ports_of(end).into_iter().flatten();
        ports.filter_map(|(rtp, _)| state.arrivals.get(&rtp)?.quality()).next()
    }

    /// Packets that were led on, and those that nobody was to get.
    pub(crate) fn packets(&self) -> (u64, u64) {
        let (came, strays) = self.state().packets;
        (came - strays, strays)
    }

    /// An offer on its way from one end to another.
    ///
    /// # Errors
    /// See [`RelayError`].
    pub(crate) fn offer(&self, session: u64, from: Place, to: Place, text: &str) -> Result<String, RelayError> {
        self.carry_over(session, from, to, text, |_| {})
    }

    /// The answer to an offer that was relayed: these two hear each other from now on.
    ///
    /// # Errors
    /// See [`RelayError`].
    pub(crate) fn answer(&self, session: u64, from: Place, to: Place, text: &str) -> Result<String, RelayError> {
        self.carry_over(session, from, to, text, |core| core.link(from.key, to.key))
    }

    /// A description as the other end gets it: with our addresses in place of the sender's.
    fn carry_over(
        &self,
        session: u64,
        from: Place,
        to: Place,
        text: &str,
        then: impl FnOnce(&mut Core),
    ) -> Result<String, RelayError> {
        let described = Described::read(text).ok_or(RelayError::NotSdp)?;
        let own = self.own_address(to)?;
        let mut state = self.state();
        self.touch(&mut state, session, from, &described)?;
        self.touch(&mut state, session, to, &described)?;
        state.core.describe(from.key, &described);
        then(&mut state.core);
        Ok(sdp::redirect(text, own, &state.core.ports_of(to.key), to.with_ice))
    }

    /// The server's own answer.
    ///
    /// # Errors
    /// See [`RelayError`].
    pub(crate) fn own_answer(&self, session: u64, end: Place, own: Own, offer: &str) -> Result<String, RelayError> {
        let described = Described::read(offer).ok_or(RelayError::NotSdp)?;
        let address = self.own_address(end)?;
        let mut state = self.state();
        self.touch(&mut state, session, end, &described)?;
        state.core.describe(end.key, &described);
        state.core.alone(end.key, alone(own, offer));
        state.version += 1;
        let ports = state.core.ports_of(end.key);
        sdp::own_answer(offer, own, address, &ports, state.version).ok_or(RelayError::NoStream)
    }

    /// Opens the ports of a call of an earlier life again: `told` is what we told this end, `described` what it told us.
    /// False where it was not relayed, or a port is taken.
    pub(crate) fn resume(&self, session: u64, end: Place, told: &str, described: &str) -> bool {
        let (Some(told), Some(described)) = (Described::read(told), Described::read(described)) else { return false };
        let mut state = self.state();
        state.core.touch(end.key, session, end.signalling, clock::now());
        let mut resumed = false;
        for (index, stream) in told.streams.iter().enumerate() {
            let port = stream.rtp.map(|rtp| rtp.port()).filter(|port| self.is_ours(*port));
            if port.is_some_and(|port| self.open(&mut state, port).is_ok()) {
                state.core.give(end.key, index, port.unwrap_or_default());
                resumed = true;
            }
        }
        state.core.describe(end.key, &described);
        resumed
    }

    /// These two hear each other.
    pub(crate) fn link(&self, one: EndKey, other: EndKey) {
        self.state().core.link(one, other);
    }

    /// These ends are of this connection.
    pub(crate) fn belong(&self, session: u64, ends: [EndKey; 2]) {
        let mut state = self.state();
        for end in ends {
            state.core.belongs(end, session);
        }
    }

    /// A connection is over.
    pub(crate) fn over(&self, session: u64) {
        self.state().core.over(session, clock::now());
    }

    /// Closes what is over; to be called now and then.
    pub(crate) fn tidy(&self) {
        let mut state = self.state();
        for port in state.core.tidy(clock::now()) {
            state.sockets.remove(&port);
            state.arrivals.remove(&port);
        }
    }

    /// Closes everything: the server ends.
    pub(crate) fn close(&self) {
        // A task holds the relay as long as it runs, so the relay does not end by itself.
        self.state().sockets.clear();
    }

    /// Ports that are open.
    pub(crate) fn open_ports(&self) -> usize {
        self.state().sockets.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ours(&self, port: u16) -> bool {
        let (least, greatest) = self.0.config.ports;
        (least..greatest).contains(&port)
    }

    fn touch(&self, state: &mut State, session: u64, end: Place, described: &Described) -> Result<(), RelayError> {
        state.core.touch(end.key, session, end.signalling, clock::now());
        for index in state.core.lacks(end.key, described) {
            let port = self.free_pair(state).ok_or(RelayError::NoPorts)?;
            state.core.give(end.key, index, port);
        }
        Ok(())
    }

    /// The next even port that is free together with the one above (RFC 3550 §11).
    fn free_pair(&self, state: &mut State) -> Option<u16> {
        let (least, greatest) = self.0.config.ports;
        for _ in 0..TRIES {
            let port = state.next.max(least).next_multiple_of(2);
            let fits = port < greatest;
            state.next = if fits { port.saturating_add(2) } else { least };
            if fits && !state.sockets.contains_key(&port) && self.open(state, port).is_ok() {
                return Some(port);
            }
        }
        None
    }

    fn open(&self, state: &mut State, port: u16) -> io::Result<()> {
        let pair = (bind(port)?, bind(port.checked_add(1).ok_or(io::ErrorKind::InvalidInput)?)?);
        for (port, socket) in [(port, pair.0), (port + 1, pair.1)] {
            let socket = Arc::new(socket);
            let task = tokio::spawn(carry(self.clone(), port, Arc::clone(&socket))).abort_handle();
            state.sockets.insert(port, Port { socket, task });
        }
        Ok(())
    }

    /// The address that is written for an end.
    fn own_address(&self, end: Place) -> Result<IpAddr, RelayError> {
        let towards = end.signalling.map_or(ANYWHERE, |ip| SocketAddr::new(ip, 9));
        let local = || bellbird_net::local_address_towards(towards).ok();
        match (end.signalling.map(is_outside), self.0.config.address) {
            (Some(false), _) => local().ok_or(RelayError::NoAddress),
            (Some(true) | None, Some(address)) => Ok(address),
            (Some(true), None) => local().filter(|local| is_outside(*local)).ok_or(RelayError::NoAddress),
            (None, None) => Ok(local().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))),
        }
    }
}

/// On all addresses of both families, where there are both.
fn bind(port: u16) -> io::Result<UdpSocket> {
    let both = std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port));
    let socket = match both {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?
        }
        either => either?,
    };
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// Carries what comes in on one port.
async fn carry(relay: Relay, port: u16, socket: Arc<UdpSocket>) {
    let mut packet = [0; LONGEST];
    loop {
        // An error here tells that an earlier packet did not arrive; the next may.
        let Ok((length, from)) = socket.recv_from(&mut packet).await else { continue };
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let next = {
            let mut state = relay.state();
            state.packets.0 += 1;
            let forward = state.core.packet(clock::now(), port, from);
            let next = forward.and_then(|to| Some((Arc::clone(&state.sockets.get(&to.port)?.socket), to)));
            state.packets.1 += u64::from(next.is_none());
            if let (Some(_), Some(payload)) = (&next, packet.get(..length)) {
                state.arrivals.entry(port).or_default().hear(clock::now(), payload);
            }
            next
        };
        if let (Some((socket, Forward { to, renamed, .. })), Some(payload)) = (next, packet.get_mut(..length)) {
            if renamed {
                rename(payload);
            }
            let unnamed = reports::without_names(payload);
            // Sound that can't leave now is of no use later.
            socket.try_send_to(unnamed.as_deref().unwrap_or(payload), as_bound(&socket, to)).ok();
        }
    }
}

/// What an end hears while the server itself answers it.
fn alone(own: Own, offer: &str) -> Alone {
    let encrypted =
        offer.lines().any(|line| line.starts_with("m=") && line.contains("SAVP") || line.starts_with("a=crypto"));
    match own {
        Own::Silent => Alone::Silent,
        Own::Echo if encrypted => Alone::Echo,
        Own::Echo => Alone::RenamedEcho,
    }
}

/// Makes a packet one of another source: its SSRC is the third word (RFC 3550 §5.1).
fn rename(packet: &mut [u8]) {
    for byte in packet.iter_mut().skip(8).take(4) {
        *byte ^= 0x5a;
    }
}

/// An IPv4 address as a socket of both families takes it.
fn as_bound(socket: &UdpSocket, to: SocketAddr) -> SocketAddr {
    let both = socket.local_addr().is_ok_and(|local| local.is_ipv6());
    match to.ip() {
        IpAddr::V4(v4) if both => SocketAddr::new(v4.to_ipv6_mapped().into(), to.port()),
        IpAddr::V4(_) | IpAddr::V6(_) => to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(ports: (u16, u16), address: Option<IpAddr>) -> Relay {
        Relay::new(RelayConfig { address, ports, loopback: true })
    }

    fn place(key: u64, signalling: &str) -> Place {
        Place { key: EndKey(key), signalling: Some(signalling.parse().unwrap()), with_ice: true }
    }

    fn offer_of(port: u16) -> String {
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n")
    }

    fn told(text: &str) -> SocketAddr {
        Described::read(text).unwrap().streams[0].rtp.unwrap()
    }

    async fn phone() -> (UdpSocket, u16) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        (socket, port)
    }

    async fn hears(socket: &UdpSocket) -> Vec<u8> {
        let mut packet = [0; 100];
        let received = tokio::time::timeout(std::time::Duration::from_secs(10), socket.recv_from(&mut packet));
        let (length, _) = received.await.expect("a packet in time").unwrap();
        packet[..length].to_vec()
    }

    #[tokio::test]
    async fn sound_goes_both_ways_and_the_ports_close_after_the_call() {
        let relay = relay((41_000, 41_400), None);
        let ((one, one_port), (other, other_port)) = (phone().await, phone().await);
        let (a, b) = (place(1, "127.0.0.1"), place(2, "127.0.0.1"));
        let to_other = relay.offer(1, a, b, &offer_of(one_port)).unwrap();
        let to_one = relay.answer(1, b, a, &offer_of(other_port)).unwrap();
        one.send_to(b"hello", told(&to_one)).await.unwrap();
        assert_eq!(hears(&other).await, b"hello");
        other.send_to(b"you too", told(&to_other)).await.unwrap();
        assert_eq!(hears(&one).await, b"you too");
        assert_eq!(relay.open_ports(), 4);
        // Hold and resume keep the ports.
        assert_eq!(told(&relay.offer(1, a, b, &offer_of(one_port)).unwrap()), told(&to_other));
        relay.over(1);
        let later = clock::now() + bellbird_base::Duration::from_secs(6);
        let free = relay.state().core.tidy(later);
        assert_eq!(free.len(), 4);
    }

    #[tokio::test]
    async fn reports_pass_without_the_address_in_their_name() {
        let relay = relay((42_000, 42_100), None);
        let ((one, one_port), (other, other_port)) = (phone().await, phone().await);
        let (a, b) = (place(1, "127.0.0.1"), place(2, "127.0.0.1"));
        let with_reports = |port: u16| format!("{}a=rtcp:{port}\r\n", offer_of(9));
        relay.offer(1, a, b, &with_reports(one_port)).unwrap();
        let to_one = relay.answer(1, b, a, &with_reports(other_port)).unwrap();
        let mut report = Vec::new();
        bellbird_media::rtcp::Writer::new(&mut report, 7).report(None, None).description("sip:244@192.168.1.7:5060");
        let rtcp = SocketAddr::new(told(&to_one).ip(), told(&to_one).port() + 1);
        one.send_to(&report, rtcp).await.unwrap();
        let heard = hears(&other).await;
        assert!(!heard.windows(7).any(|window| window == b"192.168"), "{heard:?}");
        assert!(heard.starts_with(&[0x80, 201]) && heard.windows(8).any(|window| window == b"00000007"), "{heard:?}");
    }

    #[tokio::test]
    async fn more_calls_than_ports_are_refused() {
        let relay = relay((41_500, 41_502), None);
        let (a, b) = (place(1, "127.0.0.1"), place(2, "127.0.0.1"));
        assert_eq!(relay.offer(1, a, b, &offer_of(4_000)), Err(RelayError::NoPorts));
    }

    #[tokio::test]
    async fn ends_outside_never_get_an_address_of_the_inside() {
        let outside = place(2, "203.0.113.77");
        let own: IpAddr = "198.51.100.20".parse().unwrap();
        let told_by = |relay: Relay| relay.offer(1, place(1, "127.0.0.1"), outside, &offer_of(4_000));
        let with = told_by(relay((41_600, 41_700), Some(own))).unwrap();
        assert_eq!(told(&with).ip(), own);
        match told_by(relay((41_700, 41_800), None)) {
            Ok(text) => assert!(is_outside(told(&text).ip())),
            Err(error) => assert_eq!(error, RelayError::NoAddress),
        }
    }

    #[tokio::test]
    async fn a_call_of_an_earlier_life_gets_its_ports_again() {
        let relay = relay((41_800, 41_900), None);
        let ((one, one_port), (other, other_port)) = (phone().await, phone().await);
        let (a, b) = (place(1, "127.0.0.1"), place(2, "127.0.0.1"));
        assert!(relay.resume(1, a, &offer_of(41_820), &offer_of(one_port)));
        assert!(relay.resume(1, b, &offer_of(41_822), &offer_of(other_port)));
        relay.link(a.key, b.key);
        one.send_to(b"still here", ("127.0.0.1", 41_820)).await.unwrap();
        assert_eq!(hears(&other).await, b"still here");
        assert!(!relay.resume(1, place(3, "127.0.0.1"), &offer_of(9), &offer_of(one_port)));
    }
}
