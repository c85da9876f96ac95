//! What is sent to Anthropic Messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]
#![allow(clippy::needless_pass_by_value, reason = "a test gives away what it makes")]

use std::sync::Arc;

use flowai_core::effects::{File, Message, Part, Tool, ToolRequest};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::specs::ToolSpec;
use flowai_interp_live::providers::anthropic::Anthropic;
use flowai_interp_live::providers::{Provider, Request};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::{OutputMode, Settings};
use serde_json::{Value as Json, json};

/// A question that is changed for each test.
fn question(settings: &Json) -> Question {
    Question {
        model: "claude-sonnet-4-5".to_owned(),
        messages: vec![Message::System { text: "be brief".to_owned() }, Message::user("hello")],
        tools: Vec::new(),
        output: None,
        settings: Settings::read(settings).unwrap(),
        stream: true,
    }
}

fn sent(question: &Question) -> Json {
    Anthropic.request(question).unwrap().body
}

fn refused(question: &Question) -> Fault {
    Anthropic.request(question).unwrap_err()
}

fn find() -> Arc<Tool> {
    let spec = json!({"name": "find", "description": "Finds.", "parameters": {
        "type": "object", "properties": {"x": {"type": "integer", "minimum": 1}}}});
    let spec: ToolSpec = serde_json::from_value(spec).unwrap();
    Arc::new(Tool::new(spec, None).unwrap())
}

fn call(id: &str, arguments: Json) -> ToolRequest {
    ToolRequest { id: id.to_owned(), name: "find".to_owned(), arguments }
}

fn assistant(text: &str, tool_calls: Vec<ToolRequest>, parts: Vec<Part>, api: Option<&str>) -> Message {
    let (text, api) = (text.to_owned(), api.map(str::to_owned));
    Message::Assistant { text, thinking: None, tool_calls, parts, api }
}

fn result(call_id: &str, content: Json, is_error: bool) -> Message {
    Message::Tool { call_id: call_id.to_owned(), name: "find".to_owned(), content, is_error }
}

fn file(media_type: &str, base64: Option<&str>, url: Option<&str>) -> File {
    let owned = |text: &str| text.to_owned();
    File { media_type: owned(media_type), name: Some(owned("a.x")), base64: base64.map(owned), url: url.map(owned) }
}

#[test]
fn a_plain_question() {
    let Request { path, headers, body } = Anthropic.request(&question(&json!(null))).unwrap();
    assert_eq!(path, "/v1/messages");
    assert_eq!(headers, [("anthropic-version", "2023-06-01".to_owned())]);
    let message = json!({"role": "user", "content": [{"type": "text", "text": "hello"}]});
    let expected = json!({"model": "claude-sonnet-4-5", "max_tokens": 16384, "stream": true, "system": "be brief",
        "messages": [message]});
    assert_eq!(body, expected);
}

#[test]
fn settings_are_translated_and_the_users_own_fields_come_last() {
    let mut asked = question(&json!({"max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop": ["x"],
        "seed": 4, "tool_choice": "required", "parallel_tool_calls": false, "extra": {
            "betas": ["one", "two"], "max_tokens": 10, "metadata": {"user_id": "u"},
            "tools": [{"type": "web_search_20250305", "name": "web_search"}]}}));
    asked.tools = vec![find()];
    asked.stream = false;
    let Request { headers, body, .. } = Anthropic.request(&asked).unwrap();
    assert!(headers.contains(&("anthropic-beta", "one,two".to_owned())));
    assert_eq!(body["tool_choice"], json!({"type": "any", "disable_parallel_tool_use": true}));
    let names: Vec<&Json> = body["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["find", "web_search"]);
    assert_eq!(body["tools"][0]["input_schema"]["properties"]["x"], json!({"type": "integer", "minimum": 1}));
    assert_eq!((&body["max_tokens"], &body["stream"]), (&json!(10), &json!(false)));
    assert_eq!((&body["temperature"], &body["top_p"], &body["top_k"]), (&json!(0.5), &json!(0.9), &json!(3)));
    assert_eq!((&body["stop_sequences"], &body["metadata"]["user_id"]), (&json!(["x"]), &json!("u")));
    assert!(body.get("seed").is_none() && body.get("betas").is_none());
}

#[test]
fn tool_choices_are_only_said_where_there_are_tools() {
    let choice = |settings: Json, tools: Vec<Arc<Tool>>| {
        let mut asked = question(&settings);
        asked.tools = tools;
        sent(&asked).get("tool_choice").cloned().unwrap_or_default()
    };
    assert_eq!(choice(json!({"parallel_tool_calls": false}), vec![]), json!(null));
    let alone = json!({"type": "auto", "disable_parallel_tool_use": true});
    assert_eq!(choice(json!({"parallel_tool_calls": false}), vec![find()]), alone);
    assert_eq!(choice(json!({"parallel_tool_calls": true}), vec![find()]), json!(null));
    assert_eq!(choice(json!({"tool_choice": "none"}), vec![find()]), json!({"type": "none"}));
    let named = json!({"tool_choice": {"tool": "find"}});
    assert_eq!(choice(named, vec![find()]), json!({"type": "tool", "name": "find"}));
}

#[test]
fn the_start_of_the_conversation_and_its_end_are_marked_for_the_cache() {
    let mut asked = question(&json!({"cache": true}));
    asked.tools = vec![find()];
    let body = sent(&asked);
    let mark = json!({"type": "ephemeral"});
    assert_eq!(body["system"], json!([{"type": "text", "text": "be brief", "cache_control": mark}]));
    assert_eq!(body["tools"][0]["cache_control"], mark);
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], mark);
}

#[test]
fn thinking_is_asked_for_as_each_model_takes_it() {
    let thought = |model: &str, settings: Json| {
        let mut asked = question(&settings);
        asked.model = model.to_owned();
        let body = sent(&asked);
        (body["thinking"].clone(), body["output_config"]["effort"].clone(), body["max_tokens"].as_u64().unwrap())
    };
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    let (adaptive, none) = (json!({"type": "adaptive"}), json!(null));
    let old = "claude-sonnet-4-5";
    assert_eq!(thought(old, json!({"thinking": true})), (budget(4096), none.clone(), 16384 + 4096));
    assert_eq!(thought(old, json!({"thinking": 2000, "max_tokens": 3000})), (budget(2000), none.clone(), 3000));
    assert_eq!(thought(old, json!({"thinking": 9000, "max_tokens": 3000})), (budget(2999), none.clone(), 3000));
    assert_eq!(thought(old, json!({"thinking": "low"})), (budget(1024), none.clone(), 16384 + 1024));
    assert_eq!(thought(old, json!({"thinking": false})), (none.clone(), none.clone(), 16384));
    assert_eq!(thought("claude-opus-4-6", json!({"thinking": true})), (adaptive.clone(), none.clone(), 16384));
    assert_eq!(thought("claude-opus-4-6", json!({"thinking": "max"})), (adaptive, json!("max"), 16384));
    let shown = json!({"type": "adaptive", "display": "summarized"});
    assert_eq!(thought("claude-opus-4-7", json!({"thinking": "xhigh"})), (shown, json!("xhigh"), 16384));
    assert_eq!(thought("claude-opus-5", json!({"thinking": false})), (json!({"type": "disabled"}), none, 32768));
    assert_eq!(thought("claude-3-opus-20240229", json!(null)).2, 4096);
    assert_eq!(thought("kimi-k2", json!(null)).2, 8192);
}

#[test]
fn thinking_that_cannot_be_is_refused_with_advice() {
    for settings in [json!({"thinking": 100}), json!({"thinking": 5000, "max_tokens": 1024})] {
        let fault = refused(&question(&settings));
        assert_eq!(fault.kind(), FaultKind::RequestInvalid);
        assert!(fault.advice().unwrap().contains("1024"), "{fault}");
    }
    assert!(refused(&question(&json!({"thinking": "wild"}))).message().contains("wild"));
}

fn wanting(mode: Option<&str>, schema: Json) -> Question {
    let mut asked = question(&json!({"output_mode": mode}));
    asked.output = Some(Arc::new(schema));
    asked
}

fn person() -> Json {
    json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]})
}

#[test]
fn structured_output_in_its_native_mode() {
    assert_eq!(Anthropic.output_mode("claude-sonnet-4-5"), OutputMode::Native);
    let mut asked = wanting(None, person());
    asked.settings.extra = json!({"output_config": {"effort": "low"}}).as_object().unwrap().clone();
    let body = sent(&asked);
    let mut closed = person();
    closed["additionalProperties"] = json!(false);
    let format = json!({"type": "json_schema", "schema": closed});
    assert_eq!(body["output_config"], json!({"format": format, "effort": "low"}));
    assert!(body.get("tools").is_none());
}

#[test]
fn structured_output_by_a_tool() {
    assert_eq!(Anthropic.output_mode("claude-3-5-haiku-latest"), OutputMode::Tool);
    let body = sent(&wanting(Some("tool"), person()));
    assert_eq!(body["tools"][0]["name"], "final_answer");
    assert_eq!(body["tools"][0]["input_schema"], person());
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "final_answer"}));
    let mut with_tools = wanting(Some("tool"), person());
    with_tools.tools = vec![find()];
    assert_eq!(sent(&with_tools)["tool_choice"], json!({"type": "any"}));
    let mut thinking = wanting(Some("tool"), person());
    thinking.settings.thinking = Settings::read(&json!({"thinking": true})).unwrap().thinking;
    let body = sent(&thinking);
    assert!(body.get("tool_choice").is_none(), "a thinking model cannot be forced");
    assert!(body["system"].as_str().unwrap().contains("final_answer"));
}

#[test]
fn a_schema_that_native_output_cannot_hold_is_asked_for_by_the_tool_instead() {
    let counts = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    assert_eq!(sent(&wanting(None, counts.clone()))["tools"][0]["input_schema"], counts);
    let fault = refused(&wanting(Some("native"), counts));
    assert!(fault.advice().unwrap().contains("output_mode"), "{fault}");
}

#[test]
fn an_output_that_is_no_object_is_wrapped_and_unwrapped() {
    let body = sent(&wanting(Some("tool"), json!({"type": "array", "items": {"type": "integer"}})));
    let schema = &body["tools"][0]["input_schema"];
    assert_eq!(schema["properties"]["final_answer_value"]["type"], "array");
    let input = json!({"final_answer_value": [1, 2]});
    let content = json!([{"type": "tool_use", "id": "a", "name": "final_answer", "input": input}]);
    let answer = Anthropic.read(&json!({"content": content, "stop_reason": "tool_use"})).unwrap();
    assert_eq!((answer.output.clone(), answer.tool_calls.len()), (Some(json!([1, 2])), 0));
    let mut asked = question(&json!(null));
    asked.messages.extend([answer.into_message(), Message::user("again")]);
    assert_eq!(sent(&asked)["messages"][1]["content"], json!([{"type": "text", "text": "[1,2]"}]));
}

#[test]
fn structured_output_by_words() {
    let body = sent(&wanting(Some("prompt"), person()));
    let system = body["system"].as_str().unwrap();
    assert!(system.starts_with("be brief\n\n") && system.contains(&person().to_string()), "{system}");
    assert!(body.get("tools").is_none() && body.get("output_config").is_none());
}

#[test]
fn files_become_images_and_documents() {
    let mut asked = question(&json!(null));
    let files = vec![
        file("image/png", Some("AAAA"), None),
        file("image/jpeg", None, Some("https://a/b.jpg")),
        file("application/pdf", Some("JVBERi0="), None),
        file("application/pdf", None, Some("https://a/b.pdf")),
        file("text/csv; charset=utf-8", Some("YSxi"), None),
    ];
    asked.messages = vec![Message::User { text: "read".to_owned(), files }];
    let expected = json!([
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        {"type": "image", "source": {"type": "url", "url": "https://a/b.jpg"}},
        {"type": "document", "title": "a.x",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        {"type": "document", "title": "a.x", "source": {"type": "url", "url": "https://a/b.pdf"}},
        {"type": "document", "title": "a.x", "source": {"type": "text", "media_type": "text/plain", "data": "a,b"}},
        {"type": "text", "text": "read"},
    ]);
    assert_eq!(sent(&asked)["messages"][0]["content"], expected);
    for wrong in [file("audio/wav", Some("AA"), None), file("image/png", None, None), file("text/x", None, Some("u"))] {
        asked.messages = vec![Message::User { text: String::new(), files: vec![wrong] }];
        assert_eq!(refused(&asked).kind(), FaultKind::RequestInvalid);
    }
}

#[test]
fn results_follow_their_calls_in_one_turn_of_the_user() {
    let mut asked = question(&json!(null));
    let calls = vec![call("a", json!({"x": 1})), call("b", json!("not json"))];
    asked.messages.extend([
        assistant("", calls, vec![], None),
        result("a", json!({"n": 1}), false),
        result("b", json!(""), true),
        Message::user("well?"),
    ]);
    let messages = sent(&asked)["messages"].clone();
    let wrong = json!({"invalid_arguments": "not json"});
    assert_eq!(messages[1]["content"][1], json!({"type": "tool_use", "id": "b", "name": "find", "input": wrong}));
    let expected = json!([
        {"type": "tool_result", "tool_use_id": "a", "content": "{\"n\":1}"},
        {"type": "tool_result", "tool_use_id": "b", "is_error": true},
        {"type": "text", "text": "well?"},
    ]);
    assert_eq!(messages[2]["content"], expected);
}

#[test]
fn calls_without_results_and_results_without_calls_do_not_break_the_conversation() {
    let mut asked = question(&json!(null));
    let calls = vec![call("a", json!({})), call("b", json!({}))];
    asked.messages.insert(1, result("lost", json!("old"), false));
    asked.messages.extend([assistant("", calls, vec![], None), result("b", json!("done"), false), Message::user("go")]);
    let messages = sent(&asked)["messages"].clone();
    let words = json!({"type": "text", "text": "`find` answered: old"});
    assert_eq!(messages[0]["content"], json!([words, {"type": "text", "text": "hello"}]));
    let expected = json!([
        {"type": "tool_result", "tool_use_id": "b", "content": "done"},
        {"type": "tool_result", "tool_use_id": "a", "content": "the call was not carried out", "is_error": true},
        {"type": "text", "text": "go"},
    ]);
    assert_eq!(messages[2]["content"], expected);
}

#[test]
fn answers_of_other_apis_are_translated_and_their_ids_stay_apart() {
    let mut asked = question(&json!(null));
    let signed = Part::Thinking { text: "hm".to_owned(), extras: json!({"id": "rs_1"}) };
    let turn = || {
        [
            assistant("sure", vec![call("fc|0", json!({}))], vec![signed.clone()], Some("openai")),
            result("fc|0", json!("one"), false),
        ]
    };
    let refusal = vec![Part::Refusal { text: "I cannot".to_owned() }];
    asked.messages.extend(turn().into_iter().chain(turn()));
    asked.messages.push(assistant("", vec![], refusal, Some("openai")));
    asked.messages.push(assistant(" ", vec![], vec![], None));
    let messages = sent(&asked)["messages"].clone();
    let ids = [1, 3].map(|turn| messages[turn]["content"][1]["id"].clone());
    assert_eq!(ids, ["fc_0", "fc_0_2"]);
    let results = [2, 4].map(|turn| messages[turn]["content"][0]["tool_use_id"].clone());
    assert_eq!(results, ids);
    assert_eq!(messages[5], json!({"role": "assistant", "content": [{"type": "text", "text": "I cannot"}]}));
    assert_eq!(messages[1]["content"][0], json!({"type": "text", "text": "sure"}));
}

#[test]
fn the_container_of_a_turn_that_is_not_over_is_named() {
    let caller = json!({"type": "code_execution_20250825", "tool_id": "srv"});
    let content = json!([{"type": "tool_use", "id": "a", "name": "find", "input": {}, "caller": caller}]);
    let container = json!({"id": "container_1", "expires_at": "2030-01-01T00:00:00Z"});
    let body = json!({"content": content, "stop_reason": "tool_use", "container": container});
    let answer = Anthropic.read(&body).unwrap().into_message();
    let mut asked = question(&json!(null));
    asked.messages.extend([answer, result("a", json!("1"), false)]);
    let body = sent(&asked);
    assert_eq!((&body["container"], &body["messages"][1]["content"]), (&json!("container_1"), &content));
    asked.messages.push(Message::user("next"));
    assert!(sent(&asked).get("container").is_none());
}

#[test]
fn a_conversation_without_a_message_is_refused() {
    let mut asked = question(&json!(null));
    asked.messages.truncate(1);
    assert_eq!(refused(&asked).kind(), FaultKind::RequestInvalid);
}
