//! What is sent for a question.

use flowai_core::effects::Tool;
use flowai_core::fault::Fault;
use serde_json::{Map, Value as Json, json};

use super::{Flavour, conversation};
use crate::providers::Request;
use crate::providers::output::{FINAL_ANSWER, FINAL_WORDS, Output, cannot, choice, is_strict};
use crate::question::Question;
use crate::settings::{Settings, Thinking};

/// The request of a question.
pub(super) fn request(question: &Question, flavour: Flavour) -> Result<Request, Fault> {
    let settings = &question.settings;
    let output = Output::of(question, flavour.output_mode(&question.model));
    let mut body = Map::from_iter([("model".to_owned(), json!(question.model))]);
    body.insert("messages".to_owned(), Json::Array(all_messages(question, &output, flavour)?));
    add_tools(&mut body, question, &output);
    for (name, value) in sampling(settings, flavour)? {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    }
    if let Some(thinking) = &settings.thinking {
        body.extend(thinking_fields(thinking, flavour)?);
    }
    if let Some(named) = output.named() {
        body.insert("response_format".to_owned(), json!({"type": "json_schema", "json_schema": named}));
    }
    body.insert("stream".to_owned(), json!(question.stream));
    if question.stream && flavour.asks_usage() {
        body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    }
    if settings.extra.contains_key("n") {
        return Err(cannot("is asked for one answer at a time", "leave `n` out, or gather several calls"));
    }
    body.extend(settings.extra.clone());
    Ok(Request { path: "/chat/completions".to_owned(), headers: Vec::new(), body: Json::Object(body) })
}

fn all_messages(question: &Question, output: &Output, flavour: Flavour) -> Result<Vec<Json>, Fault> {
    let system = output.system(question).map(|text| json!({"role": "system", "content": text}));
    let said = conversation::messages(&question.messages, flavour)?;
    Ok(system.into_iter().chain(said).collect())
}

fn sampling(settings: &Settings, flavour: Flavour) -> Result<Vec<(&'static str, Json)>, Fault> {
    if settings.top_k.is_some() && !flavour.takes_top_k() {
        return Err(cannot("has no `top_k`", "use `top_p`, or leave it out"));
    }
    let stop = if settings.stop.is_empty() { Json::Null } else { json!(settings.stop) };
    Ok(vec![
        (flavour.max_tokens(), json!(settings.max_tokens)),
        ("temperature", json!(settings.temperature)),
        ("top_p", json!(settings.top_p)),
        ("top_k", json!(settings.top_k)),
        ("stop", stop),
        (flavour.seed(), json!(settings.seed)),
    ])
}

/// How thinking is asked for, where the server has a way.
fn thinking_fields(thinking: &Thinking, flavour: Flavour) -> Result<Vec<(String, Json)>, Fault> {
    let field = match (flavour, thinking) {
        (Flavour::OpenRouter, Thinking::Switch(on)) => ("reasoning", json!({"enabled": on})),
        (Flavour::OpenRouter, Thinking::Effort(effort)) => ("reasoning", json!({"effort": effort})),
        (Flavour::OpenRouter, Thinking::Tokens(count)) => ("reasoning", json!({"max_tokens": count})),
        (Flavour::DeepSeek, Thinking::Switch(on)) => {
            ("thinking", json!({"type": if *on { "enabled" } else { "disabled" }}))
        }
        (Flavour::LlamaCpp | Flavour::Vllm, Thinking::Switch(on)) => {
            ("chat_template_kwargs", json!({"enable_thinking": on}))
        }
        (Flavour::LlamaCpp, Thinking::Tokens(count)) => ("thinking_budget_tokens", json!(count)),
        (_, Thinking::Effort(effort)) => ("reasoning_effort", json!(effort)),
        (Flavour::Mistral, Thinking::Switch(on)) => ("prompt_mode", if *on { json!("reasoning") } else { Json::Null }),
        (_, Thinking::Switch(false)) => ("reasoning_effort", json!("none")),
        (_, Thinking::Switch(true)) => return Ok(Vec::new()),
        (_, Thinking::Tokens(_)) => {
            return Err(cannot("takes no number of tokens for `thinking`", "give an effort such as `low` or `high`"));
        }
    };
    Ok(vec![(field.0.to_owned(), field.1)])
}

fn add_tools(body: &mut Map<String, Json>, question: &Question, output: &Output) {
    let mut tools: Vec<Json> = question.tools.iter().map(|tool| written(tool)).collect();
    if let Output::Tool(schema) = output {
        let function = json!({"name": FINAL_ANSWER, "description": FINAL_WORDS, "parameters": schema});
        tools.push(json!({"type": "function", "function": function}));
    }
    if tools.is_empty() {
        return;
    }
    let named = |name: &str| json!({"type": "function", "function": {"name": name}});
    if let Some(choice) = choice(question, output, named) {
        body.insert("tool_choice".to_owned(), choice);
    }
    if let Some(parallel) = question.settings.parallel_tool_calls {
        body.insert("parallel_tool_calls".to_owned(), json!(parallel));
    }
    body.insert("tools".to_owned(), Json::Array(tools));
}

fn written(tool: &Tool) -> Json {
    let parameters = &tool.spec.parameters;
    let mut function = json!({"name": tool.spec.name, "parameters": parameters});
    if !tool.spec.description.is_empty() {
        function["description"] = json!(tool.spec.description);
    }
    if is_strict(&json!(parameters)) {
        function["strict"] = json!(true);
    }
    json!({"type": "function", "function": function})
}
