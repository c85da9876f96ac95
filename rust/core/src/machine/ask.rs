//! An ask: one effect on its way to an interpreter.

use super::doubt::LeftOpen;
use super::gate::Clearance;
use crate::effects::{CallTool, Effect};
use crate::position::Position;

/// Names one ask of a machine; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId {
    pub(super) branch: u32,
    pub(super) turn: u64,
}

impl AskId {
    /// A number for the host, and back.
    #[must_use]
    pub fn pair(self) -> (u32, u64) {
        (self.branch, self.turn)
    }

    /// The ask of a pair.
    #[must_use]
    pub fn of_pair((branch, turn): (u32, u64)) -> Self {
        Self { branch, turn }
    }
}

/// One effect that waits for its answer.
#[derive(Clone)]
pub struct Ask {
    /// By which the answer finds its way back.
    pub id: AskId,
    /// Where in the program.
    pub position: Position,
    /// The question.
    pub effect: Effect,
    clearance: Option<Clearance>,
    answer_tokens_max: Option<u64>,
}

impl Ask {
    pub(super) fn open(id: AskId, position: Position, effect: Effect) -> Self {
        Self::new(id, position, effect, None)
    }

    pub(super) fn new(id: AskId, position: Position, effect: Effect, clearance: Option<Clearance>) -> Self {
        Self { id, position, effect, clearance, answer_tokens_max: None }
    }

    pub(super) fn allowed(self, answer_tokens_max: Option<u64>) -> Self {
        Self { answer_tokens_max, ..self }
    }

    /// How many tokens a model's answer may have by the budgets of the run and its thread; whoever
    /// asks the model asks for no more.
    #[must_use]
    pub fn answer_tokens_max(&self) -> Option<u64> {
        self.answer_tokens_max
    }

    /// The tool call and what let it out; no tool runs without both.
    #[must_use]
    pub fn cleared_call(&self) -> Option<(&CallTool, &Clearance)> {
        match &self.effect {
            Effect::CallTool(call) => self.clearance.as_ref().map(|clearance| (&**call, clearance)),
            _ => None,
        }
    }

    /// What let this ask out, where the gate had to.
    #[must_use]
    pub fn clearance(&self) -> Option<&Clearance> {
        self.clearance.as_ref()
    }
}

/// What one turn of the machine gives its driver; records are in the journal before the asks are here.
#[derive(Default)]
pub struct Step {
    /// Questions to answer.
    pub asks: Vec<Ask>,
    /// Questions whose answers nobody waits for any more.
    pub dropped: Vec<AskId>,
    /// Writes that nobody wants any more: whoever has not begun one answers it with a cancel.
    pub withdrawn: Vec<AskId>,
    /// Writes in doubt that nobody of the program waits for any more.
    pub left_open: Vec<LeftOpen>,
    /// The next moment, in milliseconds, at which `fire` has work.
    pub deadline: Option<i64>,
    /// Whether the program ended.
    pub finished: bool,
}
