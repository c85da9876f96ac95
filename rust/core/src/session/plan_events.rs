//! What plans and their actions went through, told as events.

use serde_json::{Value as Json, json};

use super::desk::Desk;
use crate::effects::PlanMove;
use crate::events::EventBody;
use crate::fault::ErrorNote;
use crate::plans::{ActionStatus, PlanInstance, PlanStatus, Transition};
use crate::position::Position;

impl Desk {
    pub(super) fn tell_stored(&mut self, position: &Position, plan: &PlanInstance) {
        let body = EventBody::PlanStored {
            plan_id: plan.id().to_owned(),
            plan: plan.plan().to_owned(),
            revision: plan.revision(),
            status: word(plan.status()),
            digest: plan.digest().to_string(),
            body: plan.body().clone(),
        };
        self.tell(position, body);
    }

    pub(super) fn tell_change(&mut self, position: &Position, plan: &PlanInstance, told: &Transition) {
        let body = EventBody::PlanChanged {
            plan_id: plan.id().to_owned(),
            plan: plan.plan().to_owned(),
            revision: plan.revision(),
            before: told.before.map(word).unwrap_or_default(),
            after: word(told.after),
            by: told.by.to_string(),
            reason: told.reason.clone(),
            diff: told.diff.clone(),
        };
        self.tell(position, body);
    }

    pub(super) fn tell_actions(
        &mut self,
        position: &Position,
        before: &PlanInstance,
        plan: &PlanInstance,
        step: Option<&PlanMove>,
    ) {
        let plan_id = plan.id().to_owned();
        for action in plan.actions() {
            let earlier = before.actions().get(action.index).map(|action| action.status);
            if earlier == Some(action.status) {
                continue;
            }
            let (plan_id, index, kind) = (plan_id.clone(), action.index, action.kind.clone());
            let result = action.result.clone().unwrap_or(Json::Null);
            let body = match action.status {
                ActionStatus::Running => EventBody::ActionStarted {
                    plan_id,
                    index,
                    kind,
                    arguments: plan.action_arguments(index).cloned().unwrap_or(Json::Null),
                },
                // A done action whose undo failed is as it was.
                ActionStatus::Done if earlier == Some(ActionStatus::Undoing) => continue,
                ActionStatus::Done => EventBody::ActionFinished { plan_id, index, kind, result },
                ActionStatus::Failed => {
                    EventBody::ActionFailed { plan_id, index, kind, error: error_note(step, &result) }
                }
                ActionStatus::InDoubt => EventBody::ActionInDoubt { plan_id, index, kind },
                ActionStatus::Skipped => EventBody::ActionSkipped {
                    plan_id,
                    index,
                    kind,
                    by: action.by.as_ref().map(ToString::to_string).unwrap_or_default(),
                },
                ActionStatus::Undone => EventBody::ActionUndone {
                    plan_id,
                    index,
                    kind,
                    result: undo_result(step),
                    by: action.by.as_ref().map(ToString::to_string).unwrap_or_default(),
                },
                ActionStatus::Undoing | ActionStatus::Pending => continue,
            };
            self.tell(position, body);
        }
    }
}

fn undo_result(step: Option<&PlanMove>) -> Json {
    if let Some(PlanMove::FinishUndo { result, .. }) = step { result.clone() } else { Json::Null }
}

/// Why an action failed, as whoever noted it or settled it says.
fn error_note(step: Option<&PlanMove>, result: &Json) -> ErrorNote {
    let message = match step {
        Some(PlanMove::FailAction { error, .. }) => error.clone(),
        _ => result.as_str().unwrap_or_default().to_owned(),
    };
    ErrorNote { kind: "ToolFailed".to_owned(), message, hint: None }
}

/// A status as JSON writes it.
fn word(status: PlanStatus) -> String {
    json!(status).as_str().unwrap_or_default().to_owned()
}
