use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the server refuses or can't do, for the UI to put into words. Params are named with each code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ServerErrorCode {
    /// Nobody is logged in, or the session is over.
    NotLoggedIn,
    /// Log-in name and password do not fit. Params: `login`, `triesLeft` where few are left.
    WrongCredentials,
    /// Too many tries from here. Params: `seconds` until the next one.
    TooManyTries,
    /// The session ended because nobody used it. Params: `minutes`.
    IdleLogOut,
    /// The request lacks the CSRF header, or it does not fit the session.
    CsrfMissing,
    /// A new password has to be set first.
    PasswordChangeNeeded,
    /// The user was disabled. Params: `by`.
    UserDisabled,
    /// This client was logged out by somebody else. Params: `by`, `at`.
    ClientRevoked,
    /// Nobody gave out this link, or it is long forgotten.
    LinkInvalid,
    /// The link was used. Params: `at`.
    LinkUsed,
    /// A newer link took its place, or the password was set since. Params: `at`.
    LinkReplaced,
    /// The link is too old. Params: `hours` that it lived.
    LinkExpired,
    /// The client is too old for this server. Params: `least`.
    ClientTooOld,
    /// The server is too old for this client. Params: `greatest`.
    ServerTooOld,
    /// The role does not allow it. Params: `role` that is needed.
    Forbidden,
    /// The permission is missing: an administrator sets this. Params: `by`, `since`, `note`.
    LockedByAdministrator,
    /// Making calls is off. Params: `by`, `since`.
    MakingCallsOff,
    /// Somebody wrote it meanwhile. Params: `by`, `at`.
    Conflict,
    /// There is no such thing, or it is not yours to see.
    NotFound,
    /// A field has to be filled in. Params: `field`.
    FieldMissing,
    /// A field can't be right. Params: `field`.
    FieldInvalid,
    /// A field is too long. Params: `field`, `most`.
    FieldTooLong,
    /// A password is too short. Params: `least`.
    PasswordTooShort,
    /// A password that everybody tries first.
    PasswordTooCommon,
    /// Another user has this e-mail address. Params: `owner`.
    EmailTaken,
    /// Another user has this log-in name.
    LoginTaken,
    /// The extension belongs to somebody. Params: `extension`, `owner`, `free` = the next free one.
    ExtensionTaken,
    /// The extension belonged to somebody who was deleted: asked again before it is used. Params: `extension`, `owner`.
    ExtensionUsedBefore,
    /// The number is in the inventory already. Params: `number`.
    NumberTaken,
    /// Another account has this MAC address. Params: `mac`, `account`.
    MacTaken,
    /// Still in use. Params: `by` = what uses it.
    InUse,
    /// It can't be undone and has to be confirmed. Params: `what`.
    ConfirmationNeeded,
    /// The last administrator can't be deleted, disabled or demoted.
    LastAdmin,
    /// Nobody deletes or disables himself.
    NotYourself,
    /// The user has no desk phone to call with.
    NoDeskPhone,
    /// The desk phone is not registered. Params: `phone`.
    DeskPhoneNotRegistered,
    /// The user has no mobile or landline number to call with.
    NoExternalNumber,
    /// What was dialled is no number or address. Params: `target`.
    InvalidTarget,
    /// Nobody has this number. Params: `target`.
    UnknownTarget,
    /// Too many calls at once. Params: `most`.
    TooManyCalls,
    /// No trunk can take the call. Params: `trunk`.
    TrunkUnavailable,
    /// The request was settled meanwhile. Params: `by`, `at`.
    RequestSettled,
    /// The same was asked and is open. Params: `at`.
    RequestOpen,
    /// Too many requests. Params: `seconds` until the next one.
    RateLimited,
    /// More than the server takes at once. Params: `most`.
    TooLarge,
    /// The request can't be read.
    Malformed,
    /// The server has been set up already.
    AlreadySetUp,
    /// The server waits to be set up.
    NotSetUp,
    /// The server can't keep or read what it has to.
    StorageUnavailable,
    /// The server is starting, stopping or overloaded. Params: `seconds` where known.
    Unavailable,
    /// Something went wrong inside. Params: `id` of the log entry.
    Internal,
    /// From a newer version.
    #[serde(other)]
    Unknown,
}

impl ServerErrorCode {
    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotLoggedIn | Self::WrongCredentials | Self::IdleLogOut | Self::ClientRevoked => 401,
            Self::CsrfMissing
            | Self::PasswordChangeNeeded
            | Self::UserDisabled
            | Self::Forbidden
            | Self::LockedByAdministrator
            | Self::MakingCallsOff => 403,
            Self::NotFound | Self::UnknownTarget => 404,
            Self::Conflict
            | Self::EmailTaken
            | Self::LoginTaken
            | Self::ExtensionTaken
            | Self::ExtensionUsedBefore
            | Self::NumberTaken
            | Self::MacTaken
            | Self::InUse
            | Self::ConfirmationNeeded
            | Self::LastAdmin
            | Self::NotYourself
            | Self::NoDeskPhone
            | Self::DeskPhoneNotRegistered
            | Self::NoExternalNumber
            | Self::RequestSettled
            | Self::RequestOpen
            | Self::AlreadySetUp
            | Self::NotSetUp => 409,
            Self::LinkInvalid | Self::LinkUsed | Self::LinkReplaced | Self::LinkExpired => 410,
            Self::TooLarge => 413,
            Self::FieldMissing
            | Self::FieldInvalid
            | Self::FieldTooLong
            | Self::PasswordTooShort
            | Self::PasswordTooCommon
            | Self::InvalidTarget => 422,
            Self::ClientTooOld | Self::ServerTooOld => 426,
            Self::TooManyTries | Self::RateLimited | Self::TooManyCalls => 429,
            Self::Malformed => 400,
            Self::Internal | Self::Unknown => 500,
            Self::TrunkUnavailable | Self::StorageUnavailable | Self::Unavailable => 503,
        }
    }
}

/// What the server answers instead of a result: problem+json (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApiProblem {
    /// A URI that names the kind of problem: `urn:bellbird:problem:` and the code.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// English words for whoever reads the answer as it is.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Which sentence.
    pub code: ServerErrorCode,
    /// Which field of the request, as a path: `telephony.ringSeconds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// What stands in the sentence, by name; see the code's documentation.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub params: BTreeMap<String, String>,
    /// More about this case, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub detail: Option<String>,
}

impl ApiProblem {
    /// The media type of the answer.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// A problem that needs no more words.
    pub fn new(code: ServerErrorCode, title: impl Into<String>) -> Self {
        let word = serde_word(code);
        Self {
            kind: format!("urn:bellbird:problem:{word}"),
            title: title.into(),
            status: code.status(),
            code,
            field: None,
            params: BTreeMap::new(),
            detail: None,
        }
    }

    /// Puts `value` where the sentence says `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// Names the field.
    #[must_use]
    pub fn on_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds the small print.
    #[must_use]
    pub fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// The code as it stands on the wire.
fn serde_word(code: ServerErrorCode) -> String {
    let name = format!("{code:?}");
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}
