//! Subscriptions that phones hold with a server.

use bellbird_base::{Duration, Protocol};
use bellbird_sip::agent::{
    Body, Event, ServerEvent, Subscribe, SubscriptionEnd, SubscriptionEvent, SubscriptionId, WatcherEnd, WatcherEvent,
    WatcherId,
};
use bellbird_sip::message::Method;
use bellbird_sip::uri::Uri;
use bellbird_testkit::Link;

use crate::phone::Setup;
use crate::server::{device, grant, next, server_events, with_server};
use crate::world::World;

fn subscribe(world: &mut World, alice: usize, expires: u64) -> SubscriptionId {
    let wish = Subscribe {
        target: Uri::parse("sip:alice@example.test").unwrap(),
        event: "as-feature-event".into(),
        expires: Duration::from_secs(expires),
        accept: Vec::new(),
        body: Some(Body::new("application/x-as-feature-event+xml", "first")),
    };
    world.on(alice, |phone, network| {
        let account = phone.account;
        phone.command(network, |ua, now| ua.subscribe(now, account, wish)).unwrap()
    })
}

fn accept(world: &mut World, server: usize, granted: u64) -> WatcherId {
    let request = next(world, server, &Method::Subscribe);
    world.on(server, |phone, network| {
        let account = phone.account;
        phone
            .command(network, |ua, now| ua.accept_subscription(now, request.id, account, Duration::from_secs(granted)))
            .unwrap()
    })
}

fn notify(world: &mut World, server: usize, watcher: WatcherId, text: &str) {
    let body = Body::new("text/plain", text);
    world.on(server, |phone, network| {
        phone.command(network, |ua, now| ua.notify(now, watcher, false, Some(body))).unwrap();
    });
}

fn refreshes(world: &World, server: usize) -> Vec<WatcherEvent> {
    watched(world, server).into_iter().filter(|event| !matches!(event, WatcherEvent::Told { .. })).collect()
}

fn watched(world: &World, server: usize) -> Vec<WatcherEvent> {
    let events = server_events(world, server).into_iter().filter_map(|event| match event {
        ServerEvent::Watcher(_, event) => Some(event),
        _ => None,
    });
    events.collect()
}

fn news(world: &World, alice: usize) -> Vec<String> {
    let events = world.phone(alice).events.iter();
    events
        .filter_map(|(_, event)| match event {
            Event::Subscription(_, SubscriptionEvent::Notify(news)) => {
                news.body.as_ref().map(|body| String::from_utf8_lossy(&body.bytes).into_owned())
            }
            _ => None,
        })
        .collect()
}

fn subscribed(granted: u64) -> (World, usize, usize, WatcherId, SubscriptionId) {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    let id = subscribe(&mut world, alice, 300);
    let watcher = accept(&mut world, server, granted);
    notify(&mut world, server, watcher, "one");
    world.run(Duration::from_secs(1));
    (world, server, alice, watcher, id)
}

#[test]
fn notifications_arrive_in_order_on_a_bad_network() {
    let (mut world, server, alice, watcher, _) = subscribed(300);
    let bad = Link::after(Duration::from_millis(30)).losing(0.3).reordering(0.4, Duration::from_millis(900));
    world.simulation.network.set_all_links(bad);
    for text in ["two", "three", "four"] {
        notify(&mut world, server, watcher, text);
    }
    world.run(Duration::from_secs(30));
    assert_eq!(news(&world, alice), ["one", "two", "three", "four"]);
    let told = watched(&world, server);
    assert_eq!((told.len(), told.last()), (4, Some(&WatcherEvent::Told { waiting: 0 })));
}

#[test]
fn refresh_is_told_with_its_body_and_keeps_the_subscription() {
    let (mut world, server, alice, watcher, _) = subscribed(300);
    assert!(world.until_within(Duration::from_secs(290), |world| !refreshes(world, server).is_empty()));
    let Some(WatcherEvent::Subscribe { request, asked, .. }) = refreshes(&world, server).pop() else { panic!() };
    assert_eq!(asked, Some(Duration::from_secs(300)));
    world.on(server, |phone, network| {
        phone.command(network, |ua, now| ua.accept_refresh(now, watcher, request, Duration::from_secs(300))).unwrap();
    });
    notify(&mut world, server, watcher, "two");
    world.run(Duration::from_secs(200));
    assert_eq!(refreshes(&world, server).len(), 1);
    assert_eq!(news(&world, alice), ["one", "two"]);
}

#[test]
fn subscriber_who_leaves_gets_one_last_notification() {
    let (mut world, server, alice, watcher, id) = subscribed(300);
    world.on(alice, |phone, network| phone.command(network, |ua, now| ua.unsubscribe(now, id)).unwrap());
    assert!(world.until(|world| !refreshes(world, server).is_empty()));
    let Some(WatcherEvent::Subscribe { request, asked: Some(Duration::ZERO), .. }) = refreshes(&world, server).pop()
    else {
        panic!("{:?}", refreshes(&world, server))
    };
    world.on(server, |phone, network| {
        phone.command(network, |ua, now| ua.accept_refresh(now, watcher, request, Duration::ZERO)).unwrap();
    });
    notify(&mut world, server, watcher, "last");
    world.run(Duration::from_secs(5));
    assert_eq!(refreshes(&world, server).last(), Some(&WatcherEvent::Ended(WatcherEnd::Unsubscribed)));
    let late =
        world.on(server, |phone, network| phone.command(network, |ua, now| ua.notify(now, watcher, false, None)));
    assert!(late.is_err());
}

#[test]
fn fetch_gets_one_notification_and_leaves_nothing() {
    let (mut world, server) = with_server();
    let (alice, ..) = device(&mut world, server, Setup::new("alice", "10.0.0.2"));
    subscribe(&mut world, alice, 300);
    let watcher = accept(&mut world, server, 0);
    notify(&mut world, server, watcher, "only");
    world.run(Duration::from_millis(500));
    assert_eq!(news(&world, alice), ["only"]);
    assert_eq!(refreshes(&world, server).last(), Some(&WatcherEvent::Ended(WatcherEnd::Unsubscribed)));
}

#[test]
fn subscription_that_is_not_refreshed_expires() {
    let (mut world, server, alice, ..) = subscribed(60);
    world.on(alice, |phone, network| phone.vanish(network));
    world.run(Duration::from_secs(70));
    assert!(refreshes(&world, server).contains(&WatcherEvent::Ended(WatcherEnd::Expired)));
}

#[test]
fn subscriber_who_forgot_the_subscription_ends_it() {
    let (mut world, server, alice, watcher, _) = subscribed(300);
    world.on(alice, |phone, network| phone.reset(network, |_| {}));
    notify(&mut world, server, watcher, "two");
    world.run(Duration::from_secs(5));
    assert!(matches!(refreshes(&world, server).last(), Some(WatcherEvent::Ended(WatcherEnd::Lost(Some(_))))));
}

#[test]
fn subscriber_who_does_not_answer_ends_it() {
    let (mut world, server, alice, watcher, _) = subscribed(300);
    world.on(alice, |phone, network| phone.vanish(network));
    notify(&mut world, server, watcher, "two");
    world.run(Duration::from_secs(40));
    assert_eq!(refreshes(&world, server).last(), Some(&WatcherEvent::Ended(WatcherEnd::Lost(None))));
}

#[test]
fn subscriber_who_comes_back_over_another_connection_is_notified_there() {
    let (mut world, server) = with_server();
    let (alice, _, way) = device(&mut world, server, Setup::new("alice", "10.0.0.2").over(Protocol::Tcp));
    subscribe(&mut world, alice, 300);
    let watcher = accept(&mut world, server, 300);
    notify(&mut world, server, watcher, "one");
    world.run(Duration::from_secs(1));
    world.on(alice, |phone, network| phone.move_to(network, "10.0.0.7"));
    let (_, now) = grant(&mut world, server);
    world.on(server, |phone, network| {
        phone.command(network, |ua, at| ua.move_flow(at, way.flow.unwrap(), now.flow.unwrap()));
    });
    notify(&mut world, server, watcher, "two");
    world.run(Duration::from_secs(2));
    assert_eq!(news(&world, alice), ["one", "two"]);
}

#[test]
fn server_ends_a_subscription_with_a_reason() {
    let (mut world, server, alice, watcher, _) = subscribed(300);
    world.on(server, |phone, network| {
        phone.command(network, |ua, now| ua.end_watcher(now, watcher, "noresource", None)).unwrap();
    });
    world.run(Duration::from_secs(2));
    let ended = world.phone(alice).events.iter().any(|(_, event)| {
        matches!(event, Event::Subscription(_, SubscriptionEvent::Ended { reason: SubscriptionEnd::Terminated(Some(reason)), .. })
            if reason == "noresource")
    });
    assert!(ended);
}
