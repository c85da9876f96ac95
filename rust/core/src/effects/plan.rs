//! Questions about plans.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::plans::RecordedCall;
use crate::policy::Resolved;
use crate::specs::PlanSpec;

/// Have the host's own type check a plan; answers with the plan as that type writes it.
pub struct CheckPlan {
    /// The plan's type.
    pub plan: Arc<PlanSpec>,
    /// What the model gave.
    pub body: Json,
}

/// Store a plan as a draft, or as a new revision of the thread's draft; answers with the instance.
pub struct StorePlan {
    /// The plan's type.
    pub plan: Arc<PlanSpec>,
    /// The checked body.
    pub body: Json,
    /// Who stores it.
    pub by: String,
}

/// Read a plan; answers with the instance.
pub struct LoadPlan {
    /// The plan's type.
    pub plan: Option<String>,
    /// Which one; the thread's current plan when absent.
    pub plan_id: Option<String>,
}

/// One step of a plan's lifecycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum PlanMove {
    /// DRAFT to APPROVED; passes the gate.
    Approve,
    /// APPROVED to EXECUTING.
    Execute {
        /// Whether the executor's own calls perform it, and not a dispatcher.
        open: bool,
    },
    /// One action begins.
    StartAction {
        /// Which one.
        index: usize,
    },
    /// One action is done.
    FinishAction {
        /// Which one.
        index: usize,
        /// What its tool answered.
        result: Json,
    },
    /// One action failed.
    FailAction {
        /// Which one.
        index: usize,
        /// Why.
        error: String,
        /// Whether nobody knows what became of it.
        in_doubt: bool,
    },
    /// EXECUTING to EXECUTED or FAILED.
    Finish {
        /// The calls that an executor without a dispatcher made for it.
        calls: Vec<RecordedCall>,
    },
}

impl PlanMove {
    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!(self)
    }
}

/// Move a plan along its lifecycle; answers with the instance.
pub struct AdvancePlan {
    /// Which plan; the thread's current plan when absent.
    pub plan_id: Option<String>,
    /// The step.
    pub step: PlanMove,
    /// What decides whether a human is asked.
    pub policy: Option<Arc<Resolved>>,
    /// Who moves it.
    pub by: String,
}
