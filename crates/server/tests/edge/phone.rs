//! A phone of the test: a user agent on a real socket, with a plain socket for sound.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use bellbird_base::{Protocol, Seed};
use bellbird_net::{Dns, NetConfig, NetEvent, NetHandle, clock};
use bellbird_server::demo::DOMAIN;
use bellbird_sip::agent::{
    AccountConfig, AccountCredentials, AccountId, Body, CallEvent, CallId, Config, Event, Input, Invite, Output,
    RegistrationState, ResolveId, UserAgent,
};
use bellbird_sip::digest::Secret;
use bellbird_sip::uri::Uri;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// Longer than anything takes that works.
pub const PATIENCE: Duration = Duration::from_secs(20);

type Order = Box<dyn FnOnce(&mut UserAgent) + Send>;

pub struct Phone {
    orders: mpsc::UnboundedSender<Order>,
    events: mpsc::UnboundedReceiver<Event>,
    pub account: AccountId,
    pub sound: UdpSocket,
}

impl Phone {
    /// Starts and registers.
    pub async fn register(server: (Protocol, SocketAddr), user: &str, login: &str, secret: &str) -> Self {
        let mut phone = Self::start(server, user, login, secret);
        let account = phone.account;
        phone.order(move |ua| ua.register(clock::now(), account).unwrap());
        let registered =
            |event: &Event| matches!(event, Event::Registration(_, RegistrationState::Registered(_))).then_some(());
        phone.hears("a registration", registered).await;
        phone
    }

    pub fn start((protocol, server): (Protocol, SocketAddr), user: &str, login: &str, secret: &str) -> Self {
        let seed = Seed::from_number(u64::from(std::process::id()) ^ login.bytes().map(u64::from).sum::<u64>());
        let mut ua = UserAgent::new(Config::default(), seed, clock::now());
        let address = Uri::sip(Some(user), DOMAIN, None).unwrap();
        let account = ua.add_account(
            clock::now(),
            AccountConfig {
                outbound_proxy: Some(Uri::parse(&format!("sip:{server}")).unwrap()),
                protocol: Some(protocol),
                instance_id: Some(format!("urn:uuid:{login}")),
                credentials: Some(AccountCredentials {
                    username: login.to_owned(),
                    password: Secret::new(secret),
                    realm: None,
                    sha256_only: false,
                }),
                ..AccountConfig::new(address)
            },
        );
        let (orders, queue) = mpsc::unbounded_channel();
        let (tell, events) = mpsc::unbounded_channel();
        let config = NetConfig { dns: Dns::Servers(Vec::new()), watch: false, ..NetConfig::default() };
        let (net, net_events) = NetHandle::start(config);
        tokio::spawn(run(ua, net, net_events, queue, tell));
        let sound = UdpSocket::bind("127.0.0.1:0").unwrap();
        sound.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { orders, events, account, sound }
    }

    pub fn order(&self, order: impl FnOnce(&mut UserAgent) + Send + 'static) {
        assert!(self.orders.send(Box::new(order)).is_ok());
    }

    /// The first event that fits.
    pub async fn hears<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let mut others = Vec::new();
        let search = async {
            loop {
                let event = self.events.recv().await.expect("the phone runs");
                if let Some(found) = wanted(&event) {
                    return found;
                }
                others.push(event);
            }
        };
        let found = timeout(PATIENCE, search).await;
        found.unwrap_or_else(|_| panic!("{what} in time, not only {others:?}"))
    }

    /// Whether it heard of a call that came in so far.
    pub fn was_called(&mut self) -> bool {
        let mut called = false;
        while let Ok(event) = self.events.try_recv() {
            called |= matches!(event, Event::Call(_, CallEvent::Incoming(_)));
        }
        called
    }

    pub fn description(&self) -> Body {
        let port = self.sound.local_addr().unwrap().port();
        Body::sdp(format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        ))
    }

    pub fn call(&self, number: &str) {
        let target = Uri::sip(Some(number), DOMAIN, None).unwrap();
        let invite = Invite::new(target, Some(self.description()));
        let account = self.account;
        self.order(move |ua| {
            ua.invite(clock::now(), account, invite).unwrap();
        });
    }

    pub async fn is_called(&mut self) -> (CallId, Option<Body>) {
        self.hears("a call", |event| match event {
            Event::Call(call, CallEvent::Incoming(incoming)) => Some((*call, incoming.offer.clone())),
            _ => None,
        })
        .await
    }

    pub fn answer(&self, call: CallId) {
        let body = self.description();
        self.order(move |ua| {
            ua.ring(clock::now(), call, None).unwrap();
            ua.answer(clock::now(), call, Some(body)).unwrap();
        });
    }

    pub async fn is_answered(&mut self) -> (CallId, Body) {
        self.hears("an answer", |event| match event {
            Event::Call(call, CallEvent::Answered { answer: Some(answer) }) => Some((*call, answer.clone())),
            _ => None,
        })
        .await
    }

    pub fn hang_up(&self, call: CallId) {
        self.order(move |ua| ua.hang_up(clock::now(), call).unwrap());
    }

    /// The status with which a call ends.
    pub async fn is_refused(&mut self) -> Option<u16> {
        self.hears("an end", |event| match event {
            Event::Call(_, CallEvent::Ended(end)) => Some(end.status.map(|status| status.code())),
            _ => None,
        })
        .await
    }

    pub fn says(&self, to: SocketAddr, words: &[u8]) {
        self.sound.send_to(words, to).unwrap();
    }

    pub fn listens(&self) -> Vec<u8> {
        let mut packet = [0; 200];
        let (length, _) = self.sound.recv_from(&mut packet).expect("sound in time");
        packet[..length].to_vec()
    }
}

/// Where a description wants its sound.
pub fn sound_of(body: &Body) -> SocketAddr {
    let text = std::str::from_utf8(&body.bytes).unwrap();
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap().to_owned();
    let port = line("m=audio ").split(' ').next().unwrap().parse().unwrap();
    SocketAddr::new(line("c=IN IP4 ").parse().unwrap(), port)
}

async fn run(
    mut ua: UserAgent,
    net: NetHandle,
    mut net_events: mpsc::Receiver<NetEvent>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    tell: mpsc::UnboundedSender<Event>,
) {
    loop {
        let deadline = loop {
            match ua.poll_output() {
                Output::Transmit(transmit) => net.send(transmit),
                Output::Connect(flow, remote) => net.connect(flow, remote),
                Output::Close(flow) => net.close(flow),
                Output::Resolve(id, question) => net.resolve(id.0, question),
                Output::Event(event) => drop(tell.send(event)),
                Output::Timeout(at, _) => break at,
            }
        };
        tokio::select! {
            Some(event) = net_events.recv() => match event {
                NetEvent::Opened(flow, info) => ua.handle_input(Input::FlowOpened(clock::now(), flow, info)),
                NetEvent::Closed(flow, why) => ua.handle_input(Input::FlowClosed(clock::now(), flow, why.flow_end())),
                NetEvent::Received(flow, bytes) => ua.handle_input(Input::Receive(clock::now(), flow, &bytes)),
                NetEvent::Resolved(id, found) => ua.handle_input(Input::Resolved(clock::now(), ResolveId(id), found)),
                NetEvent::NetworkChanged | NetEvent::Resumed => {}
            },
            order = orders.recv() => match order {
                Some(order) => order(&mut ua),
                None => return,
            },
            () = sleep(deadline.since(clock::now())) => ua.handle_input(Input::Timeout(clock::now())),
        }
    }
}
