use super::*;

fn parse(text: &str) -> Result<Message<'_>, Refusal> {
    Message::parse(text.as_bytes())
}

const HEAD: &str = "Via: SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776;rport\r\nTo: Bob <sip:bob@example.com>\r\n\
    From: \"Alice\" <sip:alice@example.com>;tag=19\r\nCall-ID: a84b4c76@pc33\r\nCSeq: 314159 INVITE\r\n";

fn invite(fields: &str) -> String {
    format!("INVITE sip:bob@example.com SIP/2.0\r\n{HEAD}{fields}\r\n")
}

#[test]
fn essential_fields_are_typed() {
    let text = invite("");
    let message = parse(&text).unwrap();
    assert_eq!(*message.method(), Method::Invite);
    assert_eq!(message.uri().unwrap().user(), Some("bob"));
    assert_eq!(message.via().branch(), Some("z9hG4bK776"));
    assert_eq!(message.via().port, Some(5066));
    assert_eq!(message.from().display_name().unwrap(), "Alice");
    assert_eq!(message.from().tag(), Some("19"));
    assert_eq!(message.to().tag(), None);
    assert_eq!(message.call_id(), "a84b4c76@pc33");
    assert_eq!(message.cseq().sequence, 314_159);
}

#[test]
fn list_fields_join_lines_and_commas() {
    let text = invite("Contact: <sip:a,c@b>;q=0.5, \"x,y\" <sip:c@d>\r\nm: *\r\nSupported: a , b\r\nk:\r\nk: c\r\n");
    let message = parse(&text).unwrap();
    let contacts: Vec<_> = message.contacts().map(Result::unwrap).collect();
    assert_eq!(contacts.len(), 3);
    assert!(matches!(contacts[2], Contact::Any));
    assert_eq!(message.tokens(HeaderName::Supported).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn broken_value_in_a_list_costs_only_itself() {
    let text = invite("Record-Route: <sip:a>, <nonsense, <sip:b>, sip:c d\r\nRecord-Route: <sip:e;lr>\r\n");
    let message = parse(&text).unwrap();
    let good = message.addresses(HeaderName::RecordRoute).filter_map(Result::ok).map(|route| route.uri.to_string());
    assert_eq!(good.collect::<Vec<_>>(), ["sip:a", "sip:e;lr"]);
}

#[test]
fn bytes_that_are_no_utf8_cost_only_their_field() {
    let mut bytes = b"INVITE sip:bob@example.com SIP/2.0\r\nSubject: \xff\xfe\r\nOrganization: ok\r\n".to_vec();
    bytes.extend_from_slice(HEAD.as_bytes());
    bytes.extend_from_slice(b"\r\n");
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.text(HeaderName::Subject), None);
    assert_eq!(message.text(HeaderName::Organization), Some("ok"));
    assert_eq!(message.lines(HeaderName::Subject).next(), Some(&b"\xff\xfe"[..]));
}

#[test]
fn display_name_in_latin_1_does_not_cost_the_call() {
    let text = invite("").replace("Alice", "Ren@");
    let bytes: Vec<u8> = text.bytes().collect();
    let at = text.find("Ren@").unwrap() + 3;
    let mut latin = bytes.clone();
    latin[at] = 0xe9;
    let message = Message::parse(&latin).unwrap();
    assert_eq!(message.from().tag(), Some("19"));
    assert_eq!(message.from().display_name(), None);
}

#[test]
fn without_content_length_the_body_goes_to_the_end() {
    let text = invite("Content-Type: text/plain\r\n") + "hello";
    assert_eq!(parse(&text).unwrap().body(), b"hello");
}

#[test]
fn bytes_behind_content_length_are_ignored() {
    let text = invite("l: 2\r\n") + "hello";
    assert_eq!(parse(&text).unwrap().body(), b"he");
}

#[test]
fn content_length_beyond_the_datagram_is_refused() {
    let text = invite("Content-Length: 9999\r\n") + "hello";
    let refusal = parse(&text).unwrap_err();
    assert_eq!(refusal.fault, Fault::Truncated);
    assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
    assert!(!refusal.is_silent());
}

#[test]
fn negative_content_length_is_refused() {
    let text = invite("Content-Length: -9\r\n");
    assert_eq!(parse(&text).unwrap_err().fault, Fault::Malformed("Content-Length"));
}

#[test]
fn different_content_lengths_are_refused_and_equal_ones_are_not() {
    assert_eq!(parse(&invite("l: 0\r\nl: 1\r\n")).unwrap_err().fault, Fault::Repeated("Content-Length"));
    assert!(parse(&invite("l: 0\r\nl: 0\r\n")).is_ok());
}

#[test]
fn unknown_version_is_answered_with_505() {
    let text = invite("").replacen("SIP/2.0", "SIP/7.0", 1);
    assert_eq!(parse(&text).unwrap_err().status, StatusCode::VERSION_NOT_SUPPORTED);
}

#[test]
fn keep_alive_and_garbage_are_dropped() {
    assert_eq!(parse("\r\n\r\n").unwrap_err().fault, Fault::Empty);
    assert!(parse("GET / HTTP/1.1\r\n\r\n").unwrap_err().is_silent());
    assert!(Message::parse(&[0x16, 3, 1, 0, 5, 0]).unwrap_err().is_silent());
    assert!(Message::parse(&[]).unwrap_err().is_silent());
}

#[test]
fn message_that_breaks_off_in_its_head_is_refused() {
    let text = invite("Subject: nev");
    let text = text.trim_end();
    assert_eq!(parse(text).unwrap_err().fault, Fault::Truncated);
}

#[test]
fn many_fields_spill_up_to_a_bound() {
    let many: String = (0..200).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let text = invite(&many);
    assert_eq!(parse(&text).unwrap().text(HeaderName::Other("x-199")), Some("199"));
    let too_many: String = (0..300).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let text = invite(&too_many);
    let refusal = parse(&text).unwrap_err();
    assert_eq!(refusal.status, StatusCode::MESSAGE_TOO_LARGE);
    assert!(refusal.response("t").is_some());
}

#[test]
fn line_ends_without_carriage_return_are_read() {
    let text = invite("Subject: a\r\n b\r\n").replace("\r\n", "\n");
    assert_eq!(parse(&text).unwrap().text(HeaderName::Subject), Some("a\n b"));
}

#[test]
fn response_is_read_with_and_without_reason() {
    let text = format!("SIP/2.0 180\r\n{HEAD}\r\n");
    let message = parse(&text).unwrap();
    assert_eq!((message.status(), message.reason()), (Some(StatusCode::RINGING), ""));
    let text = format!("SIP/2.0 486 Busy Here Now\r\n{HEAD}\r\n");
    assert_eq!(parse(&text).unwrap().reason(), "Busy Here Now");
}

#[test]
fn multipart_body_is_opened() {
    let fields = "Content-Type: multipart/mixed; boundary=b1\r\n";
    let text = invite(fields) + "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--\r\n";
    let message = parse(&text).unwrap();
    let sdp = message.parts().find(|part| part.content_type.is_some_and(|found| found.is("application/sdp"))).unwrap();
    assert_eq!(sdp.body, b"v=0");
}

#[test]
fn debug_output_names_nobody() {
    let text = invite("");
    assert_eq!(format!("{:?}", parse(&text).unwrap()), "Message(INVITE, 0 bytes body)");
}
