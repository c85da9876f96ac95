//! JSON Schemas in the words that this API takes.
//!
//! Source: the field `responseJsonSchema` of the Gemini API's reference of `GenerationConfig`, which lists them.

use serde_json::{Map, Value as Json, json};

/// Keywords that are understood, and hold no schema.
const KEPT: [&str; 14] = [
    "$id",
    "$ref",
    "$anchor",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "required",
    "propertyOrdering",
];

/// Keywords that are not understood, of which the model can be told in words; the answer is checked afterwards.
const TOLD: [&str; 11] = [
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "not",
    "patternProperties",
];

/// A schema without the keywords that this API does not understand.
pub(super) fn clean(schema: &Json) -> Json {
    let Some(fields) = schema.as_object() else {
        // `true` lets everything through, as no keyword does.
        return if schema.is_boolean() { json!({}) } else { schema.clone() };
    };
    let (mut cleaned, mut notes) = (Map::new(), Vec::new());
    for (name, value) in fields {
        add(&mut cleaned, &mut notes, name, value);
    }
    if !notes.is_empty() && !cleaned.contains_key("$ref") {
        let told = cleaned.get("description").and_then(Json::as_str).map(|told| format!("{told}\n\n"));
        let told = format!("{}{{{}}}", told.unwrap_or_default(), notes.join(", "));
        cleaned.insert("description".to_owned(), Json::String(told));
    }
    if cleaned.contains_key("$ref") {
        // Nothing but other references may stand beside one.
        cleaned.retain(|name, _| name.starts_with('$'));
    }
    Json::Object(cleaned)
}

fn add(cleaned: &mut Map<String, Json>, notes: &mut Vec<String>, name: &str, value: &Json) {
    let mut keep = |name: &str, value: Json| drop(cleaned.insert(name.to_owned(), value));
    match name {
        "$ref" => keep(name, json!(value.as_str().map(|path| path.replacen("#/definitions/", "#/$defs/", 1)))),
        // Values that are neither texts nor numbers cannot be listed.
        "enum" if value.as_array().is_none_or(|all| !all.iter().all(is_listed)) => notes.push(format!("enum: {value}")),
        "const" if !is_listed(value) => notes.push(format!("const: {value}")),
        _ if KEPT.contains(&name) => keep(name, value.clone()),
        _ if TOLD.contains(&name) => notes.push(format!("{name}: {value}")),
        "const" => keep("enum", json!([value])),
        "properties" => keep(name, each(value)),
        "$defs" | "definitions" => keep("$defs", each(value)),
        "items" if value.is_array() => keep("prefixItems", all(value)),
        "additionalProperties" if value.is_boolean() => keep(name, value.clone()),
        "items" | "additionalProperties" => keep(name, clean(value)),
        "prefixItems" | "anyOf" => keep(name, all(value)),
        "oneOf" => keep("anyOf", all(value)),
        "allOf" => join(cleaned, value),
        // Defaults, examples, comments, discriminators: nothing about the answer.
        _ => {}
    }
}

fn is_listed(value: &Json) -> bool {
    value.is_string() || value.is_number()
}

fn each(schemas: &Json) -> Json {
    let fields = schemas.as_object().into_iter().flatten();
    fields.map(|(name, schema)| (name.clone(), clean(schema))).collect::<Map<String, Json>>().into()
}

fn all(schemas: &Json) -> Json {
    schemas.as_array().into_iter().flatten().map(clean).collect()
}

/// Takes over what several schemas ask for together.
fn join(cleaned: &mut Map<String, Json>, schemas: &Json) {
    for (name, value) in
        schemas.as_array().into_iter().flatten().filter_map(|one| clean(one).as_object().cloned()).flatten()
    {
        match (cleaned.get_mut(&name), value) {
            (Some(Json::Object(known)), Json::Object(more)) => known.extend(more),
            (Some(Json::Array(known)), Json::Array(more)) if name == "required" => known.extend(more),
            (Some(_), _) => {}
            (None, value) => drop(cleaned.insert(name, value)),
        }
    }
}

/// A schema for the arguments of a tool; none where it takes no arguments.
pub(super) fn arguments(schema: &Json) -> Option<Json> {
    let has_fields = schema["properties"].as_object().is_some_and(|fields| !fields.is_empty());
    let others = ["$ref", "anyOf", "oneOf", "allOf"].iter().any(|name| schema.get(*name).is_some());
    let is_open = schema["additionalProperties"].is_object() || schema["additionalProperties"] == json!(true);
    (has_fields || others || is_open).then(|| clean(schema))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{arguments, clean};

    #[test]
    fn unknown_keywords_become_words_or_go() {
        let schema = json!({"$schema": "x", "type": "object", "additionalProperties": false, "required": ["a"],
            "properties": {
                "a": {"type": "string", "const": "x", "default": "x"},
                "b": {"type": "integer", "exclusiveMinimum": 0, "description": "how many"},
                "pattern": {"oneOf": [{"type": "string", "pattern": "^a"}, {"type": "null"}]},
                "r": {"$ref": "#/definitions/R", "description": "gone"},
                "all": {"allOf": [{"type": "object", "required": ["x"]}, {"required": ["y"]}]},
            }, "definitions": {"R": {"type": "array", "items": {"const": true}}}});
        let expected = json!({"type": "object", "additionalProperties": false, "required": ["a"],
            "properties": {
                "a": {"type": "string", "enum": ["x"]},
                "b": {"type": "integer", "description": "how many\n\n{exclusiveMinimum: 0}"},
                "pattern": {"anyOf": [{"type": "string", "description": "{pattern: \"^a\"}"}, {"type": "null"}]},
                "r": {"$ref": "#/$defs/R"},
                "all": {"type": "object", "required": ["x", "y"]},
            }, "$defs": {"R": {"type": "array", "items": {"description": "{const: true}"}}}});
        assert_eq!(clean(&schema), expected);
    }

    #[test]
    fn a_tool_without_arguments_has_no_schema() {
        assert_eq!(arguments(&json!({"type": "object", "properties": {}})), None);
        assert_eq!(arguments(&json!(true)), None);
        assert!(arguments(&json!({"type": "object", "properties": {"a": {}}})).is_some());
    }
}
