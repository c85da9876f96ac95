//! One attempt: a request is sent once, and its answer read.

use std::time::SystemTime;

use bytes::Bytes;
use flowai_core::effects::{ModelAnswer, Usage};
use flowai_core::fault::{Fault, FaultKind};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Method, Response, Url};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::body::{Body, Show};
use crate::client::{place, timed_out, trouble};
use crate::line::Line;
use crate::providers::{Piece, retry_after};
use crate::question::Question;
use crate::trouble::{final_fault, shortened, with};
use crate::veil::Veil;
use crate::wait::until;

/// How much of what was shown is kept for the fault of an answer that breaks.
const PARTIAL_BYTES_MAX: usize = 1024 * 1024;
/// How much is shown of one answer: many times what any model writes.
const SHOWN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What a turn from words to thinking or back takes at a reader's, about; pieces of one kind are joined there.
const TURN_BYTES: usize = 1024;

/// A request, ready to be sent as often as it takes.
pub(crate) struct Sent {
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    /// Whether the answer comes in pieces.
    pub stream: bool,
}

impl Sent {
    /// Writes the request of a question.
    ///
    /// # Errors
    /// [`FaultKind::RequestInvalid`] for what the API cannot say.
    pub fn new(line: &Line, question: &Question) -> Result<Self, Fault> {
        let request = line.endpoint.provider.request(question)?;
        let body = serde_json::to_vec(&request.body).map_err(|error| {
            final_fault(FaultKind::RequestInvalid, format!("the request cannot be written: {error}"))
        })?;
        let headers = line.headers(&request.headers, question.stream)?;
        Ok(Self { url: line.url(&request.path)?, headers, body: Bytes::from(body), stream: question.stream })
    }

    /// About how many tokens it has: four bytes are about one.
    pub fn tokens(&self) -> u64 {
        u64::try_from(self.body.len() / 4).unwrap_or(u64::MAX)
    }
}

/// What came of the attempts so far.
#[derive(Default)]
pub(crate) struct Progress {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The tokens of this attempt, as far as the provider counted them.
    pub usage: Usage,
    /// The text of this attempt, as far as it was shown.
    pub partial: String,
    status: Option<u16>,
    request_id: Option<String>,
    index: u32,
    shown_bytes: usize,
    /// Whether the last piece was thinking.
    is_thinking: bool,
    /// What hides secrets from the readers of this attempt.
    pub veil: Veil,
}

impl Progress {
    /// The next attempt begins; what the last one showed is void.
    pub fn begin(&mut self) {
        *self = Self { attempt: self.attempt.saturating_add(1), ..Self::default() };
    }

    /// What an operator asks for first.
    pub fn told(&self, fault: Fault) -> Fault {
        let fault = with(fault, json!({"status": self.status, "request_id": self.request_id}));
        with(fault, json!({"attempts": self.attempt}))
    }

    /// Shows pieces in their order.
    pub fn show(&mut self, pieces: &mut Vec<Piece>, show: &Show<'_>) -> Result<(), Fault> {
        pieces.drain(..).try_for_each(|piece| self.show_piece(piece, show))
    }

    /// Shows an answer that came in one piece.
    pub fn show_whole(&mut self, answer: &ModelAnswer, show: &Show<'_>) -> Result<(), Fault> {
        let thinking = answer.thinking.clone().filter(|thinking| !thinking.is_empty()).map(Piece::Thinking);
        let text = Some(answer.text.clone()).filter(|text| !text.is_empty()).map(Piece::Text);
        self.show(&mut thinking.into_iter().chain(text).collect(), show)
    }

    fn show_piece(&mut self, piece: Piece, show: &Show<'_>) -> Result<(), Fault> {
        let is_thinking = matches!(piece, Piece::Thinking(_));
        if self.is_thinking != is_thinking {
            self.show_rest(show)?;
            self.shown_bytes = self.shown_bytes.saturating_add(TURN_BYTES);
            self.is_thinking = is_thinking;
        }
        let (Piece::Text(words) | Piece::Thinking(words)) = piece;
        let words = self.veil.through(words);
        self.show_words(words, show)
    }

    /// Shows what was held back because it might have been the beginning of a key.
    pub fn show_rest(&mut self, show: &Show<'_>) -> Result<(), Fault> {
        let words = self.veil.rest();
        self.show_words(words, show)
    }

    fn show_words(&mut self, words: String, show: &Show<'_>) -> Result<(), Fault> {
        if words.is_empty() {
            return Ok(());
        }
        self.shown_bytes = self.shown_bytes.saturating_add(words.len());
        if self.shown_bytes > SHOWN_BYTES_MAX {
            return Err(final_fault(FaultKind::StreamMalformed, "the provider sends an answer without end"));
        }
        if !self.is_thinking && self.partial.len().saturating_add(words.len()) <= PARTIAL_BYTES_MAX {
            self.partial.push_str(&words);
        }
        let piece = if self.is_thinking { Piece::Thinking(words) } else { Piece::Text(words) };
        show(self.attempt, self.index, piece);
        self.index = self.index.saturating_add(1);
        Ok(())
    }

    fn note(&mut self, response: &Response) {
        self.status = Some(response.status().as_u16());
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let names = ["request-id", "x-request-id", "x-goog-request-id", "apim-request-id", "cf-ray"];
        self.request_id = names.into_iter().find_map(header).map(|id| id.chars().take(200).collect());
    }
}

/// Sends a request once and reads its answer.
///
/// # Errors
/// What the provider says instead of an answer, or what broke on the way.
pub(crate) async fn run(
    line: &Line,
    sent: &Sent,
    progress: &mut Progress,
    show: &Show<'_>,
) -> Result<ModelAnswer, Fault> {
    (progress.status, progress.request_id) = (None, None);
    let timeouts = &line.endpoint.timeouts;
    let client = line.client(&sent.url).await?;
    let first = sent.stream.then(|| Instant::now() + timeouts.first_byte);
    let response = ask(client, sent, first).await?;
    progress.note(&response);
    if response.status().is_success() {
        let body = Body::new(response, first, timeouts.between_bytes);
        let answered = body.answer(&*line.endpoint.provider, sent.stream, progress, show).await;
        progress.show_rest(show)?;
        return answered.map(|answer| progress.veil.over(answer));
    }
    if response.status().is_redirection() {
        return Err(moved(&response));
    }
    Err(refused(line, response).await)
}

/// Sends the request and waits for the head of the answer.
async fn ask(client: &Client, sent: &Sent, first: Option<Instant>) -> Result<Response, Fault> {
    let request = client.request(Method::POST, sent.url.clone());
    let asked = request.headers(sent.headers.clone()).body(sent.body.clone()).send();
    let answered = match first {
        Some(first) => timeout_at(first, asked).await.map_err(|_| timed_out("first_byte"))?,
        None => asked.await,
    };
    answered.map_err(|error| trouble(&error, &sent.url))
}

/// A redirect that is not followed, because the key would go with it.
fn moved(response: &Response) -> Fault {
    let target = response.headers().get(LOCATION).and_then(|target| target.to_str().ok());
    let target = target.and_then(|target| response.url().join(target).ok()).map(|url| place(&url));
    let target = target.unwrap_or_else(|| "nowhere".to_owned());
    let from = place(response.url());
    final_fault(
        FaultKind::RequestInvalid,
        format!("`{from}` redirects to `{target}`, which is not followed with a key"),
    )
    .hint("if that is right, set it as `base_url`")
}

/// The fault of an error answer.
async fn refused(line: &Line, response: Response) -> Fault {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let moment = || header("retry-after").and_then(|date| until(&date, SystemTime::now()));
    let wait = retry_after(header).or_else(moment).and_then(|wait| u64::try_from(wait.as_millis()).ok());
    let again = header("x-should-retry").and_then(|again| again.parse::<bool>().ok());
    let body = Body::new(response, None, line.endpoint.timeouts.between_bytes).error().await;
    let fault = shortened(line.endpoint.provider.fault(status, &body));
    let fault = with(fault, json!({"status": status, "retry_after_ms": wait}));
    with(fault, json!({"retryable": again}))
}
