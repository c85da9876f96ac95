//! The embedded store: one SQLite database, and the head beside it.

mod chain;
mod check;
mod erase;
mod fault;
mod group;
mod head;
mod log;
mod open;
mod read;
mod rows;
mod schema;
mod sweep;
mod table;
mod texts;
mod verified;
mod write;

use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::json::Digest;
use flowai_core::plans::PlanInstance;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{
    Batch, Damage, Head, HistoryKey, RunFilter, RunRow, Store, StoreError, StoredRecord, Versioned,
};
use rusqlite::Connection;
use serde_json::{Value, json};

use self::chain::Chain;
use self::fault::medium;
use self::head::{HeadFile, Heads};
use self::rows::{Rows, text};
use self::table::{APPROVALS, CONTENTS, CURRENT_PLANS, ENTRIES, RUNS};
use crate::medium::Medium;
use crate::seal::Sealer;

/// Keeps everything in one SQLite database, and how far it had come in a file beside it.
///
/// Several processes may have it open.
pub struct SqliteStore {
    /// None only while it is being dropped.
    connection: Option<Connection>,
    shared: Arc<Shared>,
    /// None for one that only reads.
    file: Option<HeadFile>,
    process: u32,
    /// What was written since the last sweep, and when the next one is due.
    written: usize,
    due: usize,
    /// How long the log was when it was last written back.
    log: u64,
}

/// What the connections of one process to one store share.
struct Shared {
    path: PathBuf,
    head: PathBuf,
    sealer: Sealer,
    /// How this process is called among the writers of groups.
    writer: String,
    /// How many groups it wrote.
    own: AtomicU64,
    heads: Mutex<Heads>,
}

impl Shared {
    fn heads(&self) -> MutexGuard<'_, Heads> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqliteStore {
    fn with(connection: Connection, shared: Arc<Shared>, file: Option<HeadFile>) -> Self {
        let connection = Some(connection);
        Self { connection, shared, file, process: process::id(), written: 0, due: sweep::WRITTEN_MIN, log: 0 }
    }

    /// The connection, in the process that opened it.
    fn live(&self) -> Result<&Connection, StoreError> {
        let forked = || StoreError::Medium {
            message: format!(
                "`{}` was opened before this process was forked; open it anew",
                self.shared.path.display()
            ),
        };
        self.connection.as_ref().filter(|_| self.process == process::id()).ok_or_else(forked)
    }

    fn file(&self) -> Result<&HeadFile, StoreError> {
        self.file.as_ref().ok_or_else(only_reads)
    }

    fn file_mut(&mut self) -> Result<&mut HeadFile, StoreError> {
        self.file.as_mut().ok_or_else(only_reads)
    }

    /// Reads from one state of the database.
    fn read<T>(&self, work: impl FnOnce(&Rows<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let connection = self.live()?;
        let lost = self.shared.heads().lost.clone();
        let _held = connection.unchecked_transaction().map_err(medium)?;
        work(&Rows::new(connection, &self.shared.sealer, lost))
    }
}

fn only_reads() -> StoreError {
    StoreError::Medium { message: "this connection only reads".to_owned() }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if self.process != process::id() {
            // Closing it in a forked child would take the log away from its parent.
            std::mem::forget(self.connection.take());
        }
    }
}

impl Medium for SqliteStore {
    fn commit_group(&mut self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        self.written = self.written.saturating_add(batches.iter().map(|batch| batch.writes.len()).sum());
        self.take(batches)
    }
}

impl Store for SqliteStore {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.commit_group(vec![batch]).pop().unwrap_or(Ok(()))
    }

    fn is_durable(&self) -> bool {
        true
    }

    fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let known = self.known(tenant, run_id);
        let records = self.read(|rows| rows.journal(tenant, run_id, after))?;
        let end = records.last().map_or(after, |last| last.seq);
        verified::reaches(run_id, end, known).map(|()| records)
    }

    fn head(&self, tenant: &str, run_id: &str) -> Result<Head, StoreError> {
        let known = self.known(tenant, run_id);
        let head = self.read(|rows| rows.head(tenant, run_id))?;
        verified::reaches(run_id, head.seq, known).map(|()| head)
    }

    fn verified(&self, tenant: &str, run_id: &str) -> Result<Vec<StoredRecord>, StoreError> {
        self.verify(tenant, run_id)
    }

    fn check(&self) -> Result<Vec<Damage>, StoreError> {
        self.look_at_all()
    }

    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError> {
        self.read(|rows| rows.find(&RUNS, tenant, run_id)?.map(|row| rows.run_row(&row)).transpose())
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        self.read(|rows| rows.runs(filter))
    }

    fn unattended(&self, now: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|rows| rows.unattended(now))
    }

    fn renew(&mut self, owner: &str, until: i64) -> Result<(), StoreError> {
        self.group(|rows| rows.renew(owner, until))
    }

    fn changes(&self) -> Result<u64, StoreError> {
        let chain = Chain::read(self.live()?, &self.shared.sealer)?;
        Ok(chain.of_others(&self.shared.writer, self.shared.own.load(Ordering::Relaxed)))
    }

    fn content(&self, tenant: &str, digest: &Digest) -> Result<Option<Value>, StoreError> {
        let id = digest.to_string();
        self.read(|rows| rows.find(&CONTENTS, tenant, &id)?.map(|row| rows.value(&CONTENTS, &row)).transpose())
    }

    fn erase_thread(&mut self, tenant: &str, thread: &str) -> Result<usize, StoreError> {
        self.execute("PRAGMA secure_delete = ON")?;
        let erased = self.group(|rows| rows.erase(tenant, thread));
        self.execute("PRAGMA secure_delete = FAST")?;
        // What was erased still stands in the log.
        self.write_back();
        erased
    }

    fn history(&self, key: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        self.read(|rows| rows.history(key))
    }

    fn plan(&self, tenant: &str, plan_id: &str) -> Result<Option<Versioned<PlanInstance>>, StoreError> {
        self.read(|rows| rows.kept(tenant, plan_id))
    }

    fn current_plan(&self, tenant: &str, thread: &str, plan: Option<&str>) -> Result<Option<String>, StoreError> {
        let id = json!([thread, plan]).to_string();
        let row = self.read(|rows| rows.find(&CURRENT_PLANS, tenant, &id))?;
        Ok(row.and_then(|row| match row.cells.into_iter().nth(1) {
            Some(rusqlite::types::Value::Text(plan_id)) => Some(plan_id),
            _ => None,
        }))
    }

    fn approval(&self, tenant: &str, approval_id: &str) -> Result<Option<Versioned<Approval>>, StoreError> {
        self.read(|rows| rows.kept(tenant, approval_id))
    }

    fn pending_approvals(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<Approval>>, StoreError> {
        let condition = "tenant = ?1 AND status = 'pending' AND (?2 IS NULL OR thread = ?2) ORDER BY asked_at, id";
        self.read(|rows| {
            rows.complete(&APPROVALS, Some(tenant))?;
            let found = rows.select(&APPROVALS, condition, &[text(tenant), thread.map(str::to_owned).into()])?;
            found.iter().map(|row| rows.typed(row)).collect()
        })
    }

    fn spending(&self, tenant: &str, thread: &str) -> Result<Option<Versioned<Spent>>, StoreError> {
        self.read(|rows| rows.kept(tenant, thread))
    }

    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError> {
        let id = handle.to_string();
        self.read(|rows| rows.find(&ENTRIES, tenant, &id)?.map(|row| rows.entry(&row)).transpose())
    }

    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError> {
        self.written = 0;
        self.group(|rows| rows.sweep(before, pinned))
    }

    fn tend(&mut self, now: i64) -> Result<(), StoreError> {
        if self.written < self.due {
            return Ok(());
        }
        let count = |rows: &Rows<'_>| rows.swept_rows();
        self.due = sweep::WRITTEN_MIN.max(self.read(count)? / 2);
        if self.written < self.due { Ok(()) } else { self.sweep(now, &[]).map(|_| ()) }
    }
}
