//! The shared store: a schema of a PostgreSQL database, for as many processes as like to.

mod address;
mod beside;
mod cell;
mod check;
mod draft;
mod erase;
mod fault;
mod flush;
mod group;
mod lease;
mod read;
mod row;
mod schema;
mod server;
mod session;
mod sweep;
mod table;
mod texts;
mod tls;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::json::Digest;
use flowai_core::plans::PlanInstance;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{
    Batch, Damage, Head, HistoryKey, RunFilter, RunRow, Store, StoreError, StoredRecord, Versioned, verify,
};
use pollster::block_on;
use serde_json::Value;

use self::address::Address;
use self::cell::loaded;
use self::fault::{Answer, Fault, medium};
use self::read::Rows;
use self::server::Server;
use self::session::{Query, Session};
use self::table::{CONTENTS, CURRENT_PLANS, RUNS};
use self::write::current_id;
use crate::medium::Medium;
use crate::seal::Sealer;

/// Keeps everything in one schema of a PostgreSQL database.
///
/// Several processes may have it open. A connection that is lost is made again; what became of a commit whose answer was
/// lost is looked up.
pub struct PostgresStore {
    shared: Arc<Shared>,
    /// None until it is needed, and after it was lost.
    session: Mutex<Option<Session>>,
    only_reads: bool,
    /// What was written since the last sweep, and when the next one is due.
    written: usize,
    due: usize,
}

/// What the connections of one process to one store share.
struct Shared {
    server: Server,
    sealer: Sealer,
    /// How this process is called among those that write.
    writer: Mutex<String>,
}

impl Shared {
    fn writer(&self) -> String {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn rename(&self, writer: String) {
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = writer;
    }
}

impl PostgresStore {
    /// Opens the store at an address, or makes it in a schema that is not there yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] for an address that is none, and when the schema is another one's, of a newer release, or
    /// sealed by another key; [`StoreError::Medium`].
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let server = Server::new(Address::read(url)?)?;
        let session = block_on(server.connect())?;
        let sealer = block_on(schema::prepare(&session, &server.address.schema))?;
        let store = Self::with(Arc::new(Shared { server, sealer, writer: Mutex::default() }), false);
        block_on(store.register(&session))?;
        store.give_back(session);
        Ok(store)
    }

    /// A second connection to the same store, to read while this one writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Medium`].
    pub fn reader(&self) -> Result<Self, StoreError> {
        let reader = Self::with(Arc::clone(&self.shared), true);
        reader.give_back(reader.taken()?);
        Ok(reader)
    }

    fn with(shared: Arc<Shared>, only_reads: bool) -> Self {
        Self { shared, session: Mutex::default(), only_reads, written: 0, due: sweep::WRITTEN_MIN }
    }

    fn held(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, or a new one where it is lost.
    fn taken(&self) -> Result<Session, Fault> {
        self.shared.server.check_process()?;
        let held = self.held().take();
        held.filter(|session| !session.is_lost()).map_or_else(|| block_on(self.shared.server.connect()), Ok)
    }

    fn give_back(&self, session: Session) {
        *self.held() = Some(session);
    }

    /// Reads from one state of the database.
    fn read<T>(&self, work: &impl AsyncFn(&Rows<'_>) -> Answer<T>) -> Result<T, StoreError> {
        let mut is_second = false;
        loop {
            let session = self.taken()?;
            session.begin(vec![Query::plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")]);
            let read = block_on(work(&Rows { session: &session, sealer: &self.shared.sealer }));
            match read {
                // The server may be back already.
                Err(Fault::Lost(_)) if !is_second => is_second = true,
                Err(Fault::Lost(_)) => return Ok(read?),
                read => {
                    session.end("COMMIT");
                    self.give_back(session);
                    return Ok(read?);
                }
            }
        }
    }

    fn check_writes(&self) -> Result<(), StoreError> {
        if self.only_reads { Err(medium("this connection only reads")) } else { Ok(()) }
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        if self.shared.server.check_process().is_err() {
            // In a forked child the connection is its parent's.
            std::mem::forget(self.held().take());
        }
    }
}

impl Medium for PostgresStore {
    fn commit_group(&mut self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        if let Err(fault) = self.check_writes() {
            return batches.iter().map(|_| Err(fault.clone())).collect();
        }
        self.written = self.written.saturating_add(batches.iter().map(|batch| batch.writes.len()).sum());
        self.take(&batches)
    }
}

impl Store for PostgresStore {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.commit_group(vec![batch]).pop().unwrap_or(Ok(()))
    }

    fn is_durable(&self) -> bool {
        true
    }

    fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.journal(tenant, run_id, after).await)
    }

    fn head(&self, tenant: &str, run_id: &str) -> Result<Head, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.head(tenant, run_id).await)
    }

    fn verified(&self, tenant: &str, run_id: &str) -> Result<Vec<StoredRecord>, StoreError> {
        // One state of the database: somebody may append meanwhile.
        let both = async |rows: &Rows<'_>| {
            let records = rows.journal(tenant, run_id, 0).await?;
            Ok((records, rows.head(tenant, run_id).await?))
        };
        let (records, head) = self.read(&both)?;
        verify(tenant, run_id, &records, &head)?;
        Ok(records)
    }

    fn check(&self) -> Result<Vec<Damage>, StoreError> {
        self.look_at_all()
    }

    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError> {
        self.read(&async |rows: &Rows<'_>| {
            let Some(row) = rows.find(&RUNS, tenant, run_id).await? else { return Ok(None) };
            Ok(Some(rows.run_row(&row).await?))
        })
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.runs(filter).await)
    }

    fn unattended(&self, now: i64) -> Result<Vec<(String, String)>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.unattended(now).await)
    }

    fn renew(&mut self, owner: &str, until: i64) -> Result<(), StoreError> {
        self.check_writes()?;
        Ok(self.prolong(owner, until)?)
    }

    fn changes(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(own), 0)::bigint FROM writers WHERE id <> $1";
        self.read(&async |rows: &Rows<'_>| {
            let found = rows.session.one(Query::new(sql, vec![Box::new(self.shared.writer())])).await?;
            Ok(loaded(found.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default()))
        })
    }

    fn content(&self, tenant: &str, digest: &Digest) -> Result<Option<Value>, StoreError> {
        self.read(&async |rows: &Rows<'_>| {
            let Some(row) = rows.find(&CONTENTS, tenant, &digest.to_string()).await? else { return Ok(None) };
            Ok(Some(rows.value(&CONTENTS, &row).await?))
        })
    }

    fn erase_thread(&mut self, tenant: &str, thread: &str) -> Result<usize, StoreError> {
        self.check_writes()?;
        Ok(self.erase(tenant, thread)?)
    }

    fn history(&self, key: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.history(key).await)
    }

    fn plan(&self, tenant: &str, plan_id: &str) -> Result<Option<Versioned<PlanInstance>>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.kept(tenant, plan_id).await)
    }

    fn current_plan(&self, tenant: &str, thread: &str, plan: Option<&str>) -> Result<Option<String>, StoreError> {
        self.read(&async |rows: &Rows<'_>| {
            let row = rows.find(&CURRENT_PLANS, tenant, &current_id(thread, plan)).await?;
            Ok(row.and_then(|row| row.word(1).map(str::to_owned)))
        })
    }

    fn approval(&self, tenant: &str, approval_id: &str) -> Result<Option<Versioned<Approval>>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.kept(tenant, approval_id).await)
    }

    fn pending_approvals(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<Approval>>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.pending(tenant, thread).await)
    }

    fn spending(&self, tenant: &str, thread: &str) -> Result<Option<Versioned<Spent>>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.kept(tenant, thread).await)
    }

    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError> {
        self.read(&async |rows: &Rows<'_>| rows.reference(tenant, handle).await)
    }

    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError> {
        self.check_writes()?;
        self.written = 0;
        Ok(self.drop_old(before, pinned)?)
    }

    fn tend(&mut self, now: i64) -> Result<(), StoreError> {
        if self.only_reads || self.written < self.due {
            return Ok(());
        }
        self.due = sweep::WRITTEN_MIN.max(self.swept_rows()? / 2);
        if self.written < self.due {
            return Ok(());
        }
        self.written = 0;
        match self.drop_old(now, &[]) {
            // Somebody has been writing all the while; another sweep will come.
            Err(fault) if fault.is_impatience() => Ok(()),
            swept => Ok(swept.map(|_| ())?),
        }
    }
}
