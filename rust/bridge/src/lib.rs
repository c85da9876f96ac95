//! The door to Python: converts, and decides nothing.

mod ask;
mod bell;
mod class;
mod config;
mod exit;
mod fault;
mod generator;
mod handlers;
mod inbox;
mod json;
mod names;
mod open;
mod pyser;
mod raised;
mod rows;
mod runtime;
mod session;
mod setup;
mod value;
mod work;

use pyo3::prelude::*;

/// The native part of `flowai`.
#[pymodule(name = "_bridge", gil_used = true)]
fn flowai_bridge(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<bell::Bell>()?;
    module.add_class::<runtime::Runtime>()?;
    module.add_class::<session::Session>()?;
    module.add_function(wrap_pyfunction!(exit::stop, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::check_wiring, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::explain_policy, module)?)?;
    module.add("__all__", ["Bell", "Runtime", "Session", "check_wiring", "explain_policy", "stop"])
}
