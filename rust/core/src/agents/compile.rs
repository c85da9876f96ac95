//! Making the agents of a runtime ready: schemas compiled, rules resolved, routes linked.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::agent::{Agent, BuiltIn, Callable, Performer, PlanType, Undoer};
use super::built_in;
use crate::effects::Tool;
use crate::fault::{Fault, FaultKind};
use crate::policy::{Policy, Resolved};
use crate::schema::Validator;
use crate::specs::{AgentSpec, DispatchEntry, Role, RuntimeSpec, ToolSpec};

/// Where the host keeps the code of tools.
pub trait HostTools {
    /// The code of one tool of one agent.
    fn find(&self, agent: &str, tool: &str) -> Option<Box<dyn Any + Send + Sync>>;
}

/// The agents of a runtime by name.
///
/// # Errors
/// [`FaultKind::SpecError`] when a schema or a rule is none, or routes run in a circle.
pub fn compile(
    spec: &RuntimeSpec,
    policy: &Policy,
    host: &dyn HostTools,
) -> Result<BTreeMap<String, Arc<Agent>>, Fault> {
    let mut made = BTreeMap::new();
    let mut waiting: Vec<&AgentSpec> = spec.agents.iter().collect();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|agent| agent.routes.iter().all(|route| made.contains_key(route)));
        if ready.is_empty() {
            let names: Vec<&str> = rest.iter().map(|agent| agent.name.as_str()).collect();
            return Err(Fault::new(
                FaultKind::SpecError,
                format!("the routes of {names:?} run in a circle or name unknown agents"),
            ));
        }
        for agent in ready {
            let compiled = one(agent, policy, host, &made)?;
            made.insert(agent.name.clone(), Arc::new(compiled));
        }
        waiting = rest;
    }
    Ok(made)
}

fn one(
    spec: &AgentSpec,
    policy: &Policy,
    host: &dyn HostTools,
    made: &BTreeMap<String, Arc<Agent>>,
) -> Result<Agent, Fault> {
    let tool = |tool: &ToolSpec| Tool::new(tool.clone(), host.find(&spec.name, &tool.name)).map(Arc::new);
    let mut callables = BTreeMap::new();
    for declared in &spec.tools {
        let policy = Arc::new(policy.for_tool(&spec.name, &declared.name).clone());
        callables.insert(declared.name.clone(), Callable { tool: tool(declared)?, policy });
    }
    let built_in = built_ins(spec, policy)?;
    let tools =
        callables.values().map(|callable| &callable.tool).chain(built_in.values().map(|built_in| &built_in.tool));
    let offered = tools.cloned().collect();
    Ok(Agent {
        name: Arc::from(spec.name.as_str()),
        model: Arc::from(spec.model.as_str()),
        settings: Arc::new(serde_json::Value::Object(spec.settings.clone())),
        output: spec
            .output
            .as_ref()
            .map(|schema| checked(schema, &spec.name).map(|validator| (Arc::new(schema.clone()), validator)))
            .transpose()?,
        plan: spec.plan.as_ref().map(|plan| plan_type(plan, &spec.name)).transpose()?,
        callables,
        built_in,
        offered,
        routes: spec
            .routes
            .iter()
            .filter_map(|route| made.get(route).map(|agent| (route.clone(), Arc::clone(agent))))
            .collect(),
        performers: spec.dispatcher.as_ref().map(|entries| performers(spec, entries, policy, &tool)).transpose()?,
        plans: Arc::new(policy.for_plans(&spec.name).clone()),
        asks_again: asks_again(spec, policy),
        spec: spec.clone(),
    })
}

/// An executor's own rule for plans, or the one that names `execute_plan`.
fn asks_again(spec: &AgentSpec, policy: &Policy) -> Option<Arc<Resolved>> {
    if spec.role != Role::Executor {
        return None;
    }
    let own = Some(policy.for_tool(&spec.name, built_in::EXECUTE_PLAN)).filter(|rules| !rules.never_asks());
    let added = policy.asks_about_plans_of(&spec.name).then(|| policy.for_plans(&spec.name));
    own.or(added).map(|rules| Arc::new(rules.clone()))
}

/// Only a rule that names a built-in tool gates it; the question about an execution shows the plan instead.
fn built_ins(spec: &AgentSpec, policy: &Policy) -> Result<BTreeMap<String, BuiltIn>, Fault> {
    let ruled = |name: &str| {
        let rules = policy.for_tool(&spec.name, name);
        let named = spec.tool_approvals.contains_key(name) || rules.is_added_to();
        let gates = named && name != built_in::EXECUTE_PLAN && !rules.never_asks();
        gates.then(|| Arc::new(rules.clone()))
    };
    let tools = built_in::tools(spec)?.into_iter();
    Ok(tools
        .map(|tool| (tool.spec.name.clone(), BuiltIn { policy: ruled(&tool.spec.name), tool: Arc::new(tool) }))
        .collect())
}

fn plan_type(plan: &crate::specs::PlanSpec, agent: &str) -> Result<PlanType, Fault> {
    Ok(PlanType { spec: Arc::new(plan.clone()), validator: checked(&plan.schema, agent)? })
}

fn checked(schema: &serde_json::Value, agent: &str) -> Result<Validator, Fault> {
    Validator::new(schema)
        .map_err(|error| Fault::new(FaultKind::SpecError, format!("a schema of agent `{agent}` is invalid: {error}")))
}

fn performers(
    spec: &AgentSpec,
    entries: &BTreeMap<String, DispatchEntry>,
    policy: &Policy,
    tool: &dyn Fn(&ToolSpec) -> Result<Arc<Tool>, Fault>,
) -> Result<BTreeMap<String, Performer>, Fault> {
    let rules = |tool: &ToolSpec| Arc::new(policy.for_tool(&spec.name, &tool.name).clone());
    let perform = |entry: &DispatchEntry| -> Result<Performer, Fault> {
        let undo = |undo: &ToolSpec| -> Result<Undoer, Fault> {
            Ok(Undoer { tool: tool(undo)?, policy: rules(undo), parameters: parameters(undo) })
        };
        let parameter = parameters(&entry.tool).into_iter().next().unwrap_or_default();
        let undo = entry.undo.as_ref().map(undo).transpose()?;
        Ok(Performer { tool: tool(&entry.tool)?, policy: rules(&entry.tool), undo, parameter })
    };
    entries.iter().map(|(kind, entry)| Ok((kind.clone(), perform(entry)?))).collect()
}

/// The names of a tool's parameters, the required ones first, in their order.
fn parameters(tool: &ToolSpec) -> Vec<String> {
    let field = |name: &str| tool.parameters.get(name);
    let required = field("required").and_then(serde_json::Value::as_array).into_iter().flatten();
    let mut names: Vec<String> = required.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let known = field("properties").and_then(serde_json::Value::as_object).into_iter().flatten();
    let rest: Vec<String> = known.map(|(name, _)| name.clone()).filter(|name| !names.contains(name)).collect();
    names.extend(rest);
    names
}
