//! Chat Completions, of `OpenAI` and of the many servers that speak like it.

mod conversation;
pub(super) mod fault;
mod files;
mod flavour;
mod heard;
mod message;
mod request;
mod said;
mod stream;

use flowai_core::effects::{ModelAnswer, Part};
use flowai_core::fault::{Fault, FaultKind};
use serde::Deserialize;
use serde_json::Value as Json;

pub use flavour::Flavour;

use super::{Ending, Listener, Provider, Request};
use crate::question::Question;
use crate::settings::OutputMode;

/// The name of the API.
const API: &str = "chat";

/// Why an answer ends that is whole: as the API says it, and as servers say it that pass on what a model's own API says.
const WHOLE: [&str; 10] = [
    // Some say only that the stream is over.
    "",
    "stop",
    "tool_calls",
    "function_call",
    "eos",
    "eos_token",
    "end_turn",
    "stop_sequence",
    "tool_use",
    "complete",
];

/// How the reasons begin of an answer that was held back.
const REFUSED: [&str; 7] =
    ["content_filter", "safety", "recitation", "refusal", "sensitive", "blocklist", "prohibited_content"];

/// Chat Completions, as one kind of server speaks it.
///
/// # Examples
/// ```
/// use flowai_interp_live::providers::Provider;
/// use flowai_interp_live::providers::chat::{Chat, Flavour};
///
/// assert_eq!(Chat(Flavour::OpenAi).authorize("secret").1, "Bearer secret");
/// ```
pub struct Chat(pub Flavour);

impl Provider for Chat {
    fn api(&self) -> &'static str {
        API
    }

    fn request(&self, question: &Question) -> Result<Request, Fault> {
        request::request(question, self.0)
    }

    fn authorize(&self, key: &str) -> (&'static str, String) {
        match self.0 {
            Flavour::Azure => ("api-key", key.to_owned()),
            _ => ("authorization", format!("Bearer {key}")),
        }
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(stream::Stream::default())
    }

    fn read(&self, body: &Json) -> Result<ModelAnswer, Fault> {
        if body["object"] == "error" && body.get("error").is_none() {
            return Err(fault::of_error(None, body));
        }
        let chunk = heard::Chunk::deserialize(body).map_err(|error| no_answer(&error.to_string()))?;
        let mut said = said::Said::default();
        said.hear(chunk, &mut Vec::new())?;
        said.finish()
    }

    fn ending(&self, answer: &ModelAnswer) -> Ending {
        let refuses = answer.parts.iter().any(|part| matches!(part, Part::Refusal { .. }));
        let reason = answer.stop_reason.to_ascii_lowercase();
        match reason.as_str() {
            _ if refuses || REFUSED.iter().any(|words| reason.starts_with(words)) => Ending::Refused,
            _ if WHOLE.contains(&reason.as_str()) => Ending::Whole,
            // Its length, or a reason that nobody knows: what is there may be half.
            _ => Ending::Truncated,
        }
    }

    fn fault(&self, status: u16, body: &str) -> Fault {
        fault::of_body(status, body)
    }

    fn output_mode(&self, model: &str) -> OutputMode {
        self.0.output_mode(model)
    }
}

/// The fault of a body that is no answer.
fn no_answer(why: &str) -> Fault {
    super::fault(FaultKind::StreamMalformed, &format!("the provider's answer is none: {why}"), None, None)
}
