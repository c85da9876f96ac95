//! JSON on both sides of the door.

use flowai_core::fault::{Fault, FaultKind};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value as Json, json};

const DEPTH_MAX: usize = 120;

/// A Python value as JSON.
///
/// # Errors
/// [`FaultKind::ValueNotJson`] naming the path in the value.
pub fn from_python(value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    read(value, &mut Vec::new())
}

fn read(value: &Bound<'_, PyAny>, path: &mut Vec<String>) -> Result<Json, Fault> {
    if path.len() > DEPTH_MAX {
        return Err(refused(path, "it nests too deep"));
    }
    if value.is_none() {
        Ok(Json::Null)
    } else if let Ok(fact) = value.cast::<PyBool>() {
        Ok(Json::Bool(fact.is_true()))
    } else if let Ok(text) = value.cast::<PyString>() {
        read_text(text, path).map(Json::String)
    } else if value.is_instance_of::<PyInt>() {
        read_integer(value, path)
    } else if let Ok(number) = value.cast::<PyFloat>() {
        Number::from_f64(number.value())
            .map(Json::Number)
            .ok_or_else(|| refused(path, "NaN and infinity have no JSON form"))
    } else if let Ok(fields) = value.cast::<PyDict>() {
        read_fields(fields, path)
    } else if let Ok(items) = value.cast::<PyList>() {
        items
            .iter()
            .enumerate()
            .map(|(index, item)| within(path, format!("[{index}]"), |path| read(&item, path)))
            .collect()
    } else if let Ok(items) = value.cast::<PyTuple>() {
        items
            .iter()
            .enumerate()
            .map(|(index, item)| within(path, format!("[{index}]"), |path| read(&item, path)))
            .collect()
    } else {
        let name = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        Err(refused(path, &format!("a `{name}` has no JSON form")))
    }
}

fn read_text(text: &Bound<'_, PyString>, path: &[String]) -> Result<String, Fault> {
    text.to_str().map(str::to_owned).map_err(|_| refused(path, "a lone surrogate has no JSON form"))
}

fn read_integer(value: &Bound<'_, PyAny>, path: &[String]) -> Result<Json, Fault> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(json!(number));
    }
    let digits = value.call_method0("__int__").and_then(|number| number.str()).map(|digits| digits.to_string());
    let parsed = digits.ok().and_then(|digits| digits.parse::<Number>().ok());
    parsed.map(Json::Number).ok_or_else(|| refused(path, "the integer is too long"))
}

fn read_fields(fields: &Bound<'_, PyDict>, path: &mut Vec<String>) -> Result<Json, Fault> {
    let mut map = Map::new();
    for (key, item) in fields {
        let Ok(key) = key.cast::<PyString>() else {
            return Err(refused(path, "a key that is no text has no JSON form"));
        };
        let key = read_text(key, path)?;
        let item = within(path, format!(".{key}"), |path| read(&item, path))?;
        map.insert(key, item);
    }
    Ok(Json::Object(map))
}

fn within<T>(
    path: &mut Vec<String>,
    step: String,
    read: impl FnOnce(&mut Vec<String>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    path.push(step);
    let result = read(path);
    path.pop();
    result
}

fn refused(path: &[String], reason: &str) -> Fault {
    let path = format!("${}", path.concat());
    Fault::new(FaultKind::ValueNotJson, format!("the value at `{path}` cannot be written as JSON: {reason}"))
        .hint("give JSON types, or declare a type that pydantic can encode")
        .detail(json!({"path": path}))
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
