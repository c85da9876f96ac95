//! Which endpoint answers for a model: `provider:model`, or the prefix by which a maker's models are known.

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::specs::did_you_mean;

/// Prefixes of model names, and the endpoint that answers for them.
const PREFIXES: [(&str, &str); 21] = [
    ("claude-", "anthropic"),
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("codex-", "openai"),
    ("computer-use-", "openai"),
    ("ft:", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("gemini-", "gemini"),
    ("gemma-", "gemini"),
    ("learnlm-", "gemini"),
    ("deepseek-", "deepseek"),
    ("mistral-", "mistral"),
    ("ministral-", "mistral"),
    ("magistral-", "mistral"),
    ("codestral-", "mistral"),
    ("devstral-", "mistral"),
    ("pixtral-", "mistral"),
    ("voxtral-", "mistral"),
    ("open-mistral-", "mistral"),
];

/// Other names of endpoints.
const ALIASES: [(&str, &str); 5] = [
    ("google", "gemini"),
    ("google-gla", "gemini"),
    ("claude", "anthropic"),
    ("openai-responses", "openai"),
    ("llama.cpp", "llamacpp"),
];

/// The endpoint that answers for a model, and the provider's own name of the model.
///
/// # Errors
/// [`FaultKind::SpecError`] naming the nearest names, for a model or a provider that nobody knows.
///
/// # Examples
///
/// ```
/// use flowai_interp_live::route;
///
/// let endpoints = ["anthropic", "ollama"];
/// assert_eq!(route("claude-haiku-4-5", &endpoints)?, ("anthropic", "claude-haiku-4-5"));
/// assert_eq!(route("ollama:qwen3:8b", &endpoints)?, ("ollama", "qwen3:8b"));
/// # Ok::<(), flowai_core::fault::Fault>(())
/// ```
pub fn route<'e, 'm>(model: &'m str, endpoints: &[&'e str]) -> Result<(&'e str, &'m str), Fault> {
    if let Some((provider, name)) = model.split_once(':')
        && let Some(endpoint) = among(provider, endpoints)
    {
        return if name.is_empty() { Err(nameless(provider)) } else { Ok((endpoint, name)) };
    }
    let maker = PREFIXES.iter().find(|(prefix, _)| has_prefix(model, prefix)).map(|(_, maker)| *maker);
    match maker {
        Some(maker) => among(maker, endpoints).map(|found| (found, model)).ok_or_else(|| absent(model, maker)),
        None => Err(unknown(model, endpoints)),
    }
}

fn among<'e>(name: &str, endpoints: &[&'e str]) -> Option<&'e str> {
    let exact = endpoints.iter().find(|endpoint| **endpoint == name);
    exact.or_else(|| endpoints.iter().find(|endpoint| usual(endpoint) == usual(name))).copied()
}

/// The usual name of an endpoint.
#[must_use]
pub fn usual(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, usual)| *usual)
}

/// Whether a name begins so; `o1` alone stands for a family whose names go on with a hyphen or end there.
fn has_prefix(model: &str, prefix: &str) -> bool {
    let rest = model.strip_prefix(prefix);
    rest.is_some_and(|rest| prefix.ends_with(['-', ':']) || rest.is_empty() || rest.starts_with('-'))
}

fn nameless(provider: &str) -> Fault {
    Fault::new(FaultKind::SpecError, format!("`{provider}:` names no model")).hint(format!("write `{provider}:MODEL`"))
}

fn absent(model: &str, maker: &str) -> Fault {
    Fault::new(
        FaultKind::SpecError,
        format!("model `{model}` is answered by `{maker}`, which is not among the providers"),
    )
    .hint(format!("add `{maker}` to the providers, or write `provider:{model}`"))
}

fn unknown(model: &str, endpoints: &[&str]) -> Fault {
    let fault = |message: String| Fault::new(FaultKind::SpecError, message);
    if let Some((provider, name)) = model.split_once(':') {
        let hint = did_you_mean(provider, endpoints.iter().copied());
        return fault(format!("no provider is called `{provider}`, in model `{model}`"))
            .hint(format!("{hint}; a model whose own name has a colon is written `provider:{provider}:{name}`"));
    }
    let prefixes = PREFIXES.iter().filter(|(_, maker)| endpoints.contains(maker)).map(|(prefix, _)| *prefix);
    let hint =
        did_you_mean(model, prefixes.chain(["gpt-5", "claude-sonnet-4-5", "claude-haiku-4-5", "gemini-2.5-flash"]));
    fault(format!("no provider is known for model `{model}`"))
        .hint(format!("{hint}; or name one, as in `{}:{model}`", endpoints.first().unwrap_or(&"ollama")))
}

#[cfg(test)]
mod tests {
    use flowai_core::fault::FaultKind;

    use super::route;

    const ALL: [&str; 6] = ["anthropic", "openai", "openai-chat", "gemini", "ollama", "azure"];

    #[test]
    fn models_go_to_their_makers_and_explicit_names_win() {
        let routes = [
            ("claude-sonnet-4-6", "anthropic", "claude-sonnet-4-6"),
            ("gpt-5.1", "openai", "gpt-5.1"),
            ("o3", "openai", "o3"),
            ("o4-mini", "openai", "o4-mini"),
            ("ft:gpt-4o:org::id", "openai", "ft:gpt-4o:org::id"),
            ("gemini-2.5-pro", "gemini", "gemini-2.5-pro"),
            ("google:gemini-2.5-pro", "gemini", "gemini-2.5-pro"),
            ("openai-chat:gpt-4o", "openai-chat", "gpt-4o"),
            ("azure:gpt-4o", "azure", "gpt-4o"),
            ("ollama:llama3.2:3b", "ollama", "llama3.2:3b"),
        ];
        for (model, endpoint, name) in routes {
            assert_eq!(route(model, &ALL).unwrap(), (endpoint, name));
        }
    }

    #[test]
    fn an_endpoint_may_have_its_other_name() {
        assert_eq!(route("gemini-2.5-pro", &["google"]).unwrap(), ("google", "gemini-2.5-pro"));
        assert_eq!(route("gemini:x", &["google"]).unwrap(), ("google", "x"));
        assert_eq!(route("google:x", &["gemini", "google"]).unwrap(), ("google", "x"));
    }

    #[test]
    fn an_unknown_name_is_a_spec_error_with_the_nearest() {
        let advice = |model: &str| {
            let fault = route(model, &ALL).unwrap_err();
            assert_eq!(fault.kind(), FaultKind::SpecError);
            fault.advice().unwrap().to_owned()
        };
        assert!(advice("antropic:claude-x").contains("did you mean `anthropic`?"));
        assert!(advice("cluade-haiku-4-5").contains("did you mean `claude-haiku-4-5`?"));
        assert!(advice("mistral-large").contains("add `mistral`"));
        assert!(advice("llama3.2").contains("`anthropic:llama3.2`"));
        assert!(advice("anthropic:").contains("anthropic:MODEL"));
        assert!(advice("o1x").contains("o1"));
    }
}
