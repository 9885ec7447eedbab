//! Phones that register, call, press keys, vanish and come back, over a network that loses packets, while the server
//! dies now and then.

use bellbird_base::{Duration, Protocol, Rng, Seed};
use bellbird_exchange::notifier::feature::CONTENT_TYPE;
use bellbird_sip::message::Body;
use bellbird_testkit::Link;

use crate::office::*;
use crate::phone::{Habit, Setup};
use crate::world::World;

#[test]
fn everything_ends_whatever_happens() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = match number("BELLBIRD_SEED") {
        Some(seed) => (seed, 1),
        None => (1, number("BELLBIRD_SEEDS").unwrap_or(30)),
    };
    for seed in first..first + count {
        println!("seed {seed}");
        run(seed);
    }
}

fn run(seed: u64) {
    let mut rng = Rng::new(&Seed::from_number(seed));
    let mut world = World::new(seed);
    let loss = rng.below(5) as f64 / 100.0;
    world.simulation.network.set_all_links(Link { loss, ..Link::after(Duration::from_millis(20)) });
    let udp_or_tcp = |rng: &mut Rng| if rng.below(2) == 0 { Protocol::Udp } else { Protocol::Tcp };
    let setups = [("alice-desk", "10.0.1.1"), ("alice-app", "10.0.1.2"), ("bob", "10.0.2.1"), ("carol", "10.0.3.1")];
    let phones: Vec<usize> =
        setups.iter().map(|(name, ip)| world.add(Setup::new(name, ip).over(udp_or_tcp(&mut rng)))).collect();
    for &phone in &phones {
        world.on(phone, |phone, network| phone.register(network));
    }
    world.run(Duration::from_secs(40));
    for _ in 0..25 {
        act(&mut rng, &mut world, &phones);
        world.run(Duration::from_millis(rng.below(8_000)));
    }
    for &phone in &phones {
        world.on(phone, |phone, network| {
            for call in phone.live_calls() {
                // It may be over by now.
                let _ = phone.command(network, |ua, now| ua.hang_up(now, call));
            }
        });
    }
    world.run(Duration::from_secs(300));
    for &phone in &phones {
        assert!(world.phone(phone).live_calls().is_empty(), "seed {seed}: a call hangs at {}", world.phone(phone).name);
        assert!(world.phone(phone).is_registered(), "seed {seed}: {:?}", world.phone(phone).registration());
    }
    for account in [APP, DESK, BOBS, CAROLS] {
        assert_eq!(world.office().registered(account), 1, "seed {seed}: {account}");
    }
}

fn act(rng: &mut Rng, world: &mut World, phones: &[usize]) {
    let phone = phones[usize::try_from(rng.below(phones.len() as u64)).unwrap()];
    match rng.below(12) {
        0 => {
            let on = rng.below(2) == 0;
            let text = format!("<SetDoNotDisturb><doNotDisturbOn>{on}</doNotDisturbOn></SetDoNotDisturb>");
            world.subscribe(phone, "as-feature-event", "x", Some(Body::new(CONTENT_TYPE, text)));
        }
        1 => {
            let habits = [
                Habit::Ignore,
                Habit::Answer(Duration::from_secs(rng.below(5))),
                Habit::Refuse(bellbird_sip::status::StatusCode::DECLINE),
            ];
            let habit = habits[usize::try_from(rng.below(3)).unwrap()];
            world.on(phone, |phone, _| phone.habit = habit);
        }
        2 => {
            world.subscribe(phone, "dialog", "601", None);
        }
        3 if rng.below(4) == 0 => world.in_office(|office, network| office.restart(network)),
        4 | 5 => {
            if let Some(call) = world.phone(phone).live_call() {
                world.on(phone, |phone, network| {
                    let _ = phone.command(network, |ua, now| ua.hang_up(now, call));
                });
            }
        }
        _ => {
            let numbers = ["601", "602", "603", "203", "*78", "*79", "999"];
            let number = numbers[usize::try_from(rng.below(numbers.len() as u64)).unwrap()];
            world.dial(phone, number);
        }
    }
}
