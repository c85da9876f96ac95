//! What is sent to Gemini `generateContent` for a question.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

use std::sync::Arc;

use flowai_core::effects::{File, Message, Part, Tool, ToolRequest};
use flowai_core::fault::FaultKind;
use flowai_interp_live::providers::gemini::Gemini;
use flowai_interp_live::providers::{Provider, Request};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::Settings;
use serde_json::{Value as Json, json};

fn question(model: &str, settings: &Json) -> Question {
    Question {
        model: model.to_owned(),
        messages: vec![Message::System { text: "Be short.".to_owned() }, Message::user("go")],
        tools: Vec::new(),
        output: None,
        settings: Settings::read(settings).unwrap(),
        stream: true,
    }
}

fn sent(question: &Question) -> Request {
    Gemini.request(question).unwrap()
}

fn find() -> Arc<Tool> {
    let written = json!({"name": "find", "description": "Finds.", "parameters": {"type": "object",
        "properties": {"n": {"type": "integer", "exclusiveMinimum": 0}}, "required": ["n"]}});
    Arc::new(Tool::new(serde_json::from_value(written).unwrap(), None).unwrap())
}

fn answer_schema() -> Arc<Json> {
    Arc::new(json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}))
}

#[test]
fn a_plain_question_is_sent_to_the_path_of_its_model() {
    let mut asked = question("models/gemini-2.5-flash", &json!({}));
    let request = sent(&asked);
    assert_eq!(request.path, "/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "go"}]}],
        "systemInstruction": {"parts": [{"text": "Be short."}]}});
    assert_eq!((request.body, request.headers.len()), (body, 0));
    (asked.model, asked.stream) = ("a:b/c".to_owned(), false);
    assert_eq!(sent(&asked).path, "/models/a%3Ab%2Fc:generateContent");
}

#[test]
fn settings_become_the_words_of_this_api() {
    let settings = json!({"max_tokens": 5, "temperature": 0, "top_p": 0.5, "top_k": 3, "seed": 7, "stop": ["x"],
        "tool_choice": {"tool": "find"}, "cache": true,
        "extra": {"generationConfig": {"topK": 4, "mediaResolution": "LOW"}, "tools": [{"googleSearch": {}}]}});
    let mut asked = question("gemini-2.5-flash", &settings);
    asked.tools.push(find());
    let body = sent(&asked).body;
    let generation = json!({"maxOutputTokens": 5, "temperature": 0.0, "topP": 0.5, "topK": 4, "seed": 7,
        "stopSequences": ["x"], "mediaResolution": "LOW"});
    assert_eq!(body["generationConfig"], generation);
    let parameters = json!({"type": "object", "required": ["n"],
        "properties": {"n": {"type": "integer", "description": "{exclusiveMinimum: 0}"}}});
    let declared = json!({"name": "find", "description": "Finds.", "parametersJsonSchema": parameters});
    assert_eq!(body["tools"], json!([{"functionDeclarations": [declared]}, {"googleSearch": {}}]));
    let choice = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["find"]}});
    assert_eq!(body["toolConfig"], choice);
}

#[test]
fn thinking_is_asked_for_as_the_model_takes_it() {
    let cases = [
        ("gemini-2.5-flash", json!(true), json!({"includeThoughts": true})),
        ("gemini-2.5-flash", json!(false), json!({"thinkingBudget": 0})),
        ("gemini-2.5-pro", json!(false), json!({"thinkingBudget": 128})),
        ("gemini-2.5-pro", json!("high"), json!({"thinkingBudget": 24_576, "includeThoughts": true})),
        ("gemini-2.5-pro", json!(512), json!({"thinkingBudget": 512, "includeThoughts": true})),
        ("gemini-3-pro-preview", json!("low"), json!({"thinkingLevel": "low", "includeThoughts": true})),
        ("gemini-3-flash-preview", json!(false), json!({"thinkingLevel": "minimal"})),
        ("gemini-2.0-flash", json!(false), Json::Null),
    ];
    for (model, thinking, config) in cases {
        let body = sent(&question(model, &json!({"thinking": thinking}))).body;
        assert_eq!(body["generationConfig"]["thinkingConfig"], config, "{model} {thinking}");
    }
}

#[test]
fn structured_output_goes_by_the_best_way_that_the_model_has() {
    let mut asked = question("gemini-2.5-flash", &json!({}));
    asked.output = Some(answer_schema());
    let generation = json!({"responseMimeType": "application/json", "responseJsonSchema": *answer_schema()});
    assert_eq!(sent(&asked).body["generationConfig"], generation);
    // Only the newer models call tools while they are held to a schema.
    asked.tools.push(find());
    asked.settings = Settings::read(&json!({"output_mode": "native"})).unwrap();
    let body = sent(&asked).body;
    assert_eq!(body["tools"][0]["functionDeclarations"][1]["name"], "final_answer");
    assert_eq!(body["toolConfig"]["functionCallingConfig"], json!({"mode": "ANY"}));
    assert!(body.get("generationConfig").is_none());
    asked.model = "gemini-3-flash-preview".to_owned();
    assert_eq!(sent(&asked).body["generationConfig"], generation);
    asked.settings = Settings::read(&json!({"output_mode": "prompt"})).unwrap();
    assert!(sent(&asked).body["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains("JSON Schema"));
}

#[test]
fn the_answering_tool_gives_the_output_and_is_remembered() {
    let body = json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"functionCall": {"name": "final_answer", "args": {"a": 1}}, "thoughtSignature": "c2ln"}]}}]});
    let read = Gemini.read(&body).unwrap();
    assert_eq!((&read.output, read.tool_calls.len()), (&Some(json!({"a": 1})), 0));
    let mut asked = question("gemini-3-pro", &json!({}));
    asked.messages = vec![Message::user("go"), read.into_message(), Message::user("again")];
    let contents = sent(&asked).body["contents"].clone();
    assert_eq!(contents[1]["parts"], body["candidates"][0]["content"]["parts"]);
    assert_eq!(contents[2]["parts"][0]["functionResponse"]["name"], "final_answer");
    assert_eq!(contents[2]["parts"][1], json!({"text": "again"}));
}

#[test]
fn an_answer_of_another_api_is_told_in_plain_words() {
    let mut asked = question("gemini-3-pro", &json!({}));
    let calls = ["toolu_1", "toolu_2"].map(|id| ToolRequest {
        id: id.to_owned(),
        name: "find".to_owned(),
        arguments: json!({"n": 1}),
    });
    asked.messages.push(Message::Assistant {
        text: "I look.".to_owned(),
        thinking: Some("hm".to_owned()),
        tool_calls: calls.to_vec(),
        parts: vec![Part::Thinking { text: "hm".to_owned(), extras: json!({"signature": "x"}) }],
        api: Some("anthropic".to_owned()),
    });
    let contents = sent(&asked).body["contents"].clone();
    let call = json!({"name": "find", "args": {"n": 1}});
    let first = json!({"functionCall": call, "thoughtSignature": "skip_thought_signature_validator"});
    assert_eq!(contents[1]["parts"], json!([{"text": "I look."}, first, {"functionCall": call}]));
    assert_eq!(contents[2]["parts"].as_array().unwrap().len(), 2);
    asked.model = "gemini-2.5-pro".to_owned();
    assert_eq!(sent(&asked).body["contents"][1]["parts"][1], json!({"functionCall": call}));
    // So is one of an older model of this provider, which signs nothing.
    let older = json!({"candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"functionCall": {"name": "find", "args": {"n": 1}, "id": "x"}}]}}]});
    let mut asked = question("gemini-3-pro", &json!({}));
    asked.messages.push(Gemini.read(&older).unwrap().into_message());
    let parts = sent(&asked).body["contents"][1]["parts"].clone();
    let signature = "skip_thought_signature_validator";
    let call = json!({"name": "find", "args": {"n": 1}, "id": "x"});
    assert_eq!(parts, json!([{"functionCall": call, "thoughtSignature": signature}]));
}

#[test]
fn files_stand_beside_the_words_and_messages_of_one_role_are_joined() {
    let file = |base64: Option<&str>, url: Option<&str>| File {
        media_type: "image/png; charset=x".to_owned(),
        name: None,
        base64: base64.map(str::to_owned),
        url: url.map(str::to_owned),
    };
    let files =
        vec![file(Some("AAAA"), None), file(None, Some("gs://b/x")), file(None, Some("data:image/gif;base64,BB"))];
    let mut asked = question("gemini-2.5-flash", &json!({}));
    asked.messages.push(Message::User { text: "see".to_owned(), files });
    asked.messages.push(Message::Tool {
        call_id: "gone".to_owned(),
        name: "find".to_owned(),
        content: json!({"n": 1}),
        is_error: false,
    });
    let parts = json!([
        {"text": "go"},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"fileData": {"mimeType": "image/png", "fileUri": "gs://b/x"}},
        {"inlineData": {"mimeType": "image/gif", "data": "BB"}},
        {"text": "see"},
        {"text": "`find` answered: {\"n\":1}"},
    ]);
    assert_eq!(sent(&asked).body["contents"], json!([{"role": "user", "parts": parts}]));
    asked.messages.push(Message::User { text: String::new(), files: vec![file(None, None)] });
    assert_eq!(Gemini.request(&asked).unwrap_err().kind(), FaultKind::RequestInvalid);
}

#[test]
fn what_cannot_be_said_is_refused() {
    for settings in
        [json!({"parallel_tool_calls": false}), json!({"extra": {"generationConfig": {"candidateCount": 2}}})]
    {
        let fault = Gemini.request(&question("gemini-2.5-flash", &settings)).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::RequestInvalid);
    }
    let mut asked = question("gemini-2.5-flash", &json!({}));
    asked.messages.truncate(1);
    assert_eq!(Gemini.request(&asked).unwrap_err().kind(), FaultKind::RequestInvalid);
    assert!(
        Gemini.request(&question("../x", &json!({}))).is_ok_and(|request| request.path.starts_with("/models/..%2Fx:"))
    );
}
