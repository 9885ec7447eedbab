//! A desk phone with feature keys (`as-feature-event`), scripted after what Yealink's, Polycom's and Cisco's send: no
//! package of Debian has such a phone. It is as picky as they are: what restarts a real one fails the test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use md5::{Digest as _, Md5};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::process::Log;
use crate::sip_account::SipAccount;
use crate::stage::Stage;

const NAMESPACE: &str = "http://www.ecma-international.org/standards/ecma-323/csta/ed3";
const CONTENT_TYPE: &str = "application/x-as-feature-event+xml";
const LIMIT: Duration = Duration::from_secs(20);
/// After this long a datagram is sent again (RFC 3261, T1).
const AGAIN: Duration = Duration::from_millis(500);

/// Whose phone it behaves like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// An XML declaration of another encoding, line breaks between elements, the line's number as device.
    Yealink,
    /// Prefixed elements, `0` and `1`, no device, subscribes for ever; without the namespace it restarts.
    Polycom,
    /// The device with its domain, everything on one line, and a body in the first SUBSCRIBE, too.
    Cisco,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Yealink, Self::Polycom, Self::Cisco];

    const fn user_agent(self) -> &'static str {
        match self {
            Self::Yealink => "Yealink SIP-T46S 66.86.0.15",
            Self::Polycom => "PolycomVVX-VVX_411-UA/5.9.6.2327",
            Self::Cisco => "Cisco/SPA504G-7.6.2c",
        }
    }

    const fn expires(self) -> u32 {
        match self {
            Self::Yealink => 1_800,
            Self::Polycom => 2_147_483_647,
            Self::Cisco => 3_600,
        }
    }

    fn device(self, account: &SipAccount) -> String {
        match self {
            Self::Yealink => account.user.clone(),
            Self::Polycom => String::new(),
            Self::Cisco => format!("{}@{}", account.user, account.domain),
        }
    }

    fn truth(self, on: bool) -> &'static str {
        match (self, on) {
            (Self::Polycom, true) => "1",
            (Self::Polycom, false) => "0",
            (Self::Yealink | Self::Cisco, true) => "true",
            (Self::Yealink | Self::Cisco, false) => "false",
        }
    }

    /// A document in its way of writing.
    fn document(self, root: &str, fields: &[(&str, &str)]) -> String {
        let written = |prefix: &str, between: &str| -> String {
            fields.iter().map(|(name, value)| format!("<{prefix}{name}>{value}</{prefix}{name}>{between}")).collect()
        };
        match self {
            Self::Yealink => format!(
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n<{root} xmlns=\"{NAMESPACE}\">\r\n{}</{root}>\r\n",
                written("", "\r\n")
            ),
            Self::Polycom => {
                format!("<csta:{root} xmlns:csta='{NAMESPACE}'>{}</csta:{root}>", written("csta:", ""))
            }
            Self::Cisco => format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><{root} xmlns=\"{NAMESPACE}\">{}</{root}>",
                written("", "")
            ),
        }
    }
}

/// What a phone was told about its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lamp {
    /// The key for Do Not Disturb.
    Dnd(bool),
    /// A forwarding: `forwardImmediate`, whether it is on, and where to.
    Forwarding(String, bool, String),
}

/// A running phone. It answers what it is asked and rings without ever picking up.
#[derive(Debug)]
pub struct FeaturePhone {
    dialect: Dialect,
    account: SipAccount,
    socket: Arc<UdpSocket>,
    log: Log,
    answers: UnboundedReceiver<Message>,
    notices: UnboundedReceiver<Message>,
    lamps: Vec<Lamp>,
    told: u32,
    rang: Arc<AtomicU32>,
    busy: Arc<AtomicBool>,
    subscription: Dialog,
}

/// The name of a dialog, of ours and of the other side.
#[derive(Clone, Debug)]
struct Dialog {
    call_id: String,
    tag: String,
    to_tag: Option<String>,
    cseq: u32,
}

impl Dialog {
    fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let (call_id, tag) = (format!("{name}-{number}-{}", std::process::id()), format!("{name}{number}"));
        Self { call_id, tag, to_tag: None, cseq: 0 }
    }
}

impl FeaturePhone {
    /// Registers, subscribes to its keys, and waits until it is told how they stand.
    pub async fn start(stage: &Stage, dialect: Dialect, account: &SipAccount) -> Self {
        let mut phone = Self::without_keys(stage, dialect, account).await;
        let status = phone.subscribe("").await;
        assert_eq!(status, 200, "{dialect:?} may subscribe");
        phone.hears_of_its_keys().await;
        phone
    }

    /// Registers, and never subscribes.
    pub async fn without_keys(stage: &Stage, dialect: Dialect, account: &SipAccount) -> Self {
        let mut phone = Self::unregistered(stage, dialect, account).await;
        let (dialog, uri) = (Dialog::new("register"), format!("sip:{}", account.domain));
        let contact = format!("Contact: <sip:{}@{}>\r\nExpires: 300\r\n", account.user, phone.address());
        let (status, _) = phone.asks("REGISTER", &uri, dialog, &contact, "").await;
        assert_eq!(status, 200, "{dialect:?} may register");
        phone
    }

    /// Only listens.
    pub async fn unregistered(stage: &Stage, dialect: Dialect, account: &SipAccount) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let server: SocketAddr = account.socket().parse().expect("the server's address");
        socket.connect(server).await.expect("loopback");
        let socket = Arc::new(socket);
        let log = stage.log(&format!("{dialect:?} phone {}", account.user));
        let ((answer, answers), (notice, notices)) = (unbounded_channel(), unbounded_channel());
        let (rang, busy) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        tokio::spawn(listen(socket.clone(), log.clone(), answer, notice, (rang.clone(), busy.clone())));
        let account = account.clone();
        let (lamps, subscription) = (Vec::new(), Dialog::new("keys"));
        Self { dialect, account, socket, log, answers, notices, lamps, told: 0, rang, busy, subscription }
    }

    /// Presses the key for Do Not Disturb; gives the status.
    pub async fn press_dnd(&mut self, on: bool) -> u16 {
        let body = self.dnd_body(on);
        self.subscribe(&body).await
    }

    /// Presses a key for forwarding (`forwardImmediate`, `forwardBusy`, `forwardNoAns`); gives the status.
    pub async fn press_forwarding(&mut self, kind: &str, to: Option<&str>) -> u16 {
        let device = self.dialect.device(&self.account);
        let fields = [
            ("device", device.as_str()),
            ("forwardingType", kind),
            ("activateForward", self.dialect.truth(to.is_some())),
            ("forwardDN", to.unwrap_or_default()),
        ];
        let body = self.dialect.document("SetForwarding", &fields);
        self.subscribe(&body).await
    }

    /// Cisco's enterprise firmware tells its own Do Not Disturb by PUBLISH; gives the status.
    pub async fn publish_dnd(&mut self, on: bool) -> u16 {
        let activity = if on { "<ce:dnd/>" } else { "<ce:available/>" };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
             xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:e=\"urn:ietf:params:xml:ns:pidf:status:rpid\" \
             xmlns:ce=\"urn:cisco:params:xml:ns:pidf:rpid\" entity=\"{0}\"><dm:person><e:activities>{activity}\
             </e:activities></dm:person></presence>",
            self.account.address()
        );
        let fields = "Event: presence\r\nExpires: 3600\r\nContent-Type: application/pidf+xml\r\n";
        let uri = self.account.address();
        self.asks("PUBLISH", &uri, Dialog::new("publish"), fields, &body).await.0
    }

    /// Asks the same without proving who it is; gives the status of the first answer.
    pub async fn press_dnd_unproved(&mut self, on: bool) -> u16 {
        let body = self.dnd_body(on);
        let dialog = Dialog { cseq: self.subscription.cseq + 100, ..self.subscription.clone() };
        let (request, _) = self.request("SUBSCRIBE", &self.account.address(), &dialog, &self.key_fields(&body), &body);
        let answer = self.exchange(&request, &dialog, "SUBSCRIBE").await;
        self.subscription.cseq = dialog.cseq;
        answer.status()
    }

    /// Dials something that is refused or confirmed by words; gives status and reason phrase.
    pub async fn dials(&mut self, number: &str) -> (u16, String) {
        let uri = format!("sip:{}@{}", number.replace('#', "%23"), self.account.domain);
        let address = self.address();
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {1} RTP/AVP 8\r\n",
            address.ip(),
            address.port() + 1
        );
        let fields = format!("Contact: <sip:{}@{address}>\r\nContent-Type: application/sdp\r\n", self.account.user);
        let (status, answer) = self.asks("INVITE", &uri, Dialog::new("call"), &fields, &body).await;
        (status, answer.reason())
    }

    /// The next that it is told about one of its keys.
    pub async fn lamp(&mut self) -> Lamp {
        if self.lamps.is_empty() {
            self.hears_of_its_keys().await;
        }
        self.lamps.remove(0)
    }

    /// Waits until it is told that Do Not Disturb is on or off, whatever else it is told before.
    pub async fn dnd_lamp_is(&mut self, on: bool) {
        while self.lamp().await != Lamp::Dnd(on) {}
    }

    /// Waits until it is told of such a forwarding.
    pub async fn forwarding_lamp_is(&mut self, kind: &str, on: bool, to: &str) {
        while self.lamp().await != Lamp::Forwarding(kind.to_owned(), on, to.to_owned()) {}
    }

    /// How often it was told something so far.
    pub fn told(&self) -> u32 {
        self.told
    }

    /// Says from now on that it is busy, after it rang.
    pub fn is_busy(&self) {
        self.busy.store(true, Ordering::Relaxed);
    }

    /// How often it rang so far.
    pub fn rang(&self) -> u32 {
        self.rang.load(Ordering::Relaxed)
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("a bound socket")
    }

    fn dnd_body(&self, on: bool) -> String {
        let device = self.dialect.device(&self.account);
        let fields = [("device", device.as_str()), ("doNotDisturbOn", self.dialect.truth(on))];
        self.dialect.document("SetDoNotDisturb", &fields)
    }

    fn key_fields(&self, body: &str) -> String {
        let kind = if body.is_empty() { String::new() } else { format!("Content-Type: {CONTENT_TYPE}\r\n") };
        let (user, address, expires) = (&self.account.user, self.address(), self.dialect.expires());
        format!(
            "Contact: <sip:{user}@{address}>\r\nEvent: as-feature-event\r\nAccept: {CONTENT_TYPE}, multipart/mixed\r\n\
             Expires: {expires}\r\n{kind}"
        )
    }

    async fn subscribe(&mut self, body: &str) -> u16 {
        let fields = self.key_fields(body);
        let (uri, dialog) = (self.account.address(), self.subscription.clone());
        let (status, answer) = self.asks("SUBSCRIBE", &uri, dialog, &fields, body).await;
        if status < 300 {
            self.subscription.to_tag = answer.to_tag();
            let granted = answer.field("Expires").and_then(|seconds| seconds.parse::<u32>().ok());
            assert!(granted.is_some_and(|seconds| (1..=3_600).contains(&seconds)), "granted for {granted:?} s");
        }
        status
    }

    /// Sends a request; answers a challenge.
    async fn asks(&mut self, method: &str, uri: &str, dialog: Dialog, fields: &str, body: &str) -> (u16, Message) {
        let mut dialog = Dialog { cseq: dialog.cseq + 1, ..dialog };
        let (request, branch) = self.request(method, uri, &dialog, fields, body);
        let mut answer = self.exchange(&request, &dialog, method).await;
        if method == "INVITE" {
            self.acknowledges(uri, &dialog, &branch, &answer).await;
        }
        if answer.status() == 401 {
            let proof = self.proof(method, uri, &answer);
            dialog.cseq += 1;
            let (request, branch) = self.request(method, uri, &dialog, &format!("{fields}{proof}"), body);
            answer = self.exchange(&request, &dialog, method).await;
            if method == "INVITE" {
                self.acknowledges(uri, &dialog, &branch, &answer).await;
            }
        }
        if dialog.call_id == self.subscription.call_id {
            self.subscription.cseq = dialog.cseq;
        }
        (answer.status(), answer)
    }

    /// A request, and its branch.
    fn request(&self, method: &str, uri: &str, dialog: &Dialog, fields: &str, body: &str) -> (String, String) {
        let branch = format!("z9hG4bK{}-{}{method}", dialog.call_id, dialog.cseq);
        let (address, own, Dialog { call_id, tag, cseq, .. }) = (self.address(), self.account.address(), dialog);
        let to = if method == "REGISTER" { own.clone() } else { uri.to_owned() };
        let to_tag = dialog.to_tag.as_ref().map_or_else(String::new, |tag| format!(";tag={tag}"));
        let (agent, length) = (self.dialect.user_agent(), body.len());
        let request = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: <{own}>;tag={tag}\r\nTo: <{to}>{to_tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             User-Agent: {agent}\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
        );
        (request, branch)
    }

    async fn acknowledges(&self, uri: &str, dialog: &Dialog, branch: &str, answer: &Message) {
        let (address, own, Dialog { call_id, tag, cseq, .. }) = (self.address(), self.account.address(), dialog);
        let to = answer.field("To").unwrap_or_default();
        let ack = format!(
            "ACK {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: <{own}>;tag={tag}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} ACK\r\nContent-Length: 0\r\n\r\n"
        );
        self.socket.send(ack.as_bytes()).await.expect("loopback");
    }

    /// Sends until a final answer comes.
    async fn exchange(&mut self, request: &str, dialog: &Dialog, method: &str) -> Message {
        let cseq = format!("{} {method}", dialog.cseq);
        let search = async {
            loop {
                self.log.add(format!("> {}", request.replace("\r\n", "\n  ")));
                self.socket.send(request.as_bytes()).await.expect("loopback");
                let wait = async {
                    loop {
                        let answer = self.answers.recv().await.expect("the phone listens");
                        let ours = answer.field("Call-ID") == Some(dialog.call_id.as_str())
                            && answer.field("CSeq") == Some(cseq.as_str());
                        if ours && answer.status() >= 200 {
                            return answer;
                        }
                    }
                };
                if let Ok(answer) = timeout(AGAIN, wait).await {
                    return answer;
                }
            }
        };
        timeout(LIMIT, search).await.unwrap_or_else(|_| panic!("no answer to {method}"))
    }

    /// RFC 7616 with MD5, as phones of this kind have it.
    fn proof(&self, method: &str, uri: &str, challenge: &Message) -> String {
        let challenges = challenge.fields("WWW-Authenticate");
        let challenge = challenges.iter().find(|line| line.contains("MD5") || !line.contains("algorithm"));
        let challenge = challenge.expect("a challenge for MD5");
        let part = |name: &str| -> &str {
            let from =
                challenge.find(&format!("{name}=\"")).map(|at| at + name.len() + 2).expect("a complete challenge");
            challenge[from..].split('"').next().expect("a quoted value")
        };
        let (realm, nonce, login, secret) = (part("realm"), part("nonce"), &self.account.login, &self.account.secret);
        let (count, client) = ("00000001", "0a4f113b");
        let known = hex(&format!("{login}:{realm}:{secret}"));
        let asked = hex(&format!("{method}:{uri}"));
        let response = hex(&format!("{known}:{nonce}:{count}:{client}:auth:{asked}"));
        format!(
            "Authorization: Digest username=\"{login}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm=MD5, cnonce=\"{client}\", qop=auth, nc={count}\r\n"
        )
    }

    async fn hears_of_its_keys(&mut self) {
        let notice = timeout(LIMIT, self.notices.recv()).await;
        let notice = notice.unwrap_or_else(|_| panic!("{:?}: no NOTIFY", self.dialect)).expect("the phone listens");
        self.told += 1;
        assert_eq!(notice.field("Event"), Some("as-feature-event"));
        assert!(notice.field("Subscription-State").is_some_and(|state| state.starts_with("active")));
        let kind = notice.field("Content-Type").unwrap_or_default();
        let lamps: Vec<Lamp> = match kind.split_once("boundary=") {
            Some((multipart, boundary)) => {
                assert!(multipart.starts_with("multipart/mixed"), "{kind}");
                let between = format!("--{}", boundary.trim_matches('"'));
                let parts = notice.body.split(&between).filter_map(|part| part.split_once("\r\n\r\n"));
                parts
                    .map(|(head, document)| {
                        assert!(head.contains(CONTENT_TYPE), "a part is {head}");
                        self.reads(document)
                    })
                    .collect()
            }
            None => {
                assert_eq!(kind, CONTENT_TYPE);
                vec![self.reads(&notice.body)]
            }
        };
        self.lamps.extend(lamps);
    }

    /// As picky as real ones: a missing namespace restarts Polycom's, a wrong one stops all of them from reading on.
    fn reads(&self, document: &str) -> Lamp {
        let text = document.trim();
        assert!(text.starts_with("<?xml version=\"1.0\""), "a declaration: {text}");
        let field = |name: &str| -> &str {
            let from = text.find(&format!("<{name}>")).map(|at| at + name.len() + 2);
            let from = from.unwrap_or_else(|| panic!("no {name} in {text}"));
            text[from..].split('<').next().unwrap_or_default()
        };
        let root = if text.contains("DoNotDisturbEvent") { "DoNotDisturbEvent" } else { "ForwardingEvent" };
        assert!(text.contains(&format!("<{root} xmlns=\"{NAMESPACE}\">")), "the namespace: {text}");
        let (device, own) = (field("device"), self.dialect.device(&self.account));
        // Until it has said how it calls itself it is called by its number.
        assert!(device == own || device == self.account.user, "{device} is not how it calls itself ({own})");
        let truth = |text: &str| text.parse::<bool>().unwrap_or_else(|_| panic!("{text} is neither true nor false"));
        match root {
            "DoNotDisturbEvent" => Lamp::Dnd(truth(field("doNotDisturbOn"))),
            _ => Lamp::Forwarding(
                field("forwardingType").to_owned(),
                truth(field("forwardStatus")),
                field("forwardTo").to_owned(),
            ),
        }
    }
}

/// A message that came in.
#[derive(Clone, Debug)]
struct Message {
    start: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Message {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let fields = lines.filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        Some(Self { start, fields, body: body.to_owned() })
    }

    fn field(&self, name: &str) -> Option<&str> {
        let known = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value.as_str())
    }

    fn fields(&self, name: &str) -> Vec<&str> {
        let known = self.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value.as_str()).collect()
    }

    fn is_response(&self) -> bool {
        self.start.starts_with("SIP/2.0 ")
    }

    fn status(&self) -> u16 {
        self.start.get(8..11).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    fn reason(&self) -> String {
        self.start.get(12..).unwrap_or_default().to_owned()
    }

    fn to_tag(&self) -> Option<String> {
        self.field("To")?.split_once(";tag=").map(|(_, tag)| tag.split(';').next().unwrap_or_default().to_owned())
    }

    /// The answer of this phone.
    fn answered(&self, status: &str, tag: &str) -> String {
        let copied: String = ["Via", "From", "Call-ID", "CSeq"]
            .into_iter()
            .flat_map(|name| self.fields(name).into_iter().map(move |value| format!("{name}: {value}\r\n")))
            .collect();
        let to = self.field("To").unwrap_or_default();
        let tag = if to.contains(";tag=") { String::new() } else { format!(";tag={tag}") };
        format!("SIP/2.0 {status}\r\n{copied}To: {to}{tag}\r\nContent-Length: 0\r\n\r\n")
    }
}

async fn listen(
    socket: Arc<UdpSocket>,
    log: Log,
    answers: UnboundedSender<Message>,
    notices: UnboundedSender<Message>,
    (rang, busy): (Arc<AtomicU32>, Arc<AtomicBool>),
) {
    let mut bytes = vec![0; 65_536];
    let (mut seen, mut ringing): (Vec<String>, Option<Message>) = (Vec::new(), None);
    while let Ok(length) = socket.recv(&mut bytes).await {
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        let Some(message) = Message::read(&text) else { continue };
        log.add(format!("< {}", text.replace("\r\n", "\n  ")));
        if message.is_response() {
            answers.send(message).ok();
            continue;
        }
        let method = message.start.split(' ').next().unwrap_or_default().to_owned();
        let transaction = format!("{method} {}", message.field("Via").unwrap_or_default());
        let again = seen.contains(&transaction);
        seen.push(transaction);
        let mut replies = Vec::new();
        match method.as_str() {
            "ACK" => {}
            "INVITE" => {
                replies.push(message.answered("180 Ringing", "phone"));
                rang.fetch_add(u32::from(!again), Ordering::Relaxed);
                if busy.load(Ordering::Relaxed) {
                    replies.push(message.answered("486 Busy Here", "phone"));
                } else {
                    ringing = Some(message);
                }
            }
            "CANCEL" => {
                replies.push(message.answered("200 OK", "phone"));
                replies.extend(ringing.take().map(|invite| invite.answered("487 Request Terminated", "phone")));
            }
            "NOTIFY" if !again => {
                replies.push(message.answered("200 OK", "phone"));
                notices.send(message).ok();
            }
            _ => replies.push(message.answered("200 OK", "phone")),
        }
        for reply in replies {
            // The server may have ended.
            socket.send(reply.as_bytes()).await.ok();
        }
    }
}

fn hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
