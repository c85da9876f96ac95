//! A line: an endpoint made ready, with its client, its headers and its limits.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use flowai_core::fault::{Fault, FaultKind};
use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use tokio::sync::OnceCell;

use crate::client;
use crate::endpoint::Endpoint;
use crate::key::Key;
use crate::throttle::Throttle;

/// Words in the names of what is secret, in the query of an address and in headers.
const SECRET_NAMES: [&str; 8] = ["key", "token", "secret", "sig", "pass", "auth", "cred", "cookie"];

/// An endpoint made ready.
pub(crate) struct Line {
    pub endpoint: Endpoint,
    pub throttle: Throttle,
    /// Absent where nobody gave an address.
    base: Option<Url>,
    headers: HeaderMap,
    /// The secrets that its address holds.
    of_address: Vec<Key>,
    /// Made when first needed, because it reads the certificates of the platform.
    client: OnceCell<Client>,
}

impl Line {
    /// Makes an endpoint ready; nothing is connected yet.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] for an address or a header that cannot be one.
    pub fn new(endpoint: Endpoint) -> Result<Self, Fault> {
        let base = match endpoint.base_url.trim() {
            "" => None,
            written => Some(address(&endpoint.name, written)?),
        };
        let headers = headers(&endpoint)?;
        let throttle = Throttle::new(&endpoint.limits);
        let of_address = base.as_ref().map(secrets_of).unwrap_or_default();
        Ok(Self { endpoint, throttle, base, headers, of_address, client: OnceCell::new() })
    }

    /// The address of a path below the base.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] where nobody gave an address.
    pub fn url(&self, path: &str) -> Result<Url, Fault> {
        let name = &self.endpoint.name;
        let base = self.base.as_ref().ok_or_else(|| {
            Fault::new(FaultKind::SpecError, format!("provider `{name}` has no address"))
                .hint(format!("give `base_url` of `{name}`"))
        })?;
        Ok(below(base, path))
    }

    /// The client.
    ///
    /// # Errors
    /// [`FaultKind::ConnectionFailed`] where the platform allows none.
    pub async fn client(&self, url: &Url) -> Result<&Client, Fault> {
        let make = || async {
            let (url, timeouts) = (url.clone(), self.endpoint.timeouts);
            let made = tokio::task::spawn_blocking(move || client::client(&url, &timeouts)).await;
            made.unwrap_or_else(|_| {
                Err(Fault::new(FaultKind::ConnectionFailed, "no HTTP client could be made in time"))
            })
        };
        self.client.get_or_try_init(make).await
    }

    /// The headers of a request: ours, the API's, the key, and the user's own, which win.
    pub fn headers(&self, of_api: &[(&'static str, String)], stream: bool) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let accept = if stream { "text/event-stream" } else { "application/json" };
        headers.insert("accept", HeaderValue::from_static(accept));
        headers.insert("accept-encoding", HeaderValue::from_static("identity"));
        for (name, value) in of_api {
            let (name, value) = header(&self.endpoint.name, name, value)?;
            headers.insert(name, value);
        }
        headers.extend(self.headers.clone());
        Ok(headers)
    }

    /// Refuses where nobody may ask.
    ///
    /// # Errors
    /// The fault that closed the endpoint.
    pub fn check_open(&self) -> Result<(), Fault> {
        self.endpoint.closed.clone().map_or(Ok(()), Err)
    }

    /// Asks for a key where none is there and one is needed.
    ///
    /// # Errors
    /// [`FaultKind::AuthenticationFailed`] naming the variables in which it belongs.
    pub fn check_key(&self) -> Result<(), Fault> {
        let Endpoint { name, key, key_variables, .. } = &self.endpoint;
        if key.is_some() || key_variables.is_empty() {
            return Ok(());
        }
        let variables = key_variables.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        let fault = Fault::new(FaultKind::AuthenticationFailed, format!("there is no key for provider `{name}`"));
        Err(fault.hint(format!("set {variables}, or give the key to the runtime")))
    }

    /// What no answer may show, whoever gives it: a header of the user's is a secret by its name.
    pub fn hidden(&self) -> impl Iterator<Item = &Key> {
        secrets_sent(&self.endpoint).chain(&self.of_address)
    }

    /// Everything that may appear in no message.
    pub fn secrets(&self) -> impl Iterator<Item = &Key> {
        let given = self.endpoint.key.iter().chain(self.endpoint.headers.iter().map(|(_, value)| value));
        given.chain(&self.of_address)
    }
}

/// All that an endpoint sends and nobody may see; a header of the user's is a secret by its name.
pub(crate) fn hidden(endpoint: &Endpoint) -> Vec<Key> {
    let of_address = Url::parse(endpoint.base_url.trim()).map(|url| secrets_of(&url)).unwrap_or_default();
    secrets_sent(endpoint).cloned().chain(of_address).collect()
}

fn secrets_sent(endpoint: &Endpoint) -> impl Iterator<Item = &Key> {
    let named = endpoint.headers.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
    endpoint.key.iter().chain(named)
}

fn address(name: &str, written: &str) -> Result<Url, Fault> {
    let wrong = |why: &str| {
        Fault::new(FaultKind::SpecError, format!("the `base_url` of provider `{name}` is no address: {why}"))
            .hint("write it as `https://host/v1`")
    };
    let url = Url::parse(written).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("it has to begin with `https://` or `http://`"));
    }
    Ok(url)
}

/// What nobody may see of an address: its password, as it is written and as it is sent, and the keys in its query.
fn secrets_of(url: &Url) -> Vec<Key> {
    let plain = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = url.password().filter(|password| !password.is_empty());
    let sent = password.map(|password| STANDARD.encode(format!("{}:{}", plain(url.username()), plain(password))));
    let passwords = password.into_iter().flat_map(|password| [password.to_owned(), plain(password)]);
    let keys = url.query_pairs().filter(|(name, _)| is_secret(name)).map(|(_, value)| value.into_owned());
    passwords.chain(sent).chain(keys).map(Key::new).collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|word| name.contains(word))
}

/// The path below the base; a version that both name, as in `/v1` and `/v1/messages`, stands there once.
fn below(base: &Url, path: &str) -> Url {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (home, path) = (base.path().trim_end_matches('/'), path.trim_start_matches('/'));
    let version = path.split('/').next().unwrap_or_default();
    let is_version =
        version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|digit: char| digit.is_ascii_digit()));
    let home = if is_version { home.strip_suffix(&format!("/{version}")).unwrap_or(home) } else { home };
    let mut url = base.clone();
    url.set_path(&format!("{home}/{path}"));
    let queries = [base.query().unwrap_or_default(), query].into_iter().filter(|query| !query.is_empty());
    let query = queries.collect::<Vec<_>>().join("&");
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    url
}

fn headers(endpoint: &Endpoint) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &endpoint.key {
        let (name, value) = endpoint.provider.authorize(key.reveal());
        let (name, value) = header(&endpoint.name, name, &value)?;
        headers.insert(name, value);
    }
    for (name, value) in &endpoint.headers {
        let (name, value) = header(&endpoint.name, name, value.reveal())?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A header whose value no log shows.
fn header(endpoint: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    let wrong = |what: &str| {
        Fault::new(FaultKind::SpecError, format!("{what} of provider `{endpoint}` cannot be sent"))
            .hint("look for line ends and other characters that a header cannot carry")
    };
    let shown: String = name.escape_debug().take(100).collect();
    let named = HeaderName::try_from(name).map_err(|_| wrong(&format!("the header name `{shown}`")))?;
    let mut value = HeaderValue::try_from(value).map_err(|_| wrong(&format!("the value of header `{shown}`")))?;
    value.set_sensitive(true);
    Ok((named, value))
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::below;

    #[test]
    fn a_path_is_put_below_its_base() {
        let rows = [
            ("https://a.example", "/v1/messages", "https://a.example/v1/messages"),
            ("https://a.example/v1/", "/v1/messages", "https://a.example/v1/messages"),
            ("https://a.example/v1", "/responses", "https://a.example/v1/responses"),
            ("https://a.example/v10", "/v1/x", "https://a.example/v10/v1/x"),
            (
                "https://a.example/proxy/v1beta",
                "models/m:go?alt=sse",
                "https://a.example/proxy/v1beta/models/m:go?alt=sse",
            ),
            ("http://[::1]:8000/v1?api-version=1", "/x?a=b", "http://[::1]:8000/v1/x?api-version=1&a=b"),
        ];
        for (base, path, whole) in rows {
            assert_eq!(below(&Url::parse(base).unwrap(), path).as_str(), whole);
        }
    }
}
