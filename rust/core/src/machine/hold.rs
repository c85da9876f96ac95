//! Holding: an effect stays behind the gate while its question goes out.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Machine;
use super::ask::Ask;
use super::branch::{Next, Waiting};
use super::emit::closing_fault;
use super::gate::{Gated, Held, bind, bind_tool, digest_of};
use super::program::Intent;
use crate::approvals::Bound;
use crate::effects::{AwaitApproval, CallTool, Effect, Tool};
use crate::fault::Fault;
use crate::policy::Verdict;
use crate::position::Position;
use crate::value::Value;

/// A question about what the gate holds.
pub(super) struct Question {
    pub title: String,
    pub bound: Bound,
    pub expires_in_ms: Option<i64>,
}

impl Machine {
    pub(super) fn hold_call(
        &mut self,
        index: u32,
        position: Position,
        call: &Arc<CallTool>,
        rule: &str,
        expires_in_ms: i64,
    ) -> Option<Next> {
        let arguments = match call.arguments.to_json() {
            Ok(arguments) => arguments,
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        let bound = bind_tool(&self.settings.context, &position, &call.tool, arguments, rule);
        let title = format!("call {}", call.tool.spec.name);
        let question = Question { title, bound, expires_in_ms: Some(expires_in_ms) };
        self.hold(index, position, Held::Tool(CallTool::clone(call)), question, None)
    }

    /// Asks whether a native loop may do what it is about to do; answers with the arguments as approved.
    pub(super) fn consult(&mut self, index: u32, intent: Intent) -> Option<Next> {
        let closing = self.is_closing(index);
        let position = self.branch(index)?.take_position();
        match self.judge(&[&*intent.policy], &intent.arguments, &intent.tool, Some(&*intent.agent)) {
            Verdict::Allow => Some(Next::Deliver(Ok(Value::from(intent.arguments)))),
            Verdict::Ask { .. } if closing => Some(Next::Deliver(Err(closing_fault("what needs approval")))),
            Verdict::Ask { rule, expires_in_ms } => {
                let bound = bind_tool(&self.settings.context, &position, &intent.tool, intent.arguments, &rule);
                let title = format!("call {}", intent.tool.spec.name);
                let question = Question { title, bound, expires_in_ms: Some(expires_in_ms) };
                self.hold(index, position, Held::Intent(intent.tool), question, None)
            }
        }
    }

    pub(super) fn gate_program(
        &mut self,
        index: u32,
        position: Position,
        request: &Arc<AwaitApproval>,
    ) -> Option<Next> {
        let subject = match request.subject.to_json() {
            Ok(subject) => subject,
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        let bound = bind(&self.settings.context, &position, request.kind, &request.rule, subject);
        let question = Question { title: request.title.clone(), bound, expires_in_ms: request.expires_in_ms };
        self.hold(index, position, Held::Program(Arc::clone(request)), question, None)
    }

    /// Asks a human about what the gate holds.
    pub(super) fn hold(
        &mut self,
        index: u32,
        position: Position,
        held: Held,
        question: Question,
        plan_digest: Option<String>,
    ) -> Option<Next> {
        let schema = held.schema();
        let (mut question, digest) = match question_effect(question) {
            Ok(question) => question,
            Err(fault) => return Some(Next::Deliver(Err(fault))),
        };
        if let Some(question) = Arc::get_mut(&mut question) {
            question.schema = schema;
        }
        let rule = question.rule.clone();
        let question = Effect::AwaitApproval(question);
        self.hold_back(index, Gated { held, position, question, digest, rule, plan_digest, reading: false })
    }

    /// Emits a question in place of the effect that the gate holds.
    pub(super) fn hold_back(&mut self, index: u32, gated: Gated) -> Option<Next> {
        let now = self.settings.now;
        self.journal.asked(gated.position.clone(), gated.question.clone(), now);
        let branch = self.branch(index)?;
        let id = branch.next_ask(index);
        let ask = Ask::open(id, gated.position.clone(), gated.question.clone());
        branch.waiting = Waiting::Gated(Box::new(gated));
        self.step.asks.push(ask);
        None
    }
}

/// A question as an effect, with the digest that its answer has to name.
pub(super) fn question_effect(question: Question) -> Result<(Arc<AwaitApproval>, String), Fault> {
    let Question { title, bound, expires_in_ms } = question;
    let digest = digest_of(&bound)?;
    let effect = AwaitApproval {
        kind: bound.kind,
        title,
        subject: Value::from(bound.subject.clone()),
        rule: bound.rule.clone(),
        schema: None,
        bound: Some(Box::new(bound)),
        expires_in_ms,
    };
    Ok((Arc::new(effect), digest))
}

impl Held {
    /// What edits of the subject have to leave it as.
    fn schema(&self) -> Option<Arc<Json>> {
        let of_tool = |tool: &Tool| Some(Arc::new(tool.spec.parameters.clone()));
        match self {
            Self::Tool(call) => of_tool(&call.tool),
            Self::Intent(tool) => of_tool(tool),
            Self::Program(request) => request.schema.clone(),
            Self::Plan(_) | Self::Doubt(_) => None,
        }
    }
}
