//! What is done about a fault of a provider: try again, ask another model, or give up; and what it tells.

use std::time::Duration;

use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Map, Value as Json};

use crate::key::Key;

/// The longest message of a provider that is passed on as it is.
const MESSAGE_BYTES_MAX: usize = 4_096;

/// Whether the same question may be asked again of the same model.
pub(crate) fn is_worth_a_retry(fault: &Fault) -> bool {
    let told = fault.details().get("retryable").and_then(Json::as_bool);
    told.unwrap_or_else(|| is_unavailable(fault.kind()))
}

/// Whether another model may answer where this one cannot: it is unavailable, unknown or reads too little.
///
/// A refusal, a wrong key and a request that is wrong in itself are not hidden behind another model.
pub(crate) fn is_worth_another_model(fault: &Fault) -> bool {
    is_unavailable(fault.kind()) || matches!(fault.kind(), FaultKind::ModelNotFound | FaultKind::ContextTooLong)
}

fn is_unavailable(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::ModelUnavailable
            | FaultKind::RateLimited
            | FaultKind::Overloaded
            | FaultKind::ServerFailed
            | FaultKind::ModelTimedOut
            | FaultKind::ConnectionFailed
            | FaultKind::StreamMalformed
    )
}

/// How long the provider asks to wait.
pub(crate) fn asked_wait(fault: &Fault) -> Option<Duration> {
    fault.details().get("retry_after_ms")?.as_u64().map(Duration::from_millis)
}

/// The fault with more detail; what it knew already stays.
pub(crate) fn with(fault: Fault, fields: Json) -> Fault {
    let mut detail = match fault.details() {
        Json::Object(detail) => detail.clone(),
        _ => Map::new(),
    };
    if let Json::Object(fields) = fields {
        let absent = |detail: &Map<String, Json>, name: &str| detail.get(name).is_none_or(Json::is_null);
        for (name, field) in fields {
            if !field.is_null() && absent(&detail, &name) {
                detail.insert(name, field);
            }
        }
    }
    fault.detail(Json::Object(detail))
}

/// The fault without these secrets, whatever a provider repeats of what it was sent.
pub(crate) fn without<'k>(fault: Fault, secrets: impl Iterator<Item = &'k Key>) -> Fault {
    secrets.fold(fault, |fault, secret| {
        let strike = |text: &str| secret.struck_from(text).unwrap_or_else(|| text.to_owned());
        let clean = renamed(&fault, strike(fault.message())).detail(struck(fault.details().clone(), secret));
        match fault.advice() {
            Some(hint) => clean.hint(strike(hint)),
            None => clean,
        }
    })
}

/// JSON without a secret.
pub(crate) fn struck(detail: Json, secret: &Key) -> Json {
    match detail {
        Json::String(text) => Json::String(secret.struck_from(&text).unwrap_or(text)),
        Json::Array(items) => items.into_iter().map(|item| struck(item, secret)).collect(),
        Json::Object(fields) => fields.into_iter().map(|(name, field)| (name, struck(field, secret))).collect(),
        other => other,
    }
}

/// The fault with a message that a person can read, even where a provider sent a whole page.
pub(crate) fn shortened(fault: Fault) -> Fault {
    if fault.message().len() <= MESSAGE_BYTES_MAX {
        return fault;
    }
    let start: String = fault.message().chars().take(MESSAGE_BYTES_MAX / 4).collect();
    renamed(&fault, format!("{}…", start.trim_end()))
}

fn renamed(fault: &Fault, message: String) -> Fault {
    let renamed = Fault::new(fault.kind(), message).detail(fault.details().clone());
    match fault.advice() {
        Some(hint) => renamed.hint(hint),
        None => renamed,
    }
}

/// A fault that no retry mends.
pub(crate) fn final_fault(kind: FaultKind, message: impl Into<String>) -> Fault {
    Fault::new(kind, message).detail(serde_json::json!({"retryable": false}))
}
