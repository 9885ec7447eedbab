//! `bellbird-server` itself: the demo's shop on ports of its own, and what people do there over HTTP.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{Instant, interval};

use crate::environment::{root_folder, server_program};
use crate::kamailio::Transport;
use crate::namespace::Place;
use crate::ports::free_port;
use crate::process::{Log, Process};
use crate::sip_account::SipAccount;
use crate::stage::Stage;

const LIMIT: Duration = Duration::from_secs(30);
/// How often it is asked for something that it does not tell by itself.
const LOOK: Duration = Duration::from_millis(40);

/// A running server with the demo's people: `linda` 601, `anna` 602, `tom` 603, `marieke` 604 (administrator), `joost` 605,
/// `priya` 606, `daan` 607, `els` 610, `femke` 612, and desk phones 203 (Linda), 206 (Priya), 210 (Anna and Tom), 240 (Daan).
#[derive(Debug)]
pub struct Server {
    process: Process,
    folder: PathBuf,
    host: String,
    /// Where it is reached over HTTP.
    pub http_port: u16,
    /// Where it is reached over SIP, UDP and TCP.
    pub sip_port: u16,
    http: reqwest::Client,
    admin: Option<Person>,
    told_records: usize,
}

impl Server {
    /// The SIP domain and realm.
    pub const DOMAIN: &'static str = "demo.localhost";
    /// Everybody's password.
    pub const PASSWORD: &'static str = "bellbird-demo";
    /// The secret of the demo's desk phones.
    pub const DESK_PHONE_SECRET: &'static str = "demo-only-9f4c-7k2m-x3vq-8rht";

    /// Starts it, with an administrator logged in.
    pub async fn start(stage: &Stage) -> Self {
        let mut server = Self::start_at(stage, Place::LOOPBACK, &[]).await;
        server.admin = Some(server.log_in("marieke").await);
        server
    }

    /// Starts it somewhere else or with other arguments; nobody is logged in. From a namespace it can't be asked over HTTP.
    pub async fn start_at(stage: &Stage, place: Place<'_>, arguments: &[&str]) -> Self {
        let (http_port, sip_port) = (free_port(), free_port());
        let folder = stage.subfolder(&format!("server-{sip_port}"));
        let sockets = Sockets { host: place.host, http_port, sip_port };
        let process = stage.start("bellbird-server", sockets.command(place, &folder, arguments));
        let http = reqwest::Client::builder().build().expect("an HTTP client");
        let host = place.host.to_owned();
        let server = Self { process, folder, host, http_port, sip_port, http, admin: None, told_records: 0 };
        server.is_ready(place, 0).await;
        server
    }

    /// Ends it as an administrator of the machine does.
    pub async fn stop(&mut self) {
        self.process.stop().await;
    }

    /// Kills it: nothing is said goodbye to.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts it again with the same data on the same ports.
    pub async fn start_again(&mut self, stage: &Stage) {
        let sockets = Sockets { host: &self.host, http_port: self.http_port, sip_port: self.sip_port };
        let command = sockets.command(Place::LOOPBACK, &self.folder, &[]);
        self.process = stage.start("bellbird-server, started again", command);
        self.is_ready(Place::LOOPBACK, 0).await;
    }

    /// Starts it with the same data on the same ports, with HTTPS instead of HTTP: the test can't ask it any more, an app can.
    pub async fn over_https(mut self, stage: &Stage, arguments: &[&str]) -> Self {
        self.stop().await;
        let sockets = Sockets { host: &self.host, http_port: self.http_port, sip_port: self.sip_port };
        let command = sockets.command(Place::LOOPBACK, &self.folder, arguments);
        self.process = stage.start("bellbird-server, over HTTPS", command);
        self.log().wait_for(0, "listens on https://", LIMIT).await;
        self
    }

    /// Starts it with the same data in another network, without the demo's limits; from here it can't be asked any more.
    pub async fn moved_to(mut self, stage: &Stage, place: Place<'_>, arguments: &[&str]) -> Self {
        self.stop().await;
        self.host = place.host.to_owned();
        let sockets = Sockets { host: place.host, http_port: self.http_port, sip_port: self.sip_port };
        let command = sockets.command(place, &self.folder, arguments);
        self.process = stage.start("bellbird-server, elsewhere", command);
        self.is_ready(place, 0).await;
        self
    }

    /// What it logged.
    pub fn log(&self) -> &Log {
        &self.process.log
    }

    /// What is typed into an app.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.http_port)
    }

    /// Its SIP socket.
    pub fn socket(&self) -> String {
        format!("{}:{}", self.host, self.sip_port)
    }

    /// One of the demo's desk phones, by its number.
    pub fn desk_phone(&self, transport: Transport, number: &str) -> SipAccount {
        let login = format!("v{number}-demo");
        self.account(transport, &login, &login, Self::DESK_PHONE_SECRET)
    }

    /// A new desk phone of these users (by extension), with a number of its own.
    pub async fn new_desk_phone(&self, transport: Transport, number: &str, owners: &[&str]) -> SipAccount {
        let mut users = Vec::new();
        for extension in owners {
            users.push(self.user_of(extension).await);
        }
        let edit = json!({
            "number": number, "name": format!("Desk phone {number}"), "kind": { "kind": "deskPhone" },
            "owners": users, "shared": owners.len() > 1, "media": "best",
        });
        let made = self.admin().post("/accounts", edit).await;
        let word = |name: &str| made["credentials"][name].as_str().expect("credentials").to_owned();
        self.account(transport, number, &word("authName"), &word("secret"))
    }

    fn account(&self, transport: Transport, user: &str, login: &str, secret: &str) -> SipAccount {
        let transport = match transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls | Transport::WebSocket => panic!("the demo listens on UDP and TCP"),
        };
        SipAccount {
            user: user.to_owned(),
            domain: Self::DOMAIN.to_owned(),
            login: login.to_owned(),
            secret: secret.to_owned(),
            registrar: format!("sip:{};transport={transport}", self.socket()),
            authority: None,
        }
    }

    /// The administrator.
    pub fn admin(&self) -> &Person {
        self.admin.as_ref().expect("the server was started with an administrator")
    }

    /// Logs somebody in as the portal does.
    pub async fn log_in(&self, login: &str) -> Person {
        let request = self.http.post(format!("{}/api/v1/sessions", self.url()));
        let request = request.json(&json!({ "login": login, "secret": Self::PASSWORD }));
        let answer = request.send().await.expect("the server answers");
        let cookie = answer.headers().get("set-cookie").expect("a session has a cookie").to_str().expect("text");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let start: Value = answer.json().await.expect("JSON");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let (csrf, me) = (text(&start["csrf"]), start["me"].clone());
        Person { http: self.http.clone(), base: format!("{}/api/v1", self.url()), cookie, csrf, me }
    }

    /// A user's id, by extension.
    pub async fn user_of(&self, extension: &str) -> u64 {
        let users = self.admin().get("/users").await;
        let users = users["items"].as_array().expect("users");
        let user = users.iter().find(|user| user["extension"] == extension);
        user.unwrap_or_else(|| panic!("nobody has {extension}"))["id"].as_u64().expect("an id")
    }

    /// An account's id, by number.
    pub async fn account_of(&self, number: &str) -> u64 {
        let accounts = self.admin().get("/accounts").await;
        let accounts = accounts.as_array().expect("accounts");
        let account = accounts.iter().find(|account| account["number"] == number);
        account.unwrap_or_else(|| panic!("no account has {number}"))["id"].as_u64().expect("an id")
    }

    /// Writes into somebody's call settings as an administrator: `{"what": "incoming", "mode": "disabled"}`.
    pub async fn set_settings(&self, extension: &str, change: Value) {
        let user = self.user_of(extension).await;
        self.admin().put(&format!("/users/{user}/settings"), change).await;
    }

    /// Turns somebody's Do Not Disturb on or off as an administrator.
    pub async fn dnd(&self, extension: &str, on: bool) {
        let user = self.user_of(extension).await;
        self.admin().put(&format!("/users/{user}/dnd"), json!({ "on": on })).await;
    }

    /// Changes some fields of what the call plan does for somebody.
    pub async fn set_telephony(&self, extension: &str, fields: Value) {
        let user = self.user_of(extension).await;
        let detail = self.admin().get(&format!("/users/{user}")).await;
        let mut telephony = detail["telephony"].clone();
        for (name, value) in fields.as_object().expect("fields") {
            telephony[name] = value.clone();
        }
        let change = json!({ "base": detail["user"]["revision"], "telephony": telephony });
        self.admin().patch(&format!("/users/{user}"), change).await;
    }

    /// All calls that are over, oldest first, without reasons.
    pub async fn records(&self) -> Vec<Value> {
        let records = self.admin().get("/calls").await;
        let mut records = records.as_array().expect("records").clone();
        records.retain(|record| record["ended"].is_number());
        records.reverse();
        records
    }

    /// The next call that is over, with its reasons: the first one, then the second one and so on.
    pub async fn next_record(&mut self) -> Value {
        let known = self.told_records;
        let all = || async { Some(self.records().await).filter(|records| records.len() > known) };
        let records = until(&format!("call record {}", known + 1), all).await;
        let id = records[known]["id"].clone();
        self.told_records += 1;
        self.why(id.as_str().expect("an id")).await
    }

    /// A call with the reason for every device that rang or did not.
    pub async fn why(&self, id: &str) -> Value {
        self.admin().get(&format!("/calls/{id}/why")).await
    }

    /// Waits until an account has so many registrations.
    pub async fn has_registrations(&self, number: &str, count: usize) {
        let path = format!("/accounts/{}", self.account_of(number).await);
        until(&format!("{count} registrations of {number}"), || async {
            let account = self.admin().get(&path).await;
            account["registrations"].as_array().is_some_and(|all| all.len() == count).then_some(())
        })
        .await;
    }

    /// Waits until somebody's Do Not Disturb is on or off here.
    pub async fn has_dnd(&self, login: &str, on: bool) {
        let person = self.log_in(login).await;
        let what = format!("Do Not Disturb {on} of {login}");
        until(&what, || async { (person.get("/me/dnd").await["on"] == on).then_some(()) }).await;
    }

    async fn is_ready(&self, place: Place<'_>, from: usize) {
        self.log().wait_for(from, "listens on http://", LIMIT).await;
        if !place.is_reachable_from_here() {
            return;
        }
        let answer = self.http.get(format!("{}/readyz", self.url())).send().await.expect("the server answers");
        assert!(answer.status().is_success(), "the server is not ready: {}", answer.status());
    }
}

/// Where it listens.
struct Sockets<'a> {
    host: &'a str,
    http_port: u16,
    sip_port: u16,
}

impl Sockets<'_> {
    fn command(&self, place: Place<'_>, folder: &Path, arguments: &[&str]) -> Command {
        let Self { host, http_port, sip_port } = self;
        let mut command = place.command(server_program());
        if place.is_reachable_from_here() {
            // It refuses addresses that others reach.
            command.arg("--demo");
        }
        command.arg("--data").arg(folder).args(["--http", &format!("{host}:{http_port}")]);
        command.args(["--sip", &format!("udp://{host}:{sip_port},tcp://{host}:{sip_port}")]);
        command.args(arguments).env("BELLBIRD_PORTAL", root_folder().join("ui/dist")).env("RUST_BACKTRACE", "1");
        command
    }
}

/// Somebody who is logged in to the portal.
#[derive(Clone, Debug)]
pub struct Person {
    http: reqwest::Client,
    base: String,
    cookie: String,
    csrf: String,
    /// What the server said about him (`GET /me`).
    pub me: Value,
}

impl Person {
    /// Reads something.
    pub async fn get(&self, path: &str) -> Value {
        self.done(Method::GET, path, Value::Null).await
    }

    /// Writes something new.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.done(Method::POST, path, body).await
    }

    /// Replaces something.
    pub async fn put(&self, path: &str, body: Value) -> Value {
        self.done(Method::PUT, path, body).await
    }

    /// Changes parts of something.
    pub async fn patch(&self, path: &str, body: Value) -> Value {
        self.done(Method::PATCH, path, body).await
    }

    /// Takes something away.
    pub async fn delete(&self, path: &str) -> Value {
        self.done(Method::DELETE, path, Value::Null).await
    }

    /// Asks for something that may be refused: status and answer.
    pub async fn asks(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.expect("the server answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("an answer");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.asks(method.clone(), path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }
}

/// Asks until something is there; fails the test after a while.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let (mut look, end) = (interval(LOOK), Instant::now() + LIMIT);
    loop {
        look.tick().await;
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < end, "no {what} within {LIMIT:?}");
    }
}
