//! What a rule may look at when it decides.

use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use serde_json::{Number, Value};

/// The functions of CEL, built once: building them costs more than most rules.
static ENVIRONMENT: LazyLock<Arc<cel::Env>> = LazyLock::new(|| Arc::new(cel::Env::stdlib()));

/// The five things that a rule may name.
///
/// For a plan, `args` is its body and `tool` is `store_plan`.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The arguments of the call.
    pub args: &'a Value,
    /// The tool's name.
    pub tool: &'a str,
    /// The calling agent's name; empty outside agents.
    pub agent: &'a str,
    /// The tenant's id.
    pub tenant: &'a str,
    /// On whose behalf the run runs; `None` when nobody said so.
    pub principal: Option<&'a str>,
}

impl Facts<'_> {
    /// Binds the facts for one evaluation, or names the number that CEL cannot hold.
    pub(super) fn context(&self) -> Result<cel::Context<'static, 'static>, String> {
        let mut context = cel::Context::with_env(Arc::clone(&ENVIRONMENT));
        context.add_variable_from_value("args", convert(self.args)?);
        context.add_variable_from_value("tool", text(self.tool));
        context.add_variable_from_value("agent", text(self.agent));
        context.add_variable_from_value("tenant", text(self.tenant));
        context.add_variable_from_value("principal", self.principal.map_or(cel::Value::Null, text));
        Ok(context)
    }
}

fn text(text: &str) -> cel::Value {
    cel::Value::String(Arc::new(text.to_owned()))
}

fn convert(value: &Value) -> Result<cel::Value, String> {
    Ok(match value {
        Value::Null => cel::Value::Null,
        Value::Bool(fact) => cel::Value::Bool(*fact),
        Value::Number(number) => convert_number(number)?,
        Value::String(words) => text(words),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(convert).collect::<Result<_, _>>()?)),
        Value::Object(fields) => cel::Value::Map(convert_fields(fields)?),
    })
}

/// A rule looks keys up; the order of CEL's own maps is never shown.
fn convert_fields(fields: &serde_json::Map<String, Value>) -> Result<Map, String> {
    let pairs = fields.iter().map(|(name, value)| Ok((Key::String(Arc::new(name.clone())), convert(value)?)));
    Ok(Map { map: Arc::new(pairs.collect::<Result<_, String>>()?) })
}

/// Integers stay integers; one beyond 64 bits is refused rather than rounded.
fn convert_number(number: &Number) -> Result<cel::Value, String> {
    if let Some(integer) = number.as_i64() {
        return Ok(cel::Value::Int(integer));
    }
    if let Some(integer) = number.as_u64() {
        return Ok(cel::Value::UInt(integer));
    }
    let text = number.as_str();
    let double = number.as_f64().filter(|double| double.is_finite() && text.contains(['.', 'e', 'E']));
    double.map(cel::Value::Float).ok_or_else(|| format!("the number {text} is out of range"))
}
