//! Programs as tests write them.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use flowai_core::effects::{CallTool, Effect, HostEffect, Tool};
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Attempts, Continuation, Handler, Items, Move, Program, Then};
use flowai_core::policy::{Policy, Resolved};
use flowai_core::specs::{Decode, RuntimeSpec};
use flowai_core::value::{Outcome, Value};
use serde_json::{Value as Json, json};

struct Plain(String);

impl HostEffect for Plain {
    fn kind(&self) -> &str {
        &self.0
    }

    fn encode(&self) -> Result<Json, Fault> {
        Ok(json!({}))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A question of the user's own.
pub fn effect(kind: &str) -> Effect {
    Effect::Custom(Arc::new(Plain(kind.to_owned())))
}

pub fn ask(kind: &str) -> Program {
    Program::Ask(effect(kind))
}

pub fn sleep(wait_ms: i64) -> Program {
    Program::Ask(Effect::Sleep(wait_ms))
}

pub fn pure(value: Json) -> Program {
    Program::Pure(Value::from(value))
}

pub fn fail(message: &str) -> Program {
    Program::Fail(Fault::new(FaultKind::EffectFailed, message))
}

struct Function<F>(F);

impl<F: FnOnce(Value) -> Program + Send> Then for Function<F> {
    fn then(self: Box<Self>, value: Value) -> Result<Program, Fault> {
        Ok((self.0)(value))
    }
}

pub fn bind(source: Program, then: impl FnOnce(Value) -> Program + Send + 'static) -> Program {
    Program::Bind(source.into(), Box::new(Function(then)))
}

/// One after the other; the last value.
pub fn sequence(programs: impl IntoIterator<Item = Program>) -> Program {
    programs.into_iter().reduce(|first, second| bind(first, |_| second)).unwrap()
}

struct Mend(Program);

impl Handler for Mend {
    fn handle(self: Box<Self>, _: &Fault) -> Option<Result<Program, Fault>> {
        Some(Ok(self.0))
    }
}

pub fn catch(program: Program, instead: Program) -> Program {
    Program::Catch(program.into(), Box::new(Mend(instead)))
}

pub fn ensure(program: Program, cleanup: Program) -> Program {
    Program::Ensure(program.into(), cleanup.into())
}

pub fn timeout(program: Program, wait_ms: i64) -> Program {
    Program::Timeout(program.into(), wait_ms)
}

struct Again<F> {
    make: F,
    count: u32,
}

impl<F: FnMut() -> Program + Send> Attempts for Again<F> {
    fn count(&self) -> u32 {
        self.count
    }

    fn make(&mut self) -> Result<Program, Fault> {
        Ok((self.make)())
    }

    fn wait_ms(&self, _: u32, _: &Fault) -> Option<i64> {
        Some(0)
    }
}

pub fn retry(count: u32, make: impl FnMut() -> Program + Send + 'static) -> Program {
    Program::Retry(Box::new(Again { make, count }))
}

struct Looped<F>(F);

impl<F: FnMut(Outcome) -> Move + Send> Continuation for Looped<F> {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        (self.0)(outcome)
    }
}

pub fn looped(step: impl FnMut(Outcome) -> Move + Send + 'static) -> Program {
    Program::Loop(Box::new(Looped(step)))
}

/// A runtime of one agent `ops` with the tools `read`, `write` and `once`; `rules` are its approvals by tool.
pub fn spec(rules: &Json) -> RuntimeSpec {
    let tool = |name: &str, access: &str| {
        json!({"name": name, "access": access, "marked": true, "parameters": {
            "type": "object", "properties": {"row": {"type": "integer"}}, "required": ["row"], "additionalProperties": false}})
    };
    let tools = [tool("read", "read"), tool("write", "write_idempotent"), tool("once", "write_once")];
    let agent = json!({"role": "specialist", "name": "ops", "model": "m", "tools": tools, "tool_approvals": rules});
    RuntimeSpec::decode(json!({"tenant": {"id": "acme"}, "agents": [agent]})).unwrap()
}

/// A tool that is ready to be called, with its rules.
type Ready = (Arc<Tool>, Arc<Resolved>);

thread_local! {
    /// Schemas and rules cost more to make ready than most tests take.
    static READY: RefCell<BTreeMap<String, Ready>> = const { RefCell::new(BTreeMap::new()) };
}

fn ready(rules: &Json, name: &str) -> Ready {
    let make = || {
        let spec = spec(rules);
        let policy = Policy::new(&spec).unwrap().for_tool("ops", name).clone();
        let tool = spec.agents[0].tool(name).unwrap().clone();
        (Arc::new(Tool::new(tool, None).unwrap()), Arc::new(policy))
    };
    READY.with_borrow_mut(|ready| ready.entry(format!("{name} {rules}")).or_insert_with(make).clone())
}

/// A call of one of these tools under these rules.
pub fn call_under(rules: &Json, name: &str, row: i64) -> CallTool {
    let (tool, policy) = ready(rules, name);
    CallTool {
        tool,
        arguments: Value::from(json!({"row": row})),
        call_id: None,
        agent: Some(Arc::from("ops")),
        policy: Some(policy),
        covers: None,
        open_plan: None,
        key: None,
    }
}

pub fn call(name: &str, row: i64) -> Program {
    Program::Ask(Effect::CallTool(Arc::new(call_under(&json!({}), name, row))))
}

pub fn gated(name: &str, row: i64) -> Program {
    Program::Ask(Effect::CallTool(Arc::new(call_under(&json!({name: "always"}), name, row))))
}

struct Each<F> {
    make: F,
    count: usize,
}

impl<F: FnMut(usize) -> Program + Send> Items for Each<F> {
    fn count(&self) -> usize {
        self.count
    }

    fn make(&mut self, index: usize) -> Result<Program, Fault> {
        Ok((self.make)(index))
    }
}

pub fn for_each(count: usize, limit: usize, make: impl FnMut(usize) -> Program + Send + 'static) -> Program {
    Program::ForEach(Box::new(Each { make, count }), Some(limit))
}
