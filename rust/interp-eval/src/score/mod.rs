//! Scoring: how what a run did compares with what its case expects.

mod allowed;
mod arguments;
mod assign;
mod calls;
mod declared;
mod matcher;
mod measure;
mod order;
mod sequence;
mod settings;
mod table;
mod values;

pub use allowed::{Allowed, Verdict, check_calls};
pub use calls::Call;
pub use matcher::{Given, Matched, Pair, align};
pub use settings::{Args, Extra, Measure, Missing, Order, Settings, Tolerance, ToolSettings};
pub use table::{TableSettings, table_equal};
pub use values::{json_likeness, list_likeness, number_likeness, text_likeness};

/// A count as a number to divide by.
pub(crate) fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
