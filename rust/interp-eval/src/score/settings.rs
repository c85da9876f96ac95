//! The settings of the one matcher; presets and modes are names for them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// What counts as a match, and what a match is worth.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// In which order calls have to come.
    pub order: Order,
    /// Calls that nobody expected.
    pub extra: Extra,
    /// Expected calls that did not come.
    pub missing: Missing,
    /// How arguments compare, where the tool has no rule of its own.
    #[serde(flatten)]
    pub rule: ToolSettings,
    /// What the value says.
    pub value: Measure,
    /// What two calls of one tool with other arguments are worth.
    pub name_credit: f64,
    /// The rules of single tools.
    pub tools: BTreeMap<String, ToolSettings>,
}

/// How the arguments of a tool compare.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ToolSettings {
    /// Which arguments have to be there.
    pub args: Args,
    /// Paths that are not compared, as `filters.*.at`.
    pub ignore: Vec<String>,
    /// The only paths that are compared, where there are any.
    pub only: Option<Vec<String>>,
    /// How far numbers may differ.
    pub tolerance: Tolerance,
    /// What stands for an argument that is not given.
    pub defaults: Map<String, Json>,
}

/// In which order calls have to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As the case has them.
    #[default]
    Sequence,
    /// In any order.
    Any,
    /// As far as the case says which comes before which.
    Partial,
}

/// Calls that nobody expected.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Extra {
    /// All of them count against the run, or none.
    All(Missing),
    /// Those of these tools do not count.
    Named(Vec<String>),
}

impl Default for Extra {
    fn default() -> Self {
        Self::All(Missing::Forbid)
    }
}

/// Whether something may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It counts against the run.
    #[default]
    Forbid,
    /// It does not count.
    Allow,
}

/// Which arguments have to be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Args {
    /// The same ones.
    #[default]
    Exact,
    /// The run gives no others than the case, and maybe fewer.
    Subset,
    /// The run gives those of the case, and maybe more.
    Superset,
    /// Arguments are not compared.
    Ignore,
    /// The share of the case's arguments that the run gives.
    Share,
}

/// What the value says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Whether all fits.
    Bool,
    /// How much of what was done was expected.
    Precision,
    /// How much of what was expected was done.
    Recall,
    /// The harmonic mean of the two.
    #[default]
    F1,
    /// The same over the longest common subsequence, in whatever order calls may come.
    LcsF1,
    /// One less the share of calls that would have to be edited.
    Edit,
}

/// How far numbers may differ: by either of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tolerance {
    /// As a share of the expected number.
    pub relative: f64,
    /// As a number.
    pub absolute: f64,
}

impl Tolerance {
    /// Whether a number is near enough.
    #[must_use]
    pub fn admits(self, expected: f64, actual: f64) -> bool {
        let distance = (expected - actual).abs();
        // Exactly equal also covers what no distance can be had of.
        expected.total_cmp(&actual).is_eq() || distance <= self.absolute.max(self.relative * expected.abs())
    }
}

impl Settings {
    /// The rule for a tool.
    #[must_use]
    pub fn rule_of(&self, tool: &str) -> &ToolSettings {
        self.tools.get(tool).unwrap_or(&self.rule)
    }

    /// Whether a call of this tool that nobody expected does not count.
    #[must_use]
    pub fn allows_extra(&self, tool: &str) -> bool {
        match &self.extra {
            Extra::All(allowed) => *allowed == Missing::Allow,
            Extra::Named(tools) => tools.iter().any(|each| each == tool),
        }
    }

    /// Whether calls are lined up in order.
    #[must_use]
    pub fn is_in_sequence(&self) -> bool {
        self.order == Order::Sequence || matches!(self.value, Measure::LcsF1 | Measure::Edit)
    }
}
