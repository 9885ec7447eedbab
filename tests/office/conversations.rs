//! What happens while people talk through the server: sound, hold, digits, handing over, and calls that nobody takes.

use std::path::Path;
use std::time::Duration;

use bellbird_tests::score::{Band, pesq};
use bellbird_tests::{Answers, App, Baresip, BaresipAccount, Bellbird, Linphone, Speech, Transport};

use crate::shop::Shop;

/// baresip and baresip come to 4.5 with Opus; the server's relay leads packets on as they are.
const LEAST_PESQ: f64 = 4.3;
/// What we hear ourselves may stumble with the machine.
const LEAST_PESQ_HERE: f64 = 4.0;
const SPEAKING_DB: f64 = -45.0;

/// Speech is as good through the server as directly, both ways.
#[tokio::test]
async fn speech_arrives_whole_through_the_relay() {
    let mut fell_short = Vec::new();
    for _ in 0..3 {
        match scored_call().await {
            Ok(()) => return,
            Err(words) => fell_short.push(words),
        }
    }
    panic!("three times: {}", fell_short.join("; "));
}

async fn scored_call() -> Result<(), String> {
    let mut shop = Shop::open().await;
    let mut app = shop.calls("607", &["--for", "10"]).await;
    shop.daan.event("CALL_INCOMING").await;
    shop.daan.accept().await;
    app.event("answered").await;
    app.succeeded().await;
    shop.daan.closed().await;
    shop.daan.stop().await;
    is_good(&shop.words.near, &shop.daan.heard(), LEAST_PESQ).await?;
    is_good(&shop.words.far, app.heard(), LEAST_PESQ_HERE).await
}

async fn is_good(said: &Speech, heard: &Path, least: f64) -> Result<(), String> {
    let score = pesq(said, heard, Band::Wide).await;
    if score < least { Err(format!("PESQ {score:.2}, not {least:.2}")) } else { Ok(()) }
}

/// Hold, resume and digits pass from end to end, both ways.
#[tokio::test]
async fn hold_and_digits_pass_both_ways() {
    let mut shop = Shop::open().await;
    let mut app = shop.talks_to_daan().await;
    shop.daan.command("hold", "").await;
    assert_eq!(app.event("held").await["by"], "remote");
    shop.daan.command("resume", "").await;
    assert_eq!(app.event("resumed").await["by"], "remote");
    app.type_line("hold").await;
    assert_eq!(app.event("held").await["by"], "local");
    app.type_line("resume").await;
    assert_eq!(app.event("resumed").await["by"], "local");
    app.hears(SPEAKING_DB).await;
    app.type_line("digits 42").await;
    assert_eq!(shop.daan.event("CALL_DTMF_START").await["param"], "4");
    assert_eq!(shop.daan.event("CALL_DTMF_START").await["param"], "2");
    shop.daan.command("sndcode", "7").await;
    assert_eq!(app.event("digit").await["digit"], "7");
    app.type_line("hangup").await;
    shop.daan.closed().await;
    app.succeeded().await;
    assert_eq!(shop.record().await.outcome(), "answered");
}

/// N2: three phones of three makers ring for one person; linphone takes the call, the others stop.
#[tokio::test]
async fn linphone_takes_a_call_that_baresip_and_an_app_ring_for() {
    let mut shop = Shop::open().await;
    let laptop = App::log_in(&shop.stage, &shop.server, "daan", "laptop").await;
    let mut laptop = laptop.start(&shop.stage, &["answer", "--null-audio", "--ring-for", "30"]);
    laptop.event("registered").await;
    let mut linphone = shop.linphone("250", "607", Answers::WhenTold).await;
    let mut app = shop.calls("607", &[]).await;
    shop.daan.event("CALL_INCOMING").await;
    laptop.event("incoming").await;
    linphone.log().wait_for(0, "incoming call from", Duration::from_secs(20)).await;
    linphone.type_line("answer").await;
    app.event("answered").await;
    app.hears(SPEAKING_DB).await;
    assert_eq!(laptop.event("ended").await["answered_elsewhere"], true);
    shop.daan.closed().await;
    app.type_line("hangup").await;
    app.succeeded().await;
    let record = shop.record().await;
    assert_eq!(record.0["answeredBy"]["number"], "250");
    assert_eq!(record.why("240"), (true, "answeredElsewhere"));
    assert_eq!(record.why("250"), (true, "answered"));
    linphone.quit().await;
}

/// The app hands the call over blindly: the desk phone that stays hears nothing of it but the other voice.
#[tokio::test]
async fn an_app_hands_a_call_over_blindly() {
    let mut shop = Shop::open().await;
    let mut femke = shop.answering("260", "612").await;
    let mut app = shop.talks_to_daan().await;
    app.type_line("transfer 612").await;
    app.event("transferred").await;
    femke.established().await;
    app.succeeded().await;
    assert!(!shop.daan.has_event("CALL_CLOSED"));
    femke.hang_up().await;
    shop.daan.closed().await;
}

/// The same after asking first.
#[tokio::test]
async fn an_app_hands_a_call_over_after_asking() {
    let mut shop = Shop::open().await;
    let mut femke = shop.answering("260", "612").await;
    let mut app = shop.talks_to_daan().await;
    app.type_line("attended 612").await;
    femke.established().await;
    app.event("answered").await;
    app.type_line("complete").await;
    app.event("transferred").await;
    app.succeeded().await;
    assert!(!shop.daan.has_event("CALL_CLOSED") && !femke.has_event("CALL_CLOSED"));
    femke.hang_up().await;
    shop.daan.closed().await;
}

/// A desk phone hands the app over: the app stays in its call and hears the third one.
#[tokio::test]
async fn baresip_hands_a_call_over_blindly() {
    let mut shop = Shop::open().await;
    let mut femke = shop.answering("260", "612").await;
    let mut app = shop.talks_to_daan().await;
    shop.daan.command("transfer", &format!("sip:612@{}", bellbird_tests::Server::DOMAIN)).await;
    femke.established().await;
    app.hears(SPEAKING_DB).await;
    assert!(app.events("ended").is_empty());
    femke.hang_up().await;
    app.event("ended").await;
    app.succeeded().await;
}

/// A transfer to nobody leaves the call up.
#[tokio::test]
async fn a_transfer_to_nobody_leaves_the_call_up() {
    let mut shop = Shop::open().await;
    let mut app = shop.talks_to_daan().await;
    app.type_line("transfer 699").await;
    app.event("transfer_failed").await;
    assert!(app.events("ended").is_empty() && !shop.daan.has_event("CALL_CLOSED"));
    app.type_line("hangup").await;
    shop.daan.closed().await;
    app.exit_code().await;
}

/// 486 of the only device is told; the record says that it was busy there.
#[tokio::test]
async fn busy_is_told_and_recorded() {
    let mut shop = Shop::open().await;
    shop.priya.dial("607").await;
    shop.priya.event("CALL_RINGING").await;
    shop.daan.event("CALL_INCOMING").await;
    shop.daan.hang_up().await;
    let words = shop.priya.closed().await;
    assert!(words.starts_with("486"), "{words}");
    let record = shop.record().await;
    assert_eq!((record.outcome(), record.why("240")), ("busy", (true, "busyHere")));
}

/// DESIGN §6b: who declines (603) does so for all of the user's devices.
#[tokio::test]
async fn declining_on_one_device_ends_the_ringing_of_all() {
    let mut shop = Shop::open().await;
    let laptop = App::log_in(&shop.stage, &shop.server, "daan", "laptop").await;
    let mut laptop = laptop.start(&shop.stage, &["answer", "--null-audio", "--reject", "603"]);
    laptop.event("registered").await;
    shop.priya.dial("607").await;
    shop.daan.event("CALL_INCOMING").await;
    let words = shop.priya.closed().await;
    assert!(words.starts_with("603"), "{words}");
    shop.daan.closed().await;
    let record = shop.record().await;
    assert_eq!(record.outcome(), "declined");
    assert_eq!(record.causes_of("client"), [(true, "declined")]);
    assert_eq!(record.why("240"), (true, "notAnswered"));
}

/// 486 of one device stops that one alone.
#[tokio::test]
async fn busy_at_one_device_leaves_the_others_ringing() {
    let mut shop = Shop::open().await;
    let laptop = App::log_in(&shop.stage, &shop.server, "daan", "laptop").await;
    let mut laptop = laptop.start(&shop.stage, &["answer", "--null-audio", "--reject", "486"]);
    laptop.event("registered").await;
    shop.priya.dial("607").await;
    laptop.event("ended").await;
    shop.daan.event("CALL_INCOMING").await;
    shop.daan.accept().await;
    shop.priya.established().await;
    shop.priya_gives_up().await;
    assert_eq!(shop.record().await.why("240"), (true, "answered"));
}

impl Shop {
    /// Priya's app calls.
    async fn calls(&self, number: &str, more: &[&str]) -> Bellbird {
        let app = App::log_in(&self.stage, &self.server, "priya", "laptop").await;
        let near = self.words.near.path.to_string_lossy();
        let sound = ["call", number, "--play", &near, "--no-audio-processing", "--levels"];
        let arguments: Vec<&str> = sound.iter().chain(more).copied().collect();
        app.start(&self.stage, &arguments)
    }

    async fn talks_to_daan(&mut self) -> Bellbird {
        let mut app = self.calls("607", &["--play-loop"]).await;
        self.daan.event("CALL_INCOMING").await;
        self.daan.accept().await;
        app.event("answered").await;
        self.daan.established().await;
        app.hears(SPEAKING_DB).await;
        app
    }

    /// A desk phone that answers by itself.
    async fn answering(&self, number: &str, owner: &str) -> Baresip {
        let account = self.server.new_desk_phone(Transport::Tcp, number, &[owner]).await;
        Baresip::start(&self.stage, &BaresipAccount::of(account), &self.words.far).await
    }

    async fn linphone(&self, number: &str, owner: &str, answers: Answers) -> Linphone {
        let account = self.server.new_desk_phone(Transport::Udp, number, &[owner]).await;
        let linphone = Linphone::start_as(&self.stage, &account, "opus", answers, &self.words.far).await;
        self.server.has_registrations(number, 1).await;
        linphone
    }
}
