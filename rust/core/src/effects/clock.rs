//! Questions for the clock and for chance.

/// Draw a whole number from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawNumber {
    /// The least.
    pub low: i64,
    /// The greatest.
    pub high: i64,
}
