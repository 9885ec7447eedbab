use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{Duration, Instant, Rng, Seed};

use crate::link::{Link, LinkState};
use crate::nat::Nat;
use crate::stream::{Stream, StreamEnd, StreamId, StreamState};

/// How long a stream waits before it sends a lost piece again; doubled for each loss of the same piece.
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// The largest piece that a stream is cut into, in bytes.
const SEGMENT: usize = 1_400;

/// What reaches a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A datagram.
    Datagram {
        /// The sender as the receiver sees it, behind any NAT.
        from: SocketAddr,
        /// The receiver's own address.
        to: SocketAddr,
        /// The content.
        payload: Vec<u8>,
    },
    /// A stream was opened; both ends get this.
    Opened {
        /// The stream.
        stream: StreamId,
        /// Which end this is for.
        end: StreamEnd,
        /// The receiver's own address.
        local: SocketAddr,
        /// The other end as this one sees it.
        remote: SocketAddr,
    },
    /// Bytes on a stream, in order; pieces are not those that were written.
    Bytes {
        /// The stream.
        stream: StreamId,
        /// Which end this is for.
        end: StreamEnd,
        /// The receiver's own address.
        local: SocketAddr,
        /// The content.
        payload: Vec<u8>,
    },
    /// The other end closed a stream, or it could not be opened.
    Closed {
        /// The stream.
        stream: StreamId,
        /// Which end this is for.
        end: StreamEnd,
        /// The receiver's own address.
        local: SocketAddr,
    },
}

impl Arrival {
    /// The address of the host that it is for.
    pub const fn local(&self) -> SocketAddr {
        match self {
            Self::Datagram { to: local, .. }
            | Self::Opened { local, .. }
            | Self::Bytes { local, .. }
            | Self::Closed { local, .. } => *local,
        }
    }
}

/// Hosts, links, NATs and everything that is under way, with a clock that only [`Network::advance`] moves.
#[derive(Debug)]
pub struct Network {
    now: Instant,
    rng: Rng,
    default_link: Link,
    links: BTreeMap<(IpAddr, IpAddr), LinkState>,
    nats: Vec<Nat>,
    listeners: BTreeSet<SocketAddr>,
    streams: BTreeMap<StreamId, Stream>,
    next_stream: u64,
    under_way: BinaryHeap<Reverse<Scheduled>>,
    next_number: u64,
    datagrams: Counts,
}

/// How many datagrams were sent, lost and refused by a NAT.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: u64,
    lost: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scheduled {
    at: Instant,
    /// Keeps the order of what arrives at the same time, so that runs replay.
    number: u64,
    flight: Flight,
}

/// Ordered only because the queue wants it; the number before it decides.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flight {
    Datagram { from: SocketAddr, to: SocketAddr, payload: Vec<u8> },
    Open { stream: StreamId, end: StreamEnd },
    Bytes { stream: StreamId, end: StreamEnd, payload: Vec<u8> },
    Close { stream: StreamId, end: StreamEnd },
}

impl Network {
    /// A network whose links all behave like this one, until [`Network::set_link`] says otherwise.
    pub fn new(seed: &Seed, link: Link) -> Self {
        Self {
            now: Instant::ORIGIN,
            rng: Rng::new(seed),
            default_link: link,
            links: BTreeMap::new(),
            nats: Vec::new(),
            listeners: BTreeSet::new(),
            streams: BTreeMap::new(),
            next_stream: 0,
            under_way: BinaryHeap::new(),
            next_number: 0,
            datagrams: Counts::default(),
        }
    }

    /// The time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Moves the clock on; never back.
    pub fn advance(&mut self, to: Instant) {
        self.now = self.now.max(to);
    }

    /// Sets how packets fare between two hosts, in both directions. Hosts behind a NAT are named by their own address.
    pub fn set_link(&mut self, a: IpAddr, b: IpAddr, link: Link) {
        self.set_one_way(a, b, link);
        self.set_one_way(b, a, link);
    }

    /// Sets how packets fare from one host to another.
    pub fn set_one_way(&mut self, from: IpAddr, to: IpAddr, link: Link) {
        self.links.insert((from, to), LinkState::new(link));
    }

    /// Sets how packets fare on all links, also those that were set before.
    pub fn set_all_links(&mut self, link: Link) {
        self.default_link = link;
        self.links.clear();
    }

    /// Puts hosts behind a NAT.
    pub fn add_nat(&mut self, nat: Nat) {
        self.nats.push(nat);
    }

    /// The NAT with this public address forgets its bindings; streams through it die without a word.
    pub fn rebind(&mut self, public: IpAddr) {
        for nat in self.nats.iter_mut().filter(|nat| nat.public() == public) {
            nat.rebind();
        }
    }

    /// Sends a datagram.
    pub fn send(&mut self, from: SocketAddr, to: SocketAddr, payload: Vec<u8>) {
        self.datagrams.sent += 1;
        let now = self.now;
        let seen = match self.nat_before(from.ip(), to.ip()) {
            Some(index) => self.nats.get_mut(index).map_or(from, |nat| nat.outbound(now, from, to)),
            None => from,
        };
        let (sender, receiver) = (from.ip(), self.host_behind(to));
        if self.loses(sender, receiver) {
            self.datagrams.lost += 1;
            return;
        }
        let arrival = self.now + self.transit(sender, receiver);
        if self.duplicates(sender, receiver) {
            let second = self.now + self.transit(sender, receiver);
            self.schedule(second, Flight::Datagram { from: seen, to, payload: payload.clone() });
        }
        self.schedule(arrival, Flight::Datagram { from: seen, to, payload });
    }

    /// How many datagrams were sent.
    pub const fn datagrams_sent(&self) -> u64 {
        self.datagrams.sent
    }

    /// How many datagrams links have lost and NATs have refused.
    pub const fn datagrams_lost(&self) -> u64 {
        self.datagrams.lost
    }

    /// Lets streams be opened to this address.
    pub fn listen(&mut self, address: SocketAddr) {
        self.listeners.insert(address);
    }

    /// Takes no further streams at this address; open ones stay.
    pub fn stop_listening(&mut self, address: SocketAddr) {
        self.listeners.remove(&address);
    }

    /// Opens a stream. Both ends get [`Arrival::Opened`], the client after one round trip; where nobody listens, or the
    /// link is down, the client gets [`Arrival::Closed`], after 3 s in the latter case.
    pub fn connect(&mut self, from: SocketAddr, to: SocketAddr) -> StreamId {
        let stream = StreamId(self.next_stream);
        self.next_stream += 1;
        let now = self.now;
        let nat = self.nat_before(from.ip(), to.ip());
        let seen = nat.and_then(|index| self.nats.get_mut(index)).map_or(from, |nat| nat.outbound(now, from, to));
        let generation = nat.and_then(|index| self.nats.get(index)).map(Nat::generation);
        self.streams.insert(stream, Stream::new(from, seen, to, nat.zip(generation)));
        let down = self.is_down(from.ip(), to.ip()) || self.is_down(to.ip(), from.ip());
        if down {
            self.schedule(now + Duration::from_secs(3), Flight::Close { stream, end: StreamEnd::Client });
        } else {
            self.schedule_on(stream, StreamEnd::Server, |end| Flight::Open { stream, end });
        }
        stream
    }

    /// Writes on a stream. On one that is closed or cut it is lost without a word.
    pub fn write(&mut self, stream: StreamId, end: StreamEnd, bytes: &[u8]) {
        if !self.is_alive(stream) {
            return;
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let limit = u64::try_from(rest.len().min(SEGMENT)).unwrap_or(1);
            // Now and then a piece ends somewhere: readers must not count on the writer's pieces.
            let length = if self.rng.below(4) == 0 { self.rng.below(limit) + 1 } else { limit };
            let (piece, behind) = rest.split_at(usize::try_from(length).unwrap_or(1));
            rest = behind;
            let payload = piece.to_vec();
            self.schedule_on(stream, end.peer(), |end| Flight::Bytes { stream, end, payload });
        }
    }

    /// Closes a stream; the other end gets [`Arrival::Closed`] behind what was written before.
    pub fn close(&mut self, stream: StreamId, end: StreamEnd) {
        if self.is_alive(stream) {
            self.schedule_on(stream, end.peer(), |end| Flight::Close { stream, end });
            self.set_stream_state(stream, StreamState::Closed);
        }
    }

    /// Cuts a stream: nothing that is under way or written later arrives, and neither end is told.
    pub fn cut(&mut self, stream: StreamId) {
        self.set_stream_state(stream, StreamState::Cut);
    }

    /// When the next thing arrives, if anything is under way.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse(next)| next.at)
    }

    /// What has arrived by now, one at a time.
    pub fn receive(&mut self) -> Option<Arrival> {
        while self.next_arrival().is_some_and(|at| at <= self.now) {
            let Reverse(Scheduled { flight, .. }) = self.under_way.pop()?;
            if let Some(arrival) = self.land(flight) {
                return Some(arrival);
            }
        }
        None
    }

    /// What a flight becomes for its receiver; nothing where a NAT refuses it or its stream is dead.
    fn land(&mut self, flight: Flight) -> Option<Arrival> {
        match flight {
            Flight::Datagram { from, to, payload } => {
                let nat = self.nats.iter().find(|nat| nat.public() == to.ip());
                let inside = nat.map_or(Some(to), |nat| nat.inbound(self.now, from, to));
                if inside.is_none() {
                    self.datagrams.lost += 1;
                }
                Some(Arrival::Datagram { from, to: inside?, payload })
            }
            Flight::Open { stream, end } => self.land_open(stream, end),
            Flight::Bytes { stream, end, payload } => {
                let local = self.reachable(stream)?.address(end);
                Some(Arrival::Bytes { stream, end, local, payload })
            }
            Flight::Close { stream, end } => {
                let local = self.reachable(stream)?.address(end);
                self.set_stream_state(stream, StreamState::Closed);
                Some(Arrival::Closed { stream, end, local })
            }
        }
    }

    fn land_open(&mut self, stream: StreamId, end: StreamEnd) -> Option<Arrival> {
        let known = self.reachable(stream)?.clone();
        if end == StreamEnd::Client {
            return Some(Arrival::Opened { stream, end, local: known.client, remote: known.server });
        }
        if !self.listeners.contains(&known.server) {
            self.schedule_on(stream, StreamEnd::Client, |end| Flight::Close { stream, end });
            return None;
        }
        self.schedule_on(stream, StreamEnd::Client, |end| Flight::Open { stream, end });
        Some(Arrival::Opened { stream, end, local: known.server, remote: known.client_seen })
    }

    fn schedule(&mut self, at: Instant, flight: Flight) {
        let number = self.next_number;
        self.next_number += 1;
        self.under_way.push(Reverse(Scheduled { at, number, flight }));
    }

    /// Sends something along a stream: what is lost is sent again, and what comes behind it waits.
    fn schedule_on(&mut self, stream: StreamId, to: StreamEnd, flight: impl FnOnce(StreamEnd) -> Flight) {
        let Some(known) = self.streams.get(&stream) else { return };
        let (sender, receiver) = (known.address(to.peer()).ip(), known.address(to).ip());
        let mut sent = self.now;
        let mut wait = RETRANSMISSION;
        // A link that is down for good holds it back for some minutes, like TCP, and then lets it through.
        for _ in 0..10 {
            if !self.loses(sender, receiver) {
                break;
            }
            sent += wait;
            wait *= 2;
        }
        let arrival = sent + self.transit(sender, receiver);
        let Some(known) = self.streams.get_mut(&stream) else { return };
        let arrival = known.in_order(to, arrival);
        self.schedule(arrival, flight(to));
    }

    /// The NAT that a packet leaves through: not where both hosts are behind the same one.
    fn nat_before(&self, from: IpAddr, to: IpAddr) -> Option<usize> {
        self.nats.iter().position(|nat| nat.has_inside(from) && !nat.has_inside(to))
    }

    /// The host that a packet ends at, as far as it can be told before it gets there: links know hosts, not NATs.
    fn host_behind(&self, to: SocketAddr) -> IpAddr {
        let nat = self.nats.iter().find(|nat| nat.public() == to.ip());
        nat.and_then(|nat| nat.inside_of(to.port())).unwrap_or(to.ip())
    }

    fn link(&mut self, from: IpAddr, to: IpAddr) -> &mut LinkState {
        let default = self.default_link;
        self.links.entry((from, to)).or_insert_with(|| LinkState::new(default))
    }

    fn is_down(&mut self, from: IpAddr, to: IpAddr) -> bool {
        self.link(from, to).link.loss >= 1.0
    }

    fn loses(&mut self, from: IpAddr, to: IpAddr) -> bool {
        self.with_link(from, to, LinkState::loses)
    }

    fn transit(&mut self, from: IpAddr, to: IpAddr) -> Duration {
        self.with_link(from, to, |link, rng| link.transit(rng))
    }

    fn duplicates(&mut self, from: IpAddr, to: IpAddr) -> bool {
        self.with_link(from, to, |link, rng| link.duplicates(rng))
    }

    fn with_link<T>(&mut self, from: IpAddr, to: IpAddr, ask: impl FnOnce(&mut LinkState, &mut Rng) -> T) -> T {
        let mut link = self.link(from, to).clone();
        let answer = ask(&mut link, &mut self.rng);
        self.links.insert((from, to), link);
        answer
    }

    fn is_alive(&self, stream: StreamId) -> bool {
        self.reachable(stream).is_some_and(|known| known.state == StreamState::Open)
    }

    /// The stream, unless its path is gone.
    fn reachable(&self, stream: StreamId) -> Option<&Stream> {
        let known = self.streams.get(&stream).filter(|known| known.state != StreamState::Cut)?;
        let rebound =
            known.nat.is_some_and(|(index, then)| self.nats.get(index).is_none_or(|nat| nat.generation() != then));
        (!rebound).then_some(known)
    }

    fn set_stream_state(&mut self, stream: StreamId, state: StreamState) {
        if let Some(known) = self.streams.get_mut(&stream) {
            known.state = state;
        }
    }
}

#[cfg(test)]
mod tests;
