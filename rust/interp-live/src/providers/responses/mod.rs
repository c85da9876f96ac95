//! `OpenAI` Responses: how its requests are written and its answers are read.

mod answer;
mod conversation;
mod fault;
mod heard;
mod items;
mod request;
mod stream;

use flowai_core::effects::{ModelAnswer, Part};
use flowai_core::fault::Fault;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Ending, Listener, Provider, Request};
use crate::question::Question;
use crate::settings::OutputMode;

/// The name of the API.
const API: &str = "responses";

/// The status of a response that is whole.
const COMPLETED: &str = "completed";
/// The same, as a server that speaks like this API was seen to write it.
const COMPLETE: &str = "complete";

/// `OpenAI` Responses.
///
/// # Examples
/// ```
/// use flowai_interp_live::providers::Provider;
/// use flowai_interp_live::providers::responses::Responses;
///
/// assert_eq!(Responses.authorize("secret"), ("authorization", "Bearer secret".to_owned()));
/// ```
pub struct Responses;

impl Provider for Responses {
    fn api(&self) -> &'static str {
        API
    }

    fn request(&self, question: &Question) -> Result<Request, Fault> {
        request::request(question)
    }

    fn authorize(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(stream::Stream::default())
    }

    fn read(&self, body: &Json) -> Result<ModelAnswer, Fault> {
        let written = heard::Written::deserialize(body).map_err(|error| answer::no_answer(&error.to_string()))?;
        answer::answer(written)
    }

    fn ending(&self, answer: &ModelAnswer) -> Ending {
        let refuses = answer.parts.iter().any(|part| matches!(part, Part::Refusal { .. }));
        match answer.stop_reason.as_str() {
            "content_filter" => Ending::Refused,
            _ if refuses => Ending::Refused,
            COMPLETED | COMPLETE => Ending::Whole,
            // It is incomplete: for its length, its tool calls, or a reason of the future.
            _ => Ending::Truncated,
        }
    }

    fn fault(&self, status: u16, body: &str) -> Fault {
        fault::of_body(status, body)
    }

    fn output_mode(&self, _model: &str) -> OutputMode {
        OutputMode::Native
    }
}
