//! Questions for an agent, with what it remembers.

use std::sync::Arc;

use super::MessageLog;
use crate::agents::Agent;

/// Hand a task to an agent and answer with its output.
pub struct CallAgent {
    /// Who is asked.
    pub agent: Arc<Agent>,
    /// The task, in the words of the caller.
    pub prompt: String,
}

/// Read the turns that an agent keeps of this thread; answers with a list of messages.
pub struct LoadHistory {
    /// The agent's name.
    pub agent: Arc<str>,
}

/// Keep what an agent said in this thread, after what it keeps already.
pub struct SaveHistory {
    /// The agent's name.
    pub agent: Arc<str>,
    /// What is new; whole turns.
    pub turns: MessageLog,
    /// Whether it stands for all that was kept before, as a summary does.
    pub replaces: bool,
}
