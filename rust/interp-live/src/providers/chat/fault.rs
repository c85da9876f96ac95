//! Error bodies of these servers, and the errors that they send in mid-stream.

use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Value as Json, json};

use crate::json;
use crate::providers::bodies::{advice, plain, without_keys};
use crate::providers::kind_of_status;

/// How most keys begin.
const KEY: &str = "sk-";

/// What to look at where no waiting helps.
const ACCOUNT: &str = "check the credit and the limits of the account";

/// The fault of an error answer.
pub(in crate::providers) fn of_body(status: u16, body: &str) -> Fault {
    match json::read::<Json>(body) {
        Ok(Json::Object(fields)) => {
            let error = fields.get("error").filter(|error| !error.is_null()).cloned();
            of_error(Some(status), &error.unwrap_or(Json::Object(fields)))
        }
        Ok(Json::Array(mut all)) if !all.is_empty() => {
            let first = all.swap_remove(0);
            of_error(Some(status), first.get("error").unwrap_or(&first))
        }
        _ => fault(kind_of_status(status), &plain(Some(status), body), Some(status), None),
    }
}

/// The fault of an error object, which may stand in a stream without a status.
pub(in crate::providers) fn of_error(status: Option<u16>, error: &Json) -> Fault {
    let text = |name: &str| error[name].as_str();
    let message = text("message").or_else(|| text("detail")).or_else(|| error.as_str());
    let message = message.map_or_else(|| error.to_string(), str::to_owned);
    let code = text("code").or_else(|| text("type")).map(str::to_owned);
    let own = error["status_code"].as_u64().or_else(|| error["code"].as_u64()).or_else(|| error["status"].as_u64());
    let status = status.or_else(|| own.and_then(|own| u16::try_from(own).ok()).filter(|own| (400..600).contains(own)));
    let message = match error.pointer("/metadata/raw").and_then(Json::as_str) {
        Some(raw) => format!("{message}: {raw}"),
        None => message,
    };
    fault(kind(status, error, &message), &message, status, code.as_deref())
}

fn fault(kind: FaultKind, message: &str, status: Option<u16>, code: Option<&str>) -> Fault {
    let is_quota = code == Some("insufficient_quota") || message.contains("exceeded your current quota");
    let mut detail = json!({"status": status, "code": code});
    if is_quota {
        detail["retryable"] = json!(false);
    }
    let fault = Fault::new(kind, without_keys(message, KEY)).detail(detail);
    match advice(kind, is_quota.then_some(ACCOUNT)) {
        Some(advice) => fault.hint(advice),
        None => fault,
    }
}

/// The kind of an error: what its words say, else its status.
fn kind(status: Option<u16>, error: &Json, message: &str) -> FaultKind {
    let words = [error["code"].as_str(), error["type"].as_str()];
    let says = |any: &[&str]| words.iter().flatten().any(|word| any.contains(word));
    let lower = message.to_lowercase();
    if says(&["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"]) || is_too_long(&lower)
    {
        return FaultKind::ContextTooLong;
    }
    if says(&["invalid_api_key", "authentication_error", "invalid_authentication"]) {
        return FaultKind::AuthenticationFailed;
    }
    if says(&["content_filter", "content_policy_violation", "moderation_blocked"])
        || lower.contains("content management policy")
    {
        return FaultKind::ContentRefused;
    }
    if says(&["model_not_found", "unknown_model", "invalid_model"]) || is_unknown_model(status, &lower) {
        return FaultKind::ModelNotFound;
    }
    if says(&["rate_limit_exceeded", "insufficient_quota", "tokens"]) || status == Some(402) {
        return FaultKind::RateLimited;
    }
    if says(&["overloaded_error", "engine_overloaded", "service_unavailable"]) {
        return FaultKind::Overloaded;
    }
    if says(&["tool_use_failed", "invalid_request_error"]) && status.is_none() {
        return FaultKind::RequestInvalid;
    }
    status.map_or(FaultKind::ServerFailed, kind_of_status)
}

fn is_too_long(message: &str) -> bool {
    ["maximum context length", "available context size", "context window", "prompt is too long"]
        .iter()
        .any(|words| message.contains(words))
}

fn is_unknown_model(status: Option<u16>, message: &str) -> bool {
    status == Some(400)
        && ["not a valid model id", "supported api model names", "invalid model"]
            .iter()
            .any(|words| message.contains(words))
}
