//! What strangers may do to a phone: nothing much.

use bellbird_base::{Duration, FlowId, FlowInfo, Instant, Protocol, Rng, Seed};
use bellbird_sip::agent::{
    AccountConfig, AccountCredentials, Body, CallEvent, Callers, Config, Event, Input, Invite, Output, Secret,
    ServerEvent, UserAgent,
};
use bellbird_sip::message::{Fields, HeaderName, Message, Response};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

const FLOW: FlowId = FlowId(u64::MAX);

/// A phone with one flow to a stranger, whose part the test plays.
struct Exposed {
    ua: UserAgent,
    now: Instant,
    account: bellbird_sip::agent::AccountId,
    sent: Vec<Vec<u8>>,
    events: Vec<Event>,
}

impl Exposed {
    fn new(account: AccountConfig) -> Self {
        let now = Instant::ORIGIN;
        let mut ua = UserAgent::new(Config::default(), Seed::from_number(1), now);
        let account = ua.add_account(now, account);
        let mut exposed = Self { ua, now, account, sent: Vec::new(), events: Vec::new() };
        exposed.open(FLOW, Protocol::Udp);
        exposed
    }

    fn local() -> Self {
        Self::new(AccountConfig::local(uri("sip:alice@10.0.0.2")))
    }

    fn open(&mut self, flow: FlowId, protocol: Protocol) {
        let remote = format!("10.9.9.9:{}", 5060 + (u64::MAX - flow.0) % 1000).parse().unwrap();
        let info = FlowInfo { protocol, local: "10.0.0.2:5060".parse().unwrap(), remote };
        self.ua.handle_input(Input::FlowOpened(self.now, flow, info));
        self.drain();
    }

    fn receive(&mut self, flow: FlowId, bytes: &[u8]) {
        self.ua.handle_input(Input::Receive(self.now, flow, bytes));
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.ua.poll_output() {
                Output::Transmit(transmit) => self.sent.push(transmit.payload),
                Output::Event(event) => self.events.push(event),
                Output::Connect(flow, remote) => {
                    let local = "10.0.0.2:5060".parse().unwrap();
                    let info = FlowInfo { protocol: remote.protocol, local, remote: remote.address };
                    self.ua.handle_input(Input::FlowOpened(self.now, flow, info));
                }
                Output::Resolve(id, question) => {
                    let address = format!("{}:5060", question.host).parse().unwrap();
                    let remote = bellbird_base::Remote {
                        protocol: Protocol::Udp,
                        address,
                        server_name: question.host,
                        path: String::new(),
                    };
                    self.ua.handle_input(Input::Resolved(self.now, id, Ok(vec![remote])));
                }
                Output::Close(_) => {}
                Output::Timeout(..) => return,
            }
        }
    }

    /// Lets the clock run through all timers of this time.
    fn wait(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let at = match self.ua.poll_output() {
                Output::Timeout(at, _) if at <= end => at,
                Output::Timeout(..) => break,
                other => panic!("{other:?}"),
            };
            self.now = at;
            self.ua.handle_input(Input::Timeout(at));
            self.drain();
        }
        self.now = end;
    }

    fn answers(&self) -> Vec<u16> {
        self.sent.iter().filter_map(|bytes| Some(Message::parse(bytes).ok()?.status()?.code())).collect()
    }
}

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap()
}

fn invite(number: usize, extra: &str) -> String {
    format!(
        "INVITE sip:alice@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK{number};rport\r\n\
         From: <sip:eve@10.9.9.9>;tag=e{number}\r\nTo: <sip:alice@10.0.0.2>\r\nCall-ID: c{number}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:eve@10.9.9.9>\r\nMax-Forwards: 70\r\n{extra}\
         Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    )
}

fn other(method: &str, number: usize, tag: &str) -> String {
    format!(
        "{method} sip:alice@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bKo{number};rport\r\n\
         From: <sip:eve@10.9.9.9>;tag=e{number}\r\nTo: <sip:alice@10.0.0.2>{tag}\r\nCall-ID: o{number}\r\n\
         CSeq: 1 {method}\r\nContact: <sip:eve@10.9.9.9>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn flood_of_calls_holds_a_bounded_number() {
    let mut alice = Exposed::local();
    for number in 0..5_000 {
        alice.receive(FLOW, invite(number, "").as_bytes());
    }
    assert_eq!(alice.ua.open_calls(), 64);
    let answers = alice.answers();
    assert!(answers.contains(&486) && answers.contains(&503));
    alice.wait(Duration::from_secs(600));
    assert_eq!(alice.ua.open_calls(), 0);
}

#[test]
fn flood_of_connections_holds_a_bounded_number() {
    let mut alice = Exposed::local();
    for number in 1..2_000 {
        alice.open(FlowId(u64::MAX - number), Protocol::Tcp);
        alice.receive(FlowId(u64::MAX - number), b"INVITE sip:alice@10.0.0.2 SIP/2.0\r\n");
    }
    alice.wait(Duration::from_secs(600));
    assert!(matches!(alice.ua.poll_output(), Output::Timeout(Instant::FAR_FUTURE, _)));
}

#[test]
fn requests_that_belong_nowhere_get_the_right_refusal() {
    let cases = [
        ("BYE", ";tag=x", 481),
        ("BYE", "", 481),
        ("UPDATE", ";tag=x", 481),
        ("INFO", ";tag=x", 481),
        ("REFER", "", 603),
        ("CANCEL", "", 481),
        ("NOTIFY", ";tag=x", 481),
        ("REGISTER", "", 405),
        ("SUBSCRIBE", "", 405),
        ("FLY", "", 501),
        ("OPTIONS", "", 200),
    ];
    for (number, (method, tag, status)) in cases.into_iter().enumerate() {
        let mut alice = Exposed::local();
        alice.receive(FLOW, other(method, number, tag).as_bytes());
        assert_eq!(alice.answers(), [status], "{method}");
    }
}

#[test]
fn extension_that_is_required_and_unknown_is_named() {
    let mut alice = Exposed::local();
    alice.receive(FLOW, invite(1, "Require: levitate, timer\r\n").as_bytes());
    let refusal = alice.sent.iter().find(|bytes| bytes.starts_with(b"SIP/2.0 420")).unwrap();
    assert_eq!((&Message::parse(refusal).unwrap()).text(HeaderName::Unsupported), Some("levitate"));
}

#[test]
fn request_that_comes_over_two_ways_is_answered_once() {
    let mut alice = Exposed::local();
    alice.receive(FLOW, invite(1, "").as_bytes());
    let twin = invite(1, "").replace("z9hG4bK1", "z9hG4bK-other");
    alice.receive(FLOW, twin.as_bytes());
    assert!(alice.answers().contains(&482));
    assert_eq!(alice.ua.open_calls(), 1);
}

#[test]
fn stranger_cannot_end_a_call_that_is_not_his() {
    let mut alice = Exposed::local();
    alice.receive(FLOW, invite(1, "").as_bytes());
    let call = alice.events.iter().find_map(|event| match event {
        Event::Call(call, CallEvent::Incoming(_)) => Some(*call),
        _ => None,
    });
    alice.ua.ring(alice.now, call.unwrap(), None).unwrap();
    alice.drain();
    let ringing = alice.sent.iter().find(|bytes| bytes.starts_with(b"SIP/2.0 180")).unwrap().clone();
    let tag = Message::parse(&ringing).unwrap().to().tag().unwrap().to_owned();
    let forged =
        other("BYE", 1, &format!(";tag={tag}")).replace("Call-ID: o1", "Call-ID: c1").replace("tag=e1", "tag=x");
    alice.receive(FLOW, forged.as_bytes());
    assert_eq!(alice.answers().last(), Some(&481));
    assert_eq!(alice.ua.open_calls(), 1);
}

/// An account that anybody may call and that has a password, perhaps for this realm alone.
fn with_password(realm: Option<&str>) -> AccountConfig {
    let mut account = AccountConfig::local(uri("sip:alice@10.0.0.2"));
    account.callers = Callers::Anyone;
    let (username, password, realm) = ("alice".into(), Secret::new("secret"), realm.map(str::to_owned));
    account.credentials = Some(AccountCredentials { username, password, realm, sha256_only: false });
    account
}

/// A caller from elsewhere lets himself be hung up, and asks who it is that hangs up: the digest would be his to guess
/// the password from, or to call out with at the account's own server.
#[test]
fn challenge_to_our_bye_does_not_get_the_password() {
    for (status, header) in [
        (StatusCode::UNAUTHORIZED, "WWW-Authenticate"),
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, "Proxy-Authenticate"),
    ] {
        let mut alice = Exposed::new(with_password(Some("example.test")));
        alice.receive(FLOW, invite(1, "").as_bytes());
        let call = alice.events.iter().find_map(|event| match event {
            Event::Call(call, CallEvent::Incoming(_)) => Some(*call),
            _ => None,
        });
        let call = call.unwrap();
        alice.ua.answer(alice.now, call, Some(Body::sdp("v=0"))).unwrap();
        alice.drain();
        let success = alice.sent.iter().find(|bytes| bytes.starts_with(b"SIP/2.0 200")).unwrap().clone();
        let tag = Message::parse(&success).unwrap().to().tag().unwrap().to_owned();
        let ack = other("ACK", 1, &format!(";tag={tag}")).replace("Call-ID: o1", "Call-ID: c1");
        alice.receive(FLOW, ack.as_bytes());
        alice.ua.hang_up(alice.now, call).unwrap();
        alice.drain();
        let bye = alice.sent.iter().rfind(|bytes| bytes.starts_with(b"BYE")).expect("a BYE").clone();
        let mut refusal = Response::answering(&Message::parse(&bye).unwrap(), status, "eve");
        let challenge = r#"Digest realm="example.test", nonce="n", algorithm=MD5"#;
        refusal.headers.push(HeaderName::new(header).unwrap(), challenge);
        alice.receive(FLOW, &refusal.to_bytes());
        alice.wait(Duration::from_secs(40));
        let byes = alice.sent.iter().filter(|bytes| bytes.starts_with(b"BYE"));
        assert!(byes.clone().count() >= 1 && byes.clone().all(|bytes| !tells_digest(bytes)), "{status}");
        assert_eq!(alice.ua.open_calls(), 0);
    }
}

fn tells_digest(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window == b"Digest")
}

#[test]
fn challenge_from_elsewhere_does_not_get_the_password() {
    let mut alice = Exposed::new(with_password(None));
    let invite = Invite::new(uri("sip:eve@10.9.9.9"), Some(Body::sdp("v=0")));
    alice.ua.invite(alice.now, alice.account, invite).unwrap();
    alice.drain();
    let sent = alice.sent.pop().unwrap();
    let request = Message::parse(&sent).unwrap();
    let mut refusal = Response::answering(&request, StatusCode::UNAUTHORIZED, "eve");
    refusal.headers.push(HeaderName::WwwAuthenticate, r#"Digest realm="r", nonce="n", algorithm=MD5"#);
    alice.receive(FLOW, &refusal.to_bytes());
    let ended = |event: &Event| matches!(event, Event::Call(_, CallEvent::Ended(_)));
    assert!(alice.events.iter().any(ended));
    assert!(!alice.sent.iter().any(|bytes| tells_digest(bytes)));
}

#[test]
fn calls_from_elsewhere_are_not_taken_where_only_the_server_may_call() {
    let mut account = AccountConfig::new(uri("sip:alice@example.test"));
    account.callers = Callers::Servers;
    let mut alice = Exposed::new(account);
    alice.receive(FLOW, invite(1, "").as_bytes());
    assert!(alice.answers().contains(&404));
    assert!(alice.events.is_empty());
}

#[test]
fn mangled_messages_do_no_harm() {
    let mut rng = Rng::new(&Seed::from_number(5));
    let mut alice = Exposed::local();
    alice.open(FlowId(u64::MAX - 1), Protocol::Tcp);
    let seeds = [
        invite(1, "Supported: 100rel, timer\r\nSession-Expires: 90;refresher=uac\r\n"),
        invite(2, "Replaces: a;to-tag=b;from-tag=c\r\n"),
        other("BYE", 3, ";tag=1"),
        other("CANCEL", 1, ""),
        other("NOTIFY", 4, ""),
        other("PRACK", 5, ";tag=2"),
    ];
    for round in 0..20_000_usize {
        let mut bytes = seeds[round % seeds.len()].clone().into_bytes();
        for _ in 0..=rng.below(4) {
            if bytes.is_empty() {
                break;
            }
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            match rng.below(4) {
                0 => bytes[at] = rng.next_u32().to_le_bytes()[0],
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n;,<>\"0 "[usize::try_from(rng.below(9)).unwrap()]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let flow = if round % 7 == 0 { FlowId(u64::MAX - 1) } else { FLOW };
        alice.receive(flow, &bytes);
        alice.sent.clear();
        alice.events.clear();
        if round % 100 == 0 {
            alice.wait(Duration::from_secs(5));
        }
    }
    alice.wait(Duration::from_secs(900));
    assert_eq!(alice.ua.open_calls(), 0);
}

/// A stream of a stranger at a server, and whether it was closed.
struct Dripping {
    ua: UserAgent,
    now: Instant,
    closed: bool,
    told: usize,
}

impl Dripping {
    fn new() -> Self {
        let now = Instant::ORIGIN;
        let mut ua = UserAgent::new(Config::server(), Seed::from_number(1), now);
        let (local, remote) = ("10.0.0.1:5060".parse().unwrap(), "10.9.9.9:4000".parse().unwrap());
        ua.handle_input(Input::FlowOpened(now, FLOW, FlowInfo { protocol: Protocol::Tcp, local, remote }));
        Self { ua, now, closed: false, told: 0 }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.ua.handle_input(Input::Receive(self.now, FLOW, bytes));
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.ua.poll_output() {
                Output::Close(FLOW) => self.closed = true,
                Output::Event(Event::Server(ServerEvent::Request(_))) => self.told += 1,
                Output::Timeout(at, _) if at <= self.now => self.ua.handle_input(Input::Timeout(self.now)),
                Output::Timeout(..) => return,
                _ => {}
            }
        }
    }
}

#[test]
fn stream_that_dribbles_a_message_is_closed_after_half_a_minute() {
    let mut slow = Dripping::new();
    let text = other("OPTIONS", 1, "").replace("Content-Length: 0", "X: y");
    for byte in text.as_bytes().iter().cycle() {
        if slow.closed {
            break;
        }
        slow.now += Duration::from_millis(500);
        slow.receive(&[*byte]);
    }
    assert_eq!(slow.now - Instant::ORIGIN, Duration::from_secs(30) + Duration::from_millis(500));
}

#[test]
fn stream_of_slow_but_whole_messages_stays() {
    let mut slow = Dripping::new();
    for number in 0..10 {
        let text = other("OPTIONS", number, "");
        // The second half comes with the first one of the next message.
        for half in text.as_bytes().chunks(text.len() / 2 + 1) {
            slow.now += Duration::from_secs(10);
            slow.receive(half);
        }
    }
    assert_eq!((slow.closed, slow.told), (false, 10));
}

#[test]
fn stream_with_an_oversized_message_is_closed_and_holds_nothing() {
    let head = "OPTIONS sip:alice@10.0.0.2 SIP/2.0\r\nX: ";
    let body = "OPTIONS sip:alice@10.0.0.2 SIP/2.0\r\nContent-Length: 2000000\r\n\r\n";
    for text in [head, body] {
        let mut fat = Dripping::new();
        fat.receive(text.as_bytes());
        for _ in 0..200 {
            fat.receive(&[b'x'; 8_192]);
        }
        assert_eq!((fat.closed, fat.told), (true, 0), "{text}");
    }
}
