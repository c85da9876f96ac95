//! Approvals at the desk: asked, shown, answered once.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::decision::{approval_fault, read_decision, resolved, shown, unknown};
use super::desk::{Desk, Pending, stored};
use crate::approvals::{Answered, Approval, ApprovalStatus, Decision, Verdict, answer, expire};
use crate::effects::{AwaitApproval, Effect};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Ask, AskId, Ruling};
use crate::policy::EXPIRES_IN_MS;
use crate::schema::Validator;
use crate::store::{Versioned, Write};
use crate::value::{Outcome, Value};

impl Desk {
    /// Asks a human and gives the approval's id.
    ///
    /// # Errors
    /// [`FaultKind::ApprovalError`] when the subject cannot be shown, [`FaultKind::StorageError`].
    pub fn open(&mut self, ask: &Ask, now: i64) -> Result<String, Fault> {
        let Effect::AwaitApproval(request) = &ask.effect else {
            return Err(Fault::new(FaultKind::ApprovalError, "only an approval can be asked of a human"));
        };
        let Some(bound) = &request.bound else {
            return Err(Fault::new(FaultKind::ApprovalError, "the approval is bound to nothing"));
        };
        let id = self.draw_id("approval");
        let expires_in_ms = request.expires_in_ms.unwrap_or(EXPIRES_IN_MS);
        let asked = Approval::ask(&id, (**bound).clone(), &request.title, now, expires_in_ms);
        let mut approval = asked.map_err(|fault| approval_fault(&fault))?;
        approval.thread_id.clone_from(&self.context.thread_id);
        approval.agent = ask.position.scope.agent().map(ToString::to_string);
        if let Some(plan_id) = &bound.plan_id {
            approval.cards = self.plan_cards_of(plan_id, now)?;
        }
        self.commit(Write::Approval { version: 0, approval: approval.clone() })?;
        self.tell_required(ask, request, &approval);
        let (position, tool) = (ask.position.clone(), request.tool.clone());
        let pending = Pending { approval_id: id.clone(), position, expires_at: approval.expires_at, tool };
        self.pending.insert(ask.id, pending);
        Ok(id)
    }

    fn plan_cards_of(&self, plan_id: &str, now: i64) -> Result<Vec<Json>, Fault> {
        let plan = self.lock().plan(&self.context.tenant, plan_id).map_err(|error| stored(&error))?;
        Ok(plan.map(|plan| self.cards(&plan.value, now)).unwrap_or_default())
    }

    fn tell_required(&mut self, ask: &Ask, request: &AwaitApproval, approval: &Approval) {
        let body = EventBody::ApprovalRequired {
            approval_id: approval.id.clone(),
            kind: json!(approval.bound.kind).as_str().unwrap_or_default().to_owned(),
            title: approval.title.clone(),
            subject: shown(approval),
            cards: approval.cards.clone(),
            digest: approval.digest.to_string(),
            rule: request.rule.clone(),
            expires_at: approval.expires_at,
        };
        self.tell(&ask.position, body);
    }

    /// Takes a human's decision; gives what goes back to the program, or nothing when it was said before.
    ///
    /// # Errors
    /// An unknown, expired or otherwise answered approval, or edits that do not fit.
    pub fn decide(&mut self, approval_id: &str, decision: Decision, now: i64) -> Result<Option<(AskId, Value)>, Fault> {
        let found = self.lock().approval(&self.context.tenant, approval_id).map_err(|error| stored(&error))?;
        let Some(Versioned { version, value: mut approval }) = found else { return Err(unknown(approval_id)) };
        let Some(id) = self.pending.iter().find(|(_, pending)| pending.approval_id == approval_id).map(|(id, _)| *id)
        else {
            return self.decided_before(approval, decision, now);
        };
        self.check_edits(&approval, &decision, id)?;
        if answer(&mut approval, &self.context.tenant, decision, now).map_err(|fault| approval_fault(&fault))?
            == Answered::Same
        {
            return Ok(None);
        }
        let ruling = self.ruling(&mut approval, now)?;
        self.commit(Write::Approval { version, approval: approval.clone() })?;
        if let Some(pending) = self.pending.remove(&id) {
            self.tell(&pending.position, resolved(&approval));
        }
        Ok(Some((id, Value::from(json!(ruling)))))
    }

    fn decided_before(
        &self,
        mut approval: Approval,
        decision: Decision,
        now: i64,
    ) -> Result<Option<(AskId, Value)>, Fault> {
        match answer(&mut approval, &self.context.tenant, decision, now).map_err(|fault| approval_fault(&fault))? {
            Answered::Same => Ok(None),
            Answered::New => Err(unknown(&approval.id)),
        }
    }

    /// Edits are checked before anyone is told that they count.
    fn check_edits(&self, approval: &Approval, decision: &Decision, id: AskId) -> Result<(), Fault> {
        let Verdict::Approve { edits, actions } = &decision.verdict else { return Ok(()) };
        self.check_choice(approval, actions.as_ref())?;
        if edits.is_empty() {
            return Ok(());
        }
        let mut edited = approval.clone();
        edited.decision = Some(decision.clone());
        let subject =
            edited.approved_subject(self.field_of(approval).as_deref()).map_err(|fault| approval_fault(&fault))?;
        let checked =
            match (self.pending.get(&id).and_then(|pending| pending.tool.as_ref()), self.plan_schema(approval)) {
                (Some(tool), _) => tool.validator.validate(&subject),
                (None, Some(schema)) => {
                    Validator::new(&schema).map_or(Ok(()), |validator| validator.validate(&subject))
                }
                (None, None) => Ok(()),
            };
        checked.map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Fault::new(FaultKind::ApprovalError, format!("the edits do not fit: {}", faults.join("; ")))
                .hint("nothing was decided; answer again")
        })
    }

    /// Only actions that the plan has can be chosen.
    fn check_choice(&self, approval: &Approval, chosen: Option<&BTreeSet<usize>>) -> Result<(), Fault> {
        let (Some(chosen), Some(plan_id)) = (chosen, &approval.bound.plan_id) else { return Ok(()) };
        let plan = self.lock().plan(&self.context.tenant, plan_id).map_err(|error| stored(&error))?;
        let count = plan.map_or(0, |plan| plan.value.actions().len());
        match chosen.iter().find(|index| **index >= count) {
            None => Ok(()),
            Some(index) => {
                Err(Fault::new(FaultKind::ApprovalError, format!("the plan has no action {index}; it has {count}"))
                    .hint("nothing was decided; answer again"))
            }
        }
    }

    fn plan_name(&self, approval: &Approval) -> Option<String> {
        let plan_id = approval.bound.plan_id.as_ref()?;
        let plan = self.lock().plan(&self.context.tenant, plan_id).ok().flatten()?;
        Some(plan.value.plan().to_owned())
    }

    fn field_of(&self, approval: &Approval) -> Option<String> {
        self.plan_name(approval).and_then(|name| self.actions_field(&name).map(str::to_owned))
    }

    fn plan_schema(&self, approval: &Approval) -> Option<Json> {
        let name = self.plan_name(approval)?;
        let mut specs = self.spec.agents.iter().filter_map(|agent| agent.plan.as_ref());
        specs.find(|spec| spec.name == name).map(|spec| spec.schema.clone())
    }

    /// A scripted decision, as a human would have given it.
    ///
    /// # Errors
    /// As `decide`.
    pub fn decide_scripted(&mut self, approval_id: &str, decision: &Json, now: i64) -> Outcome {
        let decision = read_decision(decision, Some("script".to_owned()), now)?;
        let ruled = self.decide(approval_id, decision, now)?;
        ruled.map(|(_, ruling)| ruling).ok_or_else(|| unknown(approval_id))
    }

    fn ruling(&self, approval: &mut Approval, now: i64) -> Result<Ruling, Fault> {
        let verdict = approval.decision.as_ref().map(|decision| decision.verdict.clone());
        let (reason, actions, edited) = match &verdict {
            Some(Verdict::Reject { reason }) => (Some(reason.clone()), None, false),
            Some(Verdict::Approve { actions, edits }) => (None, actions.clone(), !edits.is_empty()),
            Some(Verdict::Happened { .. }) | None => (None, None, false),
        };
        let approved = approval.status == ApprovalStatus::Approved;
        let subject = if approved {
            let field = self.field_of(approval);
            let bound = approval.bound.clone();
            approval.take_grant(&bound, field.as_deref()).map_err(|fault| approval_fault(&fault))?.into_subject()
        } else {
            approval.bound.subject.clone()
        };
        let principal = approval.decision.as_ref().and_then(|decision| decision.principal.clone());
        let (approval_id, digest) = (approval.id.clone(), approval.digest.to_string());
        Ok(Ruling {
            approval_id,
            digest,
            approved,
            subject,
            reason,
            principal,
            expires_at: approval.expires_at,
            answered_at: now,
            edited,
            actions,
        })
    }

    /// Ends what nobody answered in time; each goes back to the program as a refusal.
    pub fn expire(&mut self, now: i64) -> Vec<(AskId, Outcome)> {
        let due = self.pending.iter().filter(|(_, pending)| pending.expires_at <= now);
        let due: Vec<AskId> = due.map(|(id, _)| *id).collect();
        due.into_iter().filter_map(|id| Some((id, self.expire_one(id, now)?))).collect()
    }

    fn expire_one(&mut self, id: AskId, now: i64) -> Option<Outcome> {
        let pending = self.pending.remove(&id)?;
        Some(self.expire_pending(&pending, now))
    }

    fn expire_pending(&mut self, pending: &Pending, now: i64) -> Outcome {
        let found = self.lock().approval(&self.context.tenant, &pending.approval_id).map_err(|error| stored(&error))?;
        let Versioned { version, value: mut approval } = found.ok_or_else(|| unknown(&pending.approval_id))?;
        let at = now.max(approval.expires_at);
        expire(&mut approval, at);
        let ruling = self.ruling(&mut approval, at)?;
        let (approval_id, digest) = (approval.id.clone(), approval.digest.to_string());
        self.commit(Write::Approval { version, approval })?;
        self.tell(&pending.position, EventBody::ApprovalExpired { approval_id, digest });
        Ok(Value::from(json!(ruling)))
    }

    /// Nobody waits for this answer any more.
    pub fn withdraw(&mut self, id: AskId) {
        if let Some(pending) = self.pending.get(&id) {
            let at = pending.expires_at;
            drop(self.expire_one(id, at));
        }
    }

    /// The approvals that the run waits for.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        self.pending.values().map(|pending| pending.approval_id.clone()).collect()
    }

    /// When the next of them expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<i64> {
        self.pending.values().map(|pending| pending.expires_at).min()
    }
}
