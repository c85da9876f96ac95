//! Handlers of the user's that answer in place of a human: their word is a decision like any other.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::decision::{malformed, read_decision, unknown};
use super::desk::Desk;
use crate::approvals::{Approval, ApprovalKind, Decision, Verdict};
use crate::fault::Fault;
use crate::machine::AskId;
use crate::plans::Settlement;
use crate::value::{Outcome, Value};

/// The name under which a handler of the user's decides.
const HANDLER: &str = "handler";

impl Desk {
    /// What a handler of the user's said in place of a human, checked like what a human says.
    ///
    /// # Errors
    /// As `decide`.
    pub(super) fn decide_by_handler(&mut self, id: AskId, said: &Value, now: i64) -> Outcome {
        let found = self.pending.get(&id).and_then(|pending| self.approval_of(pending));
        let approval = found.ok_or_else(|| unknown("of this handler"))?;
        let (decision, subject) = by_handler(&said.to_json()?, &approval, now)?;
        let ruled = self.decide_here(&approval.id, decision, now)?;
        let (_, ruling) = ruled.ok_or_else(|| unknown(&approval.id))?;
        Ok(with_subject(ruling, subject))
    }
}

/// Reads what a handler said: a decision, or the subject as approved.
///
/// The subject of a program may be of any form; where edits cannot say it, it is given beside the decision.
///
/// # Errors
/// [`FaultKind::ApprovalError`] when it is neither.
fn by_handler(said: &Json, approval: &Approval, at: i64) -> Result<(Decision, Option<Json>), Fault> {
    let principal = Some(HANDLER.to_owned());
    if let Some(decision) = said.get("decision").filter(|decision| decision.is_object()) {
        let decision = read_decision(decision, principal, at)?;
        return Ok((Decision { by_handler: true, ..decision }, None));
    }
    let subject = said.get("subject").unwrap_or(said);
    if approval.bound.kind == ApprovalKind::InDoubt {
        return Ok((Decision { verdict: became(subject), principal, by_handler: true, reason: None, at }, None));
    }
    let edits = edits_between(&approval.bound.subject, subject);
    if edits.is_none() && approval.bound.kind != ApprovalKind::Program {
        return Err(malformed("it leaves out fields of what was asked"));
    }
    let beside = edits.is_none().then(|| subject.clone());
    let verdict = Verdict::Approve { actions: None, edits: edits.unwrap_or_default() };
    Ok((Decision { verdict, principal, by_handler: true, reason: None, at }, beside))
}

/// What a handler says became of a write; silence counts as a failure.
fn became(said: &Json) -> Verdict {
    match Settlement::read(said) {
        Some(Settlement::Happened(result)) => Verdict::Happened { result },
        Some(Settlement::Rerun) => Verdict::RunAgain,
        Some(Settlement::Abandon(reason)) => Verdict::Failed { reason },
        None => Verdict::Failed { reason: "the handler does not say what became of it".to_owned() },
    }
}

/// The edits that make one subject of another, where edits can.
fn edits_between(before: &Json, after: &Json) -> Option<BTreeMap<String, Json>> {
    if before == after {
        return Some(BTreeMap::new());
    }
    let (before, after) = (before.as_object()?, after.as_object()?);
    let keeps_all = before.keys().all(|field| after.contains_key(field));
    let changed = after.iter().filter(|(field, value)| before.get(*field) != Some(*value));
    keeps_all.then(|| changed.map(|(field, value)| (field.clone(), value.clone())).collect())
}

/// The ruling with the subject that a handler gave in place of edits.
fn with_subject(ruling: Value, subject: Option<Json>) -> Value {
    let (Some(subject), Ok(Json::Object(mut fields))) = (subject, ruling.to_json()) else { return ruling };
    fields.insert("subject".to_owned(), subject);
    fields.insert("edited".to_owned(), Json::Bool(true));
    Value::from(Json::Object(fields))
}
