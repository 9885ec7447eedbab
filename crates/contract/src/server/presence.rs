use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::UserId;
use crate::Timestamp;

/// Whether somebody can be reached, as colleagues see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    /// Reachable.
    Available,
    /// Being called.
    Ringing,
    /// In a call.
    OnCall,
    /// Do Not Disturb.
    DoNotDisturb,
    /// Not available, said so.
    NotAvailable,
    /// No device is registered.
    #[default]
    NoPhone,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A colleague with state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Colleague {
    /// Who.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The personal number; nothing for people without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub extension: Option<String>,
    /// Other numbers at which the person can be called, as people write them.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// Whether reachable.
    pub presence: Presence,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub since: Option<Timestamp>,
    /// Until when, where that is known (Do Not Disturb, not available).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub until: Option<Timestamp>,
}
