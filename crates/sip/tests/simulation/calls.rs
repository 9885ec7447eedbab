use bellbird_base::{Duration, Protocol};
use bellbird_sip::agent::{EndReason, EndedBy, Invite, Reliability};
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
        if let crate::hosts::Host::Phone(_) = &world.simulation.nodes[number] {
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

#[test]
fn reinvite_of_either_side_is_answered() {
    let (mut world, alice, bob) = direct();
    let (call, taken) = world.establish(alice, bob);
    for (who, which) in [(alice, call), (bob, taken), (alice, call)] {
        world.on(who, |phone, network| {
            let offer = phone.describe("hold");
            phone.command(network, |ua, now| ua.reinvite(now, which, offer)).unwrap();
        });
        world.run(Duration::from_secs(1));
    }
    assert_eq!(world.phone(alice).view(call).answers, 2);
    assert_eq!(world.phone(bob).view(taken).answers, 1);
    hang_up(&mut world, alice);
    finish(world);
}

#[test]
fn reinvites_that_cross_are_both_done_in_the_end() {
    let (mut world, alice, bob) = direct();
    let (call, taken) = world.establish(alice, bob);
    for (who, which) in [(alice, call), (bob, taken)] {
        world.on(who, |phone, network| {
            let offer = phone.describe("hold");
            phone.command(network, |ua, now| ua.reinvite(now, which, offer)).unwrap();
        });
    }
    world.run(Duration::from_secs(10));
    assert_eq!(world.phone(alice).view(call).answers, 1);
    assert_eq!(world.phone(bob).view(taken).answers, 1);
    assert!(world.phone(alice).view(call).rejected.is_empty());
    hang_up(&mut world, bob);
    finish(world);
}

#[test]
fn update_carries_an_offer_too() {
    let (mut world, alice, bob) = direct();
    let (call, taken) = world.establish(alice, bob);
    world.on(alice, |phone, network| {
        let offer = phone.describe("hold");
        phone.command(network, |ua, now| ua.update(now, call, offer)).unwrap();
    });
    world.run(Duration::from_secs(1));
    assert_eq!((world.phone(alice).view(call).answers, world.phone(bob).view(taken).offers), (1, 1));
    hang_up(&mut world, bob);
    finish(world);
}

#[test]
fn early_media_is_sent_reliably_and_the_answer_needs_none_again() {
    let (mut world, alice, bob) = direct();
    world.on(bob, |phone, _| phone.habit = Habit::Early(Duration::from_secs(2)));
    let (call, _) = world.establish(alice, bob);
    assert_eq!(world.phone(alice).view(call).early, 1);
    let pracks = world.phone(alice).events.len();
    assert!(pracks > 0);
    hang_up(&mut world, alice);
    finish(world);
}

#[test]
fn every_provisional_response_is_reliable_where_that_is_wanted() {
    let mut world = World::new(1);
    let alice = world.add(Setup::direct("alice", "10.0.0.2"));
    let always = |config: &mut bellbird_sip::agent::Config| config.reliable_provisional = Reliability::Always;
    let bob = world.add(Setup::direct("bob", "10.0.0.3").with(always));
    let (call, _) = world.establish(alice, bob);
    assert!(world.phone(alice).view(call).ringing);
    hang_up(&mut world, bob);
    finish(world);
}

#[test]
fn call_without_offer_gets_the_callees_and_answers_it() {
    for early in [false, true] {
        let (mut world, alice, bob) = direct();
        if early {
            world.on(bob, |phone, _| phone.habit = Habit::Early(Duration::from_secs(1)));
        }
        let target = world.target(bob);
        let call = world.on(alice, |phone, network| phone.invite(network, Invite::new(target, None)));
        assert!(world.until(|world| world.phone(alice).view(call).established));
        world.run(Duration::from_secs(1));
        let taken = world.phone(bob).live_call().unwrap();
        assert_eq!((world.phone(alice).view(call).offers, world.phone(bob).view(taken).answers), (1, 1));
        hang_up(&mut world, alice);
        finish(world);
    }
}

#[test]
fn digits_go_by_info() {
    let (mut world, alice, bob) = direct();
    let (call, taken) = world.establish(alice, bob);
    for digit in ['1', '#', 'D'] {
        let duration = Duration::from_millis(120);
        world.on(alice, |phone, network| {
            phone.command(network, |ua, now| ua.send_digit_info(now, call, digit, duration)).unwrap();
        });
    }
    world.run(Duration::from_secs(1));
    assert_eq!(world.phone(bob).view(taken).digits, "1#D");
    hang_up(&mut world, alice);
    finish(world);
}

#[test]
fn session_is_refreshed_as_long_as_both_live_and_ends_when_one_vanishes() {
    let mut world = World::new(1);
    let short = |config: &mut bellbird_sip::agent::Config| config.session.interval = Some(Duration::from_secs(120));
    let alice = world.add(Setup::direct("alice", "10.0.0.2").with(short));
    let bob = world.add(Setup::direct("bob", "10.0.0.3").with(short));
    let (call, taken) = world.establish(alice, bob);
    world.run(Duration::from_secs(3600));
    assert!(world.phone(alice).view(call).ended.is_none());
    world.simulation.network.set_all_links(bellbird_testkit::Link::DOWN);
    world.run(Duration::from_secs(200));
    assert_eq!(world.phone(alice).view(call).ended.as_ref().unwrap().reason, EndReason::Lost);
    assert_eq!(world.phone(bob).view(taken).ended.as_ref().unwrap().reason, EndReason::Lost);
    finish(world);
}

#[test]
fn interval_that_is_too_small_is_raised() {
    let mut world = World::new(1);
    let hasty = |config: &mut bellbird_sip::agent::Config| {
        config.session.interval = Some(Duration::from_secs(60));
        config.session.minimum = Duration::from_secs(60);
    };
    let alice = world.add(Setup::direct("alice", "10.0.0.2").with(hasty));
    let bob = world.add(Setup::direct("bob", "10.0.0.3"));
    world.establish(alice, bob);
    hang_up(&mut world, bob);
    finish(world);
}

#[test]
fn blind_transfer_tells_how_it_goes() {
    let (mut world, alice, bob) = proxied(Protocol::Udp);
    let carol = world.add_registered(Setup::new("carol", "10.0.0.4"));
    let (_, taken) = world.establish(alice, bob);
    let target = world.target(carol);
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.transfer(now, taken, &target)).unwrap());
    world.run(Duration::from_secs(10));
    let progress: Vec<u16> = world.phone(bob).view(taken).transfer.iter().map(|status| status.code()).collect();
    assert_eq!(progress, [100, 180, 200]);
    assert!(world.phone(bob).live_calls().is_empty());
    assert_eq!(world.phone(alice).live_calls().len(), 1);
    assert_eq!(world.phone(carol).live_calls().len(), 1);
    hang_up(&mut world, carol);
    finish(world);
}

#[test]
fn transfer_that_fails_leaves_the_call_as_it_was() {
    let (mut world, alice, bob) = proxied(Protocol::Udp);
    let carol = world.add_registered(Setup::new("carol", "10.0.0.4"));
    world.on(carol, |phone, _| phone.habit = Habit::Refuse(StatusCode::BUSY_HERE));
    let (_, taken) = world.establish(alice, bob);
    let target = world.target(carol);
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.transfer(now, taken, &target)).unwrap());
    world.run(Duration::from_secs(10));
    assert_eq!(world.phone(bob).view(taken).transfer.last(), Some(&StatusCode::BUSY_HERE));
    assert_eq!(world.phone(bob).live_calls(), [taken]);
    hang_up(&mut world, bob);
    finish(world);
}

#[test]
fn transfer_that_the_user_refuses_is_declined() {
    let (mut world, alice, bob) = direct();
    world.on(alice, |phone, _| phone.transfers = false);
    let (_, taken) = world.establish(alice, bob);
    let target = bellbird_sip::uri::Uri::parse("sip:carol@10.0.0.9").unwrap();
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.transfer(now, taken, &target)).unwrap());
    world.run(Duration::from_secs(3));
    assert_eq!(world.phone(bob).view(taken).transfer.last(), Some(&StatusCode::DECLINE));
    hang_up(&mut world, alice);
    finish(world);
}

#[test]
fn attended_transfer_connects_the_other_two() {
    for direct_calls in [true, false] {
        let (mut world, alice, bob) = if direct_calls { direct() } else { proxied(Protocol::Udp) };
        let setup = if direct_calls { Setup::direct("carol", "10.0.0.4") } else { Setup::new("carol", "10.0.0.4") };
        let carol = if direct_calls { world.add(setup) } else { world.add_registered(setup) };
        let (_, taken) = world.establish(alice, bob);
        let (consult, _) = world.establish(bob, carol);
        world.on(bob, |phone, network| {
            phone.command(network, |ua, now| ua.transfer_to_call(now, taken, consult)).unwrap();
        });
        world.run(Duration::from_secs(10));
        assert!(world.phone(bob).live_calls().is_empty());
        assert_eq!(world.phone(bob).view(consult).ended.as_ref().unwrap().reason, EndReason::HungUp);
        let replaced = world.phone(carol).calls.values().filter_map(|view| view.ended.as_ref());
        assert!(replaced.map(|end| end.reason).any(|reason| reason == EndReason::Replaced));
        assert_eq!(world.phone(alice).live_calls().len(), 1);
        assert_eq!(world.phone(carol).live_calls().len(), 1);
        hang_up(&mut world, alice);
        finish(world);
    }
}

#[test]
fn forked_call_that_another_phone_answers_is_not_missed() {
    let (mut world, alice, bob) = proxied(Protocol::Udp);
    let other = Setup { instance: "bob-2", ..Setup::new("bob", "10.0.0.5") };
    let other = world.add_registered(other);
    world.on(other, |phone, _| phone.habit = Habit::Ignore);
    let (call, _) = world.establish(alice, bob);
    world.run(Duration::from_secs(2));
    let end = world.phone(other).calls.values().next().unwrap().ended.clone().unwrap();
    assert_eq!(end.reason, EndReason::AnsweredElsewhere);
    assert!(world.phone(alice).view(call).ended.is_none());
    hang_up(&mut world, alice);
    finish(world);
}

#[test]
fn answers_of_two_phones_at_once_leave_one_call() {
    let (mut world, alice, bob) = proxied(Protocol::Udp);
    let other = Setup { instance: "bob-2", ..Setup::new("bob", "10.0.0.5") };
    let other = world.add_registered(other);
    let target = world.target(bob);
    world.on(alice, |phone, network| phone.call(network, target));
    world.run(Duration::from_secs(5));
    assert_eq!(world.phone(alice).live_calls().len(), 1);
    let live = world.phone(bob).live_calls().len() + world.phone(other).live_calls().len();
    assert_eq!(live, 1);
    hang_up(&mut world, alice);
    finish(world);
}

#[test]
fn cancel_that_crosses_the_answer_leaves_no_call() {
    for after in 990..1030 {
        let (mut world, alice, bob) = direct();
        let target = world.target(bob);
        let call = world.on(alice, |phone, network| phone.call(network, target));
        world.run(Duration::from_millis(after));
        let _ = world.on(alice, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)));
        finish(world);
    }
}

#[test]
fn nobody_answers_and_both_sides_give_up() {
    let (mut world, alice, bob) = direct();
    world.on(bob, |phone, _| phone.habit = Habit::Ignore);
    let target = world.target(bob);
    let call = world.on(alice, |phone, network| phone.call(network, target));
    world.run(Duration::from_secs(200));
    let reason = world.phone(alice).view(call).ended.as_ref().unwrap().reason;
    assert!(matches!(reason, EndReason::NoAnswer | EndReason::Unavailable), "{reason:?}");
    finish(world);
}

#[test]
fn redirected_call_goes_to_the_new_target() {
    let (mut world, alice, bob) = direct();
    let carol = world.add(Setup::direct("carol", "10.0.0.4"));
    world.on(bob, |phone, _| phone.habit = Habit::Ignore);
    let target = world.target(bob);
    let call = world.on(alice, |phone, network| phone.call(network, target));
    world.run(Duration::from_secs(1));
    let (elsewhere, ringing) = (world.target(carol), world.phone(bob).live_call().unwrap());
    world.on(bob, |phone, network| {
        phone.command(network, |ua, now| ua.redirect(now, ringing, &[elsewhere])).unwrap();
    });
    assert!(world.until(|world| world.phone(alice).view(call).established));
    assert_eq!(world.phone(carol).live_calls().len(), 1);
    hang_up(&mut world, carol);
    finish(world);
}

#[test]
fn call_to_nobody_ends_without_response() {
    let mut world = World::new(1);
    let alice = world.add(Setup::direct("alice", "10.0.0.2"));
    let target = bellbird_sip::uri::Uri::parse("sip:ghost@10.0.0.66").unwrap();
    let call = world.on(alice, |phone, network| phone.call(network, target));
    world.run(Duration::from_secs(40));
    assert_eq!(world.phone(alice).view(call).ended.as_ref().unwrap().reason, EndReason::NoResponse);
    finish(world);
}

#[test]
fn large_request_leaves_udp_and_comes_back_where_nobody_listens() {
    for listens in [true, false] {
        let (mut world, alice, bob) = direct();
        if !listens {
            world.simulation.network.stop_listening("10.0.0.3:5060".parse().unwrap());
        }
        let target = world.target(bob);
        let offer = bellbird_sip::agent::Body::sdp("v=0\r\n".repeat(400));
        let call = world.on(alice, |phone, network| phone.invite(network, Invite::new(target, Some(offer))));
        assert!(world.until(|world| world.phone(alice).view(call).established));
        hang_up(&mut world, alice);
        finish(world);
    }
}

#[test]
fn call_survives_a_caller_that_moves_to_another_network() {
    for protocol in [Protocol::Udp, Protocol::Tcp] {
        let (mut world, alice, bob) = proxied(protocol);
        let (call, taken) = world.establish(alice, bob);
        world.on(alice, |phone, network| phone.move_to(network, "10.0.0.77"));
        let heard = world.until_within(Duration::from_secs(3), |world| world.phone(bob).view(taken).offers == 1);
        assert!(heard, "{protocol}");
        world.run(Duration::from_secs(1));
        assert!(world.phone(alice).view(call).ended.is_none());
        // The other side finds the new address too.
        hang_up(&mut world, bob);
        world.run(Duration::from_secs(2));
        assert!(world.phone(alice).view(call).ended.is_some());
        finish(world);
    }
}

#[test]
fn call_over_a_connection_that_breaks_is_reached_over_the_next_one() {
    for who_hangs_up in 0..2 {
        let mut world = World::with_proxy(1);
        let alice = world.add_registered(Setup::new("alice", "10.0.0.2").over(Protocol::Tcp));
        let bob = world.add_registered(Setup::new("bob", "10.0.0.3"));
        let (call, taken) = world.establish(alice, bob);
        world.restart_proxy();
        world.run(Duration::from_secs(5));
        hang_up(&mut world, [alice, bob][who_hangs_up]);
        world.run(Duration::from_secs(3));
        assert!(world.phone(alice).view(call).ended.is_some());
        assert!(world.phone(bob).view(taken).ended.is_some());
        finish(world);
    }
}

fn both_over_tcp(gruu: bool) -> (World, usize, usize) {
    let mut world = World::with_proxy(1);
    let setup = |name, ip| Setup { gruu, ..Setup::new(name, ip).over(Protocol::Tcp) };
    let alice = world.add_registered(setup("alice", "10.0.0.2"));
    let bob = world.add_registered(setup("bob", "10.0.0.3"));
    (world, alice, bob)
}

#[test]
fn call_whose_ends_both_lost_their_connection_ends_at_once_where_neither_can_find_the_other() {
    let (mut world, alice, bob) = both_over_tcp(false);
    let (call, taken) = world.establish(alice, bob);
    world.restart_proxy();
    let over = world.until_within(Duration::from_secs(40), |world| {
        world.phone(alice).view(call).ended.is_some() && world.phone(bob).view(taken).ended.is_some()
    });
    assert!(over);
    assert_eq!(world.phone(alice).view(call).ended.as_ref().unwrap().reason, EndReason::Lost);
    finish(world);
}

#[test]
fn call_with_gruus_outlives_the_connections_of_both_ends() {
    for who_hangs_up in 0..2 {
        let (mut world, alice, bob) = both_over_tcp(true);
        let (call, taken) = world.establish(alice, bob);
        world.restart_proxy();
        world.run(Duration::from_secs(60));
        assert!(world.phone(alice).view(call).ended.is_none());
        assert!(world.phone(bob).view(taken).ended.is_none());
        hang_up(&mut world, [alice, bob][who_hangs_up]);
        world.run(Duration::from_secs(3));
        assert_eq!(world.phone(alice).view(call).ended.as_ref().unwrap().reason, EndReason::HungUp);
        assert_eq!(world.phone(bob).view(taken).ended.as_ref().unwrap().reason, EndReason::HungUp);
        finish(world);
    }
}

fn hang_up(world: &mut World, number: usize) {
    let calls = world.phone(number).live_calls();
    for call in calls {
        world.on(number, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    }
}
