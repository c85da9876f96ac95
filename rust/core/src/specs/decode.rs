//! Decoding: the one door through which specs enter the core.

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::json::{JsonError, check_depth, decode};

/// Why a value is not the spec it was said to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The value nests too deep or holds a number that JSON cannot hold.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field is missing, unknown or of another type.
    #[error("not a valid `{spec}`: {message}")]
    Shape {
        /// The spec that was expected.
        spec: &'static str,
        /// What the decoder objected to.
        message: String,
    },
}

/// A spec that can be read from JSON.
pub trait Decode: DeserializeOwned {
    /// The name that messages use.
    const NAME: &'static str;

    /// Reads the spec, refusing what is unknown, missing or too deep.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] with the first objection.
    ///
    /// # Examples
    ///
    /// ```
    /// use flowai_core::specs::{Decode, ReferenceSpec};
    /// use serde_json::json;
    ///
    /// let spec = ReferenceSpec::decode(json!({"name": "ProductSet", "schema": {}, "ttl_ms": 60000}))?;
    /// assert_eq!(spec.ttl_ms, 60_000);
    /// # Ok::<(), flowai_core::specs::DecodeError>(())
    /// ```
    fn decode(value: Value) -> Result<Self, DecodeError> {
        check_depth(&value)?;
        decode(value).map_err(|fault| DecodeError::Shape { spec: Self::NAME, message: fault.to_string() })
    }
}
