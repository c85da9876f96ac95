//! The schema: its versions, and how a file is known to be a store of ours.

use std::path::Path;

use flowai_core::store::StoreError;
use rusqlite::{Connection, OptionalExtension};

use super::fault::{is_no_database, medium};

/// What says in the file's first page that it is a store of ours: "flow".
const APPLICATION: i64 = 0x666c_6f77;

/// What leads from each version to the next; the first makes a new store.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// What a file is before anything was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing stands in it.
    Empty,
    /// A store of ours.
    Store,
}

/// Looks what a file is, without writing to it.
pub(super) fn look(connection: &Connection, path: &Path) -> Result<Found, StoreError> {
    let foreign = |what: &str| StoreError::Foreign { message: format!("`{}` {what}", path.display()) };
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")
        .map_err(|fault| if is_no_database(&fault) { foreign("is no SQLite database") } else { medium(fault) })?;
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(medium)?;
    match (application, tables) {
        (0, 0) => Ok(Found::Empty),
        (APPLICATION, _) => version(connection, path).map(|_| Found::Store),
        _ => Err(foreign("is a SQLite database, but no store")),
    }
}

/// The version of a store; a newer one is refused.
fn version(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let foreign = |what: &str| StoreError::Foreign { message: format!("`{}` {what}", path.display()) };
    let found = connection.query_row("SELECT max(version) FROM versions", [], |row| row.get::<_, Option<i64>>(0));
    let found = match found {
        Ok(found) => found.and_then(|version| usize::try_from(version).ok()),
        Err(rusqlite::Error::SqliteFailure(code, _)) if code.code == rusqlite::ErrorCode::Unknown => None,
        Err(fault) => return Err(medium(fault)),
    };
    let known = MIGRATIONS.len();
    match found {
        Some(version) if (1..=known).contains(&version) => Ok(version),
        Some(version) if version > known => {
            Err(foreign(&format!("is a store of version {version}; this release knows version {known}")))
        }
        _ => Err(foreign("is a store without a version")),
    }
}

/// Brings a store to the version of this release, inside of the caller's transaction.
pub(super) fn migrate(connection: &Connection, found: Found, path: &Path) -> Result<(), StoreError> {
    let from = if found == Found::Empty { 0 } else { version(connection, path)? };
    for (index, step) in MIGRATIONS.iter().enumerate().skip(from) {
        connection.execute_batch(step).map_err(medium)?;
        let version = i64::try_from(index.saturating_add(1)).unwrap_or(i64::MAX);
        connection.execute("INSERT INTO versions VALUES (?1)", [version]).map_err(medium)?;
    }
    if from == 0 {
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION}")).map_err(medium)?;
    }
    Ok(())
}

/// The name of the store in a database.
pub(super) fn id(connection: &Connection) -> Result<Option<String>, StoreError> {
    connection.query_row("SELECT id FROM store", [], |row| row.get(0)).optional().map_err(medium)
}

/// How every connection of ours is set.
pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(128);
    // Checkpoints are made after a group was acknowledged: one that fails must not look like a failed commit.
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
        PRAGMA journal_size_limit = 0; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;
        PRAGMA secure_delete = FAST;";
    connection.execute_batch(settings).map_err(medium)
}
