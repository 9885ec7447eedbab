//! Calls through the server by sipp's scripts, which also check what a phone would overlook.

use bellbird_tests::{Sipp, Transport};

use crate::shop::Shop;

/// N2: who stops ringing because another device has the call is told so by `Reason: SIP;cause=200` (RFC 3326), and need not
/// show a missed call.
#[tokio::test]
async fn a_cancel_says_that_the_call_was_answered_elsewhere() {
    let mut shop = Shop::open().await;
    let account = shop.server.new_desk_phone(Transport::Udp, "250", &["607"]).await;
    let mut second = Sipp::wait_for_call_as(&shop.stage, "rings-and-is-cancelled", &account).await;
    shop.priya.dial("607").await;
    shop.daan.event("CALL_INCOMING").await;
    shop.priya.event("CALL_RINGING").await;
    shop.daan.accept().await;
    second.succeeded().await;
    shop.priya_gives_up().await;
    let record = shop.record().await;
    assert_eq!(record.why("250"), (true, "answeredElsewhere"));
}

/// An INVITE without an offer: the called phone makes it, and the caller answers in the ACK.
#[tokio::test]
async fn a_call_without_an_offer_is_connected() {
    calls("call-with-password-without-offer").await;
}

/// Session timers hold for each leg; baresip, at the other end, knows nothing of this one.
#[tokio::test]
async fn a_session_timer_is_agreed_with_the_server_and_refreshed() {
    calls("call-with-password-and-timer").await;
}

/// RFC 3262 on one leg only.
#[tokio::test]
async fn ringing_is_sent_reliably_to_who_wants_that() {
    calls("call-with-password-and-prack").await;
}

async fn calls(scenario: &str) {
    let mut shop = Shop::open().await;
    let account = shop.server.new_desk_phone(Transport::Udp, "251", &["612"]).await;
    let mut caller = Sipp::call_as(&shop.stage, scenario, &account, "607").await;
    shop.daan.event("CALL_INCOMING").await;
    shop.daan.accept().await;
    shop.daan.established().await;
    caller.succeeded().await;
    shop.daan.closed().await;
    let record = shop.record().await;
    assert_eq!((record.outcome(), record.why("240")), ("answered", (true, "answered")));
    assert_eq!(record.0["from"]["number"], "612");
}
