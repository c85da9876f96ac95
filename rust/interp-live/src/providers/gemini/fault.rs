//! What went wrong, from the error that this API sends.
//!
//! Source: `google.rpc.Code`, `google.rpc.Status` and its details, the page "Troubleshooting" of the Gemini API, and
//! recorded bodies.

use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Value as Json, json};

use crate::json;
use crate::providers::bodies::{advice, plain, without_keys};
use crate::providers::kind_of_status;

/// What to look at where no waiting helps.
const ACCOUNT: &str = "check the quota and the plan of the project";

/// How every key of this API begins.
const KEY: &str = "AIza";

/// The fault that a body tells; it has no status in mid-stream.
pub(super) fn of_body(status: Option<u16>, body: &str) -> Fault {
    let written = match json::read::<Json>(body) {
        // An answer that was asked for as a list fails as a list.
        Ok(Json::Array(mut all)) if !all.is_empty() => all.swap_remove(0),
        Ok(written) => written,
        Err(_) => Json::Null,
    };
    match &written["error"] {
        Json::Null if written.is_object() && written["message"].is_string() => of_error(status, &written),
        Json::Null => told(status, &Json::Null, &plain(status, body)),
        Json::String(message) => told(status, &json!({"message": message}), message),
        error => of_error(status, error),
    }
}

/// The fault of an error object, which may stand in a stream without a status.
pub(super) fn of_error(status: Option<u16>, error: &Json) -> Fault {
    let own = error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code));
    let message = error["message"].as_str().filter(|message| !message.is_empty());
    let message = message.map_or_else(|| plain(status, &error.to_string()), str::to_owned);
    told(status.or(own), error, &message)
}

fn told(status: Option<u16>, error: &Json, message: &str) -> Fault {
    let code = error["status"].as_str();
    let reason = detail_of(error, "ErrorInfo").and_then(|info| info["reason"].as_str());
    let kind = kind_of(status, code, reason, message);
    let mut detail = json!({"status": status, "code": code});
    if let Some(reason) = reason {
        detail["reason"] = json!(reason);
    }
    if let Some(wait_ms) = retry_after_ms(error) {
        detail["retry_after_ms"] = json!(wait_ms);
    }
    let is_spent = kind == FaultKind::RateLimited && is_spent(error, message);
    if is_spent {
        detail["retryable"] = json!(false);
    }
    let fault = Fault::new(kind, without_keys(message, KEY)).detail(detail);
    match advice(kind, is_spent.then_some(ACCOUNT)) {
        Some(advice) => fault.hint(advice),
        None => fault,
    }
}

fn kind_of(status: Option<u16>, code: Option<&str>, reason: Option<&str>, message: &str) -> FaultKind {
    let lower = message.to_lowercase();
    let says = |all: &[&str]| all.iter().any(|words| lower.contains(words));
    let is_key = reason.is_some_and(|reason| reason.starts_with("API_KEY_INVALID") || reason == "API_KEY_EXPIRED");
    if is_key || says(&["api key not valid", "api key expired", "api key not found"]) {
        return FaultKind::AuthenticationFailed;
    }
    match code.unwrap_or_default() {
        "UNAUTHENTICATED" => FaultKind::AuthenticationFailed,
        "PERMISSION_DENIED" => FaultKind::PermissionDenied,
        // The account, or where it is, not the request.
        "FAILED_PRECONDITION" if says(&["location", "billing", "country"]) => FaultKind::PermissionDenied,
        // A file or a cache may be missing, too.
        "NOT_FOUND" if !says(&["model"]) => FaultKind::RequestInvalid,
        "NOT_FOUND" => FaultKind::ModelNotFound,
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" if is_too_long(&lower) => FaultKind::ContextTooLong,
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" | "FAILED_PRECONDITION" | "UNIMPLEMENTED" => FaultKind::RequestInvalid,
        "RESOURCE_EXHAUSTED" => FaultKind::RateLimited,
        "UNAVAILABLE" => FaultKind::Overloaded,
        "DEADLINE_EXCEEDED" => FaultKind::ModelTimedOut,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" | "ABORTED" | "CANCELLED" => FaultKind::ServerFailed,
        _ if is_too_long(&lower) => FaultKind::ContextTooLong,
        _ => status.map_or(FaultKind::ServerFailed, kind_of_status),
    }
}

fn is_too_long(message: &str) -> bool {
    let counts = message.contains("token count") || message.contains("number of tokens");
    counts && (message.contains("exceeds the maximum") || message.contains("exceed the maximum"))
        || message.contains("request payload size exceeds")
}

/// Whether no wait of a sensible length helps: the quota is of a day, or there is none.
fn is_spent(error: &Json, message: &str) -> bool {
    let violations = detail_of(error, "QuotaFailure").and_then(|failure| failure["violations"].as_array());
    let of_day = |violation: &Json| violation["quotaId"].as_str().is_some_and(|id| id.contains("PerDay"));
    violations.is_some_and(|all| all.iter().any(of_day))
        || message.contains("limit: 0,")
        || message.ends_with("limit: 0")
}

/// How long the provider asks to wait, such as `34.4s`.
fn retry_after_ms(error: &Json) -> Option<u64> {
    let written = detail_of(error, "RetryInfo")?["retryDelay"].as_str()?;
    let seconds = written.strip_suffix('s')?.parse::<f64>().ok()?;
    let wait = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(wait.as_millis()).ok()
}

/// A detail of an error, by the last word of its type.
fn detail_of<'a>(error: &'a Json, kind: &str) -> Option<&'a Json> {
    let is_kind = |detail: &&Json| detail["@type"].as_str().is_some_and(|name| name.rsplit('.').next() == Some(kind));
    error["details"].as_array()?.iter().find(is_kind)
}
