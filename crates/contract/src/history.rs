use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::server::CallRecordId;
use crate::{AccountId, CallDirection, Party, Problem, Quality, Timestamp};

/// Names a call in the history, on this computer and on others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct HistoryId(pub String);

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// They talked.
    Answered,
    /// It rang here and nobody answered.
    Missed,
    /// It rang here and another device of ours answered: not missed.
    AnsweredElsewhere,
    /// It was declined: by us when incoming, by the other side when outgoing.
    Declined,
    /// The other side was busy.
    Busy,
    /// The other side did not answer.
    NoAnswer,
    /// We hung up before an answer.
    Cancelled,
    /// It failed: see the problem.
    Failed,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Its name in commands.
    pub id: HistoryId,
    /// The account it went over; it may have been removed since.
    pub account: AccountId,
    /// Who called.
    pub direction: CallDirection,
    /// The other side.
    pub party: Party,
    /// When it began to ring or was dialled.
    pub started_at: Timestamp,
    /// When it was answered.
    #[serde(default)]
    pub answered_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it failed.
    #[serde(default)]
    pub problem: Option<Problem>,
    /// Whether the user has seen that it was missed; true for all others.
    pub seen: bool,
    /// The Call-ID of its INVITE, by which the server's record of it is known again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub call_id: Option<String>,
    /// The server's record of it, once known: it says why phones rang or did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub record: Option<CallRecordId>,
    /// How it sounded at the end.
    #[serde(default)]
    pub quality: Option<Quality>,
}
