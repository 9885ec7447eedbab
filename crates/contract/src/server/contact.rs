use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ContactId, Personal, Revision};

/// Somebody in the address book who is no user (U2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Who.
    pub id: ContactId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address; empty where there is none.
    #[serde(default)]
    pub email: String,
    /// Work and private details.
    #[serde(default)]
    pub personal: Personal,
    /// Grows with each change.
    pub revision: Revision,
}

/// Somebody new in the address book, or what becomes of somebody in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContactEdit {
    /// The revision that was seen; nothing for somebody new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base: Option<Revision>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address; empty where there is none.
    #[serde(default)]
    pub email: String,
    /// Work and private details.
    #[serde(default)]
    pub personal: Personal,
}
