//! Running a write again that a human said did not happen, under the key that it had.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::effects::{AdvancePlan, CallTool, Effect, PlanMove};
use crate::events::EventBody;
use crate::fault::Fault;
use crate::machine::{Continuation, LeftOpen, Move, Program};
use crate::plans::RecordedCall;
use crate::value::{Outcome, Value};

/// What the plan is told when its run was over before its write was settled.
const CUT_SHORT: &str = "its run was over before a write of it was settled";

/// The program that makes the write of a left-open question once more; it answers with what the tool gives.
#[must_use]
pub fn again(left: &LeftOpen) -> Program {
    let mut call = CallTool::clone(&left.call);
    call.key = left.question.bound.as_ref().map(|bound| Arc::from(bound.key()));
    Program::Loop(Box::new(Again { call, phase: Phase::Begin }))
}

struct Again {
    call: CallTool,
    phase: Phase,
}

enum Phase {
    Begin,
    Starting,
    Calling,
    Noting(Outcome),
    Ending(Outcome),
}

impl Again {
    fn begin(&mut self) -> Move {
        match &self.call.covers {
            Some(action) => {
                let index = action.index;
                self.phase = Phase::Starting;
                self.advance(PlanMove::StartAction { index })
            }
            None => self.call(),
        }
    }

    fn call(&mut self) -> Move {
        self.phase = Phase::Calling;
        Move::Ask(Effect::CallTool(Arc::new(self.call.clone())))
    }

    fn plan_id(&self) -> Option<String> {
        let of_action = self.call.covers.as_ref().map(|action| action.plan_id.clone());
        of_action.or_else(|| self.call.open_plan.as_ref().map(ToString::to_string))
    }

    fn advance(&self, step: PlanMove) -> Move {
        let by = self.call.agent.as_deref().unwrap_or("program").to_owned();
        let advance = AdvancePlan { plan_id: self.plan_id(), step, policy: None, by };
        Move::Ask(Effect::AdvancePlan(Arc::new(advance)))
    }

    /// The plan hears what became of it this time.
    fn note(&mut self, outcome: Outcome) -> Move {
        if self.plan_id().is_none() {
            return end(outcome);
        }
        let step = self.noted(&outcome);
        self.phase = Phase::Noting(outcome);
        self.advance(step)
    }

    fn noted(&self, outcome: &Outcome) -> PlanMove {
        let known = outcome.as_ref().err().and_then(|fault| fault.details().get("write")).and_then(Json::as_str);
        let in_doubt = known == Some("in_doubt");
        match (&self.call.covers, outcome) {
            (Some(action), Ok(result)) => {
                PlanMove::FinishAction { index: action.index, result: result.to_json().unwrap_or_default() }
            }
            (Some(action), Err(fault)) => {
                PlanMove::FailAction { index: action.index, error: fault.message().to_owned(), in_doubt }
            }
            (None, outcome) => PlanMove::RecordCall {
                call: RecordedCall {
                    tool: self.call.tool.spec.name.clone(),
                    position: self.call.call_id.clone().unwrap_or_default(),
                    wrote: true,
                    succeeded: outcome.is_ok() || known == Some("done"),
                    in_doubt,
                },
            },
        }
    }
}

impl Continuation for Again {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        match std::mem::replace(&mut self.phase, Phase::Begin) {
            Phase::Begin => self.begin(),
            Phase::Starting => match outcome {
                Ok(_) => self.call(),
                Err(fault) => Move::Raise(fault),
            },
            Phase::Calling => self.note(outcome),
            Phase::Noting(first) => {
                self.phase = Phase::Ending(first);
                self.advance(PlanMove::Finish { calls: Vec::new(), cut_short: Some(CUT_SHORT.to_owned()) })
            }
            Phase::Ending(first) => end(first),
        }
    }
}

fn end(outcome: Result<Value, Fault>) -> Move {
    match outcome {
        Ok(value) => Move::Return(Value::from(value.to_json().unwrap_or_default())),
        Err(fault) => Move::Raise(fault),
    }
}
