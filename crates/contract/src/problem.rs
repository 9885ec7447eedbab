use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Timestamp;

/// What went wrong, for the UI to put into words. A code is added only when somebody words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The secret does not fit the user name. Params: `address`.
    WrongPassword,
    /// The server knows no such user. Params: `address`.
    UnknownUser,
    /// The server forbids it (403). Params: `address` or `target`.
    Forbidden,
    /// No server has this name: DNS gave nothing. Params: `server`.
    ServerNotFound,
    /// The server's address is known and nothing answers there. Params: `server`.
    ServerUnreachable,
    /// The server answers that it can't serve now (5xx). Params: `server`.
    ServerUnavailable,
    /// The server's certificate does not fit its name or is signed by nobody we know. Params: `server`.
    CertificateInvalid,
    /// The server refused the registration for another reason. Params: `server`.
    RegistrationRefused,
    /// This computer has no network.
    Offline,
    /// A field is empty or can't be right. Params: `field` = `domain`, `userName`, `secret` or `server`.
    FieldInvalid,
    /// No account is there to call with.
    NoAccount,
    /// What was typed is neither a number nor an address. Params: `target`.
    InvalidTarget,
    /// The other side is on another call (486). Params: `target`.
    Busy,
    /// The other side declined (603). Params: `target`.
    Declined,
    /// Nobody answered. Params: `target`.
    NoAnswer,
    /// Nobody has this number or address (404, 410, 604). Params: `target`.
    NotFound,
    /// The other side can't be reached now (480). Params: `target`.
    Unavailable,
    /// The number is not complete (484). Params: `target`.
    NumberIncomplete,
    /// The two sides have no codec in common (488). Params: `target`.
    NoCodecInCommon,
    /// This account demands encrypted sound and the other side offers none, or the reverse. Params: `target`.
    SecurityMismatch,
    /// The call failed for another reason. Params: `target`.
    CallFailed,
    /// The connection was lost during the call. Params: `target`.
    ConnectionLost,
    /// No sound arrives from the other side though the call stands. Params: `target`.
    NoAudio,
    /// Hold or resume was refused by the other side. Params: `target`.
    HoldRefused,
    /// The transfer failed and the call is still here. Params: `target`.
    TransferFailed,
    /// There is no microphone: others can't hear you.
    NoMicrophone,
    /// There is no speaker.
    NoSpeaker,
    /// The system does not let us use the microphone.
    MicrophoneRefused,
    /// The chosen device is gone and another one is in use. Params: `device`, `inUse`, `role`.
    DeviceLost,
    /// What should be kept could not be written.
    StorageFailed,
    /// What was kept came from a newer version of this program.
    StorageNewer,
    /// What was kept is damaged and has been moved aside. Params: `path`.
    StorageDamaged,
    /// There is no key store: secrets are kept in an encrypted file.
    KeyStoreMissing,
    /// An administrator turned making calls off; emergency numbers still dial. Params: `target`, `by`, `since` in
    /// milliseconds.
    MakingCallsOff,
    /// Something answers there and it is no server of ours. Params: `server`.
    NotAServer,
    /// An invitation or provisioning link can't be read.
    LinkInvalid,
    /// This program is too old for the server. Params: `server`.
    ClientTooOld,
    /// The server is too old for this program. Params: `server`.
    ServerTooOld,
    /// The server logged this client out. Params: `server`, `by` where somebody did it.
    LoggedOut,
    /// Something that this version has no words for.
    #[serde(other)]
    Unknown,
}

/// An [`ErrorCode`] with what its words need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Which sentence.
    pub code: ErrorCode,
    /// What stands in the sentence, by name; see the code's documentation.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub params: BTreeMap<String, String>,
    /// Small print behind *Details*, as it came: `486 Busy Here`.
    #[serde(default)]
    pub details: Option<String>,
}

impl Problem {
    /// A problem that needs no more words.
    pub fn new(code: ErrorCode) -> Self {
        Self { code, params: BTreeMap::new(), details: None }
    }

    /// Puts `value` where the sentence says `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the small print.
    #[must_use]
    pub fn detailed(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }
}

/// Names a [`Notice`] until it is dismissed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct NoticeId(pub u32);

/// A problem that belongs to no call and no account, shown until dismissed or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// For [`crate::Command::DismissNotice`].
    pub id: NoticeId,
    /// When it came up.
    pub at: Timestamp,
    /// What it is.
    pub problem: Problem,
}
