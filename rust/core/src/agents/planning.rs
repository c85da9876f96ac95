//! Storing a plan: checked by schema, then by the host's type, then shown to a human where the rule says so.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::agent::{Agent, PlanType};
use super::outcome::{Reply, is_fatal};
use super::turn::reply;
use crate::effects::{AdvancePlan, CheckPlan, Effect, PlanMove, StorePlan};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Continuation, Move};
use crate::value::{Outcome, Value};

pub(super) struct Planning {
    agent: Arc<Agent>,
    body: Json,
    phase: Phase,
}

enum Phase {
    Begin,
    Checking,
    Storing,
    Approving(Json),
}

impl Planning {
    pub fn new(agent: Arc<Agent>, body: Json) -> Self {
        Self { agent, body, phase: Phase::Begin }
    }

    fn begin(&mut self, plan: &PlanType) -> Move {
        if let Err(faults) = plan.validator.validate(&self.body) {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            return reply(Reply::invalid(&format!("the plan is no `{}`", plan.spec.name), &faults));
        }
        self.phase = Phase::Checking;
        let body = std::mem::take(&mut self.body);
        Move::Ask(Effect::CheckPlan(Arc::new(CheckPlan { plan: Arc::clone(&plan.spec), body })))
    }

    fn store(&mut self, plan: &PlanType, body: Json) -> Move {
        self.phase = Phase::Storing;
        let by = self.agent.name.to_string();
        Move::Ask(Effect::StorePlan(Arc::new(StorePlan { plan: Arc::clone(&plan.spec), body, by })))
    }

    fn approve(&mut self, instance: Json) -> Move {
        let text = |field: &str| instance.get(field).and_then(Json::as_str).map(str::to_owned);
        let (plan_id, digest) = (text("plan_id"), text("digest"));
        self.phase = Phase::Approving(instance);
        let (policy, by) = (Some(Arc::clone(&self.agent.plans)), self.agent.name.to_string());
        Move::Ask(Effect::AdvancePlan(Arc::new(AdvancePlan {
            plan_id,
            step: PlanMove::Approve { digest },
            policy,
            by,
        })))
    }

    fn failed(&self, fault: Fault) -> Move {
        if is_fatal(&fault) {
            return Move::Raise(fault);
        }
        match (&self.phase, fault.kind()) {
            (Phase::Checking, _) => reply(Reply::invalid(fault.message(), &[])),
            (Phase::Approving(instance), _) if is_superseded(&fault) => reply(Reply::of(superseded(instance, &fault))),
            (Phase::Approving(instance), FaultKind::ApprovalRejected | FaultKind::ApprovalExpired) => {
                reply(Reply::of(refused(instance, &fault)))
            }
            _ => reply(Reply::failed("store_plan", &fault)),
        }
    }
}

fn is_superseded(fault: &Fault) -> bool {
    fault.details().get("superseded") == Some(&Json::Bool(true))
}

/// Nobody is asked about a revision that stands no more.
fn superseded(instance: &Json, fault: &Fault) -> Json {
    json!({
        "plan_id": instance.get("plan_id"), "revision": instance.get("revision"),
        "decision": "superseded", "reason": fault.message(),
    })
}

fn refused(instance: &Json, fault: &Fault) -> Json {
    json!({
        "plan_id": instance.get("plan_id"), "revision": instance.get("revision"), "status": "DRAFT",
        "decision": "rejected", "reason": fault.details().get("reason").cloned().unwrap_or_else(|| json!(fault.message())),
    })
}

fn approved(stored: &Json, instance: &Json) -> Json {
    let mut content = json!({
        "plan_id": instance.get("plan_id"), "revision": instance.get("revision"), "status": instance.get("status"), "decision": "approved",
    });
    if instance.get("digest") != stored.get("digest")
        && let Some(fields) = content.as_object_mut()
    {
        fields.insert("body_as_approved".to_owned(), instance.get("body").cloned().unwrap_or(Json::Null));
    }
    content
}

impl Continuation for Planning {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        let agent = Arc::clone(&self.agent);
        let Some(plan) = &agent.plan else {
            return Move::Raise(Fault::new(FaultKind::SpecError, format!("agent `{}` has no plan type", agent.name)));
        };
        let json = match outcome.and_then(|value: Value| value.to_json()) {
            Ok(json) => json,
            Err(fault) => return self.failed(fault),
        };
        match std::mem::replace(&mut self.phase, Phase::Begin) {
            Phase::Begin => self.begin(plan),
            Phase::Checking => self.store(plan, json),
            Phase::Storing => self.approve(json),
            Phase::Approving(stored) => reply(Reply::of(approved(&stored, &json))),
        }
    }
}
