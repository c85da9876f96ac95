//! The chain of a journal: how it is made and how it is checked.

use serde_json::Value;

use super::error::StoreError;
use super::keys::{Head, StoredRecord};
use crate::json::{Digest, canonical};

/// The link before the first record; it binds tenant and run.
#[must_use]
pub fn genesis(tenant: &str, run_id: &str) -> Digest {
    let tenant = Digest::of_bytes(tenant.as_bytes());
    Digest::chain(&tenant, run_id.as_bytes())
}

/// The link of a record after the one before it.
///
/// # Errors
///
/// [`StoreError::Json`] when the record has no canonical form.
pub fn link(parent: &Digest, record: &Value) -> Result<Digest, StoreError> {
    Ok(Digest::chain(parent, canonical(record)?.as_bytes()))
}

/// Checks that records are the whole journal that ends in `head`.
///
/// # Errors
///
/// [`StoreError::Broken`] at the first record that is missing, changed or too many.
pub fn verify(tenant: &str, run_id: &str, records: &[StoredRecord], head: &Head) -> Result<(), StoreError> {
    let mut end = Head { seq: 0, digest: genesis(tenant, run_id) };
    let broken = |seq: u64| StoreError::Broken { run_id: run_id.to_owned(), seq };
    for stored in records {
        end = Head { seq: end.seq.saturating_add(1), digest: link(&end.digest, &stored.record)? };
        if stored.seq != end.seq || stored.digest != end.digest {
            return Err(broken(end.seq));
        }
    }
    if end == *head { Ok(()) } else { Err(broken(end.seq.saturating_add(1))) }
}
