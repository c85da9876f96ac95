//! Google Gemini `generateContent`: how its requests are written and its answers are read.

mod answer;
mod calls;
mod conversation;
mod fault;
mod files;
mod gathered;
mod generation;
mod heard;
mod model;
mod parts;
mod request;
mod schema;
mod stream;

use flowai_core::effects::{ModelAnswer, Part};
use flowai_core::fault::Fault;
use serde_json::Value as Json;

use super::{Ending, Listener, Provider, Request};
use crate::question::Question;
use crate::settings::OutputMode;

/// The name of the API.
const API: &str = "gemini";

/// The field of a part that keeps what is said about an answer beside its content; it is never sent.
const ABOUT: &str = "about";

/// Google Gemini `generateContent`.
///
/// # Examples
/// ```
/// use flowai_interp_live::providers::Provider;
/// use flowai_interp_live::providers::gemini::Gemini;
///
/// assert_eq!(Gemini.authorize("secret"), ("x-goog-api-key", "secret".to_owned()));
/// ```
pub struct Gemini;

impl Provider for Gemini {
    fn api(&self) -> &'static str {
        API
    }

    fn request(&self, question: &Question) -> Result<Request, Fault> {
        request::request(question)
    }

    fn authorize(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(stream::Stream::default())
    }

    fn read(&self, body: &Json) -> Result<ModelAnswer, Fault> {
        stream::read(body)
    }

    fn ending(&self, answer: &ModelAnswer) -> Ending {
        match answer.stop_reason.as_str() {
            _ if answer.parts.iter().any(is_block) => Ending::Refused,
            "STOP" => Ending::Whole,
            // The model called a tool that it was not given: the call is there, to be answered that there is none.
            "UNEXPECTED_TOOL_CALL" if !answer.tool_calls.is_empty() => Ending::Whole,
            "MAX_TOKENS" => Ending::Truncated,
            // Safety, recitation, malformed calls and whatever comes in the future: the provider held the rest back.
            _ => Ending::Refused,
        }
    }

    fn fault(&self, status: u16, body: &str) -> Fault {
        fault::of_body(Some(status), body)
    }

    fn output_mode(&self, _model: &str) -> OutputMode {
        OutputMode::Native
    }
}

/// Whether a part says that the question was refused before a model read it.
fn is_block(part: &Part) -> bool {
    matches!(part, Part::Other { extras } if extras[ABOUT]["promptFeedback"]["blockReason"].is_string())
}
