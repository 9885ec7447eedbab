use bellbird_base::{Duration, Instant, Seed};

use super::*;

const SUBJECT: Subject<'static> = Subject { method: "REGISTER", uri: "sip:example.com", body: b"" };

fn login(secret: &str) -> Login {
    Login::Password { username: "bob".into(), secret: Secret::new(secret) }
}

fn ha1(hash: Hash) -> Option<Ha1> {
    Some(Ha1::new(hash, "bob", "example.com", &Secret::new("zanzibar")))
}

fn challenger() -> Challenger {
    Challenger::new("example.com", &Seed::from_number(1), Duration::from_secs(60))
}

fn now() -> Instant {
    Instant::ORIGIN + Duration::from_secs(1_000)
}

fn verify(challenger: &mut Challenger, now: Instant, answer: &str) -> Verdict {
    challenger.verify(now, &Credentials::parse(answer).unwrap(), &SUBJECT, |_| ha1(Hash::Sha256))
}

#[test]
fn example_of_rfc_7616_is_reproduced() {
    let subject = Subject { method: "GET", uri: "/dir/index.html", body: b"" };
    let login = Login::Password { username: "Mufasa".into(), secret: Secret::new("Circle of Life") };
    let text = |algorithm| {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    for (algorithm, expected) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let text = text(algorithm);
        let mut session =
            Session::new(&Challenge::parse(&text).unwrap(), "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ").unwrap();
        let answer = session.authorize(&login, &subject).unwrap();
        assert_eq!(Credentials::parse(&answer).unwrap().response(), expected);
    }
}

#[test]
fn challenge_without_qop_is_answered_in_the_old_form() {
    let challenge =
        Challenge::parse(r#"Digest realm="biloxi.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#).unwrap();
    let mut session = Session::new(&challenge, "x").unwrap();
    let answer = session.authorize(&login("zanzibar"), &SUBJECT).unwrap();
    let credentials = Credentials::parse(&answer).unwrap();
    assert_eq!(credentials.qop(), Some(None));
    assert!(!answer.contains("algorithm"));
    let ha1 = Hash::Md5.hex(&["bob:biloxi.com:zanzibar"]);
    let ha2 = Hash::Md5.hex(&["REGISTER:sip:example.com"]);
    let expected = Hash::Md5.hex(&[&ha1, ":dcd98b7102dd2f0e8b11d0f600bfb0c093:", &ha2]);
    assert_eq!(credentials.response(), expected);
}

#[test]
fn right_answer_is_accepted_once_a_count() {
    let mut challenger = challenger();
    let challenge = challenger.challenge(now(), Algorithm::SHA_256, false);
    let mut session = Session::new(&Challenge::parse(&challenge).unwrap(), "c").unwrap();
    let first = session.authorize(&login("zanzibar"), &SUBJECT).unwrap();
    let second = session.authorize(&login("zanzibar"), &SUBJECT).unwrap();
    assert_eq!(verify(&mut challenger, now(), &first), Verdict::Accepted { username: "bob".into() });
    assert_eq!(verify(&mut challenger, now(), &first), Verdict::Stale);
    assert_eq!(verify(&mut challenger, now(), &second), Verdict::Accepted { username: "bob".into() });
}

#[test]
fn old_nonce_is_stale_and_foreign_nonce_is_rejected() {
    let mut challenger = challenger();
    let challenge = challenger.challenge(now(), Algorithm::SHA_256, false);
    let mut session = Session::new(&Challenge::parse(&challenge).unwrap(), "c").unwrap();
    let answer = session.authorize(&login("zanzibar"), &SUBJECT).unwrap();
    assert_eq!(verify(&mut challenger, now() + Duration::from_secs(61), &answer), Verdict::Stale);
    let mut other = Challenger::new("example.com", &Seed::from_number(2), Duration::from_secs(60));
    assert_eq!(verify(&mut other, now(), &answer), Verdict::Rejected);
}

#[test]
fn wrong_secret_unknown_user_and_other_request_are_rejected() {
    let mut challenger = challenger();
    let challenge = challenger.challenge(now(), Algorithm::SHA_256, false);
    let mut session = Session::new(&Challenge::parse(&challenge).unwrap(), "c").unwrap();
    let wrong = session.authorize(&login("guess"), &SUBJECT).unwrap();
    assert_eq!(verify(&mut challenger, now(), &wrong), Verdict::Rejected);
    let right = session.authorize(&login("zanzibar"), &SUBJECT).unwrap();
    let credentials = Credentials::parse(&right).unwrap();
    assert_eq!(challenger.verify(now(), &credentials, &SUBJECT, |_| None), Verdict::Rejected);
    let other = Subject { uri: "sip:other.example.com", ..SUBJECT };
    assert_eq!(challenger.verify(now(), &credentials, &other, |_| ha1(Hash::Sha256)), Verdict::Rejected);
    assert_eq!(challenger.verify(now(), &credentials, &SUBJECT, |_| ha1(Hash::Md5)), Verdict::Rejected);
}

#[test]
fn empty_secret_does_not_open_an_unknown_account() {
    let mut challenger = challenger();
    let challenge = challenger.challenge(now(), Algorithm::SHA_256, false);
    let mut session = Session::new(&Challenge::parse(&challenge).unwrap(), "c").unwrap();
    let answer = session.authorize(&login(""), &SUBJECT).unwrap();
    let credentials = Credentials::parse(&answer).unwrap();
    assert_eq!(challenger.verify(now(), &credentials, &SUBJECT, |_| None), Verdict::Rejected);
}

#[test]
fn session_forms_and_body_protection_verify() {
    let mut challenger = challenger();
    for algorithm in ["MD5-sess", "SHA-256-sess", "SHA-512-256-sess", "SHA-512-256"] {
        let algorithm = Algorithm::parse(algorithm).unwrap();
        let challenge = challenger.challenge(now(), algorithm, false).replace("\"auth\"", "\"auth-int\"");
        let mut session = Session::new(&Challenge::parse(&challenge).unwrap(), "c").unwrap();
        let subject = Subject { body: b"v=0", ..SUBJECT };
        let answer = session.authorize(&login("zanzibar"), &subject).unwrap();
        let credentials = Credentials::parse(&answer).unwrap();
        let verdict = challenger.verify(now(), &credentials, &subject, |_| ha1(algorithm.hash));
        assert_eq!(verdict, Verdict::Accepted { username: "bob".into() }, "{answer}");
        let tampered = challenger.verify(now(), &credentials, &SUBJECT, |_| ha1(algorithm.hash));
        assert_eq!(tampered, Verdict::Rejected);
    }
}

#[test]
fn strongest_allowed_challenge_is_chosen() {
    let lines = [
        r#"Digest realm="a", nonce="1", algorithm=MD5"#,
        r#"Digest realm="a", nonce="2", algorithm=SHA-256"#,
        r#"Digest realm="a", nonce="3", algorithm=UNKNOWN"#,
        r#"NTLM abc=="#,
    ];
    let challenges = || lines.iter().map(|line| Challenge::parse(line).unwrap());
    assert_eq!(strongest(challenges(), |_, _| true).unwrap().nonce(), "2");
    assert_eq!(strongest(challenges(), |_, algorithm| algorithm.hash == Hash::Md5).unwrap().nonce(), "1");
    assert!(strongest(challenges(), |_, _| false).is_none());
}

#[test]
fn several_challenges_in_one_line_are_split() {
    let line = r#"Digest realm="a, b", nonce="1",algorithm=MD5, Digest realm="c", nonce="2" , Basic realm="x""#;
    let found: Vec<&str> = schemes(line).collect();
    assert_eq!(found.len(), 3);
    assert_eq!(Challenge::parse(found[0]).unwrap().realm(), "a, b");
    assert_eq!(Challenge::parse(found[1]).unwrap().nonce(), "2");
    assert_eq!(found[2], r#"Basic realm="x""#);
}

#[test]
fn unquoted_and_oddly_quoted_values_are_read() {
    let credentials = Credentials::parse(
        "digest username=\"a\\\"b\" ,, realm = example.com,nonce=abc,uri=sip:x;y=1,response=00FF,qop=\"auth\",nc=\"0000000A\"",
    )
    .unwrap();
    assert_eq!(credentials.username(), "a\"b");
    assert_eq!(credentials.uri(), "sip:x;y=1");
    assert_eq!(credentials.nonce_count(), Some(10));
    assert_eq!(credentials.qop(), Some(Some(Qop::Auth)));
    assert!(credentials.is_digest());
}

#[test]
fn names_that_need_escapes_survive_both_sides() {
    let secret = Secret::new("p");
    let mut challenger = Challenger::new("a \"quoted\" realm", &Seed::from_number(3), Duration::from_secs(60));
    let challenge = challenger.challenge(now(), Algorithm::MD5, false);
    let mut session = Session::new(&Challenge::parse(&challenge).unwrap(), "c").unwrap();
    let login = Login::Password { username: "b\\o\"b".into(), secret: secret.clone() };
    let answer = session.authorize(&login, &SUBJECT).unwrap();
    let verdict = challenger.verify(now(), &Credentials::parse(&answer).unwrap(), &SUBJECT, |username| {
        Some(Ha1::new(Hash::Md5, username, "a \"quoted\" realm", &secret))
    });
    assert_eq!(verdict, Verdict::Accepted { username: "b\\o\"b".into() });
}
