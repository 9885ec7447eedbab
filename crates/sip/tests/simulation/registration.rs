use bellbird_base::{Duration, Protocol};
use bellbird_sip::agent::{Event, RegistrationFailure, RegistrationState};
use bellbird_testkit::Link;

use crate::phone::Setup;
use crate::world::World;

#[test]
fn phone_registers_with_digest_and_unregisters() {
    for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Tls] {
        let mut world = World::with_proxy(1);
        let alice = world.add_registered(Setup::new("alice", "10.0.0.2").over(protocol));
        assert_eq!(world.proxy().bindings.len(), 1);
        world.on(alice, |phone, network| phone.unregister(network));
        world.run(Duration::from_secs(5));
        assert_eq!(world.phone(alice).registration(), &RegistrationState::Unregistered);
        assert_eq!(world.proxy().bindings.len(), 0);
        world.assert_drained();
    }
}

#[test]
fn wrong_password_is_final_and_not_tried_again() {
    let mut world = World::with_proxy(1);
    let alice = world.add(Setup { password: "guess", ..Setup::new("alice", "10.0.0.2") });
    world.on(alice, |phone, network| phone.register(network));
    world.run(Duration::from_secs(3600));
    assert_eq!(world.phone(alice).registration(), &RegistrationState::Failed(RegistrationFailure::WrongPassword));
    assert!(world.simulation.steps() < 60);
}

#[test]
fn registration_is_refreshed_before_it_expires() {
    let mut world = World::with_proxy(1);
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2"));
    world.run(Duration::from_secs(6 * 600));
    assert!(world.phone(alice).is_registered());
    assert!((6..=9).contains(&world.proxy().registrations), "{}", world.proxy().registrations);
}

/// Who wants to know whether the registrar still answers gets an answer, though nothing changed.
#[test]
fn who_registers_again_hears_how_it_went() {
    let mut world = World::with_proxy(1);
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2"));
    let told = |world: &World| {
        let events = world.phone(alice).events.iter();
        events.filter(|(_, event)| matches!(event, Event::Registration(_, RegistrationState::Registered(_)))).count()
    };
    let before = told(&world);
    world.on(alice, |phone, network| phone.register(network));
    world.run(Duration::from_secs(5));
    assert_eq!(told(&world), before + 1);
}

#[test]
fn too_brief_an_interval_is_raised_to_what_the_registrar_wants() {
    let mut world = World::with_proxy(1);
    world.proxy().shortest = 1800;
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2"));
    match world.phone(alice).registration() {
        RegistrationState::Registered(registered) => assert_eq!(registered.expires, Duration::from_secs(1800)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn silent_registrar_is_tried_again_with_growing_waits() {
    let mut world = World::with_proxy(1);
    world.simulation.network.set_all_links(Link::DOWN);
    let alice = world.add(Setup::new("alice", "10.0.0.2"));
    world.on(alice, |phone, network| phone.register(network));
    world.run(Duration::from_secs(40));
    assert!(matches!(
        world.phone(alice).registration(),
        RegistrationState::Retrying { failure: RegistrationFailure::NoAnswer, .. }
    ));
    world.simulation.network.set_all_links(Link::after(Duration::from_millis(10)));
    assert!(world.until(|world| world.phone(alice).is_registered()));
}

#[test]
fn registrar_that_restarts_gets_the_registration_back_over_a_new_connection() {
    let mut world = World::with_proxy(1);
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2").over(Protocol::Tcp));
    world.restart_proxy();
    assert_eq!(world.proxy().bindings.len(), 0);
    let back = world.until_within(Duration::from_secs(5), |world| world.proxy().bindings.len() == 1);
    assert!(back, "{:?}", world.phone(alice).registration());
}

#[test]
fn phone_that_moves_registers_from_its_new_address_at_once() {
    let mut world = World::with_proxy(1);
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2"));
    world.on(alice, |phone, network| phone.move_to(network, "10.0.0.77"));
    let moved = world.until_within(Duration::from_secs(1), |world| world.proxy().registrations == 2);
    assert!(moved);
    assert_eq!(world.proxy().bindings.len(), 1);
}

#[test]
fn registration_follows_a_nat_that_rebinds() {
    let mut world = World::with_proxy(1);
    let public = "192.0.2.1".parse().unwrap();
    world.simulation.network.add_nat(bellbird_testkit::Nat::new(public, ["10.0.1.2".parse().unwrap()]));
    let alice = world.add_registered(Setup::new("alice", "10.0.1.2"));
    let bob = world.add_registered(Setup::new("bob", "10.0.0.3"));
    // Longer than the NAT keeps a binding: keep-alives hold it open.
    world.run(Duration::from_secs(300));
    world.establish(bob, alice);
    let calls = world.phone(bob).live_calls();
    world.on(bob, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, calls[0])).unwrap());
    world.simulation.network.rebind(public);
    // The next refresh comes from another port; the registrar learns it.
    world.run(Duration::from_secs(600));
    world.establish(bob, alice);
}

#[test]
fn changed_account_registers_anew_and_leaves_nothing_behind() {
    let mut world = World::with_proxy(1);
    let alice = world.add(Setup { password: "guess", ..Setup::new("alice", "10.0.0.2") });
    world.on(alice, |phone, network| phone.register(network));
    world.run(Duration::from_secs(5));
    assert!(!world.phone(alice).is_registered());
    for _ in 0..2 {
        world.on(alice, |phone, network| phone.change_account(network, "secret"));
        assert!(world.until(|world| world.phone(alice).is_registered()));
    }
    world.run(Duration::from_secs(5));
    assert_eq!(world.proxy().bindings.len(), 1);
    world.on(alice, |phone, network| phone.unregister(network));
    world.assert_drained();
}

#[test]
fn removed_account_unregisters_and_ends_its_calls() {
    let mut world = World::with_proxy(1);
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2"));
    let bob = world.add_registered(Setup::new("bob", "10.0.0.3"));
    world.establish(alice, bob);
    world.on(alice, |phone, network| {
        let account = phone.account;
        phone.command(network, |ua, now| ua.remove_account(now, account)).unwrap();
    });
    world.run(Duration::from_secs(5));
    assert!(world.phone(bob).live_calls().is_empty());
    assert_eq!(world.proxy().bindings.len(), 1);
    assert!(world.phone(alice).ua.registration(world.phone(alice).account).is_none());
    world.on(bob, |phone, network| phone.unregister(network));
    world.assert_drained();
}
