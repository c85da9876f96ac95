//! The lifecycle of plans and actions: these tables are the code.

use serde::{Deserialize, Serialize};

use super::actor::Part;
use super::error::PlanError;
use super::status::{ActionStatus, PlanStatus};

/// What happens to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanEvent {
    /// A body is stored: the first one, or another after it.
    Store,
    /// A reviewer changes the body without deciding.
    Edit,
    /// This revision is approved.
    Approve,
    /// This revision is rejected.
    Reject,
    /// Its actions begin.
    Begin,
    /// All its actions are settled and none failed.
    Finish,
    /// All its actions are settled and one failed.
    Fail,
}

impl PlanEvent {
    /// Every event.
    pub const ALL: [Self; 7] =
        [Self::Store, Self::Edit, Self::Approve, Self::Reject, Self::Begin, Self::Finish, Self::Fail];
}

/// One row: from where, to where, by whom, on what.
pub type Row = (Option<PlanStatus>, PlanStatus, Part, PlanEvent);

use ActionStatus::{Done, InDoubt, Pending, Running, Skipped, Undoing, Undone};
use PlanStatus::{Approved, Draft, Executed, Executing};

/// Every move that a plan can make. `None` is a plan that is not there yet.
///
/// Storing over an approved revision voids its approval; a rejection leaves the
/// draft where it is for the planner to store another, and takes back an approval
/// of a revision that has not begun. Who is asked about an execution may approve
/// another form of the plan with it.
pub const TABLE: [Row; 18] = [
    (None, Draft, Part::Planner, PlanEvent::Store),
    (Some(Draft), Draft, Part::Planner, PlanEvent::Store),
    (Some(Approved), Draft, Part::Planner, PlanEvent::Store),
    (Some(Draft), Draft, Part::Human, PlanEvent::Edit),
    (Some(Draft), Draft, Part::Human, PlanEvent::Reject),
    (Some(Draft), Draft, Part::Handler, PlanEvent::Reject),
    (Some(Draft), Draft, Part::Runtime, PlanEvent::Reject),
    (Some(Approved), Draft, Part::Human, PlanEvent::Reject),
    (Some(Approved), Draft, Part::Handler, PlanEvent::Reject),
    (Some(Approved), Draft, Part::Runtime, PlanEvent::Reject),
    (Some(Draft), Approved, Part::Human, PlanEvent::Approve),
    (Some(Draft), Approved, Part::Handler, PlanEvent::Approve),
    (Some(Draft), Approved, Part::Policy, PlanEvent::Approve),
    (Some(Approved), Approved, Part::Human, PlanEvent::Approve),
    (Some(Approved), Approved, Part::Handler, PlanEvent::Approve),
    (Some(Approved), Executing, Part::Executor, PlanEvent::Begin),
    (Some(Executing), Executed, Part::Runtime, PlanEvent::Finish),
    (Some(Executing), PlanStatus::Failed, Part::Runtime, PlanEvent::Fail),
];

/// What happens to an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEvent {
    /// Its tool is called.
    Start,
    /// Its tool answered.
    Finish,
    /// Its tool failed.
    Fail,
    /// Its outcome was lost.
    Doubt,
    /// A reviewer left it out.
    Skip,
    /// Somebody says that it happened.
    Happened,
    /// Somebody says that it has to run.
    Rerun,
    /// Somebody says that it failed.
    Abandon,
    /// Somebody takes back what it did.
    Undo,
    /// What it did was taken back.
    Undone,
    /// What it did could not be taken back.
    Keep,
}

impl StepEvent {
    /// Every event.
    pub const ALL: [Self; 11] = [
        Self::Start,
        Self::Finish,
        Self::Fail,
        Self::Doubt,
        Self::Skip,
        Self::Happened,
        Self::Rerun,
        Self::Abandon,
        Self::Undo,
        Self::Undone,
        Self::Keep,
    ];
}

/// One row of an action: from where, to where, on what.
pub type StepRow = (ActionStatus, ActionStatus, StepEvent);

/// Every move that an action can make. An action in doubt waits for someone to settle it;
/// what was done is taken back only after its plan has ended.
pub const STEPS: [StepRow; 11] = [
    (Pending, Running, StepEvent::Start),
    (Pending, Skipped, StepEvent::Skip),
    (Running, Done, StepEvent::Finish),
    (Running, ActionStatus::Failed, StepEvent::Fail),
    (Running, InDoubt, StepEvent::Doubt),
    (InDoubt, Done, StepEvent::Happened),
    (InDoubt, Pending, StepEvent::Rerun),
    (InDoubt, ActionStatus::Failed, StepEvent::Abandon),
    (Done, Undoing, StepEvent::Undo),
    (Undoing, Undone, StepEvent::Undone),
    (Undoing, Done, StepEvent::Keep),
];

/// Looks a plan's move up.
pub(super) fn next(from: Option<PlanStatus>, by: Part, event: PlanEvent) -> Result<PlanStatus, PlanError> {
    let row = TABLE.iter().find(|(before, _, part, happens)| (*before, *part, *happens) == (from, by, event));
    row.map(|(_, to, ..)| *to).ok_or(PlanError::IllegalMove { from, by, event })
}

/// Looks an action's move up.
pub(super) fn step(index: usize, from: ActionStatus, event: StepEvent) -> Result<ActionStatus, PlanError> {
    let row = STEPS.iter().find(|(before, _, happens)| (*before, *happens) == (from, event));
    row.map(|(_, to, _)| *to).ok_or(PlanError::IllegalStep { index, from, event })
}
