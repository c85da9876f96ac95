//! An effect of the user's own: the object until it is answered, and then no more than its fields.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowai_core::effects::HostEffect;
use flowai_core::fault::Fault;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use serde_json::Value as Json;

use crate::ask::write;
use crate::class::{Class, Kind};
use crate::fault::fault_of;
use crate::json::from_python;

/// An effect of the user's own.
pub struct Custom {
    pub class: Arc<Class>,
    form: Mutex<Form>,
}

/// What is kept of it.
enum Form {
    /// The object, with its arguments where they cannot wait.
    Asked(Py<PyAny>, Option<Box<Json>>),
    /// It was answered; Python's garbage collector never hears of it again.
    Field(Scalar),
    Fields(Arc<[Scalar]>),
    Written(Box<Json>),
}

/// The value of a field that cannot change.
#[derive(Clone)]
enum Scalar {
    Integer(i64),
    Float(f64),
    Bool(bool),
    None,
    /// A text, or an integer of more than 64 bits.
    Object(Arc<Py<PyAny>>),
}

impl Custom {
    pub fn new(effect: &Bound<'_, PyAny>, class: &Arc<Class>, written: Option<Json>) -> Self {
        let form = Form::Asked(effect.clone().unbind(), written.map(Box::new));
        Self { class: Arc::clone(class), form: Mutex::new(form) }
    }

    /// The object; none once the effect was answered.
    pub fn effect<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match &*self.form() {
            Form::Asked(effect, _) => Some(effect.bind(py).clone()),
            Form::Field(_) | Form::Fields(_) | Form::Written(_) => None,
        }
    }

    fn form(&self) -> MutexGuard<'_, Form> {
        self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may take the object's place.
    fn settled(&self, py: Python<'_>) -> Option<Form> {
        let effect = match &mut *self.form() {
            Form::Asked(_, Some(written)) => return Some(Form::Written(std::mem::take(written))),
            Form::Asked(effect, None) => effect.bind(py).clone(),
            Form::Field(_) | Form::Fields(_) | Form::Written(_) => return None,
        };
        let scalar = |name: &Py<PyString>| Scalar::of(&effect.getattr(name.bind(py)).ok()?);
        match self.class.fields.as_deref()? {
            [name] => scalar(name).map(Form::Field),
            names => names.iter().map(scalar).collect::<Option<_>>().map(Form::Fields),
        }
    }

    fn read_fields(&self, fields: &[Scalar]) -> Result<Json, Fault> {
        Python::attach(|py| {
            let written = PyDict::new(py);
            let names = self.class.fields.iter().flatten();
            let put = names.zip(fields).try_for_each(|(name, field)| field.put(&written, name.bind(py)));
            put.map_err(|error| fault_of(py, error)).and_then(|()| from_python(&written))
        })
    }
}

impl HostEffect for Custom {
    fn kind(&self) -> &str {
        if let Kind::Custom { name, .. } = &self.class.kind { name } else { "" }
    }

    fn encode(&self) -> Result<Json, Fault> {
        // Python is not called with the form in hand.
        let fields = match &*self.form() {
            Form::Asked(_, Some(written)) | Form::Written(written) => return Ok(Json::clone(written)),
            Form::Field(field) => Some(Arc::from([field.clone()])),
            Form::Fields(fields) => Some(Arc::clone(fields)),
            Form::Asked(_, None) => None,
        };
        if let Some(fields) = fields {
            return self.read_fields(&fields);
        }
        Python::attach(|py| self.effect(py).map_or_else(|| self.encode(), |effect| write(&effect)))
    }

    fn settle(&self) {
        Python::attach(|py| {
            if let Some(settled) = self.settled(py) {
                let before = std::mem::replace(&mut *self.form(), settled);
                drop(before);
            }
        });
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Scalar {
    fn of(value: &Bound<'_, PyAny>) -> Option<Self> {
        if value.is_exact_instance_of::<PyInt>() {
            return Some(
                value.extract().map_or_else(|_| Self::Object(Arc::new(value.clone().unbind())), Self::Integer),
            );
        }
        if value.is_exact_instance_of::<PyString>() {
            return Some(Self::Object(Arc::new(value.clone().unbind())));
        }
        if value.is_none() {
            return Some(Self::None);
        }
        if let Ok(fact) = value.cast_exact::<PyBool>() {
            return Some(Self::Bool(fact.is_true()));
        }
        value.cast_exact::<PyFloat>().ok().map(|number| Self::Float(number.value()))
    }

    fn put(&self, fields: &Bound<'_, PyDict>, name: &Bound<'_, PyString>) -> PyResult<()> {
        match self {
            Self::Integer(number) => fields.set_item(name, number),
            Self::Float(number) => fields.set_item(name, number),
            Self::Bool(fact) => fields.set_item(name, fact),
            Self::None => fields.set_item(name, fields.py().None()),
            Self::Object(object) => fields.set_item(name, &**object),
        }
    }
}
