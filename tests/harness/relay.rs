//! A network that is bad on purpose: a UDP relay with seeded loss, delay, reordering and a NAT that forgets.
//! It spoils signalling and, if asked to, the sound of the call that is set up through it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bellbird_base::{Rng, Seed};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::impairment::Impairment;
use crate::sound_relay::{Side, SoundRelay};

/// A running relay: what comes from a client goes on to the target from a port of its own, and back.
#[derive(Debug)]
pub struct Relay {
    /// Where clients send to.
    pub address: SocketAddr,
    mappings: watch::Sender<u32>,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// Starts it in front of `target`; the same seed spoils the same datagrams.
    pub async fn start(target: SocketAddr, impairment: Impairment, seed: u64) -> Self {
        Self::with(target, impairment, seed, None).await
    }

    /// Starts it as a good network for signalling and a bad one for the sound of the one call that is set up through it.
    pub async fn with_bad_sound(target: SocketAddr, impairment: Impairment, seed: u64) -> Self {
        let sound = SoundRelay::start(impairment, seed).await;
        Self::with(target, Impairment::default(), seed, Some(sound)).await
    }

    async fn with(target: SocketAddr, impairment: Impairment, seed: u64, sound: Option<SoundRelay>) -> Self {
        let inside = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket"));
        let address = inside.local_addr().expect("a bound socket has an address");
        let (mappings, _) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let spoiler = Spoiler { impairment, rng: Rng::new(&Seed::from_number(seed)), sound };
        tasks.spawn(relay(inside, target, spoiler, mappings.subscribe()));
        Self { address, mappings, _tasks: tasks }
    }

    /// The NAT forgets: from now on the target sees another source port, and answers to the old one go nowhere.
    pub fn rebind(&self) {
        self.mappings.send_modify(|count| *count += 1);
    }
}

async fn relay(inside: Arc<UdpSocket>, target: SocketAddr, mut spoiler: Spoiler, mut rebinds: watch::Receiver<u32>) {
    let mut outside = mapping().await;
    let mut client = None;
    let (mut to_target, mut to_client) = ([0; 65_536], [0; 65_536]);
    let (late, mut due) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            Ok((length, source)) = inside.recv_from(&mut to_target) => {
                client = Some(source);
                spoiler.pass(&to_target[..length], Side::Client, target, &late);
            }
            Ok((length, _)) = outside.recv_from(&mut to_client) => {
                if let Some(client) = client {
                    spoiler.pass(&to_client[..length], Side::Target, client, &late);
                }
            }
            Some(Late { destination, from, datagram }) = due.recv() => {
                let socket = if from == Side::Client { &outside } else { &inside };
                // As on a real network, nobody learns that a datagram was not taken.
                let _ = socket.send_to(&datagram, destination).await;
            }
            Ok(()) = rebinds.changed() => outside = mapping().await,
        }
    }
}

async fn mapping() -> Arc<UdpSocket> {
    Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket"))
}

/// A datagram whose time has come.
struct Late {
    destination: SocketAddr,
    from: Side,
    datagram: Vec<u8>,
}

struct Spoiler {
    impairment: Impairment,
    rng: Rng,
    sound: Option<SoundRelay>,
}

impl Spoiler {
    fn pass(&mut self, datagram: &[u8], from: Side, destination: SocketAddr, late: &mpsc::UnboundedSender<Late>) {
        let datagram = self.sound.as_ref().map_or_else(|| datagram.to_vec(), |sound| sound.lead(datagram, from));
        for time in self.impairment.fate(&mut self.rng) {
            let (late, datagram, due) = (late.clone(), datagram.clone(), Instant::now() + time);
            tokio::spawn(async move {
                tokio::time::sleep_until(due).await;
                // The relay may be gone by now.
                let _ = late.send(Late { destination, from, datagram });
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn through(impairment: Impairment, seed: u64) -> Vec<u8> {
        let target = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let relay = Relay::start(target.local_addr().unwrap(), impairment, seed).await;
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        for number in 0..100 {
            client.send_to(&[number], relay.address).await.unwrap();
        }
        let mut arrived = Vec::new();
        let mut buffer = [0; 8];
        while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(300), target.recv(&mut buffer)).await {
            arrived.push(buffer[0]);
        }
        arrived.sort_unstable();
        arrived
    }

    #[tokio::test]
    async fn loses_the_same_datagrams_for_the_same_seed() {
        let impairment = Impairment { loss: 0.3, ..Impairment::default() };
        let (first, again, other) =
            (through(impairment, 1).await, through(impairment, 1).await, through(impairment, 2).await);
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert!((55..85).contains(&first.len()), "{} arrived", first.len());
    }

    #[tokio::test]
    async fn a_nat_that_forgets_shows_another_port() {
        let target = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let relay = Relay::start(target.local_addr().unwrap(), Impairment::default(), 1).await;
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut sources = Vec::new();
        for _ in 0..2 {
            client.send_to(b"a", relay.address).await.unwrap();
            sources.push(target.recv_from(&mut [0; 8]).await.unwrap().1);
            relay.rebind();
            tokio::task::yield_now().await;
        }
        assert_ne!(sources[0], sources[1]);
    }
}
