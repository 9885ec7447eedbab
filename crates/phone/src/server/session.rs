//! What stands after a log-in: the replica, the outbox, the line to the server.

use std::collections::BTreeMap;

use bellbird_base::{Duration, Instant};
use bellbird_contract::server::{
    ApiProblem, CallMethod, CallRecordId, ChangeRequestDraft, ClientId, Direction, DndEnd, DndSource, MePhone,
    OwnSettings, Scope, ServerErrorCode, ServerLogIn, ServerTrouble, SettingsChange, SettingsDocument, Snapshot,
    TelephonyChange, WhyPage, resolve,
};
use bellbird_contract::{AccountId, Command, Secret, Timestamp};

use super::line::Line;
use super::memory::{LoadedServer, Outbox, ServerMemory, Waiting};
use super::wire::{HttpId, HttpMethod, ServerAddress, ServerPin};
use super::{Cx, Effect};
use crate::io::{Output, StoreRequest};

/// How long what the server told may wait to be kept: it tells it again, so that a disk need not follow each colleague.
const SAVED_WITHIN: Duration = Duration::from_secs(2);

/// A log-in that stands, or stood until somebody ended it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) memory: ServerMemory,
    pub(super) outbox: Outbox,
    pub(super) token: Option<Secret>,
    pub(super) line: Line,
    /// Attempts to reach the server in vain since it last said something.
    pub(super) failures: u32,
    /// When the server last said something, since the program began.
    pub(super) heard: Option<Instant>,
    /// The request that carries the first of what waits.
    pub(super) sending: Option<HttpId>,
    pub(super) asks: BTreeMap<HttpId, Ask>,
    pub(super) why: Option<WhyPage>,
    pub(super) refusal: Option<ServerTrouble>,
    pub(super) saved: Option<Timestamp>,
    /// How many records were told since the program began.
    pub(super) records_told: u64,
    /// When a new password or profile was taken in.
    pub(super) me_saved: Option<Timestamp>,
    pub(super) save_at: Option<Instant>,
}

/// What a request was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Waiting,
    Settings,
    /// The settings after a conflict: perhaps it was this very change that came through, and its answer that was lost.
    Disputed(SettingsChange, Box<ServerTrouble>),
    Phone,
    Records,
    Colleagues,
    Why(CallRecordId),
    Call,
    EndCall,
    Password,
}

impl Session {
    /// A log-in that just succeeded; `before` is an earlier one of the same user, whose outbox is not lost.
    pub(super) fn begin(
        address: ServerAddress,
        client: ClientId,
        token: Secret,
        phone: MePhone,
        before: Option<Self>,
        cx: &mut Cx,
    ) -> Self {
        let fresh = |cx: &mut Cx| Outbox::new(cx.rng.next_u64());
        let (snapshot, account, outbox) = match before {
            Some(before) => (before.memory.snapshot, before.memory.account, before.outbox),
            None => (None, None, fresh(cx)),
        };
        let memory = ServerMemory {
            address,
            client,
            account,
            phone: without_secrets(phone),
            snapshot,
            revision: None,
            records: Vec::new(),
            clock_ahead: 0,
        };
        let session = Self::new(memory, outbox, Some(token), Line::down());
        cx.effects.push_back(Effect::Pin(session.pin()));
        session
    }

    pub(super) fn load(loaded: LoadedServer, cx: &mut Cx) -> Self {
        let LoadedServer { memory, outbox, token } = loaded;
        let outbox = outbox.unwrap_or_else(|| Outbox::new(cx.rng.next_u64()));
        let line = match token {
            Some(_) => Line::down(),
            None => {
                let problem = ApiProblem::new(ServerErrorCode::NotLoggedIn, "Nobody is logged in.");
                Line::LoggedOut { trouble: ServerTrouble::There { problem } }
            }
        };
        let mut session = Self::new(memory, outbox, token, line);
        session.renew_pin(cx);
        session.connect_now(cx);
        session
    }

    fn new(memory: ServerMemory, outbox: Outbox, token: Option<Secret>, line: Line) -> Self {
        Self {
            memory,
            outbox,
            token,
            line,
            failures: 0,
            heard: None,
            sending: None,
            asks: BTreeMap::new(),
            why: None,
            refusal: None,
            saved: None,
            records_told: 0,
            me_saved: None,
            save_at: None,
        }
    }

    /// What the link said of the API holds for calls too.
    fn pin(&self) -> Option<ServerPin> {
        let authority = self.memory.address.authority.clone()?;
        let phone = &self.memory.phone;
        let names = phone.servers.iter().map(|server| bare_host(&server.host)).chain([phone.domain.clone()]);
        Some(ServerPin { authority, names: names.filter(|name| !name.is_empty()).collect() })
    }

    pub(super) fn renew_pin(&self, cx: &mut Cx) {
        if let Some(pin) = self.pin() {
            cx.effects.push_back(Effect::Pin(Some(pin)));
        }
    }

    /// Ends for good, at the user's wish.
    pub(super) fn leave(&mut self, cx: &mut Cx) {
        self.hang_up(cx);
        if let Some(token) = self.token.take() {
            cx.request(&self.memory.address, Some(&token), HttpMethod::Delete, "/sessions/current");
        }
        if self.memory.address.authority.is_some() {
            cx.effects.push_back(Effect::Pin(None));
        }
        if let Some(account) = self.memory.account.take() {
            cx.effects.push_back(Effect::LoggedOut(account));
        }
    }

    /// Ends because the server says so. What it told last stays to be read.
    pub(super) fn logged_out(&mut self, trouble: ServerTrouble, cx: &mut Cx) {
        self.hang_up(cx);
        self.token = None;
        self.line = Line::LoggedOut { trouble };
        cx.store(StoreRequest::ForgetServerToken);
        if let Some(account) = self.memory.account.take() {
            cx.effects.push_back(Effect::LoggedOut(account));
        }
        self.save(cx);
    }

    pub(super) fn quit(&mut self, cx: &mut Cx) {
        self.hang_up(cx);
        if self.save_at.is_some() {
            self.save(cx);
        }
    }

    pub(super) fn set_account(&mut self, account: AccountId, cx: &mut Cx) {
        self.memory.account = Some(account);
        self.save(cx);
        self.keep_outbox(cx);
    }

    /// The server's time.
    pub(super) fn now(&self, cx: &Cx) -> Timestamp {
        Timestamp(cx.today().0.saturating_add_signed(self.memory.clock_ahead))
    }

    pub(super) fn keep_in_step(&mut self, server: Timestamp, cx: &Cx) {
        let ahead = i128::from(server.0) - i128::from(cx.today().0);
        self.memory.clock_ahead = i64::try_from(ahead).unwrap_or_default();
    }

    pub(super) const fn snapshot(&self) -> Option<&Snapshot> {
        self.memory.snapshot.as_ref()
    }

    /// The user's settings with what waits to be sent already in them.
    pub(super) fn shown_settings(&self, cx: &Cx) -> Option<SettingsDocument> {
        let document = &self.snapshot()?.settings.document;
        Some(self.outbox.settings_after(document, self.now(cx)))
    }

    pub(super) fn dnd_is_on(&self, cx: &Cx) -> bool {
        self.outbox.dnd.state().is_on(self.now(cx))
    }

    /// Does what the user wants; whether it was about the server.
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others are not about the server")]
    pub(super) fn handle_command(&mut self, command: &Command, cx: &mut Cx) -> bool {
        match command {
            Command::TryServerNow => self.connect_now(cx),
            Command::SetReceiveCalls { on, scope } => self.set_receive(*on, *scope, cx),
            Command::SetMakeCalls { on, scope } => self.set_outgoing(*scope, Some(*on), None, cx),
            Command::SetCallMethod { method, scope } => self.set_outgoing(*scope, None, Some(*method), cx),
            Command::SetDnd { on, end } => self.set_dnd(*on, end.as_ref(), cx),
            Command::SetAvailability { availability } => {
                self.post(Waiting::Availability { availability: availability.clone() }, cx);
            }
            Command::SetForwarding { forwarding } => {
                self.post(Waiting::Forwarding { forwarding: forwarding.clone() }, cx);
            }
            Command::SetCallsFromUserAccount { on } => {
                let change = TelephonyChange { calls_from_user_account: Some(*on), ..TelephonyChange::default() };
                self.post(Waiting::Telephony { change }, cx);
            }
            Command::SetDeskPhone { account } => {
                let change = TelephonyChange { desk_phone: Some(*account), ..TelephonyChange::default() };
                self.post(Waiting::Telephony { change }, cx);
            }
            Command::EditProfile { profile } => self.post(Waiting::Profile { profile: profile.clone() }, cx),
            Command::AskForChange { direction, wish, text } => {
                let draft = ChangeRequestDraft { direction: *direction, wish: wish.clone(), text: text.clone() };
                self.post(Waiting::Request { draft }, cx);
            }
            Command::WithdrawRequest { id } => self.post(Waiting::Withdraw { id: *id }, cx),
            Command::ChangePassword { old, new } => self.change_password(old, new, cx),
            Command::AskWhy { record } => self.ask_why(record, cx),
            Command::CloseWhy => self.why = None,
            Command::CancelServerCall { call } => self.end_call(call, cx),
            Command::DismissRefusal => self.refusal = None,
            _ => return false,
        }
        true
    }

    fn set_receive(&mut self, on: bool, scope: Scope, cx: &mut Cx) {
        let Some(own) = self.own() else { return };
        let base = own.document.incoming.revision;
        self.change(SettingsChange::Incoming { base, scope, receive: Some(on) }, Direction::Incoming, cx);
    }

    fn set_outgoing(&mut self, scope: Scope, make: Option<bool>, call_method: Option<CallMethod>, cx: &mut Cx) {
        let Some(own) = self.own() else { return };
        let base = own.document.outgoing.revision;
        self.change(SettingsChange::Outgoing { base, scope, make, call_method }, Direction::Outgoing, cx);
    }

    fn own(&self) -> Option<&OwnSettings> {
        self.snapshot().map(|snapshot| &snapshot.settings)
    }

    /// A change that is locked is not even sent: the user is told by whom. The server would refuse it all the same.
    fn change(&mut self, change: SettingsChange, direction: Direction, cx: &mut Cx) {
        let Some(document) = self.own().map(|own| &own.document) else { return };
        let effective = resolve(document);
        let lock = if direction == Direction::Incoming { effective.receive.lock } else { effective.make.lock };
        match lock {
            Some(lock) => {
                let mut problem =
                    ApiProblem::new(ServerErrorCode::LockedByAdministrator, "An administrator sets this.")
                        .with("by", lock.author.name)
                        .with("since", lock.since.0.to_string());
                if let Some(note) = lock.note {
                    problem = problem.with("note", note);
                }
                self.refusal = Some(ServerTrouble::There { problem });
            }
            None => self.post(Waiting::Settings { change }, cx),
        }
    }

    fn set_dnd(&mut self, on: bool, end: Option<&DndEnd>, cx: &mut Cx) {
        let Some(snapshot) = self.snapshot() else { return };
        let now = self.now(cx);
        let until = end.filter(|_| on).and_then(|end| end.moment(now, snapshot.me.utc_offset_minutes));
        let by = DndSource::App { client: self.memory.client.clone() };
        self.outbox.act(on, until, by, now);
        self.posted(cx);
    }

    fn post(&mut self, what: Waiting, cx: &mut Cx) {
        let Some(document) = self.shown_settings(cx) else { return };
        self.outbox.add(what, &document, self.sending.is_some());
        self.posted(cx);
    }

    fn posted(&mut self, cx: &mut Cx) {
        self.refusal = None;
        self.keep_outbox(cx);
        self.flush(cx);
    }

    pub(super) fn keep_outbox(&self, cx: &mut Cx) {
        cx.store(StoreRequest::SaveOutbox(Box::new(self.outbox.clone())));
    }

    /// What the server told has to be kept, soon.
    pub(super) fn learnt(&mut self, cx: &Cx) {
        self.save_at = self.save_at.or(Some(cx.now + SAVED_WITHIN));
    }

    pub(super) fn save(&mut self, cx: &mut Cx) {
        self.save_at = None;
        cx.store(StoreRequest::SaveServer(Box::new(self.memory.clone())));
    }

    pub(super) fn wakes(&self, cx: &Cx) -> Option<Instant> {
        let now = self.now(cx);
        let dnd_ends = self.outbox.dnd.state().ends(now).map(|end| cx.now + end.since(now));
        [self.save_at, self.line.due(), dnd_ends].into_iter().flatten().min()
    }

    pub(super) fn wake_up(&mut self, cx: &mut Cx) -> bool {
        if self.save_at.is_some_and(|at| at <= cx.now) {
            self.save(cx);
        }
        if self.line.due().is_some_and(|at| at <= cx.now) {
            self.ask_hello(cx);
        }
        // Do Not Disturb may have come to its end.
        true
    }

    fn hang_up(&mut self, cx: &mut Cx) {
        if let Some(events) = self.line.events() {
            cx.output(Output::CloseEvents(events));
        }
        self.asks.clear();
        self.sending = None;
        self.line = Line::down();
    }

    /// How a log-in goes whose server has not told anything yet.
    pub(super) fn first_steps(&self) -> Option<ServerLogIn> {
        if self.memory.snapshot.is_some() {
            return None;
        }
        let server = self.memory.address.shown();
        match &self.line {
            Line::LoggedOut { trouble } => {
                Some(ServerLogIn::Failed { server, trouble: trouble.clone(), suggestion: None })
            }
            Line::Asking { .. } | Line::Opening { .. } | Line::Online { .. } | Line::Waiting { .. } => {
                Some(ServerLogIn::LoggingIn { server })
            }
        }
    }
}

/// What is kept in a database holds no secrets.
pub(super) fn without_secrets(mut phone: MePhone) -> MePhone {
    for server in &mut phone.ice_servers {
        server.credential = None;
    }
    phone
}

/// The host of a server that may be written as a WebSocket's URL.
fn bare_host(server: &str) -> String {
    let authority = server.split_once("://").map_or(server, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => authority,
    };
    host.trim_matches(['[', ']']).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_of_a_server_is_found_however_it_is_written() {
        for (written, host) in [
            ("sip.fiets.example", "sip.fiets.example"),
            ("wss://bel.fiets.example:8443/sip", "bel.fiets.example"),
            ("wss://bel.fiets.example/sip", "bel.fiets.example"),
            ("wss://[::1]:8443", "::1"),
            ("10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(bare_host(written), host);
        }
    }
}
