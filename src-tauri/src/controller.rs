//! What of the phone the desktop shows: no Tauri type is named here.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bellbird_contract::{CallId, CallState, CallView, Command, Levels, Party, PhoneView, Registration};

use crate::words::{Tongue, system_language};

/// The desktop as the controller sees it. Nothing here waits for the user.
pub trait Shell: Send + Sync + 'static {
    /// Hands the page a new view.
    fn show_view(&self, view: &PhoneView);
    /// Hands the page new levels.
    fn show_levels(&self, levels: Levels);
    /// Notifies of a call that comes in.
    fn announce(&self, announcement: &Announcement);
    /// Makes the window visible on top without taking the keyboard.
    fn raise(&self);
    /// Lets the window go back among the others.
    fn lower(&self);
    /// Makes the window visible and gives it the keyboard.
    fn focus(&self);
    /// Takes the window off the screen; the phone goes on.
    fn hide(&self);
    /// Shows how the phone stands; whether there is anything to show it in.
    fn show_tray(&self, look: &TrayLook);
    /// Whether a hidden window can be brought back by the tray.
    fn has_tray(&self) -> bool;
    /// Ends the program.
    fn exit(&self);
}

/// The phone behind the shell.
pub trait Phone: Send + Sync + 'static {
    /// Does what the user wants; what comes of it is in the next view.
    fn command(&self, command: Command);
}

/// A call that comes in, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Which.
    pub call: CallId,
    /// What happens.
    pub title: String,
    /// Who it is.
    pub body: String,
}

/// How the phone stands, for the tray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayLook {
    /// The shape.
    pub state: TrayState,
    /// The same in words.
    pub tooltip: String,
    /// The item that opens the window.
    pub open: String,
    /// The item that ends the program.
    pub quit: String,
}

/// The shape of the tray's icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrayState {
    /// No account is registered: the outline only.
    Offline,
    /// Calls can come.
    Ready,
    /// They could, and Do Not Disturb keeps them silent: with the crescent.
    DoNotDisturb,
    /// In a call: with a dot.
    InCall,
}

/// Stands between the phone and the desktop.
///
/// ```text
/// page ──command──▶ Controller ──▶ Phone
/// page ◀──view, levels── Controller ◀── Phone
///              Shell ◀── raise, notify, tray, exit
/// ```
#[derive(Debug)]
pub struct Controller<S, P> {
    shell: S,
    phone: P,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    view: PhoneView,
    ringing: BTreeSet<CallId>,
    tray: Option<TrayLook>,
    leaving: bool,
}

impl<S: Shell, P: Phone> Controller<S, P> {
    /// A controller that has seen nothing of the phone.
    pub fn new(shell: S, phone: P) -> Self {
        Self { shell, phone, shown: Mutex::default() }
    }

    /// The desktop behind it.
    pub fn shell(&self) -> &S {
        &self.shell
    }

    /// The view as it stands, for a page that mounts.
    pub fn view(&self) -> PhoneView {
        self.shown().view.clone()
    }

    /// Hands a command of the page to the phone.
    pub fn command(&self, command: Command) {
        self.phone.command(command);
    }

    /// Shows a new view: to the page, and as notification, window and tray where it asks for that.
    pub fn take_view(&self, view: PhoneView) {
        let tongue = Tongue::of(view.preferences.language, system_language().as_deref());
        let ringing = ringing(&view);
        let look = tray_look(&view, tongue);
        let (announcements, silenced, tray_changed) = {
            let mut shown = self.shown();
            let new = view.calls.iter().filter(|call| ringing.contains(&call.id) && !shown.ringing.contains(&call.id));
            let announcements: Vec<Announcement> = new.map(|call| announcement(call, tongue)).collect();
            let silenced = ringing.is_empty() && !shown.ringing.is_empty();
            let tray_changed = shown.tray.as_ref() != Some(&look);
            shown.ringing = ringing;
            shown.tray = Some(look.clone());
            shown.view = view.clone();
            (announcements, silenced, tray_changed)
        };
        self.shell.show_view(&view);
        for announcement in &announcements {
            self.shell.announce(announcement);
            self.shell.raise();
        }
        if silenced {
            self.shell.lower();
        }
        if tray_changed {
            self.shell.show_tray(&look);
        }
    }

    /// Shows new levels.
    pub fn take_levels(&self, levels: Levels) {
        self.shell.show_levels(levels);
    }

    /// The phone has finished: the program may end.
    pub fn take_finished(&self) {
        self.shell.exit();
    }

    /// Somebody started the program again or clicked a link: `arguments` as on the command line, without the program.
    pub fn open(&self, arguments: &[String]) {
        if let Some(link) = arguments.iter().find(|argument| is_link(argument)) {
            self.phone.command(Command::OpenLink { link: link.clone() });
        }
        self.shell.focus();
    }

    /// The user closes the window. Without a tray nothing would bring it back, so that this ends the program.
    pub fn close_window(&self) {
        if self.shell.has_tray() {
            self.shell.hide();
        } else {
            self.quit();
        }
    }

    /// The user ends the program: the phone says goodbye first. A second time ends it at once.
    pub fn quit(&self) {
        let again = std::mem::replace(&mut self.shown().leaving, true);
        if again {
            self.shell.exit();
        } else {
            self.phone.command(Command::Quit);
        }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        // Nothing that holds the lock can panic half-way; what is inside is whole.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ringing(view: &PhoneView) -> BTreeSet<CallId> {
    let incoming = view.calls.iter().filter(|call| matches!(call.state, CallState::Incoming { .. }));
    incoming.map(|call| call.id).collect()
}

fn announcement(call: &CallView, tongue: Tongue) -> Announcement {
    Announcement { call: call.id, title: tongue.incoming_call().to_owned(), body: who(&call.party, tongue) }
}

fn who(party: &Party, tongue: Tongue) -> String {
    match &party.name {
        Some(name) if party.number.is_empty() => name.clone(),
        Some(name) => format!("{name}, {}", party.number),
        None if party.number.is_empty() => tongue.number_withheld().to_owned(),
        None => party.number.clone(),
    }
}

fn tray_look(view: &PhoneView, tongue: Tongue) -> TrayLook {
    let in_call = view.calls.iter().any(|call| !matches!(call.state, CallState::Ended { .. }));
    let reachable = |registration: &Registration| matches!(registration, Registration::Registered { .. });
    let direct = view.accounts.iter().any(|account| !account.settings.register);
    let ready = direct || view.accounts.iter().any(|account| reachable(&account.registration));
    let silent = view.server.as_ref().is_some_and(|server| server.dnd.on);
    let (state, words) = match (in_call, ready) {
        (true, _) => (TrayState::InCall, tongue.in_call()),
        (false, true) if silent => (TrayState::DoNotDisturb, tongue.do_not_disturb()),
        (false, true) => (TrayState::Ready, tongue.ready()),
        (false, false) => (TrayState::Offline, tongue.not_connected()),
    };
    TrayLook {
        state,
        tooltip: format!("Bellbird: {words}"),
        open: tongue.open().to_owned(),
        quit: tongue.quit().to_owned(),
    }
}

fn is_link(argument: &str) -> bool {
    let scheme = argument.split(':').next().unwrap_or_default().to_ascii_lowercase();
    argument.contains(':') && matches!(scheme.as_str(), "tel" | "sip" | "sips" | "callto")
}

#[cfg(test)]
mod tests {
    use bellbird_contract::server::{
        AvailabilityPanel, ClientId, DndPanel, Features, ServerConnection, ServerView, SettingsView, Snapshot,
    };
    use bellbird_contract::{
        AccountId, AccountSettings, AccountView, CallCapabilities, CallDirection, EndReason, Language, Preferences,
        Security, Timestamp, Transport,
    };

    use super::*;

    /// What the fake desktop was told, in order.
    #[derive(Default)]
    struct Desktop {
        told: Mutex<Vec<String>>,
        tray: bool,
    }

    impl Desktop {
        fn note(&self, what: impl Into<String>) {
            self.told.lock().unwrap().push(what.into());
        }
    }

    impl Shell for Desktop {
        fn show_view(&self, _: &PhoneView) {
            self.note("view");
        }
        fn show_levels(&self, _: Levels) {
            self.note("levels");
        }
        fn announce(&self, announcement: &Announcement) {
            self.note(format!("{}: {}", announcement.title, announcement.body));
        }
        fn raise(&self) {
            self.note("raise");
        }
        fn lower(&self) {
            self.note("lower");
        }
        fn focus(&self) {
            self.note("focus");
        }
        fn hide(&self) {
            self.note("hide");
        }
        fn show_tray(&self, look: &TrayLook) {
            self.note(format!("tray {:?}", look.state));
        }
        fn has_tray(&self) -> bool {
            self.tray
        }
        fn exit(&self) {
            self.note("exit");
        }
    }

    #[derive(Default)]
    struct Commands(Mutex<Vec<Command>>);

    impl Phone for Commands {
        fn command(&self, command: Command) {
            self.0.lock().unwrap().push(command);
        }
    }

    fn controller(tray: bool) -> Controller<Desktop, Commands> {
        Controller::new(Desktop { tray, ..Desktop::default() }, Commands::default())
    }

    fn told(controller: &Controller<Desktop, Commands>) -> Vec<String> {
        std::mem::take(&mut controller.shell.told.lock().unwrap())
    }

    fn commands(controller: &Controller<Desktop, Commands>) -> Vec<Command> {
        std::mem::take(&mut controller.phone.0.lock().unwrap())
    }

    fn view(calls: Vec<CallView>) -> PhoneView {
        let preferences = Preferences { language: Language::En, ..Preferences::default() };
        PhoneView { calls, preferences, ..PhoneView::default() }
    }

    fn call(id: u32, state: CallState) -> CallView {
        CallView {
            id: CallId(id),
            account: AccountId(1),
            direction: CallDirection::Incoming,
            party: Party { name: Some("Anna".to_owned()), number: "602".to_owned(), address: None },
            called_for: None,
            state,
            since: Timestamp(0),
            started_at: Timestamp(0),
            answered_at: None,
            muted: false,
            can: CallCapabilities::default(),
            security: Security::Pending,
            codec: None,
            quality: None,
            digits: String::new(),
            received_digits: String::new(),
            transfer: None,
            consultation: None,
            problem: None,
        }
    }

    fn registered_account() -> AccountView {
        let registration = Registration::Registered { since: Timestamp(0), transport: Transport::Tls, secure: true };
        let settings = AccountSettings::default();
        AccountView { id: AccountId(1), settings, address: "601@fiets.example".to_owned(), registration }
    }

    fn on_dnd() -> ServerView {
        let said = include_str!("../../crates/contract/tests/golden/v1/event.json");
        let events: Vec<serde_json::Value> = serde_json::from_str(said).unwrap();
        let snapshot = events.iter().find(|event| event["kind"]["kind"] == "snapshot").unwrap();
        let snapshot: Snapshot = serde_json::from_value(snapshot["kind"]["snapshot"].clone()).unwrap();
        ServerView {
            address: "bel.fiets.example".to_owned(),
            connection: ServerConnection::Connecting,
            organisation: snapshot.me.organisation.clone(),
            client: ClientId("c1".to_owned()),
            me: snapshot.me,
            profile_pending: false,
            saved: None,
            features: Features::default(),
            settings: SettingsView { own: snapshot.settings, receive_pending: false, make_pending: false, saved: None },
            dnd: DndPanel { on: true, ..DndPanel::default() },
            availability: AvailabilityPanel { state: snapshot.availability, pending: false },
            telephony: snapshot.telephony,
            forwarding_pending: false,
            telephony_pending: false,
            accounts: Vec::new(),
            call_methods: Vec::new(),
            colleagues: Vec::new(),
            requests: Vec::new(),
            request_pending: false,
            calls: Vec::new(),
            records: Vec::new(),
            why: None,
            refusal: None,
        }
    }

    const RINGING: CallState = CallState::Incoming { waiting: false };

    #[test]
    fn incoming_call_is_announced_once_and_raises_the_window_without_focus() {
        let controller = controller(true);
        controller.take_view(view(vec![call(1, RINGING)]));
        assert_eq!(told(&controller), ["view", "Incoming call: Anna, 602", "raise", "tray InCall"]);
        controller.take_view(view(vec![call(1, RINGING)]));
        assert_eq!(told(&controller), ["view"]);
    }

    #[test]
    fn window_is_lowered_when_nothing_rings_any_more() {
        let controller = controller(true);
        controller.take_view(view(vec![call(1, RINGING), call(2, RINGING)]));
        told(&controller);
        controller.take_view(view(vec![call(1, CallState::Active), call(2, RINGING)]));
        assert_eq!(told(&controller), ["view"]);
        controller.take_view(view(vec![call(1, CallState::Active)]));
        assert_eq!(told(&controller), ["view", "lower"]);
    }

    #[test]
    fn tray_changes_only_when_the_state_does() {
        let controller = controller(true);
        controller.take_view(view(vec![]));
        controller.take_view(view(vec![call(1, CallState::Active)]));
        let ended = CallState::Ended { reason: EndReason::There, problem: None };
        controller.take_view(view(vec![call(1, ended)]));
        controller.take_view(view(vec![]));
        assert_eq!(told(&controller), ["view", "tray Offline", "view", "tray InCall", "view", "tray Offline", "view"]);
    }

    #[test]
    fn tray_shows_what_keeps_calls_silent_unless_one_is_going_on() {
        let registered = |calls| {
            let mut view = view(calls);
            view.accounts.push(registered_account());
            view.server = Some(Box::new(on_dnd()));
            view
        };
        let controller = controller(true);
        controller.take_view(registered(vec![]));
        controller.take_view(registered(vec![call(1, CallState::Active)]));
        assert_eq!(told(&controller), ["view", "tray DoNotDisturb", "view", "tray InCall"]);
    }

    #[test]
    fn page_that_mounts_gets_the_newest_view() {
        let controller = controller(true);
        controller.take_view(PhoneView { revision: 7, ..view(vec![]) });
        assert_eq!(controller.view().revision, 7);
    }

    #[test]
    fn link_fills_the_dial_field_and_brings_the_window() {
        let controller = controller(true);
        controller.open(&["--hidden".to_owned(), "tel:+31200128840".to_owned()]);
        assert_eq!(commands(&controller), [Command::OpenLink { link: "tel:+31200128840".to_owned() }]);
        controller.open(&["/home/linda/notes:today.txt".to_owned()]);
        assert_eq!(commands(&controller), []);
        assert_eq!(told(&controller), ["focus", "focus"]);
    }

    #[test]
    fn closing_hides_where_a_tray_is_and_quits_where_none_is() {
        let with = controller(true);
        with.close_window();
        assert_eq!((told(&with), commands(&with)), (vec!["hide".to_owned()], vec![]));
        let without = controller(false);
        without.close_window();
        assert_eq!((told(&without), commands(&without)), (vec![], vec![Command::Quit]));
    }

    #[test]
    fn program_ends_when_the_phone_has_said_goodbye_or_the_user_insists() {
        let controller = controller(true);
        controller.quit();
        assert_eq!(told(&controller), [""; 0]);
        controller.take_finished();
        assert_eq!(told(&controller), ["exit"]);
        controller.quit();
        assert_eq!(told(&controller), ["exit"]);
    }
}
