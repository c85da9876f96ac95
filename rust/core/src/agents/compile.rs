//! Making the agents of a runtime ready: schemas compiled, rules resolved, routes linked.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::agent::{Agent, BuiltIn, Callable, Performer, PlanType};
use super::built_in;
use crate::effects::Tool;
use crate::fault::{Fault, FaultKind};
use crate::policy::Policy;
use crate::schema::Validator;
use crate::specs::{AgentSpec, DispatchEntry, Role, Rule, RuntimeSpec, ToolSpec};

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
    let own_plans = spec.approval.plans.as_ref();
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
        asks_again: spec.role == Role::Executor
            && own_plans.is_some_and(|rule| *rule != Rule::Never)
            && !spec.tool_approvals.contains_key(built_in::EXECUTE_PLAN),
        spec: spec.clone(),
    })
}

/// Only a rule that names a built-in tool gates it.
fn built_ins(spec: &AgentSpec, policy: &Policy) -> Result<BTreeMap<String, BuiltIn>, Fault> {
    let ruled = |name: &str| {
        let named = spec.tool_approvals.contains_key(name).then(|| policy.for_tool(&spec.name, name).clone());
        named.filter(|rules| !rules.never_asks()).map(Arc::new)
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
    let perform = |entry: &DispatchEntry| -> Result<Performer, Fault> {
        let policy = Arc::new(policy.for_tool(&spec.name, &entry.tool.name).clone());
        let properties = entry.tool.parameters.get("properties").and_then(serde_json::Value::as_object);
        let parameter = properties.and_then(|properties| properties.keys().next()).cloned().unwrap_or_default();
        Ok(Performer { tool: tool(&entry.tool)?, policy, has_undo: entry.undo.is_some(), parameter })
    };
    entries.iter().map(|(kind, entry)| Ok((kind.clone(), perform(entry)?))).collect()
}
