//! The exchange: the providers of a runtime as Python gives them, and the connections of this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowai_core::fault::{Fault, FaultKind};
use flowai_interp_live::configured::{Configured, endpoints, secrets};
use flowai_interp_live::endpoint::Limits;
use flowai_interp_live::settings::Settings;
use flowai_interp_live::{Key, Models};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value as Json;

use crate::secrets::learn;

/// Longer than anybody waits, and short enough to be added to any moment.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// The providers of a runtime; connected when a model is first asked, and anew in a forked child.
#[derive(Default)]
pub struct Exchange {
    configured: Vec<Configured>,
    allowed_in_tests: Vec<String>,
    made: Mutex<Option<(u32, Arc<Models>)>>,
}

impl Exchange {
    /// Reads `{"providers": {name: {...}}, "allow_in_tests": [...]}`; no message shows a value of it.
    pub fn read(written: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut configured = Vec::new();
        if let Some(providers) = written.get_item("providers")? {
            for (name, options) in &providers.cast_into::<PyDict>()? {
                configured.push(provider(name.extract()?, options.cast::<PyDict>()?)?);
            }
        }
        learn(written.py(), &secrets(&configured, &variable));
        Ok(Self {
            configured,
            allowed_in_tests: optional(written, "allow_in_tests")?.unwrap_or_default(),
            ..Self::default()
        })
    }

    /// What is wrong with each provider, without asking the environment or anybody.
    pub fn faults(&self) -> Vec<(String, Fault)> {
        let wrong = |each: &Configured| each.check().err().map(|fault| (each.name.clone(), fault));
        self.configured.iter().filter_map(wrong).collect()
    }

    /// The models, with addresses and keys of the environment as it is at the first call.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] for a provider that cannot be one.
    pub fn models(&self) -> Result<Arc<Models>, Fault> {
        let (models, is_new) = self.connected()?;
        if is_new {
            // Not under the lock: others wait for it with the interpreter lock in hand.
            Python::attach(|py| learn(py, &secrets(&self.configured, &variable)));
        }
        Ok(models)
    }

    /// The models of this process, and whether they are new.
    fn connected(&self) -> Result<(Arc<Models>, bool), Fault> {
        let process = std::process::id();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((owner, models)) = made.as_ref()
            && *owner == process
        {
            return Ok((Arc::clone(models), false));
        }
        let models = Arc::new(Models::new(endpoints(&self.configured, &self.allowed_in_tests, &variable)?)?);
        // The connections of the parent are not ours to close.
        std::mem::forget(made.replace((process, Arc::clone(&models))));
        Ok((models, true))
    }

    /// Why a model, or one of its fallbacks, cannot be asked; a test that may not ask it is told when it does.
    pub fn fault_of(&self, model: &str, settings: &Json) -> Option<Fault> {
        let check = || {
            let (models, settings) = (self.models()?, Settings::read(settings)?);
            std::iter::once(model)
                .chain(settings.fallback.iter().map(String::as_str))
                .try_for_each(|name| models.check(name))
        };
        check().err()
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn provider(name: String, written: &Bound<'_, PyDict>) -> PyResult<Configured> {
    let headers: Option<Vec<(String, String)>> = optional(written, "headers")?;
    Ok(Configured {
        name,
        api: optional(written, "api")?,
        base_url: optional(written, "base_url")?,
        key: optional::<String>(written, "api_key")?.map(Key::new),
        headers: headers.unwrap_or_default().into_iter().map(|(name, value)| (name, Key::new(value))).collect(),
        connect: wait(written, "connect_timeout_s")?,
        first_byte: wait(written, "first_byte_timeout_s")?,
        between_bytes: wait(written, "between_bytes_timeout_s")?,
        total: wait(written, "timeout_s")?,
        retries_max: optional(written, "max_retries")?,
        limits: Limits {
            max_concurrency: optional(written, "max_concurrency")?,
            requests_per_minute: optional(written, "requests_per_minute")?,
            tokens_per_minute: optional(written, "tokens_per_minute")?,
        },
    })
}

fn wait(written: &Bound<'_, PyDict>, field: &str) -> PyResult<Option<Duration>> {
    let seconds: Option<f64> = optional(written, field)?;
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(WAIT_MAX).min(WAIT_MAX)))
}

/// A field, which may be absent or none.
fn optional<'py, T: FromPyObjectOwned<'py>>(written: &Bound<'py, PyDict>, field: &str) -> PyResult<Option<T>> {
    let found = written.get_item(field)?.filter(|value| !value.is_none());
    let wrong = || {
        let fault = Fault::new(FaultKind::SpecError, format!("`{field}` of a provider is of the wrong type"));
        crate::fault::error_of(written.py(), &fault)
    };
    found.map(|value| value.extract::<T>().map_err(|_| wrong())).transpose()
}
