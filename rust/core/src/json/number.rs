//! Numbers of canonical JSON: exact integers, shortest doubles.

use serde_json::Number;

use super::error::JsonError;

/// How a double without a fraction is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberForm {
    /// As ECMAScript writes it, like an integer.
    Canonical,
    /// With a point, so that whoever reads it knows that it is a double.
    Exact,
}

/// Writes a number: integers digit by digit, the rest as ECMAScript writes doubles.
pub(super) fn write_number(out: &mut String, number: &Number, form: NumberForm) -> Result<(), JsonError> {
    let text = number.as_str();
    if text.contains(['.', 'e', 'E']) {
        let before = out.len();
        write_double(out, text)?;
        let looks_whole = !out.get(before..).unwrap_or_default().contains(['.', 'e']);
        if form == NumberForm::Exact && looks_whole {
            out.push_str(".0");
        }
        return Ok(());
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
