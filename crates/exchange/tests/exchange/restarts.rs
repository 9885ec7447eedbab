//! The server dies while people talk: their calls count and can be transferred when it is back.

use bellbird_base::Duration;
use bellbird_exchange::routing::{Call, Called};
use bellbird_exchange::words::*;
use bellbird_exchange::{CallReport, Event, NotStored};
use bellbird_sip::agent::CallId;
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use crate::host::DOMAIN;
use crate::office::*;
use crate::phone::Setup;
use crate::provider::Provider;
use crate::world::World;

#[test]
fn a_call_that_goes_on_counts_until_it_is_over() {
    let (mut world, [bob, desk, carol]) = office(61);
    let call = talk(&mut world, bob, "203");
    restart(&mut world);
    assert_eq!(calls(&mut world), [1, 1, 0]);
    assert_eq!(world.office().exchange.calls(), 1);
    let since = [ALICE, BOB].map(|user| world.office().exchange.talks_since(user).unwrap());
    assert!(since[0] == since[1] && since[0] < now(&world), "since the answer, not since the restart");
    let dialogs = world.subscribe(carol, "dialog", "601", None);
    let presence = world.subscribe(carol, "presence", "602", None);
    let says = |world: &World, id, what: &str| world.news(carol, id).last().is_some_and(|news| news.contains(what));
    assert!(world.until(|world| says(world, dialogs, "<state>confirmed") && says(world, presence, "on-the-phone")));
    hang_up(&mut world, bob, call);
    assert!(world.until(|world| !says(world, dialogs, "<dialog id") && !says(world, presence, "on-the-phone")));
    assert_eq!(calls(&mut world), [0, 0, 0]);
    assert!(world.until(|world| world.phone(desk).live_call().is_none()));
    let over = over(&world);
    assert_eq!((over.len(), over[0].users.clone()), (1, [ALICE, BOB].into()));
}

#[test]
fn whoever_goes_on_talking_is_busy_without_call_waiting() {
    let (mut world, [bob, desk, carol]) = office(62);
    world.in_office(|office, network| {
        office.user(ALICE).telephony.call_waiting = false;
        office.publish(network);
    });
    talk(&mut world, bob, "601");
    restart(&mut world);
    assert_eq!(world.outcome(carol, "601").unwrap_err().0, 486);
    assert_eq!(world.calls_of(desk), 1);
}

#[test]
fn a_call_over_the_trunk_counts_there_after_a_restart() {
    let (mut world, [bob, ..]) = office(63);
    world.add(Setup::direct("0612345678", TRUNK_IP));
    talk(&mut world, bob, "0612345678");
    restart(&mut world);
    let trunks = world.in_office(|office, _| office.exchange.load_mut().trunks.clone());
    assert_eq!(trunks.get(&TRUNK), Some(&1));
    assert_eq!(calls(&mut world), [0, 1, 0]);
}

#[test]
fn a_trunk_that_registers_is_registered_anew_and_its_calls_end_from_either_side() {
    for (incoming, by_us) in [(false, true), (false, false), (true, true), (true, false)] {
        let (mut world, [bob, desk, _]) = office(72);
        world.add_provider();
        let proved = |world: &World, method: &str| world.provider().proved.get(method).copied().unwrap_or(0);
        let phone = if incoming { desk } else { bob };
        if incoming {
            world.at_provider(|provider, network| provider.calls_in(network, "+31201230601"));
        } else {
            world.dial(bob, "0612345678");
        }
        assert!(world.until(|world| world.provider().up() == 1), "{incoming}, {by_us}");
        world.run(Duration::from_secs(2));
        assert_eq!((proved(&world, "REGISTER"), proved(&world, "INVITE")), (1, u32::from(!incoming)));
        restart(&mut world);
        assert!(world.until(|world| proved(world, "REGISTER") == 2), "it registers anew");
        world.run(Duration::from_secs(40));
        let trunks = world.in_office(|office, _| office.exchange.load_mut().trunks.clone());
        assert_eq!((trunks.get(&TRUNK), world.provider().up()), (Some(&1), 1));
        if by_us {
            // The provider asks who it is that hangs up: only the trunk's account knows the password.
            let call = world.phone(phone).live_call().unwrap();
            hang_up(&mut world, phone, call);
            assert!(world.until(|world| world.provider().up() == 0));
            assert_eq!(proved(&world, "BYE"), 1);
        } else {
            world.at_provider(Provider::hang_up);
            assert!(world.until(|world| world.phone(phone).live_call().is_none()));
        }
        assert!(world.until(|world| world.office().calls.is_empty()));
        // And it brings calls and takes them as before.
        world.at_provider(|provider, network| provider.calls_in(network, "+31201230601"));
        assert!(world.until(|world| world.phone(desk).live_call().is_some() && world.provider().up() == 1));
        world.dial(bob, "0612345678");
        assert!(world.until(|world| world.provider().up() == 2));
    }
}

#[test]
fn either_side_transfers_a_call_of_before_the_restart() {
    for by_caller in [true, false] {
        let (mut world, [bob, desk, carol]) = office(64);
        let call = talk(&mut world, bob, "203");
        restart(&mut world);
        let taken = world.phone(desk).live_call().unwrap();
        let (by, which, left) = if by_caller { (bob, call, desk) } else { (desk, taken, bob) };
        let target = Uri::sip(Some("603"), DOMAIN, None).unwrap();
        world.on(by, |phone, network| phone.command(network, |ua, now| ua.transfer(now, which, &target)).unwrap());
        assert!(world.until(|world| world.phone(carol).live_call().is_some() && world.view(by, which).ended.is_some()));
        assert_eq!(world.view(by, which).transfer.last(), Some(&StatusCode::OK));
        world.run(Duration::from_secs(2));
        let count = if by_caller { [1, 0, 1] } else { [0, 1, 1] };
        assert_eq!(calls(&mut world), count);
        restart(&mut world);
        assert_eq!(calls(&mut world), count, "and after one more restart");
        let last = world.phone(carol).live_call().unwrap();
        hang_up(&mut world, carol, last);
        assert!(world.until(|world| world.phone(left).live_call().is_none()));
        assert_eq!(over(&world).last().unwrap().users, [ALICE, BOB, CAROL].into());
    }
}

#[test]
fn a_transfer_after_a_restart_goes_only_where_its_maker_may_call() {
    let (mut world, [bob, ..]) = office(65);
    let call = talk(&mut world, bob, "203");
    restart(&mut world);
    let nobody = Uri::sip(Some("699"), DOMAIN, None).unwrap();
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.transfer(now, call, &nobody)).unwrap());
    assert!(world.until(|world| !world.view(bob, call).transfer.is_empty()));
    world.run(Duration::from_secs(5));
    assert_eq!(world.view(bob, call).transfer.last(), Some(&StatusCode::NOT_FOUND));
    assert!(world.view(bob, call).ended.is_none());
}

#[test]
fn two_calls_become_one_by_an_attended_transfer_after_a_restart() {
    // The restart is before both, between the two, or not at all.
    for restarts in [[false, true], [true, false], [false, false]] {
        let (mut world, [bob, desk, carol]) = office(66);
        let call = talk(&mut world, bob, "203");
        if restarts[0] {
            restart(&mut world);
        }
        let consult = talk(&mut world, bob, "603");
        if restarts[1] {
            restart(&mut world);
        }
        world.on(bob, |phone, network| {
            phone.command(network, |ua, now| ua.transfer_to_call(now, call, consult)).unwrap();
        });
        let left = |world: &World| world.view(bob, call).ended.is_some() && world.view(bob, consult).ended.is_some();
        assert!(world.until(|world| left(world)), "{restarts:?}: {:?}", world.view(bob, call).transfer);
        assert_eq!(world.view(bob, call).transfer.last(), Some(&StatusCode::OK));
        world.run(Duration::from_secs(2));
        assert_eq!(calls(&mut world), [1, 0, 1], "{restarts:?}");
        let last = world.phone(carol).live_call().unwrap();
        hang_up(&mut world, carol, last);
        assert!(world.until(|world| world.phone(desk).live_call().is_none()));
        assert_eq!(calls(&mut world), [0, 0, 0]);
    }
}

#[test]
fn two_calls_stay_two_where_the_attended_transfer_fails() {
    let (mut world, [bob, desk, carol]) = office(70);
    let call = talk(&mut world, bob, "203");
    let consult = talk(&mut world, bob, "603");
    world.on(carol, |phone, _| phone.takes_offers = false);
    world.on(bob, |phone, network| {
        phone.command(network, |ua, now| ua.transfer_to_call(now, call, consult)).unwrap();
    });
    let refused = Some(&StatusCode::NOT_ACCEPTABLE_HERE);
    assert!(world.until(|world| world.view(bob, call).transfer.last() == refused));
    world.run(Duration::from_secs(2));
    assert_eq!(calls(&mut world), [1, 2, 1]);
    restart(&mut world);
    assert_eq!(calls(&mut world), [1, 2, 1], "and after a restart");
    hang_up(&mut world, bob, consult);
    assert!(world.until(|world| world.phone(carol).live_call().is_none()));
    assert_eq!(calls(&mut world), [1, 1, 0]);
    let last = over(&world).pop().unwrap();
    assert_eq!((last.users, dialled(&last.call)), ([BOB, CAROL].into(), "603"));
    hang_up(&mut world, bob, call);
    assert!(world.until(|world| world.phone(desk).live_call().is_none()));
    assert_eq!(calls(&mut world), [0, 0, 0]);
}

#[test]
fn each_call_keeps_its_own_record_where_the_attended_transfer_fails() {
    let (mut world, [bob, desk, carol]) = office(71);
    let call = talk(&mut world, bob, "203");
    let consult = talk(&mut world, bob, "603");
    world.on(carol, |phone, _| phone.takes_offers = false);
    world.on(bob, |phone, network| {
        phone.command(network, |ua, now| ua.transfer_to_call(now, call, consult)).unwrap();
    });
    world.run(Duration::from_secs(2));
    assert_eq!((over(&world).len(), world.office().calls.len()), (0, 2), "both go on");
    hang_up(&mut world, bob, consult);
    hang_up(&mut world, bob, call);
    assert!(world.until(|world| over(world).len() == 2 && world.office().calls.is_empty()));
    let over = over(&world);
    assert_eq!([dialled(&over[0].call), dialled(&over[1].call)], ["603", "203"]);
    assert_eq!([&over[0].users, &over[1].users], [&[BOB, CAROL].into(), &[ALICE, BOB].into()]);
    assert!(over[1].started < over[0].started && over[1].answered < over[0].answered);
    assert!(world.until(|world| world.phone(desk).live_call().is_none()));
}

#[test]
fn the_caller_hears_of_the_answer_only_once_the_call_is_stored() {
    let (mut world, [bob, desk, _]) = office(67);
    world.in_office(|office, _| office.store_delay = Duration::from_millis(150));
    let call = world.dial(bob, "203");
    let taken = |world: &World| world.phone(desk).live_call().is_some_and(|call| world.view(desk, call).established);
    assert!(world.until(|world| taken(world)));
    world.run(Duration::from_millis(100));
    assert!(!world.view(bob, call).answered && world.office().calls.is_empty());
    // It dies in the moment in which the caller hears of it.
    assert!(world.until(|world| world.view(bob, call).answered));
    restart(&mut world);
    assert_eq!(calls(&mut world), [1, 1, 0]);
    world.run(Duration::from_secs(30));
    assert!(world.view(bob, call).ended.is_none());
    hang_up(&mut world, bob, call);
    assert!(world.until(|world| world.phone(desk).live_call().is_none()));
}

#[test]
fn a_storage_that_hangs_or_fails_holds_no_call_up() {
    // 112 goes out over the trunk.
    for number in ["203", "112"] {
        for fails in [false, true] {
            let (mut world, [bob, ..]) = office(68);
            let trunk = world.add(Setup::direct("112", TRUNK_IP));
            world.in_office(|office, _| match fails {
                true => office.store_fails = Some(NotStored::Failed),
                false => office.store_delay = Duration::from_secs(60),
            });
            let begun = world.simulation.now();
            let call = world.outcome(bob, number).unwrap();
            // The phone rings for a second.
            let took = world.simulation.now() - begun;
            assert!(took < Duration::from_millis(1_500), "{number}, {fails}: {took:?}");
            world.run(Duration::from_secs(90));
            assert!(world.view(bob, call).ended.is_none());
            assert_eq!(world.calls_of(trunk), usize::from(number == "112"));
        }
    }
}

#[test]
fn whoever_hangs_up_while_the_call_is_stored_ends_it_for_both() {
    for by_caller in [true, false] {
        let (mut world, [bob, desk, _]) = office(69);
        world.in_office(|office, _| office.store_delay = Duration::from_millis(200));
        let call = world.dial(bob, "203");
        let taken = |world: &World| world.phone(desk).live_call().filter(|call| world.view(desk, *call).established);
        assert!(world.until(|world| taken(world).is_some()));
        let taken = taken(&world).unwrap();
        assert!(!world.view(bob, call).answered);
        if by_caller {
            hang_up(&mut world, bob, call)
        } else {
            hang_up(&mut world, desk, taken)
        }
        world.run(Duration::from_secs(5));
        assert!(world.view(bob, call).ended.is_some() && world.phone(desk).live_call().is_none());
        assert_eq!((calls(&mut world), world.office().calls.len()), ([0, 0, 0], 0));
    }
}

fn office(seed: u64) -> (World, [usize; 3]) {
    let mut world = World::new(seed);
    let bob = world.register(Setup::new("bob", "10.0.2.1"));
    let desk = world.register(Setup::new("alice-desk", "10.0.1.1"));
    let carol = world.register(Setup::new("carol", "10.0.3.1"));
    (world, [bob, desk, carol])
}

/// Calls, and talks a while.
fn talk(world: &mut World, caller: usize, number: &str) -> CallId {
    let call = world.outcome(caller, number).unwrap();
    world.run(Duration::from_secs(5));
    call
}

fn restart(world: &mut World) {
    world.in_office(|office, network| office.restart(network));
    world.run(Duration::from_secs(1));
}

fn hang_up(world: &mut World, phone: usize, call: CallId) {
    world.on(phone, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
}

/// How many calls Alice, Bob and Carol have, as routing counts them.
fn calls(world: &mut World) -> [u32; 3] {
    let load = world.in_office(|office, _| office.exchange.load_mut().users.clone());
    [ALICE, BOB, CAROL].map(|user| load.get(&user).copied().unwrap_or(0))
}

fn now(world: &World) -> Timestamp {
    START.after(world.simulation.now() - bellbird_base::Instant::ORIGIN)
}

fn dialled(call: &Call) -> &str {
    match &call.called {
        Called::Dialled(number) => number,
        Called::Account(_) | Called::User(_) => "",
    }
}

fn over(world: &World) -> Vec<CallReport> {
    let reports = world.office().events.iter().filter_map(|event| match event {
        Event::CallOver(report) => Some((**report).clone()),
        _ => None,
    });
    reports.collect()
}
