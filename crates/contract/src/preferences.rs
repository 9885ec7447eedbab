use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::AccountId;

/// The language of the UI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Language {
    /// As the system's.
    #[default]
    System,
    /// Dutch.
    Nl,
    /// English.
    En,
    /// From a newer version; treated as the system's.
    #[serde(other)]
    Unknown,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system's.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// From a newer version; treated as the system's.
    #[serde(other)]
    Unknown,
}

/// The country whose call progress tones are played and whose emergency numbers always dial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ToneCountry {
    /// The Netherlands.
    #[default]
    Nl,
    /// Belgium.
    Be,
    /// Germany.
    De,
    /// France.
    Fr,
    /// The United Kingdom.
    Gb,
    /// The United States of America.
    Us,
    /// From a newer version; treated as the default.
    #[serde(other)]
    Unknown,
}

/// What the user chose about the program itself; it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Preferences {
    /// The language of the UI.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// Where we are.
    pub country: ToneCountry,
    /// The account that calls go out over; the first one where nobody chose.
    #[ts(optional)]
    pub default_account: Option<AccountId>,
}
