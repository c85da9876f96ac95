//! Schemas: whether a value has the shape that a spec declares.

mod validator;

pub use validator::{SchemaFault, SchemaInvalid, Validator};

#[cfg(test)]
mod tests;
