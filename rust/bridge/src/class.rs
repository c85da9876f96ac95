//! Classes and functions of Python, looked at once.

use std::sync::{Arc, OnceLock};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString, PyType};

use crate::names::names;
use crate::rows::Rows;

/// What the bridge has to know of a class.
pub struct Class {
    /// The class's address, by which it is recognised while this keeps it alive.
    pub key: usize,
    pub kind: Kind,
    /// The exact type whose instances answer an effect of this class untouched.
    plain: Option<Py<PyAny>>,
    /// Whether that type is `int`.
    pub takes_integers: bool,
    /// The fields of an effect that is written field by field, and by nothing of its own.
    pub fields: Option<Vec<Py<PyString>>>,
    _pinned: Py<PyAny>,
}

/// What instances of a class are.
pub enum Kind {
    /// A program, by the name of its node.
    Program(Node),
    /// An effect that interpreters know.
    BuiltIn(String),
    /// An effect of the user's own.
    Custom { name: Arc<str>, lazy: bool },
    /// Neither.
    Other,
}

/// The nodes of programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Node {
    Call,
    Ask,
    Pure,
    Fail,
    Bind,
    Map,
    Gather,
    ForEach,
    Race,
    Timeout,
    Retry,
    Fallback,
    Catch,
    Ensure,
    AgentStep,
}

const NODES: [(&str, Node); 15] = [
    ("call", Node::Call),
    ("ask", Node::Ask),
    ("pure", Node::Pure),
    ("fail", Node::Fail),
    ("bind", Node::Bind),
    ("map", Node::Map),
    ("gather", Node::Gather),
    ("foreach", Node::ForEach),
    ("race", Node::Race),
    ("timeout", Node::Timeout),
    ("retry", Node::Retry),
    ("fallback", Node::Fallback),
    ("catch", Node::Catch),
    ("ensure", Node::Ensure),
    ("agentstep", Node::AgentStep),
];

impl Class {
    /// Looks at a class.
    pub fn of(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let kind = kind_of(class)?;
        let is_custom = matches!(kind, Kind::Custom { .. });
        let plain = class
            .getattr("codec")
            .and_then(|codec| codec.getattr("plain"))
            .ok()
            .filter(|plain| is_custom && !plain.is_none());
        let takes_integers = plain.as_ref().is_some_and(|plain| plain.is(class.py().get_type::<PyInt>()));
        let plain = plain.map(Bound::unbind);
        let fields = if matches!(kind, Kind::Custom { lazy: true, .. }) { fields_of(class)? } else { None };
        let (key, pinned) = (class.as_ptr().addr(), class.clone().into_any().unbind());
        Ok(Self { key, kind, plain, takes_integers, fields, _pinned: pinned })
    }

    /// Whether an answer passes untouched.
    pub fn takes(&self, answer: &Bound<'_, PyAny>) -> bool {
        self.plain.as_ref().is_some_and(|plain| plain.is(answer.get_type()))
    }

    /// Whether instances can be asked or run.
    pub fn is_askable(&self) -> bool {
        !matches!(self.kind, Kind::Other)
    }
}

fn fields_of(class: &Bound<'_, PyType>) -> PyResult<Option<Vec<Py<PyString>>>> {
    let py = class.py();
    let own = class.getattr("encode")?;
    if !own.is(names(py)?.effect.bind(py).getattr("encode")?) || !class.hasattr("__dataclass_fields__")? {
        return Ok(None);
    }
    let fields = py.import("dataclasses")?.call_method1("fields", (class,))?;
    let names = fields.try_iter()?.map(|field| Ok(field?.getattr("name")?.cast_into::<PyString>()?.unbind()));
    names.collect::<PyResult<_>>().map(Some)
}

fn kind_of(class: &Bound<'_, PyType>) -> PyResult<Kind> {
    let names = names(class.py())?;
    if class.is_subclass(names.program.bind(class.py()))? {
        let node: String = class.getattr("node")?.extract()?;
        return Ok(NODES.iter().find(|(name, _)| *name == node).map_or(Kind::Other, |(_, node)| Kind::Program(*node)));
    }
    if !class.is_subclass(names.effect.bind(class.py()))? {
        return Ok(Kind::Other);
    }
    let name: String = class.getattr("kind")?.extract()?;
    if class.getattr("__module__")?.extract::<String>()?.starts_with("flowai.effects.") {
        return Ok(Kind::BuiltIn(name));
    }
    Ok(Kind::Custom { name: Arc::from(name), lazy: class.getattr("lazy")?.extract()? })
}

/// What the bridge has to know of a program function; the function itself keeps it, so that both go together.
#[pyclass(frozen)]
pub struct Function {
    pub generator: Py<PyAny>,
    pub row: Option<Py<PyAny>>,
    pub name: Arc<str>,
    /// The rows of a call of it that no other program encloses.
    pub alone: OnceLock<Arc<Rows>>,
}

#[pymethods]
impl Function {
    // A program function that calls itself holds on to itself through this.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.generator)?;
        self.row.as_ref().map_or(Ok(()), |row| visit.call(row))
    }
}

impl Function {
    /// What is known of a program function, looked at when it is first called.
    pub fn of<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = function.py();
        let kept = function.getattr(intern!(py, "known"))?;
        if let Ok(known) = kept.cast_into::<Self>() {
            return Ok(known);
        }
        let row = function.getattr("row")?;
        let looked_at = Self {
            generator: function.getattr("generator")?.unbind(),
            row: (!row.is_none()).then(|| row.unbind()),
            name: Arc::from(function.getattr("name")?.extract::<String>()?),
            alone: OnceLock::new(),
        };
        let known = Bound::new(py, looked_at)?;
        function.setattr(intern!(py, "known"), &known)?;
        Ok(known)
    }
}
