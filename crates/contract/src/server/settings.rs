use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Author, ClientId, Revision, Stamp};
use crate::Timestamp;

/// Which calls a setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Calls to the user.
    Incoming,
    /// Calls by the user.
    Outgoing,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Who decides (C1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Each client for itself. A mode from a newer version is treated as this one.
    #[default]
    Individual,
    /// On, for all clients.
    Enabled,
    /// Off, for all clients.
    Disabled,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What rings first when the user calls (C2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CallMethod {
    /// Nothing: this app calls. A method from a newer version is treated as this one.
    #[default]
    Softphone,
    /// The user's desk phone.
    DeskPhone,
    /// The user's mobile or landline.
    Mobile,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// For which of the user's clients something is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// The one that is asked, or that asks.
    ThisClient,
    /// All.
    AllClients,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// The user's setting for incoming calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IncomingDocument {
    /// Grows with each write of the mode or of one of the clients' own values.
    pub revision: Revision,
    /// Who decides.
    pub mode: Mode,
    /// Who wrote it last.
    pub stamp: Stamp,
}

/// The user's setting for outgoing calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OutgoingDocument {
    /// Grows with each write of the mode, the method or of one of the clients' own values.
    pub revision: Revision,
    /// Who decides.
    pub mode: Mode,
    /// The method for all clients; kept while the mode is another one than *enabled*.
    pub call_method: CallMethod,
    /// Who wrote it last.
    pub stamp: Stamp,
}

/// What the user may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    /// The setting for incoming calls.
    pub configure_incoming: bool,
    /// The setting for outgoing calls.
    pub configure_outgoing: bool,
    /// Who last gave or took a permission; nothing where they are as at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub stamp: Option<Stamp>,
}

impl Default for Permissions {
    fn default() -> Self {
        Self { configure_incoming: true, configure_outgoing: true, stamp: None }
    }
}

/// One client's own values, used in mode *individual* and kept in the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ClientValues {
    /// Whether it rings; on where nobody chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub receive: Option<bool>,
    /// Whether it may call; on where nobody chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub make: Option<bool>,
    /// How it calls; as this app where nobody chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub call_method: Option<CallMethod>,
}

/// All that decides about calls of one client: the user's two documents, the permissions and the client's own values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SettingsDocument {
    /// Calls to the user.
    pub incoming: IncomingDocument,
    /// Calls by the user.
    pub outgoing: OutgoingDocument,
    /// What the user may change.
    pub permissions: Permissions,
    /// The client's own values.
    #[serde(default)]
    pub client: ClientValues,
}

impl SettingsDocument {
    /// As it is for a new user: each client decides, and everything is on and permitted.
    pub fn initial(since: Timestamp) -> Self {
        let stamp = Stamp::initial(since);
        Self {
            incoming: IncomingDocument { revision: Revision(1), mode: Mode::Individual, stamp: stamp.clone() },
            outgoing: OutgoingDocument {
                revision: Revision(1),
                mode: Mode::Individual,
                call_method: CallMethod::Softphone,
                stamp,
            },
            permissions: Permissions::default(),
            client: ClientValues::default(),
        }
    }
}

/// Why a control can't be moved by the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    /// Who wrote the setting last: an administrator, or the user at a time when that was permitted.
    pub author: Author,
    /// When.
    pub since: Timestamp,
    /// What the author tells the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub note: Option<String>,
    /// The administrator to turn to: the author, or who took the permission; nothing where it was never given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub contact: Option<Author>,
}

/// What holds, for whom, and whether the user may change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Effective<T> {
    /// What holds.
    pub value: T,
    /// For which clients it was set.
    pub scope: Scope,
    /// Why the user may not change it; nothing if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lock: Option<Lock>,
}

/// What holds for one client; see [`super::resolve`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EffectiveSettings {
    /// Whether it rings.
    pub receive: Effective<bool>,
    /// Whether it may call.
    pub make: Effective<bool>,
    /// How it calls.
    pub call_method: Effective<CallMethod>,
}

/// What the user wants in the own settings, from one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "direction", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SettingsChange {
    /// About calls to the user.
    Incoming {
        /// The revision of [`IncomingDocument`] that the user saw.
        base: Revision,
        /// For which clients.
        scope: Scope,
        /// Whether they ring; as it is where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        receive: Option<bool>,
    },
    /// About calls by the user.
    Outgoing {
        /// The revision of [`OutgoingDocument`] that the user saw.
        base: Revision,
        /// For which clients.
        scope: Scope,
        /// Whether they may call; as it is where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        make: Option<bool>,
        /// How they call; as it is where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        call_method: Option<CallMethod>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// What an administrator writes into somebody's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AdminChange {
    /// The mode for incoming calls.
    Incoming {
        /// The revision that the administrator saw; nothing to write over whatever is there (several users at once).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        base: Option<Revision>,
        /// Who decides.
        mode: Mode,
        /// What the user will see beside the lock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        note: Option<String>,
    },
    /// The mode for outgoing calls.
    Outgoing {
        /// The revision that the administrator saw; nothing to write over whatever is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        base: Option<Revision>,
        /// Who decides.
        mode: Mode,
        /// The method for all clients; as it is where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        call_method: Option<CallMethod>,
        /// What the user will see beside the lock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        note: Option<String>,
    },
    /// A permission.
    Permission {
        /// Which.
        permission: super::Permission,
        /// Whether the user has it from now on.
        granted: bool,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// One client's own values, as an administrator sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClientSettings {
    /// Which client.
    pub client: ClientId,
    /// Its own values.
    pub values: ClientValues,
    /// What holds for it.
    pub effective: EffectiveSettings,
}
