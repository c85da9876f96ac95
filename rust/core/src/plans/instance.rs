//! One plan: its body, its revisions, its actions.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actor::Actor;
use super::error::PlanError;
use super::execute::{Binding, RecordedCall};
use super::status::{ActionStatus, PlanStatus};
use super::table::{PlanEvent, next};
use crate::json::{Change, Digest, digest};
use crate::specs::PlanSpec;

/// One stored plan.
///
/// # Laws
///
/// - its status moves along [`TABLE`](super::TABLE) and in no other way.
/// - a new body is a new revision, and no approval of an older one holds for it.
/// - each action of an approved revision is let out once.
///
/// # Examples
///
/// ```
/// use flowai_core::plans::{Actor, Consent, Part, PlanInstance, PlanStatus};
/// use flowai_core::specs::{Decode, PlanSpec};
/// use serde_json::json;
///
/// let spec = PlanSpec::decode(json!({"name": "P", "schema": {}, "actions_field": "actions"}))?;
/// let body = json!({"actions": [{"kind": "open"}]});
/// let (mut plan, _) = PlanInstance::store("plan-1", &spec, "acme", "t-1", body, Actor::new(Part::Planner, "p"))?;
/// plan.approve(plan.digest(), Actor::human(Some("ana")), Consent::default())?;
/// assert_eq!(plan.status(), PlanStatus::Approved);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanInstance {
    pub(super) id: String,
    pub(super) plan: String,
    pub(super) tenant: String,
    pub(super) thread: String,
    pub(super) actions_field: Option<String>,
    pub(super) status: PlanStatus,
    pub(super) revision: u64,
    pub(super) body: Value,
    pub(super) digest: Digest,
    pub(super) stored_by: Actor,
    pub(super) decided_by: Option<Actor>,
    pub(super) rejection: Option<String>,
    pub(super) actions: Vec<ActionState>,
    pub(super) binding: Option<Binding>,
    pub(super) calls: Vec<RecordedCall>,
    #[serde(default)]
    pub(super) history: Vec<Moment>,
    /// The digest of the tools that were to perform it when it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tools: Option<String>,
}

/// One move in the history of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// The revision that it was about.
    pub revision: u64,
    /// What happened.
    pub event: PlanEvent,
    /// Who did it.
    pub by: Actor,
    /// Why, where a reason was given.
    pub reason: Option<String>,
}

/// One action and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionState {
    /// Its place in the body's list.
    pub index: usize,
    /// Its kind; empty when the action has no tag.
    pub kind: String,
    /// Where it stands.
    pub status: ActionStatus,
    /// What its tool answered, or why it failed.
    pub result: Option<Value>,
    /// Who skipped or settled it.
    pub by: Option<Actor>,
}

/// What one move changed, as the event tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// The revision that stands now.
    pub revision: u64,
    /// What happened.
    pub event: PlanEvent,
    /// Where the plan stood; `None` for a new one.
    pub before: Option<PlanStatus>,
    /// Where it stands.
    pub after: PlanStatus,
    /// Who moved it.
    pub by: Actor,
    /// Why, where a reason was given.
    pub reason: Option<String>,
    /// What changed in the body.
    pub diff: Vec<Change>,
}

impl PlanInstance {
    /// Stores a new plan as a draft. The body has been validated by the caller.
    ///
    /// # Errors
    ///
    /// [`PlanError::IllegalMove`] when `by` is no planner, [`PlanError::Json`] for a body without canonical form.
    pub fn store(
        id: &str,
        spec: &PlanSpec,
        tenant: &str,
        thread: &str,
        body: Value,
        by: Actor,
    ) -> Result<(Self, Transition), PlanError> {
        let status = next(None, by.part, PlanEvent::Store)?;
        let mut plan = Self {
            id: id.to_owned(),
            plan: spec.name.clone(),
            tenant: tenant.to_owned(),
            thread: thread.to_owned(),
            actions_field: spec.actions_field.clone(),
            status,
            revision: 1,
            body,
            digest: Digest::of_bytes(&[]),
            stored_by: by.clone(),
            decided_by: None,
            rejection: None,
            actions: Vec::new(),
            binding: None,
            calls: Vec::new(),
            history: Vec::new(),
            tools: None,
        };
        plan.actions = plan.list_actions();
        plan.digest = plan.compute_digest()?;
        let event = PlanEvent::Store;
        let told = Transition { revision: 1, event, before: None, after: status, by, reason: None, diff: Vec::new() };
        Ok((plan, told))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of its type.
    #[must_use]
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The thread it was stored in.
    #[must_use]
    pub fn thread(&self) -> &str {
        &self.thread
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> PlanStatus {
        self.status
    }

    /// The number of the body that stands, from 1.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The body, with the actions that were left out.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The digest of the revision, which an approval has to name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Who stored it; the rule for its approval is theirs.
    #[must_use]
    pub fn stored_by(&self) -> &Actor {
        &self.stored_by
    }

    /// Who approved or rejected the revision.
    #[must_use]
    pub fn decided_by(&self) -> Option<&Actor> {
        self.decided_by.as_ref()
    }

    /// Why the revision was rejected.
    #[must_use]
    pub fn rejection(&self) -> Option<&str> {
        self.rejection.as_deref()
    }

    /// Its actions, in order.
    #[must_use]
    pub fn actions(&self) -> &[ActionState] {
        &self.actions
    }

    /// How its calls are bound to its actions, once it has begun.
    #[must_use]
    pub fn binding(&self) -> Option<Binding> {
        self.binding
    }

    /// The calls that were recorded against an openly performed plan.
    #[must_use]
    pub fn calls(&self) -> &[RecordedCall] {
        &self.calls
    }

    /// Its moves, oldest first: who did what to which revision, when and why.
    #[must_use]
    pub fn history(&self) -> &[Moment] {
        &self.history
    }

    /// The digest of the tools that were to perform it when it was approved; none where no dispatcher did.
    #[must_use]
    pub fn tools(&self) -> Option<&str> {
        self.tools.as_deref()
    }

    /// Notes the tools that it is approved to be performed by.
    pub fn bind_tools(&mut self, tools: Option<String>) {
        self.tools = tools;
    }

    /// Keeps a move in the history.
    pub fn remember(&mut self, told: &Transition, at: i64) {
        let Transition { revision, event, by, reason, .. } = told.clone();
        self.history.push(Moment { at, revision, event, by, reason });
    }

    /// The body without the actions that the reviewer left out: what an executor may see.
    #[must_use]
    pub fn approved_body(&self) -> Value {
        let mut body = self.body.clone();
        let field = self.actions_field.as_ref().and_then(|field| body.get_mut(field));
        if let Some(Value::Array(items)) = field {
            let mut kept = self.actions.iter().map(|action| action.status != ActionStatus::Skipped);
            items.retain(|_| kept.next().unwrap_or(true));
        }
        body
    }

    /// The arguments of one action, as they stand.
    #[must_use]
    pub fn action_arguments(&self, index: usize) -> Option<&Value> {
        self.items().get(index)
    }

    pub(super) fn items(&self) -> &[Value] {
        let list = self.actions_field.as_deref().and_then(|field| self.body.get(field));
        list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn list_actions(&self) -> Vec<ActionState> {
        let kind = |action: &Value| action.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let states = self.items().iter().enumerate();
        states
            .map(|(index, action)| ActionState {
                index,
                kind: kind(action),
                status: ActionStatus::Pending,
                result: None,
                by: None,
            })
            .collect()
    }

    /// Binds tenant, plan, revision, body and what was left out of it.
    pub(super) fn compute_digest(&self) -> Result<Digest, PlanError> {
        let skipped = self.actions.iter().filter(|action| action.status == ActionStatus::Skipped);
        let skipped: Vec<usize> = skipped.map(|action| action.index).collect();
        Ok(digest(&json!({
            "tenant": self.tenant, "plan_id": self.id, "plan": self.plan,
            "revision": self.revision, "body": self.body, "skipped": skipped,
        }))?)
    }

    /// Moves the plan along the table and tells what changed.
    pub(super) fn advance(&mut self, by: Actor, event: PlanEvent) -> Result<Transition, PlanError> {
        let before = self.status;
        self.status = next(Some(before), by.part, event)?;
        Ok(Transition {
            revision: self.revision,
            event,
            before: Some(before),
            after: self.status,
            by,
            reason: None,
            diff: Vec::new(),
        })
    }
}
