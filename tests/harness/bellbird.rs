//! `bellbird` itself, as a script sees it: lines of JSON out, words in, an exit code.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::environment::bellbird_program;
use crate::kamailio::{DOMAIN, Kamailio, Transport, secret_of};
use crate::process::{Log, Process};
use crate::server::Server;
use crate::sip_account::SipAccount;
use crate::stage::Stage;

const LIMIT: Duration = Duration::from_secs(30);

/// One line of its output.
pub type Event = Value;

/// An account file in the making.
#[derive(Clone, Debug)]
pub struct Account {
    user: String,
    lines: Vec<String>,
    secret: Option<String>,
}

impl Account {
    /// A user of the registrar.
    pub fn at(kamailio: &Kamailio, transport: Transport, user: &str) -> Self {
        let account = Self {
            user: user.to_owned(),
            lines: vec![format!("address = \"sip:{user}@{DOMAIN}\"")],
            secret: Some(secret_of(user)),
        };
        account
            .with("registrar", &kamailio.uri(transport))
            .with("local", "127.0.0.1")
            .with("ca", &kamailio.certificates.authority.to_string_lossy())
    }

    /// Somebody without a registrar, called directly.
    pub fn alone(user: &str) -> Self {
        let lines = vec![format!("address = \"sip:{user}@127.0.0.1\""), "register = false".to_owned()];
        Self { user: user.to_owned(), lines, secret: None }.with("local", "127.0.0.1")
    }

    /// An account of any registrar.
    pub fn of(account: &SipAccount) -> Self {
        let lines = vec![format!("address = \"{}\"", account.address()), format!("user = \"{}\"", account.login)];
        Self { user: account.user.clone(), lines, secret: Some(account.secret.clone()) }
            .with("registrar", &account.registrar)
    }

    /// Another text field of the file.
    pub fn with(mut self, field: &str, value: &str) -> Self {
        self.lines.push(format!("{field} = \"{value}\""));
        self
    }

    /// Without a field.
    pub fn without(mut self, field: &str) -> Self {
        self.lines.retain(|line| !line.starts_with(&format!("{field} =")));
        self
    }

    /// Another field of the file, as TOML.
    pub fn with_toml(mut self, field: &str, value: &str) -> Self {
        self.lines.push(format!("{field} = {value}"));
        self
    }

    /// Without a password: it has to be in the key store.
    pub fn without_secret(mut self) -> Self {
        self.secret = None;
        self
    }

    /// With a password that is not the registrar's.
    pub fn with_wrong_secret(mut self) -> Self {
        self.secret = Some("wrong".to_owned());
        self
    }
}

/// A running `bellbird --json`.
#[derive(Debug)]
pub struct Bellbird {
    process: Process,
    seen: usize,
    recording: PathBuf,
}

impl Bellbird {
    /// Starts it with a subcommand and arguments (`["call", "sip:…", "--for", "8"]`).
    pub fn start(stage: &Stage, account: &Account, arguments: &[&str]) -> Self {
        Self::start_by(stage, account, arguments, Command::new(bellbird_program()))
    }

    /// The same by another command that ends with the program, such as one that enters a namespace.
    pub fn start_by(stage: &Stage, account: &Account, arguments: &[&str], mut command: Command) -> Self {
        let folder = stage.subfolder(&format!("bellbird-{}", account.user));
        let file = folder.join("account.toml");
        std::fs::write(&file, format!("[account]\n{}\n", account.lines.join("\n")))
            .expect("the test's folder can be written");
        command.arg("--json").args(arguments).arg("--account").arg(&file);
        command.envs(account.secret.iter().map(|secret| ("BELLBIRD_SECRET", secret)));
        Self::run(stage, &account.user, &folder, arguments, command)
    }

    fn run(stage: &Stage, name: &str, folder: &Path, arguments: &[&str], mut command: Command) -> Self {
        let recording = folder.join("heard.wav");
        let sounds = arguments.first().is_some_and(|first| matches!(*first, "call" | "answer"));
        if sounds {
            command.arg("--record").arg(&recording);
        }
        command.env("HOME", folder).env("XDG_RUNTIME_DIR", folder).env("RUST_BACKTRACE", "1");
        let process = stage.start(&format!("bellbird {name}"), command);
        Self { process, seen: 0, recording }
    }

    /// What it printed.
    pub fn log(&self) -> &Log {
        &self.process.log
    }

    /// What it heard; complete once it has ended.
    pub fn heard(&self) -> &Path {
        &self.recording
    }

    /// Waits for its next event of this name, counted from the last one waited for.
    pub async fn event(&mut self, name: &str) -> Event {
        self.event_within(name, LIMIT).await
    }

    /// The same with a limit of one's own.
    pub async fn event_within(&mut self, name: &str, limit: Duration) -> Event {
        let pick = |line: &str| parse(line).filter(|event| event["event"] == name);
        let (seen, event) = self.process.log.find(self.seen, limit, name, pick).await;
        self.seen = seen;
        event
    }

    /// Waits for its next event of this name that is so.
    pub async fn event_where(&mut self, name: &str, is_so: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.event(name).await;
            if is_so(&event) {
                return event;
            }
        }
    }

    /// Waits until it says that something went wrong, by its code; what else it said before does not matter.
    pub async fn error(&mut self, code: &str) -> Event {
        self.event_where("error", |event| event["code"] == code).await
    }

    /// Waits until it hears something louder than this from now on; it has to be started with `--levels`.
    pub async fn hears(&mut self, least_db: f64) {
        let loud =
            |event: &Event| event["event"] == "level" && event["speaker"].as_f64().is_some_and(|db| db > least_db);
        let pick = |line: &str| parse(line).filter(loud);
        self.process.log.find(self.process.log.len(), LIMIT, "that it hears something", pick).await;
    }

    /// All events of this name so far.
    pub fn events(&self, name: &str) -> Vec<Event> {
        self.process.log.text().lines().filter_map(parse).filter(|event| event["event"] == name).collect()
    }

    /// Types a command (`hold`, `resume`, `digits 12`, `transfer sip:…`, `hangup`, `answer`).
    pub async fn type_line(&mut self, line: &str) {
        self.process.type_line(line).await;
    }

    /// Freezes it, as sleep does: time goes on without it.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.process.thaw();
    }

    /// Waits for its end and gives its exit code.
    pub async fn exit_code(&mut self) -> i32 {
        self.process.exit_code(Duration::from_secs(60)).await
    }

    /// Waits for its end, which has to be a good one.
    pub async fn succeeded(&mut self) {
        assert_eq!(self.exit_code().await, 0, "bellbird ended with an error");
    }
}

/// An app on somebody's computer that is logged in to a server; it stays so between the runs of the program.
#[derive(Clone, Debug)]
pub struct App {
    name: String,
    folder: PathBuf,
}

impl App {
    /// Logs somebody in. `computer` tells two apps of one person apart.
    pub async fn log_in(stage: &Stage, server: &Server, login: &str, computer: &str) -> Self {
        let name = format!("{login} {computer}");
        let app = Self { folder: stage.subfolder(&format!("bellbird-{login}-{computer}")), name };
        let mut command = app.command();
        command.args(["login", &server.url(), "--login", login]).env("BELLBIRD_SECRET", Server::PASSWORD);
        Bellbird::run(stage, &app.name, &app.folder, &["login"], command).succeeded().await;
        app
    }

    /// Logs in by a provisioning link.
    pub async fn log_in_by_link(stage: &Stage, link: &str, name: &str) -> Self {
        let app = Self { folder: stage.subfolder(&format!("bellbird-{name}")), name: name.to_owned() };
        app.by_link(stage, link).succeeded().await;
        app
    }

    /// Tries to log in by a link that may lead nowhere.
    pub fn try_link(stage: &Stage, link: &str, name: &str) -> Bellbird {
        let app = Self { folder: stage.subfolder(&format!("bellbird-{name}")), name: name.to_owned() };
        app.by_link(stage, link)
    }

    fn by_link(&self, stage: &Stage, link: &str) -> Bellbird {
        let mut command = self.command();
        command.args(["login", "--link"]).env("BELLBIRD_LINK", link);
        Bellbird::run(stage, &self.name, &self.folder, &["login"], command)
    }

    /// Runs a subcommand by this log-in (`["call", "602", "--for", "2"]`).
    pub fn start(&self, stage: &Stage, arguments: &[&str]) -> Bellbird {
        let mut command = self.command();
        command.args(arguments);
        if arguments.first().is_some_and(|first| matches!(*first, "call" | "answer" | "register")) {
            command.arg("--server");
        }
        Bellbird::run(stage, &self.name, &self.folder, arguments, command)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(bellbird_program());
        command.arg("--json").arg("--data").arg(self.folder.join("data"));
        command
    }
}

fn parse(line: &str) -> Option<Event> {
    serde_json::from_str(line).ok().filter(Value::is_object)
}
