//! The body of an answer, read as it comes, in bounded memory and bounded time.

use std::time::Duration;

use bytes::Bytes;
use flowai_core::effects::ModelAnswer;
use flowai_core::fault::{Fault, FaultKind};
use reqwest::Response;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::attempt::Progress;
use crate::client::{timed_out, trouble};
use crate::providers::{Piece, Provider};
use crate::trouble::final_fault;
use crate::{json, sse};

/// The longest body of a whole answer.
const WHOLE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What the JSON of one event or of a whole answer may weigh once it is read.
const WEIGHT_MAX: usize = 16 * 1024 * 1024;
/// JSON below this many bytes cannot weigh too much.
const LIGHT_BYTES: usize = 64 * 1024;
/// The longest body of an error; the rest is not read.
const ERROR_BYTES_MAX: usize = 64 * 1024;
/// What may still come after the end of an answer, so that its connection can be used again.
const REST_BYTES_MAX: usize = 64 * 1024;
const REST_WAIT: Duration = Duration::from_secs(1);

/// Takes what may be shown at once.
pub(crate) type Show<'s> = dyn Fn(u32, u32, Piece) + Send + Sync + 's;

/// A body that is read piece by piece.
pub(crate) struct Body {
    response: Response,
    /// Until when the first byte has to be here, where that is bounded.
    first: Option<Instant>,
    between: Duration,
}

/// Refuses JSON that would fill the memory.
fn check_weight(text: &str) -> Result<(), Fault> {
    if text.len() <= LIGHT_BYTES || json::weight(text) <= WEIGHT_MAX {
        return Ok(());
    }
    Err(final_fault(FaultKind::StreamMalformed, "the provider sent JSON of too many values"))
}

fn parsed(bytes: &[u8]) -> Result<Json, Fault> {
    let text = String::from_utf8_lossy(bytes);
    check_weight(&text)?;
    json::read(&text)
}

/// What a body is.
enum Shape {
    Events,
    Json,
    Foreign,
}

impl Body {
    pub fn new(response: Response, first: Option<Instant>, between: Duration) -> Self {
        Self { response, first, between }
    }

    fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The next bytes; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let (until, phase) = match self.first {
            Some(first) => (first, "first_byte"),
            None => (Instant::now() + self.between, "between_bytes"),
        };
        let read = tokio::time::timeout_at(until, self.response.chunk()).await.map_err(|_| timed_out(phase))?;
        self.first = None;
        read.map_err(|error| trouble(&error, self.response.url()))
    }

    /// Reads an answer, whichever way it comes.
    pub async fn answer(
        mut self,
        provider: &dyn Provider,
        stream: bool,
        progress: &mut Progress,
        show: &Show<'_>,
    ) -> Result<ModelAnswer, Fault> {
        let encoding = self.header("content-encoding");
        if !matches!(encoding, "" | "identity") {
            let message = format!("the provider sent an answer encoded as `{encoding}`, which nobody asked for");
            return Err(final_fault(FaultKind::StreamMalformed, message));
        }
        let first = self.next().await?;
        match shape(self.header("content-type"), first.as_deref().unwrap_or_default()) {
            Shape::Events => self.events(first, provider, progress, show).await,
            Shape::Json => {
                let answer = self.whole(first, provider).await?;
                if stream {
                    progress.show_whole(&answer, show)?;
                }
                Ok(answer)
            }
            Shape::Foreign => Err(self.foreign(first.as_deref().unwrap_or_default())),
        }
    }

    async fn events(
        mut self,
        mut next: Option<Bytes>,
        provider: &dyn Provider,
        progress: &mut Progress,
        show: &Show<'_>,
    ) -> Result<ModelAnswer, Fault> {
        let (mut reader, mut listener, mut pieces) = (sse::Reader::default(), provider.listen(), Vec::new());
        loop {
            let mut hear = |event: &sse::Event<'_>| {
                check_weight(event.data)?;
                listener.hear(event, &mut pieces)
            };
            let heard = match &next {
                Some(bytes) => reader.feed(bytes, &mut hear),
                None => reader.end(&mut hear),
            };
            progress.usage = listener.usage();
            progress.show(&mut pieces, show)?;
            // What breaks after the provider has said that it is done breaks nothing.
            if listener.is_done() {
                tokio::spawn(self.drain());
                return listener.finish();
            }
            heard?;
            if next.is_none() {
                return listener.finish();
            }
            if listener.has_ended() {
                // Nothing is expected; who holds the connection open is not waited for.
                self.between = self.between.min(REST_WAIT);
            }
            next = match self.next().await {
                Ok(next) => next,
                Err(fault) => return listener.finish().map_err(|_| fault),
            };
        }
    }

    async fn whole(mut self, first: Option<Bytes>, provider: &dyn Provider) -> Result<ModelAnswer, Fault> {
        let mut bytes = first.map(|first| first.to_vec()).unwrap_or_default();
        while let Some(more) = self.next().await? {
            bytes.extend_from_slice(&more);
            if bytes.len() > WHOLE_BYTES_MAX {
                return Err(final_fault(FaultKind::StreamMalformed, "the answer of the provider is too large"));
            }
        }
        let body = parsed(&bytes)?;
        drop(bytes);
        provider.read(&body)
    }

    /// The start of the body of an error, as far as it comes.
    pub async fn error(mut self) -> String {
        let mut bytes = Vec::new();
        while let Ok(Some(more)) = self.next().await {
            let room = ERROR_BYTES_MAX.saturating_sub(bytes.len());
            bytes.extend_from_slice(more.get(..room).unwrap_or(&more));
            if bytes.len() >= ERROR_BYTES_MAX {
                break;
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    async fn drain(mut self) {
        let mut room = REST_BYTES_MAX;
        let rest = async {
            while let Ok(Some(more)) = self.next().await {
                room = room.saturating_sub(more.len());
                if room == 0 {
                    return;
                }
            }
        };
        // A server that does not end loses its connection.
        let _ = tokio::time::timeout(REST_WAIT, rest).await;
    }

    fn foreign(&self, bytes: &[u8]) -> Fault {
        let start: String = String::from_utf8_lossy(bytes).chars().take(200).flat_map(char::escape_debug).collect();
        let kind = self.header("content-type");
        let message = if bytes.is_empty() {
            "the provider sent an empty answer".to_owned()
        } else {
            format!("the provider sent no answer of its API but `{kind}`: {start}")
        };
        Fault::new(FaultKind::StreamMalformed, message).hint("check `base_url`; a proxy may have answered")
    }
}

/// What a body is by its type, and where that says too little by its first bytes.
fn shape(content_type: &str, first: &[u8]) -> Shape {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "text/event-stream" {
        return Shape::Events;
    }
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    match first.first() {
        None if !kind.contains("json") => Shape::Foreign,
        Some(b'{' | b'[') => Shape::Json,
        _ if kind.contains("json") => Shape::Json,
        Some(b'<') => Shape::Foreign,
        _ if [&b"data:"[..], b"event:", b"id:", b"retry:", b":"].iter().any(|start| first.starts_with(start)) => {
            Shape::Events
        }
        _ => Shape::Foreign,
    }
}
