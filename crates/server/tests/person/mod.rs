//! A server with the demo's people, and clients that talk to it.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::sync::Arc;
use std::time::Duration;

use bellbird_server::config::{Config, Flags};
use bellbird_server::edge::NoEdge;
use bellbird_server::store::Store;
use bellbird_server::{demo, serve};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) store: Store,
    pub(crate) http: reqwest::Client,
    _folder: tempfile::TempDir,
}

pub(crate) struct Person {
    base: String,
    pub(crate) token: String,
    pub(crate) http: reqwest::Client,
    /// Where a partner acts.
    organisation: Option<u64>,
}

pub(crate) type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

impl Server {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flags = Flags {
            data: Some(folder.path().to_owned()),
            http: Some("127.0.0.1:0".parse().unwrap()),
            ..Flags::default()
        };
        let config = Config::load(&flags).unwrap();
        let store = serve::open_store(&config).await.unwrap();
        demo::seed(&store).await.unwrap();
        let (tell, told) = tokio::sync::oneshot::channel();
        let serving =
            serve::serve(config, store.clone(), Arc::new(NoEdge), |at| tell.send(at).unwrap(), std::future::pending());
        tokio::spawn(serving);
        let base = format!("http://{}/api/v1", told.await.unwrap());
        Self { base, store, http: reqwest::Client::new(), _folder: folder }
    }

    pub(crate) async fn log_in(&self, login: &str) -> Person {
        let client = json!({"name": "Test", "version": "1", "protocol": 1});
        let body = json!({"login": login, "secret": demo::PASSWORD, "client": client});
        let answer = self.http.post(format!("{}/log-in", self.base)).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        self.with_token(answer["deviceToken"].as_str().unwrap_or_else(|| panic!("{answer}")))
    }

    /// The token in the cookie of a new session.
    pub(crate) async fn session(&self, login: &str) -> String {
        let body = json!({"login": login, "secret": demo::PASSWORD});
        let start = self.http.post(format!("{}/sessions", self.base)).json(&body).send().await.unwrap();
        let cookie = start.headers()["set-cookie"].to_str().unwrap();
        cookie.split(['=', ';']).nth(1).unwrap().to_owned()
    }

    /// What a session gets.
    pub(crate) async fn with_cookie(&self, session: &str) -> StatusCode {
        let cookie = format!("bellbird_session={session}");
        self.http.get(format!("{}/me", self.base)).header("cookie", cookie).send().await.unwrap().status()
    }

    pub(crate) fn with_token(&self, token: &str) -> Person {
        Person { base: self.base.clone(), token: token.to_owned(), http: self.http.clone(), organisation: None }
    }

    pub(crate) async fn user(&self, login: &str) -> u64 {
        let identities = self.store.identities(login.to_owned(), String::new()).await.unwrap();
        identities[0].user.id.0
    }

    /// An address that the server told, at the port that the system chose.
    pub(crate) fn at(&self, url: &str) -> String {
        let path = url.splitn(4, '/').nth(3).unwrap();
        self.base.replace("api/v1", path)
    }

    /// Status and body.
    pub(crate) async fn call(&self, method: Method, url: &str) -> (u16, String) {
        let answer = self.http.request(method, self.at(url)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

impl Person {
    /// A partner in another organisation.
    pub(crate) fn acting_in(self, organisation: u64) -> Self {
        Self { organisation: Some(organisation), ..self }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await.1
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(organisation) = self.organisation {
            request = request.header("x-organisation", organisation);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn events(&self, since: Option<u64>) -> Socket {
        use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
        // A browser's WebSocket has no headers of its own.
        let place = self.organisation.map_or(String::new(), |id| format!("?organisation={id}"));
        let address = format!("{}/events{place}", self.base.replace("http://", "ws://"));
        let mut request = address.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let subscribe = json!({"kind": "subscribe", "since": since}).to_string();
        socket.send(Message::Text(subscribe.into())).await.unwrap();
        socket
    }
}

pub(crate) fn problem(answer: &(StatusCode, Value)) -> (u16, &str) {
    (answer.0.as_u16(), answer.1["code"].as_str().unwrap_or("no code"))
}

/// The next event of a kind.
pub(crate) async fn next(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let event = next_any(socket).await;
        if event["kind"]["kind"] == kind {
            return event;
        }
    }
}

pub(crate) async fn next_any(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("an event comes");
        if let Message::Text(text) = message.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}
