//! Chat Completions against every recorded exchange of its servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod support;

use flowai_core::effects::{Message, ModelAnswer, Part};
use flowai_core::fault::FaultKind;
use flowai_interp_live::providers::chat::{Chat, Flavour};
use flowai_interp_live::providers::{Ending, Piece, Provider};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::Settings;
use serde_json::{Map, Value as Json, json};
use support::{Exchange, cut, exchanges, heard};

const FILES: [(&str, Flavour); 8] = [
    ("azure-openai", Flavour::Azure),
    ("deepseek", Flavour::DeepSeek),
    ("groq", Flavour::Groq),
    ("llamacpp", Flavour::LlamaCpp),
    ("mistral", Flavour::Mistral),
    ("openai-compatible", Flavour::Compatible),
    ("openai", Flavour::OpenAi),
    ("openrouter", Flavour::OpenRouter),
];

/// Streams that end in an error of the server's.
const BROKEN: [(&str, FaultKind); 2] = [
    ("groq/chat.completions/0019", FaultKind::RequestInvalid),
    ("openrouter/chat.completions/0045", FaultKind::RequestInvalid),
];

/// Exchanges of an answer that differ from what this test computes or the SDK accumulates, and why.
const DIFFERENT: [(&str, &str); 0] = [];

fn all() -> Vec<(Chat, Exchange)> {
    let files = FILES.into_iter().flat_map(|(name, flavour)| {
        exchanges(&format!("{name}.chat.completions")).into_iter().map(move |exchange| (Chat(flavour), exchange))
    });
    files.collect()
}

fn answer(chat: &Chat, exchange: &Exchange) -> Result<ModelAnswer, flowai_core::fault::Fault> {
    let body = exchange.body();
    if exchange.is_stream() {
        return heard(chat, &[body.as_bytes()]).map(|(answer, _)| answer);
    }
    chat.read(&serde_json::from_str(&body).unwrap())
}

/// What a recording says, worked out from its JSON alone.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    text: String,
    thinking: String,
    calls: Vec<(String, String)>,
    stop: String,
    usage: [u64; 4],
}

fn texts(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(pieces) => {
            pieces.iter().filter(|piece| piece["type"] == "text").map(|piece| piece["text"].as_str().unwrap()).collect()
        }
        _ => String::new(),
    }
}

fn thoughts(words: &Json) -> String {
    let pieces = words["content"].as_array().into_iter().flatten().filter(|piece| piece["type"] == "thinking");
    let inner: String = pieces
        .flat_map(|piece| piece["thinking"].as_array().unwrap())
        .map(|each| each["text"].as_str().unwrap())
        .collect();
    let plain = words["reasoning_content"].as_str().or(words["reasoning"].as_str()).unwrap_or_default();
    inner + plain
}

fn expected(exchange: &Exchange) -> Expected {
    let body = exchange.body();
    let chunks: Vec<Json> = if exchange.is_stream() {
        let data = body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        data.filter(|data| *data != "[DONE]" && !data.is_empty())
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    } else {
        vec![serde_json::from_str(&body).unwrap()]
    };
    let mut said = Expected::default();
    let mut calls: Vec<(u64, String, String)> = Vec::new();
    for chunk in &chunks {
        let usage = if chunk["usage"].is_object() { &chunk["usage"] } else { &chunk["x_groq"]["usage"] };
        if usage.is_object() {
            said.usage = counted(usage);
        }
        for choice in chunk["choices"].as_array().into_iter().flatten().filter(|choice| choice["index"] == 0) {
            let words = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
            said.text += &texts(&words["content"]);
            said.thinking += &thoughts(words);
            if let Some(stop) = choice["finish_reason"].as_str() {
                stop.clone_into(&mut said.stop);
            }
            for (number, call) in words["tool_calls"].as_array().into_iter().flatten().enumerate() {
                let index = call["index"]
                    .as_u64()
                    .filter(|_| exchange.is_stream())
                    .unwrap_or_else(|| u64::try_from(number).unwrap());
                gather(&mut calls, index, &call["function"]);
            }
            gather(&mut calls, 999, &words["function_call"]);
        }
    }
    said.calls = calls
        .into_iter()
        .map(|(_, name, arguments)| (name, if arguments.is_empty() { "{}".to_owned() } else { arguments }))
        .collect();
    said
}

fn gather(calls: &mut Vec<(u64, String, String)>, index: u64, function: &Json) {
    if !function.is_object() {
        return;
    }
    if !calls.iter().any(|(known, ..)| *known == index) {
        calls.push((index, String::new(), String::new()));
    }
    let (_, name, arguments) = calls.iter_mut().find(|(known, ..)| *known == index).unwrap();
    *name += function["name"].as_str().unwrap_or_default();
    *arguments += function["arguments"].as_str().unwrap_or_default();
}

fn counted(usage: &Json) -> [u64; 4] {
    let number = |value: &Json| value.as_u64().unwrap_or(0);
    let input = number(&usage["prompt_tokens"]);
    let reasoning = number(&usage["completion_tokens_details"]["reasoning_tokens"]);
    let written = number(&usage["completion_tokens"]);
    let output =
        if number(&usage["total_tokens"]) == input + written + reasoning { written + reasoning } else { written };
    let cached = [
        &usage["prompt_tokens_details"]["cached_tokens"],
        &usage["prompt_cache_hit_tokens"],
        &usage["num_cached_tokens"],
    ];
    [input, output, cached.into_iter().find_map(Json::as_u64).unwrap_or(0), reasoning]
}

fn seen(answer: &ModelAnswer) -> Expected {
    let usage = answer.usage;
    Expected {
        text: answer.text.clone(),
        thinking: answer.thinking.clone().unwrap_or_default(),
        calls: answer.tool_calls.iter().map(|call| (call.name.clone(), call.arguments.to_string())).collect(),
        stop: answer.stop_reason.clone(),
        usage: [usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens],
    }
}

/// Arguments as values, so that spaces between them do not count.
fn valued(mut said: Expected) -> Expected {
    for (_, arguments) in &mut said.calls {
        *arguments = serde_json::from_str::<Json>(arguments)
            .map_or_else(|_| json!(arguments).to_string(), |value| value.to_string());
    }
    said
}

fn listed<T: Copy>(table: &[(&str, T)], id: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == id).map(|(_, value)| *value)
}

#[test]
fn every_recorded_answer_is_read_as_it_was_meant() {
    let (mut whole, mut streamed, mut official) = (0, 0, 0);
    for (chat, exchange) in all().iter().filter(|(_, exchange)| exchange.status() == 200) {
        let read = answer(chat, exchange);
        if let Some(kind) = listed(&BROKEN, exchange.id()) {
            assert_eq!(read.unwrap_err().kind(), kind, "{}", exchange.id());
            continue;
        }
        let read = read.unwrap_or_else(|fault| panic!("{}: {fault}", exchange.id()));
        let agrees = valued(seen(&read)) == valued(expected(exchange));
        assert_eq!(
            agrees,
            listed(&DIFFERENT, exchange.id()).is_none(),
            "{}: {:?} {:?}",
            exchange.id(),
            seen(&read),
            expected(exchange)
        );
        if exchange.is_stream() {
            streamed += 1;
        } else {
            whole += 1;
        }
        let accumulated = &exchange.official()["result"];
        if accumulated.is_object() {
            official += 1;
            let copy =
                Exchange(json!({"id": exchange.id(), "stream": false, "response_text": accumulated.to_string()}));
            assert_eq!(valued(seen(&read)), valued(expected(&copy)), "{}", exchange.id());
        }
    }
    eprintln!("chat: {whole} whole and {streamed} streamed answers agree, {official} of them with the official SDK");
}

#[test]
fn what_the_official_sdk_refuses_as_cut_is_an_answer_that_says_so() {
    for (chat, exchange) in all() {
        if exchange.official()["error"] == "LengthFinishReasonError" {
            let read = answer(&chat, &exchange).unwrap();
            assert_eq!(chat.ending(&read), Ending::Truncated, "{}", exchange.id());
        }
    }
}

#[test]
fn an_answer_does_not_depend_on_where_its_stream_was_cut() {
    for (chat, exchange) in all().iter().filter(|(_, exchange)| exchange.is_stream() && exchange.status() == 200) {
        let body = exchange.body();
        let whole = heard(chat, &[body.as_bytes()]).map(|(answer, _)| answer).map_err(|fault| fault.kind());
        for seed in 1..=200 {
            let read = heard(chat, &cut(body.as_bytes(), seed)).map(|(answer, _)| answer).map_err(|fault| fault.kind());
            assert_eq!(read, whole, "{} with seed {seed}", exchange.id());
        }
    }
}

#[test]
fn every_error_body_has_its_kind() {
    let kinds: Vec<(String, FaultKind)> = all()
        .iter()
        .filter(|(_, exchange)| exchange.status() != 200)
        .map(|(chat, exchange)| (exchange.id().to_owned(), chat.fault(exchange.status(), &exchange.body()).kind()))
        .collect();
    let expected = |id: &str| match id {
        "deepseek/chat.completions/0106"
        | "groq/chat.completions/0005"
        | "openai/chat.completions/0485"
        | "openrouter/chat.completions/0096" => FaultKind::ModelNotFound,
        "deepseek/chat.completions/0107"
        | "groq/chat.completions/0001"
        | "mistral/chat.completions/0179"
        | "mistral/chat.completions/0181"
        | "openrouter/chat.completions/0095" => FaultKind::AuthenticationFailed,
        "deepseek/chat.completions/0115" | "llamacpp/chat.completions/0087" | "openrouter/chat.completions/0094" => {
            FaultKind::ContextTooLong
        }
        "llamacpp/chat.completions/0086" | "llamacpp/chat.completions/0089" | "llamacpp/chat.completions/0090" => {
            FaultKind::ServerFailed
        }
        "openrouter/chat.completions/0093" => FaultKind::RateLimited,
        _ => FaultKind::RequestInvalid,
    };
    for (id, kind) in kinds {
        assert_eq!(kind, expected(&id), "{id}");
    }
}

#[test]
fn the_pieces_that_are_shown_are_the_answer() {
    for (chat, exchange) in all().iter().filter(|(_, exchange)| exchange.is_stream() && exchange.status() == 200) {
        let body = exchange.body();
        let Ok((answer, pieces)) = heard(chat, &[body.as_bytes()]) else { continue };
        let shown = |thinks: bool| -> String {
            let texts = pieces.iter().filter_map(|piece| match piece {
                Piece::Text(text) => (!thinks).then_some(text.as_str()),
                Piece::Thinking(text) => thinks.then_some(text.as_str()),
            });
            texts.collect()
        };
        assert_eq!(shown(false), answer.text, "{}", exchange.id());
        assert_eq!(shown(true), answer.thinking.unwrap_or_default(), "{}", exchange.id());
    }
}

#[test]
fn a_stream_that_breaks_off_is_never_a_whole_answer() {
    for (chat, exchange) in all().iter().filter(|(_, exchange)| exchange.is_stream() && exchange.status() == 200) {
        let body = exchange.body();
        let Ok((whole, _)) = heard(chat, &[body.as_bytes()]) else { continue };
        let ends: Vec<usize> = body.match_indices('\n').map(|(at, _)| at).collect();
        for end in ends {
            let cut = &body.as_bytes()[..end];
            if let Ok((answer, _)) = heard(chat, &[cut]) {
                // The counts come last; all else has to be there.
                assert_eq!(
                    (&answer.text, &answer.tool_calls),
                    (&whole.text, &whole.tool_calls),
                    "{} at {end}",
                    exchange.id()
                );
                assert_eq!(answer.stop_reason, whole.stop_reason, "{} at {end}", exchange.id());
            }
        }
    }
}

fn question(messages: Vec<Message>) -> Question {
    Question {
        model: "m".to_owned(),
        messages,
        tools: Vec::new(),
        output: None,
        settings: Settings::default(),
        stream: true,
    }
}

fn sent(flavour: Flavour, question: &Question) -> Map<String, Json> {
    let Json::Object(body) = Chat(flavour).request(question).unwrap().body else { panic!("the body is an object") };
    body
}

#[test]
fn what_was_answered_is_sent_back_with_all_that_its_server_wants_to_see_again() {
    let mut kept = 0;
    for (chat, exchange) in all().iter().filter(|(_, exchange)| exchange.status() == 200) {
        let Ok(read) = answer(chat, exchange) else { continue };
        let parts = read.parts.clone();
        let body = sent(chat.0, &question(vec![Message::user("go"), read.clone().into_message()]));
        let back = &body["messages"][1];
        let ids: Vec<&str> =
            back["tool_calls"].as_array().into_iter().flatten().map(|call| call["id"].as_str().unwrap()).collect();
        assert_eq!(ids, read.tool_calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), "{}", exchange.id());
        for part in parts {
            let Part::Thinking { text, extras } = part else { continue };
            kept += 1;
            let is_back = match chat.0 {
                Flavour::OpenRouter => back["reasoning_details"] == extras["details"] || extras["details"] == json!([]),
                Flavour::Mistral => back["content"][0]["thinking"][0]["text"] == text.as_str(),
                flavour => {
                    back[if flavour == Flavour::Groq { "reasoning" } else { "reasoning_content" }] == text.as_str()
                }
            };
            assert!(is_back, "{}: {back}", exchange.id());
        }
    }
    eprintln!("chat: {kept} thoughts were sent back");
}
