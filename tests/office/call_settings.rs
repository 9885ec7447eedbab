//! Settings that administrators push: they decide what rings, at once and on the server.

use bellbird_tests::{App, Baresip, BaresipAccount, Transport};
use reqwest::Method;
use serde_json::json;

use crate::shop::Shop;

/// C1, C6: *receive incoming calls* off for all clients: no app rings, the desk phone does; the record names who said so.
#[tokio::test]
async fn receiving_off_for_all_clients_leaves_the_desk_phone() {
    let mut shop = Shop::open().await;
    let app = App::log_in(&shop.stage, &shop.server, "daan", "laptop").await;
    let mut app = app.start(&shop.stage, &["answer", "--null-audio"]);
    app.event("registered").await;
    let off = json!({ "what": "incoming", "mode": "disabled", "note": "At the desk" });
    shop.server.set_settings("607", off).await;
    let record = shop.rings_at_daan("607").await;
    assert!(record.why("240").0);
    assert_eq!(record.causes_of("client"), [(false, "receiveOffEverywhere")]);
    let params = record.params("receiveOffEverywhere");
    assert_eq!((&params["by"], &params["note"]), (&json!("Marieke Smit"), &json!("At the desk")));
    assert!(app.events("incoming").is_empty());
}

/// C4, C6, C7: off for this client alone, by the client: the other one rings.
#[tokio::test]
async fn receiving_off_for_one_client_leaves_the_other() {
    let mut shop = Shop::open().await;
    let (laptop, tower) = (
        App::log_in(&shop.stage, &shop.server, "daan", "laptop").await,
        App::log_in(&shop.stage, &shop.server, "daan", "tower").await,
    );
    let individual = json!({ "what": "incoming", "mode": "individual" });
    shop.server.set_settings("607", individual).await;
    laptop.start(&shop.stage, &["settings", "--receive", "off"]).succeeded().await;
    let mut laptop = laptop.start(&shop.stage, &["answer", "--null-audio"]);
    laptop.event("registered").await;
    let mut tower = tower.start(&shop.stage, &["answer", "--null-audio", "--ring-for", "30"]);
    tower.event("registered").await;
    shop.priya.dial("607").await;
    tower.event("incoming").await;
    shop.priya_gives_up().await;
    tower.event("ended").await;
    let record = shop.record().await;
    let mut causes = record.causes_of("client");
    causes.sort_unstable();
    assert_eq!(causes, [(false, "receiveOffHere"), (true, "callerHungUp")]);
    assert!(laptop.events("incoming").is_empty());
}

/// C1, C6: *make calls* off: the app says why and does not call; a desk phone's own dialling is not bound.
#[tokio::test]
async fn making_calls_off_is_said_in_words_and_binds_no_desk_phone() {
    let mut shop = Shop::open().await;
    let off = json!({ "what": "outgoing", "mode": "disabled", "note": "Mobile only" });
    shop.server.set_settings("606", off).await;
    let app = App::log_in(&shop.stage, &shop.server, "priya", "laptop").await;
    let mut app = app.start(&shop.stage, &["call", "607", "--null-audio"]);
    app.error("making_calls_off").await;
    assert_ne!(app.exit_code().await, 0);
    shop.rings_at_daan("607").await;
}

/// C3, C5: without the permission the server refuses the write, with whom to turn to; with it, it takes it.
#[tokio::test]
async fn without_the_permission_the_server_refuses_the_write() {
    let shop = Shop::open().await;
    let daan = shop.server.log_in("daan").await;
    let permission = |granted| json!({ "what": "permission", "permission": "configureIncoming", "granted": granted });
    shop.server.set_settings("607", permission(false)).await;
    let base = daan.get("/me/settings").await["document"]["incoming"]["revision"].clone();
    let change = json!({ "direction": "incoming", "base": base, "scope": "allClients", "receive": false });
    let (status, problem) = daan.asks(Method::PUT, "/me/settings", change.clone()).await;
    assert_eq!((status, &problem["code"]), (403, &json!("lockedByAdministrator")), "{problem}");
    assert_eq!(problem["params"]["by"], "Marieke Smit");
    let app = App::log_in(&shop.stage, &shop.server, "daan", "laptop").await;
    let mut setting = app.start(&shop.stage, &["settings", "--receive", "off"]);
    setting.error("locked_by_administrator").await;
    assert_ne!(setting.exit_code().await, 0);
    shop.server.set_settings("607", permission(true)).await;
    let (status, answer) = daan.asks(Method::PUT, "/me/settings", change).await;
    assert_eq!(status, 200, "{answer}");
}

/// C8: a change reaches an open phone in the middle of a call, and the call goes on.
#[tokio::test]
async fn a_change_reaches_an_open_phone_in_the_middle_of_a_call() {
    let mut shop = Shop::open().await;
    let app = App::log_in(&shop.stage, &shop.server, "femke", "counter").await;
    let mut app = app.start(&shop.stage, &["answer", "--null-audio"]);
    app.event("registered").await;
    shop.priya.dial("612").await;
    app.event("answered").await;
    shop.priya.established().await;
    let off = json!({ "what": "incoming", "mode": "disabled", "note": "Closed" });
    shop.server.set_settings("612", off).await;
    let settings = app.event("settings").await;
    assert_eq!((&settings["receive"]["value"], &settings["receive"]["scope"]), (&json!(false), &json!("all_clients")));
    assert!(app.events("ended").is_empty() && !shop.priya.has_event("CALL_CLOSED"));
    shop.priya_gives_up().await;
    app.event("ended").await;
    app.succeeded().await;
    assert_eq!(shop.record().await.outcome(), "answered");
    let (words, record) = shop.refused("612").await;
    assert!(words.starts_with("480"), "{words}");
    assert!(record.nothing_rang());
}

/// C2: by desk phone: it rings first, then the other side.
#[tokio::test]
async fn the_call_method_desk_phone_rings_it_first() {
    let mut shop = Shop::open().await;
    let method = json!({ "what": "outgoing", "mode": "enabled", "callMethod": "deskPhone" });
    shop.server.set_settings("612", method).await;
    let account = shop.server.new_desk_phone(Transport::Udp, "260", &["612"]).await;
    let mut desk = Baresip::start(&shop.stage, &BaresipAccount::of(account).rings(), &shop.words.near).await;
    let app = App::log_in(&shop.stage, &shop.server, "femke", "counter").await;
    let mut app = app.start(&shop.stage, &["call", "607", "--null-audio"]);
    desk.event("CALL_INCOMING").await;
    assert!(!shop.daan.has_event("CALL_INCOMING"));
    desk.accept().await;
    let shown = shop.daan.event("CALL_INCOMING").await;
    assert!(shown["peeruri"].as_str().is_some_and(|uri| uri.starts_with("sip:612@")), "{shown}");
    shop.daan.accept().await;
    shop.daan.established().await;
    desk.hang_up().await;
    shop.daan.closed().await;
    app.succeeded().await;
    let record = shop.record().await;
    assert_eq!((record.outcome(), record.why("240")), ("answered", (true, "answered")));
    assert_eq!(record.why("260").1, "callMethod");
}
