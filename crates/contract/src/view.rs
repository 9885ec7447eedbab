use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    AccountId, AccountTest, AccountView, AudioView, CallView, HistoryEntry, Notice, Party, Preferences, Problem,
    Timestamp,
    server::{ServerLogIn, ServerView},
};

/// Everything that the UI shows, whole each time. The UI asks for it when it mounts and gets each later one as an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PhoneView {
    /// Grows with each view.
    pub revision: u32,
    /// In the order they were added.
    pub accounts: Vec<AccountView>,
    /// The account that calls go out over.
    pub default_account: Option<AccountId>,
    /// The trial of a draft, if one was asked for.
    pub account_test: Option<AccountTest>,
    /// Calls that are going on or ended a moment ago, oldest first.
    pub calls: Vec<CallView>,
    /// Calls that are over, newest first.
    pub history: Vec<HistoryEntry>,
    /// How many missed calls the user has not seen.
    pub missed: u32,
    /// What the dial field means.
    pub look_up: LookUp,
    /// A number or address that was clicked elsewhere: it belongs into the dial field, for the user to call or not. It
    /// goes with the next look-up or call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub link: Option<String>,
    /// Whether there is a network.
    pub connectivity: Connectivity,
    /// Numbers that always dial here.
    pub emergency_numbers: Vec<String>,
    /// The page about sound.
    pub audio: AudioView,
    /// What the user chose about the program itself.
    pub preferences: Preferences,
    /// Problems that belong to no call and no account.
    pub notices: Vec<Notice>,
    /// The server that the user is logged in to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub server: Option<Box<ServerView>>,
    /// Looking for a server and logging in to it, while that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub server_log_in: Option<ServerLogIn>,
}

/// Whether there is a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Connectivity {
    /// There is, as far as we know.
    #[default]
    Online,
    /// No account reaches its server.
    Offline {
        /// Since when.
        since: Timestamp,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What kind of thing was typed into the dial field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TargetKind {
    /// Nothing.
    #[default]
    Empty,
    /// A telephone number, internal or not.
    Number,
    /// A number that always dials.
    Emergency,
    /// A code of the exchange: it begins with `*` or `#`.
    Code,
    /// A SIP address.
    Address,
    /// A name: it can be searched for and not dialled.
    Name,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What the dial field means, answered to [`crate::Command::LookUp`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LookUp {
    /// What was typed, to tell an old answer from the newest.
    pub text: String,
    /// What it is.
    pub kind: TargetKind,
    /// What would be dialled, as people write it; nothing where it can't be dialled.
    #[serde(default)]
    pub target: Option<String>,
    /// Parties that match, best first.
    pub suggestions: Vec<Suggestion>,
    /// Why it can't be dialled.
    #[serde(default)]
    pub problem: Option<Problem>,
}

/// A party that matches what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// Who.
    pub party: Party,
    /// The last call with this party.
    #[serde(default)]
    pub last_call: Option<Timestamp>,
}
