//! Pricing: what a call costs at the models that it may end at, of which the first is the one that it names.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::prices::Prices;
use crate::effects::{CallModel, Usage};
use crate::fault::{Fault, FaultKind};

/// What a million tokens cost, in millionths of a US dollar: those that are read at least, those that are written.
pub(super) type Rates = (u64, u64);

/// The prices, and the rates that were looked up.
///
/// # Laws
/// - A call that any of its models has no price for has no rates.
/// - What a call costs is what the model costs that answered it; where nobody says which, the dearest.
pub(super) struct Pricing {
    prices: Box<dyn Prices>,
    known: BTreeMap<String, Rates>,
}

impl Pricing {
    pub fn new(prices: Box<dyn Prices>) -> Self {
        Self { prices, known: BTreeMap::new() }
    }

    /// The rates of the dearest model that a call may end at.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] naming a model without a price.
    pub fn rates(&mut self, call: &CallModel) -> Result<Rates, Fault> {
        candidates(call).try_fold((0, 0), |(read, written): Rates, model| {
            let rates = self.rates_of(model).ok_or_else(|| unknown_price(model))?;
            Ok((read.max(rates.0), written.max(rates.1)))
        })
    }

    /// Looked up once for a model.
    fn rates_of(&mut self, model: &str) -> Option<Rates> {
        if let Some(rates) = self.known.get(model) {
            return Some(*rates);
        }
        // Prices rise with the length of a conversation: a tenth of a million is below every step.
        let reading = Usage { input_tokens: 100_000, cached_tokens: 100_000, ..Usage::default() };
        let writing = Usage { output_tokens: 100_000, ..Usage::default() };
        let (read, written) = (self.prices.cost(model, &reading)?, self.prices.cost(model, &writing)?);
        let rates = (read.saturating_mul(10), written.saturating_mul(10));
        self.known.insert(model.to_owned(), rates);
        Some(rates)
    }

    /// The usage with its cost, unless that is known, nothing was used or there is no price.
    pub fn priced(&mut self, call: &CallModel, answered: Option<&str>, usage: Usage) -> Option<Usage> {
        if usage.cost_microusd.is_some() || usage.input_tokens == 0 && usage.output_tokens == 0 {
            return None;
        }
        let cost_microusd = Some(self.cost(call, answered, &usage)?);
        Some(Usage { cost_microusd, ..usage })
    }

    fn cost(&mut self, call: &CallModel, answered: Option<&str>, usage: &Usage) -> Option<u64> {
        let named = answered.and_then(|answered| {
            let alike = candidates(call).filter(|model| answered.starts_with(bare(model)) || answered == *model);
            // The first of those that are alike most.
            alike.fold(None, |best: Option<&str>, model| {
                if best.is_some_and(|best| bare(best).len() >= bare(model).len()) { best } else { Some(model) }
            })
        });
        let cost = match named {
            Some(model) => self.prices.cost(model, usage),
            None => candidates(call).filter_map(|model| self.prices.cost(model, usage)).max(),
        };
        cost.or_else(|| self.prices.cost(answered?, usage))
    }
}

/// The models that a call may end at, in the order in which they are asked.
fn candidates(call: &CallModel) -> impl Iterator<Item = &str> {
    let fallback = call.settings.get("fallback").and_then(Json::as_array);
    std::iter::once(&*call.model).chain(fallback.into_iter().flatten().filter_map(Json::as_str))
}

/// A model's name without its provider's.
fn bare(model: &str) -> &str {
    model.split_once(':').map_or(model, |(_, name)| name)
}

fn unknown_price(model: &str) -> Fault {
    Fault::new(FaultKind::SpecError, format!("the budget limits the cost, and no price is known for model `{model}`"))
        .hint(format!("give it: `prices={{\"{model}\": Price(input_per_mtok=..., output_per_mtok=...)}}`"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::effects::MessageLog;

    /// Costs by the thousand tokens that are read: cheap 1, dear 1,000, and nothing else has a price.
    struct Two;

    impl Prices for Two {
        fn cost(&mut self, model: &str, usage: &Usage) -> Option<u64> {
            let price = [("maker:cheap", 1), ("dear", 1_000)].into_iter().find(|(name, _)| *name == model)?.1;
            Some(price * (usage.input_tokens + usage.output_tokens) / 1_000)
        }
    }

    fn call(model: &str, fallback: &[&str]) -> CallModel {
        CallModel {
            model: Arc::from(model),
            messages: MessageLog::default(),
            tools: Arc::default(),
            output: None,
            settings: Arc::new(json!({"fallback": fallback})),
            whole: false,
        }
    }

    fn cost(call: &CallModel, answered: Option<&str>) -> Option<u64> {
        let usage = Usage { input_tokens: 1_000, ..Usage::default() };
        Pricing::new(Box::new(Two)).priced(call, answered, usage)?.cost_microusd
    }

    #[test]
    fn an_answer_costs_what_the_model_costs_that_gave_it() {
        let call = call("maker:cheap", &["dear"]);
        let answered = [Some("cheap"), Some("cheap-20251001"), Some("dear-2"), Some("another"), None];
        assert_eq!(answered.map(|answered| cost(&call, answered)), [1, 1, 1_000, 1_000, 1_000].map(Some));
    }

    #[test]
    fn a_call_needs_what_its_dearest_model_needs() {
        let mut pricing = Pricing::new(Box::new(Two));
        assert_eq!(pricing.rates(&call("maker:cheap", &[])).unwrap(), (1_000, 1_000));
        assert_eq!(pricing.rates(&call("maker:cheap", &["dear"])).unwrap(), (1_000_000, 1_000_000));
        let fault = pricing.rates(&call("maker:cheap", &["dear", "free?"])).unwrap_err();
        assert!(fault.message().ends_with("no price is known for model `free?`"), "{fault}");
    }

    #[test]
    fn a_cost_that_is_told_stays_and_nothing_costs_nothing() {
        let mut pricing = Pricing::new(Box::new(Two));
        let told = Usage { input_tokens: 1, cost_microusd: Some(7), ..Usage::default() };
        assert_eq!(pricing.priced(&call("dear", &[]), None, told), None);
        assert_eq!(pricing.priced(&call("dear", &[]), None, Usage::default()), None);
    }
}
