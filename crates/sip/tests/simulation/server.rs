//! A user agent as a server: requests that it hands up, calls that it makes over its devices' flows.

use bellbird_base::{Duration, Protocol};
use bellbird_sip::agent::{
    Callers, Config, EndReason, EndedBy, Event, InboundRequest, Invite, Misuse, Reply, ServerEvent, Way,
};
use bellbird_sip::message::{Address, Fields, HeaderName, Method};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;
use bellbird_testkit::Link;

use crate::host::SERVER;
use crate::phone::{Habit, Setup};
use crate::world::World;

pub fn with_server() -> (World, usize) {
    let mut world = World::new(1);
    let mut setup = Setup::direct("server", SERVER).with(|config| *config = Config::server());
    setup.callers = Callers::Nobody;
    let server = world.add(setup);
    (world, server)
}

pub fn server_events(world: &World, server: usize) -> Vec<ServerEvent> {
    let events = world.phone(server).events.iter();
    events
        .filter_map(|(_, event)| match event {
            Event::Server(event) => Some(event.clone()),
            _ => None,
        })
        .collect()
}

pub fn requests(world: &World, server: usize, method: &Method) -> Vec<InboundRequest> {
    let requests = server_events(world, server).into_iter().filter_map(|event| match event {
        ServerEvent::Request(request) => Some(*request),
        _ => None,
    });
    requests.filter(|request| request.request.method == *method).collect()
}

/// Waits for the next request of this method.
pub fn next(world: &mut World, server: usize, method: &Method) -> InboundRequest {
    let known = requests(world, server, method).len();
    assert!(world.until(|world| requests(world, server, method).len() > known), "no {method}");
    requests(world, server, method).pop().unwrap()
}

pub fn answer(world: &mut World, server: usize, request: &InboundRequest, reply: Reply) {
    world.on(server, |phone, network| phone.command(network, |ua, now| ua.respond(now, request.id, reply)).unwrap());
}

/// A device that registers; gives it with the way to it.
pub fn device(world: &mut World, server: usize, setup: Setup) -> (usize, Uri, Way) {
    let device = world.add(setup);
    world.on(device, |phone, network| phone.register(network));
    let (uri, way) = grant(world, server);
    assert!(world.until(|world| world.phone(device).is_registered()));
    (device, uri, way)
}

/// Grants the next REGISTER.
pub fn grant(world: &mut World, server: usize) -> (Uri, Way) {
    let register = next(world, server, &Method::Register);
    let contact = (&register.request.headers).text(HeaderName::Contact).unwrap().to_owned();
    let uri = (&register.request.headers).address(HeaderName::Contact).unwrap().uri.to_owned();
    answer(
        world,
        server,
        &register,
        Reply::new(StatusCode::OK).with(HeaderName::Contact, format!("{contact};expires=600")),
    );
    world.on(server, |phone, _| phone.ua.hold_flow(register.flow));
    let received = Some((register.via.protocol, register.via.remote));
    (uri, Way { flow: Some(register.flow), received, path: Vec::new() })
}

pub fn accept(world: &mut World, server: usize, request: &InboundRequest) -> bellbird_sip::agent::CallId {
    world.on(server, |phone, network| {
        let account = phone.account;
        phone.command(network, |ua, now| ua.accept_invite(now, request.id, account)).unwrap()
    })
}

fn call_from(
    world: &mut World,
    alice: usize,
    habit: Habit,
    server: usize,
) -> (bellbird_sip::agent::CallId, InboundRequest) {
    world.on(server, |phone, _| phone.habit = habit);
    let target = Uri::parse("sip:bob@example.test").unwrap();
    let call = world.on(alice, |phone, network| phone.call(network, target));
    let invite = next(world, server, &Method::Invite);
    (call, invite)
}

#[test]
fn requests_outside_dialogs_are_told_once_and_answered_by_the_owner() {
    let (mut world, server) = with_server();
    world.simulation.network.set_all_links(Link::after(Duration::from_millis(20)).losing(0.3).duplicating(0.3));
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    assert_eq!(requests(&world, server, &Method::Register).len(), 1);
    world.on(alice, |phone, network| phone.unregister(network));
    let (_, _) = grant(&mut world, server);
    world.run(Duration::from_secs(40));
    assert_eq!(requests(&world, server, &Method::Register).len(), 2);
}

#[test]
fn request_is_answered_only_once() {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    let register = requests(&world, server, &Method::Register).pop().unwrap();
    let again = world.on(server, |phone, network| {
        phone.command(network, |ua, now| ua.respond(now, register.id, Reply::new(StatusCode::FORBIDDEN)))
    });
    assert_eq!(again, Err(Misuse::UnknownRequest));
    assert!(world.phone(alice).is_registered());
}

#[test]
fn invite_becomes_a_call_that_works_as_any_other() {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    let (call, invite) = call_from(&mut world, alice, Habit::Answer(Duration::from_secs(1)), server);
    let leg = accept(&mut world, server, &invite);
    assert!(world.until(|world| world.phone(alice).view(call).established));
    assert!(world.until(|world| world.phone(server).view(leg).established));
    world.on(server, |phone, network| {
        let offer = phone.describe("hold");
        phone.command(network, |ua, now| ua.reinvite(now, leg, offer)).unwrap();
    });
    assert!(world.until(|world| world.phone(server).view(leg).answers == 1));
    world.on(server, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, leg)).unwrap());
    assert!(world.until(|world| world.phone(alice).view(call).ended.is_some()));
}

#[test]
fn invite_is_refused_in_the_owners_words() {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    let (call, invite) = call_from(&mut world, alice, Habit::Ignore, server);
    let reply =
        Reply::new(StatusCode::FORBIDDEN).with(HeaderName::Reason, "Q.850;cause=21;text=\"Outgoing calls are off\"");
    answer(&mut world, server, &invite, reply.saying("Not now").after(Duration::from_secs(5)));
    assert!(world.until(|world| world.phone(alice).view(call).ended.is_some()));
    let end = world.phone(alice).view(call).ended.clone().unwrap();
    assert_eq!((end.status, end.text.as_deref()), (Some(StatusCode::FORBIDDEN), Some("Outgoing calls are off")));
}

#[test]
fn accepted_call_is_refused_in_the_owners_words_too() {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    let (call, invite) = call_from(&mut world, alice, Habit::Ignore, server);
    let leg = accept(&mut world, server, &invite);
    let reply = Reply::new(StatusCode::TEMPORARILY_UNAVAILABLE).saying("Nobody here");
    world.on(server, |phone, network| phone.command(network, |ua, now| ua.refuse(now, leg, &reply)).unwrap());
    assert!(world.until(|world| world.phone(alice).view(call).ended.is_some()));
    let end = world.phone(alice).view(call).ended.clone().unwrap();
    assert_eq!((end.reason, end.text.as_deref()), (EndReason::Unavailable, Some("Nobody here")));
}

#[test]
fn caller_who_gives_up_before_the_owner_decided_is_told() {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    let (call, invite) = call_from(&mut world, alice, Habit::Ignore, server);
    world.run(Duration::from_secs(1));
    world.on(alice, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    world.run(Duration::from_secs(2));
    let cancelled = server_events(&world, server)
        .iter()
        .any(|event| matches!(event, ServerEvent::Cancelled(id) if *id == invite.id));
    assert!(cancelled);
    assert_eq!(world.phone(alice).ua.open_calls(), 0);
    let late = world.on(server, |phone, network| {
        let account = phone.account;
        phone.command(network, |ua, now| ua.accept_invite(now, invite.id, account))
    });
    assert_eq!(late, Err(Misuse::UnknownRequest));
}

fn ring(world: &mut World, server: usize, uri: &Uri, way: &Way) -> bellbird_sip::agent::CallId {
    let from = Address::new(Uri::parse("sip:201@example.test").unwrap()).with_display(Some("Carol"));
    let headers = vec![
        ("P-Asserted-Identity".to_owned(), "\"Carol\" <sip:201@example.test>".to_owned()),
        ("Alert-Info".to_owned(), "<urn:alert:source:internal>".to_owned()),
    ];
    world.on(server, |phone, network| {
        let offer = phone.describe("offer");
        let invite = Invite {
            from: Some(from),
            to: Some(Address::new(Uri::parse("sip:alice@example.test").unwrap())),
            way: Some(way.clone()),
            headers,
            ..Invite::new(uri.clone(), Some(offer))
        };
        phone.invite(network, invite)
    })
}

#[test]
fn device_is_called_over_its_own_flow_and_sees_who_calls() {
    for protocol in [Protocol::Udp, Protocol::Tcp] {
        let (mut world, server) = with_server();
        let (alice, _, way) = device(&mut world, server, Setup::new("alice", "10.0.0.2").over(protocol));
        // What a browser writes into its Contact leads nowhere.
        let contact = Uri::parse("sip:alice@k3jd8s.invalid;transport=ws").unwrap();
        let call = ring(&mut world, server, &contact, &way);
        assert!(world.until(|world| world.phone(server).view(call).established));
        let incoming = world.phone(alice).events.iter().find_map(|(_, event)| match event {
            Event::Call(_, bellbird_sip::agent::CallEvent::Incoming(incoming)) => Some(incoming.clone()),
            _ => None,
        });
        let incoming = incoming.unwrap();
        assert_eq!(incoming.from.display_name.as_deref(), Some("Carol"));
        assert_eq!(incoming.to.uri.user(), Some("alice"));
        assert_eq!(incoming.alert_info.as_deref(), Some("<urn:alert:source:internal>"));
        assert_eq!(world.phone(server).ua.dialogs(call).len(), 1);
        world.on(server, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
        assert!(world.until(|world| world.phone(alice).live_calls().is_empty()));
    }
}

#[test]
fn reason_of_a_cancel_reaches_the_device() {
    let (mut world, server) = with_server();
    let (alice, uri, way) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    world.on(alice, |phone, _| phone.habit = Habit::Ignore);
    let call = ring(&mut world, server, &uri, &way);
    world.run(Duration::from_secs(1));
    assert_eq!(world.phone(server).ua.dialogs(call).len(), 1, "the early dialog is known");
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
    world.on(server, |phone, network| phone.command(network, |ua, now| ua.hang_up_because(now, call, reason)).unwrap());
    world.run(Duration::from_secs(2));
    let end = world.phone(alice).calls.values().next().unwrap().ended.clone().unwrap();
    assert_eq!((end.by, end.reason), (EndedBy::Remote, EndReason::AnsweredElsewhere));
}

#[test]
fn call_of_a_device_that_comes_back_over_another_connection_goes_on() {
    let (mut world, server) = with_server();
    let (alice, uri, way) = device(&mut world, server, Setup::new("alice", "10.0.0.2").over(Protocol::Tcp));
    let call = ring(&mut world, server, &uri, &way);
    assert!(world.until(|world| world.phone(server).view(call).established));
    world.run(Duration::from_secs(1));
    // The phone registers anew over the new connection, and its calls get it.
    world.on(alice, |phone, network| phone.move_to(network, "10.0.0.7"));
    let (old, (_, way)) = (way.flow.unwrap(), grant(&mut world, server));
    world.on(server, |phone, network| {
        phone.command(network, |ua, now| ua.move_flow(now, old, way.flow.unwrap()));
    });
    world.run(Duration::from_secs(60));
    assert!(world.phone(server).view(call).ended.is_none(), "{:?}", world.phone(server).view(call));
    world.on(server, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    assert!(world.until(|world| world.phone(alice).live_calls().is_empty()));
}

#[test]
fn registration_adopts_the_restored_calls_of_its_device_alone() {
    let (mut world, server) = with_server();
    let mut calls = Vec::new();
    for (name, ip) in [("alice", "10.0.0.2"), ("bob", "10.0.0.3")] {
        let (_, uri, way) = device(&mut world, server, Setup::new(name, ip).over(Protocol::Tcp));
        calls.push((ring(&mut world, server, &uri, &way), uri));
        world.run(Duration::from_secs(3));
    }
    let restored: Vec<_> = world.on(server, |phone, network| {
        let saved: Vec<_> = calls.iter().filter_map(|(call, ..)| phone.ua.save_call(network.now(), *call)).collect();
        phone.reset(network, |_| {});
        let account = phone.account;
        let restore = |saved| {
            let call = phone.command(network, |ua, now| ua.restore_call(now, account, saved)).unwrap();
            phone.calls.insert(call, Default::default());
            call
        };
        saved.into_iter().map(restore).collect()
    });
    let (call, uri) = (restored[0], calls[0].1.clone());
    let (_, way) = grant(&mut world, server);
    let adopted = world
        .on(server, |phone, network| phone.command(network, |ua, now| ua.adopt_flow(now, way.flow.unwrap(), &uri)));
    assert_eq!(adopted, 1);
    world.run(Duration::from_secs(130));
    assert!(world.phone(server).view(call).ended.is_none());
    let other = world.phone(server).view(restored[1]).ended.clone().unwrap();
    assert_eq!(other.reason, EndReason::Lost);
}

#[test]
fn call_of_a_device_that_does_not_come_back_is_lost_after_the_grace() {
    let (mut world, server) = with_server();
    let (alice, uri, way) = device(&mut world, server, Setup::new("alice", "10.0.0.2").over(Protocol::Tcp));
    let call = ring(&mut world, server, &uri, &way);
    assert!(world.until(|world| world.phone(server).view(call).established));
    world.on(alice, |phone, network| phone.vanish(network));
    world.run(Duration::from_secs(20));
    assert!(world.phone(server).view(call).ended.is_none());
    world.run(Duration::from_secs(15));
    let end = world.phone(server).view(call).ended.clone().unwrap();
    assert_eq!((end.by, end.reason), (EndedBy::Network, EndReason::Lost));
}

#[test]
fn peer_is_asked_for_an_offer_and_gets_the_answer_with_the_ack() {
    let (mut world, server) = with_server();
    let (alice, uri, way) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    let call = ring(&mut world, server, &uri, &way);
    assert!(world.until(|world| world.phone(server).view(call).established));
    world.on(server, |phone, network| phone.command(network, |ua, now| ua.ask_offer(now, call)).unwrap());
    world.run(Duration::from_secs(2));
    assert_eq!(world.phone(server).view(call).offers, 1);
    let taken = world.phone(alice).live_call().unwrap();
    assert_eq!(world.phone(alice).view(taken).answers, 1);
    world.on(server, |phone, network| phone.command(network, |ua, now| ua.hang_up(now, call)).unwrap());
    assert!(world.until(|world| world.phone(alice).live_calls().is_empty()));
}

#[test]
fn server_that_is_full_says_when_to_try_again() {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    world.on(server, |phone, network| {
        phone.reset(network, |config| config.limits.calls = 0);
    });
    let (call, invite) = call_from(&mut world, alice, Habit::Ignore, server);
    let refused = world.on(server, |phone, network| {
        let account = phone.account;
        phone.command(network, |ua, now| ua.accept_invite(now, invite.id, account))
    });
    assert_eq!(refused, Err(Misuse::Refused));
    assert!(world.until(|world| world.phone(alice).view(call).ended.is_some()));
    assert_eq!(world.phone(alice).view(call).ended.as_ref().unwrap().status, Some(StatusCode::SERVICE_UNAVAILABLE));
}
