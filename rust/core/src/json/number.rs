//! Numbers of canonical JSON: exact integers, shortest doubles.

use serde_json::Number;

use super::error::JsonError;

/// Writes a number: integers digit by digit, the rest as ECMAScript writes doubles.
pub(super) fn write_number(out: &mut String, number: &Number) -> Result<(), JsonError> {
    let text = number.as_str();
    if text.contains(['.', 'e', 'E']) {
        return write_double(out, text);
    }
    // RFC 8785 has no negative zero.
    out.push_str(if text == "-0" { "0" } else { text });
    Ok(())
}

fn write_double(out: &mut String, text: &str) -> Result<(), JsonError> {
    let double = text.parse::<f64>().ok().filter(|double| double.is_finite());
    let Some(double) = double else {
        return Err(JsonError::NumberTooLarge { text: text.to_owned() });
    };
    out.push_str(ryu_js::Buffer::new().format_finite(double));
    Ok(())
}
