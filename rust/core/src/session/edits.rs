//! Edits: what a human changes has to fit before anyone is told that it counts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::decision::approval_fault;
use super::desk::Desk;
use crate::approvals::{Approval, ApprovalKind, Decision, Verdict};
use crate::fault::{Fault, FaultKind};
use crate::schema::Validator;

impl Desk {
    /// Edits are checked before anyone is told that they count.
    pub(super) fn check_edits(&self, approval: &Approval, decision: &Decision) -> Result<(), Fault> {
        let Verdict::Approve { edits, actions } = &decision.verdict else { return Ok(()) };
        self.check_choice(approval, actions.as_ref())?;
        if edits.is_empty() {
            return Ok(());
        }
        let mut edited = approval.clone();
        edited.decision = Some(decision.clone());
        let subject =
            edited.approved_subject(self.field_of(approval).as_deref()).map_err(|fault| approval_fault(&fault))?;
        let Some(schema) = approval.schema.clone().or_else(|| self.plan_schema(approval)) else { return Ok(()) };
        check_fields(approval, edits, &schema)?;
        let checked = Validator::new(&schema).map_or(Ok(()), |validator| validator.validate(&subject));
        checked.map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            unfit(&faults.join("; "))
        })
    }

    /// Only actions that the plan has can be chosen.
    fn check_choice(&self, approval: &Approval, chosen: Option<&BTreeSet<usize>>) -> Result<(), Fault> {
        let (Some(chosen), Some(_)) = (chosen, &approval.bound.plan_id) else { return Ok(()) };
        let listed = self.field_of(approval).and_then(|field| approval.bound.subject.get(field));
        let count = listed.and_then(Json::as_array).map_or(0, Vec::len);
        match chosen.iter().find(|index| **index >= count) {
            None => Ok(()),
            Some(index) => {
                Err(Fault::new(FaultKind::ApprovalError, format!("the plan has no action {index}; it has {count}"))
                    .hint("nothing was decided; answer again"))
            }
        }
    }

    fn plan_name(&self, approval: &Approval) -> Option<String> {
        self.plan_type(approval.bound.plan_id.as_deref()?)
    }

    /// The type of a plan of this tenant.
    #[must_use]
    pub fn plan_type(&self, plan_id: &str) -> Option<String> {
        let plan = self.lock().plan(&self.context.tenant, plan_id).ok().flatten()?;
        Some(plan.value.plan().to_owned())
    }

    pub(super) fn field_of(&self, approval: &Approval) -> Option<String> {
        self.plan_name(approval).and_then(|name| self.actions_field(&name).map(str::to_owned))
    }

    fn plan_schema(&self, approval: &Approval) -> Option<Json> {
        let name = self.plan_name(approval)?;
        let mut specs = self.spec.agents.iter().filter_map(|agent| agent.plan.as_ref());
        specs.find(|spec| spec.name == name).map(|spec| spec.schema.clone())
    }
}

/// A human who misspells a field of a program's subject must not believe that it was changed.
fn check_fields(approval: &Approval, edits: &BTreeMap<String, Json>, schema: &Json) -> Result<(), Fault> {
    let is_open = schema.get("additionalProperties").is_some();
    let Some(subject) = approval.bound.subject.as_object().filter(|_| !is_open) else { return Ok(()) };
    if approval.bound.kind != ApprovalKind::Program {
        return Ok(());
    }
    match edits.keys().find(|field| !subject.contains_key(*field)) {
        None => Ok(()),
        Some(field) => Err(unfit(&format!("there is no field `{field}` to edit"))),
    }
}

fn unfit(why: &str) -> Fault {
    Fault::new(FaultKind::ApprovalError, format!("the edits do not fit: {why}"))
        .hint("nothing was decided; answer again")
}
