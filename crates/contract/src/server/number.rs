use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CallerId, CountryCode, Destination, NumberId, OrgId, Revision, TrunkId, WireSecret};
use crate::{Timestamp, Transport};

/// A number of the inventory (N8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NumberEntry {
    /// Which.
    pub id: NumberId,
    /// In international form: `+31200121101`.
    pub number: String,
    /// As people in its country write it.
    pub written: String,
    /// Where calls to it go; nothing while it is assigned to nobody: then to the organisation's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<Destination>,
    /// The name of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to_name: Option<String>,
    /// The trunk that it comes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trunk: Option<TrunkId>,
    /// Grows with each change.
    pub revision: Revision,
}

/// A new number, or what becomes of an old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NumberEdit {
    /// The revision that was seen; nothing for a new number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base: Option<Revision>,
    /// As typed.
    pub number: String,
    /// Where calls to it go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<Destination>,
    /// The trunk that it comes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub trunk: Option<TrunkId>,
}

/// How a trunk stands to its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TrunkLink {
    /// It registers.
    Registering {
        /// User name.
        user_name: String,
    },
    /// The provider knows our address, and we know his.
    ByAddress {
        /// From where calls are taken: addresses or networks (`192.0.2.0/24`).
        from: Vec<String>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Where a trunk says which number was called (N8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CalledNumberFrom {
    /// In the Request-URI.
    #[default]
    RequestUri,
    /// In `To`.
    To,
    /// In `P-Called-Party-ID`.
    PCalledPartyId,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// How numbers are written on a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum NumberFormat {
    /// `+31200121101`.
    #[default]
    E164,
    /// `31200121101`.
    E164WithoutPlus,
    /// `0200121101`, by the trunk's country.
    National,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A trunk, all but its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrunkSettings {
    /// What it is called.
    pub name: String,
    /// Servers, best first; on failure the next is tried.
    pub servers: Vec<String>,
    /// Over what.
    #[serde(default)]
    pub transport: Transport,
    /// How it stands to its provider.
    pub link: TrunkLink,
    /// The SIP domain in requests, where it is not the server's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub domain: Option<String>,
    /// Where it says which number was called.
    #[serde(default)]
    pub called_number: CalledNumberFrom,
    /// How numbers go out.
    #[serde(default)]
    pub outgoing_format: NumberFormat,
    /// The country by which national numbers are read.
    pub country: CountryCode,
    /// What is shown where neither user nor organisation say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub caller_id: Option<NumberId>,
    /// How many calls at once; nothing for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub most_calls: Option<u32>,
    /// Whether it is used.
    pub active: bool,
    /// Lower is tried first.
    pub order: u32,
}

/// A trunk as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrunkView {
    /// Which.
    pub id: TrunkId,
    /// All but its secret.
    pub settings: TrunkSettings,
    /// Whether calls can come and go.
    pub health: TrunkHealth,
    /// Calls going on.
    pub calls: u32,
    /// Grows with each change.
    pub revision: Revision,
}

/// Whether calls can come and go over a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TrunkHealth {
    /// They can.
    Up {
        /// Since when.
        since: Timestamp,
        /// The answer to OPTIONS in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        millis: Option<u32>,
    },
    /// They can't.
    Down {
        /// Since when.
        since: Timestamp,
        /// The SIP status that it answered with, where it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        status: Option<u16>,
    },
    /// Not asked yet.
    Unproven,
    /// Turned off.
    Off,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A new trunk, or what becomes of an old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrunkEdit {
    /// The revision that was seen; nothing for a new trunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base: Option<Revision>,
    /// All but its secret.
    pub settings: TrunkSettings,
    /// The secret; left out the old one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub secret: Option<WireSecret>,
}

/// What a trunk said when it was asked whether it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrunkTest {
    /// When it was asked.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: TrunkTestOutcome,
    /// The same in English words, with what to do.
    pub words: String,
    /// The status that it answered OPTIONS or REGISTER with, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<u16>,
    /// After how many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub millis: Option<u32>,
}

/// What came of asking a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum TrunkTestOutcome {
    /// It is there, and knows us where it has to.
    Works,
    /// It is turned off.
    Off,
    /// It registers, and has no secret to do so.
    NoPassword,
    /// It does not accept user name and secret.
    WrongPassword,
    /// It refuses us.
    Refused,
    /// It has trouble of its own.
    Trouble,
    /// It did not answer.
    NoAnswer,
    /// Nobody knows its name.
    UnknownHost,
    /// No connection could be made.
    NoConnection,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// The organisation (`GET /organisation`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    /// Which.
    pub id: OrgId,
    /// What it is called.
    pub name: String,
    /// The SIP domain.
    pub domain: String,
    /// The realm, fixed at installation.
    pub realm: String,
    /// What may be changed.
    pub settings: OrganisationSettings,
    /// Emergency numbers by its country.
    pub emergency_numbers: Vec<String>,
    /// Grows with each change.
    pub revision: Revision,
}

/// What may be changed of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrganisationSettings {
    /// Where it is: dial plan and tones.
    pub country: CountryCode,
    /// Area code with its leading zero, for short local numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub area_code: Option<String>,
    /// Time zone by its IANA name.
    pub time_zone: String,
    /// Language of new users.
    pub language: crate::Language,
    /// What calls to the outside show where the user says nothing.
    #[serde(default)]
    pub caller_id: CallerId,
    /// Where calls go to numbers that belong to nobody.
    pub unassigned_numbers: Destination,
    /// Whether new users call from their user account (N3).
    pub calls_from_user_account: bool,
    /// How long things are kept (U15).
    pub retention: Retention,
}

/// How long things are kept, in days; nothing for ever (U15).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Retention {
    /// Call records.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub records_days: Option<u32>,
    /// Reasons why devices rang.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reasons_days: Option<u32>,
    /// Audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub audit_days: Option<u32>,
}

/// Changes to the organisation (`PATCH /organisation`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrganisationChange {
    /// The revision that was seen.
    pub base: Revision,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Everything else, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub settings: Option<OrganisationSettings>,
}
