//! A generator under `@program`, resumed with each answer.

use flowai_core::events::EventBody;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Continuation, Move};
use flowai_core::value::Outcome;
use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyDict, PyIterator, PyTuple};

use crate::ask::question;
use crate::fault::{error_of, fault_of};
use crate::names::names;
use crate::open::{decoded, later};
use crate::rows::Frame;
use crate::value::{given, to_object};

/// A started program function.
pub struct Generator {
    generator: Py<PyIterator>,
    name: Py<PyAny>,
    /// The effect whose answer it waits for; none while a program runs for it.
    asked: Option<Py<PyAny>>,
    /// What it and the programs around it declare to ask.
    frame: Frame,
}

impl Generator {
    /// Makes the generator of a call; nothing of it has run.
    pub fn start(call: &Bound<'_, PyAny>, frame: &Frame) -> PyResult<Self> {
        let py = call.py();
        let function = call.getattr(intern!(py, "function"))?;
        let arguments = call.getattr(intern!(py, "arguments"))?.cast_into::<PyTuple>()?;
        let keywords = call.getattr(intern!(py, "keywords"))?.cast_into::<PyDict>()?;
        let generator = function.getattr(intern!(py, "generator"))?.call(arguments, Some(&keywords))?;
        let (row, name) = (function.getattr(intern!(py, "row"))?, function.getattr(intern!(py, "name"))?);
        Ok(Self {
            generator: generator.cast_into::<PyIterator>()?.unbind(),
            frame: frame.within(&row, &name),
            name: name.unbind(),
            asked: None,
        })
    }

    fn go_on(&mut self, py: Python<'_>, outcome: Outcome) -> Move {
        let asked = self.asked.take();
        let answer = match (outcome, asked) {
            (Ok(value), Some(effect)) => decoded(effect.bind(py), &value),
            (Ok(value), None) => to_object(py, &value),
            (Err(fault), _) => return self.throw(py, error_of(py, &fault)),
        };
        match answer {
            Ok(answer) => {
                let sent = self.generator.bind(py).send(&answer);
                self.follow(py, sent)
            }
            Err(error) => self.throw(py, error),
        }
    }

    fn throw(&mut self, py: Python<'_>, error: PyErr) -> Move {
        let thrown = self.generator.bind(py).call_method1(intern!(py, "throw"), (error.into_value(py),));
        let sent = match thrown {
            Ok(next) => Ok(PySendResult::Next(next)),
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => error.value(py).getattr("value").map(PySendResult::Return),
            Err(error) => Err(error),
        };
        self.follow(py, sent)
    }

    fn follow(&mut self, py: Python<'_>, sent: PyResult<PySendResult<'_>>) -> Move {
        match sent {
            Ok(PySendResult::Return(value)) => self.returned(py, value),
            Ok(PySendResult::Next(next)) => self.ask(py, next),
            Err(error) => Move::Raise(fault_of(py, error)),
        }
    }

    fn returned(&self, py: Python<'_>, value: Bound<'_, PyAny>) -> Move {
        match is_askable(&value) {
            Ok(false) => Move::Return(given(value)),
            Ok(true) => Move::Raise(self.unasked(py, &value)),
            Err(error) => Move::Raise(fault_of(py, error)),
        }
    }

    fn unasked(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> Fault {
        let kind = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        Fault::new(FaultKind::ProgramError, format!("program `{}` returned a `{kind}` that was never asked", self.name.bind(py)))
            .hint("write `return (yield from ...)`")
    }

    /// What the generator yielded: an effect to ask or a program to run.
    fn ask(&mut self, py: Python<'_>, next: Bound<'_, PyAny>) -> Move {
        let made = self.check(&next).and_then(|is_effect| {
            Ok(if is_effect { Move::Ask(question(&next, &self.frame.catalogue)?) } else { Move::Call(later(next.clone(), &self.frame)) })
        });
        match made {
            Ok(Move::Ask(effect)) => {
                self.asked = Some(next.unbind());
                Move::Ask(effect)
            }
            Ok(other) => other,
            Err(error) => self.throw(py, error),
        }
    }

    /// Whether what was yielded is an effect; one outside the declared row is an error.
    fn check(&self, next: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = next.py();
        let is_effect = next.is_instance(names(py)?.effect.bind(py))?;
        if !is_effect && !next.is_instance(names(py)?.program.bind(py))? {
            let name = next.get_type().name()?;
            let fault = Fault::new(FaultKind::ProgramError, format!("program `{}` yielded a `{name}`", self.name.bind(py)));
            return Err(error_of(py, &fault.hint("yield from effects and programs only")));
        }
        if is_effect {
            self.frame.check(next)?;
        }
        Ok(is_effect)
    }
}

fn is_askable(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = value.py();
    Ok(value.is_instance(names(py)?.effect.bind(py))? || value.is_instance(names(py)?.program.bind(py))?)
}

impl Continuation for Generator {
    fn resume(&mut self, outcome: Outcome, _: &mut Vec<EventBody>) -> Move {
        Python::attach(|py| self.go_on(py, outcome))
    }
}
