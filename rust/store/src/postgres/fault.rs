//! Faults of PostgreSQL: what a store tells of them, and which of them another attempt may mend.

use flowai_core::store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// The connection is gone; what was asked last may or may not have been done.
    Lost(String),
    /// The server refused, and has undone the transaction.
    Refused { code: SqlState, message: String },
    /// The writer's own row is gone: another process took it for one that died long ago.
    Forgotten,
    /// The store refused.
    Store(StoreError),
}

/// The result of what is asked of the server.
pub(super) type Answer<T> = Result<T, Fault>;

impl From<StoreError> for Fault {
    fn from(fault: StoreError) -> Self {
        Self::Store(fault)
    }
}

impl From<Error> for Fault {
    fn from(fault: Error) -> Self {
        let Some(told) = fault.as_db_error() else {
            let source = std::error::Error::source(&fault);
            let is_conversion = source.is_some_and(|source| !source.is::<std::io::Error>()) && !fault.is_closed();
            let message = source.map_or_else(|| fault.to_string(), |source| format!("{fault}: {source}"));
            return if is_conversion { Self::Store(StoreError::Medium { message }) } else { Self::Lost(message) };
        };
        let message = format!("{} (PostgreSQL {})", told.message(), told.code().code());
        if ends_connection(told.code()) {
            Self::Lost(message)
        } else {
            Self::Refused { code: told.code().clone(), message }
        }
    }
}

impl Fault {
    /// Whether somebody else was faster, so that the same may succeed when it is tried again.
    pub fn is_race(&self) -> bool {
        let races = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION];
        matches!(self, Self::Refused { code, .. } if races.contains(code))
    }

    /// Whether it is what was to be written, rather than the server, that is at fault.
    pub fn is_of_values(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if ["22", "23", "54"].iter().any(|class| code.code().starts_with(class)))
    }

    /// Whether somebody else kept a row or a lock for too long.
    pub fn is_impatience(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == SqlState::LOCK_NOT_AVAILABLE)
    }
}

/// Whether the server ends the connection with this.
fn ends_connection(code: &SqlState) -> bool {
    // Of class 57 those that an operator causes; 25P03 and 57P05 are sent to a session that was idle for too long.
    code.code().starts_with("08") || ["57P01", "57P02", "57P03", "57P05", "25P03", "53300"].contains(&code.code())
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(fault) => fault,
            Fault::Lost(message) => medium(&format!("the connection to PostgreSQL was lost: {message}")),
            Fault::Refused { message, .. } => medium(&message),
            Fault::Forgotten => medium("the writer was forgotten"),
        }
    }
}

pub(super) fn medium(message: &str) -> StoreError {
    StoreError::Medium { message: message.to_owned() }
}
