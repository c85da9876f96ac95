//! The kinds of server that speak Chat Completions, and where they differ.

use crate::settings::OutputMode;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// `OpenAI` itself.
    OpenAi,
    /// `OpenAI`'s models at Azure.
    Azure,
    /// `DeepSeek`.
    DeepSeek,
    /// Groq.
    Groq,
    /// llama.cpp's server.
    LlamaCpp,
    /// Mistral.
    Mistral,
    /// Ollama.
    Ollama,
    /// `OpenRouter`.
    OpenRouter,
    /// vLLM.
    Vllm,
    /// Any other server.
    Compatible,
}

/// The flavour of each preset.
const PRESETS: [(&str, Flavour); 10] = [
    ("openai-chat", Flavour::OpenAi),
    ("azure", Flavour::Azure),
    ("deepseek", Flavour::DeepSeek),
    ("groq", Flavour::Groq),
    ("llamacpp", Flavour::LlamaCpp),
    ("mistral", Flavour::Mistral),
    ("ollama", Flavour::Ollama),
    ("openrouter", Flavour::OpenRouter),
    ("vllm", Flavour::Vllm),
    ("compatible", Flavour::Compatible),
];

impl Flavour {
    /// The flavour of a preset; any other name is a server that keeps to the common part.
    #[must_use]
    pub fn of(preset: &str) -> Self {
        PRESETS.iter().find(|(name, _)| *name == preset).map_or(Self::Compatible, |(_, flavour)| *flavour)
    }

    /// The field that limits the tokens of an answer.
    pub(super) fn max_tokens(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Azure | Self::Groq => "max_completion_tokens",
            _ => "max_tokens",
        }
    }

    /// The field that holds the seed.
    pub(super) fn seed(self) -> &'static str {
        if self == Self::Mistral { "random_seed" } else { "seed" }
    }

    /// The field by which thinking is given back, where the server wants it.
    pub(super) fn thinking_back(self) -> Option<&'static str> {
        match self {
            Self::DeepSeek | Self::LlamaCpp | Self::Vllm | Self::Compatible => Some("reasoning_content"),
            Self::OpenRouter | Self::Groq | Self::Ollama => Some("reasoning"),
            Self::OpenAi | Self::Azure | Self::Mistral => None,
        }
    }

    /// Whether the usage of a stream has to be asked for.
    pub(super) fn asks_usage(self) -> bool {
        self != Self::Mistral
    }

    /// Whether it draws from the likeliest words by number.
    pub(super) fn takes_top_k(self) -> bool {
        matches!(self, Self::LlamaCpp | Self::Ollama | Self::OpenRouter | Self::Vllm | Self::Compatible)
    }

    /// How a structured answer is best asked for.
    pub(super) fn output_mode(self, model: &str) -> OutputMode {
        match self {
            Self::DeepSeek | Self::OpenRouter | Self::Compatible => OutputMode::Tool,
            Self::OpenAi | Self::Azure if is_old(model) => OutputMode::Tool,
            Self::OpenAi | Self::Azure | Self::Groq | Self::LlamaCpp | Self::Mistral | Self::Ollama | Self::Vllm => {
                OutputMode::Native
            }
        }
    }
}

/// Models from before structured output.
fn is_old(model: &str) -> bool {
    model.starts_with("gpt-3.5") || model == "gpt-4" || model.starts_with("gpt-4-") || model == "gpt-4o-2024-05-13"
}
