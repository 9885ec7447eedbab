//! Phones that are logged in to one server, with lines that can be cut and a registrar that always says yes.

use std::collections::VecDeque;

use bellbird_base::{Duration, FlowId, FlowInfo, Instant, Protocol, Remote, Seed};
use bellbird_contract::server::{ClientId, ServerConnection, ServerView};
use bellbird_contract::{AccountId, AccountSettings, Command, HistoryEntry, PhoneView, Preferences, Secret, Timestamp};
use bellbird_phone::{
    Config, EventsId, EventsInput, EventsRequest, HttpFailure, HttpRequest, HttpResponse, Input, Loaded, LoadedAccount,
    LoadedServer, MediaEvent, MediaRequest, Outbox, Output, Phone, ServerMemory, ServerPin, Sound, StoreRequest,
};

use bellbird_sip::agent::FlowEnd;

use crate::exchange::{Exchange, LINDA, PASSWORD};

pub(crate) const SERVER: &str = "bel.fiets.example";
const START: u64 = 1_700_000_000_000;

/// The server and its phones.
pub(crate) struct Works {
    pub(crate) exchange: Exchange,
    pub(crate) handsets: Vec<Handset>,
    pub(crate) now: Instant,
}

/// One phone, its line and its memory.
pub(crate) struct Handset {
    phone: Phone,
    pub(crate) view: PhoneView,
    pub(crate) sound: Sound,
    /// First lines of what it sends by SIP, but REGISTER and its answers.
    pub(crate) sip: Vec<String>,
    pub(crate) registrations: Vec<String>,
    /// Its INVITEs, whole.
    pub(crate) invites: Vec<String>,
    /// Whom it believes.
    pub(crate) pin: Option<ServerPin>,
    /// Over what it tried to send SIP, in order.
    pub(crate) opened: Vec<Protocol>,
    /// Whom it believed when it opened its flows.
    pub(crate) believed: Vec<Option<ServerPin>>,
    pub(crate) kept: Kept,
    pub(crate) cut: bool,
    /// Nobody listens where it sends SIP.
    mute: bool,
    /// Nobody listens where it sends SIP over these.
    pub(crate) closed: Vec<Protocol>,
    /// What it asks arrives, and the answers do not.
    pub(crate) deaf: bool,
    /// How far its clock is ahead.
    pub(crate) ahead: Duration,
    seed: u64,
    channel: Option<(EventsId, String)>,
    opening: Vec<EventsRequest>,
    said: Vec<(EventsId, String)>,
    requests: VecDeque<HttpRequest>,
    flow: Option<FlowId>,
    replies: VecDeque<(FlowId, String)>,
    media: VecDeque<MediaEvent>,
    deadline: Instant,
}

/// What is on its disk and in its key store.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) server: Option<ServerMemory>,
    pub(crate) outbox: Option<Outbox>,
    pub(crate) token: Option<Secret>,
    pub(crate) client: Option<ClientId>,
    pub(crate) accounts: Vec<(AccountId, AccountSettings)>,
    secret: Option<Secret>,
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) preferences: Preferences,
}

impl Works {
    pub(crate) fn new(handsets: u64) -> Self {
        let now = Instant::ORIGIN + Duration::from_secs(10);
        let exchange = Exchange::new(Timestamp(START));
        let handsets = (1..=handsets).map(|seed| Handset::new(seed, Duration::ZERO, Kept::default(), now)).collect();
        Self { exchange, handsets, now }
    }

    /// So many phones of one user, logged in.
    pub(crate) fn logged_in(handsets: u64) -> Self {
        let mut works = Self::new(handsets);
        for at in 0..works.handsets.len() {
            works.log_in(at, PASSWORD);
            assert!(works.is_online(at), "{:?}", works.handsets[at].view.server_log_in);
        }
        works
    }

    pub(crate) fn log_in(&mut self, at: usize, password: &str) {
        let (server, login) = (SERVER.to_owned(), LINDA.to_owned());
        self.command(at, Command::LogInToServer { server, login, secret: Secret::new(password) });
    }

    pub(crate) fn command(&mut self, at: usize, command: Command) {
        self.handsets[at].phone.handle_command(self.now, command);
        self.settle();
    }

    pub(crate) fn input(&mut self, at: usize, input: Input<'_>) {
        self.handsets[at].phone.handle_input(input);
        self.settle();
    }

    pub(crate) fn server(&self, at: usize) -> &ServerView {
        self.handsets[at].view.server.as_deref().expect("somebody is logged in")
    }

    pub(crate) fn is_online(&self, at: usize) -> bool {
        let server = self.handsets[at].view.server.as_deref();
        server.is_some_and(|server| matches!(server.connection, ServerConnection::Online { .. }))
    }

    /// Cuts a line, or mends it. A phone finds out about the cut at once; that it is mended it has to try.
    pub(crate) fn cut(&mut self, at: usize, cut: bool) {
        self.handsets[at].cut = cut;
        if let Some((id, _)) = self.handsets[at].channel.take_if(|_| cut) {
            let broken = EventsInput::Closed(HttpFailure::Broken("cut".into()));
            self.input(at, Input::Events(self.now, id, broken));
        }
    }

    /// Takes the server down for a phone, its registrar too, or brings it back.
    pub(crate) fn take_down(&mut self, at: usize, down: bool) {
        self.handsets[at].mute = down;
        if let Some(flow) = self.handsets[at].flow.take_if(|_| down) {
            self.input(at, Input::FlowClosed(self.now, flow, FlowEnd::Broken));
        }
        self.cut(at, down);
    }

    /// Lets time go by.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        loop {
            let next = self.handsets.iter().map(|handset| handset.deadline).min().unwrap_or(until);
            self.now = next.max(self.now).min(until);
            for handset in &mut self.handsets {
                if handset.deadline <= self.now {
                    handset.phone.handle_input(Input::Timeout(self.now));
                }
            }
            self.settle();
            if self.now >= until {
                return;
            }
        }
    }

    /// Ends the program and starts it again; what was not kept is forgotten.
    pub(crate) fn restart(&mut self, at: usize) {
        let old = &mut self.handsets[at];
        let kept = std::mem::take(&mut old.kept);
        let mut fresh = Handset::new(old.seed + 100, old.ahead, kept, self.now);
        fresh.cut = old.cut;
        let loaded = fresh.kept.loaded();
        self.handsets[at] = fresh;
        self.input(at, Input::Loaded(self.now, Box::new(loaded)));
    }

    /// Carries everything that is on its way, until nothing is.
    pub(crate) fn settle(&mut self) {
        loop {
            self.exchange.now = Timestamp(START + milliseconds(self.now.since(Instant::ORIGIN)));
            let moved: Vec<bool> = (0..self.handsets.len()).map(|at| self.carry(at)).collect();
            for event in self.exchange.take_pushed() {
                for handset in &mut self.handsets {
                    let Some((id, token)) = &handset.channel else { continue };
                    let text = self.exchange.event(&event, token);
                    let (id, now) = (*id, self.now);
                    handset.phone.handle_input(Input::Events(now, id, EventsInput::Message(text)));
                }
            }
            let quiet = self.handsets.iter_mut().map(|handset| handset.drain(self.now)).all(|moved| !moved);
            if quiet && !moved.contains(&true) {
                return;
            }
        }
    }

    fn carry(&mut self, at: usize) -> bool {
        let now = self.now;
        let handset = &mut self.handsets[at];
        let mut moved = handset.drain(now);
        while let Some(request) = handset.requests.pop_front() {
            let answer = if handset.cut { Err(HttpFailure::Unreachable) } else { self.exchange.answer(&request) };
            let answer = if handset.deaf { Err(HttpFailure::Broken("lost".into())) } else { answer };
            handset.phone.handle_input(Input::Http(now, request.id, answer));
            moved = true;
        }
        for request in std::mem::take(&mut handset.opening) {
            let token = request.headers[0].1.strip_prefix("Bearer ").unwrap().to_owned();
            let input = match (handset.cut, self.exchange.knows(&token)) {
                (true, _) => EventsInput::Closed(HttpFailure::Unreachable),
                (false, true) if self.exchange.barred => {
                    EventsInput::Refused(HttpResponse { status: 403, body: barred() })
                }
                (false, false) => EventsInput::Refused(HttpResponse { status: 401, body: revoked() }),
                (false, true) => {
                    handset.channel = Some((request.id, token));
                    EventsInput::Opened
                }
            };
            handset.phone.handle_input(Input::Events(now, request.id, input));
            moved = true;
        }
        for (id, text) in std::mem::take(&mut handset.said) {
            let Some((open, token)) = handset.channel.clone().filter(|(open, _)| *open == id) else { continue };
            for text in self.exchange.hear(&token, &text) {
                handset.phone.handle_input(Input::Events(now, open, EventsInput::Message(text)));
            }
            moved = true;
        }
        moved
    }
}

fn barred() -> Vec<u8> {
    br#"{"status":403,"code":"passwordChangeNeeded","params":{}}"#.to_vec()
}

fn revoked() -> Vec<u8> {
    br#"{"status":401,"code":"clientRevoked","params":{"by":"Petra"}}"#.to_vec()
}

impl Kept {
    fn loaded(&self) -> Loaded {
        let server = self.server.clone().map(|memory| {
            // As it would be after the disk.
            let memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
            let outbox = self.outbox.as_ref().map(|outbox| serde_json::to_string(outbox).unwrap());
            let outbox = outbox.map(|outbox| serde_json::from_str(&outbox).unwrap());
            Box::new(LoadedServer { memory, outbox, token: self.token.clone() })
        });
        let account = |(id, settings): &(AccountId, AccountSettings)| LoadedAccount {
            id: *id,
            settings: settings.clone(),
            secret: self.secret.clone(),
            pin: None,
        };
        let accounts = self.accounts.iter().map(account).collect();
        let (history, preferences) = (self.history.clone(), self.preferences.clone());
        Loaded { accounts, server, client: self.client.clone(), history, preferences, ..Loaded::default() }
    }

    fn keep(&mut self, request: StoreRequest) {
        match request {
            StoreRequest::SaveServer(memory) => self.server = Some(*memory),
            StoreRequest::SaveOutbox(outbox) => self.outbox = Some(*outbox),
            StoreRequest::SaveServerToken(token) => self.token = Some(token),
            StoreRequest::ForgetServerToken => self.token = None,
            StoreRequest::SaveClient(client) => self.client = Some(client),
            StoreRequest::ForgetServer => (self.server, self.outbox, self.token) = (None, None, None),
            StoreRequest::SaveAccount(id, settings) => {
                self.accounts.retain(|(known, _)| *known != id);
                self.accounts.push((id, settings));
            }
            StoreRequest::SaveSecret(_, secret) => self.secret = Some(secret),
            StoreRequest::DeleteAccount(id) => self.accounts.retain(|(known, _)| *known != id),
            StoreRequest::SaveHistory(entry) => {
                self.history.retain(|known| known.id != entry.id);
                self.history.push(entry);
            }
            StoreRequest::SavePreferences(preferences) => self.preferences = preferences,
            StoreRequest::SavePin(..)
            | StoreRequest::DeleteHistory(_)
            | StoreRequest::ClearHistory
            | StoreRequest::SaveAudio(_) => {}
        }
    }
}

impl Handset {
    pub(crate) fn new(seed: u64, ahead: Duration, kept: Kept, now: Instant) -> Self {
        let today = START + milliseconds(now.since(Instant::ORIGIN)) + milliseconds(ahead);
        let mut config = Config::new(Timestamp(today));
        config.instance_id = Some("urn:uuid:99999999-0000-4000-8000-000000000001".to_owned());
        Self {
            phone: Phone::new(config, Seed::from_number(seed), now),
            view: PhoneView::default(),
            sound: Sound::default(),
            sip: Vec::new(),
            registrations: Vec::new(),
            invites: Vec::new(),
            pin: None,
            believed: Vec::new(),
            opened: Vec::new(),
            kept,
            cut: false,
            mute: false,
            closed: Vec::new(),
            deaf: false,
            ahead,
            seed,
            channel: None,
            opening: Vec::new(),
            said: Vec::new(),
            requests: VecDeque::new(),
            flow: None,
            replies: VecDeque::new(),
            media: VecDeque::new(),
            deadline: now,
        }
    }

    /// An INVITE from the server.
    pub(crate) fn invite(&mut self, now: Instant, call_id: &str) {
        let invite = format!(
            "INVITE sip:601@10.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK{call_id}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:602@fiets.example>;tag=f{call_id}\r\nTo: <sip:601@fiets.example>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:602@10.0.0.9:5060>\r\n\
             Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nopus"
        );
        let flow = self.flow.expect("it is registered");
        self.phone.handle_input(Input::Receive(now, flow, invite.as_bytes()));
    }

    fn drain(&mut self, now: Instant) -> bool {
        let mut moved = false;
        loop {
            let output = self.phone.poll_output();
            moved |= !matches!(output, Output::Timeout(_));
            match output {
                Output::Http(request) => self.requests.push_back(request),
                Output::OpenEvents(request) => self.opening.push(request),
                Output::CloseEvents(id) => drop(self.channel.take_if(|(open, _)| *open == id)),
                Output::SendEvent(id, text) => self.said.push((id, text)),
                Output::Store(request) => self.kept.keep(request),
                Output::View(view) => self.view = *view,
                Output::Transmit(transmit) => self.transmit(transmit.flow, &transmit.payload),
                Output::Connect(flow, remote) => self.open(now, flow, &remote),
                Output::Resolve(id, question) => {
                    let protocol = question.protocol.unwrap_or(Protocol::Udp);
                    let address = "10.0.0.9:5060".parse().unwrap();
                    let remote = Remote { protocol, address, server_name: question.host, path: question.path };
                    self.phone.handle_input(Input::Resolved(now, id, Ok(vec![remote])));
                }
                Output::Media(MediaRequest::Sound(sound)) => self.sound = sound,
                Output::Media(MediaRequest::Offer(call)) => {
                    self.media.push_back(MediaEvent::Offer(call, "opus".into()))
                }
                Output::Media(MediaRequest::AcceptAnswer(call, _)) => self.media.push_back(MediaEvent::Accepted(call)),
                Output::Pin(pin) => self.pin = pin,
                Output::Media(_) | Output::Close(_) | Output::Finished => {}
                Output::Timeout(at) => {
                    if let Some((flow, reply)) = self.replies.pop_front() {
                        self.phone.handle_input(Input::Receive(now, flow, reply.as_bytes()));
                    } else if let Some(event) = self.media.pop_front() {
                        self.phone.handle_input(Input::Media(now, event));
                    } else {
                        self.deadline = at;
                        return moved;
                    }
                }
            }
        }
    }

    fn open(&mut self, now: Instant, flow: FlowId, remote: &Remote) {
        self.opened.push(remote.protocol);
        if self.mute || self.closed.contains(&remote.protocol) {
            return self.phone.handle_input(Input::FlowClosed(now, flow, FlowEnd::Refused));
        }
        self.flow = Some(flow);
        self.believed.push(self.pin.clone());
        let local = "10.0.0.1:5060".parse().unwrap();
        let info = FlowInfo { protocol: remote.protocol, local, remote: remote.address };
        self.phone.handle_input(Input::FlowOpened(now, flow, info));
    }

    fn transmit(&mut self, flow: FlowId, payload: &[u8]) {
        let text = String::from_utf8_lossy(payload).into_owned();
        let first = text.lines().next().unwrap_or_default().to_owned();
        if first.starts_with("REGISTER ") {
            self.replies.push_back((flow, answered(&text, "200 OK")));
            self.registrations.push(text);
        } else if first.starts_with("INVITE ") {
            self.replies.push_back((flow, answered(&text, "200 OK") + "opus"));
            self.sip.push(first);
            self.invites.push(text);
        } else if !first.is_empty() {
            self.sip.push(first);
        }
    }
}

/// The answer with the request's own fields.
fn answered(request: &str, status: &str) -> String {
    let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"];
    let invite = request.starts_with("INVITE");
    let lines = request.split("\r\n").filter(|line| kept.iter().any(|name| line.starts_with(name)));
    let fields: String = lines
        .map(|line| match line.starts_with("To:") && invite {
            true => format!("{line};tag=t1\r\n"),
            false => format!("{line}\r\n"),
        })
        .collect();
    let body = if invite { "Content-Type: application/sdp\r\nContent-Length: 4" } else { "Content-Length: 0" };
    format!("SIP/2.0 {status}\r\n{fields}Expires: 600\r\n{body}\r\n\r\n")
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}
