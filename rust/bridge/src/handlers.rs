//! Effects that the user answers in Python.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use flowai_core::effects::Effect;
use flowai_core::fault::Fault;
use flowai_core::machine::Ask;
use flowai_core::session::{Answerer, HostWork, Performance};
use flowai_core::value::Value;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::ask::Custom;
use crate::fault::fault_of;
use crate::value::{answer, given, is_scalar};

/// One answer of the user's: a function, and whether it has to be awaited.
pub struct Answer {
    pub function: Py<PyAny>,
    pub is_async: bool,
    /// The class, which is kept alive because its address is the key.
    pub class: Py<PyAny>,
}

/// The user's answers, by the class of the effect and by its name.
#[derive(Default)]
pub struct Answers {
    by_class: RwLock<HashMap<usize, Answer>>,
    pub by_name: HashSet<String>,
}

impl Answers {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_class.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Adds the answer to a class of effects.
    pub fn add(&mut self, answer: Answer) {
        let class = answer.class.as_ptr().addr();
        self.by_class.get_mut().unwrap_or_else(PoisonError::into_inner).insert(class, answer);
    }

    /// The answer to an effect, by its class or the nearest one above.
    pub fn find(&self, effect: &Bound<'_, PyAny>) -> Option<(Py<PyAny>, bool)> {
        let class = effect.get_type();
        let answers = self.by_class.read().unwrap_or_else(PoisonError::into_inner);
        let exact = answers.get(&class.as_ptr().addr());
        let found = exact.or_else(|| class.mro().iter().find_map(|class| answers.get(&class.as_ptr().addr())));
        found.map(|answer| (answer.function.clone_ref(effect.py()), answer.is_async))
    }

    /// Shows the functions to the garbage collector: they often hold on to the run that asks them.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(answers) = self.by_class.try_read() else { return Ok(()) };
        answers.values().try_for_each(|answer| visit.call(&answer.function).and_then(|()| visit.call(&answer.class)))
    }

    /// Lets go of the functions; nobody can ask them any more.
    pub fn clear(&self) {
        let answers = std::mem::take(&mut *self.by_class.write().unwrap_or_else(PoisonError::into_inner));
        drop(answers);
    }
}

/// Asks the user's functions; what they do not answer is left to the interpreter.
pub struct Asking(pub Arc<Answers>);

impl Answerer for Asking {
    fn answer(&mut self, ask: &Ask) -> Option<Performance> {
        let Effect::Custom(custom) = &ask.effect else {
            return self.0.by_name.contains(ask.effect.kind()).then_some(Performance::Host(HostWork::Handler));
        };
        let custom = custom.host.as_any().downcast_ref::<Custom>()?;
        Python::attach(|py| {
            let effect = custom.effect.bind(py);
            let (function, is_async) = self.0.find(effect)?;
            if is_async {
                return Some(Performance::Host(HostWork::Handler));
            }
            let answered = function.bind(py).call1((effect,)).map_err(|error| fault_of(py, error));
            Some(Performance::Answered(answered.and_then(|value| {
                if custom.class.takes(&value) && is_scalar(&value) { Ok(given(value)) } else { encoded(effect, value) }
            })))
        })
    }
}

/// What a handler returned, checked and written by the answer's declared type.
///
/// # Errors
/// [`flowai_core::fault::FaultKind::ValueNotJson`] when it is not of that type.
pub fn encoded(effect: &Bound<'_, PyAny>, value: Bound<'_, PyAny>) -> Result<Value, Fault> {
    let py = effect.py();
    let written = (|| -> PyResult<Result<Value, Fault>> {
        let codec = effect.getattr(intern!(py, "codec"))?;
        if codec.getattr(intern!(py, "plain"))?.is(value.get_type()) {
            return Ok(if crate::value::is_scalar(&value) {
                Ok(given(value))
            } else {
                crate::json::from_python(&value).map(Value::from)
            });
        }
        Ok(answer(codec.call_method1(intern!(py, "encode"), (value,))?))
    })();
    written.unwrap_or_else(|error| Err(fault_of(py, error)))
}
