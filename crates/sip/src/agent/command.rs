use std::net::SocketAddr;

use bellbird_base::{Duration, FlowId, Protocol};

use super::event::{Body, CallId};
use crate::message::Address;
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
    /// From, if other than the account's identity; a tag is added.
    pub from: Option<Address>,
    /// To, if other than the target.
    pub to: Option<Address>,
    /// Where the INVITE goes, if not where the account's requests go.
    pub way: Option<Way>,
    /// Whether the callee may send reliable provisional responses (RFC 3262).
    pub reliable: bool,
    /// Whether the caller has somebody else to try where nobody answers: then the last server is not waited for longer
    /// than the others ([`Timers::first_response`](super::Timers::first_response)).
    pub has_alternative: bool,
    /// How many hops it may still take; whoever sends another's call on counts down (RFC 7332).
    pub max_forwards: u8,
}

/// The way to a device that registered with us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The flow of its registration.
    pub flow: Option<FlowId>,
    /// Where the registration came from: the way where that flow is gone, for UDP.
    pub received: Option<(Protocol, SocketAddr)>,
    /// The Path of its registration (RFC 3327), the first hop first.
    pub path: Vec<Uri>,
}

impl Invite {
    /// A plain call.
    pub fn new(target: Uri, offer: Option<Body>) -> Self {
        Self {
            target,
            offer,
            anonymous: false,
            replaces: None,
            auto_answer: None,
            headers: Vec::new(),
            from: None,
            to: None,
            way: None,
            reliable: true,
            has_alternative: false,
            max_forwards: 70,
        }
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
    /// There is no such request, or it was answered.
    #[error("there is no such request")]
    UnknownRequest,
    /// The request can't become what was wanted, and was refused.
    #[error("the request was refused")]
    Refused,
    /// The call is not in a state that allows this.
    #[error("not possible in the call's present state")]
    WrongState,
    /// The URI's scheme can't be called.
    #[error("an address of this kind can't be called")]
    BadTarget,
}
