//! The door to Python: converts, and decides nothing.

mod ask;
mod begin;
mod bell;
mod claimed;
mod class;
mod config;
mod courier;
mod custom;
mod deltas;
mod evicting;
mod exchange;
mod exit;
mod fault;
mod generator;
mod handlers;
mod inbox;
mod json;
mod keeper;
mod keeping;
mod kept;
mod names;
mod open;
mod prices;
mod pyser;
mod raised;
mod room;
mod rows;
mod runtime;
mod score;
mod secrets;
mod session;
mod setup;
mod side;
mod value;
mod work;

use mimalloc::MiMalloc;
use pyo3::prelude::*;

/// Records are many and small, and live as long as their run.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The native part of `flowai`.
#[pymodule(name = "_bridge", gil_used = true)]
fn flowai_bridge(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<bell::Bell>()?;
    module.add_class::<claimed::Claimed>()?;
    module.add_class::<deltas::Ear>()?;
    module.add_class::<runtime::Runtime>()?;
    module.add_class::<score::Matcher>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<kept::Shelf>()?;
    module.add_function(wrap_pyfunction!(exit::forked, module)?)?;
    module.add_function(wrap_pyfunction!(exit::stop, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::check_wiring, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::check_providers, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::explain_policy, module)?)?;
    module.add_function(wrap_pyfunction!(score::check_calls, module)?)?;
    module.add_function(wrap_pyfunction!(score::compare_tables, module)?)?;
    module.add_function(wrap_pyfunction!(score::likeness, module)?)?;
    module.add(
        "__all__",
        [
            "Bell",
            "Claimed",
            "Ear",
            "Matcher",
            "Runtime",
            "Session",
            "Shelf",
            "check_calls",
            "check_providers",
            "check_wiring",
            "compare_tables",
            "explain_policy",
            "forked",
            "likeness",
            "stop",
        ],
    )
}
