//! Reading typed values from JSON with every number exact.

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Number, Value};

/// How `serde_json` names an exact number on its way through a visitor.
const EXACT_NUMBER: &str = "$serde_json::private::Number";

/// Reads a value of a type from JSON.
///
/// Unlike `serde_json::from_value` it takes integers of any length where the type is
/// tagged or flattened, which serde reads by way of a buffer without 128-bit integers.
///
/// # Errors
/// What the type objects to.
///
/// # Examples
///
/// ```
/// use flowai_core::effects::Message;
/// use flowai_core::json::decode;
/// use serde_json::json;
///
/// let long: serde_json::Value = serde_json::from_str("18446744073709551616")?;
/// let call = json!({"id": "c", "name": "add", "arguments": {"number": long}});
/// let message: Message = decode(json!({"role": "assistant", "text": "", "thinking": null, "tool_calls": [call]}))?;
/// assert!(serde_json::to_string(&message)?.contains("18446744073709551616"));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn decode<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    T::deserialize(Exact(value))
}

/// JSON whose long integers travel as digits.
struct Exact(Value);

impl IntoDeserializer<'_, Error> for Exact {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Exact {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Number(number) if is_long(&number) => {
                let digits = std::iter::once((EXACT_NUMBER, number.as_str().to_owned()));
                visitor.visit_map(MapDeserializer::new(digits))
            }
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Exact));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Object(fields) => {
                let mut fields = MapDeserializer::new(fields.into_iter().map(|(name, field)| (name, Exact(field))));
                let read = visitor.visit_map(&mut fields)?;
                fields.end()?;
                Ok(read)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(fields) if fields.len() == 1 => {
                let fields = MapDeserializer::new(fields.into_iter().map(|(name, field)| (name, Exact(field))));
                MapAccessDeserializer::new(fields).deserialize_enum(name, variants, visitor)
            }
            Value::Object(_) => Err(Error::custom(format!("`{name}` takes one of {variants:?}"))),
            plain => plain.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn is_long(number: &Number) -> bool {
    number.as_i64().is_none() && number.as_u64().is_none() && !number.as_str().contains(['.', 'e', 'E'])
}
