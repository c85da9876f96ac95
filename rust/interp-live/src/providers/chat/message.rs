//! The pieces of a message that come in pieces themselves: thinking, its details, and calls.

use std::collections::BTreeMap;

use flowai_core::effects::ToolRequest;
use serde_json::{Value as Json, json};

use super::heard::{Call, Function};
use crate::json;
use crate::providers::calls::{arguments, unique};
use crate::providers::output::FINAL_ANSWER;

/// Thinking, and the field in which it came first.
#[derive(Default)]
pub(super) struct Thought {
    pub text: String,
    pub field: Option<&'static str>,
}

impl Thought {
    /// Whether thinking of this field belongs to it: the first field that says anything wins.
    pub(super) fn takes(&mut self, field: &'static str) -> bool {
        *self.field.get_or_insert(field) == field
    }
}

/// `OpenRouter`'s details of thinking, whose pieces are joined by their index.
#[derive(Default)]
pub(super) struct Details(Vec<Json>);

impl Details {
    pub(super) fn add(&mut self, detail: Json) {
        match self.0.last_mut().filter(|last| is_same(last, &detail)) {
            Some(last) => join(last, detail),
            None => self.0.push(detail),
        }
    }

    pub(super) fn take(&mut self) -> Vec<Json> {
        std::mem::take(&mut self.0)
    }
}

fn is_same(last: &Json, detail: &Json) -> bool {
    last["index"] == detail["index"] && last["type"] == detail["type"] && last["type"] != "reasoning.encrypted"
}

fn join(last: &mut Json, detail: Json) {
    let Json::Object(fields) = detail else { return };
    for (name, value) in fields {
        match (&mut last[&name], value) {
            (Json::String(text), Json::String(more)) if ["text", "summary", "data"].contains(&name.as_str()) => {
                text.push_str(&more);
            }
            (_, Json::Null) => {}
            (slot, value) => *slot = value,
        }
    }
}

/// What a call takes beside its arguments, about; it also keeps their number small, because each piece looks for its own.
const CALL_BYTES: usize = 1024;

/// Calls that arrive in pieces.
#[derive(Default)]
pub(super) struct Calls(Vec<Begun>);

#[derive(Default)]
struct Begun {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
    extras: Json,
}

impl Calls {
    /// Adds pieces of calls and gives how many bytes they had.
    pub(super) fn add(&mut self, calls: Option<Vec<Call>>, function: Option<Function>) -> usize {
        // The way of calls before 2024: one, without an id.
        let old = function.map(|function| Call {
            index: Some(u64::MAX),
            id: None,
            function: Some(function),
            extra_content: None,
        });
        calls.into_iter().flatten().chain(old).map(|call| self.piece(call)).sum()
    }

    fn piece(&mut self, call: Call) -> usize {
        let (name, arguments) =
            call.function.map_or_else(Default::default, |function| (function.name, function.arguments.0));
        let id = call.id.filter(|id| !id.is_empty());
        let named = [&id, &name].into_iter().flatten().map(String::len).fold(arguments.len(), usize::saturating_add);
        let mut bytes = named.saturating_add(call.extra_content.as_ref().map_or(0, json::held));
        if self.known(call.index, id.as_deref(), name.as_deref()).is_none() {
            bytes = bytes.saturating_add(CALL_BYTES);
            self.0.push(Begun { index: call.index, ..Begun::default() });
        }
        let Some(begun) = self.known(call.index, id.as_deref(), name.as_deref()) else { return bytes };
        if let Some(id) = id {
            begun.id = id;
        }
        if let Some(name) = name.filter(|_| begun.name.is_empty()) {
            begun.name = name;
        }
        begun.arguments.push_str(&arguments);
        if let Some(extra) = call.extra_content.filter(|extra| !extra.is_null()) {
            begun.extras = json!({"extra_content": extra});
        }
        bytes
    }

    /// The call that a piece goes on with: the one of its index, unless it names itself anew.
    fn known(&mut self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> Option<&mut Begun> {
        let names_itself = |begun: &Begun| {
            id.is_some_and(|id| !begun.id.is_empty() && begun.id != id) && name.is_some_and(|name| !name.is_empty())
        };
        match index {
            Some(index) => self.0.iter_mut().rev().find(|begun| begun.index == Some(index)),
            // Without an index a call is whole, and an id begins another.
            None => self.0.last_mut().filter(|begun| id.is_none() || begun.id.is_empty()),
        }
        .filter(|begun| !names_itself(begun))
    }

    /// The calls with their extras, each under an id of its own, and the structured answer where one was given by a call.
    pub(super) fn take(&mut self) -> (Vec<(ToolRequest, Json)>, Option<Json>) {
        let begun = std::mem::take(&mut self.0);
        let mut taken: BTreeMap<String, u32> = BTreeMap::new();
        let mut output = None;
        let mut calls = Vec::with_capacity(begun.len());
        for (number, call) in begun.into_iter().enumerate() {
            let id = unique(call.id, number, &mut taken);
            let arguments = arguments(call.arguments);
            if call.name == FINAL_ANSWER {
                output = Some(arguments.clone());
            }
            calls.push((ToolRequest { id, name: call.name, arguments }, call.extras));
        }
        (calls, output)
    }
}
