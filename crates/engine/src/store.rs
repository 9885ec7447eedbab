//! What the phone remembers: accounts (without secrets), preferences and the call history, in one SQLite file.
//!
//! Before a migration the file is copied (two copies are kept). A file from a newer program is refused, a damaged one
//! moved aside and never deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bellbird_contract::{AccountId, AccountSettings, AudioSettings, HistoryEntry, HistoryId, Preferences};
use bellbird_phone::{Outbox, ServerMemory};
use refinery::Migration;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

mod embedded {
    refinery::embed_migrations!("migrations");
}

const FILE: &str = "bellbird.sqlite";
const COPIES: usize = 2;
/// The two parts of what is kept of the server.
const MEMORY: &str = "memory";
const OUTBOX: &str = "outbox";
/// More than anybody scrolls through; older calls stay in the file.
const HISTORY_SHOWN: u32 = 1_000;

/// Why the store can't be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite's own words.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A migration failed; the copy made before it is beside the file.
    #[error("the database could not be brought up to date: {0}")]
    Migration(#[from] refinery::Error),
    /// The folder can't be written, or a copy failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file was written by a newer program.
    #[error("{path} was written by a newer version of Bellbird. Update this one; nothing was changed.")]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// Something in the file is not what this program writes.
    #[error("an entry in the database could not be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// A store that is ready, and what its user has to know.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Where a damaged file was moved to; the store is new and empty then.
    pub moved_aside: Option<PathBuf>,
}

/// The open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

/// Everything that was remembered.
#[derive(Debug, Default)]
pub struct Memory {
    /// In the order they were added.
    pub accounts: Vec<(AccountId, AccountSettings)>,
    /// Language, theme, country.
    pub preferences: Preferences,
    /// Devices and processing.
    pub audio: AudioSettings,
    /// The newest calls, newest first.
    pub history: Vec<HistoryEntry>,
    /// What the server told last.
    pub server: Option<ServerMemory>,
    /// What waits to be sent to it.
    pub outbox: Option<Outbox>,
}

impl Store {
    /// Opens the database in `folder`, which is created where missing, and brings it up to date.
    pub fn open(folder: &Path) -> Result<Opened, StoreError> {
        fs::create_dir_all(folder)?;
        let path = folder.join(FILE);
        match Self::open_file(&path) {
            Err(StoreError::Sqlite(error)) if is_damage(&error) => {
                let aside = move_aside(&path)?;
                Ok(Opened { store: Self::open_file(&path)?, moved_aside: Some(aside) })
            }
            opened => Ok(Opened { store: opened?, moved_aside: None }),
        }
    }

    /// A database that is gone with the program.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        embedded::migrations::runner().run(&mut connection)?;
        Ok(Self { connection })
    }

    fn open_file(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
            .and_then(|verdict| if verdict == "ok" { Ok(()) } else { Err(corrupt(verdict)) })?;
        let newest = embedded::migrations::runner().get_migrations().iter().map(Migration::version).max();
        match (schema_version(&connection)?, newest) {
            (Some(found), Some(newest)) if found > newest => {
                return Err(StoreError::Newer { path: path.to_owned() });
            }
            (Some(found), Some(newest)) if found < newest => copy_before_migration(&connection, path, found)?,
            _ => {}
        }
        embedded::migrations::runner().run(&mut connection)?;
        Ok(Self { connection })
    }

    /// Reads everything back.
    pub fn load(&self) -> Result<Memory, StoreError> {
        Ok(Memory {
            accounts: self.accounts()?,
            preferences: self.preference("preferences")?.unwrap_or_default(),
            audio: self.preference("audio")?.unwrap_or_default(),
            history: self.history()?,
            server: self.server_part(MEMORY)?,
            outbox: self.server_part(OUTBOX)?,
        })
    }

    fn accounts(&self) -> Result<Vec<(AccountId, AccountSettings)>, StoreError> {
        let mut statement = self.connection.prepare("SELECT id, settings FROM account ORDER BY id")?;
        let rows = statement.query_map([], |row| Ok((AccountId(row.get(0)?), row.get::<_, String>(1)?)))?;
        let accounts: Vec<_> = rows.collect::<Result<_, _>>()?;
        Ok(accounts.into_iter().filter_map(|(id, settings)| Some((id, readable(&settings)?))).collect())
    }

    fn history(&self) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT entry FROM history ORDER BY started_at DESC, rowid DESC LIMIT ?1")?;
        let rows = statement.query_map([HISTORY_SHOWN], |row| row.get::<_, String>(0))?;
        let entries: Vec<_> = rows.collect::<Result<_, _>>()?;
        Ok(entries.iter().filter_map(|entry| readable(entry)).collect())
    }

    /// Keeps an account, in place of what its id stood for.
    pub fn keep_account(&self, id: AccountId, settings: &AccountSettings) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO account (id, settings) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET settings = excluded.settings",
            params![id.0, serde_json::to_string(settings)?],
        )?;
        Ok(())
    }

    /// Forgets an account; its calls stay in the history.
    pub fn forget_account(&self, id: AccountId) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM account WHERE id = ?1", [id.0])?;
        Ok(())
    }

    /// Keeps what the user chose about the program.
    pub fn keep_preferences(&self, preferences: &Preferences) -> Result<(), StoreError> {
        self.keep_preference("preferences", preferences)
    }

    /// Keeps what the user chose about sound.
    pub fn keep_audio(&self, settings: &AudioSettings) -> Result<(), StoreError> {
        self.keep_preference("audio", settings)
    }

    /// Keeps a short text of the program's own, such as its instance id.
    pub fn keep_text(&self, name: &str, text: &str) -> Result<(), StoreError> {
        self.keep_preference(name, &text)
    }

    /// Forgets a text kept by [`Self::keep_text`].
    pub fn forget_text(&self, name: &str) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM preference WHERE name = ?1", [name])?;
        Ok(())
    }

    /// A text kept by [`Self::keep_text`].
    pub fn text(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.preference(name)
    }

    /// Keeps what the server told.
    pub fn keep_server(&self, memory: &ServerMemory) -> Result<(), StoreError> {
        self.keep_server_part(MEMORY, memory)
    }

    /// Keeps what waits to be sent to the server.
    pub fn keep_outbox(&self, outbox: &Outbox) -> Result<(), StoreError> {
        self.keep_server_part(OUTBOX, outbox)
    }

    /// Forgets both.
    pub fn forget_server(&self) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM server", [])?;
        Ok(())
    }

    fn keep_server_part<T: Serialize>(&self, part: &str, document: &T) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO server (part, document) VALUES (?1, ?2)
             ON CONFLICT (part) DO UPDATE SET document = excluded.document",
            params![part, serde_json::to_string(document)?],
        )?;
        Ok(())
    }

    /// What can't be read is as good as not there: the server tells it again.
    fn server_part<T: DeserializeOwned>(&self, part: &str) -> Result<Option<T>, StoreError> {
        let document: Option<String> = self
            .connection
            .query_row("SELECT document FROM server WHERE part = ?1", [part], |row| row.get(0))
            .optional()?;
        Ok(document.as_deref().and_then(readable))
    }

    fn keep_preference<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO preference (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![name, serde_json::to_string(value)?],
        )?;
        Ok(())
    }

    fn preference<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let value: Option<String> = self
            .connection
            .query_row("SELECT value FROM preference WHERE name = ?1", [name], |row| row.get(0))
            .optional()?;
        Ok(value.map(|value| serde_json::from_str(&value)).transpose()?)
    }

    /// Keeps a call, in place of what its id stood for.
    pub fn keep_call(&self, entry: &HistoryEntry) -> Result<(), StoreError> {
        let started = i64::try_from(entry.started_at.0).unwrap_or(i64::MAX);
        self.connection.execute(
            "INSERT INTO history (id, started_at, seen, entry) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET
                 started_at = excluded.started_at, seen = excluded.seen, entry = excluded.entry",
            params![entry.id.0, started, entry.seen, serde_json::to_string(entry)?],
        )?;
        Ok(())
    }

    /// Deletes one call.
    pub fn forget_call(&self, id: &HistoryId) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM history WHERE id = ?1", [&id.0])?;
        Ok(())
    }

    /// Deletes all calls.
    pub fn clear_history(&self) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM history", [])?;
        Ok(())
    }
}

/// One unreadable row must not hide all others; it stays in the file.
fn readable<T: DeserializeOwned>(document: &str) -> Option<T> {
    serde_json::from_str(document).inspect_err(|error| tracing::warn!("a stored entry can't be read: {error}")).ok()
}

/// The version that the file's last migration left, or nothing in a new file.
fn schema_version(connection: &Connection) -> Result<Option<i32>, rusqlite::Error> {
    let known: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    if !known {
        return Ok(None);
    }
    connection.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
}

fn copy_before_migration(connection: &Connection, path: &Path, version: i32) -> Result<(), StoreError> {
    let copy = path.with_extension(format!("before-{}.sqlite", version + 1));
    match fs::remove_file(&copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    Ok(drop_old_copies(path)?)
}

fn drop_old_copies(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut copies: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("bellbird.before-")))
        .collect();
    copies.sort_by_key(|path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok());
    let surplus = copies.len().saturating_sub(COPIES);
    copies.iter().take(surplus).try_for_each(fs::remove_file)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase))
}

fn corrupt(verdict: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), Some(verdict))
}

/// Renames the file and its journal, to a name that is free.
fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let free = |number: u32| path.with_extension(format!("damaged-{number}.sqlite"));
    let aside = (1..).map(free).find(|path| !path.exists()).unwrap_or_else(|| free(0));
    fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let journal = PathBuf::from(format!("{}{suffix}", path.display()));
        if journal.exists() {
            fs::rename(&journal, format!("{}{suffix}", aside.display()))?;
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use bellbird_contract::{CallDirection, Outcome, Party, Timestamp};

    use super::*;

    #[test]
    fn what_was_kept_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap().store;
        let settings =
            AccountSettings { domain: "fiets.example".into(), user_name: "linda".into(), ..AccountSettings::default() };
        store.keep_account(AccountId(3), &settings).unwrap();
        store.keep_call(&call("a", 1_000)).unwrap();
        store.keep_call(&call("b", 2_000)).unwrap();
        drop(store);
        let memory = Store::open(folder.path()).unwrap().store.load().unwrap();
        assert_eq!(memory.accounts, [(AccountId(3), settings)]);
        assert_eq!(memory.history, [call("b", 2_000), call("a", 1_000)]);
    }

    #[test]
    fn a_damaged_file_is_moved_aside_and_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, b"this is not a database, and long enough to be looked at as one").unwrap();
        let opened = Store::open(folder.path()).unwrap();
        let aside = opened.moved_aside.expect("moved aside");
        assert!(fs::read(aside).unwrap().starts_with(b"this is not"));
        assert!(opened.store.load().unwrap().history.is_empty());
    }

    #[test]
    fn a_file_of_a_newer_program_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap().store;
        store
            .connection
            .execute(
                "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (99, 'later', '', '')",
                [],
            )
            .unwrap();
        drop(store);
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Newer { .. })));
        assert!(folder.path().join(FILE).exists());
    }

    #[test]
    fn of_the_copies_before_migrations_two_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let connection = Connection::open(&path).unwrap();
        for version in 1..=4 {
            copy_before_migration(&connection, &path, version).unwrap();
        }
        let copies = fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("before"))
            .count();
        assert_eq!(copies, COPIES);
    }

    fn call(id: &str, started: u64) -> HistoryEntry {
        HistoryEntry {
            id: HistoryId(id.into()),
            account: AccountId(3),
            direction: CallDirection::Incoming,
            party: Party { name: Some("Anna".into()), number: "602".into(), address: None },
            started_at: Timestamp(started),
            answered_at: None,
            ended_at: Timestamp(started + 9_000),
            outcome: Outcome::Missed,
            problem: None,
            seen: false,
            call_id: None,
            record: None,
            quality: None,
        }
    }
}
