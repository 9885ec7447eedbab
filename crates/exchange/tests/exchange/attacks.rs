use bellbird_base::Duration;
use bellbird_exchange::NotStored;
use bellbird_exchange::notifier::feature::CONTENT_TYPE;
use bellbird_exchange::words::*;
use bellbird_sip::agent::{AccountConfig, AccountCredentials, CallEvent, Event, Invite, Secret};
use bellbird_sip::message::{Address, Body};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

use crate::host::DOMAIN;
use crate::office::*;
use crate::phone::{Habit, Setup};
use crate::world::World;

fn shown_to(world: &World, phone: usize) -> bellbird_sip::agent::Party {
    let shown = world.phone(phone).events.iter().find_map(|(_, event)| match event {
        Event::Call(_, CallEvent::Incoming(incoming)) => Some(incoming.from.clone()),
        _ => None,
    });
    shown.unwrap()
}

#[test]
fn a_spoofed_from_is_rewritten_to_who_proved_it() {
    let mut world = World::new(1);
    let bob = world.register(Setup::new("bob", "10.0.2.1"));
    let desk = world.register(Setup::new("alice-desk", "10.0.1.1"));
    world.on(bob, |phone, network| {
        let target = Uri::sip(Some("203"), DOMAIN, None).unwrap();
        let offer = phone.describe("offer");
        let boss = Address::new(Uri::sip(Some("603"), DOMAIN, None).unwrap()).with_display(Some("Carol"));
        let invite = Invite { from: Some(boss), ..Invite::new(target, Some(offer)) };
        phone.invite(network, invite);
    });
    assert!(world.until(|world| world.calls_of(desk) == 1));
    let shown = shown_to(&world, desk);
    assert_eq!((shown.uri.user(), shown.display_name.as_deref()), (Some("602"), Some("Bob")));
}

#[test]
fn dnd_by_an_unauthenticated_subscribe_changes_nothing() {
    let mut world = World::new(2);
    world.register(Setup::new("alice-desk", "10.0.1.1"));
    let mallory = world.add(Setup { password: "guess", ..Setup::new("alice-desk", "10.0.6.6") });
    let body = Body::new(CONTENT_TYPE, "<SetDoNotDisturb><doNotDisturbOn>true</doNotDisturbOn></SetDoNotDisturb>");
    world.subscribe(mallory, "as-feature-event", "alice-desk", Some(body));
    world.run(Duration::from_secs(20));
    assert!(world.office().parts.users.iter().all(|user| user.dnd.act.is_none()));
}

#[test]
fn a_key_changes_its_own_user_whatever_the_request_names() {
    let mut world = World::new(3);
    let bob = world.register(Setup::new("bob", "10.0.2.1"));
    let body = Body::new(
        CONTENT_TYPE,
        "<SetDoNotDisturb><device>alice-desk</device><doNotDisturbOn>true</doNotDisturbOn></SetDoNotDisturb>",
    );
    world.subscribe(bob, "as-feature-event", "alice-desk", Some(body));
    let on = |world: &World, user| {
        world.office().parts.users.iter().any(|known| known.id == user && known.dnd.act.is_some())
    };
    assert!(world.until(|world| on(world, BOB)));
    assert!(!on(&world, ALICE));
}

#[test]
fn a_setting_past_the_permission_is_refused_with_403() {
    let mut world = World::new(4);
    let bob = world.register(Setup::new("bob", "10.0.2.1"));
    world.in_office(|office, _| office.store_fails = Some(NotStored::Forbidden));
    assert_eq!(world.outcome(bob, "*720612345678").unwrap_err().0, 403);
    assert!(world.office().parts.users.iter().all(|user| user.telephony.forwarding.always.is_none()));
}

#[test]
fn who_proves_nothing_reaches_no_trunk_and_nobody() {
    let mut world = World::new(5);
    let trunk = world.add(Setup::direct("0612345678", TRUNK_IP));
    let bob = world.register(Setup::new("bob", "10.0.2.1"));
    let mallory = world.add(Setup::direct("mallory", "10.0.6.6"));
    for number in ["0612345678", "602", "112"] {
        let target = Uri::parse(&format!("sip:{number}@10.0.0.1")).unwrap();
        let call = world.on(mallory, |phone, network| phone.call(network, target));
        assert!(world.until(|world| world.view(mallory, call).ended.is_some()));
    }
    assert_eq!((world.calls_of(trunk), world.calls_of(bob)), (0, 0));
}

#[test]
fn line_breaks_in_a_name_stay_in_the_name() {
    let mut world = World::new(6);
    let desk = world.register(Setup::new("alice-desk", "10.0.1.1"));
    world.in_office(|office, network| {
        office.user(BOB).name = "Bob\r\nP-Asserted-Identity: <sip:603@example.test>\r\nX: \"".into();
        office.publish(network);
    });
    let bob = world.register(Setup::new("bob", "10.0.2.1"));
    world.outcome(bob, "203").unwrap();
    let shown = shown_to(&world, desk);
    assert_eq!(shown.uri.user(), Some("602"));
    assert!(shown.display_name.unwrap().starts_with("Bob"));
}

#[test]
fn one_accounts_password_does_not_register_another() {
    let mut world = World::new(7);
    let mallory = world.add(Setup::new("bob", "10.0.6.6"));
    world.on(mallory, |phone, network| {
        let mut account = AccountConfig::new(Uri::sip(Some("alice-desk"), DOMAIN, None).unwrap());
        account.protocol = Some(bellbird_base::Protocol::Udp);
        let password = Secret::new("secret");
        account.credentials =
            Some(AccountCredentials { username: "bob".into(), password, realm: None, sha256_only: false });
        let id = phone.account;
        phone.command(network, |ua, now| {
            ua.update_account(now, id, account).unwrap();
            ua.register(now, id).unwrap();
        });
    });
    world.run(Duration::from_secs(20));
    assert_eq!((world.office().registered(DESK), world.office().registered(BOBS)), (0, 0));
    assert_eq!(VoipAccountId(13), DESK);
}

#[test]
fn an_account_that_calls_too_fast_is_held_back_and_still_calls_for_help() {
    let mut world = World::new(8);
    world.add(Setup::direct("112", TRUNK_IP));
    let (bob, desk) =
        (world.register(Setup::new("bob", "10.0.2.1")), world.register(Setup::new("alice-desk", "10.0.1.1")));
    world.on(desk, |phone, _| phone.habit = Habit::Refuse(StatusCode::FORBIDDEN));
    let refused: Vec<u16> = (0..90).map(|_| world.outcome(bob, "203").unwrap_err().0).collect();
    let held_back = refused.iter().filter(|status| **status == 486).count();
    assert_eq!(world.calls_of(desk) + held_back, 90);
    assert!(held_back > 15, "{held_back} were held back");
    assert!(world.outcome(bob, "112").is_ok());
    world.run(Duration::from_secs(61));
    assert_eq!(world.outcome(bob, "203").unwrap_err().0, 480, "a minute later all is well");
}

#[test]
fn a_call_that_comes_back_again_and_again_ends() {
    let mut world = World::new(9);
    let trunk = world.add(Setup::direct("+31612345678", TRUNK_IP));
    world.on(trunk, |phone, _| phone.habit = Habit::Refuse(StatusCode::BUSY_HERE));
    world.in_office(|office, network| {
        let to = Destination::External { number: "0612345678".into() };
        office.user(ALICE).telephony.forwarding.always = Some(Forwarding { active: true, to });
        office.publish(network);
    });
    let target = Uri::parse("sip:+31201230601@10.0.0.1").unwrap();
    for (hops, status) in [(0, 483), (5, 480)] {
        let call = world.on(trunk, |phone, network| {
            let offer = phone.describe("offer");
            phone.invite(network, Invite { max_forwards: hops, ..Invite::new(target.clone(), Some(offer)) })
        });
        assert!(world.until(|world| world.view(trunk, call).ended.is_some()));
        let ended = world.view(trunk, call).ended.clone().unwrap();
        assert_eq!(ended.status.map(StatusCode::code), Some(status), "{hops}");
    }
    assert_eq!(world.phone(trunk).hops, [4], "one less than it came with");
}
