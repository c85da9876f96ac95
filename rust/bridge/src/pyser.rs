//! Anything that serde can write, written as Python values without a detour.

use std::collections::BTreeMap;
use std::fmt;
use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, Mutex, PoisonError};

use flowai_core::events::{Event, EventBody};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyList, PyString};
use serde::ser::{self, Serialize};
use serde_json::Number;

use crate::json::number_to_python;

/// Why a value could not be written.
#[derive(Debug)]
pub struct Refused(PyErr);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(pyo3::exceptions::PyValueError::new_err(message.to_string()))
    }
}

impl From<PyErr> for Refused {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

/// The names of fields, made once: there are few, and they come again and again.
static NAMES: Mutex<BTreeMap<usize, Py<PyString>>> = Mutex::new(BTreeMap::new());

fn field_name<'py>(py: Python<'py>, key: &'static str) -> Bound<'py, PyString> {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let name = names.entry(key.as_ptr().addr()).or_insert_with(|| PyString::intern(py, key).unbind());
    name.bind(py).clone()
}

/// Writes the events of one run, one after the other; what they have in common is made once.
pub struct EventWriter<'py> {
    py: Python<'py>,
    last: [Option<(Arc<str>, Bound<'py, PyString>)>; 6],
}

impl<'py> EventWriter<'py> {
    /// A writer that has written nothing.
    pub fn new(py: Python<'py>) -> Self {
        Self { py, last: Default::default() }
    }

    /// Writes an event as one dict: what happened, with where and when.
    ///
    /// # Errors
    /// What Python raises while making it.
    pub fn write(&mut self, event: &Event) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let kind = discriminant(&event.body);
        let shape = shape_of(py, kind);
        let fields = shape.as_ref().map_or_else(|| Ok(PyDict::new(py)), PyDictMethods::copy)?;
        event.body.serialize(Writer { py, into: Some(&fields) }).map_err(|refused| refused.0)?;
        let places = [
            (intern!(py, "run_id"), Some(&event.run_id)),
            (intern!(py, "thread_id"), event.thread_id.as_ref()),
            (intern!(py, "tenant"), event.tenant.as_ref()),
            (intern!(py, "agent"), event.agent.as_ref()),
            (intern!(py, "position"), Some(&event.position)),
            (intern!(py, "parent"), event.parent.as_ref()),
        ];
        fields.set_item(intern!(py, "seq"), event.seq)?;
        fields.set_item(intern!(py, "at"), event.at)?;
        for ((name, text), last) in places.into_iter().zip(&mut self.last) {
            fields.set_item(name, text.map(|text| known(py, last, text)))?;
        }
        if shape.is_none() {
            keep_shape(&fields, kind)?;
        }
        Ok(fields.into_any())
    }
}

/// An event of each kind without its values: a copy has all the names, and room for the values.
static SHAPES: Mutex<Vec<(Discriminant<EventBody>, Py<PyDict>)>> = Mutex::new(Vec::new());

fn shape_of(py: Python<'_>, kind: Discriminant<EventBody>) -> Option<Bound<'_, PyDict>> {
    let shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
    shapes.iter().find(|(known, _)| *known == kind).map(|(_, shape)| shape.bind(py).clone())
}

fn keep_shape(fields: &Bound<'_, PyDict>, kind: Discriminant<EventBody>) -> PyResult<()> {
    let shape = fields.copy()?;
    fields.keys().iter().try_for_each(|name| shape.set_item(name, fields.py().None()))?;
    SHAPES.lock().unwrap_or_else(PoisonError::into_inner).push((kind, shape.unbind()));
    Ok(())
}

/// A text as Python has it, made anew only where it is not the last one.
fn known<'a, 'py>(
    py: Python<'py>,
    last: &'a mut Option<(Arc<str>, Bound<'py, PyString>)>,
    text: &Arc<str>,
) -> &'a Bound<'py, PyString> {
    let same = last.take().filter(|(known, _)| Arc::ptr_eq(known, text));
    &last.insert(same.unwrap_or_else(|| (Arc::clone(text), PyString::new(py, text)))).1
}

#[derive(Clone, Copy)]
struct Writer<'a, 'py> {
    py: Python<'py>,
    /// The dict that the fields of a struct go into, where there is one already.
    into: Option<&'a Bound<'py, PyDict>>,
}

/// A list or a dict that is being written.
struct Items<'py> {
    list: Bound<'py, PyList>,
}

struct Fields<'py> {
    dict: Bound<'py, PyDict>,
    key: Option<Bound<'py, PyAny>>,
    /// The exact number that `serde_json` hides in a struct of its own.
    number: Option<Bound<'py, PyAny>>,
    is_number: bool,
}

/// How `serde_json` names the struct of an exact number.
const EXACT_NUMBER: &str = "$serde_json::private::Number";

type Written<'py> = Result<Bound<'py, PyAny>, Refused>;

macro_rules! integers {
    ($($method:ident: $kind:ty),*) => {
        $(fn $method(self, value: $kind) -> Written<'py> {
            Ok(value.into_pyobject(self.py).map_err(PyErr::from)?.into_any())
        })*
    };
}

impl<'py> ser::Serializer for Writer<'_, 'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Refused;
    type SerializeSeq = Items<'py>;
    type SerializeTuple = Items<'py>;
    type SerializeTupleStruct = Items<'py>;
    type SerializeTupleVariant = ser::Impossible<Self::Ok, Refused>;
    type SerializeMap = Fields<'py>;
    type SerializeStruct = Fields<'py>;
    type SerializeStructVariant = ser::Impossible<Self::Ok, Refused>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
              serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_bool(self, value: bool) -> Written<'py> {
        Ok(PyBool::new(self.py, value).to_owned().into_any())
    }

    fn serialize_f32(self, value: f32) -> Written<'py> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Written<'py> {
        Ok(PyFloat::new(self.py, value).into_any())
    }

    fn serialize_char(self, value: char) -> Written<'py> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Written<'py> {
        Ok(PyString::new(self.py, value).into_any())
    }

    fn serialize_bytes(self, value: &[u8]) -> Written<'py> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Written<'py> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written<'py> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written<'py> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written<'py> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written<'py> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written<'py> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written<'py> {
        let dict = PyDict::new(self.py);
        dict.set_item(variant, value.serialize(self)?)?;
        Ok(dict.into_any())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'py>, Refused> {
        Ok(Items { list: PyList::empty(self.py) })
    }

    fn serialize_tuple(self, size: usize) -> Result<Items<'py>, Refused> {
        self.serialize_seq(Some(size))
    }

    fn serialize_tuple_struct(self, _: &'static str, size: usize) -> Result<Items<'py>, Refused> {
        self.serialize_seq(Some(size))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refused> {
        Err(ser::Error::custom("no event has such a field"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'py>, Refused> {
        Ok(Fields { dict: PyDict::new(self.py), key: None, number: None, is_number: false })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'py>, Refused> {
        let dict = self.into.cloned().unwrap_or_else(|| PyDict::new(self.py));
        Ok(Fields { dict, key: None, number: None, is_number: name == EXACT_NUMBER })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Refused> {
        Err(ser::Error::custom("no event has such a field"))
    }
}

impl Items<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let py = self.list.py();
        Ok(self.list.append(value.serialize(Writer { py, into: None })?)?)
    }
}

macro_rules! items {
    ($($what:ident by $method:ident),*) => {
        $(impl<'py> ser::$what for Items<'py> {
            type Ok = Bound<'py, PyAny>;
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.add(value)
            }

            fn end(self) -> Written<'py> {
                Ok(self.list.into_any())
            }
        })*
    };
}

items!(SerializeSeq by serialize_element, SerializeTuple by serialize_element, SerializeTupleStruct by serialize_field);

impl<'py> ser::SerializeMap for Fields<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = Some(key.serialize(Writer { py: self.dict.py(), into: None })?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let py = self.dict.py();
        let key = self.key.take().ok_or_else(|| <Refused as ser::Error>::custom("a value came before its key"))?;
        Ok(self.dict.set_item(key, value.serialize(Writer { py, into: None })?)?)
    }

    fn end(self) -> Written<'py> {
        Ok(self.dict.into_any())
    }
}

impl<'py> ser::SerializeStruct for Fields<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Refused> {
        let py = self.dict.py();
        let written = value.serialize(Writer { py, into: None })?;
        if self.is_number {
            let digits: String = written.extract()?;
            let number: Number = digits.parse().map_err(<Refused as ser::Error>::custom)?;
            self.number = Some(number_to_python(py, &number)?);
            return Ok(());
        }
        Ok(self.dict.set_item(field_name(py, key), written)?)
    }

    fn end(self) -> Written<'py> {
        Ok(self.number.unwrap_or_else(|| self.dict.into_any()))
    }
}
