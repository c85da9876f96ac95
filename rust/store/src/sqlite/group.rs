//! Groups: what one transaction makes durable, told to the head before anybody hears of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use flowai_core::store::{Batch, StoreError};

use super::SqliteStore;
use super::chain::Chain;
use super::fault::medium;
use super::head::{Line, Mark, hex};
use super::rows::{Rows, Touched, short};

impl SqliteStore {
    /// Does work in one transaction, and acknowledges it.
    pub(super) fn group<T>(&mut self, work: impl FnOnce(&Rows<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.begin()?;
        let written = self.work(work);
        match written {
            Ok((value, true)) => {
                self.commit_transaction()?;
                self.shared.own.fetch_add(1, Ordering::Relaxed);
                self.acknowledge()?;
                self.check_point();
                Ok(value)
            }
            Ok((value, false)) => self.rollback().map(|()| value),
            Err(fault) => {
                // The first fault tells more than one of the rollback.
                let _ = self.rollback();
                Err(fault)
            }
        }
    }

    /// Tells whether there is anything to commit, too.
    fn work<T>(&mut self, work: impl FnOnce(&Rows<'_>) -> Result<T, StoreError>) -> Result<(T, bool), StoreError> {
        self.catch_up()?;
        let connection = self.live()?;
        let (group, rolling, lost) = {
            let heads = self.shared.heads();
            (heads.group, heads.rolling, heads.lost.clone())
        };
        let known = |run: &Mark| self.shared.heads().of(run);
        let mut rows = Rows::new(connection, &self.shared.sealer, lost);
        rows.known = Some(&known);
        let value = work(&rows)?;
        let touched = rows.touched.take();
        if touched.is_empty() {
            return Ok((value, false));
        }
        let line = line_of(touched, group.saturating_add(1)).after(&rolling);
        let text = line.encode(&self.shared.sealer);
        let file = self.file()?;
        let own = self.shared.own.load(Ordering::Relaxed).saturating_add(1);
        rows.remember(&line, &text, (&self.shared.writer, own), file.group)?;
        // Room first: a group that was written must not lack it for its line.
        file.reserve(text.len())?;
        Ok((value, true))
    }

    /// Learns of the groups that others have written; the write lock is held.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        let chain = Chain::read(self.live()?, &self.shared.sealer)?;
        let shared = Arc::clone(&self.shared);
        let mut heads = shared.heads();
        if chain.after(heads.group).next().is_some() {
            self.file_mut()?.refresh(&mut heads)?;
            let group = heads.group;
            chain.after(group).for_each(|link| heads.apply(&link.line));
        }
        Ok(())
    }

    fn commit_transaction(&mut self) -> Result<(), StoreError> {
        let Err(fault) = self.execute("COMMIT") else { return Ok(()) };
        // The first fault tells more than one of the rollback.
        let _ = self.rollback();
        let group = self.shared.heads().group.saturating_add(1);
        let chain = Chain::read(self.live()?, &self.shared.sealer)?;
        if chain.is_last(group, &self.shared.writer) { Ok(()) } else { Err(fault) }
    }

    /// Makes the head say all that the database has; whoever is told of a group is told after this.
    pub(super) fn acknowledge(&mut self) -> Result<(), StoreError> {
        self.begin()?;
        let told = self.tell();
        told.and(self.rollback())
    }

    /// Others wait for the write lock meanwhile, readers of the heads do not.
    fn tell(&mut self) -> Result<(), StoreError> {
        let chain = Chain::read(self.live()?, &self.shared.sealer)?;
        let shared = Arc::clone(&self.shared);
        let file = self.file_mut()?;
        file.refresh(&mut shared.heads())?;
        let links: Vec<_> = chain.after(file.group).collect();
        match links.last() {
            Some(last) => file.append(links.iter().map(|link| link.text.as_str()), last.line.group)?,
            None => file.sync()?,
        }
        let mut heads = shared.heads();
        for link in links {
            heads.apply(&link.line);
        }
        Ok(())
    }

    /// Takes several batches, each whole or not at all.
    pub(super) fn take(&mut self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        let count = batches.len();
        let taken = self.group(|rows| batches.into_iter().map(|batch| rows.attempt(batch)).collect());
        taken.unwrap_or_else(|fault: StoreError| vec![Err(fault); count])
    }
}

impl Rows<'_> {
    /// One batch of a group; a refused one leaves nothing behind, and only the medium's fault ends the group.
    fn attempt(&self, batch: Batch) -> Result<Result<(), StoreError>, StoreError> {
        let before = self.touched.borrow().clone();
        self.run("SAVEPOINT batch", &[])?;
        let taken = self.check_fence(batch.fence.as_ref());
        let taken = taken.and_then(|()| batch.writes.into_iter().try_for_each(|write| self.apply(write)));
        if let Err(StoreError::Medium { .. }) = taken {
            return taken.map(Ok);
        }
        if taken.is_err() {
            self.run("ROLLBACK TO batch", &[])?;
            self.touched.replace(before);
        }
        self.run("RELEASE batch", &[])?;
        Ok(taken)
    }
}

fn line_of(touched: Touched, group: u64) -> Line {
    // Of several appends to one journal the last counts.
    let ends: std::collections::BTreeMap<_, _> =
        touched.heads.into_iter().map(|(run, seq, digest)| (run, (seq, digest))).collect();
    let heads = ends.into_iter().map(|(run, (seq, digest))| (hex(&run), seq, hex(&short(&digest))));
    Line {
        group,
        rolling: flowai_core::json::Digest::of_bytes(&[]),
        base: false,
        heads: heads.collect(),
        keys: touched.keys.into_iter().collect(),
        lost: touched.lost.into_iter().collect(),
        found: touched.found.into_iter().collect(),
    }
}

/// What SQLite was asked to do that is not about rows.
impl SqliteStore {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE")
    }

    fn rollback(&self) -> Result<(), StoreError> {
        if self.live()?.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK") }
    }

    pub(super) fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.live()?.execute_batch(sql).map_err(medium)
    }
}
