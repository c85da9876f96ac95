//! A compiled runtime: its agents, its rules and its store.

use std::sync::{Arc, Mutex, PoisonError};

use flowai_core::approvals::Approval;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::policy::{Explained, explain};
use flowai_core::session::SharedStore;
use flowai_core::specs::{Decode, RuntimeSpec, check};
use flowai_core::store::MemoryStore;
use pyo3::prelude::*;
use serde_json::{Value as Json, json};

use crate::ask::{Catalogue, shelf_of};
use crate::fault::error_of;
use crate::json::{from_python, to_python};

/// What sessions are opened on.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Runtime {
    pub catalogue: Arc<Catalogue>,
    pub store: SharedStore,
}

#[pymethods]
impl Runtime {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list only by value")]
    fn new(py: Python<'_>, spec: &Bound<'_, PyAny>, agents: Vec<Bound<'_, PyAny>>) -> PyResult<Self> {
        let spec = read_spec(py, spec)?;
        let catalogue = Catalogue::new(spec, &shelf_of(&agents)?).map_err(|fault| error_of(py, &fault))?;
        Ok(Self { catalogue: Arc::new(catalogue), store: Arc::new(Mutex::new(MemoryStore::default())) })
    }

    /// The same runtime with an empty store.
    fn fresh(&self) -> Self {
        Self { catalogue: Arc::clone(&self.catalogue), store: Arc::new(Mutex::new(MemoryStore::default())) }
    }

    /// The approvals that wait, oldest first.
    fn pending<'py>(&self, py: Python<'py>, tenant: &str, thread_id: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
        let pending = self.store.lock().unwrap_or_else(PoisonError::into_inner).pending_approvals(tenant, thread_id);
        let pending = pending.map_err(|error| error_of(py, &Fault::new(FaultKind::StorageError, error.to_string())))?;
        to_python(py, &pending.iter().map(|approval| shown(&approval.value)).collect())
    }

    /// A plan as the store has it, or none.
    fn plan<'py>(&self, py: Python<'py>, tenant: &str, plan_id: &str) -> PyResult<Bound<'py, PyAny>> {
        let plan = self.store.lock().unwrap_or_else(PoisonError::into_inner).plan(tenant, plan_id);
        let plan = plan.map_err(|error| error_of(py, &Fault::new(FaultKind::StorageError, error.to_string())))?;
        to_python(py, &json!(plan.map(|plan| plan.value)))
    }
}

fn shown(approval: &Approval) -> Json {
    json!({
        "approval_id": approval.id, "kind": approval.bound.kind, "title": approval.title, "tool": approval.bound.tool,
        "subject": approval.bound.subject, "plan_id": approval.bound.plan_id, "revision": approval.bound.plan_revision,
        "cards": approval.cards, "digest": approval.digest, "rule": approval.bound.rule, "expires_at": approval.expires_at,
        "run_id": approval.bound.run_id, "thread_id": approval.thread_id, "agent": approval.agent, "tenant": approval.bound.tenant,
    })
}

fn read_spec(py: Python<'_>, spec: &Bound<'_, PyAny>) -> PyResult<RuntimeSpec> {
    let spec = from_python(spec).map_err(|fault| error_of(py, &fault))?;
    RuntimeSpec::decode(spec).map_err(|error| error_of(py, &Fault::new(FaultKind::SpecError, error.to_string())))
}

/// Checks the wiring of a runtime; gives its faults and its warnings.
#[pyfunction]
pub fn check_wiring<'py>(py: Python<'py>, spec: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let wiring = check(&read_spec(py, spec)?);
    to_python(py, &json!({"faults": wiring.faults, "warnings": wiring.warnings}))
}

/// Says which rule decides for each agent and tool.
#[pyfunction]
pub fn explain_policy<'py>(py: Python<'py>, spec: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let explained = explain(&read_spec(py, spec)?);
    let explained: Vec<Explained> =
        explained.map_err(|error| error_of(py, &Fault::new(FaultKind::SpecError, error.to_string())))?;
    to_python(py, &json!(explained))
}
