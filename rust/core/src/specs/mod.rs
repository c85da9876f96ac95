//! Specs: what is wanted, as frozen values that Python makes and Rust obeys.
//!
//! Each type here is the serde twin of a Python spec of the same name. Specs
//! are decoded from a parsed [`Value`](serde_json::Value) and from nothing else:
//! unknown fields are refused and no field is guessed.

mod added_policy;
mod agent;
mod budget;
mod decode;
pub(crate) mod hints;
mod plan;
mod reach;
mod reference;
mod role;
mod rule;
mod runtime;
pub(crate) mod shape;
mod tool;
pub mod wiring;

pub use added_policy::AddedPolicy;
pub use agent::{AgentSpec, ApprovalSpec, DispatchEntry, History};
pub use budget::Budget;
pub use decode::{Decode, DecodeError};
pub use hints::did_you_mean;
pub use plan::PlanSpec;
pub use reference::ReferenceSpec;
pub use role::{CATALOG_TOOLKIT, CATALOG_TOOLS, Role, toolkit_tools};
pub use rule::Rule;
pub use runtime::{RuntimeSpec, TenantSpec};
pub use tool::{Access, ToolSpec};
pub use wiring::{Wiring, WiringFault, check, check_added};

#[cfg(test)]
mod tests;
