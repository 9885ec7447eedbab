//! SIP over WebSocket (RFC 7118).

use bellbird_base::{Duration, FlowId, Protocol, Remote};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{self, Instant};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

use crate::close::{CloseReason, WebSocketProblem};
use crate::flows::Pending;
use crate::handle::{NetEvent, Shared};
use crate::stream::{Over, Stream};

/// The subprotocol's name (RFC 7118 §4).
const SIP: &str = "sip";
/// How long a peer may take to make room for a message.
const WRITE_PATIENCE: Duration = Duration::from_secs(20);
/// How long the farewell may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

fn config(shared: &Shared) -> WebSocketConfig {
    // SIP's messages are small: the default buffers of 128 KiB for each connection are for other uses.
    WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(shared.config.max_queued)
        .max_message_size(Some(shared.config.max_message))
        .max_frame_size(Some(shared.config.max_message))
}

/// Asks a server to speak SIP over WebSocket.
pub(crate) async fn connect<S: Stream>(
    shared: &Shared,
    remote: &Remote,
    stream: S,
) -> Result<WebSocketStream<S>, CloseReason> {
    let request = ClientRequestBuilder::new(uri(remote)?).with_sub_protocol(SIP);
    match client_async_with_config(request, stream, Some(config(shared))).await {
        Ok((socket, _)) => Ok(socket),
        Err(error) => Err(reason(&error)),
    }
}

fn uri(remote: &Remote) -> Result<Uri, CloseReason> {
    let scheme = if remote.protocol.is_secure() { "wss" } else { "ws" };
    let host = match remote.server_name.as_str() {
        name if name.contains(':') => format!("[{name}]"),
        name => name.to_owned(),
    };
    let authority = match remote.address.port() {
        port if port == remote.protocol.default_port() => host,
        port => format!("{host}:{port}"),
    };
    let path = if remote.path.starts_with('/') { remote.path.as_str() } else { "/" };
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
    uri.map_err(|error| CloseReason::WebSocket(WebSocketProblem::Protocol(error.to_string())))
}

/// Lets a client speak SIP over WebSocket, and nothing else.
pub(crate) async fn accept<S: Stream>(shared: &Shared, stream: S) -> Result<WebSocketStream<S>, CloseReason> {
    let accepted = accept_hdr_async_with_config(stream, agree_on_sip, Some(config(shared))).await;
    accepted.map_err(|error| reason(&error))
}

#[allow(clippy::result_large_err, reason = "the signature is tungstenite's")]
fn agree_on_sip(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    if !offers_sip(request.headers()) {
        let mut refusal = ErrorResponse::new(Some("this server speaks SIP: ask for the subprotocol sip".to_owned()));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Err(refusal);
    }
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SIP));
    Ok(response)
}

fn offers_sip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case(SIP))
}

/// Carries messages both ways until one side ends it.
pub(crate) async fn carry<S: Stream>(
    shared: &Shared,
    flow: FlowId,
    mut socket: WebSocketStream<S>,
    pending: &mut Pending,
) -> Over {
    let mut ping = time::interval(shared.config.ping_interval);
    ping.reset();
    let mut last_heard = Instant::now();
    loop {
        tokio::select! {
            message = socket.next() => {
                last_heard = Instant::now();
                if let Err(reason) = received(shared, flow, message).await {
                    return Over::Because(reason);
                }
            }
            payload = pending.next() => match payload {
                Some(payload) => if let Err(reason) = send(&mut socket, message(payload)).await {
                    return Over::Because(reason);
                },
                None => {
                    time::timeout(CLOSE_PATIENCE, socket.close(None)).await.ok();
                    return Over::Ours;
                }
            },
            _ = ping.tick() => {
                if last_heard.elapsed() > shared.config.ping_interval * 2 {
                    return Over::Because(CloseReason::TimedOut);
                }
                if let Err(reason) = send(&mut socket, Message::Ping(Bytes::new())).await {
                    return Over::Because(reason);
                }
            }
        }
    }
}

async fn received(shared: &Shared, flow: FlowId, message: Option<Result<Message, Error>>) -> Result<(), CloseReason> {
    let payload = match message {
        Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
        Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
        Some(Ok(Message::Close(_))) | None => return Err(CloseReason::PeerClosed),
        Some(Err(error)) => return Err(reason(&error)),
    };
    shared.report(NetEvent::Received(flow, payload)).await;
    Ok(())
}

/// Text where it can be: some servers take nothing else.
fn message(payload: Vec<u8>) -> Message {
    match String::from_utf8(payload) {
        Ok(text) => Message::text(text),
        Err(binary) => Message::binary(binary.into_bytes()),
    }
}

async fn send<S: Stream>(socket: &mut WebSocketStream<S>, message: Message) -> Result<(), CloseReason> {
    match time::timeout(WRITE_PATIENCE, socket.send(message)).await {
        Ok(outcome) => outcome.map_err(|error| reason(&error)),
        Err(_) => Err(CloseReason::TimedOut),
    }
}

fn reason(error: &Error) -> CloseReason {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => CloseReason::PeerClosed,
        Error::Io(error) => CloseReason::from(error),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => CloseReason::PeerClosed,
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            CloseReason::WebSocket(WebSocketProblem::NoSip)
        }
        Error::Http(response) => CloseReason::WebSocket(WebSocketProblem::Http(response.status().as_u16())),
        Error::Protocol(_)
        | Error::Tls(_)
        | Error::Capacity(_)
        | Error::WriteBufferFull(_)
        | Error::Utf8(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::HttpFormat(_) => CloseReason::WebSocket(WebSocketProblem::Protocol(error.to_string())),
    }
}

/// Whether this protocol's messages travel in a WebSocket.
pub(crate) const fn carries(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Ws | Protocol::Wss)
}
