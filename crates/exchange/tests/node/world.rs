use bellbird_base::{Duration, Seed};
use bellbird_sip::agent::CallId;
use bellbird_sip::uri::Uri;
use bellbird_testkit::Network;

use crate::host::DOMAIN;
use crate::hosts::{Host, Hosts};
use crate::pbx::Pbx;
use crate::phone::{Phone, Setup};

pub type World = Hosts<Pbx>;

impl World {
    pub fn new(seed: u64) -> Self {
        Self::with(seed, |network| Pbx::new(Seed::from_number(seed ^ 0xbeef), network))
    }

    /// Adds a phone, lets it register and gives its number.
    pub fn add(&mut self, setup: Setup) -> usize {
        self.add_registered(setup)
    }

    pub fn pbx(&mut self) -> &mut Pbx {
        match &mut self.simulation.nodes[0] {
            Host::Server(pbx) => pbx,
            Host::Phone(_) => panic!("no server"),
        }
    }

    pub fn on_pbx<T>(&mut self, run: impl FnOnce(&mut Pbx, &mut Network) -> T) -> T {
        self.on_server(0, run)
    }

    pub fn run(&mut self, seconds: u64) {
        self.simulation.run_for(Duration::from_secs(seconds));
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
