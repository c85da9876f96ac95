//! The effects: each is one question, with its own type and its own answer.

mod agent;
mod approval;
mod clock;
mod custom;
mod message;
mod model;
mod plan;
mod reference;
mod tool;

use std::sync::Arc;

use serde_json::{Value as Json, json};

pub use agent::{CallAgent, LoadHistory, SaveHistory};
pub use approval::AwaitApproval;
pub use clock::DrawNumber;
pub use custom::HostEffect;
pub use message::{File, Message, MessageLog, Part, ToolRequest};
pub use model::{CallModel, ModelAnswer, Usage};
pub use plan::{AdvancePlan, CheckPlan, LoadPlan, PlanMove, StorePlan};
pub use reference::{LoadRef, StoreRef};
pub use tool::{CallTool, CheckWrite, PlannedAction, Tool};

use crate::fault::Fault;

/// One question of a program; cheap to clone.
#[derive(Clone)]
pub enum Effect {
    /// Ask a model.
    CallModel(Arc<CallModel>),
    /// Call a tool.
    CallTool(Arc<CallTool>),
    /// Ask a tool's check what became of a write.
    CheckWrite(Arc<CheckWrite>),
    /// Ask a human.
    AwaitApproval(Arc<AwaitApproval>),
    /// Keep a value outside the prompt.
    StoreRef(Arc<StoreRef>),
    /// Fetch a value by its handle.
    LoadRef(Arc<LoadRef>),
    /// Have a plan checked by the host's own types.
    CheckPlan(Arc<CheckPlan>),
    /// Store a plan as a draft.
    StorePlan(Arc<StorePlan>),
    /// Read a plan.
    LoadPlan(Arc<LoadPlan>),
    /// Move a plan along its lifecycle.
    AdvancePlan(Arc<AdvancePlan>),
    /// Hand a task to an agent.
    CallAgent(Arc<CallAgent>),
    /// Read what an agent said before in this thread.
    LoadHistory(Arc<LoadHistory>),
    /// Keep what an agent said in this thread.
    SaveHistory(Arc<SaveHistory>),
    /// Read the clock.
    ReadClock,
    /// Wait, in milliseconds.
    Sleep(i64),
    /// Draw a fresh identifier.
    DrawId,
    /// Draw a whole number.
    DrawNumber(DrawNumber),
    /// An effect that the user defined.
    Custom(Arc<dyn HostEffect>),
}

impl Effect {
    /// The name, the same in Python.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::CallModel(_) => "CallModel",
            Self::CallTool(_) => "CallTool",
            Self::CheckWrite(_) => "CheckWrite",
            Self::AwaitApproval(_) => "AwaitApproval",
            Self::StoreRef(_) => "StoreRef",
            Self::LoadRef(_) => "LoadRef",
            Self::CheckPlan(_) => "CheckPlan",
            Self::StorePlan(_) => "StorePlan",
            Self::LoadPlan(_) => "LoadPlan",
            Self::AdvancePlan(_) => "AdvancePlan",
            Self::CallAgent(_) => "CallAgent",
            Self::LoadHistory(_) => "LoadHistory",
            Self::SaveHistory(_) => "SaveHistory",
            Self::ReadClock => "ReadClock",
            Self::Sleep(_) => "Sleep",
            Self::DrawId => "DrawId",
            Self::DrawNumber(_) => "DrawNumber",
            Self::Custom(custom) => custom.kind(),
        }
    }

    /// The arguments as JSON, from which the fingerprint is made.
    ///
    /// # Errors
    /// [`crate::fault::FaultKind::ValueNotJson`] when a host value has no JSON form.
    pub fn arguments(&self) -> Result<Json, Fault> {
        Ok(match self {
            Self::CallModel(call) => call.arguments(),
            Self::CallTool(call) => {
                json!({"tool": call.tool.spec.name, "version": call.tool.spec.version, "arguments": call.arguments.to_json()?})
            }
            Self::CheckWrite(check) => json!({"tool": check.call.tool.spec.name}),
            Self::AwaitApproval(request) => {
                json!({"title": request.title, "kind": request.kind, "subject": request.subject.to_json()?})
            }
            Self::StoreRef(store) => json!({"kind": store.kind, "value": store.value.to_json()?}),
            Self::LoadRef(load) => json!({"kind": load.kind, "id": load.id}),
            Self::CheckPlan(check) => json!({"plan": check.plan.name, "body": check.body}),
            Self::StorePlan(store) => json!({"plan": store.plan.name, "body": store.body}),
            Self::LoadPlan(load) => json!({"plan": load.plan, "plan_id": load.plan_id}),
            Self::AdvancePlan(advance) => json!({"plan_id": advance.plan_id, "move": advance.step.to_json()}),
            Self::CallAgent(call) => json!({"agent": call.agent.name(), "prompt": call.prompt}),
            Self::LoadHistory(load) => json!({"agent": load.agent}),
            Self::SaveHistory(save) => json!({"agent": save.agent, "turns": save.turns.digest()}),
            Self::ReadClock | Self::DrawId => json!({}),
            Self::Sleep(wait_ms) => json!({"wait_ms": wait_ms}),
            Self::DrawNumber(range) => json!({"low": range.low, "high": range.high}),
            Self::Custom(custom) => custom.encode()?,
        })
    }

    /// Whether the answer comes from the world's state and not from people, models or code.
    #[must_use]
    pub fn changes_the_world(&self) -> bool {
        matches!(self, Self::CallTool(call) if call.tool.spec.access.writes())
    }
}
