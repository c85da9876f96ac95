//! Faults of SQLite, as a store tells them.

use flowai_core::store::StoreError;
use rusqlite::{Error, ErrorCode};

/// The medium failed, with what SQLite said.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub(super) fn medium(fault: Error) -> StoreError {
    let code = match &fault {
        Error::SqliteFailure(code, _) => format!(" (SQLite {})", code.extended_code),
        _ => String::new(),
    };
    StoreError::Medium { message: format!("{fault}{code}") }
}

/// The medium failed outside of SQLite.
pub(super) fn failed(what: &str, fault: &std::io::Error) -> StoreError {
    StoreError::Medium { message: format!("{what}: {fault}") }
}

/// Whether a file is no database at all.
pub(super) fn is_no_database(fault: &Error) -> bool {
    matches!(fault, Error::SqliteFailure(code, _) if code.code == ErrorCode::NotADatabase)
}
