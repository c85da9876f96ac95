//! Doubt: which recorded approvals a replay that goes on has to ask for again.
//!
//! A recording is a file, and a file is nobody's decision. An approval in it counts only where the
//! recording also holds the answer of everything that it let out, so that nothing goes out for it
//! a second time. A recorded refusal lets nothing out and stands.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::recording::{Entry, Outcome};
use crate::tape::Tape;

/// The answers to approvals that do not count.
pub(crate) fn doubted(tape: &Tape) -> BTreeSet<usize> {
    let finished = finished_plans(tape);
    let counts = |position: &str| match tape.arguments(position, "AwaitApproval").map(|asked| &asked["kind"]) {
        Some(kind) if kind == "tool" => tape.place(position, "CallTool").answered.is_some(),
        Some(kind) if kind == "plan" => plan_of(tape, position).is_some_and(|plan| finished.contains(plan)),
        _ => false,
    };
    let entries = tape.entries().iter().enumerate();
    entries
        .filter(|(_, entry)| approved_at(entry).is_some_and(|place| !counts(place)))
        .map(|(index, _)| index)
        .collect()
}

/// Where an approval was given, if the entry is that.
fn approved_at(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Answered { position, effect, outcome: Outcome::Ok(ruling), .. } if effect == "AwaitApproval" => {
            (ruling.get("approved") != Some(&Json::Bool(false))).then_some(position)
        }
        Entry::Asked { .. } | Entry::Answered { .. } | Entry::Told { .. } | Entry::Refused { .. } => None,
    }
}

/// The plan whose approval was answered at a position.
fn plan_of<'a>(tape: &'a Tape, position: &str) -> Option<&'a str> {
    tape.place(position, "AdvancePlan").answered?;
    tape.arguments(position, "AdvancePlan")?.get("plan_id")?.as_str()
}

/// The plans that came to their end, unless a call is recorded whose answer is not.
fn finished_plans(tape: &Tape) -> BTreeSet<&str> {
    let asks = tape.entries().iter().filter_map(|entry| match entry {
        Entry::Asked { position, effect, arguments, .. } => Some((position, effect.as_str(), arguments)),
        Entry::Answered { .. } | Entry::Told { .. } | Entry::Refused { .. } => None,
    });
    let mut finished = BTreeSet::new();
    for (position, effect, arguments) in asks {
        let is_answered = tape.place(position, effect).answered.is_some();
        match effect {
            "CallTool" if !is_answered => return BTreeSet::new(),
            "AdvancePlan" if is_answered && arguments["move"]["step"] == "finish" => {
                finished.extend(arguments["plan_id"].as_str());
            }
            _ => {}
        }
    }
    finished
}
