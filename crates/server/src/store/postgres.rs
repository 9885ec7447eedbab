//! PostgreSQL, for a server that grows beyond one machine.
//!
//! All nodes' writers take turns by one advisory lock, held for a batch: revisions have one order, and no two use cases
//! can interleave, just as with SQLite.

use std::sync::Arc;
use std::time::Duration;

use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls};

use super::StoreError;
use super::connection::{Connection, Row, Transaction, Value};
use super::teller::Teller;
use super::threads::Lane;
use super::{Lanes, Published, migrations, nodes};

const READERS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(5);
/// "bell", the writers' turn.
const TURN: &str = "BEGIN; SELECT pg_advisory_xact_lock(1650814060)";

/// Connects, brings the schema up to date, and starts the threads.
pub(crate) fn open(url: &str) -> Result<(Lanes, Arc<Teller>), StoreError> {
    let mut config: Config = url.parse()?;
    config.connect_timeout(PATIENCE).application_name("bellbird-server");
    let mut writer = Postgres::connect(&config)?;
    migrate(&mut writer.client, config.get_dbname().unwrap_or_default())?;
    let readers = (0..READERS).map(|_| Postgres::connect(&config)).collect::<Result<Vec<_>, _>>()?;
    let lanes = Lanes { writer: Lane::writer(writer)?, readers: Lane::readers(readers)? };
    Ok((lanes, nodes::listen(config)?))
}

struct Postgres {
    client: Client,
    config: Config,
    /// Text → prepared, since each use case repeats its statements.
    prepared: std::collections::HashMap<String, postgres::Statement>,
}

impl Postgres {
    fn connect(config: &Config) -> Result<Self, StoreError> {
        let mut client = config.connect(NoTls)?;
        // A commit has reached the disk when it returns, whatever the server's own configuration says.
        client.batch_execute("SET synchronous_commit = on")?;
        Ok(Self { client, config: config.clone(), prepared: Default::default() })
    }

    fn prepare(&mut self, sql: &str) -> Result<postgres::Statement, StoreError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn migrate(client: &mut Client, place: &str) -> Result<(), StoreError> {
    client.batch_execute("SELECT pg_advisory_lock(1650814060)")?;
    let migrated = migrate_alone(client, place);
    client.batch_execute("SELECT pg_advisory_unlock(1650814060)")?;
    migrated
}

fn migrate_alone(client: &mut Client, place: &str) -> Result<(), StoreError> {
    let known: Option<String> = client.query_one("SELECT to_regclass('refinery_schema_history')::text", &[])?.get(0);
    if known.is_some() {
        let version: Option<i32> = client.query_one("SELECT max(version) FROM refinery_schema_history", &[])?.get(0);
        if version.is_some_and(|version| version > migrations::newest()) {
            return Err(StoreError::Newer { place: format!("the database {place}") });
        }
    }
    migrations::runner().run(client)?;
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::TEXT].contains(ty)
    }

    to_sql_checked!();
}

fn row(row: &postgres::Row) -> Result<Row, StoreError> {
    (0..row.len()).map(|index| column(row, index)).collect::<Result<_, _>>().map(Row)
}

fn column(row: &postgres::Row, index: usize) -> Result<Value, StoreError> {
    let ty = row.columns()[index].type_().clone();
    if ty == Type::INT8 {
        Ok(row.try_get::<_, Option<i64>>(index)?.into())
    } else if ty == Type::INT4 {
        Ok(row.try_get::<_, Option<i32>>(index)?.map(i64::from).into())
    } else {
        Ok(row.try_get::<_, Option<String>>(index)?.into())
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Transaction for Postgres {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql)?;
        Ok(self.client.execute(&statement, &parameters(values))?)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql)?;
        self.client.query(&statement, &parameters(values))?.iter().map(row).collect()
    }

    fn tell_nodes(&mut self, last: &Published) -> Result<(), StoreError> {
        self.execute(nodes::NOTIFY, &[Value::Text(nodes::payload(last))]).map(drop)
    }
}

impl Connection for Postgres {
    fn begin_write(&mut self) -> Result<(), StoreError> {
        Ok(self.client.batch_execute(TURN)?)
    }

    fn begin_read(&mut self) -> Result<(), StoreError> {
        Ok(self.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?)
    }

    fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        Ok(self.client.batch_execute(sql)?)
    }

    fn revive(&mut self) -> Result<(), StoreError> {
        if !self.client.is_closed() && self.client.batch_execute("ROLLBACK").is_ok() {
            return Ok(());
        }
        *self = Self::connect(&self.config)?;
        Ok(())
    }
}
