//! Memory: however much a server sends, the peak of this process hardly grows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test may panic")]
#![allow(dead_code, reason = "these modules are of the tests of the wire")]

#[path = "../wire/asking.rs"]
mod asking;
#[path = "../wire/plain.rs"]
mod plain;
#[path = "../wire/server.rs"]
mod server;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::providers::Provider;
use flowai_interp_live::providers::anthropic::Anthropic;
use flowai_interp_live::providers::chat::{Chat, Flavour};
use flowai_interp_live::providers::gemini::Gemini;
use flowai_interp_live::providers::responses::Responses;
use serde_json::json;

use asking::{ask, call, endpoint};
use plain::Plain;
use server::{Act, Server, head, streams};

const GROWTH_KIB_MAX: usize = 32 * 1024;

/// Counts what is allocated, so that the peak does not depend on what an allocator keeps.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(bytes: usize) {
    let held = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

#[allow(unsafe_code, reason = "an allocator cannot be written without; it only counts and passes on")]
// SAFETY: each call is passed on to the allocator of the system as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // While it moves, both may be there.
        grown(size);
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How much the peak grew since it was set back.
struct Peak(usize);

impl Peak {
    /// Sets the peak back to what is in use now.
    fn begin() -> Self {
        let held = HELD.load(Ordering::Relaxed);
        PEAK.store(held, Ordering::Relaxed);
        Self(held)
    }

    fn growth_kib(&self) -> usize {
        PEAK.load(Ordering::Relaxed).saturating_sub(self.0) / 1024
    }
}

async fn flooded(provider: Arc<dyn Provider>, script: Vec<Act>, seconds: f64) -> Result<(), Fault> {
    let server = Server::start(vec![script]).await;
    let mut patient = endpoint("plain", &server.url());
    patient.timeouts = flowai_interp_live::endpoint::Timeouts::default();
    patient.provider = provider;
    let models = Arc::new(flowai_interp_live::Models::new(vec![patient]).unwrap());
    let asked = call("plain:m", json!({"timeout_s": seconds, "max_retries": 0}));
    ask(&models, asked).await.0.map(drop)
}

#[tokio::test]
async fn floods_end_in_a_typed_error_and_in_little_memory() {
    let greeting = streams("data: {\"text\": \"hello\", \"stop\": \"end\"}\n\n");
    let server = Server::start(vec![greeting]).await;
    asking::ask_once(&server).await.0.unwrap();
    for flood in floods() {
        let Flood { name, provider, script, kind } = flood;
        // Comments flow until the time of the call is over; everything else ends by its size.
        let seconds = if kind == FaultKind::ModelTimedOut { 0.3 } else { 25.0 };
        let peak = Peak::begin();
        let fault = flooded(provider, script, seconds).await.expect_err(name);
        let growth = peak.growth_kib();
        println!("{name}: {growth} KiB more");
        assert_eq!(fault.kind(), kind, "{name}: {fault}");
        assert!(growth <= GROWTH_KIB_MAX, "{name}: the peak grew by {growth} KiB");
    }
}

struct Flood {
    name: &'static str,
    provider: Arc<dyn Provider>,
    script: Vec<Act>,
    kind: FaultKind,
}

fn flood(name: &'static str, provider: impl Provider + 'static, start: &str, again: &str) -> Flood {
    let script = vec![Act::Send(head()), Act::Send(start.as_bytes().to_vec()), Act::Flood(again.as_bytes().to_vec())];
    Flood { name, provider: Arc::new(provider), script, kind: FaultKind::StreamMalformed }
}

/// An answer that comes whole, and ends.
fn whole(name: &'static str, provider: impl Provider + 'static, body: String) -> Flood {
    let head = format!("HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let script = vec![Act::Send(head.into_bytes()), Act::Send(body.into_bytes())];
    Flood { name, provider: Arc::new(provider), script, kind: FaultKind::StreamMalformed }
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn floods() -> Vec<Flood> {
    let letters = "x".repeat(32 * 1024);
    let json_head = b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\n\r\n{\"text\": \"".to_vec();
    let mut all = vec![
        flood("comments", Plain, "", &format!(": {}\n\n", "x".repeat(4096))),
        flood("one line", Plain, "", &format!("data: {letters}")),
        flood("one event", Plain, "", &format!("data: {letters}\n")),
        flood("one event of broken letters", Plain, "data: ", ""),
        flood("one whole answer", Plain, "", ""),
        flood("an error", Plain, "", ""),
    ];
    all[0].kind = FaultKind::ModelTimedOut;
    all[3].script = vec![Act::Send(head()), Act::Send(b"data: ".to_vec()), Act::Flood(vec![0xff; 32 * 1024])];
    all[4].script = vec![Act::Send(json_head), Act::Flood(letters.clone().into_bytes())];
    all[5].script = vec![Act::Send(b"HTTP/1.1 500 X\r\n\r\n".to_vec()), Act::Flood(letters.clone().into_bytes())];
    all[5].kind = FaultKind::ServerFailed;
    all.extend(of_anthropic(&letters));
    all.extend(of_chat(&letters));
    all.extend(of_gemini(&letters));
    all.extend(of_responses(&letters));
    all.push(flood("text", Plain, "", &event(&json!({"text": letters}).to_string())));
    all
}

/// A list of numbers, which takes many times more memory than letters.
fn numbers(bytes: usize) -> String {
    format!("[{}0]", "0,".repeat(bytes / 2))
}

fn of_anthropic(letters: &str) -> Vec<Flood> {
    let start = event(r#"{"type":"message_start","message":{"content":[],"usage":{"input_tokens":1}}}"#);
    let block = |index: u64, kind: &str, rest: &str| {
        event(&format!(r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"{kind}"{rest}}}}}"#))
    };
    let stop = |index: u64| event(&format!(r#"{{"type":"content_block_stop","index":{index}}}"#));
    let delta = |delta: &str| event(&format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#));
    let call = block(0, "tool_use", r#","id":"a","name":"f","input":{}"#);
    let dense = format!(r#","more":{}"#, numbers(60_000));
    let arguments = delta(&json!({"type": "input_json_delta", "partial_json": letters}).to_string());
    let end = format!(
        "{}{}",
        event(r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#),
        event(r#"{"type":"message_stop"}"#)
    );
    let turns = [
        block(0, "text", ""),
        delta(r#"{"type":"text_delta","text":"a"}"#),
        stop(0),
        block(0, "thinking", ""),
        delta(r#"{"type":"thinking_delta","thinking":"b"}"#),
        stop(0),
    ];
    let dense_arguments = delta(&json!({"type": "input_json_delta", "partial_json": numbers(7 << 20)}).to_string());
    let mut read_at_the_end = flood("arguments of many values", Anthropic, "", "");
    read_at_the_end.script = vec![
        Act::Send(head()),
        Act::Send(format!("{start}{call}{dense_arguments}{}{end}", stop(0)).into_bytes()),
        Act::Close,
    ];
    vec![
        flood("arguments", Anthropic, &format!("{start}{call}"), &arguments),
        flood(
            "signatures",
            Anthropic,
            &format!("{start}{}", block(0, "thinking", "")),
            &delta(&json!({"type": "signature_delta", "signature": letters}).to_string()),
        ),
        flood("blocks", Anthropic, &start, &(block(0, "text", "") + &stop(0)).repeat(64)),
        flood("blocks of many values", Anthropic, &start, &(block(0, "new", &dense) + &stop(0))),
        flood("turns from words to thinking", Anthropic, &start, &turns.concat().repeat(16)),
        whole(
            "a whole answer of many values",
            Anthropic,
            format!(r#"{{"content":[{{"type":"new","more":{}}}]}}"#, numbers(7 << 20)),
        ),
        flood(
            "one event of many values",
            Anthropic,
            &start,
            &block(0, "new", &format!(r#","more":{}"#, numbers(7 << 20))),
        ),
    ]
}

fn of_chat(letters: &str) -> Vec<Flood> {
    let chat = || Chat(Flavour::OpenRouter);
    let chunk = |delta: serde_json::Value| event(&json!({"choices": [{"index": 0, "delta": delta}]}).to_string());
    let dense: serde_json::Value = serde_json::from_str(&numbers(60_000)).unwrap();
    let call = |index: u64, arguments: &str| json!({"tool_calls": [{"index": index, "id": "a", "function": {"name": "f", "arguments": arguments}}]});
    let doubles =
        chunk(json!({"tool_calls": [{"id": "a", "function": {"name": "f"}}, {"id": "b", "function": {"name": "f"}}]}));
    vec![
        flood("arguments of a chat", chat(), "", &chunk(call(0, letters))),
        flood("calls without end", chat(), "", &doubles.repeat(64)),
        flood(
            "details of thinking",
            chat(),
            "",
            &chunk(json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": letters}]})),
        ),
        flood(
            "details of many values",
            chat(),
            "",
            &chunk(json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": dense}]})),
        ),
        flood("annotations", chat(), "", &chunk(json!({"annotations": [{"url": letters}]}))),
        flood("refusals", chat(), "", &chunk(json!({"refusal": letters}))),
        flood("pictures", chat(), "", &chunk(json!({"images": [{"image_url": {"url": letters}}]}))),
        whole("a whole chat of many values", chat(), format!(r#"{{"choices":[],"more":{}}}"#, numbers(7 << 20))),
    ]
}

fn of_gemini(letters: &str) -> Vec<Flood> {
    let parts = |parts: serde_json::Value| event(&json!({"candidates": [{"content": {"parts": parts}}]}).to_string());
    let dense: serde_json::Value = serde_json::from_str(&numbers(60_000)).unwrap();
    vec![
        flood("calls of Gemini", Gemini, "", &parts(json!([{"functionCall": {"name": "f", "args": {"a": letters}}}]))),
        flood(
            "arguments in pieces",
            Gemini,
            &parts(json!([{"functionCall": {"name": "f", "willContinue": true}}])),
            &parts(
                json!([{"functionCall": {"willContinue": true, "partialArgs": [{"jsonPath": "$.a", "stringValue": letters}]}}]),
            ),
        ),
        flood("parts of many values", Gemini, "", &parts(json!([{"new": dense}]))),
        flood("small parts", Gemini, "", &parts(json!(vec![json!({"new": 1}); 64]))),
        flood(
            "pictures of Gemini",
            Gemini,
            "",
            &parts(json!([{"inlineData": {"mimeType": "image/png", "data": letters}}])),
        ),
    ]
}

fn of_responses(letters: &str) -> Vec<Flood> {
    let item = |index: usize, item: serde_json::Value| {
        event(&json!({"type": "response.output_item.done", "output_index": index, "item": item}).to_string())
    };
    let dense: serde_json::Value = serde_json::from_str(&numbers(60_000)).unwrap();
    let many = |item_of: &serde_json::Value| (0..512).map(|index| item(index, item_of.clone())).collect::<String>();
    vec![
        flood("items", Responses, "", &many(&json!({"type": "function_call", "arguments": letters}))),
        flood("items of many values", Responses, "", &many(&json!({"type": "new", "more": dense}))),
        whole(
            "a whole response of many values",
            Responses,
            format!(r#"{{"status":"completed","output":[{{"more":{}}}]}}"#, numbers(7 << 20)),
        ),
    ]
}
