//! Approvals: what waits for a human, what was answered, and what that lets out.

mod answer;
mod approval;
mod bound;
mod cards;
mod decision;
mod error;
mod grant;
mod render;

pub use answer::{Answered, answer, expire, withdraw};
pub use approval::{Approval, ApprovalStatus};
pub use bound::{ApprovalKind, Bound};
pub use cards::plan_cards;
pub use decision::{Decision, Verdict};
pub use error::ApprovalFault;
pub use grant::Grant;
pub use render::{escape, escaped, shown};

#[cfg(test)]
mod tests;
