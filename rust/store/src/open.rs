//! Opening a store by its address.

use std::path::Path;
use std::sync::{Arc, Mutex};

use flowai_core::session::SharedStore;
use flowai_core::store::{Store, StoreError};

use crate::behind::Behind;
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;

const ACCEPTED: &str = "a store is `sqlite:///folder/file` (from the working folder), `sqlite:////folder/file`, \
    or `postgresql://user@host/database`";

/// Opens the store at an address, or makes it where it can be made.
///
/// # Errors
///
/// [`StoreError::Foreign`] for an address, or a file, that is no store; [`StoreError::Medium`].
///
/// # Examples
///
/// ```
/// let fault = flowai_store::open("mysql://host/runs").err().map(|fault| fault.to_string());
/// assert!(fault.is_some_and(|fault| fault.starts_with("`mysql://` is no kind of store")));
/// ```
pub fn open(url: &str) -> Result<Box<dyn Store>, StoreError> {
    Ok(Box::new(behind(url)?))
}

/// Opens the store at an address for runs that share it.
///
/// # Errors
///
/// As [`open`].
pub fn shared(url: &str) -> Result<SharedStore, StoreError> {
    Ok(Arc::new(Mutex::new(behind(url)?)))
}

/// What an address is called in messages: the file, or the server and its database, without who asks it and how.
///
/// # Examples
///
/// ```
/// assert_eq!(flowai_store::place("sqlite:////var/runs.db"), "/var/runs.db");
/// assert_eq!(flowai_store::place("postgresql://ana:secret@host/runs?sslmode=require"), "host/runs");
/// ```
#[must_use]
pub fn place(url: &str) -> String {
    if let Some(path) = url.strip_prefix("sqlite:///") {
        return path.to_owned();
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    rest.rsplit('@').next().unwrap_or_default().to_owned()
}

fn behind(url: &str) -> Result<Behind, StoreError> {
    match url.split_once("://") {
        Some(("sqlite", place)) => sqlite(place),
        Some(("postgresql" | "postgres", _)) => postgres(url),
        Some((kind, _)) => Err(StoreError::Foreign { message: format!("`{kind}://` is no kind of store: {ACCEPTED}") }),
        None => Err(StoreError::Foreign { message: format!("`{url}` is no address of a store: {ACCEPTED}") }),
    }
}

fn sqlite(place: &str) -> Result<Behind, StoreError> {
    let path = place.strip_prefix('/').filter(|path| !path.is_empty() && !path.ends_with('/'));
    let path =
        path.ok_or_else(|| StoreError::Foreign { message: format!("`sqlite://{place}` names no file: {ACCEPTED}") })?;
    let store = SqliteStore::open(Path::new(path))?;
    let reader = store.reader()?;
    Behind::new(Box::new(store), Box::new(reader))
}

fn postgres(url: &str) -> Result<Behind, StoreError> {
    let store = PostgresStore::open(url)?;
    let reader = store.reader()?;
    Behind::new(Box::new(store), Box::new(reader))
}
