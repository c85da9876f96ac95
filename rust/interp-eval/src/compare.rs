//! Saying how an ask differs from the recording.

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::json::diff;
use serde_json::{Value as Json, json};

/// What stands on one side of a difference.
pub(crate) struct Side<'a> {
    pub effect: &'a str,
    pub arguments: &'a Json,
}

impl Side<'_> {
    pub fn shown(&self) -> Json {
        json!({"effect": self.effect, "arguments": self.arguments})
    }
}

/// The mismatch at a position, with both sides and their differences.
pub(crate) fn mismatch(position: &str, recorded: Option<&Side<'_>>, asked: Option<&Side<'_>>) -> Fault {
    let (before, after) = (recorded.map(Side::shown), asked.map(Side::shown));
    let changes = diff(before.as_ref().unwrap_or(&Json::Null), after.as_ref().unwrap_or(&Json::Null));
    let message = match (recorded, asked) {
        (Some(recorded), Some(asked)) if recorded.effect == asked.effect => {
            let places: Vec<String> = changes
                .iter()
                .take(3)
                .map(|change| {
                    format!("{}: {} → {}", change.path, text(change.before.as_ref()), text(change.after.as_ref()))
                })
                .collect();
            format!(
                "at position {position} the program asks another `{}` than the recording: {}",
                asked.effect,
                places.join(", ")
            )
        }
        (Some(recorded), Some(asked)) => format!(
            "at position {position} the program asks `{}` where the recording has `{}`",
            asked.effect, recorded.effect
        ),
        (None, Some(asked)) => {
            format!("at position {position} the program asks `{}`, and the recording has nothing there", asked.effect)
        }
        (Some(recorded), None) => {
            format!("the program ended, and the recording goes on with `{}` at position {position}", recorded.effect)
        }
        (None, None) => format!("at position {position} the program and the recording differ"),
    };
    Fault::new(FaultKind::ReplayMismatch, message)
        .hint("the program changed since it was recorded: record it anew, or replay the version that was recorded")
        .detail(json!({"position": position, "recorded": before, "asked": after, "diff": changes}))
}

fn text(value: Option<&Json>) -> String {
    value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}
