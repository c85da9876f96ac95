//! Executing: each action is let out once, and the plan ends when all are settled.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::Actor;
use super::error::PlanError;
use super::grant::PlanGrant;
use super::instance::{ActionState, PlanInstance, Transition};
use super::status::{ActionStatus, PlanStatus};
use super::table::{PlanEvent, StepEvent, step};
use crate::json::Digest;

/// How the calls that perform a plan are bound to its actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// A dispatcher performs each action; the plan's approval covers it.
    Dispatched,
    /// The executor calls its tools as it sees fit; policy alone gates them.
    Open,
}

/// A call that an executor made while it performed a plan openly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedCall {
    /// The tool.
    pub tool: String,
    /// Where in the run it was called.
    pub position: String,
    /// Whether it may have changed something.
    pub wrote: bool,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Whether nobody knows what became of it.
    #[serde(default)]
    pub in_doubt: bool,
}

/// What somebody says about a write in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Settlement {
    /// It happened, with this result.
    Happened(Value),
    /// It did not happen and has to run.
    Rerun,
    /// It counts as failed.
    Abandon(String),
}

impl Settlement {
    /// Reads what a human or a tool's check says, as decisions are written; nothing when it says nothing of it.
    #[must_use]
    pub fn read(written: &Value) -> Option<Self> {
        let field = |name: &str| written.get(name).cloned().unwrap_or(Value::Null);
        match written.get("decision")?.as_str()? {
            "happened" => Some(Self::Happened(field("result"))),
            "run_again" => Some(Self::Rerun),
            "failed" => Some(Self::Abandon(field("reason").as_str().unwrap_or_default().to_owned())),
            _ => None,
        }
    }
}

impl PlanInstance {
    /// Begins to perform the approved revision that has this digest.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalMove`] when it is not approved, [`PlanError::StaleDigest`] when it changed.
    pub fn begin(&mut self, digest: Digest, by: Actor, binding: Binding) -> Result<Transition, PlanError> {
        let told = self.clone().advance(by.clone(), PlanEvent::Begin)?;
        self.check_digest(digest)?;
        self.advance(by, PlanEvent::Begin)?;
        self.binding = Some(binding);
        Ok(told)
    }

    /// Lets one action out: it is running from now on, and a second grant is refused.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalMove`] when the plan is not executing,
    /// [`PlanError::IllegalStep`] when the action was let out or skipped already.
    pub fn take_grant(&mut self, index: usize) -> Result<PlanGrant, PlanError> {
        if self.binding == Some(Binding::Open) {
            return Err(PlanError::WrongBinding);
        }
        let arguments = self.items().get(index).cloned().ok_or(PlanError::UnknownAction { index })?;
        let (id, digest) = (self.id.clone(), self.digest);
        let action = self.step(index, StepEvent::Start, None)?;
        Ok(PlanGrant::new(&id, digest, index, &action.kind, arguments))
    }

    /// Notes that an action's tool answered.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalStep`] when the action is not running.
    pub fn action_finished(&mut self, index: usize, result: Value) -> Result<(), PlanError> {
        self.step(index, StepEvent::Finish, Some(result)).map(drop)
    }

    /// Notes that an action's tool failed.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalStep`] when the action is not running.
    pub fn action_failed(&mut self, index: usize, error: Value) -> Result<(), PlanError> {
        self.step(index, StepEvent::Fail, Some(error)).map(drop)
    }

    /// Notes that nobody knows whether an action's tool was called to the end.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalStep`] when the action is not running.
    pub fn action_in_doubt(&mut self, index: usize) -> Result<(), PlanError> {
        self.step(index, StepEvent::Doubt, None).map(drop)
    }

    /// Settles an action in doubt.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalStep`] when the action is not in doubt.
    pub fn settle(&mut self, index: usize, settlement: Settlement, by: Actor) -> Result<(), PlanError> {
        let action = match settlement {
            Settlement::Happened(result) => self.step(index, StepEvent::Happened, Some(result))?,
            Settlement::Rerun => self.step(index, StepEvent::Rerun, None)?,
            Settlement::Abandon(reason) => self.step(index, StepEvent::Abandon, Some(Value::String(reason)))?,
        };
        action.by = Some(by);
        Ok(())
    }

    /// Settles the first call of a tool that is in doubt; says whether there was one.
    pub fn settle_call(&mut self, tool: &str, settlement: &Settlement) -> bool {
        let call = self.calls.iter_mut().find(|call| call.in_doubt && call.tool == tool);
        let found = call.is_some();
        if let Some(call) = call {
            call.in_doubt = false;
            call.succeeded = matches!(settlement, Settlement::Happened(_));
        }
        found
    }

    /// Whether something of it is in doubt, which keeps it executing until somebody settles it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        let action = self.actions.iter().any(|action| action.status == ActionStatus::InDoubt);
        action || self.calls.iter().any(|call| call.in_doubt)
    }

    /// Records a call against a plan that is performed openly.
    ///
    /// # Errors
    ///
    /// [`PlanError::WrongBinding`] when the plan is not performed openly.
    pub fn record_call(&mut self, call: RecordedCall) -> Result<(), PlanError> {
        if self.status != PlanStatus::Executing || self.binding != Some(Binding::Open) {
            return Err(PlanError::WrongBinding);
        }
        let known = self
            .calls
            .iter_mut()
            .find(|known| known.in_doubt && (&known.tool, &known.position) == (&call.tool, &call.position));
        match known {
            Some(known) => *known = call,
            None => self.calls.push(call),
        }
        Ok(())
    }

    /// Ends the plan: executed, or failed when an action or a recorded write failed.
    ///
    /// Actions after a failed one may be left pending; nothing may be running or in doubt.
    ///
    /// # Errors
    ///
    /// [`PlanError::NotSettled`], or [`PlanError::IllegalMove`] when the plan is not executing.
    pub fn finish(&mut self) -> Result<Transition, PlanError> {
        self.end(None)
    }

    /// Ends the plan although whoever performed it did not come to its end, and says why.
    ///
    /// It is executed only when a dispatcher had done every action; an open plan has failed.
    ///
    /// # Errors
    ///
    /// [`PlanError::NotSettled`], or [`PlanError::IllegalMove`] when the plan is not executing.
    pub fn cut_short(&mut self, why: &str) -> Result<Transition, PlanError> {
        self.end(Some(why))
    }

    fn end(&mut self, why: Option<&str>) -> Result<Transition, PlanError> {
        let open = self.binding == Some(Binding::Open);
        let pending = self.indexes(ActionStatus::Pending);
        let failed = self.has_failed() || why.is_some() && (open || !pending.is_empty());
        let event = if failed { PlanEvent::Fail } else { PlanEvent::Finish };
        let indexes = self.unsettled(failed);
        if self.status == PlanStatus::Executing && !indexes.is_empty() {
            return Err(PlanError::NotSettled { indexes });
        }
        let mut told = self.advance(Actor::runtime(), event)?;
        told.reason =
            failed.then(|| self.failure(why, if open { &[] } else { &pending })).filter(|said| !said.is_empty());
        Ok(told)
    }

    /// What failed, what cut it short, and which actions were not run.
    fn failure(&self, why: Option<&str>, pending: &[usize]) -> String {
        let list = |indexes: &[usize]| indexes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let failed = self.indexes(ActionStatus::Failed);
        let writes = self.calls.iter().filter(|call| call.wrote && !call.succeeded);
        let writes: Vec<&str> = writes.map(|call| call.tool.as_str()).collect();
        let said = [
            (!failed.is_empty()).then(|| format!("failed: {}", list(&failed))),
            (!writes.is_empty()).then(|| format!("failed: {}", writes.join(", "))),
            why.map(str::to_owned),
            (!pending.is_empty()).then(|| format!("not run: {}", list(pending))),
        ];
        said.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn indexes(&self, status: ActionStatus) -> Vec<usize> {
        self.actions.iter().filter(|action| action.status == status).map(|action| action.index).collect()
    }

    /// Moves a done action of an ended plan while its undo runs.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalMove`] when the plan has not ended, [`PlanError::IllegalStep`].
    pub fn undo(&mut self, index: usize, event: StepEvent, by: Actor) -> Result<(), PlanError> {
        if !self.status.is_final() {
            let (from, by) = (Some(self.status), by.part);
            return Err(PlanError::IllegalMove { from, by, event: PlanEvent::Finish });
        }
        let action = self.actions.get_mut(index).ok_or(PlanError::UnknownAction { index })?;
        action.status = step(index, action.status, event)?;
        action.by = Some(by);
        Ok(())
    }

    /// The actions that were done, last first: what an undo would have to take back.
    #[must_use]
    pub fn undo_order(&self) -> Vec<usize> {
        let done = self.actions.iter().rev().filter(|action| action.status == ActionStatus::Done);
        done.map(|action| action.index).collect()
    }

    fn has_failed(&self) -> bool {
        let action = self.actions.iter().any(|action| action.status == ActionStatus::Failed);
        action || self.calls.iter().any(|call| call.wrote && !call.succeeded)
    }

    fn unsettled(&self, failed: bool) -> Vec<usize> {
        let open = self.binding == Some(Binding::Open);
        let unsettled = |status| match status {
            ActionStatus::Running | ActionStatus::InDoubt => true,
            ActionStatus::Pending => !failed,
            ActionStatus::Done
            | ActionStatus::Failed
            | ActionStatus::Skipped
            | ActionStatus::Undoing
            | ActionStatus::Undone => false,
        };
        let calls = self.calls.iter().enumerate().filter(|(_, call)| call.in_doubt).map(|(index, _)| index);
        let actions = self.actions.iter().filter(|action| unsettled(action.status)).map(|action| action.index);
        if open { calls.collect() } else { actions.collect() }
    }

    fn step(&mut self, index: usize, event: StepEvent, result: Option<Value>) -> Result<&mut ActionState, PlanError> {
        if self.status != PlanStatus::Executing {
            return Err(PlanError::IllegalMove {
                from: Some(self.status),
                by: super::Part::Runtime,
                event: PlanEvent::Begin,
            });
        }
        let action = self.actions.get_mut(index).ok_or(PlanError::UnknownAction { index })?;
        action.status = step(index, action.status, event)?;
        if result.is_some() {
            action.result = result;
        }
        Ok(action)
    }
}
