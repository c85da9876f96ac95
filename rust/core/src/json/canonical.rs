//! Canonical JSON: RFC 8785 with integers of any size kept exact.

use std::io;

use serde_json::{Map, Value};

use super::depth::DEPTH_MAX;
use super::error::JsonError;
use super::number::{NumberForm, write_number};
use super::text::write_text;

/// Writes a value in the one form in which it is hashed, signed and stored.
///
/// Keys are sorted by UTF-16 code units and nothing is written that carries no
/// meaning. Numbers other than integers take the shortest form of ECMAScript;
/// integers are written digit by digit, however long, because RFC 8785 alone
/// would round the ones above 2^53.
///
/// # Errors
///
/// [`JsonError::NumberTooLarge`] for a fraction or exponent beyond a double,
/// [`JsonError::TooDeep`] for more than [`DEPTH_MAX`] levels.
///
/// # Examples
///
/// ```
/// use flowai_core::json::canonical;
/// use serde_json::json;
///
/// let text = canonical(&json!({"b": 1.0, "a": [true, null]}))?;
/// assert_eq!(text, r#"{"a":[true,null],"b":1}"#);
/// # Ok::<(), flowai_core::json::JsonError>(())
/// ```
pub fn canonical(value: &Value) -> Result<String, JsonError> {
    write(value, NumberForm::Canonical)
}

/// Writes a value so that reading it gives the same types: as [`canonical`], but a float stays a float.
///
/// Equal values of equal types give equal bytes, whatever the order of keys.
///
/// # Errors
///
/// Those of [`canonical`].
///
/// # Examples
///
/// ```
/// use flowai_core::json::exact;
/// use serde_json::json;
///
/// let text = exact(&json!({"b": 1.0, "a": 1}))?;
/// assert_eq!(text, r#"{"a":1,"b":1.0}"#);
/// # Ok::<(), flowai_core::json::JsonError>(())
/// ```
pub fn exact(value: &Value) -> Result<String, JsonError> {
    write(value, NumberForm::Exact)
}

fn write(value: &Value, form: NumberForm) -> Result<String, JsonError> {
    let mut out = String::new();
    write_value(&mut out, value, 0, form)?;
    Ok(out)
}

/// Counts the bytes of the compact form, without writing it anywhere.
///
/// # Examples
///
/// ```
/// assert_eq!(flowai_core::json::size(&serde_json::json!({"a": [1, 2]})), 11);
/// ```
#[must_use]
pub fn size(value: &Value) -> usize {
    let mut counter = Counter(0);
    // Counting cannot fail: the sink accepts everything and a `Value` has only string keys.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_value(out: &mut String, value: &Value, depth: usize, form: NumberForm) -> Result<(), JsonError> {
    if depth > DEPTH_MAX {
        return Err(JsonError::TooDeep { limit: DEPTH_MAX });
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number, form)?,
        Value::String(text) => write_text(out, text),
        Value::Array(items) => write_items(out, items, depth, form)?,
        Value::Object(fields) => write_fields(out, fields, depth, form)?,
    }
    Ok(())
}

fn write_items(out: &mut String, items: &[Value], depth: usize, form: NumberForm) -> Result<(), JsonError> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(out, item, depth.saturating_add(1), form)?;
    }
    out.push(']');
    Ok(())
}

fn write_fields(
    out: &mut String,
    fields: &Map<String, Value>,
    depth: usize,
    form: NumberForm,
) -> Result<(), JsonError> {
    out.push('{');
    for (index, (name, value)) in in_order(fields).iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        write_value(out, value, depth.saturating_add(1), form)?;
    }
    out.push('}');
    Ok(())
}

/// The fields in the order of their names' UTF-16 code units.
///
/// The map is sorted by UTF-8 already, which differs only when a name holds a
/// character outside the basic plane; most maps pay for one comparison a field.
fn in_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut pairs: Vec<(&String, &Value)> = fields.iter().collect();
    if !pairs.is_sorted_by(|one, two| one.0.encode_utf16().le(two.0.encode_utf16())) {
        pairs.sort_by(|one, two| one.0.encode_utf16().cmp(two.0.encode_utf16()));
    }
    pairs
}
