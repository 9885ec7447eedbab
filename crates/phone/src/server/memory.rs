//! What is kept of the server over restarts: the last state that it told, and what it has not been told yet.

use bellbird_contract::server::{
    Availability, CallRecord, ChangeRequestDraft, ChangeRequestId, ClientId, DndReplica, Forwardings, Hlc, MePhone,
    Profile, Revision, SettingsChange, Snapshot, TelephonyChange,
};
use bellbird_contract::{AccountId, Secret};
use serde::{Deserialize, Serialize};

use super::wire::ServerAddress;

/// What had been kept of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedServer {
    /// As it was given out in [`crate::StoreRequest::SaveServer`].
    pub memory: ServerMemory,
    /// As it was given out in [`crate::StoreRequest::SaveOutbox`].
    pub outbox: Option<Outbox>,
    /// The token, if the key store had it.
    pub token: Option<Secret>,
}

/// The last state that the server told, without secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerMemory {
    /// Where it is.
    pub address: ServerAddress,
    /// This client's name there.
    pub client: ClientId,
    /// The account that calls go over, among those of this phone.
    pub account: Option<AccountId>,
    /// What the account was made from.
    pub phone: MePhone,
    /// All that is shown, brought up to date by each event; nothing before the first.
    pub snapshot: Option<Snapshot>,
    /// The last event that was taken in.
    pub revision: Option<Revision>,
    /// Calls, newest first.
    #[serde(default)]
    pub records: Vec<CallRecord>,
    /// How many milliseconds the server's clock is ahead of ours.
    #[serde(default)]
    pub clock_ahead: i64,
}

/// What the user did and the server does not know yet, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outbox {
    /// Do Not Disturb, with the acts that wait.
    pub dnd: DndReplica,
    /// What waits, oldest first.
    pub waiting: Vec<Waiting>,
}

/// One thing that waits to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Waiting {
    /// The act of Do Not Disturb with this stamp.
    Dnd {
        /// Which.
        stamp: Hlc,
    },
    /// A change of the call settings.
    Settings {
        /// Which.
        change: SettingsChange,
    },
    /// Availability.
    Availability {
        /// As it should be.
        availability: Availability,
    },
    /// Forwardings.
    Forwarding {
        /// Those that change, as they should be.
        forwarding: Forwardings,
    },
    /// Another part of what the call plan does for the user.
    Telephony {
        /// What of it.
        change: TelephonyChange,
    },
    /// The user's own profile.
    Profile {
        /// What of it.
        profile: Profile,
    },
    /// A request to the administrators.
    Request {
        /// What is asked.
        draft: ChangeRequestDraft,
    },
    /// A request taken back.
    Withdraw {
        /// Which.
        id: ChangeRequestId,
    },
    /// From a newer version; it is not sent.
    #[serde(other)]
    Unknown,
}
