//! What went wrong, from the error that this API sends.
//!
//! Source: the page "Errors" of Anthropic's documentation, and recorded bodies.

use flowai_core::fault::{Fault, FaultKind};
use serde_json::{Value as Json, json};

use crate::json;
use crate::providers::bodies::{advice, plain, without_keys};
use crate::providers::kind_of_status;

/// How the keys of this provider begin.
const KEY: &str = "sk-ant-";

/// What to look at where no waiting helps.
const ACCOUNT: &str = "check the credit and the spending limit of the account";

/// The fault that a body tells; it has no status in mid-stream.
pub(super) fn of_body(status: Option<u16>, body: &str) -> Fault {
    match json::read::<Json>(body) {
        Ok(written) if written.is_object() => of_json(status, &written),
        _ => told(status, None, &plain(status, body), &Json::Null),
    }
}

/// The fault of a body that stands where an answer should.
pub(super) fn of_answer(body: &Json) -> Fault {
    if body.get("error").is_some() {
        return of_json(None, body);
    }
    Fault::new(FaultKind::StreamMalformed, "the provider sent something else than an answer")
}

fn of_json(status: Option<u16>, body: &Json) -> Fault {
    let error = body.get("error").unwrap_or(body);
    let message = [error.get("message"), body.get("message"), body.get("detail"), Some(error)];
    let message = message.into_iter().flatten().find_map(Json::as_str).map(str::to_owned);
    // Gateways say in mid-stream which status it would have been.
    let number = error.get("code").and_then(Json::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.or(number.filter(|status| (400..600).contains(status)));
    let code = error.get("type").and_then(Json::as_str).filter(|code| *code != "error");
    told(status, code, &message.unwrap_or_else(|| plain(status, &body.to_string())), body)
}

fn told(status: Option<u16>, code: Option<&str>, message: &str, body: &Json) -> Fault {
    let (kind, may_retry) = kind_of(status, code, message);
    let mut detail = json!({"status": status, "code": code});
    if let Some(id) = body.get("request_id").filter(|id| id.is_string()) {
        detail["request_id"] = id.clone();
    }
    if !may_retry {
        detail["retryable"] = json!(false);
    }
    let fault = Fault::new(kind, without_keys(message, KEY)).detail(detail);
    match advice(kind, (!may_retry).then_some(ACCOUNT)) {
        Some(advice) => fault.hint(advice),
        None => fault,
    }
}

/// The kind, and whether trying again may help where it does for this kind.
fn kind_of(status: Option<u16>, code: Option<&str>, message: &str) -> (FaultKind, bool) {
    let kind = match code.unwrap_or_default() {
        "authentication_error" => FaultKind::AuthenticationFailed,
        "permission_error" => FaultKind::PermissionDenied,
        "billing_error" => return (FaultKind::RateLimited, false),
        "not_found_error" if message.contains("model") => FaultKind::ModelNotFound,
        "request_too_large" => FaultKind::ContextTooLong,
        "rate_limit_error" => return (FaultKind::RateLimited, !says(message, &SPENT)),
        "timeout_error" => FaultKind::ModelTimedOut,
        "overloaded_error" => FaultKind::Overloaded,
        "api_error" => FaultKind::ServerFailed,
        "invalid_request_error" | "not_found_error" => FaultKind::RequestInvalid,
        _ if status == Some(402) => return (FaultKind::RateLimited, false),
        _ => status.map_or(FaultKind::ServerFailed, kind_of_status),
    };
    match kind {
        FaultKind::RequestInvalid if says(message, &SPENT) => (FaultKind::RateLimited, false),
        FaultKind::RequestInvalid if says(message, &LONG) => (FaultKind::ContextTooLong, true),
        FaultKind::RequestInvalid if says(message, &FILTERED) => (FaultKind::ContentRefused, true),
        kind => (kind, true),
    }
}

/// Words of an account without money or beyond its own limit.
const SPENT: [&str; 4] = ["credit balance is too low", "usage limits", "spend limit", "spending limit"];

/// Words of a conversation that is too long.
const LONG: [&str; 4] =
    ["prompt is too long", "exceed context limit", "exceeds the context window", "maximum context length"];

/// Words of a filter.
const FILTERED: [&str; 2] = ["content filtering policy", "blocked by content filter"];

fn says(message: &str, words: &[&str]) -> bool {
    let message = message.to_lowercase();
    words.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use flowai_core::fault::FaultKind;

    use super::of_body;

    #[test]
    fn bodies_without_json_stay_readable() {
        let page = of_body(Some(502), "<html><head><title>502 Bad\n Gateway</title></head><body>…</body></html>");
        assert_eq!(page.message(), "the provider answered with status 502: 502 Bad Gateway");
        assert_eq!(page.kind(), FaultKind::ServerFailed);
        assert_eq!(of_body(Some(529), "").kind(), FaultKind::Overloaded);
        assert_eq!(of_body(Some(503), " \n").message(), "the provider answered with status 503 and no words");
    }

    #[test]
    fn a_key_in_a_message_is_cut_off() {
        let fault = of_body(Some(401), r#"{"error": {"message": "no such key: sk-ant-api03-ab_C-1, sorry"}}"#);
        assert_eq!(fault.message(), "no such key: sk-ant-…, sorry");
    }
}
