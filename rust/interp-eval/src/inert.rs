//! An interpreter whose writes do nothing: a recording answers them, or they fail.

use std::collections::BTreeSet;

use flowai_core::budget::Decided;
use flowai_core::effects::Effect;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Ask, AskId};
use flowai_core::session::{Desk, Interpreter, Performance};
use flowai_core::value::Outcome as Answer;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::recording::{Outcome, Revive};

/// Which writes are made, and what the others are answered with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writes {
    /// The tools that are let out all the same.
    pub allow: BTreeSet<String>,
    /// What a recording says of writes, in its order.
    pub recorded: Vec<Written>,
}

/// One write of a recording.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// What was asked, as the recording has it.
    pub arguments: Json,
    /// How it ended.
    pub outcome: Outcome,
}

/// Answers as the interpreter inside does, and lets no write out that is not allowed.
///
/// # Laws
/// - A write that is not allowed reaches neither the interpreter inside nor the host.
/// - A recorded write answers one write with the same tool and arguments.
pub struct Inert {
    inner: Box<dyn Interpreter>,
    writes: Writes,
    reviver: Box<dyn Revive>,
}

impl Inert {
    /// An interpreter around another one.
    #[must_use]
    pub fn new(inner: Box<dyn Interpreter>, writes: Writes, reviver: Box<dyn Revive>) -> Self {
        Self { inner, writes, reviver }
    }

    fn stands_in(&mut self, ask: &Ask) -> Option<Answer> {
        let Effect::CallTool(call) = &ask.effect else { return None };
        let name = &call.tool.spec.name;
        if !ask.effect.changes_the_world() || self.writes.allow.contains(name) {
            return None;
        }
        let asked = match ask.effect.arguments() {
            Ok(asked) => asked,
            Err(fault) => return Some(Err(fault)),
        };
        let place = self.writes.recorded.iter().position(|written| written.arguments == asked);
        Some(place.map_or_else(
            || Err(refused(name)),
            |place| self.writes.recorded.remove(place).outcome.answer("CallTool", &*self.reviver),
        ))
    }
}

fn refused(tool: &str) -> Fault {
    Fault::new(FaultKind::ToolFailed, format!("`{tool}` was not called: in a fork writes do nothing"))
        .hint("allow it by name, where it may really happen")
}

impl Interpreter for Inert {
    fn perform(&mut self, ask: &Ask, desk: &mut Desk) -> Performance {
        match self.stands_in(ask) {
            Some(answer) => Performance::Answered(answer),
            None => self.inner.perform(ask, desk),
        }
    }

    fn now(&mut self) -> i64 {
        self.inner.now()
    }

    fn work_out(&mut self, ask: &Ask, written: &Json, desk: &mut Desk) -> Performance {
        self.inner.work_out(ask, written, desk)
    }

    fn crashes_after(&mut self, id: AskId) -> bool {
        self.inner.crashes_after(id)
    }

    fn postpone(&mut self, id: AskId, outcome: Answer) -> Option<Answer> {
        self.inner.postpone(id, outcome)
    }

    fn note(&mut self, ask: &Ask, outcome: &Answer) {
        self.inner.note(ask, outcome);
    }

    fn ready(&mut self, desk: &mut Desk) -> Option<(AskId, Answer)> {
        self.inner.ready(desk)
    }

    fn dropped(&mut self, id: AskId) {
        self.inner.dropped(id);
    }

    fn stalled(&mut self) -> Option<(AskId, Answer)> {
        self.inner.stalled()
    }

    fn next_at(&self) -> Option<i64> {
        self.inner.next_at()
    }

    fn jump(&mut self, to: i64) -> bool {
        self.inner.jump(to)
    }

    fn sleeps(&self) -> bool {
        self.inner.sleeps()
    }

    fn one_tool_at_a_time(&self) -> bool {
        self.inner.one_tool_at_a_time()
    }

    fn seed(&self) -> Option<u64> {
        self.inner.seed()
    }

    fn decided(&self) -> Option<Decided> {
        self.inner.decided()
    }

    fn conclude_desk(&mut self, desk: &mut Desk) {
        self.inner.conclude_desk(desk);
    }

    fn conclude(&mut self) -> Result<(), Fault> {
        self.inner.conclude()
    }
}
