use std::net::IpAddr;

use bellbird_base::{Codec, Duration, FlowId, FlowInfo, Instant, Remote, Transmit};
use bellbird_contract::{
    AccountId, AccountSettings, AudioRole, AudioSettings, AudioTest, CallId, Device, DeviceInUse, HistoryEntry,
    HistoryId, PhoneView, Preferences, Problem, Secret, SrtpPolicy, Timestamp, ToneCountry, server::ClientId,
};
use bellbird_sip::agent::{FlowEnd, Question, ResolveFailure, ResolveId};

use crate::server::{
    EventsId, EventsInput, EventsRequest, HttpFailure, HttpId, HttpRequest, HttpResponse, LoadedServer, Outbox,
    ServerMemory, ServerPin,
};

/// What happens to a phone, beside the user's commands.
#[derive(Debug)]
pub enum Input<'a> {
    /// The instant of the last [`Output::Timeout`] has come.
    Timeout(Instant),
    /// A datagram, a WebSocket message or a piece of a stream came in.
    Receive(Instant, FlowId, &'a [u8]),
    /// A flow that we asked for is open, or a peer opened one.
    FlowOpened(Instant, FlowId, FlowInfo),
    /// A flow ended, or could not be opened.
    FlowClosed(Instant, FlowId, FlowEnd),
    /// The answer to [`Output::Resolve`]: where to connect to, best first.
    Resolved(Instant, ResolveId, Result<Vec<Remote>, ResolveFailure>),
    /// The machine slept, or the clock jumped by more than 5 s.
    Resume(Instant),
    /// The machine's addresses or routes changed.
    NetworkChanged(Instant),
    /// What the calendar says at this instant. Given after the start only when the system's clock was set.
    Clock(Instant, Timestamp),
    /// What had been kept; given once, after the start.
    Loaded(Instant, Box<Loaded>),
    /// The answer to [`Output::Http`].
    Http(Instant, HttpId, Result<HttpResponse, HttpFailure>),
    /// Something happened on a channel of events.
    Events(Instant, EventsId, EventsInput),
    /// Something about sound.
    Media(Instant, MediaEvent),
    /// Something the driver could not do and the user has to know: storage, key store.
    Trouble(Instant, Problem),
}

/// What a phone wants of its driver. Drain it until [`Output::Timeout`].
#[derive(Debug)]
pub enum Output {
    /// Send bytes.
    Transmit(Transmit),
    /// Open a flow and say [`Input::FlowOpened`] or [`Input::FlowClosed`].
    Connect(FlowId, Remote),
    /// Close a flow; nothing is said back.
    Close(FlowId),
    /// Look a name up and say [`Input::Resolved`].
    Resolve(ResolveId, Question),
    /// Ask the server and say [`Input::Http`].
    Http(HttpRequest),
    /// Open a channel of events and say [`Input::Events`].
    OpenEvents(EventsRequest),
    /// Close it; nothing is said back.
    CloseEvents(EventsId),
    /// Send a text message on it.
    SendEvent(EventsId, String),
    /// Let this authority alone vouch for these servers when a flow is opened to them, or nobody in particular again. Comes
    /// before the first flow that it is for.
    Pin(Option<ServerPin>),
    /// Do something about sound.
    Media(MediaRequest),
    /// Keep or forget something.
    Store(StoreRequest),
    /// What the UI shows changed. At most one comes out of each draining, as the last but the timeout.
    View(Box<PhoneView>),
    /// [`bellbird_contract::Command::Quit`] is done: calls have ended, accounts are unregistered. Said once.
    Finished,
    /// Nothing more to do before this instant: give [`Input::Timeout`] then. [`Instant::FAR_FUTURE`] where nothing is
    /// under way.
    Timeout(Instant),
}

/// What had been kept.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// In the order they were added.
    pub accounts: Vec<LoadedAccount>,
    /// Newest first or in any other order.
    pub history: Vec<HistoryEntry>,
    /// Devices and processing.
    pub audio: AudioSettings,
    /// Language, theme, country, default account.
    pub preferences: Preferences,
    /// The server, if somebody is logged in to one.
    pub server: Option<Box<LoadedServer>>,
    /// As it was given out in [`StoreRequest::SaveClient`].
    pub client: Option<ClientId>,
}

/// An account that had been kept.
#[derive(Clone, Debug)]
pub struct LoadedAccount {
    /// Its name, as it was given out in [`StoreRequest::SaveAccount`].
    pub id: AccountId,
    /// All but the secret.
    pub settings: AccountSettings,
    /// The secret, if the key store had it.
    pub secret: Option<Secret>,
    /// As it was given out in [`StoreRequest::SavePin`].
    pub pin: Option<String>,
}

/// Something about sound that the driver shall do.
///
/// A call's sound begins with [`Open`](Self::Open) and ends with [`Release`](Self::Release). Each
/// [`Offer`](Self::Offer), [`Answer`](Self::Answer) and [`AcceptAnswer`](Self::AcceptAnswer) gets exactly one reply, in
/// order; one that comes after the release is ignored.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaRequest {
    /// Get ready for a call: ports, keys. Nothing is sent or played yet.
    Open(CallId, MediaConfig),
    /// Make an offer; say [`MediaEvent::Offer`] or [`MediaEvent::Refused`].
    Offer(CallId),
    /// Answer this SDP offer; say [`MediaEvent::Answer`] or [`MediaEvent::Refused`].
    Answer(CallId, String),
    /// Take this SDP answer to the last offer; say [`MediaEvent::Accepted`] or [`MediaEvent::Refused`]. It may come
    /// several times for one offer: early media, forks.
    AcceptAnswer(CallId, String),
    /// The last offer was refused: the session is as it was before.
    Rollback(CallId),
    /// Stop (or start again) sending and playing the other side's sound, at once, and say so in the next offer or answer.
    Hold(CallId, bool),
    /// Stop (or start again) sending our voice; nothing is said to the other side.
    Mute(CallId, bool),
    /// Name new local addresses in the next offer: the network changed. The address is the one that signalling uses now.
    Rehome(CallId, Option<IpAddr>),
    /// Send these digits (`0-9*#A-D`) by RFC 4733.
    Digits(CallId, String),
    /// Forget a call's sound.
    Release(CallId),
    /// What rings and what tone is heard, replacing what was.
    Sound(Sound),
    /// Use these devices and this processing.
    Audio(AudioSettings),
    /// Try the sound out: one at a time, [`MediaEvent::Test`] tells how it goes.
    Test(SoundTest),
}

/// What a call's sound needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaConfig {
    /// Codecs in order of preference.
    pub codecs: Vec<Codec>,
    /// Whether keys are offered and demanded. Never `Unknown`.
    pub srtp: SrtpPolicy,
    /// The address that this call's signalling leaves from, if it is known: the one to name in SDP.
    pub local: Option<IpAddr>,
}

/// What rings and what tone is heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// The ringtone on the ring device, with the id from the settings.
    pub ringtone: Option<String>,
    /// The tone on the speaker, with the country it sounds like.
    pub tone: Option<(Tone, ToneCountry)>,
}

/// A call progress tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// It rings at the other side.
    Ringback,
    /// The other side is on another call.
    Busy,
    /// The call can't be made.
    Congestion,
    /// Another call comes in while we talk: soft, once in a while.
    CallWaiting,
}

/// A trial of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoundTest {
    /// End whatever is tried.
    Stop,
    /// Take the microphone so that its level is measured.
    Meter,
    /// Record the microphone for a few seconds and play it.
    RecordAndPlayBack,
    /// Play a tone on the speaker or the ringtone on the ring device.
    Play(AudioRole),
}

/// Something about sound that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// The SDP of an offer that was asked for.
    Offer(CallId, String),
    /// The SDP of an answer that was asked for.
    Answer(CallId, String),
    /// The other side's answer was taken.
    Accepted(CallId),
    /// The offer can't be made, or the other side's SDP can't be taken; everything is as before.
    Refused(CallId, MediaRefusal),
    /// The two sides agreed, for the first time or anew.
    Negotiated(CallId, Agreed),
    /// How the call sounds, about once a second.
    Quality(CallId, QualitySample),
    /// No packet has come for 10 s though the other side does not hold (true), or one came again (false).
    Silent(CallId, bool),
    /// A digit came by RFC 4733.
    Digit(CallId, char),
    /// Which devices there are, which are used, and what is wrong with them.
    Devices(DevicesNow),
    /// How the trial of the sound goes.
    Test(AudioTest),
}

/// Why there is no SDP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaRefusal {
    /// No codec in common.
    NoCodec,
    /// One side demands encryption and the other has none.
    Security,
    /// The other side's SDP can't be understood.
    BadSdp,
    /// No port, no key: the fault is here.
    Local,
}

/// What the two sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The codec that we send.
    pub codec: Codec,
    /// Whether the sound is encrypted.
    pub encrypted: bool,
    /// Whether the other side holds us.
    pub held_by_peer: bool,
    /// Whether digits can go by RFC 4733.
    pub telephone_event: bool,
}

/// How a call sounded in the last second or so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QualitySample {
    /// Mean opinion score of what we hear, 1.0 to 4.5 (ITU-T G.107).
    pub mos: f32,
    /// Packets lost on the way to us, in percent.
    pub loss_percent: f32,
    /// Packets lost on the way to the other side, in percent, once it reported them.
    pub far_loss_percent: Option<f32>,
    /// Unevenness of arrival, in ms.
    pub jitter_ms: f32,
    /// There and back, in ms, once known.
    pub round_trip_ms: Option<f32>,
    /// The microphone has given nothing but silence for a while though it is not muted.
    pub microphone_silent: bool,
}

/// Which devices there are and which are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevicesNow {
    /// What is there.
    pub devices: Vec<Device>,
    /// What is used.
    pub in_use: Vec<DeviceInUse>,
    /// No microphone, refused microphone, and the like.
    pub problem: Option<Problem>,
}

/// Something to keep or forget.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreRequest {
    /// Keep an account, new or changed.
    SaveAccount(AccountId, AccountSettings),
    /// Keep an account's secret in the key store.
    SaveSecret(AccountId, Secret),
    /// Keep the realm that an account answered with SHA-256, so that MD5 is never answered again; `None`: forget it.
    SavePin(AccountId, Option<String>),
    /// Forget an account, its secret and its pin.
    DeleteAccount(AccountId),
    /// Keep a call, new or changed.
    SaveHistory(HistoryEntry),
    /// Forget a call.
    DeleteHistory(HistoryId),
    /// Forget all calls.
    ClearHistory,
    /// Keep what the user chose about sound.
    SaveAudio(AudioSettings),
    /// Keep what the user chose about the program.
    SavePreferences(Preferences),
    /// Keep the last state of the server.
    SaveServer(Box<ServerMemory>),
    /// Keep what waits to be sent to the server.
    SaveOutbox(Box<Outbox>),
    /// Keep the server's token in the key store.
    SaveServerToken(Secret),
    /// Forget the token.
    ForgetServerToken,
    /// Keep this client's name on the server; it outlives the log-in.
    SaveClient(ClientId),
    /// Forget the server, what waits to be sent and the token.
    ForgetServer,
}

/// How a phone is set up, beside what the user chooses.
#[derive(Clone, Debug)]
pub struct Config {
    /// The SIP user agent's settings.
    pub sip: bellbird_sip::agent::Config,
    /// `urn:uuid:…` of this installation, constant over restarts (RFC 5626 §4.1).
    pub instance_id: Option<String>,
    /// What this program calls itself in the user's list of devices: `Bellbird on reception-pc`.
    pub client_name: String,
    /// Whether accounts register. A program that only asks the server something leaves the registration to the one that
    /// makes calls.
    pub register: bool,
    /// What the calendar says now.
    pub clock: Timestamp,
    /// Whether calls are answered without a hand.
    pub auto_answer: AutoAnswer,
    /// Ringtones that the driver can play.
    pub ringtones: Vec<bellbird_contract::Ringtone>,
    /// How long an ended call stays in the view.
    pub linger: Duration,
}

impl Config {
    /// The usual settings.
    pub fn new(clock: Timestamp) -> Self {
        Self {
            sip: bellbird_sip::agent::Config::default(),
            instance_id: None,
            client_name: "Bellbird".to_owned(),
            register: true,
            clock,
            auto_answer: AutoAnswer::Never,
            ringtones: Vec::new(),
            linger: Duration::from_secs(4),
        }
    }
}

/// Whether calls are answered without a hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoAnswer {
    /// Never.
    Never,
    /// Where the caller asks for it (Alert-Info, Call-Info, Answer-Mode), a server vouches for him, and no call is on.
    WhenAsked,
    /// Always, after this long.
    After(Duration),
}
