//! The built-in tools of the roles, as a model sees them.

use serde_json::{Value as Json, json};

use crate::effects::Tool;
use crate::fault::Fault;
use crate::specs::{AgentSpec, PlanSpec, Role, ToolSpec};

pub(super) const CALL_AGENT: &str = "call_agent";
pub(super) const STORE_PLAN: &str = "store_plan";
pub(super) const GET_PLAN: &str = "get_plan";
pub(super) const EXECUTE_PLAN: &str = "execute_plan";
pub(super) const READ_RESULT: &str = "read_result";

/// The built-in tools of an agent; every agent can read back a result that was too large.
pub(super) fn tools(spec: &AgentSpec) -> Result<Vec<Tool>, Fault> {
    let mut tools = match spec.role {
        Role::Coordinator => vec![call_agent(&spec.routes)?],
        Role::Planner => vec![store_plan(spec.plan.as_ref())?, get_plan()?],
        Role::Executor => vec![get_plan()?, execute_plan()?],
        Role::Specialist => Vec::new(),
    };
    if !spec.tools.is_empty() || !tools.is_empty() {
        tools.push(read_result()?);
    }
    Ok(tools)
}

fn tool(name: &str, description: &str, properties: &Json, required: &[&str]) -> Result<Tool, Fault> {
    let parameters =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    tool_of(name, description, &parameters)
}

fn tool_of(name: &str, description: &str, parameters: &Json) -> Result<Tool, Fault> {
    let spec = json!({
        "name": name, "description": description, "access": "read", "marked": true, "origin": "native",
        "parameters": parameters,
    });
    let spec: ToolSpec = serde_json::from_value(spec)
        .map_err(|error| Fault::new(crate::fault::FaultKind::SpecError, format!("built-in tool `{name}`: {error}")))?;
    Tool::new(spec, None)
}

fn call_agent(routes: &[String]) -> Result<Tool, Fault> {
    let properties = json!({
        "agent": {"type": "string", "enum": routes, "description": "Which agent."},
        "message": {"type": "string", "description": "The task, complete in itself."},
    });
    tool(CALL_AGENT, "Hand a task to another agent and get its answer.", &properties, &["agent", "message"])
}

fn store_plan(plan: Option<&PlanSpec>) -> Result<Tool, Fault> {
    let mut schema = plan.map_or_else(|| json!({"type": "object"}), |plan| plan.schema.clone());
    // What the plan's schema refers to is found from the root of the tool's.
    let definitions = schema.as_object_mut().and_then(|schema| schema.remove("$defs"));
    let mut parameters = json!({
        "type": "object", "properties": {"plan": schema}, "required": ["plan"], "additionalProperties": false,
    });
    if let (Some(definitions), Some(fields)) = (definitions, parameters.as_object_mut()) {
        fields.insert("$defs".to_owned(), definitions);
    }
    tool_of(STORE_PLAN, "Store a typed plan; it may wait for a human before this answers.", &parameters)
}

fn plan_id() -> Json {
    json!({"plan_id": {"type": ["string", "null"], "description": "The thread's current plan when absent."}})
}

fn get_plan() -> Result<Tool, Fault> {
    tool(GET_PLAN, "Read a plan and its status.", &plan_id(), &[])
}

fn execute_plan() -> Result<Tool, Fault> {
    tool(EXECUTE_PLAN, "Execute an approved plan.", &plan_id(), &[])
}

fn read_result() -> Result<Tool, Fault> {
    let properties = json!({
        "handle": {"type": "string", "description": "The handle of a result that was too large, `ToolResult:<id>`."},
        "offset": {"type": "integer", "minimum": 0, "description": "In characters."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 16_000, "description": "In characters."},
    });
    tool(READ_RESULT, "Read a part of a tool result that was too large to show.", &properties, &["handle"])
}
