//! Resolved rules: everything that decides about one agent and subject.

use super::compiled::{Compiled, Verdict};
use super::error::PolicyError;
use super::facts::Facts;
use super::layers::{Layer, Source};
use crate::specs::ToolSpec;

/// The rules that decide, each with the one who set it. One that asks is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    deciding: Vec<(Source, Compiled)>,
    shadowed: Vec<Layer>,
}

impl Resolved {
    /// Picks the deciding rules out of layers that go from broad to specific.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when a deciding rule cannot be compiled.
    pub fn new(layers: Vec<Layer>) -> Result<Self, PolicyError> {
        let (floors, mut layers): (Vec<_>, Vec<_>) =
            layers.into_iter().partition(|layer| layer.source == Source::ToolFloor);
        let deciding = layers.pop().into_iter().chain(floors);
        let deciding =
            deciding.map(|layer| Ok((layer.source, Compiled::new(&layer.rule)?))).collect::<Result<_, _>>()?;
        Ok(Self { deciding, shadowed: layers })
    }

    /// The rule that a tool sets for itself, where it sets one.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when it cannot be compiled.
    pub fn floor(tool: &ToolSpec) -> Result<Option<Self>, PolicyError> {
        super::layers::floor(tool).map(|layer| Self::new(vec![layer])).transpose()
    }

    /// Decides one call: the first deciding rule that asks is the one that is named.
    #[must_use]
    pub fn decide(&self, facts: &Facts<'_>) -> Verdict {
        self.deciding.iter().find_map(|(source, rule)| asked(*source, rule.decide(facts))).unwrap_or(Verdict::Allow)
    }

    /// The rules that decide, the specific one first, then floors and additions.
    #[must_use]
    pub fn deciding(&self) -> &[(Source, Compiled)] {
        &self.deciding
    }

    /// The rules that a more specific one replaced, from broad to specific.
    #[must_use]
    pub fn shadowed(&self) -> &[Layer] {
        &self.shadowed
    }

    /// Whether a rule that names this very tool says `always`.
    ///
    /// Such a tool is asked about even for an action that an approved plan covers.
    #[must_use]
    pub fn explicit_always(&self) -> bool {
        let explicit = |source| matches!(source, Source::ToolApproval | Source::ToolFloor | Source::Interpreter);
        self.deciding.iter().any(|(source, rule)| explicit(*source) && rule.rule().is_always())
    }

    /// Whether the deciding rule is about one tool by its name.
    #[must_use]
    pub fn names_the_tool(&self) -> bool {
        self.deciding.first().is_some_and(|(source, _)| *source == Source::ToolApproval)
    }

    /// Whether nothing here can ever ask.
    #[must_use]
    pub fn never_asks(&self) -> bool {
        self.deciding.iter().all(|(_, rule)| *rule.rule() == crate::specs::Rule::Never)
    }

    /// Whether an interpreter added to these.
    #[must_use]
    pub fn is_added_to(&self) -> bool {
        self.deciding.iter().any(|(source, _)| *source == Source::Interpreter)
    }

    pub(super) fn add(&mut self, rule: Compiled) {
        self.deciding.push((Source::Interpreter, rule));
    }
}

fn asked(source: Source, verdict: Verdict) -> Option<Verdict> {
    match verdict {
        Verdict::Ask { rule, expires_in_ms } => Some(Verdict::Ask { rule: format!("{source}: {rule}"), expires_in_ms }),
        Verdict::Allow => None,
    }
}
