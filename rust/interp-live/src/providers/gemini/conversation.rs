//! A conversation, as this API reads it: contents of the user's and the model's in turn.

use std::collections::BTreeMap;

use flowai_core::effects::{Message, Part};
use flowai_core::fault::Fault;
use serde_json::{Value as Json, json};

use super::model::Model;
use super::parts::SIGNATURE;
use super::{API, files, parts};
use crate::providers::output::{self, FINAL_ANSWER};

/// What stands for the signature of a call that a model without signatures asked for.
///
/// Source: the page "Thought signatures" of the Gemini API, on calls that come from elsewhere.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// A conversation that grows by messages.
pub(super) struct Conversation {
    model: Model,
    contents: Vec<(&'static str, Vec<Json>)>,
    /// The calls of the newest answer, in their order, with their results as far as there are some.
    calls: Vec<Call>,
    /// Where the first call of each id stands that has no result yet.
    open: BTreeMap<String, Vec<usize>>,
}

/// A call that has to be answered before the conversation goes on.
struct Call {
    name: String,
    /// The provider's own id, where it gave one.
    id: Option<Json>,
    result: Option<Json>,
}

/// The contents of a conversation, without its system messages.
pub(super) fn contents(messages: &[Message], model: Model) -> Result<Vec<Json>, Fault> {
    let mut conversation = Conversation { model, contents: Vec::new(), calls: Vec::new(), open: BTreeMap::new() };
    messages.iter().try_for_each(|message| conversation.add(message))?;
    conversation.close();
    let contents = conversation.contents.into_iter();
    Ok(contents.map(|(role, parts)| json!({"role": role, "parts": parts})).collect())
}

impl Conversation {
    fn add(&mut self, message: &Message) -> Result<(), Fault> {
        match message {
            Message::System { .. } => {}
            Message::User { text, files } => {
                self.close();
                for file in files {
                    self.push("user", files::part(file)?);
                }
                self.say("user", text);
            }
            Message::Assistant { parts, api, .. } if api.as_deref() == Some(API) && !parts.is_empty() => {
                self.close();
                let mut owes = self.model.wants_signatures() && !parts.iter().any(parts::is_signed);
                for part in parts {
                    let is_call = matches!(part, Part::ToolCall { .. });
                    self.add_part(part, owes && is_call);
                    owes &= !is_call;
                }
            }
            Message::Assistant { text, tool_calls, parts, .. } => {
                self.close();
                self.say("model", &spoken(text, parts));
                for (number, call) in tool_calls.iter().enumerate() {
                    let arguments = parts::object(&call.arguments);
                    let mut part = json!({"functionCall": {"name": call.name, "args": arguments}});
                    if number == 0 && self.model.wants_signatures() {
                        part[SIGNATURE] = json!(NO_SIGNATURE);
                    }
                    self.push("model", part);
                    self.ask(&call.id, &call.name, None);
                }
            }
            Message::Tool { call_id, name, content, is_error } => self.answer(call_id, name, content, *is_error),
        }
        Ok(())
    }

    fn add_part(&mut self, part: &Part, owes_signature: bool) {
        if let Some(mut written) = parts::written(part) {
            if owes_signature {
                written[SIGNATURE] = json!(NO_SIGNATURE);
            }
            self.push("model", written);
        }
        if let Part::ToolCall { id, name, extras, .. } = part {
            self.ask(id, name, extras["functionCall"].get("id").cloned());
        }
    }

    fn ask(&mut self, id: &str, name: &str, own: Option<Json>) {
        self.open.entry(id.to_owned()).or_default().push(self.calls.len());
        self.calls.push(Call { name: name.to_owned(), id: own, result: None });
    }

    fn answer(&mut self, id: &str, name: &str, content: &Json, is_error: bool) {
        let place = self.open.get_mut(id).filter(|places| !places.is_empty()).map(|places| places.remove(0));
        match place.and_then(|place| self.calls.get_mut(place)) {
            Some(call) => call.result = Some(json!({(if is_error { "error" } else { "output" }): content})),
            // The call is not in the conversation any more; its result alone would be refused.
            None => self.say("user", &format!("`{name}` answered: {}", words(content))),
        }
    }

    /// Puts the results of all calls behind them, in the order of the calls; without ids nothing else tells them apart.
    fn close(&mut self) {
        self.open.clear();
        for call in std::mem::take(&mut self.calls) {
            let result = call.result.unwrap_or_else(|| match call.name.as_str() {
                FINAL_ANSWER => json!({"output": "received"}),
                _ => json!({"error": "the call was not carried out"}),
            });
            let mut response = json!({"name": call.name, "response": result});
            if let Some(id) = call.id {
                response["id"] = id;
            }
            self.push("user", json!({"functionResponse": response}));
        }
    }

    /// Adds words; the API refuses parts without any.
    fn say(&mut self, role: &'static str, text: &str) {
        if !text.is_empty() {
            self.push(role, json!({"text": text}));
        }
    }

    fn push(&mut self, role: &'static str, part: Json) {
        match self.contents.last_mut() {
            Some((last, parts)) if *last == role => parts.push(part),
            _ => self.contents.push((role, vec![part])),
        }
    }
}

/// The words of an answer of another API; those of its refusal, where it has no others.
fn spoken(text: &str, parts: &[Part]) -> String {
    let refusal = parts.iter().find_map(|part| match part {
        Part::Refusal { text } => Some(text.clone()),
        _ => None,
    });
    let said = output::spoken(text, parts);
    if said.is_empty() { refusal.unwrap_or_default() } else { said }
}

fn words(content: &Json) -> String {
    content.as_str().map_or_else(|| content.to_string(), str::to_owned)
}
