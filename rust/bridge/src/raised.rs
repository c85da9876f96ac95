//! Exceptions of Python in recordings: class, arguments and fields, as far as they are JSON.

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use serde_json::{Map, Value as Json, json};

use crate::json::{from_python, to_python};
use crate::secrets::without;

/// The detail of a fault that describes the exception behind it.
pub const RAISED: &str = "raised";

/// Writes an exception down.
pub fn describe(error: &Bound<'_, PyAny>) -> Json {
    let class = error.get_type();
    let text = |name: &str| class.getattr(name).and_then(|name| name.extract::<String>()).unwrap_or_default();
    json!({"module": text("__module__"), "class": text("__qualname__"), "args": arguments(error), "fields": fields(error)})
}

/// The arguments, or the message where one of them is no JSON.
fn arguments(error: &Bound<'_, PyAny>) -> Json {
    let arguments = error.getattr("args").ok().and_then(|arguments| from_python(&arguments).ok());
    arguments.unwrap_or_else(|| {
        json!([error.str().map(|text| without(error.py(), text.to_string_lossy().into_owned())).unwrap_or_default()])
    })
}

fn fields(error: &Bound<'_, PyAny>) -> Map<String, Json> {
    let fields = error.getattr("__dict__").ok().and_then(|fields| fields.cast_into::<PyDict>().ok());
    let written = fields
        .iter()
        .flat_map(pyo3::types::PyDictMethods::iter)
        .filter_map(|(name, value)| Some((name.extract::<String>().ok()?, from_python(&value).ok()?)));
    // A run names itself in the errors that leave it, and another run replays it.
    written.map(|(name, value)| if name == "run_id" { (name, Json::Null) } else { (name, value) }).collect()
}

/// Makes an exception again; none where its class is not loaded, for a recording must not load code.
pub fn revive<'py>(py: Python<'py>, written: &Json) -> Option<Bound<'py, PyAny>> {
    let text = |name: &str| written.get(name).and_then(Json::as_str);
    let modules = py.import("sys").ok()?.getattr("modules").ok()?;
    let module = modules.get_item(text("module")?).ok()?;
    let class = text("class")?.split('.').try_fold(module, |outer, name| outer.getattr(name)).ok()?;
    let class = class.cast_into::<PyType>().ok()?;
    if !class.is_subclass_of::<PyBaseException>().unwrap_or(false) {
        return None;
    }
    let arguments = written
        .get("args")?
        .as_array()?
        .iter()
        .map(|argument| to_python(py, argument))
        .collect::<PyResult<Vec<_>>>()
        .ok()?;
    // Not through `__init__`, which may ask for more than it keeps in `args`.
    let made = class
        .getattr("__new__")
        .ok()?
        .call1(PyTuple::new(py, [vec![class.into_any()], arguments].concat()).ok()?)
        .ok()?;
    for (name, value) in written.get("fields")?.as_object()? {
        made.setattr(name.as_str(), to_python(py, value).ok()?).ok()?;
    }
    Some(made)
}
