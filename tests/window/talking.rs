//! Adding an account, calling, being called, holding, hanging up; with the sound scored in both directions.

use std::time::Duration;

use bellbird_tests::score::{Band, pesq};
use bellbird_tests::{
    Baresip, BaresipAccount, DOMAIN, Kamailio, PulseAudio, Speech, Stage, Transport, Voice, Wav, Window, secret_of,
};

/// Through two sound servers' buffers and the phone's own sound processing; cleaner paths are scored in `calls`.
const LEAST: f64 = 3.0;

/// What has different words in each language is found by its place.
const TABS: &str = ".tabs a";
const CALLS: usize = 0;
const SETTINGS: usize = 1;
const BACK: &str = "header.hd .back";
const MENU: &str = ".col .card button";
const AUDIO: usize = 1;
const DISPLAY: usize = 2;
const HAND_OVER_TO: &str = "Transfer to: name, number or address";

#[tokio::test]
async fn a_person_adds_an_account_and_talks_both_ways() {
    let mut scene = Scene::set().await;
    scene.add_account().await;
    scene.window.picture("home").await;
    // As with a headset: where there is no echo, cancelling it only harms the one who speaks at the same time.
    scene.window.press_nth(TABS, SETTINGS).await;
    scene.window.press_nth(MENU, AUDIO).await;
    for switch in 0..3 {
        scene.window.press_nth("[role=switch]", switch).await;
    }
    scene.window.press_nth(BACK, 0).await;
    scene.window.press_nth(TABS, CALLS).await;
    let heard = scene.stage.folder().join("heard.wav");
    let listening = scene.pulse.listen(&scene.stage, &heard);
    scene.window.enter("Name, number or address", &format!("sip:bob@{DOMAIN}")).await;
    scene.bob.established().await;
    scene.window.reads("In call").await;
    let speaking = scene.pulse.speak(&scene.stage, &scene.near);
    // The time that the words take: bob began when he answered, we when we saw it.
    tokio::time::sleep(Duration::from_secs(11)).await;
    scene.window.picture("in-call").await;
    drop(speaking);
    drop(listening);
    scene.window.press("Hold").await;
    scene.window.reads("On hold").await;
    scene.window.press("Resume").await;
    scene.window.reads("In call").await;
    scene.window.press("Hang up").await;
    scene.bob.closed().await;
    scene.bob.stop().await;
    let there = pesq(&scene.near, &scene.bob.heard(), Band::Wide).await;
    let back = pesq(&scene.far, &heard, Band::Wide).await;
    assert!(there > LEAST && back > LEAST, "PESQ {there:.2} and {back:.2}");
    scene.window.close().await;
}

/// Keys arrive; who is handed over talks to the other.
#[tokio::test]
async fn a_person_presses_keys_and_hands_the_call_over() {
    let mut scene = Scene::set().await;
    let dave = BaresipAccount::at(&scene.kamailio, Transport::Udp, "dave");
    let mut dave = Baresip::start(&scene.stage, &dave, &scene.far).await;
    scene.add_account().await;
    scene.window.enter("Name, number or address", &format!("sip:bob@{DOMAIN}")).await;
    scene.bob.established().await;
    scene.window.reads("In call").await;
    // The dial field below has one of this name, too.
    scene.window.press_nth(".ctl button", 3).await;
    for (key, digit) in [(3, "4"), (1, "2")] {
        scene.window.press_nth(".keys button", key).await;
        assert_eq!(scene.bob.event("CALL_DTMF_START").await["param"], digit);
    }
    scene.window.press("Hide keypad").await;
    scene.window.press("Transfer").await;
    scene.window.press_nth("label:has([value=straight])", 0).await;
    scene.window.fill(HAND_OVER_TO, &format!("sip:dave@{DOMAIN}")).await;
    scene.window.reads("Send to").await;
    scene.window.press_enter(HAND_OVER_TO).await;
    dave.established().await;
    scene.window.reads_no_longer("In call").await;
    dave.hang_up().await;
    scene.bob.closed().await;
    scene.window.close().await;
}

#[tokio::test]
async fn a_call_comes_in_and_is_answered() {
    let mut scene = Scene::set().await;
    scene.add_account().await;
    scene.bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    scene.window.reads("Incoming call").await;
    scene.window.picture("incoming").await;
    scene.window.press("Answer").await;
    scene.bob.established().await;
    scene.window.reads("In call").await;
    scene.bob.hang_up().await;
    scene.window.reads_no_longer("In call").await;
    scene.window.close().await;
}

#[tokio::test]
async fn a_call_comes_in_and_is_declined() {
    let mut scene = Scene::set().await;
    scene.add_account().await;
    scene.bob.dial(&format!("sip:alice@{DOMAIN}")).await;
    scene.window.reads("Incoming call").await;
    scene.window.press("Decline").await;
    scene.bob.closed().await;
    scene.window.close().await;
}

/// The speaker of choice goes away in the middle of a call and comes back.
#[tokio::test]
async fn a_device_is_pulled_and_plugged_in_again() {
    let mut scene = Scene::set().await;
    scene.pulse.plug("headset").await;
    scene.add_account().await;
    scene.window.press_nth(TABS, SETTINGS).await;
    scene.window.press_nth(MENU, AUDIO).await;
    scene.window.choose("Speaker", "headset").await;
    scene.window.press_nth(BACK, 0).await;
    scene.window.press_nth(TABS, CALLS).await;
    scene.window.enter("Name, number or address", &format!("sip:bob@{DOMAIN}")).await;
    scene.bob.established().await;
    scene.window.reads("In call").await;
    scene.pulse.unplug("headset").await;
    let heard = scene.stage.folder().join("heard.wav");
    let listening = scene.pulse.listen(&scene.stage, &heard);
    scene.window.press("Audio").await;
    scene.window.reads("because headset is unplugged").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(listening);
    let fallback = Wav::read(&heard);
    assert!(fallback.level_db(0.5, fallback.seconds()) > -45.0, "bob is heard in the other speaker");
    scene.window.picture("unplugged").await;
    scene.pulse.plug("headset").await;
    scene.window.reads_no_longer("because headset is unplugged").await;
    scene.bob.hang_up().await;
    scene.bob.closed().await;
    scene.window.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_said_in_words() {
    let scene = Scene::set().await;
    scene.type_account("wrong").await;
    scene.window.reads("That password does not fit").await;
    scene.window.picture("wrong-password").await;
    scene.window.close().await;
}

#[tokio::test]
async fn both_languages_and_themes_can_be_looked_at() {
    let scene = Scene::set().await;
    scene.add_account().await;
    for language in ["nl", "en"] {
        for theme in ["dark", "light"] {
            scene.window.press_nth(TABS, SETTINGS).await;
            scene.window.press_nth(MENU, DISPLAY).await;
            scene.window.press_nth(&format!("label:has([value={language:?}])"), 0).await;
            scene.window.press_nth(&format!("label:has([value={theme:?}])"), 0).await;
            scene.window.picture(&format!("settings.{language}.{theme}")).await;
            scene.window.press_nth(BACK, 0).await;
            scene.window.press_nth(TABS, CALLS).await;
            scene.window.picture(&format!("home.{language}.{theme}")).await;
        }
    }
    scene.window.close().await;
}

/// A registrar, baresip as bob, a sound server, and the window without an account.
struct Scene {
    window: Window,
    near: Speech,
    far: Speech,
    bob: Baresip,
    kamailio: Kamailio,
    pulse: PulseAudio,
    stage: Stage,
}

impl Scene {
    async fn set() -> Self {
        let stage = Stage::new().await;
        let (near, far) = (Speech::of(Voice::Near).await, Speech::of(Voice::Far).await);
        let kamailio = Kamailio::start(&stage).await;
        let pulse = PulseAudio::start(&stage).await;
        // He hangs up where his words end.
        let says = far.repeated(6, &stage.folder().join("far.wav")).await;
        let bob = Baresip::start(&stage, &BaresipAccount::at(&kamailio, Transport::Udp, "bob"), &says).await;
        let window = Window::open(&stage, &pulse).await;
        Self { window, near, far, bob, kamailio, pulse, stage }
    }

    async fn add_account(&self) {
        self.type_account(&secret_of("alice")).await;
        self.window.reads("Reachable").await;
        self.kamailio.registered("alice").await;
    }

    async fn type_account(&self, secret: &str) {
        self.window.press("Add a SIP account by hand").await;
        self.window.fill("Domain", DOMAIN).await;
        self.window.fill("Name or number", "alice").await;
        self.window.fill("Password", secret).await;
        self.window.press("More settings").await;
        self.window.fill("Server address", &format!("127.0.0.1:{}", self.kamailio.port)).await;
        self.window.choose("Connection", "UDP").await;
        self.window.press("Add account").await;
    }
}
