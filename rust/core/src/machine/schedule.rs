//! A schedule: which ready branch goes next, first come first served or drawn from a seed.

use std::collections::VecDeque;

/// Ready branches.
#[derive(Default)]
pub(super) struct Schedule {
    ready: VecDeque<u32>,
    dice: Option<Dice>,
}

impl Schedule {
    pub fn seeded(seed: Option<u64>) -> Self {
        Self { ready: VecDeque::new(), dice: seed.map(Dice::new) }
    }

    pub fn add(&mut self, branch: u32) {
        self.ready.push_back(branch);
    }

    pub fn take(&mut self) -> Option<u32> {
        let count = self.ready.len();
        match &mut self.dice {
            Some(dice) if count > 1 => self.ready.swap_remove_back(dice.below(count)),
            _ => self.ready.pop_front(),
        }
    }
}

/// A small generator of numbers (`SplitMix64`), the same on every machine for one seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall alike for one seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 fresh bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `count`, which is at least 1.
    pub fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.bits() % count).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included, each as likely as any other.
    ///
    /// # Examples
    ///
    /// ```
    /// use flowai_core::machine::Dice;
    ///
    /// let mut dice = Dice::new(7);
    /// assert!((1..=6).contains(&dice.between(1, 6)));
    /// assert_eq!(dice.between(i64::MAX, i64::MAX), i64::MAX);
    /// ```
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let Some(count) = high.abs_diff(low).checked_add(1) else { return low.wrapping_add_unsigned(self.bits()) };
        // What is left above the last whole round would make its first numbers likelier.
        let rest = (u64::MAX % count).saturating_add(1) % count;
        loop {
            let bits = self.bits();
            if bits <= u64::MAX.saturating_sub(rest) {
                return low.wrapping_add_unsigned(bits % count);
            }
        }
    }
}
