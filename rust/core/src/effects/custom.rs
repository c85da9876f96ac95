//! An effect that the user defined: a name, arguments in JSON, a handler on the host's side.

use std::any::Any;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::fault::Fault;

/// The host's side of an effect of the user's own.
pub trait HostEffect: Send + Sync {
    /// Its arguments as JSON.
    ///
    /// # Errors
    /// [`crate::fault::FaultKind::ValueNotJson`] naming the path in the value.
    fn encode(&self) -> Result<Json, Fault>;
    /// The host's own object.
    fn as_any(&self) -> &dyn Any;
}

/// One question of the user's own.
pub struct CustomEffect {
    /// Its name.
    pub kind: Arc<str>,
    /// The host's object.
    pub host: Box<dyn HostEffect>,
}
