//! The window and the portal at once, over one server: locks, Do Not Disturb, the server away and back.

use bellbird_tests::{App, Bellbird, Browser, PulseAudio, Server, Speech, Stage, Voice, Window};
use serde_json::{Value, json};

const TABS: &str = ".tabs a";
const SETTINGS: usize = 1;
const MENU: &str = ".col .card button";
const TELEPHONY: usize = 0;
const SAVE: &str = "form footer button[type=submit]";

const CAN_BE_SAVED: &str = "return document.querySelector('form footer [aria-disabled=false]') && true";

/// When it happened is written down where it happened: both pages stand on one machine and read one clock.
const NOTE_THE_LOCK: &str = "const note = () => {
        if (window.lockedAt || !document.getElementById('why-incoming')) return;
        window.lockedAt = Date.now();
    };
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true });";
const NOTE_THE_SAVE: &str = "document.addEventListener('submit', () => { window.savedAt = Date.now(); }, true);";

/// C3, C5: what an administrator locks is greyed in the app within a second, in the middle of a call too, with the reason;
/// the call goes on.
#[tokio::test]
async fn a_lock_greys_the_control_at_once_in_the_middle_of_a_call() {
    let office = Office::open().await;
    for permission in ["configureIncoming", "configureOutgoing"] {
        let revoked = json!({ "what": "permission", "permission": permission, "granted": false });
        office.server.set_settings("607", revoked).await;
    }
    let mut anna = office.anna_answers().await;
    office.window.enter("Name, number or address", "602").await;
    anna.event("answered").await;
    office.window.reads("In call").await;
    office.put_the_call_aside().await;
    office.show_telephony().await;
    office.window.reads("This app rings when someone calls you").await;
    office.window.run(NOTE_THE_LOCK).await;
    let portal = office.portal().await;
    portal.run(NOTE_THE_SAVE).await;
    portal.choose("Incoming calls", "Disabled").await;
    portal.fill("Note that they will see", "At the counter the desk phone rings.").await;
    portal.shows(CAN_BE_SAVED).await;
    portal.press_nth(SAVE, 0).await;
    let locked = milliseconds(&office.window.shows("return window.lockedAt ?? null").await);
    let saved = milliseconds(&portal.shows("return window.savedAt ?? null").await);
    assert!(locked - saved < 1_000, "{} ms from the click to the lock", locked - saved);
    let greyed = "return document.querySelector('[role=switch][aria-describedby=why-incoming]')?.ariaDisabled ?? null";
    assert_eq!(office.window.shows(greyed).await, "true");
    office.window.reads("At the counter the desk phone rings.").await;
    office.window.picture("locked-in-a-call").await;
    portal.choose("Outgoing calls", "Disabled").await;
    portal.shows(CAN_BE_SAVED).await;
    portal.press_nth(SAVE, 0).await;
    office.window.reads("Off: only emergency numbers can be called").await;
    assert!(anna.events("ended").is_empty(), "the call goes on");
    office.window.press("Back to the call").await;
    office.window.press("Hang up").await;
    assert_eq!(anna.event("ended").await["by"], "remote");
    portal.close().await;
    office.close().await;
}

/// D8: the server is killed in the middle of a call. The call goes on; what is changed meanwhile waits and is sent.
#[tokio::test]
async fn the_server_is_killed_and_comes_back() {
    let mut office = Office::open().await;
    let mut anna = office.anna_answers().await;
    office.window.enter("Name, number or address", "602").await;
    anna.event("answered").await;
    office.window.reads("In call").await;
    office.put_the_call_aside().await;
    office.server.kill().await;
    // The banner names the server, or that there is no line at all once the registration is gone, too.
    office.window.reads("Try now").await;
    office.window.press("Do not disturb").await;
    office.window.reads("Do not disturb is on here.").await;
    office.window.picture("offline").await;
    assert!(anna.events("ended").is_empty(), "the call goes on");
    office.server.start_again(&office.stage).await;
    office.window.reads_no_longer("Try now").await;
    office.window.reads("Do not disturb is on.").await;
    office.server.has_dnd("daan", true).await;
    anna.event("registered").await;
    office.window.press("Close").await;
    office.window.press("Back to the call").await;
    office.window.press("Hang up").await;
    assert_eq!(anna.event("ended").await["by"], "remote");
    office.close().await;
}

/// D1, D5: set in the window it holds on the other app, and back.
#[tokio::test]
async fn do_not_disturb_holds_on_both_apps() {
    let office = Office::open().await;
    let laptop = App::log_in(&office.stage, &office.server, "daan", "laptop").await;
    let mut listening = laptop.start(&office.stage, &["register"]);
    listening.event("registered").await;
    office.window.press("Do not disturb").await;
    let heard = |on: bool| move |event: &Value| event["on"] == on && event["pending"] == false;
    listening.event_where("dnd", heard(true)).await;
    let tablet = App::log_in(&office.stage, &office.server, "daan", "tablet").await;
    tablet.start(&office.stage, &["dnd", "off"]).succeeded().await;
    listening.event_where("dnd", heard(false)).await;
    office.window.reads_no_longer("Do not disturb is on").await;
    office.server.has_dnd("daan", false).await;
    office.close().await;
}

/// A server with the demo's people, and the window of Daan, who typed where it is and who he is.
struct Office {
    window: Window,
    server: Server,
    _pulse: PulseAudio,
    stage: Stage,
}

impl Office {
    async fn open() -> Self {
        let stage = Stage::new().await;
        let pulse = PulseAudio::start(&stage).await;
        let server = Server::start(&stage).await;
        let window = Window::open(&stage, &pulse).await;
        window.fill("Server", &server.url()).await;
        window.fill("Work e-mail", "daan").await;
        window.fill("Password", Server::PASSWORD).await;
        window.press("Log in").await;
        window.reads("Daan Visser").await;
        Self { window, server, _pulse: pulse, stage }
    }

    async fn anna_answers(&self) -> Bellbird {
        let says = Speech::of(Voice::Far).await.path;
        let anna = App::log_in(&self.stage, &self.server, "anna", "desk").await;
        let mut anna = anna.start(&self.stage, &["answer", "--play", &says.to_string_lossy(), "--play-loop"]);
        anna.event("registered").await;
        anna
    }

    async fn put_the_call_aside(&self) {
        self.window.press("More").await;
        self.window.press("Call someone else").await;
    }

    async fn show_telephony(&self) {
        self.window.press_nth(TABS, SETTINGS).await;
        self.window.press_nth(MENU, TELEPHONY).await;
    }

    /// Marieke looks at Daan's call settings.
    async fn portal(&self) -> Browser {
        let portal = Browser::open(&self.stage).await;
        portal.go(&self.server.url()).await;
        portal.fill("E-mail or log-in name", "marieke").await;
        portal.fill("Password", Server::PASSWORD).await;
        portal.press("Log in").await;
        portal.reads("Users").await;
        portal.go(&format!("{}/#/users/{}/settings", self.server.url(), self.server.user_of("607").await)).await;
        portal.reads("App settings").await;
        portal
    }

    async fn close(self) {
        self.window.close().await;
    }
}

fn milliseconds(value: &Value) -> i64 {
    value.as_i64().expect("a time")
}
