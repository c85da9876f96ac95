//! The question for a tool.

use std::any::Any;
use std::sync::Arc;

use crate::fault::{Fault, FaultKind};
use crate::policy::Resolved;
use crate::schema::Validator;
use crate::specs::ToolSpec;
use crate::value::Value;

/// A tool that can be called: its spec, the check of its arguments, the host's code.
pub struct Tool {
    /// What it promises.
    pub spec: ToolSpec,
    /// Checks arguments.
    pub validator: Validator,
    /// The host's own object.
    pub host: Option<Box<dyn Any + Send + Sync>>,
    floor: Option<Resolved>,
}

impl Tool {
    /// A tool from its spec.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] when its schema is none.
    pub fn new(spec: ToolSpec, host: Option<Box<dyn Any + Send + Sync>>) -> Result<Self, Fault> {
        let validator = Validator::new(&spec.parameters).map_err(|error| {
            Fault::new(FaultKind::SpecError, format!("the schema of tool `{}` is invalid: {error}", spec.name))
        })?;
        let floor = Resolved::floor(&spec)
            .map_err(|error| Fault::new(FaultKind::SpecError, format!("the rule of tool `{}`: {error}", spec.name)))?;
        Ok(Self { spec, validator, host, floor })
    }

    /// The tool's own rule, which holds whoever calls it.
    #[must_use]
    pub fn floor(&self) -> Option<&Resolved> {
        self.floor.as_ref()
    }
}

/// Call one tool and answer with what it returns.
#[derive(Clone)]
pub struct CallTool {
    /// Which tool.
    pub tool: Arc<Tool>,
    /// Its arguments.
    pub arguments: Value,
    /// The model's own name for this call.
    pub call_id: Option<String>,
    /// The agent whose loop asks; programs have none.
    pub agent: Option<Arc<str>>,
    /// What decides whether a human is asked.
    pub policy: Option<Arc<Resolved>>,
    /// The plan and action that this call carries out.
    pub covers: Option<PlannedAction>,
    /// The plan that its executor performs openly with it.
    pub open_plan: Option<Arc<str>>,
    /// The idempotency key, where the call is one that was made before.
    pub key: Option<Arc<str>>,
}

/// Ask a tool's own check what became of a write; answers with a settlement, or null when it cannot say.
pub struct CheckWrite {
    /// The write.
    pub call: Arc<CallTool>,
    /// By which its program hears of it when nobody settles it.
    pub fault: Fault,
}

/// One action of a plan, as the call that carries it out names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedAction {
    /// The plan.
    pub plan_id: String,
    /// Which action.
    pub index: usize,
    /// Its kind.
    pub kind: String,
    /// The tool's parameter that takes it.
    pub parameter: String,
}
