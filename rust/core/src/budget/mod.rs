//! Budgets: what a run and its thread may still use, decided before each call is made.

mod account;
mod estimate;
mod prices;
mod pricing;
mod purse;
mod refusal;
mod spent;
mod stopwatch;

pub use prices::{NoPrices, Prices};
pub use purse::{Purse, Ruled, Turnstile};
pub use refusal::{Decided, Refusal, Whose};
pub use spent::Spent;

#[cfg(test)]
mod tests;
