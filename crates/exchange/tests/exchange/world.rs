use std::net::SocketAddr;

use bellbird_base::{Duration, Instant};
use bellbird_sip::agent::{CallId, Event, Subscribe, SubscriptionEvent, SubscriptionId};
use bellbird_sip::message::Body;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Arrival, Network, Node};

use crate::host::DOMAIN;
use crate::hosts::{Host, Hosts};
use crate::office::Office;
use crate::phone::{CallView, Setup};
use crate::provider::Provider;

/// Ours, and a provider's.
pub enum Server {
    Office(Box<Office>),
    Provider(Box<Provider>),
}

impl Node for Server {
    fn owns(&self, address: SocketAddr) -> bool {
        match self {
            Self::Office(office) => office.owns(address),
            Self::Provider(provider) => provider.owns(address),
        }
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        match self {
            Self::Office(office) => office.receive(network, arrival),
            Self::Provider(provider) => provider.receive(network, arrival),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Office(office) => office.deadline(),
            Self::Provider(provider) => provider.deadline(),
        }
    }

    fn time_out(&mut self, network: &mut Network) {
        match self {
            Self::Office(office) => office.time_out(network),
            Self::Provider(provider) => provider.time_out(network),
        }
    }
}

pub type World = Hosts<Server>;

impl World {
    pub fn new(seed: u64) -> Self {
        Self::with(seed, |network| Server::Office(Box::new(Office::new(seed ^ 0xbeef, network))))
    }

    pub fn add(&mut self, setup: Setup) -> usize {
        self.add_phone(setup)
    }

    /// Adds a phone that registers, and waits for it.
    pub fn register(&mut self, setup: Setup) -> usize {
        self.add_registered(setup)
    }

    pub fn office(&self) -> &Office {
        match self.server(0) {
            Server::Office(office) => office,
            Server::Provider(_) => panic!("no office"),
        }
    }

    pub fn in_office<T>(&mut self, run: impl FnOnce(&mut Office, &mut Network) -> T) -> T {
        self.on_server(0, |server, network| match server {
            Server::Office(office) => run(office, network),
            Server::Provider(_) => panic!("no office"),
        })
    }

    /// A provider that our server registers at.
    pub fn add_provider(&mut self) {
        self.add_server(|network| Server::Provider(Box::new(Provider::new(network))));
        self.in_office(Office::registers_at_its_trunk);
        assert!(self.until(|world| world.provider().binding.is_some()));
    }

    pub fn provider(&self) -> &Provider {
        let provider = self.simulation.nodes.iter().find_map(|node| match node {
            Host::Server(server) => match &**server {
                Server::Provider(provider) => Some(provider),
                Server::Office(_) => None,
            },
            Host::Phone(_) => None,
        });
        provider.unwrap()
    }

    pub fn at_provider(&mut self, run: impl FnOnce(&mut Provider, &mut Network)) {
        let is_provider =
            |node: &Host<Server>| matches!(node, Host::Server(server) if matches!(**server, Server::Provider(_)));
        let number = self.simulation.nodes.iter().position(is_provider).unwrap();
        self.on_server(number, |server, network| match server {
            Server::Provider(provider) => run(provider, network),
            Server::Office(_) => panic!("no provider"),
        });
    }

    pub fn run(&mut self, duration: Duration) {
        self.simulation.run_for(duration);
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
