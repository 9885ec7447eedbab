use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{RegistrationId, Revision, SipCredentials, UserId, VoipAccountId};
use crate::{Timestamp, Transport};

/// What a VoIP account is for (U7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AccountKind {
    /// The user's desktop and mobile apps.
    App,
    /// The user's browsers.
    Web,
    /// A desk phone or DECT handset.
    DeskPhone {
        /// Its MAC address, twelve hexadecimal digits; nothing while unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        mac: Option<String>,
    },
    /// A number that is called.
    Forward {
        /// Which, as typed.
        number: String,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// How sound reaches the devices of an account (DESIGN §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum MediaProfile {
    /// DTLS-SRTP, ICE, one port.
    WebRtc,
    /// SRTP with keys in SDP.
    Sdes,
    /// Plain RTP.
    Plain,
    /// What both sides can do best.
    #[default]
    Best,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Somebody to whom an account belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Who.
    pub id: UserId,
    /// The name.
    pub name: String,
}

/// A line in the table of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccountSummary {
    /// Which.
    pub id: VoipAccountId,
    /// Its own number: `203`.
    pub number: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub kind: AccountKind,
    /// To whom it belongs: to nobody, one, or several who share it.
    #[serde(default)]
    pub owners: Vec<Owner>,
    /// How it stands.
    pub state: DeviceState,
    /// When it was last heard of; nothing if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_seen: Option<Timestamp>,
    /// Grows with each change.
    pub revision: Revision,
}

/// How a device stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DeviceState {
    /// Registered.
    Registered {
        /// How often.
        count: u32,
    },
    /// Registered, and does not answer.
    Silent,
    /// Not registered.
    NotRegistered,
    /// Needs no registration: a number that is called.
    External,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A VoIP account, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VoipAccount {
    /// As in the table.
    pub summary: AccountSummary,
    /// The user name for authentication.
    pub auth_name: String,
    /// The algorithm of its digest.
    pub algorithm: super::DigestAlgorithm,
    /// How sound reaches it.
    pub media: MediaProfile,
    /// Its registrations.
    #[serde(default)]
    pub registrations: Vec<RegistrationView>,
    /// Whether its phone takes part in Do Not Disturb (`as-feature-event`); nothing while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub feature_events: Option<bool>,
    /// When a phone that was not told of Do Not Disturb refused a call without ringing: a suspicion that it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub suspected_dnd: Option<Timestamp>,
    /// Whether phones may tell Do Not Disturb by action URLs.
    #[serde(default)]
    pub action_urls: bool,
}

/// A new VoIP account, or what becomes of an old one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccountEdit {
    /// The revision that was seen; nothing for a new account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub base: Option<Revision>,
    /// Its own number; nothing for the next free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub number: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub kind: AccountKind,
    /// To whom it belongs. One device belongs to one user: assigning takes it from the former one, unless it is shared.
    #[serde(default)]
    pub owners: Vec<UserId>,
    /// Whether several may own it.
    #[serde(default)]
    pub shared: bool,
    /// How sound reaches it.
    #[serde(default)]
    pub media: MediaProfile,
    /// The algorithm of its digest; nothing for the usual one of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub algorithm: Option<super::DigestAlgorithm>,
}

/// A new account, or a new secret of an old one; the secret is told this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccountSecret {
    /// The account.
    pub account: VoipAccount,
    /// What to type into the phone.
    pub credentials: SipCredentials,
    /// The server to type into the phone.
    pub server: String,
    /// Action URLs for phones that take part in Do Not Disturb that way.
    #[serde(default)]
    pub action_urls: Vec<ActionUrl>,
}

/// An address that a phone calls when its key is pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActionUrl {
    /// Whether the key turned Do Not Disturb on or off.
    pub on: bool,
    /// The address; it holds a secret.
    pub url: super::WireSecret,
}

/// A registration: one contact of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegistrationView {
    /// For removing it.
    pub id: RegistrationId,
    /// The client that it belongs to, for apps and browsers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub client: Option<super::ClientId>,
    /// Where it comes from: `192.0.2.41:5061`.
    pub address: String,
    /// Over what.
    pub transport: Transport,
    /// What the phone says it is.
    pub user_agent: String,
    /// When it was last renewed.
    pub renewed: Timestamp,
    /// When it ends if it is not renewed.
    pub expires: Timestamp,
}

/// What came of a SIP test (U7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SipTest {
    /// When it was made.
    pub at: Timestamp,
    /// How many registrations there are.
    pub registrations: u32,
    /// What each answered to OPTIONS.
    #[serde(default)]
    pub answers: Vec<OptionsAnswer>,
    /// Whether it takes part in Do Not Disturb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub feature_events: Option<bool>,
}

/// What one registration answered to OPTIONS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OptionsAnswer {
    /// Which.
    pub registration: RegistrationId,
    /// The status; nothing where it did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub status: Option<u16>,
    /// After how many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub millis: Option<u32>,
}

/// What is known of the way to a device, from its calls (U7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NetworkTest {
    /// When it was measured.
    pub at: Timestamp,
    /// Packets lost, in hundredths of a per cent.
    pub loss: u32,
    /// Jitter in milliseconds.
    pub jitter_millis: u32,
    /// Round trip in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub round_trip_millis: Option<u32>,
}
