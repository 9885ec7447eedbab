//! HTTP and the channel of events, as the phone asks for them.
//!
//! Plain HTTP goes to the computer itself and nowhere else; redirects are not followed.

mod failure;
mod trust;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bellbird_net::Trust;
use bellbird_phone::{
    EventsId, EventsInput, EventsRequest, HttpFailure, HttpId, HttpRequest, HttpResponse, ServerAddress,
};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tower_service::Service as _;

use crate::driver::Report;

/// How long a request may take, and the handshakes of a channel.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a quiet channel is tried, and how long its server may say nothing at all.
const PING: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(60);
/// The longest answer that is taken, in bytes: a snapshot of a big organisation is far below.
const LONGEST: usize = 16 * 1024 * 1024;

type Connector = HttpsConnector<HttpConnector>;
type Reports = mpsc::UnboundedSender<Report>;

/// The way to the server.
pub(crate) struct ServerLink {
    shared: Arc<Shared>,
    channels: BTreeMap<EventsId, mpsc::UnboundedSender<String>>,
}

struct Shared {
    trust: Trust,
    report: Reports,
    /// By the authority that is believed, so that connections and their sessions are used again.
    clients: Mutex<BTreeMap<Option<String>, Clients>>,
}

#[derive(Clone)]
struct Clients {
    connector: Connector,
    http: Client<Connector, Full<Bytes>>,
}

impl ServerLink {
    pub(crate) fn new(trust: Trust, report: Reports) -> Self {
        let shared = Shared { trust, report, clients: Mutex::default() };
        Self { shared: Arc::new(shared), channels: BTreeMap::new() }
    }

    /// Asks, and reports what comes of it.
    pub(crate) fn ask(&self, request: HttpRequest) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let id = request.id;
            let answer = shared.answer(request).await;
            shared.tell(id, answer);
        });
    }

    /// Opens a channel.
    pub(crate) fn open(&mut self, request: EventsRequest) {
        let (send, to_send) = mpsc::unbounded_channel();
        self.channels.insert(request.id, send);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let id = request.id;
            let end = shared.channel(request, to_send).await;
            // Whoever closed the channel does not want to hear.
            shared.report.send(Report::Events(id, end)).ok();
        });
    }

    /// Sends a text on a channel that is open.
    pub(crate) fn send(&self, id: EventsId, text: String) {
        if let Some(channel) = self.channels.get(&id) {
            channel.send(text).ok();
        }
    }

    /// Ends a channel: its task hears that nothing will be sent any more.
    pub(crate) fn close(&mut self, id: EventsId) {
        self.channels.remove(&id);
    }
}

impl Shared {
    fn tell(&self, id: HttpId, answer: Result<HttpResponse, HttpFailure>) {
        if let Err(failure) = &answer {
            tracing::info!("the server gave no answer: {failure:?}");
        }
        self.report.send(Report::Http(id, answer)).ok();
    }

    async fn clients(&self, server: &ServerAddress) -> Result<Clients, HttpFailure> {
        let mut known = self.clients.lock().await;
        if let Some(clients) = known.get(&server.authority) {
            return Ok(clients.clone());
        }
        let config = trust::config(&self.trust, server.authority.clone()).await?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = HttpsConnector::from((http, config));
        let http = Client::builder(TokioExecutor::new()).build(connector.clone());
        let clients = Clients { connector, http };
        known.insert(server.authority.clone(), clients.clone());
        Ok(clients)
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        match timeout(PATIENCE, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpFailure::Unreachable),
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        let broken = |error: hyper::http::Error| HttpFailure::Broken(error.to_string());
        let mut message = Request::builder().method(request.method.name()).uri(uri(&request.server, &request.path)?);
        for (name, value) in &request.headers {
            message = message.header(*name, value);
        }
        let message = message.body(Full::new(Bytes::from(request.body))).map_err(broken)?;
        let clients = self.clients(&request.server).await?;
        let response = clients.http.request(message).await.map_err(|error| failure::of(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(|error| HttpFailure::Broken(error.to_string()))?;
        Ok(HttpResponse { status, body: body.to_bytes().to_vec() })
    }

    /// Opens the channel and carries texts both ways; gives how it ended.
    async fn channel(&self, request: EventsRequest, to_send: mpsc::UnboundedReceiver<String>) -> EventsInput {
        let id = request.id;
        let opened = match timeout(PATIENCE, self.socket(&request)).await {
            Ok(opened) => opened,
            Err(_) => Err(EventsInput::Closed(HttpFailure::Unreachable)),
        };
        match opened {
            Ok(socket) => {
                self.report.send(Report::Events(id, EventsInput::Opened)).ok();
                EventsInput::Closed(self.carry(id, socket, to_send).await)
            }
            Err(end) => end,
        }
    }

    async fn socket(&self, request: &EventsRequest) -> Result<WebSocketStream<impl Stream>, EventsInput> {
        let closed = EventsInput::Closed;
        let mut clients = self.clients(&request.server).await.map_err(closed)?;
        let target = uri(&request.server, &request.path).map_err(closed)?;
        let stream = clients.connector.call(target).await.map_err(|error| closed(failure::of(&*error)))?;
        let scheme = if request.server.secure { "wss" } else { "ws" };
        let target = uri_with(scheme, &request.server, &request.path).map_err(closed)?;
        let mut handshake = ClientRequestBuilder::new(target);
        for (name, value) in &request.headers {
            handshake = handshake.with_header(*name, value);
        }
        let config = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
        match client_async_with_config(handshake, TokioIo::new(stream), Some(config)).await {
            Ok((socket, _)) => Ok(socket),
            Err(SocketError::Http(response)) => {
                let status = response.status().as_u16();
                let body = response.into_body().unwrap_or_default();
                Err(EventsInput::Refused(HttpResponse { status, body }))
            }
            Err(error) => Err(closed(HttpFailure::Broken(error.to_string()))),
        }
    }

    async fn carry(
        &self,
        id: EventsId,
        mut socket: WebSocketStream<impl Stream>,
        mut to_send: mpsc::UnboundedReceiver<String>,
    ) -> HttpFailure {
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let sent = tokio::select! {
                message = socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            self.report.send(Report::Events(id, EventsInput::Message(text.to_string()))).ok();
                            Ok(())
                        }
                        Some(Ok(Message::Close(_))) | None => Err(SocketError::ConnectionClosed),
                        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
                        Some(Err(error)) => Err(error),
                    }
                }
                text = to_send.recv() => match text {
                    Some(text) => socket.send(Message::text(text)).await,
                    None => {
                        timeout(PATIENCE, socket.close(None)).await.ok();
                        return HttpFailure::Broken("closed here".to_owned());
                    }
                },
                _ = ping.tick() => match heard.elapsed() < SILENCE {
                    true => socket.send(Message::Ping(Bytes::new())).await,
                    false => return HttpFailure::Unreachable,
                },
            };
            if let Err(error) = sent {
                return HttpFailure::Broken(error.to_string());
            }
        }
    }
}

/// What a channel runs over.
trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Stream for T {}

fn uri(server: &ServerAddress, path: &str) -> Result<Uri, HttpFailure> {
    uri_with(if server.secure { "https" } else { "http" }, server, path)
}

fn uri_with(scheme: &str, server: &ServerAddress, path: &str) -> Result<Uri, HttpFailure> {
    let uri = Uri::builder().scheme(scheme).authority(server.shown()).path_and_query(path).build();
    uri.map_err(|error| HttpFailure::Broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use bellbird_phone::HttpMethod;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn link() -> (ServerLink, mpsc::UnboundedReceiver<Report>) {
        let (report, reports) = mpsc::unbounded_channel();
        (ServerLink::new(Trust::default(), report), reports)
    }

    fn here(port: u16) -> ServerAddress {
        ServerAddress { secure: false, host: "127.0.0.1".to_owned(), port: Some(port), authority: None }
    }

    fn request(server: ServerAddress) -> HttpRequest {
        let headers = vec![("Authorization", "Bearer t".to_owned())];
        let (id, method, path) = (HttpId(7), HttpMethod::Put, "/api/v1/me/dnd".to_owned());
        HttpRequest { id, method, server, path, headers, body: b"{}".to_vec() }
    }

    async fn answer_to(server: ServerAddress) -> Result<HttpResponse, HttpFailure> {
        let (link, mut reports) = link();
        link.ask(request(server));
        let Some(Report::Http(HttpId(7), answer)) = reports.recv().await else { panic!() };
        answer
    }

    #[tokio::test]
    async fn request_goes_out_as_asked_and_any_status_comes_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let mut length = 0;
            while !asked[..length].ends_with(b"{}") {
                length += socket.read(&mut asked[length..]).await.unwrap();
            }
            socket.write_all(b"HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\nnope").await.unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let response = answer_to(here(port)).await.unwrap();
        assert_eq!((response.status, response.body.as_slice()), (409, b"nope".as_slice()));
        let asked = server.await.unwrap();
        assert!(asked.starts_with("PUT /api/v1/me/dnd HTTP/1.1\r\n"), "{asked}");
        assert!(asked.to_lowercase().contains("authorization: bearer t\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn what_is_wrong_on_the_way_is_told_apart() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        assert_eq!(answer_to(here(free)).await, Err(HttpFailure::Unreachable));
        let nowhere = ServerAddress { host: "no-such-host.invalid".to_owned(), ..here(1) };
        assert_eq!(answer_to(nowhere).await, Err(HttpFailure::NotFound));
    }

    #[tokio::test]
    async fn channel_carries_texts_both_ways_until_it_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = here(listener.local_addr().unwrap().port());
        let echo = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
            let said = socket.next().await.unwrap().unwrap();
            socket.send(said).await.unwrap();
            loop {
                let message = socket.next().await.unwrap().unwrap();
                if !message.is_ping() {
                    return message.is_close();
                }
            }
        });
        let (mut link, mut reports) = link();
        let id = EventsId(3);
        link.open(EventsRequest { id, server, path: "/api/v1/events".to_owned(), headers: Vec::new() });
        assert!(matches!(reports.recv().await, Some(Report::Events(EventsId(3), EventsInput::Opened))));
        link.send(id, "hello".to_owned());
        let Some(Report::Events(_, EventsInput::Message(text))) = reports.recv().await else { panic!() };
        assert_eq!(text, "hello");
        link.close(id);
        assert!(echo.await.unwrap());
    }

    #[tokio::test]
    async fn refused_channel_tells_the_servers_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = here(listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let _ = socket.read(&mut asked).await.unwrap();
            socket.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
        });
        let (mut link, mut reports) = link();
        link.open(EventsRequest { id: EventsId(1), server, path: "/".to_owned(), headers: Vec::new() });
        let Some(Report::Events(_, EventsInput::Refused(response))) = reports.recv().await else { panic!() };
        assert_eq!((response.status, response.body.as_slice()), (401, b"{}".as_slice()));
    }
}
