//! Cards: a plan as a reviewer reads it, action by action.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::render::escaped;
use crate::plans::{ActionState, PlanInstance};
use crate::references::Handle;
use crate::specs::DispatchEntry;

/// Draws a plan: first everything but its actions, then one card an action.
///
/// `glimpse` gives what may be seen of a reference; the value itself never shows.
#[must_use]
pub fn plan_cards(
    plan: &PlanInstance,
    actions_field: Option<&str>,
    dispatcher: Option<&BTreeMap<String, DispatchEntry>>,
    glimpse: &dyn Fn(&Handle) -> Option<Value>,
) -> Vec<Value> {
    let mut goal = plan.body().clone();
    if let (Some(field), Some(fields)) = (actions_field, goal.as_object_mut()) {
        fields.remove(field);
    }
    let head = json!({"plan": plan.plan(), "revision": plan.revision(), "goal": shown(&goal, glimpse)});
    let actions = plan.actions().iter().map(|action| card(plan, action, dispatcher, glimpse));
    std::iter::once(head).chain(actions).map(|card| escaped(&card)).collect()
}

fn card(
    plan: &PlanInstance,
    action: &ActionState,
    dispatcher: Option<&BTreeMap<String, DispatchEntry>>,
    glimpse: &dyn Fn(&Handle) -> Option<Value>,
) -> Value {
    let entry = dispatcher.and_then(|entries| entries.get(&action.kind));
    let undo = entry.and_then(|entry| entry.undo.as_ref()).map_or("cannot be undone", |undo| undo.name.as_str());
    json!({
        "index": action.index,
        "kind": action.kind,
        "arguments": shown(plan.action_arguments(action.index).unwrap_or(&Value::Null), glimpse),
        "tool": entry.map(|entry| &entry.tool.name),
        "access": entry.map(|entry| entry.tool.access),
        "undo": undo,
    })
}

/// The value with each handle accompanied by its glimpse.
fn shown(value: &Value, glimpse: &dyn Fn(&Handle) -> Option<Value>) -> Value {
    if let Some(seen) = Handle::read(value).ok().and_then(|handle| Some((glimpse(&handle)?, handle))) {
        let (glimpse, handle) = seen;
        return json!({"reference": handle.to_string(), "glimpse": glimpse});
    }
    match value {
        Value::Array(items) => items.iter().map(|item| shown(item, glimpse)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), shown(value, glimpse))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
