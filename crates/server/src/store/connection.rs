//! The seam between use cases and a database: statements in the SQL that SQLite and PostgreSQL have in common.
//!
//! Columns are `BIGINT` or `TEXT`, parameters `$1`, `$2` … A use case is written once, over this; so the two databases
//! can't differ in what a use case means.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Published, StoreError};

/// A parameter or a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `NULL`.
    Null,
    /// `BIGINT`: ids, milliseconds, flags.
    Int(i64),
    /// `TEXT`: words and JSON documents.
    Text(String),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    /// Ids and milliseconds stay below 2⁶³.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        // PostgreSQL's text takes no NUL; no name or note needs one.
        Self::Text(value.replace('\0', ""))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        value.as_str().into()
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        value.as_str().into()
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A document's column.
pub(crate) fn json(document: &impl Serialize) -> Result<Value, StoreError> {
    Ok(Value::Text(serde_json::to_string(document)?))
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    fn column(&self, index: usize) -> Result<&Value, StoreError> {
        self.0.get(index).ok_or_else(|| StoreError::Malformed(format!("there is no column {index}")))
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64, StoreError> {
        self.optional_int(index)?.ok_or_else(|| StoreError::Malformed(format!("column {index} is empty")))
    }

    pub(crate) fn optional_int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        match self.column(index)? {
            Value::Int(value) => Ok(Some(*value)),
            Value::Null => Ok(None),
            Value::Text(_) => Err(StoreError::Malformed(format!("column {index} is no number"))),
        }
    }

    /// An id or a time.
    pub(crate) fn unsigned(&self, index: usize) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.int(index)?).unwrap_or_default())
    }

    pub(crate) fn optional_unsigned(&self, index: usize) -> Result<Option<u64>, StoreError> {
        Ok(self.optional_int(index)?.map(|value| u64::try_from(value).unwrap_or_default()))
    }

    pub(crate) fn flag(&self, index: usize) -> Result<bool, StoreError> {
        Ok(self.int(index)? != 0)
    }

    pub(crate) fn text(&self, index: usize) -> Result<String, StoreError> {
        self.optional_text(index)?.ok_or_else(|| StoreError::Malformed(format!("column {index} is empty")))
    }

    pub(crate) fn optional_text(&self, index: usize) -> Result<Option<String>, StoreError> {
        match self.column(index)? {
            Value::Text(value) => Ok(Some(value.clone())),
            Value::Null => Ok(None),
            Value::Int(_) => Err(StoreError::Malformed(format!("column {index} is no text"))),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, index: usize) -> Result<T, StoreError> {
        Ok(serde_json::from_str(&self.text(index)?)?)
    }
}

/// What a use case may do inside its transaction.
pub(crate) trait Transaction {
    /// Runs a statement; returns how many rows it changed.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs a statement that answers with rows.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// The first row, if there is one.
    fn first(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// Lets other nodes know, once this is committed, up to where there is something to read.
    fn tell_nodes(&mut self, _last: &Published) -> Result<(), StoreError> {
        Ok(())
    }
}

/// One connection, owned by one thread.
pub(crate) trait Connection: Transaction + Send + 'static {
    /// Opens the transaction that a batch of writes shares, and keeps all other writers out until it ends.
    fn begin_write(&mut self) -> Result<(), StoreError>;

    /// Opens a transaction in which all reads see the same moment.
    fn begin_read(&mut self) -> Result<(), StoreError>;

    /// Runs `SAVEPOINT`, `COMMIT` and the like.
    fn control(&mut self, sql: &'static str) -> Result<(), StoreError>;

    /// Makes the connection usable again after a failure, where it can be.
    fn revive(&mut self) -> Result<(), StoreError>;
}
