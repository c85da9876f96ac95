//! A claimed run: what the store keeps of it, for a session that goes on with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::journal::{Kept, Line};
use flowai_core::json::Digest;
use flowai_core::specs::{AgentSpec, Decode, RuntimeSpec, ToolSpec};
use flowai_core::store::{Batch, RunRow, Store, StoreError, StoredRecord, Versioned, Write};
use flowai_interp_live::Secrets;
use flowai_store::owner;
use pyo3::prelude::*;
use serde_json::{Value as Json, json};

use crate::ask::{Catalogue, shelf_of};
use crate::fault::error_of;
use crate::json::to_python;
use crate::keeper::{LEASE_MS, now_ms};
use crate::runtime::Runtime;
use crate::secrets::known;

/// The version of the native loops; a run that began under a newer one is left to the release that has it.
pub const LOOP_VERSION: u64 = 1;

/// A run that this process may go on with.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Claimed {
    pub row: Versioned<RunRow>,
    pub kept: Vec<Kept>,
    /// The agents as they were when the run began, with the tools as they are now.
    pub catalogue: Arc<Catalogue>,
}

#[pymethods]
impl Claimed {
    /// What the run is and how it began.
    fn row<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &json!(self.row.value))
    }
}

impl Claimed {
    /// What was asked, answered and told.
    pub fn lines(&self) -> Vec<Line> {
        self.kept.iter().flat_map(|record| record.lines.iter().cloned()).collect()
    }
}

impl Runtime {
    /// Claims a run, unless another process drives it; one that is over is only read.
    pub(crate) fn claimed(
        &self,
        py: Python<'_>,
        tenant: &str,
        run_id: &str,
        agents: &[Bound<'_, PyAny>],
    ) -> PyResult<Claimed> {
        let raise = |fault: Fault| error_of(py, &fault);
        // Whoever cannot go on with a run must not take it from those who can.
        let (row, records) = py.detach(|| self.found(tenant, run_id)).map_err(raise)?;
        let catalogue = self.pinned(&row.value, agents)?;
        let (row, records) = py.detach(|| self.claim_row(row, records)).map_err(raise)?;
        // What was kept before a secret was known: its program is read without it from now on, and so are its answers.
        let secrets = known(py);
        let read = |stored| read(run_id, stored, secrets.as_deref());
        let kept = records.into_iter().map(read).collect::<Result<_, _>>().map_err(raise)?;
        Ok(Claimed { row, kept, catalogue })
    }

    fn found(&self, tenant: &str, run_id: &str) -> Result<(Versioned<RunRow>, Vec<StoredRecord>), Fault> {
        let store = self.shelf();
        let found = store.run(tenant, run_id).map_err(|error| self.told(&error))?;
        let row = found.ok_or_else(|| unknown(run_id))?;
        let records = store.verified(tenant, run_id).map_err(|error| self.told(&error))?;
        Ok((row, records))
    }

    fn claim_row(
        &self,
        row: Versioned<RunRow>,
        records: Vec<StoredRecord>,
    ) -> Result<(Versioned<RunRow>, Vec<StoredRecord>), Fault> {
        if !row.value.status.is_active() {
            return Ok((row, records));
        }
        let mut store = self.shelf();
        let row = self.take(&mut *store, row)?;
        let RunRow { tenant, run_id, .. } = &row.value;
        // Until it was claimed, whoever had it before could still write.
        let end = store.head(tenant, run_id).map_err(|error| self.told(&error))?.seq;
        if usize::try_from(end).is_ok_and(|end| end == records.len()) {
            return Ok((row, records));
        }
        let records = store.verified(tenant, run_id).map_err(|error| self.told(&error))?;
        drop(store);
        Ok((row, records))
    }

    fn take(&self, store: &mut dyn Store, row: Versioned<RunRow>) -> Result<Versioned<RunRow>, Fault> {
        let (Versioned { version, value }, now) = (row, now_ms());
        let mine = self.owner();
        let holder = value.owner.clone().filter(|holder| Some(holder.as_str()) != mine.as_deref());
        let is_held = holder.as_ref().is_some_and(|holder| !value.is_free(now) && !owner::is_gone(holder));
        if is_held {
            return Err(owned(&value));
        }
        let epoch = value.epoch.saturating_add(1);
        let claimed = RunRow { epoch, owner: mine, lease_until: now.saturating_add(LEASE_MS), ..value };
        match store.commit(Batch::new().with(Write::Run { version, row: claimed.clone() })) {
            Ok(()) => Ok(Versioned { version: version.saturating_add(1), value: claimed }),
            Err(StoreError::Stale { .. }) => Err(owned(&claimed)),
            Err(error) => Err(self.told(&error)),
        }
    }

    /// The agents that a run began with; a tool runs as it is now, so that what changed is asked about anew.
    fn pinned(&self, row: &RunRow, agents: &[Bound<'_, PyAny>]) -> PyResult<Arc<Catalogue>> {
        let py = agents.first().map(Bound::py);
        let raise = |fault: Fault| match py {
            Some(py) => error_of(py, &fault),
            None => Python::attach(|py| error_of(py, &fault)),
        };
        let loops = row.body.get("loops").and_then(Json::as_u64).unwrap_or(LOOP_VERSION);
        if loops > LOOP_VERSION {
            let message = format!("the run began under loops of version {loops}, and this release has {LOOP_VERSION}");
            return Err(raise(
                Fault::new(FaultKind::StorageError, message).hint("resume it with the release that began it"),
            ));
        }
        let named = row.body.get("spec").and_then(Json::as_str).and_then(|text| text.parse::<Digest>().ok());
        let Some(digest) = named.filter(|digest| *digest != self.spec_digest) else {
            return Ok(Arc::clone(&self.catalogue));
        };
        let store = self.shelf();
        let body = store.content(&row.tenant, &digest).map_err(|error| raise(self.told(&error)))?;
        drop(store);
        let gone = || Fault::new(FaultKind::JournalBroken, format!("the spec of run `{}` is gone", row.run_id));
        let body = body.ok_or_else(|| raise(gone()))?;
        let wrong = |error: &dyn std::fmt::Display| raise(Fault::new(FaultKind::StorageError, error.to_string()));
        let mut spec = RuntimeSpec::decode(body).map_err(|error| wrong(&error))?;
        refresh(&mut spec, &self.catalogue.spec).map_err(raise)?;
        Catalogue::new(spec, &shelf_of(agents)?, self.catalogue.added().to_vec()).map(Arc::new).map_err(raise)
    }
}

/// Puts the tools as they are now in the place of those that a run began with.
///
/// # Errors
/// [`FaultKind::SpecError`] naming every tool that is not there any more.
fn refresh(spec: &mut RuntimeSpec, current: &RuntimeSpec) -> Result<(), Fault> {
    let mut gone = Vec::new();
    for agent in &mut spec.agents {
        let now: BTreeMap<String, ToolSpec> = current
            .agent(&agent.name)
            .into_iter()
            .flat_map(AgentSpec::every_tool)
            .map(|tool| (tool.name.clone(), tool.clone()))
            .collect();
        let entries = agent.dispatcher.iter_mut().flat_map(BTreeMap::values_mut);
        let dispatched = entries.flat_map(|entry| std::iter::once(&mut entry.tool).chain(entry.undo.as_mut()));
        for tool in agent.tools.iter_mut().chain(dispatched) {
            match now.get(&tool.name) {
                Some(now) => *tool = now.clone(),
                None => gone.push(format!("`{}` of `{}`", tool.name, agent.name)),
            }
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let message = format!("the run began with tools that are not there any more: {}", gone.join(", "));
    Err(Fault::new(FaultKind::SpecError, message).hint("resume it with a runtime that has them"))
}

fn read(run_id: &str, stored: StoredRecord, secrets: Option<&Secrets>) -> Result<Kept, Fault> {
    let erased = || Fault::new(FaultKind::StorageError, format!("the journal of `{run_id}` was erased"));
    let record = stored.record.ok_or_else(erased)?;
    Kept::read(match secrets {
        Some(secrets) => secrets.struck(record),
        None => record,
    })
}

pub fn unknown(run_id: &str) -> Fault {
    Fault::new(FaultKind::RunNotFound, format!("there is no run `{run_id}`")).hint("list them with `runtime.runs()`")
}

fn owned(row: &RunRow) -> Fault {
    let message = format!("another process drives the run `{}`", row.run_id);
    Fault::new(FaultKind::RunOwned, message)
        .detail(json!({"run_id": row.run_id}))
        .hint("answers to its approvals reach it from any process; it is free when that process ends or its lease does")
}
