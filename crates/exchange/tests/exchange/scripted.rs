//! A desk phone that speaks bytes, key by key, in the dialects of Yealink and Polycom.

use std::sync::Arc;

use bellbird_base::{Duration, FlowId, FlowInfo, Instant, Protocol, Seed};
use bellbird_exchange::directory::Directory;
use bellbird_exchange::notifier::feature::NAMESPACE;
use bellbird_exchange::{Command, Exchange, ExchangeConfig, Input, Output, StoreId, StoreRequest};
use bellbird_sip::digest::{Challenge, Login, Secret, Session, Subject};
use bellbird_sip::message::{Fields, HeaderName, Message};

use crate::office::{ALICE, START, parts};

const FLOW: FlowId = FlowId(u64::MAX - 1);

struct Script {
    exchange: Exchange,
    now: Instant,
    cseq: u32,
    heard: Vec<String>,
    stores: Vec<(StoreId, StoreRequest)>,
    to: String,
}

impl Script {
    fn new() -> Self {
        let now = Instant::ORIGIN + Duration::from_secs(1);
        let mut exchange = Exchange::new(ExchangeConfig::default(), &Seed::from_number(1), now, START);
        let directory = Arc::new(Directory::new(parts()));
        exchange.handle_input(Input::Command(now, Command::SetDirectory(directory)));
        let (local, remote) = ("10.0.0.1:5060".parse().unwrap(), "10.0.1.1:5060".parse().unwrap());
        exchange.handle_input(Input::FlowOpened(now, FLOW, FlowInfo { protocol: Protocol::Udp, local, remote }));
        let to = "<sip:alice-desk@example.test>".to_owned();
        Self { exchange, now, cseq: 0, heard: Vec::new(), stores: Vec::new(), to }
    }

    fn drain(&mut self) {
        loop {
            match self.exchange.poll_output() {
                Output::Transmit(transmit) => self.heard.push(String::from_utf8(transmit.payload).unwrap()),
                Output::Store(id, request) => self.stores.push((id, request)),
                Output::Timeout(_) => return,
                _ => {}
            }
        }
    }

    /// Sends a SUBSCRIBE and gives what came back since.
    fn subscribe(&mut self, body: &str, authorization: Option<&str>) -> Vec<String> {
        self.cseq += 1;
        let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        let text = format!(
            "SUBSCRIBE sip:alice-desk@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bK{}\r\n\
             From: <sip:alice-desk@example.test>;tag=phone\r\nTo: {}\r\nCall-ID: script\r\nCSeq: {} SUBSCRIBE\r\n\
             Contact: <sip:alice-desk@10.0.1.1:5060>\r\nEvent: as-feature-event\r\nExpires: 2147483647\r\n\
             Max-Forwards: 70\r\n{authorization}Content-Type: application/x-as-feature-event+xml\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.cseq,
            self.to,
            self.cseq,
            body.len()
        );
        self.say(&text)
    }

    fn say(&mut self, text: &str) -> Vec<String> {
        self.exchange.handle_input(Input::Receive(self.now, FLOW, text.as_bytes()));
        self.drain();
        std::mem::take(&mut self.heard)
    }

    /// Sends it, is challenged, and sends it again with the password.
    fn press(&mut self, body: &str) -> Vec<String> {
        let challenged = self.subscribe(body, None);
        let answer = answer(challenged.iter().find(|text| text.starts_with("SIP/2.0 401")).unwrap());
        self.subscribe(body, Some(&answer))
    }

    fn wait(&mut self, millis: u64) -> Vec<String> {
        self.now += Duration::from_millis(millis);
        self.exchange.handle_input(Input::Timeout(self.now));
        self.drain();
        std::mem::take(&mut self.heard)
    }

    /// Takes a NOTIFY.
    fn take(&mut self, notify: &str) {
        let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let head: Vec<&str> = notify.lines().filter(|line| copied.iter().any(|name| line.starts_with(name))).collect();
        self.say(&format!("SIP/2.0 200 OK\r\n{}\r\nContent-Length: 0\r\n\r\n", head.join("\r\n")));
    }

    fn store_all(&mut self) -> Vec<StoreRequest> {
        let stores = std::mem::take(&mut self.stores);
        for (id, _) in &stores {
            self.exchange.handle_input(Input::Stored(self.now, *id, Ok(())));
        }
        self.drain();
        stores.into_iter().map(|(_, request)| request).collect()
    }
}

fn answer(challenged: &str) -> String {
    let message = Message::parse(challenged.as_bytes()).unwrap();
    let challenge = Challenge::parse((&message).text(HeaderName::WwwAuthenticate).unwrap()).unwrap();
    let login = Login::Password { username: "alice-desk".into(), secret: Secret::new("secret") };
    let subject = Subject { method: "SUBSCRIBE", uri: "sip:alice-desk@example.test", body: b"" };
    Session::new(&challenge, "cnonce").unwrap().authorize(&login, &subject).unwrap()
}

fn yealink(on: bool) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<SetDoNotDisturb xmlns=\"{NAMESPACE}\">\n  \
         <device>alice-desk</device>\n  <doNotDisturbOn>{on}</doNotDisturbOn>\n</SetDoNotDisturb>\n"
    )
}

fn polycom(on: bool) -> String {
    format!(
        "<?xml version='1.0'?><csta:SetDoNotDisturb xmlns:csta='{NAMESPACE}'><csta:device/>\
         <csta:doNotDisturbOn>{on}</csta:doNotDisturbOn></csta:SetDoNotDisturb>"
    )
}

/// Subscribed, and told everything.
fn subscribed() -> Script {
    let mut script = Script::new();
    let heard = script.press("");
    let accepted = heard.iter().find(|text| text.starts_with("SIP/2.0 200")).unwrap();
    assert!(accepted.contains("Expires: 3600"), "{accepted}");
    assert!(!heard.iter().any(|text| text.starts_with("NOTIFY")), "phones want a moment");
    script.to = accepted.lines().find_map(|line| line.strip_prefix("To: ")).unwrap().to_owned();
    let news = script.wait(300);
    assert!(news[0].contains("multipart/mixed") && news[0].contains("<doNotDisturbOn>false"), "{}", news[0]);
    script.take(&news[0]);
    script
}

#[test]
fn a_key_in_the_subscription_counts_once_it_is_proved_and_stored() {
    for dialect in [yealink, polycom] {
        let mut script = subscribed();
        let challenged = script.subscribe(&dialect(true), None);
        assert!(challenged[0].starts_with("SIP/2.0 401"), "{}", challenged[0]);
        assert!(script.stores.is_empty());
        let pending = script.subscribe(&dialect(true), Some(&answer(&challenged[0])));
        assert!(pending.is_empty(), "nothing is acknowledged before it is stored: {pending:?}");
        let stored = script.store_all();
        assert!(matches!(&stored[..], [StoreRequest::Dnd { user: ALICE, act }] if act.on), "{stored:?}");
        let StoreRequest::Dnd { act, .. } = stored[0].clone() else { return };
        assert!(script.heard.iter().any(|text| text.starts_with("SIP/2.0 200")));
        let mut parts = parts();
        parts.users[0].dnd.merge(act);
        let command = Command::SetDirectory(Arc::new(Directory::new(parts)));
        script.exchange.handle_input(Input::Command(script.now, command));
        script.drain();
        let news: Vec<&String> = script.heard.iter().filter(|text| text.starts_with("NOTIFY")).collect();
        assert!(!news.is_empty());
    }
}

#[test]
fn a_phone_that_repeats_what_it_was_told_presses_no_key() {
    let mut script = subscribed();
    let challenged = script.subscribe(&yealink(false), None);
    let accepted = script.subscribe(&yealink(false), Some(&answer(&challenged[0])));
    assert!(accepted.iter().any(|text| text.starts_with("SIP/2.0 200")), "{accepted:?}");
    assert!(script.stores.is_empty());
    script.wait(3000);
    let challenged = script.subscribe(&yealink(false), None);
    script.subscribe(&yealink(false), Some(&answer(challenged.iter().find(|text| text.contains(" 401 ")).unwrap())));
    assert_eq!(script.stores.len(), 1, "later it is an act again");
}

#[test]
fn an_unreadable_key_is_refused() {
    let mut script = subscribed();
    let refused = script.subscribe("<!DOCTYPE a [<!ENTITY b \"c\">]><SetDoNotDisturb/>", None);
    assert!(refused[0].starts_with("SIP/2.0 400"), "{}", refused[0]);
}
