use bellbird_base::{Duration, FlowId, Instant, Protocol};

use super::config::AccountId;
use super::io::{FlowEnd, ResolveFailure};
use super::server::ServerEvent;
pub use crate::message::Body;
use crate::status::StatusCode;
use crate::uri::Uri;

/// Something that the layer above has to know.
#[derive(Clone, Debug)]
pub enum Event {
    /// An account's registration changed.
    Registration(AccountId, RegistrationState),
    /// Something happened to a call.
    Call(CallId, CallEvent),
    /// Something happened to a subscription of ours.
    Subscription(SubscriptionId, SubscriptionEvent),
    /// Something happened to a publication of ours.
    Publication(PublicationId, PublicationEvent),
    /// What came of an OPTIONS of ours.
    Options(OptionsId, OptionsEnd),
    /// A NOTIFY that no subscription of ours asked for, such as `message-summary`.
    Notify(AccountId, Notification),
    /// A text came in by MESSAGE (RFC 3428) and was acknowledged.
    Message(AccountId, Party, Body),
    /// Something that only a server hears.
    Server(ServerEvent),
}

/// A name for one call, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// A name for one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u64);

/// A name for one publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicationId(pub u64);

/// A name for one OPTIONS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionsId(pub u64);

/// What came of an OPTIONS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionsEnd {
    /// An answer with its reason phrase; whatever it is, somebody is there.
    Answered(StatusCode, String),
    /// No answer in time.
    NoAnswer,
    /// The name could not be resolved.
    Resolve(ResolveFailure),
    /// No connection, or it was lost.
    Connection(FlowEnd),
}

/// Somebody at the other end, as far as a message tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The name to show.
    pub display_name: Option<String>,
    /// The address.
    pub uri: Uri,
    /// Whether the other side asked to stay unknown (RFC 3323), or no number came along.
    pub anonymous: bool,
    /// Whether a server vouches for this (P-Asserted-Identity, Remote-Party-ID) rather than the peer's own From.
    pub asserted: bool,
}

/// How an account stands with its registrar. Each event carries the whole state.
///
/// ```text
///            register()          2xx
/// Unregistered ──► Registering ──────► Registered ──┐ refresh, new flow
///      ▲               │  ▲ └──────────────▲────────┘
///      │ 2xx           │  │ after
///      │           503,│  │ a while       401 again, 403, 404
/// Unregistering    time▼  │out            ┌──► Failed
///      ▲             Retrying ────────────┘
///      └─ unregister(), from any
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// Nothing asked for, or undone.
    Unregistered,
    /// First attempt, or after the flow was lost.
    Registering,
    /// The registrar knows us.
    Registered(Registered),
    /// It did not work; another attempt follows.
    Retrying {
        /// Why it did not work.
        failure: RegistrationFailure,
        /// When the next attempt is made.
        at: Instant,
    },
    /// It did not work and no further attempt is made before [`register`](super::UserAgent::register) or
    /// [`update_account`](super::UserAgent::update_account).
    Failed(RegistrationFailure),
    /// The binding is being removed.
    Unregistering,
}

/// What a registrar agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// How long the binding lasts without a refresh.
    pub expires: Duration,
    /// Over which flow it was made.
    pub flow: FlowId,
    /// That flow's transport.
    pub protocol: Protocol,
    /// The globally routable URI that the registrar gave (RFC 5627), if any.
    pub gruu: Option<Uri>,
}

/// Why a registration failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationFailure {
    /// User name or password are wrong: the registrar challenged again after a valid answer.
    WrongPassword,
    /// A password is needed and none is configured.
    NoPassword,
    /// The challenge may not be answered: another realm than configured, or MD5 where SHA-256 was used before.
    UntrustedChallenge,
    /// The registrar refuses this user (403, 404, 410 and such).
    Refused(StatusCode, String),
    /// The registrar has trouble (5xx, 6xx and others).
    Unavailable(StatusCode, String),
    /// No answer in time.
    NoAnswer,
    /// The name could not be resolved.
    Resolve(ResolveFailure),
    /// No connection, or it was lost.
    Connection(FlowEnd),
}

/// Something that happened to a call.
#[derive(Clone, Debug)]
pub enum CallEvent {
    /// Somebody calls. Answer with `ring`, `answer`, `reject` or `redirect`.
    Incoming(Box<IncomingCall>),
    /// The INVITE was taken by the next server (100).
    Trying,
    /// The far end rings (180) or makes other progress (181, 182, 183 without SDP).
    Ringing {
        /// The status code.
        status: StatusCode,
        /// Its reason phrase.
        reason: String,
    },
    /// Media flows before the answer: an SDP answer in a provisional response. With several branches (forking), the
    /// newest holds.
    EarlyMedia {
        /// The answer to our offer.
        answer: Body,
        /// Counts the branches of a forked call, from 0.
        branch: u32,
    },
    /// A full offer is needed: give it (or a refusal) with `provide_offer`.
    OfferNeeded(OfferReason),
    /// The far end picked up. `answer` is the SDP answer to our offer if it is new with this message.
    Answered {
        /// The answer to our offer.
        answer: Option<Body>,
    },
    /// The peer makes an offer: answer with `respond_to_offer`. Also what the 200 to an INVITE without offer brings.
    Offer(Body),
    /// The peer answered our re-INVITE's, UPDATE's, or 200's offer.
    OfferAnswered(Body),
    /// The peer refused our re-offer; the session stays as it was.
    OfferRejected(StatusCode),
    /// The handshake is complete (ACK sent or received).
    Established,
    /// The peer asks to call somebody else instead (REFER): `accept_transfer` or `refuse_transfer`.
    TransferRequested {
        /// Whom to call.
        target: Uri,
        /// Whether that call takes the place of another one there (attended transfer).
        attended: bool,
        /// Who asks, if told.
        referred_by: Option<Party>,
    },
    /// How a transfer that we asked for is going. A status of 2xx is success, of 300 and above failure.
    TransferProgress {
        /// What the transferred party got so far.
        status: StatusCode,
    },
    /// A key was pressed, told by INFO.
    DigitInfo(char, Duration),
    /// An INFO with another body than digits.
    Info(Body),
    /// The peer's identity became known or changed (P-Asserted-Identity, Remote-Party-ID).
    RemoteIdentity(Party),
    /// The call is over. Nothing follows.
    Ended(CallEnd),
}

/// A call that comes in.
#[derive(Clone, Debug)]
pub struct IncomingCall {
    /// For which account.
    pub account: AccountId,
    /// Who calls.
    pub from: Party,
    /// Whom the caller dialled.
    pub to: Party,
    /// The offer; `None` means that the answer's SDP is an offer (see `answer`).
    pub offer: Option<Body>,
    /// Whether the caller asks for an answer without a hand (Answer-Mode, `answer-after=`, `info=alert-autoanswer`),
    /// and after how long. Whether he may is for the layer above to say.
    pub auto_answer: Option<Duration>,
    /// The call that this one takes the place of (RFC 3891). It ends when this one is answered.
    pub replaces: Option<CallId>,
    /// Alert-Info as received.
    pub alert_info: Option<String>,
    /// Who transferred the call here, if told.
    pub referred_by: Option<Party>,
    /// Subject, if told.
    pub subject: Option<String>,
}

/// Why an offer is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferReason {
    /// The peer sent a re-INVITE without SDP.
    PeerAsked,
    /// The network changed: tell the peer the new addresses.
    PathChanged,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEnd {
    /// Who ended it.
    pub by: EndedBy,
    /// Why.
    pub reason: EndReason,
    /// The final status code, where there was one.
    pub status: Option<StatusCode>,
    /// Words of the other side: the reason phrase or the text of Reason.
    pub text: Option<String>,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndedBy {
    /// We.
    Local,
    /// The other side.
    Remote,
    /// Nobody: the network failed.
    Network,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// Hung up after it was answered.
    HungUp,
    /// Given up by the caller before it was answered: a missed call to the callee.
    Cancelled,
    /// Another device took it (Reason: SIP;cause=200): not missed.
    AnsweredElsewhere,
    /// The callee refused.
    Declined,
    /// The callee is busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// The callee can't be reached now (480 and such).
    Unavailable,
    /// There is no such callee.
    NotFound,
    /// No common media (488, 415, 606).
    NotAcceptable,
    /// User name or password were not accepted.
    WrongPassword,
    /// Refused for another reason.
    Refused,
    /// The server failed (5xx).
    ServerFailed,
    /// No response at all.
    NoResponse,
    /// No way to the server: name, route, connection or certificate.
    Unreachable,
    /// Redirected to elsewhere, by us.
    Redirected,
    /// Another call took its place (Replaces).
    Replaced,
    /// Ended because it was transferred.
    Transferred,
    /// The peer vanished: session timer, or 481 in mid-call.
    Lost,
}

/// Something that happened to a subscription of ours.
#[derive(Clone, Debug)]
pub enum SubscriptionEvent {
    /// The notifier accepted it.
    Accepted {
        /// How long it lasts without a refresh.
        expires: Duration,
    },
    /// News.
    Notify(Notification),
    /// It is over, or could not be made. With `retry`, the agent itself tries again then.
    Ended {
        /// Why.
        reason: SubscriptionEnd,
        /// When the next attempt is made, if one is.
        retry: Option<Instant>,
    },
}

/// Why a subscription ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// We asked for it.
    Unsubscribed,
    /// The notifier ended it with this reason (RFC 6665 §4.1.3: deactivated, probation, rejected, timeout, giveup,
    /// noresource, invariant) or none.
    Terminated(Option<String>),
    /// SUBSCRIBE was refused.
    Refused(StatusCode),
    /// No answer, no route.
    Unreachable,
}

/// A NOTIFY's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The event package.
    pub event: String,
    /// The news, if any.
    pub body: Option<Body>,
}

/// Something that happened to a publication of ours.
#[derive(Clone, Debug)]
pub enum PublicationEvent {
    /// It is published.
    Published {
        /// How long it lasts without a refresh.
        expires: Duration,
    },
    /// It is gone: removed, refused or unreachable.
    Ended(Option<StatusCode>),
}
