//! Keys go to their provider and nowhere else.

use std::sync::Arc;

use flowai_core::fault::FaultKind;
use flowai_interp_live::{Endpoint, Key, Models};
use serde_json::json;

use crate::asking::{KEY, ask, ask_patiently, call, endpoint};
use crate::plain::Plain;
use crate::server::{Server, says, streams};

#[tokio::test]
async fn a_key_that_a_provider_repeats_is_struck_out() {
    let body = json!({"error": format!("bad key {KEY}"), "code": format!("key:{KEY}")}).to_string();
    let server = Server::start(vec![says(500, &format!("request-id: {KEY}\r\n"), &body)]).await;
    // That the key is nowhere is checked for each call of these tests.
    let fault = ask_patiently(&server).await.0.unwrap_err();
    assert_eq!((fault.message(), fault.details()["code"].as_str()), ("bad key [key]", Some("key:[key]")));
    let server = Server::start(vec![streams(&format!("data: {{\"error\": \"bad {KEY}\"}}\n\n"))]).await;
    assert_eq!(ask_patiently(&server).await.0.unwrap_err().message(), "bad [key]");
}

#[test]
fn what_no_header_can_carry_is_refused_without_being_shown() {
    let refused = |endpoint: Endpoint| {
        let fault = Models::new(vec![endpoint]).err().expect("refused");
        assert_eq!(fault.kind(), FaultKind::SpecError);
        let all = format!("{fault:?} {:?}", fault.advice());
        assert!(!all.contains("secret"), "{all}");
        all
    };
    let url = "http://127.0.0.1:1";
    assert!(refused(endpoint("plain", url).with_key("secret\r\nx: y")).contains("x-key"));
    let mut with_header = endpoint("plain", url);
    with_header.headers = vec![("x-more".to_owned(), Key::new("secret\n"))];
    assert!(refused(with_header).contains("x-more"));
    let mut with_name = endpoint("plain", url);
    with_name.headers = vec![("x more".to_owned(), Key::new("secret"))];
    assert!(refused(with_name).contains("x more"));
    for wrong in ["not a url", "ftp://host", "http://", "host:80/v1"] {
        refused(endpoint("plain", wrong));
    }
    assert!(Models::new(vec![endpoint("plain", url), endpoint("plain", url)]).is_err());
}

#[tokio::test]
async fn a_missing_key_or_address_is_told_before_anyone_is_asked() {
    let server = Server::start(vec![says(200, "", "{}")]).await;
    let mut keyless = Endpoint::new("plain", Arc::new(Plain), server.url());
    keyless.key_variables = vec!["PLAIN_API_KEY".to_owned()];
    let models = Arc::new(Models::new(vec![keyless, Endpoint::new("lost", Arc::new(Plain), "")]).unwrap());
    let fault = ask(&models, call("plain:m", json!({}))).await.0.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::AuthenticationFailed);
    assert!(fault.advice().unwrap().contains("`PLAIN_API_KEY`"));
    assert_eq!(ask(&models, call("lost:m", json!({}))).await.0.unwrap_err().kind(), FaultKind::SpecError);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn headers_of_the_users_own_are_sent_and_win() {
    let server = Server::start(vec![streams(crate::answers::GREETING)]).await;
    let mut own = endpoint("plain", &server.url());
    own.headers = vec![("x-version".to_owned(), Key::new("2")), ("x-team".to_owned(), Key::new("blue"))];
    let models = Arc::new(Models::new(vec![own]).unwrap());
    ask(&models, call("plain:m", json!({}))).await.0.unwrap();
    let request = server.requests().remove(0);
    assert!(request.contains("x-version: 2\r\n") && request.contains("x-team: blue\r\n"), "{request}");
    assert_eq!(request.matches("x-version").count(), 1);
}

#[tokio::test]
async fn what_an_address_holds_is_struck_out_of_what_a_provider_repeats() {
    // `ask` checks for the key of the endpoint; here are those of its address.
    let sent = "dXNlcjpwYSBzczktY2FuYXJ5";
    let body = json!({"error": format!("bad pa%20ss9-canary, pa ss9-canary, Basic {sent}, q-canary-3141")}).to_string();
    let server = Server::start(vec![says(500, "", &body)]).await;
    let url = format!("http://user:pa%20ss9-canary@{}/?key=q-canary-3141&api-version=2026-01-01", server.address);
    let models = Arc::new(Models::new(vec![endpoint("plain", &url)]).unwrap());
    let fault = ask(&models, call("plain:m", json!({"max_retries": 0}))).await.0.unwrap_err();
    assert_eq!(fault.message(), "bad [key], [key], Basic [key], [key]");
    let request = server.requests().remove(0);
    assert!(request.contains(&format!("authorization: Basic {sent}")) && request.contains("key=q-canary"), "{request}");
}

#[tokio::test]
async fn a_key_that_a_model_repeats_is_neither_shown_nor_answered() {
    let (one, other) = KEY.split_at(5);
    let pieces = [format!("my key is {one}"), format!("{other} and {KEY}, can"), "dy".to_owned()];
    let framed = |body: String, piece: &String| body + "data: " + &json!({"text": piece}).to_string() + "\n\n";
    let body = pieces.iter().fold(String::new(), framed);
    let server = Server::start(vec![streams(&format!("{body}data: {{\"stop\": \"end\"}}\n\n"))]).await;
    let (answer, seen) = ask_patiently(&server).await;
    let said = "my key is [key] and [key], candy";
    assert_eq!((answer.unwrap().text.as_str(), seen.read().as_str()), (said, said));
    let whole = json!({"text": format!("it is {KEY}"), "stop": "end"}).to_string();
    let server = Server::start(vec![says(200, "content-type: application/json\r\n", &whole)]).await;
    assert_eq!(ask_patiently(&server).await.0.unwrap().text, "it is [key]");
}
