//! Random scripts on bad networks: whatever happens, everything ends, and both sides agree that it did.

use bellbird_base::{Duration, Instant, Protocol, Rng, Seed};
use bellbird_sip::agent::{EndReason, Invite};
use bellbird_sip::status::StatusCode;
use bellbird_testkit::{Link, Nat};

use crate::phone::{Habit, Setup};
use crate::world::World;

/// Seeds that are run where nobody says how many: some seconds.
const SEEDS: u64 = 1_500;

#[test]
fn random_scripts_end_on_both_sides() {
    let (first, count) = match std::env::var("BELLBIRD_SEED") {
        Ok(seed) => (seed.parse().unwrap(), 1),
        Err(_) => (0, std::env::var("BELLBIRD_SEEDS").map_or(SEEDS, |count| count.parse().unwrap())),
    };
    let started = std::time::Instant::now();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let simulated: Duration = std::thread::scope(|scope| {
        let run = |worker: usize| (first..first + count).skip(worker).step_by(workers).map(run_seed).sum::<Duration>();
        let workers: Vec<_> = (0..workers).map(|worker| scope.spawn(move || run(worker))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let real = started.elapsed();
    println!(
        "{count} seeds: {:.0} s simulated in {:.1} s, {:.0} times faster than real time",
        simulated.as_secs_f64(),
        real.as_secs_f64(),
        simulated.as_secs_f64() / real.as_secs_f64()
    );
}

#[test]
fn same_seed_gives_the_same_run() {
    let trace = |seed| {
        let mut script = Script::new(seed);
        script.play();
        let phones = script.phones.iter().map(|phone| format!("{:?}", script.world.phone(*phone).events));
        (script.world.simulation.steps(), phones.collect::<Vec<_>>())
    };
    for seed in [3, 4, 5] {
        assert_eq!(trace(seed), trace(seed));
    }
}

fn run_seed(seed: u64) -> Duration {
    // The seed has to be seen before a panic hides it.
    let guard = Replay(seed);
    let simulated = Script::new(seed).run();
    core::mem::forget(guard);
    simulated
}

struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        println!("failed: replay with BELLBIRD_SEED={}", self.0);
    }
}

/// One random script.
struct Script {
    world: World,
    rng: Rng,
    phones: Vec<usize>,
    /// Whether calls must not die: no packet is lost for longer than timers can cover.
    gentle: bool,
    proxied: bool,
    nat: bool,
}

impl Script {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(&Seed::from_number(seed.wrapping_mul(0x9e37_79b9)));
        let proxied = rng.below(2) == 0;
        let mut world = if proxied { World::with_proxy(seed) } else { World::new(seed) };
        let nat = proxied && rng.below(4) == 0;
        if nat {
            let nat = Nat::new("192.0.2.1".parse().unwrap(), ["10.0.1.2".parse().unwrap()]);
            world.simulation.network.add_nat(nat);
        }
        let names = [("alice", if nat { "10.0.1.2" } else { "10.0.0.2" }), ("bob", "10.0.0.3"), ("carol", "10.0.0.4")];
        let mut phones = Vec::new();
        for (name, ip) in names {
            let protocol = if proxied && rng.below(3) == 0 { Protocol::Tcp } else { Protocol::Udp };
            let setup = if proxied { Setup::new(name, ip).over(protocol) } else { Setup::direct(name, ip) };
            phones.push(world.add(setup));
        }
        let gentle = rng.below(4) != 0;
        Self { world, rng, phones, gentle, proxied, nat }
    }

    fn run(mut self) -> Duration {
        self.play();
        self.end();
        self.world.simulation.now().since(Instant::ORIGIN)
    }

    fn play(&mut self) {
        for phone in self.phones.clone() {
            self.world.on(phone, |phone, network| {
                if phone.registers {
                    phone.register(network);
                }
            });
        }
        self.world.run(Duration::from_secs(2));
        self.spoil();
        for _ in 0..4 + self.rng.below(12) {
            self.act();
            let pause = Duration::from_millis(self.rng.below(3_000));
            self.world.run(pause);
            self.assert_agreement();
        }
    }

    /// Makes the network bad.
    fn spoil(&mut self) {
        let milliseconds = |number| Duration::from_millis(number);
        let delay = milliseconds(self.rng.below(150));
        let loss = if self.gentle { 0.15 } else { 0.5 };
        let link = Link::after(delay)
            .jittering(milliseconds(self.rng.below(100)))
            .losing(self.rng.unit() * loss)
            .duplicating(self.rng.unit() * 0.2)
            .reordering(self.rng.unit() * 0.2, milliseconds(self.rng.below(800)));
        self.world.simulation.network.set_all_links(link);
    }

    fn pick(&mut self) -> usize {
        self.phones[usize::try_from(self.rng.below(3)).unwrap()]
    }

    fn act(&mut self) {
        let (who, other) = (self.pick(), self.pick());
        let live = self.world.phone(who).live_calls();
        let call = live.get(usize::try_from(self.rng.below(live.len() as u64)).unwrap()).copied();
        match (self.rng.below(14), call) {
            (0..=3, _) | (_, None) if who != other => {
                let target = self.world.target(other);
                let offered = self.rng.below(4) != 0;
                self.world.on(who, |phone, network| {
                    let offer = offered.then(|| phone.describe("offer"));
                    phone.invite(network, Invite::new(target, offer));
                });
            }
            (4 | 5, Some(call)) => self.try_on(who, |ua, now, _| ua.hang_up(now, call)),
            (6 | 7, Some(call)) => self.try_on(who, |ua, now, body| ua.reinvite(now, call, body)),
            (8, Some(call)) => self.try_on(who, |ua, now, body| ua.update(now, call, body)),
            (9, Some(call)) => {
                let target = self.world.target(other);
                self.try_on(who, |ua, now, _| ua.transfer(now, call, &target));
            }
            (10, Some(call)) if live.len() > 1 => {
                let consult = live.iter().copied().find(|live| *live != call).unwrap();
                self.try_on(who, |ua, now, _| ua.transfer_to_call(now, call, consult));
            }
            (11, Some(call)) => {
                let duration = Duration::from_millis(100);
                self.try_on(who, |ua, now, _| ua.send_digit_info(now, call, '5', duration));
            }
            (12, _) => self.change_habit(who),
            (13, _) if self.nat => self.world.simulation.network.rebind("192.0.2.1".parse().unwrap()),
            (_, _) => self.change_habit(who),
        }
    }

    fn try_on<T>(
        &mut self,
        who: usize,
        run: impl FnOnce(&mut bellbird_sip::agent::UserAgent, Instant, bellbird_sip::agent::Body) -> T,
    ) {
        self.world.on(who, |phone, network| {
            let body = phone.describe("random");
            phone.command(network, |ua, now| run(ua, now, body));
        });
    }

    fn change_habit(&mut self, who: usize) {
        let after = Duration::from_millis(self.rng.below(4_000));
        let habit = match self.rng.below(6) {
            0..=2 => Habit::Answer(after),
            3 => Habit::Early(after),
            4 => Habit::Refuse(StatusCode::BUSY_HERE),
            _ => Habit::Ignore,
        };
        self.world.on(who, |phone, _| phone.habit = habit);
    }

    /// Lost packets alone end no call.
    fn assert_agreement(&mut self) {
        if !self.gentle || self.nat {
            return;
        }
        for phone in &self.phones {
            let phone = self.world.phone(*phone);
            for (id, view) in &phone.calls {
                // A 481 says that the peer hung up and its BYE is still on its way.
                let lost = view.ended.as_ref().is_some_and(|end| end.reason == EndReason::Lost && end.status.is_none());
                assert!(!lost, "{}: {id:?} died of lost packets: {view:?}\n{}", phone.name, self.history());
            }
        }
    }

    fn end(&mut self) {
        // What rings now is let ring and given up; the packets of the end must not be lost for good.
        self.world.simulation.network.set_all_links(Link::after(Duration::from_millis(20)));
        self.world.run(Duration::from_secs(70));
        self.assert_same_calls();
        for phone in self.phones.clone() {
            let calls = self.world.phone(phone).live_calls();
            for call in calls {
                self.try_on(phone, |ua, now, _| ua.hang_up(now, call));
            }
        }
        self.world.run(Duration::from_secs(300));
        for phone in self.phones.clone() {
            self.world.on(phone, |phone, network| phone.unregister(network));
        }
        if std::env::var("BELLBIRD_HISTORY").is_ok() {
            println!("{}", self.history());
        }
        self.world.assert_drained();
    }

    /// What happened, for whoever looks into a failure.
    fn history(&self) -> String {
        let phones = self.phones.iter().map(|phone| self.world.phone(*phone));
        let mut all: Vec<_> = phones
            .flat_map(|phone| phone.events.iter().map(|(at, event)| (*at, format!("{at:?} {} {event:?}", phone.name))))
            .collect();
        all.sort();
        all.into_iter().map(|(_, line)| line + "\n").collect()
    }

    /// Every answered call is known to two phones.
    fn assert_same_calls(&self) {
        if self.nat || !self.gentle {
            return;
        }
        let established: usize = self
            .phones
            .iter()
            .map(|phone| {
                let phone = self.world.phone(*phone);
                phone.calls.values().filter(|view| view.established && view.ended.is_none()).count()
            })
            .sum();
        assert_eq!(
            established % 2,
            0,
            "a call is known to one side only; proxied: {}\n{}",
            self.proxied,
            self.history()
        );
    }
}
