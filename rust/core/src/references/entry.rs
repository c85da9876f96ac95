//! Entries: a stored value with its glimpse and its end.

use std::sync::Arc;

use serde_json::Value;

use super::error::ReferenceFault;
use super::handle::Handle;
use super::id::reference_id;
use crate::json::{Digest, digest, exact, size};
use crate::specs::ReferenceSpec;

/// How large a glimpse may be.
pub const GLIMPSE_BYTES_MAX: usize = 2048;

/// What the bodies are; part of their ids.
pub const MEDIA_TYPE: &str = "application/json";

/// One stored value. Cloning it shares the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose it is.
    pub tenant: String,
    /// Its name.
    pub handle: Handle,
    /// The value as exact JSON: keys in order, every number of its own type.
    pub body: Arc<[u8]>,
    /// What a model sees of it.
    pub glimpse: Value,
    /// The digest of the schema it was checked against.
    pub schema: Digest,
    /// When it stops being readable, in milliseconds since the epoch.
    pub expires_at: i64,
}

impl Entry {
    /// Makes the entry of a value that the caller has checked against the schema.
    ///
    /// # Errors
    ///
    /// [`ReferenceFault::GlimpseTooLarge`], [`ReferenceFault::Json`] for a value without canonical form.
    ///
    /// # Examples
    ///
    /// ```
    /// use flowai_core::references::Entry;
    /// use flowai_core::specs::{Decode, ReferenceSpec};
    /// use serde_json::json;
    ///
    /// let spec = ReferenceSpec::decode(json!({"name": "ProductSet", "schema": {}, "ttl_ms": 1000}))?;
    /// let entry = Entry::new("acme", &spec, &json!([1, 2]), json!({"count": 2}), 5)?;
    /// assert_eq!((entry.expires_at, entry.value()), (1005, json!([1, 2])));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        tenant: &str,
        spec: &ReferenceSpec,
        value: &Value,
        glimpse: Value,
        now: i64,
    ) -> Result<Self, ReferenceFault> {
        check_glimpse(&spec.name, &glimpse)?;
        let body = exact(value)?;
        let id = reference_id(tenant, &spec.name, MEDIA_TYPE, body.as_bytes());
        Ok(Self {
            tenant: tenant.to_owned(),
            handle: Handle { kind: spec.name.clone(), id },
            body: Arc::from(body.into_bytes()),
            glimpse,
            schema: digest(&spec.schema)?,
            expires_at: now.saturating_add(spec.ttl_ms),
        })
    }

    /// The value; null when the body was damaged, which [`is_intact`](Self::is_intact) tells.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether the body is still the one that the id names.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        reference_id(&self.tenant, &self.handle.kind, MEDIA_TYPE, &self.body) == self.handle.id
    }

    /// Whether it can be read at that time.
    #[must_use]
    pub fn is_live(&self, now: i64) -> bool {
        now < self.expires_at
    }

    /// The entry after equal content was stored again: the older body, the later end.
    #[must_use]
    pub fn renewed(mut self, newer: Self) -> Self {
        self.expires_at = self.expires_at.max(newer.expires_at);
        self.glimpse = newer.glimpse;
        self.schema = newer.schema;
        self
    }
}

/// Gives the entry if its tenant may read it now.
///
/// # Errors
///
/// [`ReferenceFault::NotFound`], the same for an unknown, an expired, a damaged and a foreign one.
pub fn find<'a>(
    entry: Option<&'a Entry>,
    tenant: &str,
    handle: &Handle,
    now: i64,
) -> Result<&'a Entry, ReferenceFault> {
    let readable =
        |entry: &&Entry| entry.tenant == tenant && entry.handle == *handle && entry.is_live(now) && entry.is_intact();
    entry.filter(readable).ok_or_else(|| ReferenceFault::NotFound { handle: handle.to_string() })
}

fn check_glimpse(kind: &str, glimpse: &Value) -> Result<(), ReferenceFault> {
    let bytes = size(glimpse);
    if bytes > GLIMPSE_BYTES_MAX {
        return Err(ReferenceFault::GlimpseTooLarge { kind: kind.to_owned(), bytes, limit: GLIMPSE_BYTES_MAX });
    }
    Ok(())
}
