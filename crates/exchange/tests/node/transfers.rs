use bellbird_base::Duration;
use bellbird_exchange::node::{MediaKind, MediaTag};
use bellbird_sip::agent::{CallId, Invite};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use crate::calls::three;
use crate::phone::Habit;
use crate::world::World;

fn transfer(world: &mut World, who: usize, call: CallId, to: &str) {
    let target = Uri::parse(&format!("sip:{to}@example.test")).unwrap();
    world.on(who, |phone, network| phone.command(network, |ua, now| ua.transfer(now, call, &target)).unwrap());
}

#[test]
fn blind_transfer_by_caller_or_callee_connects_the_party_with_the_target() {
    for by_caller in [true, false] {
        let (mut world, alice, bob, carol) = three();
        let (call, taken) = world.establish(alice, "bob", bob);
        let (by, which, party) = if by_caller { (alice, call, bob) } else { (bob, taken, alice) };
        transfer(&mut world, by, which, "carol");
        assert!(world.until(|world| world.talking() == [party.min(carol), party.max(carol)]));
        world.run(2);
        assert_eq!(world.phone(by).view(which).transfer.last(), Some(&StatusCode::OK));
        let last = world.phone(carol).live_call().unwrap();
        assert!(world.phone(carol).view(last).answers == 1, "the party's answer reaches the target");
        world.hang_up(carol, last);
        world.assert_over();
    }
}

#[test]
fn blind_transfer_to_who_wants_an_offer_brings_the_partys_last_description() {
    for by_caller in [true, false] {
        let (mut world, alice, bob, carol) = three();
        world.on(carol, |phone, _| phone.needs_offers = true);
        world.pbx().wants_offers = true;
        let (call, taken) = world.establish(alice, "bob", bob);
        let (by, which, party) = if by_caller { (alice, call, bob) } else { (bob, taken, alice) };
        transfer(&mut world, by, which, "carol");
        assert!(world.until(|world| world.talking() == [party.min(carol), party.max(carol)]));
        world.run(2);
        assert_eq!(world.phone(by).view(which).transfer.last(), Some(&StatusCode::OK));
        let name = format!("o={}", world.phone(party).name);
        let again = world.pbx().questions.iter().find(|asked| asked.kind == MediaKind::Again);
        let again = again.map(|asked| String::from_utf8(asked.body.bytes.clone()).unwrap());
        assert!(again.as_ref().is_some_and(|text| text.contains(&name)), "{again:?}");
        let last = world.phone(party).live_call().unwrap();
        assert_eq!(world.phone(party).view(last).offers, 1, "the target's answer reaches the party");
        let last = world.phone(carol).live_call().unwrap();
        world.hang_up(carol, last);
        world.assert_over();
    }
}

#[test]
fn blind_transfer_to_somebody_busy_leaves_the_call_as_it_was() {
    let (mut world, alice, bob, carol) = three();
    world.on(carol, |phone, _| phone.habit = Habit::Refuse(StatusCode::BUSY_HERE));
    let (call, _) = world.establish(alice, "bob", bob);
    transfer(&mut world, alice, call, "carol");
    world.run(3);
    assert_eq!(world.talking(), [alice, bob]);
    assert_eq!(world.phone(alice).view(call).transfer.last(), Some(&StatusCode::BUSY_HERE));
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn blind_transfer_that_is_not_allowed_is_refused() {
    let (mut world, alice, bob, _) = three();
    world.pbx().refuses_transfers = true;
    let (call, _) = world.establish(alice, "bob", bob);
    transfer(&mut world, alice, call, "carol");
    world.run(3);
    assert_eq!(world.talking(), [alice, bob]);
    assert_eq!(world.phone(alice).view(call).transfer.last(), Some(&StatusCode::DECLINE));
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn whoever_transfers_may_hang_up_at_once() {
    let (mut world, alice, bob, carol) = three();
    world.on(carol, |phone, _| phone.habit = Habit::Answer(Duration::from_secs(5)));
    let (call, _) = world.establish(alice, "bob", bob);
    transfer(&mut world, alice, call, "carol");
    world.run(1);
    world.hang_up(alice, call);
    assert!(world.until(|world| world.talking() == [bob, carol]));
    world.run(2);
    let last = world.phone(bob).live_call().unwrap();
    world.hang_up(bob, last);
    world.assert_over();
}

#[test]
fn party_whom_nobody_takes_comes_back_to_who_sent_it_on_and_hung_up() {
    for answers in [true, false] {
        let (mut world, alice, bob, carol) = three();
        world.pbx().recalls = Some("alice");
        world.on(carol, |phone, _| phone.habit = Habit::Ignore);
        let (call, _) = world.establish(alice, "bob", bob);
        world.on(alice, |phone, _| {
            phone.habit = if answers { Habit::Answer(Duration::from_secs(2)) } else { Habit::Ignore }
        });
        transfer(&mut world, alice, call, "carol");
        world.run(1);
        world.hang_up(alice, call);
        if answers {
            assert!(world.until(|world| world.talking() == [alice, bob]));
            world.run(2);
            let last = world.phone(alice).live_call().unwrap();
            world.hang_up(alice, last);
        } else {
            world.run(60);
            assert!(world.talking().is_empty(), "nobody took it, there either");
        }
        world.assert_over();
    }
}

#[test]
fn party_whom_nobody_takes_stays_with_who_sent_it_on_and_waited() {
    let (mut world, alice, bob, carol) = three();
    world.pbx().recalls = Some("alice");
    world.on(carol, |phone, _| phone.habit = Habit::Ignore);
    let (call, _) = world.establish(alice, "bob", bob);
    transfer(&mut world, alice, call, "carol");
    world.run(40);
    assert_eq!(world.talking(), [alice, bob]);
    assert_eq!(world.phone(alice).live_call(), Some(call), "the same call");
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn party_that_hangs_up_during_a_transfer_ends_it() {
    let (mut world, alice, bob, carol) = three();
    world.on(carol, |phone, _| phone.habit = Habit::Ignore);
    let (call, taken) = world.establish(alice, "bob", bob);
    transfer(&mut world, alice, call, "carol");
    world.run(2);
    world.hang_up(bob, taken);
    world.assert_over();
}

#[test]
fn attended_transfer_connects_the_two_parties() {
    for delay in [Duration::ZERO, Duration::from_millis(300)] {
        let (mut world, alice, bob, carol) = three();
        world.pbx().media_delay = delay;
        let (call, _) = world.establish(alice, "bob", bob);
        let (consult, _) = world.establish(alice, "carol", carol);
        world.on(alice, |phone, network| {
            phone.command(network, |ua, now| ua.transfer_to_call(now, call, consult)).unwrap();
        });
        assert!(world.until(|world| world.talking() == [bob, carol]), "{:?}", world.talking());
        world.run(2);
        assert_eq!(world.phone(alice).view(call).transfer.last(), Some(&StatusCode::OK));
        let last = world.phone(bob).live_call().unwrap();
        world.hang_up(bob, last);
        world.assert_over();
    }
}

#[test]
fn attended_transfer_that_the_media_port_can_not_carry_leaves_two_calls() {
    for kind in [MediaKind::Offer, MediaKind::Answer] {
        let (mut world, alice, bob, carol) = three();
        let (call, _) = world.establish(alice, "bob", bob);
        let (consult, _) = world.establish(alice, "carol", carol);
        world.pbx().media_refuses = Some((kind, MediaTag(0)));
        world.on(alice, |phone, network| {
            phone.command(network, |ua, now| ua.transfer_to_call(now, call, consult)).unwrap();
        });
        world.run(5);
        assert_eq!(world.phone(alice).view(call).transfer.last(), Some(&StatusCode::NOT_ACCEPTABLE_HERE), "{kind:?}");
        assert_eq!((world.talking(), world.pbx().node.len()), (vec![alice, bob, carol], 2), "{kind:?}");
        world.pbx().media_refuses = None;
        world.hang_up(alice, call);
        assert_eq!(world.talking(), [alice, carol]);
        world.hang_up(alice, consult);
        world.assert_over();
    }
}

#[test]
fn attended_transfer_survives_a_target_that_offers_meanwhile() {
    for after in [0, 5, 15, 25, 35] {
        let (mut world, alice, bob, carol) = three();
        let (call, _) = world.establish(alice, "bob", bob);
        let (consult, taken) = world.establish(alice, "carol", carol);
        world.on(alice, |phone, network| {
            phone.command(network, |ua, now| ua.transfer_to_call(now, call, consult)).unwrap();
        });
        world.simulation.run_for(Duration::from_millis(after));
        world.on(carol, |phone, network| {
            let hold = phone.describe("hold");
            phone.command(network, |ua, now| ua.reinvite(now, taken, hold)).unwrap();
        });
        world.run(20);
        assert_eq!(world.talking(), [bob, carol], "{after}");
        let last = world.phone(bob).live_call().unwrap();
        world.hang_up(bob, last);
        world.assert_over();
    }
}

#[test]
fn invite_with_replaces_takes_a_call_over() {
    let (mut world, alice, bob, carol) = three();
    let (call, taken) = world.establish(alice, "bob", bob);
    let replaces = replaces_of(&mut world, true);
    let target = Uri::parse("sip:bob@example.test").unwrap();
    let pickup = world.on(carol, |phone, network| {
        let offer = phone.describe("offer");
        let headers = vec![("Replaces".to_owned(), replaces), ("Require".to_owned(), "replaces".to_owned())];
        phone.invite(network, Invite { headers, ..Invite::new(target, Some(offer)) })
    });
    assert!(world.until(|world| world.phone(carol).view(pickup).established));
    world.run(2);
    assert_eq!(world.talking(), [alice, carol]);
    assert!(world.phone(bob).view(taken).ended.is_some());
    world.hang_up(alice, call);
    world.assert_over();
}

/// The name of the leg to bob, as somebody who watches it knows it: seen from bob.
fn replaces_of(world: &mut World, answered: bool) -> String {
    let pbx = world.pbx();
    let mut legs = pbx.progress.iter().filter_map(|(_, progress)| match progress {
        bellbird_exchange::node::Progress::Called(call, _) => Some(*call),
        _ => None,
    });
    let name = pbx.ua.dialogs(legs.next_back().unwrap()).pop().unwrap();
    let early = if answered { "" } else { ";early-only" };
    format!("{};to-tag={};from-tag={}{early}", name.call_id, name.remote_tag, name.local_tag)
}

#[test]
fn ringing_call_is_picked_up_by_replaces() {
    let (mut world, alice, bob, carol) = three();
    world.on(bob, |phone, _| phone.habit = Habit::Ignore);
    let call = world.call(alice, "bob");
    world.run(1);
    let replaces = replaces_of(&mut world, false);
    let target = Uri::parse("sip:bob@example.test").unwrap();
    let pickup = world.on(carol, |phone, network| {
        let offer = phone.describe("offer");
        let headers = vec![("Replaces".to_owned(), replaces), ("Require".to_owned(), "replaces".to_owned())];
        phone.invite(network, Invite { headers, ..Invite::new(target, Some(offer)) })
    });
    assert!(world.until(|world| world.phone(alice).view(call).established));
    world.run(2);
    assert_eq!(world.talking(), [alice, carol]);
    assert_eq!(world.phone(carol).view(pickup).offers, 1, "the caller's offer reaches whoever picked up");
    world.hang_up(carol, pickup);
    world.assert_over();
}
