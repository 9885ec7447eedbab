//! What happens while people talk: hold, digits, hanging up.

use std::time::Duration;

use bellbird_tests::{BaresipAccount, DOMAIN, Linphone, Transport, Wav};

use crate::talk::{Scene, listen};

/// Sound in the last call is this loud at least while somebody speaks, and softer than this while nobody does.
const SPEAKING_DB: f64 = -45.0;
const SILENT_DB: f64 = -60.0;

#[tokio::test]
async fn holds_and_resumes() {
    let mut scene = Scene::plain().await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--for", "8", "--hold"]);
    scene.bob.established().await;
    alice.event("answered").await;
    let held = alice.event("held").await;
    assert_eq!(held["by"], "local");
    let resumed = alice.event("resumed").await;
    assert_eq!(resumed["by"], "local");
    alice.succeeded().await;
    scene.bob.closed().await;
    scene.bob.stop().await;
    let heard = Wav::read(&scene.bob.heard());
    assert!(heard.level_db(0.5, 1.8) > SPEAKING_DB, "bob heard alice before the hold");
    let end = heard.seconds();
    assert!(heard.level_db(end - 2.5, end - 0.5) > SPEAKING_DB, "bob heard alice after the hold");
}

#[tokio::test]
async fn is_held_and_resumed_by_baresip() {
    let mut scene = Scene::plain().await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &[]);
    scene.bob.established().await;
    alice.event("answered").await;
    scene.bob.command("hold", "").await;
    let held = alice.event("held").await;
    assert_eq!(held["by"], "remote");
    scene.bob.command("resume", "").await;
    let resumed = alice.event("resumed").await;
    assert_eq!(resumed["by"], "remote");
    listen(Duration::from_secs(2)).await;
    scene.bob.hang_up().await;
    let ended = alice.event("ended").await;
    assert_eq!(ended["by"], "remote");
    alice.succeeded().await;
    let heard = Wav::read(alice.heard());
    let end = heard.seconds();
    assert!(heard.level_db(end - 1.8, end) > SPEAKING_DB, "alice heard bob after the hold");
}

#[tokio::test]
async fn is_held_and_resumed_by_linphone() {
    let scene = Scene::plain().await;
    let mut alice = scene.alice_answers(&[]).await;
    let mut carol =
        Linphone::start(&scene.stage, &scene.kamailio, Transport::Udp, "carol", "opus", &scene.words.far).await;
    carol.call(&format!("sip:alice@{DOMAIN}")).await;
    alice.event("answered").await;
    carol.established().await;
    carol.type_line("pause").await;
    let held = alice.event("held").await;
    assert_eq!(held["by"], "remote");
    carol.log().wait_for(0, "paused", Duration::from_secs(30)).await;
    carol.type_line("resume").await;
    let resumed = alice.event("resumed").await;
    assert_eq!(resumed["by"], "remote");
    carol.quit().await;
    alice.event("ended").await;
    alice.succeeded().await;
}

#[tokio::test]
async fn digits_are_heard_by_baresip() {
    let mut scene = Scene::plain().await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--for", "4", "--dtmf", "159#"]);
    scene.bob.established().await;
    for digit in ["1", "5", "9", "#"] {
        let event = scene.bob.event("CALL_DTMF_START").await;
        assert_eq!(event["param"], digit);
    }
    alice.succeeded().await;
}

#[tokio::test]
async fn digits_of_baresip_are_heard() {
    let mut scene = Scene::plain().await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--for", "6"]);
    scene.bob.established().await;
    alice.event("answered").await;
    for digit in ["7", "*", "0"] {
        scene.bob.command("sndcode", digit).await;
        let event = alice.event("digit").await;
        assert_eq!(event["digit"], digit);
    }
    alice.succeeded().await;
    assert_eq!(alice.events("digit").len(), 3, "each digit once, although each comes in many packets");
}

#[tokio::test]
async fn digits_in_info_requests_are_heard() {
    let with_info = |kamailio: &_| BaresipAccount {
        more: "dtmfmode=info".to_owned(),
        ..BaresipAccount::at(kamailio, Transport::Udp, "bob")
    };
    let mut scene = Scene::set(with_info).await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &["--for", "4"]);
    scene.bob.established().await;
    alice.event("answered").await;
    scene.bob.command("sndcode", "4").await;
    let event = alice.event("digit").await;
    assert_eq!(event["digit"], "4");
    alice.succeeded().await;
}

#[tokio::test]
async fn a_call_without_words_is_silent() {
    let mut scene = Scene::plain().await;
    let account = bellbird_tests::Account::at(&scene.kamailio, Transport::Udp, "alice");
    let target = format!("sip:bob@{DOMAIN}");
    let arguments = ["call", &target, "--null-audio", "--for", "2"];
    let mut alice = bellbird_tests::Bellbird::start(&scene.stage, &account, &arguments);
    scene.bob.established().await;
    alice.succeeded().await;
    scene.bob.closed().await;
    scene.bob.stop().await;
    let heard = Wav::read(&scene.bob.heard());
    assert!(heard.seconds() > 1.0, "bob received sound");
    assert!(heard.level_db(0.0, heard.seconds()) < SILENT_DB, "and it was silence");
}

#[tokio::test]
async fn commands_are_taken_from_standard_input() {
    let mut scene = Scene::plain().await;
    let mut alice = scene.alice_calls(&format!("sip:bob@{DOMAIN}"), &[]);
    scene.bob.established().await;
    alice.event("answered").await;
    alice.type_line("hold").await;
    alice.event("held").await;
    alice.type_line("resume").await;
    alice.event("resumed").await;
    alice.type_line("digits 42").await;
    assert_eq!(scene.bob.event("CALL_DTMF_START").await["param"], "4");
    assert_eq!(scene.bob.event("CALL_DTMF_START").await["param"], "2");
    alice.type_line("hangup").await;
    let ended = alice.event("ended").await;
    assert_eq!(ended["by"], "local");
    scene.bob.closed().await;
    alice.succeeded().await;
}
