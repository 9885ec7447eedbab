//! What the SIP side notices and looks after: phones that refuse, the echo, how sound arrives, its own end.

use std::time::Duration;

use bellbird_contract::server::{Cause, TrunkEdit, TrunkSettings, TrunkTestOutcome};
use bellbird_net::clock;
use bellbird_server::domain::{Actor, now};
use bellbird_server::edge::Edge as _;
use bellbird_sip::agent::Reply;
use bellbird_sip::status::StatusCode;
use tokio::time::interval;

use crate::Shop;
use crate::phone::{Phone, sound_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_refuses_before_it_rings_is_suspected_until_it_rings_and_nothing_is_written() {
    let mut shop = Shop::open(44_200).await;
    let (mut priya, mut daan) = (shop.desk_phone("206").await, shop.desk_phone("240").await);
    let (account, user) = (shop.account("240").await, shop.user("607").await);
    assert_eq!(shop.edge.suspected_dnd(shop.org, account), None);
    priya.call("607");
    let (call, _) = daan.is_called().await;
    daan.order(move |ua| {
        ua.refuse(clock::now(), call, &Reply::new(StatusCode::TEMPORARILY_UNAVAILABLE)).unwrap();
    });
    assert!(priya.is_refused().await.is_some());
    let record = shop.last_record().await;
    assert!(record.why.iter().any(|reason| reason.cause == Cause::SuspectedDeviceDnd), "{:?}", record.why);
    assert_eq!(shop.edge.suspected_dnd(shop.org, account), record.ended);
    assert_eq!(shop.store.dnd(shop.org, user).await.unwrap().act, None, "a suspicion is never written");
    priya.call("607");
    let (call, _) = daan.is_called().await;
    daan.answer(call);
    let (call, _) = priya.is_answered().await;
    priya.hang_up(call);
    shop.last_record().await;
    assert_eq!(shop.edge.suspected_dnd(shop.org, account), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_echo_number_says_what_was_said_and_how_it_arrives_is_told_during_the_call_and_after() {
    let shop = Shop::open(44_400).await;
    let mut priya = shop.desk_phone("206").await;
    let account = shop.account("206").await;
    assert_eq!(shop.edge.network_test(shop.org, account).await, None, "it had no call");
    priya.call("*43");
    let (call, answer) = priya.is_answered().await;
    let echo = sound_of(&answer);
    priya.says(echo, b"hello");
    assert_eq!(priya.listens(), b"hello");
    speaks(&priya, echo).await;
    let during = shop.edge.network_test(shop.org, account).await.expect("it is measured");
    assert_eq!(during.loss, 1_000, "one of ten, in hundredths of a per cent");
    assert!(during.jitter_millis < 20, "{during:?}");
    priya.hang_up(call);
    let after = shop.edge.network_test(shop.org, account).await.expect("it is remembered");
    assert_eq!(after.loss, during.loss);
}

/// Sixty packets of G.711 in their own time, but each tenth.
async fn speaks(phone: &Phone, to: std::net::SocketAddr) {
    let mut ticks = interval(Duration::from_millis(20));
    for number in 0..60_u16 {
        ticks.tick().await;
        if number % 10 == 5 {
            continue;
        }
        let mut packet = vec![0x80, 0];
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 160).to_be_bytes());
        packet.extend([0, 0, 0, 7]);
        packet.extend([0xff; 160]);
        phone.says(to, &packet);
        // The echo comes from a source of its own.
        assert_eq!(phone.listens()[12..], packet[12..]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_whoever_hears_it_ring_gets_503_and_calls_and_registrations_stay() {
    let shop = Shop::open(44_600).await;
    let (mut priya, mut counter) = (shop.desk_phone("206").await, shop.desk_phone("210").await);
    let (mut linda, mut daan) = (shop.desk_phone("203").await, shop.desk_phone("240").await);
    priya.call("210");
    let (ringing, _) = counter.is_called().await;
    counter.answer(ringing);
    priya.is_answered().await;
    linda.call("607");
    daan.is_called().await;
    shop.edge.end().await;
    assert_eq!(linda.is_refused().await, Some(503));
    assert_eq!(shop.store.confirmed_calls(shop.org).await.unwrap().len(), 1, "the call that is up is kept");
    let bindings = shop.store.bindings(shop.org, now()).await.unwrap();
    assert_eq!(bindings.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_whose_server_is_no_address_is_told_so() {
    let shop = Shop::open(44_800).await;
    let known = shop.store.trunks(shop.org).await.unwrap().remove(0).settings;
    let link = serde_json::from_value(serde_json::json!({"kind": "byAddress", "from": ["127.0.0.1"]})).unwrap();
    let settings = TrunkSettings { servers: vec!["no address at all".into()], active: true, link, ..known };
    let actor = Actor::server(shop.org, now());
    let edit = TrunkEdit { base: None, settings, secret: None };
    let trunk = shop.store.create_trunk(&actor, edit).await.unwrap().id;
    shop.edge.caught_up(shop.org, shop.store.revision(shop.org).await.unwrap()).await;
    let test = shop.edge.trunk_test(shop.org, trunk).await.unwrap();
    assert_eq!(test.outcome, TrunkTestOutcome::UnknownHost, "{test:?}");
}
