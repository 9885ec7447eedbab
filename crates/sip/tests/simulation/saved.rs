//! Calls that outlive the process that made them.

use bellbird_base::{Duration, Protocol};
use bellbird_sip::agent::CallId;

use crate::phone::Setup;
use crate::server::{accept, device, grant, next, with_server};
use crate::world::World;
use bellbird_sip::message::Method;
use bellbird_sip::uri::Uri;

/// The server dies in mid-call and goes on with what it saved.
fn restart(world: &mut World, server: usize, leg: CallId) -> CallId {
    let saved = world.on(server, |phone, network| phone.command(network, |ua, now| ua.save_call(now, leg)).unwrap());
    assert!(saved.local_description.is_some() && saved.remote_description.is_some());
    // Some requests go out after the call was saved.
    for _ in 0..3 {
        world.on(server, |phone, network| {
            phone.command(network, |ua, now| ua.send_digit_info(now, leg, '1', Duration::from_millis(100))).unwrap();
        });
    }
    world.run(Duration::from_secs(2));
    world.on(server, |phone, network| {
        phone.reset(network, |_| {});
        let account = phone.account;
        let call = phone.command(network, |ua, now| ua.restore_call(now, account, saved)).unwrap();
        phone.calls.insert(call, Default::default());
        call
    })
}

fn call(protocol: Protocol) -> (World, usize, usize, CallId, CallId) {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2").over(protocol));
    let target = Uri::parse("sip:bob@example.test").unwrap();
    let call = world.on(alice, |phone, network| phone.call(network, target));
    let invite = next(&mut world, server, &Method::Invite);
    let leg = accept(&mut world, server, &invite);
    assert!(world.until(|world| world.phone(server).view(leg).established));
    let leg = restart(&mut world, server, leg);
    if protocol == Protocol::Tcp {
        let (_, way) = grant(&mut world, server);
        world.on(server, |phone, network| {
            phone.command(network, |ua, now| ua.move_call(now, leg, way.flow.unwrap())).unwrap();
        });
    }
    (world, server, alice, leg, call)
}

#[test]
fn restored_call_takes_reinvites_of_both_sides_and_is_hung_up_by_either() {
    for (protocol, server_hangs_up) in
        [(Protocol::Udp, true), (Protocol::Udp, false), (Protocol::Tcp, true), (Protocol::Tcp, false)]
    {
        let (mut world, server, alice, leg, call) = call(protocol);
        world.run(Duration::from_secs(5));
        let before = world.phone(alice).view(call).answers;
        for (who, which) in [(server, leg), (alice, call)] {
            world.on(who, |phone, network| {
                let offer = phone.describe("hold");
                phone.command(network, |ua, now| ua.reinvite(now, which, offer)).unwrap();
            });
            world.run(Duration::from_secs(2));
        }
        assert!(world.phone(server).view(leg).answers >= 1, "{protocol}");
        assert_eq!(world.phone(alice).view(call).answers, before + 1, "{protocol}");
        let (who, which) = if server_hangs_up { (server, leg) } else { (alice, call) };
        world.on(who, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, which)).unwrap());
        world.run(Duration::from_secs(3));
        assert!(world.phone(alice).live_calls().is_empty() && world.phone(server).live_calls().is_empty());
    }
}

#[test]
fn restored_call_keeps_its_session_timer() {
    let (mut world, server, alice, leg, call) = call(Protocol::Udp);
    world.run(Duration::from_secs(4000));
    assert!(world.phone(server).view(leg).ended.is_none(), "{:?}", world.phone(server).view(leg));
    assert!(world.phone(alice).view(call).ended.is_none(), "{:?}", world.phone(alice).view(call));
    world.simulation.network.set_all_links(bellbird_testkit::Link::after(Duration::from_millis(1)).losing(1.0));
    world.run(Duration::from_secs(4000));
    assert!(world.phone(server).view(leg).ended.is_some());
}
