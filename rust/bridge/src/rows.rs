//! Rows: what a program and those around it declare to ask.

use std::sync::{Arc, PoisonError};

use flowai_core::fault::{Fault, FaultKind};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::ask::Catalogue;
use crate::class::Function;
use crate::fault::error_of;

/// What a program is opened with: the catalogue, and the rows around it.
#[derive(Clone)]
pub struct Frame {
    pub catalogue: Arc<Catalogue>,
    rows: Option<Arc<Rows>>,
}

/// Each row once, however deep programs call one another.
pub struct Rows(Vec<(Py<PyAny>, Arc<str>)>);

impl Frame {
    /// The frame of a whole run.
    pub fn outermost(catalogue: &Arc<Catalogue>) -> Self {
        Self { catalogue: Arc::clone(catalogue), rows: None }
    }

    /// The frame within one more program; a row that is none leaves it to the others.
    pub fn within(&self, py: Python<'_>, function: &Function) -> Self {
        let Some(row) = &function.row else { return self.clone() };
        let known = |rows: &Rows| rows.0.iter().any(|(known, _)| known.is(row));
        if self.rows.as_deref().is_some_and(known) {
            return self.clone();
        }
        if self.rows.is_none() {
            let alone =
                function.alone.get_or_init(|| Arc::new(Rows(vec![(row.clone_ref(py), Arc::clone(&function.name))])));
            return Self { catalogue: Arc::clone(&self.catalogue), rows: Some(Arc::clone(alone)) };
        }
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .flat_map(|rows| &rows.0)
            .map(|(row, name)| (row.clone_ref(py), Arc::clone(name)))
            .collect();
        rows.push((row.clone_ref(py), Arc::clone(&function.name)));
        Self { catalogue: Arc::clone(&self.catalogue), rows: Some(Arc::new(Rows(rows))) }
    }

    /// An effect outside one of the rows is an error that names its family.
    pub fn check(&self, effect: &Bound<'_, PyAny>) -> PyResult<()> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let class = effect.get_type();
        rows.0.iter().try_for_each(|(row, program)| {
            let key = (class.as_ptr().addr(), row.as_ptr().addr());
            if self.catalogue.rows.lock().unwrap_or_else(PoisonError::into_inner).get(&key).is_some() {
                return Ok(());
            }
            declared(effect, row.bind(effect.py()), program)?;
            let pinned = (class.clone().into_any().unbind(), row.clone_ref(effect.py()));
            let old = self.catalogue.rows.lock().unwrap_or_else(PoisonError::into_inner).insert(key, pinned);
            drop(old);
            Ok(())
        })
    }
}

impl Frame {
    /// A program that the core runs itself asks all that its own row names, in every row around it.
    pub fn check_row(&self, program: &Bound<'_, PyAny>) -> PyResult<()> {
        let Some(rows) = &self.rows else { return Ok(()) };
        let own = program.call_method0(intern!(program.py(), "own_row"))?;
        rows.0.iter().try_for_each(|(row, name)| {
            let missing = own.call_method1("difference", (row.bind(program.py()),))?;
            match missing.try_iter()?.next() {
                Some(family) => Err(undeclared(name, &program.get_type(), &family?)?),
                None => Ok(()),
            }
        })
    }
}

fn declared(effect: &Bound<'_, PyAny>, row: &Bound<'_, PyAny>, program: &str) -> PyResult<()> {
    let py = effect.py();
    let families = effect.getattr(intern!(py, "families"))?;
    if !row.call_method1("isdisjoint", (&families,))?.is_truthy()? {
        return Ok(());
    }
    Err(undeclared(program, &effect.get_type(), &families.get_item(0)?)?)
}

fn undeclared(program: &str, asked: &Bound<'_, PyType>, family: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let (family, kind) = (family.getattr("__name__")?, asked.name()?);
    let fault = Fault::new(
        FaultKind::UndeclaredEffect,
        format!("program `{program}` asks `{kind}`, and its row does not name `{family}`"),
    );
    Ok(error_of(asked.py(), &fault.hint(format!("add `{family}` to the row: `Do[... | {family}, ...]`"))))
}
