use bellbird_base::{Duration, Protocol};
use bellbird_sip::agent::{EndReason, EndedBy};
use bellbird_sip::status::StatusCode;

use crate::phone::{Habit, Setup};
use crate::world::World;

fn direct() -> (World, usize, usize) {
    let mut world = World::new(1);
    let alice = world.add(Setup::direct("alice", "10.0.0.2"));
    let bob = world.add(Setup::direct("bob", "10.0.0.3"));
    (world, alice, bob)
}

fn proxied(protocol: Protocol) -> (World, usize, usize) {
    let mut world = World::with_proxy(1);
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2").over(protocol));
    let bob = world.add_registered(Setup::new("bob", "10.0.0.3").over(protocol));
    (world, alice, bob)
}

fn finish(mut world: World) {
    for number in 0..world.simulation.nodes.len() {
        if let crate::world::Host::Phone(_) = &world.simulation.nodes[number] {
            world.on(number, |phone, network| phone.unregister(network));
        }
    }
    world.assert_drained();
}

#[test]
fn call_is_answered_and_hung_up_by_either_side() {
    for caller_hangs_up in [true, false] {
        let (mut world, alice, bob) = direct();
        let (call, taken) = world.establish(alice, bob);
        assert!(world.phone(alice).view(call).ringing);
        let (who, which) = if caller_hangs_up { (alice, call) } else { (bob, taken) };
        world.on(who, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, which)).unwrap());
        world.run(Duration::from_secs(2));
        let ends = [world.phone(alice).view(call).ended.clone(), world.phone(bob).view(taken).ended.clone()];
        for end in ends {
            assert_eq!(end.unwrap().reason, EndReason::HungUp);
        }
        finish(world);
    }
}

#[test]
fn call_goes_through_a_proxy_that_challenges_over_each_transport() {
    for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Tls] {
        let (mut world, alice, bob) = proxied(protocol);
        let (call, taken) = world.establish(alice, bob);
        world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, taken)).unwrap());
        world.run(Duration::from_secs(2));
        assert_eq!(world.phone(alice).view(call).ended.as_ref().unwrap().by, EndedBy::Remote);
        finish(world);
    }
}

#[test]
fn caller_who_gives_up_cancels() {
    let (mut world, alice, bob) = direct();
    world.on(bob, |phone, _| phone.habit = Habit::Ignore);
    let target = world.target(bob);
    let call = world.on(alice, |phone, network| phone.call(network, target));
    world.run(Duration::from_secs(3));
    world.on(alice, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    world.run(Duration::from_secs(3));
    let missed = world.phone(bob).calls.values().next().unwrap().ended.clone().unwrap();
    assert_eq!((missed.by, missed.reason), (EndedBy::Remote, EndReason::Cancelled));
    finish(world);
}

#[test]
fn busy_phone_refuses() {
    let (mut world, alice, bob) = direct();
    world.on(bob, |phone, _| phone.habit = Habit::Refuse(StatusCode::BUSY_HERE));
    let target = world.target(bob);
    let call = world.on(alice, |phone, network| phone.call(network, target));
    world.run(Duration::from_secs(3));
    assert_eq!(world.phone(alice).view(call).ended.as_ref().unwrap().reason, EndReason::Busy);
    finish(world);
}
