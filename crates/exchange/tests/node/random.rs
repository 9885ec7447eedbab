//! Random scripts on bad networks: no leg is left alone, everything ends, and a call has exactly two ends.

use bellbird_base::{Duration, Instant, Protocol, Rng, Seed};
use bellbird_sip::agent::{Body, Invite, UserAgent};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;
use bellbird_testkit::Link;

use crate::phone::{Habit, Setup};
use crate::world::World;

const SEEDS: u64 = 200;

#[test]
fn random_scripts_leave_no_leg_alone() {
    let (first, count) = match std::env::var("BELLBIRD_SEED") {
        Ok(seed) => (seed.parse().unwrap(), 1),
        Err(_) => (0, std::env::var("BELLBIRD_SEEDS").map_or(SEEDS, |count| count.parse().unwrap())),
    };
    for seed in first..first + count {
        let guard = Replay(seed);
        Script::new(seed).run();
        core::mem::forget(guard);
    }
}

struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        println!("failed: replay with BELLBIRD_SEED={}", self.0);
    }
}

struct Script {
    world: World,
    rng: Rng,
    phones: Vec<usize>,
}

impl Script {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(&Seed::from_number(seed.wrapping_mul(0x9e37_79b9)));
        let mut world = World::new(seed);
        let mut phones = Vec::new();
        for (name, ip) in [("alice", "10.0.0.2"), ("bob", "10.0.0.3"), ("carol", "10.0.0.4"), ("dave", "10.0.0.5")] {
            let protocol = if rng.below(3) == 0 { Protocol::Tcp } else { Protocol::Udp };
            phones.push(world.add(Setup::new(name, ip).over(protocol)));
        }
        let ring = |users, seconds| (users, Duration::from_secs(seconds));
        let numbers = &mut world.pbx().numbers;
        numbers.insert("200".into(), vec![ring(vec!["alice", "bob", "carol"], 6)]);
        numbers.insert(
            "300".into(),
            vec![ring(vec!["bob", "dave"], 2), ring(vec!["carol"], 3), ring(vec!["alice", "dave"], 5)],
        );
        world.pbx().media_delay = Duration::from_millis(rng.below(3) * 150);
        world.pbx().wants_offers = rng.below(2) == 0;
        Self { world, rng, phones }
    }

    fn run(mut self) {
        let link = Link::after(Duration::from_millis(self.rng.below(120)))
            .jittering(Duration::from_millis(self.rng.below(100)))
            .losing(self.rng.unit() * 0.15)
            .duplicating(self.rng.unit() * 0.2)
            .reordering(self.rng.unit() * 0.2, Duration::from_millis(self.rng.below(800)));
        self.world.simulation.network.set_all_links(link);
        for _ in 0..6 + self.rng.below(14) {
            self.act();
            let pause = Duration::from_millis(self.rng.below(3_000));
            self.world.simulation.run_for(pause);
        }
        self.end();
    }

    fn pick(&mut self) -> usize {
        self.phones[usize::try_from(self.rng.below(4)).unwrap()]
    }

    fn number(&mut self) -> Uri {
        let numbers = ["alice", "bob", "carol", "dave", "200", "300", "nobody"];
        let number = numbers[usize::try_from(self.rng.below(7)).unwrap()];
        Uri::parse(&format!("sip:{number}@example.test")).unwrap()
    }

    fn act(&mut self) {
        let who = self.pick();
        let live = self.world.phone(who).live_calls();
        let call = live.get(usize::try_from(self.rng.below(live.len() as u64)).unwrap()).copied();
        let target = self.number();
        match (self.rng.below(18), call) {
            (16, _) => self.dial(who, &target),
            (0..=4, _) | (_, None) => {
                let offered = self.rng.below(4) != 0;
                self.world.on(who, |phone, network| {
                    let offer = offered.then(|| phone.describe("offer"));
                    phone.invite(network, Invite::new(target, offer));
                });
            }
            (5 | 6, Some(call)) => self.try_on(who, |ua, now, _| ua.hang_up(now, call)),
            (7 | 8, Some(call)) => self.try_on(who, |ua, now, body| ua.reinvite(now, call, body)),
            (9, Some(call)) => self.try_on(who, |ua, now, body| ua.update(now, call, body)),
            (10, Some(call)) => self.try_on(who, |ua, now, _| ua.transfer(now, call, &target)),
            (11 | 12, Some(call)) => {
                if let Some(consult) = live.iter().copied().find(|live| *live != call) {
                    self.try_on(who, |ua, now, _| ua.transfer_to_call(now, call, consult));
                }
            }
            (13, Some(call)) => {
                self.try_on(who, |ua, now, _| ua.send_digit_info(now, call, '5', Duration::from_millis(100)));
            }
            (14, Some(call)) => self.try_on(who, |ua, now, _| ua.ask_offer(now, call)),
            (_, _) => self.change_habit(who),
        }
    }

    /// The server calls somebody, and then somebody else.
    fn dial(&mut self, who: usize, target: &Uri) {
        let first = self.world.phone(who).name.clone();
        let number = target.user().unwrap_or_default().to_owned();
        self.world.on_pbx(|pbx, network| pbx.dial(network, &first, &number));
    }

    fn try_on<T>(&mut self, who: usize, run: impl FnOnce(&mut UserAgent, Instant, Body) -> T) {
        self.world.on(who, |phone, network| {
            let body = phone.describe("random");
            phone.command(network, |ua, now| run(ua, now, body));
        });
    }

    fn change_habit(&mut self, who: usize) {
        let after = Duration::from_millis(self.rng.below(4_000));
        let habit = match self.rng.below(7) {
            0..=2 => Habit::Answer(after),
            3 => Habit::Early(after),
            4 => Habit::Refuse(StatusCode::BUSY_HERE),
            5 => Habit::Refuse(StatusCode::DECLINE),
            _ => Habit::Ignore,
        };
        self.world.on(who, |phone, _| phone.habit = habit);
    }

    fn end(&mut self) {
        self.world.simulation.network.set_all_links(Link::after(Duration::from_millis(20)));
        self.world.run(70);
        self.assert_pairs();
        for phone in self.phones.clone() {
            for call in self.world.phone(phone).live_calls() {
                self.try_on(phone, |ua, now, _| ua.hang_up(now, call));
            }
        }
        self.world.run(200);
        self.world.assert_over();
    }

    /// After a while each call has two ends, and the node knows two legs of each: none is alone.
    fn assert_pairs(&mut self) {
        let talking: usize = self
            .phones
            .iter()
            .map(|phone| {
                let views = self.world.phone(*phone).calls.values();
                views.filter(|view| view.established && view.ended.is_none()).count()
            })
            .sum();
        let sessions = self.world.pbx().node.len();
        let history = self.history();
        assert_eq!(talking, 2 * sessions, "{:#?}\n{history}", self.world.pbx().node);
    }

    fn history(&self) -> String {
        let phones = self.phones.iter().map(|phone| self.world.phone(*phone));
        let mut all: Vec<_> = phones
            .flat_map(|phone| phone.events.iter().map(|(at, event)| (*at, format!("{at:?} {} {event:?}", phone.name))))
            .collect();
        all.sort();
        all.into_iter().map(|(_, line)| line + "\n").collect()
    }
}
