//! Faults and exceptions: each kind is a class of the same name in `flowai.errors`.

use std::any::Any;
use std::sync::Arc;

use flowai_core::fault::{Fault, FaultKind, HostError};
use flowai_interp_eval::Revive;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value as Json, json};

use crate::json::to_python;
use crate::names::names;
use crate::raised::{self, RAISED};

/// An exception of Python, carried through the machine unchanged.
pub struct Exception {
    object: Py<PyAny>,
    /// Where it was raised, when that was in a run that is being replayed.
    recorded: Option<String>,
}

impl HostError for Exception {
    fn type_name(&self) -> String {
        Python::attach(|py| self.object.bind(py).get_type().name().map(|name| name.to_string()).unwrap_or_default())
    }

    fn traceback(&self) -> Option<String> {
        if self.recorded.is_some() {
            return self.recorded.clone();
        }
        Python::attach(|py| {
            let lines = py.import("traceback").ok()?.call_method1("format_exception", (self.object.bind(py),)).ok()?;
            lines.extract::<Vec<String>>().ok().map(|lines| lines.concat())
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Makes the exception of a recorded fault again, where its class is known in this process.
pub struct Reviver;

impl Revive for Reviver {
    fn revive(&self, detail: &Json, traceback: Option<&str>) -> Option<Arc<dyn HostError>> {
        let object = Python::attach(|py| raised::revive(py, detail.get(RAISED)?).map(Bound::unbind))?;
        Some(Arc::new(Exception { object, recorded: traceback.map(str::to_owned) }))
    }
}

/// The fault that an exception of Python is.
pub fn fault_of(py: Python<'_>, error: PyErr) -> Fault {
    let value = error.into_value(py);
    fault_of_value(value.bind(py).as_any())
}

/// The fault that an exception object is.
pub fn fault_of_value(value: &Bound<'_, PyAny>) -> Fault {
    let py = value.py();
    let name = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    let cause = Arc::new(Exception { object: value.clone().unbind(), recorded: None });
    let ours = names(py).ok().is_some_and(|names| value.is_instance(names.flowai_error.bind(py)).unwrap_or(false));
    if name == "Cancelled" && !ours {
        return Fault::new(FaultKind::Cancelled, "cancelled");
    }
    if !ours {
        let message = value.str().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
        return Fault::raised(message, cause).detail(json!({RAISED: raised::describe(value)}));
    }
    let text = |field: &str| value.getattr(field).ok().and_then(|text| text.extract::<Option<String>>().ok()).flatten();
    let fault = Fault::new(kind_of(value), text("message").unwrap_or_default()).caused_by(cause);
    let fault = fault.detail(json!({RAISED: raised::describe(value)}));
    text("hint").map_or_else(|| fault.clone(), |hint| fault.clone().hint(hint))
}

/// The nearest kind of an error class, its own subclasses included.
fn kind_of(value: &Bound<'_, PyAny>) -> FaultKind {
    let mro = value.get_type().mro();
    let named = mro.iter().filter_map(|class| class.getattr("__name__").ok()?.extract::<String>().ok());
    named
        .filter_map(|name| KINDS.iter().find(|kind| format!("{kind:?}") == name))
        .copied()
        .next()
        .unwrap_or(FaultKind::Raised)
}

const KINDS: [FaultKind; 27] = [
    FaultKind::SpecError,
    FaultKind::ProgramError,
    FaultKind::UnhandledEffect,
    FaultKind::UndeclaredEffect,
    FaultKind::ReplayMismatch,
    FaultKind::ScriptMismatch,
    FaultKind::ValueNotJson,
    FaultKind::EffectFailed,
    FaultKind::ModelFailed,
    FaultKind::ModelUnavailable,
    FaultKind::ToolFailed,
    FaultKind::ToolArgumentsInvalid,
    FaultKind::AgentFailed,
    FaultKind::PlanError,
    FaultKind::ReferenceNotFound,
    FaultKind::GlimpseTooLarge,
    FaultKind::TimedOut,
    FaultKind::ApprovalError,
    FaultKind::ApprovalRejected,
    FaultKind::ApprovalExpired,
    FaultKind::UnknownApproval,
    FaultKind::ApprovalConflict,
    FaultKind::LimitReached,
    FaultKind::StorageError,
    FaultKind::ThreadBusy,
    FaultKind::RunCancelled,
    FaultKind::Crashed,
];

/// The exception that a fault is in Python: the very object where it came from there.
pub fn error_of(py: Python<'_>, fault: &Fault) -> PyErr {
    make(py, fault).map_or_else(|error| error, |value| PyErr::from_value(value))
}

fn make<'py>(py: Python<'py>, fault: &Fault) -> PyResult<Bound<'py, PyAny>> {
    let cause =
        fault.cause().and_then(|cause| cause.as_any().downcast_ref::<Exception>()).map(|cause| cause.object.bind(py));
    let name = class_name(fault.kind());
    if let Some(cause) = cause
        && (name.is_none() || cause.is_instance(&names(py)?.error_class(py, name.unwrap_or_default())?)?)
    {
        return Ok(cause.clone());
    }
    let Some(name) = name else {
        return PyException::new_err(fault.message().to_owned()).into_value(py).into_bound(py).into_any().pipe(Ok);
    };
    let keywords = PyDict::new(py);
    if fault.kind() == FaultKind::Cancelled {
        return names(py)?.error_class(py, name)?.call0();
    }
    keywords.set_item("hint", fault.advice())?;
    let error = names(py)?.error_class(py, name)?.call((fault.message(),), Some(&keywords))?;
    for (field, detail) in fault.details().as_object().into_iter().flatten().filter(|(field, _)| *field != RAISED) {
        error.setattr(field.as_str(), to_python(py, detail)?)?;
    }
    if let Some(cause) = cause {
        error.setattr("__cause__", cause)?;
    }
    Ok(error)
}

trait Pipe: Sized {
    fn pipe<T>(self, f: impl FnOnce(Self) -> T) -> T {
        f(self)
    }
}

impl<T> Pipe for T {}

/// The class of a kind; none for an exception of the host's own.
fn class_name(kind: FaultKind) -> Option<&'static str> {
    Some(match kind {
        FaultKind::SpecError => "SpecError",
        FaultKind::ProgramError => "ProgramError",
        FaultKind::UnhandledEffect => "UnhandledEffect",
        FaultKind::UndeclaredEffect => "UndeclaredEffect",
        FaultKind::ReplayMismatch => "ReplayMismatch",
        FaultKind::ScriptMismatch => "ScriptMismatch",
        FaultKind::ValueNotJson => "ValueNotJson",
        FaultKind::EffectFailed => "EffectFailed",
        FaultKind::ModelFailed => "ModelFailed",
        FaultKind::ModelUnavailable => "ModelUnavailable",
        FaultKind::ToolFailed => "ToolFailed",
        FaultKind::ToolArgumentsInvalid => "ToolArgumentsInvalid",
        FaultKind::AgentFailed => "AgentFailed",
        FaultKind::PlanError => "PlanError",
        FaultKind::ReferenceNotFound => "ReferenceNotFound",
        FaultKind::GlimpseTooLarge => "GlimpseTooLarge",
        FaultKind::TimedOut => "TimedOut",
        FaultKind::ApprovalError => "ApprovalError",
        FaultKind::ApprovalRejected => "ApprovalRejected",
        FaultKind::ApprovalExpired => "ApprovalExpired",
        FaultKind::UnknownApproval => "UnknownApproval",
        FaultKind::ApprovalConflict => "ApprovalConflict",
        FaultKind::LimitReached => "LimitReached",
        FaultKind::StorageError => "StorageError",
        FaultKind::ThreadBusy => "ThreadBusy",
        FaultKind::RunCancelled => "RunCancelled",
        FaultKind::Cancelled => "Cancelled",
        FaultKind::Crashed => "Crashed",
        FaultKind::Raised => return None,
    })
}
