//! Answers, whichever way they come.

use flowai_core::fault::FaultKind;
use flowai_interp_live::providers::anthropic::Anthropic;
use serde_json::json;

use crate::asking::{KEY, ask, ask_once, ask_patiently, call, endpoint, models};
use crate::server::{Act, Server, head, says, streams};

pub const GREETING: &str =
    "data: {\"text\": \"hel\"}\n\ndata: {\"text\": \"lo\"}\n\ndata: {\"tokens\": 3, \"stop\": \"end\"}\n\n";

#[tokio::test]
async fn a_streamed_answer_is_shown_piece_by_piece() {
    let server = Server::start(vec![streams(GREETING)]).await;
    let (answer, seen) = ask_once(&server).await;
    let answer = answer.unwrap();
    assert_eq!((answer.text.as_str(), answer.stop_reason.as_str(), answer.usage.output_tokens), ("hello", "end", 3));
    assert_eq!(*seen.shown.lock().unwrap(), [(1, 0, "hel".to_owned()), (1, 1, "lo".to_owned())]);
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /v1/say HTTP/1.1\r\n"), "{request}");
    for line in
        ["accept: text/event-stream", "x-version: 1", &format!("x-key: {KEY}"), "content-type: application/json"]
    {
        assert!(request.contains(&format!("{line}\r\n")), "{line} in {request}");
    }
    assert!(request.ends_with(r#"{"model":"m","said":["hi"],"stream":true}"#), "{request}");
}

#[tokio::test]
async fn a_whole_answer_is_read_and_nothing_is_shown() {
    let server =
        Server::start(vec![says(200, "content-type: application/json\r\n", r#"{"text": "hello", "stop": "end"}"#)])
            .await;
    let (answer, seen) = ask(&models(&server), call("plain:m", json!({"stream": false}))).await;
    assert_eq!(answer.unwrap().text, "hello");
    assert!(seen.shown.lock().unwrap().is_empty());
    assert!(server.requests()[0].contains("accept: application/json\r\n"));
}

#[tokio::test]
async fn connections_are_used_again() {
    let body = format!("content-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{GREETING}", GREETING.len());
    let whole = vec![Act::Send(format!("HTTP/1.1 200 OK\r\n{body}").into_bytes())];
    let server = Server::start(vec![whole]).await;
    let models = models(&server);
    for _ in 0..5 {
        assert_eq!(ask(&models, call("plain:m", json!({}))).await.0.unwrap().text, "hello");
    }
    assert_eq!(server.log.lock().unwrap().connections, 1);
}

#[tokio::test]
async fn a_server_that_does_not_end_after_its_last_word_is_not_waited_for() {
    let server = Server::start(vec![vec![Act::Send(head()), Act::Send(GREETING.into()), Act::Stall]]).await;
    let models = models(&server);
    assert_eq!(ask(&models, call("plain:m", json!({}))).await.0.unwrap().text, "hello");
}

#[tokio::test]
async fn framing_of_every_kind_gives_the_same_answer() {
    let bodies = [
        GREETING.replace('\n', "\r\n"),
        GREETING.replace('\n', "\r"),
        format!(": welcome\n\nretry: 3\nid: 1\n\n{}", GREETING.replace("\n\n", "\n: ping\n\n: ping\n\n")),
        format!("\u{feff}{GREETING}"),
        GREETING.trim_end().to_owned(),
        GREETING.replace("\"stop\"", "\"new\": [{}, null], \"stop\""),
    ];
    for body in bodies {
        let server = Server::start(vec![streams(&body)]).await;
        assert_eq!(ask_once(&server).await.0.unwrap().text, "hello", "{body:?}");
    }
}

#[tokio::test]
async fn separators_of_unicode_and_lone_surrogates_are_text() {
    let body = "data: {\"text\": \"a\u{2028}b\u{85}c \\ud83d\"}\n\ndata: {\"stop\": \"end\"}\n\n";
    let server = Server::start(vec![streams(body)]).await;
    assert_eq!(ask_once(&server).await.0.unwrap().text, "a\u{2028}b\u{85}c \u{fffd}");
}

#[tokio::test]
async fn content_types_that_lie_are_seen_through() {
    let json = r#" {"text": "hello", "stop": "end"}"#;
    let rows = [
        ("application/json; charset=utf-8", json),
        ("text/plain", json),
        ("text/plain", GREETING),
        ("application/octet-stream", GREETING),
    ];
    for (kind, body) in rows {
        let server = Server::start(vec![says(200, &format!("content-type: {kind}\r\n"), body)]).await;
        let (answer, seen) = ask_once(&server).await;
        assert_eq!((answer.unwrap().text.as_str(), seen.read().as_str()), ("hello", "hello"), "{kind}");
    }
    for (kind, body) in [("text/html", "<html>login</html>"), ("text/plain", "welcome"), ("application/json", "")] {
        let server = Server::start(vec![says(200, &format!("content-type: {kind}\r\n"), body)]).await;
        let fault = ask_once(&server).await.0.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::StreamMalformed, "{kind}: {fault}");
    }
}

#[tokio::test]
async fn an_answer_that_paused_goes_on_with_what_was_said() {
    let pause = "data: {\"text\": \"hel\", \"tokens\": 2, \"stop\": \"pause\"}\n\n";
    let rest = "data: {\"text\": \"lo\", \"tokens\": 5, \"stop\": \"end\"}\n\n";
    // The second attempt to go on works.
    let server = Server::start(vec![streams(pause), says(503, "", "busy"), streams(rest)]).await;
    let (answer, seen) = ask_patiently(&server).await;
    let answer = answer.unwrap();
    assert_eq!((answer.text.as_str(), answer.usage.output_tokens, seen.read().as_str()), ("hello", 7, "hello"));
    assert!(server.requests()[2].contains(r#""said":["hi","hel"]"#));
    let server = Server::start(vec![streams(pause)]).await;
    let fault = ask_once(&server).await.0.unwrap_err();
    assert_eq!((fault.kind(), server.requests().len()), (FaultKind::ModelFailed, 9));
}

#[tokio::test]
async fn what_is_not_whole_is_a_fault_that_holds_the_part() {
    for (stop, kind) in [("length", FaultKind::AnswerTruncated), ("refused", FaultKind::ContentRefused)] {
        let body = format!("data: {{\"text\": \"half\", \"tokens\": 4, \"stop\": \"{stop}\"}}\n\n");
        let server = Server::start(vec![streams(&body)]).await;
        let fault = ask_patiently(&server).await.0.unwrap_err();
        assert_eq!((fault.kind(), fault.details()["partial"].as_str()), (kind, Some("half")));
        assert_eq!(fault.details()["usage"]["output_tokens"], json!(4));
        assert_eq!((server.requests().len(), fault.details()["request_id"].as_str()), (1, Some("req-7")));
    }
}

#[tokio::test]
async fn what_was_said_before_a_pause_is_part_of_what_is_left() {
    let pause = "data: {\"text\": \"hel\", \"tokens\": 2, \"stop\": \"pause\"}\n\n";
    let server = Server::start(vec![streams(pause), streams("data: {\"text\": \"l\"}\n\n"), says(500, "", "")]).await;
    let (answer, seen) = ask_patiently(&server).await;
    let fault = answer.unwrap_err();
    assert_eq!((fault.details()["partial"].as_str(), seen.read().as_str()), (Some("hel"), "hel"));
    assert_eq!(fault.details()["usage"]["output_tokens"], json!(2));
    let server = Server::start(vec![streams(pause), streams("data: {\"text\": \"l\"}\n\n")]).await;
    assert_eq!(ask_once(&server).await.0.unwrap_err().details()["partial"], "hell");
    let whole = says(200, "content-type: application/json\r\n", r#"{"text": "hel", "stop": "pause"}"#);
    let server = Server::start(vec![whole, vec![Act::Reset]]).await;
    let (answer, seen) = ask(&models(&server), call("plain:m", json!({"stream": false}))).await;
    let fault = answer.unwrap_err();
    assert_eq!((fault.details()["partial"].as_str(), seen.read().as_str()), (Some("hel"), ""));
    assert!(fault.details().get("status").is_none() && fault.details().get("request_id").is_none());
}

#[tokio::test]
async fn a_connection_that_stays_open_after_the_end_of_an_answer_is_not_waited_for() {
    let body = "data: {\"type\":\"message_start\",\"message\":{\"content\":[]}}\n\n\
        data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"hello\"}}\n\n\
        data: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
        data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n\
        data: {\"type\":\"message_stop\"}\n\n";
    let server = Server::start(vec![vec![Act::Send(head()), Act::Send(body.into()), Act::Stall]]).await;
    let mut open = endpoint("plain", &server.url());
    open.provider = std::sync::Arc::new(Anthropic);
    open.timeouts.between_bytes = std::time::Duration::from_secs(600);
    let models = std::sync::Arc::new(flowai_interp_live::Models::new(vec![open]).unwrap());
    assert_eq!(ask(&models, call("plain:m", json!({}))).await.0.unwrap().text, "hello");
}
