//! What a model's name says about it, and where it stands in a path.

use flowai_core::fault::Fault;

use crate::providers::output::cannot;

/// What is known of a model by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// Models before 2.5, which do not think, and those of other makers.
    Plain,
    /// 2.5, which thinks within a number of tokens, and may always do so.
    Budgeted {
        /// The fewest tokens that it thinks.
        tokens_min: u64,
    },
    /// 3 and later, which think on levels.
    Levelled {
        /// The level on which it thinks least.
        least: &'static str,
    },
}

impl Model {
    /// What a name says.
    pub(super) fn of(name: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or(name);
        let Some(rest) = name.strip_prefix("gemini-") else {
            return Self::Plain;
        };
        let generation = rest.split('-').next().unwrap_or(rest);
        let major = generation.split('.').next().unwrap_or(generation);
        let is_pro = rest.contains("pro");
        match (major, generation) {
            ("0" | "1", _) | (_, "2.0" | "2") => Self::Plain,
            (_, "2.5") => Self::Budgeted { tokens_min: if is_pro { 128 } else { 0 } },
            // `gemini-flash-latest` is of the newest generation, too.
            _ => Self::Levelled { least: if is_pro { "low" } else { "minimal" } },
        }
    }

    /// Whether it checks that calls of this turn carry the signatures of the thinking before them.
    pub(super) fn wants_signatures(self) -> bool {
        matches!(self, Self::Levelled { .. })
    }

    /// Whether it may call tools and give structured output in one answer.
    pub(super) fn joins_tools_and_output(self) -> bool {
        matches!(self, Self::Levelled { .. })
    }
}

/// Resources that a model's name may stand in.
const FOLDERS: [&str; 5] = ["models", "tunedModels", "publishers", "projects", "endpoints"];

/// The path of a model.
pub(super) fn path(name: &str) -> Result<String, Fault> {
    let name = name.trim_matches('/');
    let is_full = name.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder));
    let segments: Vec<&str> = if is_full { name.split('/').collect() } else { vec!["models", name] };
    if segments.iter().any(|segment| segment.chars().all(|letter| letter == '.')) {
        return Err(cannot(&format!("has no model `{name}`"), "give a name such as `gemini-2.5-flash`"));
    }
    Ok(segments.into_iter().fold(String::new(), |path, segment| path + "/" + &escaped(segment)))
}

/// A segment of a path, with all but the letters that stand for themselves escaped.
fn escaped(segment: &str) -> String {
    let written = segment.bytes().map(|byte| match char::from(byte) {
        letter if letter.is_ascii_alphanumeric() || "-_.~".contains(letter) => letter.to_string(),
        _ => format!("%{byte:02X}"),
    });
    written.collect()
}

#[cfg(test)]
mod tests {
    use super::{Model, path};

    #[test]
    fn names_lead_to_paths() {
        assert_eq!(path("gemini-2.5-flash").unwrap(), "/models/gemini-2.5-flash");
        assert_eq!(path("models/x").unwrap(), "/models/x");
        assert_eq!(path("publishers/google/models/x").unwrap(), "/publishers/google/models/x");
        assert_eq!(path("a:b/c é").unwrap(), "/models/a%3Ab%2Fc%20%C3%A9");
        assert!(path("models/../x").is_err() && path("").is_err());
    }

    #[test]
    fn generations_are_told_apart() {
        assert_eq!(Model::of("models/gemini-2.0-flash"), Model::Plain);
        assert_eq!(Model::of("gemma-3-27b"), Model::Plain);
        assert_eq!(Model::of("gemini-2.5-pro-preview-03-25"), Model::Budgeted { tokens_min: 128 });
        assert_eq!(Model::of("gemini-3-flash-preview"), Model::Levelled { least: "minimal" });
        assert_eq!(Model::of("gemini-3.1-pro-preview"), Model::Levelled { least: "low" });
    }
}
