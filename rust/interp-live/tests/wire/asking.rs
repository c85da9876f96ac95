//! Asking models, and seeing all that is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowai_core::effects::{CallModel, Message, ModelAnswer};
use flowai_core::events::EventBody;
use flowai_core::fault::Fault;
use flowai_core::machine::AskId;
use flowai_core::value::{Outcome, Value};
use flowai_interp_live::endpoint::{Retries, Timeouts};
use flowai_interp_live::providers::Piece;
use flowai_interp_live::{Endpoint, Models, Post};
use serde_json::{Value as Json, json};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::plain::Plain;
use crate::server::Server;

pub const KEY: &str = "canary-5f2e81";

/// Everything that came of one call.
#[derive(Default)]
pub struct Seen {
    /// Outcomes; there has to be one.
    outcomes: Mutex<Vec<Outcome>>,
    pub told: Mutex<Vec<EventBody>>,
    pub shown: Mutex<Vec<(u32, u32, String)>>,
    ended: Notify,
}

impl Post for Seen {
    fn answered(&self, _: AskId, outcome: Outcome) {
        self.outcomes.lock().unwrap().push(outcome);
        self.ended.notify_one();
    }

    fn told(&self, _: AskId, body: EventBody) {
        assert!(self.outcomes.lock().unwrap().is_empty(), "told after the answer");
        self.told.lock().unwrap().push(body);
    }

    fn shown(&self, _: AskId, attempt: u32, index: u32, piece: Piece) {
        let (Piece::Text(text) | Piece::Thinking(text)) = piece;
        self.shown.lock().unwrap().push((attempt, index, text));
    }
}

impl Seen {
    pub async fn outcome(&self) -> Result<ModelAnswer, Fault> {
        // A bound for a test that hangs; none waits for it.
        tokio::time::timeout(Duration::from_secs(30), self.ended.notified()).await.expect("an outcome");
        let outcomes = self.outcomes.lock().unwrap();
        assert_eq!(outcomes.len(), 1);
        outcomes[0].clone().map(|value| match value {
            Value::Model(answer) => ModelAnswer::clone(&answer),
            _ => panic!("no answer of a model"),
        })
    }

    /// What was told, short enough to compare.
    pub fn lines(&self) -> Vec<String> {
        let line = |body: &EventBody| match body {
            EventBody::ModelRetried { attempt, error, model, .. } => {
                format!("attempt {attempt} of {} after {}", model.as_deref().unwrap_or("the same"), error.kind)
            }
            EventBody::ModelDelayed { limit, .. } => format!("waits for {limit}"),
            other => format!("{other:?}"),
        };
        self.told.lock().unwrap().iter().map(line).collect()
    }

    /// What a reader shows who discards what an earlier attempt said.
    pub fn read(&self) -> String {
        let shown = self.shown.lock().unwrap();
        let newest = shown.iter().map(|(attempt, ..)| *attempt).max().unwrap_or(0);
        shown.iter().filter(|(attempt, ..)| *attempt == newest).map(|(.., text)| text.as_str()).collect()
    }

    /// Everything that could hold a secret.
    pub fn everything(&self) -> String {
        let outcome = self
            .outcomes
            .lock()
            .unwrap()
            .iter()
            .map(|outcome| match outcome {
                Ok(_) => String::new(),
                Err(fault) => format!("{fault} {fault:?} {:?} {}", fault.advice(), fault.details()),
            })
            .collect::<String>();
        format!("{outcome} {:?} {:?}", self.told.lock().unwrap(), self.shown.lock().unwrap())
    }
}

/// An endpoint that waits long and tries again soon, so that no busy machine fails a test.
pub fn endpoint(name: &str, url: &str) -> Endpoint {
    let mut endpoint = Endpoint::new(name, Arc::new(Plain), url).with_key(KEY);
    let long = Duration::from_secs(20);
    endpoint.timeouts = Timeouts { connect: long, first_byte: long, between_bytes: long, total: long };
    let (base, cap) = (Duration::from_millis(2), Duration::from_millis(4));
    endpoint.retries = Retries { count_max: 2, base, cap, asked_max: Duration::from_millis(100) };
    endpoint
}

pub fn models(server: &Server) -> Arc<Models> {
    Arc::new(Models::new(vec![endpoint("plain", &server.url())]).unwrap())
}

pub fn call(model: &str, settings: Json) -> CallModel {
    CallModel {
        model: model.into(),
        messages: [Message::user("hi")].into_iter().collect(),
        tools: Arc::new([]),
        output: None,
        settings: Arc::new(settings),
        whole: false,
    }
}

/// Asks and waits for the end.
pub async fn ask(models: &Arc<Models>, call: CallModel) -> (Result<ModelAnswer, Fault>, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let post: Arc<dyn Post> = seen.clone();
    models.ask(&Handle::current(), AskId::of_pair((0, 1)), &Arc::new(call), post);
    let outcome = seen.outcome().await;
    assert!(!seen.everything().contains(KEY), "the key is in {}", seen.everything());
    (outcome, seen)
}

/// Asks the plain model of a server once, without retries.
pub async fn ask_once(server: &Server) -> (Result<ModelAnswer, Fault>, Arc<Seen>) {
    ask(&models(server), call("plain:m", json!({"max_retries": 0}))).await
}

/// Asks the plain model of a server with its retries.
pub async fn ask_patiently(server: &Server) -> (Result<ModelAnswer, Fault>, Arc<Seen>) {
    ask(&models(server), call("plain:m", json!({}))).await
}
