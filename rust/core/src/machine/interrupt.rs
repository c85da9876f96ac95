//! Interruption: unwinding a branch for a cancel or a timeout without cutting a write in flight.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::ask::AskId;
use super::branch::{Next, Waiting};
use super::frame::Frame;
use super::gate::Held;
use super::timers::Alarm;
use super::{Machine, cancelled, null};
use crate::effects::Effect;
use crate::fault::Fault;

impl Machine {
    /// Unwinds a branch and all that it waits for, outermost first; height 0 is the whole branch.
    pub(super) fn interrupt(&mut self, index: u32, until: usize) {
        self.interrupted = true;
        let mut waiting = vec![(index, until)];
        while let Some((index, until)) = waiting.pop() {
            waiting.extend(self.interrupt_one(index, until).into_iter().map(|child| (child, 0)));
        }
    }

    /// Interrupts one branch; gives the branches that it waits for.
    fn interrupt_one(&mut self, index: u32, until: usize) -> Vec<u32> {
        let Some(branch) = self.branch(index) else { return Vec::new() };
        let height = branch.height();
        if branch.regions.interrupt(until, height) {
            return self.unwind(index);
        }
        self.refuse_questions(index);
        Vec::new()
    }

    /// Gives up what a branch waits for, but for a write that may have begun.
    fn unwind(&mut self, index: u32) -> Vec<u32> {
        let now = self.settings.now;
        let Some(branch) = self.branch(index) else { return Vec::new() };
        let id = AskId { branch: index, turn: branch.turn };
        match std::mem::replace(&mut branch.waiting, Waiting::Running) {
            Waiting::Forked => {
                branch.waiting = Waiting::Forked;
                return self.children_of(index);
            }
            Waiting::Asked { position, effect: Effect::CheckWrite(check) } => {
                let effect = Effect::CheckWrite(Arc::clone(&check));
                self.journal.answered(&position, &effect, &Err(cancelled()), now);
                self.step.dropped.push(id);
                self.abandon_doubt(index, position, &check.call, None);
                return Vec::new();
            }
            Waiting::Asked { position, effect } if effect.changes_the_world() => {
                branch.waiting = Waiting::Asked { position, effect };
                self.wait_for_write(index, id);
                return Vec::new();
            }
            Waiting::Asked { position, effect } => {
                self.journal.answered(&position, &effect, &Err(cancelled()), now);
                self.step.dropped.push(id);
                self.came_back(id, None);
            }
            Waiting::Gated(gated) => {
                self.journal.answered(&gated.position, &gated.question, &Err(cancelled()), now);
                if let Held::Doubt(doubt) = &gated.held {
                    self.abandon_doubt(index, gated.position, &doubt.call, Some(id));
                    return Vec::new();
                }
                self.step.dropped.push(id);
            }
            Waiting::Timer { timer, asked } => {
                self.timers.remove(timer);
                if let Some((position, wait_ms)) = asked {
                    self.journal.answered(&position, &Effect::Sleep(wait_ms), &Err(cancelled()), now);
                }
            }
            // A branch is interrupted by others, or between turns: it is never at work itself.
            Waiting::Ready(_) | Waiting::Running | Waiting::Purse(_) => {}
        }
        self.resume(index, Next::Deliver(Err(cancelled())));
        Vec::new()
    }

    fn wait_for_write(&mut self, index: u32, id: AskId) {
        let timer = self.timers.add(self.settings.now.saturating_add(self.settings.grace_ms), Alarm::Grace(index));
        if let Some(branch) = self.branch(index) {
            branch.grace = Some(timer);
        }
        self.step.withdrawn.push(id);
    }

    fn children_of(&mut self, index: u32) -> Vec<u32> {
        let Some(branch) = self.branch(index) else { return Vec::new() };
        let Some(Frame::Fork(fork)) = branch.stack.last_mut() else { return Vec::new() };
        fork.pending = None;
        let children = fork.children.iter().flatten().copied().collect();
        self.close_fork(index);
        children
    }

    /// A cleanup goes on after an interruption, but nobody waits for a human on its behalf.
    fn refuse_questions(&mut self, index: u32) {
        let mut asked = vec![index];
        while let Some(index) = asked.pop() {
            let Some(branch) = self.branch(index) else { continue };
            match &branch.waiting {
                Waiting::Gated(_) => self.refuse_question(index),
                Waiting::Forked => {
                    if let Some(Frame::Fork(fork)) = branch.stack.last() {
                        asked.extend(fork.children.iter().flatten());
                    }
                }
                Waiting::Ready(_)
                | Waiting::Running
                | Waiting::Asked { .. }
                | Waiting::Timer { .. }
                | Waiting::Purse(_) => {}
            }
        }
    }

    fn refuse_question(&mut self, index: u32) {
        let now = self.settings.now;
        let Some(branch) = self.branch(index) else { return };
        let id = AskId { branch: index, turn: branch.turn };
        let Waiting::Gated(gated) = std::mem::replace(&mut branch.waiting, Waiting::Running) else { return };
        let fault = super::emit::closing_fault("an approval");
        self.journal.answered(&gated.position, &gated.question, &Err(fault.clone()), now);
        if let Held::Doubt(doubt) = gated.held {
            self.leave_open(gated.position, &doubt.call, Some(id));
            return self.resume(index, Next::Deliver(Err(doubt.fault)));
        }
        self.step.dropped.push(id);
        self.resume(index, Next::Deliver(Err(fault)));
    }

    /// Whether a branch only cleans up: it, or one that waits for it, was interrupted.
    pub(super) fn is_closing(&self, index: u32) -> bool {
        let mut next = Some(index).filter(|_| self.interrupted);
        while let Some(branch) = next.and_then(|index| self.branches.get(super::index_of(index))?.as_ref()) {
            if branch.regions.is_interrupted() {
                return true;
            }
            next = branch.parent.map(|(parent, _)| parent);
        }
        false
    }

    /// A timer's moment has come.
    pub(super) fn ring(&mut self, timer: u64, alarm: Alarm) {
        match alarm {
            Alarm::Wake(index) => self.wake(index, timer),
            Alarm::Timeout { branch, height } => self.interrupt(branch, height),
            Alarm::Grace(index) => self.give_up_write(index, timer),
        }
    }

    fn wake(&mut self, index: u32, timer: u64) {
        let now = self.settings.now;
        let Some(branch) = self.branch(index) else { return };
        if !matches!(branch.waiting, Waiting::Timer { timer: waiting, .. } if waiting == timer) {
            return;
        }
        if let Waiting::Timer { asked: Some((position, wait_ms)), .. } =
            std::mem::replace(&mut branch.waiting, Waiting::Running)
        {
            self.journal.answered(&position, &Effect::Sleep(wait_ms), &null(), now);
        }
        self.resume(index, Next::Deliver(null()));
    }
}

/// The interruption of a write whose outcome is lost.
pub(super) fn in_doubt() -> Fault {
    interrupted_write(&json!({"write": "in_doubt"}))
}

/// The interruption of a write, with what is known of it.
pub(super) fn interrupted_write(known: &Json) -> Fault {
    cancelled().detail(known.clone())
}

/// What is known of a write that ended before its loop was told.
pub(super) fn written(outcome: &crate::value::Outcome) -> Json {
    match outcome {
        Ok(value) => json!({"write": "done", "result": value.to_json().unwrap_or_default()}),
        Err(fault) if fault.is_cancel() => json!({"write": "not_begun"}),
        Err(fault) => json!({"write": "failed", "error": fault.message()}),
    }
}
