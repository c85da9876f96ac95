//! An agent made ready: its spec with compiled schemas, rules and routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conversation::Conversation;
use super::step::Step;
use crate::effects::{MessageLog, Tool};
use crate::machine::Program;
use crate::policy::Resolved;
use crate::schema::Validator;
use crate::specs::{AgentSpec, PlanSpec};

/// A tool that an agent may call, with the rules for it.
pub(super) struct Callable {
    pub tool: Arc<Tool>,
    pub policy: Arc<Resolved>,
}

/// A tool that the role brings along, with the rules that name it, where any do.
pub(super) struct BuiltIn {
    pub tool: Arc<Tool>,
    pub policy: Option<Arc<Resolved>>,
}

/// The tools that perform one kind of action.
pub(super) struct Performer {
    pub tool: Arc<Tool>,
    pub policy: Arc<Resolved>,
    pub undo: Option<Undoer>,
    /// The parameter that takes the action.
    pub parameter: String,
}

/// The tool that takes one kind of action back.
pub(super) struct Undoer {
    pub tool: Arc<Tool>,
    pub policy: Arc<Resolved>,
    /// The parameters that take the action, and its result where there is a second one.
    pub parameters: Vec<String>,
}

/// The plan that an agent stores or executes.
pub(super) struct PlanType {
    pub spec: Arc<PlanSpec>,
    pub validator: Validator,
}

/// One agent of a runtime.
pub struct Agent {
    pub(super) spec: AgentSpec,
    pub(super) name: Arc<str>,
    pub(super) model: Arc<str>,
    pub(super) settings: Arc<serde_json::Value>,
    pub(super) output: Option<(Arc<serde_json::Value>, Validator)>,
    pub(super) plan: Option<PlanType>,
    pub(super) callables: BTreeMap<String, Callable>,
    pub(super) built_in: BTreeMap<String, BuiltIn>,
    pub(super) offered: Arc<[Arc<Tool>]>,
    pub(super) routes: BTreeMap<String, Arc<Agent>>,
    pub(super) performers: Option<BTreeMap<String, Performer>>,
    pub(super) plans: Arc<Resolved>,
    /// The rule by which an executor asks once more, about the revision that it is about to begin.
    pub(super) asks_again: Option<Arc<Resolved>>,
}

impl Agent {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name, shared.
    #[must_use]
    pub fn name_shared(&self) -> &Arc<str> {
        &self.name
    }

    /// Its spec.
    #[must_use]
    pub fn spec(&self) -> &AgentSpec {
        &self.spec
    }

    /// The program of one task.
    #[must_use]
    pub fn program(self: &Arc<Self>, prompt: &str) -> Program {
        Program::Loop(Box::new(Conversation::new(Arc::clone(self), prompt)))
    }

    /// The program of one step; it answers with the messages that the step adds.
    #[must_use]
    pub fn step(self: &Arc<Self>, messages: &MessageLog) -> Program {
        Program::Loop(Box::new(Step::new(Arc::clone(self), messages)))
    }
}
