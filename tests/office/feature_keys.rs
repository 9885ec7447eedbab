//! D5: the desk phone's own keys. Three dialects of `as-feature-event`, both ways.

use bellbird_tests::{App, Dialect, FeaturePhone, Lamp, Person, Server, SipAccount, Stage, Transport};
use serde_json::{Value, json};

/// Linda with her desk phone, and a second one of another make.
struct Desk {
    stage: Stage,
    server: Server,
    linda: Person,
    accounts: [SipAccount; 2],
}

impl Desk {
    async fn set() -> Self {
        let stage = Stage::new().await;
        let server = Server::start(&stage).await;
        let first = server.desk_phone(Transport::Udp, "203");
        let second = server.new_desk_phone(Transport::Udp, "244", &["601"]).await;
        let linda = server.log_in("linda").await;
        Self { stage, server, linda, accounts: [first, second] }
    }

    /// Her phones: one of this dialect, the other of the next.
    async fn phones(&self, dialect: Dialect) -> [FeaturePhone; 2] {
        let at = Dialect::ALL.iter().position(|known| *known == dialect).expect("one of all");
        let other = Dialect::ALL[(at + 1) % Dialect::ALL.len()];
        let [first, second] = &self.accounts;
        [FeaturePhone::start(&self.stage, dialect, first).await, FeaturePhone::start(&self.stage, other, second).await]
    }

    async fn is_on_dnd(&self) -> bool {
        self.linda.get("/me/dnd").await["on"] == true
    }

    async fn switch_dnd(&self, on: bool) {
        self.linda.put("/me/dnd", json!({ "on": on })).await;
    }

    /// What her desk phone of this number made of Do Not Disturb.
    async fn receipt(&self, number: &str) -> Value {
        let view = self.linda.get("/me/dnd").await;
        let receipts = view["receipts"].as_array().expect("receipts").clone();
        let receipt = receipts.into_iter().find(|receipt| receipt["device"]["number"] == number);
        receipt.unwrap_or_else(|| panic!("no receipt of {number} in {view}"))["state"].clone()
    }
}

/// The key of one phone is the user's Do Not Disturb, on her other phone and in her app; no phone of hers rings.
#[tokio::test]
async fn a_key_on_the_phone_is_the_persons_do_not_disturb_everywhere() {
    let desk = Desk::set().await;
    let app = App::log_in(&desk.stage, &desk.server, "linda", "desk").await;
    let mut app = app.start(&desk.stage, &["register"]);
    app.event("registered").await;
    for dialect in Dialect::ALL {
        let [mut pressed, mut other] = desk.phones(dialect).await;
        assert_eq!(pressed.press_dnd(true).await, 200, "{dialect:?}");
        assert!(desk.is_on_dnd().await, "{dialect:?}: acknowledged means that it holds");
        other.dnd_lamp_is(true).await;
        pressed.dnd_lamp_is(true).await;
        while app.event("dnd").await["on"] != true {}
        let mut priya =
            FeaturePhone::without_keys(&desk.stage, Dialect::Yealink, &desk.server.desk_phone(Transport::Udp, "206"))
                .await;
        let (status, _) = priya.dials("601").await;
        assert_eq!((status, pressed.rang(), other.rang()), (480, 0, 0), "{dialect:?}");
        assert_eq!(pressed.press_dnd(false).await, 200, "{dialect:?}");
        assert!(!desk.is_on_dnd().await, "{dialect:?}");
        other.dnd_lamp_is(false).await;
        while app.event("dnd").await["on"] != false {}
    }
}

/// What is switched elsewhere lights the key of phones of every make, and they say that they took it.
#[tokio::test]
async fn a_switch_elsewhere_lights_the_key_of_every_make() {
    let desk = Desk::set().await;
    for dialect in Dialect::ALL {
        let mut phones = desk.phones(dialect).await;
        for on in [true, false] {
            desk.switch_dnd(on).await;
            for phone in &mut phones {
                phone.dnd_lamp_is(on).await;
            }
        }
        assert_eq!(desk.receipt("203").await["kind"], "applied", "{dialect:?}");
    }
}

/// A phone that was switched off hears of everything when it comes back.
#[tokio::test]
async fn a_phone_that_comes_back_is_told_everything() {
    let desk = Desk::set().await;
    desk.switch_dnd(true).await;
    desk.server.set_telephony("601", forwarding_always(&external("0612345678"))).await;
    for dialect in Dialect::ALL {
        let mut phone = FeaturePhone::start(&desk.stage, dialect, &desk.accounts[0]).await;
        assert_eq!(phone.lamp().await, Lamp::Dnd(true), "{dialect:?}");
        phone.forwarding_lamp_is("forwardImmediate", true, "0612345678").await;
    }
}

/// A phone that repeats what it was just told pressed no key: nothing goes round in circles.
#[tokio::test]
async fn a_phone_that_repeats_what_it_was_told_changes_nothing() {
    let desk = Desk::set().await;
    for dialect in Dialect::ALL {
        let [mut phone, mut other] = desk.phones(dialect).await;
        desk.switch_dnd(true).await;
        phone.dnd_lamp_is(true).await;
        other.dnd_lamp_is(true).await;
        let before = desk.linda.get("/me/dnd").await["state"].clone();
        let told = other.told();
        assert_eq!(phone.press_dnd(true).await, 200, "{dialect:?}");
        // Its refresh is answered by what holds, as RFC 6665 wants; nobody else hears of it.
        phone.dnd_lamp_is(true).await;
        assert_eq!(desk.linda.get("/me/dnd").await["state"], before, "{dialect:?}: no new act");
        desk.switch_dnd(false).await;
        other.dnd_lamp_is(false).await;
        assert_eq!(other.told(), told + 1, "{dialect:?}: the other phone heard of the switch alone");
    }
}

/// Whoever does not prove to be the phone changes nothing, outside and inside a subscription.
#[tokio::test]
async fn an_unproved_key_changes_nothing() {
    let desk = Desk::set().await;
    let account = &desk.accounts[0];
    let mut stranger = FeaturePhone::unregistered(&desk.stage, Dialect::Yealink, account).await;
    assert_eq!(stranger.press_dnd_unproved(true).await, 401);
    let wrong = SipAccount { secret: "guessed".to_owned(), ..account.clone() };
    let mut guesser = FeaturePhone::unregistered(&desk.stage, Dialect::Polycom, &wrong).await;
    assert_eq!(guesser.press_dnd(true).await, 401);
    let mut phone = FeaturePhone::start(&desk.stage, Dialect::Cisco, account).await;
    assert_eq!(phone.press_dnd_unproved(true).await, 401, "a key inside a subscription proves itself as well");
    assert!(!desk.is_on_dnd().await);
    // The key of Linda's phone is not Priya's, whatever the request names.
    let priyas = SipAccount { user: "206".to_owned(), ..account.clone() };
    let mut phone = FeaturePhone::unregistered(&desk.stage, Dialect::Yealink, &priyas).await;
    phone.press_dnd(true).await;
    assert_eq!(desk.server.log_in("priya").await.get("/me/dnd").await["on"], false);
}

/// A phone without the package is not rung either, and the receipt says that it can't be told.
#[tokio::test]
async fn a_phone_that_never_subscribes_can_not_be_told_and_is_not_rung() {
    let desk = Desk::set().await;
    let phone = FeaturePhone::without_keys(&desk.stage, Dialect::Yealink, &desk.accounts[0]).await;
    desk.switch_dnd(true).await;
    assert_eq!(desk.receipt("203").await, json!({ "kind": "cannotBeTold", "problem": "notSupported" }));
    assert_eq!(desk.receipt("244").await, json!({ "kind": "cannotBeTold", "problem": "notRegistered" }));
    let account = desk.server.desk_phone(Transport::Udp, "206");
    let mut priya = FeaturePhone::without_keys(&desk.stage, Dialect::Cisco, &account).await;
    assert_eq!(priya.dials("601").await.0, 480);
    assert_eq!(phone.rang(), 0);
}

/// Star codes say what shall be: dialled twice they do the same once, and the keys of the others follow.
#[tokio::test]
async fn star_codes_say_what_shall_be() {
    let desk = Desk::set().await;
    let [mut phone, mut other] = desk.phones(Dialect::Yealink).await;
    for (code, on, words) in [("*78", true, "Do Not Disturb is on"), ("*79", false, "Do Not Disturb is off")] {
        for _ in 0..2 {
            assert_eq!(phone.dials(code).await, (480, words.to_owned()));
            assert_eq!(desk.is_on_dnd().await, on, "{code}");
        }
        other.dnd_lamp_is(on).await;
    }
    for _ in 0..2 {
        assert_eq!(phone.dials("*72*0612345678#").await.1, "Forwarding is on");
    }
    other.forwarding_lamp_is("forwardImmediate", true, "0612345678").await;
    for _ in 0..2 {
        assert_eq!(phone.dials("*73").await.1, "Forwarding is off");
    }
    other.forwarding_lamp_is("forwardImmediate", false, "0612345678").await;
}

/// The keys for forwarding, both ways, in every dialect.
#[tokio::test]
async fn forwarding_keys_and_the_persons_forwarding_are_one() {
    let desk = Desk::set().await;
    let anna = desk.server.user_of("602").await;
    for dialect in Dialect::ALL {
        let [mut phone, mut other] = desk.phones(dialect).await;
        let kinds = [("forwardImmediate", "always"), ("forwardBusy", "busy"), ("forwardNoAns", "noAnswer")];
        for (kind, field) in kinds {
            assert_eq!(phone.press_forwarding(kind, Some("0612345678")).await, 200, "{dialect:?} {kind}");
            other.forwarding_lamp_is(kind, true, "0612345678").await;
            let telephony = desk.linda.get("/me/telephony").await;
            let expected = json!({ "active": true, "to": external("0612345678") });
            assert_eq!(telephony["forwarding"][field], expected, "{dialect:?} {kind}");
            assert_eq!(phone.press_forwarding(kind, None).await, 200, "{dialect:?} {kind}");
            other.forwarding_lamp_is(kind, false, "0612345678").await;
        }
        desk.server.set_telephony("601", forwarding_always(&json!({ "kind": "user", "user": anna }))).await;
        for phone in [&mut phone, &mut other] {
            phone.forwarding_lamp_is("forwardImmediate", true, "602").await;
        }
        desk.server.set_telephony("601", json!({ "forwarding": {} })).await;
    }
}

/// Cisco's enterprise firmware publishes its own switch. It says the same again and again: only a change is an act.
#[tokio::test]
async fn a_published_switch_is_an_act_where_it_changes_something() {
    let desk = Desk::set().await;
    let mut phone = FeaturePhone::without_keys(&desk.stage, Dialect::Cisco, &desk.accounts[0]).await;
    let mut other = FeaturePhone::start(&desk.stage, Dialect::Yealink, &desk.accounts[1]).await;
    assert_eq!(phone.publish_dnd(true).await, 200);
    other.dnd_lamp_is(true).await;
    let act = desk.linda.get("/me/dnd").await["state"].clone();
    assert_eq!(phone.publish_dnd(true).await, 200);
    assert_eq!(desk.linda.get("/me/dnd").await["state"], act, "no new act");
    assert_eq!(phone.publish_dnd(false).await, 200);
    other.dnd_lamp_is(false).await;
}

fn external(number: &str) -> Value {
    json!({ "kind": "external", "number": number })
}

fn forwarding_always(to: &Value) -> Value {
    json!({ "forwarding": { "always": { "active": true, "to": to } } })
}
