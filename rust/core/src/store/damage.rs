//! Damage: what a check of a whole store finds.

use std::fmt::{Display, Formatter};

use super::error::StoreError;
use super::keys::RunFilter;
use super::shelf::Store;

/// One thing that is not what was written.
///
/// # Examples
///
/// ```
/// use flowai_core::store::{Damage, StoreError};
///
/// let fault = StoreError::Broken { run_id: "run-1".to_owned(), seq: 7 };
/// let damage = Damage { key: Damage::name("journal", "acme", "run-1"), fault };
/// assert_eq!(damage.to_string(), r#""journal" "acme" "run-1": the journal of `run-1` is broken at record 7"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Which thing: its kind, its tenant and its id, each quoted; or what holds all of them.
    pub key: String,
    /// What is wrong with it; of a journal with the first record that does not follow.
    pub fault: StoreError,
}

impl Damage {
    /// The name of a thing, as faults call it, too.
    #[must_use]
    pub fn name(kind: &str, tenant: &str, id: &str) -> String {
        // Debug quotes each part, so that no two names read alike.
        format!("{kind:?} {tenant:?} {id:?}")
    }

    /// Takes what was looked at, or notes its damage.
    ///
    /// # Errors
    ///
    /// What is no damage: the medium failed.
    pub fn note<T>(
        found: &mut Vec<Self>,
        key: impl Into<String>,
        looked: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match looked {
            Err(fault) if fault.is_damage() => {
                found.push(Self { key: key.into(), fault });
                Ok(None)
            }
            looked => looked.map(Some),
        }
    }
}

impl Display for Damage {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.key, self.fault)
    }
}

/// Looks at every run that is listed, and at its journal.
pub(super) fn look_at_runs<S: Store + ?Sized>(store: &S) -> Result<Vec<Damage>, StoreError> {
    let mut found = Vec::new();
    let runs = Damage::note(&mut found, "\"run\"", store.runs(&RunFilter::default()))?;
    for run in runs.into_iter().flatten().map(|row| row.value) {
        let key = Damage::name("journal", &run.tenant, &run.run_id);
        Damage::note(&mut found, key, store.verified(&run.tenant, &run.run_id))?;
    }
    Ok(found)
}
