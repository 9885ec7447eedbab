//! Flows over loopback: they open, carry bytes both ways, and say why they end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that can't go on panics"
)]

mod common;

use std::net::{SocketAddr, UdpSocket};

use bellbird_base::{Duration, FlowId, Protocol};
use bellbird_net::{CloseReason, NetConfig, WebSocketProblem};
use common::{Authority, Net, bare, remote};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const FLOW: FlowId = FlowId(1);

/// Asks and answers over this protocol, then closes from one side.
async fn there_and_back(protocol: Protocol, server: NetConfig, client: NetConfig) {
    let (mut server, mut client) = (Net::start(server), Net::start(client));
    let address = server.listen(protocol).await;
    client.handle.connect(FLOW, remote(protocol, address, "sip.example.org"));
    let (flow, info) = client.opened().await;
    assert_eq!((flow, info.protocol, info.remote), (FLOW, protocol, address));
    assert!(!info.local.ip().is_unspecified() && info.local.port() != 0);

    client.send(FLOW, b"OPTIONS sip:example.org SIP/2.0\r\n\r\n");
    let (accepted, seen) = server.opened().await;
    assert_eq!((seen.local, seen.remote), (info.remote, info.local));
    assert!(accepted.0 > u64::MAX / 2, "a peer's flow counts down");
    assert_eq!(server.received(b"OPTIONS sip:example.org SIP/2.0\r\n\r\n").await, accepted);
    server.send(accepted, b"SIP/2.0 200 OK\r\n\r\n");
    assert_eq!(client.received(b"SIP/2.0 200 OK\r\n\r\n").await, FLOW);

    server.handle.close(accepted);
    if protocol.is_reliable() {
        assert_eq!(client.closed().await, (FLOW, CloseReason::PeerClosed));
    }
}

#[tokio::test]
async fn udp_carries_datagrams_both_ways() {
    there_and_back(Protocol::Udp, bare(), bare()).await;
}

#[tokio::test]
async fn tcp_carries_bytes_both_ways() {
    there_and_back(Protocol::Tcp, bare(), bare()).await;
}

#[tokio::test]
async fn tls_carries_bytes_both_ways() {
    let authority = Authority::new();
    there_and_back(Protocol::Tls, authority.serving("sip.example.org"), authority.trusted()).await;
}

#[tokio::test]
async fn websocket_carries_messages_both_ways() {
    there_and_back(Protocol::Ws, bare(), bare()).await;
}

#[tokio::test]
async fn encrypted_websocket_carries_messages_both_ways() {
    let authority = Authority::new();
    there_and_back(Protocol::Wss, authority.serving("sip.example.org"), authority.trusted()).await;
}

#[tokio::test]
async fn flows_of_one_udp_socket_share_its_port() {
    let mut net = Net::start(bare());
    let own = net.listen(Protocol::Udp).await;
    let peers = [UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap()];
    for (flow, peer) in (1..).zip(&peers) {
        net.handle.connect(FlowId(flow), remote(Protocol::Udp, peer.local_addr().unwrap(), ""));
        assert_eq!(net.opened().await.1.local, own);
        net.send(FlowId(flow), b"x");
        peer.set_read_timeout(Some(common::PATIENCE)).unwrap();
        let mut buffer = [0; 9];
        assert_eq!(peer.recv_from(&mut buffer).unwrap().1, own);
    }
    peers[1].send_to(b"second", own).unwrap();
    assert_eq!(net.received(b"second").await, FlowId(2));
}

#[tokio::test]
async fn a_datagram_from_a_stranger_opens_a_flow_and_an_empty_one_does_not() {
    let mut net = Net::start(bare());
    let own = net.listen(Protocol::Udp).await;
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.send_to(b"\r\n\r\n", own).unwrap();
    stranger.send_to(&[0, 0, 0, 0], own).unwrap();
    stranger.send_to(b"hello", own).unwrap();
    let (flow, info) = net.opened().await;
    assert_eq!((flow, info.remote), (FlowId(u64::MAX), stranger.local_addr().unwrap()));
    assert_eq!(net.received(b"hello").await, flow);
}

#[tokio::test]
async fn strangers_beyond_the_limit_are_not_heard() {
    let mut net = Net::start(NetConfig { max_accepted: 1, ..bare() });
    let own = net.listen(Protocol::Udp).await;
    let strangers = [UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap()];
    strangers[0].send_to(b"first", own).unwrap();
    strangers[1].send_to(b"second", own).unwrap();
    strangers[0].send_to(b"again", own).unwrap();
    net.opened().await;
    net.received(b"first").await;
    net.received(b"again").await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_stranger_is_forgotten() {
    let mut net = Net::start(NetConfig { accepted_idle: Duration::from_secs(1), ..bare() });
    let own = net.listen(Protocol::Udp).await;
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.send_to(b"hello", own).unwrap();
    let (flow, _) = net.opened().await;
    net.received(b"hello").await;
    assert_eq!(net.closed().await, (flow, CloseReason::Idle));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_datagram_that_comes_back_closes_its_flow() {
    let mut net = Net::start(bare());
    net.listen(Protocol::Udp).await;
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    net.handle.connect(FLOW, remote(Protocol::Udp, gone, ""));
    net.opened().await;
    net.send(FLOW, b"anybody there?");
    assert_eq!(net.closed().await, (FLOW, CloseReason::Refused));
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let mut net = Net::start(bare());
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    net.handle.connect(FLOW, remote(Protocol::Tcp, gone, ""));
    assert_eq!(net.closed().await, (FLOW, CloseReason::Refused));
}

#[tokio::test]
async fn what_was_sent_before_closing_arrives() {
    let mut net = Net::start(bare());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    net.handle.connect(FLOW, remote(Protocol::Tcp, listener.local_addr().unwrap(), ""));
    net.opened().await;
    let (mut peer, _) = listener.accept().await.unwrap();
    let message = vec![b'x'; 300_000];
    net.send(FLOW, &message);
    net.handle.close(FLOW);
    let mut received = Vec::new();
    peer.read_to_end(&mut received).await.unwrap();
    assert_eq!(received.len(), message.len());
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up() {
    let mut net = Net::start(NetConfig { max_queued: 100_000, ..bare() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    net.handle.connect(FLOW, remote(Protocol::Tcp, listener.local_addr().unwrap(), ""));
    let _peer = listener.accept().await.unwrap();
    net.opened().await;
    for _ in 0..1_000 {
        net.send(FLOW, &[b'x'; 50_000]);
    }
    assert_eq!(net.closed().await, (FLOW, CloseReason::Overrun));
}

#[tokio::test]
async fn a_server_without_sip_is_no_websocket_for_us() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // It agrees to WebSocket and ignores the subprotocol.
        tokio_tungstenite::accept_async(stream).await.unwrap();
    });
    assert_eq!(refusal(address).await, CloseReason::WebSocket(WebSocketProblem::NoSip));
}

#[tokio::test]
async fn an_http_error_is_told_by_its_number() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    });
    assert_eq!(refusal(address).await, CloseReason::WebSocket(WebSocketProblem::Http(404)));
}

#[tokio::test]
async fn our_own_server_refuses_websockets_without_sip() {
    let net = Net::start(bare());
    let address = net.listen(Protocol::Ws).await;
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let refused = tokio_tungstenite::client_async(format!("ws://{address}/"), stream).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(response)) = refused else { panic!("{refused:?}") };
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn a_message_beyond_the_limit_ends_the_websocket() {
    let (mut server, mut client) = (Net::start(NetConfig { max_message: 1_000, ..bare() }), Net::start(bare()));
    let address = server.listen(Protocol::Ws).await;
    client.handle.connect(FLOW, remote(Protocol::Ws, address, "localhost"));
    client.opened().await;
    let (accepted, _) = server.opened().await;
    client.send(FLOW, &[b'x'; 1_001]);
    let (flow, reason) = server.closed().await;
    assert_eq!(flow, accepted);
    assert!(matches!(reason, CloseReason::WebSocket(WebSocketProblem::Protocol(_))), "{reason:?}");
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_answers_no_ping_is_dead() {
    let mut net = Net::start(bare());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (held, mut hold) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        #[allow(clippy::result_large_err, reason = "the signature is tungstenite's")]
        let sip = |_: &_, mut response: tokio_tungstenite::tungstenite::handshake::server::Response| {
            response.headers_mut().insert("sec-websocket-protocol", "sip".parse().unwrap());
            Ok(response)
        };
        let _socket = tokio_tungstenite::accept_hdr_async(stream, sip).await.unwrap();
        // Never reads again.
        (&mut hold).await.ok();
    });
    net.handle.connect(FLOW, remote(Protocol::Ws, address, "localhost"));
    net.opened().await;
    assert_eq!(closed_after_minutes(&mut net).await, (FLOW, CloseReason::TimedOut));
    drop(held);
    server.await.unwrap();
}

async fn closed_after_minutes(net: &mut Net) -> (FlowId, CloseReason) {
    for _ in 0..20 {
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::task::yield_now().await;
    }
    net.closed().await
}

async fn refusal(address: SocketAddr) -> CloseReason {
    let mut net = Net::start(bare());
    net.handle.connect(FLOW, remote(Protocol::Ws, address, "localhost"));
    net.closed().await.1
}
