//! Chat Completions, as no server was recorded to speak it, and as it is asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod support;

use flowai_core::effects::Message;
use flowai_core::fault::FaultKind;
use flowai_interp_live::providers::anthropic::Anthropic;
use flowai_interp_live::providers::chat::{Chat, Flavour};
use flowai_interp_live::providers::gemini::Gemini;
use flowai_interp_live::providers::responses::Responses;
use flowai_interp_live::providers::{Ending, Provider};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::Settings;
use serde_json::{Map, Value as Json, json};
use support::heard;

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

fn stream_of(chunks: &[Json]) -> String {
    chunks.iter().fold(String::new(), |body, chunk| format!("{body}data: {chunk}\n\n")) + "data: [DONE]\n\n"
}

fn delta(delta: &Json, finish: Option<&str>) -> Json {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
}

#[test]
fn calls_without_ids_doubled_ids_and_arguments_that_are_no_json_are_kept_apart() {
    let calls = json!({"tool_calls": [
        {"index": 0, "function": {"name": "a", "arguments": ""}},
        {"index": 1, "id": "x", "function": {"name": "b", "arguments": "{\"n\": 1"}},
        {"index": 2, "id": "x", "function": {"name": "c", "arguments": {"n": 2}}},
    ]});
    let body = stream_of(&[delta(&calls, None), delta(&json!({}), Some("tool_calls"))]);
    let (answer, _) = heard(&Chat(Flavour::Compatible), &[body.as_bytes()]).unwrap();
    let calls: Vec<(&str, &Json)> = answer.tool_calls.iter().map(|call| (call.id.as_str(), &call.arguments)).collect();
    assert_eq!(calls, [("call_0", &json!({})), ("x", &json!("{\"n\": 1")), ("x_2", &json!({"n": 2}))]);
}

#[test]
fn whole_calls_without_an_index_are_calls_of_their_own() {
    let one = |id: &str| json!({"tool_calls": [{"id": id, "function": {"name": "a", "arguments": "{}"}}]});
    let body = stream_of(&[delta(&one("p"), None), delta(&one("q"), Some("tool_calls"))]);
    let (answer, _) = heard(&Chat(Flavour::Mistral), &[body.as_bytes()]).unwrap();
    assert_eq!(answer.tool_calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["p", "q"]);
}

#[test]
fn lone_surrogates_and_line_separators_are_text() {
    let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\u{2028}b\\ud83d\"},\"finish_reason\":\"stop\"}]}\n\n";
    let (answer, _) = heard(&Chat(Flavour::Compatible), &[body.as_bytes()]).unwrap();
    assert_eq!(answer.text, "a\u{2028}b\u{fffd}");
}

#[test]
fn the_final_answer_is_the_output_and_no_call() {
    let calls = json!({"tool_calls": [{"index": 0, "id": "x", "function": {"name": "final_answer", "arguments": "{\"final_answer_value\": 3}"}}]});
    let body = stream_of(&[delta(&calls, Some("tool_calls"))]);
    let (answer, _) = heard(&Chat(Flavour::Compatible), &[body.as_bytes()]).unwrap();
    assert_eq!((answer.output, answer.tool_calls.len()), (Some(json!(3)), 0));
}

#[test]
fn settings_are_said_in_the_words_of_each_server() {
    let mut asked = question(vec![Message::System { text: "Be short.".to_owned() }, Message::user("go")]);
    asked.settings =
        Settings::read(&json!({"max_tokens": 5, "seed": 7, "stop": ["x"], "temperature": 0, "extra": {"user": "u"}}))
            .unwrap();
    let openai = sent(Flavour::OpenAi, &asked);
    assert_eq!(
        (&openai["max_completion_tokens"], &openai["seed"], &openai["user"]),
        (&json!(5), &json!(7), &json!("u"))
    );
    assert_eq!(openai["stream_options"], json!({"include_usage": true}));
    assert_eq!(openai["messages"][0], json!({"role": "system", "content": "Be short."}));
    let mistral = sent(Flavour::Mistral, &asked);
    assert_eq!((&mistral["max_tokens"], &mistral["random_seed"]), (&json!(5), &json!(7)));
    assert!(!mistral.contains_key("stream_options"));
    asked.settings = Settings::read(&json!({"top_k": 5})).unwrap();
    assert_eq!(Chat(Flavour::OpenAi).request(&asked).unwrap_err().kind(), FaultKind::RequestInvalid);
    assert_eq!(sent(Flavour::Vllm, &asked)["top_k"], json!(5));
}

#[test]
fn a_structured_answer_is_asked_for_in_three_ways() {
    let mut asked = question(vec![Message::user("go")]);
    asked.output = Some(std::sync::Arc::new(json!({"type": "integer"})));
    let native = sent(Flavour::OpenAi, &asked);
    assert_eq!(
        native["response_format"]["json_schema"],
        json!({"name": "answer", "schema": {"type": "integer"}, "strict": true})
    );
    let tool = sent(Flavour::DeepSeek, &asked);
    assert_eq!(tool["tool_choice"]["function"]["name"], "final_answer");
    assert_eq!(
        tool["tools"][0]["function"]["parameters"]["properties"],
        json!({"final_answer_value": {"type": "integer"}})
    );
    asked.settings = Settings::read(&json!({"output_mode": "prompt"})).unwrap();
    let prompt = sent(Flavour::OpenAi, &asked);
    assert!(prompt["messages"][0]["content"].as_str().unwrap().contains("{\"type\":\"integer\"}"));
    assert!(!prompt.contains_key("response_format") && !prompt.contains_key("tools"));
}

#[test]
fn an_answer_that_its_server_did_not_finish_is_a_fault_and_one_of_an_unknown_reason_is_not_whole() {
    let ended = |reason: &str| {
        let body = stream_of(&[delta(&json!({"content": "half"}), None), delta(&json!({}), Some(reason))]);
        heard(&Chat(Flavour::Compatible), &[body.as_bytes()]).map(|(answer, _)| answer)
    };
    for (reason, kind) in [
        ("error", FaultKind::ServerFailed),
        ("abort", FaultKind::ServerFailed),
        ("network_error", FaultKind::ServerFailed),
        ("insufficient_system_resource", FaultKind::Overloaded),
    ] {
        assert_eq!(ended(reason).unwrap_err().kind(), kind, "{reason}");
    }
    for (reason, ending) in [
        ("stop", Ending::Whole),
        ("eos", Ending::Whole),
        ("COMPLETE", Ending::Whole),
        ("length", Ending::Truncated),
        ("MAX_TOKENS", Ending::Truncated),
        ("a reason of the future", Ending::Truncated),
        ("content_filter: SAFETY", Ending::Refused),
        ("RECITATION", Ending::Refused),
        ("sensitive", Ending::Refused),
    ] {
        assert_eq!(Chat(Flavour::Compatible).ending(&ended(reason).unwrap()), ending, "{reason}");
    }
}

#[test]
fn an_error_is_heard_in_whatever_shape_a_server_sends_it_in_mid_stream() {
    let begun = format!("data: {}\n\n", delta(&json!({"content": "half"}), None));
    let error = json!({"message": "out of memory", "type": "InternalServerError", "code": 500});
    let mut of_vllm = error.clone();
    of_vllm["object"] = json!("error");
    for event in [
        format!("data: {}\n\n", json!({"error": error})),
        format!("data: {of_vllm}\n\n"),
        format!("event: error\ndata: {error}\n\n"),
        format!("event: error\ndata: {}\n\n", json!({"error": error})),
        "event: error\ndata: out of memory\n\n".to_owned(),
    ] {
        let body = format!("{begun}{event}data: [DONE]\n\n");
        let fault = heard(&Chat(Flavour::Vllm), &[body.as_bytes()]).unwrap_err();
        assert_eq!((fault.kind(), fault.message()), (FaultKind::ServerFailed, "out of memory"), "{event}");
    }
    assert_eq!(Chat(Flavour::Vllm).read(&of_vllm).unwrap_err().message(), "out of memory");
}

#[test]
fn many_calls_of_one_id_are_told_apart_in_no_time() {
    let calls: Vec<Json> = (0..8_000).map(|_| json!({"id": "x", "function": {"name": "a"}})).collect();
    let whole = json!({"choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]});
    let answer = Chat(Flavour::Compatible).read(&whole);
    // Whether each begins a call of its own is not asked here: only that the ids differ.
    let ids: std::collections::BTreeSet<String> = answer.unwrap().tool_calls.into_iter().map(|call| call.id).collect();
    assert!(ids.contains("x"));
}

#[test]
fn an_answer_that_was_given_by_a_tool_is_remembered_by_every_api() {
    let call = json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "final_answer", "arguments": "{\"units\": 3}"}}]});
    let body = stream_of(&[delta(&call, None), delta(&json!({}), Some("tool_calls"))]);
    let chat = Chat(Flavour::DeepSeek);
    let (answer, _) = heard(&chat, &[body.as_bytes()]).unwrap();
    assert_eq!((answer.output.as_ref(), answer.tool_calls.len()), (Some(&json!({"units": 3})), 0));
    let said = question(vec![Message::user("how many?"), answer.into_message(), Message::user("sure?")]);
    let providers: [&dyn Provider; 4] = [&chat, &Responses, &Anthropic, &Gemini];
    for provider in providers {
        let sent = provider.request(&said).unwrap().body.to_string();
        assert!(sent.contains(r#"{\"units\":3}"#), "{}: {sent}", provider.api());
    }
    let item = json!({"type": "function_call", "call_id": "c", "name": "final_answer", "arguments": "{\"units\": 3}"});
    let answer = Responses.read(&json!({"status": "completed", "output": [item]})).unwrap();
    let said = question(vec![Message::user("how many?"), answer.into_message(), Message::user("sure?")]);
    for provider in providers {
        let sent = provider.request(&said).unwrap().body.to_string();
        assert!(sent.contains(r#"{\"units\":3}"#), "{}: {sent}", provider.api());
    }
    let part = json!({"functionCall": {"name": "final_answer", "args": {"units": 3}}, "thoughtSignature": "s"});
    let given = json!({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]});
    let answer = Gemini.read(&given).unwrap();
    let said = question(vec![Message::user("how many?"), answer.into_message(), Message::user("sure?")]);
    let sent = Gemini.request(&said).unwrap().body;
    assert_eq!(sent["contents"][2]["parts"][0]["functionResponse"]["response"], json!({"output": "received"}));
}

#[test]
fn no_answer_is_lost_for_the_way_in_which_its_tokens_are_counted() {
    for (written, read) in [(json!(12.0), 12), (json!("12"), 0), (json!(-1), 0), (json!(null), 0), (json!({}), 0)] {
        let choice = json!({"index": null, "message": {"content": "x"}, "finish_reason": "stop"});
        let chat = json!({"choices": [choice], "usage": {"prompt_tokens": written}});
        let responses = json!({"status": "completed", "output": [], "usage": {"input_tokens": written}});
        let anthropic = json!({"content": [], "stop_reason": "end_turn", "usage": {"input_tokens": written}});
        let gemini = json!({"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": written}});
        let all: [(&dyn Provider, Json); 4] =
            [(&Chat(Flavour::Compatible), chat), (&Responses, responses), (&Anthropic, anthropic), (&Gemini, gemini)];
        for (provider, body) in all {
            assert_eq!(provider.read(&body).unwrap().usage.input_tokens, read, "{} {written}", provider.api());
        }
    }
}
