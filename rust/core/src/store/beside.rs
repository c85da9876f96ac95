//! What two runs cannot share: a thread while both are active, and the name of the call that began them.

use std::fmt::{Display, Formatter};

use super::error::StoreError;
use super::keys::{RunFilter, RunRow, RunStatus};

/// What a run would share with another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// A thread, while both are active.
    Thread(String),
    /// The name of the call that began them.
    Call(String),
}

impl Beside {
    /// The runs of a tenant that have it, too.
    #[must_use]
    pub fn filter(&self, tenant: &str) -> RunFilter {
        match self {
            Self::Thread(thread) => {
                RunFilter::of(tenant).in_thread(thread).standing(&[RunStatus::Running, RunStatus::Paused])
            }
            Self::Call(request_id) => RunFilter { request_id: Some(request_id.clone()), ..RunFilter::of(tenant) },
        }
    }
}

impl Display for Beside {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Thread(thread) => write!(formatter, "thread `{thread}` has the active run"),
            Self::Call(request_id) => write!(formatter, "the call `{request_id}` has begun the run"),
        }
    }
}

/// What a row that is to be written may share with no other run; nothing where the run began before.
pub fn beside(version: u64, row: &RunRow) -> impl Iterator<Item = Beside> {
    let is_new = version == 0;
    let call = row.request_id.clone().filter(|_| is_new).map(Beside::Call);
    let thread = row.thread.clone().filter(|_| is_new && row.status.is_active()).map(Beside::Thread);
    call.into_iter().chain(thread)
}

/// Refuses a new run that would share something with another one, which the store finds by a filter.
///
/// # Errors
///
/// [`StoreError::Taken`], and what the store says.
pub fn check_beside(
    version: u64,
    row: &RunRow,
    mut find: impl FnMut(&RunFilter) -> Result<Vec<String>, StoreError>,
) -> Result<(), StoreError> {
    for what in beside(version, row) {
        let found = find(&what.filter(&row.tenant))?;
        if let Some(run_id) = found.into_iter().find(|run_id| *run_id != row.run_id) {
            return Err(StoreError::Taken { what, run_id });
        }
    }
    Ok(())
}
