//! The program as an administrator meets it: configuration, certificates, its end, its log, its commands.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod acme;
mod pebble;
mod program;
mod secure;

use std::fs;
use std::io::Write as _;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;

use bellbird_server::demo;
use futures_util::{SinkExt as _, StreamExt as _};
use program::{PATIENCE, Program, outcome};
use reqwest::Method;
use secure::{Authority, ask, connect};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

const ANYWHERE: [&str; 3] = ["--http", "127.0.0.1:0", "--sip"];

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_shown_to_new_connections_and_ends_no_open_one() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new(), Authority::new());
    let (certificate, key) = (text(folder.path(), "chain.pem"), text(folder.path(), "key.pem"));
    let put = |(chain, secret): (String, String)| {
        fs::write(&certificate, chain).unwrap();
        fs::write(&key, secret).unwrap();
    };
    put(old.sign());
    let data = text(folder.path(), "data");
    let files = ["--certificate", &certificate, "--key", &key, "--data", &data, "--demo"];
    let mut server = Program::start(&[&files[..], &ANYWHERE, &["tls://127.0.0.1:0,wss://127.0.0.1:0"]].concat());
    let (http, sip) = (server.http, server.sip.clone());
    let mut https = connect(http, &old.pem(), "127.0.0.1").await.unwrap();
    let mut phone = connect(sip[0].1, &old.pem(), "127.0.0.1").await.unwrap();
    assert_eq!(ask(&mut https, "GET", "/healthz", "", "").await.0, 200);
    put(new.sign());
    server.logs("a new certificate is shown from now on");
    for address in [http, sip[0].1, sip[1].1] {
        assert!(connect(address, &new.pem(), "127.0.0.1").await.is_ok());
        assert!(connect(address, &old.pem(), "127.0.0.1").await.is_err());
    }
    assert_eq!(ask(&mut https, "GET", "/healthz", "", "").await.0, 200, "the open connection stays");
    phone.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    timeout(PATIENCE, phone.read_exact(&mut pong)).await.expect("the flow stays").unwrap();
    assert_eq!(&pong, b"\r\n");
    // Half of a pair is told, and the good one goes on being shown.
    fs::write(&certificate, old.sign().0).unwrap();
    server.logs("the old certificate goes on being shown");
    assert!(connect(http, &new.pem(), "127.0.0.1").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_of_its_own_travels_in_the_provisioning_link_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path(), "data");
    let arguments = ["--demo", "--tls", "lan", "--data", &data, "--http", "127.0.0.1:0", "--sip", "tls://127.0.0.1:0"];
    let server = Program::start(&arguments);
    let authority = fs::read_to_string(folder.path().join("data/authority/authority.pem")).unwrap();
    // The SIP domain, which phones look for (RFC 5922), and the address.
    assert!(connect(server.sip[0].1, &authority, demo::DOMAIN).await.is_ok());
    assert!(connect(server.sip[0].1, &authority, "elsewhere.example").await.is_err());
    let mut https = connect(server.http, &authority, "127.0.0.1").await.unwrap();
    assert_eq!(ask(&mut https, "GET", "/authority.pem", "", "").await, (200, authority.clone()));
    let hello: Value = serde_json::from_str(&ask(&mut https, "GET", "/api/v1/hello", "", "").await.1).unwrap();
    let fingerprint = hello["authority"].as_str().unwrap().to_owned();
    let client = json!({"name": "Test", "version": "1", "protocol": 1});
    let body = json!({"login": "marieke", "secret": demo::PASSWORD, "client": client}).to_string();
    let (_, answer) = ask(&mut https, "POST", "/api/v1/log-in", "", &body).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let token = answer["deviceToken"].as_str().unwrap();
    let me = answer["me"]["user"].clone();
    let path = format!("/api/v1/users/{me}/links");
    let (status, link) = ask(&mut https, "POST", &path, token, "{\"purpose\":\"provisioning\"}").await;
    let link: Value = serde_json::from_str(&link).unwrap();
    assert_eq!(status, 200, "{link}");
    assert!(link["url"].as_str().unwrap().ends_with(&format!("&authority={fingerprint}")), "{link}");
    server.ask_to_end();
    assert!(server.ended().0.success());
    let again = Program::start(&arguments);
    assert!(connect(again.http, &authority, "127.0.0.1").await.is_ok(), "phones know it after a restart");
}

#[test]
fn check_config_names_the_file_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ((chain, _), (_, other)) = (authority.sign(), authority.sign());
    let file = |name: &str, content: &str| {
        fs::write(folder.path().join(name), content).unwrap();
        text(folder.path(), name)
    };
    let (chain, other) = (file("chain.pem", &chain), file("other.pem", &other));
    let empty = file("empty.pem", "");
    let said = |certificate: &str, key: &str| {
        let (good, words) = outcome(&["--check-config", "--certificate", certificate, "--key", key], "");
        assert!(!good, "{words}");
        words
    };
    let missing = said("/nowhere/chain.pem", &other);
    assert!(missing.contains("certificate = \"/nowhere/chain.pem\" can't be read"), "{missing}");
    let mismatch = said(&chain, &other);
    assert!(mismatch.contains("key = ") && mismatch.contains("is not the one of the certificate"), "{mismatch}");
    let nothing = said(&empty, &other);
    assert!(nothing.contains("empty.pem") && nothing.contains("It has to hold PEM certificates"), "{nothing}");
    let swapped = said(&chain, &chain);
    assert!(swapped.contains("unencrypted PEM private key"), "{swapped}");
    let portal = outcome(&["--check-config", "--portal", "/nowhere"], "");
    assert!(!portal.0 && portal.1.contains("portal.html"), "{}", portal.1);
    assert!(outcome(&["--check-config"], "").0);
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_tells_clients_of_events_at_once_and_waits_for_nobody_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path(), "data");
    let server = Program::start(&[&["--demo", "--data", &data][..], &ANYWHERE, &["udp://127.0.0.1:0"]].concat());
    let token = Api::new(&server).log_in("anna").await;
    let mut events = events(&server, &token).await;
    // A request that never ends, and a connection that nobody uses.
    let mut half = TcpStream::connect(server.http).unwrap();
    half.write_all(b"POST /api/v1/log-in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n").unwrap();
    let _idle = TcpStream::connect(server.http).unwrap();
    let begun = std::time::Instant::now();
    server.ask_to_end();
    let code = loop {
        let message = timeout(PATIENCE, events.next()).await.expect("it says farewell").unwrap().unwrap();
        if let Message::Close(frame) = message {
            break frame.unwrap().code;
        }
    };
    assert_eq!(code, CloseCode::Away);
    assert!(begun.elapsed().as_secs() < 4, "clients hear at once");
    let (status, log) = server.ended();
    assert!(status.success() && begun.elapsed().as_secs() < 15, "{status} {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_log_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path(), "data");
    let arguments = [&["--demo", "--log", "trace", "--data", &data][..], &ANYWHERE, &["udp://127.0.0.1:0"]].concat();
    let server = Program::start(&arguments);
    let api = Api::new(&server);
    let mut secrets =
        vec![demo::PASSWORD.to_owned(), demo::SIP_SECRET.to_owned(), "hunter2-at-the-provider".to_owned()];
    let mut note = |text: &Value| {
        let text = text.as_str().unwrap_or_else(|| panic!("no secret came back"));
        let secret = text.rsplit(['#', '/']).next().unwrap();
        secrets.push(secret.split('&').next().unwrap().to_owned());
    };
    let token = api.log_in("marieke").await;
    note(&json!(token));
    let wrong = json!({"login": "anna", "secret": "not her password"});
    assert_eq!(api.send("", Method::POST, "/sessions", wrong).await.0, 401);
    let made = api.send(&token, Method::POST, "/me/api-keys", json!({"name": "Payroll"})).await.1;
    note(&made["secret"]);
    let me = api.send(&token, Method::GET, "/me", json!(null)).await.1["id"].clone();
    for purpose in ["provisioning", "reset"] {
        let link = api.send(&token, Method::POST, &format!("/users/{me}/links"), json!({"purpose": purpose})).await.1;
        note(&link["url"]);
    }
    let phone = json!({"name": "Desk", "kind": {"kind": "deskPhone"}, "owners": [me]});
    let phone = api.send(&token, Method::POST, "/accounts", phone).await.1;
    note(&phone["credentials"]["secret"]);
    note(&phone["actionUrls"][0]["url"]);
    let path = phone["actionUrls"][0]["url"].as_str().unwrap().splitn(4, '/').nth(3).unwrap().to_owned();
    assert_eq!(api.get(&path).await, 200);
    let trunk = api.send(&token, Method::GET, "/trunks", json!(null)).await.1[0].clone();
    let edit = json!({"settings": trunk["settings"], "secret": "hunter2-at-the-provider"});
    assert_eq!(api.send(&token, Method::PUT, &format!("/trunks/{}", trunk["id"]), edit).await.0, 200);
    let change = json!({"old": demo::PASSWORD, "new": "another secret altogether"});
    assert_eq!(api.send(&token, Method::PUT, "/me/password", change).await.0, 204);
    note(&json!("another secret altogether"));
    drop(events(&server, &token).await);
    register(&server);
    server.ask_to_end();
    let (status, log) = server.ended();
    assert!(status.success() && log.contains("TRACE"), "{status}");
    secrets.push("not her password".to_owned());
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_while_it_runs_and_restored_and_administrators_are_created() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (text(folder.path(), "data"), text(folder.path(), "copy.db"));
    let arguments = [&["--demo", "--data", &data][..], &ANYWHERE, &["udp://127.0.0.1:0"]].concat();
    let server = Program::start(&arguments);
    let (good, words) = outcome(&["admin", "backup", &copy, "--data", &data], "");
    assert!(good, "{words}");
    let (good, words) = outcome(&["admin", "backup", &copy, "--data", &data], "");
    assert!(!good && words.contains("copy.db"), "a copy is not written over: {words}");
    let api = Api::new(&server);
    let token = api.log_in("anna").await;
    assert_eq!(api.send(&token, Method::PUT, "/me/dnd", json!({"on": true})).await.0, 200);
    server.ask_to_end();
    server.ended();
    let (good, words) = outcome(&["admin", "restore", &copy, "--data", &data], "");
    assert!(good && words.contains("what was there is now"), "{words}");
    let new = [
        "admin",
        "create-admin",
        "--data",
        &data,
        "--domain",
        demo::DOMAIN,
        "--email",
        "new@fiets.example",
        "--extension",
        "690",
    ];
    let (good, words) = outcome(&new, "short\n");
    assert!(!good && words.to_lowercase().contains("password"), "{words}");
    let (good, words) = outcome(&new, "a long enough one\n");
    assert!(good, "{words}");
    let server = Program::start(&arguments);
    let api = Api::new(&server);
    let token = api.log_in("anna").await;
    assert_eq!(api.send(&token, Method::GET, "/me/dnd", json!(null)).await.1["on"], false, "as it was at the copy");
    let admin = api.log_in_with("new@fiets.example", "a long enough one").await;
    assert_eq!(api.send(&admin, Method::GET, "/organisation", json!(null)).await.0, 200);
    assert_eq!(api.send(&admin, Method::GET, "/me", json!(null)).await.1["role"], "admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_server_prints_a_link_that_sets_it_up_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path(), "data");
    let arguments = [&["--data", &data][..], &ANYWHERE, &["udp://127.0.0.1:0"]].concat();
    let server = Program::start(&arguments);
    let link = server.printed.iter().find(|line| line.contains("/set-up#")).unwrap();
    let path = format!("/set-up/{}", link.split('#').nth(1).unwrap());
    let admin = json!({"firstName": "Ada", "lastName": "Min", "email": "ada@fiets.example", "extension": "600",
        "role": "member", "password": "a long enough one"});
    let set_up = json!({"organisation": "Fiets", "domain": "fiets.example", "country": "NL",
        "timeZone": "Europe/Amsterdam", "admin": admin});
    let api = Api::new(&server);
    assert_eq!(api.send("", Method::GET, "/hello", json!(null)).await.1["needsSetUp"], true);
    assert_eq!(api.send("", Method::POST, "/set-up/bbi_wrong", set_up.clone()).await.0, 410);
    let done = api.send("", Method::POST, &path, set_up.clone()).await;
    assert_eq!(done.0, 204, "{done:?}");
    assert!(api.send("", Method::POST, &path, set_up).await.0 >= 400, "once");
    let ada = api.log_in_with("ada@fiets.example", "a long enough one").await;
    assert_eq!(api.send(&ada, Method::GET, "/me", json!(null)).await.1["role"], "admin");
    server.ask_to_end();
    server.ended();
    let again = Program::start(&arguments);
    assert!(!again.printed.iter().any(|line| line.contains("/set-up#")));
}

fn text(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

struct Api {
    base: String,
    http: reqwest::Client,
}

impl Api {
    fn new(server: &Program) -> Self {
        Self { base: format!("http://{}", server.http), http: reqwest::Client::new() }
    }

    async fn log_in(&self, login: &str) -> String {
        self.log_in_with(login, demo::PASSWORD).await
    }

    async fn log_in_with(&self, login: &str, password: &str) -> String {
        let client = json!({"name": "Test", "version": "1", "protocol": 1});
        let answer =
            self.send("", Method::POST, "/log-in", json!({"login": login, "secret": password, "client": client})).await;
        answer.1["deviceToken"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    async fn send(&self, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> u16 {
        self.http.get(format!("{}/{path}", self.base)).send().await.unwrap().status().as_u16()
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// Connected for events, with the snapshot received.
async fn events(server: &Program, token: &str) -> Socket {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let mut request = format!("ws://{}/api/v1/events", server.http).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    socket.send(Message::Text("{\"kind\":\"subscribe\"}".into())).await.unwrap();
    timeout(PATIENCE, socket.next()).await.expect("a snapshot comes").unwrap().unwrap();
    socket
}

/// A phone that registers, so that the SIP side has something to tell.
fn register(server: &Program) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let here = socket.local_addr().unwrap();
    let request = format!(
        "REGISTER sip:{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:203@{domain}>;tag=1\r\nTo: <sip:203@{domain}>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\
         Contact: <sip:203@{here}>\r\nContent-Length: 0\r\n\r\n",
        domain = demo::DOMAIN
    );
    socket.send_to(request.as_bytes(), server.sip[0].1).unwrap();
    let mut answer = [0; 2_000];
    let length = socket.recv(&mut answer).unwrap();
    assert!(answer[..length].starts_with(b"SIP/2.0 401"), "{}", String::from_utf8_lossy(&answer[..length]));
}
