//! A bench: one machine, driven by hand, with a trail of what it asked.

use flowai_core::effects::Effect;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::journal::Record;
use flowai_core::machine::{Ask, Machine, Program, RunContext, Settings, Step};
use flowai_core::value::{Outcome, Value};
use serde_json::{Value as Json, json};

/// One machine under way.
pub struct Bench {
    pub machine: Machine,
    pub open: Vec<Ask>,
    pub now: i64,
    pub outcome: Option<Outcome>,
    pub withdrawn: Vec<String>,
    approvals: u32,
}

impl Bench {
    pub fn run(program: Program) -> Self {
        Self::seeded(None, program)
    }

    pub fn seeded(seed: Option<u64>, program: Program) -> Self {
        let context = RunContext { run_id: "run-1".to_owned(), tenant: "acme".to_owned(), ..RunContext::default() };
        let settings = Settings { context, seed, grace_ms: 100, ..Settings::default() };
        let machine = Machine::new(settings);
        let mut bench = Self { machine, open: Vec::new(), now: 0, outcome: None, withdrawn: Vec::new(), approvals: 0 };
        let step = bench.machine.start(program);
        bench.absorb(step);
        bench
    }

    fn absorb(&mut self, step: Step) {
        self.open.extend(step.asks);
        for id in step.withdrawn {
            let name = self.open.iter().find(|ask| ask.id == id).map(name_of);
            self.withdrawn.extend(name);
        }
        self.open.retain(|ask| !step.dropped.contains(&ask.id));
        if step.finished && self.outcome.is_none() {
            self.outcome = self.machine.take_outcome();
        }
    }

    /// What is asked and not answered, sorted: names, or tools.
    pub fn asked(&self) -> Vec<String> {
        let mut names: Vec<String> = self.open.iter().map(name_of).collect();
        names.sort();
        names
    }

    pub fn position(&self, name: &str) -> String {
        self.open.iter().find(|ask| name_of(ask) == name).unwrap().position.to_string()
    }

    pub fn take(&mut self, name: &str) -> Ask {
        let place = self.open.iter().position(|ask| name_of(ask) == name);
        let place = place.unwrap_or_else(|| panic!("nobody asks {name}; {:?}", self.asked()));
        self.open.remove(place)
    }

    pub fn give(&mut self, ask: &Ask, outcome: Outcome) {
        let step = self.machine.answer(ask.id, outcome, self.now);
        self.absorb(step);
    }

    pub fn answer(&mut self, name: &str, value: Json) -> &mut Self {
        let ask = self.take(name);
        self.give(&ask, Ok(Value::from(value)));
        self
    }

    pub fn refuse(&mut self, name: &str) -> &mut Self {
        let ask = self.take(name);
        self.give(&ask, Err(Fault::new(FaultKind::ToolFailed, "it broke")));
        self
    }

    pub fn wait_until(&mut self, now: i64) -> &mut Self {
        self.now = now;
        let step = self.machine.fire(now);
        self.absorb(step);
        self
    }

    pub fn cancel(&mut self) -> &mut Self {
        let step = self.machine.cancel(None, self.now);
        self.absorb(step);
        self
    }

    /// A ruling on what an approval asks.
    pub fn ruling(&mut self, ask: &Ask, approved: bool) -> Json {
        let Effect::AwaitApproval(request) = &ask.effect else { panic!("no approval") };
        let bound = request.bound.as_ref().unwrap();
        self.approvals += 1;
        json!({
            "approval_id": format!("a-{}", self.approvals), "digest": bound.digest().unwrap().to_string(), "approved": approved,
            "subject": bound.subject, "reason": if approved { Json::Null } else { json!("no") }, "principal": "ana",
            "expires_at": 1_000, "answered_at": self.now, "edited": false, "actions": null,
        })
    }

    pub fn rule(&mut self, approved: bool) -> &mut Self {
        let ask = self.take("AwaitApproval");
        let ruling = self.ruling(&ask, approved);
        self.give(&ask, Ok(Value::from(ruling)));
        self
    }

    /// How it ended: the JSON of the value, or the kind of the fault.
    pub fn end(&self) -> String {
        match self.outcome.as_ref().expect("the program has not ended") {
            Ok(value) => value.to_json().unwrap().to_string(),
            Err(fault) => format!("{:?}", fault.kind()),
        }
    }

    /// What was told: the types of events.
    pub fn told(&mut self) -> Vec<String> {
        let records = self.machine.journal().records().iter();
        records
            .filter_map(|record| {
                let Record::Told { body, .. } = record else { return None };
                serde_json::to_value(body).unwrap()["type"].as_str().map(str::to_owned)
            })
            .collect()
    }
}

pub fn name_of(ask: &Ask) -> String {
    match &ask.effect {
        Effect::CallTool(call) => call.tool.spec.name.clone(),
        effect => effect.kind().to_owned(),
    }
}
