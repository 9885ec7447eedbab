use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CountryCode, NumberId, Stamp, UserId, VoipAccountId};
use crate::Timestamp;

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Destination {
    /// Nowhere: it ends.
    HangUp,
    /// To another user.
    User {
        /// Who.
        user: UserId,
    },
    /// To one device.
    Account {
        /// Which.
        account: VoipAccountId,
    },
    /// To a number outside.
    External {
        /// Which, as typed.
        number: String,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Where the user can be reached when available (N5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReachedAt {
    /// At all of the user's devices.
    AllDevices,
    /// At one of them.
    Account {
        /// Which.
        account: VoipAccountId,
    },
    /// At a number outside.
    External {
        /// Which, as typed.
        number: String,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// Whether the call plan counts on the user (N5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Availability {
    /// It does.
    Available {
        /// Where.
        at: ReachedAt,
    },
    /// It skips the user.
    NotAvailable {
        /// Until when; nothing until the user says otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        until: Option<Timestamp>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

impl Availability {
    /// Whether the call plan counts on the user at `now`; an availability from a newer version counts as available.
    pub fn is_available(&self, now: Timestamp) -> bool {
        match self {
            Self::Available { .. } | Self::Unknown => true,
            Self::NotAvailable { until } => until.is_some_and(|end| now >= end),
        }
    }
}

/// Availability, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityState {
    /// What was said.
    pub availability: Availability,
    /// By whom and when.
    pub stamp: Stamp,
}

/// One forwarding (N9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Forwarding {
    /// Whether it works now; the destination is kept while it does not.
    pub active: bool,
    /// Where to.
    pub to: Destination,
}

/// The user's forwardings (N9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Forwardings {
    /// For every call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub always: Option<Forwarding>,
    /// While busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub busy: Option<Forwarding>,
    /// After the ring time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub no_answer: Option<Forwarding>,
    /// While no device is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unreachable: Option<Forwarding>,
}

impl Forwardings {
    /// These, and of those before whichever these say nothing of.
    #[must_use]
    pub fn over(self, before: Self) -> Self {
        Self {
            always: self.always.or(before.always),
            busy: self.busy.or(before.busy),
            no_answer: self.no_answer.or(before.no_answer),
            unreachable: self.unreachable.or(before.unreachable),
        }
    }
}

/// A number outside that rings beside the devices (N9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LinkedNumber {
    /// Whether it rings.
    pub active: bool,
    /// Which, as typed.
    pub number: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
}

/// The number that is called when none of the devices can be reached (U8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NetworkUnavailability {
    /// Which, as typed.
    pub number: String,
    /// For how many seconds it rings.
    pub ring_seconds: u32,
    /// Whether only calls to the user take this way, not those by way of a group.
    pub direct_calls_only: bool,
}

/// Which number a call to the outside shows (N6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CallerId {
    /// The organisation's or the trunk's.
    #[default]
    AccountDefault,
    /// One of the inventory.
    Number {
        /// Which.
        number: NumberId,
    },
    /// By the country that is called.
    PerCountry {
        /// One for each country; others show the account default.
        numbers: Vec<CountryNumber>,
    },
    /// None.
    Withheld,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// The number that is shown in one country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CountryNumber {
    /// The country.
    pub country: CountryCode,
    /// The number.
    pub number: NumberId,
}

/// What the call plan does for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Telephony {
    /// What calls to the outside show.
    #[serde(default)]
    pub caller_id: CallerId,
    /// Where colleagues reach the user; nothing for all devices (N4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub number_for_colleagues: Option<ReachedAt>,
    /// Whether calls go out from the user account: the personal number and name are shown, never the device's (N3).
    pub calls_from_user_account: bool,
    /// For how many seconds the devices ring.
    pub ring_seconds: u32,
    /// Where a call goes that nobody answers.
    pub no_answer: Destination,
    /// Whether a second call may ring during a call.
    pub call_waiting: bool,
    /// Forwardings.
    #[serde(default)]
    pub forwarding: Forwardings,
    /// A number that rings beside the devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub linked_number: Option<LinkedNumber>,
    /// What is called when no device can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub network_unavailability: Option<NetworkUnavailability>,
    /// Whether calls that ask for it are answered at once (`Alert-Info`).
    #[serde(default)]
    pub auto_answer: bool,
    /// Which desk phone rings for calls by desk phone; nothing where there is one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub desk_phone: Option<VoipAccountId>,
    /// Which number rings for calls by mobile or landline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub call_back_number: Option<String>,
}

/// What a user changes of the own telephony (`PATCH /me/telephony`); what is left out stays, whatever it is by now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TelephonyChange {
    /// The forwardings that change; the others stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub forwarding: Option<Forwardings>,
    /// Whether calls go out from the user account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub calls_from_user_account: Option<bool>,
    /// Which desk phone rings for calls by desk phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub desk_phone: Option<VoipAccountId>,
}

impl TelephonyChange {
    /// What one does and then another, in one.
    pub fn then(self, later: Self) -> Self {
        Self {
            forwarding: match (later.forwarding, self.forwarding) {
                (Some(later), Some(before)) => Some(later.over(before)),
                (later, before) => later.or(before),
            },
            calls_from_user_account: later.calls_from_user_account.or(self.calls_from_user_account),
            desk_phone: later.desk_phone.or(self.desk_phone),
        }
    }

    /// What it makes of this.
    pub fn applied(&self, telephony: &Telephony) -> Telephony {
        let now = telephony.clone();
        Telephony {
            forwarding: self.forwarding.clone().unwrap_or_default().over(now.forwarding),
            calls_from_user_account: self.calls_from_user_account.unwrap_or(now.calls_from_user_account),
            desk_phone: self.desk_phone.or(now.desk_phone),
            ..now
        }
    }
}

impl Default for Telephony {
    fn default() -> Self {
        Self {
            caller_id: CallerId::AccountDefault,
            number_for_colleagues: None,
            calls_from_user_account: true,
            ring_seconds: 20,
            no_answer: Destination::HangUp,
            call_waiting: true,
            forwarding: Forwardings::default(),
            linked_number: None,
            network_unavailability: None,
            auto_answer: false,
            desk_phone: None,
            call_back_number: None,
        }
    }
}
