//! What an event says, one variant a kind; the Python twin has the same names and fields.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value as Json};

use crate::budget::Whose;
use crate::effects::Usage;
use crate::fault::ErrorNote;
use crate::json::Change;

/// One call that a model asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedCall {
    /// The model's own name for it.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, unchecked.
    pub arguments: Json,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "snake_case")]
#[expect(missing_docs, reason = "the fields are documented once, in the Python twin that users read")]
pub enum EventBody {
    RunStarted {
        program: String,
    },
    RunPaused {
        approvals: Vec<String>,
    },
    RunResumed {},
    RunFinished {
        output: Json,
    },
    RunFailed {
        error: ErrorNote,
    },
    RunCancelled {
        reason: Option<String>,
    },
    AgentStarted {
        role: String,
        model: String,
    },
    AgentCalled {
        callee: String,
        message: String,
    },
    AgentFinished {
        output: Json,
    },
    ModelCalled {
        model: String,
        messages: u32,
        tools: usize,
        attempt: u32,
    },
    TextDelta {
        text: String,
        attempt: u32,
        index: u32,
    },
    ThinkingDelta {
        text: String,
        attempt: u32,
        index: u32,
    },
    ModelAnswered {
        text: String,
        thinking: Option<String>,
        tool_calls: Vec<RequestedCall>,
        stop_reason: String,
        usage: Usage,
    },
    ModelRetried {
        attempt: u32,
        error: ErrorNote,
        wait_ms: i64,
        #[serde(default)]
        model: Option<String>,
    },
    ModelDelayed {
        model: String,
        limit: String,
        wait_ms: Option<i64>,
    },
    ToolCalled {
        tool: String,
        arguments: Json,
        access: String,
        call_id: Option<String>,
        idempotency_key: String,
    },
    ToolProgressed {
        tool: String,
        report: Json,
    },
    ToolAnswered {
        tool: String,
        call_id: Option<String>,
        result: Json,
        bytes: usize,
    },
    ToolFailed {
        tool: String,
        call_id: Option<String>,
        error: ErrorNote,
        cause_type: Option<String>,
        traceback: Option<String>,
    },
    PlanStored {
        plan_id: String,
        plan: String,
        revision: u64,
        status: String,
        digest: String,
        body: Json,
    },
    PlanChanged {
        plan_id: String,
        plan: String,
        revision: u64,
        before: String,
        after: String,
        by: String,
        reason: Option<String>,
        diff: Vec<Change>,
    },
    ApprovalRequired {
        approval_id: String,
        kind: String,
        title: String,
        subject: Json,
        cards: Vec<Json>,
        digest: String,
        rule: String,
        expires_at: i64,
    },
    ApprovalResolved {
        approval_id: String,
        decision: String,
        principal: Option<String>,
        reason: Option<String>,
        digest: String,
        edited: bool,
    },
    ApprovalExpired {
        approval_id: String,
        digest: String,
    },
    ApprovalWithdrawn {
        approval_id: String,
        reason: String,
        digest: String,
    },
    ActionStarted {
        plan_id: String,
        index: usize,
        kind: String,
        arguments: Json,
    },
    ActionFinished {
        plan_id: String,
        index: usize,
        kind: String,
        result: Json,
    },
    ActionFailed {
        plan_id: String,
        index: usize,
        kind: String,
        error: ErrorNote,
    },
    ActionInDoubt {
        plan_id: String,
        index: usize,
        kind: String,
    },
    ActionSkipped {
        plan_id: String,
        index: usize,
        kind: String,
        by: String,
    },
    ActionUndone {
        plan_id: String,
        index: usize,
        kind: String,
        result: Json,
        by: String,
    },
    ReferenceStored {
        kind: String,
        id: String,
        glimpse: Json,
        bytes: usize,
    },
    ReferenceHydrated {
        kind: String,
        id: String,
    },
    UsageUpdated {
        run: Usage,
        model_calls: u64,
        tool_calls: u64,
    },
    HistoryShortened {
        turns: usize,
        dropped: usize,
        summarised: bool,
        error: Option<ErrorNote>,
    },
    LimitReached {
        limit: String,
        value: Number,
        scope: Whose,
    },
    EffectAsked {
        effect: String,
        arguments: Json,
    },
    EffectAnswered {
        effect: String,
        answer: Json,
    },
    EffectFailed {
        effect: String,
        error: ErrorNote,
    },
}
