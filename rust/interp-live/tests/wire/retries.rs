//! Retries, fallbacks and repairs: what is tried again, how long after, and what is told.

use std::sync::Arc;

use flowai_core::effects::{CallModel, ModelAnswer};
use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{AskId, Dice};
use flowai_interp_live::{Models, Post};
use serde_json::{Value as Json, json};
use tokio::runtime::Handle;

use crate::answers::GREETING;
use crate::asking::{Seen, ask, ask_patiently, call, endpoint, models};
use crate::server::{Server, says, streams};

fn waits(seen: &Seen) -> Vec<i64> {
    let told = seen.told.lock().unwrap();
    let wait = |body: &EventBody| match body {
        EventBody::ModelRetried { wait_ms, .. } => Some(*wait_ms),
        _ => None,
    };
    told.iter().filter_map(wait).collect()
}

#[tokio::test]
async fn a_failed_attempt_is_told_and_its_tokens_count() {
    let broken = streams("data: {\"text\": \"hal\", \"tokens\": 2}\n\n");
    let server = Server::start(vec![broken, says(500, "", ""), streams(GREETING)]).await;
    let (answer, seen) = ask_patiently(&server).await;
    assert_eq!(answer.unwrap().usage.output_tokens, 5);
    assert_eq!(
        seen.lines(),
        ["attempt 2 of the same after StreamMalformed", "attempt 3 of the same after ServerFailed"]
    );
    let shown: Vec<(u32, u32, String)> = seen.shown.lock().unwrap().clone();
    let expected =
        [(1, 0, "hal"), (3, 0, "hel"), (3, 1, "lo")].map(|(attempt, at, text)| (attempt, at, text.to_owned()));
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn the_tokens_of_a_call_that_fails_are_told() {
    let server = Server::start(vec![streams("data: {\"text\": \"hal\", \"tokens\": 2}\n\n")]).await;
    let fault = ask_patiently(&server).await.0.unwrap_err();
    assert_eq!(
        (fault.details()["usage"]["output_tokens"].as_u64(), fault.details()["attempts"].as_u64()),
        (Some(6), Some(3))
    );
}

#[tokio::test]
async fn what_the_provider_asks_to_wait_is_waited() {
    let limited = |wait: &str| says(429, &format!("{wait}\r\n"), "slow down");
    let server =
        Server::start(vec![limited("retry-after-ms: 30"), limited("retry-after: 0.02"), streams(GREETING)]).await;
    let (answer, seen) = ask_patiently(&server).await;
    assert_eq!((answer.unwrap().text.as_str(), waits(&seen)), ("hello", vec![30, 20]));
    let server = Server::start(vec![limited("x: y"), limited("retry-after: soon"), streams(GREETING)]).await;
    let (_, seen) = ask_patiently(&server).await;
    assert!(waits(&seen).iter().all(|wait| (0..=4).contains(wait)), "{:?}", waits(&seen));
    let server = Server::start(vec![limited("retry-after: 3600")]).await;
    let fault = ask_patiently(&server).await.0.unwrap_err();
    assert_eq!((fault.kind(), server.requests().len()), (FaultKind::RateLimited, 1));
    assert_eq!(fault.details()["retry_after_ms"], 3_600_000);
}

#[tokio::test]
async fn a_provider_that_says_whether_to_try_again_is_heard() {
    let server = Server::start(vec![says(500, "x-should-retry: false\r\n", "")]).await;
    assert!(ask_patiently(&server).await.0.is_err());
    assert_eq!(server.requests().len(), 1);
    let server = Server::start(vec![says(409, "x-should-retry: true\r\n", ""), streams(GREETING)]).await;
    assert!(ask_patiently(&server).await.0.is_ok());
}

#[tokio::test]
async fn no_wait_is_begun_that_ends_after_the_call() {
    let server = Server::start(vec![says(503, "retry-after: 60\r\n", "full")]).await;
    let mut obedient = endpoint("plain", &server.url());
    obedient.retries.asked_max = std::time::Duration::from_secs(3_600);
    let models = Arc::new(Models::new(vec![obedient]).unwrap());
    let fault = ask(&models, call("plain:m", json!({}))).await.0.unwrap_err();
    assert_eq!((fault.kind(), server.requests().len()), (FaultKind::Overloaded, 1));
}

#[tokio::test]
async fn equal_dice_give_equal_waits() {
    let mut heard = Vec::new();
    for _ in 0..2 {
        let server = Server::start(vec![says(500, "", "")]).await;
        let mut slow = endpoint("plain", &server.url());
        slow.retries.cap = std::time::Duration::from_millis(30);
        slow.retries.base = slow.retries.cap;
        let models = Arc::new(Models::new(vec![slow]).unwrap().with_dice(Dice::new(7)));
        heard.push(waits(&ask(&models, call("plain:m", json!({}))).await.1));
    }
    assert_eq!(heard[0].len(), 2);
    assert_eq!(heard[0], heard[1]);
}

async fn fallen_back(status: u16) -> (Option<String>, Vec<String>) {
    let first = Server::start(vec![says(status, "", "no")]).await;
    let second = Server::start(vec![streams(GREETING)]).await;
    let endpoints = vec![endpoint("one", &first.url()), endpoint("two", &second.url())];
    let models = Arc::new(Models::new(endpoints).unwrap());
    let settings = json!({"fallback": ["two:b"], "max_retries": 0});
    let (answer, seen) = ask(&models, call("one:a", settings)).await;
    (answer.ok().map(|answer| answer.text), seen.lines())
}

#[tokio::test]
async fn another_model_is_asked_where_the_first_cannot_answer() {
    for (status, kind) in [(404, "ModelNotFound"), (413, "ContextTooLong"), (503, "Overloaded"), (429, "RateLimited")] {
        let told = vec![format!("attempt 2 of two:b after {kind}")];
        assert_eq!(fallen_back(status).await, (Some("hello".to_owned()), told));
    }
    for status in [400, 401, 403] {
        assert_eq!(fallen_back(status).await, (None, Vec::new()), "{status}");
    }
}

#[tokio::test]
async fn the_last_fault_names_the_model_that_gave_it() {
    let first = Server::start(vec![says(500, "", "no")]).await;
    let second = Server::start(vec![says(401, "", "who")]).await;
    let endpoints = vec![endpoint("one", &first.url()), endpoint("two", &second.url())];
    let models = Arc::new(Models::new(endpoints).unwrap());
    let fault = ask(&models, call("one:a", json!({"fallback": ["two:b"]}))).await.0.unwrap_err();
    assert_eq!((fault.details()["provider"].as_str(), fault.details()["model"].as_str()), (Some("two"), Some("b")));
    assert_eq!((fault.kind(), fault.details()["attempts"].as_u64()), (FaultKind::AuthenticationFailed, Some(4)));
}

#[tokio::test]
async fn a_call_that_ends_in_time_names_the_model_that_was_asked_last() {
    let first = Server::start(vec![says(500, "", "no")]).await;
    let second = Server::start(vec![vec![crate::server::Act::Stall]]).await;
    let endpoints = vec![endpoint("one", &first.url()), endpoint("two", &second.url())];
    let models = Arc::new(Models::new(endpoints).unwrap());
    let settings = json!({"fallback": ["two:b"], "timeout_s": 1.0, "max_retries": 0});
    let fault = ask(&models, call("one:a", settings)).await.0.unwrap_err();
    assert_eq!(
        (fault.details()["timeout"].as_str(), fault.details()["provider"].as_str()),
        (Some("total"), Some("two"))
    );
}

fn asking_for_units(whole: bool) -> CallModel {
    let schema: Json = json!({"type": "object", "required": ["units"]});
    CallModel { output: Some(Arc::new(schema)), whole, ..call("plain:m", json!({})) }
}

fn answering(text: &str) -> Vec<crate::server::Act> {
    streams(&format!("data: {}\n\n", json!({"text": text, "tokens": 1, "stop": "end"})))
}

#[tokio::test]
async fn an_output_that_does_not_fit_is_sent_back_for_repair() {
    let server =
        Server::start(vec![answering("about three"), answering(r#"{"unit": 3}"#), answering(r#"{"units": 3}"#)]).await;
    let (answer, seen) = ask(&models(&server), asking_for_units(false)).await;
    let answer = answer.unwrap();
    assert_eq!((answer.output, answer.usage.output_tokens), (Some(json!({"units": 3})), 3));
    assert_eq!(
        seen.lines(),
        ["attempt 2 of the same after OutputInvalid", "attempt 3 of the same after OutputInvalid"]
    );
    let last = server.requests().remove(2);
    assert!(
        last.contains("about three") && last.contains(r#"\"units\\\" is a required property"#)
            || last.contains("is a required property"),
        "{last}"
    );
    assert_eq!(seen.read(), r#"{"units": 3}"#);
}

#[tokio::test]
async fn repairs_end() {
    let server = Server::start(vec![answering(r#"{"unit": 3}"#)]).await;
    let fault = ask(&models(&server), asking_for_units(false)).await.0.unwrap_err();
    assert_eq!((fault.kind(), server.requests().len()), (FaultKind::OutputInvalid, 3));
    assert_eq!(fault.details()["partial"], r#"{"unit":3}"#);
}

#[tokio::test]
async fn an_agent_repairs_its_output_itself() {
    let server = Server::start(vec![answering(r#"{"unit": 3}"#)]).await;
    let (answer, seen) = ask(&models(&server), asking_for_units(true)).await;
    assert_eq!((answer.unwrap().output, server.requests().len()), (Some(json!({"unit": 3})), 1));
    assert!(seen.lines().is_empty());
}

#[tokio::test]
async fn a_schema_that_is_none_is_refused_before_anyone_is_asked() {
    let server = Server::start(vec![answering("{}")]).await;
    let asked = CallModel { output: Some(Arc::new(json!({"type": "no such"}))), ..call("plain:m", json!({})) };
    assert_eq!(ask(&models(&server), asked).await.0.unwrap_err().kind(), FaultKind::SpecError);
    assert!(server.requests().is_empty());
}

/// Asks with a budget of so many tokens for all answers of the call.
async fn ask_within(server: &Server, allowed: u64, asked: CallModel) -> (Result<ModelAnswer, Fault>, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let post: Arc<dyn Post> = seen.clone();
    models(server).ask_within(&Handle::current(), AskId::of_pair((0, 1)), &Arc::new(asked), Some(allowed), post);
    (seen.outcome().await, seen)
}

#[tokio::test]
async fn repairs_retries_and_continuations_end_with_the_budget_of_their_call() {
    let misfit = format!("data: {}\n\n", json!({"text": "{\"unit\": 3}", "tokens": 6, "stop": "end"}));
    let server = Server::start(vec![streams(&misfit)]).await;
    let fault = ask_within(&server, 10, asking_for_units(false)).await.0.unwrap_err();
    assert_eq!((fault.kind(), server.requests().len()), (FaultKind::OutputInvalid, 2));
    let broken = Server::start(vec![streams("data: {\"text\": \"hal\", \"tokens\": 6}\n\n")]).await;
    let fault = ask_within(&broken, 6, call("plain:m", json!({"fallback": ["plain:n"]}))).await.0.unwrap_err();
    assert_eq!((fault.kind(), broken.requests().len()), (FaultKind::StreamMalformed, 1));
    let pause = "data: {\"text\": \"hel\", \"tokens\": 6, \"stop\": \"pause\"}\n\n";
    let paused = Server::start(vec![streams(pause)]).await;
    let fault = ask_within(&paused, 10, call("plain:m", json!({}))).await.0.unwrap_err();
    assert_eq!((fault.kind(), paused.requests().len()), (FaultKind::AnswerTruncated, 2));
    let most: Vec<bool> =
        paused.requests().iter().zip([10, 4]).map(|(sent, most)| sent.contains(&format!(r#""most":{most}"#))).collect();
    assert_eq!(most, [true, true], "{:?}", paused.requests());
}

#[tokio::test]
async fn both_forms_of_retry_after_are_honoured() {
    // A moment that is over is no wait, whatever the clock of this machine says.
    let past = says(429, "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "slow down");
    let server = Server::start(vec![past, streams(GREETING)]).await;
    let (answer, seen) = ask_patiently(&server).await;
    assert!(answer.is_ok() && waits(&seen).iter().all(|wait| *wait <= 4), "{:?}", waits(&seen));
    let far = says(429, "retry-after: Fri, 31 Dec 9998 23:59:59 GMT\r\n", "slow down");
    let server = Server::start(vec![far]).await;
    let fault = ask_patiently(&server).await.0.unwrap_err();
    assert_eq!((fault.kind(), server.requests().len()), (FaultKind::RateLimited, 1));
    assert!(fault.details()["retry_after_ms"].as_u64().is_some_and(|wait| wait > 1_000_000_000));
}
