//! Prices: what an answer cost.

use crate::effects::Usage;

/// Knows what models cost.
///
/// # Laws
/// - More tokens never cost less.
/// - Whether a model has a price does not depend on the usage.
pub trait Prices: Send {
    /// The cost of a usage in millionths of a US dollar, rounded up; none where no price is known.
    fn cost(&mut self, model: &str, usage: &Usage) -> Option<u64>;
}

/// Knows no price.
pub struct NoPrices;

impl Prices for NoPrices {
    fn cost(&mut self, _: &str, _: &Usage) -> Option<u64> {
        None
    }
}
