use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Problem, Secret, Timestamp};

/// Names an account on this computer; it stays the same over restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct AccountId(pub u32);

/// How to reach the account's server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// As DNS says (RFC 3263); where it says nothing: TLS, then TCP, UDP last.
    #[default]
    Automatic,
    /// Datagrams.
    Udp,
    /// A byte stream.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket without TLS.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// From a newer version; treated as automatic.
    #[serde(other)]
    Unknown,
}

/// Whether the sound is encrypted with keys from SDP (SDES, RFC 4568).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SrtpPolicy {
    /// Never.
    Off,
    /// Where signalling is encrypted and the other side can.
    #[default]
    Optional,
    /// Always, or no call.
    Required,
    /// From a newer version; treated as optional.
    #[serde(other)]
    Unknown,
}

/// An audio codec by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CodecName {
    /// Opus.
    Opus,
    /// G.722.
    G722,
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// One that this version can't name.
    #[serde(other)]
    Unknown,
}

/// All of an account but its secret. Everything beside domain and user name may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountSettings {
    /// The SIP domain: what stands after the @.
    pub domain: String,
    /// What stands before the @.
    pub user_name: String,
    /// The name that others see.
    #[serde(default)]
    #[ts(optional)]
    pub display_name: Option<String>,
    /// Server to send to where it is not the domain's own: `host`, `host:port`, a SIP URI, or `wss://host/path`.
    #[serde(default)]
    #[ts(optional)]
    pub server: Option<String>,
    /// How to reach it.
    #[serde(default)]
    #[ts(optional, as = "Option<Transport>")]
    pub transport: Transport,
    /// The user name for authentication where it is another one.
    #[serde(default)]
    #[ts(optional)]
    pub auth_name: Option<String>,
    /// Encryption of the sound.
    #[serde(default)]
    #[ts(optional, as = "Option<SrtpPolicy>")]
    pub srtp: SrtpPolicy,
    /// Codecs in order of preference; empty is the usual order.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<CodecName>>")]
    pub codecs: Vec<CodecName>,
    /// Whether to register; an account that does not is called directly.
    #[serde(default = "yes")]
    #[ts(optional, as = "Option<bool>")]
    pub register: bool,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            domain: String::new(),
            user_name: String::new(),
            display_name: None,
            server: None,
            transport: Transport::default(),
            auth_name: None,
            srtp: SrtpPolicy::default(),
            codecs: Vec::new(),
            register: true,
        }
    }
}

const fn yes() -> bool {
    true
}

/// An account as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountDraft {
    /// All but the secret.
    pub settings: AccountSettings,
    /// The secret; left out in an edit that keeps the old one.
    #[serde(default)]
    #[ts(optional)]
    pub secret: Option<Secret>,
}

/// An account as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Its name in commands.
    pub id: AccountId,
    /// What was typed, without the secret.
    pub settings: AccountSettings,
    /// The address that others call, as people write it: `linda@fiets.example`.
    pub address: String,
    /// Whether calls can come and go.
    pub registration: Registration,
}

/// How an account stands with its server.
///
/// ```text
/// Off ──add──▶ Registering ──200──▶ Registered ──refresh fails──▶ Failed ──retry──▶ Registering
///                   └──────refused, no route──────▶ Failed
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Registration {
    /// Not asked for.
    Off,
    /// Under way for the first time, or again after a failure.
    Registering,
    /// Calls can come.
    Registered {
        /// Since when without interruption.
        since: Timestamp,
        /// Over what: never `automatic`.
        transport: Transport,
        /// Whether signalling is encrypted.
        secure: bool,
    },
    /// Not registered, and why.
    Failed {
        /// Since when.
        since: Timestamp,
        /// Why.
        problem: Problem,
        /// When it is tried again; nothing if only a change by the user can help.
        retry_at: Option<Timestamp>,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

/// How the trial of a draft stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AccountTest {
    /// The server is looked for and asked.
    Running,
    /// The account works.
    Passed {
        /// What it worked with: the draft's settings with transport and server filled in where they were found.
        settings: AccountSettings,
        /// Whether signalling is encrypted.
        secure: bool,
    },
    /// It does not work.
    Failed {
        /// Why.
        problem: Problem,
    },
    /// From a newer version.
    #[serde(other)]
    Unknown,
}
