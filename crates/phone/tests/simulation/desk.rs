//! A phone on a simulated network, with made-up sound.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bellbird_base::{Codec, FlowId, FlowInfo, Instant, Protocol, Remote, Seed, Transmit};
use bellbird_contract::{
    AccountDraft, AccountSettings, CallId, CallState, CallView, Command, PhoneView, Secret, Timestamp, Transport,
};
use bellbird_phone::{
    Agreed, Config, Input, MediaEvent, MediaRefusal, MediaRequest, Output, Phone, Sound, StoreRequest, Tone,
};
use bellbird_sip::agent::{Question, ResolveFailure};
use bellbird_testkit::{Arrival, Link, Network, Node, Simulation};

/// One phone, its network and its sound.
pub(crate) struct Desk {
    pub(crate) phone: Phone,
    pub(crate) view: PhoneView,
    pub(crate) views: usize,
    pub(crate) stored: Vec<StoreRequest>,
    pub(crate) sound: Sound,
    pub(crate) sounds: Vec<Sound>,
    pub(crate) media: Media,
    pub(crate) finished: bool,
    address: SocketAddr,
    flows: BTreeMap<FlowId, SocketAddr>,
    last_flow: u64,
    deadline: Instant,
}

/// Sound that is nothing but words: an SDP here says its codec and direction.
#[derive(Default)]
pub(crate) struct Media {
    pub(crate) codec: Option<&'static str>,
    pub(crate) without_digits: bool,
    pub(crate) held: BTreeMap<CallId, bool>,
    pub(crate) muted: BTreeMap<CallId, bool>,
    pub(crate) digits: String,
    pub(crate) open: Vec<CallId>,
    replies: VecDeque<MediaEvent>,
}

impl Desk {
    pub(crate) fn new(n: u64, seed: u64) -> Self {
        let seed = Seed::from_number(seed * 16 + n);
        let mut config = Config::new(Timestamp(1_000_000_000));
        config.instance_id = Some(format!("urn:uuid:00000000-0000-4000-8000-{n:012}"));
        Self {
            phone: Phone::new(config, seed, Instant::ORIGIN),
            view: PhoneView::default(),
            views: 0,
            stored: Vec::new(),
            sound: Sound::default(),
            sounds: Vec::new(),
            media: Media::default(),
            finished: false,
            address: format!("10.0.0.{n}:5060").parse().unwrap(),
            flows: BTreeMap::new(),
            last_flow: u64::MAX,
            deadline: Instant::ORIGIN,
        }
    }

    /// An account that is called directly: `user@10.0.0.n`.
    pub(crate) fn with_user(mut self, network: &mut Network, user: &str) -> Self {
        let settings = AccountSettings {
            domain: self.address.ip().to_string(),
            user_name: user.to_owned(),
            transport: Transport::Udp,
            register: false,
            ..AccountSettings::default()
        };
        self.command(network, Command::AddAccount { account: AccountDraft { settings, secret: None } });
        self
    }

    pub(crate) fn command(&mut self, network: &mut Network, command: Command) {
        self.phone.handle_command(network.now(), command);
        self.drain(network);
    }

    pub(crate) fn input(&mut self, network: &mut Network, input: Input<'_>) {
        self.phone.handle_input(input);
        self.drain(network);
    }

    /// The states of all calls that are shown.
    pub(crate) fn states(&self) -> Vec<CallState> {
        self.view.calls.iter().map(|call| call.state.clone()).collect()
    }

    /// The newest call.
    pub(crate) fn call(&self) -> &CallView {
        self.view.calls.last().expect("there is a call")
    }

    pub(crate) fn tone(&self) -> Option<Tone> {
        self.sound.tone.map(|(tone, _)| tone)
    }

    fn drain(&mut self, network: &mut Network) {
        loop {
            match self.phone.poll_output() {
                Output::Transmit(transmit) => self.transmit(network, transmit),
                Output::Connect(flow, remote) => self.connect(network, flow, &remote),
                Output::Close(flow) => drop(self.flows.remove(&flow)),
                Output::Resolve(id, question) => {
                    let answer = resolve(&question);
                    self.phone.handle_input(Input::Resolved(network.now(), id, answer));
                }
                Output::Media(MediaRequest::Sound(sound)) => {
                    self.sound = sound.clone();
                    self.sounds.push(sound);
                }
                Output::Media(request) => self.media.take(request),
                Output::Http(_)
                | Output::OpenEvents(_)
                | Output::CloseEvents(_)
                | Output::SendEvent(..)
                | Output::Pin(_) => {
                    panic!("nobody is logged in to a server here")
                }
                Output::Store(request) => self.stored.push(request),
                Output::View(view) => {
                    self.view = *view;
                    self.views += 1;
                }
                Output::Finished => self.finished = true,
                Output::Timeout(at) => match self.media.replies.pop_front() {
                    Some(reply) => self.phone.handle_input(Input::Media(network.now(), reply)),
                    None => {
                        self.deadline = at;
                        return;
                    }
                },
            }
        }
    }

    fn transmit(&self, network: &mut Network, transmit: Transmit) {
        if let Some(remote) = self.flows.get(&transmit.flow) {
            network.send(self.address, *remote, transmit.payload);
        }
    }

    fn connect(&mut self, network: &mut Network, flow: FlowId, remote: &Remote) {
        assert_eq!(remote.protocol, Protocol::Udp, "this network carries datagrams only");
        self.open(network, flow, remote.address);
    }

    fn open(&mut self, network: &mut Network, flow: FlowId, remote: SocketAddr) {
        self.flows.insert(flow, remote);
        let info = FlowInfo { protocol: Protocol::Udp, local: self.address, remote };
        self.phone.handle_input(Input::FlowOpened(network.now(), flow, info));
    }

    fn flow_from(&mut self, network: &mut Network, remote: SocketAddr) -> FlowId {
        if let Some((flow, _)) = self.flows.iter().find(|(_, known)| **known == remote) {
            return *flow;
        }
        let flow = FlowId(self.last_flow);
        self.last_flow -= 1;
        self.open(network, flow, remote);
        flow
    }
}

impl Node for Desk {
    fn owns(&self, address: SocketAddr) -> bool {
        address == self.address
    }

    fn receive(&mut self, network: &mut Network, arrival: Arrival) {
        let Arrival::Datagram { from, payload, .. } = arrival else { return };
        let flow = self.flow_from(network, from);
        self.input(network, Input::Receive(network.now(), flow, &payload));
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }

    fn time_out(&mut self, network: &mut Network) {
        self.input(network, Input::Timeout(network.now()));
    }
}

fn resolve(question: &Question) -> Result<Vec<Remote>, ResolveFailure> {
    let ip = question.host.parse().map_err(|_| ResolveFailure::NotFound)?;
    let protocol = question.protocol.unwrap_or(Protocol::Udp);
    let address = SocketAddr::new(ip, question.port.unwrap_or(protocol.default_port()));
    Ok(vec![Remote { protocol, address, server_name: question.host.clone(), path: question.path.clone() }])
}

impl Media {
    fn take(&mut self, request: MediaRequest) {
        match request {
            MediaRequest::Open(call, _) => self.open.push(call),
            MediaRequest::Release(call) => self.open.retain(|open| *open != call),
            MediaRequest::Offer(call) => {
                let offer = self.sdp(if self.holds(call) { "sendonly" } else { "sendrecv" });
                self.replies.push_back(MediaEvent::Offer(call, offer));
            }
            MediaRequest::Answer(call, offer) => self.answer(call, &offer),
            MediaRequest::AcceptAnswer(call, answer) => {
                let refused = self.refusal(&answer);
                self.replies.push_back(match refused {
                    Some(refusal) => MediaEvent::Refused(call, refusal),
                    None => MediaEvent::Accepted(call),
                });
                self.negotiated(call, &answer);
            }
            MediaRequest::Hold(call, held) => drop(self.held.insert(call, held)),
            MediaRequest::Mute(call, muted) => drop(self.muted.insert(call, muted)),
            MediaRequest::Digits(_, digits) => self.digits.push_str(&digits),
            MediaRequest::Rollback(_)
            | MediaRequest::Rehome(..)
            | MediaRequest::Sound(_)
            | MediaRequest::Audio(_)
            | MediaRequest::Test(_) => {}
        }
    }

    fn answer(&mut self, call: CallId, offer: &str) {
        if let Some(refusal) = self.refusal(offer) {
            return self.replies.push_back(MediaEvent::Refused(call, refusal));
        }
        let held_by_peer = offer.ends_with("sendonly") || offer.ends_with("inactive");
        let answer = self.sdp(match (self.holds(call), held_by_peer) {
            (false, false) => "sendrecv",
            (false, true) => "recvonly",
            (true, false) => "sendonly",
            (true, true) => "inactive",
        });
        self.replies.push_back(MediaEvent::Answer(call, answer));
        self.negotiated(call, offer);
    }

    fn negotiated(&mut self, call: CallId, theirs: &str) {
        let held_by_peer = theirs.ends_with("sendonly") || theirs.ends_with("inactive");
        let telephone_event = !self.without_digits;
        let agreed = Agreed { codec: Codec::Opus, encrypted: false, held_by_peer, telephone_event };
        self.replies.push_back(MediaEvent::Negotiated(call, agreed));
    }

    fn refusal(&self, theirs: &str) -> Option<MediaRefusal> {
        (!theirs.starts_with(self.codec.unwrap_or("opus"))).then_some(MediaRefusal::NoCodec)
    }

    fn sdp(&self, direction: &str) -> String {
        format!("{} {direction}", self.codec.unwrap_or("opus"))
    }

    fn holds(&self, call: CallId) -> bool {
        self.held.get(&call).copied().unwrap_or_default()
    }
}

/// Desks for alice, bob and carol, 20 ms apart.
pub(crate) struct Office(pub(crate) Simulation<Desk>);

pub(crate) const ALICE: usize = 0;
pub(crate) const BOB: usize = 1;
pub(crate) const CAROL: usize = 2;

impl Office {
    pub(crate) fn new(seed: u64, link: Link) -> Self {
        let mut network = Network::new(&Seed::from_number(seed), link);
        let users = ["alice", "bob", "carol"];
        let desks: Vec<Desk> =
            (1_u64..).zip(users).map(|(n, user)| Desk::new(n, seed).with_user(&mut network, user)).collect();
        Self(Simulation::new(network, desks))
    }

    pub(crate) fn quiet() -> Self {
        Self::new(1, Link::after(bellbird_base::Duration::from_millis(20)))
    }

    pub(crate) fn command(&mut self, desk: usize, command: Command) {
        self.0.nodes[desk].command(&mut self.0.network, command);
    }

    pub(crate) fn dial(&mut self, desk: usize, target: &str) {
        self.command(desk, Command::Dial { target: target.to_owned(), account: None, withhold: false });
    }

    pub(crate) fn desk(&self, desk: usize) -> &Desk {
        &self.0.nodes[desk]
    }

    /// Runs until this holds of one desk.
    #[track_caller]
    pub(crate) fn wait(&mut self, desk: usize, what: &str, holds: impl Fn(&Desk) -> bool) {
        let held = self.0.run_until(bellbird_base::Duration::from_secs(40), |office| holds(&office.nodes[desk]));
        assert!(held, "{what}; instead {:?}", self.desk(desk).states());
    }

    #[track_caller]
    pub(crate) fn wait_state(&mut self, desk: usize, state: &CallState) {
        self.wait(desk, &format!("newest call is {state:?}"), |desk| {
            desk.view.calls.last().is_some_and(|call| call.state == *state)
        });
    }

    /// A call from one desk to another, answered.
    #[track_caller]
    pub(crate) fn talk(&mut self, from: usize, to: usize) {
        self.dial(from, address(to));
        self.wait(to, "it rings", |desk| {
            desk.view.calls.last().is_some_and(|call| matches!(call.state, CallState::Incoming { .. }))
        });
        let call = self.desk(to).call().id;
        self.command(to, Command::Answer { call });
        self.wait_state(to, &CallState::Active);
        self.wait_state(from, &CallState::Active);
    }
}

/// What to dial for a desk.
pub(crate) fn address(desk: usize) -> &'static str {
    ["alice@10.0.0.1", "bob@10.0.0.2", "carol@10.0.0.3"][desk]
}

/// A registering account.
pub(crate) fn registering(domain: &str, transport: Transport) -> AccountDraft {
    let settings = AccountSettings {
        domain: domain.to_owned(),
        user_name: "dora".to_owned(),
        transport,
        ..AccountSettings::default()
    };
    AccountDraft { settings, secret: Some(Secret::new("hunter2")) }
}
