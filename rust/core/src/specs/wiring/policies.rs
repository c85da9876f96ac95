//! Policies: every rule is CEL and names only what there is.

use serde_json::Value;

use super::report::Wiring;
use crate::policy::{Compiled, ROOTS};
use crate::specs::hints::did_you_mean;
use crate::specs::{AgentSpec, ApprovalSpec, Role, Rule, RuntimeSpec, ToolSpec, shape};

/// The schemas that `args` may have under one rule; `None` when any of them is unknown to the core.
pub(super) type Schemas<'a> = Option<Vec<&'a Value>>;

pub(super) fn check(spec: &RuntimeSpec, wiring: &mut Wiring) {
    let everyone: Vec<&AgentSpec> = spec.agents.iter().collect();
    if let Some(approval) = &spec.approval {
        check_approval("approval", approval, &everyone, wiring);
    }
    for agent in &spec.agents {
        let below = if agent.role == Role::Coordinator { everyone.clone() } else { vec![agent] };
        check_approval(&format!("agents.{}.approval", agent.name), &agent.approval, &below, wiring);
        check_tool_rules(agent, wiring);
    }
}

pub(super) fn check_approval(place: &str, approval: &ApprovalSpec, agents: &[&AgentSpec], wiring: &mut Wiring) {
    if let Some(rule) = &approval.plans {
        check_rule(&format!("{place}.plans"), rule, &plan_schemas(agents), wiring);
    }
    if let Some(rule) = &approval.tools {
        check_rule(&format!("{place}.tools"), rule, &tool_schemas(agents), wiring);
    }
}

fn check_tool_rules(agent: &AgentSpec, wiring: &mut Wiring) {
    for (tool, rule) in &agent.tool_approvals {
        let schema = agent.tool(tool).map(|tool| vec![&tool.parameters]);
        check_rule(&format!("agents.{}.tool_approvals.{tool}", agent.name), rule, &schema, wiring);
    }
    for tool in agent.every_tool() {
        check_floor(agent, tool, wiring);
    }
}

fn check_floor(agent: &AgentSpec, tool: &ToolSpec, wiring: &mut Wiring) {
    if let Some(rule) = &tool.approval {
        let place = format!("agents.{}.tools.{}.approval", agent.name, tool.name);
        check_rule(&place, rule, &Some(vec![&tool.parameters]), wiring);
    }
}

pub(super) fn check_rule(place: &str, rule: &Rule, schemas: &Schemas<'_>, wiring: &mut Wiring) {
    let names = match Compiled::new(rule) {
        Ok(compiled) => compiled.names(),
        Err(fault) => {
            return wiring.fault(place, fault.to_string(), "a rule is CEL, such as `args.units > 10`");
        }
    };
    for name in &names.unknown {
        wiring.fault(place, format!("unknown name `{name}` in the rule `{rule}`"), name_hint(name));
    }
    for path in &names.arguments {
        check_argument(place, rule, path, schemas, wiring);
    }
}

fn name_hint(name: &str) -> String {
    if name.ends_with("()") {
        return "this function is not part of the rules' CEL".to_owned();
    }
    format!("a rule may use `{}`; {}", ROOTS.join("`, `"), did_you_mean(name, ROOTS))
}

/// A rule over several tools may name a field that only some of them have.
fn check_argument(place: &str, rule: &Rule, path: &[String], schemas: &Schemas<'_>, wiring: &mut Wiring) {
    let Some(schemas) = schemas else { return };
    let missing: Vec<Missing> = schemas.iter().filter_map(|schema| missing(schema, path)).collect();
    let everywhere = missing.len() == schemas.len();
    if let Some(Missing { name, known }) = missing.into_iter().next().filter(|_| everywhere) {
        let message = format!("the rule `{rule}` names `args.{}`, but there is no field `{name}`", path.join("."));
        wiring.fault(place, message, did_you_mean(&name, known.iter().map(String::as_str)));
    }
}

struct Missing {
    name: String,
    known: Vec<String>,
}

fn missing(root: &Value, path: &[String]) -> Option<Missing> {
    let mut schema = root;
    for name in path {
        if shape::is_open(root, schema) {
            return None;
        }
        match shape::field(root, schema, name) {
            Some(next) => schema = next,
            None => {
                return Some(Missing { name: name.clone(), known: shape::field_names(root, schema) });
            }
        }
    }
    None
}

fn plan_schemas<'a>(agents: &[&'a AgentSpec]) -> Schemas<'a> {
    let plans = agents.iter().filter_map(|agent| agent.plan.as_ref());
    Some(plans.map(|plan| &plan.schema).collect::<Vec<_>>()).filter(|schemas| !schemas.is_empty())
}

fn tool_schemas<'a>(agents: &[&'a AgentSpec]) -> Schemas<'a> {
    let native = agents.iter().any(|agent| !agent.toolkits.is_empty());
    let tools = agents.iter().flat_map(|agent| agent.every_tool());
    let schemas: Vec<&Value> = tools.map(|tool| &tool.parameters).collect();
    Some(schemas).filter(|schemas| !native && !schemas.is_empty())
}
