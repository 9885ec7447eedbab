//! Sound over networks that lose, delay, double and reorder packets: what is still heard, and what the figures say.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bellbird_tests::score::pesq;
use bellbird_tests::{Account, Bellbird, DOMAIN, Event, Impairment, Kamailio, Relay, Transport};

use crate::network::through;
use crate::talk::{OPUS, Scene, scored};

/// A poor mobile network: one packet in twelve is lost, and they come up to 30 ms apart from their time.
const POOR: Impairment =
    Impairment { loss: 0.05, delay: Duration::from_millis(20), jitter: Duration::from_millis(30), duplication: 0.02 };

/// Packets overtake each other by up to three places, and one in ten comes twice; but all of them come.
const TANGLED: Impairment =
    Impairment { loss: 0.0, delay: Duration::from_millis(10), jitter: Duration::from_millis(60), duplication: 0.1 };

#[tokio::test]
async fn a_poor_network_is_talked_through_and_told_in_figures() {
    scored(call_over_a_poor_network).await;
}

async fn call_over_a_poor_network() -> Result<(), String> {
    let mut scene = Scene::plain().await;
    let relay = relay(&scene.kamailio, POOR).await;
    let account = through(&scene.kamailio, &relay);
    let target = format!("sip:bob@{DOMAIN}");
    let mut alice = scene.start(&account, &["call", &target], &["--for", "10", "--codecs", "opus"]);
    scene.bob.established().await;
    let report = alice.event("report").await;
    alice.succeeded().await;
    assert_shows_loss(&report);
    // From baresip's receiver reports; and what it says of the way there and back.
    let there = report["remote_loss_percent"].as_f64();
    assert!(there.is_some_and(|percent| (1.0..15.0).contains(&percent)), "{report}");
    let round_trip = report["round_trip_ms"].as_f64();
    assert!(round_trip.is_some_and(|time| time > 40.0), "twice the delay at least: {report}");
    scene.bob.closed().await;
    scene.bob.stop().await;
    let there = pesq(&scene.words.near, &scene.bob.heard(), OPUS.band).await;
    let back = pesq(&scene.words.far, alice.heard(), OPUS.band).await;
    floor("baresip heard", there, 1.4)?;
    floor("we heard", back, 1.6)
}

#[tokio::test]
async fn packets_out_of_order_and_doubled_are_put_in_order() {
    scored(call_over_a_tangled_network).await;
}

async fn call_over_a_tangled_network() -> Result<(), String> {
    let mut scene = Scene::plain().await;
    let relay = relay(&scene.kamailio, TANGLED).await;
    let account = through(&scene.kamailio, &relay);
    let target = format!("sip:bob@{DOMAIN}");
    let mut alice = scene.start(&account, &["call", &target], &["--for", "10", "--codecs", "opus"]);
    scene.bob.established().await;
    let report = alice.event("report").await;
    alice.succeeded().await;
    assert!(report["loss_percent"].as_f64().is_some_and(|percent| percent < 1.0), "nothing was lost: {report}");
    assert!(report["max_jitter_ms"].as_f64().is_some_and(|jitter| jitter > 5.0), "{report}");
    let back = pesq(&scene.words.far, alice.heard(), OPUS.band).await;
    floor("we heard", back, 2.6)
}

/// Both sides know extended reports, so each learns what the other hears.
#[tokio::test]
async fn two_of_us_tell_each_other_how_a_poor_network_sounds() {
    let scene = Scene::plain().await;
    let relay = relay(&scene.kamailio, POOR).await;
    let callee = Account::at(&scene.kamailio, Transport::Udp, "dave");
    let mut dave = scene.start(&callee, &["answer"], &["--codecs", "opus"]);
    dave.event("registered").await;
    let account = through(&scene.kamailio, &relay);
    let target = format!("sip:dave@{DOMAIN}");
    let mut alice = scene.start(&account, &["call", &target], &["--for", "14", "--codecs", "opus"]);
    for phone in [&mut alice, &mut dave] {
        let report = last_report(phone).await;
        assert_shows_loss(&report);
        // Their last report covers a part of the call, in which chance may be kind.
        let (mos, loss) = (report["remote_mos"].as_f64(), report["remote_loss_percent"].as_f64());
        assert!(mos.is_some_and(|mos| mos < 4.2) && loss.is_some_and(|percent| percent > 0.5), "{report}");
    }
    alice.succeeded().await;
    dave.succeeded().await;
}

async fn last_report(phone: &mut Bellbird) -> Event {
    phone.event_within("report", Duration::from_secs(40)).await
}

/// Eight per cent, as a few hundred packets have it by chance; and a rating that shows it (a clean call has 4.3, or 4.0
/// where the machine is so busy that its own delays cost).
fn assert_shows_loss(report: &Event) {
    let loss = report["loss_percent"].as_f64();
    assert!(loss.is_some_and(|percent| (2.0..15.0).contains(&percent)), "{report}");
    let mos = report["mos"].as_f64();
    assert!(mos.is_some_and(|mos| mos < 3.9), "{report}");
    assert!(report["jitter_ms"].as_f64().is_some_and(|jitter| jitter > 2.0), "{report}");
}

fn floor(who: &str, score: f64, least: f64) -> Result<(), String> {
    if score < least { Err(format!("{who} PESQ {score:.2}, not {least:.2}")) } else { Ok(()) }
}

async fn relay(kamailio: &Kamailio, impairment: Impairment) -> Relay {
    let registrar = SocketAddr::from((Ipv4Addr::LOCALHOST, kamailio.port));
    Relay::with_bad_sound(registrar, impairment, 11).await
}
