//! The Python names that the bridge knows, looked up once.

use flowai_core::fault::FaultKind;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::fault::KINDS;

/// Classes and modules of `flowai`.
pub struct Names {
    pub errors: Py<PyModule>,
    pub flowai_error: Py<PyAny>,
    pub cancelled: Py<PyAny>,
    /// Each class of errors with its kind.
    pub kinds: Vec<(Py<PyAny>, FaultKind)>,
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
            cancelled: errors.getattr("Cancelled")?.unbind(),
            kinds: KINDS
                .iter()
                .map(|kind| Ok((errors.getattr(format!("{kind:?}"))?.unbind(), *kind)))
                .collect::<PyResult<_>>()?,
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
