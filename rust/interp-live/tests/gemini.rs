//! Gemini `generateContent` against every recorded exchange.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test may panic"
)]

mod support;

use flowai_core::effects::{Message, ModelAnswer};
use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::providers::gemini::Gemini;
use flowai_interp_live::providers::{Ending, Piece, Provider};
use flowai_interp_live::question::Question;
use flowai_interp_live::settings::Settings;
use serde_json::{Value as Json, json};
use support::{Exchange, cut, exchanges, heard};

/// Bodies of status 200 that differ from what the test works out, and why.
const DIFFERENT: &[(&str, &str)] = &[
    // `batchGenerateContent` answers with the name of a job, which is no answer of a model.
    ("google/generateContent/0009", "the answer ended before the provider said so"),
];

fn all() -> Vec<Exchange> {
    ["google.generateContent", "google.generateContent(vertex)"].into_iter().flat_map(exchanges).collect()
}

fn answered() -> Vec<Exchange> {
    all().into_iter().filter(|exchange| exchange.status() == 200).collect()
}

fn answer(exchange: &Exchange) -> Result<ModelAnswer, Fault> {
    let body = exchange.body();
    if exchange.is_stream() {
        return heard(&Gemini, &[body.as_bytes()]).map(|(answer, _)| answer);
    }
    Gemini.read(&serde_json::from_str(&body).unwrap())
}

/// The bodies that an exchange holds: one, or one for each event.
fn chunks(exchange: &Exchange) -> Vec<Json> {
    let body = exchange.body();
    if !exchange.is_stream() {
        return vec![serde_json::from_str(&body).unwrap()];
    }
    let data = body.split(['\r', '\n']).filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// The parts of an answer, worked out from its JSON alone.
fn parts(chunks: &[Json]) -> Vec<Json> {
    let candidates = chunks.iter().flat_map(|chunk| chunk["candidates"].as_array().into_iter().flatten());
    candidates.flat_map(|candidate| candidate["content"]["parts"].as_array().into_iter().flatten()).cloned().collect()
}

/// The calls of an answer; those that come in pieces are put together by an example's own simple means.
fn calls(parts: &[Json]) -> Vec<(String, Json)> {
    let mut calls: Vec<(String, Json)> = Vec::new();
    for call in parts.iter().filter_map(|part| part.get("functionCall")) {
        if let Some(name) = call["name"].as_str() {
            calls.push((name.to_owned(), call.get("args").cloned().unwrap_or_else(|| json!({}))));
        }
        for piece in call["partialArgs"].as_array().into_iter().flatten() {
            let (_, arguments) = calls.last_mut().unwrap();
            let path = piece["jsonPath"].as_str().unwrap().replace("$.", "").replace('[', ".").replace(']', "");
            let place = path.split('.').fold(arguments, |place, step| match step.parse::<usize>() {
                Ok(at) => {
                    let items = if place.is_null() { Vec::new() } else { place.as_array().unwrap().clone() };
                    *place = Json::Array(items);
                    let items = place.as_array_mut().unwrap();
                    if items.len() <= at {
                        items.resize(at + 1, Json::Null);
                    }
                    &mut items[at]
                }
                Err(_) => &mut place[step],
            });
            *place = json!(place.as_str().unwrap_or_default().to_owned() + piece["stringValue"].as_str().unwrap());
        }
    }
    calls
}

#[derive(Debug, PartialEq)]
struct Said {
    text: String,
    thinking: String,
    calls: Vec<(String, Json)>,
    stop: String,
    usage: [u64; 4],
    model: String,
}

fn expected(chunks: &[Json]) -> Said {
    let parts = parts(chunks);
    let words = |thought: bool| -> String {
        let texts = parts.iter().filter(|part| part["thought"].as_bool().unwrap_or(false) == thought);
        texts.filter_map(|part| part["text"].as_str()).collect()
    };
    let mut reasons = chunks.iter().filter_map(|chunk| chunk["candidates"][0]["finishReason"].as_str());
    let count =
        |name: &str| chunks.iter().rev().find_map(|chunk| chunk["usageMetadata"][name].as_u64()).unwrap_or_default();
    let thoughts = count("thoughtsTokenCount");
    Said {
        text: words(false),
        thinking: words(true),
        calls: calls(&parts),
        stop: reasons.next_back().unwrap_or_default().to_owned(),
        usage: [
            count("promptTokenCount") + count("toolUsePromptTokenCount"),
            count("candidatesTokenCount") + thoughts,
            count("cachedContentTokenCount"),
            thoughts,
        ],
        model: chunks.last().unwrap()["modelVersion"].as_str().unwrap_or_default().to_owned(),
    }
}

fn seen(answer: &ModelAnswer) -> Said {
    let usage = answer.usage;
    Said {
        text: answer.text.clone(),
        thinking: answer.thinking.clone().unwrap_or_default(),
        calls: answer.tool_calls.iter().map(|call| (call.name.clone(), call.arguments.clone())).collect(),
        stop: answer.stop_reason.clone(),
        usage: [usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens],
        model: answer.model.clone().unwrap_or_default(),
    }
}

#[test]
fn every_recorded_answer_is_read_as_it_was_meant() {
    let (mut agree, exchanges) = (0, answered());
    for exchange in &exchanges {
        let id = exchange.id();
        if let Some((_, why)) = DIFFERENT.iter().find(|(known, _)| *known == id) {
            assert!(answer(exchange).unwrap_err().message().contains(why), "{id}");
            continue;
        }
        let read = answer(exchange).unwrap_or_else(|fault| panic!("{id}: {fault}"));
        assert_eq!(seen(&read), expected(&chunks(exchange)), "{id}");
        agree += 1;
    }
    assert!(exchanges.is_empty() || agree + DIFFERENT.len() == exchanges.len());
    eprintln!("gemini: {agree} of {} answers agree", exchanges.len());
}

#[test]
fn an_answer_does_not_depend_on_where_its_stream_was_cut() {
    for exchange in answered().iter().filter(|exchange| exchange.is_stream()) {
        let body = exchange.body();
        let whole = heard(&Gemini, &[body.as_bytes()]).map_err(|fault| fault.kind());
        for seed in 1..=200 {
            let read = heard(&Gemini, &cut(body.as_bytes(), seed)).map_err(|fault| fault.kind());
            assert_eq!(read, whole, "{} with seed {seed}", exchange.id());
        }
    }
}

#[test]
fn the_pieces_that_are_shown_are_the_answer() {
    for exchange in answered().iter().filter(|exchange| exchange.is_stream()) {
        let (answer, pieces) = heard(&Gemini, &[exchange.body().as_bytes()]).unwrap();
        let (mut text, mut thinking) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Text(more) => text += &more,
                Piece::Thinking(more) => thinking += &more,
            }
        }
        assert_eq!((text, thinking), (answer.text, answer.thinking.unwrap_or_default()), "{}", exchange.id());
    }
}

#[test]
fn a_stream_that_breaks_off_is_a_fault_wherever_it_does() {
    for exchange in answered().iter().filter(|exchange| exchange.is_stream()) {
        let body = exchange.body();
        let last = body.rfind("\"finishReason\"").unwrap();
        for (end, _) in body.match_indices(['\n', '}']).filter(|(at, _)| *at < last) {
            assert!(heard(&Gemini, &[&body.as_bytes()[..end]]).is_err(), "{} at {end}", exchange.id());
        }
    }
}

#[test]
fn ten_streams_cut_off_at_every_byte_give_their_answer_or_a_fault() {
    let mut streams: Vec<Exchange> = answered().into_iter().filter(Exchange::is_stream).collect();
    streams.sort_by_key(|exchange| exchange.body().len());
    for exchange in streams.iter().take(10) {
        let body = exchange.body();
        let whole = heard(&Gemini, &[body.as_bytes()]).unwrap().0;
        for end in 0..body.len() {
            let Ok((read, _)) = heard(&Gemini, &[&body.as_bytes()[..end]]) else { continue };
            assert_eq!(read, whole, "{} at {end}", exchange.id());
        }
    }
}

#[test]
fn every_error_body_has_its_kind() {
    for exchange in all().iter().filter(|exchange| exchange.status() != 200) {
        let fault = Gemini.fault(exchange.status(), &exchange.body());
        let (kind, wait) = match exchange.id() {
            "google/generateContent/0002" => (FaultKind::RateLimited, json!(48_000)),
            "google/generateContent/0003" => (FaultKind::ModelNotFound, Json::Null),
            "google/generateContent/0006" => (FaultKind::RateLimited, json!(34_400)),
            "google/generateContent/0007" => (FaultKind::AuthenticationFailed, Json::Null),
            "google/generateContent-vertex/0029" => (FaultKind::RequestInvalid, Json::Null),
            "google/generateContent-vertex/0030" => (FaultKind::ContextTooLong, Json::Null),
            id => panic!("{id} is not in the table"),
        };
        assert_eq!((fault.kind(), &fault.details()["retry_after_ms"]), (kind, &wait), "{}", exchange.id());
        let written: Json = serde_json::from_str(&exchange.body()).unwrap();
        assert_eq!(fault.message(), written["error"]["message"].as_str().unwrap());
        assert_eq!(fault.details()["code"], written["error"]["status"]);
        // An answer that is asked for as a list fails as a list.
        let listed = Gemini.fault(exchange.status(), &json!([written]).to_string());
        assert_eq!((listed.kind(), listed.message()), (kind, fault.message()));
        let streamed = heard(&Gemini, &[format!("data: {written}\r\n\r\n").as_bytes()]).unwrap_err();
        assert_eq!((streamed.kind(), streamed.message()), (kind, fault.message()));
    }
}

fn question(model: &str, messages: Vec<Message>) -> Question {
    let settings = Settings::default();
    Question { model: model.to_owned(), messages, tools: Vec::new(), output: None, settings, stream: true }
}

/// What has to come back: all parts of it, each with its words joined as far as nothing stands between them.
fn to_send(parts: Vec<Json>) -> Vec<Json> {
    let mut sent: Vec<Json> = Vec::new();
    for part in parts {
        let is_words = part.as_object().unwrap().keys().all(|name| name == "text" || name == "thought");
        let more = part["text"].as_str().unwrap_or_default();
        let joins = is_words
            && sent.last().is_some_and(|last| {
                let last = last.as_object().unwrap();
                last.contains_key("text")
                    && last.keys().all(|name| name == "text" || name == "thought")
                    && last.get("thought") == part.get("thought")
            });
        if is_words && more.is_empty() {
            continue;
        }
        match sent.last_mut().filter(|_| joins) {
            Some(last) => last["text"] = json!(last["text"].as_str().unwrap().to_owned() + more),
            None => sent.push(part),
        }
    }
    sent
}

#[test]
fn every_part_of_an_answer_is_sent_back_as_it_came() {
    let (mut signatures, mut answers) = (0, 0);
    for exchange in &answered() {
        let Ok(read) = answer(exchange) else { continue };
        let given = parts(&chunks(exchange));
        if read.parts.is_empty() || given.iter().any(|part| part["functionCall"].get("willContinue").is_some()) {
            continue;
        }
        let results: Vec<Message> = read.tool_calls.iter().rev().map(|call| result(&call.id, &call.name)).collect();
        let own = given.iter().filter_map(|part| part.get("functionCall"));
        let own: Vec<(Json, Json)> = own.map(|call| (call["name"].clone(), call["id"].clone())).collect();
        let messages = [Message::user("go"), read.into_message()].into_iter().chain(results).collect();
        let body = Gemini.request(&question("gemini-2.5-flash", messages)).unwrap().body;
        let sent = to_send(given);
        signatures += sent.iter().filter(|part| part.get("thoughtSignature").is_some()).count();
        answers += 1;
        if sent.is_empty() {
            continue;
        }
        let mut back = body["contents"][1]["parts"].as_array().unwrap().clone();
        for part in &mut back {
            // Arguments that were left out come back as none.
            if part["functionCall"]["args"] == json!({}) && !sent.contains(part) {
                part["functionCall"].as_object_mut().unwrap().remove("args");
            }
        }
        assert_eq!(back, sent, "{}", exchange.id());
        let responses = body["contents"][2]["parts"].as_array().into_iter().flatten();
        let responses = responses.map(|part| &part["functionResponse"]);
        let responses: Vec<(Json, Json)> = responses.map(|one| (one["name"].clone(), one["id"].clone())).collect();
        assert_eq!(responses, own, "{}", exchange.id());
    }
    eprintln!("gemini: {signatures} signatures of {answers} answers with parts were sent back");
}

fn result(call_id: &str, name: &str) -> Message {
    Message::Tool { call_id: call_id.to_owned(), name: name.to_owned(), content: json!({"n": 1}), is_error: false }
}

#[test]
fn a_cut_answer_and_a_refused_one_say_so() {
    for exchange in &answered() {
        let Ok(read) = answer(exchange) else { continue };
        let ending = match read.stop_reason.as_str() {
            "STOP" | "UNEXPECTED_TOOL_CALL" => Ending::Whole,
            "MAX_TOKENS" => Ending::Truncated,
            reason => panic!("{}: {reason}", exchange.id()),
        };
        assert_eq!(Gemini.ending(&read), ending, "{}", exchange.id());
    }
}

#[test]
fn exchanges_of_the_other_api_of_this_provider_are_no_answers() {
    // Its questions, events and words for the same things are others, and nothing here asks in them.
    for exchange in &exchanges("google.interactions") {
        assert_eq!(answer(exchange).unwrap_err().kind(), FaultKind::StreamMalformed, "{}", exchange.id());
    }
}
