//! The gate: a gated effect has no way out of the machine but a decision on its own digest.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::context::RunContext;
use crate::approvals::{ApprovalKind, Bound};
use crate::effects::{AdvancePlan, CallTool};
use crate::fault::{Fault, FaultKind};
use crate::position::Position;
use crate::value::Value;

/// What a human, or the clock in their place, said to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// The approval that was answered.
    pub approval_id: String,
    /// What was asked, bound to this call.
    pub digest: String,
    /// Whether it may run.
    pub approved: bool,
    /// The subject as approved, edits included.
    pub subject: Json,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub principal: Option<String>,
    /// Until when the question stood, in milliseconds.
    pub expires_at: i64,
    /// When it was answered, in milliseconds.
    pub answered_at: i64,
    /// Whether the subject is not what was asked.
    pub edited: bool,
    /// The actions of a plan that may run; all of them when absent.
    pub actions: Option<BTreeSet<usize>>,
}

/// Proof that the gate let an effect out; only the gate can make one.
#[derive(Clone, Debug)]
pub struct Clearance {
    rule: String,
    ruling: Option<Ruling>,
}

impl Clearance {
    pub(super) fn by_policy(rule: impl Into<String>) -> Self {
        Self { rule: rule.into(), ruling: None }
    }

    /// The rule that decided.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The human's answer, where the rule asked for one.
    #[must_use]
    pub fn ruling(&self) -> Option<&Ruling> {
        self.ruling.as_ref()
    }
}

/// An effect that the gate holds until its question is answered.
pub(super) enum Held {
    Tool(CallTool),
    /// A plan's approval; its instance is read before anyone is asked.
    Plan(AdvancePlan),
    Program(Value),
}

pub(super) struct Gated {
    pub held: Held,
    pub position: Position,
    pub digest: String,
    pub rule: String,
    /// The plan's instance is still being read.
    pub reading: bool,
}

/// What an approval of this effect, in this place, is bound to.
pub(super) fn bind(context: &RunContext, position: &Position, kind: ApprovalKind, rule: &str, subject: Json) -> Bound {
    Bound { subject, ..Bound::new(kind, &context.tenant, &context.run_id, &position.without_attempts(), rule) }
}

/// What an approval of a tool call is bound to.
///
/// # Errors
/// [`FaultKind::ValueNotJson`] when an argument has no JSON form.
pub(super) fn bind_call(context: &RunContext, position: &Position, call: &CallTool, rule: &str) -> Result<Bound, Fault> {
    let spec = &call.tool.spec;
    let bound = bind(context, position, ApprovalKind::Tool, rule, call.arguments.to_json()?);
    Ok(Bound { tool: Some(spec.name.clone()), schema_version: Some(spec.version.clone()), ..bound })
}

/// The digest that a ruling has to name.
///
/// # Errors
/// [`FaultKind::ValueNotJson`] when the subject has no canonical form.
pub(super) fn digest_of(bound: &Bound) -> Result<String, Fault> {
    bound.digest().map(|digest| digest.to_string()).map_err(|error| Fault::new(FaultKind::ValueNotJson, error.to_string()))
}

impl Gated {
    /// Lets the held effect out for a ruling on just this question.
    ///
    /// # Errors
    /// The refusal, or why the ruling does not count.
    pub fn release(&self, ruling: Ruling) -> Result<Clearance, Fault> {
        if ruling.digest != self.digest {
            return Err(Fault::new(FaultKind::ApprovalError, format!("approval `{}` was given for something else", ruling.approval_id)));
        }
        if !ruling.approved {
            return Err(refusal(&ruling));
        }
        if ruling.answered_at > ruling.expires_at {
            return Err(Fault::new(FaultKind::ApprovalExpired, "the approval came after its expiry"));
        }
        Ok(Clearance { rule: self.rule.clone(), ruling: Some(ruling) })
    }
}

fn refusal(ruling: &Ruling) -> Fault {
    let reason = ruling.reason.clone().unwrap_or_default();
    let expired = ruling.answered_at >= ruling.expires_at;
    let (kind, message) = match (expired, reason.is_empty()) {
        (true, _) => (FaultKind::ApprovalExpired, "nobody answered the approval in time".to_owned()),
        (false, true) => (FaultKind::ApprovalRejected, "rejected".to_owned()),
        (false, false) => (FaultKind::ApprovalRejected, format!("rejected: {reason}")),
    };
    Fault::new(kind, message).detail(json!({"reason": ruling.reason, "approval_id": ruling.approval_id, "principal": ruling.principal}))
}

/// The arguments of a call as its approver saw and left them, checked once more.
///
/// # Errors
/// [`FaultKind::ApprovalError`] when the approved arguments do not fit the tool.
pub(super) fn approved_call(mut call: CallTool, ruling: &Ruling) -> Result<CallTool, Fault> {
    let arguments = ruling.subject.clone();
    if let Err(faults) = call.tool.validator.validate(&arguments) {
        let first = faults.first().map_or_else(String::new, ToString::to_string);
        return Err(Fault::new(FaultKind::ApprovalError, format!("the approved arguments do not fit `{}`: {first}", call.tool.spec.name)));
    }
    call.arguments = Value::from(arguments);
    Ok(call)
}
