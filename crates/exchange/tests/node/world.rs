use std::net::SocketAddr;

use bellbird_base::{Duration, Instant, Seed};
use bellbird_sip::agent::CallId;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Link, Network, Node, Simulation};

use crate::host::DOMAIN;
use crate::pbx::Pbx;
use crate::phone::{Phone, Setup};

pub enum Host {
    Phone(Box<Phone>),
    Pbx(Box<Pbx>),
}

impl Node for Host {
    fn owns(&self, address: SocketAddr) -> bool {
        match self {
            Self::Phone(phone) => phone.owns(address),
            Self::Pbx(pbx) => pbx.owns(address),
        }
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        match self {
            Self::Phone(phone) => phone.receive(network, arrival),
            Self::Pbx(pbx) => pbx.receive(network, arrival),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(match self {
            Self::Phone(phone) => phone.deadline(),
            Self::Pbx(pbx) => pbx.deadline(),
        })
    }

    fn time_out(&mut self, network: &mut Network) {
        match self {
            Self::Phone(phone) => phone.time_out(network),
            Self::Pbx(pbx) => pbx.time_out(network),
        }
    }
}

pub struct World {
    pub simulation: Simulation<Host>,
    seed: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut network = Network::new(&Seed::from_number(seed), Link::after(Duration::from_millis(10)));
        let pbx = Pbx::new(Seed::from_number(seed ^ 0xbeef), &mut network);
        Self { simulation: Simulation::new(network, [Host::Pbx(Box::new(pbx))]), seed }
    }

    /// Adds a phone, lets it register and gives its number.
    pub fn add(&mut self, setup: Setup) -> usize {
        let number = self.simulation.nodes.len();
        let seed = Seed::from_number(self.seed.wrapping_mul(31).wrapping_add(number as u64));
        let phone = Phone::new(setup, seed, &mut self.simulation.network);
        self.simulation.nodes.push(Host::Phone(Box::new(phone)));
        self.on(number, |phone, network| phone.register(network));
        assert!(self.until(|world| world.phone(number).is_registered()));
        number
    }

    pub fn phone(&self, number: usize) -> &Phone {
        match &self.simulation.nodes[number] {
            Host::Phone(phone) => phone,
            Host::Pbx(_) => panic!("no phone"),
        }
    }

    pub fn pbx(&mut self) -> &mut Pbx {
        match &mut self.simulation.nodes[0] {
            Host::Pbx(pbx) => pbx,
            Host::Phone(_) => panic!("no server"),
        }
    }

    pub fn on_pbx<T>(&mut self, run: impl FnOnce(&mut Pbx, &mut Network) -> T) -> T {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[0] {
            Host::Pbx(pbx) => run(pbx, network),
            Host::Phone(_) => panic!("no server"),
        }
    }

    pub fn on<T>(&mut self, number: usize, run: impl FnOnce(&mut Phone, &mut Network) -> T) -> T {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[number] {
            Host::Phone(phone) => run(phone, network),
            Host::Pbx(_) => panic!("no phone"),
        }
    }

    pub fn run(&mut self, seconds: u64) {
        self.simulation.run_for(Duration::from_secs(seconds));
    }

    pub fn until(&mut self, mut holds: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.simulation.now() + Duration::from_secs(120);
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

    pub fn call(&mut self, caller: usize, dialled: &str) -> CallId {
        let target = Uri::sip(Some(dialled), DOMAIN, None).unwrap();
        self.on(caller, |phone, network| phone.call(network, target))
    }

    /// Calls and waits until both ends talk.
    pub fn establish(&mut self, caller: usize, dialled: &str, callee: usize) -> (CallId, CallId) {
        let known = self.phone(callee).calls.len();
        let call = self.call(caller, dialled);
        assert!(self.until(|world| world.phone(caller).view(call).established), "{:?}", self.phone(caller).view(call));
        assert!(self.until(|world| world.phone(callee).calls.len() > known
            && world.phone(callee).calls.values().last().unwrap().established));
        self.run(1);
        (call, self.phone(callee).live_call().unwrap())
    }

    pub fn hang_up(&mut self, who: usize, call: CallId) {
        self.on(who, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
        self.run(2);
    }

    /// Everything ended everywhere, and nothing is left.
    pub fn assert_over(&mut self) {
        self.run(5);
        for number in 1..self.simulation.nodes.len() {
            let phone = self.phone(number);
            assert!(phone.live_calls().is_empty(), "{} has {:?}", phone.name, phone.live_calls());
        }
        assert!(self.pbx().node.is_empty(), "{:#?}", self.pbx().node);
        self.run(100);
        assert_eq!(self.pbx().ua.open_calls(), 0);
        assert!(self.pbx().saved.is_empty());
    }

    /// The phones that talk now.
    pub fn talking(&self) -> Vec<usize> {
        let phones = 1..self.simulation.nodes.len();
        let talks = |phone: &Phone| phone.calls.values().any(|view| view.established && view.ended.is_none());
        phones.filter(|number| talks(self.phone(*number))).collect()
    }
}
