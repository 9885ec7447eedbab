use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    AccountSummary, AvailabilityState, ClientSettings, CountryCode, IncomingDocument, NumberEntry, OutgoingDocument,
    Permissions, Presence, Revision, Role, Telephony, UserId, WireSecret,
};
use crate::{Language, Timestamp};

/// A part of a long list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// How long the list is.
    pub total: u32,
}

/// What of the users is wanted (`GET /users`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UserQuery {
    /// Part of a name, an e-mail address or an extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub search: Option<String>,
    /// In which order.
    pub sort: UserSort,
    /// The other way round.
    pub descending: bool,
    /// Only this role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub role: Option<Role>,
    /// How many to leave out at the beginning.
    pub offset: u32,
    /// How many at most; 0 for as many as the server gives.
    pub limit: u32,
}

/// In which order users are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum UserSort {
    /// By first name, then last name.
    #[default]
    Name,
    /// By e-mail address.
    Email,
    /// By extension, as a number.
    Extension,
    /// By role.
    Role,
    /// By creation.
    Created,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A line in the table of users (U1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserRow {
    /// Who.
    pub id: UserId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Personal number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub extension: Option<String>,
    /// Role.
    pub role: Role,
    /// When the user was made.
    pub created: Timestamp,
    /// Whether log-in and calls are barred.
    pub disabled: bool,
    /// Whether reachable.
    pub presence: Presence,
    /// Grows with each change.
    pub revision: Revision,
}

/// Work and private details (U2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Personal {
    /// Employer.
    pub employer: String,
    /// Job.
    pub job: String,
    /// Numbers at which the person can be reached.
    pub numbers: Vec<ReachableNumber>,
    /// For administrators only.
    pub description: String,
}

/// A number at which a person can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReachableNumber {
    /// What it is: `mobile`, `home`.
    pub label: String,
    /// The number, as typed.
    pub number: String,
}

/// What a user changes of the own profile (U15); what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_name: Option<String>,
    /// Language of portal and phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Language>,
}

impl Profile {
    /// What one change does and then another, in one.
    pub fn then(self, later: Self) -> Self {
        Self {
            first_name: later.first_name.or(self.first_name),
            last_name: later.last_name.or(self.last_name),
            language: later.language.or(self.language),
        }
    }
}

/// Language and security of one user (U4, U5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[ts(rename = "UserSecurity")]
pub struct Security {
    /// Language of portal and phone.
    pub language: Language,
    /// Time zone by its IANA name; nothing for the organisation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub time_zone: Option<String>,
    /// Country of the location; nothing for the organisation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub country: Option<CountryCode>,
    /// Whether a new password has to be set at the next log-in.
    pub password_change_needed: bool,
    /// Whether a portal session ends after 10 minutes of inactivity.
    pub idle_log_out: bool,
    /// Whether log-in and calls are barred.
    pub disabled: bool,
}

/// A user, whole (`GET /users/{id}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserDetail {
    /// As in the table.
    pub user: UserRow,
    /// What is typed at log-in.
    pub login: String,
    /// Tab *Personal*.
    pub personal: Personal,
    /// Tab *Telephony*.
    pub telephony: Telephony,
    /// Numbers of the inventory that lead here.
    #[serde(default)]
    pub numbers: Vec<NumberEntry>,
    /// Whether the call plan counts on the user.
    pub availability: AvailabilityState,
    /// Do Not Disturb.
    pub dnd: super::DndView,
    /// Tab *Other settings*, app settings: incoming calls.
    pub incoming: IncomingDocument,
    /// The same, outgoing calls.
    pub outgoing: OutgoingDocument,
    /// The user's clients with their own values and what holds for them.
    #[serde(default)]
    pub clients: Vec<ClientView>,
    /// Tab *Permissions*.
    pub permissions: Permissions,
    /// Tab *Devices*.
    #[serde(default)]
    pub accounts: Vec<AccountSummary>,
    /// Tab *Language and security*.
    pub security: Security,
    /// When the user last logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_log_in: Option<Timestamp>,
    /// API keys.
    #[serde(default)]
    pub api_keys: Vec<super::ApiKeyView>,
    /// How the user dials numbers outside (U8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dial: Option<DialPatterns>,
}

/// How numbers outside are dialled at a location (U8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DialPatterns {
    /// The country of the location.
    pub country: CountryCode,
    /// What stands before a number of the same country: `0`, or nothing.
    pub national: String,
    /// What stands before a country's calling code: `00`.
    pub international: String,
    /// The location's own calling code: `31`; empty for a country that is not known.
    pub calling_code: String,
    /// The area that may be left out: `020`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub area_code: Option<String>,
    /// Always dialled.
    pub emergency: Vec<String>,
}

/// A client of a user: an app or a browser that logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClientView {
    /// Its own values and what holds.
    pub settings: ClientSettings,
    /// What it calls itself.
    pub name: String,
    /// Whether it is a browser.
    pub web: bool,
    /// The program's version.
    pub version: String,
    /// When it logged in.
    pub since: Timestamp,
    /// When it was last heard of; nothing while it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_seen: Option<Timestamp>,
}

/// A new user (U2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserDraft {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Personal number.
    pub extension: String,
    /// What is typed at log-in; nothing for the e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub login: Option<String>,
    /// Role.
    #[serde(default)]
    pub role: Role,
    /// A first password; nothing sends an invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<WireSecret>,
    /// Language.
    #[serde(default)]
    pub language: Language,
    /// Work and private details.
    #[serde(default)]
    pub personal: Personal,
    /// Who of the address book this is; becomes the user (U2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub contact: Option<super::ContactId>,
    /// That an extension that belonged to somebody who was deleted may be used again (U15).
    #[serde(default)]
    pub reuse_extension: bool,
}

/// What came of a new user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserCreated {
    /// The user.
    pub user: UserDetail,
    /// The invitation, where no password was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub invitation: Option<super::IssuedLink>,
}

/// Changes to a user (`PATCH /users/{id}`); what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserChange {
    /// The revision that was seen.
    pub base: Revision,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    /// What is typed at log-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub login: Option<String>,
    /// Personal number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub extension: Option<String>,
    /// Role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub role: Option<Role>,
    /// Tab *Personal*, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub personal: Option<Personal>,
    /// Tab *Telephony*, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub telephony: Option<Telephony>,
    /// Tab *Language and security*, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub security: Option<Security>,
    /// The language alone, for whoever does not know the rest of that tab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<Language>,
    /// That an extension that belonged to somebody who was deleted may be used again (U15).
    #[serde(default)]
    pub reuse_extension: bool,
}
