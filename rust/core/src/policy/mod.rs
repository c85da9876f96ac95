//! Policy: which calls and plans have to be approved, and by which rule.
//!
//! Rules come from the runtime, the coordinator, the agent, the agent's entry
//! for one tool, and the tool itself. The most specific decides, except that a
//! tool's own rule is a floor. Nothing here can lower a rule once it is resolved.

mod addition;
mod compiled;
mod error;
mod explain;
mod facts;
mod layers;
mod names;
mod nodes;
mod resolved;
mod table;

pub use addition::{Addition, Subject};
pub use compiled::{Compiled, EXPIRES_IN_MS, Verdict};
pub use error::PolicyError;
pub use explain::{Explained, Shadowed, explain};
pub use facts::Facts;
pub use layers::{Layer, Source, plan_layers, tool_layers};
pub use names::{Names, ROOTS};
pub use resolved::Resolved;
pub use table::Policy;

#[cfg(test)]
mod tests;
