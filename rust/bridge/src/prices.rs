//! Prices: a function of Python that knows what models cost.

use flowai_core::budget::{NoPrices, Prices, Purse};
use flowai_core::effects::Usage;
use flowai_core::machine::Settings;
use pyo3::prelude::*;

use crate::config::Config;

/// Asks the function `(model, input, output, cached, cache_write) -> millionths of a US dollar or None`.
struct Asked(Py<PyAny>);

impl Prices for Asked {
    fn cost(&mut self, model: &str, usage: &Usage) -> Option<u64> {
        let Usage { input_tokens, output_tokens, cached_tokens, cache_write_tokens, .. } = *usage;
        Python::attach(|py| {
            let asked = (model, input_tokens, output_tokens, cached_tokens, cache_write_tokens);
            match self.0.bind(py).call1(asked).and_then(|cost| cost.extract()) {
                Ok(cost) => cost,
                Err(error) => {
                    error.write_unraisable(py, Some(self.0.bind(py)));
                    None
                }
            }
        })
    }
}

/// What the machine of a run is told before it starts.
pub fn settings(config: &Config, prices: Option<Py<PyAny>>) -> Settings {
    let prices: Box<dyn Prices> = match prices {
        Some(function) => Box::new(Asked(function)),
        None => Box::new(NoPrices),
    };
    let purse = Purse::new(config.budget, config.thread_budget, prices);
    Settings { context: config.context(), grace_ms: config.grace_ms, purse, ..Settings::default() }
}
