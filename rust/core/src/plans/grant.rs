//! Grants: what lets one action of an approved plan out, once.

use serde_json::Value;

use crate::json::Digest;

/// The permission to perform one action of an approved plan.
///
/// Only [`PlanInstance::take_grant`](super::PlanInstance::take_grant) makes one,
/// it cannot be copied, and whoever performs the action consumes it.
#[derive(Debug, PartialEq, Eq)]
pub struct PlanGrant {
    plan_id: String,
    digest: Digest,
    index: usize,
    kind: String,
    arguments: Value,
}

impl PlanGrant {
    pub(super) fn new(plan_id: &str, digest: Digest, index: usize, kind: &str, arguments: Value) -> Self {
        Self { plan_id: plan_id.to_owned(), digest, index, kind: kind.to_owned(), arguments }
    }

    /// The plan.
    #[must_use]
    pub fn plan_id(&self) -> &str {
        &self.plan_id
    }

    /// The digest of the approved revision.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Which action.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The kind of the action, which names the dispatcher's entry.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The action as approved: what is performed comes from here and nowhere else.
    #[must_use]
    pub fn arguments(&self) -> &Value {
        &self.arguments
    }
}
