//! Each way in which a server can fail ends in its typed error.

use std::sync::Arc;
use std::time::Duration;

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::providers::{Ending, Listener, Provider, Request};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::OutputMode;
use flowai_interp_live::{Endpoint, Models};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use crate::asking::{ask, ask_once, ask_patiently, call, endpoint, models};
use crate::plain::Plain;
use crate::server::{Act, Server, head, response, says, streams};

async fn fault_of(script: Vec<Act>) -> Fault {
    ask_once(&Server::start(vec![script]).await).await.0.unwrap_err()
}

#[tokio::test]
async fn every_status_has_its_kind_and_only_what_may_pass_is_tried_again() {
    let rows = [
        (400, FaultKind::RequestInvalid, 1),
        (401, FaultKind::AuthenticationFailed, 1),
        (403, FaultKind::PermissionDenied, 1),
        (404, FaultKind::ModelNotFound, 1),
        (408, FaultKind::ModelTimedOut, 3),
        (413, FaultKind::ContextTooLong, 1),
        (422, FaultKind::RequestInvalid, 1),
        (429, FaultKind::RateLimited, 3),
        (500, FaultKind::ServerFailed, 3),
        (501, FaultKind::ServerFailed, 3),
        (502, FaultKind::ServerFailed, 3),
        (503, FaultKind::Overloaded, 3),
        (504, FaultKind::ModelTimedOut, 3),
        (529, FaultKind::Overloaded, 3),
    ];
    for (status, kind, attempts) in rows {
        let server =
            Server::start(vec![says(status, "x-request-id: r-1\r\n", r#"{"error": "no", "code": "c"}"#)]).await;
        let (answer, seen) = ask_patiently(&server).await;
        let fault = answer.unwrap_err();
        assert_eq!((fault.kind(), server.requests().len()), (kind, attempts), "{status}");
        let expected = json!({
            "provider": "plain", "model": "m", "status": status, "code": "c", "request_id": "r-1", "attempts": attempts,
        });
        assert_eq!(fault.details(), &expected);
        assert_eq!((fault.message(), seen.lines().len()), ("no", attempts - 1));
    }
}

#[tokio::test]
async fn a_refused_connection_is_told_and_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let models = Arc::new(Models::new(vec![endpoint("plain", &url)]).unwrap());
    let (answer, seen) = ask(&models, call("plain:m", json!({}))).await;
    let fault = answer.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::ConnectionFailed);
    assert!(fault.message().contains("127.0.0.1") && fault.message().contains("refused"), "{fault}");
    let again = ["attempt 2 of the same after ConnectionFailed", "attempt 3 of the same after ConnectionFailed"];
    assert_eq!(seen.lines(), again);
}

/// Asks once with one short wait.
async fn hasty_fault_of(script: Vec<Act>, phase: &str) -> Fault {
    let server = Server::start(vec![script]).await;
    let mut hasty = endpoint("plain", &server.url());
    let wait = if phase == "first_byte" { &mut hasty.timeouts.first_byte } else { &mut hasty.timeouts.between_bytes };
    *wait = Duration::from_millis(40);
    let models = Arc::new(Models::new(vec![hasty]).unwrap());
    ask(&models, call("plain:m", json!({"max_retries": 0}))).await.0.unwrap_err()
}

#[tokio::test]
async fn waits_end_and_say_which_they_were() {
    let begun = vec![Act::Send(head()), Act::Send(b"data: {\"text\": \"half\"}\n\n".to_vec()), Act::Stall];
    let rows = [
        (vec![Act::Stall], "first_byte"),
        (vec![Act::Send(head()), Act::Stall], "first_byte"),
        (begun, "between_bytes"),
    ];
    for (script, phase) in rows {
        let fault = hasty_fault_of(script, phase).await;
        assert_eq!((fault.kind(), fault.details()["timeout"].as_str()), (FaultKind::ModelTimedOut, Some(phase)));
        let partial = (phase == "between_bytes").then_some("half");
        assert_eq!(fault.details()["partial"].as_str(), partial);
    }
}

#[tokio::test]
async fn the_whole_call_has_an_end_whatever_the_server_sends() {
    for script in [vec![Act::Stall], vec![Act::Send(head()), Act::Flood(b": ping\n\n".repeat(64))]] {
        let server = Server::start(vec![script]).await;
        let fault = ask(&models(&server), call("plain:m", json!({"timeout_s": 0.1}))).await.0.unwrap_err();
        assert_eq!((fault.kind(), fault.details()["timeout"].as_str()), (FaultKind::ModelTimedOut, Some("total")));
        assert!(server.requests().len() <= 1);
    }
    let server = Server::start(vec![says(200, "", "{}")]).await;
    for wrong in [0.0, -1.0, 1e300] {
        let fault = ask(&models(&server), call("plain:m", json!({"timeout_s": wrong}))).await.0.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::SpecError);
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_its_error() {
    let script = streams("data: {\"text\": \"half\"}\n\ndata: {\"error\": \"full\"}\n\n");
    let fault = fault_of(script).await;
    assert_eq!((fault.kind(), fault.message()), (FaultKind::Overloaded, "full"));
    assert_eq!((fault.details()["partial"].as_str(), fault.details()["status"].as_u64()), (Some("half"), Some(200)));
    assert_eq!(
        fault_of(says(200, "content-type: application/json\r\n", r#"{"error": "full"}"#)).await.kind(),
        FaultKind::Overloaded
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_malformed() {
    let bodies =
        ["data: {\"text\": \n\n", "data: <html>\n\n", "data: {\"text\": \"\u{0}\n\n", "data: [1\n\ndata: 2]\n\n"];
    for body in bodies {
        assert_eq!(fault_of(streams(body)).await.kind(), FaultKind::StreamMalformed, "{body:?}");
    }
    let encoded = says(200, "content-encoding: gzip\r\ncontent-type: text/event-stream\r\n", "\u{1f}x");
    let fault = fault_of(encoded).await;
    assert!(fault.kind() == FaultKind::StreamMalformed && fault.message().contains("gzip"), "{fault}");
    assert_eq!(
        fault_of(vec![Act::Send(b"SSH-2.0-x\r\n".to_vec()), Act::Close]).await.kind(),
        FaultKind::ConnectionFailed
    );
}

#[tokio::test]
async fn error_bodies_of_every_form_stay_readable() {
    let html = fault_of(says(502, "content-type: text/html\r\n", "<h1>Bad Gateway</h1>")).await;
    assert!(html.kind() == FaultKind::ServerFailed && html.message().contains("Bad Gateway"), "{html}");
    assert_eq!(fault_of(says(500, "", "")).await.kind(), FaultKind::ServerFailed);
    let latin =
        vec![Act::Send([response(500, "content-type: text/plain\r\n", ""), vec![0xe9; 4]].concat()), Act::Close];
    assert_eq!(fault_of(latin).await.kind(), FaultKind::ServerFailed);
    let endless = vec![Act::Send(b"HTTP/1.1 500 X\r\n\r\n".to_vec()), Act::Flood(vec![b'x'; 4096])];
    let fault = fault_of(endless).await;
    assert!(fault.kind() == FaultKind::ServerFailed && fault.message().len() <= 4096);
    let stuck = vec![Act::Send(b"HTTP/1.1 401 X\r\n\r\nwrong key".to_vec()), Act::Stall];
    let fault = hasty_fault_of(stuck, "between_bytes").await;
    assert_eq!((fault.kind(), fault.message()), (FaultKind::AuthenticationFailed, "wrong key"));
}

#[tokio::test]
async fn names_and_settings_that_are_wrong_are_refused_before_anyone_is_asked() {
    let server = Server::start(vec![says(200, "", "{}")]).await;
    let wrong = [
        call("plian:m", json!({})),
        call("nobody", json!({})),
        call("plain:m", json!({"fallback": ["plian:m"]})),
        call("plain:m", json!({"temprature": 1})),
    ];
    for call in wrong {
        let fault = ask(&models(&server), call).await.0.unwrap_err();
        assert!(fault.kind() == FaultKind::SpecError && fault.advice().is_some(), "{fault}");
    }
    assert!(server.requests().is_empty());
}

struct Broken;

impl Provider for Broken {
    fn request(&self, _: &Question) -> Result<Request, Fault> {
        panic!("a fault of the harness")
    }
    fn api(&self) -> &'static str {
        Plain.api()
    }
    fn authorize(&self, key: &str) -> (&'static str, String) {
        Plain.authorize(key)
    }
    fn listen(&self) -> Box<dyn Listener> {
        Plain.listen()
    }
    fn read(&self, body: &Json) -> Result<ModelAnswer, Fault> {
        Plain.read(body)
    }
    fn ending(&self, answer: &ModelAnswer) -> Ending {
        Plain.ending(answer)
    }
    fn fault(&self, status: u16, body: &str) -> Fault {
        Plain.fault(status, body)
    }
    fn output_mode(&self, model: &str) -> OutputMode {
        Plain.output_mode(model)
    }
}

#[tokio::test]
async fn a_panic_of_ours_is_an_answer_too() {
    let models = Arc::new(Models::new(vec![Endpoint::new("plain", Arc::new(Broken), "http://127.0.0.1:1")]).unwrap());
    assert_eq!(ask(&models, call("plain:m", json!({}))).await.0.unwrap_err().kind(), FaultKind::ModelFailed);
}
