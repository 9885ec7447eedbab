//! What ties a core to the simulated network: a socket for datagrams, streams, and a name server that always knows.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use bellbird_base::{FlowId, FlowInfo, Instant, Protocol, Remote, Transmit};
use bellbird_sip::agent::{
    Event, FlowEnd, Input, Output, Question, ResolveFailure, ResolveId, TimeoutReason, UserAgent,
};
use bellbird_testkit::{Arrival, Network, StreamEnd, StreamId};

/// The domain that all names in a simulation belong to, and its one server.
pub const DOMAIN: &str = "example.test";
pub const SERVER: &str = "10.0.0.1";

/// The sockets of one host.
#[derive(Debug)]
pub struct Sockets {
    pub ip: IpAddr,
    paths: BTreeMap<FlowId, Path>,
    accepted: u64,
    next_port: u16,
    /// What a user agent is still to be told.
    heard: VecDeque<Heard>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Datagrams { remote: SocketAddr },
    Stream { id: StreamId, end: StreamEnd, protocol: Protocol },
}

/// What arrived, as a core wants to hear it.
#[derive(Debug)]
pub enum Heard {
    Received(FlowId, Vec<u8>),
    Opened(FlowId, FlowInfo),
    Closed(FlowId, FlowEnd),
    Resolved(ResolveId, Result<Vec<Remote>, ResolveFailure>),
}

impl Heard {
    pub fn as_input(&self, now: Instant) -> Input<'_> {
        match self {
            Self::Received(flow, bytes) => Input::Receive(now, *flow, bytes),
            Self::Opened(flow, info) => Input::FlowOpened(now, *flow, *info),
            Self::Closed(flow, end) => Input::FlowClosed(now, *flow, *end),
            Self::Resolved(id, result) => Input::Resolved(now, *id, result.clone()),
        }
    }
}

/// What a user agent's owner has to see to.
#[derive(Debug)]
pub enum Driven {
    Event(Event),
    /// Nothing before this moment.
    Wait(Instant, TimeoutReason),
}

impl Sockets {
    pub fn new(ip: IpAddr, network: &mut Network) -> Self {
        network.listen(SocketAddr::new(ip, 5060));
        Self { ip, paths: BTreeMap::new(), accepted: 0, next_port: 40_000, heard: VecDeque::new() }
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.ip, 5060)
    }

    /// All sockets are closed, as by a restart.
    pub fn forget(&mut self, network: &mut Network) -> Vec<FlowId> {
        let paths = core::mem::take(&mut self.paths);
        for path in paths.values() {
            if let Path::Stream { id, end, .. } = path {
                network.close(*id, *end);
            }
        }
        paths.into_keys().collect()
    }

    /// Carries a user agent's packets, connections and questions, up to what its owner has to see to.
    pub fn drive(&mut self, ua: &mut UserAgent, network: &mut Network) -> Driven {
        loop {
            match ua.poll_output() {
                Output::Transmit(transmit) => self.send(network, transmit),
                Output::Connect(flow, remote) => {
                    let opened = self.connect(network, flow, &remote);
                    self.heard.extend(opened);
                }
                Output::Close(flow) => self.close(network, flow),
                Output::Resolve(id, question) => self.heard.push_back(Heard::Resolved(id, Self::resolve(&question))),
                Output::Event(event) => return Driven::Event(event),
                Output::Timeout(at, reason) => match self.heard.pop_front() {
                    Some(heard) => ua.handle_input(heard.as_input(network.now())),
                    None => return Driven::Wait(at, reason),
                },
            }
        }
    }

    pub fn send(&self, network: &mut Network, transmit: Transmit) {
        match self.paths.get(&transmit.flow) {
            Some(Path::Datagrams { remote }) => network.send(self.address(), *remote, transmit.payload),
            Some(Path::Stream { id, end, .. }) => network.write(*id, *end, &transmit.payload),
            None => {}
        }
    }

    /// Opens a flow; one for datagrams is open at once.
    pub fn connect(&mut self, network: &mut Network, flow: FlowId, remote: &Remote) -> Option<Heard> {
        if remote.protocol == Protocol::Udp {
            self.paths.insert(flow, Path::Datagrams { remote: remote.address });
            return Some(Heard::Opened(flow, self.info(Protocol::Udp, self.address(), remote.address)));
        }
        self.next_port += 1;
        let id = network.connect(SocketAddr::new(self.ip, self.next_port), remote.address);
        self.paths.insert(flow, Path::Stream { id, end: StreamEnd::Client, protocol: remote.protocol });
        None
    }

    pub fn close(&mut self, network: &mut Network, flow: FlowId) {
        if let Some(Path::Stream { id, end, .. }) = self.paths.remove(&flow) {
            network.close(id, end);
        }
    }

    fn info(&self, protocol: Protocol, local: SocketAddr, remote: SocketAddr) -> FlowInfo {
        FlowInfo { protocol, local, remote }
    }

    /// Answers what RFC 3263 would find.
    pub fn resolve(question: &Question) -> Result<Vec<Remote>, ResolveFailure> {
        let protocol = question.protocol.unwrap_or(Protocol::Udp);
        let ip = match question.host.parse() {
            Ok(ip) => ip,
            Err(_) if question.host == DOMAIN => SERVER.parse().unwrap(),
            Err(_) => return Err(ResolveFailure::NotFound),
        };
        // Everything listens on one port here; the protocol only decides how bytes travel.
        let address = SocketAddr::new(ip, question.port.unwrap_or(5060));
        Ok(vec![Remote { protocol, address, server_name: question.host.clone(), path: String::new() }])
    }

    pub fn hear(&mut self, arrival: Arrival) -> Vec<Heard> {
        match arrival {
            Arrival::Datagram { from, payload, .. } => {
                let known = self.find(|path| *path == Path::Datagrams { remote: from });
                let mut heard = Vec::new();
                let flow = known.unwrap_or_else(|| {
                    let flow = self.accept(Path::Datagrams { remote: from });
                    heard.push(Heard::Opened(flow, self.info(Protocol::Udp, self.address(), from)));
                    flow
                });
                heard.push(Heard::Received(flow, payload));
                heard
            }
            Arrival::Opened { stream, end, local, remote } => {
                let known = self.find_stream(stream, end);
                let flow =
                    known.unwrap_or_else(|| self.accept(Path::Stream { id: stream, end, protocol: Protocol::Tcp }));
                let protocol = match self.paths.get(&flow) {
                    Some(Path::Stream { protocol, .. }) => *protocol,
                    Some(Path::Datagrams { .. }) | None => Protocol::Tcp,
                };
                vec![Heard::Opened(flow, self.info(protocol, local, remote))]
            }
            Arrival::Bytes { stream, end, payload, .. } => {
                self.find_stream(stream, end).map(|flow| Heard::Received(flow, payload)).into_iter().collect()
            }
            Arrival::Closed { stream, end, .. } => {
                let flow = self.find_stream(stream, end);
                if let Some(flow) = flow {
                    self.paths.remove(&flow);
                }
                flow.map(|flow| Heard::Closed(flow, FlowEnd::Closed)).into_iter().collect()
            }
        }
    }

    fn accept(&mut self, path: Path) -> FlowId {
        let flow = FlowId(u64::MAX - self.accepted);
        self.accepted += 1;
        self.paths.insert(flow, path);
        flow
    }

    fn find(&self, matches: impl Fn(&Path) -> bool) -> Option<FlowId> {
        self.paths.iter().find(|(_, path)| matches(path)).map(|(flow, _)| *flow)
    }

    fn find_stream(&self, stream: StreamId, which: StreamEnd) -> Option<FlowId> {
        self.find(|path| matches!(path, Path::Stream { id, end, .. } if *id == stream && *end == which))
    }
}
