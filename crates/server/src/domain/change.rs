use bellbird_contract::server::{
    Author, CallProgress, CallRecordId, ChangeRequestId, ClientId, NumberId, TrunkId, UserId, VoipAccountId,
};
use serde::{Deserialize, Serialize};

/// That something is different now. What it is now is read when it is told: a client that is slow gets the newest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "each says itself what changed, and of whom")]
pub enum Change {
    Settings {
        user: UserId,
        /// Nothing in what an older version stored.
        #[serde(default)]
        author: Option<Author>,
    },
    Dnd {
        user: UserId,
    },
    Availability {
        user: UserId,
    },
    Telephony {
        user: UserId,
    },
    User {
        user: UserId,
        author: Author,
    },
    UserDeleted {
        user: UserId,
    },
    Account {
        account: VoipAccountId,
    },
    AccountDeleted {
        account: VoipAccountId,
    },
    Number {
        number: NumberId,
    },
    NumberDeleted {
        number: NumberId,
    },
    Trunk {
        trunk: TrunkId,
    },
    TrunkDeleted {
        trunk: TrunkId,
    },
    Organisation,
    Request {
        request: ChangeRequestId,
        user: UserId,
    },
    Record {
        record: CallRecordId,
        users: Vec<UserId>,
    },
    /// A client or all sessions of a user were logged out.
    LoggedOut {
        user: UserId,
        client: Option<ClientId>,
    },
    /// Not stored: what only the SIP side knows.
    Presence {
        user: UserId,
    },
    Registrations {
        account: VoipAccountId,
    },
    Receipts {
        user: UserId,
    },
    CallProgress {
        user: UserId,
        call: Box<CallProgress>,
    },
    /// Not stored: which administrators look at a user's page.
    Looking {
        user: UserId,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}
