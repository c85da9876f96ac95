//! A simulated store: what is durable, what only seems so, and crashes between the two.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use flowai_core::approvals::Approval;
use flowai_core::budget::Spent;
use flowai_core::json::Digest;
use flowai_core::plans::PlanInstance;
use flowai_core::references::{Entry, Handle};
use flowai_core::store::{
    Batch, Head, Herald, HistoryKey, MemoryStore, RunFilter, RunRow, Store, StoreError, StoredRecord, Versioned, Write,
};
use serde_json::Value;

/// A bug that the schedules must catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The store is as it should be.
    None,
    /// It forgets that a write was asked.
    NoIntent,
    /// It says that a batch is durable before it is.
    EarlyAcknowledgement,
    /// It takes what a process writes whose run was claimed by another one.
    NoFence,
    /// It loses the answers of people.
    LostAnswers,
    /// A write in doubt is made again, and nobody has said so.
    DoubtedAgain,
    /// A write that needs a human goes out without one.
    NoGate,
}

impl Mutant {
    /// Every bug.
    pub const ALL: [Self; 6] = [
        Self::NoIntent,
        Self::EarlyAcknowledgement,
        Self::NoFence,
        Self::LostAnswers,
        Self::DoubtedAgain,
        Self::NoGate,
    ];
}

/// At which moment of a write the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The disk has heard nothing of it.
    Before,
    /// The disk was given it, and has not synced.
    AfterWrite,
    /// It is durable, and nobody was told.
    AfterSync,
    /// Its record is on the disk in part.
    Torn,
    /// Not at all: the disk refuses it, and the process lives.
    Refused,
}

impl Moment {
    /// Every moment at which it dies.
    pub const ALL: [Self; 4] = [Self::Before, Self::AfterWrite, Self::AfterSync, Self::Torn];
}

/// Of which write the process dies, and when; the first write is number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub write: usize,
    pub moment: Moment,
}

/// What every process that opens the store shares: the disk.
#[derive(Clone)]
pub struct Disk {
    pub kept: Arc<Mutex<MemoryStore>>,
    pub mutant: Mutant,
    /// Where a process dies, once.
    point: Arc<Mutex<Option<Point>>>,
    /// How much was written, by whichever process.
    writes: Arc<Mutex<usize>>,
    /// The record of each run that is there in part.
    torn: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Disk {
    pub fn new(mutant: Mutant) -> Self {
        Self { kept: Arc::default(), mutant, point: Arc::default(), writes: Arc::default(), torn: Arc::default() }
    }

    /// A disk on which one write fails.
    pub fn failing(point: Point) -> Self {
        let disk = Self::new(Mutant::None);
        *disk.point.lock().unwrap() = Some(point);
        disk
    }

    pub fn writes(&self) -> usize {
        *self.writes.lock().unwrap()
    }

    /// Counts one more write; gives its number.
    fn count(&self) -> usize {
        let mut writes = self.writes.lock().unwrap();
        *writes += 1;
        *writes
    }

    /// Whether this write is the one that fails, at one of these moments; it does so once.
    fn fails(&self, write: usize, moments: &[Moment]) -> Option<Moment> {
        let mut point = self.point.lock().unwrap();
        point.take_if(|point| point.write == write && moments.contains(&point.moment)).map(|point| point.moment)
    }

    /// Leaves the last record of each run that a batch wrote there in part.
    fn tear(&self, runs: Vec<(String, String)>) {
        for (tenant, run_id) in runs {
            let seq = self.kept.lock().unwrap().head(&tenant, &run_id).unwrap().seq;
            self.torn.lock().unwrap().insert(run_id, seq);
        }
    }

    /// Makes one batch durable.
    fn take(&self, mut batch: Batch) -> Result<(), StoreError> {
        match self.mutant {
            Mutant::NoIntent => batch.writes.iter_mut().for_each(forget_intents),
            Mutant::LostAnswers => batch.writes.retain(|write| !is_answer(write)),
            Mutant::NoFence => batch.fence = None,
            Mutant::None | Mutant::EarlyAcknowledgement | Mutant::DoubtedAgain | Mutant::NoGate => {}
        }
        self.kept.lock().unwrap().commit(batch)
    }
}

fn forget_intents(write: &mut Write) {
    let Write::Append { records, .. } = write else { return };
    for record in records {
        let lines = record["lines"].as_array().cloned().unwrap_or_default();
        let is_intent = |line: &Value| line["record"] == "asked" && line["effect"] == "CallTool";
        let left: Vec<Value> = lines.into_iter().filter(|line| !is_intent(line)).collect();
        record["lines"] = Value::Array(left);
    }
}

fn is_answer(write: &Write) -> bool {
    matches!(write, Write::Approval { approval, .. } if approval.decision.is_some() && !approval.used)
}

/// One process's view of the disk.
pub struct Simulated {
    disk: Disk,
    /// The disk with everything that is on its way to it.
    visible: MemoryStore,
    staged: BTreeMap<String, Batch>,
    pending: VecDeque<(usize, Batch, Option<Herald>)>,
    is_dead: bool,
}

fn death() -> StoreError {
    StoreError::Medium { message: "the process is dead".to_owned() }
}

/// The runs whose journals a batch goes on with.
fn appended(batch: &Batch) -> Vec<(String, String)> {
    let appends = batch.writes.iter().filter_map(|write| match write {
        Write::Append { tenant, run_id, .. } => Some((tenant.clone(), run_id.clone())),
        _ => None,
    });
    appends.collect()
}

impl Simulated {
    pub fn open(disk: &Disk) -> Self {
        let visible = disk.kept.lock().unwrap().clone();
        Self { disk: disk.clone(), visible, staged: BTreeMap::new(), pending: VecDeque::new(), is_dead: false }
    }

    /// Whether its process has died; nothing that it does from then on reaches the disk.
    pub fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// Makes the oldest batch durable, and says so; false where there is none.
    pub fn sync_one(&mut self) -> bool {
        let Some((number, batch, herald)) = self.pending.pop_front() else { return false };
        let result = self.take(number, batch);
        if self.is_dead {
            self.pending.clear();
            return true;
        }
        let is_refused = result.is_err();
        if let Some(herald) = herald {
            herald(result);
        }
        if is_refused {
            self.pending.clear();
            self.visible = self.disk.kept.lock().unwrap().clone();
        }
        true
    }

    /// Makes one batch durable, if the process lives so long.
    fn take(&mut self, number: usize, batch: Batch) -> Result<(), StoreError> {
        if self.disk.fails(number, &[Moment::Refused]).is_some() {
            return Err(StoreError::Medium { message: "the disk is full".to_owned() });
        }
        let runs = appended(&batch);
        let result = self.disk.take(batch);
        if let Some(moment) = self.disk.fails(number, &[Moment::AfterSync, Moment::Torn]) {
            self.is_dead = true;
            if moment == Moment::Torn {
                self.disk.tear(runs);
            }
        }
        result
    }

    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }
}

impl Store for Simulated {
    fn is_durable(&self) -> bool {
        true
    }

    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        while self.sync_one() {}
        let number = self.disk.count();
        self.is_dead |= self.disk.fails(number, &[Moment::Before, Moment::AfterWrite]).is_some();
        if self.is_dead {
            return Err(death());
        }
        self.take(number, batch)?;
        if self.is_dead {
            return Err(death());
        }
        self.visible = self.disk.kept.lock().unwrap().clone();
        for staged in self.staged.values() {
            self.visible.commit(staged.clone())?;
        }
        Ok(())
    }

    fn stage(&mut self, run_id: &str, batch: Batch) -> Result<(), StoreError> {
        self.visible.commit(batch.clone())?;
        let staged = self.staged.remove(run_id).unwrap_or_default();
        self.staged.insert(run_id.to_owned(), staged.then(batch));
        Ok(())
    }

    fn submit(&mut self, run_id: &str, batch: Batch, herald: Herald) {
        if let Err(error) = self.visible.commit(Batch { fence: None, ..batch.clone() }) {
            return herald(Err(error));
        }
        let batch = self.staged.remove(run_id).unwrap_or_default().then(batch);
        let number = self.disk.count();
        self.is_dead |= self.disk.fails(number, &[Moment::Before, Moment::AfterWrite]).is_some();
        if self.is_dead {
            return;
        }
        if self.disk.mutant == Mutant::EarlyAcknowledgement {
            herald(Ok(()));
            return self.pending.push_back((number, batch, None));
        }
        self.pending.push_back((number, batch, Some(herald)));
    }

    fn abandon(&mut self, run_id: &str) {
        self.staged.remove(run_id);
    }

    fn journal(&self, tenant: &str, run_id: &str, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let mut records = self.visible.journal(tenant, run_id, after)?;
        let torn = self.disk.torn.lock().unwrap().get(run_id).copied();
        if let Some(last) = records.last_mut().filter(|last| Some(last.seq) == torn) {
            last.record = Some(Value::Null);
        }
        Ok(records)
    }

    fn head(&self, tenant: &str, run_id: &str) -> Result<Head, StoreError> {
        self.visible.head(tenant, run_id)
    }

    fn run(&self, tenant: &str, run_id: &str) -> Result<Option<Versioned<RunRow>>, StoreError> {
        self.visible.run(tenant, run_id)
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<Versioned<RunRow>>, StoreError> {
        self.visible.runs(filter)
    }

    fn renew(&mut self, owner: &str, until: i64) -> Result<(), StoreError> {
        self.disk.kept.lock().unwrap().renew(owner, until)
    }

    fn content(&self, tenant: &str, digest: &Digest) -> Result<Option<Value>, StoreError> {
        self.visible.content(tenant, digest)
    }

    fn erase_thread(&mut self, tenant: &str, thread: &str) -> Result<usize, StoreError> {
        self.visible.erase_thread(tenant, thread)
    }

    fn history(&self, key: &HistoryKey) -> Result<Vec<Value>, StoreError> {
        self.visible.history(key)
    }

    fn plan(&self, tenant: &str, plan_id: &str) -> Result<Option<Versioned<PlanInstance>>, StoreError> {
        self.visible.plan(tenant, plan_id)
    }

    fn current_plan(&self, tenant: &str, thread: &str, plan: Option<&str>) -> Result<Option<String>, StoreError> {
        self.visible.current_plan(tenant, thread, plan)
    }

    fn approval(&self, tenant: &str, approval_id: &str) -> Result<Option<Versioned<Approval>>, StoreError> {
        self.visible.approval(tenant, approval_id)
    }

    fn pending_approvals(&self, tenant: &str, thread: Option<&str>) -> Result<Vec<Versioned<Approval>>, StoreError> {
        self.visible.pending_approvals(tenant, thread)
    }

    fn spending(&self, tenant: &str, thread: &str) -> Result<Option<Versioned<Spent>>, StoreError> {
        self.visible.spending(tenant, thread)
    }

    fn reference(&self, tenant: &str, handle: &Handle) -> Result<Option<Entry>, StoreError> {
        self.visible.reference(tenant, handle)
    }

    fn sweep(&mut self, before: i64, pinned: &[Handle]) -> Result<usize, StoreError> {
        self.visible.sweep(before, pinned)
    }

    fn tend(&mut self, _: i64) -> Result<(), StoreError> {
        Ok(())
    }
}
