//! How a run begins otherwise than with a program of Python.

use std::sync::Arc;

use flowai_core::agents::{Agent, again, undo};
use flowai_core::effects::{CallAgent, Effect};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::Program;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::fault::error_of;
use crate::secrets::without;
use crate::session::Session;

impl Session {
    /// An agent's task, by its name and prompt.
    pub(crate) fn task(&self, py: Python<'_>, task: &Bound<'_, PyTuple>) -> PyResult<Program> {
        let (name, prompt): (String, String) = task.extract()?;
        let agent = self.agent(py, &name)?;
        let call = CallAgent { agent, prompt: without(py, prompt) };
        Ok(Program::Ask(Effect::CallAgent(Arc::new(call))))
    }

    /// Begins with a program, unless the store refuses the run.
    pub(crate) fn begin(&self, py: Python<'_>, name: &str, program: Program) -> PyResult<()> {
        let refused = self.with_core(py, |core| {
            core.start(&without(py, name.to_owned()), program);
            core.refused().cloned()
        })?;
        refused.map_or(Ok(()), |fault| Err(error_of(py, &fault)))
    }

    /// What takes actions of a plan back.
    pub(crate) fn undo_program(
        &self,
        py: Python<'_>,
        agent: &str,
        plan_id: &str,
        actions: Option<Vec<usize>>,
        by: &str,
    ) -> PyResult<Program> {
        Ok(undo(&self.agent(py, agent)?, plan_id, actions, by))
    }

    /// What makes a write of this run again.
    pub(crate) fn again_program(&self, py: Python<'_>, approval_id: &str) -> PyResult<Program> {
        let program = self.with_core(py, |core| core.desk().write_of(approval_id).map(again))?;
        let none = || Fault::new(FaultKind::UnknownApproval, format!("`{approval_id}` is about no write"));
        program.ok_or_else(|| error_of(py, &none()))
    }

    fn agent(&self, py: Python<'_>, name: &str) -> PyResult<Arc<Agent>> {
        let none = || error_of(py, &Fault::new(FaultKind::SpecError, format!("there is no agent `{name}`")));
        self.catalogue.agents.get(name).cloned().ok_or_else(none)
    }
}
