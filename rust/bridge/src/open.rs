//! Programs of Python, opened for the machine one layer at a time.

use std::sync::Arc;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::machine::{Attempts, Handler, Items, Nested, Open, Program, Then};
use flowai_core::value::Value;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::ask::{not_askable, question};
use crate::class::{Class, Kind, Node};
use crate::fault::{error_of, fault_of, fault_of_value};
use crate::generator::Generator;
use crate::rows::Frame;
use crate::value::{given, to_object, to_tuple};

/// A program object and what is needed to open it.
pub struct Layer {
    pub program: Py<PyAny>,
    pub frame: Frame,
}

impl Open for Layer {
    fn open(self: Box<Self>) -> Result<Program, Fault> {
        Python::attach(|py| open(self.program.bind(py), &self.frame).map_err(|error| fault_of(py, error)))
    }
}

/// A program that is opened when its turn comes.
pub fn later(program: Bound<'_, PyAny>, frame: &Frame) -> Program {
    Program::Host(Box::new(Layer { program: program.unbind(), frame: frame.clone() }))
}

/// One layer of a program, or the question that an effect is.
pub fn open(program: &Bound<'_, PyAny>, frame: &Frame) -> PyResult<Program> {
    let class = frame.catalogue.class(program)?;
    match class.kind {
        Kind::Program(node) => layer(node, program, frame),
        Kind::BuiltIn(_) | Kind::Custom { .. } => asked(program, &class, frame),
        Kind::Other => Err(not_askable(program)),
    }
}

fn layer(node: Node, program: &Bound<'_, PyAny>, frame: &Frame) -> PyResult<Program> {
    let get = |name: &str| program.getattr(name);
    Ok(match node {
        Node::Call => Program::Loop(Box::new(Generator::start(program, frame)?)),
        Node::Ask => {
            let effect = get("effect")?;
            return asked(&effect, &frame.catalogue.class(&effect)?, frame);
        }
        Node::Pure => Program::Pure(given(get("value")?)),
        Node::Fail => Program::Fail(fault_of_value(&get("error")?)),
        Node::Bind => Program::Bind(
            boxed(get("source")?, frame),
            Box::new(Binding { node: program.clone().unbind(), frame: frame.clone() }),
        ),
        Node::Map => {
            Program::Bind(boxed(get("source")?, frame), Box::new(Mapping { transform: get("transform")?.unbind() }))
        }
        Node::Gather => Program::Bind(Nested::new(Program::Gather(all(&get("programs")?, frame)?)), Box::new(AsTuple)),
        Node::ForEach => Program::ForEach(Box::new(Each::new(program, frame)?), get("limit")?.extract()?),
        Node::Race => Program::Race(all(&get("programs")?, frame)?),
        Node::Timeout => match milliseconds(&get("seconds")?)? {
            Some(wait_ms) => Program::Timeout(boxed(get("program")?, frame), wait_ms),
            None => later(get("program")?, frame),
        },
        Node::Retry => Program::Retry(Box::new(Again::new(program, frame)?)),
        Node::Fallback => Program::Fallback(all(&get("programs")?, frame)?),
        Node::Catch => Program::Catch(
            boxed(get("program")?, frame),
            Box::new(Mend { node: program.clone().unbind(), frame: frame.clone() }),
        ),
        Node::Ensure => Program::Ensure(boxed(get("program")?, frame), boxed(get("cleanup")?, frame)),
        Node::AgentStep => {
            frame.check_row(program)?;
            frame.catalogue.agent_step(program)?
        }
    })
}

/// An effect as a program of one question, answered with the effect's own type.
fn asked(effect: &Bound<'_, PyAny>, class: &Arc<Class>, frame: &Frame) -> PyResult<Program> {
    frame.check(effect)?;
    let ask = Program::Ask(question(effect, class, &frame.catalogue)?);
    Ok(Program::Bind(Nested::new(ask), Box::new(Decoded { effect: effect.clone().unbind() })))
}

fn boxed(program: Bound<'_, PyAny>, frame: &Frame) -> Nested {
    Nested::new(later(program, frame))
}

fn all(programs: &Bound<'_, PyAny>, frame: &Frame) -> PyResult<Vec<Program>> {
    Ok(programs.cast::<PyTuple>()?.iter().map(|program| later(program, frame)).collect())
}

/// Seconds in whole milliseconds; none for no limit at all.
pub fn milliseconds(seconds: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    let wait = seconds.extract::<f64>()? * 1_000.0;
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "a cast from float saturates, which is what a long wait means"
    )]
    Ok(wait.is_finite().then(|| wait.ceil() as i64))
}

struct Binding {
    node: Py<PyAny>,
    frame: Frame,
}

impl Then for Binding {
    fn then(self: Box<Self>, value: Value) -> Result<Program, Fault> {
        Python::attach(|py| {
            let made = to_object(py, &value)
                .and_then(|value| self.node.bind(py).getattr(intern!(py, "then"))?.call1((value,)));
            made.map(|program| later(program, &self.frame)).map_err(|error| fault_of(py, error))
        })
    }
}

struct Mapping {
    transform: Py<PyAny>,
}

impl Then for Mapping {
    fn then(self: Box<Self>, value: Value) -> Result<Program, Fault> {
        Python::attach(|py| {
            let made = to_object(py, &value).and_then(|value| self.transform.bind(py).call1((value,)));
            made.map(|value| Program::Pure(given(value))).map_err(|error| fault_of(py, error))
        })
    }
}

struct AsTuple;

impl Then for AsTuple {
    fn then(self: Box<Self>, value: Value) -> Result<Program, Fault> {
        Python::attach(|py| {
            to_tuple(py, &value).map(|value| Program::Pure(given(value))).map_err(|error| fault_of(py, error))
        })
    }
}

/// Reads the answer of an effect by its declared type.
struct Decoded {
    effect: Py<PyAny>,
}

impl Then for Decoded {
    fn then(self: Box<Self>, value: Value) -> Result<Program, Fault> {
        Python::attach(|py| {
            decoded(self.effect.bind(py), &value)
                .map(|value| Program::Pure(given(value)))
                .map_err(|error| fault_of(py, error))
        })
    }
}

/// The answer of an effect by its declared type; plain JSON types pass untouched.
pub fn decoded<'py>(effect: &Bound<'py, PyAny>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    let py = effect.py();
    if let Value::Model(answer) = value
        && effect.getattr(intern!(py, "whole")).is_ok_and(|whole| whole.is_truthy().unwrap_or(false))
    {
        let whole = crate::json::to_python(py, &answer.to_json())?;
        return effect.getattr(intern!(py, "codec"))?.call_method1(intern!(py, "decode"), (whole,));
    }
    let object = to_object(py, value)?;
    let codec = effect.getattr(intern!(py, "codec"))?;
    if codec.getattr(intern!(py, "plain"))?.is(object.get_type()) {
        return Ok(object);
    }
    let object = if matches!(value, Value::Model(_)) { structured(&codec, object)? } else { object };
    codec.call_method1(intern!(py, "decode"), (object,))
}

/// The text of a model as the JSON that was asked for.
fn structured<'py>(codec: &Bound<'py, PyAny>, object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = codec.py();
    match object.extract::<String>() {
        Ok(text) => match serde_json::from_str(&text) {
            Ok(json) => crate::json::to_python(py, &json),
            Err(error) => Err(error_of(
                py,
                &Fault::new(FaultKind::ModelFailed, format!("the model's answer is not JSON: {error}")),
            )),
        },
        Err(_) => Ok(object),
    }
}

struct Each {
    items: Py<PyTuple>,
    function: Py<PyAny>,
    count: usize,
    frame: Frame,
}

impl Each {
    fn new(program: &Bound<'_, PyAny>, frame: &Frame) -> PyResult<Self> {
        let items = program.getattr("items")?.cast_into::<PyTuple>()?;
        Ok(Self {
            count: items.len(),
            items: items.unbind(),
            function: program.getattr("function")?.unbind(),
            frame: frame.clone(),
        })
    }
}

impl Items for Each {
    fn count(&self) -> usize {
        self.count
    }

    fn make(&mut self, index: usize) -> Result<Program, Fault> {
        Python::attach(|py| {
            let made = self.items.bind(py).get_item(index).and_then(|item| self.function.bind(py).call1((item,)));
            made.map(|program| later(program, &self.frame)).map_err(|error| fault_of(py, error))
        })
    }
}

struct Again {
    program: Py<PyAny>,
    policy: Py<PyAny>,
    attempts: u32,
    frame: Frame,
}

impl Again {
    fn new(program: &Bound<'_, PyAny>, frame: &Frame) -> PyResult<Self> {
        let policy = program.getattr("policy")?;
        let attempts = policy.getattr("attempts")?.extract()?;
        Ok(Self {
            program: program.getattr("program")?.unbind(),
            policy: policy.unbind(),
            attempts,
            frame: frame.clone(),
        })
    }
}

impl Attempts for Again {
    fn count(&self) -> u32 {
        self.attempts
    }

    fn make(&mut self) -> Result<Program, Fault> {
        Python::attach(|py| Ok(later(self.program.bind(py).clone(), &self.frame)))
    }

    fn wait_ms(&self, attempt: u32, fault: &Fault) -> Option<i64> {
        Python::attach(|py| {
            let policy = self.policy.bind(py);
            let error = error_of(py, fault).into_value(py);
            let matches = error.bind(py).is_instance(&policy.getattr("on").ok()?).ok()?;
            matches.then(|| policy.call_method1("wait_after", (attempt,)).ok()?.extract().ok()).flatten()
        })
    }
}

struct Mend {
    node: Py<PyAny>,
    frame: Frame,
}

impl Handler for Mend {
    fn handle(self: Box<Self>, fault: &Fault) -> Option<Result<Program, Fault>> {
        Python::attach(|py| {
            let node = self.node.bind(py);
            let error = error_of(py, fault).into_value(py);
            let on = node.getattr("on").ok()?;
            if !error.bind(py).is_instance(&on).unwrap_or(false) {
                return None;
            }
            let made = node.getattr("handler").and_then(|handler| handler.call1((error.bind(py),)));
            Some(made.map(|program| later(program, &self.frame)).map_err(|error| fault_of(py, error)))
        })
    }
}
