//! What is sent for a question.

use flowai_core::effects::Tool;
use flowai_core::fault::Fault;
use serde_json::{Map, Value as Json, json};

use super::model::{Model, path};
use super::{conversation, generation, schema};
use crate::providers::Request;
use crate::providers::output::{FINAL_ANSWER, FINAL_WORDS, Output, cannot};
use crate::question::Question;
use crate::settings::{OutputMode, Settings, ToolChoice};

/// The request of a question.
pub(super) fn request(question: &Question) -> Result<Request, Fault> {
    let model = Model::of(&question.model);
    let settings = &question.settings;
    refuse(settings)?;
    let output = Output::by(question, mode(question, model));
    let contents = conversation::contents(&question.messages, model)?;
    if contents.is_empty() {
        return Err(cannot("answers no conversation without a message", "add what the user says"));
    }
    let mut body = Map::from_iter([("contents".to_owned(), Json::Array(contents))]);
    if let Some(text) = output.system(question) {
        body.insert("systemInstruction".to_owned(), json!({"parts": [{"text": text}]}));
    }
    let generation = generation::generation(settings, &output, model)?;
    if !generation.is_empty() {
        body.insert("generationConfig".to_owned(), Json::Object(generation));
    }
    add_tools(&mut body, question, &output);
    for (name, value) in &settings.extra {
        merge(&mut body, name, value);
    }
    let verb = if question.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    let path = format!("{}:{verb}", path(&question.model)?);
    Ok(Request { path, headers: Vec::new(), body: Json::Object(body) })
}

/// Refuses what this API has no word for.
fn refuse(settings: &Settings) -> Result<(), Fault> {
    if settings.parallel_tool_calls == Some(false) {
        return Err(cannot("cannot be kept from calling several tools at once", "leave `parallel_tool_calls` out"));
    }
    let generation = settings.extra.get("generationConfig");
    if generation.is_some_and(|fields| fields["candidateCount"].as_u64().is_some_and(|count| count > 1)) {
        return Err(cannot("is asked for one answer at a time", "leave `candidateCount` out, or gather several calls"));
    }
    Ok(())
}

/// The way to a structured answer: older models refuse to call tools while they are held to a schema.
fn mode(question: &Question, model: Model) -> OutputMode {
    let has_tools = !question.tools.is_empty() || question.settings.extra.contains_key("tools");
    match question.settings.output_mode.unwrap_or(OutputMode::Native) {
        OutputMode::Native if has_tools && !model.joins_tools_and_output() => OutputMode::Tool,
        mode => mode,
    }
}

fn add_tools(body: &mut Map<String, Json>, question: &Question, output: &Output) {
    let mut tools: Vec<Json> = question.tools.iter().map(|tool| written(tool)).collect();
    if let Output::Tool(schema) = output {
        tools.push(declared(FINAL_ANSWER, FINAL_WORDS, schema));
    }
    if tools.is_empty() {
        return;
    }
    if let Some(choice) = choice(&question.settings, matches!(output, Output::Tool(_)), question.tools.is_empty()) {
        body.insert("toolConfig".to_owned(), json!({"functionCallingConfig": choice}));
    }
    body.insert("tools".to_owned(), json!([{"functionDeclarations": tools}]));
}

fn written(tool: &Tool) -> Json {
    declared(&tool.spec.name, &tool.spec.description, &tool.spec.parameters)
}

fn declared(name: &str, description: &str, parameters: &Json) -> Json {
    let mut declared = json!({"name": name, "description": description});
    if let Some(schema) = schema::arguments(parameters) {
        declared["parametersJsonSchema"] = schema;
    }
    declared
}

fn choice(settings: &Settings, forces_output: bool, is_alone: bool) -> Option<Json> {
    let named = |name: &str| json!({"mode": "ANY", "allowedFunctionNames": [name]});
    match &settings.tool_choice {
        Some(ToolChoice::Auto) => Some(json!({"mode": "AUTO"})),
        Some(ToolChoice::None) => Some(json!({"mode": "NONE"})),
        Some(ToolChoice::Required) => Some(json!({"mode": "ANY"})),
        Some(ToolChoice::Tool(name)) => Some(named(name)),
        None if forces_output && is_alone => Some(named(FINAL_ANSWER)),
        None if forces_output => Some(json!({"mode": "ANY"})),
        None => None,
    }
}

/// Puts a field of the user's own in: tools are added to those that are there, objects are merged, all else replaced.
fn merge(fields: &mut Map<String, Json>, name: &str, value: &Json) {
    match (fields.get_mut(name), value) {
        (Some(Json::Array(known)), Json::Array(more)) if name == "tools" => known.extend(more.iter().cloned()),
        (Some(Json::Object(known)), Json::Object(more)) => {
            for (name, value) in more {
                merge(known, name, value);
            }
        }
        _ => drop(fields.insert(name.to_owned(), value.clone())),
    }
}
