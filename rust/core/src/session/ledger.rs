//! The ledger: what of a run is kept in a store that outlives the process, and what waits until it is.
//!
//! Records become durable in their order, together with what the desk wrote for them. A write goes out, an event is
//! told and an end is known only when the store has said that what stands before it is kept.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value as Json, json};

use super::{HostWork, Session};
use crate::effects::Effect;
use crate::events::Event;
use crate::fault::{Fault, FaultKind};
use crate::journal::{Entry, Kept, Line, Moment};
use crate::machine::{Ask, AskId};
use crate::store::{Batch, Fence, Herald, RunRow, RunStatus, StoreError, Versioned, Write};

/// What a session is given to keep its run by.
pub struct Keeping {
    /// The run's row: new, in version 0, or as it was claimed.
    pub row: Versioned<RunRow>,
    /// What is kept of it already.
    pub kept: Vec<Kept>,
    /// Values that the row names by their digests.
    pub pinned: Vec<Json>,
    /// Says to whom the store tells what became of the n-th batch.
    pub herald: Box<dyn Fn(u64) -> Herald + Send>,
}

/// One run's account with the store.
pub(super) struct Ledger {
    row: RunRow,
    version: u64,
    pinned: Vec<Json>,
    herald: Box<dyn Fn(u64) -> Herald + Send>,
    /// The number of the last record in the store.
    seq: u64,
    /// What the store has and the run tells again, by how often.
    known: BTreeMap<String, usize>,
    submitted: u64,
    settled: u64,
    /// By batch, how many events are durable with it.
    marks: VecDeque<(u64, usize)>,
    shown: usize,
    /// Work for the host that waits for a batch.
    held: VecDeque<(u64, Ask, HostWork)>,
    /// Nothing is kept any more: the run was stopped, or the store refused it.
    stopped: bool,
    /// Why the run could not begin.
    refused: Option<Fault>,
}

impl Ledger {
    /// How many events are durable.
    pub fn shown(&self) -> usize {
        self.shown
    }

    fn fence(&self) -> Option<Fence> {
        let RunRow { tenant, run_id, epoch, .. } = &self.row;
        (self.version > 0).then(|| Fence { tenant: tenant.clone(), run_id: run_id.clone(), epoch: *epoch })
    }

    /// Whether the store has a line already; each counts once.
    fn knows(&mut self, line: &Line) -> bool {
        let Some(key) = key_of(line) else { return false };
        match self.known.get_mut(&key) {
            Some(count) if *count > 0 => {
                *count = count.saturating_sub(1);
                true
            }
            _ => false,
        }
    }
}

impl Session {
    /// The session with its run kept in the store.
    #[must_use]
    pub fn keeping(mut self, keeping: Keeping) -> Self {
        let Keeping { row, kept, pinned, herald } = keeping;
        let mut known = BTreeMap::new();
        for key in kept.iter().flat_map(|record| &record.lines).filter_map(key_of) {
            *known.entry(key).or_insert(0_usize) += 1;
        }
        let seq = u64::try_from(kept.len()).unwrap_or(u64::MAX);
        self.told = kept.into_iter().flat_map(|record| record.events).collect();
        self.projector.follow(&self.told);
        self.machine.journal().keep_apart();
        self.ledger = Some(Ledger {
            row: row.value,
            version: row.version,
            pinned,
            herald,
            seq,
            known,
            submitted: 0,
            settled: 0,
            marks: VecDeque::new(),
            shown: self.told.len(),
            held: VecDeque::new(),
            stopped: false,
            refused: None,
        });
        self
    }

    /// Whether the run is kept in the store.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.ledger.is_some()
    }

    /// Gives the store what is new.
    pub(super) fn keep(&mut self) {
        // A run that waits for another one of its thread is not there yet.
        if !self.begun {
            return;
        }
        let status = self.status();
        let Some(mut ledger) = self.ledger.take() else { return };
        if !ledger.stopped {
            match self.unkept(&mut ledger) {
                Ok(records) => self.submit(&mut ledger, records, status),
                Err(fault) => {
                    self.ledger = Some(ledger);
                    return self.crash(fault);
                }
            }
        }
        self.ledger = Some(ledger);
    }

    /// The records that the store does not have, with their events.
    fn unkept(&mut self, ledger: &mut Ledger) -> Result<Vec<Json>, Fault> {
        let mut records = Vec::new();
        for record in self.machine.journal().unread() {
            let kept = Kept::of(record, Vec::new())?;
            if kept.lines.iter().all(|line| ledger.knows(line)) {
                continue;
            }
            let from = self.told.len();
            self.projector.project(record, &mut self.told);
            let events: Vec<Event> = self.told.get(from..).unwrap_or_default().to_vec();
            records.push(Kept { events, ..kept }.to_json());
        }
        Ok(records)
    }

    fn submit(&mut self, ledger: &mut Ledger, records: Vec<Json>, status: RunStatus) {
        // What is told again moves nothing, and a run that is over stays so.
        let may_move = ledger.row.status.is_active() && !self.interpreter.is_replaying();
        let is_moved = ledger.version == 0 || (may_move && ledger.row.status != status);
        if records.is_empty() && !is_moved && !self.desk.take_staged() {
            return;
        }
        let fence = ledger.fence();
        let (tenant, run_id) = (ledger.row.tenant.clone(), ledger.row.run_id.clone());
        let mut batch = Batch::new().under(fence);
        for body in std::mem::take(&mut ledger.pinned) {
            batch = batch.with(Write::Content { tenant: tenant.clone(), body });
        }
        if is_moved {
            ledger.row.status = status;
            self.close(&mut ledger.row);
            batch = batch.with(Write::Run { version: ledger.version, row: ledger.row.clone() });
            ledger.version = ledger.version.saturating_add(1);
        }
        if !records.is_empty() {
            let after = ledger.seq;
            ledger.seq = after.saturating_add(u64::try_from(records.len()).unwrap_or(u64::MAX));
            batch = batch.with(Write::Append { tenant, run_id: run_id.clone(), after, records });
        }
        ledger.submitted = ledger.submitted.saturating_add(1);
        ledger.marks.push_back((ledger.submitted, self.told.len()));
        if ledger.submitted == 1 && ledger.version == 1 {
            return self.found(ledger, batch);
        }
        let herald = (ledger.herald)(ledger.submitted);
        self.desk.take_staged();
        self.desk.lock().submit(&run_id, batch, herald);
    }

    /// A run begins once the store has it: another one may have the thread, or have been begun by the same call.
    fn found(&mut self, ledger: &mut Ledger, batch: Batch) {
        let taken = self.desk.lock().commit(batch);
        ledger.refused = taken.as_ref().err().map(StoreError::fault);
        let herald = (ledger.herald)(ledger.submitted);
        herald(taken);
    }

    /// Why the store did not let the run begin.
    #[must_use]
    pub fn refused(&self) -> Option<&Fault> {
        self.ledger.as_ref()?.refused.as_ref()
    }

    /// What the row says of a run that is over: how it ended, and that nobody drives it.
    fn close(&self, row: &mut RunRow) {
        let Some(outcome) = &self.outcome else { return };
        (row.owner, row.lease_until) = (None, 0);
        let (name, said) = match outcome {
            Ok(value) => ("output", value.to_json().unwrap_or(Json::Null)),
            Err(fault) => ("error", json!(fault.note())),
        };
        if let Some(body) = row.body.as_object_mut() {
            body.insert(name.to_owned(), said);
        }
    }

    fn status(&self) -> RunStatus {
        match &self.outcome {
            Some(Ok(_)) => RunStatus::Finished,
            Some(Err(fault)) if fault.kind() == FaultKind::RunCancelled => RunStatus::Cancelled,
            Some(Err(_)) => RunStatus::Failed,
            None if self.paused => RunStatus::Paused,
            None => RunStatus::Running,
        }
    }

    /// Hears what became of a batch.
    pub fn settled(&mut self, number: u64, result: Result<(), StoreError>) {
        if let Err(error) = result {
            return self.park(&error);
        }
        let Some(ledger) = &mut self.ledger else { return };
        ledger.settled = ledger.settled.max(number);
        while let Some((batch, shown)) = ledger.marks.front().copied()
            && batch <= number
        {
            ledger.marks.pop_front();
            ledger.shown = shown;
        }
    }

    /// The store did not take what the run did: it stops where it is, and goes on from the store when it is resumed.
    fn park(&mut self, error: &StoreError) {
        if self.ledger.as_ref().is_some_and(|ledger| ledger.stopped) {
            return;
        }
        let fault = Fault::new(error.fault().kind(), format!("the run stopped: {error}"));
        self.stop(fault.hint("what was done before is kept; `runtime.resume(run_id)` goes on once the store does"));
    }

    pub(super) fn stop_keeping(&mut self) {
        let Some(ledger) = &mut self.ledger else { return };
        ledger.stopped = true;
        ledger.held.clear();
        let run_id = ledger.row.run_id.clone();
        self.desk.lock().abandon(&run_id);
    }

    /// Whether everything that happened is durable, or nothing more is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.ledger.as_ref().is_none_or(|ledger| ledger.stopped || ledger.settled == ledger.submitted)
    }

    /// A write goes out only when the store has that it was asked; so does what a handler of the user's answers.
    pub(super) fn has_to_be_kept_first(&self, ask: &Ask, work: &HostWork) -> bool {
        let is_write = *work == HostWork::Tool && ask.effect.changes_the_world();
        let may_write = *work == HostWork::Handler && !matches!(ask.effect, Effect::AwaitApproval(_));
        self.ledger.is_some() && (is_write || may_write)
    }

    pub(super) fn hold_until_kept(&mut self, ask: Ask, work: HostWork) {
        if let Some(ledger) = &mut self.ledger {
            ledger.held.push_back((ledger.submitted.saturating_add(1), ask, work));
        }
    }

    /// Hands out what waited for the store and does not any more.
    pub(super) fn release_kept(&mut self) {
        loop {
            let Some(ledger) = &mut self.ledger else { return };
            // What was kept before it was asked again waits for no batch of its own.
            let (settled, submitted) = (ledger.settled, ledger.submitted);
            let is_ready = ledger.held.front().is_some_and(|(batch, ..)| (*batch).min(submitted) <= settled);
            let next = if is_ready { ledger.held.pop_front() } else { None };
            let Some((_, ask, work)) = next else { return };
            self.hand_over_kept(ask, work);
        }
    }

    pub(super) fn forget_held(&mut self, id: AskId) -> bool {
        let Some(ledger) = &mut self.ledger else { return false };
        let before = ledger.held.len();
        ledger.held.retain(|(_, ask, _)| ask.id != id);
        ledger.held.len() < before
    }

    pub(super) fn holds_any(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| !ledger.held.is_empty())
    }

    /// Goes on with what somebody elsewhere answered.
    pub fn notice(&mut self) {
        let now = self.interpreter.now();
        if self.outcome.is_none() && !self.interpreter.is_replaying() {
            for (id, ruling) in self.desk.notice(now) {
                self.rule(id, ruling);
            }
        }
    }

    /// Whether nothing is at work for the run; where wished, only while people are waited for.
    #[must_use]
    pub fn is_idle(&self, only_paused: bool) -> bool {
        let is_quiet = self.at_work.is_empty() && self.queue.is_empty() && !self.holds_any() && self.is_kept();
        self.outcome.is_none() && is_quiet && (self.paused || !only_paused)
    }

    /// Whether the run ended here and not in the store.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.outcome.is_some() && self.ledger.as_ref().is_some_and(|ledger| ledger.stopped)
    }

    /// Lets nobody drive the run, so that whoever answers for it may claim it.
    pub fn let_go(&mut self) {
        let Some(ledger) = &mut self.ledger else { return };
        if !ledger.stopped {
            ledger.stopped = true;
            self.release();
        }
    }

    /// Says in the store that nobody drives the run.
    pub(super) fn release(&self) {
        let Some(ledger) = self.ledger.as_ref().filter(|ledger| ledger.version > 0) else { return };
        let row = RunRow { owner: None, lease_until: 0, ..ledger.row.clone() };
        let batch = Batch::new().under(ledger.fence()).with(Write::Run { version: ledger.version, row });
        // Where it is not taken, the lease ends by itself.
        drop(self.desk.commit_now(batch));
    }
}

/// What a replay tells again; what the desk told it does not.
fn key_of(line: &Line) -> Option<String> {
    Some(match line {
        Line::Entry(Entry::Asked { position, effect, .. }) => format!("asked {position} {effect}"),
        Line::Entry(Entry::Answered { position, effect, .. }) => format!("answered {position} {effect}"),
        Line::Entry(Entry::Refused { position, event, .. }) => format!("refused {position} {}", json!(event)),
        Line::Moment(Moment::Said { position, event, .. }) => format!("said {position} {}", json!(event)),
        Line::Moment(Moment::Fired { at }) => format!("fired {at}"),
        Line::Moment(Moment::Interrupted { .. }) => "interrupted".to_owned(),
        Line::Entry(Entry::Told { .. }) => return None,
    })
}
