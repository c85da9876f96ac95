//! Approvals at the desk: asked, shown, answered once.

use serde_json::{Value as Json, json};

use super::decision::{approval_fault, ended, read_decision, unknown};
use super::desk::{Desk, Pending, stored};
use crate::approvals::{
    Answered, Approval, ApprovalFault, ApprovalKind, ApprovalStatus, Decision, Verdict, answer, expire, shown, withdraw,
};
use crate::effects::{AwaitApproval, Effect};
use crate::events::EventBody;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Ask, AskId, LeftOpen, Ruling};
use crate::policy::EXPIRES_IN_MS;
use crate::position::{Position, Scope};
use crate::store::{Batch, StoreError, Versioned, Write};
use crate::value::{Outcome, Value};

/// What became of a decision.
enum Taken {
    /// It counts, or was said before; what goes back to the program, where that waits.
    Told(Option<(AskId, Value)>),
    /// Somebody elsewhere wrote in between: what stands has to be read again.
    Late,
}

impl Desk {
    /// Asks a human and gives the approval's id.
    ///
    /// # Errors
    /// [`FaultKind::ApprovalError`] when the subject cannot be shown, [`FaultKind::StorageError`].
    pub fn open(&mut self, ask: &Ask, now: i64) -> Result<String, Fault> {
        let Effect::AwaitApproval(request) = &ask.effect else {
            return Err(Fault::new(FaultKind::ApprovalError, "only an approval can be asked of a human"));
        };
        self.check_unasked(request)?;
        let (id, expires_at) = self.require(&ask.position, request, now)?;
        let position = ask.position.clone();
        self.pending.insert(ask.id, Pending { approval_id: id.clone(), position, expires_at });
        Ok(id)
    }

    /// Keeps an approval, and its event; a plan's action that it is about is in doubt from now on.
    pub(super) fn require(
        &mut self,
        position: &Position,
        request: &AwaitApproval,
        now: i64,
    ) -> Result<(String, i64), Fault> {
        let Some(bound) = &request.bound else {
            return Err(Fault::new(FaultKind::ApprovalError, "the approval is bound to nothing"));
        };
        if let Some(standing) = self.stands(position, bound) {
            return Ok(standing);
        }
        let id = self.draw_id("approval");
        let expires_in_ms = request.expires_in_ms.unwrap_or(EXPIRES_IN_MS);
        let asked = Approval::ask(&id, (**bound).clone(), &request.title, now, expires_in_ms);
        let mut approval = asked.map_err(|fault| approval_fault(&fault))?;
        approval.schema = request.schema.as_deref().cloned();
        approval.thread_id.clone_from(&self.context.thread_id);
        approval.agent = position.scope.agent().map(ToString::to_string);
        if let (Some(plan_id), None) = (&bound.plan_id, bound.action) {
            approval.cards = self.plan_cards_of(plan_id, now)?;
        }
        let doubted = self.doubted(bound)?;
        let asked = Write::Approval { version: 0, approval: approval.clone() };
        self.commit_all(doubted.iter().fold(Batch::new().with(asked), |batch, change| batch.with(change.write())))?;
        self.tend(now)?;
        self.tell_changes(position, doubted.as_slice());
        self.tell_required(position, request, &approval);
        Ok((id, approval.expires_at))
    }

    fn tell_required(&mut self, position: &Position, request: &AwaitApproval, approval: &Approval) {
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
        self.tell(position, body);
    }

    /// Takes a human's decision; gives what goes back to the program, or nothing when it was said before.
    ///
    /// # Errors
    /// An unknown, expired or otherwise answered approval, or edits that do not fit.
    pub fn decide(
        &mut self,
        approval_id: &str,
        decision: &Decision,
        now: i64,
    ) -> Result<Option<(AskId, Value)>, Fault> {
        loop {
            match self.try_decide(approval_id, decision.clone(), now, true)? {
                Taken::Told(told) => return Ok(told),
                Taken::Late => {}
            }
        }
    }

    /// Takes a decision that nobody has to be told of: it becomes durable with what follows from it.
    ///
    /// # Errors
    /// As `decide`.
    pub(super) fn decide_here(
        &mut self,
        approval_id: &str,
        decision: Decision,
        now: i64,
    ) -> Result<Option<(AskId, Value)>, Fault> {
        match self.try_decide(approval_id, decision, now, false)? {
            Taken::Told(told) => Ok(told),
            Taken::Late => Err(unknown(approval_id)),
        }
    }

    fn try_decide(&mut self, approval_id: &str, decision: Decision, now: i64, by_human: bool) -> Result<Taken, Fault> {
        let found = self.lock().approval(&self.context.tenant, approval_id).map_err(|error| stored(&error))?;
        let Some(Versioned { version, value: mut approval }) = found else { return Err(unknown(approval_id)) };
        let waiting = self.pending.iter().find(|(_, pending)| pending.approval_id == approval_id);
        let waiting = waiting.map(|(id, pending)| (*id, pending.position.clone()));
        let Some((id, position)) = waiting else { return self.decide_alone(version, approval, decision, now) };
        self.check_edits(&approval, &decision)?;
        if answer(&mut approval, &self.context.tenant, decision, now).map_err(|fault| approval_fault(&fault))?
            == Answered::Same
        {
            return Ok(Taken::Told(None));
        }
        let kept = if by_human { self.keep_answer(version, &approval)? } else { Some(version) };
        let Some(version) = kept else { return Ok(Taken::Late) };
        let ruling = self.conclude(&position, version, approval, now)?;
        self.pending.remove(&id);
        Ok(Taken::Told(Some((id, Value::from(json!(ruling))))))
    }

    /// What a human said is durable before anybody is told that it counts; gives the version that it stands in, or
    /// nothing where somebody elsewhere was faster.
    fn keep_answer(&self, version: u64, approval: &Approval) -> Result<Option<u64>, Fault> {
        if !self.lock().is_durable() {
            return Ok(Some(version));
        }
        match self.lock().commit(Batch::new().with(Write::Approval { version, approval: approval.clone() })) {
            Ok(()) => Ok(Some(version.saturating_add(1))),
            Err(StoreError::Stale { .. }) => Ok(None),
            Err(error) => Err(stored(&error)),
        }
    }

    /// Takes a decision about a run that somebody else drives, who goes on with it.
    ///
    /// # Errors
    /// An unknown, expired or otherwise answered approval, or edits that do not fit.
    pub fn answer(&mut self, approval_id: &str, decision: &Decision, now: i64) -> Result<(), Fault> {
        loop {
            let found = self.lock().approval(&self.context.tenant, approval_id).map_err(|error| stored(&error))?;
            let Some(Versioned { version, value: mut approval }) = found else { return Err(unknown(approval_id)) };
            self.check_edits(&approval, decision)?;
            let answered = answer(&mut approval, &self.context.tenant, decision.clone(), now);
            if answered.map_err(|fault| approval_fault(&fault))? == Answered::Same {
                return Ok(());
            }
            match self.lock().commit(Batch::new().with(Write::Approval { version, approval })) {
                // Somebody else was faster: what stands is read again.
                Err(StoreError::Stale { .. }) => {}
                kept => return kept.map_err(|error| stored(&error)),
            }
        }
    }

    /// An answer that no branch waits for: one that was given before, or one about a write in doubt.
    fn decide_alone(
        &mut self,
        version: u64,
        mut approval: Approval,
        decision: Decision,
        now: i64,
    ) -> Result<Taken, Fault> {
        if approval.bound.kind != ApprovalKind::InDoubt {
            return self.decided_before(approval, decision, now).map(Taken::Told);
        }
        let position = self.left_open.get(&approval.id).map_or_else(root, |left| left.position.clone());
        let again = decision.verdict == Verdict::RunAgain;
        if again && approval.status == ApprovalStatus::Pending && !self.left_open.contains_key(&approval.id) {
            return Err(Fault::new(FaultKind::ApprovalError, "nothing is left that could make the call again")
                .hint("nothing was decided; answer `happened` or `failed`"));
        }
        let (id, answered) = (approval.id.clone(), answer(&mut approval, &self.context.tenant, decision, now));
        if matches!(answered, Ok(Answered::New) | Err(ApprovalFault::Expired { .. })) {
            let Some(version) = self.keep_answer(version, &approval)? else { return Ok(Taken::Late) };
            self.conclude(&position, version, approval, now)?;
            let left = self.left_open.remove(&id);
            self.again.extend(left.filter(|_| again && answered.is_ok()).map(|left| (id, left)));
        }
        answered.map(|_| Taken::Told(None)).map_err(|fault| approval_fault(&fault))
    }

    /// Keeps a decided approval with what it does to its plan, and tells of both.
    pub(super) fn conclude(
        &mut self,
        position: &Position,
        version: u64,
        mut approval: Approval,
        now: i64,
    ) -> Result<Ruling, Fault> {
        let ruling = self.ruling(&mut approval, now)?;
        let alone = self.pending.values().all(|pending| pending.approval_id != approval.id);
        let change = self.consequence(&approval, &ruling, alone)?;
        let decided = Write::Approval { version, approval: approval.clone() };
        self.commit_all(change.iter().fold(Batch::new().with(decided), |batch, change| batch.with(change.write())))?;
        self.tell(position, ended(&approval));
        self.tell_changes(position, change.as_slice());
        Ok(ruling)
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

    /// A scripted decision about what an ask opened, as a human would have given it.
    ///
    /// # Errors
    /// As `decide`.
    pub fn decide_scripted(&mut self, ask: AskId, decision: &Json, now: i64) -> Outcome {
        let approval_id = self.pending.get(&ask).map(|pending| pending.approval_id.clone()).unwrap_or_default();
        let decision = read_decision(decision, Some("script".to_owned()), now)?;
        let ruled = self.decide_here(&approval_id, decision, now)?;
        ruled.map(|(_, ruling)| ruling).ok_or_else(|| unknown(&approval_id))
    }

    pub(super) fn ruling(&self, approval: &mut Approval, now: i64) -> Result<Ruling, Fault> {
        let verdict = approval.decision.as_ref().map(|decision| decision.verdict.clone());
        let reason = approval.decision.as_ref().and_then(Decision::reason).map(str::to_owned);
        let (actions, edited) = match &verdict {
            Some(Verdict::Approve { actions, edits }) => (actions.clone(), !edits.is_empty()),
            _ => (None, false),
        };
        let in_doubt = approval.bound.kind == ApprovalKind::InDoubt;
        let settlement = verdict.as_ref().and_then(Verdict::settlement).filter(|_| in_doubt);
        let approved = approval.status == ApprovalStatus::Approved && !in_doubt;
        let subject = if approved {
            let field = self.field_of(approval);
            let bound = approval.bound.clone();
            approval.take_grant(&bound, field.as_deref()).map_err(|fault| approval_fault(&fault))?.into_subject()
        } else {
            approval.bound.subject.clone()
        };
        let said = approval.decision.as_ref();
        let (principal, by_handler) =
            (said.and_then(|said| said.principal.clone()), said.is_some_and(|said| said.by_handler));
        let (approval_id, digest) = (approval.id.clone(), approval.digest.to_string());
        Ok(Ruling {
            approval_id,
            digest,
            approved,
            subject,
            reason,
            principal,
            by_handler,
            expires_at: approval.expires_at,
            answered_at: now,
            edited,
            actions,
            settlement,
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
        self.conclude(&pending.position, version, approval, at).map(|ruling| Value::from(json!(ruling)))
    }

    /// Nobody waits for this answer any more.
    pub fn withdraw(&mut self, id: AskId, why: &str) {
        let Some(pending) = self.pending.remove(&id) else { return };
        let found = self.lock().approval(&self.context.tenant, &pending.approval_id);
        let Ok(Some(Versioned { version, value: mut approval })) = found else { return };
        // What cannot be kept is not told; an answer to it still decides nothing.
        if withdraw(&mut approval, why) && self.commit(Write::Approval { version, approval: approval.clone() }).is_ok()
        {
            self.tell(&pending.position, ended(&approval));
        }
    }

    /// Withdraws what was asked about a plan's older revision; each ask goes back to its program as a refusal.
    pub(super) fn void(&mut self, plan_id: &str) -> Vec<AskId> {
        let about = |pending: &&Pending| {
            self.approval_of(pending).is_some_and(|approval| {
                let bound = &approval.bound;
                bound.kind != ApprovalKind::InDoubt && bound.plan_id.as_deref() == Some(plan_id)
            })
        };
        let voided: Vec<AskId> = self.pending.iter().filter(|(_, pending)| about(pending)).map(|(id, _)| *id).collect();
        for id in &voided {
            self.withdraw(*id, "a newer revision of the plan was stored");
        }
        voided
    }

    /// A question about a write outlives the branch that wrote.
    pub fn leave_open(&mut self, left: LeftOpen, now: i64) {
        let asked = left.asked.and_then(|id| self.pending.remove(&id)).map(|pending| pending.approval_id);
        let required = asked
            .map_or_else(|| self.require(&left.position, &left.question, now).map(|(approval_id, _)| approval_id), Ok);
        // A store that fails is told of by whatever the program asks of it next.
        if let Ok(approval_id) = required {
            self.left_open.insert(approval_id, left);
        }
    }

    /// The approvals about writes that nothing of the run waits for.
    #[must_use]
    pub fn left_open(&self) -> Vec<String> {
        self.left_open.keys().cloned().collect()
    }

    /// The write that the answer to an approval says has to be made again.
    #[must_use]
    pub fn write_of(&self, approval_id: &str) -> Option<&LeftOpen> {
        self.again.get(approval_id)
    }

    /// The approvals that the run waits for.
    #[must_use]
    pub fn waiting(&self) -> Vec<String> {
        self.pending.values().map(|pending| pending.approval_id.clone()).collect()
    }

    /// Whether the run waits for a human.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// When the next of them expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<i64> {
        self.pending.values().map(|pending| pending.expires_at).min()
    }
}

fn root() -> Position {
    Position { scope: Scope::root(), ordinal: 0 }
}
