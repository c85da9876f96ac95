//! Error bodies of this API, and the errors that it sends in mid-stream.

use flowai_core::fault::{Fault, FaultKind};
use serde_json::Value as Json;

use crate::providers::chat;

/// The fault of an error answer.
pub(super) fn of_body(status: u16, body: &str) -> Fault {
    chat::fault::of_body(status, body)
}

/// The fault of an error object of a stream, or of a response that failed.
pub(super) fn of_error(status: Option<u16>, error: &Json) -> Fault {
    if error["code"] == "server_error" || error.is_null() {
        let message = error["message"].as_str().unwrap_or("the provider gave up without a reason");
        return crate::providers::fault(FaultKind::ServerFailed, message, status, error["code"].as_str());
    }
    chat::fault::of_error(status, error)
}
