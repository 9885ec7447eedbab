//! The words of the contract that the exchange speaks, under one name.

use std::collections::BTreeMap;

pub use bellbird_contract::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);
    )*};
}

ids! {
    /// An organisation.
    OrgId,
    /// A user.
    UserId,
    /// A VoIP account.
    VoipAccountId,
    /// A number of the inventory.
    NumberId,
    /// A trunk.
    TrunkId,
    /// Counts the changes of a document.
    Revision,
}

/// The UUID of a client, from `+sip.instance`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub String);

/// Who decides about calls in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Each client for itself.
    #[default]
    Individual,
    /// On for all.
    Enabled,
    /// Off for all.
    Disabled,
}

/// With what a user makes calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallMethod {
    /// The client itself.
    #[default]
    Softphone,
    /// The server rings the desk phone first.
    DeskPhone,
    /// The server rings an external number first.
    Mobile,
}

/// Who wrote a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub since: Timestamp,
}

/// Settings of incoming calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncomingDocument {
    /// Counts its changes.
    pub revision: Revision,
    /// Who decides.
    pub mode: Mode,
    /// Who wrote it.
    pub stamp: Stamp,
}

/// Settings of outgoing calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutgoingDocument {
    /// Counts its changes.
    pub revision: Revision,
    /// Who decides.
    pub mode: Mode,
    /// With what, where the mode is `Enabled`.
    pub call_method: CallMethod,
    /// Who wrote it.
    pub stamp: Stamp,
}

/// What one client chose for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientValues {
    /// Whether it takes calls.
    pub receive: Option<bool>,
    /// Whether it makes calls.
    pub make: Option<bool>,
    /// With what.
    pub call_method: Option<CallMethod>,
}

/// What the user may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Incoming calls.
    pub configure_incoming: bool,
    /// Outgoing calls.
    pub configure_outgoing: bool,
}

impl Default for Permissions {
    fn default() -> Self {
        Self { configure_incoming: true, configure_outgoing: true }
    }
}

/// All that the rule needs for one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsDocument {
    /// Incoming calls.
    pub incoming: IncomingDocument,
    /// Outgoing calls.
    pub outgoing: OutgoingDocument,
    /// What the user may change.
    pub permissions: Permissions,
    /// This client's own values.
    pub client: ClientValues,
}

/// A hybrid logical clock's stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc {
    /// Milliseconds since 1970.
    pub millis: u64,
    /// Counts within a millisecond.
    pub counter: u32,
    /// Whose clock.
    pub node: u64,
}

/// Where an act came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DndSource {
    /// A client.
    App {
        /// Which.
        client: ClientId,
    },
    /// A desk phone's key.
    DeskPhone {
        /// Which.
        account: VoipAccountId,
    },
    /// A star code.
    StarCode,
}

/// Somebody turned Do Not Disturb on or off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DndAct {
    /// When.
    pub stamp: Hlc,
    /// On or off.
    pub on: bool,
    /// Until when.
    pub until: Option<Timestamp>,
    /// How.
    pub by: DndSource,
}

/// The newest act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DndState {
    /// The newest act.
    pub newest: Option<DndAct>,
}

impl DndState {
    /// Whether it is on now.
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.newest.as_ref().is_some_and(|act| act.on && act.until.is_none_or(|until| now < until))
    }
}

/// Parameters of a reason.
pub type Params = BTreeMap<String, String>;

/// What a setting comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective<T> {
    /// The value that holds.
    pub value: T,
    /// For whom.
    pub scope: Scope,
}

/// For whom a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This client alone.
    ThisClient,
    /// All of the user's clients.
    AllClients,
}

/// What the settings come to for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectiveSettings {
    /// Whether it takes calls.
    pub receive: Effective<bool>,
    /// Whether it makes calls.
    pub make: Effective<bool>,
    /// With what.
    pub call_method: Effective<CallMethod>,
}

/// The one rule.
pub fn resolve(document: &SettingsDocument) -> EffectiveSettings {
    fn one<T>(mode: Mode, all: T, off: T, own: T) -> Effective<T> {
        match mode {
            Mode::Individual => Effective { value: own, scope: Scope::ThisClient },
            Mode::Enabled => Effective { value: all, scope: Scope::AllClients },
            Mode::Disabled => Effective { value: off, scope: Scope::AllClients },
        }
    }
    let client = &document.client;
    EffectiveSettings {
        receive: one(document.incoming.mode, true, false, client.receive.unwrap_or(true)),
        make: one(document.outgoing.mode, true, false, client.make.unwrap_or(true)),
        call_method: one(
            document.outgoing.mode,
            document.outgoing.call_method,
            document.outgoing.call_method,
            client.call_method.unwrap_or_default(),
        ),
    }
}

/// Why a device rings or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// It rings.
    Rings,
    /// It rings though Do Not Disturb is on: a transferred call comes back.
    TransferRecall,
    /// It rings though Do Not Disturb is on: the user moves an own call.
    MovedCall,
    /// It rings though Do Not Disturb is on: the user asked for this call.
    ClickToDial,
    /// It rings though Do Not Disturb is on: somebody answers the user's emergency call.
    EmergencyCallBack,
    /// A shared number rings, since not all of its owners are on Do Not Disturb.
    SharedNumberStillRings,
    /// An emergency call leaves.
    Emergency,
    /// Forwarded: always.
    ForwardedAlways,
    /// Forwarded: on busy.
    ForwardedOnBusy,
    /// Forwarded: on no answer.
    ForwardedOnNoAnswer,
    /// Forwarded: no device is registered.
    ForwardedWhenUnreachable,
    /// No device is registered: the number for that rings.
    UnavailabilityNumber,
    /// Rings as the destination if no answer.
    DestinationIfNoAnswer,
    /// Do Not Disturb is on.
    DoNotDisturb,
    /// All owners of this shared number are on Do Not Disturb.
    SharedNumberSuppressed,
    /// *Receive incoming calls* is off for this client.
    ReceiveOff,
    /// *Receive incoming calls* is off for all the user's clients.
    ReceiveOffForAll,
    /// *Make calls* is off.
    MakeCallsOff,
    /// The user's calls are made with another device.
    OtherCallMethod,
    /// The device is not registered.
    NotRegistered,
    /// The account is switched off.
    AccountDisabled,
    /// The user is switched off.
    UserDisabled,
    /// The user is not available.
    NotAvailable,
    /// The user chose to be reached elsewhere.
    ReachedElsewhere,
    /// The user is in a call and call waiting is off.
    BusyNoCallWaiting,
    /// All calls are forwarded.
    AllForwarded,
    /// The call comes from this device.
    CallersOwnDevice,
    /// The account has as many calls as it may.
    CallLimit,
    /// Caller and device have no way of media in common.
    MediaMismatch,
    /// The call was here before.
    ForwardingLoop,
    /// Nobody proved who calls: no call to the outside.
    NotAuthenticated,
    /// There is no trunk for this.
    NoTrunk,
    /// The trunk does not answer.
    TrunkDown,
    /// All of the trunk's channels are taken.
    TrunkFull,
    /// There is no such number.
    UnknownNumber,
    /// The number is assigned to nobody.
    UnassignedNumber,
    /// Calls to emergency numbers are not forwarded.
    EmergencyNotForwarded,
}
