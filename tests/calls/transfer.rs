//! Handing a call over, blindly and after asking, by us and by the peer.

use std::time::Duration;

use bellbird_tests::{Account, Baresip, BaresipAccount, Bellbird, DOMAIN, Linphone, Transport, Wav};

use crate::talk::{Scene, listen};

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

/// linphone talks to two of us and connects them: one gets REFER with Replaces, the other INVITE with Replaces.
#[tokio::test]
async fn two_of_us_are_connected_by_linphone() {
    let scene = Scene::plain().await;
    let (mut alice, mut dave) = (answering(&scene, "alice").await, answering(&scene, "dave").await);
    let mut carol = carol(&scene).await;
    carol.call(&format!("sip:alice@{DOMAIN}")).await;
    alice.event("answered").await;
    carol.established().await;
    carol.type_line("pause").await;
    assert_eq!(alice.event("held").await["by"], "remote");
    let seen = carol.log().len();
    carol.call(&format!("sip:dave@{DOMAIN}")).await;
    dave.event("answered").await;
    carol.log().wait_for(seen, "Media streams established", Duration::from_secs(30)).await;
    carol.type_line("transfer 1 --to-call 2").await;
    let calling = alice.event("calling").await;
    assert!(calling["target"].as_str().is_some_and(|target| target.contains("dave")), "{calling}");
    alice.event("answered").await;
    // The new call takes the old one's place without a hand.
    let (first, second) = (dave.events("incoming").remove(0), dave.event("incoming").await);
    let answered = dave.event("answered").await;
    assert_eq!(answered["call"], second["call"]);
    dave.log().wait_for(0, r#""event":"ended""#, Duration::from_secs(30)).await;
    let ended = dave.events("ended");
    assert_eq!(ended.iter().map(|ended| &ended["call"]).collect::<Vec<_>>(), [&first["call"]], "only that with carol");
    talk(&mut alice, &mut dave).await;
    carol.quit().await;
}

/// Both hear each other after all that; then one hangs up.
async fn talk(alice: &mut Bellbird, dave: &mut Bellbird) {
    listen(Duration::from_secs(3)).await;
    alice.type_line("hangup").await;
    for phone in [alice, dave] {
        phone.succeeded().await;
        let heard = Wav::read(phone.heard());
        let end = heard.seconds();
        assert!(heard.level_db(end - 3.0, end - 0.5) > -45.0, "both hear each other");
    }
}

async fn answering(scene: &Scene, user: &str) -> Bellbird {
    let account = Account::at(&scene.kamailio, Transport::Udp, user);
    let mut phone = scene.start(&account, &["answer"], &["--play-loop"]);
    phone.event("registered").await;
    phone
}

async fn carol(scene: &Scene) -> Linphone {
    Linphone::start(&scene.stage, &scene.kamailio, Transport::Udp, "carol", "opus", &scene.words.far).await
}

async fn dave(scene: &Scene) -> Baresip {
    let account = BaresipAccount::at(&scene.kamailio, Transport::Udp, "dave");
    Baresip::start(&scene.stage, &account, &scene.words.far).await
}
