//! A made-up API, as plain as one can be, that can do all that real ones do.

use flowai_core::effects::{Message, ModelAnswer, ToolRequest, Usage};
use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::json;
use flowai_interp_live::providers::{Ending, Listener, Piece, Provider, Request, fault, kind_of_status};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::OutputMode;
use flowai_interp_live::sse;
use serde_json::{Value as Json, json};

pub struct Plain;

impl Provider for Plain {
    fn api(&self) -> &'static str {
        "plain"
    }

    fn request(&self, question: &Question) -> Result<Request, Fault> {
        let said = question.messages.iter().map(|message| match message {
            Message::System { text } | Message::User { text, .. } | Message::Assistant { text, .. } => text.clone(),
            Message::Tool { content, .. } => content.to_string(),
        });
        let said: Vec<String> = said.collect();
        let mut body = json!({"model": question.model, "said": said, "stream": question.stream});
        if let Some(most) = question.settings.max_tokens {
            body["most"] = json!(most);
        }
        Ok(Request { path: "/v1/say".to_owned(), headers: vec![("x-version", "1".to_owned())], body })
    }

    fn authorize(&self, key: &str) -> (&'static str, String) {
        ("x-key", key.to_owned())
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::<Hearing>::default()
    }

    fn read(&self, body: &Json) -> Result<ModelAnswer, Fault> {
        let mut hearing = Hearing::default();
        hearing.take(body, &mut Vec::new())?;
        Box::new(hearing).finish()
    }

    fn ending(&self, answer: &ModelAnswer) -> Ending {
        match answer.stop_reason.as_str() {
            "length" => Ending::Truncated,
            "refused" => Ending::Refused,
            "pause" => Ending::Paused,
            _ => Ending::Whole,
        }
    }

    fn fault(&self, status: u16, body: &str) -> Fault {
        let body: Json = serde_json::from_str(body).unwrap_or_else(|_| json!({"error": body}));
        fault(kind_of_status(status), body["error"].as_str().unwrap_or_default(), Some(status), body["code"].as_str())
    }

    fn output_mode(&self, _model: &str) -> OutputMode {
        OutputMode::Native
    }
}

#[derive(Default)]
struct Hearing {
    answer: ModelAnswer,
    has_stopped: bool,
}

impl Hearing {
    fn take(&mut self, event: &Json, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        if let Some(message) = event["error"].as_str() {
            return Err(fault(FaultKind::Overloaded, message, None, Some("overloaded")));
        }
        if let Some(text) = event["text"].as_str() {
            self.answer.text.push_str(text);
            pieces.push(Piece::Text(text.to_owned()));
        }
        if let Some(name) = event["call"].as_str() {
            let id = format!("call_{}", self.answer.tool_calls.len());
            self.answer.tool_calls.push(ToolRequest { id, name: name.to_owned(), arguments: json!({}) });
        }
        if let Some(tokens) = event["tokens"].as_u64() {
            self.answer.usage = Usage { output_tokens: tokens, ..Usage::default() };
        }
        if let Some(reason) = event["stop"].as_str() {
            reason.clone_into(&mut self.answer.stop_reason);
            self.has_stopped = true;
        }
        Ok(())
    }
}

impl Listener for Hearing {
    fn hear(&mut self, event: &sse::Event<'_>, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        self.take(&json::read::<Json>(event.data)?, pieces)
    }

    fn is_done(&self) -> bool {
        self.has_stopped
    }

    fn usage(&self) -> Usage {
        self.answer.usage
    }

    fn finish(self: Box<Self>) -> Result<ModelAnswer, Fault> {
        if self.has_stopped {
            return Ok(self.answer);
        }
        Err(Fault::new(FaultKind::StreamMalformed, "the stream ended before the answer did"))
    }
}
