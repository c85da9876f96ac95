//! A plan as a model is shown it: what was done, and no word of what only the operator should see.

use serde_json::{Value as Json, json};

use super::agent::Agent;
use super::spill::{Limit, RESULT_BYTES_MAX};

const FIELDS: [&str; 8] = ["plan_id", "plan", "revision", "status", "digest", "body", "cards", "rejection"];

/// The answer of `get_plan`.
pub(super) fn shown_plan(instance: &Json) -> Json {
    let fields = FIELDS.iter().filter_map(|field| Some(((*field).to_owned(), instance.get(*field)?.clone())));
    let mut shown: serde_json::Map<String, Json> = fields.collect();
    shown.insert("actions".to_owned(), actions(instance, &["index", "kind", "status", "arguments"]));
    Json::Object(shown)
}

/// The actions and what became of them.
pub(super) fn actions(instance: &Json, fields: &[&str]) -> Json {
    let actions = instance.get("actions").and_then(Json::as_array).into_iter().flatten();
    actions.map(|action| shown_action(action, fields)).collect()
}

/// What an action gave; why it failed is told to the operator, in the events.
fn shown_action(action: &Json, fields: &[&str]) -> Json {
    let status = action.get("status").and_then(Json::as_str).unwrap_or_default();
    let result = match status {
        "done" | "undoing" | "undone" => action.get("result").cloned().unwrap_or_default(),
        "failed" => json!({"error": "action_failed", "message": "the tool of this action failed"}),
        _ => Json::Null,
    };
    let fields = fields.iter().map(|field| ((*field).to_owned(), action.get(*field).cloned().unwrap_or_default()));
    Json::Object(fields.chain([("result".to_owned(), result)]).collect())
}

/// How much of each action's result is shown: as much as its tool allows.
pub(super) fn limits(agent: &Agent, content: &Json) -> Vec<Limit> {
    let performers = agent.performers.as_ref();
    let limit_of = |action: &Json| {
        let kind = action.get("kind").and_then(Json::as_str)?;
        performers?.get(kind).map(|performer| performer.tool.spec.max_result_bytes)
    };
    let actions = content.get("actions").and_then(Json::as_array).into_iter().flatten().enumerate();
    let actions = actions
        .map(|(place, action)| (format!("/actions/{place}/result"), limit_of(action).unwrap_or(RESULT_BYTES_MAX)));
    actions.chain([(String::new(), RESULT_BYTES_MAX)]).collect()
}
