//! The tools that perform the actions of a plan: who approved it for some has not approved it for others.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::desk::Desk;
use crate::effects::{AdvancePlan, PlanMove};
use crate::fault::{Fault, FaultKind};
use crate::json::digest;
use crate::machine::Clearance;
use crate::plans::PlanInstance;
use crate::specs::{AgentSpec, RuntimeSpec};

/// By plan type, the digest of the names and versions of the tools that a dispatcher performs its actions by.
pub(super) fn of(spec: &RuntimeSpec) -> BTreeMap<String, String> {
    let tools = |agent: &AgentSpec| {
        let entries = agent.dispatcher.as_ref()?.iter();
        let versions: BTreeMap<&str, Json> = entries
            .map(|(kind, entry)| (kind.as_str(), [entry.tool.name.as_str(), entry.tool.version.as_str()].into()))
            .collect();
        let digest = digest(&serde_json::to_value(versions).ok()?).ok()?;
        Some((agent.plan.as_ref()?.name.clone(), digest.to_string()))
    };
    spec.agents.iter().rev().filter_map(tools).collect()
}

impl Desk {
    /// By plan type, the digest of the tools that perform its actions.
    #[must_use]
    pub fn plan_tools(&self) -> BTreeMap<String, String> {
        self.plan_tools.clone()
    }

    /// Whether a plan would be performed by other tools than those that it was approved for.
    pub(super) fn has_other_tools(&self, plan: &PlanInstance) -> bool {
        plan.tools().is_some_and(|tools| self.plan_tools.get(plan.plan()).map(String::as_str) != Some(tools))
    }

    /// Refuses to begin a plan with tools that nobody approved it for.
    ///
    /// # Errors
    /// [`FaultKind::PlanError`].
    pub(super) fn check_tools(
        &self,
        plan: &PlanInstance,
        advance: &AdvancePlan,
        clearance: Option<&Clearance>,
    ) -> Result<(), Fault> {
        let is_asked = clearance.is_some_and(|clearance| clearance.ruling().is_some());
        if matches!(advance.step, PlanMove::Execute { .. }) && !is_asked && self.has_other_tools(plan) {
            let message = format!("the tools of plan `{}` have changed since it was approved", plan.id());
            return Err(
                Fault::new(FaultKind::PlanError, message).hint("store the plan again, so that it is approved for them")
            );
        }
        Ok(())
    }

    /// Notes what a plan was just approved to be performed by.
    pub(super) fn note_tools(&self, plan: &mut PlanInstance, advance: &AdvancePlan, clearance: Option<&Clearance>) {
        let is_asked = clearance.is_some_and(|clearance| clearance.ruling().is_some());
        match advance.step {
            PlanMove::Approve { .. } => plan.bind_tools(self.plan_tools.get(plan.plan()).cloned()),
            PlanMove::Execute { .. } if is_asked => plan.bind_tools(self.plan_tools.get(plan.plan()).cloned()),
            _ => {}
        }
    }
}
