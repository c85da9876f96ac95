//! Standing questions: what a run asked of people before it was resumed, and what they have said since.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::json;

use super::decision::unknown;
use super::desk::{Desk, Pending, stored};
use crate::approvals::{Approval, ApprovalStatus, Bound};
use crate::effects::{AwaitApproval, Effect, PlanMove};
use crate::events::EventBody;
use crate::fault::Fault;
use crate::journal::{Entry, Line};
use crate::machine::{Ask, AskId};
use crate::position::Position;
use crate::store::Versioned;
use crate::value::{Outcome, Value};

/// The approvals that a journal tells of.
#[derive(Default)]
pub(super) struct Standing {
    /// By where they were asked, the first first.
    asked: BTreeMap<String, VecDeque<String>>,
    /// Those whose end was told.
    ended: BTreeSet<String>,
}

impl Desk {
    /// Lays out what a journal tells of approvals; ids that it names are drawn for nothing else.
    pub fn stand(&mut self, lines: &[Line]) {
        for line in lines {
            let Line::Entry(Entry::Told { position, event, .. }) = line else { continue };
            match event {
                EventBody::ApprovalRequired { approval_id, .. } => {
                    self.reserved.insert(approval_id.clone());
                    self.standing.asked.entry(position.clone()).or_default().push_back(approval_id.clone());
                }
                EventBody::ApprovalResolved { approval_id, .. }
                | EventBody::ApprovalExpired { approval_id, .. }
                | EventBody::ApprovalWithdrawn { approval_id, .. } => {
                    self.standing.ended.insert(approval_id.clone());
                }
                EventBody::PlanStored { plan_id, .. } => drop(self.reserved.insert(plan_id.clone())),
                _ => {}
            }
        }
    }

    /// Does at the desk what a recorded answer did there, as far as the store does not keep it.
    pub(super) fn recall_standing(&mut self, ask: &Ask, answer: &Outcome) {
        match (&ask.effect, answer) {
            (Effect::AwaitApproval(_), _) => drop(self.next_standing(&ask.position)),
            (Effect::AdvancePlan(advance), Ok(view)) => {
                let plan_id = view.to_json().ok().and_then(|view| Some(view.get("plan_id")?.as_str()?.to_owned()));
                match (&advance.step, plan_id) {
                    (PlanMove::Execute { .. }, Some(plan_id)) => drop(self.begun.insert(plan_id, ask.position.clone())),
                    (PlanMove::Finish { .. }, Some(plan_id)) => drop(self.begun.remove(&plan_id)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn next_standing(&mut self, position: &Position) -> Option<String> {
        self.standing.asked.get_mut(&position.to_string())?.pop_front()
    }

    fn known(&self, approval_id: &str) -> Result<Versioned<Approval>, Fault> {
        let found = self.lock().approval(&self.context.tenant, approval_id).map_err(|error| stored(&error))?;
        found.ok_or_else(|| unknown(approval_id))
    }

    /// The approval that was asked in this place about just this, where one was.
    pub(super) fn stands(&mut self, position: &Position, bound: &Bound) -> Option<(String, i64)> {
        let approval_id = self.next_standing(position)?;
        let approval = self.known(&approval_id).ok()?.value;
        (bound.digest().ok() == Some(approval.digest)).then_some((approval_id, approval.expires_at))
    }

    /// Waits again for the answer to what was asked before, or gives it; none where it was never asked, or was asked
    /// about something that has changed since.
    pub(super) fn reattach(&mut self, ask: &Ask, now: i64) -> Option<Result<Option<Value>, Fault>> {
        let Effect::AwaitApproval(request) = &ask.effect else { return None };
        let approval_id = self.next_standing(&ask.position)?;
        match self.known(&approval_id) {
            Ok(known) => self.wait_again(ask, request, known, now),
            Err(fault) => Some(Err(fault)),
        }
    }

    fn wait_again(
        &mut self,
        ask: &Ask,
        request: &AwaitApproval,
        known: Versioned<Approval>,
        now: i64,
    ) -> Option<Result<Option<Value>, Fault>> {
        let approval = &known.value;
        let (approval_id, expires_at) = (approval.id.clone(), approval.expires_at);
        let is_same = request.bound.as_ref().and_then(|bound| bound.digest().ok()) == Some(approval.digest);
        let status = approval.status;
        let position = ask.position.clone();
        self.pending.insert(ask.id, Pending { approval_id, position, expires_at });
        match status {
            _ if !is_same => {
                self.withdraw(ask.id, "what it was asked about has changed");
                self.pending.remove(&ask.id);
                None
            }
            ApprovalStatus::Withdrawn => {
                self.pending.remove(&ask.id);
                None
            }
            ApprovalStatus::Pending => Some(Ok(None)),
            ApprovalStatus::Approved | ApprovalStatus::Rejected | ApprovalStatus::Expired => {
                let ruled = self.ruled_since(ask.id, known, now);
                Some(ruled.map(Some))
            }
        }
    }

    /// What somebody said while nobody drove the run; what it does is done now, and once.
    fn ruled_since(&mut self, id: AskId, known: Versioned<Approval>, now: i64) -> Result<Value, Fault> {
        let Versioned { version, value: mut approval } = known;
        let said_at = approval.decision.as_ref().map_or(now, |decision| decision.at);
        let Some(position) = self.pending.get(&id).map(|pending| pending.position.clone()) else {
            return Err(unknown(&approval.id));
        };
        let ruling = if self.standing.ended.contains(&approval.id) {
            approval.used = false;
            self.ruling(&mut approval, said_at)?
        } else {
            self.conclude(&position, version, approval, said_at)?
        };
        self.pending.remove(&id);
        Ok(Value::from(json!(ruling)))
    }

    /// What was answered elsewhere of what the run waits for.
    pub(super) fn notice(&mut self, now: i64) -> Vec<(AskId, Outcome)> {
        let waiting: Vec<(AskId, String)> =
            self.pending.iter().map(|(id, pending)| (*id, pending.approval_id.clone())).collect();
        let mut ruled = Vec::new();
        for (id, approval_id) in waiting {
            // A store that cannot be read now is read again when it changes next.
            let Ok(known) = self.known(&approval_id) else { continue };
            if matches!(known.value.status, ApprovalStatus::Approved | ApprovalStatus::Rejected) {
                ruled.push((id, self.ruled_since(id, known, now)));
            }
        }
        ruled
    }
}
