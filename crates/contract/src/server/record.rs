use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CallRecordId, DeviceName, ServerCallId, UserId};
use crate::{CallDirection, Party, Timestamp};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CallOutcome {
    /// It was answered.
    Answered,
    /// It was forwarded or went to the destination if no answer.
    Forwarded,
    /// Nobody answered.
    NoAnswer,
    /// Busy.
    Busy,
    /// Declined.
    Declined,
    /// It met Do Not Disturb.
    HeldBack,
    /// The caller gave up.
    CallerHungUp,
    /// It was not permitted.
    Refused,
    /// It failed.
    Failed,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A call, as it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// Which.
    pub id: CallRecordId,
    /// From the user's side; for an administrator from the organisation's.
    pub direction: CallDirection,
    /// Who called, with name and number as they were.
    pub from: Party,
    /// What was dialled.
    pub dialled: String,
    /// Whom it reached, with name and number as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<Party>,
    /// The user who called; nothing for a call from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub caller: Option<UserId>,
    /// The users who took part or were meant.
    #[serde(default)]
    pub users: Vec<UserId>,
    /// The Call-IDs of its legs, by which a phone knows it again among its own calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub call_ids: Vec<String>,
    /// When it came in.
    pub started: Timestamp,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answered: Option<Timestamp>,
    /// When it ended; nothing while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// The device that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answered_by: Option<DeviceName>,
    /// Why each device rang or did not, in the order in which the call plan looked at them.
    #[serde(default)]
    pub why: Vec<Reason>,
}

impl CallRecord {
    /// From this user's side: who did not call was called.
    pub fn seen_by(self, user: UserId) -> Self {
        let direction = match self.caller {
            Some(caller) if caller == user => CallDirection::Outgoing,
            Some(_) => CallDirection::Incoming,
            None => self.direction,
        };
        Self { direction, ..self }
    }
}

/// Why one device rang or did not, or one step of the call plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// When the call plan decided.
    pub at: Timestamp,
    /// Which device; nothing for a step that is about the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<DeviceName>,
    /// Whose device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<UserId>,
    /// Whether it rang.
    pub rang: bool,
    /// Why.
    pub cause: Cause,
    /// What stands in the sentence, by name; see the cause's documentation.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub params: BTreeMap<String, String>,
}

/// Why a device rang or did not. `by`, `since` and `until` among the params are a name and moments in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// It rang because nothing stood against it. Params: `seconds`.
    Rang,
    /// It was answered here.
    Answered,
    /// Another device answered first. Params: `device`.
    AnsweredElsewhere,
    /// It was declined here.
    Declined,
    /// It answered that it is busy.
    BusyHere,
    /// It did not answer in time. Params: `seconds`.
    NotAnswered,
    /// The caller hung up. Params: `seconds`.
    CallerHungUp,
    /// The caller gave up waiting for the connection to this device.
    NoResponse,
    /// Do Not Disturb. Params: `by`, `since`, `until`, `device`.
    DoNotDisturb,
    /// Forwarding rests during Do Not Disturb.
    ForwardingPaused,
    /// A shared number rings because somebody who shares it is available. Params: `name`.
    SharedWithAvailable,
    /// All who share the number are on Do Not Disturb.
    SharedAllOnDnd,
    /// *Receive incoming calls* is off for this client. Params: `by`, `since`.
    ReceiveOffHere,
    /// *Receive incoming calls* is off for all clients. Params: `by`, `since`, `note`.
    ReceiveOffEverywhere,
    /// The user is on another call and call waiting is off. Params: `since`.
    OnAnotherCall,
    /// The user is not available. Params: `by`, `since`, `until`.
    NotAvailable,
    /// The user chose to be reached elsewhere. Params: `at`.
    ReachedElsewhere,
    /// Colleagues reach the user elsewhere. Params: `at`.
    ColleaguesElsewhere,
    /// No device is registered under this account. Params: `lastSeen`.
    NotRegistered,
    /// The user has no device.
    NoDevice,
    /// All calls are forwarded. Params: `to`.
    ForwardedAlways,
    /// Forwarded because busy. Params: `to`.
    ForwardedBusy,
    /// Forwarded because nobody answered. Params: `to`.
    ForwardedNoAnswer,
    /// Forwarded because no device could be reached. Params: `to`.
    ForwardedUnreachable,
    /// The linked external number rings beside the devices. Params: `number`.
    LinkedNumber,
    /// The number for when the network is gone. Params: `number`.
    NetworkUnavailability,
    /// To the destination if no answer. Params: `to`.
    DestinationIfNoAnswer,
    /// The number leads here. Params: `number`, `to`.
    NumberLeadsTo,
    /// The number is assigned to nobody and goes to the default. Params: `number`, `to`.
    NumberUnassigned,
    /// The user was disabled. Params: `by`, `since`.
    UserDisabled,
    /// Making calls is off. Params: `by`, `since`.
    MakingCallsOff,
    /// An emergency call passes everything. Params: `number`.
    Emergency,
    /// A call back after an emergency call rings in spite of everything.
    EmergencyCallBack,
    /// A transfer came back. Params: `from`.
    TransferRecall,
    /// The user moved the call here.
    MovedHere,
    /// It rang first because the user called by this device. Params: `target`.
    CallMethod,
    /// Calling itself, or in circles.
    Loop,
    /// The two sides have no codec in common.
    NoCodecInCommon,
    /// The device refused. Params: `status`.
    DeviceRefused,
    /// The device refused at once, without ringing: perhaps it has a Do Not Disturb of its own. Params: `status`.
    SuspectedDeviceDnd,
    /// No trunk could take the call.
    NoTrunk,
    /// The trunk refused. Params: `trunk`, `status`.
    TrunkRefused,
    /// The call went out. Params: `trunk`, `shown` = the number that was shown.
    WentOut,
    /// Nobody has this number. Params: `number`.
    UnknownNumber,
    /// Too many calls at once. Params: `most`.
    TooManyCalls,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What of the call records is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RecordQuery {
    /// Only this user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<UserId>,
    /// Part of a name or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub search: Option<String>,
    /// Only those that started before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<Timestamp>,
    /// Only those that started then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<Timestamp>,
    /// Only those that nobody answered.
    pub missed_only: bool,
    /// How many at most; 0 for as many as the server gives.
    pub limit: u32,
}

/// A call by desk phone or call-back (`POST /me/calls`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallRequest {
    /// Whom to call, as typed.
    pub target: String,
    /// How; nothing for the user's call method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub method: Option<super::CallMethod>,
    /// Whether to withhold the number.
    #[serde(default)]
    pub withhold_number: bool,
}

/// How a call by desk phone or call-back stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallProgress {
    /// Which.
    pub id: ServerCallId,
    /// Whom.
    pub target: Party,
    /// What rings first.
    pub via: DeviceName,
    /// How it stands.
    pub state: CallProgressState,
}

/// How a call by desk phone or call-back stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CallProgressState {
    /// The user's own phone rings: to be lifted.
    RingingYou,
    /// The other side is called.
    RingingThem,
    /// Both talk.
    Talking,
    /// Over.
    Ended {
        /// What went wrong, where something did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        problem: Option<super::ApiProblem>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}
