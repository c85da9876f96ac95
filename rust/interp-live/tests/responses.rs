//! `OpenAI` Responses against every recorded exchange.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod support;

use flowai_core::effects::{Message, ModelAnswer, Part};
use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::providers::responses::Responses;
use flowai_interp_live::providers::{Ending, Piece, Provider};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::Settings;
use serde_json::{Map, Value as Json, json};
use support::{Exchange, cut, exchanges, heard};

/// Bodies of status 200 that are no answer, and what they are instead.
const NO_ANSWER: [(&str, &str); 6] = [
    ("openai/responses/0036", "its status is `queued`"),
    ("openai/responses/0069", "its status is `in_progress`"),
    ("openai/responses/0073", "its status is `in_progress`"),
    ("openai/responses/0083", "its status is `queued`"),
    ("openai/responses/0097", "its status is `queued`"),
    // A completion of chat under the name of this API.
    ("azure-openai/responses/0014", "its status is ``"),
];

/// Streams whose words, told in pieces, are not those of their whole response: they were shortened by hand.
const SHORTENED: [&str; 2] = ["openai/responses/0170", "openai/responses/0274"];

fn all() -> Vec<Exchange> {
    ["openai.responses", "azure-openai.responses"].into_iter().flat_map(exchanges).collect()
}

fn answer(exchange: &Exchange) -> Result<ModelAnswer, Fault> {
    let body = exchange.body();
    if exchange.is_stream() {
        return heard(&Responses, &[body.as_bytes()]).map(|(answer, _)| answer);
    }
    Responses.read(&serde_json::from_str(&body).unwrap())
}

/// The response that a recording ends with, worked out from its JSON alone.
fn response(exchange: &Exchange) -> Json {
    let body = exchange.body();
    if !exchange.is_stream() {
        return serde_json::from_str(&body).unwrap();
    }
    let events: Vec<Json> =
        body.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok()).collect();
    let last = events
        .iter()
        .rev()
        .find(|event| event["type"] == "response.completed" || event["type"] == "response.incomplete");
    let mut response = last.unwrap()["response"].clone();
    if response["output"] == json!([]) {
        let done = events.iter().filter(|event| event["type"] == "response.output_item.done");
        response["output"] = done.map(|event| event["item"].clone()).collect();
    }
    response
}

#[derive(Debug, PartialEq)]
struct Said {
    text: String,
    thinking: String,
    calls: Vec<(String, Json)>,
    stop: String,
    usage: [u64; 4],
}

fn expected(response: &Json) -> Said {
    let items = response["output"].as_array().unwrap();
    let of = |kind: &'static str| items.iter().filter(move |item| item["type"] == kind);
    let contents = of("message").flat_map(|item| item["content"].as_array().unwrap());
    let text = contents.filter_map(|piece| piece["text"].as_str()).collect();
    let thoughts = of("reasoning").map(|item| {
        let all = |name: &str| -> Vec<String> {
            item[name].as_array().into_iter().flatten().map(|each| each["text"].as_str().unwrap().to_owned()).collect()
        };
        if all("summary").is_empty() { all("content").join("") } else { all("summary").join("\n\n") }
    });
    let thinking = thoughts.filter(|thought| !thought.is_empty()).collect::<Vec<_>>().join("\n\n");
    let calls = of("function_call").map(|item| {
        let arguments = item["arguments"].as_str().unwrap();
        (
            item["name"].as_str().unwrap().to_owned(),
            serde_json::from_str(arguments).unwrap_or_else(|_| json!(arguments)),
        )
    });
    let number = |path: &str| response["usage"].pointer(path).and_then(Json::as_u64).unwrap_or(0);
    Said {
        text,
        thinking,
        calls: calls.collect(),
        stop: response["incomplete_details"]["reason"].as_str().or(response["status"].as_str()).unwrap().to_owned(),
        usage: [
            "/input_tokens",
            "/output_tokens",
            "/input_tokens_details/cached_tokens",
            "/output_tokens_details/reasoning_tokens",
        ]
        .map(number),
    }
}

fn seen(answer: &ModelAnswer) -> Said {
    let usage = answer.usage;
    Said {
        text: answer.text.clone(),
        thinking: answer.thinking.clone().unwrap_or_default(),
        calls: answer.tool_calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect(),
        stop: answer.stop_reason.clone(),
        usage: [usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens],
    }
}

#[test]
fn every_recorded_answer_is_read_as_it_was_meant() {
    let (mut agree, mut official) = (0, 0);
    for exchange in all().iter().filter(|exchange| exchange.status() == 200) {
        let id = exchange.id();
        if let Some((_, why)) = NO_ANSWER.iter().find(|(known, _)| *known == id) {
            let fault = answer(exchange).unwrap_err();
            assert_eq!(fault.kind(), FaultKind::StreamMalformed, "{id}");
            assert!(fault.message().contains(why), "{id}: {fault}");
            continue;
        }
        let read = answer(exchange).unwrap_or_else(|fault| panic!("{id}: {fault}"));
        assert_eq!(seen(&read), expected(&response(exchange)), "{id}");
        agree += 1;
        let accumulated = &exchange.official()["result"]["final"];
        if accumulated["output"].is_array() {
            assert_eq!(seen(&read), expected(accumulated), "{id}");
            official += 1;
        }
    }
    eprintln!(
        "responses: {agree} answers agree, {official} of them with the official SDK, {} are none",
        NO_ANSWER.len()
    );
}

#[test]
fn an_answer_does_not_depend_on_where_its_stream_was_cut() {
    for exchange in all().iter().filter(|exchange| exchange.is_stream() && exchange.status() == 200) {
        let body = exchange.body();
        let whole = heard(&Responses, &[body.as_bytes()]).map_err(|fault| fault.kind());
        for seed in 1..=200 {
            let read = heard(&Responses, &cut(body.as_bytes(), seed)).map_err(|fault| fault.kind());
            assert_eq!(read, whole, "{} with seed {seed}", exchange.id());
        }
    }
}

#[test]
fn every_error_body_has_its_kind() {
    for exchange in all().iter().filter(|exchange| exchange.status() != 200) {
        let kind = Responses.fault(exchange.status(), &exchange.body()).kind();
        let expected = match exchange.id() {
            "openai/responses/0151" | "openai/responses/0157" | "openai/responses/0158" | "openai/responses/0163" => {
                FaultKind::ModelNotFound
            }
            "openai/responses/0155" => FaultKind::ContextTooLong,
            "openai/responses/0161" => FaultKind::AuthenticationFailed,
            _ => FaultKind::RequestInvalid,
        };
        assert_eq!(kind, expected, "{}", exchange.id());
    }
}

#[test]
fn the_pieces_that_are_shown_are_the_answer() {
    for exchange in all().iter().filter(|exchange| exchange.is_stream() && exchange.status() == 200) {
        let body = exchange.body();
        let Ok((answer, pieces)) = heard(&Responses, &[body.as_bytes()]) else { continue };
        let texts =
            pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None });
        let shown: String = texts.collect();
        let is_told = body.contains("output_text.delta") && !SHORTENED.contains(&exchange.id());
        assert!(shown == answer.text || !is_told, "{}", exchange.id());
    }
}

#[test]
fn a_stream_that_breaks_off_is_a_fault_wherever_it_does() {
    for exchange in all().iter().filter(|exchange| exchange.is_stream() && exchange.status() == 200) {
        let body = exchange.body();
        // Some recordings hold several responses in a row; the first is an answer already.
        let Some(last) = body.find("\"response.completed\"") else { continue };
        for (end, _) in body.match_indices('\n').filter(|(at, _)| *at < last) {
            assert!(heard(&Responses, &[&body.as_bytes()[..end]]).is_err(), "{} at {end}", exchange.id());
        }
    }
}

fn question(messages: Vec<Message>) -> Question {
    Question {
        model: "gpt-5".to_owned(),
        messages,
        tools: Vec::new(),
        output: None,
        settings: Settings::default(),
        stream: true,
    }
}

fn sent(question: &Question) -> Map<String, Json> {
    let Json::Object(body) = Responses.request(question).unwrap().body else { panic!("the body is an object") };
    body
}

#[test]
fn every_item_of_an_answer_with_thinking_or_tools_of_the_providers_is_sent_back_whole() {
    let mut sealed = 0;
    for exchange in all().iter().filter(|exchange| exchange.status() == 200) {
        let Ok(read) = answer(exchange) else { continue };
        if read.parts.is_empty() {
            continue;
        }
        let body = sent(&question(vec![Message::user("go"), read.into_message()]));
        let response = response(exchange);
        let (back, given) = (body["input"].as_array().unwrap(), response["output"].as_array().unwrap());
        assert_eq!(back.len() - 1, given.len(), "{}", exchange.id());
        for (back, given) in back.iter().skip(1).zip(given) {
            if given["content"][0]["type"] == "refusal" {
                continue;
            }
            for field in ["id", "type", "call_id", "encrypted_content", "summary", "name", "result", "fingerprint"] {
                assert_eq!(back[field], given[field], "{}: {field}", exchange.id());
            }
            sealed += usize::from(given["encrypted_content"].is_string());
        }
    }
    eprintln!("responses: {sealed} sealed items were sent back");
}

#[test]
fn a_refusal_and_a_cut_answer_say_so() {
    let endings: Vec<(Ending, String)> = all()
        .iter()
        .filter_map(|exchange| answer(exchange).ok())
        .map(|read| (Responses.ending(&read), read.stop_reason))
        .collect();
    for (ending, reason) in &endings {
        assert_eq!(*ending == Ending::Truncated, reason == "max_output_tokens");
    }
    let refusal = json!({"status": "completed", "output": [{"type": "message", "id": "m", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}]});
    let read = Responses.read(&refusal).unwrap();
    assert_eq!(Responses.ending(&read), Ending::Refused);
    assert!(matches!(&read.parts[0], Part::Refusal { text } if text == "No."));
}

#[test]
fn errors_in_mid_stream_are_faults_of_their_kind() {
    let stream = |event: Json| format!("event: x\ndata: {event}\n\n");
    let cases = [
        (json!({"type": "error", "code": "rate_limit_exceeded", "message": "slow down"}), FaultKind::RateLimited),
        (
            json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": "server_error", "message": "x"}}}),
            FaultKind::ServerFailed,
        ),
        (
            json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "x"}}}),
            FaultKind::RateLimited,
        ),
    ];
    for (event, kind) in cases {
        assert_eq!(heard(&Responses, &[stream(event).as_bytes()]).unwrap_err().kind(), kind);
    }
}

#[test]
fn nothing_is_kept_at_the_provider_and_thinking_comes_back_sealed() {
    let mut asked = question(vec![Message::System { text: "Be short.".to_owned() }, Message::user("go")]);
    let body = sent(&asked);
    assert_eq!(
        (&body["store"], &body["include"], &body["instructions"]),
        (&json!(false), &json!(["reasoning.encrypted_content"]), &json!("Be short."))
    );
    asked.model = "gpt-4o".to_owned();
    asked.output = Some(std::sync::Arc::new(
        json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false}),
    ));
    let body = sent(&asked);
    assert!(!body.contains_key("include"));
    assert_eq!(body["text"]["format"]["strict"], json!(true));
    asked.settings = Settings::read(&json!({"top_k": 3})).unwrap();
    assert_eq!(Responses.request(&asked).unwrap_err().kind(), FaultKind::RequestInvalid);
}

#[test]
fn an_incomplete_response_is_never_whole_whatever_its_reason_is() {
    for (reason, ending) in [
        (json!({"reason": "max_output_tokens"}), Ending::Truncated),
        (json!({"reason": "a reason of the future"}), Ending::Truncated),
        (json!(null), Ending::Truncated),
        (json!({"reason": "content_filter"}), Ending::Refused),
    ] {
        let response = json!({"status": "incomplete", "incomplete_details": reason, "output": []});
        let read = Responses.read(&response).unwrap();
        assert_eq!(Responses.ending(&read), ending, "{reason}");
    }
}

#[test]
fn an_error_is_heard_where_only_the_name_of_its_event_or_its_field_says_so() {
    let error = json!({"code": "rate_limit_exceeded", "message": "slow down"});
    for event in [
        format!("event: error\ndata: {error}\n\n"),
        format!("event: error\ndata: {}\n\n", json!({"error": error})),
        format!("data: {}\n\n", json!({"type": "gateway.error", "error": error})),
    ] {
        let fault = heard(&Responses, &[event.as_bytes()]).unwrap_err();
        assert_eq!((fault.kind(), fault.message()), (FaultKind::RateLimited, "slow down"), "{event}");
    }
}

#[test]
fn a_model_that_shall_not_think_thinks_as_little_as_it_can() {
    for (model, effort) in
        [("gpt-5", "minimal"), ("gpt-5-mini", "minimal"), ("gpt-5.1", "none"), ("gpt-5.2", "none"), ("o3", "low")]
    {
        let mut asked = question(vec![Message::user("go")]);
        asked.model = model.to_owned();
        asked.settings = Settings::read(&json!({"thinking": false})).unwrap();
        assert_eq!(sent(&asked)["reasoning"]["effort"], json!(effort), "{model}");
    }
}
