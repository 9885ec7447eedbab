//! Handing a call over, blindly and after asking, by us and by the peer.

use bellbird_tests::{Baresip, BaresipAccount, DOMAIN, Transport};

use crate::talk::Scene;

#[tokio::test]
async fn hands_a_call_over_blindly() {
    let mut scene = Scene::plain().await;
    let mut dave = dave(&scene).await;
    let target = format!("sip:dave@{DOMAIN}");
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--transfer", &target]);
    scene.bob.established().await;
    dave.established().await;
    alice.event("transferred").await;
    alice.event("ended").await;
    alice.succeeded().await;
    dave.hang_up().await;
    scene.bob.closed().await;
}

#[tokio::test]
async fn hands_a_call_over_after_asking() {
    let mut scene = Scene::plain().await;
    let mut dave = dave(&scene).await;
    let target = format!("sip:dave@{DOMAIN}");
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--transfer-attended", &target]);
    scene.bob.established().await;
    dave.established().await;
    alice.event("transferred").await;
    alice.succeeded().await;
}

#[tokio::test]
async fn a_transfer_to_nobody_leaves_the_call_up() {
    let mut scene = Scene::plain().await;
    let target = format!("sip:nobody@{DOMAIN}");
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--transfer", &target, "--for", "8"]);
    scene.bob.established().await;
    let failed = alice.event("transfer_failed").await;
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("404")), "{failed}");
    assert!(alice.events("ended").is_empty(), "the first call is still there");
    alice.event("ended").await;
    alice.exit_code().await;
}

#[tokio::test]
async fn follows_where_baresip_hands_it_over() {
    let mut scene = Scene::plain().await;
    let mut dave = dave(&scene).await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &[]);
    scene.bob.established().await;
    alice.event("answered").await;
    scene.bob.command("transfer", &format!("sip:dave@{DOMAIN}")).await;
    alice.event("calling").await;
    dave.established().await;
    alice.event("answered").await;
    dave.hang_up().await;
    alice.succeeded().await;
}

async fn dave(scene: &Scene) -> Baresip {
    let account = BaresipAccount::at(&scene.kamailio, Transport::Udp, "dave");
    Baresip::start(&scene.stage, &account, &scene.words.far).await
}
