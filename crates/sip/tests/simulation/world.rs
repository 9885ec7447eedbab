//! Phones and, where wanted, a proxy on one network.

use std::net::SocketAddr;

use bellbird_base::{Duration, Instant, Seed};
use bellbird_sip::agent::CallId;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Link, Network, Node, Simulation};

use crate::host::DOMAIN;
use crate::phone::{Phone, Setup};
use crate::proxy::Proxy;

#[derive(Debug)]
pub enum Host {
    Phone(Box<Phone>),
    Proxy(Box<Proxy>),
}

impl Node for Host {
    fn owns(&self, address: SocketAddr) -> bool {
        match self {
            Self::Phone(phone) => phone.owns(address),
            Self::Proxy(proxy) => proxy.owns(address),
        }
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        match self {
            Self::Phone(phone) => phone.receive(network, arrival),
            Self::Proxy(proxy) => proxy.receive(network, arrival),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(match self {
            Self::Phone(phone) => phone.deadline(),
            Self::Proxy(proxy) => proxy.timeout,
        })
    }

    fn time_out(&mut self, network: &mut Network) {
        match self {
            Self::Phone(phone) => phone.time_out(network),
            Self::Proxy(proxy) => proxy.time_out(network),
        }
    }
}

/// The whole of a simulation.
pub struct World {
    pub simulation: Simulation<Host>,
    seed: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let network = Network::new(&Seed::from_number(seed), Link::after(Duration::from_millis(10)));
        Self { simulation: Simulation::new(network, []), seed }
    }

    pub fn with_proxy(seed: u64) -> Self {
        let mut world = Self::new(seed);
        let proxy = Proxy::new(Seed::from_number(seed ^ 0xbeef), &mut world.simulation.network);
        world.simulation.nodes.push(Host::Proxy(Box::new(proxy)));
        world
    }

    /// Adds a phone and gives its number.
    pub fn add(&mut self, setup: Setup) -> usize {
        let number = self.simulation.nodes.len();
        let seed = Seed::from_number(self.seed.wrapping_mul(31).wrapping_add(number as u64));
        let phone = Phone::new(setup, seed, &mut self.simulation.network);
        self.simulation.nodes.push(Host::Phone(Box::new(phone)));
        number
    }

    /// Adds phones that register, and waits for it.
    pub fn add_registered(&mut self, setup: Setup) -> usize {
        let phone = self.add(setup);
        self.on(phone, |phone, network| phone.register(network));
        assert!(self.until(|world| world.phone(phone).is_registered()), "{:?}", self.phone(phone).registration());
        phone
    }

    pub fn phone(&self, number: usize) -> &Phone {
        match &self.simulation.nodes[number] {
            Host::Phone(phone) => phone,
            Host::Proxy(_) => panic!("no phone"),
        }
    }

    pub fn proxy(&mut self) -> &mut Proxy {
        match &mut self.simulation.nodes[0] {
            Host::Proxy(proxy) => proxy,
            Host::Phone(_) => panic!("no proxy"),
        }
    }

    pub fn restart_proxy(&mut self) {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[0] {
            Host::Proxy(proxy) => proxy.restart(network, Seed::from_number(99)),
            Host::Phone(_) => panic!("no proxy"),
        }
    }

    pub fn end_subscriptions(&mut self, reason: Option<&str>) {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[0] {
            Host::Proxy(proxy) => proxy.end_subscriptions(network, reason),
            Host::Phone(_) => panic!("no proxy"),
        }
    }

    pub fn on<T>(&mut self, number: usize, run: impl FnOnce(&mut Phone, &mut Network) -> T) -> T {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[number] {
            Host::Phone(phone) => run(phone, network),
            Host::Proxy(_) => panic!("no phone"),
        }
    }

    pub fn run(&mut self, duration: Duration) {
        self.simulation.run_for(duration);
    }

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

    /// Calls and waits until both ends agree that the call stands.
    pub fn establish(&mut self, caller: usize, callee: usize) -> (CallId, CallId) {
        let target = self.target(callee);
        let call = self.on(caller, |phone, network| phone.call(network, target));
        assert!(self.until(|world| world.phone(caller).view(call).established), "{:?}", self.phone(caller).view(call));
        assert!(self.until(|world| {
            world.phone(callee).live_call().is_some_and(|call| world.phone(callee).view(call).established)
        }));
        (call, self.phone(callee).live_call().unwrap())
    }

    /// How a phone is called: through the domain where there is a proxy, else directly.
    pub fn target(&self, phone: usize) -> Uri {
        let phone = self.phone(phone);
        match &self.simulation.nodes[0] {
            Host::Proxy(_) => Uri::sip(Some(&phone.name), DOMAIN, None).unwrap(),
            Host::Phone(_) => phone.direct_uri(),
        }
    }

    /// Nothing is under way any more: every transaction ended, no timer is left, no call is known to one side only.
    pub fn assert_drained(&mut self) {
        self.run(Duration::from_secs(400));
        let numbers = 0..self.simulation.nodes.len();
        for number in numbers {
            if let Host::Phone(phone) = &self.simulation.nodes[number] {
                let open: Vec<_> = phone.live_calls();
                assert!(open.is_empty(), "{} still has {open:?}", phone.name);
                assert_eq!(phone.ua.open_calls(), 0, "{} keeps a call", phone.name);
                assert_eq!(
                    phone.timeout.0,
                    Instant::FAR_FUTURE,
                    "{} waits for {:?} at {:?}; {:#?}",
                    phone.name,
                    phone.timeout,
                    self.simulation.now(),
                    phone.ua
                );
            }
        }
        assert_eq!(self.simulation.next_event(), None, "{:#?}", self.simulation.nodes[0]);
    }
}
