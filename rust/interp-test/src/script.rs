//! A script: the turns that models take, for everyone or agent by agent.

use std::collections::{BTreeMap, VecDeque};

use flowai_core::fault::{Fault, FaultKind};

use crate::turn::Turn;

/// The turns that are left.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Whoever asks first takes the first turn.
    pub shared: VecDeque<Turn>,
    /// Only this agent takes these.
    pub by_agent: BTreeMap<String, VecDeque<Turn>>,
    /// Answers every call that has no turn of its own.
    pub mock: Option<String>,
}

impl Script {
    /// The next turn for an agent.
    ///
    /// # Errors
    /// [`FaultKind::ScriptMismatch`] with the nearest turns when nothing fits.
    pub fn take(&mut self, agent: Option<&str>, model: &str, parallel: bool) -> Result<Option<Turn>, Fault> {
        if let Some(turn) = agent.and_then(|agent| self.by_agent.get_mut(agent)).and_then(VecDeque::pop_front) {
            return Ok(Some(turn));
        }
        if parallel && self.shared.len() > 1 {
            let message = format!(
                "parallel branches ask models, and the script does not say which turn is for {}",
                asker(agent, model)
            );
            return Err(Fault::new(FaultKind::ScriptMismatch, message)
                .hint("script these agents by name: `script={\"agent\": [...]}`"));
        }
        match (self.shared.pop_front(), &self.mock) {
            (Some(turn), _) => Ok(Some(turn)),
            (None, Some(_)) => Ok(None),
            (None, None) => Err(self.missing(agent, model)),
        }
    }

    /// Says what was not used.
    ///
    /// # Errors
    /// [`FaultKind::ScriptMismatch`] naming the turns that nobody asked for.
    pub fn conclude(&self) -> Result<(), Fault> {
        let mut left: Vec<String> = self
            .by_agent
            .iter()
            .filter(|(_, turns)| !turns.is_empty())
            .map(|(agent, turns)| format!("{} of `{agent}`", turns.len()))
            .collect();
        if !self.shared.is_empty() {
            left.push(self.shared.len().to_string());
        }
        if left.is_empty() {
            return Ok(());
        }
        let next = self.by_agent.values().chain([&self.shared]).find_map(VecDeque::front).map(show).unwrap_or_default();
        let message =
            format!("the run ended and scripted turns were not used: {}; the next was {next}", left.join(", "));
        Err(Fault::new(FaultKind::ScriptMismatch, message).hint("remove the turns, or check why the run ended early"))
    }

    fn missing(&self, agent: Option<&str>, model: &str) -> Fault {
        let nearest = self.by_agent.iter().find_map(|(name, turns)| {
            turns.front().map(|turn| format!("the nearest turn is {} for agent `{name}`", show(turn)))
        });
        let nearest = nearest.unwrap_or_else(|| "the script has no turn left".to_owned());
        Fault::new(
            FaultKind::ScriptMismatch,
            format!("nobody scripted a model call of {}; {nearest}", asker(agent, model)),
        )
        .hint("add a turn such as `Says(\"...\")` to the script")
    }
}

fn asker(agent: Option<&str>, model: &str) -> String {
    agent.map_or_else(|| format!("the program (model `{model}`)"), |agent| format!("agent `{agent}`"))
}

fn show(turn: &Turn) -> String {
    match turn {
        Turn::Host(index) => format!("turn {index}, worked out when reached"),
        Turn::Ready(json) => json.get("steps").map_or_else(|| json.to_string(), ToString::to_string),
    }
}
