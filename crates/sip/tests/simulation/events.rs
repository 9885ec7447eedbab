use bellbird_base::Duration;
use bellbird_sip::agent::{
    Body, Event, PublicationEvent, PublicationId, Publish, Subscribe, SubscriptionEnd, SubscriptionEvent,
    SubscriptionId,
};
use bellbird_sip::uri::Uri;

use crate::phone::Setup;
use crate::world::World;

fn world() -> (World, usize) {
    let mut world = World::with_proxy(1);
    let alice = world.add_registered(Setup::new("alice", "10.0.0.2"));
    (world, alice)
}

fn target() -> Uri {
    Uri::parse("sip:bob@example.test").unwrap()
}

fn subscribe(world: &mut World, who: usize) -> SubscriptionId {
    let wish = Subscribe {
        target: target(),
        event: "presence".into(),
        expires: Duration::from_secs(300),
        accept: vec!["application/pidf+xml".into()],
        body: None,
    };
    world.on(who, |phone, network| {
        let account = phone.account;
        phone.command(network, |ua, now| ua.subscribe(now, account, wish)).unwrap()
    })
}

fn publish(world: &mut World, who: usize) -> PublicationId {
    let (event, expires, body) =
        ("presence".into(), Duration::from_secs(600), Body::new("application/pidf+xml", "one"));
    let wish = Publish { target: target(), event, expires, body };
    world.on(who, |phone, network| {
        let account = phone.account;
        phone.command(network, |ua, now| ua.publish(now, account, wish)).unwrap()
    })
}

fn ends(world: &World, who: usize) -> Vec<SubscriptionEnd> {
    let events = world.phone(who).events.iter();
    events
        .filter_map(|(_, event)| match event {
            Event::Subscription(_, SubscriptionEvent::Ended { reason, .. }) => Some(reason.clone()),
            _ => None,
        })
        .collect()
}

fn news(world: &World, who: usize) -> Vec<String> {
    let events = world.phone(who).events.iter();
    events
        .filter_map(|(_, event)| match event {
            Event::Subscription(_, SubscriptionEvent::Notify(news)) => {
                Some(news.body.as_ref().map_or(String::new(), |body| String::from_utf8_lossy(&body.bytes).into_owned()))
            }
            _ => None,
        })
        .collect()
}

fn finish(mut world: World, who: usize) {
    world.on(who, |phone, network| phone.unregister(network));
    world.assert_drained();
}

#[test]
fn subscription_is_refreshed_and_brings_what_is_published() {
    let (mut world, alice) = world();
    let id = subscribe(&mut world, alice);
    world.run(Duration::from_secs(1));
    let publication = publish(&mut world, alice);
    world.run(Duration::from_secs(1_000));
    assert!((4..=6).contains(&world.proxy().subscriptions), "{}", world.proxy().subscriptions);
    let heard = news(&world, alice);
    assert_eq!((heard[0].as_str(), heard[1].as_str()), ("", "one"));
    world.on(alice, |phone, network| {
        let body = Body::new("application/pidf+xml", "two");
        phone.command(network, |ua, now| ua.republish(now, publication, body)).unwrap();
    });
    world.run(Duration::from_secs(1));
    assert_eq!(news(&world, alice).last().unwrap(), "two");
    world.on(alice, |phone, network| {
        phone.command(network, |ua, now| ua.unsubscribe(now, id)).unwrap();
        phone.command(network, |ua, now| ua.unpublish(now, publication)).unwrap();
    });
    world.run(Duration::from_secs(2));
    assert_eq!(ends(&world, alice), [SubscriptionEnd::Unsubscribed]);
    assert!(world.proxy().published.is_none());
    finish(world, alice);
}

#[test]
fn subscription_that_is_forgotten_or_deactivated_is_made_anew() {
    for reason in [None, Some("deactivated")] {
        let (mut world, alice) = world();
        let id = subscribe(&mut world, alice);
        world.run(Duration::from_secs(1));
        world.end_subscriptions(reason);
        world.run(Duration::from_secs(400));
        assert!(world.proxy().subscriptions >= 2);
        world.on(alice, |phone, network| phone.command(network, |ua, now| ua.unsubscribe(now, id)).unwrap());
        finish(world, alice);
    }
}

#[test]
fn subscription_that_is_rejected_is_not_tried_again() {
    let (mut world, alice) = world();
    subscribe(&mut world, alice);
    world.run(Duration::from_secs(1));
    world.end_subscriptions(Some("noresource"));
    world.run(Duration::from_secs(4_000));
    assert_eq!(world.proxy().subscriptions, 1);
    assert_eq!(ends(&world, alice), [SubscriptionEnd::Terminated(Some("noresource".into()))]);
    finish(world, alice);
}

#[test]
fn publication_that_the_server_lost_is_made_anew() {
    let (mut world, alice) = world();
    let publication = publish(&mut world, alice);
    world.run(Duration::from_secs(1));
    world.proxy().entity_tag = "another".into();
    world.proxy().published = None;
    world.run(Duration::from_secs(700));
    assert_eq!(world.proxy().published.as_ref().unwrap().bytes, b"one");
    let lost = world
        .phone(alice)
        .events
        .iter()
        .any(|(_, event)| matches!(event, Event::Publication(_, PublicationEvent::Ended(_))));
    assert!(!lost);
    world.on(alice, |phone, network| phone.command(network, |ua, now| ua.unpublish(now, publication)).unwrap());
    finish(world, alice);
}
