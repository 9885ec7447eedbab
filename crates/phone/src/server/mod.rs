//! The phone's side of a server: log-in, a replica of what the server knows, an outbox for what it does not know yet.
//!
//! ```text
//!                 ┌──────── refused, not found ────────▶ failed, in words
//! nothing ──▶ searching ──▶ logging in ──▶ session: asking ──▶ opening ──▶ online
//!                                                     ▲                      │
//!                                                     └──── waiting ◀── lost ┘      revoked ──▶ logged out
//! ```
//!
//! It speaks HTTP and a WebSocket only through what it asks of the driver ([`HttpRequest`], [`EventsRequest`]). What the
//! user sees is the last state of the server with what waits in the outbox already in it; both rules of `contract` are
//! used as they are.

mod address;
mod asks;
mod events;
mod line;
mod log_in;
mod memory;
mod outbox;
mod session;
mod view;
mod wire;

use std::collections::VecDeque;

use bellbird_base::{Duration, Instant, Rng, Seed};
use bellbird_contract::server::{
    ApiProblem, CallRecordId, ClientId, Colleague, EffectiveSettings, MePhone, ServerErrorCode, ServerLogIn,
    ServerTrouble, ServerView, SipCredentials, resolve,
};
use bellbird_contract::{AccountId, Command, ErrorCode, Language, Problem, Secret, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::WallClock;
use crate::io::{Output, StoreRequest};
use log_in::Attempt;
use session::Session;

pub use memory::{LoadedServer, Outbox, ServerMemory, Waiting};
pub use wire::{
    EventsId, EventsInput, EventsRequest, HttpFailure, HttpId, HttpMethod, HttpRequest, HttpResponse, ServerAddress,
    ServerPin,
};

/// Where the server's API begins.
const API: &str = "/api/v1";

/// What the server's side asks of the phone.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Something for the driver.
    Output(Box<Output>),
    /// Whom to believe when a flow is opened.
    Pin(Option<ServerPin>),
    /// Somebody logged in: make the account that calls go over.
    LoggedIn(Box<NewAccount>),
    /// What the account is made from changed.
    PhoneChanged(Box<MePhone>),
    /// The account ended with the log-in.
    LoggedOut(AccountId),
    /// The server answers again: what failed meanwhile need not wait for its turn.
    BackOnline,
}

/// What a log-in gives for an account.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) sip: SipCredentials,
    pub(crate) phone: MePhone,
    /// The account of an earlier log-in that this one takes up.
    pub(crate) account: Option<AccountId>,
}

/// The server, if there is one.
#[derive(Debug)]
pub(crate) struct Server {
    cx: Cx,
    attempt: Attempt,
    session: Option<Session>,
    /// This client's name from an earlier log-in: its own values are kept on the server under it.
    client: Option<ClientId>,
    client_name: String,
}

/// Time, chance and the way out.
#[derive(Debug)]
pub(crate) struct Cx {
    now: Instant,
    clock: WallClock,
    rng: Rng,
    last: u64,
    effects: VecDeque<Effect>,
}

impl Cx {
    fn today(&self) -> Timestamp {
        self.clock.at(self.now)
    }

    fn output(&mut self, output: Output) {
        self.effects.push_back(Effect::Output(Box::new(output)));
    }

    fn store(&mut self, request: StoreRequest) {
        self.output(Output::Store(request));
    }

    fn fresh(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn request(&mut self, server: &ServerAddress, token: Option<&Secret>, method: HttpMethod, path: &str) -> HttpId {
        self.send(server, token, method, path, Vec::new())
    }

    fn request_with<T: Serialize>(
        &mut self,
        server: &ServerAddress,
        token: Option<&Secret>,
        method: HttpMethod,
        path: &str,
        body: &T,
    ) -> HttpId {
        // Plain data of ours: it can be written.
        self.send(server, token, method, path, serde_json::to_vec(body).unwrap_or_default())
    }

    fn send(
        &mut self,
        server: &ServerAddress,
        token: Option<&Secret>,
        method: HttpMethod,
        path: &str,
        body: Vec<u8>,
    ) -> HttpId {
        let id = HttpId(self.fresh());
        let mut headers = vec![("Accept", "application/json".to_owned())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        headers.extend(token.map(bearer));
        let path = format!("{API}{path}");
        self.output(Output::Http(HttpRequest { id, method, server: server.clone(), path, headers, body }));
        id
    }

    /// Before the next attempt after so many in vain: 1 s, doubled each time up to a minute, half of it by chance so that
    /// a server that comes back is not met by everybody at once.
    fn patience(&mut self, failures: u32) -> Duration {
        let most = Duration::from_secs(1 << failures.min(6)).min(Duration::from_secs(60));
        most.mul_f64(0.5 + self.rng.unit() / 2.0)
    }
}

fn bearer(token: &Secret) -> (&'static str, String) {
    ("Authorization", format!("Bearer {}", token.expose()))
}

/// What came of a request.
type Answer = Result<HttpResponse, HttpFailure>;

/// Why a request brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trouble {
    /// The server could not be asked, or can't serve now: again later.
    Passing(Box<ServerTrouble>),
    /// The server does not know us any more.
    LoggedOut(Box<ServerTrouble>),
    /// The server refused.
    Refused(Box<ServerTrouble>),
}

impl Trouble {
    fn into_inner(self) -> ServerTrouble {
        match self {
            Self::Passing(trouble) | Self::LoggedOut(trouble) | Self::Refused(trouble) => *trouble,
        }
    }
}

/// Reads an answer: what was asked for, nothing where there is no body, or what went wrong.
fn read<T: DeserializeOwned>(answer: &Answer, server: &ServerAddress) -> Result<T, Trouble> {
    let response = answered(answer, server)?;
    serde_json::from_slice(&response.body).map_err(|_| Trouble::Passing(Box::new(not_a_server(server))))
}

/// The same where the answer may say no more than that it is done.
fn read_if_told<T: DeserializeOwned>(answer: &Answer, server: &ServerAddress) -> Result<Option<T>, Trouble> {
    answered(answer, server).map(|response| serde_json::from_slice(&response.body).ok())
}

/// The answer if it is a good one.
fn answered<'a>(answer: &'a Answer, server: &ServerAddress) -> Result<&'a HttpResponse, Trouble> {
    let response = answer.as_ref().map_err(|failure| Trouble::Passing(Box::new(of_failure(failure, server))))?;
    if (200..300).contains(&response.status) { Ok(response) } else { Err(refusal(response, server)) }
}

fn refusal(response: &HttpResponse, server: &ServerAddress) -> Trouble {
    let Ok(problem) = serde_json::from_slice::<ApiProblem>(&response.body) else {
        return match response.status {
            502..=504 => Trouble::Passing(Box::new(here(ErrorCode::ServerUnavailable, server))),
            _ => Trouble::Passing(Box::new(not_a_server(server))),
        };
    };
    let there = Box::new(ServerTrouble::There { problem });
    match response.status {
        401 => Trouble::LoggedOut(there),
        403 if is_over(&there) => Trouble::LoggedOut(there),
        403 if waits_for_password(&there) => Trouble::Passing(there),
        426 | 429 | 501.. => Trouble::Passing(there),
        _ => Trouble::Refused(there),
    }
}

/// Whether the server said that nothing more will come of this log-in.
fn is_over(trouble: &ServerTrouble) -> bool {
    let ServerTrouble::There { problem } = trouble else { return false };
    matches!(problem.code, ServerErrorCode::UserDisabled | ServerErrorCode::ClientRevoked)
}

/// Whether everything else has to wait until a new password is set.
fn waits_for_password(trouble: &ServerTrouble) -> bool {
    matches!(trouble, ServerTrouble::There { problem } if problem.code == ServerErrorCode::PasswordChangeNeeded)
}

fn here(code: ErrorCode, server: &ServerAddress) -> ServerTrouble {
    ServerTrouble::Here { problem: Problem::new(code).with("server", server.shown()) }
}

fn not_a_server(server: &ServerAddress) -> ServerTrouble {
    here(ErrorCode::NotAServer, server)
}

fn of_failure(failure: &HttpFailure, server: &ServerAddress) -> ServerTrouble {
    let code = match failure {
        HttpFailure::NotFound => ErrorCode::ServerNotFound,
        HttpFailure::Unreachable | HttpFailure::Broken(_) => ErrorCode::ServerUnreachable,
        HttpFailure::Offline => ErrorCode::Offline,
        HttpFailure::Certificate => ErrorCode::CertificateInvalid,
    };
    let HttpFailure::Broken(details) = failure else { return here(code, server) };
    let problem = Problem::new(code).with("server", server.shown()).detailed(details.clone());
    ServerTrouble::Here { problem }
}

impl Server {
    pub(crate) fn new(seed: &Seed, now: Instant, clock: WallClock, client_name: String) -> Self {
        let cx = Cx { now, clock, rng: Rng::new(seed), last: 0, effects: VecDeque::new() };
        Self { cx, attempt: Attempt::None, session: None, client: None, client_name }
    }

    /// Tells what time it is; before anything else that is asked.
    pub(crate) fn at(&mut self, now: Instant, clock: WallClock) -> &mut Self {
        self.cx.now = now;
        self.cx.clock = clock;
        self
    }

    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.cx.effects.pop_front()
    }

    /// Takes up what had been kept.
    pub(crate) fn load(&mut self, loaded: Option<LoadedServer>, client: Option<ClientId>) {
        self.client = client;
        if let Some(loaded) = loaded {
            self.client = Some(loaded.memory.client.clone());
            self.session = Some(Session::load(loaded, &mut self.cx));
        }
    }

    /// Does what the user wants; whether it was about the server.
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others are about a server that is logged in to, or none")]
    pub(crate) fn handle_command(&mut self, command: &Command) -> bool {
        match command {
            Command::FindServer { server } => self.find(server),
            Command::LogInToServer { server, login, secret } => self.log_in(server, login, secret),
            Command::LogInWithLink { link } => self.log_in_with_link(link),
            Command::ChooseFirstPassword { new } => self.choose_password(new),
            Command::CancelServerLogIn => self.attempt = Attempt::None,
            Command::LogOutOfServer => self.log_out(),
            _ => {
                let (session, cx) = (&mut self.session, &mut self.cx);
                return session.as_mut().is_some_and(|session| session.handle_command(command, cx));
            }
        }
        true
    }

    pub(crate) fn answered(&mut self, id: HttpId, answer: &Answer) {
        if self.attempt.request() == Some(id) {
            return self.attempt_answered(answer);
        }
        if let Some(session) = &mut self.session {
            session.answered(id, answer, &mut self.cx);
        }
    }

    pub(crate) fn events(&mut self, id: EventsId, input: EventsInput) {
        if let Some(session) = &mut self.session {
            session.events(id, input, &mut self.cx);
        }
    }

    /// The network or the machine is another one than a moment ago: everything is opened anew, at once.
    pub(crate) fn rebuild(&mut self) {
        if let Some(session) = &mut self.session {
            session.connect_now(&mut self.cx);
        }
    }

    pub(crate) fn wakes(&self) -> Option<Instant> {
        self.session.as_ref().and_then(|session| session.wakes(&self.cx))
    }

    /// Does what is due; whether anything was.
    pub(crate) fn wake_up(&mut self) -> bool {
        let cx = &mut self.cx;
        self.session.as_mut().is_some_and(|session| session.wake_up(cx))
    }

    /// Leaves in good order: what is known is kept, the log-in stays.
    pub(crate) fn quit(&mut self) {
        if let Some(session) = &mut self.session {
            session.quit(&mut self.cx);
        }
    }

    /// The account that was made for the log-in.
    pub(crate) fn set_account(&mut self, account: AccountId) {
        if let Some(session) = &mut self.session {
            session.set_account(account, &mut self.cx);
        }
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        self.session.as_ref().and_then(|session| session.memory.account)
    }

    /// What the account was made from.
    pub(crate) fn phone(&self) -> Option<&MePhone> {
        self.session.as_ref().map(|session| &session.memory.phone)
    }

    /// The user's colleagues.
    pub(crate) fn colleagues(&self) -> &[Colleague] {
        let snapshot = self.session.as_ref().and_then(|session| session.snapshot());
        snapshot.map_or(&[], |snapshot| &snapshot.colleagues)
    }

    /// The name of the colleague with this number.
    pub(crate) fn colleague(&self, number: &str) -> Option<&str> {
        let colleagues = &self.session.as_ref()?.snapshot()?.colleagues;
        let found = colleagues.iter().find(|one| one.extension.as_deref() == Some(number));
        found.map(|colleague| colleague.name.as_str())
    }

    /// `+sip.instance` of the account: the server tells clients apart by it.
    pub(crate) fn instance(&self) -> Option<String> {
        self.session.as_ref().map(|session| format!("urn:uuid:{}", session.memory.client))
    }

    /// What holds for this client, with what waits to be sent already in it.
    pub(crate) fn settings(&self) -> Option<EffectiveSettings> {
        let session = self.session.as_ref()?;
        session.shown_settings(&self.cx).map(|document| resolve(&document))
    }

    /// Who wrote the setting for outgoing calls, when, and with which note.
    pub(crate) fn outgoing_author(&self) -> Option<(String, Timestamp, Option<String>)> {
        let session = self.session.as_ref()?;
        let stamp = session.shown_settings(&self.cx)?.outgoing.stamp;
        let own = stamp.author.user.is_none() && stamp.author.name.is_empty();
        let me = session.snapshot().filter(|_| own).map(|snapshot| &snapshot.me);
        let name = me.map_or(stamp.author.name, |me| format!("{} {}", me.first_name, me.last_name).trim().to_owned());
        Some((name, stamp.since, stamp.note))
    }

    pub(crate) fn dnd_is_on(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.dnd_is_on(&self.cx))
    }

    /// Whether Do Not Disturb was turned on here and the server has not heard of it: then it is for us to keep silent.
    pub(crate) fn dnd_waits(&self) -> bool {
        self.session.as_ref().is_some_and(|session| !session.outbox.dnd.outbox().is_empty())
    }

    /// The language that the user has on the server, unless another one was chosen here and waits to be sent.
    pub(crate) fn language(&self) -> Option<Language> {
        let session = self.session.as_ref()?;
        let chosen = session.outbox.profile().and_then(|profile| profile.language);
        Some(chosen.unwrap_or(session.snapshot()?.me.language))
    }

    /// How many records were told since the program began.
    pub(crate) fn records_told(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.records_told)
    }

    /// The server's record of the call with this Call-ID.
    pub(crate) fn record_of(&self, call_id: &str) -> Option<&CallRecordId> {
        let records = &self.session.as_ref()?.memory.records;
        records.iter().find(|record| record.call_ids.iter().any(|known| known == call_id)).map(|record| &record.id)
    }

    /// The numbers that always dial where the user is, if the server says.
    pub(crate) fn emergency_numbers(&self) -> Option<&[String]> {
        let numbers = &self.session.as_ref()?.memory.phone.emergency_numbers;
        (!numbers.is_empty()).then_some(numbers)
    }

    /// Calls by the user's desk phone or mobile.
    pub(crate) fn call(&mut self, target: &str, withhold: bool) {
        if let Some(session) = &mut self.session {
            session.call(target, withhold, &mut self.cx);
        }
    }

    pub(crate) fn view(&self) -> (Option<Box<ServerView>>, Option<ServerLogIn>) {
        let view = self.session.as_ref().and_then(|session| session.view(&self.cx));
        (view.map(Box::new), self.log_in_view())
    }
}
