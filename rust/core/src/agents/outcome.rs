//! The outcome of one tool request, as the conversation goes on with it.

use std::any::Any;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::fault::{Fault, FaultKind};
use crate::value::{HostValue, Value};

/// What a request came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Reply {
    /// What the model is told.
    pub content: Json,
    /// Whether the content is an error.
    pub is_error: bool,
    /// Whether the model has to repair its arguments.
    pub invalid: bool,
    /// Whether a write was asked.
    pub wrote: bool,
    /// The plan that this request began to execute without a dispatcher.
    pub executing: Option<String>,
    /// How many actions of that plan are to be done.
    pub owed: usize,
}

impl Reply {
    pub fn of(content: Json) -> Self {
        Self { content, ..Self::default() }
    }

    /// An error that the model can repair.
    pub fn invalid(message: &str, faults: &[String]) -> Self {
        let content = json!({"error": "invalid_arguments", "message": message, "faults": faults});
        Self { content, is_error: true, invalid: true, ..Self::default() }
    }

    /// An error as data, without anything that only the operator should see.
    pub fn failed(name: &str, fault: &Fault) -> Self {
        let message = match (fault.kind(), fault.cause()) {
            (FaultKind::ToolFailed, Some(cause)) => format!("`{name}` raised {}", cause.type_name()),
            _ => fault.message().to_owned(),
        };
        let content = json!({"error": format!("{:?}", fault.kind()), "message": message, "hint": fault.advice()});
        Self { content, is_error: true, ..Self::default() }
    }

    /// The value by which it goes from a turn to its conversation.
    pub fn value(self) -> Value {
        Value::Host(Arc::new(self))
    }

    /// Reads it back.
    pub fn of_value(value: &Value) -> Self {
        match value {
            Value::Host(host) => host.as_any().downcast_ref::<Self>().cloned().unwrap_or_default(),
            other => other.to_json().ok().and_then(|reply| crate::json::decode(reply).ok()).unwrap_or_default(),
        }
    }
}

impl HostValue for Reply {
    fn encode(&self) -> Result<Json, Fault> {
        Ok(json!(self))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Whether a fault ends the run instead of going back to the model.
pub(super) fn is_fatal(fault: &Fault) -> bool {
    match fault.kind() {
        FaultKind::Cancelled
        | FaultKind::RunCancelled
        | FaultKind::Crashed
        | FaultKind::ScriptMismatch
        | FaultKind::ReplayMismatch
        | FaultKind::UnhandledEffect
        | FaultKind::UndeclaredEffect
        | FaultKind::SpecError
        | FaultKind::ProgramError
        | FaultKind::StorageError
        | FaultKind::RunNotFound
        | FaultKind::RunOwned
        | FaultKind::JournalBroken
        | FaultKind::ModelFailed
        | FaultKind::ModelUnavailable
        | FaultKind::AuthenticationFailed
        | FaultKind::PermissionDenied
        | FaultKind::ModelNotFound
        | FaultKind::RequestInvalid
        | FaultKind::ContextTooLong
        | FaultKind::RateLimited
        | FaultKind::Overloaded
        | FaultKind::ServerFailed
        | FaultKind::ModelTimedOut
        | FaultKind::ConnectionFailed
        | FaultKind::StreamMalformed
        | FaultKind::ContentRefused
        | FaultKind::AnswerTruncated
        | FaultKind::OutputInvalid
        | FaultKind::LiveCallRefused
        | FaultKind::ApprovalConflict
        | FaultKind::UnknownApproval
        | FaultKind::ThreadBusy
        | FaultKind::Raised => true,
        FaultKind::ValueNotJson
        | FaultKind::EffectFailed
        | FaultKind::ToolFailed
        | FaultKind::ToolArgumentsInvalid
        | FaultKind::AgentFailed
        | FaultKind::PlanError
        | FaultKind::ReferenceNotFound
        | FaultKind::GlimpseTooLarge
        | FaultKind::TimedOut
        | FaultKind::ApprovalError
        | FaultKind::ApprovalRejected
        | FaultKind::ApprovalExpired => false,
        // An agent that gave up is its caller's affair; a budget allows nobody any further call.
        FaultKind::LimitReached => fault.details().get("scope").and_then(Json::as_str) != Some("agent"),
    }
}
