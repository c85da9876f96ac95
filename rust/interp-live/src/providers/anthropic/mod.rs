//! Anthropic Messages: how its requests are written and its answers are read.

mod answer;
mod block;
mod conversation;
mod fault;
mod files;
mod heard;
mod ids;
mod model;
mod request;
mod schema;
mod stream;
mod thinking;

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::Fault;
use serde_json::Value as Json;

use super::output::{FINAL_ANSWER, FINAL_VALUE};
use super::{Ending, Listener, Provider, Request};
use crate::question::Question;
use crate::settings::OutputMode;

/// The name of the API.
const API: &str = "anthropic";

/// The type of the part that keeps where the provider ran code; it is no content block.
const CONTAINER: &str = "container";

/// The type of the part that keeps what is said about the end of an answer; it is no content block.
const STOP_DETAILS: &str = "stop_details";

/// Anthropic Messages.
///
/// # Examples
/// ```
/// use flowai_interp_live::providers::Provider;
/// use flowai_interp_live::providers::anthropic::Anthropic;
///
/// assert_eq!(Anthropic.authorize("secret"), ("x-api-key", "secret".to_owned()));
/// ```
pub struct Anthropic;

impl Provider for Anthropic {
    fn api(&self) -> &'static str {
        API
    }

    fn request(&self, question: &Question) -> Result<Request, Fault> {
        request::request(question)
    }

    fn authorize(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(stream::Stream::default())
    }

    fn read(&self, body: &Json) -> Result<ModelAnswer, Fault> {
        answer::read(body)
    }

    fn ending(&self, answer: &ModelAnswer) -> Ending {
        match answer.stop_reason.as_str() {
            "pause_turn" | "compaction" => Ending::Paused,
            "refusal" => Ending::Refused,
            // The last two are of gateways, some of which say nothing.
            "end_turn" | "tool_use" | "stop_sequence" | "stop" | "" => Ending::Whole,
            // Its length, or a reason that nobody knows: what is there may be half.
            _ => Ending::Truncated,
        }
    }

    fn fault(&self, status: u16, body: &str) -> Fault {
        fault::of_body(Some(status), body)
    }

    fn output_mode(&self, model: &str) -> OutputMode {
        model::Model::of(model).output_mode()
    }
}
