//! A registrar of a few lines: what the user sees of registering, refused and granted.

use bellbird_base::{Duration, FlowId, FlowInfo, Instant, Protocol, Seed};
use bellbird_contract::{AccountId, AccountTest, Command, ErrorCode, PhoneView, Registration, Timestamp, Transport};
use bellbird_phone::{Config, Input, Loaded, LoadedAccount, Output, Phone, StoreRequest};

use crate::desk::registering;

/// A phone and a registrar that gives every REGISTER the same answer.
struct Line {
    phone: Phone,
    now: Instant,
    answer: &'static str,
    /// The answer to a REGISTER that carries credentials, where it is another one.
    answer_to_credentials: Option<&'static str>,
    view: PhoneView,
    stored: Vec<StoreRequest>,
    requests: Vec<String>,
    deaf: bool,
    finished: bool,
}

const SERVER: &str = "10.0.0.9:5060";

impl Line {
    fn new(answer: &'static str) -> Self {
        let now = Instant::ORIGIN;
        let mut config = Config::new(Timestamp(1_000_000_000));
        config.instance_id = Some("urn:uuid:00000000-0000-4000-8000-000000000001".to_owned());
        let phone = Phone::new(config, Seed::from_number(1), now);
        Self {
            phone,
            now,
            answer,
            answer_to_credentials: None,
            view: PhoneView::default(),
            stored: Vec::new(),
            requests: Vec::new(),
            deaf: false,
            finished: false,
        }
    }

    fn command(&mut self, command: Command) {
        self.phone.handle_command(self.now, command);
        self.drain();
    }

    fn wait(&mut self, duration: Duration) {
        self.now += duration;
        self.phone.handle_input(Input::Timeout(self.now));
        self.drain();
    }

    fn drain(&mut self) {
        let mut replies = Vec::new();
        loop {
            match self.phone.poll_output() {
                Output::Transmit(transmit) => {
                    let request = String::from_utf8(transmit.payload).unwrap();
                    if request.starts_with("REGISTER") && !self.deaf {
                        let again = request.contains("\r\nAuthorization:");
                        let answer = self.answer_to_credentials.filter(|_| again).unwrap_or(self.answer);
                        replies.push((transmit.flow, reply(&request, answer)));
                        self.requests.push(request);
                    }
                }
                Output::Connect(flow, remote) => self.open(flow, remote.protocol),
                Output::Resolve(id, question) => {
                    let protocol = question.protocol.unwrap_or(Protocol::Udp);
                    let address = SERVER.parse().unwrap();
                    let remote =
                        bellbird_base::Remote { protocol, address, server_name: question.host, path: question.path };
                    self.phone.handle_input(Input::Resolved(self.now, id, Ok(vec![remote])));
                }
                Output::View(view) => self.view = *view,
                Output::Store(request) => self.stored.push(request),
                Output::Http(_)
                | Output::OpenEvents(_)
                | Output::CloseEvents(_)
                | Output::SendEvent(..)
                | Output::Pin(_) => {
                    panic!("nobody is logged in to a server here")
                }
                Output::Close(_) | Output::Media(_) => {}
                Output::Finished => self.finished = true,
                Output::Timeout(_) => match replies.pop() {
                    Some((flow, reply)) => {
                        self.phone.handle_input(Input::Receive(self.now, flow, reply.as_bytes()));
                    }
                    None => return,
                },
            }
        }
    }

    fn open(&mut self, flow: FlowId, protocol: Protocol) {
        let info = FlowInfo { protocol, local: "10.0.0.1:5060".parse().unwrap(), remote: SERVER.parse().unwrap() };
        self.phone.handle_input(Input::FlowOpened(self.now, flow, info));
    }

    fn registrations(&self) -> usize {
        self.requests.iter().filter(|request| !request.contains("expires=0") && !request.contains("Expires: 0")).count()
    }
}

/// The answer with the request's own fields.
fn reply(request: &str, status: &str) -> String {
    let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"];
    let lines = request.split("\r\n").filter(|line| kept.iter().any(|name| line.starts_with(name)));
    let fields: String = lines.map(|line| line.to_owned() + "\r\n").collect();
    format!("SIP/2.0 {status}\r\n{fields}Expires: 600\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn registered_account_tells_since_when_and_over_what() {
    let mut line = Line::new("200 OK");
    line.command(Command::AddAccount { account: registering("fiets.example", Transport::Udp) });
    let Registration::Registered { since, transport, secure } = line.view.accounts[0].registration else {
        panic!("{:?}", line.view.accounts)
    };
    assert_eq!((since, transport, secure), (Timestamp(1_000_000_000), Transport::Udp, false));
}

#[test]
fn refusal_is_told_in_codes_and_not_tried_again() {
    for (answer, code) in [
        ("403 Forbidden", ErrorCode::Forbidden),
        ("404 Not Found", ErrorCode::UnknownUser),
        (
            "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"fiets.example\", nonce=\"x\", qop=\"auth\", algorithm=SHA-256",
            ErrorCode::WrongPassword,
        ),
    ] {
        let mut line = Line::new(answer);
        line.command(Command::AddAccount { account: registering("fiets.example", Transport::Udp) });
        let Registration::Failed { problem, .. } = &line.view.accounts[0].registration else {
            panic!("{answer}: {:?}", line.view.accounts)
        };
        assert_eq!(problem.code, code);
        assert_eq!(problem.params["address"], "dora@fiets.example");
    }
}

#[test]
fn account_that_passed_its_trial_is_not_registered_twice() {
    let mut line = Line::new("200 OK");
    line.command(Command::TestAccount { account: registering("fiets.example", Transport::Automatic) });
    let Some(AccountTest::Passed { settings, secure: false }) = line.view.account_test.clone() else { panic!() };
    assert_eq!(settings.transport, Transport::Udp);
    line.command(Command::CancelAccountTest);
    line.command(Command::AddAccount { account: registering("fiets.example", Transport::Automatic) });
    line.wait(Duration::from_secs(10));
    assert!(matches!(line.view.accounts[0].registration, Registration::Registered { .. }));
    assert_eq!((line.requests.len(), line.registrations()), (1, 1));
}

#[test]
fn trial_that_is_put_away_unregisters() {
    let mut line = Line::new("200 OK");
    line.command(Command::TestAccount { account: registering("fiets.example", Transport::Udp) });
    line.command(Command::CancelAccountTest);
    assert_eq!(line.view.account_test, None);
    line.wait(Duration::from_secs(6));
    assert_eq!((line.requests.len(), line.registrations()), (2, 1));
}

#[test]
fn quitting_waits_for_the_registrar_but_not_for_long() {
    let mut line = Line::new("200 OK");
    line.command(Command::AddAccount { account: registering("fiets.example", Transport::Udp) });
    line.command(Command::Quit);
    assert!(line.finished);
    assert_eq!((line.requests.len(), line.registrations()), (2, 1));

    let mut line = Line::new("200 OK");
    line.command(Command::AddAccount { account: registering("fiets.example", Transport::Udp) });
    line.deaf = true;
    line.command(Command::Quit);
    assert!(!line.finished);
    line.wait(Duration::from_secs(3));
    assert!(line.finished);
}

const SHA_256: &str = "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"fiets.example\", nonce=\"x\", qop=\"auth\", algorithm=SHA-256";
const MD5: &str =
    "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"fiets.example\", nonce=\"x\", qop=\"auth\", algorithm=MD5";

#[test]
fn realm_that_asked_for_sha_256_gets_no_md5_after_a_restart() {
    let mut line = Line::new(SHA_256);
    line.answer_to_credentials = Some("200 OK");
    line.command(Command::AddAccount { account: registering("fiets.example", Transport::Udp) });
    assert!(matches!(line.view.accounts[0].registration, Registration::Registered { .. }));
    let pin = StoreRequest::SavePin(AccountId(1), Some("fiets.example".to_owned()));
    assert_eq!(line.stored.iter().filter(|request| **request == pin).count(), 1);

    let mut again = Line::new(MD5);
    again.answer_to_credentials = Some("200 OK");
    let draft = registering("fiets.example", Transport::Udp);
    let account = LoadedAccount {
        id: AccountId(1),
        settings: draft.settings.clone(),
        secret: draft.secret.clone(),
        pin: Some("fiets.example".to_owned()),
    };
    let loaded = Loaded { accounts: vec![account], ..Loaded::default() };
    again.phone.handle_input(Input::Loaded(again.now, Box::new(loaded)));
    again.drain();
    assert!(matches!(again.view.accounts[0].registration, Registration::Failed { .. }));
    assert!(!again.requests.iter().any(|request| request.contains("\r\nAuthorization:")));

    // A password typed anew is a new beginning.
    again.command(Command::EditAccount { id: AccountId(1), account: draft });
    assert!(matches!(again.view.accounts[0].registration, Registration::Registered { .. }));
    assert!(again.stored.contains(&StoreRequest::SavePin(AccountId(1), None)));
}
