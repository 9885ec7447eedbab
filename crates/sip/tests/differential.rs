//! Beside rsip and rsipstack: where they accept a message and can read a field, we read the same.
//!
//! They refuse much that we accept and accept some that RFC 4475 wants refused; only what both sides read is compared.

#![allow(clippy::unwrap_used)] // Helpers of tests panic like the tests themselves.

use bellbird_base::{Rng, Seed};
use bellbird_sip::message::{Message, StartLine};

/// What one parser reads of a message; `None` is a field that it can't read.
#[derive(Debug, Default)]
struct Reading {
    start: Option<String>,
    call_id: Option<String>,
    sequence: Option<u32>,
    from_tag: Option<String>,
    to_tag: Option<String>,
    branch: Option<String>,
    body: Option<Vec<u8>>,
}

macro_rules! peer {
    ($function:ident, $peer:ident $(:: $path:ident)*, $message:path) => {
        fn $function(bytes: &[u8]) -> Option<Reading> {
            use $message as SipMessage;
            use $peer $(:: $path)* ::*;
            let message = SipMessage::try_from(bytes).ok()?;
            let start = match &message {
                SipMessage::Request(request) => request.method().to_string(),
                SipMessage::Response(response) => response.status_code().code().to_string(),
            };
            let body = match &message {
                SipMessage::Request(request) => request.body().clone(),
                SipMessage::Response(response) => response.body().clone(),
            };
            let tag = |tag: Option<_>| tag.map(|tag: String| tag);
            let via = message.via_header().ok().and_then(|via| via.typed().ok());
            Some(Reading {
                start: Some(start),
                call_id: message.call_id_header().ok().map(|call_id| call_id.value().to_string()),
                sequence: message.cseq_header().ok().and_then(|cseq| cseq.seq().ok()),
                from_tag: tag(message.from_header().ok().and_then(|from| Some(from.tag().ok()??.value().to_string()))),
                to_tag: tag(message.to_header().ok().and_then(|to| Some(to.tag().ok()??.value().to_string()))),
                branch: via.and_then(|via| via.branch().map(|branch| branch.value().to_string())),
                body: Some(body),
            })
        }
    };
}

peer!(rsip, rsip::prelude, rsip::SipMessage);
peer!(rsipstack, rsipstack::sip::prelude, rsipstack::sip::SipMessage);

fn bellbird(bytes: &[u8]) -> Option<Reading> {
    let message = Message::parse(bytes).ok()?;
    let start = match message.start() {
        StartLine::Request { method, .. } => method.to_string(),
        StartLine::Response { status, .. } => status.to_string(),
    };
    Some(Reading {
        start: Some(start),
        call_id: Some(message.call_id().to_owned()),
        sequence: Some(message.cseq().sequence),
        from_tag: message.from().tag().map(str::to_owned),
        to_tag: message.to().tag().map(str::to_owned),
        branch: message.via().branch().map(str::to_owned),
        body: Some(message.body().to_vec()),
    })
}

/// What both read, and differently. `None`: the peer refuses the message.
fn differences(bytes: &[u8], peer: fn(&[u8]) -> Option<Reading>) -> Option<Vec<&'static str>> {
    // rsip panics on some input: that is a refusal too.
    let theirs = std::panic::catch_unwind(|| peer(bytes)).ok().flatten()?;
    let Some(ours) = bellbird(bytes) else { return Some(Vec::new()) };
    let differ = [
        ("start line", both(&ours.start, &theirs.start)),
        ("Call-ID", both(&ours.call_id, &theirs.call_id)),
        ("CSeq", both(&ours.sequence, &theirs.sequence)),
        ("From tag", both(&ours.from_tag, &theirs.from_tag)),
        ("To tag", both(&ours.to_tag, &theirs.to_tag)),
        ("branch", both(&ours.branch, &theirs.branch)),
        ("body", both(&ours.body, &theirs.body)),
    ];
    Some(differ.into_iter().filter(|(_, differ)| *differ).map(|(field, _)| field).collect())
}

fn both<T: PartialEq>(ours: &Option<T>, theirs: &Option<T>) -> bool {
    ours.is_some() && theirs.is_some() && ours != theirs
}

#[test]
fn usual_messages_are_read_alike() {
    for seed in 0..2_000 {
        let bytes = usual_message(&mut Rng::new(&Seed::from_number(seed)));
        assert!(bellbird(&bytes).is_some(), "seed {seed}");
        assert_eq!(differences(&bytes, rsip), Some(Vec::new()), "rsip, seed {seed}");
        assert_eq!(differences(&bytes, rsipstack), Some(Vec::new()), "rsipstack, seed {seed}");
    }
}

/// What the peers misread: peer, message, field.
const MISREAD: &[(&str, &str, &str)] = &[
    // Takes what lies behind Content-Length for body.
    ("rsip", "dblreq", "body"),
    // Loses a body without Content-Length.
    ("rsipstack", "inv2543", "body"),
];

#[test]
fn torture_messages_are_read_alike_but_for_what_peers_misread() {
    let mut misread = Vec::new();
    for (name, bytes) in torture_messages() {
        for (peer, read) in [("rsip", rsip as fn(&[u8]) -> _), ("rsipstack", rsipstack)] {
            let fields = differences(&bytes, read).unwrap_or_default();
            misread.extend(fields.into_iter().map(|field| (peer, name.clone(), field)));
        }
    }
    misread.sort();
    let misread: Vec<_> = misread.iter().map(|(peer, name, field)| (*peer, name.as_str(), *field)).collect();
    assert_eq!(misread, MISREAD);
}

fn torture_messages() -> Vec<(String, Vec<u8>)> {
    let folders = ["rfc4475", "rfc5118"].map(|name| format!("{}/tests/torture/{name}", env!("CARGO_MANIFEST_DIR")));
    let paths = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

/// A message as phones and servers send it, without anything that the peers are known to refuse.
fn usual_message(rng: &mut Rng) -> Vec<u8> {
    let method = pick(rng, &["INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "NOTIFY", "SUBSCRIBE", "INFO"]);
    let host = pick(rng, &["example.com", "192.0.2.7", "pbx.example.com:5080"]);
    let start = match rng.below(3) {
        0 => format!("SIP/2.0 {}", pick(rng, &["100 Trying", "180 Ringing", "200 OK", "404 Not Found", "603 Decline"])),
        _ => format!("{method} sip:{}@{host} SIP/2.0", rng.token(6)),
    };
    let from =
        format!("{}<sip:{}@{host}>;tag={}", pick(rng, &["", "\"Alice A\" ", "Bob "]), rng.token(4), rng.token(8));
    let to = match rng.below(2) {
        0 => format!("<sip:{}@{host}>", rng.token(4)),
        _ => format!("\"To; x\" <sip:{}@{host};user=phone>;tag={}", rng.token(4), rng.token(8)),
    };
    let transport = pick(rng, &["UDP", "TCP", "TLS"]);
    let mut fields = [
        format!("Via: SIP/2.0/{transport} {host};branch=z9hG4bK{}{}", rng.token(8), pick(rng, &["", ";rport"])),
        format!("From: {from}"),
        format!("To: {to}"),
        format!("Call-ID: {}@{}", rng.token(10), rng.token(5)),
        format!("CSeq: {} {method}", rng.below(1 << 31)),
        format!("Max-Forwards: {}", rng.below(71)),
        format!("Contact: <sip:{}@{host}>", rng.token(4)),
        format!("User-Agent: {}", rng.token(12)),
    ];
    for _ in 0..rng.below(4) {
        let at = usize::try_from(rng.below(fields.len() as u64)).unwrap();
        fields.swap(0, at);
    }
    let body = if rng.below(2) == 0 { String::new() } else { format!("v=0\r\ns={}\r\n", rng.token(9)) };
    let length = body.len();
    format!("{start}\r\n{}\r\nContent-Length: {length}\r\n\r\n{body}", fields.join("\r\n")).into_bytes()
}

fn pick(rng: &mut Rng, choices: &[&'static str]) -> &'static str {
    choices[usize::try_from(rng.below(choices.len() as u64)).unwrap()]
}
