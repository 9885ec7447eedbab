use bellbird_sip::digest::{Challenge, Login, Session};
use bellbird_sip::message::Message;

use super::*;
use crate::country::Location;
use crate::directory::{ClientLogin, DirectoryParts, Organisation};
use crate::words::{AccountKind, CallerId, Destination, MediaProfile, Revision};

const HOME: &str = "192.0.2.10";
const ELSEWHERE: &str = "203.0.113.66";

struct World {
    gate: Gate,
    directory: Directory,
    now: Instant,
    cseq: u32,
}

impl World {
    fn new() -> Self {
        let gate = Gate::new(GateConfig::default(), &Seed::from_number(1));
        Self { gate, directory: directory(), now: Instant::ORIGIN + Duration::from_secs(10), cseq: 0 }
    }

    fn send(&mut self, user: &str, source: &str, authorization: Option<&str>) -> Access {
        self.cseq += 1;
        let extra = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        let text = format!(
            "REGISTER sip:office.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{}\r\n\
             From: <sip:{user}@office.example>;tag=1\r\nTo: <sip:{user}@office.example>\r\nCall-ID: c\r\n\
             CSeq: {} REGISTER\r\n{extra}\r\n",
            self.cseq, self.cseq
        );
        let request = Request::of(&Message::parse(text.as_bytes()).unwrap()).unwrap();
        let home: IpAddr = HOME.parse().unwrap();
        let source: IpAddr = source.parse().unwrap();
        // The desk phone is registered from home.
        let known = move |account| account == VoipAccountId(1) && source == home;
        self.gate.check(self.now, &self.directory, &request, source, known)
    }

    fn try_with(&mut self, user: &str, password: &str, source: &str) -> Access {
        let access = self.send(user, source, None);
        let answer = answer(&challenge(&access), user, password);
        self.send(user, source, Some(&answer))
    }
}

#[test]
fn the_right_password_proves_the_account() {
    let granted = World::new().try_with("203", "secret", HOME);
    assert!(matches!(granted, Access::Granted(Proved { account: VoipAccountId(1), client: None })));
}

#[test]
fn each_client_has_a_secret_of_its_own() {
    let mut world = World::new();
    let granted = world.try_with("alice-laptop", "other", HOME);
    assert!(matches!(granted, Access::Granted(Proved { client: Some(client), .. }) if client.as_str() == "laptop"));
    assert!(matches!(world.try_with("204", "other", HOME), Access::Denied(_)));
}

#[test]
fn unknown_users_look_like_known_ones() {
    let mut world = World::new();
    let shape = |access: &Access| {
        let Access::Denied(reply) = access else { panic!("granted") };
        let text = (&reply.headers).text(HeaderName::WwwAuthenticate).unwrap();
        (reply.status.code(), text.len() - algorithm(access).len())
    };
    let known = world.send("203", ELSEWHERE, None);
    let unknown = world.send("nobody", ELSEWHERE, None);
    assert_eq!(shape(&known), shape(&unknown));
    let wrong = world.try_with("nobody", "guess", ELSEWHERE);
    assert_eq!(shape(&wrong), shape(&known));
    let drawn: std::collections::BTreeSet<String> =
        (0..20).map(|n| algorithm(&world.send(&format!("nobody{n}"), ELSEWHERE, None))).collect();
    assert_eq!(drawn.len(), 2, "both algorithms occur among users that do not exist");
    assert_eq!(algorithm(&world.send("nobody", HOME, None)), algorithm(&world.send("nobody", HOME, None)));
}

#[test]
fn a_replayed_answer_is_refused() {
    let mut world = World::new();
    let access = world.send("203", HOME, None);
    let answer = answer(&challenge(&access), "203", "secret");
    assert!(matches!(world.send("203", HOME, Some(&answer)), Access::Granted(_)));
    let replayed = world.send("203", ELSEWHERE, Some(&answer));
    assert!(challenge(&replayed).contains("stale=true"));
}

#[test]
fn an_old_nonce_is_stale_and_no_failure() {
    let mut world = World::new();
    let access = world.send("203", ELSEWHERE, None);
    let answer = answer(&challenge(&access), "203", "secret");
    world.now += Duration::from_secs(301);
    assert!(challenge(&world.send("203", ELSEWHERE, Some(&answer))).contains("stale=true"));
    assert!(world.gate.sources.is_empty());
}

#[test]
fn an_account_with_sha_256_does_not_take_md5() {
    let mut world = World::new();
    let access = world.send("alice-laptop", HOME, None);
    assert_eq!(algorithm(&access), "SHA-256");
    let downgraded = challenge(&access).replace("SHA-256", "MD5");
    let answer = answer(&downgraded, "alice-laptop", "other");
    assert!(matches!(world.send("alice-laptop", HOME, Some(&answer)), Access::Denied(_)));
}

#[test]
fn guessing_raises_an_alarm_and_is_no_longer_checked() {
    let mut world = World::new();
    for _ in 0..20 {
        world.try_with("203", "guess", ELSEWHERE);
    }
    let source = ELSEWHERE.parse().unwrap();
    assert_eq!(world.gate.take_alarms(), [Alarm::Guessing { source, failures: 20 }]);
    // Even the right password is not told from a wrong one now.
    let access = world.send("203", ELSEWHERE, None);
    let right = answer(&challenge(&access), "203", "secret");
    assert!(matches!(world.send("203", ELSEWHERE, Some(&right)), Access::Denied(reply) if reply.status.code() == 503));
    world.now += Duration::from_secs(600);
    assert!(matches!(world.try_with("203", "secret", ELSEWHERE), Access::Granted(_)));
}

#[test]
fn a_phone_at_a_known_address_can_not_be_locked_out() {
    let mut world = World::new();
    for n in 0..60 {
        world.try_with("203", "guess", &format!("203.0.113.{n}"));
        world.try_with("nobody", "guess", HOME);
    }
    let alarms = world.gate.take_alarms();
    assert!(alarms.contains(&Alarm::AccountUnderAttack { account: VoipAccountId(1), failures: 50 }), "{alarms:?}");
    assert!(matches!(world.try_with("203", "secret", HOME), Access::Granted(_)));
}

#[test]
fn another_realms_credentials_are_challenged() {
    let mut world = World::new();
    let access = world.send("203", HOME, None);
    let foreign =
        answer(&challenge(&access), "203", "secret").replace("office.example\", nonce", "other.example\", nonce");
    assert!(matches!(world.send("203", HOME, Some(&foreign)), Access::Denied(reply) if reply.status.code() == 401));
}

#[test]
fn hosts_of_one_ipv6_network_count_together() {
    assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:1".parse().unwrap()));
    assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
    assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
}

fn challenge(access: &Access) -> String {
    let Access::Denied(reply) = access else { panic!("not challenged") };
    (&reply.headers).text(HeaderName::WwwAuthenticate).unwrap().to_owned()
}

fn algorithm(access: &Access) -> String {
    Challenge::parse(&challenge(access)).unwrap().algorithm().unwrap().name().to_owned()
}

fn answer(challenge: &str, user: &str, password: &str) -> String {
    let challenge = Challenge::parse(challenge).unwrap();
    let mut session = Session::new(&challenge, "cnonce").unwrap();
    let login = Login::Password { username: user.into(), secret: Secret::new(password) };
    let subject = Subject { method: "REGISTER", uri: "sip:office.example", body: b"" };
    session.authorize(&login, &subject).unwrap()
}

fn directory() -> Directory {
    let realm = "office.example";
    let organisation = Organisation {
        id: OrgId(1),
        name: "Office".into(),
        domain: realm.into(),
        realm: realm.into(),
        location: Location::of(&"NL".into(), None),
        caller_id: CallerId::AccountDefault,
        unassigned: Destination::HangUp,
        calls_per_account: 4,
    };
    let desk = Ha1::new(Hash::Md5, "203", realm, &Secret::new("secret"));
    let laptop = Ha1::new(Hash::Sha256, "alice-laptop", realm, &Secret::new("other"));
    let clients = [(ClientId::from("laptop"), ClientLogin { login: "alice-laptop".into(), ha1: laptop })];
    let accounts = vec![
        account(1, "203", AccountKind::DeskPhone { mac: None }, AccountSecret::Shared(desk)),
        account(2, "204", AccountKind::App, AccountSecret::PerClient(clients.into())),
    ];
    let (users, numbers, trunks) = (Vec::new(), Vec::new(), Vec::new());
    Directory::new(DirectoryParts { revision: Revision(1), organisation, users, accounts, numbers, trunks })
}

fn account(id: u64, login: &str, kind: AccountKind, secret: AccountSecret) -> AccountRouting {
    AccountRouting {
        id: VoipAccountId(id),
        login: login.into(),
        number: Some(login.into()),
        name: login.into(),
        kind,
        owners: std::collections::BTreeSet::new(),
        secret,
        media: MediaProfile::Best,
        call_limit: None,
    }
}
