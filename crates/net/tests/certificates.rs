//! Whose certificate is accepted, and in which words others are refused (RFC 5922).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that can't go on panics"
)]

mod common;

use bellbird_base::{FlowId, Protocol};
use bellbird_net::{BadIdentity, CertificateProblem, CloseReason, NetConfig, NetEvent, Pin, ServerIdentity};
use bellbird_sip::agent::FlowEnd;
use common::{Authority, Net, bare, remote};
use rcgen::{CertificateParams, date_time_ymd};
use tokio::net::TcpListener;

const FLOW: FlowId = FlowId(1);
const DOMAIN: &str = "example.org";

/// What comes of a connection to a server that shows this.
async fn meet(server: NetConfig, client: NetConfig, name: &str) -> Result<(), CloseReason> {
    meet_pinned(server, client, name, |_| {}).await
}

async fn meet_pinned(server: NetConfig, client: NetConfig, name: &str, pin: impl Fn(&Net)) -> Result<(), CloseReason> {
    let (server, mut client) = (Net::start(server), Net::start(client));
    pin(&client);
    let address = server.listen(Protocol::Tls).await;
    client.handle.connect(FLOW, remote(Protocol::Tls, address, name));
    match client.next().await {
        NetEvent::Opened(..) => Ok(()),
        NetEvent::Closed(_, reason) => Err(reason),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sip_domain_as_dns_name_is_accepted() {
    let authority = Authority::new();
    assert_eq!(meet(authority.serving(DOMAIN), authority.trusted(), DOMAIN).await, Ok(()));
}

#[tokio::test]
async fn the_sip_domain_as_sip_uri_is_accepted() {
    let authority = Authority::new();
    assert_eq!(meet(authority.serving_uri("sip:example.org"), authority.trusted(), DOMAIN).await, Ok(()));
    assert_eq!(meet(authority.serving_uri("sip:EXAMPLE.org"), authority.trusted(), DOMAIN).await, Ok(()));
}

#[tokio::test]
async fn another_name_is_refused() {
    let authority = Authority::new();
    let wrong = Err(CloseReason::Certificate(CertificateProblem::WrongName { expected: DOMAIN.to_owned() }));
    for server in [
        authority.serving("sip.example.org"),
        authority.serving_uri("sip:sip.example.org"),
        authority.serving_uri("sip:alice@example.org"),
        authority.serving_uri("https://example.org"),
    ] {
        assert_eq!(meet(server, authority.trusted(), DOMAIN).await, wrong);
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused_as_such() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 12, 31);
    let outcome = meet(authority.serving_as(params), authority.trusted(), DOMAIN).await;
    assert_eq!(outcome, Err(CloseReason::Certificate(CertificateProblem::Expired)));
}

#[tokio::test]
async fn a_certificate_of_the_future_is_refused_as_such() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec![DOMAIN.to_owned()]).unwrap();
    params.not_before = date_time_ymd(3000, 1, 1);
    params.not_after = date_time_ymd(3001, 1, 1);
    let outcome = meet(authority.serving_as(params), authority.trusted(), DOMAIN).await;
    assert_eq!(outcome, Err(CloseReason::Certificate(CertificateProblem::NotYetValid)));
}

#[tokio::test]
async fn an_unknown_authority_is_refused_as_such() {
    let (one, other) = (Authority::new(), Authority::new());
    let reason = meet(one.serving(DOMAIN), other.trusted(), DOMAIN).await.unwrap_err();
    assert_eq!(reason, CloseReason::Certificate(CertificateProblem::UnknownAuthority));
    assert_eq!(reason.flow_end(), FlowEnd::BadCertificate);
    assert_eq!(
        reason.to_string(),
        "the server's certificate is not accepted: it was issued by an authority that is not known here"
    );
}

#[tokio::test]
async fn an_address_needs_a_certificate_for_it() {
    let authority = Authority::new();
    assert_eq!(meet(authority.serving("127.0.0.1"), authority.trusted(), "127.0.0.1").await, Ok(()));
    assert!(meet(authority.serving(DOMAIN), authority.trusted(), "127.0.0.1").await.is_err());
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_as_a_failed_handshake() {
    let server = Net::start(bare());
    let address = server.listen(Protocol::Ws).await;
    let mut client = Net::start(Authority::new().trusted());
    client.handle.connect(FLOW, remote(Protocol::Tls, address, DOMAIN));
    let (_, reason) = client.closed().await;
    assert!(matches!(reason.flow_end(), FlowEnd::HandshakeFailed | FlowEnd::Broken), "{reason:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = Net::start(Authority::new().trusted());
    client.handle.connect(FLOW, remote(Protocol::Tls, listener.local_addr().unwrap(), DOMAIN));
    let _silent = listener.accept().await.unwrap();
    assert_eq!(client.closed().await, (FLOW, CloseReason::TimedOut));
}

#[tokio::test]
async fn listening_with_tls_needs_an_identity() {
    let net = Net::start(bare());
    assert!(net.handle.listen(Protocol::Tls, "127.0.0.1:0".parse().unwrap()).await.is_err());
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_ends_no_open_one() {
    let (old, new) = (Authority::new(), Authority::new());
    let (certificate, key) = new.pair(DOMAIN);
    let config = old.serving(DOMAIN);
    let identity = config.identity.clone().unwrap();
    let mut server = Net::start(config);
    let address = server.listen(Protocol::Tls).await;
    let mut before = Net::start(old.trusted());
    before.handle.connect(FLOW, remote(Protocol::Tls, address, DOMAIN));
    before.opened().await;
    let (accepted, _) = server.opened().await;
    identity.replace(certificate.as_bytes(), key.as_bytes()).unwrap();
    let mut after = Net::start(new.trusted());
    after.handle.connect(FLOW, remote(Protocol::Tls, address, DOMAIN));
    after.opened().await;
    server.opened().await;
    server.send(accepted, b"still there");
    before.received(b"still there").await;
}

#[tokio::test]
async fn what_can_not_be_used_leaves_the_old_certificate_in_place() {
    let authority = Authority::new();
    let (certificate, key) = authority.pair(DOMAIN);
    let (_, other) = authority.pair(DOMAIN);
    let identity = ServerIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let refused = |certificate: &str, key: &str| identity.replace(certificate.as_bytes(), key.as_bytes()).unwrap_err();
    assert_eq!(refused(&certificate, &other), BadIdentity::Mismatch);
    assert!(matches!(refused(&key, &key), BadIdentity::Certificate(_)));
    assert!(matches!(refused(&certificate, &certificate), BadIdentity::Key(_)));
    let server = NetConfig { identity: Some(identity), ..bare() };
    assert_eq!(meet(server, authority.trusted(), DOMAIN).await, Ok(()));
}

#[tokio::test]
async fn a_pinned_authority_alone_vouches_for_the_servers_it_is_pinned_for() {
    let (ours, public) = (Authority::new(), Authority::new());
    let pinned = |client: &Net| {
        client.handle.pin(Some(Pin { authority: ours.fingerprint(), names: vec![DOMAIN.to_owned()] }));
    };
    // The system's authorities, which a pin leaves out.
    let client = || public.trusted();
    assert_eq!(meet_pinned(ours.serving_with_itself(DOMAIN), client(), DOMAIN, pinned).await, Ok(()));
    let stranger = meet_pinned(public.serving_with_itself(DOMAIN), client(), DOMAIN, pinned).await;
    assert_eq!(stranger, Err(CloseReason::Certificate(CertificateProblem::UnknownAuthority)));
    let elsewhere = meet_pinned(public.serving("elsewhere.example"), client(), "elsewhere.example", pinned).await;
    assert_eq!(elsewhere, Ok(()));
    let unpinned = meet_pinned(ours.serving_with_itself(DOMAIN), client(), DOMAIN, |client| {
        pinned(client);
        client.handle.pin(None);
    });
    assert!(unpinned.await.is_err());
}
