//! A seeded network of datagrams between two hosts, in simulated time.

use std::net::SocketAddr;

use bellbird_base::{Duration, Instant, Rng, Seed};
use bellbird_media::Component;

/// What the network does to datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Share that is lost.
    pub loss: f64,
    /// Share that comes twice.
    pub duplication: f64,
    /// Shortest time on the way.
    pub delay: Duration,
    /// What is added at random: packets overtake each other.
    pub jitter: Duration,
}

impl Weather {
    pub const FAIR: Self =
        Self { loss: 0.0, duplication: 0.0, delay: Duration::from_millis(20), jitter: Duration::ZERO };
}

/// A datagram on its way.
#[derive(Clone, Debug)]
pub struct Flying {
    pub arrival: Instant,
    pub component: Component,
    pub source: SocketAddr,
    pub to: SocketAddr,
    pub payload: Vec<u8>,
}

pub struct Network {
    pub weather: Weather,
    pub flying: Vec<Flying>,
    rng: Rng,
}

impl Network {
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self { weather, flying: Vec::new(), rng: Rng::new(&Seed::from_number(seed)) }
    }

    pub fn send(&mut self, now: Instant, component: Component, source: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let copies = 1 + usize::from(self.rng.unit() < self.weather.duplication);
        for _ in 0..copies {
            if self.rng.unit() >= self.weather.loss {
                let jitter = self.weather.jitter.mul_f64(self.rng.unit());
                let arrival = now + self.weather.delay + jitter;
                self.flying.push(Flying { arrival, component, source, to, payload: payload.to_vec() });
            }
        }
    }

    /// When the next datagram arrives.
    pub fn next(&self) -> Option<Instant> {
        self.flying.iter().map(|flying| flying.arrival).min()
    }

    /// A datagram that has arrived, in order of arrival.
    pub fn arrived(&mut self, now: Instant) -> Option<Flying> {
        let earliest = (0..self.flying.len()).min_by_key(|at| self.flying[*at].arrival)?;
        (self.flying[earliest].arrival <= now).then(|| self.flying.remove(earliest))
    }
}
