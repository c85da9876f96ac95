//! The gate of plans: a revision is read, judged, and approved as just that revision.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Machine;
use super::answer::text;
use super::branch::Next;
use super::emit::closing_fault;
use super::gate::{Clearance, Gated, Held, bind};
use super::hold::Question;
use crate::approvals::{ApprovalKind, Bound};
use crate::effects::{AdvancePlan, Effect, LoadPlan, PlanMove};
use crate::policy::{EXPIRES_IN_MS, Facts, Verdict};
use crate::position::Position;
use crate::value::Value;

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
        let held = Held::Plan(approval_of(advance));
        let load = LoadPlan { plan: None, plan_id: advance.plan_id.clone() };
        let question = Effect::LoadPlan(Arc::new(load));
        let (digest, rule) = (String::new(), String::new());
        self.hold_back(index, Gated { held, position, question, digest, rule, plan_digest: None, reading: true })
    }

    pub(super) fn plan_read(&mut self, index: u32, gated: Gated, instance: &Value) -> Option<Next> {
        let Held::Plan(mut advance) = gated.held else { return None };
        let instance = match instance.to_json() {
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
                let question = self.question_about(&gated.position, &instance, &rule, expires_in_ms);
                self.hold(index, gated.position, Held::Plan(advance), question, plan_digest)
            }
        }
    }

    fn question_about(&self, position: &Position, instance: &Json, rule: &str, expires_in_ms: i64) -> Question {
        let body = instance.get("body").cloned().unwrap_or(Json::Null);
        let bound = Bound {
            plan_id: Some(text(instance, "plan_id")),
            plan_revision: instance.get("revision").and_then(Json::as_u64),
            ..bind(&self.settings.context, position, ApprovalKind::Plan, rule, body)
        };
        let title = format!("plan {} revision {}", text(instance, "plan"), bound.plan_revision.unwrap_or_default());
        Question { title, bound, expires_in_ms: Some(expires_in_ms) }
    }

    /// Without a policy of its own a plan waits for a human.
    fn judge_plan(&self, advance: &AdvancePlan, instance: &Json) -> Verdict {
        let Some(policy) = &advance.policy else {
            return Verdict::Ask { rule: "default: plans always".to_owned(), expires_in_ms: EXPIRES_IN_MS };
        };
        let args = instance.get("body").unwrap_or(&Json::Null);
        let context = &self.settings.context;
        let (tenant, principal) = (context.tenant.as_str(), context.principal.as_deref());
        policy.decide(&Facts { args, tool: "store_plan", agent: &advance.by, tenant, principal })
    }
}

fn approval_of(advance: &AdvancePlan) -> AdvancePlan {
    let (plan_id, policy, by) = (advance.plan_id.clone(), advance.policy.clone(), advance.by.clone());
    AdvancePlan { plan_id, step: PlanMove::Approve, policy, by }
}
