//! Scores: the matcher of `interp-eval` and its likenesses.

use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_eval::score;
use flowai_interp_eval::score::{Allowed, Call, Given, Settings, TableSettings, Tolerance};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::fault::error_of;
use crate::json::from_python;

/// A row of an alignment: the place on each side, where it has one, and what the match is worth.
type Row = (Option<usize>, Option<usize>, f64);

/// Settings of the matcher, read once.
#[pyclass(module = "flowai._bridge", frozen)]
pub struct Matcher(Settings);

#[pymethods]
impl Matcher {
    #[new]
    fn new(py: Python<'_>, settings: &Bound<'_, PyAny>) -> PyResult<Self> {
        read(py, settings).map(Self)
    }

    /// Lines two trajectories up; gives the value and the rows.
    #[pyo3(signature = (expected, actual, before = Vec::new(), judged = Vec::new(), holds = Vec::new()))]
    fn align(
        &self,
        py: Python<'_>,
        expected: &Bound<'_, PyAny>,
        actual: &Bound<'_, PyAny>,
        before: Vec<(usize, usize)>,
        judged: Vec<(usize, usize, f64)>,
        holds: Vec<Vec<bool>>,
    ) -> PyResult<(f64, Vec<Row>)> {
        let (expected, actual) = (calls(py, expected)?, calls(py, actual)?);
        let matched = score::align(&expected, &actual, &self.0, &Given { before, judged, holds });
        Ok((matched.value, matched.pairs.iter().map(|pair| (pair.expected, pair.actual, pair.weight)).collect()))
    }
}

/// How alike two values are: as `text`, `number`, `json` or `list`.
#[pyfunction]
pub fn likeness(
    py: Python<'_>,
    kind: &str,
    expected: &Bound<'_, PyAny>,
    actual: &Bound<'_, PyAny>,
    tolerance: &Bound<'_, PyAny>,
) -> PyResult<f64> {
    let tolerance: Tolerance = read(py, tolerance)?;
    let (expected, actual) = (json(py, expected)?, json(py, actual)?);
    Ok(match (kind, &expected, &actual) {
        ("text", Json::String(expected), Json::String(actual)) => score::text_likeness(expected, actual),
        ("number", Json::Number(wanted), Json::Number(found)) => wanted
            .as_f64()
            .zip(found.as_f64())
            .map_or(0.0, |(one, other)| score::number_likeness(one, other, tolerance)),
        ("list", Json::Array(expected), Json::Array(actual)) => score::list_likeness(expected, actual, tolerance),
        ("json", expected, actual) => score::json_likeness(expected, actual, tolerance),
        _ => 0.0,
    })
}

/// Why two tables differ, or nothing.
#[pyfunction]
pub fn compare_tables(
    py: Python<'_>,
    expected: &Bound<'_, PyList>,
    actual: &Bound<'_, PyList>,
    settings: &Bound<'_, PyAny>,
) -> PyResult<Option<String>> {
    let settings: TableSettings = read(py, settings)?;
    let (expected, actual): (Vec<Json>, Vec<Json>) = (read(py, expected)?, read(py, actual)?);
    Ok(score::table_equal(&expected, &actual, &settings))
}

/// Why calls are not as functions and answers allow, or nothing.
#[pyfunction]
pub fn check_calls(
    py: Python<'_>,
    functions: &Bound<'_, PyAny>,
    allowed: &Bound<'_, PyAny>,
    actual: &Bound<'_, PyAny>,
) -> PyResult<Option<String>> {
    let allowed = Allowed { functions: read(py, functions)?, calls: read(py, allowed)? };
    let actual: Vec<Map<String, Json>> = read(py, actual)?;
    Ok(score::check_calls(&allowed, &actual).fault)
}

fn calls(py: Python<'_>, written: &Bound<'_, PyAny>) -> PyResult<Vec<Call>> {
    written
        .try_iter()?
        .map(|item| {
            let item = item?;
            let name = item.getattr(intern!(py, "name"))?.extract()?;
            let arguments = item.getattr(intern!(py, "arguments"))?;
            let arguments = if arguments.is_none() { None } else { Some(read(py, &arguments)?) };
            Ok(Call { name, arguments })
        })
        .collect()
}

fn json(py: Python<'_>, written: &Bound<'_, PyAny>) -> PyResult<Json> {
    from_python(written).map_err(|fault| error_of(py, &fault))
}

fn read<T: DeserializeOwned>(py: Python<'_>, written: &Bound<'_, PyAny>) -> PyResult<T> {
    serde_json::from_value(json(py, written)?)
        .map_err(|error| error_of(py, &Fault::new(FaultKind::SpecError, format!("this cannot be scored: {error}"))))
}
