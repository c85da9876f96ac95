//! What a model of Anthropic can do, told by the version in its name.
//!
//! Source: the pages "Models overview", "Adaptive thinking" and "Structured outputs" of Anthropic's documentation.

use crate::settings::OutputMode;

/// A model's version, such as 4.5; none for a model of another house that speaks this API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model(Option<(u32, u32)>);

impl Model {
    /// The version in a name: `claude-3-5-haiku-20241022`, `claude-opus-4-1`, `anthropic/claude-haiku-4.5`.
    pub(super) fn of(name: &str) -> Self {
        let Some((_, rest)) = name.split_once("claude") else { return Self(None) };
        let mut words = rest.split(['-', '.', '@', ':', '/', '_']).skip_while(|word| number(word).is_none());
        let major = words.next().and_then(number);
        let minor = words.next().and_then(number).unwrap_or(0);
        Self(major.map(|major| (major, minor)))
    }

    fn is_since(self, major: u32, minor: u32) -> bool {
        self.0.is_some_and(|version| version >= (major, minor))
    }

    /// Whether it decides by itself how much it thinks.
    pub(super) fn thinks_adaptively(self) -> bool {
        self.is_since(4, 6)
    }

    /// Whether it shows its thinking only when it is asked to.
    pub(super) fn hides_thinking(self) -> bool {
        self.is_since(4, 7)
    }

    /// Whether it thinks unless it is told not to; such a model cannot be forced to call a tool.
    pub(super) fn thinks_unasked(self) -> bool {
        self.is_since(5, 0)
    }

    /// How a structured answer is best asked for.
    pub(super) fn output_mode(self) -> OutputMode {
        if self.is_since(4, 5) { OutputMode::Native } else { OutputMode::Tool }
    }

    /// How many tokens an answer may have where nobody says so: enough for a long answer, within what the model can.
    pub(super) fn max_tokens(self) -> u64 {
        match self.0 {
            Some((major, minor)) if (major, minor) < (3, 5) => 4_096,
            Some((major, minor)) if (major, minor) < (4, 5) => 8_192,
            Some((4, _)) => 16_384,
            Some(_) => 32_768,
            None => 8_192,
        }
    }
}

/// A part of a version; a date is none.
fn number(word: &str) -> Option<u32> {
    word.parse().ok().filter(|_| word.len() <= 2)
}

#[cfg(test)]
mod tests {
    use super::Model;

    #[test]
    fn a_version_is_read_from_every_spelling_of_a_name() {
        let versions = [
            ("claude-3-opus-20240229", Some((3, 0))),
            ("claude-3-5-haiku-latest", Some((3, 5))),
            ("claude-sonnet-4-20250514", Some((4, 0))),
            ("claude-opus-4-1", Some((4, 1))),
            ("anthropic/claude-haiku-4.5", Some((4, 5))),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Some((4, 5))),
            ("claude-sonnet-5", Some((5, 0))),
            ("claude-opus-5-5", Some((5, 5))),
            ("claude-instant", None),
            ("kimi-k2-0905", None),
        ];
        for (name, version) in versions {
            assert_eq!(Model::of(name), Model(version), "{name}");
        }
    }
}
