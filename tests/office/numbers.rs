//! One number for one person: who is shown, what rings, and where calls go instead.

use bellbird_tests::{App, Baresip, BaresipAccount, Transport};
use serde_json::{Value, json};

use crate::shop::{Record, Shop};

/// N1, N2: from whatever phone somebody calls, the personal number and name are shown, never the device's.
#[tokio::test]
async fn colleagues_see_the_person_and_not_the_device() {
    let mut shop = Shop::open().await;
    let call = shop.shown_to_daan().await;
    assert_eq!((number_of(&call), &call["peerdisplayname"]), ("606", &json!("Priya Nair")));
    let record = shop.record().await;
    assert_eq!(record.0["from"]["number"], "606");
}

/// N3: without *calls from my user account* the device shows itself; so does a phone that is nobody's.
#[tokio::test]
async fn a_device_shows_itself_where_the_user_wants_that_or_there_is_none() {
    let mut shop = Shop::open().await;
    shop.server.set_telephony("606", json!({ "callsFromUserAccount": false })).await;
    let call = shop.shown_to_daan().await;
    assert_eq!(number_of(&call), "206");
    shop.record().await;
    let mut spare = shop.desk_phone("231").await;
    spare.dial("607").await;
    let call = shop.daan.event("CALL_INCOMING").await;
    assert_eq!(number_of(&call), "231");
    spare.hang_up().await;
    let record = shop.record().await;
    assert_eq!(record.0["from"]["number"], "231");
}

/// N2: all devices of the called person ring; the first answer ends the ringing of the others, which have not missed a call.
#[tokio::test]
async fn all_devices_ring_and_the_first_to_answer_has_the_call() {
    let mut shop = Shop::open().await;
    let app = App::log_in(&shop.stage, &shop.server, "daan", "laptop").await;
    let mut app = app.start(&shop.stage, &["answer", "--null-audio", "--ring-for", "30"]);
    app.event("registered").await;
    shop.priya.dial("607").await;
    app.event("incoming").await;
    shop.daan.event("CALL_INCOMING").await;
    shop.daan.accept().await;
    shop.priya.established().await;
    let ended = app.event("ended").await;
    assert_eq!(ended["answered_elsewhere"], true, "{ended}");
    shop.priya.hang_up().await;
    shop.daan.closed().await;
    let record = shop.record().await;
    assert_eq!(record.outcome(), "answered");
    assert_eq!(record.0["answeredBy"]["number"], "240");
    assert_eq!(record.why("240"), (true, "answered"));
    assert_eq!(record.causes_of("client"), [(true, "answeredElsewhere")]);
}

/// N4: colleagues reach the user at one device only.
#[tokio::test]
async fn colleagues_reach_the_device_that_was_chosen_for_them() {
    let mut shop = Shop::open().await;
    let (mut second, account) = shop.second_phone_of_daan().await;
    let chosen = json!({ "kind": "account", "account": account });
    shop.server.set_telephony("607", json!({ "numberForColleagues": chosen })).await;
    let record = shop.rings_at(&mut second, "607").await;
    assert!(record.why("250").0);
    assert_eq!(record.why("240"), (false, "colleaguesElsewhere"));
    assert!(!shop.daan.has_event("CALL_INCOMING"));
}

/// N5: available at one device; then not at all, and the call plan skips the user.
#[tokio::test]
async fn availability_chooses_a_device_or_skips_the_user() {
    let mut shop = Shop::open().await;
    let (mut second, account) = shop.second_phone_of_daan().await;
    let daan = shop.server.log_in("daan").await;
    let at = json!({ "kind": "account", "account": account });
    daan.put("/me/availability", json!({ "kind": "available", "at": at })).await;
    let record = shop.rings_at(&mut second, "607").await;
    assert_eq!(record.why("240"), (false, "reachedElsewhere"));
    daan.put("/me/availability", json!({ "kind": "notAvailable" })).await;
    let (words, record) = shop.refused("607").await;
    assert!(words.starts_with("480"), "{words}");
    assert_eq!(record.why("240"), (false, "notAvailable"));
    assert_eq!(record.why("250"), (false, "notAvailable"));
}

/// N8: a number of the inventory follows the routing of whom it is assigned to, also when a colleague dials it.
#[tokio::test]
async fn a_number_of_the_inventory_leads_to_its_user() {
    let mut shop = Shop::open().await;
    let daan = shop.server.user_of("607").await;
    let to = json!({ "kind": "user", "user": daan });
    shop.server.admin().post("/numbers", json!({ "number": "+31200121107", "to": to })).await;
    let record = shop.rings_at_daan("0200121107").await;
    assert_eq!(record.params("numberLeadsTo")["number"], "+31200121107");
    assert!(record.why("240").0);
}

/// N9: always, by star code from the phone: the colleague's phone rings and the own one does not.
#[tokio::test]
async fn all_calls_are_forwarded_by_a_star_code() {
    let mut shop = Shop::open().await;
    let mut femke = shop.new_phone("260", "612").await;
    shop.daan.dial("*72612").await;
    shop.daan.closed().await;
    let record = shop.rings_at(&mut femke, "607").await;
    assert_eq!(record.params("forwardedAlways")["to"], "Femke Jansen");
    assert!(!shop.daan.has_event("CALL_INCOMING"));
    shop.daan.dial("*73").await;
    shop.daan.closed().await;
    shop.rings_at_daan("607").await;
}

/// N9: while busy, with call waiting off; U8.
#[tokio::test]
async fn calls_are_forwarded_while_the_user_is_busy() {
    let mut shop = Shop::open().await;
    let mut femke = shop.new_phone("260", "612").await;
    let to = json!({ "kind": "user", "user": shop.server.user_of("612").await });
    let busy = json!({ "busy": { "active": true, "to": to } });
    shop.server.set_telephony("607", json!({ "callWaiting": false, "forwarding": busy })).await;
    let mut counter = shop.desk_phone("210").await;
    counter.dial("607").await;
    shop.daan.event("CALL_INCOMING").await;
    shop.daan.accept().await;
    counter.established().await;
    let record = shop.rings_at(&mut femke, "607").await;
    assert_eq!(record.why("240"), (false, "onAnotherCall"));
    assert_eq!(record.params("forwardedBusy")["to"], "Femke Jansen");
}

/// N9: after the ring time, and where no device is registered.
#[tokio::test]
async fn calls_are_forwarded_when_nobody_answers_and_when_no_device_is_there() {
    let mut shop = Shop::open().await;
    let mut femke = shop.new_phone("260", "612").await;
    let to = json!({ "kind": "user", "user": shop.server.user_of("612").await });
    let forwarding = json!({ "active": true, "to": to });
    let both = json!({ "noAnswer": forwarding, "unreachable": forwarding });
    shop.server.set_telephony("607", json!({ "ringSeconds": 5, "forwarding": both })).await;
    let record = shop.rings_at(&mut femke, "607").await;
    shop.daan.event("CALL_INCOMING").await;
    assert_eq!(record.why("240"), (true, "notAnswered"));
    assert_eq!(record.params("forwardedNoAnswer")["to"], "Femke Jansen");
    shop.daan.leave().await;
    shop.server.has_registrations("240", 0).await;
    let record = shop.rings_at(&mut femke, "607").await;
    assert_eq!(record.why("240"), (false, "notRegistered"));
    assert_eq!(record.params("forwardedUnreachable")["to"], "Femke Jansen");
}

impl Shop {
    /// What Daan's phone shows when Priya calls him; then she gives up.
    async fn shown_to_daan(&mut self) -> Value {
        self.priya.dial("607").await;
        let call = self.daan.event("CALL_INCOMING").await;
        self.priya_gives_up().await;
        self.daan.closed().await;
        call
    }

    /// Another desk phone, 250.
    async fn second_phone_of_daan(&mut self) -> (Baresip, u64) {
        (self.new_phone("250", "607").await, self.server.account_of("250").await)
    }

    async fn new_phone(&mut self, number: &str, owner: &str) -> Baresip {
        let account = self.server.new_desk_phone(Transport::Udp, number, &[owner]).await;
        Baresip::start(&self.stage, &BaresipAccount::of(account).rings(), &self.words.far).await
    }

    /// Priya dials, this phone rings, she gives up.
    async fn rings_at(&mut self, phone: &mut Baresip, number: &str) -> Record {
        self.priya.dial(number).await;
        phone.event("CALL_INCOMING").await;
        self.priya_gives_up().await;
        phone.closed().await;
        self.record().await
    }
}

fn number_of(call: &Value) -> &str {
    let uri = call["peeruri"].as_str().expect("a URI");
    uri.trim_start_matches("sip:").split('@').next().unwrap_or_default()
}
