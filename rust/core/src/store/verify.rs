//! The chain of a journal: how it is made and how it is checked.

use serde_json::Value;

use super::error::StoreError;
use super::keys::{Head, StoredRecord};
use crate::json::{Digest, digest};

/// The link before the first record; it binds tenant and run.
#[must_use]
pub fn genesis(tenant: &str, run_id: &str) -> Digest {
    let tenant = Digest::of_bytes(tenant.as_bytes());
    Digest::chain(&tenant, run_id.as_bytes())
}

/// The link of a record after the one before it, by the digest of the record.
#[must_use]
pub fn link(parent: &Digest, content: &Digest) -> Digest {
    Digest::chain(parent, content.as_bytes())
}

/// The records that follow a head, chained.
///
/// # Errors
///
/// [`StoreError::Json`] when a record has no canonical form.
pub fn chained(head: Head, records: Vec<Value>) -> Result<Vec<StoredRecord>, StoreError> {
    let mut end = head;
    let chain = records.into_iter().map(|record| {
        let content = digest(&record)?;
        end = Head { seq: end.seq.saturating_add(1), digest: link(&end.digest, &content) };
        Ok(StoredRecord { seq: end.seq, digest: end.digest, content, record: Some(record) })
    });
    chain.collect()
}

/// Checks that records are the whole journal that ends in `head`; erased ones count by their digests.
///
/// # Errors
///
/// [`StoreError::Broken`] at the first record that is missing, changed or too many.
pub fn verify(tenant: &str, run_id: &str, records: &[StoredRecord], head: &Head) -> Result<(), StoreError> {
    let mut end = Head { seq: 0, digest: genesis(tenant, run_id) };
    let broken = |seq: u64| StoreError::Broken { run_id: run_id.to_owned(), seq };
    for stored in records {
        end = Head { seq: end.seq.saturating_add(1), digest: link(&end.digest, &stored.content) };
        let is_changed = stored.record.as_ref().is_some_and(|record| digest(record) != Ok(stored.content));
        if stored.seq != end.seq || stored.digest != end.digest || is_changed {
            return Err(broken(end.seq));
        }
    }
    if end == *head { Ok(()) } else { Err(broken(end.seq.saturating_add(1))) }
}
