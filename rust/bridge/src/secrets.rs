//! The secrets that this process knows, struck out of what enters the core from Python.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowai_interp_live::{Key, Secrets};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyList;

/// What is known; only locked with the interpreter lock in hand and never across Python, so that no fork finds it locked.
static KNOWN: Mutex<Known> = Mutex::new(Known { secrets: None, heard: 0 });

struct Known {
    secrets: Option<Arc<Secrets>>,
    /// How many of the secrets that Python gave out are among them.
    heard: usize,
}

/// What `Secret.reveal()` gave out, in its order.
static REVEALED: PyOnceLock<Py<PyList>> = PyOnceLock::new();

/// The secrets; none where there are none.
pub fn known(py: Python<'_>) -> Option<Arc<Secrets>> {
    let Ok(revealed) = revealed(py) else { return lock().secrets.clone() };
    let (count, heard) = (revealed.len(), lock().heard);
    if count > heard {
        let fresh = revealed.get_slice(heard, count);
        let fresh: Vec<_> = fresh.iter().filter_map(|text| text.extract::<String>().ok()).map(Key::new).collect();
        learn(py, &fresh);
        lock().heard = count;
    }
    lock().secrets.clone()
}

/// Strikes these out from now on.
pub fn learn(_: Python<'_>, secrets: &[Key]) {
    if !secrets.is_empty() {
        let mut known = lock();
        let all = Arc::make_mut(known.secrets.get_or_insert_default());
        for secret in secrets {
            all.add(secret);
        }
    }
}

/// The text without the secrets.
pub fn without(py: Python<'_>, text: String) -> String {
    known(py).and_then(|secrets| secrets.struck_from(&text)).unwrap_or(text)
}

fn lock() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn revealed(py: Python<'_>) -> PyResult<&Bound<'_, PyList>> {
    let list = REVEALED.get_or_try_init(py, || {
        let list = py.import("flowai.specs.secret")?.getattr("REVEALED")?;
        Ok::<_, PyErr>(list.cast_into::<PyList>()?.unbind())
    })?;
    Ok(list.bind(py))
}
