//! Recorded exchanges of real providers, replayed by a server: the wire adds and loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]
#![allow(dead_code, reason = "these modules are of other tests too")]

#[path = "../wire/asking.rs"]
mod asking;
mod cuts;
#[path = "../wire/plain.rs"]
mod plain;
#[path = "../wire/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::providers::anthropic::Anthropic;
use flowai_interp_live::providers::chat::{Chat, Flavour};
use flowai_interp_live::providers::gemini::Gemini;
use flowai_interp_live::providers::responses::Responses;
use flowai_interp_live::providers::{Ending, Piece, Provider};
use flowai_interp_live::{Models, json};
use serde_json::{Value as Json, json};

use asking::{ask, call, endpoint};
use server::{Act, Server};
use support::{Exchange, cut, exchanges, heard};

/// The recordings of each API that has a provider's file.
pub(crate) fn recordings() -> Vec<(&'static str, Arc<dyn Provider>)> {
    let chat = |flavour| -> Arc<dyn Provider> { Arc::new(Chat(flavour)) };
    vec![
        ("anthropic.messages", Arc::new(Anthropic)),
        ("google.generateContent", Arc::new(Gemini)),
        ("openai.responses", Arc::new(Responses)),
        ("azure-openai.responses", Arc::new(Responses)),
        ("openai.chat.completions", chat(Flavour::OpenAi)),
        ("azure-openai.chat.completions", chat(Flavour::Azure)),
        ("deepseek.chat.completions", chat(Flavour::DeepSeek)),
        ("groq.chat.completions", chat(Flavour::Groq)),
        ("llamacpp.chat.completions", chat(Flavour::LlamaCpp)),
        ("mistral.chat.completions", chat(Flavour::Mistral)),
        ("openrouter.chat.completions", chat(Flavour::OpenRouter)),
        ("google.generateContent(vertex)", Arc::new(Gemini)),
        ("openai-compatible.chat.completions", chat(Flavour::Compatible)),
    ]
}

/// What a provider's file alone makes of an exchange.
fn expected(provider: &dyn Provider, exchange: &Exchange) -> Result<ModelAnswer, FaultKind> {
    let body = exchange.body();
    let read = if exchange.status() != 200 {
        Err(provider.fault(exchange.status(), &body))
    } else if exchange.is_stream() {
        heard(provider, &[body.as_bytes()]).map(|(answer, _)| answer)
    } else {
        json::read::<Json>(&body).and_then(|body| provider.read(&body))
    };
    let answer = read.map_err(|fault| fault.kind())?;
    match provider.ending(&answer) {
        Ending::Whole => Ok(answer),
        Ending::Truncated => Err(FaultKind::AnswerTruncated),
        Ending::Refused => Err(FaultKind::ContentRefused),
        Ending::Paused => Err(FaultKind::ModelFailed),
    }
}

/// The exchange as a server sends it, a stream in pieces cut at random.
fn script(exchange: &Exchange, seed: u64) -> Vec<Act> {
    let body = exchange.body();
    let kind = if exchange.is_stream() && exchange.status() == 200 { "text/event-stream" } else { "application/json" };
    let head = format!("HTTP/1.1 {} X\r\ncontent-type: {kind}\r\n\r\n", exchange.status());
    let pieces = cut(body.as_bytes(), seed).into_iter().map(|piece| Act::Send(piece.to_vec()));
    std::iter::once(Act::Send(head.into_bytes())).chain(pieces).chain([Act::Close]).collect()
}

async fn asked(provider: &Arc<dyn Provider>, exchange: &Exchange, seed: u64) -> (Result<ModelAnswer, Fault>, String) {
    let server = Server::start(vec![script(exchange, seed)]).await;
    let mut patient = endpoint("replayed", &server.url());
    patient.provider = Arc::clone(provider);
    patient.timeouts = flowai_interp_live::endpoint::Timeouts::default();
    let models = Arc::new(Models::new(vec![patient]).unwrap());
    let settings = json!({"max_retries": 0, "stream": exchange.is_stream()});
    let (answer, shown) = ask(&models, call("replayed:m", settings)).await;
    (answer, shown.read())
}

#[tokio::test]
async fn every_exchange_comes_over_the_wire_as_its_provider_reads_it() {
    for (name, provider) in recordings() {
        let (mut answers, mut faults) = (0, 0);
        for (exchange, seed) in exchanges(name).iter().zip(1..) {
            let (answer, shown) = asked(&provider, exchange, seed).await;
            match (answer, expected(&*provider, exchange)) {
                (Ok(answer), Ok(expected)) => {
                    assert_eq!(answer, expected, "{name} {}", exchange.id());
                    if exchange.is_stream() {
                        assert_eq!(shown, said(&*provider, exchange), "{name} {}", exchange.id());
                    }
                    answers += 1;
                }
                (Err(fault), Err(kind)) => {
                    assert_eq!(fault.kind(), kind, "{name} {}: {fault}", exchange.id());
                    assert_eq!(fault.details()["provider"], "replayed");
                    faults += 1;
                }
                (answer, expected) => panic!("{name} {}: {answer:?} instead of {expected:?}", exchange.id()),
            }
        }
        println!("{name}: {answers} answers and {faults} faults agree");
    }
}

/// Everything that a reader sees of a stream.
fn said(provider: &dyn Provider, exchange: &Exchange) -> String {
    let (_, pieces) = heard(provider, &[exchange.body().as_bytes()]).unwrap();
    let words = |piece: Piece| match piece {
        Piece::Text(text) | Piece::Thinking(text) => text,
    };
    pieces.into_iter().map(words).collect()
}
