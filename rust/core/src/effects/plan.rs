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
    Approve {
        /// The digest of the revision that it is about; whichever stands when absent.
        #[serde(default)]
        digest: Option<String>,
    },
    /// APPROVED to EXECUTING; passes the gate where a rule is given.
    Execute {
        /// Whether the executor's own calls perform it, and not a dispatcher.
        open: bool,
        /// The digest of the revision that it is about; whichever stands when absent.
        #[serde(default)]
        digest: Option<String>,
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
    /// A done action of an ended plan begins to be taken back.
    StartUndo {
        /// Which one.
        index: usize,
    },
    /// An action was taken back.
    FinishUndo {
        /// Which one.
        index: usize,
        /// What its undo answered.
        result: Json,
    },
    /// An action was not taken back: it is done, as before.
    FailUndo {
        /// Which one.
        index: usize,
    },
    /// A call was made for a plan that is performed openly.
    RecordCall {
        /// The call.
        call: RecordedCall,
    },
    /// EXECUTING to EXECUTED or FAILED; a plan in doubt stays where it is.
    Finish {
        /// The calls that an executor without a dispatcher made for it, and that were not recorded before.
        calls: Vec<RecordedCall>,
        /// Why it did not come to its end, where it did not.
        cut_short: Option<String>,
    },
}

impl PlanMove {
    /// The digest of the one revision that this move is about, where it names one.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        match self {
            Self::Approve { digest } | Self::Execute { digest, .. } => digest.as_deref(),
            _ => None,
        }
    }

    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!(self)
    }
}

/// Move a plan along its lifecycle; answers with the instance.
#[derive(Clone)]
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

impl AdvancePlan {
    /// Whether the gate judges the plan before it moves.
    #[must_use]
    pub fn is_gated(&self) -> bool {
        match &self.step {
            PlanMove::Approve { .. } => true,
            PlanMove::Execute { .. } => self.policy.is_some(),
            _ => false,
        }
    }
}
