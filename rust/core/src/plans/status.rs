//! Where a plan and each of its actions stand.

use serde::{Deserialize, Serialize};

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PlanStatus {
    /// Stored, not yet approved.
    Draft,
    /// Approved, not yet begun.
    Approved,
    /// Being performed.
    Executing,
    /// All actions are done or skipped.
    Executed,
    /// An action failed.
    Failed,
}

impl PlanStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Approved, Self::Executing, Self::Executed, Self::Failed];

    /// Whether nothing can happen to the plan any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Executed | Self::Failed)
    }
}

impl std::fmt::Display for PlanStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Draft => "DRAFT",
            Self::Approved => "APPROVED",
            Self::Executing => "EXECUTING",
            Self::Executed => "EXECUTED",
            Self::Failed => "FAILED",
        })
    }
}

/// Where one action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStatus {
    /// Not begun.
    Pending,
    /// Its tool is being called.
    Running,
    /// Its tool answered.
    Done,
    /// Its tool failed.
    Failed,
    /// Nobody knows whether its tool was called to the end.
    InDoubt,
    /// The reviewer left it out.
    Skipped,
    /// What it did is being taken back.
    Undoing,
    /// What it did was taken back.
    Undone,
}

impl ActionStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::InDoubt,
        Self::Skipped,
        Self::Undoing,
        Self::Undone,
    ];
}

impl std::fmt::Display for ActionStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::InDoubt => "in doubt",
            Self::Skipped => "skipped",
            Self::Undoing => "being undone",
            Self::Undone => "undone",
        })
    }
}
