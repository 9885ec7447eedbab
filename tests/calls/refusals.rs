//! Calls that do not come to be.

use bellbird_tests::{Account, BaresipAccount, Bellbird, DOMAIN, Sipp, Stage, Transport};

use crate::talk::Scene;

#[tokio::test]
async fn a_caller_who_gives_up_is_seen_to() {
    let mut scene = Scene::plain().await;
    let mut alice = scene.alice_answers(&["--ring-for", "30"]).await;
    scene.bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    scene.bob.event("CALL_RINGING").await;
    alice.event("incoming").await;
    scene.bob.hang_up().await;
    let ended = alice.event("ended").await;
    assert_eq!((&ended["by"], &ended["code"]), (&"remote".into(), &"cancelled".into()));
}

#[tokio::test]
async fn gives_up_itself() {
    let mut scene = Scene::set(|kamailio| BaresipAccount::at(kamailio, Transport::Udp, "bob").rings()).await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &[]);
    scene.bob.event("CALL_INCOMING").await;
    alice.event("ringing").await;
    alice.type_line("hangup").await;
    alice.event("ended").await;
    scene.bob.closed().await;
    alice.exit_code().await;
}

#[tokio::test]
async fn busy_is_told() {
    let mut scene = Scene::set(|kamailio| BaresipAccount::at(kamailio, Transport::Udp, "bob").rings()).await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &[]);
    scene.bob.event("CALL_INCOMING").await;
    scene.bob.hang_up().await;
    let ended = alice.event("ended").await;
    assert_eq!((&ended["status"], &ended["code"]), (&486.into(), &"busy".into()));
    assert_eq!(alice.exit_code().await, 4);
}

#[tokio::test]
async fn declining_is_told() {
    let (ended, code) = refused_by_script("decline").await;
    assert_eq!((&ended["status"], &ended["code"]), (&603.into(), &"declined".into()));
    assert_eq!(code, 4);
}

#[tokio::test]
async fn nobody_answering_is_told() {
    let (ended, code) = refused_by_script("no-answer").await;
    assert_eq!(ended["status"], 480);
    assert_eq!(code, 5);
}

#[tokio::test]
async fn declines_itself() {
    let mut scene = Scene::plain().await;
    let _alice = scene.alice_answers(&["--reject", "603"]).await;
    scene.bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    assert!(scene.bob.closed().await.contains("603"));
}

#[tokio::test]
async fn is_busy_itself() {
    let mut scene = Scene::plain().await;
    let _alice = scene.alice_answers(&["--reject", "486"]).await;
    scene.bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    assert!(scene.bob.closed().await.contains("486"));
}

#[tokio::test]
async fn nobody_of_that_name_is_told() {
    let scene = Scene::plain().await;
    let mut alice = scene.alice_calls(&format!("sip:nobody@{DOMAIN}"), &[]);
    let ended = alice.event("ended").await;
    assert_eq!(ended["status"], 404);
    assert_eq!(alice.exit_code().await, 6);
}

#[tokio::test]
async fn no_codec_in_common_is_told() {
    let pcma = |kamailio: &_| BaresipAccount::at(kamailio, Transport::Udp, "bob").codecs(&["PCMA/8000/1"]);
    let scene = Scene::set(pcma).await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--codecs", "g722"]);
    let ended = alice.event("ended").await;
    assert_eq!(ended["status"], 488);
    assert_eq!(alice.exit_code().await, 6);
}

async fn refused_by_script(scenario: &str) -> (bellbird_tests::Event, i32) {
    let stage = Stage::new().await;
    let mut peer = Sipp::wait_for_call(&stage, scenario).await;
    let target = format!("sip:bob@127.0.0.1:{}", peer.port);
    let mut alice = Bellbird::start(&stage, &Account::alone("alice"), &["call", &target, "--null-audio"]);
    let ended = alice.event("ended").await;
    peer.succeeded().await;
    (ended, alice.exit_code().await)
}
