//! A paused answer and what the provider said when it was asked to go on, as one answer.

use flowai_core::effects::{ModelAnswer, Part};
use serde_json::Value as Json;

/// Both as one; the second says why it stopped.
pub(crate) fn joined(before: Option<ModelAnswer>, after: ModelAnswer) -> ModelAnswer {
    let Some(mut before) = before else { return after };
    if !before.parts.is_empty() || !after.parts.is_empty() {
        before.parts = parts(&before);
        before.parts.extend(parts(&after));
    }
    before.text.push_str(&after.text);
    before.thinking = match (before.thinking, after.thinking) {
        (Some(one), Some(other)) => Some(one + &other),
        (one, other) => one.or(other),
    };
    before.tool_calls.extend(after.tool_calls);
    ModelAnswer {
        output: after.output.or(before.output),
        stop_reason: after.stop_reason,
        usage: before.usage.plus(after.usage),
        api: after.api.or(before.api),
        model: after.model.or(before.model),
        text: before.text,
        thinking: before.thinking,
        tool_calls: before.tool_calls,
        parts: before.parts,
    }
}

/// The parts of an answer, made from its plain fields where it has none.
fn parts(answer: &ModelAnswer) -> Vec<Part> {
    if !answer.parts.is_empty() {
        return answer.parts.clone();
    }
    let thinking = answer.thinking.iter().map(|text| Part::Thinking { text: text.clone(), extras: Json::Null });
    let text = Some(&answer.text).filter(|text| !text.is_empty());
    let text = text.into_iter().map(|text| Part::Text { text: text.clone(), extras: Json::Null });
    let calls = answer.tool_calls.iter().map(|call| Part::ToolCall {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        extras: Json::Null,
    });
    thinking.chain(text).chain(calls).collect()
}

#[cfg(test)]
mod tests {
    use flowai_core::effects::{ModelAnswer, Part, Usage};
    use serde_json::json;

    use super::joined;

    #[test]
    fn both_halves_are_kept_in_order() {
        let searched = Part::Other { extras: json!({"type": "server_tool_use"}) };
        let usage = Usage { output_tokens: 2, ..Usage::default() };
        let before = ModelAnswer { text: "I ".to_owned(), usage, ..ModelAnswer::default() };
        let after = ModelAnswer {
            text: "see".to_owned(),
            parts: vec![searched.clone()],
            stop_reason: "end_turn".to_owned(),
            api: Some("anthropic".to_owned()),
            usage,
            ..ModelAnswer::default()
        };
        let both = joined(Some(before), after);
        assert_eq!((both.text.as_str(), both.stop_reason.as_str(), both.usage.output_tokens), ("I see", "end_turn", 4));
        assert_eq!(both.parts, [Part::Text { text: "I ".to_owned(), extras: json!(null) }, searched]);
    }
}
