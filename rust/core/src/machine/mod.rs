//! The machine: a stepper without I/O that runs programs and lets effects out.

mod answer;
mod ask;
mod attempt;
mod branch;
mod budget;
mod context;
mod doubt;
mod emit;
mod fork;
mod frame;
mod gate;
mod gate_plan;
mod hold;
mod interrupt;
mod join;
mod nested;
mod program;
mod run;
mod schedule;
mod timers;
mod unwind;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use ask::{Ask, AskId, Step};
pub use context::RunContext;
pub use doubt::LeftOpen;
pub use gate::{Clearance, Ruling};
pub use nested::Nested;
pub use program::{Attempts, Continuation, Handler, Intent, Items, Move, Open, Program, Then};
pub use schedule::Dice;

use branch::{Branch, Next, Waiting};
use schedule::Schedule;
use timers::Timers;

use crate::budget::Purse;
use crate::fault::{Fault, FaultKind};
use crate::journal::Journal;
use crate::position::Scope;
use crate::value::{Outcome, Value};

/// What a machine is told before it starts.
#[derive(Default)]
pub struct Settings {
    /// The run's identity.
    pub context: RunContext,
    /// Draws the order of ready branches; first come first served when absent.
    pub seed: Option<u64>,
    /// How long a cancelled run waits for a write in flight.
    pub grace_ms: i64,
    /// The time, in milliseconds.
    pub now: i64,
    /// Whether the interpreter answers `Sleep`; otherwise the machine's timers do.
    pub sleeps_outside: bool,
    /// What the run may use.
    pub purse: Purse,
    /// By plan type, the digest of the tools that perform its actions; none where no dispatcher does.
    pub plan_tools: BTreeMap<String, String>,
}

/// Runs one program.
///
/// # Laws
/// - No gated call leaves without a ruling on its digest, and one ruling lets out one call.
/// - `ensure` runs exactly once; a cancel waits for it.
/// - Positions do not depend on the order of answers.
pub struct Machine {
    settings: Settings,
    branches: Vec<Option<Branch>>,
    free: Vec<u32>,
    schedule: Schedule,
    timers: Timers,
    journal: Journal,
    grants: BTreeMap<(String, usize), Grant>,
    used: BTreeSet<String>,
    step: Step,
    outcome: Option<Outcome>,
    cancelled: Option<Fault>,
    /// Whether anything was ever interrupted.
    interrupted: bool,
    /// The branches that wait for the purse, the first first.
    queued_calls: VecDeque<u32>,
    turns: u64,
}

/// One action of an approved plan that may run once.
struct Grant {
    kind: String,
    arguments: serde_json::Value,
}

impl Machine {
    /// A machine with nothing to do.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let schedule = Schedule::seeded(settings.seed);
        Self {
            settings,
            branches: Vec::new(),
            free: Vec::new(),
            schedule,
            timers: Timers::default(),
            journal: Journal::default(),
            grants: BTreeMap::new(),
            used: BTreeSet::new(),
            step: Step::default(),
            outcome: None,
            cancelled: None,
            interrupted: false,
            queued_calls: VecDeque::new(),
            turns: 0,
        }
    }

    /// Begins.
    pub fn start(&mut self, program: Program) -> Step {
        let root = self.add_branch(Branch::new(None, Scope::root(), program));
        self.queue(root);
        self.turn()
    }

    /// Takes the answer to an ask; an answer that nobody waits for changes nothing.
    pub fn answer(&mut self, id: AskId, outcome: Outcome, now: i64) -> Step {
        self.settings.now = now;
        self.take_answer(id, outcome);
        self.turn()
    }

    /// Does what is due.
    pub fn fire(&mut self, now: i64) -> Step {
        self.settings.now = now;
        if self.timers.next_at().is_some_and(|at| at <= now) {
            self.journal.fired(now);
        }
        while let Some((timer, alarm)) = self.timers.take_due(now) {
            self.ring(timer, alarm);
        }
        self.turn()
    }

    /// Cancels everything; cleanups and writes in flight are waited for.
    pub fn cancel(&mut self, reason: Option<String>, now: i64) -> Step {
        self.settings.now = now;
        if self.outcome.is_none() && self.cancelled.is_none() {
            self.journal.interrupted(reason.clone(), now);
            let message = reason.unwrap_or_else(|| "the run was cancelled".to_owned());
            self.cancelled = Some(Fault::new(FaultKind::RunCancelled, message));
            self.interrupt(0, 0);
        }
        self.turn()
    }

    /// Takes the asks of a step back, empty, so that the next step needs no memory of its own.
    pub fn reuse(&mut self, asks: Vec<Ask>) {
        if self.step.asks.is_empty() {
            self.step.asks = asks;
        }
    }

    /// How the program ended, once.
    pub fn take_outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// What was asked and answered.
    pub fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// What the run may use.
    pub fn purse(&mut self) -> &mut Purse {
        &mut self.settings.purse
    }

    /// The run's identity.
    #[must_use]
    pub fn context(&self) -> &RunContext {
        &self.settings.context
    }

    fn turn(&mut self) -> Step {
        while let Some(branch) = self.schedule.take() {
            self.run_branch(branch);
        }
        let mut step = std::mem::take(&mut self.step);
        step.deadline = self.timers.next_at();
        step.finished = self.outcome.is_some();
        step
    }

    fn add_branch(&mut self, branch: Branch) -> u32 {
        if let Some(index) = self.free.pop() {
            if let Some(place) = self.branches.get_mut(index_of(index)) {
                *place = Some(branch);
            }
            return index;
        }
        self.branches.push(Some(branch));
        u32::try_from(self.branches.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn branch(&mut self, index: u32) -> Option<&mut Branch> {
        self.branches.get_mut(index_of(index))?.as_mut()
    }

    /// Lets a branch go on when its turn comes.
    fn resume(&mut self, index: u32, next: Next) {
        if let Some(branch) = self.branch(index) {
            branch.waiting = Waiting::Ready(next);
        }
        self.queue(index);
    }

    fn queue(&mut self, index: u32) {
        if let Some(branch) = self.branch(index)
            && !branch.queued
        {
            branch.queued = true;
            self.schedule.add(index);
        }
    }

    /// A branch is over; its outcome goes to whoever waits for it.
    fn finish(&mut self, index: u32, outcome: Outcome) {
        let Some(branch) = self.branches.get_mut(index_of(index)).and_then(Option::take) else { return };
        let outcome = if branch.regions.ends_all() { Err(cancelled()) } else { outcome };
        match branch.parent {
            Some((parent, slot)) => {
                self.free.push(index);
                self.child_finished(parent, slot, outcome);
            }
            None => self.outcome = Some(self.cancelled.clone().map_or(outcome, Err)),
        }
    }
}

fn cancelled() -> Fault {
    Fault::new(FaultKind::Cancelled, "cancelled")
}

#[expect(clippy::unnecessary_wraps, reason = "the outcome of effects that only act")]
fn null() -> Outcome {
    Ok(Value::null())
}

fn index_of(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
