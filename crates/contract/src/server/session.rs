use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ClientId, CountryCode, OrgId, Permissions, Revision, Role, UserId, WireSecret};
use crate::{Language, Timestamp};

/// The protocol between clients and server that this version speaks.
pub const PROTOCOL: u32 = 1;

/// What the server tells anybody who asks (`GET /hello`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServerHello {
    /// The least protocol that it speaks.
    pub protocol_min: u32,
    /// The greatest.
    pub protocol_max: u32,
    /// The program and its version: `bellbird-server 0.1.0`.
    pub name: String,
    /// The organisation, where the address that was asked belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub organisation: Option<OrganisationName>,
    /// Its time, to keep clocks in step.
    pub now: Timestamp,
    /// Whether it waits to be set up.
    #[serde(default)]
    pub needs_set_up: bool,
    /// The fingerprint of the authority that signed its certificate, where that is its own (SHA-256, hexadecimal).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub authority: Option<String>,
}

impl ServerHello {
    /// The protocol that both sides speak best.
    ///
    /// # Errors
    /// [`super::ServerErrorCode::ClientTooOld`] or [`super::ServerErrorCode::ServerTooOld`] where there is none.
    pub const fn agree(&self) -> Result<u32, super::ServerErrorCode> {
        if PROTOCOL < self.protocol_min {
            Err(super::ServerErrorCode::ClientTooOld)
        } else if self.protocol_max == 0 {
            Err(super::ServerErrorCode::ServerTooOld)
        } else if self.protocol_max < PROTOCOL {
            Ok(self.protocol_max)
        } else {
            Ok(PROTOCOL)
        }
    }
}

/// An organisation by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrganisationName {
    /// Which.
    pub id: OrgId,
    /// What it is called.
    pub name: String,
}

/// What an app tells about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClientDescription {
    /// The id from an earlier log-in on this computer; nothing on a first one, then the server mints one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<ClientId>,
    /// What it calls itself: `Bellbird on reception-pc`.
    pub name: String,
    /// Whether it is a browser.
    #[serde(default)]
    pub web: bool,
    /// The program's version.
    pub version: String,
    /// The protocol that it speaks.
    pub protocol: u32,
}

/// How an app logs in (`POST /log-in`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogIn {
    /// Log-in name or e-mail address.
    pub login: String,
    /// The password, or the secret part of a provisioning link.
    pub secret: WireSecret,
    /// The password from now on, where one has to be chosen first (`passwordChangeNeeded`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub new_password: Option<WireSecret>,
    /// Who asks.
    pub client: ClientDescription,
}

/// What a log-in gives an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogInResult {
    /// For `Authorization: Bearer`.
    pub device_token: WireSecret,
    /// The client's id from now on.
    pub client: ClientId,
    /// For its registrations and calls.
    pub sip: SipCredentials,
    /// Everything else that it needs for them.
    pub me: MePhone,
}

/// Which hash a digest uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum DigestAlgorithm {
    /// MD5 (RFC 2617): desk phones.
    Md5,
    /// SHA-256 (RFC 7616): our apps.
    #[default]
    Sha256,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// SIP credentials, told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SipCredentials {
    /// The user name for authentication.
    pub auth_name: String,
    /// The realm; a challenge with another one is not answered.
    pub realm: String,
    /// The secret.
    pub secret: WireSecret,
    /// The algorithm of the account.
    #[serde(default)]
    pub algorithm: DigestAlgorithm,
}

/// How a client reaches a SIP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SipServer {
    /// Over what.
    pub transport: crate::Transport,
    /// Host name or address; a URL for WebSocket.
    pub host: String,
    /// The port; nothing for the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub port: Option<u16>,
}

/// A STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IceServer {
    /// URLs as RFC 7064 and RFC 7065 write them: `turn:turn.fiets.example?transport=udp`.
    pub urls: Vec<String>,
    /// The user name for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user_name: Option<String>,
    /// The password for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credential: Option<WireSecret>,
}

/// What the server can do for this user; the UI shows nothing that is not here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Features {
    /// Do Not Disturb.
    pub dnd: bool,
    /// Calls by desk phone or call-back.
    pub call_methods: bool,
    /// Requests for a change.
    pub requests: bool,
    /// Colleagues with presence.
    pub presence: bool,
    /// Reasons with call records.
    pub reasons: bool,
}

/// All that a phone needs beside its secret (`GET /me/phone`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MePhone {
    /// The user.
    pub user: UserId,
    /// The name that others see.
    pub display_name: String,
    /// The personal number, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub extension: Option<String>,
    /// The address that others call: `601@fiets.example`.
    pub address_of_record: String,
    /// The SIP domain.
    pub domain: String,
    /// Where to register, best first.
    pub servers: Vec<SipServer>,
    /// For ICE.
    #[serde(default)]
    pub ice_servers: Vec<IceServer>,
    /// Numbers that always dial.
    pub emergency_numbers: Vec<String>,
    /// The country of the user's location: dial plan and tones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub country: Option<CountryCode>,
    /// Where the server's portal is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub portal: Option<String>,
    /// What the server can do.
    #[serde(default)]
    pub features: Features,
}

/// The user who is logged in (`GET /me`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Who.
    pub id: UserId,
    /// Where.
    pub organisation: OrganisationName,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// What is typed at log-in.
    pub login: String,
    /// E-mail address.
    pub email: String,
    /// The personal number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub extension: Option<String>,
    /// The role.
    pub role: Role,
    /// What may be changed in the own settings.
    pub permissions: Permissions,
    /// The language.
    #[serde(default)]
    pub language: Language,
    /// The time zone by its IANA name: `Europe/Amsterdam`.
    pub time_zone: String,
    /// How many minutes clocks there are ahead of UTC now.
    pub utc_offset_minutes: i32,
    /// Whether a new password has to be set first.
    #[serde(default)]
    pub password_change_needed: bool,
    /// How long a portal session lasts unused, in minutes; nothing for as long as it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub idle_minutes: Option<u32>,
    /// The organisations that a partner administers beside the own one.
    #[serde(default)]
    pub administers: Vec<OrganisationName>,
    /// Grows with each change.
    pub revision: Revision,
}

/// How a person logs in to the portal (`POST /sessions`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionRequest {
    /// Log-in name or e-mail address.
    pub login: String,
    /// The password.
    pub secret: WireSecret,
}

/// What a portal session begins with; the cookie comes beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionStart {
    /// Who is logged in.
    pub me: Me,
    /// For the header `X-CSRF-Token` of each write.
    pub csrf: String,
}

/// What an invitation or reset link is for (`GET /links/{token}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LinkInfo {
    /// What it does.
    pub purpose: LinkPurpose,
    /// For whom.
    pub name: String,
    /// The log-in name.
    pub login: String,
    /// Where.
    pub organisation: OrganisationName,
    /// How many characters a password needs.
    pub password_least: u32,
    /// Whether an app that logs in with it has to bring a new password too.
    #[serde(default)]
    pub password_change_needed: bool,
}

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum LinkPurpose {
    /// Sets the first password.
    Invitation,
    /// Sets a new one.
    Reset,
    /// Logs an app in.
    Provisioning,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// A link that was made for somebody, shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IssuedLink {
    /// What it does.
    pub purpose: LinkPurpose,
    /// The link.
    pub url: WireSecret,
    /// Until when it works.
    pub expires: Timestamp,
    /// Whether it was sent by e-mail.
    pub sent: bool,
}

/// A new password (`PUT /me/password`, or with a link's token).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PasswordChange {
    /// The old one; left out with a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub old: Option<WireSecret>,
    /// The new one.
    pub new: WireSecret,
}

/// What an administrator's reset does beside ending the sessions (U4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PasswordReset {
    /// A first password, typed; nothing sends a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub password: Option<WireSecret>,
    /// Whether the user's apps are logged out too.
    pub revoke_clients: bool,
}

/// A first start (`POST /set-up`, with the one-time link's token).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SetUp {
    /// The organisation's name.
    pub organisation: String,
    /// The SIP domain.
    pub domain: String,
    /// Where it is.
    pub country: CountryCode,
    /// Time zone by its IANA name.
    pub time_zone: String,
    /// The administrator.
    pub admin: super::UserDraft,
}

/// An API key, as it can be seen (U13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyView {
    /// Which.
    pub id: super::ApiKeyId,
    /// What it is called.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_used: Option<Timestamp>,
}

/// A new API key, told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IssuedApiKey {
    /// The key.
    pub key: ApiKeyView,
    /// For `Authorization: Bearer`.
    pub secret: WireSecret,
}
