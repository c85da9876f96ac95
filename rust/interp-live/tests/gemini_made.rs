//! Gemini `generateContent` where no recording goes: made streams, answers and requests.
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
use flowai_interp_live::providers::gemini::Gemini;
use flowai_interp_live::providers::{Ending, Provider, Request};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::Settings;
use serde_json::{Value as Json, json};
use support::heard;

fn stream(chunks: &[Json]) -> Result<ModelAnswer, Fault> {
    let body: String =
        chunks.iter().fold(String::new(), |body, chunk| body + "data: " + &chunk.to_string() + "\r\n\r\n");
    heard(&Gemini, &[body.as_bytes()]).map(|(answer, _)| answer)
}

fn chunk(parts: &Json, reason: Option<&str>) -> Json {
    json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": reason, "index": 0}],
        "usageMetadata": {"promptTokenCount": 7}, "modelVersion": "gemini-test"})
}

fn call(name: &str, id: Option<&str>) -> Json {
    let mut call = json!({"functionCall": {"name": name, "args": {"n": 1}}});
    if let Some(id) = id {
        call["functionCall"]["id"] = json!(id);
    }
    call
}

#[test]
fn calls_without_ids_get_some_and_doubles_get_others() {
    let calls = json!([call("a", None), call("b", None), call("c", Some("x")), call("d", Some("x"))]);
    let read = stream(&[chunk(&calls, Some("STOP"))]).unwrap();
    let ids: Vec<&str> = read.tool_calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_0", "call_1", "x", "x_2"]);
    let results = ["x_2", "call_1", "call_0"].map(|id| Message::Tool {
        call_id: id.to_owned(),
        name: "any".to_owned(),
        content: json!(id),
        is_error: id == "call_1",
    });
    let asked = [Message::user("go"), read.into_message()].into_iter().chain(results).chain([Message::user("on")]);
    let sent = sent(&question(asked.collect()));
    let answers = json!([
        {"functionResponse": {"name": "a", "response": {"output": "call_0"}}},
        {"functionResponse": {"name": "b", "response": {"error": "call_1"}}},
        {"functionResponse": {"name": "c", "id": "x", "response": {"error": "the call was not carried out"}}},
        {"functionResponse": {"name": "d", "id": "x", "response": {"output": "x_2"}}},
        {"text": "on"},
    ]);
    assert_eq!(sent.body["contents"][2], json!({"role": "user", "parts": answers}));
}

#[test]
fn arguments_are_never_lost() {
    let odd = json!([{"functionCall": {"name": "a"}}, {"functionCall": {"name": "b", "args": "no"}}]);
    let read = stream(&[chunk(&odd, Some("STOP"))]).unwrap();
    let arguments: Vec<&Json> = read.tool_calls.iter().map(|call| &call.arguments).collect();
    assert_eq!(arguments, [&json!({}), &json!("no")]);
    let sent = sent(&question(vec![Message::user("go"), read.into_message()]));
    assert_eq!(
        sent.body["contents"][1]["parts"][1]["functionCall"],
        json!({"name": "b", "args": {"invalid_arguments": "no"}})
    );
}

#[test]
fn a_stream_without_its_end_is_a_fault() {
    let begun = chunk(&json!([{"text": "half"}]), None);
    let code = chunk(&json!([{"executableCode": {"code": "1", "language": "PYTHON"}}]), Some("STOP"));
    let open = chunk(&json!([{"functionCall": {"name": "a", "willContinue": true}}]), Some("STOP"));
    let usage = json!({"usageMetadata": {"promptTokenCount": 7}});
    for chunks in [vec![], vec![begun.clone()], vec![code], vec![open], vec![usage], vec![begun.clone(), begun]] {
        assert_eq!(stream(&chunks).unwrap_err().kind(), FaultKind::StreamMalformed, "{chunks:?}");
    }
    for garbage in ["data: {\"candidates\": [\r\n\r\n", "data: 7\n\n", "data: <html>\n\n"] {
        assert_eq!(heard(&Gemini, &[garbage.as_bytes()]).unwrap_err().kind(), FaultKind::StreamMalformed, "{garbage}");
    }
}

#[test]
fn an_error_in_mid_stream_has_its_kind_and_tokens_still_count() {
    let error = json!({"error": {"code": 503, "status": "UNAVAILABLE", "message": "The model is overloaded."}});
    let chunks = [chunk(&json!([{"text": "half"}]), None), error.clone()];
    assert_eq!(stream(&chunks).unwrap_err().kind(), FaultKind::Overloaded);
    assert_eq!(stream(&[json!([error])]).unwrap_err().kind(), FaultKind::Overloaded);
    let (mut listener, mut pieces) = (Gemini.listen(), Vec::new());
    let data = chunks[0].to_string();
    listener.hear(&flowai_interp_live::sse::Event { name: "", data: &data }, &mut pieces).unwrap();
    assert_eq!(listener.usage().input_tokens, 7);
}

#[test]
fn refusals_of_every_kind_are_no_whole_answers() {
    let blocked =
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3}});
    let read = Gemini.read(&blocked).unwrap();
    assert_eq!((read.stop_reason.as_str(), Gemini.ending(&read)), ("PROHIBITED_CONTENT", Ending::Refused));
    assert_eq!(read.usage.input_tokens, 3);
    for reason in ["SAFETY", "RECITATION", "BLOCKLIST", "SPII", "MALFORMED_FUNCTION_CALL", "OTHER", "OF_THE_FUTURE"] {
        let why = json!({"candidates": [{"finishReason": reason, "finishMessage": "why"}]});
        let read = Gemini.read(&why).unwrap();
        assert_eq!((read.stop_reason.as_str(), Gemini.ending(&read)), (reason, Ending::Refused));
        assert_eq!(read.parts, [Part::Other { extras: json!({"about": {"finishMessage": "why"}}) }]);
    }
    let empty = Gemini.read(&json!({"candidates": [{"finishReason": "STOP"}]})).unwrap();
    assert_eq!((empty.text.as_str(), Gemini.ending(&empty), empty.parts.len()), ("", Ending::Whole, 0));
}

#[test]
fn unknown_parts_files_and_odd_letters_are_kept() {
    let parts = json!([{"text": "a\u{2028}b"}, {"newThing": {"x": 1}}, {}, {"text": ""},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "ZW5k"}]);
    let read = stream(&[chunk(&parts, Some("STOP"))]).unwrap();
    assert_eq!(read.text, "a\u{2028}b");
    assert!(matches!(&read.parts[2], Part::File { file, .. } if file.base64.as_deref() == Some("AAAA")));
    let sent = sent(&question(vec![Message::user("go"), read.into_message()]));
    let back: Vec<Json> = [0, 1, 4, 5].map(|at: usize| parts[at].clone()).to_vec();
    assert_eq!(sent.body["contents"][1]["parts"], json!(back));
    let lone = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\\ud83d!\"}]}, \"finishReason\": \"STOP\"}]}\n\n";
    assert_eq!(heard(&Gemini, &[lone.as_bytes()]).unwrap().0.text, "\u{fffd}!");
    let listed = json!([chunk(&json!([{"text": "a"}]), None), chunk(&json!([{"text": "b"}]), Some("STOP"))]);
    assert_eq!(Gemini.read(&listed).unwrap().text, "ab");
}

#[test]
fn an_answer_beyond_all_bounds_is_refused() {
    let data = chunk(&json!([{"text": "x".repeat(1 << 20)}]), None).to_string();
    let (mut listener, mut pieces) = (Gemini.listen(), Vec::new());
    let event = flowai_interp_live::sse::Event { name: "", data: &data };
    let heard = (0..64).map(|_| listener.hear(&event, &mut pieces)).take_while(Result::is_ok).count();
    // Less than 8 MiB of words, for what else a part costs.
    assert_eq!(heard, 7);
}

#[test]
fn errors_of_every_code_have_their_kind() {
    let cases = [
        (401, "UNAUTHENTICATED", "x", FaultKind::AuthenticationFailed),
        (400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", FaultKind::AuthenticationFailed),
        (403, "PERMISSION_DENIED", "x", FaultKind::PermissionDenied),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", FaultKind::PermissionDenied),
        (404, "NOT_FOUND", "CachedContent not found", FaultKind::RequestInvalid),
        (400, "INVALID_ARGUMENT", "x", FaultKind::RequestInvalid),
        (500, "INTERNAL", "x", FaultKind::ServerFailed),
        (504, "DEADLINE_EXCEEDED", "x", FaultKind::ModelTimedOut),
    ];
    for (status, code, message, kind) in cases {
        let body = json!({"error": {"code": status, "status": code, "message": message}}).to_string();
        assert_eq!(Gemini.fault(status, &body).kind(), kind, "{code}: {message}");
    }
    let quota = json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]});
    let body = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x", "details": [quota]}});
    assert_eq!(Gemini.fault(429, &body.to_string()).details()["retryable"], false);
    let page = Gemini.fault(502, "<html><title>Bad\n Gateway</title></html>");
    assert_eq!(page.message(), "the provider answered with status 502: Bad Gateway");
    assert_eq!(Gemini.fault(503, "").kind(), FaultKind::Overloaded);
    let told = Gemini.fault(400, r#"{"error": {"message": "no such key: AIzaSyA-b_C1, sorry"}}"#);
    assert_eq!(told.message(), "no such key: AIza…, sorry");
}

fn question(messages: Vec<Message>) -> Question {
    Question {
        model: "gemini-2.5-flash".to_owned(),
        messages,
        tools: Vec::new(),
        output: None,
        settings: Settings::default(),
        stream: true,
    }
}

fn sent(question: &Question) -> Request {
    Gemini.request(question).unwrap()
}
