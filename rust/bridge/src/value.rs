//! Values of Python inside the machine, and answers on their way back to a program.

use std::any::Any;
use std::sync::Arc;

use flowai_core::effects::ModelAnswer;
use flowai_core::fault::Fault;
use flowai_core::value::{HostValue, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::Value as Json;

use crate::fault::fault_of;
use crate::json::{from_python, to_python};
use crate::secrets::known;

/// An object of Python.
pub struct Object(pub Py<PyAny>);

impl HostValue for Object {
    fn encode(&self) -> Result<Json, Fault> {
        Python::attach(|py| encode(self.0.bind(py)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A final value as JSON: pydantic writes what plain JSON cannot.
pub fn encode(value: &Bound<'_, PyAny>) -> Result<Json, Fault> {
    from_python(value).or_else(|refusal| {
        let py = value.py();
        let codec = py.import("flowai.effects.codec").map_err(|error| fault_of(py, error))?;
        let written = codec.getattr("annotation_of").and_then(|annotation_of| annotation_of.call1((value,)));
        let written = written
            .and_then(|annotation| codec.getattr("Codec")?.call1((annotation,))?.call_method1("encode", (value,)));
        from_python(&written.map_err(|_| refusal)?)
    })
}

/// A value that a program gave: scalars stay as they are, anything that could change is kept by reference.
pub fn given(value: Bound<'_, PyAny>) -> Value {
    if value.is_exact_instance_of::<PyInt>()
        && let Ok(number) = value.extract()
    {
        return Value::Integer(number);
    }
    Value::Host(Arc::new(Object(value.unbind())))
}

/// An answer in JSON types, without secrets: scalars stay as they are, containers are copied so that nobody can change
/// them.
///
/// # Errors
/// [`flowai_core::fault::FaultKind::ValueNotJson`] naming the path in the value.
pub fn answer(value: Bound<'_, PyAny>) -> Result<Value, Fault> {
    if is_scalar(&value) && is_whole(&value) {
        return Ok(given(struck(value)));
    }
    from_python(&value).map(Value::from)
}

/// A scalar without the secrets that this process knows.
fn struck(value: Bound<'_, PyAny>) -> Bound<'_, PyAny> {
    let py = value.py();
    let text = value.cast_exact::<PyString>().ok().and_then(|text| text.to_str().ok());
    let clean = text.and_then(|text| known(py)?.struck_from(text));
    clean.map_or(value, |clean| PyString::new(py, &clean).into_any())
}

/// Whether a text has no lone surrogate; Python keeps the UTF-8 of a text that was asked for it.
fn is_whole(value: &Bound<'_, PyAny>) -> bool {
    value.cast_exact::<PyString>().map_or(true, |text| text.to_str().is_ok())
}

/// Whether an object is immutable and its own JSON form.
fn is_scalar(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyBool>()
        || (value.is_exact_instance_of::<PyFloat>() && value.extract::<f64>().is_ok_and(f64::is_finite))
}

/// A value as Python knows it, before a codec reads it.
pub fn to_object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Json(json) => to_python(py, json),
        Value::Integer(number) => Ok(number.into_pyobject(py)?.into_any()),
        Value::Model(answer) => model_answer(py, answer),
        Value::Host(host) => match host.as_any().downcast_ref::<Object>() {
            Some(object) => Ok(object.0.bind(py).clone()),
            None => {
                host.encode().map_or_else(|fault| Err(crate::fault::error_of(py, &fault)), |json| to_python(py, &json))
            }
        },
        Value::List(items) => {
            let list = PyList::empty(py);
            for item in items.iter() {
                list.append(to_object(py, item)?)?;
            }
            Ok(list.into_any())
        }
    }
}

/// Several answers as the tuple that `gather` gives.
pub fn to_tuple<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::List(items) => {
            let items = items.iter().map(|item| to_object(py, item)).collect::<PyResult<Vec<_>>>()?;
            Ok(PyTuple::new(py, items)?.into_any())
        }
        other => to_object(py, other),
    }
}

fn model_answer<'py>(py: Python<'py>, answer: &ModelAnswer) -> PyResult<Bound<'py, PyAny>> {
    match &answer.output {
        Some(output) => to_python(py, output),
        None => Ok(PyString::new(py, &answer.text).into_any()),
    }
}
