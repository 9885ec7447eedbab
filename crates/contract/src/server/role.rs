use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::UserId;
use crate::Timestamp;

/// What a user is to the organisation (U3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// May do all.
    Admin,
    /// May do all but administrative matters.
    AccountManagement,
    /// Sees colleagues' states and transfers.
    Receptionist,
    /// Sees statistics.
    CallDetails,
    /// Has a phone: own availability and settings.
    #[default]
    Member,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

impl Role {
    /// Whether this role may write other people's settings, and settings that are locked for their owner.
    pub const fn manages_users(self) -> bool {
        matches!(self, Self::Admin | Self::AccountManagement)
    }
}

/// What a user may do with the own call settings (C3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Permission {
    /// Change *Receive incoming calls*.
    ConfigureIncoming,
    /// Change *Make calls* and the call method.
    ConfigureOutgoing,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Who wrote something. The name is as it was then, so that it outlives the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// Which user; nothing for the server itself and for people who are gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<UserId>,
    /// The name.
    pub name: String,
    /// The role at that time.
    pub role: Role,
}

impl Author {
    /// The server itself: what stands before anybody wrote.
    pub fn server() -> Self {
        Self { user: None, name: String::new(), role: Role::Admin }
    }

    /// Whether nobody wrote this: it is as it was at first.
    pub fn is_server(&self) -> bool {
        self.user.is_none() && self.name.is_empty()
    }
}

/// Who wrote something, when, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stamp {
    /// Who.
    pub author: Author,
    /// When.
    pub since: Timestamp,
    /// What an administrator tells the user beside the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub note: Option<String>,
}

impl Stamp {
    /// By the server, at the beginning.
    pub fn initial(since: Timestamp) -> Self {
        Self { author: Author::server(), since, note: None }
    }
}
