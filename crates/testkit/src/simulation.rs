use std::net::SocketAddr;

use bellbird_base::{Duration, Instant};

use crate::network::{Arrival, Network};

/// One host of a [`Simulation`]: a sans-IO core with the few lines that tie it to the network.
pub trait Node {
    /// Whether what arrives at this address is for this node.
    fn owns(&self, address: SocketAddr) -> bool;

    /// Takes in what arrived and sends what follows from it.
    fn receive(&mut self, network: &mut Network, arrival: Arrival);

    /// When [`Node::time_out`] is to be called; `None` or [`Instant::FAR_FUTURE`] for never.
    fn deadline(&self) -> Option<Instant>;

    /// A deadline is reached: acts on it and sends what follows from it.
    fn time_out(&mut self, network: &mut Network);
}

/// Nodes on a network. Time jumps from one event to the next.
#[derive(Debug)]
pub struct Simulation<N> {
    /// The network; may be changed between steps.
    pub network: Network,
    /// The nodes; may be told things between steps.
    pub nodes: Vec<N>,
    steps: u64,
}

impl<N: Node> Simulation<N> {
    /// Nodes that have not been started yet.
    pub fn new(network: Network, nodes: impl IntoIterator<Item = N>) -> Self {
        Self { network, nodes: nodes.into_iter().collect(), steps: 0 }
    }

    /// The time.
    pub const fn now(&self) -> Instant {
        self.network.now()
    }

    /// How many events there have been.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// When the next event is due.
    pub fn next_event(&self) -> Option<Instant> {
        let deadlines = self.nodes.iter().filter_map(Node::deadline);
        let next = deadlines.chain(self.network.next_arrival()).min()?;
        (next != Instant::FAR_FUTURE).then_some(next.max(self.now()))
    }

    /// Lets the next event happen; `false` where there is none. Arrivals go before time-outs of the same moment.
    pub fn step(&mut self) -> bool {
        let Some(at) = self.next_event() else { return false };
        self.steps += 1;
        self.network.advance(at);
        if let Some(arrival) = self.network.receive() {
            let local = arrival.local();
            if let Some(node) = self.nodes.iter_mut().find(|node| node.owns(local)) {
                node.receive(&mut self.network, arrival);
            }
            return true;
        }
        for node in &mut self.nodes {
            if node.deadline().is_some_and(|deadline| deadline <= at) {
                node.time_out(&mut self.network);
                break;
            }
        }
        true
    }

    /// Runs for this long, then the clock stands there.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now() + duration;
        while self.next_event().is_some_and(|at| at <= end) {
            self.step();
        }
        self.network.advance(end);
    }

    /// Runs until this holds; `false` where it doesn't within this time.
    pub fn run_until(&mut self, within: Duration, mut holds: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now() + within;
        loop {
            if holds(self) {
                return true;
            }
            if self.next_event().is_none_or(|at| at > end) {
                self.network.advance(end);
                return false;
            }
            self.step();
        }
    }
}

#[cfg(test)]
mod tests {
    use bellbird_base::Seed;

    use super::*;
    use crate::Link;

    /// Sends until it is answered; answers what it gets.
    #[derive(Debug)]
    struct Echo {
        own: SocketAddr,
        peer: Option<SocketAddr>,
        next: Option<Instant>,
        answers: u32,
        tries: u32,
    }

    impl Echo {
        fn new(own: &str, peer: Option<&str>) -> Self {
            let next = peer.map(|_| Instant::ORIGIN);
            Self { own: own.parse().unwrap(), peer: peer.map(|peer| peer.parse().unwrap()), next, answers: 0, tries: 0 }
        }
    }

    impl Node for Echo {
        fn owns(&self, address: SocketAddr) -> bool {
            self.own == address
        }

        fn receive(&mut self, network: &mut Network, arrival: Arrival) {
            let Arrival::Datagram { from, payload, .. } = arrival else { return };
            self.answers += 1;
            self.next = None;
            if self.peer.is_none() {
                network.send(self.own, from, payload);
            }
        }

        fn deadline(&self) -> Option<Instant> {
            self.next
        }

        fn time_out(&mut self, network: &mut Network) {
            self.tries += 1;
            network.send(self.own, self.peer.unwrap(), b"ping".to_vec());
            self.next = Some(network.now() + Duration::from_millis(500));
        }
    }

    fn run(seed: u64, loss: f64) -> (Instant, u32, u32) {
        let network = Network::new(&Seed::from_number(seed), Link::after(Duration::from_millis(10)).losing(loss));
        let nodes = [Echo::new("10.0.0.1:1", Some("10.0.0.2:1")), Echo::new("10.0.0.2:1", None)];
        let mut simulation = Simulation::new(network, nodes);
        assert!(simulation.run_until(Duration::from_secs(600), |simulation| simulation.nodes[0].answers > 0));
        (simulation.now(), simulation.nodes[0].tries, simulation.nodes[1].answers)
    }

    #[test]
    fn time_jumps_to_the_next_event() {
        assert_eq!(run(1, 0.0), (Instant::ORIGIN + Duration::from_millis(20), 1, 1));
    }

    #[test]
    fn seed_replays_exactly() {
        let runs: Vec<_> = (0..50).map(|seed| run(seed, 0.5)).collect();
        assert_eq!(runs, (0..50).map(|seed| run(seed, 0.5)).collect::<Vec<_>>());
        assert!(runs.iter().any(|run| run.1 > 3), "loss is not seen");
    }

    #[test]
    fn running_for_a_time_ends_there_even_if_nothing_happens() {
        let mut simulation = Simulation::<Echo>::new(Network::new(&Seed::from_number(1), Link::PERFECT), []);
        simulation.run_for(Duration::from_secs(5));
        assert_eq!(simulation.now(), Instant::ORIGIN + Duration::from_secs(5));
        assert!(!simulation.step());
    }
}
