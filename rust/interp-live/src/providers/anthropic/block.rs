//! A content block that comes in pieces.

use serde_json::{Map, Value as Json, json};

use crate::providers::calls::arguments;

/// The field of a block that its words belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Words for the reader.
    Text,
    /// Thinking.
    Thinking,
    /// Arguments of a call; blocks without words have none either.
    Input,
}

/// A content block that has begun.
pub(super) struct Block {
    begun: Json,
    /// Where its words belong.
    pub field: Field,
    /// The words so far.
    pub words: String,
    /// The signature so far.
    pub signature: String,
}

impl Block {
    /// A block from its first event.
    pub(super) fn of(mut begun: Json) -> Self {
        let field = match begun.get("type").and_then(Json::as_str) {
            Some("text") => Field::Text,
            Some("thinking") => Field::Thinking,
            _ => Field::Input,
        };
        let words = match field {
            Field::Text => taken(&mut begun, "text"),
            Field::Thinking => taken(&mut begun, "thinking"),
            Field::Input => String::new(),
        };
        let signature = if field == Field::Thinking { taken(&mut begun, "signature") } else { String::new() };
        Self { begun, field, words, signature }
    }

    /// Adds a citation.
    pub(super) fn cite(&mut self, citation: &Json) {
        self.merge(Some(&json!({"citations": [citation]})));
    }

    /// Adds fields of a piece that only the provider understands: texts and lists grow, all else is replaced.
    pub(super) fn merge(&mut self, delta: Option<&Json>) {
        let Some(fields) = self.begun.as_object_mut() else { return };
        for (name, news) in delta.and_then(Json::as_object).into_iter().flatten().filter(|(name, _)| *name != "type") {
            match (fields.get_mut(name), news) {
                (Some(Json::String(known)), Json::String(news)) => known.push_str(news),
                (Some(Json::Array(known)), Json::Array(news)) => known.extend_from_slice(news),
                (_, Json::Null) => {}
                _ => drop(fields.insert(name.clone(), news.clone())),
            }
        }
    }

    /// The whole block.
    pub(super) fn end(self) -> Json {
        let Json::Object(mut fields) = self.begun else { return self.begun };
        match self.field {
            Field::Text => drop(fields.insert("text".to_owned(), Json::String(self.words))),
            Field::Thinking => {
                fields.insert("thinking".to_owned(), Json::String(self.words));
                if !self.signature.is_empty() {
                    fields.insert("signature".to_owned(), Json::String(self.signature));
                }
            }
            Field::Input => end_input(&mut fields, self.words),
        }
        Json::Object(fields)
    }
}

/// Puts arguments in their place; what is no JSON stays as text, so that the check of the arguments refuses it.
fn end_input(fields: &mut Map<String, Json>, words: String) {
    if words.trim().is_empty() {
        return;
    }
    fields.insert("input".to_owned(), arguments(words));
}

fn taken(block: &mut Json, name: &str) -> String {
    match block.as_object_mut().and_then(|fields| fields.remove(name)) {
        Some(Json::String(text)) => text,
        _ => String::new(),
    }
}
