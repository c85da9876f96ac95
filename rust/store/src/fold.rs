//! Folding: long texts of a value stand once in the store, found by their digests.

use flowai_core::json::Digest;
use flowai_core::store::StoreError;
use serde_json::{Value, json};

/// Shorter texts stay where they are: a digest in their place would save nothing.
const TEXT_MIN: usize = 256;

/// A value without its long texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The value with null in the place of each long text, and where which text belongs.
    pub row: String,
    /// The long texts.
    pub texts: Vec<(Digest, String)>,
}

/// Takes the long texts out of a value.
#[must_use]
pub fn fold(mut value: Value) -> Folded {
    let (mut places, mut texts) = (Vec::new(), Vec::new());
    take(&mut value, &mut String::new(), &mut places, &mut texts);
    Folded { row: json!([value, places]).to_string(), texts }
}

fn take(value: &mut Value, place: &mut String, places: &mut Vec<Value>, texts: &mut Vec<(Digest, String)>) {
    let length = place.len();
    match value {
        Value::String(text) if text.len() >= TEXT_MIN => {
            let digest = Digest::of_bytes(text.as_bytes());
            places.push(json!([place, digest]));
            texts.push((digest, std::mem::take(text)));
            *value = Value::Null;
        }
        Value::Array(items) => items.iter_mut().enumerate().for_each(|(index, item)| {
            place.push('/');
            place.push_str(&index.to_string());
            take(item, place, places, texts);
            place.truncate(length);
        }),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| {
            place.push('/');
            place.push_str(&name.replace('~', "~0").replace('/', "~1"));
            take(field, place, places, texts);
            place.truncate(length);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts the long texts back.
///
/// # Errors
/// [`StoreError::Changed`] for a row that nothing of ours wrote, or a text that is gone or is another one.
pub fn unfold(
    key: &str,
    row: &str,
    text_of: &dyn Fn(&Digest) -> Result<Option<String>, StoreError>,
) -> Result<Value, StoreError> {
    let changed = || StoreError::Changed { key: key.to_owned() };
    let (mut value, places): (Value, Vec<(String, Digest)>) = serde_json::from_str(row).map_err(|_| changed())?;
    for (place, digest) in places {
        let text = text_of(&digest)?.filter(|text| Digest::of_bytes(text.as_bytes()) == digest);
        *value.pointer_mut(&place).ok_or_else(changed)? = Value::String(text.ok_or_else(changed)?);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn back(folded: &Folded) -> Result<Value, StoreError> {
        let texts: BTreeMap<Digest, String> = folded.texts.iter().cloned().collect();
        unfold("a row", &folded.row, &|digest| Ok(texts.get(digest).cloned()))
    }

    #[test]
    fn a_value_comes_back_as_it_was() {
        let long = "x".repeat(300);
        let values = [
            json!({"a/b": {"~": [long, 1, long]}, "short": "y", "": long}),
            json!(long),
            json!([[], {}, null, 1.5, "2"]),
            serde_json::from_str("123456789012345678901234567890").unwrap(),
        ];
        for value in values {
            assert_eq!(back(&fold(value.clone())).unwrap(), value);
        }
    }

    #[test]
    fn long_texts_do_not_stand_in_the_row() {
        let folded = fold(json!({"text": "x".repeat(300)}));
        assert!(!folded.row.contains("xxx"));
        assert_eq!(folded.texts.len(), 1);
    }

    #[test]
    fn another_text_or_none_is_noticed() {
        let folded = fold(json!(["x".repeat(300)]));
        let with = |text: Option<&str>| unfold("a row", &folded.row, &|_| Ok(text.map(str::to_owned)));
        assert!(matches!(with(None), Err(StoreError::Changed { .. })));
        assert!(matches!(with(Some("y")), Err(StoreError::Changed { .. })));
        assert!(matches!(unfold("a row", "{}", &|_| Ok(None)), Err(StoreError::Changed { .. })));
    }
}
