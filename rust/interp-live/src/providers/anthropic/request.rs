//! What is sent for a question.

use flowai_core::effects::Tool;
use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Map, Value as Json, json};

use super::conversation::Conversation;
use super::model::Model;
use super::thinking::Thought;
use super::{FINAL_ANSWER, FINAL_VALUE, schema};
use crate::providers::Request;
use crate::question::Question;
use crate::settings::{OutputMode, Settings, ToolChoice};

/// The version of the API that is spoken here.
const VERSION: &str = "2023-06-01";

/// The request of a question.
pub(super) fn request(question: &Question) -> Result<Request, Fault> {
    let model = Model::of(&question.model);
    let thought = Thought::of(&question.settings, model)?;
    let output = Output::of(question, model)?;
    let mut body = body(question, &thought)?;
    if let Some(effort) = &thought.effort {
        body.insert("output_config".to_owned(), json!({"effort": effort}));
    }
    if let Output::Native(schema) = &output {
        let format = json!({"format": {"type": "json_schema", "schema": schema}});
        add(&mut body, "output_config", format);
    }
    let may_force = !thought.is_asked() && !model.thinks_unasked();
    add_tools(&mut body, question, &output, may_force);
    add_system(&mut body, question, &output);
    let headers = finish(&mut body, &question.settings);
    Ok(Request { path: "/v1/messages".to_owned(), headers, body: Json::Object(body) })
}

/// How a structured answer is asked for.
enum Output {
    /// Not at all.
    Free,
    /// By a schema that the provider holds the model to.
    Native(Json),
    /// By a tool with these arguments.
    Tool(Json),
    /// By words.
    Prompt(String),
}

impl Output {
    fn of(question: &Question, model: Model) -> Result<Self, Fault> {
        let Some(wanted) = &question.output else { return Ok(Self::Free) };
        let asked = question.settings.output_mode;
        match asked.unwrap_or_else(|| model.output_mode()) {
            OutputMode::Native => match schema::native(wanted) {
                Some(schema) => Ok(Self::Native(schema)),
                None if asked.is_none() => Ok(Self::tool(wanted)),
                None => Err(Fault::new(
                    FaultKind::RequestInvalid,
                    "the native output of this provider cannot hold an answer to this schema",
                )
                .hint("set `output_mode` to `tool`, or avoid recursion and fields of any name")),
            },
            OutputMode::Tool => Ok(Self::tool(wanted)),
            OutputMode::Prompt => Ok(Self::Prompt(wanted.to_string())),
        }
    }

    fn tool(wanted: &Json) -> Self {
        if holds_object(wanted) {
            return Self::Tool(schema::arguments(wanted));
        }
        let mut inner = wanted.clone();
        let mut outer = json!({"type": "object", "required": [FINAL_VALUE]});
        for name in ["$defs", "definitions"] {
            if let Some(definitions) = inner.as_object_mut().and_then(|fields| fields.remove(name)) {
                outer[name] = definitions;
            }
        }
        outer["properties"] = json!({FINAL_VALUE: inner});
        Self::Tool(outer)
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
}

/// Whether a schema is of objects, itself or through its reference.
fn holds_object(schema: &Json) -> bool {
    let target = schema.get("$ref").and_then(Json::as_str).and_then(|path| schema.pointer(path.strip_prefix('#')?));
    let kind = schema.get("type").or_else(|| target?.get("type"));
    kind.is_some_and(|kind| kind == "object")
}

/// All but tools, the system text and the user's own fields.
fn body(question: &Question, thought: &Thought) -> Result<Map<String, Json>, Fault> {
    let settings = &question.settings;
    let conversation = Conversation::of(&question.messages)?;
    let container = conversation.container.clone();
    let messages = conversation.messages(settings.cache == Some(true));
    if messages.is_empty() {
        return Err(Fault::new(FaultKind::RequestInvalid, "this provider answers no conversation without a message")
            .hint("add what the user says"));
    }
    let fields = [
        ("model", json!(question.model)),
        ("max_tokens", json!(thought.max_tokens)),
        ("messages", json!(messages)),
        ("stream", json!(question.stream)),
        ("thinking", json!(thought.field)),
        ("temperature", json!(settings.temperature)),
        ("top_p", json!(settings.top_p)),
        ("top_k", json!(settings.top_k)),
        ("container", json!(container)),
    ];
    let stop = (!settings.stop.is_empty()).then(|| ("stop_sequences", json!(settings.stop)));
    let said = fields.into_iter().chain(stop).filter(|(_, value)| !value.is_null());
    Ok(said.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn add_tools(body: &mut Map<String, Json>, question: &Question, output: &Output, may_force: bool) {
    let settings = &question.settings;
    let mut tools: Vec<Json> = question.tools.iter().map(|tool| written(tool)).collect();
    if let Output::Tool(schema) = output {
        let description = "Gives the final answer. Call it once, when everything else is done.";
        tools.push(json!({"name": FINAL_ANSWER, "description": description, "input_schema": schema}));
    }
    let Some(last) = tools.last_mut() else { return };
    if settings.cache == Some(true) {
        last["cache_control"] = json!({"type": "ephemeral"});
    }
    let has_output_tool = matches!(output, Output::Tool(_));
    if let Some(choice) = choice(settings, has_output_tool && may_force, question.tools.is_empty()) {
        body.insert("tool_choice".to_owned(), choice);
    }
    body.insert("tools".to_owned(), Json::Array(tools));
}

fn written(tool: &Tool) -> Json {
    let mut written = json!({"name": tool.spec.name, "input_schema": schema::arguments(&tool.spec.parameters)});
    if !tool.spec.description.is_empty() {
        written["description"] = json!(tool.spec.description);
    }
    written
}

/// Which tools the model calls: what the user says, else the tool of the answer where it can be forced.
fn choice(settings: &Settings, forces_output: bool, is_alone: bool) -> Option<Json> {
    let mut choice = match &settings.tool_choice {
        Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Tool(name)) => json!({"type": "tool", "name": name}),
        None if forces_output && is_alone => json!({"type": "tool", "name": FINAL_ANSWER}),
        None if forces_output => json!({"type": "any"}),
        None if settings.parallel_tool_calls == Some(false) => json!({"type": "auto"}),
        None => return None,
    };
    if settings.parallel_tool_calls == Some(false) {
        choice["disable_parallel_tool_use"] = json!(true);
    }
    Some(choice)
}

fn add_system(body: &mut Map<String, Json>, question: &Question, output: &Output) {
    let texts = [Some(question.system()), output.words()];
    let texts: Vec<String> = texts.into_iter().flatten().filter(|text| !text.trim().is_empty()).collect();
    let text = texts.join("\n\n");
    let system = if question.settings.cache == Some(true) {
        json!([{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}])
    } else {
        json!(text)
    };
    if !text.is_empty() {
        body.insert("system".to_owned(), system);
    }
}

/// Adds the user's own fields and gives the headers; `betas` become one, as in the official SDKs.
fn finish(body: &mut Map<String, Json>, settings: &Settings) -> Vec<(&'static str, String)> {
    let mut headers = vec![("anthropic-version", VERSION.to_owned())];
    for (name, value) in &settings.extra {
        if name == "betas" {
            let betas = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let betas: Vec<&str> = betas.iter().filter_map(Json::as_str).collect();
            headers.push(("anthropic-beta", betas.join(",")));
        } else {
            add(body, name, value.clone());
        }
    }
    headers
}

/// Adds a field: tools are added to those that are there, the configuration of the output is merged, all else replaced.
fn add(body: &mut Map<String, Json>, name: &str, value: Json) {
    match (name, body.get_mut(name), value) {
        ("tools", Some(Json::Array(known)), Json::Array(more)) => known.extend(more),
        ("output_config", Some(Json::Object(known)), Json::Object(more)) => known.extend(more),
        (_, _, value) => drop(body.insert(name.to_owned(), value)),
    }
}
