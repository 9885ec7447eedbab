//! Why the storage refuses or fails.

use std::io;
use std::path::PathBuf;

use bellbird_contract::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What went wrong in the storage. A use case that refuses leaves nothing behind: its transaction is undone.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Nothing of this organisation has this id.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A value that has to be unique is taken. Holds the field's name on the wire.
    #[error("{field} is in use already")]
    Taken {
        /// The field, as it is called on the wire.
        field: &'static str,
        /// The value.
        value: String,
        /// Who has it, where whoever asks may know.
        by: Option<String>,
        /// One that could be used instead, where one is known.
        free: Option<String>,
    },
    /// The document was changed by somebody else since it was read.
    #[error("{by} changed it in the meantime")]
    Conflict {
        /// Who changed it last.
        by: String,
        /// The revision that holds now.
        revision: u64,
    },
    /// The rules refuse it.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A field can't have this value.
    #[error("{field} can't be used: {reason}")]
    Invalid {
        /// The field, as it is called on the wire.
        field: &'static str,
        /// Words for people.
        reason: String,
    },
    /// The database can't be reached or failed; nothing was acknowledged.
    #[error("the database failed: {0}")]
    Unavailable(String),
    /// A migration failed; the copy made before it is beside the file.
    #[error("the database could not be brought up to date: {0}")]
    Migration(#[from] refinery::Error),
    /// The folder can't be written, or a copy failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The database was written by a newer program.
    #[error("{place} was written by a newer version of Bellbird. Update this one; nothing was changed.")]
    Newer {
        /// The file, or the database's name.
        place: String,
    },
    /// Something in the database is not what this program writes.
    #[error("an entry in the database could not be read: {0}")]
    Malformed(String),
    /// There is already a file where one should be written.
    #[error("{0} exists already; nothing was overwritten")]
    Exists(PathBuf),
}

/// Rules that storage keeps because they depend on what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The user may not configure this himself.
    NoPermission,
    /// An organisation keeps at least one admin who can log in.
    LastAdmin,
    /// The change was decided before.
    AlreadySettled,
    /// A one-time link that does not work, or no longer.
    Link(DeadLink),
}

/// Why a one-time link does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeadLink {
    /// Nobody gave it out, or that is long ago.
    Invalid,
    /// It was used.
    Used {
        /// When.
        at: Timestamp,
    },
    /// A newer one took its place, or the password was set since.
    Replaced {
        /// When.
        at: Timestamp,
    },
    /// It was not used in time.
    Expired,
}

impl StoreError {
    /// A value is taken, and there is no more to say about it.
    pub(crate) fn taken(field: &'static str, value: &str) -> Self {
        Self::Taken { field, value: value.to_owned(), by: None, free: None }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        let words = error.as_db_error().map_or_else(|| error.to_string(), |reason| reason.message().to_owned());
        Self::Unavailable(words)
    }
}
