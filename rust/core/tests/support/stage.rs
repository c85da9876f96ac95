//! A stage: one run of an agent with a scripted model, real plans and approvals, and tools of the test.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use flowai_core::agents::{HostTools, compile};
use flowai_core::effects::{CallAgent, Effect};
use flowai_core::events::{Event, EventBody};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, Program, RunContext, Settings};
use flowai_core::policy::Policy;
use flowai_core::session::{Desk, HostWork, NoAnswers, Session, SharedStore, read_decision};
use flowai_core::specs::{Decode, RuntimeSpec};
use flowai_core::store::MemoryStore;
use flowai_core::value::{Outcome, Value};
use flowai_interp_test::{Script, Test, TestSettings, Turn};
use serde_json::{Value as Json, json};

struct NoHost;

impl HostTools for NoHost {
    fn find(&self, _: &str, _: &str) -> Option<Box<dyn Any + Send + Sync>> {
        None
    }
}

/// What a model says in one turn: text, or calls as `(tool, arguments)`.
pub fn says(text: &str) -> Json {
    json!({"steps": [{"says": text}]})
}

pub fn calls(calls: &[(&str, Json)]) -> Json {
    let steps: Vec<Json> =
        calls.iter().map(|(name, arguments)| json!({"calls": {"name": name, "arguments": arguments}})).collect();
    json!({"steps": steps})
}

pub fn store() -> SharedStore {
    Arc::new(Mutex::new(MemoryStore::default()))
}

type Tools = Box<dyn FnMut(&str, &Json) -> Outcome>;

/// How a stage is set.
pub struct Play {
    pub spec: Json,
    pub agent: &'static str,
    pub script: Vec<(&'static str, Vec<Json>)>,
    pub decisions: Option<Vec<Json>>,
    pub tools: Tools,
    pub store: SharedStore,
    pub run_id: &'static str,
    pub hold: bool,
}

impl Play {
    pub fn new(spec: Json, agent: &'static str, script: Vec<(&'static str, Vec<Json>)>) -> Self {
        let tools: Tools = Box::new(|_, _| Ok(Value::from(json!("done"))));
        Self { spec, agent, script, decisions: None, tools, store: store(), run_id: "run-1", hold: false }
    }

    pub fn deciding(mut self, decisions: &[Json]) -> Self {
        self.decisions = Some(decisions.to_vec());
        self
    }

    pub fn with_tools(mut self, tools: impl FnMut(&str, &Json) -> Outcome + 'static) -> Self {
        self.tools = Box::new(tools);
        self
    }

    pub fn on(mut self, store: &SharedStore, run_id: &'static str) -> Self {
        self.store = Arc::clone(store);
        self.run_id = run_id;
        self
    }

    /// Tools wait until the test answers them.
    pub fn holding(mut self) -> Self {
        self.hold = true;
        self
    }

    pub fn begin(self) -> Stage {
        let spec = RuntimeSpec::decode(self.spec).unwrap();
        let agents = compile(&spec, &Policy::new(&spec).unwrap(), &NoHost).unwrap();
        let turns = |turns: Vec<Json>| turns.into_iter().map(Turn::Ready).collect::<VecDeque<_>>();
        let by_agent: BTreeMap<String, _> =
            self.script.into_iter().map(|(agent, said)| (agent.to_owned(), turns(said))).collect();
        let settings = TestSettings {
            script: Script { by_agent, ..Script::default() },
            decisions: self.decisions.map(VecDeque::from),
            attended: true,
            ..TestSettings::default()
        };
        let context = RunContext {
            run_id: self.run_id.to_owned(),
            tenant: "acme".to_owned(),
            thread_id: Some("thread-1".to_owned()),
            principal: None,
        };
        let desk = Desk::new(self.store, context.clone(), Arc::new(spec), [7; 32]);
        let machine = Settings { context, ..Settings::default() };
        let mut session = Session::new(Box::new(Test::new(settings, Box::new(NoAnswers))), desk, machine);
        let call = CallAgent { agent: Arc::clone(&agents[self.agent]), prompt: "go".to_owned() };
        session.start("test", Program::Ask(Effect::CallAgent(Arc::new(call))));
        let mut stage = Stage {
            session,
            tools: self.tools,
            called: Vec::new(),
            events: Vec::new(),
            held: Vec::new(),
            hold: self.hold,
        };
        stage.drive();
        stage
    }
}

/// A run on its stage.
pub struct Stage {
    pub session: Session,
    tools: Tools,
    pub called: Vec<(String, Json)>,
    pub events: Vec<Event>,
    pub held: Vec<Ask>,
    /// Whether tools wait until the test answers them.
    pub hold: bool,
}

impl Stage {
    pub fn drive(&mut self) {
        loop {
            let progress = self.session.advance();
            let told = self.session.events(self.events.len()).to_vec();
            self.events.extend(told);
            if progress.work.is_empty() {
                return;
            }
            for (ask, work) in progress.work {
                self.work(ask, &work);
            }
        }
    }

    fn work(&mut self, ask: Ask, work: &HostWork) {
        let outcome = match (work, &ask.effect) {
            (HostWork::Tool, Effect::CallTool(call)) => {
                assert!(ask.cleared_call().is_some(), "no tool runs without a clearance");
                let arguments = call.arguments.to_json().unwrap();
                self.called.push((call.tool.spec.name.clone(), arguments.clone()));
                if self.hold {
                    self.held.push(ask);
                    return;
                }
                (self.tools)(&call.tool.spec.name, &arguments)
            }
            (HostWork::Decision { decision, .. }, _) => return self.session.work_out(ask.id, decision),
            (HostWork::CheckPlan, Effect::CheckPlan(check)) => Ok(Value::from(check.body.clone())),
            _ => Err(Fault::new(FaultKind::UnhandledEffect, "the stage has no such work")),
        };
        self.session.complete(ask.id, outcome);
    }

    pub fn decide(&mut self, approval_id: &str, decision: &Json) -> Result<(), Fault> {
        let decision = read_decision(decision, Some("ana".to_owned()), 0).unwrap();
        self.session.decide(approval_id, &decision)?;
        self.drive();
        Ok(())
    }

    /// The ids of the approvals that were required, in order.
    pub fn required(&self) -> Vec<String> {
        let required = self.events.iter().filter_map(|event| match &event.body {
            EventBody::ApprovalRequired { approval_id, .. } => Some(approval_id.clone()),
            _ => None,
        });
        required.collect()
    }

    pub fn tools_called(&self) -> Vec<&str> {
        self.called.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// How it ended: the JSON of the value, or the kind of the fault.
    pub fn end(&self) -> String {
        match self.session.outcome().expect("the run has not ended") {
            Ok(value) => value.to_json().unwrap().to_string(),
            Err(fault) => format!("{:?}: {fault}", fault.kind()),
        }
    }

    /// The types of the events that are not about models and agents.
    pub fn story(&self) -> Vec<String> {
        let quiet = ["model_", "agent_", "usage_", "run_started", "run_finished"];
        let types = self.events.iter().map(|event| json!(event.body)["type"].as_str().unwrap().to_owned());
        types.filter(|name| !quiet.iter().any(|quiet| name.starts_with(quiet))).collect()
    }

    /// What the model was told of its tools' answers in the last step.
    pub fn last_tool_message(&mut self) -> Json {
        let records = self.session.machine().journal().records().iter().rev();
        let mut calls = records.filter_map(|record| match record {
            flowai_core::journal::Record::Performed { effect: Effect::CallModel(call), .. } => {
                Some(call.messages.to_vec())
            }
            _ => None,
        });
        let messages = calls.next().expect("no model was called");
        let message = messages.into_iter().rev().find_map(|message| match message {
            flowai_core::effects::Message::Tool { content, .. } => Some(content),
            _ => None,
        });
        message.expect("no tool was called")
    }
}
