//! A function call, whole or with arguments that come in pieces.

use flowai_core::effects::Part;
use flowai_core::fault::Fault;
use serde_json::{Map, Value as Json, json};

use super::gathered::malformed;

/// Fields of a call that only say how it comes.
const PIECES: [&str; 2] = ["partialArgs", "willContinue"];

/// A call that may go on.
pub(super) struct Begun {
    /// The call; its id is still the provider's own, or empty.
    pub part: Part,
    /// The pieces of its arguments that came with it.
    pub pieces: Option<Json>,
    /// Whether more of it comes.
    pub goes_on: bool,
}

/// Reads a call from the fields of its part.
pub(super) fn begun(mut fields: Map<String, Json>) -> Begun {
    let mut call = match fields.remove("functionCall") {
        Some(Json::Object(call)) => call,
        _ => Map::new(),
    };
    let [pieces, goes_on] = PIECES.map(|name| call.remove(name));
    let text = |value: Option<Json>| value.as_ref().and_then(Json::as_str).unwrap_or_default().to_owned();
    let name = text(call.remove("name"));
    let id = text(call.get("id").cloned());
    let arguments = call.remove("args").filter(|arguments| !arguments.is_null()).unwrap_or_else(|| json!({}));
    if !call.is_empty() {
        fields.insert("functionCall".to_owned(), Json::Object(call));
    }
    Begun {
        part: Part::ToolCall { id, name, arguments, extras: extras(fields) },
        pieces,
        goes_on: goes_on == Some(json!(true)),
    }
}

/// The fields that are kept beside what a part says; null where there are none.
pub(super) fn extras(fields: Map<String, Json>) -> Json {
    if fields.is_empty() { Json::Null } else { Json::Object(fields) }
}

/// Puts pieces of arguments where their paths say; a text goes on where one stands already.
pub(super) fn add(arguments: &mut Json, pieces: &Json) -> Result<(), Fault> {
    for piece in pieces.as_array().into_iter().flatten() {
        let place = place(arguments, piece["jsonPath"].as_str().unwrap_or_default())
            .ok_or_else(|| malformed("a piece of a call's arguments stands nowhere"))?;
        match (place, &piece["stringValue"]) {
            (Json::String(known), Json::String(more)) => known.push_str(more),
            (place, Json::String(text)) => *place = json!(text),
            (place, _) => *place = value(piece),
        }
    }
    Ok(())
}

fn value(piece: &Json) -> Json {
    ["numberValue", "boolValue"].iter().find_map(|name| piece.get(*name)).cloned().unwrap_or(Json::Null)
}

/// The place that a path such as `$.a[0].b` leads to, made where it is not there yet.
fn place<'a>(root: &'a mut Json, path: &str) -> Option<&'a mut Json> {
    let (mut place, mut rest) = (root, path.strip_prefix('$')?);
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        rest = after;
        place = match step {
            Step::Field(name) => {
                if place.is_null() {
                    *place = json!({});
                }
                place.as_object_mut()?.entry(name).or_insert(Json::Null)
            }
            Step::Item(at) => {
                if place.is_null() {
                    *place = json!([]);
                }
                let items = place.as_array_mut()?;
                // Items come in their order; a far one would only be a way to fill the memory.
                if at == items.len() {
                    items.push(Json::Null);
                }
                items.get_mut(at)?
            }
        };
    }
    Some(place)
}

enum Step {
    Field(String),
    Item(usize),
}

/// The first step of a path, and the rest: `.name`, `[0]` or `['name']`.
fn step(path: &str) -> Option<(Step, &str)> {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        return Some((Step::Field(name.to_owned()), rest));
    }
    let rest = path.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (name, rest) = quoted.split_once(&format!("{quote}]"))?;
            return Some((Step::Field(name.to_owned()), rest));
        }
    }
    let (number, rest) = rest.split_once(']')?;
    Some((Step::Item(number.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::add;

    #[test]
    fn pieces_of_arguments_go_where_their_paths_say() {
        let mut arguments = json!({});
        let pieces = json!([
            {"jsonPath": "$.a[0].name", "stringValue": "x"}, {"jsonPath": "$.a[0].name", "stringValue": "y"},
            {"jsonPath": "$.a[1]", "numberValue": 1.5}, {"jsonPath": "$['b.c']", "boolValue": true},
            {"jsonPath": "$.n", "nullValue": "NULL_VALUE"},
        ]);
        add(&mut arguments, &pieces).unwrap();
        assert_eq!(arguments, json!({"a": [{"name": "xy"}, 1.5], "b.c": true, "n": null}));
        for path in ["$.a[99999999999]", "$.a.b", "a", "$[", "$.b[x]"] {
            assert!(add(&mut arguments, &json!([{"jsonPath": path, "stringValue": ""}])).is_err(), "{path}");
        }
    }
}
