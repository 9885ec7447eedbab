//! Connecting to a host that has several addresses (RFC 8305 §5).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use bellbird_base::{Duration, Remote};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time;

use crate::address::interleave;

/// The "connection attempt delay" (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// How many hosts are remembered.
const HOSTS: usize = 64;

/// Which addresses were found for the same host, so that a connection to one of them may race the others.
#[derive(Default)]
pub(crate) struct Siblings(Mutex<VecDeque<Vec<Remote>>>);

impl Siblings {
    /// Remembers remotes that differ in their addresses alone.
    pub(crate) fn remember(&self, host: Vec<Remote>) {
        if host.len() < 2 {
            return;
        }
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|known| known.iter().all(|remote| !host.contains(remote)));
        hosts.push_front(host);
        hosts.truncate(HOSTS);
    }

    /// The addresses to try for this remote, its own first.
    pub(crate) fn of(&self, remote: &Remote) -> Vec<SocketAddr> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = hosts.iter().find(|host| host.contains(remote));
        let others = known.into_iter().flatten().map(|sibling| sibling.address);
        let mut addresses = vec![remote.address];
        addresses.extend(others.filter(|&address| address != remote.address));
        interleave(addresses)
    }
}

/// The first connection that comes about. The next address gets its turn when the one before failed, or has not answered
/// for 250 ms.
pub(crate) async fn connect(addresses: &[SocketAddr], patience: Duration) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut last_error = io::Error::from(io::ErrorKind::NotFound);
    loop {
        let next = waiting.next();
        attempts.extend(next.map(|address| attempt(address, patience)));
        let head_start = if waiting.len() == 0 { Duration::MAX } else { ATTEMPT_DELAY };
        match time::timeout(head_start, attempts.next()).await {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(error))) => last_error = error,
            Ok(None) if waiting.len() == 0 => return Err(last_error),
            Ok(None) | Err(_) => {}
        }
    }
}

async fn attempt(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    time::timeout(patience, TcpStream::connect(address)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use bellbird_base::Protocol;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_that_refuses_costs_no_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let dead = {
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        let stream = connect(&[dead, alive], Duration::from_secs(5)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
    }

    #[tokio::test]
    async fn when_all_refuse_the_last_refusal_is_told() {
        let dead = {
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        let error = connect(&[dead, dead], Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn siblings_race_with_the_wanted_address_first() {
        let remote = |address: &str| Remote {
            protocol: Protocol::Tcp,
            address: address.parse().unwrap(),
            server_name: "example.org".to_owned(),
            path: String::new(),
        };
        let (six, four) = (remote("[2001:db8::1]:5060"), remote("192.0.2.1:5060"));
        let siblings = Siblings::default();
        siblings.remember(vec![six.clone(), four.clone()]);
        assert_eq!(siblings.of(&four), [four.address, six.address]);
        assert_eq!(siblings.of(&six), [six.address, four.address]);
        assert_eq!(siblings.of(&remote("192.0.2.9:5060")).len(), 1);
    }
}
