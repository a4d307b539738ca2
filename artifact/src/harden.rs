//! A connection that trusts nothing of the file that it opens (SQLite documentation, "Defense Against The Dark Arts").

use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

use crate::error::ReadError;
use crate::read::READ_LIMIT;

/// Longest time that reading one file may take; a whole one of 16 MiB needs less than a second.
const TIME: Duration = Duration::from_secs(20);
/// Steps of SQLite's machine between two looks at the clock.
const LOOK_EVERY: i32 = 10_000;

/// Opens the bytes of a file, read-only and in memory: no journal, no lock, nobody else who writes.
pub(crate) fn open(bytes: &[u8]) -> Result<Connection, ReadError> {
    let mut connection = Connection::open_in_memory()?;
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(setting, on)?;
    }
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, i32::try_from(READ_LIMIT).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 8192),
        (Limit::SQLITE_LIMIT_COLUMN, 32),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 32),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 4),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    ] {
        connection.set_limit(limit, most)?;
    }
    let end = Instant::now() + TIME;
    connection.progress_handler(LOOK_EVERY, Some(move || Instant::now() > end))?;
    connection.deserialize_read_exact(MAIN_DB, bytes, bytes.len(), true)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")?;
    Ok(connection)
}
