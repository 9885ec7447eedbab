use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    AccountSummary, ApiProblem, AvailabilityState, CallMethod, CallProgress, CallRecord, CallRecordId, ChangeRequest,
    ClientId, Colleague, Features, Me, OrganisationName, OwnSettings, Receipt, Telephony,
};
use crate::{Problem, Timestamp};

/// What the phone shows of the server that its user is logged in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServerView {
    /// The server's address, as people write it: `bel.fiets.example`.
    pub address: String,
    /// Whether it is there.
    pub connection: ServerConnection,
    /// The organisation.
    pub organisation: OrganisationName,
    /// This client's name there: which of the user's devices is this one.
    pub client: ClientId,
    /// The user, as the server said last, with what waits to be sent already in it.
    pub me: Me,
    /// The user's profile waits to be sent.
    pub profile_pending: bool,
    /// When the server last took a new password or profile of this user in: *Saved*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub saved: Option<Timestamp>,
    /// What the server can do; nothing else is shown.
    pub features: Features,
    /// *Telephony & Audio*.
    pub settings: SettingsView,
    /// Do Not Disturb.
    pub dnd: DndPanel,
    /// Whether the call plan counts on the user.
    pub availability: AvailabilityPanel,
    /// What the call plan does for the user: forwardings, ring time.
    pub telephony: Telephony,
    /// Forwardings wait to be sent.
    pub forwarding_pending: bool,
    /// Another part of what the call plan does for the user waits to be sent.
    pub telephony_pending: bool,
    /// The user's accounts: apps, desk phones, numbers that are called.
    pub accounts: Vec<AccountSummary>,
    /// The ways to call that there are, this app first.
    pub call_methods: Vec<CallMethodChoice>,
    /// Colleagues with state.
    pub colleagues: Vec<Colleague>,
    /// The user's own requests for a change, newest first.
    pub requests: Vec<ChangeRequest>,
    /// A request waits to be sent, or to be taken back.
    pub request_pending: bool,
    /// Calls by desk phone or call-back that go on.
    pub calls: Vec<CallProgress>,
    /// Calls as the server kept them, newest first: those of the user's other devices and those that were held back too.
    pub records: Vec<CallRecord>,
    /// The page *Why did my phone (not) ring?*, if it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub why: Option<WhyPage>,
    /// What the user wanted last and the server refused, until dismissed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refusal: Option<ServerTrouble>,
}

/// Whether the server is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerConnection {
    /// It is being reached.
    Connecting,
    /// Everything shown is as the server knows it.
    Online {
        /// Since when.
        since: Timestamp,
    },
    /// It is not there: what is shown is from the last time, with what waits to be sent.
    Offline {
        /// Since when.
        since: Timestamp,
        /// When it is tried again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        retry_at: Option<Timestamp>,
        /// Why.
        trouble: ServerTrouble,
    },
    /// The user has to log in again.
    LoggedOut {
        /// Why.
        trouble: ServerTrouble,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What went wrong with the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "where", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerTrouble {
    /// On the way to it.
    Here {
        /// What.
        problem: Problem,
    },
    /// It said so itself.
    There {
        /// What.
        problem: ApiProblem,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Looking for a server and logging in to it, while that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerLogIn {
    /// The address is tried.
    Searching {
        /// As typed.
        server: String,
    },
    /// A server answered.
    Found {
        /// Its address.
        server: String,
        /// The organisation there, where the address tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        organisation: Option<OrganisationName>,
    },
    /// Name and password are on their way.
    LoggingIn {
        /// Where.
        server: String,
    },
    /// A new password has to be chosen before anything else: the first one was typed by somebody else.
    NewPassword {
        /// Where.
        server: String,
        /// Whose.
        login: String,
        /// How many characters it needs, where the server said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        least: Option<u32>,
        /// It is on its way.
        sending: bool,
        /// Why the last one was not taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        trouble: Option<ServerTrouble>,
    },
    /// It did not work.
    Failed {
        /// Where.
        server: String,
        /// Why.
        trouble: ServerTrouble,
        /// An address that was meant perhaps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        suggestion: Option<String>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// *Telephony & Audio*: what holds here, with what the user changed and the server does not know yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    /// What the server said last, with what waits to be sent already in it.
    pub own: OwnSettings,
    /// *Receive incoming calls* waits to be sent.
    pub receive_pending: bool,
    /// *Make calls* or the call method waits to be sent.
    pub make_pending: bool,
    /// When the server last took a change of this user in: *Saved*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub saved: Option<Timestamp>,
}

/// Do Not Disturb, as the phone shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct DndPanel {
    /// Whether it holds.
    pub on: bool,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub since: Option<Timestamp>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<Timestamp>,
    /// It waits to be sent.
    pub pending: bool,
    /// What each device made of it.
    pub receipts: Vec<Receipt>,
}

/// Availability, as the phone shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityPanel {
    /// As it stands.
    pub state: AvailabilityState,
    /// It waits to be sent.
    pub pending: bool,
}

/// A way to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CallMethodChoice {
    /// Which.
    pub method: CallMethod,
    /// What rings first: the desk phone's number, or the mobile's; nothing for this app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub device: Option<String>,
    /// Whether that can ring now.
    pub ready: bool,
}

/// The page *Why did my phone (not) ring?*
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum WhyPage {
    /// The server is asked.
    Asking {
        /// Which call.
        record: CallRecordId,
    },
    /// The call with its reasons.
    Known {
        /// The call.
        record: Box<CallRecord>,
    },
    /// The server can't say.
    Failed {
        /// Which call.
        record: CallRecordId,
        /// Why.
        trouble: ServerTrouble,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}
