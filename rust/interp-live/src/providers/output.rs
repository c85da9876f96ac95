//! Structured answers: how they are asked for, and where they come.

use flowai_core::effects::Part;
use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Map, Value as Json, json};

use crate::question::Question;
use crate::settings::{OutputMode, ToolChoice};

/// The tool by which a model gives a structured answer, where it has no better way.
pub(super) const FINAL_ANSWER: &str = "final_answer";

/// The field that holds a structured answer which is no object, because arguments of a tool always are one.
pub(super) const FINAL_VALUE: &str = "final_answer_value";

/// How a structured answer is asked for.
pub(super) enum Output {
    /// Not at all.
    Free,
    /// By a schema that the server holds the model to.
    Native(Json),
    /// By a tool with these parameters.
    Tool(Json),
    /// By words.
    Prompt(String),
}

impl Output {
    /// How a question asks for it, where the provider itself would choose `best`.
    pub(super) fn of(question: &Question, best: OutputMode) -> Self {
        Self::by(question, question.settings.output_mode.unwrap_or(best))
    }

    /// How a question asks for it in this way.
    pub(super) fn by(question: &Question, mode: OutputMode) -> Self {
        let Some(schema) = question.output.as_deref() else { return Self::Free };
        match mode {
            OutputMode::Native => Self::Native(schema.clone()),
            OutputMode::Tool => Self::Tool(wrapped(schema)),
            OutputMode::Prompt => Self::Prompt(schema.to_string()),
        }
    }

    /// What the model is told about it.
    fn words(&self) -> Option<String> {
        match self {
            Self::Free | Self::Native(_) => None,
            Self::Tool(_) => Some(format!("Give your final answer by calling the tool `{FINAL_ANSWER}`.")),
            Self::Prompt(schema) => Some(format!(
                "Give your final answer as JSON alone, without a code fence, that fits this JSON Schema:\n{schema}"
            )),
        }
    }

    /// The name, schema and strictness of a native answer.
    pub(super) fn named(&self) -> Option<Json> {
        let Self::Native(schema) = self else { return None };
        Some(json!({"name": "answer", "schema": schema, "strict": is_strict(schema)}))
    }

    /// The system text of a question, with what is said about its output.
    pub(super) fn system(&self, question: &Question) -> Option<String> {
        let texts = [Some(question.system()), self.words()];
        let texts: Vec<String> = texts.into_iter().flatten().filter(|text| !text.trim().is_empty()).collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    }
}

/// A schema as the parameters of a tool, which are always an object.
fn wrapped(schema: &Json) -> Json {
    if schema["type"] == "object" {
        return schema.clone();
    }
    let mut inner = schema.clone();
    let mut outer = json!({"type": "object", "required": [FINAL_VALUE]});
    if let Some(definitions) = inner.as_object_mut().and_then(|fields| fields.remove("$defs")) {
        outer["$defs"] = definitions;
    }
    outer["properties"] = json!({FINAL_VALUE: inner});
    outer
}

/// The answer within the arguments of the answering tool.
pub(super) fn unwrapped(arguments: Json) -> Json {
    match arguments {
        Json::Object(mut fields) if fields.len() == 1 && fields.contains_key(FINAL_VALUE) => {
            fields.remove(FINAL_VALUE).unwrap_or(Json::Null)
        }
        other => other,
    }
}

/// The structured answer that was given by the answering tool, in words, so that the conversation remembers it.
pub(super) fn given(parts: &[Part]) -> Option<String> {
    parts.iter().find_map(|part| match part {
        Part::ToolCall { name, arguments, .. } if name == FINAL_ANSWER => {
            Some(unwrapped(arguments.clone()).to_string())
        }
        _ => None,
    })
}

/// The words of an answer with its structured answer behind them.
pub(super) fn spoken(text: &str, parts: &[Part]) -> String {
    let texts = [Some(text.to_owned()), given(parts)];
    texts.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Whether a schema can be held strictly: every object is closed and wants all of its fields.
pub(super) fn is_strict(schema: &Json) -> bool {
    match schema {
        Json::Object(fields) => is_closed(fields) && fields.values().all(is_strict),
        Json::Array(items) => items.iter().all(is_strict),
        _ => true,
    }
}

fn is_closed(fields: &Map<String, Json>) -> bool {
    if fields.get("type").is_none_or(|kind| kind != "object") {
        return !fields.contains_key("oneOf") && !fields.contains_key("patternProperties");
    }
    let required = fields.get("required").and_then(Json::as_array);
    let wants = |name: &String| required.is_some_and(|required| required.iter().any(|each| each == name));
    let properties = fields.get("properties").and_then(Json::as_object);
    fields.get("additionalProperties") == Some(&json!(false)) && properties.is_none_or(|each| each.keys().all(wants))
}

/// What the answering tool is for, in words for the model.
pub(super) const FINAL_WORDS: &str = "Gives the final answer. Call it once, when everything else is done.";

/// The fault of something that this API cannot be asked.
pub(super) fn cannot(what: &str, hint: &str) -> Fault {
    Fault::new(FaultKind::RequestInvalid, format!("this provider {what}")).hint(hint)
}

/// Which tools a model calls, in `OpenAI`'s words: what the user says, else the answering tool where there is one.
pub(super) fn choice(question: &Question, output: &Output, named: impl Fn(&str) -> Json) -> Option<Json> {
    let forces = matches!(output, Output::Tool(_));
    match &question.settings.tool_choice {
        Some(ToolChoice::Auto) => Some(json!("auto")),
        Some(ToolChoice::None) => Some(json!("none")),
        Some(ToolChoice::Required) => Some(json!("required")),
        Some(ToolChoice::Tool(name)) => Some(named(name)),
        None if forces && question.tools.is_empty() => Some(named(FINAL_ANSWER)),
        None if forces => Some(json!("required")),
        None => None,
    }
}
