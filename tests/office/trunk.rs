//! N6, N8, N9, C2, P8: calls to and from the outside over trunks that sipp plays.

use std::time::Duration;

use bellbird_tests::{
    App, Baresip, BaresipAccount, Calls, Dialect, FeaturePhone, OutsideCall, Person, Place, Provider, Request, Server,
    Speech, Stage, Transport, Voice, until,
};
use serde_json::{Value, json};

/// Where the provider is, so that nobody else is taken for it.
const THERE: &str = "127.0.0.2";
/// Where a second one is.
const ELSEWHERE: &str = "127.0.0.3";
/// A number of nobody in the house.
const OUTSIDE: &str = "0201234567";

/// The shop with one provider in the demo trunk's place.
struct Shop {
    stage: Stage,
    server: Server,
    provider: Provider,
    trunk: u64,
}

impl Shop {
    /// A provider that is known by its address.
    async fn with(calls: Calls) -> Self {
        let stage = Stage::new().await;
        let server = Server::start(&stage).await;
        let provider = Provider::start(&stage, THERE, calls).await;
        let mut shop = Self { stage, server, provider, trunk: 0 };
        shop.trunk = shop.demo_trunk().await;
        shop.set_trunk(shop.provider.settings("Provider"), None).await;
        shop
    }

    async fn demo_trunk(&self) -> u64 {
        self.server.admin().get("/trunks").await[0]["id"].as_u64().expect("the demo has a trunk")
    }

    async fn trunk_view(&self, trunk: u64) -> Value {
        let trunks = self.server.admin().get("/trunks").await;
        let all = trunks.as_array().expect("trunks");
        all.iter().find(|known| known["id"] == trunk).expect("this trunk").clone()
    }

    async fn set_trunk(&self, settings: Value, secret: Option<&str>) {
        let base = self.trunk_view(self.trunk).await["revision"].clone();
        let mut edit = json!({ "base": base, "settings": settings });
        if let Some(secret) = secret {
            edit["secret"] = json!(secret);
        }
        self.server.admin().put(&format!("/trunks/{}", self.trunk), edit).await;
    }

    async fn add_trunk(&self, settings: Value) -> u64 {
        let made = self.server.admin().post("/trunks", json!({ "settings": settings })).await;
        made["id"].as_u64().expect("an id")
    }

    async fn test(&self, trunk: u64) -> Value {
        self.server.admin().post(&format!("/trunks/{trunk}/test"), Value::Null).await
    }

    /// The id of a number of the inventory.
    async fn number(&self, number: &str) -> u64 {
        let numbers = self.server.admin().get("/numbers").await;
        let known = numbers.as_array().expect("numbers").iter().find(|entry| entry["number"] == number);
        match known {
            Some(entry) => entry["id"].as_u64().expect("an id"),
            None => {
                let made = self.server.admin().post("/numbers", json!({ "number": number, "trunk": self.trunk })).await;
                made["id"].as_u64().expect("an id")
            }
        }
    }

    async fn desk_phone(&self, number: &str) -> FeaturePhone {
        let account = self.server.desk_phone(Transport::Udp, number);
        FeaturePhone::without_keys(&self.stage, Dialect::Yealink, &account).await
    }

    async fn caller_id(&self, extension: &str, rule: Value) {
        self.server.set_telephony(extension, json!({ "callerId": rule })).await;
    }

    async fn organisations_caller_id(&self, rule: Value) {
        let organisation = self.server.admin().get("/organisation").await;
        let mut settings = organisation["settings"].clone();
        settings["callerId"] = rule;
        let change = json!({ "base": organisation["revision"], "settings": settings });
        self.server.admin().patch("/organisation", change).await;
    }

    fn call_from_outside<'a>(&self, to: &'a str, ends_with: u16) -> OutsideCall<'a> {
        let (place, from) = (Place::loopback(THERE), "+31612345678");
        OutsideCall { place, to, from, more: "", ends_with, talks: Duration::from_millis(300), says: None }
    }
}

fn user_of(field: Option<&str>) -> &str {
    let uri = field.and_then(|field| field.split("sip:").nth(1)).unwrap_or_default();
    uri.split('@').next().unwrap_or_default()
}

/// Who calls, as the provider is told: From, P-Asserted-Identity.
fn shown(invite: &Request) -> (&str, &str) {
    (user_of(invite.field("From")), user_of(invite.field("P-Asserted-Identity")))
}

/// N8: the provider wants a registration, gets one by digest, and brings and takes calls.
#[tokio::test]
async fn a_trunk_that_registers_brings_calls_and_takes_them() {
    let mut shop = Shop::with(Calls::Refused(486, "Busy Here")).await;
    shop.provider =
        Provider::registering(&shop.stage, ELSEWHERE, Calls::Refused(486, "Busy Here"), "shop", "s3cret").await;
    let mut settings = shop.provider.settings("Provider");
    settings["link"] = json!({ "kind": "registering", "userName": "shop" });
    shop.set_trunk(settings.clone(), Some("wrong")).await;
    let tested = shop.test(shop.trunk).await;
    assert_eq!(tested["outcome"], "refused", "{tested}");
    shop.set_trunk(settings, Some("s3cret")).await;
    let tested = shop.test(shop.trunk).await;
    assert_eq!((&tested["outcome"], &tested["status"]), (&json!("works"), &json!(200)), "{tested}");
    assert_eq!(shop.trunk_view(shop.trunk).await["health"]["kind"], "up");
    let linda = shop.desk_phone("203").await;
    let call = OutsideCall { place: Place::loopback(ELSEWHERE), ..shop.call_from_outside("+31200121101", 486) };
    linda.is_busy();
    call.run(&shop.stage, &shop.server.socket()).await;
    assert_eq!(linda.rang(), 1, "the number is Linda's");
    let mut daan = shop.desk_phone("240").await;
    assert_eq!(daan.dials(OUTSIDE).await.0, 486);
    let invite = shop.provider.invite().await;
    assert!(invite.line().starts_with("INVITE sip:+31201234567@127.0.0.3"), "{}", invite.line());
    assert!(
        invite.field("Authorization").is_some_and(|proof| proof.contains("username=\"shop\"")),
        "{}",
        invite.text()
    );
}

/// N8: a provider that is known by its address; its numbers lead to their users and nothing else is reached by it.
#[tokio::test]
async fn a_number_leads_to_its_user_and_a_trunk_reaches_nothing_else() {
    let mut shop = Shop::with(Calls::Answered).await;
    let linda = shop.desk_phone("203").await;
    linda.is_busy();
    for written in ["+31200121101", "31200121101", "0200121101"] {
        let before = linda.rang();
        shop.call_from_outside(written, 486).run(&shop.stage, &shop.server.socket()).await;
        assert_eq!(linda.rang(), before + 1, "{written}");
        let record = shop.server.next_record().await;
        assert_eq!(record["from"]["number"], "+31612345678", "{record}");
    }
    let daan = shop.desk_phone("240").await;
    for closed in ["607", "240", "+31201234567", "*78", "112"] {
        shop.call_from_outside(closed, 404).run(&shop.stage, &shop.server.socket()).await;
    }
    assert_eq!((daan.rang(), shop.provider.requests("INVITE").len()), (0, 0), "nothing rang, nothing went out");
}

/// N6: who calls, as the outside sees it.
#[tokio::test]
async fn the_outside_sees_the_number_that_the_rules_say() {
    let mut shop = Shop::with(Calls::Refused(486, "Busy Here")).await;
    let mut daan = shop.desk_phone("240").await;
    let (house, own, german) =
        (shop.number("+31200121000").await, shop.number("+31200121102").await, shop.number("+4930901820").await);
    shop.organisations_caller_id(json!({ "kind": "number", "number": house })).await;
    shop.server.set_telephony("607", json!({ "callsFromUserAccount": true })).await;
    shop.caller_id("607", json!({ "kind": "accountDefault" })).await;
    daan.dials(OUTSIDE).await;
    assert_eq!(shown(&shop.provider.invite().await), ("+31200121000", "+31200121000"), "the account's default");
    shop.caller_id("607", json!({ "kind": "number", "number": own })).await;
    daan.dials(OUTSIDE).await;
    assert_eq!(shown(&shop.provider.invite().await), ("+31200121102", "+31200121102"), "the user's own");
    let per_country = json!([{ "country": "DE", "number": german }]);
    shop.caller_id("607", json!({ "kind": "perCountry", "numbers": per_country })).await;
    daan.dials("004930123456").await;
    assert_eq!(shown(&shop.provider.invite().await), ("+4930901820", "+4930901820"), "Germany sees a German number");
    daan.dials(OUTSIDE).await;
    assert_eq!(shown(&shop.provider.invite().await).0, "+31200121000", "other countries see the default");
    shop.caller_id("607", json!({ "kind": "withheld" })).await;
    daan.dials(OUTSIDE).await;
    is_withheld(&shop.provider.invite().await, "+31200121000");
    shop.caller_id("607", json!({ "kind": "number", "number": own })).await;
    for code in ["*31*", "#31#", "*67"] {
        daan.dials(&format!("{code}{OUTSIDE}")).await;
        is_withheld(&shop.provider.invite().await, "+31200121102");
    }
}

/// RFC 3323, RFC 3325: nobody reads the number, and the provider knows it all the same.
fn is_withheld(invite: &Request, asserted: &str) {
    let from = invite.field("From").unwrap_or_default();
    assert!(from.contains("sip:anonymous@anonymous.invalid"), "{from}");
    assert_eq!(invite.field("Privacy"), Some("id"), "{}", invite.text());
    assert_eq!(user_of(invite.field("P-Asserted-Identity")), asserted, "{}", invite.text());
    assert!(!invite.field("Contact").unwrap_or_default().contains(asserted), "{}", invite.text());
}

/// N9: a forwarding leads to a mobile over the trunk; the mobile sees who calls, the provider who pays.
#[tokio::test]
async fn a_forwarding_leads_to_a_mobile_over_the_trunk() {
    let mut shop = Shop::with(Calls::Refused(486, "Busy Here")).await;
    let own = shop.number("+31200121101").await;
    shop.caller_id("601", json!({ "kind": "number", "number": own })).await;
    let to = json!({ "kind": "external", "number": "0687654321" });
    shop.server.set_telephony("601", json!({ "forwarding": { "always": { "active": true, "to": to } } })).await;
    let linda = shop.desk_phone("203").await;
    shop.call_from_outside("+31200121101", 480).run(&shop.stage, &shop.server.socket()).await;
    let invite = shop.provider.invite().await;
    assert!(invite.line().starts_with("INVITE sip:+31687654321@"), "{}", invite.line());
    assert_eq!(shown(&invite), ("+31612345678", "+31200121101"), "{}", invite.text());
    assert_eq!(user_of(invite.field("Diversion")), "+31200121101", "{}", invite.text());
    assert_eq!(linda.rang(), 0, "it is forwarded always");
    // D3: on Do Not Disturb the forwarding rests.
    shop.server.dnd("601", true).await;
    shop.call_from_outside("+31200121101", 480).run(&shop.stage, &shop.server.socket()).await;
    shop.server.next_record().await;
    assert_eq!(shop.provider.requests("INVITE").len(), 1);
    let record = shop.server.next_record().await;
    assert!(has_cause(&record, "forwardingPaused"), "{record:#}");
}

fn has_cause(record: &Value, cause: &str) -> bool {
    record["why"].as_array().is_some_and(|reasons| reasons.iter().any(|reason| reason["cause"] == cause))
}

/// N9: a linked number rings beside the devices, and whoever answers has the call.
#[tokio::test]
async fn a_linked_number_rings_beside_the_devices() {
    let mut shop = Shop::with(Calls::Answered).await;
    let linked = json!({ "active": true, "number": "0687654321" });
    shop.server.set_telephony("601", json!({ "linkedNumber": linked })).await;
    let linda = shop.desk_phone("203").await;
    shop.call_from_outside("+31200121101", 200).run(&shop.stage, &shop.server.socket()).await;
    assert!(shop.provider.invite().await.line().contains("+31687654321@"));
    assert_eq!(linda.rang(), 1, "her desk phone rang as well");
    let record = shop.server.next_record().await;
    assert_eq!(record["outcome"], "answered", "{record:#}");
    assert!(has_cause(&record, "answeredElsewhere"), "{record:#}");
}

/// N8: the next trunk takes what the first can't; a number that nobody has is no reason to try another one.
#[tokio::test]
async fn the_next_trunk_takes_what_the_first_can_not() {
    let mut shop = Shop::with(Calls::Refused(503, "Service Unavailable")).await;
    let mut second = Provider::start(&shop.stage, ELSEWHERE, Calls::Refused(486, "Busy Here")).await;
    let mut settings = second.settings("Second");
    settings["order"] = json!(2);
    let second_trunk = shop.add_trunk(settings).await;
    let mut daan = shop.desk_phone("240").await;
    assert_eq!(daan.dials(OUTSIDE).await.0, 486, "the second trunk says that the number is busy");
    shop.provider.invite().await;
    second.invite().await;
    // The first one is gone: once that is known it is not tried any more.
    shop.provider.kill().await;
    shop.server.next_record().await;
    is_down(&shop, shop.trunk).await;
    assert_eq!(daan.dials(OUTSIDE).await.0, 486);
    second.invite().await;
    // And it is, where both are.
    second.kill().await;
    is_down(&shop, second_trunk).await;
    let (status, words) = daan.dials(OUTSIDE).await;
    assert_eq!((status, words.as_str()), (503, "No line to the outside can take this call"));
    shop.server.next_record().await;
    let record = shop.server.next_record().await;
    assert!(has_cause(&record, "noTrunk"), "{record:#}");
}

/// N8: a trunk that says nothing costs four seconds, an emergency call too.
#[tokio::test]
async fn the_next_trunk_takes_what_the_first_is_silent_about() {
    let shop = Shop::with(Calls::Refused(486, "Busy Here")).await;
    // It takes datagrams and says nothing: not even that nobody is there.
    let silent = tokio::net::UdpSocket::bind((ELSEWHERE, 0)).await.expect("an address of loopback");
    let mut settings = shop.provider.settings("Silent");
    settings["servers"] = json!([silent.local_addr().expect("an address").to_string()]);
    settings["link"] = json!({ "kind": "byAddress", "from": [ELSEWHERE] });
    settings["order"] = json!(0);
    shop.add_trunk(settings).await;
    let mut daan = shop.desk_phone("240").await;
    for number in [OUTSIDE, "112"] {
        let dialled = std::time::Instant::now();
        assert_eq!(daan.dials(number).await.0, 486, "{number}");
        let took = dialled.elapsed();
        assert!(took >= Duration::from_secs(4) && took < Duration::from_secs(12), "{number}: {took:?}");
    }
}

/// Waits until it is known that a trunk does not answer any more.
async fn is_down(shop: &Shop, trunk: u64) {
    let tested = shop.test(trunk).await;
    assert_eq!(tested["outcome"], "noConnection", "{tested}");
    until("the trunk is down", || async { (shop.trunk_view(trunk).await["health"]["kind"] == "down").then_some(()) })
        .await;
}

/// N8: each of a trunk's servers is tried.
#[tokio::test]
async fn the_next_server_of_a_trunk_takes_what_the_first_can_not() {
    let mut shop = Shop::with(Calls::Refused(503, "Service Unavailable")).await;
    let mut second = Provider::start(&shop.stage, ELSEWHERE, Calls::Refused(486, "Busy Here")).await;
    let mut settings = shop.provider.settings("Provider");
    settings["servers"] = json!([shop.provider.socket(), second.socket()]);
    shop.set_trunk(settings, None).await;
    let mut daan = shop.desk_phone("240").await;
    assert_eq!(daan.dials(OUTSIDE).await.0, 486);
    shop.provider.invite().await;
    second.invite().await;
}

/// What the provider says of the number itself reaches the caller, and no other trunk is asked.
#[tokio::test]
async fn a_number_that_nobody_has_is_told_as_such() {
    let mut shop = Shop::with(Calls::Refused(404, "Not Found")).await;
    let mut settings = shop.provider.settings("Second");
    settings["order"] = json!(2);
    shop.add_trunk(settings).await;
    let mut daan = shop.desk_phone("240").await;
    assert_eq!(daan.dials(OUTSIDE).await.0, 404);
    shop.provider.invite().await;
    let record = shop.server.next_record().await;
    assert_eq!(
        shop.provider
            .requests("INVITE")
            .iter()
            .filter_map(|invite| invite.field("Call-ID"))
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        1,
        "{record:#}"
    );
}

/// A trunk's state in words: works, nobody there, name unknown, turned off.
#[tokio::test]
async fn a_trunk_is_tested_in_words() {
    let mut shop = Shop::with(Calls::Answered).await;
    let tested = shop.test(shop.trunk).await;
    assert_eq!((&tested["outcome"], &tested["status"]), (&json!("works"), &json!(200)), "{tested}");
    assert!(tested["millis"].as_u64().is_some_and(|millis| millis < 2_000), "{tested}");
    let health = shop.trunk_view(shop.trunk).await["health"].clone();
    assert_eq!(health["kind"], "up", "{health}");
    assert!(health["millis"].is_number(), "{health}");
    let mut settings = shop.provider.settings("Provider");
    settings["servers"] = json!(["no-such-host.invalid"]);
    shop.set_trunk(settings.clone(), None).await;
    let tested = shop.test(shop.trunk).await;
    assert_eq!(tested["outcome"], "unknownHost", "{tested}");
    assert!(tested["words"].as_str().is_some_and(|words| words.contains("name")), "{tested}");
    settings["active"] = json!(false);
    shop.set_trunk(settings, None).await;
    assert_eq!(shop.test(shop.trunk).await["outcome"], "off");
    assert_eq!(shop.trunk_view(shop.trunk).await["health"]["kind"], "off");
    shop.set_trunk(shop.provider.settings("Provider"), None).await;
    shop.provider.kill().await;
    let tested = shop.test(shop.trunk).await;
    assert_eq!((&tested["outcome"], &tested["status"]), (&json!("noConnection"), &Value::Null), "{tested}");
    let silent = std::net::UdpSocket::bind((ELSEWHERE, 0)).expect("a socket that nobody reads");
    let mut settings = shop.provider.settings("Provider");
    settings["servers"] = json!([silent.local_addr().expect("bound").to_string()]);
    shop.set_trunk(settings, None).await;
    assert_eq!(shop.test(shop.trunk).await["outcome"], "noAnswer");
}

/// Whoever proves nothing makes no call to the outside, from wherever.
#[tokio::test]
async fn nobody_calls_out_unproved() {
    let shop = Shop::with(Calls::Answered).await;
    for (host, number, ends_with) in [
        ("127.0.0.9", "0201234567", 401),
        ("127.0.0.9", "00441632960000", 401),
        ("127.0.0.9", "112", 401),
        (THERE, "+31201234567", 404),
    ] {
        let call = OutsideCall { place: Place::loopback(host), ..shop.call_from_outside(number, ends_with) };
        call.run(&shop.stage, &shop.server.socket()).await;
    }
    assert_eq!(shop.provider.requests("INVITE"), []);
}

/// P8: an emergency call goes out by the trunk whatever the settings say, and shows who calls.
#[tokio::test]
async fn an_emergency_call_goes_out_though_making_calls_is_off_and_locked() {
    let mut shop = Shop::with(Calls::Answered).await;
    let house = shop.number("+31200121000").await;
    shop.organisations_caller_id(json!({ "kind": "number", "number": house })).await;
    // Tom's calls are off and locked.
    let tom = App::log_in(&shop.stage, &shop.server, "tom", "desk").await;
    let mut refused = tom.start(&shop.stage, &["call", OUTSIDE, "--null-audio"]);
    assert_ne!(refused.exit_code().await, 0);
    assert_eq!(shop.provider.requests("INVITE"), []);
    let mut emergency = tom.start(&shop.stage, &["call", "112", "--null-audio", "--for", "1"]);
    emergency.event("answered").await;
    let invite = shop.provider.invite().await;
    assert!(invite.line().starts_with("INVITE sip:112@127.0.0.2"), "{}", invite.line());
    assert_eq!(user_of(invite.field("From")), "+31200121000", "an emergency centre calls back");
    assert_eq!(invite.field("Privacy"), None);
    emergency.succeeded().await;
}

/// How a call that the server set up stands.
async fn state(person: &Person, call: &Value) -> String {
    let id = call["id"].as_str().expect("an id");
    person.get(&format!("/me/calls/{id}")).await["state"]["kind"].as_str().expect("a state").to_owned()
}

async fn state_is(person: &Person, call: &Value, wanted: &str) {
    let look = || async { (state(person, call).await == wanted).then_some(()) };
    until(&format!("the call is {wanted}"), look).await;
}

/// C2: the desk phone rings first, without an offer; then the target, which wants one, with or without the number of who
/// calls.
#[tokio::test]
async fn a_call_by_desk_phone_rings_it_first_and_hides_the_number_where_asked() {
    let mut shop = Shop::with(Calls::AnsweredWithOffer).await;
    let own = shop.number("+31200121102").await;
    shop.caller_id("607", json!({ "kind": "number", "number": own })).await;
    let speech = Speech::of(Voice::Near).await;
    let account = BaresipAccount::of(shop.server.desk_phone(Transport::Udp, "240")).codecs(&["PCMA/8000/1"]);
    let mut phone = Baresip::start(&shop.stage, &account, &speech).await;
    let daan = shop.server.log_in("daan").await;
    for withheld in [false, true] {
        let order = json!({ "target": OUTSIDE, "method": "deskPhone", "withholdNumber": withheld });
        let call = daan.post("/me/calls", order).await;
        assert_eq!(call["state"]["kind"], "ringingYou", "{call}");
        phone.established().await;
        state_is(&daan, &call, "talking").await;
        let invite = shop.provider.invite().await;
        assert!(invite.line().contains("+31201234567@"), "{}", invite.line());
        assert!(invite.text().contains("m=audio"), "{}", invite.text());
        if withheld {
            is_withheld(&invite, "+31200121102");
        } else {
            assert_eq!(shown(&invite), ("+31200121102", "+31200121102"));
        }
        let id = call["id"].as_str().expect("an id");
        daan.delete(&format!("/me/calls/{id}")).await;
        phone.closed().await;
        state_is(&daan, &call, "ended").await;
    }
    shop.provider.request("BYE").await;
    phone.stop().await;
}

/// C2: cancelled while the desk phone still rings, nothing was called outside.
#[tokio::test]
async fn a_call_by_desk_phone_is_cancelled_while_it_rings() {
    let shop = Shop::with(Calls::Answered).await;
    let phone = shop.desk_phone("240").await;
    let daan = shop.server.log_in("daan").await;
    let call = daan.post("/me/calls", json!({ "target": OUTSIDE, "method": "deskPhone" })).await;
    until("the desk phone rings", || async { (phone.rang() == 1).then_some(()) }).await;
    let id = call["id"].as_str().expect("an id");
    daan.delete(&format!("/me/calls/{id}")).await;
    state_is(&daan, &call, "ended").await;
    assert_eq!(shop.provider.requests("INVITE"), []);
}

/// C2: a call-back rings the own mobile over the trunk, then the target; both hear each other.
#[tokio::test]
async fn a_call_back_rings_the_mobile_first_and_then_the_target() {
    let mut shop = Shop::with(Calls::Answered).await;
    shop.server.set_telephony("607", json!({ "callBackNumber": "0687654321" })).await;
    let daan = shop.server.log_in("daan").await;
    let call = daan.post("/me/calls", json!({ "target": OUTSIDE, "method": "mobile" })).await;
    assert_eq!(call["via"]["kind"], "external", "{call}");
    let (first, second) = (shop.provider.invite().await, shop.provider.invite().await);
    assert!(first.line().contains("+31687654321@") && !first.text().contains("m=audio"), "{}", first.text());
    assert!(second.line().contains("+31201234567@"), "{}", second.text());
    state_is(&daan, &call, "talking").await;
    let id = call["id"].as_str().expect("an id");
    daan.delete(&format!("/me/calls/{id}")).await;
    state_is(&daan, &call, "ended").await;
    until("both legs are hung up", || async { (shop.provider.requests("BYE").len() >= 2).then_some(()) }).await;
}
