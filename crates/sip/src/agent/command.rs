use bellbird_base::Duration;

use super::event::{Body, CallId};
use crate::uri::Uri;

/// A call to make.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Whom to call: a `sip:`, `sips:` or `tel:` URI. A `tel:` URI goes to the account's domain.
    pub target: Uri,
    /// The SDP offer; without one the callee makes it (`CallEvent::Offer` follows the answer).
    pub offer: Option<Body>,
    /// Whether to hide who calls (RFC 3323: anonymous From, `Privacy: id`).
    pub anonymous: bool,
    /// The call of ours whose other end this call shall take the place of (RFC 3891).
    pub replaces: Option<CallId>,
    /// Asks the callee to answer without a hand after this long (Answer-Mode, Call-Info `answer-after`).
    pub auto_answer: Option<Duration>,
    /// Further header fields, sent as given: name and value.
    pub headers: Vec<(String, String)>,
}

impl Invite {
    /// A plain call.
    pub fn new(target: Uri, offer: Option<Body>) -> Self {
        Self { target, offer, anonymous: false, replaces: None, auto_answer: None, headers: Vec::new() }
    }
}

/// A subscription to make.
#[derive(Clone, Debug)]
pub struct Subscribe {
    /// Whose state.
    pub target: Uri,
    /// The event package with its parameters: `dialog`, `as-feature-event`.
    pub event: String,
    /// How long each round lasts.
    pub expires: Duration,
    /// The media types that notifications may have; empty for the package's default.
    pub accept: Vec<String>,
    /// A body for the first SUBSCRIBE.
    pub body: Option<Body>,
}

/// Something to publish (RFC 3903).
#[derive(Clone, Debug)]
pub struct Publish {
    /// Whose state.
    pub target: Uri,
    /// The event package.
    pub event: String,
    /// How long it lasts without a refresh.
    pub expires: Duration,
    /// The state.
    pub body: Body,
}

/// A command that makes no sense now. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// There is no such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// There is no such call, or it is over.
    #[error("there is no such call")]
    UnknownCall,
    /// There is no such subscription or publication.
    #[error("there is no such subscription")]
    UnknownSubscription,
    /// The call is not in a state that allows this.
    #[error("not possible in the call's present state")]
    WrongState,
    /// The URI's scheme can't be called.
    #[error("an address of this kind can't be called")]
    BadTarget,
}

/*
impl UserAgent {
    pub fn new(config: Config, seed: Seed, now: Instant) -> Self;
    pub fn handle_input(&mut self, input: Input<'_>);
    pub fn poll_output(&mut self) -> Output;

    pub fn add_account(&mut self, now, AccountConfig) -> AccountId;          // does not register by itself
    pub fn update_account(&mut self, now, AccountId, AccountConfig) -> Result<(), Misuse>;
    pub fn remove_account(&mut self, now, AccountId) -> Result<(), Misuse>;  // unregisters
    pub fn register(&mut self, now, AccountId) -> Result<(), Misuse>;
    pub fn unregister(&mut self, now, AccountId) -> Result<(), Misuse>;
    pub fn registration(&self, AccountId) -> Option<&RegistrationState>;

    pub fn invite(&mut self, now, AccountId, Invite) -> Result<CallId, Misuse>;
    pub fn ring(&mut self, now, CallId, Option<Body>) -> Result<(), Misuse>;             // body: early media answer (183), else 180
    pub fn answer(&mut self, now, CallId, Option<Body>) -> Result<(), Misuse>;           // answer, or an offer if Incoming had none; None repeats the early answer
    pub fn reject(&mut self, now, CallId, StatusCode, Option<String>) -> Result<(), Misuse>;
    pub fn redirect(&mut self, now, CallId, Vec<Uri>) -> Result<(), Misuse>;
    pub fn hang_up(&mut self, now, CallId) -> Result<(), Misuse>;
    pub fn reinvite(&mut self, now, CallId, Body) -> Result<(), Misuse>;                 // a re-offer of ours; queued over glare
    pub fn update(&mut self, now, CallId, Body) -> Result<(), Misuse>;                   // the same by UPDATE where the peer allows
    pub fn respond_to_offer(&mut self, now, CallId, Result<Body, StatusCode>) -> Result<(), Misuse>;  // to CallEvent::Offer
    pub fn provide_offer(&mut self, now, CallId, Result<Body, StatusCode>) -> Result<(), Misuse>;     // to CallEvent::OfferNeeded
    pub fn transfer(&mut self, now, CallId, Uri) -> Result<(), Misuse>;
    pub fn transfer_to_call(&mut self, now, CallId, other: CallId) -> Result<(), Misuse>;
    pub fn accept_transfer(&mut self, now, CallId, offer: Option<Body>) -> Result<CallId, Misuse>;    // the new call; its progress is reported to the peer
    pub fn refuse_transfer(&mut self, now, CallId) -> Result<(), Misuse>;
    pub fn send_info(&mut self, now, CallId, Body) -> Result<(), Misuse>;
    pub fn send_digit_info(&mut self, now, CallId, char, Duration) -> Result<(), Misuse>;

    pub fn subscribe(&mut self, now, AccountId, Subscribe) -> Result<SubscriptionId, Misuse>;
    pub fn unsubscribe(&mut self, now, SubscriptionId) -> Result<(), Misuse>;
    pub fn publish(&mut self, now, AccountId, Publish) -> Result<PublicationId, Misuse>;
    pub fn republish(&mut self, now, PublicationId, Body) -> Result<(), Misuse>;
    pub fn unpublish(&mut self, now, PublicationId) -> Result<(), Misuse>;
}
*/
