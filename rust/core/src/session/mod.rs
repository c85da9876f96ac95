//! A session: one run of a machine under one interpreter, still without I/O.

mod approvals;
mod clock;
mod decision;
mod desk;
mod interpreter;
mod perform;
mod plan_events;
mod plans;

use std::collections::{BTreeMap, VecDeque};

pub use decision::read_decision;
pub use desk::{Desk, SharedStore};
pub use interpreter::{Answerer, HostWork, Interpreter, NoAnswers, Performance};

use perform::handled;

use crate::approvals::Decision;
use crate::events::{Event, EventBody, Projector};
use crate::fault::{Fault, FaultKind};
use crate::journal::Teller;
use crate::machine::{Ask, AskId, Dice, Machine, Program, Settings, Step};
use crate::position::{Position, Scope};
use crate::value::Outcome;

/// What a session wants from its driver.
#[derive(Default)]
pub struct Progress {
    /// Work for the host: tools, checks and handlers.
    pub work: Vec<(Ask, HostWork)>,
    /// Work that nobody waits for any more.
    pub dropped: Vec<AskId>,
    /// When to call `tick` if nothing happens before, in milliseconds.
    pub wake_at: Option<i64>,
    /// Whether the run ended.
    pub finished: bool,
}

/// One run.
pub struct Session {
    machine: Machine,
    interpreter: Box<dyn Interpreter>,
    desk: Desk,
    queue: VecDeque<Ask>,
    in_flight: BTreeMap<AskId, Ask>,
    /// Real tools that wait for the one at work.
    held_back: VecDeque<(Ask, HostWork)>,
    at_work: BTreeMap<AskId, bool>,
    dice: Option<Dice>,
    progress: Progress,
    deadline: Option<i64>,
    paused: bool,
    projector: Projector,
    told: Vec<Event>,
    outcome: Option<Outcome>,
    started_at: i64,
}

impl Session {
    /// A session that has not begun.
    #[must_use]
    pub fn new(mut interpreter: Box<dyn Interpreter>, desk: Desk, mut settings: Settings) -> Self {
        settings.now = interpreter.now();
        settings.seed = interpreter.seed();
        settings.sleeps_outside = interpreter.sleeps();
        let projector = Projector::new(settings.context.clone());
        Self {
            started_at: settings.now,
            dice: settings.seed.map(Dice::new),
            machine: Machine::new(settings),
            interpreter,
            desk,
            queue: VecDeque::new(),
            in_flight: BTreeMap::new(),
            held_back: VecDeque::new(),
            at_work: BTreeMap::new(),
            progress: Progress::default(),
            deadline: None,
            paused: false,
            projector,
            told: Vec::new(),
            outcome: None,
        }
    }

    /// Begins the run.
    pub fn start(&mut self, name: &str, program: Program) {
        self.tell(Teller::Run, EventBody::RunStarted { program: name.to_owned() });
        let step = self.machine.start(program);
        self.absorb(step);
    }

    /// Answers all that can be answered without the host, then says what is left.
    pub fn advance(&mut self) -> Progress {
        loop {
            while let Some(ask) = self.next_ask() {
                self.perform(ask);
            }
            if let Some((id, outcome)) = self.interpreter.ready(&mut self.desk) {
                self.retell();
                self.complete(id, outcome);
                continue;
            }
            if !self.pass_time() && !self.end_stall() {
                break;
            }
        }
        self.note_pause();
        let mut progress = std::mem::take(&mut self.progress);
        progress.finished = self.outcome.is_some();
        progress.wake_at = if progress.finished { None } else { self.wake_at() };
        progress
    }

    /// Takes what the host made of its work; an answer that nobody waits for changes nothing.
    pub fn complete(&mut self, id: AskId, outcome: Outcome) {
        let serial = self.at_work.remove(&id);
        if serial == Some(true) {
            self.release_next();
        }
        let Some(ask) = self.in_flight.remove(&id) else { return };
        let outcome = match outcome {
            Ok(value) if serial.is_some() => handled(&ask, value, self.interpreter.now()),
            outcome => outcome,
        };
        self.deliver(&ask, outcome);
    }

    /// Takes a scripted turn that the host worked out.
    pub fn work_out(&mut self, id: AskId, turn: &serde_json::Value) {
        self.at_work.remove(&id);
        let Some(ask) = self.in_flight.get(&id).cloned() else { return };
        if let Performance::Answered(outcome) = self.interpreter.work_out(&ask, turn) {
            self.complete(id, outcome);
        }
    }

    /// Does what is due.
    pub fn tick(&mut self) {
        let now = self.interpreter.now();
        self.fire(now);
    }

    /// Takes a human's decision.
    ///
    /// # Errors
    /// An unknown, expired or otherwise answered approval, or edits that do not fit.
    pub fn decide(&mut self, approval_id: &str, decision: Decision) -> Result<(), Fault> {
        let now = self.interpreter.now();
        if let Some((id, ruling)) = self.desk.decide(approval_id, decision, now)? {
            self.rule(id, Ok(ruling));
        }
        Ok(())
    }

    /// Cancels the run.
    pub fn cancel(&mut self, reason: Option<String>) {
        if self.outcome.is_some() {
            return;
        }
        let now = self.interpreter.now();
        let step = self.machine.cancel(reason, now);
        self.absorb(step);
    }

    /// When it was made, in milliseconds.
    #[must_use]
    pub fn started_at(&self) -> i64 {
        self.started_at
    }

    /// How the run ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The events after the first `after`, in order.
    pub fn events(&mut self, after: usize) -> &[Event] {
        for record in self.machine.journal().unread() {
            self.projector.project(record, &mut self.told);
        }
        self.told.get(after..).unwrap_or_default()
    }

    /// The time of the run's clock, in milliseconds.
    pub fn now(&mut self) -> i64 {
        self.interpreter.now()
    }

    /// The records, for a recording.
    pub fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Notes something that happened at a place, outside the machine.
    pub fn tell_at(&mut self, teller: Teller, position: Position, body: EventBody) {
        let now = self.interpreter.now();
        self.machine.journal().told(teller, position, body, now);
    }

    /// What the run knows of plans, approvals and references.
    pub fn desk(&mut self) -> &mut Desk {
        &mut self.desk
    }

    /// Notes what the desk did outside an ask, such as storing a reference for a tool.
    pub fn retell(&mut self) {
        let now = self.interpreter.now();
        for (position, body) in self.desk.take_told() {
            self.machine.journal().told(Teller::Desk, position, body, now);
        }
    }

    fn rule(&mut self, id: AskId, ruling: Outcome) {
        self.resume();
        self.retell();
        self.complete(id, ruling);
    }

    fn resume(&mut self) {
        if std::mem::take(&mut self.paused) {
            self.tell(Teller::Desk, EventBody::RunResumed {});
        }
    }

    /// An approval that was answered without a human, or failed to be, is not left open.
    fn close_question(&mut self, id: AskId) {
        self.desk.withdraw(id);
        self.retell();
    }

    fn absorb(&mut self, step: Step) {
        if self.outcome.is_some() {
            return;
        }
        if !step.asks.is_empty() {
            self.resume();
        }
        self.queue.extend(step.asks);
        for id in step.withdrawn {
            self.withdraw(id);
        }
        for id in step.dropped {
            self.drop_ask(id);
        }
        self.deadline = step.deadline;
        if step.finished
            && let Some(outcome) = self.machine.take_outcome()
        {
            self.finish(outcome);
        }
    }

    /// Leaves everything where it is, as a dying process does.
    fn crash(&mut self, fault: Fault) {
        self.queue.clear();
        self.in_flight.clear();
        self.held_back.clear();
        self.deadline = None;
        self.progress.dropped.extend(std::mem::take(&mut self.at_work).into_keys());
        self.outcome = Some(Err(fault));
    }

    fn finish(&mut self, outcome: Outcome) {
        let outcome = outcome.and_then(|value| self.interpreter.conclude().map(|()| value));
        let body = match &outcome {
            Ok(value) => EventBody::RunFinished { output: value.to_json().unwrap_or(serde_json::Value::Null) },
            Err(fault) if fault.kind() == FaultKind::RunCancelled => {
                EventBody::RunCancelled { reason: Some(fault.message().to_owned()) }
            }
            Err(fault) => EventBody::RunFailed { error: fault.note() },
        };
        self.tell(Teller::Run, body);
        self.outcome = Some(outcome);
    }

    fn tell(&mut self, teller: Teller, body: EventBody) {
        let now = self.interpreter.now();
        self.machine.journal().told(teller, Position { scope: Scope::root(), ordinal: 0 }, body, now);
    }
}
