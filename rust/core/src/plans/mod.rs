//! Plans: the contract between planning and execution, as a state machine.
//!
//! [`TABLE`] and [`STEPS`] are the lifecycle. Every function here looks its move
//! up in them, and nothing else changes the status of a plan or of an action.

mod actor;
mod decide;
mod error;
mod execute;
mod grant;
mod instance;
mod revise;
mod status;
mod table;

pub use actor::{Actor, Part};
pub use decide::Consent;
pub use error::PlanError;
pub use execute::{Binding, RecordedCall, Settlement};
pub use grant::PlanGrant;
pub use instance::{ActionState, Moment, PlanInstance, Transition};
pub use revise::apply_edits;
pub use status::{ActionStatus, PlanStatus};
pub use table::{PlanEvent, Row, STEPS, StepEvent, StepRow, TABLE};

#[cfg(test)]
mod tests;
