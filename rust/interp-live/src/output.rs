//! Structured output: the JSON of an answer, and whether it fits.

use std::sync::Arc;

use flowai_core::effects::{Message, ModelAnswer};
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::schema::Validator;
use serde_json::{Value as Json, json};

use crate::json;

/// How many places of a text are tried as the start of its JSON.
const STARTS_MAX: usize = 64;

/// What the output of a call has to be.
pub(crate) enum Wanted {
    /// Nothing.
    Text,
    /// What fits, or else a repair.
    Fitting(Validator),
    /// What an agent checks and repairs itself.
    Likely(Arc<Json>),
}

impl Wanted {
    /// What a call wants; the schema of an agent was compiled when its runtime was made.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] for what is no schema.
    pub fn new(schema: Option<&Arc<Json>>, whole: bool) -> Result<Self, Fault> {
        let Some(schema) = schema else { return Ok(Self::Text) };
        if whole {
            return Ok(Self::Likely(Arc::clone(schema)));
        }
        Validator::new(schema)
            .map(Self::Fitting)
            .map_err(|error| Fault::new(FaultKind::SpecError, format!("the schema of the output is {error}")))
    }

    /// Puts the output into an answer.
    ///
    /// # Errors
    /// What does not fit, in words for the model.
    pub fn fill(&self, answer: &mut ModelAnswer) -> Result<(), Vec<String>> {
        // Who calls tools has not answered yet.
        if matches!(self, Self::Text) || (answer.output.is_none() && !answer.tool_calls.is_empty()) {
            return Ok(());
        }
        let mut found = answer.output.take().map_or_else(|| candidates(&answer.text), |output| vec![output]);
        let validator = match self {
            Self::Text => None,
            Self::Fitting(validator) => Some(validator.clone()),
            Self::Likely(schema) => {
                Some(schema).filter(|_| found.len() > 1).and_then(|schema| Validator::new(schema).ok())
            }
        };
        let fits = |output: &Json| validator.as_ref().is_none_or(|validator| validator.validate(output).is_ok());
        let best = found.iter().position(fits).unwrap_or(0);
        answer.output = (best < found.len()).then(|| found.swap_remove(best));
        match (self, &answer.output) {
            (Self::Fitting(validator), Some(output)) => {
                validator.validate(output).map_err(|faults| faults.iter().map(ToString::to_string).collect())
            }
            (Self::Fitting(_), None) => Err(vec!["it holds no JSON".to_owned()]),
            _ => Ok(()),
        }
    }
}

/// The messages by which a model is asked to repair its output.
///
/// What it said goes back as plain text: a call of the answering tool would want an answer of its own.
pub(crate) fn repair(answer: ModelAnswer, faults: &[String]) -> [Message; 2] {
    let text = match answer.output {
        Some(output) => output.to_string(),
        None if answer.text.is_empty() => "(nothing)".to_owned(),
        None => answer.text,
    };
    let said = Message::Assistant { text, thinking: None, tool_calls: Vec::new(), parts: Vec::new(), api: None };
    let asked = format!("the answer does not fit the required schema: {}; give it again, corrected", faults.join("; "));
    [said, Message::user(asked)]
}

/// The fault of an output that does not fit after every repair.
pub(crate) fn invalid(answer: &ModelAnswer, faults: &[String]) -> Fault {
    let partial = answer.output.as_ref().map_or_else(|| answer.text.clone(), ToString::to_string);
    Fault::new(FaultKind::OutputInvalid, format!("the output does not fit its schema: {}", faults.join("; ")))
        .hint("make the schema easier to fit, say in the prompt what is wanted, or ask a stronger model")
        .detail(json!({"partial": partial}))
}

/// Every JSON that a text may mean, the likeliest first: all of it, a fenced block, or what stands in the prose.
fn candidates(text: &str) -> Vec<Json> {
    if let Ok(whole) = json::read(text.trim()) {
        return vec![whole];
    }
    let fenced: Vec<Json> = text.split("```").skip(1).step_by(2).filter_map(block).collect();
    if fenced.is_empty() { bare(text) } else { fenced }
}

fn block(fenced: &str) -> Option<Json> {
    let inner = fenced.split_once('\n').filter(|(language, _)| language.trim().chars().all(char::is_alphanumeric));
    json::read(inner.map_or(fenced, |(_, inner)| inner).trim()).ok()
}

fn bare(text: &str) -> Vec<Json> {
    let (mut found, mut rest) = (Vec::new(), text);
    for _ in 0..STARTS_MAX {
        let Some(start) = rest.find(['{', '[']) else { break };
        let (_, tail) = rest.split_at(start);
        let mut read = serde_json::Deserializer::from_str(tail).into_iter::<Json>();
        let value = read.next();
        let taken = if matches!(value, Some(Ok(_))) { read.byte_offset() } else { 1 };
        found.extend(value.and_then(Result::ok));
        rest = tail.get(taken..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowai_core::effects::ModelAnswer;
    use serde_json::{Value as Json, json};

    use super::Wanted;

    fn filled(text: &str, whole: bool) -> (Option<Json>, Result<(), Vec<String>>) {
        let schema = Arc::new(json!({"type": "object", "required": ["units"]}));
        let mut answer = ModelAnswer { text: text.to_owned(), ..ModelAnswer::default() };
        let fits = Wanted::new(Some(&schema), whole).unwrap().fill(&mut answer);
        (answer.output, fits)
    }

    #[test]
    fn json_is_found_whole_fenced_and_bare() {
        let texts = [
            " {\"units\": 3}\n",
            "Here:\n```json\n{\"units\": 3}\n```\nDone.",
            "```{\"units\": 3}```",
            "I take [1] and {not this} but {\"units\": 3}, see?",
            "{\"other\": 1} no, {\"units\": 3}",
        ];
        for text in texts {
            assert_eq!(filled(text, false), (Some(json!({"units": 3})), Ok(())), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_but_not_to_an_agent() {
        let (output, fits) = filled("{\"unit\": 3}", false);
        assert_eq!((output, fits.unwrap_err().len()), (Some(json!({"unit": 3})), 1));
        assert_eq!(filled("none", false).1, Err(vec!["it holds no JSON".to_owned()]));
        assert_eq!(filled("{\"unit\": 3}", true), (Some(json!({"unit": 3})), Ok(())));
        assert_eq!(filled("none", true), (None, Ok(())));
        assert_eq!(filled("{\"unit\": 3} or {\"units\": 3}", true), (Some(json!({"units": 3})), Ok(())));
    }

    #[test]
    fn many_open_brackets_take_no_time() {
        assert_eq!(filled(&"[".repeat(1 << 20), true), (None, Ok(())));
    }
}
