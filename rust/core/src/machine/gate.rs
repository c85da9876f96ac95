//! The gate: a gated effect has no way out of the machine but a decision on its own digest.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::context::RunContext;
use super::doubt::Doubt;
use crate::approvals::{ApprovalKind, Bound};
use crate::effects::{AdvancePlan, AwaitApproval, CallTool, Effect, Tool};
use crate::fault::{Fault, FaultKind};
use crate::json::digest;
use crate::plans::{Actor, Settlement};
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
    /// Whether a handler of the user's said it in place of a human.
    #[serde(default)]
    pub by_handler: bool,
    /// Until when the question stood, in milliseconds.
    pub expires_at: i64,
    /// When it was answered, in milliseconds.
    pub answered_at: i64,
    /// Whether the subject is not what was asked.
    pub edited: bool,
    /// The actions of a plan that may run; all of them when absent.
    pub actions: Option<BTreeSet<usize>>,
    /// What was said about a write in doubt.
    #[serde(default)]
    pub settlement: Option<Settlement>,
}

impl Ruling {
    /// Who said it, as a plan keeps it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        if self.by_handler { Actor::handler() } else { Actor::human(self.principal.as_deref()) }
    }
}

/// Proof that the gate let an effect out; only the gate can make one.
#[derive(Clone, Debug)]
pub struct Clearance(Arc<Grounds>);

/// Why the gate let something out; apart, because every ask and record has room for a clearance.
#[derive(Clone, Debug)]
struct Grounds {
    rule: String,
    ruling: Option<Ruling>,
    plan_digest: Option<String>,
}

impl Clearance {
    pub(super) fn by_policy(rule: impl Into<String>) -> Self {
        Self(Arc::new(Grounds { rule: rule.into(), ruling: None, plan_digest: None }))
    }

    pub(super) fn of_plan(mut self, digest: Option<String>) -> Self {
        Arc::make_mut(&mut self.0).plan_digest = digest;
        self
    }

    /// The rule that decided.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.0.rule
    }

    /// The human's answer, where the rule asked for one.
    #[must_use]
    pub fn ruling(&self) -> Option<&Ruling> {
        self.0.ruling.as_ref()
    }

    /// The digest of the plan's revision that was judged; no other revision is approved by it.
    #[must_use]
    pub fn plan_digest(&self) -> Option<&str> {
        self.0.plan_digest.as_deref()
    }
}

/// An effect that the gate holds until its question is answered.
pub(super) enum Held {
    Tool(CallTool),
    /// A plan's approval; its instance is read before anyone is asked.
    Plan(AdvancePlan),
    Program(Arc<AwaitApproval>),
    /// Something that a native loop does itself.
    Intent(Arc<Tool>),
    /// A write that nobody saw end.
    Doubt(Box<Doubt>),
}

pub(super) struct Gated {
    pub held: Held,
    pub position: Position,
    /// What was asked in its place.
    pub question: Effect,
    pub digest: String,
    pub rule: String,
    /// The plan's revision that was read.
    pub plan_digest: Option<String>,
    /// The plan's instance is still being read.
    pub reading: bool,
}

/// What an approval of this effect, in this place, is bound to.
pub(super) fn bind(context: &RunContext, position: &Position, kind: ApprovalKind, rule: &str, subject: Json) -> Bound {
    Bound { subject, ..Bound::new(kind, &context.tenant, &context.run_id, &position.without_attempts(), rule) }
}

/// What an approval of a tool with these arguments is bound to.
pub(super) fn bind_tool(context: &RunContext, position: &Position, tool: &Tool, arguments: Json, rule: &str) -> Bound {
    let bound = bind(context, position, ApprovalKind::Tool, rule, arguments);
    Bound { tool: Some(tool.spec.name.clone()), schema_version: Some(tool.spec.version.clone()), ..bound }
}

/// The digest that a ruling has to name.
///
/// # Errors
/// [`FaultKind::ValueNotJson`] when the subject has no canonical form.
pub(super) fn digest_of(bound: &Bound) -> Result<String, Fault> {
    let digest = bound.digest().map_err(|error| Fault::new(FaultKind::ValueNotJson, error.to_string()))?;
    Ok(digest.to_string())
}

impl Gated {
    /// Whether the question is what became of a write.
    pub fn is_about_doubt(&self) -> bool {
        matches!(self.held, Held::Doubt(_))
    }

    /// Says whether a ruling answers just this question: its digest, and its subject unless that was edited.
    ///
    /// # Errors
    /// [`FaultKind::ApprovalError`] when it answers another one.
    pub fn check(&self, ruling: &Ruling) -> Result<(), Fault> {
        let bound = if let Effect::AwaitApproval(request) = &self.question { request.bound.as_deref() } else { None };
        let Some(bound) = bound else { return Err(altered(ruling)) };
        let chooses = ruling.actions.is_none() || bound.kind == ApprovalKind::Plan;
        let names_it = ruling.digest == self.digest && digest_of(bound)? == self.digest;
        if names_it && chooses && (ruling.edited || is_same(&ruling.subject, &bound.subject)) {
            return Ok(());
        }
        Err(altered(ruling))
    }

    /// Lets the held effect out for a ruling on it, at the time at which it would go.
    ///
    /// # Errors
    /// The refusal, or that it came too late.
    pub fn release(&self, ruling: Ruling, now: i64) -> Result<Clearance, Fault> {
        if !ruling.approved {
            return Err(refusal(&ruling));
        }
        if ruling.answered_at.max(now) >= ruling.expires_at {
            return Err(Fault::new(FaultKind::ApprovalExpired, "the approval came after its expiry"));
        }
        Ok(Clearance(Arc::new(Grounds {
            rule: self.rule.clone(),
            ruling: Some(ruling),
            plan_digest: self.plan_digest.clone(),
        })))
    }
}

fn altered(ruling: &Ruling) -> Fault {
    let message = format!("approval `{}` was given for something else", ruling.approval_id);
    Fault::new(FaultKind::ApprovalError, message)
}

/// Whether two subjects have one canonical form.
fn is_same(one: &Json, other: &Json) -> bool {
    one == other || matches!((digest(one), digest(other)), (Ok(one), Ok(other)) if one == other)
}

fn refusal(ruling: &Ruling) -> Fault {
    let reason = ruling.reason.clone().unwrap_or_default();
    let expired = ruling.answered_at >= ruling.expires_at;
    let (kind, message) = match (expired, reason.is_empty()) {
        (true, _) => (FaultKind::ApprovalExpired, "nobody answered the approval in time".to_owned()),
        (false, true) => (FaultKind::ApprovalRejected, "rejected".to_owned()),
        (false, false) => (FaultKind::ApprovalRejected, format!("rejected: {reason}")),
    };
    let detail = json!({"reason": ruling.reason, "approval_id": ruling.approval_id, "principal": ruling.principal});
    Fault::new(kind, message).detail(detail)
}

/// The arguments as their approver saw and left them, checked once more.
///
/// # Errors
/// [`FaultKind::ApprovalError`] when they do not fit the tool.
pub(super) fn approved_arguments(tool: &Tool, ruling: &Ruling) -> Result<Value, Fault> {
    if let Err(faults) = tool.validator.validate(&ruling.subject) {
        let first = faults.first().map_or_else(String::new, ToString::to_string);
        let message = format!("the approved arguments do not fit `{}`: {first}", tool.spec.name);
        return Err(Fault::new(FaultKind::ApprovalError, message));
    }
    Ok(Value::from(ruling.subject.clone()))
}
