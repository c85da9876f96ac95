//! Limits of an endpoint, cancelling, and many streams at once.

use std::sync::Arc;

use flowai_core::machine::AskId;
use flowai_interp_live::{Models, Post};
use serde_json::json;
use tokio::runtime::Handle;

use crate::answers::GREETING;
use crate::asking::{Seen, ask, call, endpoint, models};
use crate::server::{Act, Server, head, streams};

async fn asked(models: &Arc<Models>, count: u64) -> Vec<Arc<Seen>> {
    let mut all = Vec::new();
    for turn in 0..count {
        let seen = Arc::new(Seen::default());
        let post: Arc<dyn Post> = seen.clone();
        models.ask(&Handle::current(), AskId::of_pair((0, turn)), &Arc::new(call("plain:m", json!({}))), post);
        all.push(seen);
    }
    for seen in &all {
        assert_eq!(seen.outcome().await.unwrap().text, "hello");
    }
    all
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_and_say_so() {
    let server = Server::start(vec![streams(GREETING)]).await;
    let mut narrow = endpoint("plain", &server.url());
    narrow.limits.max_concurrency = Some(2);
    let models = Arc::new(Models::new(vec![narrow]).unwrap());
    let seen = asked(&models, 6).await;
    let waited = seen.iter().filter(|seen| seen.lines() == ["waits for concurrency"]).count();
    assert_eq!((waited, server.requests().len()), (4, 6));
}

#[tokio::test]
async fn a_minute_that_is_used_up_makes_calls_wait() {
    for limit in ["requests_per_minute", "tokens_per_minute"] {
        let server = Server::start(vec![streams(GREETING)]).await;
        let mut narrow = endpoint("plain", &server.url());
        narrow.limits.requests_per_minute = (limit == "requests_per_minute").then_some(1);
        narrow.limits.tokens_per_minute = (limit == "tokens_per_minute").then_some(1);
        let models = Arc::new(Models::new(vec![narrow]).unwrap());
        asked(&models, 1).await;
        let (answer, seen) = ask(&models, call("plain:m", json!({"timeout_s": 0.1}))).await;
        assert_eq!(answer.unwrap_err().details()["timeout"], "total");
        assert_eq!((seen.lines(), server.requests().len()), (vec![format!("waits for {limit}")], 1));
    }
}

#[tokio::test]
async fn a_task_that_is_dropped_drops_its_connection() {
    let server =
        Server::start(vec![vec![Act::Send(head()), Act::Send(b"data: {\"text\": \"x\"}\n\n".to_vec()), Act::Stall]])
            .await;
    let (models, seen) = (models(&server), Arc::new(Seen::default()));
    let post: Arc<dyn Post> = seen.clone();
    let task = models.ask(&Handle::current(), AskId::of_pair((0, 1)), &Arc::new(call("plain:m", json!({}))), post);
    while seen.read().is_empty() {
        tokio::task::yield_now().await;
    }
    task.abort();
    while server.log.lock().unwrap().gone == 0 {
        tokio::task::yield_now().await;
    }
    assert!(task.is_finished() && seen.everything().starts_with(' '), "{}", seen.everything());
}

#[tokio::test]
async fn a_slot_is_free_again_when_its_task_is_dropped() {
    let server = Server::start(vec![vec![Act::Stall], streams(GREETING)]).await;
    let mut narrow = endpoint("plain", &server.url());
    narrow.limits.max_concurrency = Some(1);
    let models = Arc::new(Models::new(vec![narrow]).unwrap());
    let post: Arc<dyn Post> = Arc::new(Seen::default());
    let stuck = models.ask(&Handle::current(), AskId::of_pair((0, 1)), &Arc::new(call("plain:m", json!({}))), post);
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    stuck.abort();
    assert_eq!(ask(&models, call("plain:m", json!({}))).await.0.unwrap().text, "hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_streams_at_once_keep_their_order() {
    let numbers: String =
        (0..40).map(|number| format!("data: {{\"text\": \"{number} \"}}\n\n")).collect::<Vec<_>>().concat();
    let server = Server::start(vec![streams(&format!("{numbers}data: {{\"stop\": \"end\"}}\n\n"))]).await;
    let models = models(&server);
    let all: Vec<Arc<Seen>> = (0..500_u64)
        .map(|turn| {
            let seen = Arc::new(Seen::default());
            let post: Arc<dyn Post> = seen.clone();
            models.ask(&Handle::current(), AskId::of_pair((0, turn)), &Arc::new(call("plain:m", json!({}))), post);
            seen
        })
        .collect();
    let expected: String = (0..40).map(|number| format!("{number} ")).collect::<Vec<_>>().concat();
    for seen in all {
        assert_eq!(seen.outcome().await.unwrap().text, expected);
        let shown = seen.shown.lock().unwrap();
        assert!(
            shown
                .iter()
                .zip(0_u32..)
                .all(|((attempt, index, text), at)| (*attempt, *index) == (1, at) && *text == format!("{at} "))
        );
        assert_eq!(shown.len(), 40);
    }
}
