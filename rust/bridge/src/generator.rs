//! A generator under `@program`, resumed with each answer.

use std::sync::Arc;

use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Continuation, Move};
use flowai_core::value::{Outcome, Value};
use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyDict, PyIterator, PyTuple};

use crate::ask::question;
use crate::class::{Class, Function, Kind};
use crate::fault::{error_of, fault_of};
use crate::open::{decoded, later};
use crate::rows::Frame;
use crate::value::{Object, given, to_object};

/// A started program function.
pub struct Generator {
    started: Py<PyIterator>,
    name: Arc<str>,
    /// The effect whose answer it waits for; none while a program runs for it.
    asked: Option<Py<PyAny>>,
    /// The class of what it asked last, which is in its rows.
    class: Option<Arc<Class>>,
    /// What it and the programs around it declare to ask.
    frame: Frame,
}

impl Generator {
    /// Makes the generator of a call; nothing of it has run.
    pub fn start(call: &Bound<'_, PyAny>, frame: &Frame) -> PyResult<Self> {
        let py = call.py();
        let function = Function::of(&call.getattr(intern!(py, "function"))?)?;
        let function = function.get();
        let arguments = call.getattr(intern!(py, "arguments"))?.cast_into::<PyTuple>()?;
        let keywords = call.getattr(intern!(py, "keywords"))?.cast_into::<PyDict>()?;
        let keywords = (!keywords.is_empty()).then_some(&keywords);
        let generator = function.generator.bind(py).call(arguments, keywords)?;
        Ok(Self {
            started: generator.cast_into::<PyIterator>()?.unbind(),
            frame: frame.within(py, function),
            name: Arc::clone(&function.name),
            asked: None,
            class: None,
        })
    }

    fn go_on(&mut self, py: Python<'_>, outcome: Outcome) -> Move {
        let answer = match (outcome, self.asked.take()) {
            (Ok(value), Some(effect)) => self.read(py, &effect, &value),
            (Ok(value), None) => to_object(py, &value),
            (Err(fault), _) => return self.throw(py, error_of(py, &fault)),
        };
        match answer {
            Ok(answer) => {
                let sent = self.started.bind(py).send(&answer);
                self.follow(py, sent)
            }
            Err(error) => self.throw(py, error),
        }
    }

    /// An answer by its declared type.
    fn read<'py>(&self, py: Python<'py>, effect: &Py<PyAny>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        if let (Value::Integer(number), Some(class)) = (value, &self.class)
            && class.takes_integers
        {
            return Ok(number.into_pyobject(py)?.into_any());
        }
        if let (Value::Host(host), Some(class)) = (value, &self.class)
            && let Some(object) = host.as_any().downcast_ref::<Object>()
            && class.takes(object.0.bind(py))
        {
            return Ok(object.0.bind(py).clone());
        }
        decoded(effect.bind(py), value)
    }

    fn throw(&mut self, py: Python<'_>, error: PyErr) -> Move {
        let thrown = self.started.bind(py).call_method1(intern!(py, "throw"), (error.into_value(py),));
        let sent = match thrown {
            Ok(next) => Ok(PySendResult::Next(next)),
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
                error.value(py).getattr("value").map(PySendResult::Return)
            }
            Err(error) => Err(error),
        };
        self.follow(py, sent)
    }

    fn follow(&mut self, py: Python<'_>, sent: PyResult<PySendResult<'_>>) -> Move {
        match sent {
            Ok(PySendResult::Return(value)) => self.returned(value),
            Ok(PySendResult::Next(next)) => self.ask(py, next),
            Err(error) => Move::Raise(fault_of(py, error)),
        }
    }

    fn returned(&self, value: Bound<'_, PyAny>) -> Move {
        match self.frame.catalogue.class(&value).map(|class| class.is_askable()) {
            Ok(false) => Move::Return(given(value)),
            Ok(true) => Move::Raise(self.unasked(&value)),
            Err(error) => Move::Raise(fault_of(value.py(), error)),
        }
    }

    fn unasked(&self, value: &Bound<'_, PyAny>) -> Fault {
        let kind = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        Fault::new(FaultKind::ProgramError, format!("program `{}` returned a `{kind}` that was never asked", self.name))
            .hint("write `return (yield from ...)`")
    }

    /// What the generator yielded: an effect to ask or a program to run.
    fn ask(&mut self, py: Python<'_>, next: Bound<'_, PyAny>) -> Move {
        match self.question(&next) {
            Ok(Move::Ask(effect)) => {
                self.asked = Some(next.unbind());
                Move::Ask(effect)
            }
            Ok(other) => other,
            Err(error) => self.throw(py, error),
        }
    }

    fn question(&mut self, next: &Bound<'_, PyAny>) -> PyResult<Move> {
        let key = next.get_type().as_ptr().addr();
        let known = self.class.as_ref().filter(|class| class.key == key).cloned();
        if let Some(class) = known {
            return question(next, &class, &self.frame.catalogue).map(Move::Ask);
        }
        let class = self.frame.catalogue.class(next)?;
        match class.kind {
            Kind::Program(_) => Ok(Move::Call(later(next.clone(), &self.frame))),
            Kind::Other => Err(self.foreign(next)),
            Kind::BuiltIn(_) | Kind::Custom { .. } => {
                self.frame.check(next)?;
                let effect = question(next, &class, &self.frame.catalogue)?;
                self.class = Some(class);
                Ok(Move::Ask(effect))
            }
        }
    }

    fn foreign(&self, next: &Bound<'_, PyAny>) -> PyErr {
        let kind = next.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        let fault = Fault::new(FaultKind::ProgramError, format!("program `{}` yielded a `{kind}`", self.name));
        error_of(next.py(), &fault.hint("yield from effects and programs only"))
    }
}

impl Continuation for Generator {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        Python::attach(|py| self.go_on(py, outcome))
    }
}
