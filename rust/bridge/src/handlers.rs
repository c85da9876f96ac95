//! Effects that the user answers in Python.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use flowai_core::effects::Effect;
use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::Ask;
use flowai_core::session::{Answerer, HostWork, Performance};
use flowai_core::value::Value;
use pyo3::exceptions::asyncio::CancelledError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::custom::Custom;
use crate::fault::fault_of;
use crate::value::answer;

/// One answer of the user's: a function, and whether it has to be awaited.
pub struct Answer {
    pub function: Py<PyAny>,
    pub is_async: bool,
    /// The class, which is kept alive because its address is the key.
    pub class: Py<PyAny>,
}

/// The user's answers, by the class of the effect and by its name; they are few.
#[derive(Default)]
pub struct Answers {
    by_class: RwLock<Vec<(usize, Answer)>>,
    /// What functions that are not async gave to await, with the effects that they answer.
    begun: Mutex<Vec<(Py<PyAny>, Py<PyAny>)>>,
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
        self.by_class.get_mut().unwrap_or_else(PoisonError::into_inner).push((class, answer));
    }

    /// The answer to an effect, by its class or the nearest one above.
    pub fn find(&self, effect: &Bound<'_, PyAny>) -> Option<(Py<PyAny>, bool)> {
        let class = effect.get_type();
        let answers = self.by_class.read().unwrap_or_else(PoisonError::into_inner);
        let of = |class: &Bound<'_, PyAny>| {
            let key = class.as_ptr().addr();
            answers.iter().find(|(known, _)| *known == key).map(|(_, answer)| answer)
        };
        let found = of(class.as_any()).or_else(|| class.mro().iter().find_map(|class| of(&class)));
        found.map(|answer| (answer.function.clone_ref(effect.py()), answer.is_async))
    }

    /// Takes what was given to await for an effect.
    pub fn take_begun(&self, effect: &Bound<'_, PyAny>) -> Option<Py<PyAny>> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let index = begun.iter().position(|(asked, _)| asked.is(effect))?;
        Some(begun.swap_remove(index).1)
    }

    fn add_begun(&self, effect: &Bound<'_, PyAny>, awaitable: Bound<'_, PyAny>) {
        let pair = (effect.clone().unbind(), awaitable.unbind());
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(pair);
    }

    /// Shows the functions to the garbage collector: they often hold on to the run that asks them.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(answers) = self.by_class.try_read() else { return Ok(()) };
        answers.iter().try_for_each(|(_, answer)| visit.call(&answer.function).and_then(|()| visit.call(&answer.class)))
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
        let custom = custom.as_any().downcast_ref::<Custom>()?;
        Python::attach(|py| {
            let effect = &custom.effect(py)?;
            let (function, is_async) = self.0.find(effect)?;
            if is_async {
                return Some(Performance::Host(HostWork::Handler));
            }
            let answered = match function.bind(py).call1((effect,)) {
                Ok(value) if custom.class.takes(&value) => answer(value),
                Ok(value) if is_awaitable(&value) => {
                    self.0.add_begun(effect, value);
                    return Some(Performance::Host(HostWork::Handler));
                }
                Ok(value) => encoded(effect, value),
                Err(error) => Err(failed(effect, error)),
            };
            Some(Performance::Answered(answered))
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
            return Ok(answer(value));
        }
        Ok(answer(codec.call_method1(intern!(py, "encode"), (value,))?))
    })();
    written.unwrap_or_else(|error| Err(fault_of(py, error)))
}

/// Whether a handler that is not async gave something to await, as a lambda around a coroutine does.
fn is_awaitable(value: &Bound<'_, PyAny>) -> bool {
    value.get_type().hasattr(intern!(value.py(), "__await__")).unwrap_or(false)
}

/// What a handler raised; an asyncio cancellation that nobody asked for would cancel whoever reads it.
fn failed(effect: &Bound<'_, PyAny>, error: PyErr) -> Fault {
    let py = effect.py();
    if !error.is_instance_of::<CancelledError>(py) {
        return fault_of(py, error);
    }
    let kind = effect.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    let raised = fault_of(py, error);
    let fault = Fault::new(FaultKind::EffectFailed, format!("the handler of `{kind}` raised CancelledError"))
        .detail(raised.details().clone());
    match raised.cause() {
        Some(cause) => fault.caused_by(Arc::clone(cause)),
        None => fault,
    }
}
