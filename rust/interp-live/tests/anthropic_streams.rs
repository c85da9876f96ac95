//! Streams of Anthropic Messages that nobody recorded: broken, strange and hostile ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]
#![allow(clippy::needless_pass_by_value, reason = "a test gives away what it makes")]

mod support;

use flowai_core::effects::{ModelAnswer, Part};
use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::providers::anthropic::Anthropic;
use flowai_interp_live::providers::{Ending, Provider};
use serde_json::{Value as Json, json};
use support::heard;

fn start() -> Json {
    let usage = json!({"input_tokens": 3, "cache_read_input_tokens": 40, "output_tokens": 1});
    json!({"type": "message_start", "message": {"id": "m", "model": "claude-x", "content": [], "usage": usage}})
}

fn end(stop_reason: &str) -> [Json; 2] {
    let delta = json!({"stop_reason": stop_reason, "stop_sequence": null});
    let usage = json!({"input_tokens": null, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}});
    [json!({"type": "message_delta", "delta": delta, "usage": usage}), json!({"type": "message_stop"})]
}

/// The three events of a block with one piece.
fn block(index: u64, begun: Json, delta: Json) -> [Json; 3] {
    [
        json!({"type": "content_block_start", "index": index, "content_block": begun}),
        json!({"type": "content_block_delta", "index": index, "delta": delta}),
        json!({"type": "content_block_stop", "index": index}),
    ]
}

fn text(index: u64, words: &str) -> [Json; 3] {
    block(index, json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": words}))
}

fn call(index: u64, id: &str, arguments: &str) -> [Json; 3] {
    let begun = json!({"type": "tool_use", "id": id, "name": "find", "input": {}});
    block(index, begun, json!({"type": "input_json_delta", "partial_json": arguments}))
}

fn framed(events: &[Json]) -> String {
    let frame = |event: &Json| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.iter().map(frame).collect()
}

fn listen(body: &str) -> Result<ModelAnswer, Fault> {
    heard(&Anthropic, &[body.as_bytes()]).map(|(answer, _)| answer)
}

fn answer(blocks: &[[Json; 3]], stop_reason: &str) -> ModelAnswer {
    let events: Vec<Json> =
        [start()].into_iter().chain(blocks.iter().flatten().cloned()).chain(end(stop_reason)).collect();
    listen(&framed(&events)).unwrap()
}

#[test]
fn counts_of_the_end_override_those_of_the_start_and_null_does_not() {
    let usage = answer(&[text(0, "x")], "end_turn").usage;
    assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), (43, 40, 9));
    assert_eq!(usage.reasoning_tokens, 4);
}

#[test]
fn a_plain_answer_has_no_parts() {
    let answer = answer(&[text(0, "x"), call(1, "a", "{}")], "tool_use");
    assert_eq!((answer.parts.len(), answer.api), (0, None));
}

#[test]
fn a_stream_that_ends_early_is_a_fault_at_every_event() {
    let blocks = [text(0, "one"), call(1, "a", r#"{"x": 1}"#)];
    let events: Vec<Json> = [start()].into_iter().chain(blocks.into_iter().flatten()).collect();
    for length in 0..=events.len() {
        let fault = listen(&framed(&events[..length])).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::StreamMalformed, "after {length} events");
    }
}

#[test]
fn a_stream_that_breaks_at_any_byte_is_a_fault_or_whole() {
    let blocks = [text(0, "öne"), call(1, "a", r#"{"x": 1}"#)];
    let events: Vec<Json> = [start()].into_iter().chain(blocks.into_iter().flatten()).chain(end("tool_use")).collect();
    let body = framed(&events);
    let whole = listen(&body).unwrap();
    for length in 0..body.len() {
        match heard(&Anthropic, &[&body.as_bytes()[..length]]) {
            Ok((answer, _)) => assert!(answer == whole, "half an answer after {length} bytes"),
            Err(fault) => assert_eq!(fault.kind(), FaultKind::StreamMalformed, "after {length} bytes"),
        }
    }
}

#[test]
fn an_answer_that_said_why_it_stopped_is_whole_without_the_last_event() {
    let events: Vec<Json> = [start()].into_iter().chain(text(0, "one")).chain([end("end_turn")[0].clone()]).collect();
    assert_eq!(listen(&framed(&events)).unwrap().text, "one");
}

#[test]
fn an_error_in_mid_stream_is_its_typed_fault() {
    let kinds = [
        ("overloaded_error", FaultKind::Overloaded),
        ("rate_limit_error", FaultKind::RateLimited),
        ("api_error", FaultKind::ServerFailed),
        ("timeout_error", FaultKind::ModelTimedOut),
        ("invalid_request_error", FaultKind::RequestInvalid),
        ("of_tomorrow", FaultKind::ServerFailed),
    ];
    for (code, kind) in kinds {
        let error = json!({"type": "error", "error": {"type": code, "message": "Too much"}, "request_id": "r"});
        let events: Vec<Json> = [start()].into_iter().chain(text(0, "one")).chain([error]).collect();
        let fault = listen(&framed(&events)).unwrap_err();
        assert_eq!((fault.kind(), fault.message()), (kind, "Too much"));
        assert_eq!(fault.details(), &json!({"status": null, "code": code, "request_id": "r"}));
    }
    let of_gateway = listen("event: error\ndata: {\"error\": {\"message\": \"slow down\", \"code\": 429}}\n\n");
    assert_eq!(of_gateway.unwrap_err().kind(), FaultKind::RateLimited);
    assert_eq!(listen("event: error\ndata: upstream died\n\n").unwrap_err().kind(), FaultKind::ServerFailed);
}

#[test]
fn doubled_and_missing_ids_of_calls_become_unique() {
    let nameless = json!({"type": "tool_use", "name": "find", "input": {"x": 1}});
    let nameless = block(3, nameless, json!({"type": "input_json_delta", "partial_json": ""}));
    let answer = answer(&[call(0, "a", "{}"), call(1, "a", "{}"), call(2, "b", "{}"), nameless], "tool_use");
    let ids: Vec<&str> = answer.tool_calls.iter().map(|call| &*call.id).collect();
    assert_eq!(ids, ["a", "a_2", "b", "call_3"]);
    assert_eq!(answer.tool_calls[3].arguments, json!({"x": 1}));
}

#[test]
fn arguments_that_are_empty_or_no_json_are_kept() {
    let answer = answer(&[call(0, "a", ""), call(1, "b", r#"{"x": "#), call(2, "c", "[1.50]")], "tool_use");
    let arguments: Vec<String> = answer.tool_calls.iter().map(|call| call.arguments.to_string()).collect();
    assert_eq!(arguments, ["{}", r#""{\"x\": ""#, "[1.50]"]);
}

#[test]
fn half_surrogates_and_line_separators_are_text() {
    let events: Vec<Json> = [start()].into_iter().chain(text(0, "MARK")).chain(end("end_turn")).collect();
    let body = framed(&events).replace("MARK", "a\\ud83d|\\ud83d\\ude00|\u{2028}|\\u2028|\\n");
    assert_eq!(listen(&body).unwrap().text, "a\u{fffd}|😀|\u{2028}|\u{2028}|\n");
    let carriage = body.replace('\n', "\r\n");
    assert_eq!(listen(&carriage).unwrap(), listen(&body).unwrap());
}

#[test]
fn null_in_place_of_words_is_nothing() {
    let mut events: Vec<Json> = [start()].into_iter().chain(text(0, "x")).chain(end("end_turn")).collect();
    events.insert(2, text(0, "")[1].clone());
    events[2]["delta"]["text"] = json!(null);
    assert_eq!(listen(&framed(&events)).unwrap().text, "x");
}

#[test]
fn blocks_that_nobody_knows_are_kept_whole_and_grow_by_their_pieces() {
    let begun = json!({"type": "dream", "content": null, "parts": [1], "words": "a"});
    let piece = json!({"type": "dream_delta", "content": {"deep": true}, "parts": [2], "words": "b"});
    let answer = answer(&[text(0, "x"), block(1, begun, piece)], "end_turn");
    let whole = json!({"type": "dream", "content": {"deep": true}, "parts": [1, 2], "words": "ab"});
    assert_eq!(answer.parts[1], Part::Other { extras: whole });
    assert_eq!((answer.text.as_str(), answer.api.as_deref()), ("x", Some("anthropic")));
}

#[test]
fn unknown_events_are_ignored_unless_they_carry_content() {
    let quiet = json!({"type": "weather", "degrees": 20});
    let loud = json!({"type": "content_block_patch", "index": 0, "delta": {"text": "y"}});
    let with = |event: &Json| -> Vec<Json> {
        [start(), event.clone()].into_iter().chain(text(0, "x")).chain(end("end_turn")).collect()
    };
    assert_eq!(listen(&framed(&with(&quiet))).unwrap().text, "x");
    let fault = listen(&framed(&with(&loud))).unwrap_err();
    assert!(fault.message().contains("content_block_patch"), "{fault}");
}

#[test]
fn pieces_that_fit_no_block_are_faults() {
    let lost = json!({"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": "x"}});
    let wrong = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}});
    let [begun, ..] = call(0, "a", "");
    for events in [vec![start(), lost.clone()], vec![start(), begun.clone(), wrong], vec![begun.clone()], vec![lost]] {
        assert_eq!(listen(&framed(&events)).unwrap_err().kind(), FaultKind::StreamMalformed);
    }
    let twice = [start(), begun.clone(), begun];
    assert!(listen(&framed(&twice)).unwrap_err().message().contains("twice"));
    assert!(listen("data: {\"type\": \"message_st\n\n").unwrap_err().message().contains("JSON"));
}

#[test]
fn a_second_answer_after_words_were_shown_is_a_fault() {
    let whole: Vec<Json> = [start()].into_iter().chain(text(0, "x")).chain(end("end_turn")).collect();
    let twice: Vec<Json> = whole.iter().chain(&whole).cloned().collect();
    assert!(listen(&framed(&twice)).unwrap_err().message().contains("second answer"));
    let again: Vec<Json> = [start()].into_iter().chain(whole).collect();
    assert_eq!(listen(&framed(&again)).unwrap().text, "x");
}

#[test]
fn an_endless_answer_is_refused_before_it_fills_the_memory() {
    let piece = framed(&[text(0, &"x".repeat(1 << 20))[1].clone()]);
    let [begun, ..] = text(0, "");
    let head = framed(&[start(), begun]);
    let pieces: Vec<&[u8]> = [head.as_bytes()].into_iter().chain(std::iter::repeat_n(piece.as_bytes(), 40)).collect();
    assert!(heard(&Anthropic, &pieces).unwrap_err().message().contains("too large"));
}

#[test]
fn hidden_thinking_and_a_refusal_are_kept() {
    let hidden = json!({"type": "redacted_thinking", "data": "secret"});
    let begun = json!({"type": "content_block_start", "index": 0, "content_block": hidden});
    let details = json!({"type": "refusal", "category": "cyber", "explanation": "no"});
    let delta = json!({"stop_reason": "refusal", "stop_details": details});
    let end = json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}});
    let stop = json!({"type": "content_block_stop", "index": 0});
    let answer = listen(&framed(&[start(), begun, stop, end, json!({"type": "message_stop"})])).unwrap();
    let kept = [
        Part::Thinking { text: String::new(), extras: hidden },
        Part::Refusal { text: "no".to_owned() },
        Part::Other { extras: json!({"type": "stop_details", "stop_details": details}) },
    ];
    assert_eq!(answer.parts, kept);
    assert_eq!((Anthropic.ending(&answer), answer.thinking), (Ending::Refused, None));
}

#[test]
fn every_way_to_end_is_told() {
    let endings = [
        ("end_turn", Ending::Whole),
        ("stop_sequence", Ending::Whole),
        ("tool_use", Ending::Whole),
        ("pause_turn", Ending::Paused),
        ("max_tokens", Ending::Truncated),
        ("model_context_window_exceeded", Ending::Truncated),
    ];
    for (reason, ending) in endings {
        assert_eq!(Anthropic.ending(&answer(&[text(0, "x")], reason)), ending, "{reason}");
    }
}

#[test]
fn documented_error_codes_have_their_kinds() {
    let told = |status: u16, code: &str, message: &str| {
        let body = json!({"type": "error", "error": {"type": code, "message": message}});
        let fault = Anthropic.fault(status, &body.to_string());
        (fault.kind(), fault.details().get("retryable").is_none())
    };
    let invalid = "invalid_request_error";
    let credit = "Your credit balance is too low to access the Anthropic API.";
    assert_eq!(told(400, invalid, credit), (FaultKind::RateLimited, false));
    assert_eq!(told(402, "billing_error", "pay"), (FaultKind::RateLimited, false));
    assert_eq!(told(429, "rate_limit_error", "too fast"), (FaultKind::RateLimited, true));
    let long = "prompt is too long: 212345 tokens > 200000 maximum";
    assert_eq!(told(400, invalid, long), (FaultKind::ContextTooLong, true));
    let filtered = "Output blocked by content filtering policy";
    assert_eq!(told(400, invalid, filtered), (FaultKind::ContentRefused, true));
    assert_eq!(told(403, "permission_error", "no"), (FaultKind::PermissionDenied, true));
    assert_eq!(told(404, "not_found_error", "model: x"), (FaultKind::ModelNotFound, true));
    assert_eq!(told(404, "not_found_error", "File not found"), (FaultKind::RequestInvalid, true));
    assert_eq!(told(413, "request_too_large", "big"), (FaultKind::ContextTooLong, true));
    assert_eq!(told(529, "overloaded_error", "Overloaded"), (FaultKind::Overloaded, true));
    assert_eq!(told(500, "api_error", "oops"), (FaultKind::ServerFailed, true));
    assert_eq!(told(504, "timeout_error", "slow"), (FaultKind::ModelTimedOut, true));
}

#[test]
fn a_whole_answer_that_is_none_is_a_fault() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    assert_eq!(Anthropic.read(&error).unwrap_err().kind(), FaultKind::Overloaded);
    for wrong in [json!({}), json!([]), json!({"content": "text"}), json!("x")] {
        assert_eq!(Anthropic.read(&wrong).unwrap_err().kind(), FaultKind::StreamMalformed, "{wrong}");
    }
}

#[test]
fn what_a_broken_stream_has_counted_is_known() {
    let mut listener = Anthropic.listen();
    let begun = start().to_string();
    listener.hear(&flowai_interp_live::sse::Event { name: "", data: &begun }, &mut Vec::new()).unwrap();
    let usage = listener.usage();
    assert_eq!((usage.input_tokens, usage.cached_tokens, usage.output_tokens), (43, 40, 1));
    assert!(!listener.has_ended());
}

#[test]
fn an_answer_that_ended_for_a_reason_that_nobody_knows_is_not_whole() {
    for (reason, ending) in [
        ("end_turn", Ending::Whole),
        ("stop_sequence", Ending::Whole),
        ("model_context_window_exceeded", Ending::Truncated),
        ("a reason of the future", Ending::Truncated),
    ] {
        assert_eq!(Anthropic.ending(&answer(&[text(0, "x")], reason)), ending, "{reason}");
    }
}
