//! Presets: the endpoints that everybody has, by name.

use std::sync::Arc;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::specs::did_you_mean;

use crate::endpoint::Endpoint;
use crate::providers::Provider;
use crate::providers::anthropic::Anthropic;
use crate::providers::chat::{Chat, Flavour};
use crate::providers::gemini::Gemini;
use crate::providers::responses::Responses;

/// Which API an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Anthropic Messages.
    Anthropic,
    /// `OpenAI` Responses.
    Responses,
    /// `OpenAI` Chat Completions, in the dialect of the preset of this name.
    Chat(&'static str),
    /// Gemini generateContent.
    Gemini,
}

impl Api {
    /// What speaks it.
    #[must_use]
    pub fn provider(self) -> Arc<dyn Provider> {
        match self {
            Self::Anthropic => Arc::new(Anthropic),
            Self::Responses => Arc::new(Responses),
            Self::Chat(preset) => Arc::new(Chat(Flavour::of(preset))),
            Self::Gemini => Arc::new(Gemini),
        }
    }
}

/// An endpoint that everybody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// Which API it speaks.
    pub api: Api,
    /// Where it is; absent where everybody has an address of their own.
    pub base_url: Option<&'static str>,
    /// The environment variable of another address, and what stands behind its value.
    pub base_url_variable: (&'static str, &'static str),
    /// The environment variables of its key, the first that is set.
    pub key_variables: &'static [&'static str],
    /// Whether it answers nobody without a key.
    pub needs_key: bool,
}

const fn preset(
    name: &'static str,
    api: Api,
    base_url: &'static str,
    base_url_variable: &'static str,
    key_variables: &'static [&'static str],
) -> Preset {
    Preset {
        name,
        api,
        base_url: Some(base_url),
        base_url_variable: (base_url_variable, ""),
        key_variables,
        needs_key: true,
    }
}

/// Every preset.
pub const PRESETS: [Preset; 12] = [
    preset("anthropic", Api::Anthropic, "https://api.anthropic.com", "ANTHROPIC_BASE_URL", &["ANTHROPIC_API_KEY"]),
    preset("openai", Api::Responses, "https://api.openai.com/v1", "OPENAI_BASE_URL", &["OPENAI_API_KEY"]),
    preset(
        "openai-chat",
        Api::Chat("openai-chat"),
        "https://api.openai.com/v1",
        "OPENAI_BASE_URL",
        &["OPENAI_API_KEY"],
    ),
    preset(
        "gemini",
        Api::Gemini,
        "https://generativelanguage.googleapis.com/v1beta",
        "GEMINI_BASE_URL",
        &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    ),
    preset("groq", Api::Chat("groq"), "https://api.groq.com/openai/v1", "GROQ_BASE_URL", &["GROQ_API_KEY"]),
    preset(
        "deepseek",
        Api::Chat("deepseek"),
        "https://api.deepseek.com/v1",
        "DEEPSEEK_BASE_URL",
        &["DEEPSEEK_API_KEY"],
    ),
    preset("mistral", Api::Chat("mistral"), "https://api.mistral.ai/v1", "MISTRAL_BASE_URL", &["MISTRAL_API_KEY"]),
    preset(
        "openrouter",
        Api::Chat("openrouter"),
        "https://openrouter.ai/api/v1",
        "OPENROUTER_BASE_URL",
        &["OPENROUTER_API_KEY"],
    ),
    Preset {
        base_url: None,
        base_url_variable: ("AZURE_OPENAI_ENDPOINT", "/openai/v1"),
        ..preset("azure", Api::Chat("azure"), "", "", &["AZURE_OPENAI_API_KEY"])
    },
    Preset {
        needs_key: false,
        ..preset("ollama", Api::Chat("ollama"), "http://localhost:11434/v1", "OLLAMA_BASE_URL", &["OLLAMA_API_KEY"])
    },
    Preset {
        needs_key: false,
        ..preset("vllm", Api::Chat("vllm"), "http://localhost:8000/v1", "VLLM_BASE_URL", &["VLLM_API_KEY"])
    },
    Preset {
        needs_key: false,
        ..preset(
            "llamacpp",
            Api::Chat("llamacpp"),
            "http://localhost:8080/v1",
            "LLAMACPP_BASE_URL",
            &["LLAMACPP_API_KEY"],
        )
    },
];

/// The preset of a name.
///
/// # Errors
/// [`FaultKind::SpecError`] with the nearest name.
pub fn find(name: &str) -> Result<&'static Preset, Fault> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        Fault::new(FaultKind::SpecError, format!("no provider is called `{name}`"))
            .hint(did_you_mean(name, PRESETS.iter().map(|preset| preset.name)))
    })
}

impl Preset {
    /// The endpoint, with the address and the key that the environment gives.
    ///
    /// `variable` reads the environment, where a set but empty one counts as absent.
    /// Where nobody gives an address it is empty, and asking it says so.
    pub fn endpoint(&self, variable: impl Fn(&str) -> Option<String>) -> Endpoint {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let (base_url, behind) = self.base_url_variable;
        let base_url = set(base_url).map(|base| {
            let base = base.trim().trim_end_matches('/');
            if base.ends_with(behind) { base.to_owned() } else { format!("{base}{behind}") }
        });
        let base_url = base_url.or_else(|| self.base_url.map(str::to_owned)).unwrap_or_default();
        let mut endpoint = Endpoint::new(self.name, self.api.provider(), base_url);
        if self.needs_key {
            endpoint.key_variables = self.key_variables.iter().map(|name| (*name).to_owned()).collect();
        }
        match self.key_variables.iter().find_map(|name| set(name)) {
            Some(key) => endpoint.with_key(key),
            None => endpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    use flowai_core::fault::FaultKind;

    use super::{PRESETS, find};
    use crate::Models;

    #[test]
    fn every_preset_makes_an_endpoint_and_every_maker_has_one() {
        let endpoints = PRESETS.iter().map(|preset| preset.endpoint(|_| None)).collect();
        let models = Models::new(endpoints).unwrap();
        for model in ["claude-x", "gpt-5", "o3", "gemini-x", "google:x", "deepseek-chat", "mistral-large", "vllm:x"] {
            models.endpoint(model).unwrap();
        }
        assert_eq!(models.check("claude-x").unwrap_err().kind(), FaultKind::AuthenticationFailed);
        assert_eq!(models.check("azure:x").unwrap_err().kind(), FaultKind::SpecError);
        models.check("ollama:x").unwrap();
    }

    #[test]
    fn addresses_and_keys_come_from_the_environment() {
        let variable = |name: &str| match name {
            "AZURE_OPENAI_ENDPOINT" => Some("https://mine.example/".to_owned()),
            "GOOGLE_API_KEY" => Some("second".to_owned()),
            "GEMINI_API_KEY" | "OPENAI_BASE_URL" => Some(" ".to_owned()),
            _ => None,
        };
        let made = |name: &str| find(name).unwrap().endpoint(variable);
        assert_eq!(made("azure").base_url, "https://mine.example/openai/v1");
        assert_eq!(made("openai").base_url, "https://api.openai.com/v1");
        assert_eq!(made("gemini").key.unwrap().reveal(), "second");
        assert_eq!(made("openai").key_variables, ["OPENAI_API_KEY"]);
        assert!(made("ollama").key_variables.is_empty());
        assert_eq!(made("azure").provider.authorize("k").0, "api-key");
        assert!(find("olama").err().unwrap().advice().unwrap().contains("`ollama`"));
    }
}
