//! A compiled runtime: its agents, its rules and its store.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use flowai_core::approvals::{Approval, shown as subject};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::json::{Digest, digest};
use flowai_core::policy::Explained;
use flowai_core::session::SharedStore;
use flowai_core::specs::{AddedPolicy, Decode, RuntimeSpec, check, check_added};
use flowai_core::store::{MemoryStore, StoreError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value as Json, json};

use crate::ask::{Catalogue, policy, shelf_of};
use crate::exchange::Exchange;
use crate::fault::error_of;
use crate::json::{from_python, to_python};
use crate::keeper::Keeper;

/// What sessions are opened on.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Runtime {
    pub catalogue: Arc<Catalogue>,
    pub store: SharedStore,
    /// Where a store that outlives the process is, without a password.
    pub place: Option<String>,
    pub exchange: Arc<Exchange>,
    /// What looks after the store, where it outlives the process.
    pub keeper: Option<Arc<Keeper>>,
    /// The digest of the spec, by which runs pin it.
    pub spec_digest: Digest,
    /// The tenants for whom the spec is in the store.
    pub pins: Arc<Mutex<BTreeSet<String>>>,
}

#[pymethods]
impl Runtime {
    #[new]
    #[pyo3(signature = (spec, agents, policies = None, world = None, storage = None))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts a list only by value")]
    fn new(
        py: Python<'_>,
        spec: &Bound<'_, PyAny>,
        agents: Vec<Bound<'_, PyAny>>,
        policies: Option<&Bound<'_, PyAny>>,
        world: Option<&Bound<'_, PyDict>>,
        storage: Option<&str>,
    ) -> PyResult<Self> {
        let (spec, policies) = (read_spec(py, spec)?, read_policies(py, policies)?);
        let catalogue = Catalogue::new(spec, &shelf_of(&agents)?, policies).map_err(|fault| error_of(py, &fault))?;
        let exchange = world.map(Exchange::read).transpose()?.unwrap_or_default();
        let spec_digest = digest(&json!(*catalogue.spec))
            .map_err(|error| error_of(py, &Fault::new(FaultKind::SpecError, error.to_string())))?;
        let store = match storage {
            Some(url) => py.detach(|| opened(url)).map_err(|error| error_of(py, &error.fault()))?,
            None => Arc::new(Mutex::new(MemoryStore::default())),
        };
        let keeper = storage.map(|_| Arc::new(Keeper::new(&store)));
        Ok(Self {
            catalogue: Arc::new(catalogue),
            store,
            place: storage.map(flowai_store::place),
            exchange: Arc::new(exchange),
            keeper,
            spec_digest,
            pins: Arc::default(),
        })
    }

    /// Why a model cannot be asked with these settings, with a message and a hint; none where it can.
    fn unasked<'py>(
        &self,
        py: Python<'py>,
        model: &str,
        settings: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let settings = from_python(settings).map_err(|fault| error_of(py, &fault))?;
        let fault = self.exchange.fault_of(model, &settings);
        fault.map(|fault| to_python(py, &json!({"message": fault.message(), "hint": fault.advice()}))).transpose()
    }

    /// The same runtime with an empty store.
    fn fresh(&self) -> Self {
        let store = Arc::new(Mutex::new(MemoryStore::default()));
        Self {
            catalogue: Arc::clone(&self.catalogue),
            store,
            place: None,
            exchange: Arc::clone(&self.exchange),
            keeper: None,
            spec_digest: self.spec_digest,
            pins: Arc::default(),
        }
    }

    /// The approvals that wait, oldest first.
    fn pending<'py>(&self, py: Python<'py>, tenant: &str, thread_id: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
        let pending = self.store.lock().unwrap_or_else(PoisonError::into_inner).pending_approvals(tenant, thread_id);
        let pending = pending.map_err(|error| error_of(py, &self.told(&error)))?;
        to_python(py, &pending.iter().map(|approval| shown(&approval.value)).collect())
    }

    /// A plan as the store has it, or none.
    fn plan<'py>(&self, py: Python<'py>, tenant: &str, plan_id: &str) -> PyResult<Bound<'py, PyAny>> {
        let plan = self.store.lock().unwrap_or_else(PoisonError::into_inner).plan(tenant, plan_id);
        let plan = plan.map_err(|error| error_of(py, &self.told(&error)))?;
        to_python(py, &json!(plan.map(|plan| plan.value)))
    }
}

/// The store at an address, which several runs share.
fn opened(url: &str) -> Result<SharedStore, StoreError> {
    flowai_store::shared(url)
}

fn shown(approval: &Approval) -> Json {
    json!({
        "approval_id": approval.id, "kind": approval.bound.kind, "title": approval.title, "tool": approval.bound.tool,
        "subject": subject(approval), "plan_id": approval.bound.plan_id, "revision": approval.bound.plan_revision,
        "cards": approval.cards, "digest": approval.digest, "rule": approval.bound.rule, "expires_at": approval.expires_at,
        "run_id": approval.bound.run_id, "thread_id": approval.thread_id, "agent": approval.agent, "tenant": approval.bound.tenant,
    })
}

fn read_spec(py: Python<'_>, spec: &Bound<'_, PyAny>) -> PyResult<RuntimeSpec> {
    let spec = from_python(spec).map_err(|fault| error_of(py, &fault))?;
    RuntimeSpec::decode(spec).map_err(|error| error_of(py, &Fault::new(FaultKind::SpecError, error.to_string())))
}

fn read_policies(py: Python<'_>, policies: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<AddedPolicy>> {
    let Some(policies) = policies else { return Ok(Vec::new()) };
    let written = from_python(policies).map_err(|fault| error_of(py, &fault))?;
    serde_json::from_value(written)
        .map_err(|error| error_of(py, &Fault::new(FaultKind::SpecError, format!("the policy: {error}"))))
}

/// Checks the wiring of a runtime, and the rules that an interpreter adds; gives faults and warnings.
#[pyfunction]
#[pyo3(signature = (spec, policies = None))]
pub fn check_wiring<'py>(
    py: Python<'py>,
    spec: &Bound<'py, PyAny>,
    policies: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let spec = read_spec(py, spec)?;
    let mut wiring = check(&spec);
    wiring.faults.extend(read_policies(py, policies)?.iter().flat_map(|added| check_added(&spec, added).faults));
    to_python(py, &json!({"faults": wiring.faults, "warnings": wiring.warnings}))
}

/// Checks providers as a runtime is given them; gives the faults.
#[pyfunction]
pub fn check_providers<'py>(py: Python<'py>, world: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    let faults = Exchange::read(world)?.faults();
    let written = faults.iter().map(|(name, fault)| {
        json!({"place": format!("provider `{name}`"), "message": fault.message(), "hint": fault.advice()})
    });
    to_python(py, &written.collect())
}

/// Says which rule decides for each agent and tool.
#[pyfunction]
#[pyo3(signature = (spec, policies = None))]
pub fn explain_policy<'py>(
    py: Python<'py>,
    spec: &Bound<'py, PyAny>,
    policies: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let spec = read_spec(py, spec)?;
    let policy = policy(&spec, &read_policies(py, policies)?);
    let explained: Vec<Explained> =
        policy.map_err(|error| error_of(py, &Fault::new(FaultKind::SpecError, error.to_string())))?.explain(&spec);
    to_python(py, &json!(explained))
}
