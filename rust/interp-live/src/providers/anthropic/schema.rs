//! JSON Schemas in the words that this API takes.
//!
//! Source: the page "Structured outputs" of Anthropic's documentation, section "JSON Schema limitations", and recorded
//! refusals.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

/// Formats that structured output knows.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// How many references lead from one to the next at the top of a schema.
const REFERENCES_MAX: u8 = 16;

/// A schema for structured output; none where this API cannot hold an answer to it.
pub(super) fn native(schema: &Json) -> Option<Json> {
    let refers_to_itself = references(schema).contains(&"#") || is_recursive(schema);
    if refers_to_itself { None } else { clean(schema) }
}

fn clean(schema: &Json) -> Option<Json> {
    let fields = schema.as_object()?;
    let says_something = ["type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"];
    if !says_something.iter().any(|name| fields.contains_key(*name)) {
        return None;
    }
    let (mut cleaned, mut notes) = (Map::new(), Vec::new());
    // The API takes nothing beside a reference.
    let is_reference = fields.contains_key("$ref");
    let beside = ["$ref", "$defs", "definitions"];
    for (name, value) in fields.iter().filter(|(name, _)| !is_reference || beside.contains(&name.as_str())) {
        match keyword(name, value)? {
            Keyword::Kept(name, value) => drop(cleaned.insert(name.to_owned(), value)),
            Keyword::Told => notes.push(format!("{name}: {}", words(value))),
            Keyword::Dropped => {}
        }
    }
    close(fields, &mut cleaned)?;
    if !notes.is_empty() {
        let told = cleaned.get("description").and_then(Json::as_str).map(|told| format!("{told}\n\n"));
        let told = format!("{}{{{}}}", told.unwrap_or_default(), notes.join(", "));
        cleaned.insert("description".to_owned(), Json::String(told));
    }
    Some(Json::Object(cleaned))
}

enum Keyword<'a> {
    /// It is understood.
    Kept(&'a str, Json),
    /// It is not, but the model can be told in words; the answer is checked afterwards.
    Told,
    /// It says nothing about the answer.
    Dropped,
}

/// What becomes of a keyword; none where nothing can.
fn keyword<'a>(name: &'a str, value: &Json) -> Option<Keyword<'a>> {
    let kept = |value| Some(Keyword::Kept(name, value));
    match name {
        "type" | "enum" | "const" | "$ref" | "title" | "description" | "default" | "required" => kept(value.clone()),
        "properties" | "$defs" | "definitions" => {
            let fields = value.as_object()?.iter().map(|(name, value)| Some((name.clone(), clean(value)?)));
            kept(Json::Object(fields.collect::<Option<_>>()?))
        }
        "items" => kept(clean(value)?),
        "anyOf" | "allOf" => kept(all_clean(value)?),
        "oneOf" => Some(Keyword::Kept("anyOf", all_clean(value)?)),
        "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => kept(value.clone()),
        "minItems" if value.as_u64().is_some_and(|count| count <= 1) => kept(value.clone()),
        "format" | "minItems" | "maxItems" | "uniqueItems" | "minimum" | "maximum" | "exclusiveMinimum"
        | "exclusiveMaximum" | "multipleOf" | "minLength" | "maxLength" | "pattern" | "minProperties"
        | "maxProperties" => Some(Keyword::Told),
        "additionalProperties" if value.is_boolean() => Some(Keyword::Dropped),
        "$schema" | "$id" | "$comment" | "examples" | "deprecated" | "readOnly" | "writeOnly" | "discriminator"
        | "contentEncoding" | "contentMediaType" => Some(Keyword::Dropped),
        _ => None,
    }
}

fn all_clean(schemas: &Json) -> Option<Json> {
    schemas.as_array()?.iter().map(clean).collect::<Option<Vec<_>>>().map(Json::Array)
}

/// Forbids fields that are not listed, as this API wants it; none for an object of any fields.
fn close(fields: &Map<String, Json>, cleaned: &mut Map<String, Json>) -> Option<()> {
    let is_object = fields.get("type").is_some_and(|kind| {
        kind == "object" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "object"))
    });
    if !is_object {
        return Some(());
    }
    let is_closed = fields.get("additionalProperties").is_some_and(|more| *more == false);
    let has_fields = fields.get("properties").and_then(Json::as_object).is_some_and(|fields| !fields.is_empty());
    if !is_closed && !has_fields {
        return None;
    }
    cleaned.insert("additionalProperties".to_owned(), json!(false));
    Some(())
}

fn words(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a definition leads back to itself.
fn is_recursive(schema: &Json) -> bool {
    let definitions = ["$defs", "definitions"].into_iter().filter_map(|name| schema.get(name)?.as_object());
    let definitions: Vec<(&String, &Json)> = definitions.flatten().collect();
    definitions.iter().any(|(name, definition)| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![*definition]);
        while let Some(next) = open.pop() {
            for target in references(next) {
                if target == name.as_str() {
                    return true;
                }
                if seen.insert(target) {
                    open.extend(definitions.iter().filter(|(name, _)| *name == target).map(|(_, schema)| *schema));
                }
            }
        }
        false
    })
}

/// The names of the definitions that a schema refers to; `#` for itself.
fn references(schema: &Json) -> Vec<&str> {
    match schema {
        Json::Object(fields) => {
            let own = fields.get("$ref").and_then(Json::as_str).and_then(|path| path.rsplit('/').next());
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Json::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// A schema for the arguments of a tool: an object at the top, without choices there, which this API refuses.
pub(super) fn arguments(schema: &Json) -> Json {
    let Some(fields) = schema.as_object() else { return json!({"type": "object"}) };
    Json::Object(flat(fields, schema, REFERENCES_MAX))
}

fn flat(fields: &Map<String, Json>, root: &Json, references_left: u8) -> Map<String, Json> {
    let mut whole = fields.clone();
    whole.insert("type".to_owned(), json!("object"));
    let Some(left) = references_left.checked_sub(1) else { return whole };
    let target = whole.remove("$ref").and_then(|path| root.pointer(path.as_str()?.strip_prefix('#')?)?.as_object());
    if let Some(target) = target {
        join(&mut whole, flat(target, root, left), true);
    }
    for (name, requires) in [("allOf", true), ("anyOf", false), ("oneOf", false)] {
        let choices = whole.remove(name);
        for choice in choices.iter().filter_map(Json::as_array).flatten().filter_map(Json::as_object) {
            join(&mut whole, flat(choice, root, left), requires);
        }
    }
    whole
}

/// Adds the fields of another object schema; they are required only where it holds for every choice.
fn join(whole: &mut Map<String, Json>, other: Map<String, Json>, requires: bool) {
    for (name, value) in other {
        match (name.as_str(), whole.get_mut(&name), value) {
            ("properties", Some(Json::Object(known)), Json::Object(more)) => {
                for (name, schema) in more {
                    known.entry(name).or_insert(schema);
                }
            }
            ("required", Some(Json::Array(known)), Json::Array(more)) if requires => known.extend(more),
            ("required" | "additionalProperties", _, _) if !requires => {}
            (_, Some(_), _) => {}
            (_, None, value) => drop(whole.insert(name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{arguments, native};

    #[test]
    fn bounds_become_words_and_objects_are_closed() {
        let schema = json!({"type": "object", "required": ["share"], "properties": {
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "name": {"anyOf": [{"type": "string", "minLength": 1, "description": "who"}, {"type": "null"}]},
        }});
        let expected = json!({"type": "object", "required": ["share"], "additionalProperties": false, "properties": {
            "share": {"type": "number", "description": "{maximum: 1, minimum: 0}"},
            "name": {"anyOf": [{"type": "string", "description": "who\n\n{minLength: 1}"}, {"type": "null"}]},
        }});
        assert_eq!(native(&schema), Some(expected));
    }

    #[test]
    fn what_native_output_cannot_hold_is_told_apart() {
        let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}});
        for schema in [
            json!(true),
            json!({}),
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            json!({"type": "object", "properties": {"any": {}}}),
            json!({"type": "array", "prefixItems": [{"type": "string"}]}),
            json!({"$ref": "#/$defs/Node", "$defs": {"Node": node}}),
        ] {
            assert_eq!(native(&schema), None, "{schema}");
        }
    }

    #[test]
    fn arguments_are_an_object_at_the_top() {
        let schema = json!({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [
            {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
            {"type": "object", "properties": {"y": {"type": "string"}}},
        ]}}});
        let flat = arguments(&schema);
        assert_eq!(flat["type"], "object");
        assert_eq!(flat["properties"], json!({"x": {"type": "integer"}, "y": {"type": "string"}}));
        assert!(["$ref", "anyOf", "required"].iter().all(|name| flat.get(*name).is_none()), "{flat}");
        let cyclic = json!({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}});
        assert_eq!(arguments(&cyclic)["type"], "object");
        assert_eq!(arguments(&json!(true)), json!({"type": "object"}));
    }
}
