//! The names a rule uses, found without evaluating it.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, LiteralValue};

/// The variables that a rule may use.
pub const ROOTS: [&str; 5] = ["args", "tool", "agent", "tenant", "principal"];

/// Type names and functions that CEL itself brings along here.
const BUILT_IN: [&str; 25] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "hasValue",
    "int",
    "list",
    "map",
    "max",
    "min",
    "null_type",
    "optional",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "or",
    "orValue",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
    "value",
];

/// What the expression of a rule refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Variables and functions that nothing declares.
    pub unknown: BTreeSet<String>,
    /// Fields of `args`, each as the path from it: `args.order.units` is `["order", "units"]`.
    pub arguments: BTreeSet<Vec<String>>,
}

impl Names {
    /// Collects the names of an expression.
    #[must_use]
    pub fn of(expression: &IdedExpr) -> Self {
        let mut names = Self::default();
        names.visit(expression, &mut Vec::new());
        names
    }

    fn visit(&mut self, node: &IdedExpr, bound: &mut Vec<String>) {
        if let Some((root, path)) = path(node) {
            self.note(root, path, bound);
            return;
        }
        match &node.expr {
            Expr::Call(call) => {
                self.note_function(&call.func_name);
                call.target.iter().for_each(|target| self.visit(target, bound));
                call.args.iter().for_each(|argument| self.visit(argument, bound));
            }
            Expr::Comprehension(comprehension) => self.visit_comprehension(comprehension, bound),
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element, bound)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.visit_entry(entry, bound)),
            Expr::Struct(object) => {
                object.entries.iter().for_each(|entry| self.visit_entry(entry, bound));
            }
            Expr::Select(select) => self.visit(&select.operand, bound),
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        }
    }

    fn visit_entry(&mut self, entry: &IdedEntryExpr, bound: &mut Vec<String>) {
        match &entry.expr {
            EntryExpr::StructField(field) => self.visit(&field.value, bound),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key, bound);
                self.visit(&entry.value, bound);
            }
        }
    }

    fn visit_comprehension(&mut self, comprehension: &ComprehensionExpr, bound: &mut Vec<String>) {
        self.visit(&comprehension.iter_range, bound);
        self.visit(&comprehension.accu_init, bound);
        let outer = bound.len();
        bound.extend([comprehension.iter_var.clone(), comprehension.accu_var.clone()]);
        bound.extend(comprehension.iter_var2.clone());
        self.visit(&comprehension.loop_cond, bound);
        self.visit(&comprehension.loop_step, bound);
        self.visit(&comprehension.result, bound);
        bound.truncate(outer);
    }

    fn note(&mut self, root: &str, path: Vec<String>, bound: &[String]) {
        if bound.iter().any(|name| name == root) || BUILT_IN.contains(&root) {
            return;
        }
        if !ROOTS.contains(&root) {
            self.unknown.insert(root.to_owned());
        } else if root == "args" && !path.is_empty() {
            self.arguments.insert(path);
        }
    }

    fn note_function(&mut self, name: &str) {
        let word = name.chars().all(|character| character.is_alphanumeric() || character == '_' || character == '.');
        let operator = name.starts_with('_') || name.ends_with('_') || !word;
        if !operator && !BUILT_IN.contains(&name) {
            self.unknown.insert(format!("{name}()"));
        }
    }
}

/// Reads `a.b["c"]` as the variable `a` and the path `b`, `c`; anything else is no path.
fn path(node: &IdedExpr) -> Option<(&str, Vec<String>)> {
    match &node.expr {
        Expr::Ident(name) => Some((name, Vec::new())),
        Expr::Select(select) => {
            let (root, mut steps) = path(&select.operand)?;
            steps.push(select.field.clone());
            Some((root, steps))
        }
        Expr::Call(call) if call.func_name == "_[_]" => indexed(&call.args),
        _ => None,
    }
}

fn indexed(arguments: &[IdedExpr]) -> Option<(&str, Vec<String>)> {
    let [operand, index] = arguments else { return None };
    let Expr::Literal(LiteralValue::String(key)) = &index.expr else { return None };
    let (root, mut steps) = path(operand)?;
    steps.push(key.inner().to_owned());
    Some((root, steps))
}
