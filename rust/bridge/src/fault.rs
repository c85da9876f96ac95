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
use crate::names::{Names, names};
use crate::raised::{self, RAISED};
use crate::secrets::without;

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
            lines.extract::<Vec<String>>().ok().map(|lines| without(py, lines.concat()))
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
    let cause = Arc::new(Exception { object: value.clone().unbind(), recorded: None });
    // By identity: a user may well have a `Cancelled` or a `LimitReached` of their own.
    let is = |class: fn(&Names) -> &Py<PyAny>| {
        names(py).is_ok_and(|names| value.is_instance(class(names).bind(py)).unwrap_or(false))
    };
    if is(|names| &names.cancelled) {
        return Fault::new(FaultKind::Cancelled, "cancelled");
    }
    let ours = is(|names| &names.flowai_error);
    if !ours {
        let message = value.str().map(|text| without(py, text.to_string_lossy().into_owned())).unwrap_or_default();
        return Fault::raised(message, cause).detail(json!({RAISED: raised::describe(value)}));
    }
    let text = |field: &str| value.getattr(field).ok()?.extract::<Option<String>>().ok()?.map(|text| without(py, text));
    let fault = Fault::new(kind_of(value), text("message").unwrap_or_default()).caused_by(cause);
    let fault = fault.detail(json!({RAISED: raised::describe(value)}));
    text("hint").map_or_else(|| fault.clone(), |hint| fault.clone().hint(hint))
}

/// The nearest kind of an error class, its own subclasses included.
fn kind_of(value: &Bound<'_, PyAny>) -> FaultKind {
    let Ok(names) = names(value.py()) else { return FaultKind::Raised };
    let mro = value.get_type().mro();
    mro.iter()
        .find_map(|class| names.kinds.iter().find(|(known, _)| known.is(&class)).map(|(_, kind)| *kind))
        .unwrap_or(FaultKind::Raised)
}

/// The kinds that have a class of their own among the errors.
pub const KINDS: [FaultKind; 45] = [
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
    FaultKind::AuthenticationFailed,
    FaultKind::PermissionDenied,
    FaultKind::ModelNotFound,
    FaultKind::RequestInvalid,
    FaultKind::ContextTooLong,
    FaultKind::RateLimited,
    FaultKind::Overloaded,
    FaultKind::ServerFailed,
    FaultKind::ModelTimedOut,
    FaultKind::ConnectionFailed,
    FaultKind::StreamMalformed,
    FaultKind::ContentRefused,
    FaultKind::AnswerTruncated,
    FaultKind::OutputInvalid,
    FaultKind::LiveCallRefused,
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
    FaultKind::RunNotFound,
    FaultKind::RunOwned,
    FaultKind::JournalBroken,
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
        FaultKind::AuthenticationFailed => "AuthenticationFailed",
        FaultKind::PermissionDenied => "PermissionDenied",
        FaultKind::ModelNotFound => "ModelNotFound",
        FaultKind::RequestInvalid => "RequestInvalid",
        FaultKind::ContextTooLong => "ContextTooLong",
        FaultKind::RateLimited => "RateLimited",
        FaultKind::Overloaded => "Overloaded",
        FaultKind::ServerFailed => "ServerFailed",
        FaultKind::ModelTimedOut => "ModelTimedOut",
        FaultKind::ConnectionFailed => "ConnectionFailed",
        FaultKind::StreamMalformed => "StreamMalformed",
        FaultKind::ContentRefused => "ContentRefused",
        FaultKind::AnswerTruncated => "AnswerTruncated",
        FaultKind::OutputInvalid => "OutputInvalid",
        FaultKind::LiveCallRefused => "LiveCallRefused",
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
        FaultKind::RunNotFound => "RunNotFound",
        FaultKind::RunOwned => "RunOwned",
        FaultKind::JournalBroken => "JournalBroken",
        FaultKind::ThreadBusy => "ThreadBusy",
        FaultKind::RunCancelled => "RunCancelled",
        FaultKind::Cancelled => "Cancelled",
        FaultKind::Crashed => "Crashed",
        FaultKind::Raised => return None,
    })
}
