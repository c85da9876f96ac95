//! An effect that the user defined: a name, arguments in JSON, a handler on the host's side.

use std::any::Any;

use serde_json::Value as Json;

use crate::fault::Fault;

/// One question of the user's own, on the host's side.
pub trait HostEffect: Send + Sync {
    /// Its name.
    fn kind(&self) -> &str;
    /// Its arguments as JSON.
    ///
    /// # Errors
    /// [`crate::fault::FaultKind::ValueNotJson`] naming the path in the value.
    fn encode(&self) -> Result<Json, Fault>;
    /// Was answered: from now on only its arguments are of interest, and the rest may be let go.
    fn settle(&self) {}
    /// The host's own object.
    fn as_any(&self) -> &dyn Any;
}
