//! A telephone provider played by sipp: it takes calls and registrations, answers OPTIONS, and calls in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, interval};

use crate::namespace::Place;
use crate::ports::free_port;
use crate::process::{Log, Process};
use crate::stage::Stage;

const LIMIT: Duration = Duration::from_secs(30);
/// How often sipp's log is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// What it does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// Rings, answers, and sends back the sound that it gets.
    Answered,
    /// The same, but for calls without an offer, which it refuses (488) as some gateways do.
    AnsweredWithOffer,
    /// Rings for ever.
    Rings,
    /// Refuses with this status and reason.
    Refused(u16, &'static str),
}

/// A running provider.
#[derive(Debug)]
pub struct Provider {
    process: Process,
    host: String,
    port: u16,
    messages: PathBuf,
    /// Call-IDs of INVITEs that were told.
    told: Vec<String>,
}

/// A request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(String);

impl Request {
    /// Its first line.
    pub fn line(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    /// A header field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split(':').next().is_some_and(|known| known.eq_ignore_ascii_case(name));
        let line = self.0.lines().take_while(|line| !line.is_empty()).find(named)?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Provider {
    /// Takes calls from everybody who finds it at this address of loopback (`127.0.0.2`: not the server's own).
    pub async fn start(stage: &Stage, host: &str, calls: Calls) -> Self {
        Self::start_at(stage, Place::loopback(host), calls, None).await
    }

    /// Takes calls of whoever registered with this user name and password.
    pub async fn registering(stage: &Stage, host: &str, calls: Calls, user: &str, secret: &str) -> Self {
        Self::start_at(stage, Place::loopback(host), calls, Some((user, secret))).await
    }

    /// The same anywhere.
    pub async fn start_at(stage: &Stage, place: Place<'_>, calls: Calls, account: Option<(&str, &str)>) -> Self {
        let (port, media_port) = (free_port(), free_port());
        // It takes the pair after its audio for video.
        let _video_port = free_port();
        let folder = stage.subfolder(&format!("provider-{port}"));
        let (script, messages) = (folder.join("provider.xml"), folder.join("messages.log"));
        std::fs::write(&script, scenario(calls, account)).expect("the test's folder can be written");
        let mut command = place.command("sipp");
        command.arg("-sf").arg(&script).args(["-i", place.host, "-nostdin", "-rtp_echo"]);
        command.args(["-p", &port.to_string(), "-mi", place.host, "-mp", &media_port.to_string()]);
        command.args(["-trace_err", "-error_file"]).arg(folder.join("errors.log"));
        command.args(["-trace_msg", "-message_file"]).arg(&messages).current_dir(&folder);
        let process = stage.start(&format!("provider {}:{port}", place.host), command);
        let provider = Self { process, host: place.host.to_owned(), port, messages, told: Vec::new() };
        provider.listens().await;
        provider
    }

    /// Asks the system who has its port, as taking it would be in its way.
    async fn listens(&self) {
        let (mut look, end) = (interval(LOOK), Instant::now() + LIMIT);
        let port = format!(":{:04X} ", self.port);
        while !self.process.datagram_sockets().contains(&port) {
            look.tick().await;
            assert!(Instant::now() < end, "the provider does not listen; it said: {}", self.log().text());
        }
    }

    /// Host and port.
    pub fn socket(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Its settings as a trunk that is known by its address.
    pub fn settings(&self, name: &str) -> Value {
        json!({
            "name": name, "servers": [self.socket()], "transport": "udp",
            "link": { "kind": "byAddress", "from": [self.host] }, "calledNumber": "requestUri",
            "outgoingFormat": "e164", "country": "NL", "mostCalls": 4, "active": true, "order": 1,
        })
    }

    /// Waits for the next call and gives its INVITE.
    pub async fn invite(&mut self) -> Request {
        let (mut look, end) = (interval(LOOK), Instant::now() + LIMIT);
        loop {
            look.tick().await;
            let fresh = self
                .requests("INVITE")
                .into_iter()
                .find(|invite| invite.field("Call-ID").is_some_and(|id| !self.told.iter().any(|told| told == id)));
            if let Some(invite) = fresh {
                self.told.extend(invite.field("Call-ID").map(str::to_owned));
                return invite;
            }
            assert!(Instant::now() < end, "no INVITE at {} within {LIMIT:?}", self.socket());
        }
    }

    /// Waits for a request of this kind.
    pub async fn request(&self, method: &str) -> Request {
        let (mut look, end) = (interval(LOOK), Instant::now() + LIMIT);
        loop {
            look.tick().await;
            if let Some(request) = self.requests(method).pop() {
                return request;
            }
            assert!(Instant::now() < end, "no {method} at {} within {LIMIT:?}", self.socket());
        }
    }

    /// All requests of this kind so far, repeated ones too.
    pub fn requests(&self, method: &str) -> Vec<Request> {
        let log = std::fs::read(&self.messages).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).replace("\r\n", "\n");
        let received = log
            .split("-----------------------------------------------")
            .filter(|part| part.contains("message received"));
        let requests =
            received.filter_map(|part| part.split_once("bytes :\n\n").map(|(_, message)| message.to_owned()));
        requests.filter(|message| message.starts_with(&format!("{method} "))).map(Request).collect()
    }

    /// What sipp printed.
    pub fn log(&self) -> &Log {
        &self.process.log
    }

    /// Is gone from one moment to the next.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }
}

/// A call that comes in from the outside.
#[derive(Clone, Debug)]
pub struct OutsideCall<'a> {
    /// From where: the trunk's address.
    pub place: Place<'a>,
    /// The number in the Request-URI and To.
    pub to: &'a str,
    /// The number in From.
    pub from: &'a str,
    /// More header fields, each with its line's end.
    pub more: &'a str,
    /// The final status that it has to get; after 200 it talks for a while and hangs up.
    pub ends_with: u16,
    /// How long that is.
    pub talks: Duration,
    /// What it says, as raw A-law ([`Speech::as_alaw`](crate::Speech::as_alaw)); without it sends back the sound that it
    /// gets, which our own phone does not listen to (RFC 3550 §8.2).
    pub says: Option<&'a Path>,
}

impl OutsideCall<'_> {
    /// Calls the server and sees the call through.
    pub async fn run(&self, stage: &Stage, server: &str) {
        let mut process = self.start(stage, server);
        let code = process.exit_code(LIMIT).await;
        assert_eq!(code, 0, "the call of {} to {} did not end with {}", self.from, self.to, self.ends_with);
    }

    /// Calls the server.
    pub fn start(&self, stage: &Stage, server: &str) -> Process {
        let (port, media_port) = (free_port(), free_port());
        let _video_port = free_port();
        let folder = stage.subfolder(&format!("outside-call-{port}"));
        let script = folder.join("call.xml");
        std::fs::write(&script, self.scenario()).expect("the test's folder can be written");
        let mut command = self.place.command("sipp");
        command.arg("-sf").arg(&script).args(["-i", self.place.host, "-mi", self.place.host, "-m", "1"]);
        if self.says.is_none() {
            command.arg("-rtp_echo");
        }
        command.args(["-nostdin", "-timeout", "60", "-timeout_error"]);
        command.args(["-p", &port.to_string(), "-mp", &media_port.to_string(), "-trace_err", "-error_file"]);
        command.arg(folder.join("errors.log")).args(["-trace_msg", "-message_file"]).arg(folder.join("messages.log"));
        command.arg(server).current_dir(&folder);
        stage.start(&format!("call from {} to {}", self.from, self.to), command)
    }

    fn scenario(&self) -> String {
        let Self { to, from, more, ends_with, .. } = self;
        let head = |method: &str, line: &str, to_tag: &str, cseq: u32| {
            format!(
                "{line}\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nMax-Forwards: 70\n\
                 From: <sip:{from}@[local_ip]>;tag=[pid]o[call_number]\nTo: <sip:{to}@[remote_ip]>{to_tag}\n\
                 Call-ID: [call_id]\nCSeq: {cseq} {method}\nContact: <sip:{from}@[local_ip]:[local_port]>\n"
            )
        };
        let uri = format!("sip:{to}@[remote_ip]:[remote_port]");
        let invite = head("INVITE", &format!("INVITE {uri} SIP/2.0"), "", 1);
        let waits = "<recv response=\"100\" optional=\"true\"/><recv response=\"180\" optional=\"true\"/>\
                     <recv response=\"183\" optional=\"true\"/>";
        let invite = format!(
            "{}{waits}<recv response=\"{ends_with}\" rrs=\"true\"/>",
            send(&format!("{invite}{more}Content-Type: application/sdp\nContent-Length: [len]\n\n{SOUND}"), true)
        );
        if *ends_with != 200 {
            let ack = head("ACK", &format!("ACK {uri} SIP/2.0"), "[peer_tag_param]", 1);
            return document(&format!("{invite}{}", send(&format!("{ack}Content-Length: 0\n\n"), false)));
        }
        let ack = head("ACK", "ACK [next_url] SIP/2.0", "[peer_tag_param]", 1);
        let bye = head("BYE", "BYE [next_url] SIP/2.0", "[peer_tag_param]", 2);
        let speaks = self.says.map_or_else(String::new, |path| {
            format!("<nop><action><exec rtp_stream=\"{},-1,8\"/></action></nop>", path.display())
        });
        document(&format!(
            "{invite}{}{speaks}<pause milliseconds=\"{}\"/>{}<recv response=\"200\"/>",
            send(&format!("{ack}[routes]\nContent-Length: 0\n\n"), false),
            self.talks.as_millis(),
            send(&format!("{bye}[routes]\nContent-Length: 0\n\n"), true)
        ))
    }
}

const SOUND: &str = "v=0\no=- 1 1 IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n\
                     m=audio [media_port] RTP/AVP 8 0\na=rtpmap:8 PCMA/8000\na=rtpmap:0 PCMU/8000\na=sendrecv\n";

fn document(steps: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><scenario name=\"provider\">{steps}</scenario>\n")
}

fn send(message: &str, again: bool) -> String {
    let again = if again { " retrans=\"500\"" } else { "" };
    format!("<send{again}><![CDATA[\n\n{message}\n]]></send>\n")
}

fn reply(status: &str, more: &str) -> String {
    format!(
        "SIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]p[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n\
         [last_Record-Route:]\nContact: <sip:[local_ip]:[local_port]>\n{more}"
    )
}

/// One script for all that comes in: each Call-ID goes through it by itself.
fn scenario(calls: Calls, account: Option<(&str, &str)>) -> String {
    let empty = "Content-Length: 0\n\n";
    let options = send(&reply("200 OK", empty), false);
    let call = match calls {
        Calls::Refused(status, reason) => {
            format!("{}<recv request=\"ACK\"/>", send(&reply(&format!("{status} {reason}"), empty), true))
        }
        Calls::Rings => format!(
            "{}<recv request=\"CANCEL\"/>{}",
            send(&reply("180 Ringing", empty), false),
            send(&reply("200 OK", empty), false)
        ),
        Calls::Answered => answered(),
        Calls::AnsweredWithOffer => format!(
            "<nop test=\"offer\" next=\"offered\"/>{}<recv request=\"ACK\"/><nop next=\"end\"/>\
             <label id=\"offered\"/>{}",
            send(&reply("488 Not Acceptable Here", empty), true),
            answered()
        ),
    };
    let look = match calls {
        Calls::AnsweredWithOffer => {
            "<action><ereg regexp=\"m=audio\" search_in=\"msg\" check_it=\"false\" assign_to=\"offer\"/></action>"
        }
        Calls::Answered | Calls::Rings | Calls::Refused(..) => "",
    };
    let registers = account.map_or_else(String::new, |(user, secret)| register(user, secret));
    document(&format!(
        "<recv request=\"OPTIONS\" optional=\"true\" next=\"options\"/>\
         <recv request=\"REGISTER\" optional=\"true\" next=\"register\"/>\
         <recv request=\"INVITE\" next=\"call\">{look}</recv>\
         <label id=\"options\"/>{options}<nop next=\"end\"/>\
         <label id=\"register\"/>{registers}<nop next=\"end\"/>\
         <label id=\"call\"/>{call}\
         <label id=\"end\"/>"
    ))
}

/// Rings, answers, and answers what is offered in mid-call, until it is hung up.
fn answered() -> String {
    let empty = "Content-Length: 0\n\n";
    format!(
        "{}<label id=\"answer\"/>{}<recv request=\"ACK\"/>\
         <recv request=\"INVITE\" optional=\"true\" next=\"answer\"/><recv request=\"BYE\"/>{}",
        send(&reply("180 Ringing", empty), false),
        send(&reply("200 OK", &format!("Content-Type: application/sdp\nContent-Length: [len]\n\n{SOUND}")), true),
        send(
            "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n",
            false
        )
    )
}

/// Challenges once; then the same registration may come again and again.
fn register(user: &str, secret: &str) -> String {
    let challenge = "WWW-Authenticate: Digest realm=\"provider.example\", nonce=\"47ebe028cda119c35d4877b383027d28\", algorithm=MD5\nContent-Length: 0\n\n";
    let verify = format!(
        "<recv request=\"REGISTER\"><action>\
         <verifyauth assign_to=\"known\" username=\"{user}\" password=\"{secret}\"/></action></recv>\
         <nop next=\"right\" test=\"known\"/>"
    );
    // In one step with the jump: what comes in between two steps ends the script.
    let send_and_wait = |status, more| send(&reply(status, more), false).replace("<send>", "<send next=\"again\">");
    format!(
        "{}<label id=\"again\"/>{verify}{}<label id=\"right\"/>{}",
        send(&reply("401 Unauthorized", challenge), false),
        send_and_wait("403 Wrong password", "Content-Length: 0\n\n"),
        send_and_wait("200 OK", "Expires: 600\nContent-Length: 0\n\n"),
    )
}
