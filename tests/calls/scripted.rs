//! Calls with sipp, whose scripts also do what well-behaved phones do not.

use bellbird_tests::{Account, Bellbird, Sipp, Stage};

use crate::talk::Words;

#[tokio::test]
async fn calls_a_script_that_sends_back_what_it_hears() {
    let report = calls("answer").await;
    assert_eq!(report["codec"], "pcmu");
    // What comes back carries our own source: a loop (RFC 3550 §8.2), which is counted and not played.
    assert!(report["rejected_packets"].as_u64() > Some(50), "{report}");
}

#[tokio::test]
async fn ringing_after_the_answer_changes_nothing() {
    calls("ringing-after-answer").await;
}

#[tokio::test]
async fn an_answer_with_a_route_set_is_followed() {
    calls("answer-with-routes").await;
}

#[tokio::test]
async fn early_media_is_heard_and_then_the_answer() {
    calls("early-media").await;
}

#[tokio::test]
async fn a_script_that_calls_is_answered() {
    is_called("call").await;
}

#[tokio::test]
async fn a_call_without_an_offer_is_answered() {
    is_called("call-without-offer").await;
}

/// `c=IN IP4 0.0.0.0` is how RFC 2543 held a call.
#[tokio::test]
async fn the_old_way_to_hold_is_understood() {
    let mut alice = is_called("hold-the-old-way").await;
    assert_eq!(alice.events("held").len(), 1);
    assert_eq!(alice.events("resumed").len(), 1);
    alice.succeeded().await;
}

async fn calls(scenario: &str) -> bellbird_tests::Event {
    let stage = Stage::new().await;
    let words = Words::prepared().await;
    let mut peer = Sipp::wait_for_call(&stage, scenario).await;
    let target = format!("sip:bob@127.0.0.1:{}", peer.port);
    let mut alice = Bellbird::start(
        &stage,
        &Account::alone("alice"),
        &["call", &target, "--play", words.near_path(), "--no-audio-processing", "--for", "2"],
    );
    alice.event("answered").await;
    let report = alice.event("report").await;
    alice.succeeded().await;
    peer.succeeded().await;
    report
}

async fn is_called(scenario: &str) -> Bellbird {
    let stage = Stage::new().await;
    let words = Words::prepared().await;
    let arguments = ["answer", "--play", words.near_path(), "--no-audio-processing"];
    let mut alice = Bellbird::start(&stage, &Account::alone("alice"), &arguments);
    let ready = alice.event("ready").await;
    let address = ready["local"]
        .as_array()
        .and_then(|all| all.iter().filter_map(|one| one.as_str()?.strip_prefix("udp:")).next())
        .expect("it says where it listens");
    let mut peer = Sipp::call(&stage, scenario, "alice", address).await;
    alice.event("answered").await;
    peer.succeeded().await;
    alice.event("ended").await;
    alice.succeeded().await;
    alice
}
