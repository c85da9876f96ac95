//! Connections that break at every place, and servers that never end.

use flowai_core::fault::FaultKind;

use crate::answers::GREETING;
use crate::asking::{ask_once, ask_patiently};
use crate::server::{Act, Server, head, says, streams};

/// Where the last event of the greeting is complete but for its line ends.
fn said_all(body: &str) -> bool {
    body.len() + 2 >= GREETING.len()
}

#[tokio::test]
async fn a_stream_cut_at_every_byte_is_never_half_an_answer() {
    for at in 0..=GREETING.len() {
        let body = &GREETING[..at];
        let answer = ask_once(&Server::start(vec![streams(body)]).await).await.0;
        match answer {
            Ok(answer) => assert!(said_all(body) && answer.text == "hello", "cut at {at}: {answer:?}"),
            Err(fault) => {
                assert!(!said_all(body) && fault.kind() == FaultKind::StreamMalformed, "cut at {at}: {fault}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_shorter_than_it_said_is_a_broken_connection() {
    for at in [0, 5, 30, GREETING.len() - 3] {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1000\r\n\r\n";
        let script = vec![Act::Send(format!("{head}{}", &GREETING[..at]).into_bytes()), Act::Close];
        let fault = ask_once(&Server::start(vec![script]).await).await.0.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::ConnectionFailed, "cut at {at}: {fault}");
    }
}

#[tokio::test]
async fn a_reset_at_every_event_is_tried_again_and_the_reader_sees_one_answer() {
    let events: Vec<&str> = GREETING.split_inclusive("\n\n").collect();
    for count in 0..=events.len() {
        let mut script = vec![Act::Send(head())];
        script.extend(events.iter().take(count).map(|event| Act::Send((*event).into())));
        script.push(Act::Reset);
        let server = Server::start(vec![script, streams(GREETING)]).await;
        let (answer, seen) = ask_patiently(&server).await;
        assert_eq!((answer.unwrap().text.as_str(), seen.read().as_str()), ("hello", "hello"), "reset after {count}");
    }
}

#[tokio::test]
async fn a_reset_before_the_head_is_a_broken_connection() {
    for script in [vec![Act::Reset], vec![Act::Close], vec![Act::Send(b"HTTP/1.1 200".to_vec()), Act::Reset]] {
        let fault = ask_once(&Server::start(vec![script]).await).await.0.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::ConnectionFailed, "{fault}");
    }
}

#[tokio::test]
async fn a_whole_answer_without_end_is_refused() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"text\": \"".to_vec();
    let script = vec![Act::Send(head), Act::Flood(vec![b'x'; 1 << 16])];
    let fault = ask_once(&Server::start(vec![script]).await).await.0.unwrap_err();
    assert!(fault.kind() == FaultKind::StreamMalformed && fault.message().contains("too large"), "{fault}");
}

#[tokio::test]
async fn a_redirect_takes_the_key_nowhere_else() {
    let other = Server::start(vec![streams(GREETING)]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}/v1/say?token=x\r\n", other.url());
        let server = Server::start(vec![says(status, &location, "")]).await;
        let fault = ask_patiently(&server).await.0.unwrap_err();
        assert!(fault.kind() == FaultKind::RequestInvalid && fault.message().contains(&other.url()), "{fault}");
        assert!(!fault.message().contains("token"));
        assert_eq!(server.requests().len(), 1);
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_at_home_is_followed_with_the_request() {
    let server = Server::start(vec![says(307, "location: /v1/say/\r\n", ""), streams(GREETING)]).await;
    assert_eq!(ask_once(&server).await.0.unwrap().text, "hello");
    assert!(server.requests()[1].starts_with("POST /v1/say/ HTTP/1.1") && server.requests()[1].contains("said"));
    let round = Server::start(vec![says(308, "location: /v1/say\r\n", "")]).await;
    assert_eq!(ask_once(&round).await.0.unwrap_err().kind(), FaultKind::RequestInvalid);
    assert!(round.requests().len() <= 4);
}
