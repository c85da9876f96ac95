//! Asking: giving an effect its place, closing the gate where a rule says so, letting it out.

use std::sync::Arc;

use serde_json::Value as Json;

use super::answer::text;
use super::ask::Ask;
use super::branch::{Next, Waiting};
use super::gate::{Clearance, Gated, Held, bind, bind_call, digest_of};
use super::timers::Alarm;
use super::Machine;
use crate::approvals::{ApprovalKind, Bound};
use crate::effects::{AdvancePlan, AwaitApproval, CallTool, Effect, LoadPlan, PlanMove};
use crate::fault::{Fault, FaultKind};
use crate::policy::{EXPIRES_IN_MS, Facts, Verdict};
use crate::position::{Position, Scope};
use crate::specs::Access;
use crate::value::Value;

impl Machine {
    /// Gives an effect its place and lets it out, unless the machine answers it or the gate holds it.
    pub(super) fn ask(&mut self, index: u32, effect: Effect) -> Option<Next> {
        let branch = self.branch(index)?;
        let closing = branch.interrupt.is_some();
        if closing && let Some(fault) = refused_while_closing(&effect) {
            return Some(Next::Deliver(Err(fault)));
        }
        let retrying = branch.scope.retrying();
        let position = branch.take_position();
        match effect {
            Effect::Sleep(wait_ms) if !self.settings.sleeps_outside => self.sleep(index, position, wait_ms),
            Effect::CallAgent(call) => {
                let scope = Scope::enter(&position.scope, position.ordinal, 0).of_agent(Arc::clone(call.agent.name_shared()));
                let program = call.agent.program(&call.prompt);
                self.answer_with(index, position, Effect::CallAgent(call), scope, program)
            }
            Effect::CallTool(call) if retrying && call.tool.spec.access == Access::WriteOnce => Some(Next::Deliver(Err(repeated(&call)))),
            Effect::CallTool(call) => self.gate_call(index, position, call, closing),
            Effect::AdvancePlan(advance) if advance.step == PlanMove::Approve => self.gate_plan(index, position, &advance, closing),
            Effect::AwaitApproval(request) => self.gate_program(index, position, &request),
            effect => self.emit(index, position, effect, None),
        }
    }

    fn sleep(&mut self, index: u32, position: Position, wait_ms: i64) -> Option<Next> {
        let now = self.settings.now;
        self.journal.asked(position.clone(), Effect::Sleep(wait_ms), now);
        let timer = self.timers.add(now.saturating_add(wait_ms.max(0)), Alarm::Wake(index));
        self.branch(index)?.waiting = Waiting::Timer { timer, asked: Some(position) };
        None
    }

    fn gate_call(&mut self, index: u32, position: Position, call: Arc<CallTool>, closing: bool) -> Option<Next> {
        let (call, covered) = match self.cover(&call) {
            Ok(Some(covered)) => (Arc::new(covered), true),
            Ok(None) => (call, false),
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        match self.judge(&call, covered) {
            Err(fault) => Some(Next::Deliver(Err(fault))),
            Ok(Verdict::Allow) if covered => self.emit(index, position, Effect::CallTool(call), Some(Clearance::by_policy("plan"))),
            Ok(Verdict::Allow) => self.emit(index, position, Effect::CallTool(call), Some(Clearance::by_policy("policy"))),
            Ok(Verdict::Ask { .. }) if closing => Some(Next::Deliver(Err(closing_fault("a call that needs approval")))),
            Ok(Verdict::Ask { rule, expires_in_ms }) => self.hold_call(index, position, &call, &rule, expires_in_ms),
        }
    }

    /// The call of a plan's action, with the arguments that were approved.
    fn cover(&mut self, call: &CallTool) -> Result<Option<CallTool>, Fault> {
        let Some(action) = &call.covers else { return Ok(None) };
        match self.grants.remove(&(action.plan_id.clone(), action.index)) {
            Some(grant) if grant.kind == action.kind => {
                let mut covered = call.clone();
                covered.arguments = Value::from(serde_json::json!({&action.parameter: grant.arguments}));
                Ok(Some(covered))
            }
            _ => Err(Fault::new(FaultKind::ApprovalError, format!("no approved plan covers action {} of plan `{}`", action.index, action.plan_id))),
        }
    }

    fn judge(&self, call: &CallTool, covered: bool) -> Result<Verdict, Fault> {
        let extra = self.settings.policy.as_ref();
        let policies: Vec<_> = call.policy.iter().chain(extra).filter(|policy| !policy.never_asks()).collect();
        let policies: Vec<_> = policies.into_iter().filter(|policy| !covered || policy.explicit_always()).collect();
        if policies.is_empty() {
            return Ok(Verdict::Allow);
        }
        let args = call.arguments.to_json()?;
        let facts = self.facts(&args, &call.tool.spec.name, call);
        Ok(policies.iter().map(|policy| policy.decide(&facts)).find(|verdict| *verdict != Verdict::Allow).unwrap_or(Verdict::Allow))
    }

    fn facts<'a>(&'a self, args: &'a Json, tool: &'a str, call: &'a CallTool) -> Facts<'a> {
        let agent = call.agent.as_deref().unwrap_or("");
        Facts { args, tool, agent, tenant: &self.settings.context.tenant, principal: self.settings.context.principal.as_deref() }
    }

    fn hold_call(&mut self, index: u32, position: Position, call: &Arc<CallTool>, rule: &str, expires_in_ms: i64) -> Option<Next> {
        let bound = bind_call(&self.settings.context, &position, call, rule);
        let held = Held::Tool(CallTool::clone(call));
        let title = format!("call `{}`", call.tool.spec.name);
        self.hold_bound(index, position, held, bound, title, Some(expires_in_ms))
    }

    /// Asks a human about what the gate holds.
    fn hold_bound(&mut self, index: u32, position: Position, held: Held, bound: Result<Bound, Fault>, title: String, expires_in_ms: Option<i64>) -> Option<Next> {
        let (bound, digest) = match bound.and_then(|bound| digest_of(&bound).map(|digest| (bound, digest))) {
            Ok(bound) => bound,
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        let rule = bound.rule.clone();
        let question = AwaitApproval {
            kind: bound.kind,
            title,
            subject: Value::from(bound.subject.clone()),
            rule: rule.clone(),
            bound: Some(Box::new(bound)),
            tool: if let Held::Tool(call) = &held { Some(Arc::clone(&call.tool)) } else { None },
            expires_in_ms,
        };
        self.hold(index, Gated { held, position, digest, rule, reading: false }, Effect::AwaitApproval(Arc::new(question)))
    }

    /// A plan's instance is read before a human is asked about it.
    fn gate_plan(&mut self, index: u32, position: Position, advance: &AdvancePlan, closing: bool) -> Option<Next> {
        if closing {
            return Some(Next::Deliver(Err(closing_fault("the approval of a plan"))));
        }
        let advance = AdvancePlan { plan_id: advance.plan_id.clone(), step: PlanMove::Approve, policy: advance.policy.clone(), by: advance.by.clone() };
        let load = LoadPlan { plan: None, plan_id: advance.plan_id.clone() };
        let gated = Gated { held: Held::Plan(advance), position, digest: String::new(), rule: String::new(), reading: true };
        self.hold(index, gated, Effect::LoadPlan(Arc::new(load)))
    }

    pub(super) fn plan_read(&mut self, index: u32, mut gated: Gated, instance: &Value) {
        let next = match instance.to_json() {
            Ok(instance) => {
                if let Held::Plan(advance) = &mut gated.held {
                    advance.plan_id = Some(text(&instance, "plan_id"));
                }
                self.ask_about_plan(index, gated, &instance)
            }
            Err(fault) => Some(Next::Deliver(Err(fault))),
        };
        if let Some(next) = next {
            self.resume(index, next);
        }
    }

    fn ask_about_plan(&mut self, index: u32, gated: Gated, instance: &Json) -> Option<Next> {
        let Held::Plan(advance) = &gated.held else { return None };
        let (rule, expires_in_ms) = match self.judge_plan(advance, instance) {
            Verdict::Ask { rule, expires_in_ms } => (rule, expires_in_ms),
            Verdict::Allow => {
                let advance = AdvancePlan { plan_id: advance.plan_id.clone(), step: PlanMove::Approve, policy: None, by: advance.by.clone() };
                return self.emit(index, gated.position, Effect::AdvancePlan(Arc::new(advance)), Some(Clearance::by_policy("plans: never")));
            }
        };
        let bound = Bound {
            plan_id: Some(text(instance, "plan_id")),
            plan_revision: instance.get("revision").and_then(Json::as_u64),
            ..bind(&self.settings.context, &gated.position, ApprovalKind::Plan, &rule, instance.get("body").cloned().unwrap_or(Json::Null))
        };
        let title = format!("plan `{}` revision {}", text(instance, "plan"), bound.plan_revision.unwrap_or_default());
        self.hold_bound(index, gated.position, gated.held, Ok(bound), title, Some(expires_in_ms))
    }

    /// Without a policy of its own a plan waits for a human.
    fn judge_plan(&self, advance: &AdvancePlan, instance: &Json) -> Verdict {
        let Some(policy) = &advance.policy else {
            return Verdict::Ask { rule: "default: plans always".to_owned(), expires_in_ms: EXPIRES_IN_MS };
        };
        let args = instance.get("body").unwrap_or(&Json::Null);
        let context = &self.settings.context;
        policy.decide(&Facts { args, tool: "store_plan", agent: &advance.by, tenant: &context.tenant, principal: context.principal.as_deref() })
    }

    fn gate_program(&mut self, index: u32, position: Position, request: &AwaitApproval) -> Option<Next> {
        let context = &self.settings.context;
        let bound = request.subject.to_json().map(|subject| bind(context, &position, request.kind, &request.rule, subject));
        self.hold_bound(index, position, Held::Program(request.subject.clone()), bound, request.title.clone(), request.expires_in_ms)
    }

    /// Emits a question in place of the effect that the gate holds.
    fn hold(&mut self, index: u32, gated: Gated, question: Effect) -> Option<Next> {
        let now = self.settings.now;
        self.journal.asked(gated.position.clone(), question.clone(), now);
        let branch = self.branch(index)?;
        let id = branch.next_ask(index);
        let ask = Ask::open(id, gated.position.clone(), question);
        branch.waiting = Waiting::Gated(Box::new(gated));
        self.step.asks.push(ask);
        None
    }

    /// Lets an approved call out.
    pub(super) fn emit_call(&mut self, index: u32, position: Position, call: CallTool, clearance: Clearance) -> Option<Next> {
        self.emit(index, position, Effect::CallTool(Arc::new(call)), Some(clearance))
    }

    pub(super) fn emit(&mut self, index: u32, position: Position, effect: Effect, clearance: Option<Clearance>) -> Option<Next> {
        let now = self.settings.now;
        self.journal.asked(position.clone(), effect.clone(), now);
        let branch = self.branch(index)?;
        let id = branch.next_ask(index);
        branch.waiting = Waiting::Asked { position: position.clone(), effect: effect.clone() };
        self.step.asks.push(Ask::new(id, position, effect, clearance));
        None
    }
}

fn refused_while_closing(effect: &Effect) -> Option<Fault> {
    let what = match effect {
        Effect::AwaitApproval(_) => "an approval",
        Effect::CallModel(_) => "a model call",
        Effect::CallAgent(_) => "an agent",
        _ => return None,
    };
    Some(closing_fault(what))
}

fn closing_fault(what: &str) -> Fault {
    Fault::new(FaultKind::ProgramError, format!("{what} cannot be asked while a cancelled program cleans up"))
}

fn repeated(call: &CallTool) -> Fault {
    let message = format!("`retry` cannot repeat `{}`, which writes once", call.tool.spec.name);
    Fault::new(FaultKind::ProgramError, message).hint("declare the tool `access=\"write_idempotent\"` and use its idempotency key, or move the call out of `retry`")
}
