//! Do Not Disturb by calls that ring or do not, and what the record says why.

use serde_json::json;

use crate::shop::Shop;

/// D1, D2: set over the API, nothing of the user rings and the caller gets 480; taken back, it rings again.
#[tokio::test]
async fn nothing_rings_while_it_is_on() {
    let mut shop = Shop::open().await;
    shop.server.dnd("607", true).await;
    let (words, record) = shop.refused("607").await;
    assert!(words.starts_with("480"), "{words}");
    assert_eq!(record.outcome(), "heldBack");
    assert_eq!(record.why("240"), (false, "doNotDisturb"));
    assert!(record.nothing_rang());
    let colleagues = shop.server.admin().get("/colleagues").await;
    let daan = colleagues.as_array().expect("colleagues").iter().find(|one| one["extension"] == "607");
    assert_eq!(daan.expect("Daan is a colleague")["presence"], "doNotDisturb");
    shop.server.dnd("607", false).await;
    let record = shop.rings_at_daan("607").await;
    assert!(!shop.daan.has_event("CALL_ESTABLISHED"));
    assert!(record.why("240").0);
}

/// D2: the desk phone's own number is no way around it.
#[tokio::test]
async fn the_number_of_a_device_is_no_way_around_it() {
    let mut shop = Shop::open().await;
    shop.server.dnd("607", true).await;
    let (words, record) = shop.refused("240").await;
    assert!(words.starts_with("480"), "{words}");
    assert_eq!(record.why("240"), (false, "doNotDisturb"));
}

/// D6: at once to the destination if no answer, here a colleague.
#[tokio::test]
async fn the_call_goes_to_the_destination_if_no_answer_at_once() {
    let mut shop = Shop::open().await;
    let daan = shop.server.user_of("607").await;
    shop.server.set_telephony("606", json!({ "noAnswer": { "kind": "user", "user": daan } })).await;
    shop.server.dnd("606", true).await;
    let mut counter = shop.desk_phone("210").await;
    counter.dial("606").await;
    shop.daan.event("CALL_INCOMING").await;
    counter.hang_up().await;
    shop.daan.closed().await;
    let record = shop.record().await;
    assert_eq!(record.why("206"), (false, "doNotDisturb"));
    assert_eq!(record.params("destinationIfNoAnswer")["to"], "Daan Visser");
    assert!(record.why("240").0);
    assert!(!shop.priya.has_event("CALL_INCOMING"));
}

/// D4: a phone that two people share rests only while both are on Do Not Disturb.
#[tokio::test]
async fn a_shared_phone_rests_only_while_all_its_owners_do() {
    let mut shop = Shop::open().await;
    let mut counter = shop.desk_phone("210").await;
    shop.server.dnd("602", true).await;
    shop.priya.dial("210").await;
    counter.event("CALL_INCOMING").await;
    shop.priya_gives_up().await;
    counter.closed().await;
    let record = shop.record().await;
    assert!(record.why("210").0);
    shop.server.dnd("603", true).await;
    let (words, record) = shop.refused("210").await;
    assert!(words.starts_with("480"), "{words}");
    assert_eq!(record.why("210"), (false, "doNotDisturb"));
}

/// Star codes say what shall be, never the reverse of what is; they work from any phone of the user.
#[tokio::test]
async fn star_codes_turn_it_on_and_off() {
    let mut shop = Shop::open().await;
    for code in ["*78", "*78"] {
        shop.daan.dial(code).await;
        let words = shop.daan.closed().await;
        assert!(words.starts_with("480"), "{words}");
        assert!(shop.is_on_dnd("607").await);
    }
    let (_, record) = shop.refused("607").await;
    assert_eq!(record.why("240"), (false, "doNotDisturb"));
    shop.daan.dial("*79").await;
    shop.daan.closed().await;
    assert!(!shop.is_on_dnd("607").await);
    shop.rings_at_daan("607").await;
}

/// DESIGN §6a: set while a call rings, it is silent at once, and D6 holds for that call.
#[tokio::test]
async fn set_while_a_call_rings_it_silences_that_call() {
    let mut shop = Shop::open().await;
    shop.priya.dial("607").await;
    shop.daan.event("CALL_INCOMING").await;
    shop.server.dnd("607", true).await;
    shop.daan.closed().await;
    let words = shop.priya.closed().await;
    assert!(words.starts_with("480"), "{words}");
    let record = shop.record().await;
    assert_eq!(record.why("240"), (true, "doNotDisturb"));
}
