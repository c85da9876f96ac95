//! Providers: how each speaks. Pure, so that each is tested on recorded bytes; one provider, one file.

pub mod anthropic;
mod bodies;
mod calls;
pub mod chat;
mod counts;
pub mod gemini;
mod output;
pub mod responses;
#[cfg(test)]
pub(crate) mod silent;

use std::time::Duration;

use flowai_core::effects::{ModelAnswer, Usage};
use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Value as Json, json};

use crate::question::Question;
use crate::settings::OutputMode;
use crate::sse;

/// How one API is spoken.
///
/// # Laws
/// - The answer that a listener gives does not depend on where the bytes of the stream were cut.
/// - A stream that ends before the provider said so is a fault, never half an answer presented as whole.
/// - What `request` is given as an assistant's message with this API's parts is sent back as it came.
pub trait Provider: Send + Sync {
    /// The name of the API, such as `anthropic`; parts and errors carry it.
    fn api(&self) -> &'static str;

    /// What to send: the path below the base URL, and the body.
    ///
    /// # Errors
    /// [`FaultKind::RequestInvalid`] for what this API cannot say at all.
    fn request(&self, question: &Question) -> Result<Request, Fault>;

    /// The headers that carry a key.
    fn authorize(&self, key: &str) -> (&'static str, String);

    /// Listens to one streamed answer.
    fn listen(&self) -> Box<dyn Listener>;

    /// Reads a whole answer.
    ///
    /// # Errors
    /// [`FaultKind::StreamMalformed`] for what is no answer, or the error that stands in its place.
    fn read(&self, body: &Json) -> Result<ModelAnswer, Fault>;

    /// What an answer is that ended so.
    fn ending(&self, answer: &ModelAnswer) -> Ending;

    /// The fault that the body of an error answer tells: its kind, message and code.
    fn fault(&self, status: u16, body: &str) -> Fault;

    /// How a structured answer is best asked for from this model.
    fn output_mode(&self, model: &str) -> OutputMode;
}

/// Hears the events of one streamed answer.
pub trait Listener: Send {
    /// Takes one event and gives the pieces that may be shown at once.
    ///
    /// # Errors
    /// An error that the provider sends in mid-stream, or [`FaultKind::StreamMalformed`].
    fn hear(&mut self, event: &sse::Event<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault>;

    /// Whether the provider said that the answer ends here; what follows is not waited for.
    fn is_done(&self) -> bool {
        false
    }

    /// Whether the answer is all there, though the provider may still say something.
    fn has_ended(&self) -> bool {
        self.is_done()
    }

    /// The tokens that the provider has counted so far; they count even if the rest never comes.
    fn usage(&self) -> Usage {
        Usage::default()
    }

    /// The whole answer, once the body has ended.
    ///
    /// # Errors
    /// [`FaultKind::StreamMalformed`] where the stream ended before the provider said so.
    fn finish(self: Box<Self>) -> Result<ModelAnswer, Fault>;
}

/// The most that an answer may weigh while it is gathered, in bytes of memory: many times what any model writes.
pub(crate) const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The path below the base URL, with its query.
    pub path: String,
    /// Headers of this API beside the key, such as its version.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Json,
}

/// A piece of an answer that may be shown before the rest is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words for the reader.
    Text(String),
    /// Thinking.
    Thinking(String),
}

/// What an answer is that ended in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of it is there.
    Whole,
    /// The provider waits to be asked to go on, with all that it said so far.
    Paused,
    /// It was cut at a length limit.
    Truncated,
    /// The provider or the model refused.
    Refused,
}

/// The kind of an error answer by its HTTP status alone, for what no body says better.
#[must_use]
pub fn kind_of_status(status: u16) -> FaultKind {
    match status {
        401 => FaultKind::AuthenticationFailed,
        403 => FaultKind::PermissionDenied,
        404 => FaultKind::ModelNotFound,
        408 | 504 => FaultKind::ModelTimedOut,
        413 => FaultKind::ContextTooLong,
        429 => FaultKind::RateLimited,
        503 | 529 => FaultKind::Overloaded,
        400..=499 => FaultKind::RequestInvalid,
        _ => FaultKind::ServerFailed,
    }
}

/// A fault of a provider, with what an operator asks for first.
#[must_use]
pub fn fault(kind: FaultKind, message: &str, status: Option<u16>, code: Option<&str>) -> Fault {
    Fault::new(kind, message).detail(json!({"status": status, "code": code}))
}

/// How long a provider asks to wait: `retry-after-ms`, or `retry-after` in seconds.
#[must_use]
pub fn retry_after(header: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let number = |name: &str| header(name)?.trim().parse::<f64>().ok().filter(|wait| *wait >= 0.0);
    let seconds = number("retry-after-ms").map(|wait_ms| wait_ms / 1_000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}
