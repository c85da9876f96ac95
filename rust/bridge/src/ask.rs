//! Effects of Python as effects of the core, with what was compiled for them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowai_core::agents::{Agent, HostTools, compile};
use flowai_core::approvals::ApprovalKind;
use flowai_core::effects::{
    AdvancePlan, AwaitApproval, CallAgent, CallModel, CallTool, DrawNumber, Effect, LoadPlan, LoadRef, Message,
    MessageLog, PlanMove, StorePlan, StoreRef, Tool,
};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::json::decode;
use flowai_core::machine::Program;
use flowai_core::policy::{Addition, Policy, PolicyError, Resolved};
use flowai_core::specs::{AddedPolicy, Decode, PlanSpec, RuntimeSpec, ToolSpec};
use flowai_core::value::Value;
use pyo3::intern;
use pyo3::prelude::*;
use serde_json::{Value as Json, json};

use crate::class::{Class, Kind};
use crate::custom::Custom;
use crate::evicting::Evicting;
use crate::fault::{error_of, fault_of};
use crate::json::from_python;
use crate::open::milliseconds;
use crate::secrets::without;

/// What a session knows of tools, agents and rules.
pub struct Catalogue {
    pub spec: Arc<RuntimeSpec>,
    pub policy: Policy,
    added: Vec<AddedPolicy>,
    pub agents: std::collections::BTreeMap<String, Arc<Agent>>,
    classes: Mutex<Evicting<usize, Arc<Class>, 512>>,
    tools: Mutex<Evicting<usize, Known, 64>>,
    pub rows: Mutex<DeclaredRows>,
}

/// The classes of effects and the rows that declare them, by their addresses while this keeps both alive.
type DeclaredRows = Evicting<(usize, usize), (Py<PyAny>, Py<PyAny>), 512>;

/// A tool of a program, with the rules for it.
struct Known {
    _pinned: Py<PyAny>,
    tool: Arc<Tool>,
    policy: Option<Arc<Resolved>>,
}

/// The Python object of a tool.
pub struct HostTool(pub Py<PyAny>);

/// Where agents find the Python objects of their tools.
pub struct ToolShelf(pub HashMap<(String, String), Py<PyAny>>);

impl HostTools for ToolShelf {
    fn find(&self, agent: &str, tool: &str) -> Option<Box<dyn Any + Send + Sync>> {
        let found = self.0.get(&(agent.to_owned(), tool.to_owned()))?;
        Some(Box::new(HostTool(Python::attach(|py| found.clone_ref(py)))))
    }
}

impl Catalogue {
    /// Compiles a runtime's agents.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] when a schema or a rule is none.
    pub fn new(spec: RuntimeSpec, shelf: &ToolShelf, added: Vec<AddedPolicy>) -> Result<Self, Fault> {
        let policy = policy(&spec, &added).map_err(|error| Fault::new(FaultKind::SpecError, error.to_string()))?;
        let agents = compile(&spec, &policy, shelf)?;
        Ok(Self {
            spec: Arc::new(spec),
            policy,
            added,
            agents,
            classes: Mutex::default(),
            tools: Mutex::default(),
            rows: Mutex::default(),
        })
    }

    /// The rules that the interpreter adds.
    pub fn added(&self) -> &[AddedPolicy] {
        &self.added
    }

    /// What is known of an object's class.
    pub fn class(&self, object: &Bound<'_, PyAny>) -> PyResult<Arc<Class>> {
        let class = object.get_type();
        let key = class.as_ptr().addr();
        if let Some(class) = self.classes.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(class));
        }
        // Not under the lock: Python runs here, and may come back.
        let known = Arc::new(Class::of(&class)?);
        let old = self.classes.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&known));
        drop(old);
        Ok(known)
    }

    fn tool(&self, tool: &Bound<'_, PyAny>) -> PyResult<(Arc<Tool>, Option<Arc<Resolved>>)> {
        let key = tool.as_ptr().addr();
        if let Some(known) = self.tools.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok((Arc::clone(&known.tool), known.policy.clone()));
        }
        let py = tool.py();
        let raise = |fault: Fault| error_of(py, &fault);
        let spec = from_python(&tool.call_method0("to_json")?).map_err(raise)?;
        let spec =
            ToolSpec::decode(spec).map_err(|error| raise(Fault::new(FaultKind::SpecError, error.to_string())))?;
        let policy = self
            .policy
            .for_program(&spec)
            .map_err(|error| raise(Fault::new(FaultKind::SpecError, error.to_string())))?;
        let policy = Some(policy).filter(|policy| !policy.never_asks()).map(Arc::new);
        let compiled = Arc::new(Tool::new(spec, Some(Box::new(HostTool(tool.clone().unbind())))).map_err(raise)?);
        let known = Known { _pinned: tool.clone().unbind(), tool: Arc::clone(&compiled), policy: policy.clone() };
        let old = self.tools.lock().unwrap_or_else(PoisonError::into_inner).insert(key, known);
        drop(old);
        Ok((compiled, policy))
    }

    /// The program of one step of an agent.
    pub fn agent_step(&self, node: &Bound<'_, PyAny>) -> PyResult<Program> {
        let py = node.py();
        let agent = self.agent(&node.getattr("spec")?)?;
        let messages = from_python(&node.call_method0("conversation")?).and_then(|written| messages_of(&written));
        Ok(agent.step(&messages.map_err(|fault| error_of(py, &fault))?))
    }

    /// A compiled agent: the runtime's own, or one that stands alone.
    pub fn agent(&self, spec: &Bound<'_, PyAny>) -> PyResult<Arc<Agent>> {
        let py = spec.py();
        let raise = |fault: Fault| error_of(py, &fault);
        let name: String = spec.getattr("name")?.extract()?;
        let json = from_python(&spec.call_method0("to_json")?).map_err(raise)?;
        if let Some(agent) =
            self.agents.get(&name).filter(|agent| json!(agent.spec()) == json || same_spec(agent, &json))
        {
            return Ok(Arc::clone(agent));
        }
        let mut whole = json!({"tenant": {"id": self.spec.tenant.id, "config_version": self.spec.tenant.config_version}, "agents": [json]});
        if let Some(approval) = &self.spec.approval {
            whole["approval"] = json!(approval);
        }
        let whole =
            RuntimeSpec::decode(whole).map_err(|error| raise(Fault::new(FaultKind::SpecError, error.to_string())))?;
        let own_tools = shelf_of(std::slice::from_ref(spec))?;
        let compiled = Self::new(whole, &own_tools, self.added.clone()).map_err(raise)?;
        compiled
            .agents
            .get(&name)
            .cloned()
            .ok_or_else(|| raise(Fault::new(FaultKind::SpecError, format!("agent `{name}` cannot be compiled"))))
    }
}

/// The rules of a runtime and what its interpreter adds to them.
///
/// # Errors
/// [`PolicyError`] for the first rule that is no CEL.
pub fn policy(spec: &RuntimeSpec, added: &[AddedPolicy]) -> Result<Policy, PolicyError> {
    let mut policy = Policy::new(spec)?;
    added.iter().try_for_each(|rules| policy.add(&Addition::all(rules)))?;
    Ok(policy)
}

fn same_spec(agent: &Agent, json: &Json) -> bool {
    flowai_core::specs::AgentSpec::decode(json.clone()).is_ok_and(|spec| spec == *agent.spec())
}

/// The Python tools of agents, by agent and name.
pub fn shelf_of(agents: &[Bound<'_, PyAny>]) -> PyResult<ToolShelf> {
    let mut shelf = HashMap::new();
    for agent in agents {
        let name: String = agent.getattr("name")?.extract()?;
        for tool in agent.getattr("tools")?.try_iter()? {
            let tool = tool?;
            shelf.insert((name.clone(), tool.getattr("name")?.extract()?), tool.unbind());
        }
        if let Ok(dispatcher) = agent.getattr("dispatcher")
            && !dispatcher.is_none()
        {
            for entry in dispatcher.getattr("entries")?.call_method0("values")?.try_iter()? {
                let entry = entry?;
                for tool in [entry.getattr("tool")?, entry.getattr("undo")?] {
                    if !tool.is_none() {
                        shelf.insert((name.clone(), tool.getattr("name")?.extract()?), tool.unbind());
                    }
                }
            }
        }
    }
    Ok(ToolShelf(shelf))
}

/// The fields of an effect as JSON.
///
/// # Errors
/// What its own `encode` raises.
pub fn write(effect: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    let py = effect.py();
    let written = effect.call_method0(intern!(py, "encode")).map_err(|error| fault_of(py, error))?;
    from_python(&written)
}

/// The core's form of an effect.
pub fn question(effect: &Bound<'_, PyAny>, class: &Arc<Class>, catalogue: &Catalogue) -> PyResult<Effect> {
    let py = effect.py();
    match &class.kind {
        Kind::Custom { lazy, .. } => {
            let written = if *lazy { None } else { Some(write(effect).map_err(|fault| error_of(py, &fault))?) };
            Ok(Effect::Custom(Arc::new(Custom::new(effect, class, written))))
        }
        Kind::BuiltIn(kind) => built_in(kind, effect, catalogue),
        Kind::Program(_) | Kind::Other => Err(not_askable(effect)),
    }
}

/// The error of asking what is neither an effect nor a program.
pub fn not_askable(object: &Bound<'_, PyAny>) -> PyErr {
    let name = object.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    let fault = Fault::new(FaultKind::ProgramError, format!("a `{name}` is neither a program nor an effect"));
    error_of(object.py(), &fault.hint("give a program, or an effect such as `CallTool(...)`"))
}

fn built_in(kind: &str, effect: &Bound<'_, PyAny>, catalogue: &Catalogue) -> PyResult<Effect> {
    let py = effect.py();
    let raise = |fault: Fault| error_of(py, &fault);
    match kind {
        "CallTool" => return call_tool(effect, catalogue),
        "CallAgent" => {
            let agent = catalogue.agent(&effect.getattr("spec")?)?;
            let prompt = without(py, effect.getattr("prompt")?.extract()?);
            return Ok(Effect::CallAgent(Arc::new(CallAgent { agent, prompt })));
        }
        "Sleep" => return Ok(Effect::Sleep(milliseconds(&effect.getattr("seconds")?)?.unwrap_or(i64::MAX))),
        "ReadClock" => return Ok(Effect::ReadClock),
        "DrawId" => return Ok(Effect::DrawId),
        _ => {}
    }
    let written = write(effect).map_err(raise)?;
    let text = |field: &str| written.get(field).and_then(Json::as_str).map(str::to_owned);
    Ok(match kind {
        "CallModel" => call_model(effect, &written, catalogue)?,
        "AwaitApproval" => Effect::AwaitApproval(Arc::new(AwaitApproval {
            kind: ApprovalKind::Program,
            title: text("title").unwrap_or_default(),
            subject: Value::from(written.get("subject").cloned().unwrap_or(Json::Null)),
            rule: "the program asks".to_owned(),
            bound: None,
            schema: from_python(&effect.getattr("schema")?).map_err(raise).map(|schema| Some(Arc::new(schema)))?,
            expires_in_ms: None,
        })),
        "StoreRef" => store_reference(effect, &written)?,
        "LoadRef" => {
            let handle = written.get("handle").cloned().unwrap_or(Json::Null);
            let part = |field: &str| handle.get(field).and_then(Json::as_str).unwrap_or_default().to_owned();
            Effect::LoadRef(Arc::new(LoadRef { kind: part("kind"), id: part("id") }))
        }
        "StorePlan" => {
            let plan = from_python(&effect.getattr("plan")?.call_method0("to_json")?).map_err(raise)?;
            let plan =
                PlanSpec::decode(plan).map_err(|error| raise(Fault::new(FaultKind::SpecError, error.to_string())))?;
            let body = written.get("body").cloned().unwrap_or(Json::Null);
            Effect::StorePlan(Arc::new(StorePlan { plan: Arc::new(plan), body, by: "program".to_owned() }))
        }
        "LoadPlan" => Effect::LoadPlan(Arc::new(LoadPlan { plan: text("plan"), plan_id: text("plan_id") })),
        "AdvancePlan" => {
            let step = plan_move(text("to").as_deref()).map_err(raise)?;
            Effect::AdvancePlan(Arc::new(AdvancePlan {
                plan_id: text("plan_id"),
                step,
                policy: None,
                by: "program".to_owned(),
            }))
        }
        "DrawNumber" => {
            let number = |field: &str| written.get(field).and_then(Json::as_i64).unwrap_or_default();
            Effect::DrawNumber(DrawNumber { low: number("low"), high: number("high") })
        }
        other => {
            return Err(raise(Fault::new(
                FaultKind::UnhandledEffect,
                format!("no interpreter knows the effect `{other}`"),
            )));
        }
    })
}

fn plan_move(to: Option<&str>) -> Result<PlanMove, Fault> {
    match to {
        Some("APPROVED") => Ok(PlanMove::Approve { digest: None }),
        Some("EXECUTING") => Ok(PlanMove::Execute { open: true, digest: None }),
        Some("EXECUTED") => Ok(PlanMove::Finish { calls: Vec::new(), cut_short: None }),
        other => Err(Fault::new(
            FaultKind::PlanError,
            format!("a program cannot move a plan to `{}`", other.unwrap_or("nothing")),
        )),
    }
}

fn call_tool(effect: &Bound<'_, PyAny>, catalogue: &Catalogue) -> PyResult<Effect> {
    let py = effect.py();
    let (tool, policy) = catalogue.tool(&effect.getattr(intern!(py, "tool"))?)?;
    let written = write(effect).map_err(|fault| error_of(py, &fault))?;
    let arguments = written.get("arguments").cloned().unwrap_or(Json::Null);
    Ok(Effect::CallTool(Arc::new(CallTool {
        tool,
        arguments: Value::from(arguments),
        call_id: None,
        agent: None,
        policy,
        covers: None,
        open_plan: None,
        key: None,
    })))
}

fn call_model(effect: &Bound<'_, PyAny>, written: &Json, catalogue: &Catalogue) -> PyResult<Effect> {
    let py = effect.py();
    let tools =
        effect.getattr("tools")?.try_iter()?.map(|tool| Ok(catalogue.tool(&tool?)?.0)).collect::<PyResult<Vec<_>>>()?;
    let messages = match written.get("prompt").and_then(Json::as_str) {
        Some(prompt) => MessageLog::default().with(Message::user(prompt)),
        None => messages_of(written.get("messages").unwrap_or(&Json::Null)).map_err(|fault| error_of(py, &fault))?,
    };
    Ok(Effect::CallModel(Arc::new(CallModel {
        model: Arc::from(written.get("model").and_then(Json::as_str).unwrap_or_default()),
        messages,
        tools: Arc::from(tools),
        output: written.get("output").filter(|schema| !schema.is_null()).map(|schema| Arc::new(schema.clone())),
        settings: Arc::new(written.get("settings").cloned().unwrap_or(Json::Null)),
        whole: effect.getattr(intern!(py, "whole"))?.extract()?,
    })))
}

/// Messages in the core's form, as Python has written them.
fn messages_of(written: &Json) -> Result<MessageLog, Fault> {
    let read = |(number, message): (usize, &Json)| {
        decode::<Message>(message.clone()).map_err(|error| {
            Fault::new(FaultKind::ProgramError, format!("message {number} of the conversation is none: {error}"))
        })
    };
    written.as_array().into_iter().flatten().enumerate().map(read).collect()
}

fn store_reference(effect: &Bound<'_, PyAny>, written: &Json) -> PyResult<Effect> {
    let py = effect.py();
    let reference = effect.getattr("reference")?;
    let glimpse = from_python(&reference.call_method1("glimpse_of", (effect.getattr("value")?,))?)
        .map_err(|fault| error_of(py, &fault))?;
    Ok(Effect::StoreRef(Arc::new(StoreRef {
        kind: reference.getattr("name")?.extract()?,
        value: Value::from(written.get("value").cloned().unwrap_or(Json::Null)),
        glimpse,
        ttl_ms: reference.getattr("ttl_ms")?.extract()?,
    })))
}
