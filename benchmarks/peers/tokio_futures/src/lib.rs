//! One tokio future that Python awaits, through `pyo3-async-runtimes`.

use pyo3::prelude::*;

/// Suspends once on tokio and answers with the next number.
#[pyfunction]
fn ask(py: Python<'_>, number: i64) -> PyResult<Bound<'_, PyAny>> {
    pyo3_async_runtimes::tokio::future_into_py(py, async move {
        tokio::task::yield_now().await;
        Ok(number + 1)
    })
}

/// The module as Python sees it.
#[pymodule]
fn tokio_futures(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(ask, module)?)
}
