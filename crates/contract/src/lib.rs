//! Plain data that phone, shell and UI share: [`Command`]s go in, whole [`PhoneView`]s and [`Levels`] come out, and what
//! went wrong is a [`Problem`] with an [`ErrorCode`] that the UI puts into words.
//!
//! What it is not: it decides nothing. The rules are in `bellbird-phone`. It knows neither SIP nor sound.
//!
//! On the wire everything is JSON in camelCase. Unknown fields are ignored and every enum has an `Unknown`, so that a
//! newer server or shell can talk to an older program. The TypeScript types in `ui/src/contract` are written from here:
//! `BELLBIRD_WRITE_CONTRACT=1 cargo test -p bellbird-contract`; without the variable the test compares.
//!
//! How to test it: `cargo test -p bellbird-contract`. It builds for wasm32.

#![warn(missing_docs)]

mod account;
mod audio;
mod call;
mod command;
mod history;
mod preferences;
mod problem;
mod secret;
pub mod server;
mod time;
mod view;

pub use account::{
    AccountDraft, AccountId, AccountSettings, AccountTest, AccountView, CodecName, Registration, SrtpPolicy, Transport,
};
pub use audio::{
    AudioRole, AudioSettings, AudioTest, AudioView, Device, DeviceChoice, DeviceInUse, DeviceKind, Levels, Ringtone,
};
pub use call::{
    CallCapabilities, CallDirection, CallId, CallState, CallView, Consultation, Culprit, EndReason, Party, Quality,
    QualityWord, Security, TransferView,
};
pub use command::Command;
pub use history::{HistoryEntry, HistoryId, Outcome};
pub use preferences::{Language, Preferences, Theme, ToneCountry};
pub use problem::{ErrorCode, Notice, NoticeId, Problem};
pub use secret::Secret;
pub use time::Timestamp;
pub use view::{Connectivity, LookUp, PhoneView, Suggestion, TargetKind};
