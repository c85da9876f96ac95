//! What a durable store keeps, as Python reads it: runs, their events, and whether it is what was written.

use std::sync::{MutexGuard, PoisonError};

use flowai_core::fault::Fault;
use flowai_core::journal::Kept;
use flowai_core::machine::RunContext;
use flowai_core::session::{Desk, read_decision};
use flowai_core::store::{RunFilter, RunRow, RunStatus, Store, StoreError, Versioned};
use pyo3::prelude::*;
use serde_json::{Value as Json, json};

use crate::claimed::{Claimed, unknown};
use crate::fault::error_of;
use crate::json::{from_python, to_python};
use crate::keeper::now_ms;
use crate::runtime::Runtime;

/// What the store of a runtime keeps.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Shelf {
    runtime: Py<Runtime>,
}

#[pymethods]
impl Shelf {
    #[new]
    fn new(runtime: Py<Runtime>) -> Self {
        Self { runtime }
    }

    /// Whether runs outlive the process.
    #[getter]
    fn is_durable(&self) -> bool {
        self.runtime.get().keeper.is_some()
    }

    /// Claims a run to go on with it.
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list only by value")]
    fn claim(&self, py: Python<'_>, tenant: &str, run_id: &str, agents: Vec<Bound<'_, PyAny>>) -> PyResult<Claimed> {
        self.runtime.get().claimed(py, tenant, run_id, &agents)
    }

    /// The runs that a filter takes, the first first.
    #[pyo3(signature = (tenant = None, thread_id = None, statuses = None, request_id = None))]
    fn runs<'py>(
        &self,
        py: Python<'py>,
        tenant: Option<String>,
        thread_id: Option<String>,
        statuses: Option<Vec<String>>,
        request_id: Option<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let statuses = statuses.unwrap_or_default().into_iter().filter_map(status).collect();
        let filter = RunFilter { tenant, thread: thread_id, request_id, statuses };
        let found = self.ask(py, |store| store.runs(&filter))?;
        to_python(py, &found.iter().map(|row| row_of(&row.value)).collect())
    }

    /// What a run is resumed by.
    fn body<'py>(&self, py: Python<'py>, tenant: &str, run_id: &str) -> PyResult<Bound<'py, PyAny>> {
        let found = self.ask(py, |store| store.run(tenant, run_id))?;
        let row = found.ok_or_else(|| error_of(py, &unknown(run_id)))?;
        to_python(py, &row.value.body)
    }

    /// Whether there is such a run.
    fn has_run(&self, py: Python<'_>, tenant: &str, run_id: &str) -> PyResult<bool> {
        let found = self.ask(py, |store| store.run(tenant, run_id))?;
        Ok(found.is_some())
    }

    /// Whether nobody drives a run that is not over.
    fn is_free(&self, py: Python<'_>, tenant: &str, run_id: &str) -> PyResult<bool> {
        let found = self.ask(py, |store| store.run(tenant, run_id))?;
        Ok(found.is_some_and(|row| is_free(&row.value)))
    }

    /// The tenants and ids of the runs that are not over, that nobody drives and that wait for no human.
    fn unattended(&self, py: Python<'_>, now: i64) -> PyResult<Vec<(String, String)>> {
        self.ask(py, |store| {
            let mut found = store.unattended(now)?;
            // One that cannot be read is for whoever goes on with it to tell of.
            found.retain(|(tenant, run_id)| match store.run(tenant, run_id) {
                Ok(row) => row.is_some_and(|row| is_free(&row.value)),
                Err(_) => true,
            });
            Ok(found)
        })
    }

    /// The events of a run after a number, once its journal is what was written.
    fn kept_events<'py>(&self, py: Python<'py>, tenant: &str, run_id: &str, after: u64) -> PyResult<Bound<'py, PyAny>> {
        let events =
            py.detach(|| self.runtime.get().read_events(tenant, run_id)).map_err(|fault| error_of(py, &fault))?;
        let later = events.into_iter().filter(|event| event["seq"].as_u64().is_some_and(|seq| seq > after));
        to_python(py, &later.collect())
    }

    /// Checks the journal of a run; gives how many records it has.
    fn verify(&self, py: Python<'_>, tenant: &str, run_id: &str) -> PyResult<usize> {
        py.detach(|| self.runtime.get().read_journal(tenant, run_id))
            .map(|kept| kept.len())
            .map_err(|fault| error_of(py, &fault))
    }

    /// Looks at everything that is kept; gives each thing that is not what was written, with what is wrong with it.
    fn check(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        let found = self.ask(py, |store| store.check())?;
        Ok(found.into_iter().map(|damage| (damage.key, damage.fault.to_string())).collect())
    }

    /// Answers an approval of a run that somebody else drives.
    fn answer(
        &self,
        py: Python<'_>,
        tenant: &str,
        approval_id: &str,
        decision: &Bound<'_, PyAny>,
        principal: Option<String>,
        at: i64,
    ) -> PyResult<()> {
        let raise = |fault: Fault| error_of(py, &fault);
        let decision =
            from_python(decision).and_then(|decision| read_decision(&decision, principal, at)).map_err(raise)?;
        let context = RunContext { tenant: tenant.to_owned(), ..RunContext::default() };
        let mut desk = Desk::new(
            std::sync::Arc::clone(&self.runtime.get().store),
            context,
            std::sync::Arc::clone(&self.runtime.get().catalogue.spec),
            [0; 32],
        );
        py.detach(|| desk.answer(approval_id, &decision, at)).map_err(raise)
    }

    /// An approval, pending or not; none where no such one of this tenant is known.
    fn approval<'py>(&self, py: Python<'py>, tenant: &str, approval_id: &str) -> PyResult<Bound<'py, PyAny>> {
        let found = self.ask(py, |store| store.approval(tenant, approval_id))?;
        to_python(
            py,
            &json!(found.map(|Versioned { value, .. }| json!({
                "status": value.status, "run_id": value.bound.run_id, "kind": value.bound.kind,
                "plan_id": value.bound.plan_id, "expires_at": value.expires_at,
            }))),
        )
    }

    /// Erases what was said in a thread; gives how many records lost their bodies.
    fn erase_thread(&self, py: Python<'_>, tenant: &str, thread_id: &str) -> PyResult<usize> {
        self.ask(py, |store| store.erase_thread(tenant, thread_id))
    }
}

impl Shelf {
    /// What the store says, asked without holding up Python.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&mut dyn Store) -> Result<T, StoreError> + Send,
    ) -> PyResult<T> {
        let runtime = self.runtime.get();
        py.detach(|| question(&mut *runtime.shelf())).map_err(|error| error_of(py, &runtime.told(&error)))
    }
}

impl Runtime {
    /// By what name this runtime owns runs; none where they do not outlive it.
    pub fn owner(&self) -> Option<String> {
        self.keeper.as_ref().map(|keeper| keeper.owner.name().to_owned())
    }

    pub(crate) fn shelf(&self) -> MutexGuard<'_, dyn Store + 'static> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is told of a fault of the store; of damage with the place where it is.
    pub(crate) fn told(&self, error: &StoreError) -> Fault {
        let fault = error.fault();
        let Some(place) = self.place.as_ref().filter(|_| error.is_damage()) else { return fault };
        let told =
            Fault::new(fault.kind(), format!("{} (in `{place}`)", fault.message())).detail(fault.details().clone());
        match fault.advice() {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }

    fn read_journal(&self, tenant: &str, run_id: &str) -> Result<Vec<Option<Json>>, Fault> {
        let store = self.shelf();
        if store.run(tenant, run_id).map_err(|error| self.told(&error))?.is_none() {
            return Err(unknown(run_id));
        }
        let records = store.verified(tenant, run_id).map_err(|error| self.told(&error))?;
        drop(store);
        Ok(records.into_iter().map(|stored| stored.record).collect())
    }

    fn read_events(&self, tenant: &str, run_id: &str) -> Result<Vec<Json>, Fault> {
        let mut events = Vec::new();
        for record in self.read_journal(tenant, run_id)?.into_iter().flatten() {
            events.extend(Kept::read(record)?.events.iter().map(|event| json!(event)));
        }
        Ok(events)
    }
}

fn is_free(row: &RunRow) -> bool {
    let is_gone = row.owner.as_deref().is_none_or(flowai_store::owner::is_gone);
    row.status.is_active() && (is_gone || row.is_free(now_ms()))
}

fn row_of(row: &RunRow) -> Json {
    let mut written = json!(row);
    if let (Some(fields), Some(body)) = (written.as_object_mut(), row.body.as_object()) {
        fields.remove("body");
        for name in ["name", "output", "error", "config_version", "principal"] {
            fields.insert(name.to_owned(), body.get(name).cloned().unwrap_or(Json::Null));
        }
    }
    written
}

fn status(word: String) -> Option<RunStatus> {
    serde_json::from_value(Json::String(word)).ok()
}
