//! The search for a domain's servers (RFC 3263) with a name server of our own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that can't go on panics"
)]

mod common;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellbird_base::{Protocol, Remote};
use bellbird_net::{Dns, NetConfig, NetEvent};
use bellbird_sip::agent::{Question, ResolveFailure};
use common::{Net, bare};
use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, NAPTR, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

/// What the name server does with a question.
#[derive(Clone)]
enum Reply {
    Records(Vec<RData>),
    Silence,
    Failure,
}

#[derive(Clone, Default)]
struct Zone(HashMap<(String, RecordType), Reply>);

impl Zone {
    fn with(mut self, name: &str, kind: RecordType, reply: Reply) -> Self {
        self.0.insert((name.to_owned(), kind), reply);
        self
    }

    fn host(self, name: &str, address: &str) -> Self {
        match address.parse().unwrap() {
            IpAddr::V4(ip) => self.with(name, RecordType::A, Reply::Records(vec![RData::A(A(ip))])),
            IpAddr::V6(ip) => self.with(name, RecordType::AAAA, Reply::Records(vec![RData::AAAA(AAAA(ip))])),
        }
    }

    fn services(self, name: &str, services: &[(u16, u16, &str)]) -> Self {
        let record = |&(priority, port, host): &(u16, u16, &str)| {
            RData::SRV(SRV::new(priority, 0, port, Name::from_str(host).unwrap()))
        };
        self.with(name, RecordType::SRV, Reply::Records(services.iter().map(record).collect()))
    }

    fn pointers(self, name: &str, pointers: &[(u16, &str, &str, &str)]) -> Self {
        let record = |&(order, flags, service, to): &(u16, &str, &str, &str)| {
            let boxed = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
            RData::NAPTR(NAPTR::new(order, 50, boxed(flags), boxed(service), boxed(""), Name::from_str(to).unwrap()))
        };
        self.with(name, RecordType::NAPTR, Reply::Records(pointers.iter().map(record).collect()))
    }

    /// Serves this zone until the test ends.
    async fn serve(self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(self);
        tokio::spawn(async move {
            let mut buffer = [0; 1_500];
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                if let Some(answer) = zone.answer(&buffer[..length]) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        address
    }

    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).unwrap();
        let query = question.queries[0].clone();
        let name = query.name().to_string().trim_end_matches('.').to_lowercase();
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        assert_eq!(answer.metadata.message_type, MessageType::Response);
        answer.metadata.recursion_available = true;
        answer.add_query(query.clone());
        match self.0.get(&(name, query.query_type())) {
            Some(Reply::Silence) => return None,
            Some(Reply::Failure) => answer.metadata.response_code = ResponseCode::ServFail,
            Some(Reply::Records(records)) => {
                for data in records {
                    answer.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
                }
            }
            None => answer.metadata.response_code = ResponseCode::NXDomain,
        }
        Some(answer.to_vec().unwrap())
    }
}

async fn ask(zone: Zone, question: Question) -> Result<Vec<Remote>, ResolveFailure> {
    let servers = vec![zone.serve().await];
    let mut net = Net::start(NetConfig { dns: Dns::Servers(servers), ..bare() });
    net.handle.resolve(7, question);
    match net.next().await {
        NetEvent::Resolved(7, answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn domain(host: &str) -> Question {
    Question { host: host.to_owned(), port: None, protocol: None, secure: false, path: String::new() }
}

fn found(answer: Result<Vec<Remote>, ResolveFailure>) -> Vec<(Protocol, String)> {
    answer.unwrap().into_iter().map(|remote| (remote.protocol, remote.address.to_string())).collect()
}

fn expected(remotes: &[(Protocol, &str)]) -> Vec<(Protocol, String)> {
    remotes.iter().map(|&(protocol, address)| (protocol, address.to_owned())).collect()
}

#[tokio::test]
async fn naptr_decides_which_services_are_used() {
    let zone = Zone::default()
        .pointers(
            "example.org",
            &[
                (20, "s", "SIP+D2U", "_sip._udp.elsewhere.org."),
                (10, "s", "SIP+D2T", "_sip._tcp.elsewhere.org."),
                (5, "u", "E2U+sip", "ignored.org."),
            ],
        )
        .services("_sip._tcp.elsewhere.org", &[(1, 5070, "one.elsewhere.org.")])
        .services("_sip._udp.elsewhere.org", &[(1, 5080, "two.elsewhere.org.")])
        .host("one.elsewhere.org", "127.0.0.1")
        .host("two.elsewhere.org", "127.0.0.2")
        .services("_sips._tcp.example.org", &[(1, 5061, "one.elsewhere.org.")]);
    let answer = ask(zone, domain("example.org")).await;
    assert_eq!(answer.as_ref().unwrap()[0].server_name, "example.org", "the certificate is for the domain");
    assert_eq!(found(answer), expected(&[(Protocol::Tcp, "127.0.0.1:5070"), (Protocol::Udp, "127.0.0.2:5080")]));
}

#[tokio::test]
async fn without_naptr_tls_comes_before_tcp_before_udp_and_priority_decides_within() {
    let zone = Zone::default()
        .services("_sip._udp.example.org", &[(1, 5060, "a.example.org.")])
        .services("_sips._tcp.example.org", &[(20, 5061, "b.example.org."), (10, 5061, "a.example.org.")])
        .services("_sip._tcp.example.org", &[(1, 5062, "a.example.org.")])
        .host("a.example.org", "127.0.0.1")
        .host("b.example.org", "127.0.0.2");
    let remotes = found(ask(zone, domain("example.org")).await);
    let ordered = expected(&[
        (Protocol::Tls, "127.0.0.1:5061"),
        (Protocol::Tls, "127.0.0.2:5061"),
        (Protocol::Tcp, "127.0.0.1:5062"),
        (Protocol::Udp, "127.0.0.1:5060"),
    ]);
    assert_eq!(remotes, ordered);
}

#[tokio::test]
async fn a_service_that_is_not_offered_is_left_out() {
    let zone = Zone::default()
        .services("_sips._tcp.example.org", &[(0, 0, ".")])
        .services("_sip._udp.example.org", &[(1, 5060, "a.example.org.")])
        .host("a.example.org", "127.0.0.1");
    assert_eq!(found(ask(zone, domain("example.org")).await), expected(&[(Protocol::Udp, "127.0.0.1:5060")]));
}

#[tokio::test]
async fn a_domain_without_services_is_its_own_host() {
    let zone = Zone::default().host("example.org", "127.0.0.1");
    let remotes = found(ask(zone, domain("example.org")).await);
    assert_eq!(remotes, expected(&[(Protocol::Udp, "127.0.0.1:5060"), (Protocol::Tcp, "127.0.0.1:5060")]));
}

#[tokio::test]
async fn silence_about_services_is_waited_for_less_than_two_seconds() {
    let silent = |zone: Zone, name: &str, kind| zone.with(name, kind, Reply::Silence);
    let mut zone = Zone::default().host("example.org", "127.0.0.1");
    for name in ["_sip._udp.example.org", "_sip._tcp.example.org", "_sips._tcp.example.org"] {
        zone = silent(zone, name, RecordType::SRV);
    }
    zone = silent(zone, "example.org", RecordType::NAPTR);
    let start = Instant::now();
    let remotes = found(ask(zone, domain("example.org")).await);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(remotes[0], (Protocol::Udp, "127.0.0.1:5060".to_owned()));
}

#[tokio::test]
async fn silence_about_naptr_alone_does_not_hide_services() {
    let zone = Zone::default()
        .with("example.org", RecordType::NAPTR, Reply::Silence)
        .services("_sip._tcp.example.org", &[(1, 5062, "a.example.org.")])
        .host("a.example.org", "127.0.0.1");
    let start = Instant::now();
    assert_eq!(found(ask(zone, domain("example.org")).await), expected(&[(Protocol::Tcp, "127.0.0.1:5062")]));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn silence_about_ipv6_does_not_hold_ipv4_up() {
    let zone = Zone::default().host("example.org", "127.0.0.1").with("example.org", RecordType::AAAA, Reply::Silence);
    let question = Question { port: Some(5060), protocol: Some(Protocol::Udp), ..domain("example.org") };
    let start = Instant::now();
    assert_eq!(found(ask(zone, question).await), expected(&[(Protocol::Udp, "127.0.0.1:5060")]));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn families_of_one_host_take_turns() {
    let zone = Zone::default().host("example.org", "127.0.0.1").host("example.org", "::1");
    let question = Question { port: Some(5061), protocol: Some(Protocol::Tls), ..domain("example.org") };
    let remotes = found(ask(zone, question).await);
    assert_eq!(remotes, expected(&[(Protocol::Tls, "[::1]:5061"), (Protocol::Tls, "127.0.0.1:5061")]));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_from_a_server_that_fails() {
    assert_eq!(ask(Zone::default(), domain("example.org")).await, Err(ResolveFailure::NotFound));
    let failing = [RecordType::A, RecordType::AAAA]
        .into_iter()
        .fold(Zone::default(), |zone, kind| zone.with("example.org", kind, Reply::Failure));
    let question = Question { port: Some(5060), ..domain("example.org") };
    assert_eq!(ask(failing, question).await, Err(ResolveFailure::Unreachable));
}

#[tokio::test]
async fn an_address_is_answered_without_any_name_server() {
    let mut net = Net::start(bare());
    net.handle.resolve(1, Question { protocol: Some(Protocol::Ws), path: "/sip".to_owned(), ..domain("127.0.0.1") });
    let NetEvent::Resolved(1, Ok(remotes)) = net.next().await else { panic!("no answer") };
    assert_eq!((remotes[0].address.port(), remotes[0].path.as_str()), (80, "/sip"));
}

#[tokio::test]
async fn addresses_of_one_host_race_when_a_flow_is_opened() {
    let zone = Zone::default().host("example.org", "::1").host("example.org", "127.0.0.1");
    let servers = vec![zone.serve().await];
    let mut net = Net::start(NetConfig { dns: Dns::Servers(servers), ..bare() });
    // Only IPv4 is listened on; IPv6 is asked for.
    let listening = net.listen(Protocol::Tcp).await;
    let question = Question { port: Some(listening.port()), protocol: Some(Protocol::Tcp), ..domain("example.org") };
    net.handle.resolve(1, question);
    let NetEvent::Resolved(1, Ok(remotes)) = net.next().await else { panic!("no answer") };
    assert!(remotes[0].address.is_ipv6());
    net.handle.connect(bellbird_base::FlowId(1), remotes[0].clone());
    let mut opened = net.opened().await;
    if opened.0 != bellbird_base::FlowId(1) {
        opened = net.opened().await;
    }
    assert_eq!(opened.1.remote, listening);
}
