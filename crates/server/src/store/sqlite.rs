//! SQLite: one file beside its journal, for a server that stands alone.
//!
//! Write-ahead logging with `synchronous=FULL`: a commit has reached the disk when it returns. Before a migration the file
//! is copied (two copies are kept). A file from a newer program is refused, a damaged one moved aside and never deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OpenFlags, ToSql};

use super::StoreError;
use super::connection::{Connection, Row, Transaction, Value};
use super::threads::Lane;
use super::{Lanes, migrations};

/// The database's name in the data folder.
pub const FILE: &str = "bellbird-server.sqlite";
const COPIES: usize = 2;
const READERS: usize = 2;
/// Only another program, such as a backup, can keep us waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file that is ready.
pub(crate) struct Opened {
    pub(crate) lanes: Lanes,
    /// Where a damaged file was moved to; the new one is empty.
    pub(crate) moved_aside: Option<PathBuf>,
}

/// Opens the folder's database, brings it up to date, and starts its threads.
pub(crate) fn open(folder: &Path) -> Result<Opened, StoreError> {
    fs::create_dir_all(folder)?;
    let path = folder.join(FILE);
    let moved_aside = if is_damaged(&path)? { Some(move_aside(&path)?) } else { None };
    let mut writer = Sqlite::open(&path, Access::Write)?;
    migrate(&mut writer, &path)?;
    let readers = (0..READERS).map(|_| Sqlite::open(&path, Access::Read)).collect::<Result<Vec<_>, _>>()?;
    Ok(Opened { lanes: Lanes { writer: Lane::writer(writer)?, readers: Lane::readers(readers)? }, moved_aside })
}

/// Writes a copy of a folder's database to a new file, also while a server uses it.
pub fn backup(folder: &Path, to: &Path) -> Result<(), StoreError> {
    refuse_overwriting(to)?;
    let path = folder.join(FILE);
    if !path.exists() {
        return Err(StoreError::Malformed(format!("there is no database at {}", path.display())));
    }
    // VACUUM INTO writes nothing here, but counts as a write.
    let source = Sqlite::open(&path, Access::Write)?;
    source.connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    Ok(())
}

/// Puts a copy in a folder's database's place. What was there is moved aside. No server may be using it.
pub fn restore(folder: &Path, from: &Path) -> Result<Option<PathBuf>, StoreError> {
    if is_damaged(from)? || !from.exists() {
        return Err(StoreError::Malformed(format!("{} is not a whole Bellbird database", from.display())));
    }
    fs::create_dir_all(folder)?;
    let path = folder.join(FILE);
    let aside = if path.exists() { Some(move_aside(&path)?) } else { None };
    fs::copy(from, &path)?;
    fs::File::open(&path)?.sync_all()?;
    Ok(aside)
}

fn refuse_overwriting(to: &Path) -> Result<(), StoreError> {
    if to.exists() { Err(StoreError::Exists(to.to_owned())) } else { Ok(()) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

struct Sqlite {
    connection: rusqlite::Connection,
}

impl Sqlite {
    fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let flags = match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            Access::Write => {
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX
            }
        };
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "query_only", access == Access::Read)?;
        connection.set_prepared_statement_cache_capacity(128);
        Ok(Self { connection })
    }
}

/// SQLite numbers its parameters with `?1`.
fn dialect(sql: &str) -> String {
    sql.replace('$', "?")
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

fn column(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        #[expect(clippy::cast_possible_truncation, reason = "no column of ours is a fraction")]
        ValueRef::Real(value) => Value::Int(value as i64),
        ValueRef::Text(value) | ValueRef::Blob(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
    }
}

impl Transaction for Sqlite {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(&dialect(sql))?;
        Ok(statement.execute(rusqlite::params_from_iter(values))? as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(&dialect(sql))?;
        let width = statement.column_count();
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
            (0..width).map(|index| Ok(column(row.get_ref(index)?))).collect::<Result<_, _>>().map(Row)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Connection for Sqlite {
    fn begin_write(&mut self) -> Result<(), StoreError> {
        self.control("BEGIN IMMEDIATE")
    }

    fn begin_read(&mut self) -> Result<(), StoreError> {
        self.control("BEGIN")
    }

    fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        Ok(self.connection.prepare_cached(sql)?.execute([]).map(drop)?)
    }

    fn revive(&mut self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() { Ok(()) } else { self.control("ROLLBACK") }
    }
}

fn migrate(sqlite: &mut Sqlite, path: &Path) -> Result<(), StoreError> {
    let version = schema_version(&sqlite.connection)?;
    let newest = migrations::newest();
    match version {
        Some(version) if version > newest => return Err(StoreError::Newer { place: path.display().to_string() }),
        Some(version) if version < newest => copy_before_migration(&sqlite.connection, path, newest)?,
        Some(_) | None => {}
    }
    migrations::runner().run(&mut sqlite.connection)?;
    Ok(())
}

/// The version that the file's last migration left, or nothing in a new file.
fn schema_version(connection: &rusqlite::Connection) -> Result<Option<i32>, rusqlite::Error> {
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

fn copy_before_migration(connection: &rusqlite::Connection, path: &Path, version: i32) -> Result<(), StoreError> {
    let copy = path.with_extension(format!("before-{version}.sqlite"));
    match fs::remove_file(&copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Err(_) | Ok(()) => {}
    }
    connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    Ok(drop_old_copies(path)?)
}

fn drop_old_copies(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let is_copy = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".before-"));
    let mut copies: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).filter(is_copy).collect();
    copies.sort_by_key(|path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok());
    let surplus = copies.len().saturating_sub(COPIES);
    copies.iter().take(surplus).try_for_each(fs::remove_file)
}

fn is_damaged(path: &Path) -> Result<bool, StoreError> {
    if !path.exists() {
        return Ok(false);
    }
    let verdict = rusqlite::Connection::open(path)
        .and_then(|connection| connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)));
    match verdict {
        Ok(verdict) => Ok(verdict != "ok"),
        Err(error) if is_damage(&error) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase))
}

/// Renames the file and its journal, to a name that is free.
fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let free = |number: u32| path.with_extension(format!("aside-{number}.sqlite"));
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
    use super::*;

    #[test]
    fn a_file_from_a_newer_program_is_refused_in_words_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        let file = rusqlite::Connection::open(folder.path().join(FILE)).unwrap();
        file.execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9999, 'later', '', '1')",
            [],
        )
        .unwrap();
        drop(file);
        let error = open(folder.path()).err().expect("it is refused");
        assert!(error.to_string().contains("newer version"), "{error}");
        assert!(folder.path().join(FILE).exists());
    }

    #[test]
    fn a_damaged_file_is_moved_aside_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), b"this has never been a database, whatever its name says").unwrap();
        let opened = open(folder.path()).unwrap();
        let aside = opened.moved_aside.expect("it was moved");
        assert!(fs::read(aside).unwrap().starts_with(b"this has never"));
    }

    #[test]
    fn before_a_migration_the_file_is_copied_and_two_copies_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        drop(open(folder.path()).unwrap());
        let connection = rusqlite::Connection::open(&path).unwrap();
        for version in 11..=13 {
            copy_before_migration(&connection, &path, version).unwrap();
        }
        let copies = fs::read_dir(folder.path()).unwrap();
        let copies: Vec<String> = copies
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("before-"))
            .collect();
        assert_eq!(copies.len(), 2, "{copies:?}");
    }

    #[test]
    fn a_backup_can_be_restored_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let copy = folder.path().join("copy.sqlite");
        drop(open(&data).unwrap());
        backup(&data, &copy).unwrap();
        assert!(matches!(backup(&data, &copy), Err(StoreError::Exists(_))));
        let aside = restore(&data, &copy).unwrap().expect("the old one is kept");
        assert!(aside.exists());
        assert!(open(&data).unwrap().moved_aside.is_none());
    }
}
