//! The sound of one call over a bad network: session descriptions that pass are rewritten, so that RTP and RTCP pass too.
//!
//! ```text
//! client ──► [towards the client]  ─ loss, jitter, order ─  [towards the target] ──► target
//!        ◄──  a pair of ports each: RTP, and RTCP above it                       ◄──
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bellbird_base::{Rng, Seed};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::impairment::Impairment;
use crate::ports::free_port;

/// Which side of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who sent to the relay first.
    Client,
    /// What the relay stands in front of.
    Target,
}

/// One call's sound on its way. Reports (RTCP) are late, but never lost: tests read in them what was.
#[derive(Debug)]
pub(crate) struct SoundRelay {
    client: Edge,
    target: Edge,
    _tasks: JoinSet<()>,
}

/// One side: the port that it is shown as the other's, and its own, once it said so.
#[derive(Debug)]
struct Edge {
    shown_port: u16,
    own_port: watch::Sender<Option<u16>>,
}

impl SoundRelay {
    /// Starts it; the same seed spoils the same packets.
    pub(crate) async fn start(impairment: Impairment, seed: u64) -> Self {
        let (client, target) = (Edge::new(), Edge::new());
        let mut tasks = JoinSet::new();
        for (above, impairment) in [(0, impairment), (1, impairment.only_late())] {
            let sockets = (bind(client.shown_port + above).await, bind(target.shown_port + above).await);
            for (number, from, by, to) in [(0, &sockets.0, &sockets.1, &target), (1, &sockets.1, &sockets.0, &client)] {
                let rng = Rng::new(&Seed::from_number(seed * 4 + u64::from(above) * 2 + number));
                let way = Way { from: Arc::clone(from), by: Arc::clone(by), to: to.own_port.subscribe(), above };
                tasks.spawn(way.carry(impairment, rng));
            }
        }
        Self { client, target, _tasks: tasks }
    }

    /// A message on its way from one side, with the sound that it describes led over this relay.
    pub(crate) fn lead(&self, message: &[u8], from: Side) -> Vec<u8> {
        let (here, there) = match from {
            Side::Client => (&self.client, &self.target),
            Side::Target => (&self.target, &self.client),
        };
        let Some((own, rewritten)) = rewrite(message, there.shown_port) else { return message.to_vec() };
        here.own_port.send_replace(Some(own));
        rewritten
    }
}

impl Edge {
    fn new() -> Self {
        Self { shown_port: free_port(), own_port: watch::Sender::new(None) }
    }
}

/// One direction of RTP or RTCP.
struct Way {
    from: Arc<UdpSocket>,
    by: Arc<UdpSocket>,
    to: watch::Receiver<Option<u16>>,
    above: u16,
}

impl Way {
    async fn carry(self, impairment: Impairment, mut rng: Rng) {
        let mut buffer = [0; 2_048];
        loop {
            // An error is news of an earlier packet that nobody took.
            let Ok(length) = self.from.recv(&mut buffer).await else { continue };
            let Some(port) = *self.to.borrow() else { continue };
            let destination = SocketAddr::from((Ipv4Addr::LOCALHOST, port + self.above));
            for time in impairment.fate(&mut rng) {
                let (by, packet, due) = (Arc::clone(&self.by), buffer[..length].to_vec(), Instant::now() + time);
                tokio::spawn(async move {
                    tokio::time::sleep_until(due).await;
                    // As on a real network, nobody learns that a packet was not taken.
                    let _ = by.send_to(&packet, destination).await;
                });
            }
        }
    }
}

async fn bind(port: u16) -> Arc<UdpSocket> {
    Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a free port"))
}

/// The port in a message's description of sound, and the message with another one in its place.
fn rewrite(message: &[u8], port: u16) -> Option<(u16, Vec<u8>)> {
    let text = str::from_utf8(message).ok()?;
    let (head, body) = text.split_once("\r\n\r\n").filter(|(_, body)| body.starts_with("v=0"))?;
    let (before, after) = body.split_once("m=audio ")?;
    let (own, after) = after.split_once(' ')?;
    let own: u16 = own.parse().ok().filter(|&own| own != 0)?;
    let after = after.replace(&format!("a=rtcp:{} ", own + 1), &format!("a=rtcp:{} ", port + 1));
    let after = after.replace(&format!("a=rtcp:{}\r", own + 1), &format!("a=rtcp:{}\r", port + 1));
    let body = format!("{before}m=audio {port} {after}");
    let head: Vec<String> = head.split("\r\n").map(|line| with_length(line, body.len())).collect();
    Some((own, format!("{}\r\n\r\n{body}", head.join("\r\n")).into_bytes()))
}

fn with_length(line: &str, length: usize) -> String {
    match line.split_once(':') {
        Some((name, _)) if name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("l") => {
            format!("{name}: {length}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_sound_is_rewritten_and_the_length_fits() {
        let message = "SIP/2.0 200 OK\r\nContent-Length: 63\r\nX: y\r\n\r\n\
                       v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 900 RTP/AVP 0\r\na=rtcp:901\r\n";
        let (own, rewritten) = rewrite(message.as_bytes(), 12_000).unwrap();
        let rewritten = String::from_utf8(rewritten).unwrap();
        assert_eq!(own, 900);
        assert!(rewritten.contains("m=audio 12000 RTP") && rewritten.contains("a=rtcp:12001\r\n"), "{rewritten}");
        let body = rewritten.split_once("\r\n\r\n").unwrap().1;
        assert!(rewritten.contains(&format!("Content-Length: {}\r\n", body.len())), "{rewritten}");
    }

    #[test]
    fn a_message_without_sound_stays_as_it_is() {
        assert!(rewrite(b"BYE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n", 12_000).is_none());
        assert!(rewrite(b"SIP/2.0 200 OK\r\n\r\nv=0\r\nm=audio 0 RTP/AVP 0\r\n", 12_000).is_none());
    }

    #[tokio::test]
    async fn packets_go_both_ways_between_the_ports_that_were_told() {
        let relay = SoundRelay::start(Impairment::default(), 1).await;
        let (client, target) = (bind(free_port()).await, bind(free_port()).await);
        let port = |socket: &UdpSocket| socket.local_addr().unwrap().port();
        let describe =
            |socket: &UdpSocket| format!("SIP/2.0 200 OK\r\n\r\nv=0\r\nm=audio {} RTP/AVP 0\r\n", port(socket));
        relay.lead(describe(&client).as_bytes(), Side::Client);
        relay.lead(describe(&target).as_bytes(), Side::Target);
        let mut buffer = [0; 8];
        client.send_to(b"there", ("127.0.0.1", relay.client.shown_port)).await.unwrap();
        let (length, source) = target.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], source.port()), (&b"there"[..], relay.target.shown_port));
        target.send_to(b"back", source).await.unwrap();
        let (length, source) = client.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], source.port()), (&b"back"[..], relay.client.shown_port));
    }
}
