use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    AccountSummary, Author, AvailabilityState, CallProgress, CallRecord, ChangeRequest, Colleague, DndView, Me,
    NumberEntry, Organisation, OwnSettings, Receipt, RegistrationView, Revision, Telephony, TrunkView, UserId, UserRow,
    VoipAccountId,
};
use crate::Timestamp;

/// What a client says on `GET /events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ClientMessage {
    /// First of all: from where on it wants events. Nothing, or a revision that the server no longer has: a snapshot.
    Subscribe {
        /// The last revision that it took in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        since: Option<Revision>,
    },
    /// It took events in up to here: that is what receipts tell.
    Applied {
        /// Up to here.
        revision: Revision,
    },
    /// The portal shows the page of a user, or none: others see who looks at it.
    Look {
        /// Whose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        user: Option<UserId>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What the server pushes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServerEvent {
    /// Grows with each event; the events of one client may leave numbers out.
    pub revision: Revision,
    /// The server's time, to keep clocks in step.
    pub at: Timestamp,
    /// What.
    pub kind: ServerEventKind,
}

/// What happened. Each kind carries the whole of what it is about, so that the newest one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerEventKind {
    /// All that the client shows.
    Snapshot {
        /// All of it.
        snapshot: Box<Snapshot>,
    },
    /// The user's call settings.
    Settings {
        /// As they hold for this client.
        settings: Box<OwnSettings>,
    },
    /// The user's Do Not Disturb.
    Dnd {
        /// As it stands.
        dnd: DndView,
    },
    /// Whether the call plan counts on the user.
    Availability {
        /// As it stands.
        availability: AvailabilityState,
    },
    /// What the call plan does for the user.
    Telephony {
        /// As it stands.
        telephony: Box<Telephony>,
    },
    /// The user's own details, role or permissions.
    Me {
        /// As they stand.
        me: Box<Me>,
    },
    /// Colleagues whose state changed.
    Presence {
        /// Only those.
        colleagues: Vec<Colleague>,
    },
    /// Colleagues who are gone.
    ColleaguesGone {
        /// Who.
        users: Vec<UserId>,
    },
    /// The registrations of one account.
    Registrations {
        /// Which.
        account: VoipAccountId,
        /// All of its registrations.
        registrations: Vec<RegistrationView>,
    },
    /// A request for a change, new or settled.
    ChangeRequest {
        /// As it stands.
        request: ChangeRequest,
    },
    /// What devices made of the last change of Do Not Disturb or settings.
    Receipts {
        /// All devices.
        receipts: Vec<Receipt>,
    },
    /// A call by desk phone or call-back.
    CallProgress {
        /// As it stands.
        call: CallProgress,
    },
    /// A call is over.
    CallRecord {
        /// As it went.
        record: Box<CallRecord>,
    },
    /// A user was made or changed (portal).
    UserChanged {
        /// As in the table.
        user: UserRow,
        /// By whom.
        author: Author,
    },
    /// A user was deleted (portal).
    UserDeleted {
        /// Who.
        user: UserId,
    },
    /// An account was made or changed (portal).
    AccountChanged {
        /// As in the table.
        account: AccountSummary,
    },
    /// An account was deleted (portal).
    AccountDeleted {
        /// Which.
        account: VoipAccountId,
    },
    /// A number was made or changed (portal).
    NumberChanged {
        /// As it stands.
        number: NumberEntry,
    },
    /// A number was deleted (portal).
    NumberDeleted {
        /// Which.
        number: super::NumberId,
    },
    /// A trunk was made or changed, or its health did (portal).
    TrunkChanged {
        /// As it stands.
        trunk: TrunkView,
    },
    /// A trunk was deleted (portal).
    TrunkDeleted {
        /// Which.
        trunk: super::TrunkId,
    },
    /// The organisation changed (portal).
    OrganisationChanged {
        /// As it stands.
        organisation: Box<Organisation>,
    },
    /// Who looks at a user's page (portal).
    Looking {
        /// Whose page.
        user: UserId,
        /// All who look at it.
        viewers: Vec<Author>,
    },
    /// This client was logged out, or the user was disabled; the connection ends.
    LoggedOut {
        /// Why.
        problem: super::ApiProblem,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// All that a client shows at first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The user.
    pub me: Me,
    /// The user's call settings as they hold for this client.
    pub settings: OwnSettings,
    /// Do Not Disturb with its receipts.
    pub dnd: DndView,
    /// Whether the call plan counts on the user.
    pub availability: AvailabilityState,
    /// What the call plan does for the user.
    pub telephony: Telephony,
    /// The user's devices.
    #[serde(default)]
    pub accounts: Vec<AccountSummary>,
    /// Colleagues with state.
    #[serde(default)]
    pub colleagues: Vec<Colleague>,
    /// The user's own requests; for those who may answer them all that are open.
    #[serde(default)]
    pub requests: Vec<ChangeRequest>,
    /// Calls by desk phone or call-back that go on.
    #[serde(default)]
    pub calls: Vec<CallProgress>,
}
