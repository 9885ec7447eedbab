//! The words of the contract that the exchange speaks, under one roof.

pub use bellbird_contract::Timestamp;
pub use bellbird_contract::server::{
    AccountKind, Availability, CallMethod, CalledNumberFrom, CallerId, CannotBeToldCause, Cause, ClientId,
    ClientValues, CountryCode, Destination, DeviceName, DndAct, DndSource, DndState, EffectiveSettings, Forwarding,
    Forwardings, Hlc, HlcClock, IncomingDocument, LinkedNumber, MediaProfile, Mode, NetworkUnavailability,
    NumberFormat, NumberId, OrgId, OrganisationSettings, OutgoingDocument, Permissions, Presence, ReachedAt, Reason,
    Receipt, ReceiptState, Revision, Scope, SettingsDocument, Stamp, StillRingsCause, Telephony, TrunkId, TrunkLink,
    TrunkSettings, UserId, VoipAccountId, resolve,
};
