//! Phones and, where wanted, a proxy on one network.

use bellbird_base::{Duration, Instant, Seed};
use bellbird_sip::agent::CallId;
use bellbird_sip::uri::Uri;

use crate::host::DOMAIN;
use crate::hosts::{Host, Hosts};
use crate::phone::Setup;
use crate::proxy::Proxy;

pub type World = Hosts<Proxy>;

impl World {
    pub fn new(seed: u64) -> Self {
        Self::none(seed)
    }

    pub fn with_proxy(seed: u64) -> Self {
        Self::with(seed, |network| Proxy::new(Seed::from_number(seed ^ 0xbeef), network))
    }

    /// Adds a phone and gives its number.
    pub fn add(&mut self, setup: Setup) -> usize {
        self.add_phone(setup)
    }

    pub fn proxy(&mut self) -> &mut Proxy {
        match &mut self.simulation.nodes[0] {
            Host::Server(proxy) => proxy,
            Host::Phone(_) => panic!("no proxy"),
        }
    }

    pub fn restart_proxy(&mut self) {
        self.on_server(0, |proxy, network| proxy.restart(network, Seed::from_number(99)));
    }

    pub fn end_subscriptions(&mut self, reason: Option<&str>) {
        self.on_server(0, |proxy, network| proxy.end_subscriptions(network, reason));
    }

    pub fn run(&mut self, duration: Duration) {
        self.simulation.run_for(duration);
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
            Host::Server(_) => Uri::sip(Some(&phone.name), DOMAIN, None).unwrap(),
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
