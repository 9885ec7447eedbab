//! The line to the server: asked for, opened, lost, opened again.

use bellbird_base::{Duration, Instant};
use bellbird_contract::Timestamp;
use bellbird_contract::server::{ClientMessage, Revision, ServerConnection, ServerEvent, ServerTrouble};

use super::log_in::greeting;
use super::session::{Ask, Session};
use super::wire::{EventsId, EventsInput, EventsRequest, HttpId, HttpMethod};
use super::{API, Answer, Cx, Effect, Trouble, bearer, of_failure, refusal, waits_for_password};
use crate::io::Output;

/// After a silence of less than this, events go on where they ended.
const SHORT_GAP: Duration = Duration::from_secs(120);

/// Whether the server is there.
///
/// ```text
/// Waiting ──▶ Asking (GET /hello) ──▶ Opening ──▶ Online
///    ▲           │                       │           │
///    └───────────┴──────── failed ───────┴── lost ───┘          LoggedOut: only a log-in helps
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It is asked whether it is there and what it speaks.
    Asking { request: Option<HttpId>, offline: Option<Offline> },
    /// The channel of events is opened.
    Opening { events: EventsId, offline: Option<Offline> },
    /// Events come.
    Online { events: EventsId, since: Timestamp },
    /// It is tried again then.
    Waiting { at: Instant, offline: Offline },
    /// It does not know us any more.
    LoggedOut { trouble: ServerTrouble },
}

/// That the server is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offline {
    since: Timestamp,
    trouble: ServerTrouble,
}

impl Line {
    /// Nothing is open and nothing is known to be wrong.
    pub(super) const fn down() -> Self {
        Self::Asking { request: None, offline: None }
    }

    pub(super) const fn events(&self) -> Option<EventsId> {
        match self {
            Self::Opening { events, .. } | Self::Online { events, .. } => Some(*events),
            Self::Asking { .. } | Self::Waiting { .. } | Self::LoggedOut { .. } => None,
        }
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        match self {
            Self::Waiting { at, .. } => Some(*at),
            Self::Asking { .. } | Self::Opening { .. } | Self::Online { .. } | Self::LoggedOut { .. } => None,
        }
    }

    pub(super) const fn is_online(&self) -> bool {
        matches!(self, Self::Online { .. })
    }

    fn offline(&self) -> Option<Offline> {
        match self {
            Self::Asking { offline, .. } | Self::Opening { offline, .. } => offline.clone(),
            Self::Waiting { offline, .. } => Some(offline.clone()),
            Self::Online { .. } | Self::LoggedOut { .. } => None,
        }
    }

    pub(super) fn view(&self, cx: &Cx) -> ServerConnection {
        let offline = |offline: &Offline, retry_at| ServerConnection::Offline {
            since: offline.since,
            retry_at,
            trouble: offline.trouble.clone(),
        };
        match self {
            Self::Asking { offline: None, .. } | Self::Opening { offline: None, .. } => ServerConnection::Connecting,
            Self::Asking { offline: Some(it), .. } | Self::Opening { offline: Some(it), .. } => offline(it, None),
            Self::Online { since, .. } => ServerConnection::Online { since: *since },
            Self::Waiting { at, offline: it } => offline(it, Some(cx.clock.at(*at))),
            Self::LoggedOut { trouble } => ServerConnection::LoggedOut { trouble: trouble.clone() },
        }
    }
}

impl Session {
    /// Opens everything anew, without waiting.
    pub(super) fn connect_now(&mut self, cx: &mut Cx) {
        if self.token.is_none() {
            return;
        }
        self.failures = 0;
        self.ask_hello(cx);
    }

    pub(super) fn ask_hello(&mut self, cx: &mut Cx) {
        self.drop_line(cx);
        let offline = self.line.offline();
        let request = cx.request(&self.memory.address, None, HttpMethod::Get, "/hello");
        self.line = Line::Asking { request: Some(request), offline };
    }

    /// What was under way on the old line is asked again on the next one.
    fn drop_line(&mut self, cx: &mut Cx) {
        if let Some(events) = self.line.events() {
            cx.output(Output::CloseEvents(events));
        }
        self.sending = None;
        self.asks.retain(|_, ask| {
            !matches!(
                ask,
                Ask::Waiting | Ask::Settings | Ask::Phone | Ask::Records | Ask::Colleagues | Ask::Disputed(..)
            )
        });
    }

    /// The answer to `GET /hello`, if that is what was asked; whether it was.
    pub(super) fn hello_answered(&mut self, id: HttpId, answer: &Answer, cx: &mut Cx) -> bool {
        let Line::Asking { request: Some(request), offline } = &self.line else { return false };
        if *request != id {
            return false;
        }
        let offline = offline.clone();
        match greeting(answer, &self.memory.address) {
            Ok(hello) => {
                self.keep_in_step(hello.now, cx);
                self.open(offline, cx);
            }
            Err(trouble) => self.lost(*trouble, cx),
        }
        true
    }

    fn open(&mut self, offline: Option<Offline>, cx: &mut Cx) {
        let events = EventsId(cx.fresh());
        let headers = self.token.iter().map(bearer).collect();
        let (server, path) = (self.memory.address.clone(), format!("{API}/events"));
        cx.output(Output::OpenEvents(EventsRequest { id: events, server, path, headers }));
        self.line = Line::Opening { events, offline };
    }

    pub(super) fn events(&mut self, id: EventsId, input: EventsInput, cx: &mut Cx) {
        if self.line.events() != Some(id) {
            return;
        }
        match input {
            EventsInput::Opened => self.opened(id, cx),
            EventsInput::Message(text) => self.heard(&text, cx),
            EventsInput::Closed(failure) => self.lost_closed(of_failure(&failure, &self.memory.address), cx),
            EventsInput::Refused(response) => match refusal(&response, &self.memory.address) {
                Trouble::LoggedOut(trouble) => {
                    self.forget_events();
                    self.logged_out(*trouble, cx);
                }
                // Not every driver can read the body of a refusal: another request asks why.
                Trouble::Passing(trouble) | Trouble::Refused(trouble) => {
                    self.lost_closed(*trouble, cx);
                    self.ask(Ask::Phone, HttpMethod::Get, "/me/phone", cx);
                }
            },
        }
    }

    fn opened(&mut self, events: EventsId, cx: &mut Cx) {
        let since = self.resumes_at(cx);
        self.say(events, &ClientMessage::Subscribe { since }, cx);
        if since.is_some() {
            self.is_online(cx);
            if self.memory.phone.features.presence {
                self.ask(Ask::Colleagues, HttpMethod::Get, "/colleagues", cx);
            }
        }
    }

    /// The server is there, and what is shown is what it knows: what was asked for at first has come, or goes on.
    pub(super) fn is_online(&mut self, cx: &mut Cx) {
        let Line::Opening { events, .. } = self.line else { return };
        self.line = Line::Online { events, since: cx.today() };
        cx.effects.push_back(Effect::BackOnline);
        self.ask(Ask::Phone, HttpMethod::Get, "/me/phone", cx);
        self.ask(Ask::Records, HttpMethod::Get, "/me/records?limit=100", cx);
        self.flush(cx);
    }

    /// After a short gap events go on where they ended. What passes unrecorded (registrations, calls that are set up) is
    /// told only in a snapshot, so that a longer gap, a restart or a call on its way asks for one; colleagues are asked for.
    fn resumes_at(&self, cx: &Cx) -> Option<Revision> {
        let short = self.heard.is_some_and(|heard| cx.now.since(heard) < SHORT_GAP);
        let calls = self.snapshot().is_none_or(|snapshot| !snapshot.calls.is_empty());
        self.memory.revision.filter(|_| short && !calls)
    }

    fn heard(&mut self, text: &str, cx: &mut Cx) {
        self.failures = 0;
        self.heard = Some(cx.now);
        // What a newer server says and we can't read is not for us.
        if let Ok(event) = serde_json::from_str::<ServerEvent>(text) {
            self.take_event(event, cx);
        }
    }

    pub(super) fn say(&self, events: EventsId, message: &ClientMessage, cx: &mut Cx) {
        cx.output(Output::SendEvent(events, serde_json::to_string(message).unwrap_or_default()));
    }

    /// The channel is gone by itself: there is nothing to close.
    fn lost_closed(&mut self, trouble: ServerTrouble, cx: &mut Cx) {
        self.forget_events();
        self.lost(trouble, cx);
    }

    fn forget_events(&mut self) {
        self.line = Line::Asking { request: None, offline: self.line.offline() };
    }

    /// The server is not there. What it told stays, and it is tried again.
    pub(super) fn lost(&mut self, trouble: ServerTrouble, cx: &mut Cx) {
        let since = self.line.offline().map_or_else(|| cx.today(), |offline| offline.since);
        // The user is asked for it at once: everything else is refused until then.
        if let Some(snapshot) = self.memory.snapshot.as_mut().filter(|_| waits_for_password(&trouble)) {
            snapshot.me.password_change_needed = true;
        }
        self.drop_line(cx);
        let at = cx.now + cx.patience(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.line = Line::Waiting { at, offline: Offline { since, trouble } };
    }
}
