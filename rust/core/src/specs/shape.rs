//! Reading JSON Schemas: local references, unions, fields and tags.

use serde_json::Value;

/// How many `$ref` and union steps are followed before a schema is taken for circular.
const HOPS_MAX: usize = 16;

/// Follows local `$ref`s to the schema that says something.
pub(crate) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..HOPS_MAX {
        let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        match pointer.and_then(|pointer| root.pointer(pointer)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// The alternatives of a union, flattened; a schema that is no union is its own only one.
pub(crate) fn variants<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let mut found = Vec::new();
    flatten(&mut found, root, schema, HOPS_MAX);
    found
}

fn flatten<'a>(found: &mut Vec<&'a Value>, root: &'a Value, schema: &'a Value, hops: usize) {
    let schema = resolve(root, schema);
    let union = ["oneOf", "anyOf", "allOf"].iter().find_map(|word| schema.get(word).and_then(Value::as_array));
    match union {
        Some(members) if hops > 0 => {
            for member in members {
                flatten(found, root, member, hops.saturating_sub(1));
            }
        }
        _ => found.push(schema),
    }
}

/// The schema of one field, where any alternative has it.
pub(crate) fn field<'a>(root: &'a Value, schema: &'a Value, name: &str) -> Option<&'a Value> {
    variants(root, schema).into_iter().find_map(|variant| variant.get("properties").and_then(|fields| fields.get(name)))
}

/// The names of the fields of all alternatives.
pub(crate) fn field_names(root: &Value, schema: &Value) -> Vec<String> {
    let objects = variants(root, schema).into_iter().filter_map(|variant| variant.get("properties")?.as_object());
    objects.flat_map(|fields| fields.keys().cloned()).collect()
}

/// Whether an object may carry fields that its schema does not name.
pub(crate) fn is_open(root: &Value, schema: &Value) -> bool {
    variants(root, schema).into_iter().any(|variant| {
        let named = variant.get("properties").is_some();
        let closed = variant.get("additionalProperties").and_then(Value::as_bool) == Some(false);
        let object = variant.get("type").is_none_or(|kind| kind == "object");
        object && !named && !closed || variant.get("additionalProperties").is_some_and(|extra| extra != false)
    })
}

/// The schema of a list's items.
pub(crate) fn items<'a>(root: &'a Value, list: &'a Value) -> Option<&'a Value> {
    variants(root, list).into_iter().find_map(|variant| variant.get("items"))
}

/// The constant `kind` of one variant.
pub(crate) fn tag(root: &Value, variant: &Value) -> Option<String> {
    let kind = resolve(root, variant.get("properties")?.get("kind")?);
    let only =
        kind.get("enum").and_then(Value::as_array).filter(|values| values.len() == 1).and_then(|values| values.first());
    kind.get("const").or(only).and_then(Value::as_str).map(str::to_owned)
}
