//! Effects of Python as effects of the core, with what was compiled for them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use flowai_core::agents::{Agent, HostTools, compile};
use flowai_core::approvals::ApprovalKind;
use flowai_core::effects::{
    AdvancePlan, AwaitApproval, CallAgent, CallModel, CallTool, CustomEffect, DrawNumber, Effect, HostEffect, LoadPlan,
    LoadRef, Message, MessageLog, PlanMove, StorePlan, StoreRef, Tool,
};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::Program;
use flowai_core::policy::{Policy, Resolved};
use flowai_core::specs::{Decode, PlanSpec, RuntimeSpec, ToolSpec};
use flowai_core::value::Value;
use pyo3::intern;
use pyo3::prelude::*;
use serde_json::{Value as Json, json};

use crate::class::{Class, Function, Kind};
use crate::fault::{error_of, fault_of};
use crate::json::from_python;
use crate::open::milliseconds;

/// What a session knows of tools, agents and rules.
pub struct Catalogue {
    pub spec: Arc<RuntimeSpec>,
    pub policy: Policy,
    pub agents: std::collections::BTreeMap<String, Arc<Agent>>,
    classes: Mutex<HashMap<usize, Arc<Class>>>,
    functions: Mutex<HashMap<usize, Arc<Function>>>,
    tools: Mutex<HashMap<usize, Known>>,
    pub rows: Mutex<DeclaredRows>,
}

/// The classes of effects and the rows that declare them, by their addresses while this keeps both alive.
type DeclaredRows = HashMap<(usize, usize), (Py<PyAny>, Py<PyAny>)>;

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
    pub fn new(spec: RuntimeSpec, shelf: &ToolShelf) -> Result<Self, Fault> {
        let policy = Policy::new(&spec).map_err(|error| Fault::new(FaultKind::SpecError, error.to_string()))?;
        let agents = compile(&spec, &policy, shelf)?;
        Ok(Self {
            spec: Arc::new(spec),
            policy,
            agents,
            classes: Mutex::default(),
            functions: Mutex::default(),
            tools: Mutex::default(),
            rows: Mutex::default(),
        })
    }

    /// What is known of an object's class.
    pub fn class(&self, object: &Bound<'_, PyAny>) -> PyResult<Arc<Class>> {
        let class = object.get_type();
        let key = class.as_ptr().addr();
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(class) = classes.get(&key) {
            return Ok(Arc::clone(class));
        }
        let known = Arc::new(Class::of(&class)?);
        classes.insert(key, Arc::clone(&known));
        Ok(known)
    }

    /// What is known of a program function.
    pub fn function(&self, function: &Bound<'_, PyAny>) -> PyResult<Arc<Function>> {
        let key = function.as_ptr().addr();
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = functions.get(&key) {
            return Ok(Arc::clone(function));
        }
        let known = Arc::new(Function::of(function)?);
        functions.insert(key, Arc::clone(&known));
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
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).insert(key, known);
        Ok((compiled, policy))
    }

    /// The program of one step of an agent.
    pub fn agent_step(&self, node: &Bound<'_, PyAny>) -> PyResult<Program> {
        let py = node.py();
        let agent = self.agent(&node.getattr("spec")?)?;
        let messages = from_python(&node.getattr("messages")?).map_err(|fault| error_of(py, &fault))?;
        Ok(agent.step(&messages_of(&messages)))
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
        let compiled = Self::new(whole, &own_tools).map_err(raise)?;
        compiled
            .agents
            .get(&name)
            .cloned()
            .ok_or_else(|| raise(Fault::new(FaultKind::SpecError, format!("agent `{name}` cannot be compiled"))))
    }
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
                let tool = entry?.getattr("tool")?;
                shelf.insert((name.clone(), tool.getattr("name")?.extract()?), tool.unbind());
            }
        }
    }
    Ok(ToolShelf(shelf))
}

/// An effect of the user's own.
pub struct Custom {
    pub effect: Py<PyAny>,
    pub class: Arc<Class>,
    written: Option<Json>,
}

impl HostEffect for Custom {
    fn encode(&self) -> Result<Json, Fault> {
        match &self.written {
            Some(written) => Ok(written.clone()),
            None => Python::attach(|py| write(self.effect.bind(py))),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn write(effect: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    let py = effect.py();
    let written = effect.call_method0(intern!(py, "encode")).map_err(|error| fault_of(py, error))?;
    from_python(&written)
}

/// The core's form of an effect.
pub fn question(effect: &Bound<'_, PyAny>, class: &Arc<Class>, catalogue: &Catalogue) -> PyResult<Effect> {
    let py = effect.py();
    match &class.kind {
        Kind::Custom { name, lazy } => {
            let written = if *lazy { None } else { Some(write(effect).map_err(|fault| error_of(py, &fault))?) };
            let host = Box::new(Custom { effect: effect.clone().unbind(), class: Arc::clone(class), written });
            Ok(Effect::Custom(Arc::new(CustomEffect { kind: Arc::clone(name), host })))
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
            return Ok(Effect::CallAgent(Arc::new(CallAgent { agent, prompt: effect.getattr("prompt")?.extract()? })));
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
            tool: None,
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
        Some("APPROVED") => Ok(PlanMove::Approve),
        Some("EXECUTING") => Ok(PlanMove::Execute { open: true }),
        Some("EXECUTED") => Ok(PlanMove::Finish { calls: Vec::new() }),
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
    })))
}

fn call_model(effect: &Bound<'_, PyAny>, written: &Json, catalogue: &Catalogue) -> PyResult<Effect> {
    let tools =
        effect.getattr("tools")?.try_iter()?.map(|tool| Ok(catalogue.tool(&tool?)?.0)).collect::<PyResult<Vec<_>>>()?;
    let messages = match written.get("prompt").and_then(Json::as_str) {
        Some(prompt) => MessageLog::default().with(Message::User { text: prompt.to_owned() }),
        None => messages_of(written.get("messages").unwrap_or(&Json::Null)),
    };
    Ok(Effect::CallModel(Arc::new(CallModel {
        model: Arc::from(written.get("model").and_then(Json::as_str).unwrap_or_default()),
        messages,
        tools: Arc::from(tools),
        output: written.get("output").filter(|schema| !schema.is_null()).map(|schema| Arc::new(schema.clone())),
        settings: Arc::new(written.get("settings").cloned().unwrap_or(Json::Null)),
        whole: false,
    })))
}

/// Messages as people write them: `role` and `content`, or the core's own form.
pub fn messages_of(written: &Json) -> MessageLog {
    written.as_array().into_iter().flatten().map(message_of).collect()
}

fn message_of(written: &Json) -> Message {
    if let Ok(message) = serde_json::from_value::<Message>(written.clone()) {
        return message;
    }
    let content = written.get("content").or_else(|| written.get("text"));
    let text =
        content.map(|content| content.as_str().map_or_else(|| content.to_string(), str::to_owned)).unwrap_or_default();
    match written.get("role").and_then(Json::as_str) {
        Some("system") => Message::System { text },
        Some("assistant") => Message::Assistant { text, thinking: None, tool_calls: Vec::new() },
        _ => Message::User { text },
    }
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
