//! Conformance: whether a kind of store keeps the laws, for whoever writes one.

use std::fmt::{Display, Formatter};

use super::laws::{LAWS, Violation};
use super::shelf::Store;

/// What became of each law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conformance(Vec<(&'static str, Result<(), Violation>)>);

/// Checks a kind of store by every law of [`LAWS`], each against a fresh one.
///
/// The laws speak for one process. That what was committed is there after a restart, and that of several processes one
/// is refused, takes tests that can kill and start them.
///
/// # Examples
///
/// ```
/// use flowai_core::store::{LAWS, MemoryStore, check_store};
///
/// let conformance = check_store(MemoryStore::default);
/// assert!(conformance.is_kept(), "{conformance}");
/// assert_eq!(conformance.to_string().lines().count(), LAWS.len());
/// assert!(conformance.to_string().starts_with("kept    a batch is visible whole or not at all\n"));
/// ```
pub fn check_store<S: Store>(mut fresh: impl FnMut() -> S) -> Conformance {
    Conformance(LAWS.iter().map(|(name, law)| (*name, law(&mut fresh()))).collect())
}

impl Conformance {
    /// Whether every law is kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.broken().next().is_none()
    }

    /// The laws that are broken, and how.
    pub fn broken(&self) -> impl Iterator<Item = (&'static str, &Violation)> {
        self.0.iter().filter_map(|(name, kept)| kept.as_ref().err().map(|violation| (*name, violation)))
    }
}

/// One line a law.
impl Display for Conformance {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        for (name, kept) in &self.0 {
            match kept {
                Ok(()) => writeln!(formatter, "kept    {name}")?,
                Err(violation) => writeln!(formatter, "broken  {name}: {violation}")?,
            }
        }
        Ok(())
    }
}
