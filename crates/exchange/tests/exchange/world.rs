use std::net::SocketAddr;

use bellbird_base::{Duration, Instant, Seed};
use bellbird_sip::agent::{CallId, Event, Subscribe, SubscriptionEvent, SubscriptionId};
use bellbird_sip::message::Body;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Link, Network, Node, Simulation};

use crate::host::DOMAIN;
use crate::office::Office;
use crate::phone::{CallView, Phone, Setup};
use crate::provider::Provider;

pub enum Host {
    Phone(Box<Phone>),
    Office(Box<Office>),
    Provider(Box<Provider>),
}

impl Node for Host {
    fn owns(&self, address: SocketAddr) -> bool {
        match self {
            Self::Phone(phone) => phone.owns(address),
            Self::Office(office) => office.owns(address),
            Self::Provider(provider) => provider.owns(address),
        }
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        match self {
            Self::Phone(phone) => phone.receive(network, arrival),
            Self::Office(office) => office.receive(network, arrival),
            Self::Provider(provider) => provider.receive(network, arrival),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(match self {
            Self::Phone(phone) => phone.deadline(),
            Self::Office(office) => office.deadline(),
            Self::Provider(provider) => provider.deadline(),
        })
    }

    fn time_out(&mut self, network: &mut Network) {
        match self {
            Self::Phone(phone) => phone.time_out(network),
            Self::Office(office) => office.time_out(network),
            Self::Provider(provider) => provider.time_out(network),
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
        let office = Office::new(seed ^ 0xbeef, &mut network);
        Self { simulation: Simulation::new(network, [Host::Office(Box::new(office))]), seed }
    }

    pub fn add(&mut self, setup: Setup) -> usize {
        let number = self.simulation.nodes.len();
        let seed = Seed::from_number(self.seed.wrapping_mul(31).wrapping_add(number as u64));
        let phone = Phone::new(setup, seed, &mut self.simulation.network);
        self.simulation.nodes.push(Host::Phone(Box::new(phone)));
        number
    }

    /// Adds a phone that registers, and waits for it.
    pub fn register(&mut self, setup: Setup) -> usize {
        let phone = self.add(setup);
        self.on(phone, |phone, network| phone.register(network));
        assert!(self.until(|world| world.phone(phone).is_registered()), "{:?}", self.phone(phone).registration());
        phone
    }

    pub fn phone(&self, number: usize) -> &Phone {
        match &self.simulation.nodes[number] {
            Host::Phone(phone) => phone,
            Host::Office(_) | Host::Provider(_) => panic!("no phone"),
        }
    }

    pub fn on<T>(&mut self, number: usize, run: impl FnOnce(&mut Phone, &mut Network) -> T) -> T {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[number] {
            Host::Phone(phone) => run(phone, network),
            Host::Office(_) | Host::Provider(_) => panic!("no phone"),
        }
    }

    pub fn office(&self) -> &Office {
        match &self.simulation.nodes[0] {
            Host::Office(office) => office,
            Host::Phone(_) | Host::Provider(_) => panic!("no office"),
        }
    }

    pub fn in_office<T>(&mut self, run: impl FnOnce(&mut Office, &mut Network) -> T) -> T {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        match &mut nodes[0] {
            Host::Office(office) => run(office, network),
            Host::Phone(_) | Host::Provider(_) => panic!("no office"),
        }
    }

    /// A provider that our server registers at.
    pub fn add_provider(&mut self) {
        let provider = Provider::new(&mut self.simulation.network);
        self.simulation.nodes.push(Host::Provider(Box::new(provider)));
        self.in_office(Office::registers_at_its_trunk);
        assert!(self.until(|world| world.provider().binding.is_some()));
    }

    pub fn provider(&self) -> &Provider {
        let provider = self.simulation.nodes.iter().find_map(|node| match node {
            Host::Provider(provider) => Some(provider),
            Host::Phone(_) | Host::Office(_) => None,
        });
        provider.unwrap()
    }

    pub fn at_provider(&mut self, run: impl FnOnce(&mut Provider, &mut Network)) {
        let Simulation { nodes, network, .. } = &mut self.simulation;
        let provider = nodes.iter_mut().find_map(|node| match node {
            Host::Provider(provider) => Some(provider),
            Host::Phone(_) | Host::Office(_) => None,
        });
        run(provider.unwrap(), network);
    }

    pub fn run(&mut self, duration: Duration) {
        self.simulation.run_for(duration);
    }

    pub fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) -> bool {
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

    pub fn dial(&mut self, caller: usize, number: &str) -> CallId {
        let target = Uri::sip(Some(number), DOMAIN, None).unwrap();
        self.on(caller, |phone, network| phone.call(network, target))
    }

    pub fn view(&self, phone: usize, call: CallId) -> &CallView {
        self.phone(phone).view(call)
    }

    /// Dials and waits until it is over, or stands.
    pub fn outcome(&mut self, caller: usize, number: &str) -> Result<CallId, (u16, String)> {
        let call = self.dial(caller, number);
        assert!(self.until(|world| world.view(caller, call).established || world.view(caller, call).ended.is_some()));
        match self.view(caller, call).ended.clone() {
            None => Ok(call),
            Some(end) => Err((end.status.map_or(0, |status| status.code()), end.text.unwrap_or_default())),
        }
    }

    /// Subscribes, with a body if a key was pressed.
    pub fn subscribe(&mut self, phone: usize, event: &str, target: &str, body: Option<Body>) -> SubscriptionId {
        let target = Uri::sip(Some(target), DOMAIN, None).unwrap();
        let expires = Duration::from_secs(2_147_483_647);
        let wish = Subscribe { target, event: event.into(), expires, accept: Vec::new(), body };
        self.on(phone, |phone, network| {
            let account = phone.account;
            phone.command(network, |ua, now| ua.subscribe(now, account, wish)).unwrap()
        })
    }

    /// The bodies of all notifications that a subscription got.
    pub fn news(&self, phone: usize, id: SubscriptionId) -> Vec<String> {
        let news = self.phone(phone).events.iter().filter_map(|(_, event)| match event {
            Event::Subscription(known, SubscriptionEvent::Notify(news)) if *known == id => news.body.clone(),
            _ => None,
        });
        news.map(|body| String::from_utf8(body.bytes).unwrap()).collect()
    }

    pub fn calls_of(&self, phone: usize) -> usize {
        self.phone(phone).calls.len()
    }
}
