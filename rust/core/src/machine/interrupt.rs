//! Interruption: unwinding a branch for a cancel or a timeout without cutting a write in flight.

use super::ask::AskId;
use super::branch::{Interrupt, Next, Waiting};
use super::frame::Frame;
use super::timers::Alarm;
use super::{Machine, cancelled, null};
use crate::effects::Effect;
use crate::events::EventBody;

impl Machine {
    /// Unwinds a branch and all that it waits for, outermost first.
    pub(super) fn interrupt(&mut self, index: u32, interrupt: Interrupt) {
        let mut waiting = vec![(index, interrupt)];
        while let Some((index, interrupt)) = waiting.pop() {
            waiting.extend(self.interrupt_one(index, interrupt));
        }
    }

    /// Interrupts one branch; gives the branches that it waits for.
    fn interrupt_one(&mut self, index: u32, interrupt: Interrupt) -> Vec<(u32, Interrupt)> {
        let Some(branch) = self.branch(index) else { return Vec::new() };
        if branch.interrupt == Some(Interrupt::Whole) {
            return Vec::new();
        }
        if branch.cleaning > 0 {
            branch.deferred = Some(interrupt);
            return Vec::new();
        }
        let again = branch.interrupt.replace(interrupt).is_some();
        let writing = matches!(&branch.waiting, Waiting::Asked { effect, .. } if effect.changes_the_world());
        if writing {
            if !again {
                let at = self.settings.now.saturating_add(self.settings.grace_ms);
                self.timers.add(at, Alarm::Grace(index));
            }
            return Vec::new();
        }
        self.unwind(index)
    }

    fn unwind(&mut self, index: u32) -> Vec<(u32, Interrupt)> {
        let now = self.settings.now;
        let Some(branch) = self.branch(index) else { return Vec::new() };
        let id = AskId { branch: index, turn: branch.turn };
        match std::mem::replace(&mut branch.waiting, Waiting::Running) {
            Waiting::Forked => {
                branch.waiting = Waiting::Forked;
                return self.children_of(index);
            }
            Waiting::Running => {
                branch.deferred = Some(Interrupt::Whole);
                return Vec::new();
            }
            Waiting::Asked { position, effect } => {
                self.journal.answered(&position, &effect, &Err(cancelled()), None, now);
                self.step.dropped.push(id);
            }
            Waiting::Gated(_) => self.step.dropped.push(id),
            Waiting::Timer { timer, asked } => {
                self.timers.remove(timer);
                if let Some(position) = asked {
                    self.journal.answered(&position, &Effect::Sleep(0), &Err(cancelled()), None, now);
                }
            }
            Waiting::Ready(_) => {}
        }
        self.resume(index, Next::Deliver(Err(cancelled())));
        Vec::new()
    }

    fn children_of(&mut self, index: u32) -> Vec<(u32, Interrupt)> {
        let Some(branch) = self.branch(index) else { return Vec::new() };
        let Some(Frame::Fork(fork)) = branch.stack.last_mut() else { return Vec::new() };
        fork.pending = None;
        let children = fork.children.iter().flatten().map(|child| (*child, Interrupt::Whole)).collect();
        self.close_fork(index);
        children
    }

    /// A timer's moment has come.
    pub(super) fn ring(&mut self, timer: u64, alarm: Alarm) {
        match alarm {
            Alarm::Wake(index) => self.wake(index, timer),
            Alarm::Timeout(index) => self.interrupt(index, Interrupt::Timer(timer)),
            Alarm::Grace(index) => self.give_up_write(index),
        }
    }

    fn wake(&mut self, index: u32, timer: u64) {
        let now = self.settings.now;
        let Some(branch) = self.branch(index) else { return };
        if !matches!(branch.waiting, Waiting::Timer { timer: waiting, .. } if waiting == timer) {
            return;
        }
        if let Waiting::Timer { asked: Some(position), .. } = std::mem::replace(&mut branch.waiting, Waiting::Running) {
            self.journal.answered(&position, &Effect::Sleep(0), &null(), None, now);
        }
        self.resume(index, Next::Deliver(null()));
    }

    /// A cancelled write did not end within its grace: nobody knows what became of it.
    fn give_up_write(&mut self, index: u32) {
        let Some(branch) = self.branch(index) else { return };
        let Waiting::Asked { effect: Effect::CallTool(call), .. } = &branch.waiting else { return };
        if branch.interrupt.is_none() {
            return;
        }
        let action = call.covers.clone().unwrap_or_default();
        let kind = call.tool.spec.name.clone();
        self.tell(index, EventBody::ActionInDoubt { plan_id: action.plan_id, index: action.index, kind });
        self.unwind(index);
    }
}
