//! One JSON Schema, compiled.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::json::{Digest, digest, truncate};

const FAULTS_MAX: usize = 20;
const MESSAGE_CHARACTERS_MAX: usize = 300;

/// A schema that is no JSON Schema, or that points outside itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a usable JSON Schema: {message}")]
pub struct SchemaInvalid {
    /// What the compiler objected to.
    pub message: String,
}

/// One place where a value does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[error("{message} at `{path}`")]
pub struct SchemaFault {
    /// Where in the value, as a JSON pointer; empty for the whole value.
    pub path: String,
    /// What does not fit.
    pub message: String,
}

/// A compiled JSON Schema (draft 2020-12 unless it names another). Cloning it copies a pointer.
///
/// # Laws
///
/// - it never fetches anything: a reference outside the schema is refused when it is compiled.
/// - equal schemas and equal values give equal faults in equal order.
///
/// # Examples
///
/// ```
/// use flowai_core::schema::Validator;
/// use serde_json::json;
///
/// let validator = Validator::new(&json!({"type": "object", "required": ["units"]}))?;
/// let faults = validator.validate(&json!({})).unwrap_err();
/// assert_eq!(faults[0].message, "\"units\" is a required property");
/// # Ok::<(), flowai_core::schema::SchemaInvalid>(())
/// ```
#[derive(Debug, Clone)]
pub struct Validator {
    compiled: Arc<jsonschema::Validator>,
    digest: Digest,
}

impl Validator {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// [`SchemaInvalid`] when it is no JSON Schema, refers outside itself or has no canonical form.
    pub fn new(schema: &Value) -> Result<Self, SchemaInvalid> {
        let digest = digest(schema).map_err(|fault| SchemaInvalid { message: fault.to_string() })?;
        let compiled = jsonschema::options().offline().build(schema);
        let compiled = compiled.map_err(|fault| SchemaInvalid { message: shorten(&fault.to_string()) })?;
        Ok(Self { compiled: Arc::new(compiled), digest })
    }

    /// The digest of the schema, which serves as its version.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Checks a value and lists what does not fit, at most twenty faults.
    ///
    /// # Errors
    ///
    /// The faults, never an empty list.
    pub fn validate(&self, value: &Value) -> Result<(), Vec<SchemaFault>> {
        let faults: Vec<SchemaFault> =
            self.compiled.iter_errors(value).take(FAULTS_MAX).map(|fault| read(&fault)).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

fn read(fault: &jsonschema::ValidationError<'_>) -> SchemaFault {
    SchemaFault { path: fault.instance_path().to_string(), message: shorten(&fault.to_string()) }
}

fn shorten(message: &str) -> String {
    truncate(message, MESSAGE_CHARACTERS_MAX)
}
