use std::net::SocketAddr;

use bellbird_base::Instant;

/// A stream between two sockets, the same for both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(crate) u64);

/// One of the two ends of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamEnd {
    /// The one that connected.
    Client,
    /// The one that listened.
    Server,
}

impl StreamEnd {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What the network knows of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// The client's own address, behind any NAT.
    pub(crate) client: SocketAddr,
    /// The client's address as the server sees it.
    pub(crate) client_seen: SocketAddr,
    pub(crate) server: SocketAddr,
    /// The NAT that it goes through, and that NAT's generation then.
    pub(crate) nat: Option<(usize, u64)>,
    /// When the last piece arrives at either end: nothing overtakes it.
    last_arrival: [Instant; 2],
    pub(crate) state: StreamState,
}

/// `Open` ─ close by either end → `Closed`; `Open` ─ cut → `Cut`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamState {
    Open,
    /// One end closed it; what was written before still arrives.
    Closed,
    /// The path is gone and neither end knows.
    Cut,
}

impl Stream {
    pub(crate) const fn new(
        client: SocketAddr,
        client_seen: SocketAddr,
        server: SocketAddr,
        nat: Option<(usize, u64)>,
    ) -> Self {
        let last_arrival = [Instant::ORIGIN; 2];
        Self { client, client_seen, server, nat, last_arrival, state: StreamState::Open }
    }

    /// The address of an end as the network routes to it.
    pub(crate) const fn address(&self, end: StreamEnd) -> SocketAddr {
        match end {
            StreamEnd::Client => self.client,
            StreamEnd::Server => self.server,
        }
    }

    /// Keeps the order: not before what was written earlier.
    pub(crate) fn in_order(&mut self, to: StreamEnd, arrival: Instant) -> Instant {
        let last = &mut self.last_arrival[to as usize];
        *last = arrival.max(*last);
        *last
    }
}
