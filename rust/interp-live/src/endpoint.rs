//! An endpoint: where a provider is reached, with which key, and how patiently.

use std::sync::Arc;
use std::time::Duration;

use flowai_core::fault::Fault;

use crate::client;
use crate::key::Key;
use crate::providers::Provider;

/// Where a provider is reached.
#[derive(Clone)]
pub struct Endpoint {
    /// The name by which models are routed here, such as `anthropic`.
    pub name: String,
    /// How its API is spoken.
    pub provider: Arc<dyn Provider>,
    /// What stands before the path of each request; a query in it is sent with each.
    pub base_url: String,
    /// The key, where there is one.
    pub key: Option<Key>,
    /// Environment variables in which a missing key belongs; empty where none is needed.
    pub key_variables: Vec<String>,
    /// Headers of the user's own.
    pub headers: Vec<(String, Key)>,
    /// How long is waited.
    pub timeouts: Timeouts,
    /// How often and when a failed attempt is tried again.
    pub retries: Retries,
    /// How much is asked at once and in a minute.
    pub limits: Limits,
    /// Why nobody may ask it in this process.
    pub closed: Option<Fault>,
}

impl Endpoint {
    /// An endpoint without a key, with the usual patience and no limits.
    pub fn new(name: impl Into<String>, provider: Arc<dyn Provider>, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            provider,
            base_url: base_url.into(),
            key: None,
            key_variables: Vec::new(),
            headers: Vec::new(),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            limits: Limits::default(),
            closed: None,
        }
    }

    /// Whether it is on this machine, so that nobody else hears what is asked.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        reqwest::Url::parse(self.base_url.trim()).is_ok_and(|url| client::is_loopback(&url))
    }

    /// The same endpoint with its key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Key::new(key));
        self
    }
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, its handshake included.
    pub connect: Duration,
    /// From the request to the first byte of a streamed answer; a whole answer has until `total`.
    pub first_byte: Duration,
    /// From one byte to the next.
    pub between_bytes: Duration,
    /// For the whole call: every attempt, wait, repair and fallback.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            between_bytes: Duration::from_secs(120),
            total: Duration::from_secs(600),
        }
    }
}

/// How often and when a failed attempt is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often at most; 0 for never.
    pub count_max: u32,
    /// The longest first wait, which doubles with each retry.
    pub base: Duration,
    /// The longest wait of our own.
    pub cap: Duration,
    /// The longest wait that a provider may ask; beyond it the call fails at once.
    pub asked_max: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            count_max: 2,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            asked_max: Duration::from_secs(60),
        }
    }
}

/// How much is asked; what is absent has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests at once; the others wait in the order in which they came.
    pub max_concurrency: Option<u32>,
    /// Requests in a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens in a minute, read and written.
    pub tokens_per_minute: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::Endpoint;
    use crate::presets::find;
    use crate::providers::silent::Silent;

    #[test]
    fn only_this_machine_is_loopback() {
        let is_loopback = |url: &str| Endpoint::new("x", std::sync::Arc::new(Silent), url).is_loopback();
        for url in ["http://localhost:11434/v1", "http://127.0.0.1:1", "https://127.9.9.9/v1", "http://[::1]:8000"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in
            ["https://api.openai.com/v1", "http://127.0.0.1.example", "http://localhost.example", "", "http://0.0.0.0"]
        {
            assert!(!is_loopback(url), "{url}");
        }
        assert!(is_loopback(find("ollama").unwrap().base_url.unwrap()));
    }
}
