//! Finding a server and logging in to it.

use bellbird_contract::server::{
    ApiProblem, ClientDescription, LinkInfo, LinkPurpose, LogIn, LogInResult, OrganisationName, PROTOCOL,
    ServerErrorCode, ServerHello, ServerLogIn, ServerTrouble, WireSecret,
};
use bellbird_contract::{ErrorCode, Problem, Secret};

use super::address::Link;
use super::session::Session;
use super::wire::{HttpId, HttpMethod, ServerAddress};
use super::{Answer, Effect, NewAccount, Server, here, read};
use crate::io::StoreRequest;

/// How far a log-in is.
///
/// ```text
/// None ──▶ Searching ──▶ Found
///              ├──▶ Link ──▶ LoggingIn ──▶ None: there is a session
///              └────────────────┴──▶ Failed
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
        request: HttpId,
    },
    Failed {
        server: String,
        trouble: ServerTrouble,
        suggestion: Option<String>,
    },
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
            Self::Searching { request, .. } | Self::Link { request, .. } | Self::LoggingIn { request, .. } => {
                Some(*request)
            }
            Self::None | Self::Found { .. } | Self::Failed { .. } => None,
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
            Attempt::LoggingIn { server, .. } => self.log_in_answered(server, answer),
            other @ (Attempt::None | Attempt::Found { .. } | Attempt::Failed { .. }) => self.attempt = other,
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
            Then::LogIn { login, secret } => self.send_log_in(server, login, &secret),
            Then::Link { token } => {
                let request = self.cx.request(&server, None, HttpMethod::Get, &format!("/links/{}", token.expose()));
                self.attempt = Attempt::Link { server, token, request };
            }
        }
    }

    fn link_answered(&mut self, server: ServerAddress, token: Secret, answer: &Answer) {
        match read::<LinkInfo>(answer, &server) {
            Ok(info) if info.purpose == LinkPurpose::Provisioning => self.send_log_in(server, info.login, &token),
            // The password is chosen in the browser.
            Ok(_) => {
                let words = "The link sets a password: open it in a browser first.";
                let problem = ApiProblem::new(ServerErrorCode::PasswordChangeNeeded, words);
                self.failed(&server.shown(), ServerTrouble::There { problem });
            }
            Err(trouble) => self.failed(&server.shown(), trouble.into_inner()),
        }
    }

    fn send_log_in(&mut self, server: ServerAddress, login: String, secret: &Secret) {
        let client = ClientDescription {
            id: self.client.clone(),
            name: self.client_name.clone(),
            web: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
        };
        let body = LogIn { login, secret: WireSecret::from(secret), client };
        let request = self.cx.request_with(&server, None, HttpMethod::Post, "/log-in", &body);
        self.attempt = Attempt::LoggingIn { server, request };
    }

    fn log_in_answered(&mut self, server: ServerAddress, answer: &Answer) {
        match read::<LogInResult>(answer, &server) {
            Ok(result) => self.logged_in(server, result),
            Err(trouble) => self.failed(&server.shown(), trouble.into_inner()),
        }
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
            Attempt::Searching { server, .. } | Attempt::Link { server, .. } | Attempt::LoggingIn { server, .. } => {
                Some(ServerLogIn::LoggingIn { server: server.shown() })
            }
            Attempt::Found { server, organisation } => {
                Some(ServerLogIn::Found { server: server.shown(), organisation: organisation.clone() })
            }
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

/// Whether another address may be meant.
fn nobody_is_there(trouble: &ServerTrouble) -> bool {
    let ServerTrouble::Here { problem: Problem { code, .. } } = trouble else { return false };
    matches!(code, ErrorCode::ServerNotFound | ErrorCode::ServerUnreachable | ErrorCode::NotAServer)
}
