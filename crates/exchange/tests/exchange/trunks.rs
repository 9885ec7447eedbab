//! Calls over two trunks of which one is silent or refuses, and over one that wants an offer.

use bellbird_base::Duration;
use bellbird_exchange::routing::Device;
use bellbird_exchange::words::*;
use bellbird_sip::status::StatusCode;
use bellbird_testkit::Link;

use crate::behaviours::{alice_desk, bob, report};
use crate::office::*;
use crate::phone::{Habit, Setup};
use crate::world::World;

/// A second fake trunk, which is tried after the first.
const OTHER_TRUNK_IP: &str = "10.0.9.8";

/// A second trunk, and the phones that have this number at either.
fn with_two_trunks(world: &mut World, number: &'static str) -> (usize, usize) {
    let first = world.add(Setup::direct(number, TRUNK_IP));
    let second = world.add(Setup::direct(number, OTHER_TRUNK_IP));
    world.in_office(|office, network| {
        let mut other = office.parts.trunks[0].clone();
        other.id = TrunkId(2);
        (other.settings.name, other.settings.order) = ("Other".into(), 2);
        other.settings.servers = vec![OTHER_TRUNK_IP.into()];
        other.settings.link = TrunkLink::ByAddress { from: vec![OTHER_TRUNK_IP.into()] };
        office.parts.trunks.push(other);
        office.publish(network);
    });
    (first, second)
}

fn silence(world: &mut World, address: &str) {
    let office = "10.0.0.1".parse().unwrap();
    world.simulation.network.set_one_way(office, address.parse().unwrap(), Link::DOWN);
}

#[test]
fn a_silent_trunk_costs_four_seconds_and_the_next_one_takes_the_call() {
    for (dialled, number) in [("0612345678", "+31612345678"), ("112", "112")] {
        let mut world = World::new(61);
        let (_, second) = with_two_trunks(&mut world, number);
        silence(&mut world, TRUNK_IP);
        let bob = world.register(bob());
        world.on(second, |phone, _| phone.habit = Habit::Answer(Duration::ZERO));
        let began = world.simulation.now();
        world.outcome(bob, dialled).unwrap();
        assert_eq!(world.calls_of(second), 1);
        let took = world.simulation.now() - began;
        assert!(took < Duration::from_secs(5), "{number}: {took:?}");
    }
}

#[test]
fn the_only_trunk_is_waited_for_until_timer_b() {
    let mut world = World::new(62);
    silence(&mut world, TRUNK_IP);
    let bob = world.register(bob());
    let began = world.simulation.now();
    assert_eq!(world.outcome(bob, "0612345678").unwrap_err().0, 503);
    let took = world.simulation.now() - began;
    assert!(took > Duration::from_secs(31) && took < Duration::from_secs(34), "{took:?}");
}

#[test]
fn a_linked_number_that_its_first_trunk_does_not_take_rings_over_the_next_beside_the_devices() {
    for silent in [true, false] {
        let mut world = World::new(63);
        let (first, second) = with_two_trunks(&mut world, "+31612345678");
        if silent {
            silence(&mut world, TRUNK_IP);
        }
        world.on(first, |phone, _| phone.habit = Habit::Refuse(StatusCode::SERVICE_UNAVAILABLE));
        let (desk, bob) = (world.register(alice_desk()), world.register(bob()));
        world.on(desk, |phone, _| phone.habit = Habit::Ignore);
        world.in_office(|office, network| {
            let linked = LinkedNumber { active: true, number: "0612345678".into(), name: None };
            office.user(ALICE).telephony.linked_number = Some(linked);
            office.publish(network);
        });
        let call = world.outcome(bob, "601").unwrap();
        assert_eq!((world.calls_of(desk), world.calls_of(second)), (1, 1), "{silent}");
        world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
        assert!(world.until(|world| report(world).is_some()));
        let outside = |device: &Device| matches!(device, Device::Outside(_));
        let reasons = report(&world).unwrap().reasons;
        let causes: Vec<Cause> =
            reasons.iter().filter(|why| outside(&why.device)).map(|why| why.reason.cause).collect();
        assert_eq!(causes, [Cause::Answered]);
    }
}

#[test]
fn a_gateway_that_refuses_calls_without_an_offer_takes_one_by_desk_phone() {
    let mut world = World::new(64);
    let trunk = world.add(Setup::direct("+31612345678", TRUNK_IP));
    world.on(trunk, |phone, _| phone.needs_offers = true);
    let desk = world.register(alice_desk());
    world.in_office(|office, network| {
        let first = bellbird_exchange::FirstLeg::DeskPhone(DESK);
        office.exchange.dial(ORG, ALICE, &first, "0612345678", false).unwrap();
        office.drain(network);
    });
    assert!(world.until(|world| world.phone(trunk).calls.values().any(|view| view.established)));
    let leg = world.phone(desk).live_call().unwrap();
    assert!(world.until(|world| world.view(desk, leg).offers == 1));
    assert!(world.until(|world| world.office().calls.len() == 1));
}
