//! The Python names that the bridge knows, looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// Classes and modules of `flowai`.
pub struct Names {
    pub errors: Py<PyModule>,
    pub flowai_error: Py<PyAny>,
    pub effect: Py<PyAny>,
    pub program: Py<PyAny>,
}

static NAMES: PyOnceLock<Names> = PyOnceLock::new();

/// The names, imported at the first call.
pub fn names(py: Python<'_>) -> PyResult<&'static Names> {
    NAMES.get_or_try_init(py, || {
        let errors = py.import("flowai.errors")?;
        Ok(Names {
            flowai_error: errors.getattr("FlowaiError")?.unbind(),
            effect: py.import("flowai.effects.effect")?.getattr("Effect")?.unbind(),
            program: py.import("flowai.programs.program")?.getattr("Program")?.unbind(),
            errors: errors.unbind(),
        })
    })
}

impl Names {
    /// The class of an error.
    pub fn error_class<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.errors.bind(py).getattr(name)
    }
}
