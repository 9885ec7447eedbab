//! Phones and one server of whatever kind on one network: what all simulations have in common.

use std::net::SocketAddr;

use bellbird_base::{Duration, Instant, Seed};
use bellbird_testkit::{Arrival, Link, Network, Node, Simulation};

use crate::phone::{Phone, Setup};

#[derive(Debug)]
pub enum Host<S> {
    Phone(Box<Phone>),
    Server(Box<S>),
}

impl<S: Node> Node for Host<S> {
    fn owns(&self, address: SocketAddr) -> bool {
        match self {
            Self::Phone(phone) => phone.owns(address),
            Self::Server(server) => server.owns(address),
        }
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        match self {
            Self::Phone(phone) => phone.receive(network, arrival),
            Self::Server(server) => server.receive(network, arrival),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Phone(phone) => Some(phone.deadline()),
            Self::Server(server) => server.deadline(),
        }
    }

    fn time_out(&mut self, network: &mut Network) {
        match self {
            Self::Phone(phone) => phone.time_out(network),
            Self::Server(server) => server.time_out(network),
        }
    }
}

/// The whole of a simulation.
pub struct Hosts<S> {
    pub simulation: Simulation<Host<S>>,
    seed: u64,
}

impl<S: Node> Hosts<S> {
    /// Nobody yet, on a network that takes 10 ms.
    pub fn none(seed: u64) -> Self {
        let network = Network::new(&Seed::from_number(seed), Link::after(Duration::from_millis(10)));
        Self { simulation: Simulation::new(network, []), seed }
    }

    /// A server, which is the first.
    pub fn with(seed: u64, server: impl FnOnce(&mut Network) -> S) -> Self {
        let mut hosts = Self::none(seed);
        hosts.add_server(server);
        hosts
    }

    /// Adds a server and gives its number.
    pub fn add_server(&mut self, server: impl FnOnce(&mut Network) -> S) -> usize {
        let server = server(&mut self.simulation.network);
        self.simulation.nodes.push(Host::Server(Box::new(server)));
        self.simulation.nodes.len() - 1
    }

    /// Adds a phone and gives its number.
    pub fn add_phone(&mut self, setup: Setup) -> usize {
        let number = self.simulation.nodes.len();
        let seed = Seed::from_number(self.seed.wrapping_mul(31).wrapping_add(number as u64));
        let phone = Phone::new(setup, seed, &mut self.simulation.network);
        self.simulation.nodes.push(Host::Phone(Box::new(phone)));
        number
    }

    /// Adds a phone that registers, and waits for it.
    pub fn add_registered(&mut self, setup: Setup) -> usize {
        let phone = self.add_phone(setup);
        self.on(phone, |phone, network| phone.register(network));
        let registered = self.until(|hosts| hosts.phone(phone).is_registered());
        assert!(registered, "{:?}", self.phone(phone).registration());
        phone
    }

    pub fn phone(&self, number: usize) -> &Phone {
        match &self.simulation.nodes[number] {
            Host::Phone(phone) => phone,
            Host::Server(_) => panic!("no phone"),
        }
    }

    pub fn on<T>(&mut self, number: usize, run: impl FnOnce(&mut Phone, &mut Network) -> T) -> T {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[number] {
            Host::Phone(phone) => run(phone, network),
            Host::Server(_) => panic!("no phone"),
        }
    }

    pub fn server(&self, number: usize) -> &S {
        match &self.simulation.nodes[number] {
            Host::Server(server) => server,
            Host::Phone(_) => panic!("no server"),
        }
    }

    pub fn on_server<T>(&mut self, number: usize, run: impl FnOnce(&mut S, &mut Network) -> T) -> T {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[number] {
            Host::Server(server) => run(server, network),
            Host::Phone(_) => panic!("no server"),
        }
    }

    /// Runs until this holds; `false` where it does not within two minutes.
    pub fn until(&mut self, holds: impl FnMut(&mut Self) -> bool) -> bool {
        self.until_within(Duration::from_secs(120), holds)
    }

    pub fn until_within(&mut self, within: Duration, mut holds: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.simulation.now() + within;
        loop {
            if holds(self) {
                return true;
            }
            if self.simulation.next_event().is_none_or(|at| at > end) {
                return false;
            }
            self.simulation.step();
        }
    }
}
