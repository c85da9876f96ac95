//! The gate of plans: a revision is read, judged, and approved or begun as just that revision.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::Machine;
use super::answer::text;
use super::branch::Next;
use super::emit::closing_fault;
use super::gate::{Clearance, Gated, Held, bind};
use super::hold::Question;
use crate::approvals::{ApprovalKind, Bound};
use crate::effects::{AdvancePlan, Effect, LoadPlan, PlanMove};
use crate::fault::{Fault, FaultKind};
use crate::policy::{EXPIRES_IN_MS, Facts, Verdict};
use crate::position::Position;
use crate::value::Value;

const EXECUTE_PLAN: &str = "execute_plan";

/// The rule by which an execution is asked about whatever the policy says.
const TOOLS_CHANGED: &str = "the tools of the plan have changed since it was approved";

impl Machine {
    /// A plan's instance is read before a human is asked about it.
    pub(super) fn gate_plan(
        &mut self,
        index: u32,
        position: Position,
        advance: &AdvancePlan,
        closing: bool,
    ) -> Option<Next> {
        if closing {
            return Some(Next::Deliver(Err(closing_fault("the approval of a plan"))));
        }
        let held = Held::Plan(advance.clone());
        let load = LoadPlan { plan: None, plan_id: advance.plan_id.clone() };
        let question = Effect::LoadPlan(Arc::new(load));
        let (digest, rule) = (String::new(), String::new());
        self.hold_back(index, Gated { held, position, question, digest, rule, plan_digest: None, reading: true })
    }

    pub(super) fn plan_read(&mut self, index: u32, gated: Gated, instance: &Value) -> Option<Next> {
        let Held::Plan(mut advance) = gated.held else { return None };
        let instance = match instance.to_json().and_then(|instance| standing(&advance.step, instance)) {
            Ok(instance) => instance,
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        advance.plan_id = Some(text(&instance, "plan_id"));
        let plan_digest = Some(text(&instance, "digest"));
        match self.judge_plan(&advance, &instance) {
            Verdict::Allow => {
                let clearance = Clearance::by_policy("plans: never").of_plan(plan_digest);
                self.emit(index, gated.position, Effect::AdvancePlan(Arc::new(advance)), Some(clearance))
            }
            Verdict::Ask { rule, expires_in_ms } => {
                let bound = self.bound_to(&gated.position, &advance.step, &instance, &rule);
                let question =
                    Question { title: title(&advance.step, &instance), bound, expires_in_ms: Some(expires_in_ms) };
                self.hold(index, gated.position, Held::Plan(advance), question, plan_digest)
            }
        }
    }

    /// The revision, its digest, its body and what its actions are performed by; for its execution, the tool that
    /// begins it.
    fn bound_to(&self, position: &Position, step: &PlanMove, instance: &Json, rule: &str) -> Bound {
        let body = instance.get("body").cloned().unwrap_or(Json::Null);
        Bound {
            tool: executes(step).then(|| EXECUTE_PLAN.to_owned()),
            schema_version: self.settings.plan_tools.get(&text(instance, "plan")).cloned(),
            plan_id: Some(text(instance, "plan_id")),
            plan_revision: instance.get("revision").and_then(Json::as_u64),
            plan_digest: Some(text(instance, "digest")),
            ..bind(&self.settings.context, position, ApprovalKind::Plan, rule, body)
        }
    }

    /// Without a policy of its own a plan waits for a human.
    ///
    /// A rule for plans sees the body, one that names `execute_plan` what that is called with.
    fn judge_plan(&self, advance: &AdvancePlan, instance: &Json) -> Verdict {
        if instance.get("tools_changed").is_some() {
            return Verdict::Ask { rule: TOOLS_CHANGED.to_owned(), expires_in_ms: EXPIRES_IN_MS };
        }
        let Some(policy) = &advance.policy else {
            return Verdict::Ask { rule: "default: plans always".to_owned(), expires_in_ms: EXPIRES_IN_MS };
        };
        let named = json!({"plan_id": instance.get("plan_id")});
        let executes = executes(&advance.step);
        let body = instance.get("body").unwrap_or(&Json::Null);
        let args = if executes && policy.names_the_tool() { &named } else { body };
        let context = &self.settings.context;
        let (tenant, principal) = (context.tenant.as_str(), context.principal.as_deref());
        let tool = if executes { EXECUTE_PLAN } else { "store_plan" };
        policy.decide(&Facts { args, tool, agent: &advance.by, tenant, principal })
    }
}

fn executes(step: &PlanMove) -> bool {
    matches!(step, PlanMove::Execute { .. })
}

fn title(step: &PlanMove, instance: &Json) -> String {
    let revision = instance.get("revision").and_then(Json::as_u64).unwrap_or_default();
    let plan = format!("plan {} revision {revision}", text(instance, "plan"));
    if executes(step) { format!("execute {plan}") } else { plan }
}

/// The instance, if it still is the revision that the move is about and can make it.
fn standing(step: &PlanMove, instance: Json) -> Result<Json, Fault> {
    if step.digest().is_some_and(|digest| digest != text(&instance, "digest")) {
        return Err(superseded(&instance));
    }
    let (wanted, verb) = if executes(step) { ("APPROVED", "executed") } else { ("DRAFT", "approved") };
    let status = text(&instance, "status");
    if status == wanted {
        return Ok(instance);
    }
    let message = format!("a {status} plan cannot be {verb}");
    Err(Fault::new(FaultKind::PlanError, message).detail(json!({"status": status})))
}

fn superseded(instance: &Json) -> Fault {
    let revision = instance.get("revision").and_then(Json::as_u64).unwrap_or_default();
    let message = format!("another revision of the plan was stored since: it stands at {revision}");
    Fault::new(FaultKind::PlanError, message)
        .hint("read the plan again")
        .detail(json!({"superseded": true, "revision": revision}))
}
