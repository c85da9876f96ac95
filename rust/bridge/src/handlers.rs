//! Effects that the user answers in Python.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use flowai_core::effects::Effect;
use flowai_core::fault::Fault;
use flowai_core::machine::Ask;
use flowai_core::session::{Answerer, HostWork, Performance};
use flowai_core::value::Value;
use pyo3::intern;
use pyo3::prelude::*;

use crate::ask::Custom;
use crate::fault::fault_of;
use crate::value::{answer, given, is_scalar};

/// One answer of the user's: a function, and whether it has to be awaited.
pub struct Answer {
    pub function: Py<PyAny>,
    pub is_async: bool,
    /// Keeps the class alive, whose address is the key.
    pub _class: Py<PyAny>,
}

/// The user's answers, by the class of the effect and by its name.
#[derive(Default)]
pub struct Answers {
    pub by_class: HashMap<usize, Answer>,
    pub by_name: HashSet<String>,
}

impl Answers {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_class.is_empty()
    }
}

/// Asks the user's functions; what they do not answer is left to the interpreter.
pub struct Asking(pub Arc<Answers>);

impl Asking {
    fn find(&self, effect: &Bound<'_, PyAny>) -> Option<&Answer> {
        let class = effect.get_type();
        let exact = self.0.by_class.get(&class.as_ptr().addr());
        exact.or_else(|| class.mro().iter().find_map(|class| self.0.by_class.get(&class.as_ptr().addr())))
    }
}

impl Answerer for Asking {
    fn answer(&mut self, ask: &Ask) -> Option<Performance> {
        let Effect::Custom(custom) = &ask.effect else {
            return self.0.by_name.contains(ask.effect.kind()).then_some(Performance::Host(HostWork::Handler));
        };
        let custom = custom.host.as_any().downcast_ref::<Custom>()?;
        Python::attach(|py| {
            let effect = custom.effect.bind(py);
            let handler = self.find(effect)?;
            if handler.is_async {
                return Some(Performance::Host(HostWork::Handler));
            }
            let answered = handler.function.bind(py).call1((effect,)).map_err(|error| fault_of(py, error));
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
