use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{AdminChange, ApiProblem, AuditId, Author, ChangeRequestId, Direction, Revision, Stamp, UserId};
use crate::Timestamp;

/// Something that was changed (U12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Which.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: Author,
    /// What.
    pub what: AuditSubject,
    /// What of it, as a path: `telephony.ringSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// What it was, as JSON or a word; nothing where it was not there or is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<String>,
    /// What it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<String>,
    /// Whose.
    #[serde(default)]
    pub for_whom: Vec<super::Owner>,
    /// From where.
    pub from: AuditSource,
}

/// What a change was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum AuditSubject {
    /// Mode or values of incoming calls.
    IncomingCalls,
    /// Mode, method or values of outgoing calls.
    OutgoingCalls,
    /// A permission.
    Permission,
    /// Do Not Disturb.
    DoNotDisturb,
    /// Availability.
    Availability,
    /// A forwarding.
    Forwarding,
    /// Another part of the telephony.
    Telephony,
    /// A user was made.
    UserCreated,
    /// A user was deleted.
    UserDeleted,
    /// Details of a user.
    UserDetails,
    /// A role.
    Role,
    /// A password was set or reset.
    Password,
    /// Language and security.
    Security,
    /// Somebody logged in.
    LoggedIn,
    /// A client was logged out.
    ClientRevoked,
    /// A VoIP account.
    Account,
    /// A SIP secret was made anew.
    SipSecret,
    /// A registration was removed.
    Registration,
    /// A number.
    Number,
    /// A trunk.
    Trunk,
    /// The organisation.
    Organisation,
    /// A request for a change.
    ChangeRequest,
    /// An API key.
    ApiKey,
    /// Somebody in the address book.
    Contact,
    /// The server itself: set-up, migration, backup.
    Server,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// From where something was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AuditSource {
    /// The portal.
    Portal {
        /// The address.
        address: String,
    },
    /// An app or browser.
    Client {
        /// What it calls itself.
        name: String,
        /// The address.
        address: String,
    },
    /// A desk phone.
    DeskPhone {
        /// Its number.
        number: String,
    },
    /// A program with an API key.
    Api {
        /// What the key is called.
        key: String,
        /// The address.
        address: String,
    },
    /// The server itself, or its command line.
    Server,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What of the audit is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AuditQuery {
    /// Only by this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub author: Option<UserId>,
    /// Only about this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub for_whom: Option<UserId>,
    /// Only this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub what: Option<AuditSubject>,
    /// Only before this entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<AuditId>,
    /// Only then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<Timestamp>,
    /// How many at most; 0 for as many as the server gives.
    pub limit: u32,
}

/// What a user asks of the administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangeRequestDraft {
    /// About which setting.
    pub direction: Direction,
    /// What it should become; nothing where the user only says so in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub wish: Option<Wish>,
    /// In the user's own words.
    #[serde(default)]
    pub text: String,
}

/// What a setting should become.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    /// On or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub on: Option<bool>,
    /// The call method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub call_method: Option<super::CallMethod>,
}

/// A request for a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChangeRequest {
    /// Which.
    pub id: ChangeRequestId,
    /// Who asks.
    pub user: super::Owner,
    /// The personal number of who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub extension: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What is asked.
    pub asked: ChangeRequestDraft,
    /// Who set what is asked about, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub set_by: Option<Stamp>,
    /// How many others were locked by the same act.
    #[serde(default)]
    pub locked_with: u32,
    /// How it stands.
    pub state: ChangeRequestState,
    /// Grows with each change.
    pub revision: Revision,
}

/// How a request stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ChangeRequestState {
    /// Nobody answered yet.
    Open,
    /// It was done.
    Accepted {
        /// By whom and when.
        stamp: Stamp,
    },
    /// The user got the permission instead.
    Permitted {
        /// By whom and when.
        stamp: Stamp,
    },
    /// It was declined, with the reason in the note.
    Declined {
        /// By whom and when.
        stamp: Stamp,
    },
    /// The user took it back.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What an administrator answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "answer", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ChangeRequestAnswer {
    /// Do it.
    Accept,
    /// Let the user decide.
    Permit,
    /// Leave it.
    Decline {
        /// Why, for the user to read.
        note: String,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// One change for several users, in one transaction (`POST /users/bulk`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkEdit {
    /// For whom.
    pub users: Vec<BulkUser>,
    /// What, all or nothing.
    pub changes: Vec<AdminChange>,
}

/// One of several users, as they were seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkUser {
    /// Who.
    pub user: UserId,
    /// The revision of the incoming document that was seen; nothing to write over whatever is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub incoming: Option<Revision>,
    /// The revision of the outgoing document that was seen; nothing to write over whatever is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub outgoing: Option<Revision>,
}

/// What a bulk edit would do, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// Who changes, and what.
    pub changes: Vec<DryRunChange>,
    /// What to think about first.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// What stands in the way; then nothing is written.
    #[serde(default)]
    pub problems: Vec<DryRunProblem>,
}

/// One value that changes for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DryRunChange {
    /// Whose.
    pub user: super::Owner,
    /// What.
    pub what: AuditSubject,
    /// What it is, as a word of the contract.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

/// What stands in the way for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DryRunProblem {
    /// Whose.
    pub user: super::Owner,
    /// What.
    pub problem: ApiProblem,
}

/// What to think about before a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Warning {
    /// Nothing of the user would ring any more.
    Unreachable {
        /// Who.
        user: super::Owner,
    },
    /// Calls to a number would ring nowhere.
    NumberWithoutPhone {
        /// Which.
        number: String,
        /// About how many calls a day it gets.
        calls_a_day: u32,
    },
    /// The call method needs something that the user has not.
    MethodNotPossible {
        /// Who.
        user: super::Owner,
        /// Which method.
        method: super::CallMethod,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What a write of one's own settings gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OwnSettings {
    /// The documents.
    pub document: super::SettingsDocument,
    /// What holds.
    pub effective: super::EffectiveSettings,
    /// What each device made of it.
    #[serde(default)]
    pub receipts: Vec<super::Receipt>,
}
