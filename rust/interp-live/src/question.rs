//! A question for a model, as every provider's file reads it.

use std::sync::Arc;

use flowai_core::effects::{CallModel, Message, Tool};
use flowai_core::fault::Fault;
use serde_json::Value as Json;

use crate::settings::Settings;

/// What a model is asked, without the name of its provider.
#[derive(Clone)]
pub struct Question {
    /// The provider's own name of the model.
    pub model: String,
    /// The conversation, oldest first; system messages stand first.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<Arc<Tool>>,
    /// The JSON Schema that the answer has to fit.
    pub output: Option<Arc<Json>>,
    /// What the user set.
    pub settings: Settings,
    /// Whether the answer comes in pieces.
    pub stream: bool,
}

impl Question {
    /// The question of an effect, for a model under the provider's own name for it.
    ///
    /// # Errors
    /// Settings that cannot be read.
    pub fn of(call: &CallModel, model: impl Into<String>) -> Result<Self, Fault> {
        let settings = Settings::read(&call.settings)?;
        Ok(Self {
            model: model.into(),
            messages: call.messages.to_vec(),
            tools: call.tools.to_vec(),
            output: call.output.clone(),
            stream: settings.stream.unwrap_or(true),
            settings,
        })
    }

    /// The system messages as one text; empty when there is none.
    #[must_use]
    pub fn system(&self) -> String {
        let texts = self.messages.iter().filter_map(|message| match message {
            Message::System { text } => Some(text.as_str()),
            Message::User { .. } | Message::Assistant { .. } | Message::Tool { .. } => None,
        });
        texts.collect::<Vec<_>>().join("\n\n")
    }
}
