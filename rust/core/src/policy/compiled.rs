//! Rules made ready: parsed once, evaluated for every call.

use std::sync::Arc;

use cel::parser::PrattParser;
use cel::{ExecutionError, IdedExpr, ParseErrors};

use super::error::PolicyError;
use super::facts::Facts;
use super::names::Names;
use super::nodes::depth;
use crate::specs::Rule;

/// How long an approval stays open when its rule does not say: seven days.
pub const EXPIRES_IN_MS: i64 = 7 * 24 * 60 * 60 * 1000;

const EXPRESSION_BYTES_MAX: usize = 1024;

/// The parser and the evaluator recurse, so this bounds their stack: about 1 MiB unoptimised.
const DEPTH_MAX: u16 = 24;

/// What a rule says about one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A human has to approve it.
    Ask {
        /// The deciding rule as the approver reads it, with the reason where it could not be evaluated.
        rule: String,
        /// How long the approval stays open.
        expires_in_ms: i64,
    },
    /// Nobody has to approve it.
    Allow,
}

/// One rule, parsed. Cloning it copies a pointer.
///
/// # Laws
///
/// - deciding never fails: what cannot be evaluated asks a human.
/// - equal rules and equal facts give equal verdicts, in every process.
///
/// # Examples
///
/// ```
/// use flowai_core::policy::{Compiled, Facts, Verdict};
/// use flowai_core::specs::Rule;
/// use serde_json::json;
///
/// let rule = Compiled::new(&Rule::When { when: "args.units > 10".to_owned(), expires_in_ms: None })?;
/// let few = Facts { args: &json!({"units": 3}), tool: "order", agent: "ops", tenant: "acme", principal: None };
/// assert_eq!(rule.decide(&few), Verdict::Allow);
/// assert!(matches!(rule.decide(&Facts { args: &json!({}), ..few }), Verdict::Ask { .. }));
/// # Ok::<(), flowai_core::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Compiled(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    rule: Rule,
    expression: Option<IdedExpr>,
}

impl Compiled {
    /// Parses a rule.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when its expression is no CEL, too long or too nested.
    pub fn new(rule: &Rule) -> Result<Self, PolicyError> {
        let expression = match rule {
            Rule::When { when, .. } => Some(parse(when)?),
            Rule::Always { .. } | Rule::Never => None,
        };
        Ok(Self(Arc::new(Parts { rule: rule.clone(), expression })))
    }

    /// The rule as written.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.0.rule
    }

    /// The names that the rule's expression uses.
    #[must_use]
    pub fn names(&self) -> Names {
        self.0.expression.as_ref().map(Names::of).unwrap_or_default()
    }

    /// Decides one call.
    #[must_use]
    pub fn decide(&self, facts: &Facts<'_>) -> Verdict {
        match &self.0.expression {
            None if self.0.rule.is_always() => self.ask(None),
            None => Verdict::Allow,
            Some(expression) => match evaluate(expression, facts) {
                Ok(false) => Verdict::Allow,
                Ok(true) => self.ask(None),
                Err(reason) => self.ask(Some(&reason)),
            },
        }
    }

    fn ask(&self, reason: Option<&str>) -> Verdict {
        let rule = match reason {
            None => self.0.rule.to_string(),
            Some(reason) => format!("{}; it could not be evaluated: {reason}", self.0.rule),
        };
        Verdict::Ask { rule, expires_in_ms: self.0.rule.expires_in_ms().unwrap_or(EXPIRES_IN_MS) }
    }
}

impl PartialEq for Compiled {
    fn eq(&self, other: &Self) -> bool {
        self.0.rule == other.0.rule
    }
}

impl Eq for Compiled {}

fn parse(expression: &str) -> Result<IdedExpr, PolicyError> {
    if expression.len() > EXPRESSION_BYTES_MAX {
        return Err(PolicyError::TooLong { bytes: expression.len(), limit: EXPRESSION_BYTES_MAX });
    }
    let parser = PrattParser::new().max_recursion_depth(DEPTH_MAX);
    let parsed = parser.parse(expression).map_err(|fault| syntax(expression, &fault))?;
    if depth(&parsed) > usize::from(DEPTH_MAX) {
        return Err(PolicyError::TooNested { limit: usize::from(DEPTH_MAX) });
    }
    Ok(parsed)
}

fn syntax(expression: &str, fault: &ParseErrors) -> PolicyError {
    PolicyError::Syntax { expression: expression.to_owned(), message: first_line(&fault.to_string()) }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

fn evaluate(expression: &IdedExpr, facts: &Facts<'_>) -> Result<bool, String> {
    match cel::Value::resolve(expression, &facts.context()?) {
        Ok(cel::Value::Bool(answer)) => Ok(answer),
        Ok(other) => Err(format!("it gives {:?}, not a boolean", other.type_of())),
        Err(fault) => Err(reason(&fault)),
    }
}

/// Says why without printing values: their maps have no order, and the reason is hashed.
fn reason(fault: &ExecutionError) -> String {
    match fault {
        ExecutionError::NoSuchKey(name) => format!("there is no field `{name}`"),
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is not known"),
        ExecutionError::NoSuchOverload(overload) => {
            format!("`{}` does not take {}", overload.function(), overload.argument_types().join(" and "))
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number is out of range".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "an index is out of bounds".to_owned(),
        ExecutionError::ValuesNotComparable(..) => "it compares values of different types".to_owned(),
        _ => "its types do not fit".to_owned(),
    }
}
