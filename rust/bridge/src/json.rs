//! JSON on both sides of the door.

use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::Secrets;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value as Json, json};

use crate::secrets::known;

const DEPTH_MAX: usize = 120;

/// A Python value as JSON, without the secrets that this process knows.
///
/// # Errors
/// [`FaultKind::ValueNotJson`] naming the path in the value.
pub fn from_python(value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    let secrets = known(value.py());
    read(value, 0, secrets.as_deref()).map_err(Refused::fault)
}

fn read(value: &Bound<'_, PyAny>, depth: usize, secrets: Option<&Secrets>) -> Result<Json, Refused> {
    if depth > DEPTH_MAX {
        return Err(Refused::because("it nests too deep"));
    }
    let read_item = |(index, item): (usize, Bound<'_, PyAny>)| {
        read(&item, depth.saturating_add(1), secrets).map_err(|refused| refused.within(format!("[{index}]")))
    };
    if value.is_none() {
        Ok(Json::Null)
    } else if let Ok(fact) = value.cast::<PyBool>() {
        Ok(Json::Bool(fact.is_true()))
    } else if let Ok(text) = value.cast::<PyString>() {
        read_text(text, secrets).map(Json::String)
    } else if value.is_instance_of::<PyInt>() {
        read_integer(value)
    } else if let Ok(number) = value.cast::<PyFloat>() {
        Number::from_f64(number.value())
            .map(Json::Number)
            .ok_or_else(|| Refused::because("NaN and infinity have no JSON form"))
    } else if let Ok(fields) = value.cast::<PyDict>() {
        read_fields(fields, depth, secrets)
    } else if let Ok(items) = value.cast::<PyList>() {
        items.iter().enumerate().map(read_item).collect()
    } else if let Ok(items) = value.cast::<PyTuple>() {
        items.iter().enumerate().map(read_item).collect()
    } else {
        let name = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        Err(Refused::because(&format!("a `{name}` has no JSON form")))
    }
}

fn read_text(text: &Bound<'_, PyString>, secrets: Option<&Secrets>) -> Result<String, Refused> {
    let text = text.to_str().map_err(|_| Refused::because("a lone surrogate has no JSON form"))?;
    Ok(secrets.and_then(|secrets| secrets.struck_from(text)).unwrap_or_else(|| text.to_owned()))
}

fn read_integer(value: &Bound<'_, PyAny>) -> Result<Json, Refused> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(Json::from(number));
    }
    let digits = value.call_method0("__int__").and_then(|number| number.str()).map(|digits| digits.to_string());
    let parsed = digits.ok().and_then(|digits| digits.parse::<Number>().ok());
    parsed.map(Json::Number).ok_or_else(|| Refused::because("the integer is too long"))
}

fn read_fields(fields: &Bound<'_, PyDict>, depth: usize, secrets: Option<&Secrets>) -> Result<Json, Refused> {
    let mut map = Map::new();
    for (key, item) in fields {
        let Ok(key) = key.cast::<PyString>() else {
            return Err(Refused::because("a key that is no text has no JSON form"));
        };
        let key = read_text(key, secrets)?;
        match read(&item, depth.saturating_add(1), secrets) {
            Ok(item) => drop(map.insert(key, item)),
            Err(refused) => return Err(refused.within(format!(".{key}"))),
        }
    }
    Ok(Json::Object(map))
}

/// Why a value is no JSON; the path grows on the way out, so that what is JSON never pays for it.
struct Refused(Box<Refusal>);

struct Refusal {
    reason: String,
    /// The innermost step first.
    steps: Vec<String>,
}

impl Refused {
    fn because(reason: &str) -> Self {
        Self(Box::new(Refusal { reason: reason.to_owned(), steps: Vec::new() }))
    }

    fn within(mut self, step: String) -> Self {
        self.0.steps.push(step);
        self
    }

    fn fault(self) -> Fault {
        let Refusal { reason, mut steps } = *self.0;
        steps.reverse();
        let path = format!("${}", steps.concat());
        Fault::new(FaultKind::ValueNotJson, format!("the value at `{path}` cannot be written as JSON: {reason}"))
            .hint("give JSON types, or declare a type that pydantic can encode")
            .detail(json!({"path": path}))
    }
}

/// JSON as Python values.
///
/// # Errors
/// What Python raises while making them.
pub fn to_python<'py>(py: Python<'py>, value: &Json) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Json::Null => py.None().into_bound(py),
        Json::Bool(fact) => PyBool::new(py, *fact).to_owned().into_any(),
        Json::String(text) => PyString::new(py, text).into_any(),
        Json::Number(number) => number_to_python(py, number)?,
        Json::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        Json::Object(fields) => {
            let dict = PyDict::new(py);
            for (key, item) in fields {
                dict.set_item(key, to_python(py, item)?)?;
            }
            dict.into_any()
        }
    })
}

/// A number: whole ones exactly, the others as floats.
///
/// # Errors
/// What Python raises while making it.
pub fn number_to_python<'py>(py: Python<'py>, number: &Number) -> PyResult<Bound<'py, PyAny>> {
    if let Some(number) = number.as_i64() {
        return Ok(number.into_pyobject(py)?.into_any());
    }
    let text = number.as_str();
    if text.contains(['.', 'e', 'E']) {
        return Ok(PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any());
    }
    py.get_type::<PyInt>().call1((text,))
}
