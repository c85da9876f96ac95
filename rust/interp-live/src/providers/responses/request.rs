//! What is sent for a question.

use flowai_core::effects::Tool;
use flowai_core::fault::Fault;
use serde_json::{Map, Value as Json, json};

use super::conversation;
use crate::providers::Request;
use crate::providers::output::{FINAL_ANSWER, FINAL_WORDS, Output, cannot, choice, is_strict};
use crate::question::Question;
use crate::settings::{OutputMode, Settings, Thinking};

/// The request of a question.
pub(super) fn request(question: &Question) -> Result<Request, Fault> {
    let settings = &question.settings;
    refuse(settings)?;
    let output = Output::of(question, OutputMode::Native);
    let mut body = Map::from_iter([("model".to_owned(), json!(question.model))]);
    body.insert("input".to_owned(), Json::Array(conversation::input(&question.messages)?));
    for (name, value) in fields(question, &output)? {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    }
    add_tools(&mut body, question, &output);
    for (name, value) in &settings.extra {
        match (body.get_mut(name), value) {
            (Some(Json::Array(known)), Json::Array(more)) if name == "tools" || name == "include" => {
                known.extend(more.iter().cloned());
            }
            (Some(Json::Object(known)), Json::Object(more)) => known.extend(more.clone()),
            (_, value) => drop(body.insert(name.clone(), value.clone())),
        }
    }
    Ok(Request { path: "/responses".to_owned(), headers: Vec::new(), body: Json::Object(body) })
}

/// Refuses what this API has no word for.
fn refuse(settings: &Settings) -> Result<(), Fault> {
    let hint = "leave it out, or use the provider `openai-chat`";
    match settings {
        Settings { top_k: Some(_), .. } => Err(cannot("has no `top_k`", "use `top_p`, or leave it out")),
        Settings { seed: Some(_), .. } => Err(cannot("has no `seed`", hint)),
        Settings { stop, .. } if !stop.is_empty() => Err(cannot("has no `stop`", hint)),
        _ => Ok(()),
    }
}

fn fields(question: &Question, output: &Output) -> Result<Vec<(&'static str, Json)>, Fault> {
    let settings = &question.settings;
    let format = output.named().map(|mut named| {
        named["type"] = json!("json_schema");
        json!({"format": named})
    });
    let include = thinks(&question.model).then(|| json!(["reasoning.encrypted_content"]));
    Ok(vec![
        ("instructions", json!(output.system(question))),
        ("max_output_tokens", json!(settings.max_tokens)),
        ("temperature", json!(settings.temperature)),
        ("top_p", json!(settings.top_p)),
        ("reasoning", reasoning(settings, &question.model)?),
        ("text", json!(format)),
        // The conversation is ours: nothing of it is kept there, and thinking comes back sealed.
        ("store", json!(false)),
        ("include", json!(include)),
        ("stream", json!(question.stream)),
    ])
}

/// Whether a model thinks before it answers.
fn thinks(model: &str) -> bool {
    let is_o = model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
    is_o || (model.starts_with("gpt-5") && !model.contains("chat")) || model.contains("codex")
}

/// The least effort that a model takes, which is to think not at all only since 5.1.
fn least(model: &str) -> &'static str {
    let version = model.strip_prefix("gpt-5").unwrap_or_default();
    if version.starts_with('.') && !model.contains("codex") && !model.contains("pro") {
        "none"
    } else if model.starts_with("gpt-5") && !model.contains("codex") && !model.contains("pro") {
        "minimal"
    } else {
        "low"
    }
}

fn reasoning(settings: &Settings, model: &str) -> Result<Json, Fault> {
    match &settings.thinking {
        Some(Thinking::Effort(effort)) => Ok(json!({"effort": effort, "summary": "auto"})),
        Some(Thinking::Switch(true)) if thinks(model) => Ok(json!({"summary": "auto"})),
        Some(Thinking::Switch(false)) if thinks(model) => Ok(json!({"effort": least(model)})),
        None | Some(Thinking::Switch(_)) => Ok(Json::Null),
        Some(Thinking::Tokens(_)) => {
            Err(cannot("takes no number of tokens for `thinking`", "give an effort such as `low` or `high`"))
        }
    }
}

fn add_tools(body: &mut Map<String, Json>, question: &Question, output: &Output) {
    let mut tools: Vec<Json> = question.tools.iter().map(|tool| written(tool)).collect();
    if let Output::Tool(schema) = output {
        let strict = is_strict(schema);
        tools.push(json!({
            "type": "function", "name": FINAL_ANSWER, "description": FINAL_WORDS, "parameters": schema, "strict": strict,
        }));
    }
    if tools.is_empty() {
        return;
    }
    let named = |name: &str| json!({"type": "function", "name": name});
    if let Some(choice) = choice(question, output, named) {
        body.insert("tool_choice".to_owned(), choice);
    }
    if let Some(parallel) = question.settings.parallel_tool_calls {
        body.insert("parallel_tool_calls".to_owned(), json!(parallel));
    }
    body.insert("tools".to_owned(), Json::Array(tools));
}

fn written(tool: &Tool) -> Json {
    let parameters = json!(tool.spec.parameters);
    // This API holds every tool strictly unless it is told not to.
    let strict = is_strict(&parameters);
    json!({
        "type": "function", "name": tool.spec.name, "description": tool.spec.description, "parameters": parameters,
        "strict": strict,
    })
}
