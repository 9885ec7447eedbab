use core::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! number_id {
    ($(#[doc = $doc:literal] $name:ident;)*) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(#[ts(type = "number")] pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

macro_rules! text_id {
    ($(#[doc = $doc:literal] $name:ident;)*) => {$(
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// As it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )*};
}

number_id! {
    /// Names an organisation on a server.
    OrgId;
    /// Names a person of an organisation.
    UserId;
    /// Names the credentials of a device or of a kind of app: a VoIP account.
    VoipAccountId;
    /// Names a telephone number in the inventory.
    NumberId;
    /// Names a trunk.
    TrunkId;
    /// Names a request for a change.
    ChangeRequestId;
    /// Names an entry of the audit.
    AuditId;
    /// Names an API key.
    ApiKeyId;
    /// Names somebody in the address book who is no user.
    ContactId;
}

text_id! {
    /// Names one installation of an app or one browser: the UUID of its `+sip.instance`.
    ClientId;
    /// Names a call in the call records.
    CallRecordId;
    /// Names a call that the server sets up for a user (call method, DESIGN §6).
    ServerCallId;
    /// Names a registration: one contact of one account.
    RegistrationId;
    /// A country by its two letters (ISO 3166-1), in capitals: `NL`.
    CountryCode;
}

/// How often something was written. A write names the revision that it saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Revision(#[ts(type = "number")] pub u64);

impl Revision {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
