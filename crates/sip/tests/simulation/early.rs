//! Offers before the call is answered, against a peer whose messages are written out.

use bellbird_base::{FlowId, FlowInfo, Instant, Protocol, Seed};
use bellbird_sip::agent::{
    AccountConfig, Body, CallEvent, CallId, Config, Event, Input, Invite, Output, ResolveFailure, UserAgent,
};
use bellbird_sip::message::{Fields, HeaderName, Message};
use bellbird_sip::status::StatusCode;
use bellbird_sip::uri::Uri;

/// A user agent on one flow, with what it sent and told.
struct Line {
    ua: UserAgent,
    call: Option<CallId>,
    sent: Vec<String>,
    events: Vec<CallEvent>,
    cseq: u32,
}

const FLOW: FlowId = FlowId(u64::MAX);
const NOW: Instant = Instant::ORIGIN;

impl Line {
    fn new() -> (Self, bellbird_sip::agent::AccountId) {
        let mut ua = UserAgent::new(Config::default(), Seed::from_number(1), NOW);
        let account = ua.add_account(NOW, AccountConfig::local(Uri::parse("sip:alice@10.0.0.2").unwrap()));
        let info = FlowInfo {
            protocol: Protocol::Udp,
            local: "10.0.0.2:5060".parse().unwrap(),
            remote: "10.0.0.3:5060".parse().unwrap(),
        };
        ua.handle_input(Input::FlowOpened(NOW, FLOW, info));
        (Self { ua, call: None, sent: Vec::new(), events: Vec::new(), cseq: 1 }, account)
    }

    fn drain(&mut self) {
        loop {
            match self.ua.poll_output() {
                Output::Transmit(transmit) => self.sent.push(String::from_utf8(transmit.payload).unwrap()),
                Output::Event(Event::Call(call, event)) => {
                    self.call = Some(call);
                    self.events.push(event);
                }
                Output::Resolve(id, question) => {
                    let remote = bellbird_base::Remote {
                        protocol: Protocol::Udp,
                        address: "10.0.0.3:5060".parse().unwrap(),
                        server_name: question.host,
                        path: String::new(),
                    };
                    self.ua.handle_input(Input::Resolved(NOW, id, Ok::<_, ResolveFailure>(vec![remote])));
                }
                Output::Event(_) | Output::Connect(..) | Output::Close(_) => {}
                Output::Timeout(..) => return,
            }
        }
    }

    fn hear(&mut self, text: &str) {
        self.ua.handle_input(Input::Receive(NOW, FLOW, text.as_bytes()));
        self.drain();
    }

    fn offers(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, CallEvent::Offer(_))).count()
    }

    /// The last message sent that answers a request of this method.
    fn response_to(&self, method: &str) -> &str {
        let end = format!(" {method}");
        let answers = |text: &&String| {
            let message = Message::parse(text.as_bytes()).unwrap();
            message.status().is_some() && (&message).text(HeaderName::CSeq).is_some_and(|cseq| cseq.ends_with(&end))
        };
        self.sent.iter().rev().find(answers).map(String::as_str).unwrap()
    }

    fn status_of(&self, method: &str) -> u16 {
        Message::parse(self.response_to(method).as_bytes()).unwrap().status().unwrap().code()
    }

    /// A request of the peer in the dialog with these From and To.
    fn request(&mut self, method: &str, parties: &str, more: &str, body: &str) {
        self.cseq += 1;
        let cseq = self.cseq;
        self.hear(&format!(
            "{method} sip:alice@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bK-{method}-{cseq}\r\n\
             {parties}CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContact: <sip:bob@10.0.0.3>\r\n{more}{}",
            with_body(body)
        ));
    }

    fn respond(&mut self, answer: Result<&str, StatusCode>) {
        let call = self.call.unwrap();
        self.ua.respond_to_offer(NOW, call, answer.map(Body::sdp)).unwrap();
        self.drain();
    }
}

fn with_body(body: &str) -> String {
    match body {
        "" => "Content-Length: 0\r\n\r\n".to_owned(),
        body => format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
    }
}

fn field(text: &str, name: HeaderName<'_>) -> String {
    (&Message::parse(text.as_bytes()).unwrap()).text(name).unwrap().to_owned()
}

/// Called by bob, who knows 100rel; with early media sent if wanted. Gives From, To and Call-ID of bob's requests.
fn called(early: Option<&str>, offer: &str) -> (Line, String) {
    let (mut line, _) = Line::new();
    let head = "From: <sip:bob@10.0.0.3>;tag=b\r\nCall-ID: one\r\n";
    line.hear(&format!(
        "INVITE sip:alice@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bK-invite\r\n{head}\
         To: <sip:alice@10.0.0.2>\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:bob@10.0.0.3>\r\n\
         Supported: 100rel\r\n{}",
        with_body(offer)
    ));
    let call = line.call.unwrap();
    line.ua.ring(NOW, call, early.map(Body::sdp)).unwrap();
    line.drain();
    let to = field(line.sent.last().unwrap(), HeaderName::To);
    (line, format!("{head}To: {to}\r\n"))
}

fn rack(line: &Line) -> String {
    format!("RAck: {} 1 INVITE\r\n", field(line.response_to("INVITE"), HeaderName::RSeq))
}

#[test]
fn offer_in_prack_is_answered_in_its_200_and_the_call_waits_for_that() {
    let (mut line, parties) = called(Some("answer"), "offer");
    let call = line.call.unwrap();
    line.ua.answer(NOW, call, None).unwrap();
    let rack = rack(&line);
    line.request("PRACK", &parties, &rack, "second offer");
    assert_eq!((line.offers(), line.status_of("INVITE")), (1, 183));
    line.respond(Ok("second answer"));
    assert_eq!(line.status_of("PRACK"), 200);
    assert!(line.response_to("PRACK").ends_with("second answer"));
    assert_eq!(line.status_of("INVITE"), 200);
}

#[test]
fn update_after_the_first_exchange_is_answered_and_one_at_a_time() {
    let (mut line, parties) = called(Some("answer"), "offer");
    let rack = rack(&line);
    line.request("PRACK", &parties, &rack, "");
    line.request("UPDATE", &parties, "", "second offer");
    assert_eq!(line.offers(), 1);
    line.request("UPDATE", &parties, "", "third offer");
    assert_eq!(line.status_of("UPDATE"), 500);
    assert!(Message::parse(line.response_to("UPDATE").as_bytes()).unwrap().retry_after().is_some());
    line.respond(Err(StatusCode::NOT_ACCEPTABLE_HERE));
    assert_eq!(line.status_of("UPDATE"), 488);
    line.request("UPDATE", &parties, "", "fourth offer");
    line.respond(Ok("fourth answer"));
    assert!(line.response_to("UPDATE").ends_with("fourth answer"));
}

#[test]
fn update_before_the_callees_answer_comes_too_early() {
    let (mut line, parties) = called(None, "offer");
    line.request("UPDATE", &parties, "", "second offer");
    assert_eq!((line.offers(), line.status_of("UPDATE")), (0, 500));
    assert!(Message::parse(line.response_to("UPDATE").as_bytes()).unwrap().retry_after().is_some());
}

#[test]
fn update_that_meets_our_own_early_offer_is_glare() {
    let (mut line, parties) = called(Some("our offer"), "");
    line.request("UPDATE", &parties, "", "their offer");
    assert_eq!((line.offers(), line.status_of("UPDATE")), (0, 491));
}

#[test]
fn caller_who_gives_up_leaves_no_update_unanswered() {
    let (mut line, parties) = called(Some("answer"), "offer");
    let rack = rack(&line);
    line.request("PRACK", &parties, &rack, "");
    line.request("UPDATE", &parties, "", "second offer");
    line.request("BYE", &parties, "", "");
    assert_eq!((line.status_of("UPDATE"), line.status_of("INVITE")), (487, 487));
}

/// Calls bob, who sent this 183. Gives From, To and Call-ID of bob's requests.
fn calling(reliable: bool) -> (Line, String) {
    let (mut line, account) = Line::new();
    let invite = Invite::new(Uri::parse("sip:bob@10.0.0.3").unwrap(), Some(Body::sdp("offer")));
    line.call = Some(line.ua.invite(NOW, account, invite).unwrap());
    line.drain();
    let more = if reliable { "Require: 100rel\r\nRSeq: 7\r\n" } else { "" };
    let response = answer(&line, "183 Session Progress", more, "answer");
    line.hear(&response);
    let invite = &line.sent[0];
    let (from, id) = (field(invite, HeaderName::From), field(invite, HeaderName::CallId));
    (line, format!("From: <sip:bob@10.0.0.3>;tag=b\r\nTo: {from}\r\nCall-ID: {id}\r\n"))
}

fn answer(line: &Line, status: &str, more: &str, body: &str) -> String {
    let invite = line.sent.iter().find(|text| text.starts_with("INVITE")).unwrap();
    let copied = [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::CSeq];
    let fields: String =
        copied.into_iter().map(|name| format!("{}: {}\r\n", name.as_str(), field(invite, name))).collect();
    format!(
        "SIP/2.0 {status}\r\n{fields}To: <sip:bob@10.0.0.3>;tag=b\r\nContact: <sip:bob@10.0.0.3>\r\n{more}{}",
        with_body(body)
    )
}

#[test]
fn callee_may_offer_again_once_its_answer_was_reliable_and_the_2xx_repeats_nothing_new() {
    let (mut line, parties) = calling(true);
    assert!(line.sent.last().unwrap().starts_with("PRACK"));
    line.request("UPDATE", &parties, "", "second offer");
    assert_eq!(line.offers(), 1);
    line.respond(Ok("second answer"));
    assert!(line.response_to("UPDATE").ends_with("second answer"));
    let success = answer(&line, "200 OK", "", "answer");
    line.hear(&success);
    assert!(line.events.iter().any(|event| matches!(event, CallEvent::Answered { answer: None })));
}

#[test]
fn callee_that_offers_before_its_answer_is_reliable_meets_our_offer() {
    let (mut line, parties) = calling(false);
    line.request("UPDATE", &parties, "", "second offer");
    assert_eq!((line.offers(), line.status_of("UPDATE")), (0, 491));
}

#[test]
fn call_that_is_answered_while_an_early_offer_is_with_the_user_answers_it_all_the_same() {
    let (mut line, parties) = calling(true);
    line.request("UPDATE", &parties, "", "second offer");
    let success = answer(&line, "200 OK", "", "");
    line.hear(&success);
    line.respond(Ok("second answer"));
    assert!(line.response_to("UPDATE").ends_with("second answer"));
}
