//! A value: what answers an effect, kept in the form in which it came.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::effects::ModelAnswer;
use crate::fault::Fault;

/// A value of the host language that can be written as JSON when someone needs it.
pub trait HostValue: Send + Sync {
    /// Its JSON form.
    ///
    /// # Errors
    /// [`crate::fault::FaultKind::ValueNotJson`] naming the path in the value.
    fn encode(&self) -> Result<Json, Fault>;
    /// The host's own object.
    fn as_any(&self) -> &dyn Any;
}

/// What answers an effect; cheap to clone.
#[derive(Clone)]
pub enum Value {
    /// Plain JSON.
    Json(Arc<Json>),
    /// A whole number, the most common plain answer.
    Integer(i64),
    /// An answer of a model.
    Model(Arc<ModelAnswer>),
    /// An object of the host.
    Host(Arc<dyn HostValue>),
    /// Several values in order, of a `gather` or `for_each`.
    List(Arc<[Value]>),
}

/// An answer or the reason why there is none.
pub type Outcome = Result<Value, Fault>;

impl Value {
    /// JSON null, the answer of effects that only act.
    #[must_use]
    pub fn null() -> Self {
        Self::from(Json::Null)
    }

    /// The JSON form.
    ///
    /// # Errors
    /// [`crate::fault::FaultKind::ValueNotJson`] when a host value has none.
    pub fn to_json(&self) -> Result<Json, Fault> {
        match self {
            Self::Json(json) => Ok(Json::clone(json)),
            Self::Integer(number) => Ok(Json::from(*number)),
            Self::Model(answer) => Ok(answer.to_json()),
            Self::Host(host) => host.encode(),
            Self::List(items) => items.iter().map(Self::to_json).collect::<Result<Vec<_>, _>>().map(Json::Array),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        Self::Json(Arc::new(json))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_json() {
            Ok(json) => write!(f, "{json}"),
            Err(fault) => write!(f, "<{fault}>"),
        }
    }
}
