//! The loop around the phone: one task that owns it, feeds it what happened and carries out what it asks for.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bellbird_base::{Codec, Duration, Instant, Rng, Seed};
use bellbird_contract::{CallId, Command, SrtpPolicy};
use bellbird_media::{LatchPolicy, ProviderKeys, SessionConfig};
use bellbird_net::{NetEvent, NetHandle, clock};
use bellbird_phone::{
    EventsId, EventsInput, HttpFailure, HttpId, HttpResponse, Input, Loaded, MediaConfig, MediaEvent, MediaRefusal,
    MediaRequest, Output, Phone, ServerPin,
};
use bellbird_sip::agent::ResolveId;
use bellbird_sip::status::StatusCode;
use tokio::sync::mpsc;

use crate::EngineEvent;
use crate::calendar::today;
use crate::call_media::CallMedia;
use crate::config::{EngineConfig, ringtones};
use crate::keeper::{Keeper, KeeperEvent};
use crate::rtp::{RtpCommand, RtpEvent, RtpThread};
use crate::server::ServerLink;
use crate::sound::{SoundCommand, SoundEvent, SoundThread};

/// How long a digit sounds where nobody holds a key down.
const DIGIT: Duration = Duration::from_millis(120);
/// Where a packet to the world at large would leave from; the address is set aside for documentation (RFC 5737).
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), 9);

/// What comes in from threads and tasks, in one queue so that nothing overtakes.
#[derive(Debug)]
pub(crate) enum Report {
    Command(Command),
    Keeper(KeeperEvent),
    Rtp(RtpEvent),
    Sound(SoundEvent),
    HostResolved(CallId, IpAddr),
    Reject(CallId, u16),
    Http(HttpId, Result<HttpResponse, HttpFailure>),
    Events(EventsId, EventsInput),
    /// Nobody holds the engine any more.
    Abandon,
}

pub(crate) struct Driver {
    phone: Phone,
    net: NetHandle,
    net_events: mpsc::Receiver<NetEvent>,
    reports: mpsc::UnboundedReceiver<Report>,
    report: mpsc::UnboundedSender<Report>,
    events: mpsc::UnboundedSender<EngineEvent>,
    keeper: Keeper,
    server: ServerLink,
    rtp: RtpThread,
    sound: SoundThread,
    calls: BTreeMap<CallId, CallMedia>,
    media_address: Option<IpAddr>,
    rng: Rng,
    deadline: Instant,
    microphone_silent: bool,
    stage: Stage,
}

/// How far the end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    /// The phone is done; the keeper still writes.
    Flushing,
    Over,
}

/// What [`Driver::new`] is given by the engine.
pub(crate) struct Parts {
    pub(crate) config: EngineConfig,
    pub(crate) loaded: Loaded,
    pub(crate) instance: String,
    pub(crate) seed: Seed,
    pub(crate) net: NetHandle,
    pub(crate) net_events: mpsc::Receiver<NetEvent>,
    pub(crate) reports: mpsc::UnboundedReceiver<Report>,
    pub(crate) report: mpsc::UnboundedSender<Report>,
    pub(crate) events: mpsc::UnboundedSender<EngineEvent>,
    pub(crate) keeper: Keeper,
    pub(crate) rtp: RtpThread,
    pub(crate) sound: SoundThread,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let now = clock::now();
        let mut rng = Rng::new(&parts.seed);
        let mut config = bellbird_phone::Config::new(today());
        config.instance_id = Some(parts.instance);
        config.register = parts.config.register;
        config.client_name = parts.config.client_name.clone();
        config.auto_answer = parts.config.auto_answer;
        config.ringtones = ringtones();
        let mut phone = Phone::new(config, rng.fork(), now);
        let mut loaded = parts.loaded;
        loaded.accounts.extend(parts.config.accounts);
        phone.handle_input(Input::Loaded(now, Box::new(loaded)));
        Self {
            phone,
            server: ServerLink::new(parts.config.net.trust.clone(), parts.report.clone()),
            net: parts.net,
            net_events: parts.net_events,
            reports: parts.reports,
            report: parts.report,
            events: parts.events,
            keeper: parts.keeper,
            rtp: parts.rtp,
            sound: parts.sound,
            calls: BTreeMap::new(),
            media_address: parts.config.media_address,
            rng,
            deadline: now,
            microphone_silent: false,
            stage: Stage::Running,
        }
    }

    /// Runs until the phone has finished and all is written.
    pub(crate) async fn run(mut self) {
        loop {
            self.drain();
            if self.stage == Stage::Over {
                break;
            }
            let wait = self.deadline.since(clock::now());
            tokio::select! {
                Some(event) = self.net_events.recv() => self.hear_net(event),
                report = self.reports.recv() => match report {
                    Some(report) => self.hear(report),
                    None => break,
                },
                () = tokio::time::sleep(wait) => self.phone.handle_input(Input::Timeout(clock::now())),
            }
        }
        self.end();
    }

    /// Ends the threads, which write what they still hold (recordings, the database) and tell the last figures.
    fn end(self) {
        let Self { mut reports, events, rtp, sound, keeper, .. } = self;
        drop((rtp, sound, keeper));
        while let Ok(report) = reports.try_recv() {
            if let Report::Rtp(RtpEvent::Report { call, report, last: last @ true }) = report {
                events.send(EngineEvent::Quality { call, report, last }).ok();
            }
        }
        // Whoever dropped the receiver does not want to hear.
        events.send(EngineEvent::Finished).ok();
    }

    fn hear(&mut self, report: Report) {
        let now = clock::now();
        match report {
            Report::Command(command) => self.phone.handle_command(now, command),
            Report::Keeper(KeeperEvent::Trouble(problem)) => self.phone.handle_input(Input::Trouble(now, problem)),
            Report::Keeper(KeeperEvent::Loaded(..)) => {}
            Report::Keeper(KeeperEvent::Flushed) => {
                if self.stage == Stage::Flushing {
                    self.stage = Stage::Over;
                }
            }
            Report::Rtp(event) => self.hear_rtp(event),
            Report::Sound(event) => self.hear_sound(event),
            Report::HostResolved(call, address) => self.rtp.command(RtpCommand::Resolved(call, address)),
            Report::Reject(call, status) => {
                if let Some(status) = StatusCode::new(status) {
                    self.phone.reject(now, call, status);
                }
            }
            Report::Http(id, answer) => self.phone.handle_input(Input::Http(now, id, answer)),
            Report::Events(id, event) => self.phone.handle_input(Input::Events(now, id, event)),
            Report::Abandon => self.stage = Stage::Over,
        }
    }

    fn hear_net(&mut self, event: NetEvent) {
        let now = clock::now();
        match event {
            NetEvent::Opened(flow, info) => self.phone.handle_input(Input::FlowOpened(now, flow, info)),
            NetEvent::Closed(flow, reason) => {
                tracing::info!("{flow:?} ended: {reason}");
                self.phone.handle_input(Input::FlowClosed(now, flow, reason.flow_end()));
            }
            NetEvent::Received(flow, bytes) => self.phone.handle_input(Input::Receive(now, flow, &bytes)),
            NetEvent::Resolved(number, answer) => {
                self.phone.handle_input(Input::Resolved(now, ResolveId(number), answer));
            }
            NetEvent::NetworkChanged => self.phone.handle_input(Input::NetworkChanged(now)),
            NetEvent::Resumed => {
                self.phone.handle_input(Input::Clock(now, today()));
                self.phone.handle_input(Input::Resume(now));
            }
        }
    }

    fn hear_sound(&mut self, event: SoundEvent) {
        match event {
            SoundEvent::Phone(event) => self.tell_phone(event),
            SoundEvent::Levels(levels) => {
                self.events.send(EngineEvent::Levels(levels)).ok();
            }
            SoundEvent::MicrophoneSilent(silent) => self.microphone_silent = silent,
            SoundEvent::PlayedOut => {
                self.events.send(EngineEvent::PlayedOut).ok();
            }
        }
    }

    fn hear_rtp(&mut self, event: RtpEvent) {
        let told = match event {
            RtpEvent::Offer(call, Ok(sdp)) => MediaEvent::Offer(call, sdp),
            RtpEvent::Offer(call, Err(error)) => {
                tracing::warn!("no offer could be made: {error}");
                MediaEvent::Refused(call, MediaRefusal::Local)
            }
            RtpEvent::Answer(call, Ok(sdp)) => MediaEvent::Answer(call, sdp),
            RtpEvent::Accepted(call, Ok(())) => MediaEvent::Accepted(call),
            RtpEvent::Answer(call, Err(refusal)) | RtpEvent::Accepted(call, Err(refusal)) => {
                tracing::info!("a session description was refused: {refusal}");
                MediaEvent::Refused(call, crate::call_media::refusal(&refusal))
            }
            RtpEvent::Negotiated(call, negotiated) => {
                let Some(media) = self.calls.get_mut(&call) else { return };
                let agreed = media.negotiated(&negotiated, &mut self.sound);
                self.events.send(EngineEvent::Negotiated(call, negotiated)).ok();
                MediaEvent::Negotiated(call, agreed)
            }
            RtpEvent::Digit(call, digit) => MediaEvent::Digit(call, digit),
            RtpEvent::DigitRefused(call, digit) => {
                tracing::info!("{call:?} takes no digits in RTP: {digit:?} was not sent");
                return;
            }
            RtpEvent::Report { call, report, last } => return self.hear_report(call, report, last),
            RtpEvent::Failed(call, error) => {
                tracing::warn!("no ports for RTP: {error}");
                MediaEvent::Refused(call, MediaRefusal::Local)
            }
            RtpEvent::ResolveHost(call, host) => return self.resolve_host(call, host),
        };
        self.tell_phone(told);
    }

    fn hear_report(&mut self, call: CallId, report: Box<bellbird_media::QualityReport>, last: bool) {
        if let Some(media) = self.calls.get_mut(&call) {
            let (sample, silence) = media.reported(&report, self.microphone_silent, &mut self.sound);
            self.tell_phone(MediaEvent::Quality(call, sample));
            if let Some(silent) = silence {
                self.tell_phone(MediaEvent::Silent(call, silent));
            }
        }
        self.events.send(EngineEvent::Quality { call, report, last }).ok();
    }

    fn tell_phone(&mut self, event: MediaEvent) {
        self.phone.handle_input(Input::Media(clock::now(), event));
    }

    fn resolve_host(&self, call: CallId, host: String) {
        let report = self.report.clone();
        tokio::spawn(async move {
            match tokio::net::lookup_host((host, 0)).await.map(|mut found| found.next()) {
                Ok(Some(address)) => {
                    report.send(Report::HostResolved(call, address.ip())).ok();
                }
                Ok(None) | Err(_) => tracing::warn!("the host in a session description has no address"),
            }
        });
    }

    fn drain(&mut self) {
        loop {
            match self.phone.poll_output() {
                Output::Transmit(transmit) => self.net.send(transmit),
                Output::Connect(flow, remote) => self.net.connect(flow, remote),
                Output::Close(flow) => self.net.close(flow),
                Output::Resolve(id, question) => self.net.resolve(id.0, question),
                Output::Pin(pin) => {
                    let pin = pin.map(|ServerPin { authority, names }| bellbird_net::Pin { authority, names });
                    self.net.pin(pin);
                }
                Output::Media(request) => self.carry_out(request),
                Output::Http(request) => self.server.ask(request),
                Output::OpenEvents(request) => self.server.open(request),
                Output::CloseEvents(id) => self.server.close(id),
                Output::SendEvent(id, text) => self.server.send(id, text),
                Output::Store(request) => self.keeper.store(request),
                Output::View(view) => {
                    self.events.send(EngineEvent::View(view)).ok();
                }
                Output::Finished => {
                    self.stage = Stage::Flushing;
                    self.keeper.flush();
                }
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }

    fn carry_out(&mut self, request: MediaRequest) {
        match request {
            MediaRequest::Open(call, config) => self.open(call, config),
            MediaRequest::Offer(call) => self.rtp.command(RtpCommand::Offer(call)),
            MediaRequest::Answer(call, offer) => self.rtp.command(RtpCommand::Answer(call, offer)),
            MediaRequest::AcceptAnswer(call, answer) => self.rtp.command(RtpCommand::AcceptAnswer(call, answer)),
            MediaRequest::Rollback(call) => self.rtp.command(RtpCommand::Rollback(call)),
            MediaRequest::Hold(call, hold) => {
                self.rtp.command(RtpCommand::Hold(call, hold));
                if let Some(media) = self.calls.get_mut(&call) {
                    media.hold(hold, &mut self.sound);
                }
            }
            MediaRequest::Mute(call, muted) => self.sound.command(SoundCommand::Mute(call, muted)),
            MediaRequest::Rehome(call, local) => {
                self.rtp.command(RtpCommand::Move(call, self.address_for_media(local)));
            }
            MediaRequest::Digits(call, digits) => {
                digits.chars().for_each(|digit| self.rtp.command(RtpCommand::Digit(call, digit, DIGIT)));
            }
            MediaRequest::Release(call) => {
                self.rtp.command(RtpCommand::Close(call));
                self.sound.command(SoundCommand::Remove(call));
                self.calls.remove(&call);
            }
            MediaRequest::Sound(sound) => self.sound.command(SoundCommand::Ring(sound)),
            MediaRequest::Audio(settings) => self.sound.command(SoundCommand::Settings(settings)),
            MediaRequest::Test(test) => self.sound.command(SoundCommand::Test(test)),
        }
    }

    fn open(&mut self, call: CallId, config: MediaConfig) {
        let Some((leg, rings)) = self.sound.leg(call) else {
            tracing::error!("no codec could be set up");
            return;
        };
        self.sound.command(SoundCommand::Add(leg));
        self.calls.insert(call, CallMedia::new(call));
        let address = self.address_for_media(config.local);
        let seed = self.rng.fork();
        self.rtp.command(RtpCommand::Open { call, address, configure: Box::new(session(config)), seed, rings });
    }

    fn address_for_media(&self, signalling: Option<IpAddr>) -> IpAddr {
        let anywhere = || bellbird_net::local_address_towards(ANYWHERE).ok();
        self.media_address.or(signalling).or_else(anywhere).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }
}

/// Makes a session's configuration once its ports are known.
fn session(config: MediaConfig) -> impl FnOnce(SocketAddr, SocketAddr) -> SessionConfig + Send {
    move |rtp, rtcp| {
        let mut session = SessionConfig::new(rtp, Box::new(ProviderKeys));
        session.rtcp_address = Some(rtcp);
        session.codecs = if config.codecs.is_empty() { Codec::ALL.to_vec() } else { config.codecs };
        session.srtp = match config.srtp {
            SrtpPolicy::Off => bellbird_media::SrtpPolicy::Off,
            SrtpPolicy::Optional | SrtpPolicy::Unknown => bellbird_media::SrtpPolicy::Optional,
            SrtpPolicy::Required => bellbird_media::SrtpPolicy::Required,
        };
        session.latch = LatchPolicy::Once;
        session
    }
}
