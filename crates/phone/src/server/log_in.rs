//! Finding a server and logging in to it.

use bellbird_contract::server::{
    ApiProblem, ClientDescription, LinkInfo, LinkPurpose, LogIn, LogInResult, OrganisationName, PROTOCOL,
    PasswordChange, ServerErrorCode, ServerHello, ServerLogIn, ServerTrouble, WireSecret,
};
use bellbird_contract::{ErrorCode, Problem, Secret};

use super::address::Link;
use super::session::Session;
use super::wire::{HttpId, HttpMethod, ServerAddress};
use super::{Answer, Effect, NewAccount, Server, answered, here, read, waits_for_password};
use crate::io::StoreRequest;

/// How far a log-in is.
///
/// ```text
/// None ──▶ Searching ──▶ Found
///              ├──▶ Link ──▶ LoggingIn ──▶ None: there is a session
///              │      │          │ ▲
///              │      ▼          ▼ │
///              │   NewPassword ◀───┘  (Inviting: an invitation's link takes the password first)
///              └──────┴──────────┴──▶ Failed
/// ```
#[derive(Debug)]
pub(super) enum Attempt {
    None,
    Searching {
        server: ServerAddress,
        request: HttpId,
        then: Then,
        /// What was typed and why nothing came of it, while a guess is tried.
        typed: Option<(ServerAddress, ServerTrouble)>,
    },
    Found {
        server: ServerAddress,
        organisation: Option<OrganisationName>,
    },
    Link {
        server: ServerAddress,
        token: Secret,
        request: HttpId,
    },
    LoggingIn {
        server: ServerAddress,
        entry: Entry,
        /// Whether a new password went with it.
        chosen: bool,
        request: HttpId,
    },
    /// The user has to choose a new password.
    NewPassword {
        server: ServerAddress,
        entry: Entry,
        trouble: Option<ServerTrouble>,
    },
    /// The chosen password is on its way to an invitation's link; the log-in follows.
    Inviting {
        server: ServerAddress,
        entry: Entry,
        new: Secret,
        request: HttpId,
    },
    Failed {
        server: String,
        trouble: ServerTrouble,
        suggestion: Option<String>,
    },
}

/// Who logs in, and what proves it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    login: String,
    proof: Proof,
    /// How many characters a password needs, where the server said so.
    least: Option<u32>,
}

/// What proves who logs in.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// The password, or a provisioning link's token.
    Secret(Secret),
    /// The token of a link that sets the password.
    Invitation(Secret),
}

/// What a server is looked for.
#[derive(Clone, Debug)]
pub(super) enum Then {
    Show,
    LogIn { login: String, secret: Secret },
    Link { token: Secret },
}

impl Attempt {
    pub(super) const fn request(&self) -> Option<HttpId> {
        match self {
            Self::Searching { request, .. }
            | Self::Link { request, .. }
            | Self::LoggingIn { request, .. }
            | Self::Inviting { request, .. } => Some(*request),
            Self::None | Self::Found { .. } | Self::NewPassword { .. } | Self::Failed { .. } => None,
        }
    }
}

impl Server {
    pub(super) fn find(&mut self, typed: &str) {
        match ServerAddress::parse(typed) {
            Ok(server) => self.search(server, Then::Show, None),
            Err(problem) => self.failed(typed.trim(), ServerTrouble::Here { problem }),
        }
    }

    pub(super) fn log_in(&mut self, typed: &str, login: &str, secret: &Secret) {
        let then = Then::LogIn { login: login.trim().to_owned(), secret: secret.clone() };
        match ServerAddress::parse(typed) {
            Ok(server) => self.search(self.with_known_authority(server), then, None),
            Err(problem) => self.failed(typed.trim(), ServerTrouble::Here { problem }),
        }
    }

    pub(super) fn log_in_with_link(&mut self, link: &Secret) {
        match Link::parse(link.expose()) {
            Ok(Link { server, token }) => self.search(server, Then::Link { token }, None),
            Err(problem) => self.failed("", ServerTrouble::Here { problem }),
        }
    }

    /// Whoever came by a link once believes the same authority at the next log-in.
    fn with_known_authority(&self, server: ServerAddress) -> ServerAddress {
        let known = self.session.as_ref().map(|session| &session.memory.address);
        match known.filter(|known| (&known.host, known.port) == (&server.host, server.port)) {
            Some(known) => known.clone(),
            None => server,
        }
    }

    fn search(&mut self, server: ServerAddress, then: Then, typed: Option<(ServerAddress, ServerTrouble)>) {
        let request = self.cx.request(&server, None, HttpMethod::Get, "/hello");
        self.attempt = Attempt::Searching { server, request, then, typed };
    }

    fn failed(&mut self, server: &str, trouble: ServerTrouble) {
        self.attempt = Attempt::Failed { server: server.to_owned(), trouble, suggestion: None };
    }

    pub(super) fn attempt_answered(&mut self, answer: &Answer) {
        match core::mem::replace(&mut self.attempt, Attempt::None) {
            Attempt::Searching { server, then, typed, .. } => self.hello(server, then, typed, answer),
            Attempt::Link { server, token, .. } => self.link_answered(server, token, answer),
            Attempt::LoggingIn { server, entry, chosen, .. } => self.log_in_answered(server, entry, chosen, answer),
            Attempt::Inviting { server, entry, new, .. } => self.invitation_answered(server, entry, new, answer),
            other @ (Attempt::None | Attempt::Found { .. } | Attempt::NewPassword { .. } | Attempt::Failed { .. }) => {
                self.attempt = other;
            }
        }
    }

    fn hello(
        &mut self,
        server: ServerAddress,
        then: Then,
        typed: Option<(ServerAddress, ServerTrouble)>,
        answer: &Answer,
    ) {
        let hello = greeting(answer, &server);
        match (hello, typed) {
            (Ok(_), Some((typed, trouble))) => {
                let suggestion = Some(server.shown());
                self.attempt = Attempt::Failed { server: typed.shown(), trouble, suggestion };
            }
            (Err(_), Some((typed, trouble))) => self.failed(&typed.shown(), trouble),
            (Ok(hello), None) => self.server_is_there(server, then, hello),
            (Err(trouble), None) => match server.guess().filter(|_| nobody_is_there(&trouble)) {
                Some(guess) => self.search(guess, Then::Show, Some((server, *trouble))),
                None => self.failed(&server.shown(), *trouble),
            },
        }
    }

    fn server_is_there(&mut self, server: ServerAddress, then: Then, hello: ServerHello) {
        match then {
            Then::Show => self.attempt = Attempt::Found { server, organisation: hello.organisation },
            Then::LogIn { login, secret } => {
                self.send_log_in(server, Entry { login, proof: Proof::Secret(secret), least: None }, None);
            }
            Then::Link { token } => {
                let request = self.cx.request(&server, None, HttpMethod::Get, &format!("/links/{}", token.expose()));
                self.attempt = Attempt::Link { server, token, request };
            }
        }
    }

    fn link_answered(&mut self, server: ServerAddress, token: Secret, answer: &Answer) {
        match read::<LinkInfo>(answer, &server) {
            Ok(info) => self.link_is(server, token, info),
            Err(trouble) => self.failed(&server.shown(), trouble.into_inner()),
        }
    }

    fn link_is(&mut self, server: ServerAddress, token: Secret, info: LinkInfo) {
        let LinkInfo { purpose, login, password_least, password_change_needed, .. } = info;
        let provisioning = purpose == LinkPurpose::Provisioning;
        let proof = if provisioning { Proof::Secret(token) } else { Proof::Invitation(token) };
        let entry = Entry { login, proof, least: Some(password_least) };
        if provisioning && !password_change_needed {
            self.send_log_in(server, entry, None);
        } else {
            self.attempt = Attempt::NewPassword { server, entry, trouble: None };
        }
    }

    /// The user chose the password that was asked for.
    pub(super) fn choose_password(&mut self, new: &Secret) {
        let Attempt::NewPassword { server, entry, .. } = &self.attempt else { return };
        let (server, entry) = (server.clone(), entry.clone());
        match &entry.proof {
            Proof::Secret(_) => self.send_log_in(server, entry, Some(new)),
            Proof::Invitation(token) => {
                let path = format!("/links/{}", token.expose());
                let change = PasswordChange { old: None, new: WireSecret::from(new) };
                let request = self.cx.request_with(&server, None, HttpMethod::Post, &path, &change);
                self.attempt = Attempt::Inviting { server, entry, new: new.clone(), request };
            }
        }
    }

    fn invitation_answered(&mut self, server: ServerAddress, entry: Entry, new: Secret, answer: &Answer) {
        match answered(answer, &server) {
            Ok(_) => self.send_log_in(server, Entry { proof: Proof::Secret(new), ..entry }, None),
            Err(trouble) => self.password_not_taken(server, entry, trouble.into_inner()),
        }
    }

    fn send_log_in(&mut self, server: ServerAddress, entry: Entry, new: Option<&Secret>) {
        let client = ClientDescription {
            id: self.client.clone(),
            name: self.client_name.clone(),
            web: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
        };
        let (Proof::Secret(secret) | Proof::Invitation(secret)) = &entry.proof;
        let new_password = new.map(WireSecret::from);
        let body = LogIn { login: entry.login.clone(), secret: WireSecret::from(secret), new_password, client };
        let request = self.cx.request_with(&server, None, HttpMethod::Post, "/log-in", &body);
        self.attempt = Attempt::LoggingIn { server, entry, chosen: new.is_some(), request };
    }

    fn log_in_answered(&mut self, server: ServerAddress, entry: Entry, chosen: bool, answer: &Answer) {
        let trouble = match read::<LogInResult>(answer, &server) {
            Ok(result) => return self.logged_in(server, result),
            Err(trouble) => trouble.into_inner(),
        };
        if waits_for_password(&trouble) {
            let least = least(&trouble).or(entry.least);
            self.attempt = Attempt::NewPassword { server, entry: Entry { least, ..entry }, trouble: None };
        } else if chosen {
            self.password_not_taken(server, entry, trouble);
        } else {
            self.failed(&server.shown(), trouble);
        }
    }

    /// What is wrong with the password is told where it is chosen; what is wrong with who logs in, where that is typed.
    fn password_not_taken(&mut self, server: ServerAddress, entry: Entry, trouble: ServerTrouble) {
        if is_about_who(&trouble) {
            return self.failed(&server.shown(), trouble);
        }
        self.attempt = Attempt::NewPassword { server, entry, trouble: Some(trouble) };
    }

    fn logged_in(&mut self, server: ServerAddress, result: LogInResult) {
        let LogInResult { device_token, client, sip, me: phone } = result;
        let token = Secret::new(device_token.expose());
        self.client = Some(client.clone());
        self.cx.store(StoreRequest::SaveClient(client.clone()));
        self.cx.store(StoreRequest::SaveServerToken(token.clone()));
        let before = self.session.take();
        let same = |old: &Session| {
            (&old.memory.address.host, old.memory.address.port) == (&server.host, server.port)
                && old.memory.phone.user == phone.user
        };
        let (kept, other) = match before {
            Some(old) if same(&old) => (Some(old), None),
            other => (None, other),
        };
        if let Some(mut other) = other {
            other.leave(&mut self.cx);
        }
        let account = kept.as_ref().and_then(|old| old.memory.account);
        let session = Session::begin(server, client, token, phone.clone(), kept, &mut self.cx);
        self.session = Some(session);
        self.cx.effects.push_back(Effect::LoggedIn(Box::new(NewAccount { sip, phone, account })));
        if let Some(session) = &mut self.session {
            session.connect_now(&mut self.cx);
        }
    }

    /// Logs out because the user wants to.
    pub(super) fn log_out(&mut self) {
        self.attempt = Attempt::None;
        if let Some(mut session) = self.session.take() {
            session.leave(&mut self.cx);
            self.cx.store(StoreRequest::ForgetServer);
        }
    }

    pub(super) fn log_in_view(&self) -> Option<ServerLogIn> {
        match &self.attempt {
            Attempt::None => self.session.as_ref().and_then(Session::first_steps),
            Attempt::Searching { server, then: Then::Show, typed, .. } => {
                let shown = typed.as_ref().map_or(server, |(typed, _)| typed);
                Some(ServerLogIn::Searching { server: shown.shown() })
            }
            Attempt::LoggingIn { server, entry, chosen: true, .. } => Some(asking(server, entry, true, None)),
            Attempt::Searching { server, .. } | Attempt::Link { server, .. } | Attempt::LoggingIn { server, .. } => {
                Some(ServerLogIn::LoggingIn { server: server.shown() })
            }
            Attempt::Found { server, organisation } => {
                Some(ServerLogIn::Found { server: server.shown(), organisation: organisation.clone() })
            }
            Attempt::NewPassword { server, entry, trouble } => Some(asking(server, entry, false, trouble.clone())),
            Attempt::Inviting { server, entry, .. } => Some(asking(server, entry, true, None)),
            Attempt::Failed { server, trouble, suggestion } => Some(ServerLogIn::Failed {
                server: server.clone(),
                trouble: trouble.clone(),
                suggestion: suggestion.clone(),
            }),
        }
    }
}

/// Reads what `GET /hello` gave, and whether the two of us can talk.
pub(super) fn greeting(answer: &Answer, server: &ServerAddress) -> Result<ServerHello, Box<ServerTrouble>> {
    let hello = read::<ServerHello>(answer, server).map_err(|trouble| Box::new(trouble.into_inner()))?;
    match hello.agree() {
        Err(ServerErrorCode::ClientTooOld) => Err(Box::new(here(ErrorCode::ClientTooOld, server))),
        Err(_) => Err(Box::new(here(ErrorCode::ServerTooOld, server))),
        Ok(_) if hello.needs_set_up => {
            let problem = ApiProblem::new(ServerErrorCode::NotSetUp, "The server waits to be set up.");
            Err(Box::new(ServerTrouble::There { problem }))
        }
        Ok(_) => Ok(hello),
    }
}

fn asking(server: &ServerAddress, entry: &Entry, sending: bool, trouble: Option<ServerTrouble>) -> ServerLogIn {
    let (login, least) = (entry.login.clone(), entry.least);
    ServerLogIn::NewPassword { server: server.shown(), login, least, sending, trouble }
}

/// How many characters a password needs, where a refusal says so.
fn least(trouble: &ServerTrouble) -> Option<u32> {
    let ServerTrouble::There { problem } = trouble else { return None };
    problem.params.get("least")?.parse().ok()
}

/// Whether it is not the new password that is wrong.
fn is_about_who(trouble: &ServerTrouble) -> bool {
    use ServerErrorCode::{LinkExpired, LinkInvalid, UserDisabled, WrongCredentials};
    let ServerTrouble::There { problem } = trouble else { return false };
    matches!(problem.code, WrongCredentials | UserDisabled | LinkExpired | LinkInvalid)
}

/// Whether another address may be meant.
fn nobody_is_there(trouble: &ServerTrouble) -> bool {
    let ServerTrouble::Here { problem: Problem { code, .. } } = trouble else { return false };
    matches!(code, ErrorCode::ServerNotFound | ErrorCode::ServerUnreachable | ErrorCode::NotAServer)
}
