//! Anything that serde can write, written as Python values without a detour.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use flowai_core::events::Event;
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

/// Writes a value as Python objects.
///
/// # Errors
/// What Python raises while making them.
pub fn write<'py, T: Serialize + ?Sized>(py: Python<'py>, value: &T) -> PyResult<Bound<'py, PyAny>> {
    value.serialize(Writer { py }).map_err(|refused| refused.0)
}

/// The names of fields, made once: there are few, and they come again and again.
static NAMES: Mutex<BTreeMap<usize, Py<PyString>>> = Mutex::new(BTreeMap::new());

fn field_name<'py>(py: Python<'py>, key: &'static str) -> Bound<'py, PyString> {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let name = names.entry(key.as_ptr().addr()).or_insert_with(|| PyString::intern(py, key).unbind());
    name.bind(py).clone()
}

/// Writes an event as one dict: what happened, with where and when.
///
/// # Errors
/// What Python raises while making it.
pub fn write_event<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyAny>> {
    let written = write(py, &event.body)?;
    let fields = written.cast::<PyDict>()?;
    fields.set_item(intern!(py, "seq"), event.seq)?;
    fields.set_item(intern!(py, "run_id"), &event.run_id)?;
    fields.set_item(intern!(py, "thread_id"), &event.thread_id)?;
    fields.set_item(intern!(py, "tenant"), &event.tenant)?;
    fields.set_item(intern!(py, "agent"), &event.agent)?;
    fields.set_item(intern!(py, "at"), event.at)?;
    fields.set_item(intern!(py, "position"), &event.position)?;
    fields.set_item(intern!(py, "parent"), &event.parent)?;
    Ok(written)
}

#[derive(Clone, Copy)]
struct Writer<'py> {
    py: Python<'py>,
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

impl<'py> ser::Serializer for Writer<'py> {
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
        Ok(Fields { is_number: name == EXACT_NUMBER, ..self.serialize_map(None)? })
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
        Ok(self.list.append(value.serialize(Writer { py })?)?)
    }
}

impl<'py> ser::SerializeSeq for Items<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.add(value)
    }

    fn end(self) -> Written<'py> {
        Ok(self.list.into_any())
    }
}

impl<'py> ser::SerializeTuple for Items<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.add(value)
    }

    fn end(self) -> Written<'py> {
        Ok(self.list.into_any())
    }
}

impl<'py> ser::SerializeTupleStruct for Items<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.add(value)
    }

    fn end(self) -> Written<'py> {
        Ok(self.list.into_any())
    }
}

impl<'py> ser::SerializeMap for Fields<'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = Some(key.serialize(Writer { py: self.dict.py() })?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let py = self.dict.py();
        let key = self.key.take().ok_or_else(|| <Refused as ser::Error>::custom("a value came before its key"))?;
        Ok(self.dict.set_item(key, value.serialize(Writer { py })?)?)
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
        let written = value.serialize(Writer { py })?;
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
