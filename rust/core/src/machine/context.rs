//! The identity of a run: what approvals and keys are bound to.

/// Who runs what, where; never an argument that a model could give.
#[derive(Clone, Debug, Default)]
pub struct RunContext {
    /// The run.
    pub run_id: String,
    /// The conversation, when there is one.
    pub thread_id: Option<String>,
    /// The tenant.
    pub tenant: String,
    /// On whose behalf.
    pub principal: Option<String>,
}
