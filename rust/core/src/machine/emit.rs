//! Asking: giving an effect its place, closing the gate where a rule says so, letting it out.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Machine;
use super::ask::Ask;
use super::branch::{Next, Queued, Waiting};
use super::gate::Clearance;
use super::timers::Alarm;
use crate::budget::Turnstile;
use crate::effects::{CallTool, Effect, Tool};
use crate::fault::{Fault, FaultKind};
use crate::policy::{Facts, Resolved, Verdict};
use crate::position::{Position, Scope};
use crate::specs::Access;
use crate::value::Value;

impl Machine {
    /// Gives an effect its place and lets it out, unless the machine answers it or the gate holds it.
    pub(super) fn ask(&mut self, index: u32, effect: Effect) -> Option<Next> {
        let closing = self.is_closing(index);
        if closing && let Some(fault) = refused_while_closing(&effect) {
            return Some(Next::Deliver(Err(fault)));
        }
        let branch = self.branch(index)?;
        let retrying = branch.scope.retrying();
        let position = branch.take_position();
        if let Some(fault) = self.over_budget(&position, &effect) {
            return Some(Next::Deliver(Err(fault)));
        }
        match effect {
            Effect::Sleep(wait_ms) if !self.settings.sleeps_outside => self.sleep(index, position, wait_ms),
            Effect::CallAgent(call) => {
                let agent = Arc::clone(call.agent.name_shared());
                let scope = Scope::enter(&position.scope, position.ordinal, 0).of_agent(agent);
                let program = call.agent.program(&call.prompt);
                self.answer_with(index, position, Effect::CallAgent(call), scope, program)
            }
            Effect::CallTool(call) if retrying && call.tool.spec.access == Access::WriteOnce => {
                Some(Next::Deliver(Err(repeated(&call))))
            }
            Effect::CallTool(call) => self.gate_call(index, position, call, closing),
            Effect::AdvancePlan(advance) if advance.is_gated() => self.gate_plan(index, position, &advance, closing),
            Effect::AwaitApproval(request) => self.gate_program(index, position, &request),
            effect => self.emit(index, position, effect, None),
        }
    }

    fn sleep(&mut self, index: u32, position: Position, wait_ms: i64) -> Option<Next> {
        let now = self.settings.now;
        self.journal.asked(position.clone(), Effect::Sleep(wait_ms), now);
        let timer = self.timers.add(now.saturating_add(wait_ms.max(0)), Alarm::Wake(index));
        self.branch(index)?.waiting = Waiting::Timer { timer, asked: Some((position, wait_ms)) };
        None
    }

    fn gate_call(&mut self, index: u32, position: Position, call: Arc<CallTool>, closing: bool) -> Option<Next> {
        let (call, covered) = match self.cover(&call) {
            Ok(Some(covered)) => (Arc::new(covered), true),
            Ok(None) => (call, false),
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        match self.judge_call(&call, covered) {
            Err(fault) => Some(Next::Deliver(Err(fault))),
            Ok(Verdict::Allow) => {
                let clearance = Clearance::by_policy(if covered { "plan" } else { "policy" });
                self.emit(index, position, Effect::CallTool(call), Some(clearance))
            }
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
            _ => {
                let message = format!("no approved plan covers action {} of plan `{}`", action.index, action.plan_id);
                Err(Fault::new(FaultKind::ApprovalError, message))
            }
        }
    }

    /// The rules of whoever asks, with what the interpreter added to them, and the tool's own floor.
    ///
    /// A plan's approval covers its actions, except where a rule names the tool and says `always`.
    fn judge_call(&self, call: &CallTool, covered: bool) -> Result<Verdict, Fault> {
        let rules = call.policy.as_deref().into_iter().chain(call.tool.floor());
        let rules: Vec<&Resolved> =
            rules.filter(|rules| !rules.never_asks() && (!covered || rules.explicit_always())).collect();
        if rules.is_empty() {
            return Ok(Verdict::Allow);
        }
        let args = call.arguments.to_json()?;
        Ok(self.judge(&rules, &args, &call.tool, call.agent.as_deref()))
    }

    pub(super) fn judge(&self, rules: &[&Resolved], args: &Json, tool: &Tool, agent: Option<&str>) -> Verdict {
        let context = &self.settings.context;
        let (tool, agent) = (tool.spec.name.as_str(), agent.unwrap_or_default());
        let facts = Facts { args, tool, agent, tenant: &context.tenant, principal: context.principal.as_deref() };
        let mut verdicts = rules.iter().map(|rules| rules.decide(&facts));
        verdicts.find(|verdict| *verdict != Verdict::Allow).unwrap_or(Verdict::Allow)
    }

    pub(super) fn emit(
        &mut self,
        index: u32,
        position: Position,
        effect: Effect,
        clearance: Option<Clearance>,
    ) -> Option<Next> {
        let now = self.settings.now;
        let id = self.branch(index)?.next_ask(index);
        let answer_tokens_max = match self.settings.purse.take(id, &position, &effect, now) {
            Turnstile::Go(tokens) => tokens,
            Turnstile::Wait => return self.queue_call(index, Queued { position, effect, clearance }),
            Turnstile::Stop(ruled) => return Some(Next::Deliver(Err(self.refused(&position, ruled)))),
        };
        self.journal.asked(position.clone(), effect.clone(), now);
        self.branch(index)?.waiting = Waiting::Asked { position: position.clone(), effect: effect.clone() };
        self.step.asks.push(Ask::new(id, position, effect, clearance).allowed(answer_tokens_max));
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

pub(super) fn closing_fault(what: &str) -> Fault {
    Fault::new(FaultKind::ProgramError, format!("{what} cannot be asked while a cancelled program cleans up"))
}

fn repeated(call: &CallTool) -> Fault {
    let message = format!("`retry` cannot repeat `{}`, which writes once", call.tool.spec.name);
    let hint = "declare the tool `access=\"write_idempotent\"` and use its idempotency key, \
                or move the call out of `retry`";
    Fault::new(FaultKind::ProgramError, message).hint(hint)
}
