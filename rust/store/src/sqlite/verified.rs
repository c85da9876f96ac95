//! Verifying: a journal has to end where the head says.

use flowai_core::store::{Head, StoreError, StoredRecord, genesis, verify};

use super::SqliteStore;
use super::chain::Chain;
use super::fault::medium;
use super::head::{HeadFile, Mark, unhex};
use super::rows::{Rows, short};

/// How often the head is read anew before it is taken to have lost groups.
const ATTEMPTS: usize = 5;

impl SqliteStore {
    /// How far a journal had come for sure, before it is looked at.
    pub(super) fn known(&self, tenant: &str, run_id: &str) -> u64 {
        self.shared.heads().of(&short(&genesis(tenant, run_id))).map_or(0, |(seq, _)| seq)
    }

    /// The whole journal of a run, once its chain was checked against the head.
    pub(super) fn verify(&self, tenant: &str, run_id: &str) -> Result<Vec<StoredRecord>, StoreError> {
        let run = short(&genesis(tenant, run_id));
        for _ in 0..ATTEMPTS {
            // The heads first: what the database says later is as new as they are, or newer.
            let (group, known) = {
                let heads = self.shared.heads();
                (heads.group, heads.of(&run))
            };
            let (records, chain) = self.both(tenant, run_id)?;
            if chain.start().is_some_and(|start| start > group.saturating_add(1)) {
                self.reload()?;
                continue;
            }
            let expected = chain.after(group).filter_map(|link| end_in(&link.line.heads, &run)).last().or(known);
            return checked(tenant, run_id, records, expected);
        }
        Err(StoreError::Changed { key: format!("`{}`", self.shared.head.display()) })
    }

    fn both(&self, tenant: &str, run_id: &str) -> Result<(Vec<StoredRecord>, Chain), StoreError> {
        let connection = self.live()?;
        let _held = connection.unchecked_transaction().map_err(medium)?;
        let rows = Rows::new(connection, &self.shared.sealer, self.shared.heads().lost.clone());
        Ok((rows.journal(tenant, run_id, 0)?, Chain::read(connection, &self.shared.sealer)?))
    }

    /// Reads the head anew: other processes have gone on.
    fn reload(&self) -> Result<(), StoreError> {
        let (_, _, loaded) = HeadFile::open(&self.shared.head, u64::MAX)?;
        let mut heads = self.shared.heads();
        if loaded.heads.group > heads.group {
            *heads = loaded.heads;
        }
        Ok(())
    }
}

/// Refuses a journal that lost its end.
pub(super) fn reaches(run_id: &str, end: u64, known: u64) -> Result<(), StoreError> {
    let seq = end.saturating_add(1);
    if end >= known { Ok(()) } else { Err(StoreError::Broken { run_id: run_id.to_owned(), seq }) }
}

fn end_in(heads: &[(String, u64, String)], run: &Mark) -> Option<(u64, Mark)> {
    let ours = heads.iter().rev().find(|(named, ..)| unhex(named).as_ref() == Some(run));
    ours.and_then(|(_, seq, digest)| Some((*seq, unhex(digest)?)))
}

fn checked(
    tenant: &str,
    run_id: &str,
    records: Vec<StoredRecord>,
    expected: Option<(u64, Mark)>,
) -> Result<Vec<StoredRecord>, StoreError> {
    let last = records.last().map(|last| Head { seq: last.seq, digest: last.digest });
    let end = last.unwrap_or_else(|| Head { seq: 0, digest: genesis(tenant, run_id) });
    verify(tenant, run_id, &records, &end)?;
    let found = last.map(|last| (last.seq, short(&last.digest)));
    if found == expected {
        return Ok(records);
    }
    let seq = end.seq.min(expected.map_or(0, |(seq, _)| seq)).saturating_add(1);
    Err(StoreError::Broken { run_id: run_id.to_owned(), seq })
}
