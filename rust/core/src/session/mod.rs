//! A session: one run of a machine under one interpreter, still without I/O.

mod approvals;
mod budget;
mod by_handler;
mod changes;
mod clock;
mod decision;
mod desk;
mod edits;
mod ending;
mod happen;
mod history;
mod interpreter;
mod ledger;
mod perform;
mod plan_events;
mod plan_tools;
mod plans;
mod questions;
mod recall;
mod resumed;
mod standing;

use std::collections::{BTreeMap, VecDeque};

pub use decision::read_decision;
pub use desk::{Desk, SharedStore};
pub use interpreter::{Answerer, Happening, HostWork, Interpreter, NoAnswers, Performance};
pub use ledger::Keeping;
pub use resumed::Resumed;

use crate::approvals::Decision;
use crate::events::{Event, EventBody, Projector};
use crate::fault::{Fault, FaultKind};
use crate::journal::Teller;
use crate::machine::{Ask, AskId, Dice, LeftOpen, Machine, Program, Settings, Step};
use crate::position::{Position, Scope};
use crate::value::{Outcome, Value};

use ledger::Ledger;

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
    begun: bool,
    paused: bool,
    projector: Projector,
    told: Vec<Event>,
    outcome: Option<Outcome>,
    started_at: i64,
    /// Until when the journal told what happened; none once that is over.
    replayed_until: i64,
    replays: bool,
    /// What of the run is kept in the store, where the store outlives the process.
    ledger: Option<Ledger>,
}

impl Session {
    /// A session that has not begun.
    #[must_use]
    pub fn new(mut interpreter: Box<dyn Interpreter>, desk: Desk, mut settings: Settings) -> Self {
        settings.now = interpreter.now();
        settings.seed = interpreter.seed();
        settings.sleeps_outside = interpreter.sleeps();
        settings.purse.follow(interpreter.decided());
        settings.plan_tools = desk.plan_tools();
        let projector = Projector::new(settings.context.clone());
        Self {
            started_at: settings.now,
            replayed_until: settings.now,
            replays: interpreter.is_replaying(),
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
            begun: false,
            paused: false,
            projector,
            told: Vec::new(),
            outcome: None,
            ledger: None,
        }
    }

    /// Begins the run, unless it was cancelled before.
    pub fn start(&mut self, name: &str, program: Program) {
        if self.outcome.is_some() {
            return;
        }
        self.begun = true;
        self.tell(Teller::Run, EventBody::RunStarted { program: name.to_owned() });
        self.open_purse();
        // Whoever was told of the run finds it in the store, however soon the process ends.
        self.keep();
        let step = self.machine.start(program);
        self.absorb(step);
    }

    /// Answers all that can be answered without the host, then says what is left.
    pub fn advance(&mut self) -> Progress {
        loop {
            while let Some(ask) = self.next_ask() {
                self.perform(ask);
            }
            let happening = if self.outcome.is_none() { self.interpreter.happened(&mut self.desk) } else { None };
            if let Some(happening) = happening {
                self.happen(happening);
                continue;
            }
            self.note_replay();
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
        self.keep();
        self.release_kept();
        let mut progress = std::mem::take(&mut self.progress);
        progress.finished = self.outcome.is_some() && self.is_kept();
        progress.wake_at = if progress.finished { None } else { self.wake_at() };
        progress
    }

    fn note_replay(&mut self) {
        if self.replays && !self.interpreter.is_replaying() {
            self.replays = false;
            self.end_replay();
        }
    }

    /// Takes what the host made of its work; an answer that nobody waits for changes nothing.
    pub fn complete(&mut self, id: AskId, outcome: Outcome) {
        let serial = self.at_work.remove(&id);
        if serial == Some(true) {
            self.release_next();
        }
        let Some(ask) = self.in_flight.remove(&id) else { return };
        let outcome = if serial.is_some() { self.worked(&ask, outcome) } else { outcome };
        let outcome = if serial.is_some() { self.interpreter.postpone(id, outcome) } else { Some(outcome) };
        match outcome {
            Some(outcome) => self.deliver(&ask, outcome),
            None => drop(self.in_flight.insert(id, ask)),
        }
    }

    /// Takes a scripted turn or decision that the host worked out.
    pub fn work_out(&mut self, id: AskId, written: &serde_json::Value) {
        self.at_work.remove(&id);
        let Some(ask) = self.in_flight.get(&id).cloned() else { return };
        let performance = self.interpreter.work_out(&ask, written, &mut self.desk);
        self.retell();
        if let Performance::Answered(outcome) = performance {
            self.complete(id, outcome);
        }
    }

    /// Does what is due.
    pub fn tick(&mut self) {
        let now = self.interpreter.now();
        self.fire(now);
    }

    /// Takes a human's decision, and goes on with it; says whether a write has to be made again by a run of its own.
    ///
    /// # Errors
    /// An unknown, expired or otherwise answered approval, or edits that do not fit.
    pub fn decide(&mut self, approval_id: &str, decision: &Decision) -> Result<bool, Fault> {
        let (ruled, runs_again) = self.record(approval_id, decision)?;
        if let Some((id, ruling)) = ruled {
            self.rule(id, Ok(ruling));
        }
        Ok(runs_again)
    }

    /// Keeps a human's decision; what it rules is for `rule`, where the run goes on. Says whether a write has to be made
    /// again by a run of its own.
    ///
    /// # Errors
    /// An unknown, expired or otherwise answered approval, or edits that do not fit.
    pub fn record(&mut self, approval_id: &str, decision: &Decision) -> Result<(Option<(AskId, Value)>, bool), Fault> {
        let now = self.interpreter.now();
        let known = self.desk.write_of(approval_id).is_some();
        let ruled = self.desk.decide(approval_id, decision, now);
        // What was ruled is told where the run goes on with it.
        if !matches!(ruled, Ok(Some(_))) {
            self.retell();
        }
        Ok((ruled?, !known && self.desk.write_of(approval_id).is_some()))
    }

    /// Goes on with what was ruled, where somebody still waits for it.
    pub fn rule(&mut self, id: AskId, ruling: Outcome) {
        if self.outcome.is_some() {
            return;
        }
        self.resume();
        self.retell();
        if self.at_work.remove(&id).is_some() {
            self.progress.dropped.push(id);
        }
        self.complete(id, ruling);
    }

    /// Cancels the run; one that has not begun is over at once.
    pub fn cancel(&mut self, reason: Option<String>) {
        if self.outcome.is_some() {
            return;
        }
        if !self.begun {
            let message = reason.unwrap_or_else(|| "the run was cancelled".to_owned());
            return self.finish(Err(Fault::new(FaultKind::RunCancelled, message)));
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

    /// The events after the first `after`, in order; where the run is kept, those that are durable.
    pub fn events(&mut self, after: usize) -> &[Event] {
        if let Some(ledger) = &self.ledger {
            return self.told.get(after..ledger.shown()).unwrap_or_default();
        }
        for record in self.machine.journal().unread() {
            self.projector.project(record, &mut self.told);
        }
        self.told.get(after..).unwrap_or_default()
    }

    /// How many events there are so far.
    pub fn count_of_events(&mut self) -> usize {
        self.keep();
        let _ = self.events(usize::MAX);
        self.told.len()
    }

    /// An event that only those who listen now are told.
    #[must_use]
    pub fn transient(&self, position: &Position, body: EventBody, at: i64) -> Event {
        self.projector.transient(position, body, at)
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

    fn resume(&mut self) {
        if !self.interpreter.is_replaying() && std::mem::take(&mut self.paused) {
            let now = self.interpreter.now();
            self.machine.purse().resume(now);
            self.tell(Teller::Desk, EventBody::RunResumed {});
        }
    }

    /// An approval that was answered without a human, or that nobody waits for, is not left open.
    fn close_question(&mut self, id: AskId, why: &str) {
        self.desk.withdraw(id, why);
        self.retell();
    }

    /// What a new revision of their plan made void goes back to those who asked.
    fn return_voided(&mut self) {
        for id in self.desk.take_voided() {
            let message = "withdrawn: a newer revision of the plan was stored";
            let fault = Fault::new(FaultKind::ApprovalRejected, message);
            self.complete(id, Err(fault.detail(serde_json::json!({"reason": message, "superseded": true}))));
        }
    }

    /// Keeps the questions about writes that their branches left behind.
    fn leave_open(&mut self, left_open: Vec<LeftOpen>) {
        let now = self.interpreter.now();
        for left in left_open {
            if let Some(id) = left.asked {
                self.in_flight.remove(&id);
                self.interpreter.dropped(id);
            }
            self.desk.leave_open(left, now);
        }
        self.retell();
    }

    fn absorb(&mut self, mut step: Step) {
        if self.outcome.is_some() {
            return;
        }
        if !step.asks.is_empty() {
            self.resume();
        }
        self.save_spending(step.finished);
        self.queue.extend(step.asks.drain(..));
        self.machine.reuse(step.asks);
        if !step.left_open.is_empty() {
            self.leave_open(step.left_open);
        }
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

    fn tell(&mut self, teller: Teller, body: EventBody) {
        let now = self.interpreter.now();
        self.machine.journal().told(teller, Position { scope: Scope::root(), ordinal: 0 }, body, now);
    }
}
