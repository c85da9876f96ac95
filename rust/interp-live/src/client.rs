//! The HTTP client of an endpoint, and what its errors mean.

use std::error::Error as StdError;
use std::io;

use flowai_core::fault::{Fault, FaultKind};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

use crate::endpoint::Timeouts;
use crate::trouble::{final_fault, with};

const REDIRECTS_MAX: usize = 3;

/// A pooled client: HTTP/2 and 1.1 over rustls, with the certificates of the platform.
pub(crate) fn client(base: &Url, timeouts: &Timeouts) -> Result<Client, Fault> {
    // Whoever was first has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .connect_timeout(timeouts.connect)
        .redirect(Policy::custom(|attempt| if is_at_home(&attempt) { attempt.follow() } else { attempt.stop() }))
        .user_agent(concat!("flowai-harness/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(base) { builder.no_proxy() } else { builder };
    // Without TLS the certificates of the platform need not be read; a redirect to TLS is not followed.
    let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| {
        final_fault(FaultKind::ConnectionFailed, format!("no HTTP client can be made: {}", innermost(&error)))
    })
}

/// Whether a redirect keeps the method and the host, so that the key goes nowhere else.
fn is_at_home(attempt: &Attempt<'_>) -> bool {
    let keeps = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let first = attempt.previous().first();
    keeps
        && attempt.previous().len() <= REDIRECTS_MAX
        && first.is_some_and(|url| url.origin() == attempt.url().origin())
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Where an address leads, without paths, names and passwords.
pub(crate) fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// What an error of the connection means; it never names more of the address than its host.
pub(crate) fn trouble(error: &reqwest::Error, url: &Url) -> Fault {
    let (place, why) = (place(url), innermost(error));
    if error.is_timeout() {
        let phase = if error.is_connect() { "connect" } else { "first_byte" };
        return timed_out(phase);
    }
    if is_tls(error) {
        return final_fault(FaultKind::ConnectionFailed, format!("no secure connection to `{place}`: {why}"))
            .hint("check the address and its certificate; `SSL_CERT_FILE` names certificates to trust");
    }
    if error.is_connect() {
        return Fault::new(FaultKind::ConnectionFailed, format!("`{place}` cannot be reached: {why}"))
            .hint("check `base_url` and the network");
    }
    if error.is_builder() {
        return final_fault(FaultKind::RequestInvalid, format!("the request cannot be written: {why}"));
    }
    Fault::new(FaultKind::ConnectionFailed, format!("the connection to `{place}` broke: {why}"))
}

/// A wait that passed its limit.
pub(crate) fn timed_out(phase: &str) -> Fault {
    let (waited, setting) = match phase {
        "connect" => ("no connection was made", "connect"),
        "first_byte" => ("the answer did not begin", "first_byte"),
        "between_bytes" => ("the answer stood still", "between_bytes"),
        _ => ("the call did not end", "total"),
    };
    let fault = Fault::new(FaultKind::ModelTimedOut, format!("{waited} within its time (`{setting}`)"));
    with(fault, json!({"timeout": setting, "code": setting}))
}

fn is_tls(error: &reqwest::Error) -> bool {
    chain(error).any(<dyn StdError>::is::<rustls::Error>)
}

fn innermost(error: &reqwest::Error) -> String {
    // The outer sentences repeat the address, with all that is in it.
    chain(error).last().map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

/// The causes of an error, without the error itself.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |error| cause(*error))
}

/// The cause of an error; an error of I/O hides what it was made from.
fn cause<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(hidden) => Some(hidden),
        None => error.source(),
    }
}
