use std::net::IpAddr;

use bellbird_base::{Duration, Protocol};
use bellbird_exchange::directory::{AccountSecret, ClientLogin, ClientRouting};
use bellbird_exchange::notifier::feature::{CONTENT_TYPE, NAMESPACE};
use bellbird_exchange::words::*;
use bellbird_exchange::{Event, NotStored};
use bellbird_sip::agent::CallEvent;
use bellbird_sip::digest::{Ha1, Hash, Secret};
use bellbird_sip::message::Body;
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;
use bellbird_testkit::{Link, Nat, Network};

use crate::host::DOMAIN;
use crate::office::*;
use crate::phone::{Habit, Setup};
use crate::world::World;

pub fn alice_desk() -> Setup {
    Setup::new("alice-desk", "10.0.1.1")
}

fn alice_app() -> Setup {
    Setup::new("alice-app", "10.0.1.2").over(Protocol::Tcp)
}

pub fn bob() -> Setup {
    Setup::new("bob", "10.0.2.1")
}

fn carol() -> Setup {
    Setup::new("carol", "10.0.3.1").over(Protocol::Tcp)
}

fn set_dnd(on: bool) -> Body {
    let text = format!(
        "<SetDoNotDisturb xmlns=\"{NAMESPACE}\"><device>alice-desk</device><doNotDisturbOn>{on}</doNotDisturbOn></SetDoNotDisturb>"
    );
    Body::new(CONTENT_TYPE, text)
}

fn is_on_dnd(world: &World, user: UserId) -> bool {
    let now = START.after(world.simulation.now() - bellbird_base::Instant::ORIGIN);
    world.office().parts.users.iter().any(|known| known.id == user && known.is_on_dnd(now))
}

#[test]
fn a_call_rings_all_devices_and_shows_the_person() {
    let mut world = World::new(1);
    let (desk, app) = (world.register(alice_desk()), world.register(alice_app()));
    let bob = world.register(bob());
    world.on(desk, |phone, _| phone.habit = Habit::Ignore);
    let call = world.outcome(bob, "601").unwrap();
    assert_eq!((world.calls_of(desk), world.calls_of(app)), (1, 1));
    let shown = world.phone(app).events.iter().find_map(|(_, event)| match event {
        bellbird_sip::agent::Event::Call(_, CallEvent::Incoming(incoming)) => Some(incoming.from.clone()),
        _ => None,
    });
    let shown = shown.unwrap();
    assert_eq!((shown.uri.user(), shown.display_name.as_deref(), shown.asserted), (Some("602"), Some("Bob"), true));
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    let over = |world: &World| {
        world.office().events.iter().find_map(|event| match event {
            Event::CallOver(report) => Some(report.clone()),
            _ => None,
        })
    };
    assert!(world.until(|world| over(world).is_some()));
    let report = over(&world).unwrap();
    let mut causes: Vec<Cause> = report.reasons.iter().map(|why| why.reason.cause).collect();
    causes.sort();
    assert_eq!(causes, [Cause::Answered, Cause::AnsweredElsewhere]);
    assert!(report.answered.is_some() && report.failed.is_none());
    assert!(world.until(|world| world.office().calls.is_empty()));
}

#[test]
fn a_registration_is_acknowledged_only_once_it_is_stored() {
    let mut world = World::new(2);
    world.in_office(|office, _| office.store_fails = Some(NotStored::Failed));
    let bob = world.add(bob());
    world.on(bob, |phone, network| phone.register(network));
    world.run(Duration::from_secs(5));
    assert!(!world.phone(bob).is_registered());
    world.in_office(|office, _| office.store_fails = None);
    assert!(world.until(|world| world.phone(bob).is_registered()));
}

#[test]
fn dnd_by_a_desk_phones_key_silences_the_app_and_lights_the_key() {
    let mut world = World::new(3);
    let (desk, app) = (world.register(alice_desk()), world.register(alice_app()));
    let bob = world.register(bob());
    let lamp = world.subscribe(desk, "as-feature-event", "alice-desk", None);
    assert!(world.until(|world| !world.news(desk, lamp).is_empty()));
    assert!(world.news(desk, lamp)[0].contains("<doNotDisturbOn>false"));
    world.subscribe(desk, "as-feature-event", "alice-desk", Some(set_dnd(true)));
    assert!(world.until(|world| is_on_dnd(world, ALICE)));
    assert!(world.until(|world| world.news(desk, lamp).iter().any(|news| news.contains("<doNotDisturbOn>true"))));
    let refused = world.outcome(bob, "601").unwrap_err();
    assert_eq!(refused.0, 480);
    assert_eq!((world.calls_of(desk), world.calls_of(app)), (0, 0));
    let presence =
        world.office().events.iter().any(|event| matches!(event, Event::Presence(ALICE, Presence::DoNotDisturb)));
    assert!(presence);
    let applied =
        |world: &World| {
            world.office().events.iter().any(|event| {
                matches!(event, Event::Receipt(ALICE, Receipt { state: ReceiptState::Applied { .. }, .. }))
            })
        };
    assert!(world.until(|world| applied(world)));
}

fn set_dnd_in_storage(world: &mut World, user: UserId, on: bool) {
    world.in_office(|office, network| {
        let now = START.after(network.now() - bellbird_base::Instant::ORIGIN);
        let stamp = Hlc { millis: now.0, counter: 0, node: 9 };
        let by = DndSource::App { client: "laptop".into() };
        assert!(office.user(user).dnd.merge(DndAct { stamp, on, until: None, by }));
        office.publish(network);
    });
}

pub fn report(world: &World) -> Option<Box<bellbird_exchange::CallReport>> {
    world.office().events.iter().rev().find_map(|event| match event {
        Event::CallOver(report) => Some(report.clone()),
        _ => None,
    })
}

#[test]
fn dnd_set_while_a_call_rings_silences_it_and_sends_it_to_the_destination_if_no_answer() {
    let mut world = World::new(41);
    let (desk, app) = (world.register(alice_desk()), world.register(alice_app()));
    let (bob, carol) = (world.register(bob()), world.register(carol()));
    world.on(desk, |phone, _| phone.habit = Habit::Ignore);
    world.on(app, |phone, _| phone.habit = Habit::Ignore);
    world.in_office(|office, network| {
        let telephony = &mut office.user(ALICE).telephony;
        telephony.no_answer = Destination::User { user: CAROL };
        // This rests: it would ring after the ring time.
        let to = Destination::External { number: "0612345678".into() };
        telephony.forwarding.no_answer = Some(Forwarding { active: true, to });
        office.publish(network);
    });
    let call = world.dial(bob, "601");
    assert!(world.until(|world| world.calls_of(desk) == 1 && world.calls_of(app) == 1));
    set_dnd_in_storage(&mut world, ALICE, true);
    let silent = |world: &World, phone: usize| world.phone(phone).calls.values().all(|call| call.ended.is_some());
    assert!(world.until(|world| silent(world, desk) && silent(world, app)));
    assert!(world.until(|world| world.view(bob, call).established));
    assert_eq!(world.calls_of(carol), 1);
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    assert!(world.until(|world| report(world).is_some()));
    let report = report(&world).unwrap();
    let of = |user| report.reasons.iter().filter(move |why| why.reason.user == Some(user)).map(|why| &why.reason);
    assert_eq!(of(ALICE).count(), 2);
    assert!(of(ALICE).all(|reason| reason.rang && reason.cause == Cause::DoNotDisturb), "{:?}", report.reasons);
    assert!(of(CAROL).all(|reason| reason.rang && reason.cause == Cause::Answered));
    assert!(report.reasons.iter().any(|why| why.reason.cause == Cause::DestinationIfNoAnswer));
}

#[test]
fn a_transfer_that_nobody_takes_comes_back_in_spite_of_do_not_disturb() {
    let mut world = World::new(43);
    let (bob, desk, carol) = (world.register(bob()), world.register(alice_desk()), world.register(carol()));
    world.on(carol, |phone, _| phone.habit = Habit::Ignore);
    let call = world.dial(desk, "602");
    assert!(world.until(|world| world.view(desk, call).established));
    let target = Uri::sip(Some("603"), DOMAIN, None).unwrap();
    world.on(desk, |phone, network| phone.command(network, |ua, now| ua.transfer(now, call, &target)).unwrap());
    assert!(world.until(|world| world.calls_of(carol) == 1));
    world.on(desk, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    set_dnd_in_storage(&mut world, ALICE, true);
    let before = world.calls_of(desk);
    assert!(world.until(|world| world.calls_of(desk) == before + 1), "it rings where it came from");
    let back = world.phone(desk).live_call().unwrap();
    assert!(world.until(|world| world.view(desk, back).established));
    world.run(Duration::from_secs(2));
    assert!(world.phone(bob).live_call().is_some(), "and they talk");
    world.on(desk, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, back)).unwrap());
    assert!(world.until(|world| world.phone(bob).live_call().is_none()));
}

#[test]
fn dnd_set_while_a_call_by_desk_phone_rings_there_leaves_ones_own_leg() {
    let mut world = World::new(42);
    let desk = world.register(alice_desk());
    let bob = world.register(bob());
    world.on(desk, |phone, _| phone.habit = Habit::Answer(Duration::from_secs(3)));
    world.in_office(|office, network| {
        let first = bellbird_exchange::FirstLeg::DeskPhone(DESK);
        office.exchange.dial(ORG, ALICE, &first, "602", false).unwrap();
        office.command(network, bellbird_exchange::Command::RestoreBindings(Vec::new()));
    });
    assert!(world.until(|world| world.calls_of(desk) == 1));
    set_dnd_in_storage(&mut world, ALICE, true);
    assert!(world.until(|world| world.calls_of(bob) == 1));
    world.on(bob, |phone, network| {
        let call = *phone.calls.keys().next().unwrap();
        phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap();
    });
    assert!(world.until(|world| report(world).is_some()));
    let why = report(&world).unwrap().reasons;
    assert!(why.iter().any(|why| why.reason.rang && why.reason.cause == Cause::CallMethod), "{why:?}");
}

#[test]
fn presence_comes_back_when_dnd_is_turned_off() {
    let mut world = World::new(43);
    world.register(alice_desk());
    set_dnd_in_storage(&mut world, ALICE, true);
    world.run(Duration::from_secs(1));
    set_dnd_in_storage(&mut world, ALICE, false);
    let told: Vec<Presence> = world
        .office()
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Presence(ALICE, presence) => Some(*presence),
            _ => None,
        })
        .collect();
    assert_eq!(told.last(), Some(&Presence::Available));
}

#[test]
fn dnd_by_the_app_lights_the_desk_phones_key_and_ends_by_itself() {
    let mut world = World::new(4);
    let desk = world.register(alice_desk());
    let lamp = world.subscribe(desk, "as-feature-event", "alice-desk", None);
    assert!(world.until(|world| !world.news(desk, lamp).is_empty()));
    world.in_office(|office, network| {
        let now = START.after(network.now() - bellbird_base::Instant::ORIGIN);
        let stamp = Hlc { millis: now.0, counter: 0, node: 9 };
        let by = DndSource::App { client: "laptop".into() };
        let until = Some(now.after(Duration::from_secs(60)));
        assert!(office.user(ALICE).dnd.merge(DndAct { stamp, on: true, until, by }));
        office.publish(network);
    });
    let last_says = |world: &World, on: &str| world.news(desk, lamp).last().is_some_and(|news| news.contains(on));
    assert!(world.until(|world| last_says(world, "<doNotDisturbOn>true")));
    world.run(Duration::from_secs(50));
    assert!(last_says(&world, "<doNotDisturbOn>true"));
    world.run(Duration::from_secs(11));
    assert!(last_says(&world, "<doNotDisturbOn>false"));
    assert_eq!(world.news(desk, lamp).len(), 3, "nothing goes round in circles");
}

#[test]
fn star_codes_are_idempotent_and_say_what_holds() {
    let mut world = World::new(5);
    let desk = world.register(alice_desk());
    for _ in 0..2 {
        assert_eq!(world.outcome(desk, "*78").unwrap_err(), (480, "Do Not Disturb is on".to_owned()));
        assert!(is_on_dnd(&world, ALICE));
    }
    assert_eq!(world.outcome(desk, "*79").unwrap_err().1, "Do Not Disturb is off");
    assert!(!is_on_dnd(&world, ALICE));
}

#[test]
fn a_lock_is_enforced_by_the_server_in_words() {
    let mut world = World::new(6);
    let app = world.register(alice_app());
    world.register(bob());
    world.in_office(|office, network| {
        office.user(ALICE).outgoing.mode = Mode::Disabled;
        office.publish(network);
    });
    let (status, words) = world.outcome(app, "602").unwrap_err();
    assert_eq!(status, 403);
    assert!(words.contains("Making calls is off"), "{words}");
}

#[test]
fn an_emergency_call_reaches_the_fake_trunk_in_spite_of_the_lock() {
    let mut world = World::new(7);
    let trunk = world.add(Setup::direct("112", TRUNK_IP));
    let app = world.register(alice_app());
    world.in_office(|office, network| {
        office.user(ALICE).outgoing.mode = Mode::Disabled;
        office.publish(network);
    });
    world.outcome(app, "112").unwrap();
    assert_eq!(world.calls_of(trunk), 1);
}

#[test]
fn a_call_from_the_trunk_follows_the_numbers_user() {
    let mut world = World::new(8);
    let trunk = world.add(Setup::direct("0101234567", TRUNK_IP));
    let app = world.register(alice_app());
    let target = Uri::parse("sip:+31201230601@10.0.0.1").unwrap();
    let call = world.on(trunk, |phone, network| phone.call(network, target));
    assert!(world.until(|world| world.view(trunk, call).established));
    assert_eq!(world.calls_of(app), 1);
}

#[test]
fn an_unanswered_call_goes_to_the_destination() {
    let mut world = World::new(9);
    let (desk, bob, carol) = (world.register(alice_desk()), world.register(bob()), world.register(carol()));
    world.on(desk, |phone, _| phone.habit = Habit::Ignore);
    world.in_office(|office, network| {
        office.user(ALICE).telephony.no_answer = Destination::User { user: CAROL };
        office.publish(network);
    });
    world.outcome(bob, "601").unwrap();
    assert_eq!((world.calls_of(desk), world.calls_of(carol)), (1, 1));
}

#[test]
fn registrations_end_and_restart_keeps_them() {
    let mut world = World::new(10);
    let bob = world.register(bob());
    let desk = world.register(alice_desk());
    world.in_office(|office, network| office.restart(network));
    assert_eq!((world.office().registered(BOBS), world.office().registered(DESK)), (1, 1));
    world.outcome(bob, "601").unwrap();
    assert_eq!(world.calls_of(desk), 1);
    // The phone is unplugged: nothing refreshes.
    world.simulation.nodes.truncate(desk);
    world.run(Duration::from_secs(601));
    assert_eq!(world.office().registered(DESK), 0);
    assert!(!world.office().bindings.keys().any(|id| id.account == DESK));
}

#[test]
fn an_answered_call_survives_the_restart() {
    let mut world = World::new(11);
    let (bob, desk) = (world.register(bob()), world.register(alice_desk()));
    let call = world.outcome(bob, "203").unwrap();
    assert!(world.until(|world| world.office().calls.len() == 1));
    world.in_office(|office, network| office.restart(network));
    world.run(Duration::from_secs(30));
    assert!(world.view(bob, call).ended.is_none());
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    assert!(world.until(|world| world.phone(desk).live_call().is_none()));
}

#[test]
fn a_call_over_a_stream_survives_the_restart_once_its_device_is_back() {
    let mut world = World::new(16);
    let (bob, app) = (world.register(bob()), world.register(alice_app()));
    let call = world.outcome(bob, "204").unwrap();
    assert!(world.until(|world| world.office().calls.len() == 1));
    world.in_office(|office, network| office.restart(network));
    let back = |world: &World| world.office().exchange.registrar().of(APP).any(|binding| binding.flow.is_some());
    assert!(world.until(|world| back(world)));
    world.run(Duration::from_secs(5));
    assert!(world.view(bob, call).ended.is_none());
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    assert!(world.until(|world| world.phone(app).live_call().is_none()));
}

#[test]
fn a_phone_behind_nat_is_reached_after_silence_and_rebinding() {
    let mut world = World::new(12);
    let inside: IpAddr = "10.0.1.1".parse().unwrap();
    let public: IpAddr = "192.0.2.50".parse().unwrap();
    let nat = |network: &mut Network| {
        network.add_nat(Nat::new(public, [inside]).with_lifetime(Duration::from_secs(40)));
    };
    nat(&mut world.simulation.network);
    let (desk, bob) = (world.register(alice_desk()), world.register(bob()));
    world.run(Duration::from_secs(300));
    world.outcome(bob, "203").unwrap();
    assert_eq!(world.calls_of(desk), 1);
    world.simulation.network.rebind(public);
    // The next refresh comes from another port: the binding follows.
    world.run(Duration::from_secs(600));
    assert_eq!(world.office().registered(DESK), 1);
    world.outcome(bob, "203").unwrap();
    assert_eq!(world.calls_of(desk), 2);
}

#[test]
fn colleagues_see_who_is_on_the_phone() {
    let mut world = World::new(13);
    let (desk, bob, carol) = (world.register(alice_desk()), world.register(bob()), world.register(carol()));
    let dialogs = world.subscribe(carol, "dialog", "601", None);
    let presence = world.subscribe(carol, "presence", "601", None);
    let says = |world: &World, id, what: &str| world.news(carol, id).last().is_some_and(|news| news.contains(what));
    assert!(world.until(|world| says(world, presence, "<basic>open") && !world.news(carol, dialogs).is_empty()));
    let call = world.outcome(bob, "203").unwrap();
    assert!(world.until(|world| says(world, dialogs, "<state>confirmed") && says(world, presence, "on-the-phone")));
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    assert!(world.until(|world| !says(world, dialogs, "<dialog id") && !says(world, presence, "on-the-phone")));
    assert_eq!(world.calls_of(desk), 1);
}

#[test]
fn click_to_dial_rings_the_desk_phone_first() {
    let mut world = World::new(14);
    let (desk, bob) = (world.register(alice_desk()), world.register(bob()));
    world.in_office(|office, network| {
        let first = bellbird_exchange::FirstLeg::DeskPhone(DESK);
        office.exchange.dial(ORG, ALICE, &first, "602", false).unwrap();
        office.drain(network);
    });
    assert!(world.until(|world| world.calls_of(bob) == 1));
    assert_eq!(world.calls_of(desk), 1);
    assert!(world.until(|world| world.phone(bob).calls.values().all(|view| view.established)));
}

#[test]
fn a_watched_key_follows_the_phone_to_its_new_address() {
    let mut world = World::new(15);
    let desk = world.register(alice_desk().over(Protocol::Tcp));
    let lamp = world.subscribe(desk, "as-feature-event", "alice-desk", None);
    assert!(world.until(|world| !world.news(desk, lamp).is_empty()));
    world.on(desk, |phone, network| phone.move_to(network, "10.0.1.77"));
    assert!(world.until(|world| {
        let bindings = world.office().exchange.registrar();
        bindings.of(DESK).any(|binding| binding.received.ip().to_string() == "10.0.1.77")
    }));
    let heard = world.news(desk, lamp).len();
    let bob = world.register(bob());
    assert_eq!(world.outcome(bob, "203").map(|_| ()), Ok(()));
    assert_eq!(world.outcome(desk, "*78").unwrap_err().0, 480);
    assert!(world.until(|world| {
        let all: Vec<String> = world.phone(desk).events.iter().filter_map(news_of).collect();
        all.len() > heard && all.last().is_some_and(|news| news.contains("<doNotDisturbOn>true"))
    }));
}

fn news_of((_, event): &(bellbird_base::Instant, bellbird_sip::agent::Event)) -> Option<String> {
    match event {
        bellbird_sip::agent::Event::Subscription(_, bellbird_sip::agent::SubscriptionEvent::Notify(news)) => {
            news.body.as_ref().map(|body| String::from_utf8(body.bytes.clone()).unwrap())
        }
        _ => None,
    }
}

/// The reasons that a call has in its record for somebody's devices, or for the outside.
fn causes(world: &mut World, caller: usize, number: &str, user: Option<UserId>) -> Vec<Cause> {
    if let Ok(call) = world.outcome(caller, number) {
        world.on(caller, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    }
    assert!(world.until(|world| report(world).is_some()));
    let report = report(world).unwrap();
    report.reasons.iter().map(|why| &why.reason).filter(|reason| reason.user == user).map(|it| it.cause).collect()
}

#[test]
fn what_a_device_makes_of_a_call_is_its_reason() {
    let refusals = [
        (StatusCode::BUSY_HERE, Cause::SuspectedDeviceDnd),
        (StatusCode::TEMPORARILY_UNAVAILABLE, Cause::SuspectedDeviceDnd),
        (StatusCode::DECLINE, Cause::Declined),
        (StatusCode::NOT_ACCEPTABLE_HERE, Cause::NoCodecInCommon),
        (StatusCode::FORBIDDEN, Cause::DeviceRefused),
    ];
    for (status, cause) in refusals {
        let mut world = World::new(51);
        let (desk, bob) = (world.register(alice_desk()), world.register(bob()));
        world.on(desk, |phone, _| phone.habit = Habit::Refuse(status));
        let causes = causes(&mut world, bob, "601", Some(ALICE));
        assert!(causes.contains(&cause), "{status:?}: {causes:?}");
    }
}

#[test]
fn a_device_that_rings_out_did_not_answer() {
    let mut world = World::new(52);
    let (desk, bob) = (world.register(alice_desk()), world.register(bob()));
    world.on(desk, |phone, _| phone.habit = Habit::Ignore);
    assert!(causes(&mut world, bob, "601", Some(ALICE)).contains(&Cause::NotAnswered));
}

#[test]
fn a_device_that_is_busy_after_it_rang_has_no_dnd_of_its_own() {
    let mut world = World::new(53);
    let (desk, bob) = (world.register(alice_desk()), world.register(bob()));
    world.on(desk, |phone, _| phone.habit = Habit::Ignore);
    world.dial(bob, "601");
    assert!(world.until(|world| world.calls_of(desk) == 1));
    let call = *world.phone(desk).calls.keys().next().unwrap();
    let busy = StatusCode::BUSY_HERE;
    world.on(desk, |phone, network| phone.command(network, |ua, now| ua.reject(now, call, busy, None)).unwrap());
    assert!(world.until(|world| report(world).is_some()));
    let reasons = report(&world).unwrap().reasons;
    assert!(reasons.iter().any(|why| why.reason.cause == Cause::BusyHere), "{reasons:?}");
}

#[test]
fn a_device_that_vanished_gave_no_response() {
    let mut world = World::new(54);
    world.register(alice_desk());
    let bob = world.register(bob());
    let (office, phone) = ("10.0.0.1".parse().unwrap(), alice_desk().ip);
    world.simulation.network.set_one_way(office, phone, Link::DOWN);
    let causes = causes(&mut world, bob, "601", Some(ALICE));
    assert!(causes.contains(&Cause::NoResponse), "{causes:?}");
}

#[test]
fn a_trunk_that_refuses_is_named_in_the_record() {
    let mut world = World::new(55);
    let trunk = world.add(Setup::direct("0612345678", TRUNK_IP));
    world.on(trunk, |phone, _| phone.habit = Habit::Refuse(StatusCode::FORBIDDEN));
    let bob = world.register(bob());
    let causes = causes(&mut world, bob, "0612345678", None);
    assert!(causes.contains(&Cause::TrunkRefused), "{causes:?}");
}

#[test]
fn a_caller_with_no_codec_in_common_hears_that() {
    for status in [StatusCode::NOT_ACCEPTABLE_HERE, StatusCode::NOT_ACCEPTABLE_ANYWHERE] {
        let mut world = World::new(56);
        let (desk, app, bob) = (world.register(alice_desk()), world.register(alice_app()), world.register(bob()));
        for phone in [desk, app] {
            world.on(phone, |phone, _| phone.habit = Habit::Refuse(status));
        }
        assert_eq!(world.outcome(bob, "601").unwrap_err().0, status.code());
        // One that could take it and does not is what counts.
        world.on(app, |phone, _| phone.habit = Habit::Refuse(StatusCode::TEMPORARILY_UNAVAILABLE));
        assert_eq!(world.outcome(bob, "601").unwrap_err().0, 480);
    }
}

#[test]
fn a_call_that_no_device_understands_goes_to_the_destination_if_no_answer() {
    let mut world = World::new(57);
    let (desk, bob, carol) = (world.register(alice_desk()), world.register(bob()), world.register(carol()));
    world.on(desk, |phone, _| phone.habit = Habit::Refuse(StatusCode::NOT_ACCEPTABLE_HERE));
    world.in_office(|office, network| {
        office.user(ALICE).telephony.no_answer = Destination::User { user: CAROL };
        office.publish(network);
    });
    world.outcome(bob, "601").unwrap();
    assert_eq!((world.calls_of(desk), world.calls_of(carol)), (1, 1));
}

#[test]
fn a_client_whose_calls_are_off_sends_nobody_on_either() {
    let mut world = World::new(65);
    world.in_office(|office, network| {
        let ha1 = Ha1::new(Hash::Sha256, "alice-app", DOMAIN, &Secret::new("secret"));
        let client = ClientLogin { login: "alice-app".into(), ha1 };
        let app = office.parts.accounts.iter_mut().find(|account| account.id == APP).unwrap();
        app.secret = AccountSecret::PerClient([("laptop".into(), client)].into());
        let values = ClientValues { make: Some(false), ..ClientValues::default() };
        office.user(ALICE).clients.insert("laptop".into(), ClientRouting { name: "Laptop".into(), values });
        office.publish(network);
    });
    let (app, bob, carol) = (world.register(alice_app()), world.register(bob()), world.register(carol()));
    let call = world.outcome(bob, "204").unwrap();
    for restarts in [false, true] {
        if restarts {
            assert!(world.until(|world| world.office().calls.len() == 1));
            world.in_office(|office, network| office.restart(network));
            world.run(Duration::from_secs(20));
        }
        let taken = world.phone(app).live_call().unwrap();
        let target = Uri::sip(Some("603"), DOMAIN, None).unwrap();
        world.on(app, |phone, network| phone.command(network, |ua, now| ua.transfer(now, taken, &target)).unwrap());
        assert!(world.until(|world| world.view(app, taken).transfer.last() == Some(&StatusCode::FORBIDDEN)));
        assert!(world.view(bob, call).ended.is_none() && world.calls_of(carol) == 0);
        world.on(app, |phone, _| phone.calls.get_mut(&taken).unwrap().transfer.clear());
    }
}

#[test]
fn whoever_calls_by_desk_phone_sends_a_call_of_the_app_on_all_the_same() {
    let mut world = World::new(66);
    let (app, bob, carol) = (world.register(alice_app()), world.register(bob()), world.register(carol()));
    world.in_office(|office, network| {
        let outgoing = &mut office.user(ALICE).outgoing;
        (outgoing.mode, outgoing.call_method) = (Mode::Enabled, CallMethod::DeskPhone);
        office.publish(network);
    });
    assert_eq!(world.outcome(app, "603").unwrap_err().0, 403);
    world.outcome(bob, "204").unwrap();
    let taken = world.phone(app).live_call().unwrap();
    let target = Uri::sip(Some("603"), DOMAIN, None).unwrap();
    world.on(app, |phone, network| phone.command(network, |ua, now| ua.transfer(now, taken, &target)).unwrap());
    assert!(world.until(|world| world.phone(carol).live_call().is_some()));
}
