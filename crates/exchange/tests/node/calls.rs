use bellbird_base::{Duration, Protocol};
use bellbird_exchange::node::{MediaKind, MediaTag, Progress};
use bellbird_sip::agent::{CallEvent, EndReason, Event, Invite, Reliability};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use crate::phone::{Habit, Setup};
use crate::world::World;

pub fn three() -> (World, usize, usize, usize) {
    let mut world = World::new(1);
    let alice = world.add(Setup::new("alice", "10.0.0.2"));
    let bob = world.add(Setup::new("bob", "10.0.0.3"));
    let carol = world.add(Setup::new("carol", "10.0.0.4").over(Protocol::Tcp));
    world.pbx().numbers.insert("200".into(), vec![(vec!["bob", "carol"], Duration::from_secs(20))]);
    (world, alice, bob, carol)
}

fn habit(world: &mut World, who: usize, habit: Habit) {
    world.on(who, |phone, _| phone.habit = habit);
}

fn end(world: &World, who: usize) -> bellbird_sip::agent::CallEnd {
    world.phone(who).calls.values().last().unwrap().ended.clone().unwrap()
}

#[test]
fn call_is_connected_and_hung_up_by_either_side() {
    for caller_hangs_up in [true, false] {
        let (mut world, alice, bob, _) = three();
        let (call, taken) = world.establish(alice, "bob", bob);
        assert!(world.phone(alice).view(call).ringing);
        let (who, which) = if caller_hangs_up { (alice, call) } else { (bob, taken) };
        world.hang_up(who, which);
        world.assert_over();
    }
}

#[test]
fn called_device_sees_the_callers_name_and_number() {
    let (mut world, alice, bob, _) = three();
    let (call, _) = world.establish(alice, "bob", bob);
    let from = world.phone(bob).events.iter().find_map(|(_, event)| match event {
        Event::Call(_, CallEvent::Incoming(incoming)) => Some(incoming.from.clone()),
        _ => None,
    });
    let from = from.unwrap();
    assert_eq!((from.display_name.as_deref(), from.uri.user()), (Some("Name of alice"), Some("alice")));
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn first_device_to_answer_has_the_call_and_the_others_hear_why() {
    let (mut world, alice, bob, carol) = three();
    habit(&mut world, bob, Habit::Ignore);
    habit(&mut world, carol, Habit::Answer(Duration::from_secs(3)));
    let (call, _) = world.establish(alice, "200", carol);
    assert_eq!(world.talking(), [alice, carol]);
    assert_eq!(end(&world, bob).reason, EndReason::AnsweredElsewhere);
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn devices_that_answer_at_once_leave_one_winner() {
    for gap in [0, 1, 5, 10, 20, 21, 40] {
        let (mut world, alice, bob, carol) = three();
        habit(&mut world, bob, Habit::Answer(Duration::from_millis(1000)));
        habit(&mut world, carol, Habit::Answer(Duration::from_millis(1000 + gap)));
        let call = world.call(alice, "200");
        world.run(5);
        assert_eq!(world.talking().len(), 2, "{gap}");
        assert!(world.phone(alice).view(call).established);
        world.hang_up(alice, call);
        world.assert_over();
    }
}

#[test]
fn early_media_passes_only_with_one_device() {
    for (dialled, early) in [("bob", 1), ("200", 0)] {
        let (mut world, alice, bob, carol) = three();
        habit(&mut world, bob, Habit::Early(Duration::from_secs(2)));
        habit(&mut world, carol, Habit::Early(Duration::from_secs(4)));
        let (call, _) = world.establish(alice, dialled, bob);
        let view = world.phone(alice).view(call);
        assert_eq!((view.early, view.ringing), (early, early == 0), "{dialled}");
        world.hang_up(alice, call);
        world.assert_over();
    }
}

#[test]
fn caller_who_was_told_early_media_hears_the_device_that_answers_later() {
    let (mut world, alice, bob, carol) = three();
    let steps = vec![(vec!["bob"], Duration::from_secs(4)), (vec!["carol"], Duration::from_secs(9))];
    world.pbx().numbers.insert("300".into(), steps);
    habit(&mut world, bob, Habit::Early(Duration::from_secs(60)));
    let (call, _) = world.establish(alice, "300", carol);
    world.run(2);
    let view = world.phone(alice).view(call);
    assert_eq!((view.early, view.offers), (1, 1), "{view:?}");
    let given = world.pbx().questions.last().unwrap().body.bytes.clone();
    assert!(String::from_utf8(given).unwrap().contains("o=alice"), "the answer to the re-INVITE was the last");
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn busy_device_stops_alone_and_a_decline_stops_all() {
    let (mut world, alice, bob, carol) = three();
    habit(&mut world, bob, Habit::Refuse(StatusCode::BUSY_HERE));
    let (call, _) = world.establish(alice, "200", carol);
    world.hang_up(alice, call);
    habit(&mut world, bob, Habit::Refuse(StatusCode::DECLINE));
    habit(&mut world, carol, Habit::Ignore);
    world.call(alice, "200");
    world.run(2);
    assert_eq!(end(&world, alice).status, Some(StatusCode::DECLINE));
    world.assert_over();
}

#[test]
fn device_without_common_media_does_not_stop_the_others() {
    let (mut world, alice, bob, carol) = three();
    habit(&mut world, bob, Habit::Refuse(StatusCode::NOT_ACCEPTABLE_HERE));
    let (call, _) = world.establish(alice, "200", carol);
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn device_that_the_media_port_can_not_serve_does_not_stop_the_others() {
    let (mut world, alice, bob, carol) = three();
    world.pbx().media_refuses = Some((MediaKind::Offer, MediaTag(0)));
    let (call, _) = world.establish(alice, "200", carol);
    assert!(world.phone(bob).calls.is_empty());
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn caller_hears_what_the_devices_said() {
    let (mut world, alice, bob, carol) = three();
    habit(&mut world, bob, Habit::Refuse(StatusCode::TEMPORARILY_UNAVAILABLE));
    habit(&mut world, carol, Habit::Refuse(StatusCode::BUSY_HERE));
    world.call(alice, "200");
    world.run(2);
    assert_eq!(end(&world, alice).reason, EndReason::Busy);
    world.call(alice, "nobody");
    world.run(2);
    assert_eq!(end(&world, alice).reason, EndReason::Unavailable);
    world.assert_over();
}

#[test]
fn nobody_answers_and_the_call_goes_on_to_the_next_destination() {
    let (mut world, alice, bob, carol) = three();
    let steps = vec![(vec!["bob"], Duration::from_secs(5)), (vec!["carol"], Duration::from_secs(5))];
    world.pbx().numbers.insert("300".into(), steps);
    habit(&mut world, bob, Habit::Ignore);
    let (call, _) = world.establish(alice, "300", carol);
    assert_eq!(end(&world, bob).reason, EndReason::Cancelled);
    world.hang_up(alice, call);
    habit(&mut world, carol, Habit::Ignore);
    world.call(alice, "300");
    world.run(12);
    assert_eq!(end(&world, alice).reason, EndReason::Unavailable);
    world.assert_over();
}

#[test]
fn caller_who_gives_up_stops_all_devices() {
    let (mut world, alice, bob, carol) = three();
    habit(&mut world, bob, Habit::Ignore);
    habit(&mut world, carol, Habit::Ignore);
    let call = world.call(alice, "200");
    world.run(3);
    world.hang_up(alice, call);
    assert_eq!(end(&world, bob).reason, EndReason::Cancelled);
    assert_eq!(end(&world, carol).reason, EndReason::Cancelled);
    world.assert_over();
}

#[test]
fn invite_without_offer_is_connected() {
    let (mut world, alice, bob, _) = three();
    let target = Uri::parse("sip:bob@example.test").unwrap();
    let call = world.on(alice, |phone, network| phone.invite(network, Invite::new(target, None)));
    assert!(world.until(|world| world.phone(alice).view(call).established));
    world.run(1);
    let taken = world.phone(bob).live_call().unwrap();
    assert!(world.phone(bob).view(taken).established);
    assert_eq!(world.phone(alice).view(call).offers, 1);
    assert_eq!(world.phone(bob).view(taken).answers, 1);
    world.hang_up(bob, taken);
    world.assert_over();
}

#[test]
fn reliable_responses_on_one_leg_only_work() {
    let mut world = World::new(1);
    let always = |config: &mut bellbird_sip::agent::Config| config.reliable_provisional = Reliability::Always;
    let alice = world.add(Setup::new("alice", "10.0.0.2"));
    let bob = world.add(Setup::new("bob", "10.0.0.3").with(always));
    for early in [Habit::Early(Duration::from_secs(1)), Habit::Answer(Duration::from_secs(1))] {
        habit(&mut world, bob, early);
        let (call, _) = world.establish(alice, "bob", bob);
        world.hang_up(alice, call);
    }
    world.assert_over();
}

fn reoffer(world: &mut World, who: usize, call: bellbird_sip::agent::CallId) {
    world.on(who, |phone, network| {
        let offer = phone.describe("hold");
        phone.command(network, |ua, now| ua.reinvite(now, call, offer)).unwrap();
    });
}

#[test]
fn offers_in_mid_call_pass_from_end_to_end_and_crossing_ones_too() {
    for delay in [Duration::ZERO, Duration::from_millis(300)] {
        let (mut world, alice, bob, _) = three();
        world.pbx().media_delay = delay;
        let (call, taken) = world.establish(alice, "bob", bob);
        reoffer(&mut world, alice, call);
        world.run(2);
        assert_eq!((world.phone(alice).view(call).answers, world.phone(bob).view(taken).offers), (1, 1));
        world.on(bob, |phone, network| {
            let offer = phone.describe("update");
            phone.command(network, |ua, now| ua.update(now, taken, offer)).unwrap();
        });
        world.run(2);
        assert_eq!((world.phone(bob).view(taken).answers, world.phone(alice).view(call).offers), (1, 1));
        reoffer(&mut world, alice, call);
        reoffer(&mut world, bob, taken);
        world.run(30);
        assert_eq!(world.phone(alice).view(call).answers, 2, "{delay:?} {:?}", world.phone(alice).view(call));
        assert_eq!(world.phone(bob).view(taken).answers, 2, "{delay:?} {:?}", world.phone(bob).view(taken));
        world.hang_up(alice, call);
        world.assert_over();
    }
}

#[test]
fn end_that_asks_for_an_offer_gets_the_others() {
    let (mut world, alice, bob, _) = three();
    let (call, taken) = world.establish(alice, "bob", bob);
    world.on(alice, |phone, network| phone.command(network, |ua, now| ua.ask_offer(now, call)).unwrap());
    world.run(2);
    assert_eq!(world.phone(alice).view(call).offers, 1);
    assert_eq!(world.phone(bob).view(taken).answers, 1);
    world.hang_up(bob, taken);
    world.assert_over();
}

#[test]
fn digits_pass_from_end_to_end() {
    let (mut world, alice, bob, _) = three();
    let (call, taken) = world.establish(alice, "bob", bob);
    for digit in ['1', '#'] {
        world.on(alice, |phone, network| {
            phone.command(network, |ua, now| ua.send_digit_info(now, call, digit, Duration::from_millis(100))).unwrap();
        });
        world.run(1);
    }
    assert_eq!(world.phone(bob).view(taken).digits, "1#");
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn long_calls_are_kept_by_the_session_timer_of_each_leg() {
    let (mut world, alice, bob, _) = three();
    let (call, _) = world.establish(alice, "bob", bob);
    world.run(5_000);
    assert_eq!(world.talking(), [alice, bob]);
    world.hang_up(alice, call);
    world.assert_over();
}

#[test]
fn calls_go_on_after_a_restart_of_the_server() {
    let (mut world, alice, bob, _) = three();
    let (call, taken) = world.establish(alice, "bob", bob);
    world.on_pbx(|pbx, network| pbx.restart(network));
    world.run(5);
    reoffer(&mut world, alice, call);
    world.run(2);
    reoffer(&mut world, bob, taken);
    world.run(2);
    assert_eq!(world.phone(alice).view(call).answers, 1);
    assert_eq!(world.phone(bob).view(taken).answers, 1);
    world.hang_up(bob, taken);
    assert!(world.phone(alice).view(call).ended.is_some());
    world.assert_over();
}

#[test]
fn server_calls_the_desk_phone_first_and_then_the_target() {
    let (mut world, alice, bob, _) = three();
    let session = world.on_pbx(|pbx, network| pbx.dial(network, "alice", "bob")).unwrap();
    assert!(world.until(|world| world.talking() == [alice, bob]));
    world.run(2);
    let first = world
        .pbx()
        .progress
        .iter()
        .any(|(id, progress)| *id == session && matches!(progress, Progress::FirstAnswered(_)));
    assert!(first);
    let taken = world.phone(alice).live_call().unwrap();
    assert_eq!(world.phone(alice).view(taken).offers, 1, "the target's offer reaches the first leg");
    world.hang_up(alice, taken);
    world.assert_over();
}

/// The server calls alice, and then bob with an offer; bob does what he is told to before.
fn dialled(prepare: impl FnOnce(&mut World, usize, usize)) -> (World, usize, usize) {
    let (mut world, alice, bob, _) = three();
    prepare(&mut world, alice, bob);
    world.pbx().wants_offers = true;
    world.on_pbx(|pbx, network| pbx.dial(network, "alice", "bob")).unwrap();
    (world, alice, bob)
}

#[test]
fn target_that_wants_an_offer_gets_the_first_legs_and_the_first_leg_its_answer() {
    for early in [false, true] {
        let (mut world, alice, bob) = dialled(|world, _, bob| {
            world.on(bob, |phone, _| phone.needs_offers = true);
            habit(
                world,
                bob,
                if early { Habit::Early(Duration::from_secs(2)) } else { Habit::Answer(Duration::from_secs(1)) },
            );
        });
        assert!(world.until(|world| world.talking() == [alice, bob]), "{early}");
        world.run(3);
        let kinds: Vec<(MediaKind, u64, u64)> = world
            .pbx()
            .questions
            .iter()
            .map(|question| (question.kind, question.from.tag.0, question.to.tag.0))
            .collect();
        let way = [
            (MediaKind::Park, 70, 70),
            (MediaKind::Again, 70, 0),
            (MediaKind::Offer, 0, 70),
            (MediaKind::Answer, 70, 0),
        ];
        assert_eq!(kinds, way);
        let given = world.pbx().questions[2].body.bytes.clone();
        assert!(
            String::from_utf8(given).unwrap().contains("o=bob"),
            "the first leg is offered what the target answered"
        );
        let taken = world.phone(alice).live_call().unwrap();
        assert_eq!(world.phone(alice).view(taken).offers, 1);
        assert_eq!(world.pbx().saved.len(), 1);
        world.on_pbx(|pbx, network| pbx.restart(network));
        world.hang_up(alice, taken);
        assert!(world.until(|world| world.phone(bob).live_calls().is_empty()));
        world.assert_over();
    }
}

#[test]
fn target_that_can_not_take_the_first_legs_offer_is_asked_for_its_own() {
    let (mut world, alice, bob) = dialled(|world, _, _| {
        // The media port has no way from one to the other in this direction.
        world.pbx().media_refuses = Some((MediaKind::Again, MediaTag(0)));
    });
    assert!(world.until(|world| world.talking() == [alice, bob]));
    world.run(2);
    let taken = world.phone(alice).live_call().unwrap();
    world.hang_up(alice, taken);
    world.assert_over();
}

#[test]
fn first_leg_that_refuses_what_the_target_answered_ends_the_call() {
    let (mut world, alice, _) = dialled(|world, alice, _| world.on(alice, |phone, _| phone.takes_offers = false));
    assert!(world.until(|world| world.phone(alice).calls.len() == 1));
    world.run(10);
    assert!(world.talking().is_empty());
    world.assert_over();
}

#[test]
fn call_that_the_server_makes_is_cancelled_or_comes_to_nothing() {
    for (cancel, callee) in [(true, Habit::Ignore), (false, Habit::Refuse(StatusCode::BUSY_HERE))] {
        let (mut world, alice, bob, _) = three();
        habit(&mut world, bob, callee);
        let session = world.on_pbx(|pbx, network| pbx.dial(network, "alice", "bob")).unwrap();
        world.run(5);
        if cancel {
            assert_eq!(world.talking(), [alice]);
            world.on_pbx(|pbx, network| pbx.command(network, |node, ua, now| node.hang_up(ua, now, session)));
        }
        world.run(3);
        world.assert_over();
    }
}
