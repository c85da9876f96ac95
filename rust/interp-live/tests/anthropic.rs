//! Recorded exchanges with Anthropic Messages: what ours makes of them, beside what the official SDK makes of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]

mod support;

use flowai_core::effects::{Message, ModelAnswer};
use flowai_core::fault::FaultKind;
use flowai_interp_live::providers::anthropic::Anthropic;
use flowai_interp_live::providers::{Piece, Provider};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::Settings;
use serde_json::{Value as Json, json};
use support::{Exchange, cut, exchanges, heard};

/// Streams of which ours says something else than the official SDK.
const DIFFERENT: [(&str, &str); 3] = [
    (
        "anthropic/messages/0377",
        "a second message begins before the first has ended: the SDK mixes both, ours gives the second, which is whole",
    ),
    ("anthropic/messages/0394", "fifteen answers in one body: the SDK mixes them, ours refuses the stream"),
    ("anthropic/messages/0551", "three answers in one body: the SDK mixes them, ours refuses the stream"),
];

/// What matters of an answer.
#[derive(Debug, PartialEq)]
struct Told {
    text: String,
    thinking: String,
    calls: Vec<(String, String, Json)>,
    stop_reason: String,
    /// Read, written, read from the cache, written to the cache, thought.
    tokens: [u64; 5],
    model: String,
}

impl Told {
    /// By the message as the provider or its SDK writes it, computed apart from the code under test.
    fn of_message(message: &Json) -> Self {
        let blocks = message["content"].as_array().unwrap();
        let join = |kind: &str| -> String {
            let of_kind = blocks.iter().filter(|block| block["type"] == kind);
            of_kind.map(|block| block[kind].as_str().unwrap()).collect()
        };
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        let calls = blocks.iter().filter(|block| block["type"] == "tool_use");
        let usage = &message["usage"];
        let count = |name: &str| usage[name].as_u64().unwrap_or(0);
        let (read, written) = (count("cache_read_input_tokens"), count("cache_creation_input_tokens"));
        let thought = usage["output_tokens_details"]["thinking_tokens"].as_u64().unwrap_or(0);
        Self {
            text: join("text"),
            thinking: join("thinking"),
            calls: calls.map(|call| (text(&call["id"]), text(&call["name"]), call["input"].clone())).collect(),
            stop_reason: text(&message["stop_reason"]),
            tokens: [count("input_tokens") + read + written, count("output_tokens"), read, written, thought],
            model: text(&message["model"]),
        }
    }

    fn of_answer(answer: &ModelAnswer) -> Self {
        let usage = answer.usage;
        let calls = answer.tool_calls.iter();
        Self {
            text: answer.text.clone(),
            thinking: answer.thinking.clone().unwrap_or_default(),
            calls: calls.map(|call| (call.id.clone(), call.name.clone(), call.arguments.clone())).collect(),
            stop_reason: answer.stop_reason.clone(),
            tokens: [
                usage.input_tokens,
                usage.output_tokens,
                usage.cached_tokens,
                usage.cache_write_tokens,
                usage.reasoning_tokens,
            ],
            model: answer.model.clone().unwrap_or_default(),
        }
    }
}

/// Recorded answers; errors are apart.
fn answers(is_stream: bool) -> Vec<Exchange> {
    let mut exchanges = exchanges("anthropic.messages");
    exchanges.retain(|exchange| exchange.status() == 200 && exchange.is_stream() == is_stream);
    exchanges
}

fn listened(exchange: &Exchange) -> Result<(ModelAnswer, Vec<Piece>), flowai_core::fault::Fault> {
    heard(&Anthropic, &[exchange.body().as_bytes()])
}

/// What a request sends for an answer when the conversation goes on with a result for each of its calls.
fn sent_back(answer: &ModelAnswer) -> Json {
    let results = answer.tool_calls.iter().map(|call| Message::Tool {
        call_id: call.id.clone(),
        name: call.name.clone(),
        content: json!({"ok": true}),
        is_error: false,
    });
    let start = [Message::user("go"), answer.clone().into_message()];
    let question = Question {
        model: "claude-sonnet-4-5".to_owned(),
        messages: start.into_iter().chain(results).collect(),
        tools: Vec::new(),
        output: None,
        settings: Settings::default(),
        stream: true,
    };
    Anthropic.request(&question).unwrap().body
}

/// The official SDK drops every null of a stream.
fn without_nulls(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            Json::Object(fields.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(without_nulls).collect()),
        plain => plain.clone(),
    }
}

/// Blocks as they have to come back: without empty texts, empty citations, and the caller that is meant anyway.
fn as_sent(blocks: &Json) -> Vec<Json> {
    let blocks = blocks.as_array().unwrap().iter().map(|block| {
        let mut fields = block.as_object().unwrap().clone();
        fields.retain(|name, value| {
            let is_empty = value.is_null() || *value == json!([]);
            !(name == "citations" && is_empty || name == "caller" && *value == json!({"type": "direct"}))
        });
        Json::Object(fields)
    });
    blocks.filter(|block| block["type"] != "text" || !block["text"].as_str().unwrap().trim().is_empty()).collect()
}

fn assert_comes_back(exchange: &Exchange, answer: &ModelAnswer, content: &Json, shape: fn(&Json) -> Json) {
    let body = sent_back(answer);
    let expected = as_sent(content);
    let assistant = body["messages"].as_array().unwrap().iter().find(|message| message["role"] == "assistant");
    let sent = assistant.map_or_else(Vec::new, |message| as_sent(&shape(&message["content"])));
    assert!(sent == expected, "{} does not come back whole", exchange.id());
    let ids: Vec<&Json> =
        body["messages"][2]["content"].as_array().into_iter().flatten().map(|r| &r["tool_use_id"]).collect();
    let calls: Vec<&Json> =
        expected.iter().filter(|block| block["type"] == "tool_use").map(|call| &call["id"]).collect();
    assert_eq!(ids, calls, "{}", exchange.id());
}

#[test]
fn streamed_answers_are_what_the_official_sdk_makes_of_them() {
    let mut agreeing = 0;
    let mut streams = answers(true);
    streams.retain(|exchange| exchange.official()["ok"] == true);
    for exchange in &streams {
        let official = Told::of_message(&exchange.official()["result"]);
        let ours = listened(exchange).map(|(answer, _)| Told::of_answer(&answer));
        let is_listed = DIFFERENT.iter().any(|(id, _)| *id == exchange.id());
        match ours {
            Ok(ours) if !is_listed => assert_eq!(ours, official, "{}", exchange.id()),
            ours => assert!(is_listed && ours.ok() != Some(official), "{}", exchange.id()),
        }
        agreeing += usize::from(!is_listed);
    }
    println!("anthropic: {agreeing} of {} streams agree with the official SDK: {DIFFERENT:#?}", streams.len());
}

#[test]
fn whole_answers_say_what_their_json_says() {
    let whole = answers(false);
    for exchange in &whole {
        let body: Json = serde_json::from_str(&exchange.body()).unwrap();
        let answer = Anthropic.read(&body).unwrap();
        assert_eq!(Told::of_answer(&answer), Told::of_message(&body), "{}", exchange.id());
        assert_comes_back(exchange, &answer, &body["content"], Json::clone);
    }
    println!("anthropic: {} of {} whole answers agree with their JSON and come back whole", whole.len(), whole.len());
}

#[test]
fn streamed_answers_come_back_whole() {
    let mut count = 0;
    for exchange in answers(true) {
        let official = &exchange.official()["result"]["content"];
        if !official.is_array() || DIFFERENT.iter().any(|(id, _)| *id == exchange.id()) {
            continue;
        }
        // The SDK's own spelling of a field.
        let text = official.to_string().replace("\"from_\":", "\"from\":");
        let (answer, _) = listened(&exchange).unwrap();
        assert_comes_back(&exchange, &answer, &serde_json::from_str(&text).unwrap(), without_nulls);
        count += 1;
    }
    println!("anthropic: {count} streamed answers come back whole");
}

#[test]
fn the_cuts_of_a_stream_do_not_matter() {
    for exchange in answers(true) {
        let (body, whole) = (exchange.body(), listened(&exchange).map_err(|fault| fault.to_string()));
        for seed in 0..200 {
            let pieces = cut(body.as_bytes(), seed);
            let again = heard(&Anthropic, &pieces).map_err(|fault| fault.to_string());
            assert!(again == whole, "{} cut with seed {seed}", exchange.id());
        }
    }
}

#[test]
fn what_is_shown_is_what_is_answered() {
    for exchange in answers(true).iter().filter(|exchange| exchange.id() != DIFFERENT[0].0) {
        let Ok((answer, pieces)) = listened(exchange) else { continue };
        let (mut text, mut thinking) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Text(words) => text.push_str(&words),
                Piece::Thinking(words) => thinking.push_str(&words),
            }
        }
        assert_eq!((text, thinking), (answer.text, answer.thinking.unwrap_or_default()), "{}", exchange.id());
    }
}

#[test]
fn a_stream_of_a_gateway_that_breaks_the_official_sdk_is_read() {
    let streams = answers(true);
    let Some(broken) = streams.iter().find(|exchange| exchange.official()["ok"] == false) else { return };
    let (answer, _) = listened(broken).unwrap();
    assert_eq!(answer.text, "A solar eclipse occurs when the Moon passes directly between the Earth and the Sun,");
    assert_eq!((answer.stop_reason.as_str(), answer.usage.input_tokens), ("max_tokens", 32));
    assert_eq!(answer.usage.output_tokens, 16);
}

#[test]
fn a_message_that_begins_anew_replaces_the_half_one() {
    let streams = answers(true);
    let Some(spliced) = streams.iter().find(|exchange| exchange.id() == DIFFERENT[0].0) else { return };
    let (answer, _) = listened(spliced).unwrap();
    assert_eq!(answer.thinking.as_deref(), Some("Let me call the tool."));
    let calls: Vec<_> = answer.tool_calls.iter().map(|call| (&*call.id, &call.arguments)).collect();
    assert_eq!(calls, [("toolu_second", &json!({"value": "Sparkle Day"}))]);
}

#[test]
fn a_stream_cut_off_anywhere_is_a_fault_and_never_half_an_answer() {
    for exchange in answers(true) {
        let Ok((whole, _)) = listened(&exchange) else { continue };
        let body = exchange.body();
        for (at, _) in body.match_indices("\n\n") {
            match heard(&Anthropic, &[&body.as_bytes()[..at]]) {
                Ok((answer, _)) => assert!(answer == whole, "{} cut at {at}", exchange.id()),
                Err(fault) => assert_eq!(fault.kind(), FaultKind::StreamMalformed, "{} at {at}", exchange.id()),
            }
        }
    }
}

#[test]
fn error_bodies_become_typed_faults() {
    let mut errors = exchanges("anthropic.messages");
    errors.retain(|exchange| exchange.status() >= 400);
    for exchange in &errors {
        let fault = Anthropic.fault(exchange.status(), &exchange.body());
        let expected = match exchange.official()["error"].as_str().unwrap() {
            "NotFoundError" => FaultKind::ModelNotFound,
            "BadRequestError" => FaultKind::RequestInvalid,
            "AuthenticationError" => FaultKind::AuthenticationFailed,
            other => panic!("{other}"),
        };
        let body: Json = serde_json::from_str(&exchange.body()).unwrap();
        assert_eq!(fault.kind(), expected, "{}", exchange.id());
        assert_eq!(fault.message(), body["error"]["message"], "{}", exchange.id());
        assert_eq!(fault.details()["code"], body["error"]["type"], "{}", exchange.id());
        assert_eq!(fault.details()["request_id"], body["request_id"], "{}", exchange.id());
    }
    println!("anthropic: {} of {} error bodies give their typed fault", errors.len(), errors.len());
}
