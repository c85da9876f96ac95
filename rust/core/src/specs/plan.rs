//! Plan specs: the typed contract between planning and execution.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decode::Decode;
use super::shape;

/// One type of plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// The name of the type.
    pub name: String,
    /// JSON Schema of a plan's body.
    pub schema: Value,
    /// The field that lists the actions, when the plan has any.
    #[serde(default)]
    pub actions_field: Option<String>,
}

impl Decode for PlanSpec {
    const NAME: &'static str = "PlanSpec";
}

impl PlanSpec {
    /// The kinds of action that the schema admits, in its order; empty when it names none.
    ///
    /// # Examples
    ///
    /// ```
    /// use flowai_core::specs::{Decode, PlanSpec};
    /// use serde_json::json;
    ///
    /// let kind = |name: &str| json!({"type": "object", "properties": {"kind": {"const": name}}});
    /// let plan = PlanSpec::decode(json!({"name": "P", "actions_field": "actions", "schema": {"properties": {
    ///     "actions": {"type": "array", "items": {"oneOf": [kind("open"), kind("close")]}}}}}))?;
    /// assert_eq!(plan.action_kinds(), ["open", "close"]);
    /// # Ok::<(), flowai_core::specs::DecodeError>(())
    /// ```
    #[must_use]
    pub fn action_kinds(&self) -> Vec<String> {
        let field = self.actions_field.as_deref().and_then(|field| shape::field(&self.schema, &self.schema, field));
        let items = field.and_then(|list| shape::items(&self.schema, list));
        let variants = items.map(|items| shape::variants(&self.schema, items)).unwrap_or_default();
        variants.into_iter().filter_map(|variant| shape::tag(&self.schema, variant)).collect()
    }

    /// The actions of a body, in order; empty when the plan lists none.
    #[must_use]
    pub fn actions<'a>(&self, body: &'a Value) -> &'a [Value] {
        let list = self.actions_field.as_deref().and_then(|field| body.get(field));
        list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}
