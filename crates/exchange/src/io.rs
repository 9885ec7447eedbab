//! What goes into the exchange and what comes out of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bellbird_base::{FlowId, FlowInfo, Instant, Remote, Transmit};
use bellbird_sip::agent::{FlowEnd, Question, ResolveFailure, ResolveId};
use bellbird_sip::message::Body;
use bellbird_sip::status::StatusCode;

use crate::directory::Directory;
use crate::exchange::KeptCall;
use crate::guard::Alarm;
use crate::node::{MediaId, MediaRequest, Progress, SessionId};
use crate::registrar::{Binding, BindingId};
use crate::routing::{Call, Device, Plan, Why};
use crate::words::{DndAct, DndSource, OrgId, Presence, Receipt, Timestamp, TrunkId, UserId, VoipAccountId};

/// What happens to an exchange.
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
    /// The answer to [`Output::Resolve`].
    Resolved(Instant, ResolveId, Result<Vec<Remote>, ResolveFailure>),
    /// The answer to [`Output::Store`].
    Stored(Instant, StoreId, Result<(), NotStored>),
    /// The answer to [`Output::Media`].
    Media(Instant, MediaId, Result<Body, StatusCode>),
    /// What the calendar says now: at the start it is told to `new`, later whenever it was set.
    Calendar(Instant, Timestamp),
    /// The layer above wants something.
    Command(Instant, Command),
}

/// What the layer above wants.
#[derive(Debug)]
pub enum Command {
    /// The newest snapshot of an organisation.
    SetDirectory(Arc<Directory>),
    /// An organisation is gone, with all its bindings and subscriptions.
    RemoveOrganisation(OrgId),
    /// Bindings from before the restart; nothing is stored again.
    RestoreBindings(Vec<Binding>),
    /// Calls from before the restart, after the directories and bindings. They are stored anew under new names.
    RestoreCalls(Vec<KeptCall>),
    /// Take a registration away.
    RemoveBinding(BindingId),
    /// Take all registrations of an account away: its secret changed, or it is gone.
    RemoveBindings(VoipAccountId),
    /// Whether a trunk answers.
    TrunkHealth(TrunkId, bool),
    /// Which of a trunk's servers answers, by its position in the settings: it is called first.
    TrunkServer(TrunkId, usize),
}

/// What an exchange wants of its driver.
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
    /// Make this durable and say [`Input::Stored`]. An answer to the network may wait for it.
    Store(StoreId, StoreRequest),
    /// Rewrite a description, or hand it back as it is, and say [`Input::Media`].
    Media(Box<MediaRequest>),
    /// Something the layer above has to know.
    Event(Event),
    /// Nothing more to do before this instant.
    Timeout(Instant),
}

/// A name for one request to the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(pub u64);

/// Something that has to survive.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreRequest {
    /// A registration, new or refreshed.
    SaveBinding(Box<Binding>),
    /// A registration that is gone.
    RemoveBinding(BindingId),
    /// An answered call, at its answer and after each change of media.
    SaveCall {
        /// Its name in this life.
        session: SessionId,
        /// Both legs, and who talks.
        kept: Box<KeptCall>,
    },
    /// A call that is over.
    RemoveCall(SessionId),
    /// A key or a star code changed Do Not Disturb: merge it as any act. The next [`Command::SetDirectory`] has it.
    Dnd {
        /// Whose.
        user: UserId,
        /// What.
        act: DndAct,
    },
    /// A key or a star code changed a forwarding.
    Forward {
        /// Whose.
        user: UserId,
        /// Which.
        kind: ForwardKind,
        /// Where to, as dialled; `None` turns it off.
        target: Option<String>,
        /// How.
        by: DndSource,
    },
}

/// When a forwarding holds (N9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForwardKind {
    /// Whatever happens.
    Always,
    /// While the user is busy.
    Busy,
    /// When nobody answers.
    NoAnswer,
    /// When no device is registered.
    Unreachable,
}

/// Why something was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// The user lacks the permission.
    Forbidden,
    /// The storage has trouble; the network is told 503.
    Failed,
}

/// Something the layer above has to know.
#[derive(Clone, Debug)]
pub enum Event {
    /// The registrations of an account changed.
    Registrations(VoipAccountId, Vec<Binding>),
    /// Somebody guesses.
    Alarm(Alarm),
    /// How far a device's key is with the user's Do Not Disturb.
    Receipt(UserId, Receipt),
    /// How colleagues see a user now.
    Presence(UserId, Presence),
    /// A call is on its way.
    Routed(Box<Routed>),
    /// A call wants the echo: answer the INVITE by the agent.
    Echo(Box<Routed>),
    /// How a call goes.
    Progress(SessionId, Progress),
    /// A call is over: its record. Of a call of an earlier life it says who took part, but neither why nor who answered:
    /// that is in the record that was stored with it.
    CallOver(Box<CallReport>),
    /// A call was refused before it became one; for its record.
    Refused(Box<Routed>),
    /// What the user agent tells about other things: trunks' registrations, calls that are not the node's.
    Agent(Box<bellbird_sip::agent::Event>),
}

/// What the record of a call says.
#[derive(Clone, Debug)]
pub struct CallReport {
    /// Its name.
    pub session: SessionId,
    /// Whose organisation.
    pub organisation: OrgId,
    /// The call as routing saw it.
    pub call: Call,
    /// The users who took part or were called.
    pub users: BTreeSet<UserId>,
    /// The Call-IDs of its legs.
    pub call_ids: BTreeSet<String>,
    /// When it came in.
    pub started: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
    /// The device that answered.
    pub answered_by: Option<Device>,
    /// The status that the caller got, where it came to nothing.
    pub failed: Option<StatusCode>,
    /// Why each device rang or did not, and what became of it.
    pub reasons: Vec<Why>,
}

/// A call that came in, and where it goes.
#[derive(Clone, Debug)]
pub struct Routed {
    /// Whose organisation.
    pub organisation: OrgId,
    /// The INVITE.
    pub invite: bellbird_sip::agent::InboundRequest,
    /// The call as routing saw it.
    pub call: Call,
    /// Where it goes, and why.
    pub plan: Plan,
}
